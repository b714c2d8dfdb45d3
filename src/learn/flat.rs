//! Walking rows down trees, many at once: a block of rows goes down one tree after another, so that a tree is read from
//! near memory, and the steps of different rows do not wait for each other. What the leaves add up to is `forest`'s.

use super::tree::{BY_SET, LEAF, Tree, in_set};

/// Rows that walk together.
pub const BLOCK: usize = 2_048;

/// Walks the rows that `rows` names down a tree. `code(row, feature)` is what a node asks; `reached` hears a row's
/// place among `rows` and its leaf's payload. `active` is scratch.
#[inline(always)]
pub fn walk(
    tree: &Tree,
    rows: impl Iterator<Item = u32>,
    code: impl Fn(usize, usize) -> usize,
    active: &mut Vec<(u32, u32, u32)>,
    mut reached: impl FnMut(usize, u32),
) {
    active.clear();
    active.extend(rows.zip(0..).map(|(row, place)| (row, place, 0)));
    let mut left = active.len();
    while left > 0 {
        let mut kept = 0;
        for i in 0..left {
            let Some(&(row, place, at)) = active.get(i) else { break };
            let Some(node) = tree.nodes.get(at as usize) else { continue };
            if node.feature == LEAF {
                reached(place as usize, node.child);
                continue;
            }
            let code = code(row as usize, usize::from(node.feature));
            let next = if node.cut == BY_SET {
                let child = tree.sets.get(node.child as usize).copied().unwrap_or(0) as u32;
                child + u32::from(!in_set(&tree.sets, node.child as usize, code))
            } else {
                node.child + u32::from(code > usize::from(node.cut))
            };
            if let Some(to) = active.get_mut(kept) {
                *to = (row, place, next);
            }
            kept += 1;
        }
        left = kept;
    }
}
