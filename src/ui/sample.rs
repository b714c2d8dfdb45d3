//! Opening samples: their files are written in a job, then their table is opened and their board laid out.

use super::App;
use super::action::{BoardAction, OpenAction};
use super::jobs::JobKind;
use crate::engine::Job;
use crate::workspace::bench::Edit;
use crate::workspace::{Sample, TableSetup};

impl App {
    /// Begins with its files.
    pub(super) fn make_sample(&mut self, sample: &'static Sample) {
        let folder = self.folders.cache.clone();
        let job = Job::start("sample", self.wake.clone(), move |report| sample.prepare(&folder, report));
        self.jobs.add(JobKind::Sample { job, sample });
    }

    /// Its files are there: what of its table and its board is not there yet is made, and the board shown.
    pub(super) fn open_sample(&mut self, sample: &'static Sample) {
        let setup = (sample.table)(&self.folders.cache);
        let Some(rows) = sample.board else {
            // As a person would open it by hand.
            return if setup.live.is_empty() {
                self.apply_open(OpenAction::Paths(setup.paths));
            } else {
                self.open_setup(setup);
            };
        };
        let bench = self.bench().clone();
        let board = bench.boards.iter().find(|board| board.name == sample.title);
        // The table that its tiles name, where it has any.
        let own = board.and_then(|board| board.tiles.iter().map(|tile| &tile.table).find(|name| !name.is_empty()));
        let table = self.open_sample_table(setup, own);
        if board.is_none() {
            let edit = Edit::LayOutBoard { name: sample.title.to_owned(), rows: rows(&table) };
            if self.bench.knows_board(sample.title) {
                // A person has let it go: it comes back by a step, which is none with what was done since the click.
                self.session.begin_step();
                self.step(&edit);
            } else {
                self.bench.begin_with(&edit);
            }
        }
        let shown = self.bench().boards.iter().find(|board| board.name == sample.title).map(|board| board.id);
        self.apply_board(BoardAction::Show(shown));
    }

    /// Opens the table of a sample, unless it is open, and gives its name: `own`, if it had one before.
    fn open_sample_table(&mut self, mut setup: TableSetup, own: Option<&String>) -> String {
        let bench = self.bench().clone();
        let same = |table: &&TableSetup| table.paths == setup.paths && table.live == setup.live;
        if let Some(open) = bench.tables.iter().find(same) {
            return open.name.clone();
        }
        // Asked for once more while it is being opened.
        if let Some(own) = own.filter(|_| self.session.is_opening()) {
            return own.clone();
        }
        if let Some(own) = own {
            setup.name.clone_from(own);
        }
        self.reserve(&mut setup);
        let name = setup.name.clone();
        self.open_setup(setup);
        name
    }
}
