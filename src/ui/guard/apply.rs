//! Carrying out what concerns guards: showing, starting, retraining, swapping, and the alert.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{ModelGuard, error, place};
use crate::data::Fault;
use crate::engine::guard::{Contender, GuardStatus};
use crate::learn::drift::StaleReason;
use crate::learn::forest::Forest;
use crate::learn::model::{StreamScore, TrainedTo};
use crate::ui::App;
use crate::ui::action::{Action, ExportAction, GuardAction, ModelAction, Pane};
use crate::ui::models::{ModelEntry, ModelId, TrainedForest};
use crate::ui::notices::{NoticeOrigin, Severity};
use crate::ui::widget::numbers;
use crate::workspace::GuardSetup;

impl App {
    /// Shows the guard of a model, and starts it if there is none.
    pub(in crate::ui) fn show_guard(&mut self, id: ModelId) {
        if self.models.get(id).is_none() {
            return;
        }
        self.guards.shown = Some(id);
        self.pane = Some(Pane::Guard);
        if self.guards.of(id).is_none() {
            self.guards.list.push(ModelGuard::new(id));
            self.apply_guard(id, GuardAction::Begin);
        }
    }

    /// Starts the guard of a model that was guarded when its table was open last.
    pub(in crate::ui) fn guard_again(&mut self, id: ModelId, setup: GuardSetup) {
        self.guards.list.retain(|guard| guard.model != id);
        let GuardSetup { window_rows, dismissed } = setup;
        self.guards.list.push(ModelGuard { window_rows, dismissed, ..ModelGuard::new(id) });
        self.apply_guard(id, GuardAction::Begin);
    }

    pub(in crate::ui) fn apply_guard(&mut self, id: ModelId, action: GuardAction) {
        let wake = self.wake.clone();
        let Some(entry) = self.models.get(id) else { return };
        let Some(sheet) = self.sheets.iter().find(|s| s.id == entry.sheet) else { return };
        let Some(guard) = self.guards.list.iter_mut().find(|s| s.model == id) else { return };
        match action.clone() {
            GuardAction::Begin => guard.begin(sheet, entry, &wake),
            // Its results stay visible.
            GuardAction::Stop => (guard.job, guard.on) = (None, false),
            GuardAction::WindowRows(rows) => {
                guard.window_rows = rows;
                guard.begin(sheet, entry, &wake);
            }
            GuardAction::View(view) => guard.view = view,
            GuardAction::Rows(rows) => guard.rows = rows,
            GuardAction::Retrain => guard.retrain(sheet, entry, &wake),
            GuardAction::CancelRetrain => {
                if let Some(job) = &guard.retraining {
                    job.cancel();
                }
            }
            GuardAction::Swap(who) => self.swap(id, who),
            GuardAction::SwapBack => self.swap_back(id),
        }
        if matches!(action, GuardAction::Begin | GuardAction::Stop | GuardAction::WindowRows(_)) {
            self.save_workspace();
        }
    }

    /// Replaces the model by a challenger, under the same name.
    fn swap(&mut self, id: ModelId, who: Contender) {
        let Some(entry) = self.models.get(id) else { return };
        let Some(guard) = self.guards.of(id) else { return };
        let Some((trained, note)) = challenger(guard, entry, who) else { return };
        self.replace(id, trained, note);
    }

    /// Swaps the model with the one that was replaced last.
    fn swap_back(&mut self, id: ModelId) {
        let Some(entry) = self.models.get(id) else { return };
        let Some(trained) = self.guards.of(id).and_then(|s| s.replaced.clone()) else { return };
        let note =
            format!("Swapped back on {} (UTC) from {} to {}", now(), trees(entry.forest()), trees(&trained.forest));
        self.replace(id, trained, note);
    }

    fn replace(&mut self, id: ModelId, trained: TrainedForest, note: String) {
        let Some(entry) = self.models.get(id) else { return };
        let Some(guard) = self.guards.list.iter_mut().find(|s| s.model == id) else { return };
        let (name, file) = (entry.name.clone(), entry.file.clone());
        guard.replaced = Some(entry.into());
        (guard.told, guard.dismissed) = (Vec::new(), Vec::new());
        self.models.swap(id, trained, note);
        self.report = self.report.take().filter(|r| r.model != id);
        self.share_tables();
        self.apply_guard(id, GuardAction::Begin);
        match file {
            Some(file) => {
                let save = Action::Export(ExportAction::Model(Some(file.clone()), id));
                self.notices.offer(
                    format!("{name} was swapped. {} still holds the one before", file.display()),
                    "Save it there",
                    save,
                );
            }
            None => self.notices.offer(
                format!("{name} was swapped"),
                "See the report",
                Action::Model(id, ModelAction::Report),
            ),
        }
        // Questions that call the model are asked again, except one that is being edited.
        let wake = self.wake.clone();
        for sheet in
            self.sheets.iter_mut().filter(|s| s.question.sql == s.question.asked && asks(&s.question.asked, &name))
        {
            sheet.ask(&wake);
        }
    }

    /// Polls every guard once, and posts the alert.
    pub(in crate::ui) fn poll_guards(&mut self) {
        for guard in &mut self.guards.list {
            let Some(entry) = self.models.get(guard.model) else { continue };
            let Some(sheet) = self.sheets.iter().find(|s| s.id == entry.sheet) else { continue };
            if guard.feeds_changed(sheet) {
                guard.begin(sheet, entry, &self.wake);
            }
            guard.poll(entry);
            let origin = NoticeOrigin::Guard(guard.model);
            // The error is the strongest reason; else the oldest one.
            let worst =
                |w: &GuardStatus| w.stale.iter().min_by_key(|s| (s.reason != StaleReason::Error, s.since)).cloned();
            let stale = guard.newest.as_ref().and_then(|w| Some((worst(w)?, w)));
            match stale {
                Some((stale, watched)) if guard.has_news(watched) || self.notices.shows(&origin) => {
                    guard.told = watched.stale.iter().map(|stale| stale.reason.clone()).collect();
                    let more = watched.stale.len() - 1;
                    let others = if more > 0 {
                        format!(", and {} more", numbers::counted(more as u64, "reason"))
                    } else {
                        String::new()
                    };
                    let fault = Fault::new(format!(
                        "{} is stale since {}: {}{others}",
                        entry.name,
                        place(watched, stale.since),
                        stale.reason
                    ))
                    .at(&sheet.table.name)
                    .hint(match &stale.reason {
                        StaleReason::Lacks(name) => {
                            format!("bring '{name}' back into the feed, or train again without it")
                        }
                        _ if watched.labelled == 0 => "it can be retrained once labelled rows come".to_owned(),
                        _ => "retrain it, or swap it for its challenger".to_owned(),
                    });
                    let offer = ("Open the guard".to_owned(), Action::Model(guard.model, ModelAction::Guard));
                    self.notices.post_with_action(origin, Severity::Warning, &fault, Some(offer));
                }
                Some(_) => {}
                // Once it was stale and is no more: before it has come so far again it is not known to be either.
                None if !guard.told.is_empty() => {
                    (guard.told, guard.dismissed) = (Vec::new(), Vec::new());
                    self.notices.withdraw(&origin);
                }
                None => {}
            }
        }
    }

    /// A person has seen what speaks against a model, and need not be told again of the same.
    pub(in crate::ui) fn dismiss_guard(&mut self, id: ModelId) {
        // That is kept with the guard, and is no step.
        self.record();
        if let Some(guard) = self.guards.list.iter_mut().find(|guard| guard.model == id) {
            guard.dismissed.clone_from(&guard.told);
        }
        self.session.end_step();
        self.record();
        self.session.begin_step();
    }

    /// Removes the guards of models that were removed.
    pub(in crate::ui) fn forget_guards(&mut self) {
        let models = &self.models;
        let notices = &mut self.notices;
        self.guards.list.retain(|guard| {
            let there = models.get(guard.model).is_some();
            if !there {
                notices.withdraw(&NoticeOrigin::Guard(guard.model));
            }
            there
        });
        if self.guards.shown().is_none() {
            self.guards.shown = None;
            self.pane = self.pane.filter(|pane| *pane != Pane::Guard);
        }
    }
}

/// The forest of a challenger, and the note on the swap for the report.
fn challenger(guard: &ModelGuard, entry: &ModelEntry, who: Contender) -> Option<(TrainedForest, String)> {
    let at = now();
    let before = match &entry.report {
        Some(report) => {
            format!("{} trained on {}", trees(entry.forest()), numbers::counted(report.trained as u64, "row"))
        }
        None => trees(entry.forest()),
    };
    let watched = guard.newest.as_ref();
    let compared = |who: Contender| {
        let standing = |who: Contender| watched.and_then(|w| w.standing(who).copied());
        match (standing(who), standing(Contender::Champion)) {
            (Some(new), Some(old)) if new.rows > 0 => {
                format!(
                    "; on the same {} the error was {} instead of {}",
                    numbers::counted(new.rows, "row"),
                    error(entry, new.error),
                    error(entry, old.error)
                )
            }
            _ => String::new(),
        }
    };
    match who {
        Contender::Champion => None,
        Contender::Fused => {
            let fresh = watched?.fused.clone()?;
            let note = format!(
                "Swapped on {at} (UTC) from {before} to the fused forest: {} of its {} trees are of the stream{}",
                fresh.fresh_trees,
                fresh.forest.trees.len(),
                compared(who)
            );
            let (baseline, until) = (Some(fresh.baseline.clone()), Some(fresh.until.clone()));
            let standing = watched.and_then(|w| w.standing(who)).filter(|s| s.rows > 0);
            let stream_score = standing.map(|s| StreamScore { rows: s.rows, error: s.error, rmse: s.rmse, r2: s.r2 });
            let trained = TrainedForest {
                stream_score,
                baseline,
                until,
                trained_to: trained_to(guard),
                ..fresh.forest.clone().into()
            };
            Some((trained, note))
        }
        Contender::Retrained => {
            let learned = guard.rival(entry)?;
            let note = format!(
                "Swapped on {at} (UTC) from {before} to a forest of the newest {}{}",
                numbers::counted(learned.report.trained as u64, "row"),
                compared(who)
            );
            Some((learned.as_ref().into(), note))
        }
    }
}

/// The newest row of the stream that the forest was trained on.
fn trained_to(guard: &ModelGuard) -> Option<TrainedTo> {
    let (table, watched) = (guard.table.as_ref()?, guard.newest.as_ref().filter(|w| w.by_time)?);
    let time = table.time.as_ref()?;
    // A whole-number time column would need its own number.
    let temporal = table.schema.get(&time.column).is_some_and(|dtype| dtype.is_temporal());
    Some(TrainedTo { column: time.column.clone(), micros: watched.until.filter(|_| temporal)?, number: None })
}

fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    numbers::utc(i64::try_from(now).unwrap_or(0).saturating_mul(1_000_000))
}

fn trees(forest: &Forest) -> String {
    numbers::counted(forest.trees.len() as u64, "tree")
}

/// Whether a question calls a model.
fn asks(sql: &str, name: &str) -> bool {
    let sql = sql.to_lowercase();
    sql.contains("predict") && sql.contains(&name.to_lowercase())
}
