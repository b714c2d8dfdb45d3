//! Where the tiles of a board stand: a tree of rows and columns, as plain data. Painting it is left to the window.

use serde::{Deserialize, Serialize};

use super::TileId;

/// A tile, or a row or column of parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    Tile(TileId),
    /// Side by side.
    Row(Vec<Part>),
    /// One below the other.
    Column(Vec<Part>),
    /// In one place, one of them in front.
    Tabs {
        tiles: Vec<TileId>,
        shown: usize,
    },
}

/// One part of a row or a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its share of the length, above 0; all of one row add up to 1.
    pub share: f32,
    pub layout: Layout,
}

/// A side of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Left,
    Right,
    Above,
    Below,
    /// In the same place.
    Onto,
}

/// The least share of a part.
const LEAST: f32 = 0.05;

impl Side {
    fn is_row(self) -> bool {
        matches!(self, Self::Left | Self::Right)
    }

    fn is_first(self) -> bool {
        matches!(self, Self::Left | Self::Above)
    }
}

impl Layout {
    /// The tiles, from the left and from above.
    pub fn tiles(&self) -> Vec<TileId> {
        match self {
            Self::Tile(tile) => vec![*tile],
            Self::Tabs { tiles, .. } => tiles.clone(),
            Self::Row(parts) | Self::Column(parts) => parts.iter().flat_map(|part| part.layout.tiles()).collect(),
        }
    }

    /// Puts a tile beside another; false when that is not here.
    pub(super) fn insert(&mut self, beside: TileId, side: Side, tile: TileId) -> bool {
        match self {
            Self::Tabs { tiles, shown } if side == Side::Onto => {
                let Some(at) = tiles.iter().position(|own| *own == beside) else { return false };
                tiles.insert(at + 1, tile);
                *shown = at + 1;
                true
            }
            Self::Tile(own) if *own == beside && side == Side::Onto => {
                *self = Self::Tabs { tiles: vec![*own, tile], shown: 1 };
                true
            }
            Self::Tile(_) | Self::Tabs { .. } if self.tiles().contains(&beside) => {
                let own = Part { share: 0.5, layout: self.clone() };
                let new = Part { share: 0.5, layout: Self::Tile(tile) };
                let parts = if side.is_first() { vec![new, own] } else { vec![own, new] };
                *self = if side.is_row() { Self::Row(parts) } else { Self::Column(parts) };
                true
            }
            Self::Tile(_) | Self::Tabs { .. } => false,
            Self::Row(parts) | Self::Column(parts) => {
                parts.iter_mut().any(|part| part.layout.insert(beside, side, tile))
            }
        }
    }

    /// Puts a tile at an edge of all of it.
    pub(super) fn insert_at_edge(self, side: Side, tile: TileId) -> Self {
        let parts = match &self {
            Self::Row(parts) if side.is_row() => parts.len(),
            Self::Column(parts) if !side.is_row() => parts.len(),
            _ => 1,
        };
        let share = 1.0 / (parts + 1) as f32;
        let (new, own) = (Part { share, layout: Self::Tile(tile) }, Part { share: 1.0 - share, layout: self });
        let parts = if side.is_first() { vec![new, own] } else { vec![own, new] };
        if side.is_row() { Self::Row(parts) } else { Self::Column(parts) }
    }

    /// The same without a tile; `None` when nothing is left.
    pub(super) fn without(self, tile: TileId) -> Option<Self> {
        let keep = |parts: Vec<Part>| -> Vec<Part> {
            let part = |part: Part| Some(Part { share: part.share, layout: part.layout.without(tile)? });
            parts.into_iter().filter_map(part).collect()
        };
        match self {
            Self::Tile(own) => (own != tile).then_some(Self::Tile(own)),
            Self::Tabs { tiles, shown } => {
                let before = tiles.iter().take(shown).filter(|own| **own != tile).count();
                let tiles: Vec<TileId> = tiles.into_iter().filter(|own| *own != tile).collect();
                (!tiles.is_empty()).then_some(Self::Tabs { tiles, shown: before })
            }
            Self::Row(parts) => Some(Self::Row(keep(parts))).filter(|left| !left.tiles().is_empty()),
            Self::Column(parts) => Some(Self::Column(keep(parts))).filter(|left| !left.tiles().is_empty()),
        }
    }

    /// Puts a tile in front of those in its place.
    pub(super) fn show(&mut self, tile: TileId) {
        match self {
            Self::Tile(_) => {}
            Self::Tabs { tiles, shown } => {
                *shown = tiles.iter().position(|own| *own == tile).unwrap_or(*shown);
            }
            Self::Row(parts) | Self::Column(parts) => parts.iter_mut().for_each(|part| part.layout.show(tile)),
        }
    }

    /// The same for tiles of other numbers.
    pub(super) fn renumbered(&self, new: &impl Fn(TileId) -> TileId) -> Self {
        let all = |parts: &[Part]| {
            parts.iter().map(|part| Part { share: part.share, layout: part.layout.renumbered(new) }).collect()
        };
        match self {
            Self::Tile(tile) => Self::Tile(new(*tile)),
            Self::Tabs { tiles, shown } => {
                Self::Tabs { tiles: tiles.iter().map(|tile| new(*tile)).collect(), shown: *shown }
            }
            Self::Row(parts) => Self::Row(all(parts)),
            Self::Column(parts) => Self::Column(all(parts)),
        }
    }

    /// The same whatever tiles it has.
    pub fn shape(&self) -> Self {
        self.renumbered(&|_| TileId::default())
    }

    /// The tiles that are in front, from the left and from above.
    pub fn in_front(&self) -> Vec<TileId> {
        match self {
            Self::Tile(tile) => vec![*tile],
            Self::Tabs { tiles, shown } => tiles.get(*shown).copied().into_iter().collect(),
            Self::Row(parts) | Self::Column(parts) => parts.iter().flat_map(|part| part.layout.in_front()).collect(),
        }
    }

    /// Sets the shares of the row or column that `path` leads to, by the numbers of parts; false when it is none.
    pub(super) fn resize(&mut self, path: &[usize], shares: &[f32]) -> bool {
        let (Self::Row(parts) | Self::Column(parts)) = self else { return false };
        if let Some((first, rest)) = path.split_first() {
            return parts.get_mut(*first).is_some_and(|part| part.layout.resize(rest, shares));
        }
        if parts.len() != shares.len() || shares.iter().any(|share| !share.is_finite()) {
            return false;
        }
        for (part, share) in parts.iter_mut().zip(shares) {
            part.share = share.max(LEAST);
        }
        true
    }

    /// One shape for all that look alike: no row in a row, nothing with a single part, shares that add up to 1.
    pub(super) fn tidy(self) -> Self {
        let (is_row, parts) = match self {
            Self::Tile(tile) => return Self::Tile(tile),
            Self::Tabs { tiles, shown } => {
                return match tiles[..] {
                    [only] => Self::Tile(only),
                    _ => Self::Tabs { shown: shown.min(tiles.len().saturating_sub(1)), tiles },
                };
            }
            Self::Row(parts) => (true, parts),
            Self::Column(parts) => (false, parts),
        };
        let mut flat: Vec<Part> = Vec::new();
        for part in parts {
            let own = if part.share.is_finite() && part.share > 0.0 { part.share } else { LEAST };
            match (part.layout.tidy(), is_row) {
                (Self::Row(inner), true) | (Self::Column(inner), false) => {
                    flat.extend(inner.into_iter().map(|inner| Part { share: inner.share * own, ..inner }));
                }
                (layout, _) => flat.push(Part { share: own, layout }),
            }
        }
        if flat.len() == 1
            && let Some(only) = flat.pop()
        {
            return only.layout;
        }
        let all: f32 = flat.iter().map(|part| part.share).sum();
        // What is tidy already stays as it is, to the last bit.
        if (all - 1.0).abs() > 1e-4 {
            flat.iter_mut().for_each(|part| part.share /= all);
        }
        if is_row { Self::Row(flat) } else { Self::Column(flat) }
    }
}
