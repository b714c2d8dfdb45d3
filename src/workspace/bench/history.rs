//! A bench and the steps that led to it: back and again.

use std::sync::Arc;

use super::{Bench, Edit};
use crate::data::Result;
use crate::workspace::table::{TableId, TableSetup};

/// A bench with the steps that led to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BenchHistory {
    now: Arc<Bench>,
    past: Vec<Arc<Bench>>,
    future: Vec<Arc<Bench>>,
}

/// How many steps can be undone.
const PAST: usize = 100;

impl BenchHistory {
    /// Without steps.
    pub fn new(now: Bench) -> Self {
        Self { now: Arc::new(now.mended()), ..Self::default() }
    }

    /// With the benches before it, oldest first, and those that were taken back, newest last.
    pub fn with_steps(now: Bench, past: Vec<Bench>, future: Vec<Bench>) -> Self {
        let all = |benches: Vec<Bench>| benches.into_iter().map(|bench| Arc::new(bench.mended())).collect();
        Self { now: Arc::new(now.mended()), past: all(past), future: all(future) }
    }

    pub fn steps(&self) -> (&[Arc<Bench>], &[Arc<Bench>]) {
        (&self.past, &self.future)
    }

    /// What is now, and was at any step that is remembered.
    pub fn all(&self) -> impl Iterator<Item = &Bench> {
        self.past.iter().chain(std::iter::once(&self.now)).chain(&self.future).map(|bench| &**bench)
    }

    pub fn now(&self) -> &Arc<Bench> {
        &self.now
    }

    /// Takes a step. With `goes_on` it is one with the step before, such as a text that is being typed.
    ///
    /// # Errors
    /// When what it names is not there.
    pub fn edit(&mut self, edit: &Edit, goes_on: bool) -> Result<()> {
        let next = self.now.after(edit)?;
        if next == *self.now {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.now, Arc::new(next));
        if !goes_on || self.past.is_empty() {
            self.past.push(before);
        }
        self.past.drain(..self.past.len().saturating_sub(PAST));
        self.future.clear();
        Ok(())
    }

    /// A step that nobody took, and that cannot be taken back: what there is from the start.
    pub fn begin_with(&mut self, edit: &Edit) {
        let ids = self.all().map(|bench| bench.ids).max().unwrap_or(0);
        // Also in what was before: taking a step back does not take this away.
        self.everywhere(|bench| Bench { ids, ..bench.clone() }.after(edit).ok());
    }

    /// The number for a table that is still being opened; nothing else gets it.
    pub fn reserve(&mut self) -> TableId {
        let id = self.all().map(|bench| bench.ids).max().unwrap_or(0) + 1;
        self.everywhere(|bench| Some(Bench { ids: id, ..bench.clone() }));
        TableId(id)
    }

    /// No table is open any more, and none was at any step that is remembered.
    pub fn begin_without_tables(&mut self) {
        self.everywhere(|bench| Some(Bench { tables: Vec::new(), ..bench.clone() }));
    }

    /// A table became another without anybody's step, such as one whose models were trained. What a step changed of it
    /// is as it was at that step.
    pub fn amend(&mut self, table: &TableSetup) {
        let Some(old) = self.now.table(table.id).cloned().filter(|old| old != table) else { return };
        self.everywhere(|bench| {
            let amended = bench.table(table.id)?.amended(&old, table);
            bench.after(&Edit::SetTable { table: amended }).ok()
        });
    }

    /// What came by itself on boards and nobody has touched asks this in place of that: pairs of questions of a table,
    /// the old one first.
    pub fn propose_anew(&mut self, table: &str, questions: &[(String, String)]) {
        self.everywhere(|bench| {
            let mut bench = bench.clone();
            for tile in bench.boards.iter_mut().flat_map(|board| &mut board.tiles) {
                let own = questions.iter().find(|(old, _)| tile.suggested && tile.table == table && tile.sql == *old);
                if let Some((_, new)) = own {
                    tile.sql.clone_from(new);
                }
            }
            Some(bench)
        });
    }

    /// A table has a board, which is no step of its own.
    pub fn note_board(&mut self, table: TableId) {
        self.everywhere(|bench| {
            let mut bench = bench.clone();
            bench.boarded.insert(table).then_some(bench)
        });
    }

    fn everywhere(&mut self, change: impl Fn(&Bench) -> Option<Bench>) {
        let with = |bench: &mut Arc<Bench>| {
            if let Some(next) = change(bench) {
                *bench = Arc::new(next);
            }
        };
        self.past.iter_mut().chain(std::iter::once(&mut self.now)).chain(&mut self.future).for_each(with);
    }

    /// Whether a board of this name is there, or was at any step that is remembered.
    pub fn knows_board(&self, name: &str) -> bool {
        self.all().flat_map(|bench| &bench.boards).any(|board| board.name == name)
    }

    /// Takes the last step back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.past.pop() else { return false };
        self.future.push(std::mem::replace(&mut self.now, before));
        true
    }

    /// Takes again what was taken back; false when nothing was.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.future.pop() else { return false };
        self.past.push(std::mem::replace(&mut self.now, after));
        true
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}
