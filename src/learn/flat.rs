//! Walking rows down trees, several at once: a block of rows goes down one tree after another, so that a tree is read
//! from near memory, and the steps of different rows do not wait for each other. What the leaves add up to is
//! `forest`'s.

use super::tree::{BY_SET, LEAF, Tree, in_set};

/// Rows that walk down a tree before the next tree's turn: many, so that a large tree is fetched seldom.
pub const BLOCK: usize = 1 << 16;
/// Rows that walk side by side.
const LANES: usize = 12;

/// Walks `rows` down a tree. `code(row, feature)` is what a node asks; `reached` hears a row's place among `rows`, and
/// its leaf's payload, in no particular order.
#[inline(always)]
pub fn walk(
    tree: &Tree,
    rows: impl Iterator<Item = usize>,
    code: impl Fn(usize, usize) -> u16,
    reached: impl FnMut(usize, u32),
) {
    if tree.sets.is_empty() {
        step::<false>(tree, rows, code, reached)
    } else {
        step::<true>(tree, rows, code, reached)
    }
}

#[inline(always)]
fn step<const SETS: bool>(
    tree: &Tree,
    rows: impl Iterator<Item = usize>,
    code: impl Fn(usize, usize) -> u16,
    mut reached: impl FnMut(usize, u32),
) {
    let mut rows = rows.enumerate();
    // Place, row, node.
    let mut lanes = [(0_usize, 0_usize, 0_u32); LANES];
    let mut busy = 0;
    for (lane, (place, row)) in lanes.iter_mut().zip(&mut rows) {
        *lane = (place, row, 0);
        busy += 1;
    }
    while busy > 0 {
        let mut ended = 0;
        for lane in lanes.iter_mut().take(busy) {
            let Some(node) = tree.nodes.get(lane.2 as usize) else { return };
            if node.feature != LEAF {
                let code = code(lane.1, usize::from(node.feature));
                lane.2 = if SETS && node.cut == BY_SET {
                    let child = tree.sets.get(node.child as usize).copied().unwrap_or(0) as u32;
                    child + u32::from(!in_set(&tree.sets, node.child as usize, usize::from(code)))
                } else {
                    node.child + u32::from(code > node.cut)
                };
                continue;
            }
            if lane.0 < usize::MAX {
                reached(lane.0, node.child);
            }
            match rows.next() {
                Some((place, row)) => *lane = (place, row, 0),
                None => {
                    // It stays at its leaf, and has been heard.
                    lane.0 = usize::MAX;
                    ended += 1;
                }
            }
        }
        if ended == busy {
            busy = 0;
        }
    }
}
