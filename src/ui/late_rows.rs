//! Late rows as whole rows of their table: they are read again while somebody looks at them, where not all of their
//! columns were read for any question.

use eframe::egui::Context;
use polars::prelude::DataFrame;

use super::look_up::LookUp;
use super::worksheet::Worksheet;
use crate::data::Result;
use crate::engine::Table;
use crate::engine::whole_rows::look;
use crate::query::window::in_times;
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
            self.late_look = None;
            return;
        };
        if let Some(own) = &mut self.late_look {
            own.take();
            let same = (own.of().run, own.of().readmitted) == (of.run, of.readmitted);
            if same && own.rests(of, newest.last, ctx) {
                return;
            }
        }
        let job = look(Table::clone(&self.table), newest.late.clone(), newest.reached.clone(), wake.clone());
        self.late_look = Some(LookUp::begin(of, job, self.late_look.take()));
    }

    /// Late rows as they are seen: read again, or as far as they are known; in the columns of their table.
    pub fn late_rows(&self, known: &DataFrame) -> DataFrame {
        let rows = self.whole_late_rows().and_then(|whole| whole.as_ref().ok()).unwrap_or(known);
        let columns = self.table.schema.iter_names().filter_map(|name| rows.column(name).ok().cloned()).collect();
        let time: Vec<String> = self.table.time.iter().map(|time| time.column.clone()).collect();
        DataFrame::new(rows.height(), columns).map_or_else(|_| rows.clone(), |rows| in_times(&rows, &time))
    }

    /// Late rows as they were read again; nothing while they are read.
    pub fn whole_late_rows(&self) -> Option<&Result<DataFrame>> {
        let now = self.late_now()?;
        let (of, found) = self.late_look.as_ref()?.found()?;
        ((of.run, of.readmitted) == (now.run, now.readmitted)).then_some(found)
    }
}
