//! Looks at some rows of a table, as a job, and proposes what to learn a target from. How features are judged is
//! `learn::propose`'s.

use std::sync::Arc;

use polars::prelude::PlSmallStr;

use super::target::Target;
use crate::engine::gather::{Gathered, Sampling, Selection, gather};
use crate::engine::{Job, Reached, Table};
use crate::learn::encode::kind_of;
use crate::learn::forest::FeatureKind;
use crate::learn::propose::{self, Gaps, LeftOut, Proposal, Reason};
use crate::sync::Wake;

/// What a look at some rows has found.
#[derive(Clone, Debug)]
pub struct Proposed {
    pub target: Target,
    pub proposal: Proposal,
    /// Every column that can be trained on, in the table's order, and how it is read.
    pub kinds: Vec<(String, FeatureKind)>,
    /// Missing values among the rows looked at.
    pub gaps: Gaps,
    /// Rows that there are.
    pub rows: u64,
}

/// Looks at some rows of a table, its feeds as far as `reached`, and proposes what to learn from.
pub fn propose(table: Arc<Table>, reached: Reached, target: Target, wake: Wake) -> Job<Proposed> {
    Job::start("propose", wake, move |report| {
        let derived = target.bind(&table)?;
        let used: Vec<PlSmallStr> = derived.iter().flat_map(|d| d.columns.iter().cloned()).collect();
        let kinds: Vec<(String, FeatureKind)> =
            table.schema.iter().filter_map(|(name, dtype)| Some((name.to_string(), kind_of(dtype)?))).collect();
        let wanted = Selection {
            columns: table.schema.iter_names().cloned().collect(),
            derived: derived.map(|d| (target.name.as_str().into(), d)),
        };
        let Gathered { frame, seen, .. } =
            gather(&table, &reached, &wanted, Sampling::Spread(propose::SAMPLE), report)?;
        report.progress(0, 0, "looking at each column");
        let mut proposal = propose::propose(&frame, &target.name)?;
        if let Some(sql) = &target.sql {
            leave_out(&mut proposal, &used, sql);
        }
        let kinds: Vec<(String, FeatureKind)> = kinds.into_iter().filter(|(name, _)| *name != target.name).collect();
        let gaps = Gaps::new(&frame, kinds.iter().map(|(name, _)| name.as_str()).chain([target.name.as_str()]))?;
        Ok(Proposed { target, proposal, kinds, gaps, rows: seen })
    })
}

/// What the target is computed from tells it, whatever the sample says.
fn leave_out(proposal: &mut Proposal, used: &[PlSmallStr], sql: &str) {
    for column in used.iter().map(|c| c.to_string()) {
        let leak = LeftOut {
            column: column.clone(),
            reason: Reason::Leak,
            evidence: format!("the target is computed from it: {sql}"),
        };
        proposal.features.retain(|f| *f != column);
        match proposal.left_out.iter_mut().find(|l| l.column == column) {
            Some(known) => *known = leak,
            None => proposal.left_out.push(leak),
        }
    }
}
