//! How much room the parts of a board get: by their shares, and none less than can be read while there is enough.

use eframe::egui::{Rect, Vec2, vec2};

use crate::ui::look;
use crate::workspace::bench::{Board, Layout, Part, TileKind};

/// The room between tiles, by which they are resized.
pub const GUTTER: f32 = look::GAP;
/// So much more height than its parts need at least does a board take for the sake of their shares.
const MORE: f32 = 1.6;

/// The size below which what is there cannot be read.
pub fn least(board: &Board, layout: &Layout) -> Vec2 {
    let gutters = |parts: &[Part]| GUTTER * parts.len().saturating_sub(1) as f32;
    let all = |parts: &[Part]| {
        parts
            .iter()
            .map(|part| least(board, &part.layout))
            .fold((Vec2::ZERO, Vec2::ZERO), |(sum, most), own| (sum + own, most.max(own)))
    };
    match layout {
        Layout::Tile(id) => match board.tile(*id).map(|tile| &tile.show) {
            Some(TileKind::Number | TileKind::Text(_)) => vec2(120.0, 96.0),
            _ => vec2(180.0, 150.0),
        },
        Layout::Tabs { .. } => vec2(180.0, 150.0),
        Layout::Row(parts) => {
            let (sum, most) = all(parts);
            vec2(sum.x + gutters(parts), most.y)
        }
        Layout::Column(parts) => {
            let (sum, most) = all(parts);
            vec2(most.x, sum.y + gutters(parts))
        }
    }
}

/// The height at which it can be read as its shares say, about.
pub fn high(board: &Board, layout: &Layout) -> f32 {
    match layout {
        Layout::Tile(_) | Layout::Tabs { .. } => least(board, layout).y,
        Layout::Row(parts) => parts.iter().map(|part| high(board, &part.layout)).fold(0.0, f32::max),
        // Each has so much room that the one with the least share of it can be read.
        Layout::Column(parts) => {
            let gutters = GUTTER * parts.len().saturating_sub(1) as f32;
            let need = |part: &Part| high(board, &part.layout) / part.share.max(0.01);
            let all: f32 = parts.iter().map(|part| high(board, &part.layout)).sum();
            parts.iter().map(need).fold(0.0, f32::max).min(all * MORE) + gutters
        }
    }
}

/// The lengths of the parts of a row or a column.
#[derive(Debug)]
pub struct Sizes {
    pub is_row: bool,
    /// What each has, and what it has at least.
    parts: Vec<(f32, f32)>,
}

impl Sizes {
    pub fn of(board: &Board, parts: &[Part], room: Rect, is_row: bool) -> Self {
        let along = |size: Vec2| if is_row { size.x } else { size.y };
        let free = (along(room.size()) - GUTTER * parts.len().saturating_sub(1) as f32).max(0.0);
        let least: Vec<f32> = parts.iter().map(|part| along(least(board, &part.layout))).collect();
        let needed: f32 = least.iter().sum();
        // Where all need more than there is, each gets what it needs the most of.
        let scale = if needed > free { free / needed } else { 1.0 };
        let mut own: Vec<(f32, f32, bool)> =
            parts.iter().zip(&least).map(|(part, least)| (part.share, least * scale, false)).collect();
        loop {
            let held: f32 = own.iter().filter(|(.., held)| *held).map(|(_, least, _)| least).sum();
            let shares: f32 = own.iter().filter(|(.., held)| !held).map(|(share, ..)| share).sum();
            let size = |share: f32| (free - held).max(0.0) * share / shares.max(f32::EPSILON);
            let mut changed = false;
            for (share, least, held) in &mut own {
                if !*held && size(*share) < *least {
                    (*held, changed) = (true, true);
                }
            }
            if !changed {
                let parts = own.iter().map(|(share, least, held)| (if *held { *least } else { size(*share) }, *least));
                return Self { is_row, parts: parts.collect() };
            }
        }
    }

    /// Where the parts lie, with the gutters between them.
    pub fn rooms(&self, room: Rect) -> Vec<Rect> {
        let mut at = if self.is_row { room.left() } else { room.top() };
        let of = |(size, _): &(f32, f32)| {
            let (from, to) = (at, at + size);
            at = to + GUTTER;
            if self.is_row {
                Rect::from_x_y_ranges(from..=to, room.y_range())
            } else {
                Rect::from_x_y_ranges(room.x_range(), from..=to)
            }
        };
        self.parts.iter().map(of).collect()
    }

    /// The shares after the gutter before a part was moved.
    pub fn moved(&self, part: usize, by: f32) -> Vec<f32> {
        let all: f32 = self.parts.iter().map(|(size, _)| size).sum();
        let pair = part.checked_sub(1).and_then(|before| self.parts.get(before)).zip(self.parts.get(part));
        let Some(((first, first_least), (second, second_least))) = pair else { return Vec::new() };
        let both = first + second;
        let first = (first + by).clamp(first_least.min(both / 2.0), both - second_least.min(both / 2.0));
        let size = |(at, (size, _)): (usize, &(f32, f32))| match at {
            at if at + 1 == part => first,
            at if at == part => both - first,
            _ => *size,
        };
        self.parts.iter().enumerate().map(size).map(|size| size / all.max(1.0)).collect()
    }
}
