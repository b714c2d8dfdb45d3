//! The committee: which trees decide, when new ones are fitted, and when a challenger takes over. How trees are fitted
//! and vote is the `Learner`'s.

use std::collections::VecDeque;
use std::sync::Arc;

use polars::prelude::*;

use super::strength::Trial;
use super::{CommitteeEvent, CommitteeSettings, Learned, Learner, Objective, Prediction, Strength, Vote};
use crate::data::{Fault, Result};
use crate::learn::drift::Adwin;

/// Labelled rows before the first trees.
const FIRST: usize = 50;
/// Rows that are tested before they are trained on.
const PIECE: usize = 256;
/// Rows of memory of a tree's strength.
const MEMORY: f64 = 1_000.0;
/// A challenger that is so much better takes over at once, and one that is so much better at the end of its trial, both
/// in deviations of chance.
const BETTER: (f64, f64) = (3.0, 1.0);
/// While challengers are no better, trees are fitted up to this factor more seldom.
const MOST_PATIENCE: usize = 4;
/// A tree is weak when it is this number of deviations below the new ones.
const WEAK: f64 = 2.0;

struct Member<B> {
    batch: Arc<B>,
    tree: usize,
    strength: Strength,
    champion: bool,
    challenger: bool,
}

/// The committee.
pub struct OnlineForest<L: Learner> {
    learner: L,
    settings: CommitteeSettings,
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

impl<L: Learner> OnlineForest<L> {
    /// Begins with batches of trees that were fitted on chunks of history, each with the strength of its trees, or with
    /// none. The order of batches does not matter to what is predicted.
    pub fn new(learner: L, settings: CommitteeSettings, history: Vec<(L::Batch, Vec<Strength>)>) -> Self {
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

    /// The mean loss of the champion on recent rows, from 0 to 1; `None` before it was tested.
    pub fn error(&self) -> Option<f64> {
        self.adwin.mean()
    }

    /// What is predicted of each row; `None` before there are trees.
    ///
    /// # Errors
    /// When the rows lack a feature.
    pub fn predict(&self, rows: &DataFrame) -> Result<Vec<Option<Prediction<L>>>> {
        Ok(self.votes(rows, None)?.champion)
    }

    /// Something else saw a change, as a guard over the features does: what came before the newest `kept` labelled rows
    /// is no longer trained on, and new trees are fitted with the next rows.
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
    /// tested after training on the first.
    ///
    /// # Errors
    /// When the rows lack a feature or a label column; rows before the piece at fault have been trained on.
    pub fn learn(&mut self, rows: &DataFrame) -> Result<Learned<Prediction<L>>> {
        let mut learned = Learned::default();
        for start in (0..rows.height()).step_by(PIECE) {
            self.learn_piece(&rows.slice(start as i64, PIECE), &mut learned)?;
        }
        Ok(learned)
    }

    fn learn_piece(&mut self, rows: &DataFrame, learned: &mut Learned<Prediction<L>>) -> Result<()> {
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
            let objective = self.learner.objective();
            let loss = objective.loss(*said, *truth);
            learned.tested += 1;
            learned.right += u64::from(loss < 0.5);
            change = self.adwin.add(loss).or(change);
            if let (Some(trial), Some(other)) = (&mut self.trial, challenger) {
                trial.add(loss, objective.loss(*other, *truth));
            }
        }
        for (member, more) in self.members.iter_mut().zip(&votes.strengths) {
            member.strength = member.strength.with(*more).faded(MEMORY);
        }
        // A row of which no tree says anything lacks a value, and is not trained on.
        let usable =
            |row: usize, truth: &Option<Prediction<L>>| truth.is_some() && (self.members.is_empty() || votes.told(row));
        let used: Vec<bool> = truth.iter().enumerate().map(|(row, truth)| usable(row, truth)).collect();
        self.keep(rows, &used)?;
        if let Some(change) = change.filter(|c| c.after > c.before) {
            self.forget(change.kept as usize);
            self.measure()?;
            self.patience = 1;
            learned.events.push(CommitteeEvent::Drift(change));
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

    /// What champion and challenger say, and how each tree does by itself.
    fn votes(&self, rows: &DataFrame, truth: Option<&[Option<Prediction<L>>]>) -> Result<Votes<Prediction<L>>> {
        let objective = self.learner.objective();
        let (height, width) = (rows.height(), objective.width());
        let mut sums = [vec![Vote::<L>::default(); height * width], vec![Vote::<L>::default(); height * width]];
        let mut gains = vec![<L::Objective as Objective>::Gains::default(); self.members.len()];
        let mut done = 0;
        while let Some(first) = self.members.get(done) {
            // Trees of one batch stand side by side, and their rows are made ready once.
            let together = self.members.iter().skip(done).take_while(|m| Arc::ptr_eq(&m.batch, &first.batch)).count();
            let members: Vec<&Member<L::Batch>> = self.members.iter().skip(done).take(together).collect();
            let wanted: Vec<usize> = members.iter().map(|m| m.tree).collect();
            self.learner.vote(&first.batch, &wanted, rows, &mut |tree, row, votes| {
                let Some(member) = members.get(tree) else { return };
                for (sums, takes_part) in sums.iter_mut().zip([member.champion, member.challenger]) {
                    if takes_part && let Some(of_row) = sums.get_mut(row * width..(row + 1) * width) {
                        of_row.iter_mut().zip(votes).for_each(|(sum, vote)| *sum += *vote);
                    }
                }
                if let (Some(Some(truth)), Some(gains)) = (truth.and_then(|t| t.get(row)), gains.get_mut(done + tree)) {
                    objective.gain(votes, *truth, gains);
                }
            })?;
            done += together;
        }
        let decide = |sums: &[Vote<L>]| sums.chunks(width.max(1)).map(|votes| objective.decide(votes)).collect();
        let [champion, challenger]: [Vec<Option<Prediction<L>>>; 2] = sums.map(|sums| decide(&sums));
        let mut votes = Votes { champion, challenger, strengths: Vec::new() };
        // A row that lacks a value is no tree's fault.
        let seen = truth
            .map_or(0, |truth| truth.iter().enumerate().filter(|(row, t)| t.is_some() && votes.told(*row)).count());
        votes.strengths = gains.into_iter().map(|gains| objective.strength(gains, seen as u64)).collect();
        Ok(votes)
    }

    /// Adds the rows that can be trained on to the recent ones.
    fn keep(&mut self, rows: &DataFrame, used: &[bool]) -> Result<()> {
        let mask: BooleanChunked = used.iter().map(|t| Some(*t)).collect();
        let rows = if used.iter().all(|t| *t) { rows.clone() } else { rows.filter(&mask)? };
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
        let strengths = self.votes(&rows, Some(&truth))?.strengths;
        for (member, strength) in self.members.iter_mut().zip(strengths) {
            member.strength = strength.faded(MEMORY);
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
    fn judge(&mut self, events: &mut Vec<CommitteeEvent>) {
        let Some(trial) = self.trial.take() else { return };
        let (won, lost) = (trial.won, trial.lost);
        let better = trial.better_by(BETTER.1);
        self.patience = if better { 1 } else { (self.patience * 2).min(MOST_PATIENCE) };
        events.push(if better { CommitteeEvent::Swapped { won, lost } } else { CommitteeEvent::Kept { won, lost } });
        for member in &mut self.members {
            member.champion = if better { member.challenger } else { member.champion };
            member.challenger = false;
        }
        self.members.retain(|m| m.champion);
    }

    /// Fits new trees on the recent rows, and makes a challenger of them and the champion's strongest.
    fn challenge(&mut self, events: &mut Vec<CommitteeEvent>) -> Result<()> {
        self.since = 0;
        let rows = self.recent()?;
        let first = self.trees() == 0;
        let most = self.settings.trees.max(1);
        let mut fresh = self.fit(&rows, if first { most } else { self.settings.batch.clamp(1, most) })?;
        let mean = fresh.iter().map(|m| m.strength).fold(Strength::default(), Strength::with);
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
        events.push(CommitteeEvent::Fitted { trees, rows: rows.height(), without: excess });
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

struct Votes<S> {
    champion: Vec<Option<S>>,
    challenger: Vec<Option<S>>,
    strengths: Vec<Strength>,
}

impl<S> Votes<S> {
    /// Whether any tree said something of this row.
    fn told(&self, row: usize) -> bool {
        [&self.champion, &self.challenger].iter().any(|said| matches!(said.get(row), Some(Some(_))))
    }
}
