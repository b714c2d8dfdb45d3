//! The memory that a run may take for what it keeps. A question that needs more is not let run into the machine's limits:
//! it says what it would need, and which sketch would do with less.

use super::run::Shared;
use crate::data::Fault;
use crate::query::{Partial, Plan};

/// About what the state of a sketch takes, bytes a group.
const SKETCH: u64 = 8_192;

/// What a budget looks at.
pub struct Held<'a> {
    pub partial: &'a Partial,
    /// The part of the budget that this partial may take.
    pub share: u64,
    /// How much of the history is absorbed, 0 to 1.
    pub read: f64,
}

/// Memory for rows that are kept, where nobody says how much there is.
const ROWS_MEMORY: u64 = 2 << 30;

/// The most that may be kept, bytes.
pub fn allowed(shared: &Shared) -> u64 {
    let rows = shared.plan.rows.is_some();
    shared.options.memory.unwrap_or(if rows { ROWS_MEMORY } else { u64::MAX })
}

/// Lets the oldest rows go that do not fit, where rows are kept and may go.
pub fn let_go(partial: &mut Partial, share: u64) {
    if partial.plan().rows.is_some() && partial.size() as u64 > share {
        // Where none may go, `exceeded` says so.
        partial.keep_to(usize::try_from(share).unwrap_or(usize::MAX));
    }
}

/// The fault of a partial that is beyond its share of the budget; `None` while it is within.
pub fn exceeded(shared: &Shared, held: &Held<'_>) -> Option<Fault> {
    let limit = allowed(shared);
    let size = held.partial.size() as u64;
    (size > held.share).then(|| fault(&shared.plan, size, held.partial.groups(), limit, held.read))
}

fn fault(plan: &Plan, size: u64, groups: usize, limit: u64, read: f64) -> Fault {
    let mib = |b: f64| format!("{:.0} MiB", (b / (1024.0 * 1024.0)).max(1.0));
    let what = if plan.rows.is_some() { "rows" } else { "groups" };
    let mut what = format!("{groups} {what} take {}, more than their share of the {} allowed", mib(size as f64), mib(limit as f64));
    // With little read there is nothing to judge by.
    let partly = (0.01..0.99).contains(&read);
    if partly {
        what += &format!("; that is after {:.0} % of the history, so that all of it may need {}", read * 100.0, mib(size as f64 / read * 2.0));
    }
    // A sketch takes some kilobytes a group, so that it helps only where a group keeps more.
    let dear = size / (groups.max(1) as u64) > SKETCH;
    let sketches: Vec<String> =
        plan.calls.iter().filter_map(|call| crate::query::rewrite::cheaper(&call.sql)).map(|(sketch, _)| sketch).filter(|_| dear).collect();
    let hint = match sketches.first() {
        Some(sketch) => format!("keep a sketch instead, {sketch}, or allow more memory (--memory)"),
        None if plan.rows.is_some() => "allow more memory (--memory), or ask for fewer rows or columns".to_owned(),
        None => "allow more memory (--memory), group by fewer columns or a larger window, or filter".to_owned(),
    };
    Fault::new(what).hint(hint)
}
