//! The memory that a run may take for what it keeps. A question that needs more is not let run into the machine's limits:
//! it says what it would need, and which sketch would do with less.

use super::run::Shared;
use crate::data::Fault;
use crate::query::{Partial, Plan};

/// What a budget looks at.
pub struct Held<'a> {
    pub partial: &'a Partial,
    /// The part of the budget that this partial may take.
    pub share: u64,
    /// How much of the history is absorbed, 0 to 1.
    pub read: f64,
}

/// The fault of a partial that is beyond its share of the budget; `None` while it is within.
pub fn exceeded(shared: &Shared, held: &Held<'_>) -> Option<Fault> {
    let limit = shared.options.memory?;
    let size = held.partial.size() as u64;
    (size > held.share).then(|| fault(&shared.plan, size, held.partial.groups(), limit, held.read))
}

fn fault(plan: &Plan, size: u64, groups: usize, limit: u64, read: f64) -> Fault {
    let mib = |b: f64| format!("{:.0} MiB", (b / (1024.0 * 1024.0)).max(1.0));
    let mut what = format!("{groups} groups take {}, more than their share of the {} allowed", mib(size as f64), mib(limit as f64));
    // With little read there is nothing to judge by.
    let partly = (0.01..0.99).contains(&read);
    if partly {
        what += &format!("; that is after {:.0} % of the history, so that all of it may need {}", read * 100.0, mib(size as f64 / read * 2.0));
    }
    let sketches: Vec<String> = plan.calls.iter().filter_map(|call| crate::query::rewrite::cheaper(&call.sql)).map(|(sketch, _)| sketch).collect();
    let hint = match sketches.first() {
        Some(sketch) => format!("keep a sketch instead, {sketch}, or allow more with --memory"),
        None => "allow more with --memory, group by fewer columns or a larger window, or filter".to_owned(),
    };
    Fault::new(what).hint(hint)
}
