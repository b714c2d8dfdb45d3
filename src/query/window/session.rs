//! Sessions: for each key, intervals of time that grow, and that become one when a row bridges them.
//!
//! Two rows of a key are linked when they are at most a gap apart, and a session is what links hold together: a set
//! does not depend on the order in which its rows come, so neither do sessions. What is kept about a session besides
//! its times stands in the group whose number (`slot`) it has. When two sessions become one, both keep their slots
//! until `compact` numbers what is left: it is due rarely enough that each slot pays for it once.

use std::collections::BTreeMap;
use std::collections::HashMap;

use polars::prelude::*;

use super::Micros;

#[derive(Debug)]
pub struct Sessions {
    gap: Micros,
    slots: Vec<Slot>,
    lanes: Vec<KeySessions>,
    /// The slot of each key's rows without time.
    timeless: HashMap<u32, u32>,
    /// Slots that have become part of another.
    joined: usize,
    /// For each key the piece that its last row of this chunk went to; `NONE` between chunks.
    open: Vec<u32>,
    pieces: Vec<LinkedRows>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    base: u32,
    /// The slot that it has become part of, or itself.
    into: u32,
    /// First and last row; `None` for rows without time. Of a slot that was joined they are out of date.
    span: Option<(Micros, Micros)>,
}

/// The sessions of one key. Most have one at a time.
#[derive(Debug, Default)]
enum KeySessions {
    #[default]
    Empty,
    One(Micros, Micros, u32),
    /// By first row: last row and slot.
    Many(BTreeMap<Micros, (Micros, u32)>),
}

/// Rows of one key in one chunk that are linked, in the order in which they came.
#[derive(Clone, Copy, Debug)]
struct LinkedRows {
    base: u32,
    span: Option<(Micros, Micros)>,
    slot: u32,
}

const NONE: u32 = u32::MAX;
/// Fewer joined slots than this are not worth a compaction.
const FEW: usize = 256;

impl Sessions {
    pub fn new(gap: Micros) -> Self {
        Self {
            gap,
            slots: Vec::new(),
            lanes: Vec::new(),
            timeless: HashMap::new(),
            joined: 0,
            open: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.joined
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many groups their states need.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.lanes.capacity() * size_of::<KeySessions>()
            // What the lanes of more than one session hold: a node of a tree for each.
            + self.len().saturating_sub(self.lanes.len()) * 40
            + self.timeless.capacity() * 12
            + self.open.capacity() * 4
            + self.pieces.capacity() * size_of::<LinkedRows>()
    }

    /// The slot of each row. `groups` holds the number of each row's key, and gets the number of its slot.
    pub fn absorb(&mut self, groups: &mut [u32], times: &Int64Chunked) {
        self.pieces.clear();
        for (group, time) in groups.iter_mut().zip(times.iter()) {
            *group = self.piece(*group, time);
        }
        self.settle();
        for group in groups {
            *group = self.pieces.get(*group as usize).map_or(0, |p| p.slot);
        }
    }

    /// The slot of each session of another partial.
    pub fn merge(&mut self, groups: &mut [u32], first: &Int64Chunked, last: &Int64Chunked) {
        self.pieces.clear();
        for ((group, first), last) in groups.iter_mut().zip(first.iter()).zip(last.iter()) {
            self.pieces.push(LinkedRows { base: *group, span: first.zip(last), slot: NONE });
            *group = self.pieces.len() as u32 - 1;
        }
        self.settle();
        for group in groups {
            *group = self.pieces.get(*group as usize).map_or(0, |p| p.slot);
        }
    }

    /// The piece that a row goes to: its key's last one, where it is linked to that.
    fn piece(&mut self, base: u32, time: Option<Micros>) -> u32 {
        let key = base as usize;
        if self.open.len() <= key {
            self.open.resize(key + 1, NONE);
        }
        let open = &mut self.open[key];
        if let Some(t) = time
            && let Some(LinkedRows { span: Some((first, last)), .. }) = self.pieces.get_mut(*open as usize)
            && t >= first.saturating_sub(self.gap)
            && t <= last.saturating_add(self.gap)
        {
            *first = t.min(*first);
            *last = t.max(*last);
            return *open;
        }
        let number = self.pieces.len() as u32;
        self.pieces.push(LinkedRows { base, span: time.map(|t| (t, t)), slot: NONE });
        if time.is_some() {
            *open = number;
        }
        number
    }

    /// Gives each piece a slot.
    fn settle(&mut self) {
        let mut pieces = std::mem::take(&mut self.pieces);
        for piece in &mut pieces {
            piece.slot = self.insert(piece.base, piece.span);
            if let Some(open) = self.open.get_mut(piece.base as usize) {
                *open = NONE;
            }
        }
        for piece in &mut pieces {
            piece.slot = self.root(piece.slot);
        }
        self.pieces = pieces;
    }

    fn slot(&mut self, base: u32, span: Option<(Micros, Micros)>) -> u32 {
        let slot = self.slots.len() as u32;
        self.slots.push(Slot { base, into: slot, span });
        slot
    }

    /// The slot that takes what lies in `span`; sessions that it bridges become one.
    fn insert(&mut self, base: u32, span: Option<(Micros, Micros)>) -> u32 {
        let Some((mut first, mut last)) = span else {
            if let Some(slot) = self.timeless.get(&base) {
                return *slot;
            }
            let slot = self.slot(base, None);
            self.timeless.insert(base, slot);
            return slot;
        };
        let key = base as usize;
        if self.lanes.len() <= key {
            self.lanes.resize_with(key + 1, KeySessions::default);
        }
        let (from, until) = (first.saturating_sub(self.gap), last.saturating_add(self.gap));
        let fresh = self.slots.len() as u32;
        let slots = &mut self.slots;
        match &mut self.lanes[key] {
            lane @ KeySessions::Empty => *lane = KeySessions::One(first, last, fresh),
            KeySessions::One(begin, end, slot) if *begin <= until && *end >= from => {
                *begin = first.min(*begin);
                *end = last.max(*end);
                slots[*slot as usize].span = Some((*begin, *end));
                return *slot;
            }
            lane @ KeySessions::One(..) => {
                let mut many = BTreeMap::from([(first, (last, fresh))]);
                if let KeySessions::One(begin, end, slot) = *lane {
                    many.insert(begin, (end, slot));
                }
                *lane = KeySessions::Many(many);
            }
            KeySessions::Many(many) => {
                let mut linked = many.range_mut(..=until).rev().take_while(|(_, (end, _))| *end >= from);
                match (linked.next(), linked.next()) {
                    (None, _) => {}
                    (Some((begin, (end, slot))), None) if *begin <= first => {
                        // The common case: the session stays where it is and may grow.
                        *end = last.max(*end);
                        slots[*slot as usize].span = Some((*begin, *end));
                        return *slot;
                    }
                    _ => {
                        let linked: Vec<(Micros, u32)> = many
                            .range(..=until)
                            .rev()
                            .take_while(|(_, (end, _))| *end >= from)
                            .map(|(begin, (_, slot))| (*begin, *slot))
                            .collect();
                        let mut one = NONE;
                        for (begin, slot) in linked {
                            let (end, _) = many.remove(&begin).unwrap_or((begin, slot));
                            first = first.min(begin);
                            last = last.max(end);
                            if one == NONE {
                                one = slot;
                            } else {
                                slots[slot as usize].into = one;
                                self.joined += 1;
                            }
                        }
                        slots[one as usize].span = Some((first, last));
                        many.insert(first, (last, one));
                        return one;
                    }
                }
                many.insert(first, (last, fresh));
            }
        }
        self.slot(base, span)
    }

    /// The slot that a slot has become part of.
    fn root(&self, slot: u32) -> u32 {
        let mut root = slot;
        while let Some(next) = self.slots.get(root as usize).map(|s| s.into)
            && next != root
        {
            root = next;
        }
        root
    }

    /// The span of a slot, also of one that has become part of another; `None` for rows without time.
    pub fn span(&self, slot: u32) -> Option<(Micros, Micros)> {
        self.slots.get(self.root(slot) as usize).and_then(|s| s.span)
    }

    /// The key of each slot.
    pub fn bases(&self) -> Vec<IdxSize> {
        self.slots.iter().map(|s| s.base as IdxSize).collect()
    }

    /// First and last row of each slot.
    pub fn spans(&self) -> (Int64Chunked, Int64Chunked) {
        let spans: Vec<Option<(Micros, Micros)>> = (0..self.slots.len() as u32).map(|slot| self.span(slot)).collect();
        (spans.iter().map(|s| s.map(|s| s.0)).collect(), spans.iter().map(|s| s.map(|s| s.1)).collect())
    }

    pub fn any_joined(&self) -> bool {
        self.joined > 0
    }

    /// True when enough slots have become part of others that numbering the rest anew pays.
    pub fn must_compact(&self) -> bool {
        self.joined > FEW.max(self.slots.len() / 4)
    }

    /// The slots that have not become part of others.
    pub fn own_slots(&self) -> Vec<IdxSize> {
        (0..).zip(&self.slots).filter(|(slot, s)| s.into == *slot).map(|(slot, _)| slot as IdxSize).collect()
    }

    /// For each slot its number once those that have become part of others are gone.
    pub fn renumbered(&self) -> Vec<u32> {
        let mut next = 0;
        let own: Vec<u32> = (0..)
            .zip(&self.slots)
            .map(|(slot, s)| {
                if s.into == slot {
                    next += 1;
                    next - 1
                } else {
                    NONE
                }
            })
            .collect();
        (0..self.slots.len() as u32).map(|slot| own.get(self.root(slot) as usize).copied().unwrap_or(NONE)).collect()
    }

    /// Numbers the slots anew, as `renumbered` said.
    pub fn compact(&mut self, renumbered: &[u32]) {
        let number = |slot: u32| renumbered.get(slot as usize).copied().unwrap_or(slot);
        for lane in &mut self.lanes {
            match lane {
                KeySessions::Empty => {}
                KeySessions::One(_, _, slot) => *slot = number(*slot),
                KeySessions::Many(many) => many.values_mut().for_each(|(_, slot)| *slot = number(*slot)),
            }
        }
        self.timeless.values_mut().for_each(|slot| *slot = number(*slot));
        let mut slot = 0;
        self.slots.retain(|s| {
            slot += 1;
            s.into == slot - 1
        });
        for (number, slot) in (0..).zip(&mut self.slots) {
            slot.into = number;
        }
        self.joined = 0;
    }
}
