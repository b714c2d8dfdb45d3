//! A forest that goes on learning: trees of history and trees of the stream in one committee. Labelled rows are tested
//! first and learnt from then; every so many of them new trees are fitted on the recent rows, and a challenger, in which
//! they stand for the weakest, is tried beside the champion on the same rows before it takes over.
//!
//! A pure state machine over chunks: the same chunks and the same seed give the same committee. How trees are fitted and
//! vote is the `Learner`'s.

mod trees;

use std::collections::VecDeque;
use std::sync::Arc;

use polars::prelude::*;

pub use trees::Trees;

use super::drift::{Adwin, Change};
use crate::data::{Fault, Result};

/// Who fits trees, and lets them vote.
pub trait Learner {
    /// Trees fitted together.
    type Batch;

    fn classes(&self) -> usize;

    /// The class of each row; `None` where its label is not known or is no class.
    ///
    /// # Errors
    /// When there is no label column.
    fn truth(&self, rows: &DataFrame) -> Result<Vec<Option<u32>>>;

    /// Fits `trees` trees on the labelled rows, and says how each did on the rows that it did not see.
    ///
    /// # Errors
    /// When there is nothing to learn from.
    fn fit(&self, rows: &DataFrame, trees: usize, seed: u64) -> Result<(Self::Batch, Vec<Strength>)>;

    /// Lets the `wanted` trees of a batch vote: `each` hears the place in `wanted`, the row, and the share that the tree
    /// gives each class.
    ///
    /// # Errors
    /// When the rows lack a feature.
    fn vote(&self, batch: &Self::Batch, wanted: &[usize], rows: &DataFrame, each: &mut dyn FnMut(usize, usize, &[u32])) -> Result<()>;
}

/// How often a tree was right of late; older rows count less and less.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strength {
    pub right: f64,
    pub seen: f64,
}

impl Strength {
    pub fn new(right: u64, seen: u64) -> Self {
        Self { right: right as f64, seen: seen as f64 }
    }

    /// The share that was right, with one row of each kind to begin with.
    fn rate(self) -> f64 {
        (self.right + 1.0) / (self.seen + 2.0)
    }

    fn deviation(self) -> f64 {
        let rate = self.rate();
        (rate * (1.0 - rate) / (self.seen + 2.0)).sqrt()
    }

    /// At most so many rows of memory.
    fn faded(self, rows: f64) -> Self {
        let factor = if self.seen > rows { rows / self.seen } else { 1.0 };
        Self { right: self.right * factor, seen: self.seen * factor }
    }
}

/// How a committee learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Trees of the committee.
    pub trees: usize,
    /// New trees each time.
    pub batch: usize,
    /// Labelled rows from one time to the next, once there are enough of them.
    pub every: usize,
    /// Recent labelled rows that are kept to learn from.
    pub recent: usize,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { trees: 100, batch: 10, every: 1_000, recent: 5_000, seed: 42 }
    }
}

/// Labelled rows before the first trees.
const FIRST: usize = 50;
/// Rows that are tested before they are learnt from.
const PIECE: usize = 256;
/// Rows of memory of a tree's strength.
const MEMORY: f64 = 1_000.0;
/// A challenger that is so much better takes over at once, and one that is so much better at the end of its trial, both
/// in deviations of chance.
const BETTER: (f64, f64) = (3.0, 1.0);
/// While nothing is to be gained, trees are fitted so many times more seldom.
const MOST_PATIENCE: usize = 4;
/// A tree is weak that is so many deviations below the new ones.
const WEAK: f64 = 2.0;

/// What happened while rows were learnt.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Trees were fitted on so many recent rows; the challenger does without so many of the champion's.
    Fitted { trees: usize, rows: usize, without: usize },
    /// The challenger took over: rows it alone had right, and rows the champion alone had.
    Swapped { won: u64, lost: u64 },
    /// The challenger was not better and is forgotten.
    Kept { won: u64, lost: u64 },
    /// The champion's error changed: rows from before are no longer learnt from.
    Drift(Change),
}

/// What became of some labelled rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// What the champion said of each row before it learnt from it; `None` before there were trees, and of rows without
    /// a label.
    pub said: Vec<Option<u32>>,
    /// Rows with a label, those of them tested, and those of these that were right.
    pub labelled: u64,
    pub tested: u64,
    pub right: u64,
    /// Rows without a label, which teach nothing.
    pub unlabelled: u64,
    pub events: Vec<Event>,
}

struct Member<B> {
    batch: Arc<B>,
    tree: usize,
    strength: Strength,
    champion: bool,
    challenger: bool,
}

/// Rows that only one of two had right.
#[derive(Clone, Copy, Default)]
struct Trial {
    won: u64,
    lost: u64,
}

impl Trial {
    fn better_by(self, deviations: f64) -> bool {
        self.won > self.lost && (self.won - self.lost) as f64 > deviations * ((self.won + self.lost) as f64).sqrt()
    }
}

/// The committee.
pub struct Fused<L: Learner> {
    learner: L,
    settings: Settings,
    members: Vec<Member<L::Batch>>,
    recent: VecDeque<DataFrame>,
    recent_rows: usize,
    /// Labelled rows since trees were fitted.
    since: usize,
    /// How many times longer than usual to wait: more after each challenger that was no better.
    patience: usize,
    fitted: u64,
    trial: Option<Trial>,
    adwin: Adwin,
}

impl<L: Learner> Fused<L> {
    /// Begins with batches of trees that were fitted on chunks of history, each with the strength of its trees, or with
    /// none. The order of batches does not matter to what is predicted.
    pub fn new(learner: L, settings: Settings, history: Vec<(L::Batch, Vec<Strength>)>) -> Self {
        let members = history.into_iter().flat_map(|(batch, strengths)| {
            let batch = Arc::new(batch);
            let member = move |(tree, strength): (usize, Strength)| {
                let strength = strength.faded(MEMORY);
                Member { batch: batch.clone(), tree, strength, champion: true, challenger: false }
            };
            strengths.into_iter().enumerate().map(member).collect::<Vec<_>>()
        });
        Self {
            members: members.collect(),
            learner,
            settings,
            recent: VecDeque::new(),
            recent_rows: 0,
            since: 0,
            patience: 1,
            fitted: 0,
            trial: None,
            adwin: Adwin::default(),
        }
    }

    /// Trees that decide.
    pub fn trees(&self) -> usize {
        self.members.iter().filter(|m| m.champion).count()
    }

    /// The trees that decide, for a model that is to be kept: the batch and the place of the tree in it.
    pub fn champion(&self) -> impl Iterator<Item = (&Arc<L::Batch>, usize)> {
        self.members.iter().filter(|m| m.champion).map(|m| (&m.batch, m.tree))
    }

    /// The newest labelled rows: those that the next trees would be fitted on.
    ///
    /// # Errors
    /// When their columns differ.
    pub fn recent(&self) -> Result<DataFrame> {
        let mut rows = DataFrame::default();
        for more in &self.recent {
            rows = if rows.width() == 0 { more.clone() } else { rows.vstack(more)? };
        }
        rows.rechunk_mut();
        Ok(rows)
    }

    /// The champion's error of late; `None` before it was tested.
    pub fn error(&self) -> Option<f64> {
        self.adwin.mean()
    }

    /// The class of each row; `None` before there are trees.
    ///
    /// # Errors
    /// When the rows lack a feature.
    pub fn predict(&self, rows: &DataFrame) -> Result<Vec<Option<u32>>> {
        Ok(self.votes(rows, None)?.champion)
    }

    /// Something else saw a change, as a guard over the features does: what came before the newest `kept` labelled rows is
    /// no longer learnt from, and new trees are fitted with the next rows.
    ///
    /// # Errors
    /// When recent rows lack a feature.
    pub fn changed(&mut self, kept: usize) -> Result<()> {
        self.forget(kept.max(FIRST));
        self.measure()?;
        self.since = self.settings.every.max(FIRST);
        self.patience = 1;
        Ok(())
    }

    /// Tests the champion on labelled rows, then learns from them. Many rows are taken in pieces, so that the last are
    /// tested with what the first taught.
    ///
    /// # Errors
    /// When the rows lack a feature or a label column; rows before the piece at fault have been learnt from.
    pub fn learn(&mut self, rows: &DataFrame) -> Result<Learned> {
        let mut learned = Learned::default();
        for start in (0..rows.height()).step_by(PIECE) {
            self.learn_piece(&rows.slice(start as i64, PIECE), &mut learned)?;
        }
        Ok(learned)
    }

    fn learn_piece(&mut self, rows: &DataFrame, learned: &mut Learned) -> Result<()> {
        let truth = self.learner.truth(rows)?;
        if truth.len() != rows.height() {
            return Err(Fault::new(format!("{} rows have {} labels", rows.height(), truth.len())));
        }
        let votes = self.votes(rows, Some(&truth))?;
        let known = truth.iter().flatten().count();
        learned.labelled += known as u64;
        learned.unlabelled += (truth.len() - known) as u64;
        let mut change = None;
        for ((truth, champion), challenger) in truth.iter().zip(&votes.champion).zip(&votes.challenger) {
            learned.said.push(champion.filter(|_| truth.is_some()));
            let (Some(truth), Some(said)) = (truth, champion) else { continue };
            let right = said == truth;
            learned.tested += 1;
            learned.right += u64::from(right);
            change = self.adwin.add(f64::from(u8::from(!right))).or(change);
            if let (Some(trial), Some(other)) = (&mut self.trial, challenger) {
                match (right, other == truth) {
                    (false, true) => trial.won += 1,
                    (true, false) => trial.lost += 1,
                    _ => {}
                }
            }
        }
        for (member, more) in self.members.iter_mut().zip(votes.right) {
            let strength = Strength { right: member.strength.right + more as f64, seen: member.strength.seen + known as f64 };
            member.strength = strength.faded(MEMORY);
        }
        self.keep(rows, &truth)?;
        if let Some(change) = change.filter(|c| c.after > c.before) {
            self.forget(change.kept as usize);
            self.measure()?;
            self.patience = 1;
            learned.events.push(Event::Drift(change));
        }
        if self.trial.is_some_and(|trial| trial.better_by(BETTER.0)) {
            self.judge(&mut learned.events);
        }
        let due = (self.recent_rows / 2).clamp(FIRST, self.settings.every.max(FIRST)) * self.patience;
        if self.since >= due && self.recent_rows >= FIRST {
            self.judge(&mut learned.events);
            self.challenge(&mut learned.events)?;
        }
        Ok(())
    }

    /// What champion and challenger say, and how many rows each tree has right by itself.
    fn votes(&self, rows: &DataFrame, truth: Option<&[Option<u32>]>) -> Result<Votes> {
        let (height, classes) = (rows.height(), self.learner.classes());
        let mut sums = [vec![0_u32; height * classes], vec![0_u32; height * classes]];
        let mut right = vec![0_u64; self.members.len()];
        let mut done = 0;
        while let Some(first) = self.members.get(done) {
            // Trees of one batch stand side by side, and their rows are made ready once.
            let together = self.members.iter().skip(done).take_while(|m| Arc::ptr_eq(&m.batch, &first.batch)).count();
            let members: Vec<&Member<L::Batch>> = self.members.iter().skip(done).take(together).collect();
            let wanted: Vec<usize> = members.iter().map(|m| m.tree).collect();
            self.learner.vote(&first.batch, &wanted, rows, &mut |tree, row, shares| {
                let Some(member) = members.get(tree) else { return };
                for (sums, takes_part) in sums.iter_mut().zip([member.champion, member.challenger]) {
                    if takes_part && let Some(of_row) = sums.get_mut(row * classes..(row + 1) * classes) {
                        of_row.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
                    }
                }
                if let (Some(Some(truth)), Some(right)) = (truth.and_then(|t| t.get(row)), right.get_mut(done + tree)) {
                    *right += u64::from(largest(shares) == Some(*truth));
                }
            })?;
            done += together;
        }
        let decide = |sums: &[u32]| sums.chunks(classes.max(1)).map(largest).collect();
        let [champion, challenger] = sums;
        Ok(Votes { champion: decide(&champion), challenger: decide(&challenger), right })
    }

    /// Adds rows with a label to those that are learnt from.
    fn keep(&mut self, rows: &DataFrame, truth: &[Option<u32>]) -> Result<()> {
        let labelled: BooleanChunked = truth.iter().map(|t| Some(t.is_some())).collect();
        let rows = if truth.iter().all(Option::is_some) { rows.clone() } else { rows.filter(&labelled)? };
        self.since += rows.height();
        self.recent_rows += rows.height();
        if rows.height() > 0 {
            self.recent.push_back(rows);
        }
        self.forget(self.settings.recent.max(FIRST));
        Ok(())
    }

    /// What trees did before a change says nothing of what they will do: their strength is that on the rows since.
    fn measure(&mut self) -> Result<()> {
        let rows = self.recent()?;
        if rows.height() == 0 {
            return Ok(());
        }
        let truth = self.learner.truth(&rows)?;
        let right = self.votes(&rows, Some(&truth))?.right;
        for (member, right) in self.members.iter_mut().zip(right) {
            member.strength = Strength::new(right, rows.height() as u64).faded(MEMORY);
        }
        Ok(())
    }

    /// Forgets all but the newest rows.
    fn forget(&mut self, most: usize) {
        while self.recent_rows > most {
            let Some(oldest) = self.recent.front_mut() else { return };
            let excess = self.recent_rows - most;
            if oldest.height() > excess {
                *oldest = oldest.slice(excess as i64, oldest.height() - excess);
                self.recent_rows = most;
            } else {
                self.recent_rows -= oldest.height();
                self.recent.pop_front();
            }
        }
    }

    /// Ends the trial: the challenger takes over where it was better on the same rows.
    fn judge(&mut self, events: &mut Vec<Event>) {
        let Some(trial) = self.trial.take() else { return };
        let (won, lost) = (trial.won, trial.lost);
        let better = trial.better_by(BETTER.1);
        self.patience = if better { 1 } else { (self.patience * 2).min(MOST_PATIENCE) };
        events.push(if better { Event::Swapped { won, lost } } else { Event::Kept { won, lost } });
        for member in &mut self.members {
            member.champion = if better { member.challenger } else { member.champion };
            member.challenger = false;
        }
        self.members.retain(|m| m.champion);
    }

    /// Fits new trees on the recent rows, and makes a challenger of them and the champion's strongest.
    fn challenge(&mut self, events: &mut Vec<Event>) -> Result<()> {
        self.since = 0;
        let rows = self.recent()?;
        let first = self.trees() == 0;
        let most = self.settings.trees.max(1);
        let mut fresh = self.fit(&rows, if first { most } else { self.settings.batch.clamp(1, most) })?;
        let mean = Strength { right: fresh.iter().map(|m| m.strength.right).sum(), seen: fresh.iter().map(|m| m.strength.seen).sum() };
        let weak = |m: &Member<L::Batch>| m.strength.rate() + WEAK * m.strength.deviation() < mean.rate();
        // After a change most trees are weak, and as many new ones are wanted at once.
        let wanted = self.members.iter().filter(|m| weak(m)).count().min(most).saturating_sub(fresh.len());
        if wanted > 0 {
            fresh.extend(self.fit(&rows, wanted)?);
        }
        let trees = fresh.len();
        self.members.iter_mut().for_each(|m| m.challenger = true);
        let excess = (self.members.len() + trees).saturating_sub(most);
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        let rate = |i: &usize| self.members.get(*i).map_or(0.0, |m| m.strength.rate());
        order.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
        for place in order.into_iter().take(excess) {
            if let Some(member) = self.members.get_mut(place) {
                member.challenger = false;
            }
        }
        events.push(Event::Fitted { trees, rows: rows.height(), without: excess });
        // Without a champion there is nobody to compare with.
        fresh.iter_mut().for_each(|m| m.champion = first);
        self.members.extend(fresh);
        self.trial = (!first).then(Trial::default);
        Ok(())
    }

    fn fit(&mut self, rows: &DataFrame, trees: usize) -> Result<Vec<Member<L::Batch>>> {
        // Each time other trees, and the same in every run.
        self.fitted += 1;
        let seed = self.settings.seed.wrapping_add(self.fitted.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (batch, strengths) = self.learner.fit(rows, trees, seed)?;
        let batch = Arc::new(batch);
        let member = |(tree, strength): (usize, Strength)| {
            let strength = strength.faded(MEMORY);
            Member { batch: batch.clone(), tree, strength, champion: false, challenger: true }
        };
        Ok(strengths.into_iter().enumerate().map(member).collect())
    }
}

struct Votes {
    champion: Vec<Option<u32>>,
    challenger: Vec<Option<u32>>,
    right: Vec<u64>,
}

/// The class with the most votes, the first of equals; `None` without votes.
fn largest(votes: &[u32]) -> Option<u32> {
    let (mut best, mut most) = (None, 0);
    for (class, &votes) in votes.iter().enumerate() {
        if votes > most {
            (best, most) = (Some(class as u32), votes);
        }
    }
    best
}
