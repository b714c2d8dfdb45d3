//! What the feeds of this workspace have sent and the disk holds: measured in a job, limited, and let go.

use super::App;
use crate::data::Result;
use crate::engine::Job;
use crate::workspace::bench::{Edit, Retention};
use crate::workspace::{StoredTable, TableId};

/// What the disk holds, as it was measured last.
#[derive(Debug, Default)]
pub struct Storage {
    pub found: Option<Result<Vec<StoredTable>>>,
    job: Option<Job<Vec<StoredTable>>>,
    /// What recordings keep at present.
    kept: Retention,
}

impl Storage {
    pub(super) fn poll(&mut self) {
        if let Some(outcome) = self.job.as_mut().and_then(Job::take) {
            (self.job, self.found) = (None, Some(outcome));
        }
    }

    pub fn is_idle(&self) -> bool {
        self.job.is_none()
    }
}

impl App {
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    pub(super) fn measure_storage(&mut self) {
        let (folders, file) = (self.folders.clone(), self.session.file().to_owned());
        let job = Job::start("storage", self.wake.clone(), move |_| folders.stored_tables(&file));
        self.storage.job = Some(job);
    }

    /// How much recordings keep follows what is set.
    pub(super) fn follow_retention(&mut self) {
        let retention = self.bench.now().retention;
        if retention != self.storage.kept {
            self.storage.kept = retention;
            let feeds = self.sheets.iter().flat_map(|sheet| &sheet.table.live);
            feeds.for_each(|feed| feed.keep(retention.keep()));
        }
    }

    pub(super) fn set_retention(&mut self, retention: Retention) {
        self.step(&Edit::SetRetention { retention });
        self.follow_retention();
        self.save_workspace();
        self.measure_storage();
    }

    /// Lets go what is kept of a table. One that is open is connected anew, and begins with what comes from now on.
    pub(super) fn let_go(&mut self, id: TableId) {
        let Some(file) = self.session.writes().map(ToOwned::to_owned) else { return };
        self.close(id);
        if let Err(fault) = self.folders.let_go(&file, id) {
            self.tell(&fault);
        }
        self.reconcile();
        self.measure_storage();
    }
}
