//! Late rows as whole rows of their table: they are read again while somebody looks at them, as a question keeps only
//! the columns that it reads.

use eframe::egui::Context;
use polars::prelude::DataFrame;

use super::look_up::LookUp;
use super::worksheet::Worksheet;
use crate::data::Result;
use crate::engine::Table;
use crate::engine::whole_rows::look;
use crate::sync::Wake;

/// Which late rows: of what run, after how many were re-admitted, and how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LateRowsOf {
    run: u64,
    readmitted: u64,
    late: u64,
}

/// Late rows that were read again.
pub type LateRowsLook = LookUp<LateRowsOf, DataFrame>;

impl Worksheet {
    fn late_now(&self) -> Option<LateRowsOf> {
        let newest = self.watch.newest.as_ref().filter(|newest| newest.late.height() > 0)?;
        let (late, readmitted) = (newest.rows.late, newest.rows.readmitted);
        Some(LateRowsOf { run: self.watch.run_number, readmitted, late })
    }

    /// Reads late rows again while they are looked at.
    pub(super) fn look_after_late_rows(&mut self, seen: bool, ctx: &Context, wake: &Wake) {
        let Some((of, newest)) = self.late_now().filter(|_| seen).zip(self.watch.newest.clone()) else {
            self.late_rows = None;
            return;
        };
        if let Some(own) = &mut self.late_rows {
            own.take();
            let same = (own.of().run, own.of().readmitted) == (of.run, of.readmitted);
            if same && own.rests(of, newest.last, ctx) {
                return;
            }
        }
        let job = look(Table::clone(&self.table), newest.late.clone(), newest.reached.clone(), wake.clone());
        self.late_rows = Some(LookUp::begin(of, job, self.late_rows.take()));
    }

    /// Late rows as they were read again; nothing while they are read.
    pub fn whole_late_rows(&self) -> Option<&Result<DataFrame>> {
        let now = self.late_now()?;
        let (of, found) = self.late_rows.as_ref()?.found()?;
        ((of.run, of.readmitted) == (now.run, now.readmitted)).then_some(found)
    }
}
