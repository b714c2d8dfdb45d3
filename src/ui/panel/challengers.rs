//! The comparison of a guarded model with its challengers: who takes part, on which rows, how good each is, and the way
//! to let one take over.

use std::sync::Arc;

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui};
use egui_extras::{Column, TableBuilder};

use crate::engine::guard::{ALL, Contender, Standing};
use crate::learn::forest::Task;
use crate::learn::verdict::Verdict;
use crate::ui::action::GuardAction;
use crate::ui::guard::{ModelGuard, error, place};
use crate::ui::look;
use crate::ui::models::ModelEntry;
use crate::ui::widget::numbers;

/// A metric of the comparison.
struct Metric {
    title: String,
    about: String,
    of: fn(&Contestant<'_>) -> Option<String>,
}

/// A model in the comparison, with its scores.
struct Contestant<'a> {
    entry: &'a ModelEntry,
    standing: Option<Standing>,
    held_out: Option<&'a Verdict>,
}

impl<'a> Contestant<'a> {
    fn new(guard: &'a ModelGuard, entry: &'a ModelEntry, who: Contender) -> Self {
        let learned = guard.rival(entry).map(AsRef::as_ref);
        let held_out = match who {
            Contender::Champion => learned
                .and_then(|l| l.champion.as_ref())
                .filter(|(then, _)| Arc::ptr_eq(then, entry.scorer.forest()))
                .map(|(_, verdict)| verdict),
            Contender::Fused => None,
            Contender::Retrained => learned.map(|l| &l.report.verdict),
        };
        Self { entry, standing: guard.newest.as_ref().and_then(|w| w.standing(who)).copied(), held_out }
    }

    fn newest(&self, of: fn(&Standing) -> f64) -> Option<f64> {
        self.standing.as_ref().filter(|s| s.rows > 0).map(of)
    }

    fn error(&self, value: f64) -> String {
        error(self.entry, value)
    }
}

/// The metrics: on the newest rows and on all rows that every contestant predicted, and on the rows held out from a
/// retraining.
fn figures(guard: &ModelGuard, entry: &ModelEntry) -> Vec<Metric> {
    let same = guard.newest.as_ref().and_then(|w| w.standing(Contender::Champion).copied());
    let counted = |what: &str, rows: Option<u64>| {
        rows.filter(|n| *n > 0).map_or_else(|| what.to_owned(), |n| format!("{what} {}", numbers::count(n)))
    };
    let held_out = counted("held out", guard.rival(entry).map(|l| l.report.verdict.rows as u64));
    let (newest, all) = (same.map(|s| s.rows), same.map(|s| s.all));
    let metric = |title: String, about: &str, of| Metric { title, about: about.to_owned(), of };
    const NEWEST: &str = "On the newest rows that all who take part predicted, each before any was trained on it";
    const ALL_SAME: &str = "On every row since the last of them came, those that all of them predicted";
    const HELD_OUT: &str =
        "Other rows: the newest of those that were read for the retraining, which the retrained forest has not seen";
    let held = |c: &Contestant<'_>| {
        let verdict = c.held_out?;
        verdict.numbers().map(|n| n.mae).or_else(|| verdict.score().map(|score| 1.0 - score)).map(|e| c.error(e))
    };
    if entry.forest().task == Task::Numbers {
        return vec![
            metric(counted("MAE, newest", newest), NEWEST, |c| c.newest(|s| s.error).map(|e| c.error(e))),
            metric("RMSE".to_owned(), NEWEST, |c| c.newest(|s| s.rmse).map(|e| c.error(e))),
            metric("R²".to_owned(), NEWEST, |c| {
                c.newest(|s| s.r2).filter(|r2| r2.is_finite()).map(|r2| format!("{r2:.3}"))
            }),
            metric(counted("MAE, all", all), ALL_SAME, |c| {
                c.standing.filter(|s| s.all > 0).map(|s| c.error(s.error_of_all))
            }),
            metric(held_out, HELD_OUT, held),
        ];
    }
    vec![
        metric(counted("wrong, newest", newest), NEWEST, |c| c.newest(|s| s.error).map(|e| c.error(e))),
        metric(counted("wrong, all", all), ALL_SAME, |c| {
            c.standing.filter(|s| s.all > 0).map(|s| c.error(s.error_of_all))
        }),
        metric(held_out, HELD_OUT, held),
    ]
}

/// The model and its challengers on the same rows.
pub fn challengers_ui(ui: &mut Ui, guard: &ModelGuard, entry: &ModelEntry, act: &mut Vec<GuardAction>) {
    const SWAP: f32 = 92.0;
    let figures = figures(guard, entry);
    let wide = if figures.len() > 3 { 104.0 } else { 124.0 };
    let gaps = ui.spacing().item_spacing.x * (figures.len() + 1) as f32;
    let rest = wide * figures.len() as f32 + SWAP + gaps;
    let who = (ui.available_width() - rest).max(200.0);
    ui.push_id("race", |ui| {
        let table = TableBuilder::new(ui)
            .striped(false)
            .vscroll(false)
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::exact(who).clip(true))
            .columns(Column::exact(wide), figures.len())
            .column(Column::exact(SWAP));
        table
            .header(look::ROW, |mut header| {
                header.col(|ui| drop(ui.label(RichText::new("Champion and challengers").strong())));
                for figure in &figures {
                    header.col(|ui| {
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            ui.label(look::faint(&figure.title, ui)).on_hover_text(&figure.about)
                        });
                    });
                }
                header.col(|_| {});
            })
            .body(|mut body| {
                for who in ALL {
                    body.row(look::ROW + 2.0, |mut row| contestant_ui(&mut row, guard, entry, who, &figures, act));
                }
            });
    });
}

fn contestant_ui(
    row: &mut egui_extras::TableRow<'_, '_>,
    guard: &ModelGuard,
    entry: &ModelEntry,
    who: Contender,
    figures: &[Metric],
    act: &mut Vec<GuardAction>,
) {
    row.col(|ui| {
        ui.label(RichText::new(who.word()).strong());
        ui.add(Label::new(look::faint(about(guard, entry, who), ui)).truncate());
    });
    let contestant = Contestant::new(guard, entry, who);
    for figure in figures {
        let text = (figure.of)(&contestant).unwrap_or_else(|| "–".to_owned());
        row.col(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(text));
        });
    }
    row.col(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| swap_ui(ui, guard, entry, who, act));
    });
}

fn swap_ui(ui: &mut Ui, guard: &ModelGuard, entry: &ModelEntry, who: Contender, act: &mut Vec<GuardAction>) {
    if who != Contender::Champion {
        let button = ui
            .add_enabled(guard.offers(who, entry), Button::new("Swap"))
            .accessible_name(format!("Swap to {}", who.word()));
        let button =
            button.on_hover_text(format!("It takes the place of {}: questions use it from then on", entry.name));
        if button.on_disabled_hover_text("There is none yet").clicked() {
            act.push(GuardAction::Swap(who));
        }
    } else if let Some(replaced) = guard.replaced() {
        let trees = numbers::counted(replaced.forest.trees.len() as u64, "tree");
        let button = ui
            .button("Swap back")
            .on_hover_text(format!("The model that was replaced last, of {trees}, takes its place again"));
        if button.clicked() {
            act.push(GuardAction::SwapBack);
        }
    }
}

/// A line on the rows that the comparison covers.
pub fn rows_ui(ui: &mut Ui, guard: &ModelGuard, entry: &ModelEntry) {
    let same = guard.newest.as_deref().and_then(|w| Some((w, w.standing(Contender::Champion).filter(|s| s.rows > 0)?)));
    let text = match same {
        Some((watched, s)) => {
            let since = |rows: u64, at| format!("{} since {}", numbers::count(rows), place(watched, at));
            let all = if s.all > s.rows { format!(", all {}", since(s.all, s.all_since)) } else { String::new() };
            let held_out = if guard.rival(entry).is_some() {
                "; held out are other rows, the newest of the retraining"
            } else {
                ""
            };
            format!("Compared on the same rows: the newest {}{all}{held_out}", since(s.rows, s.since))
        }
        None => "Compared on the same rows, once rows are labelled".to_owned(),
    };
    ui.add(Label::new(look::faint(text, ui).size(look::SMALL)).truncate());
}

/// The description of a contestant.
fn about(guard: &ModelGuard, entry: &ModelEntry, who: Contender) -> String {
    let watched = guard.newest.as_deref();
    match who {
        Contender::Champion => format!("{}, {} trees", entry.name, entry.forest().trees.len()),
        Contender::Fused => match watched.and_then(|w| w.fused.as_deref()) {
            Some(fresh) => format!("{} of {} trees are of the stream", fresh.fresh_trees, fresh.forest.trees.len()),
            None => match watched.map_or(0, |w| w.fitted) {
                0 => "the same trees, until new ones are trained on the stream".to_owned(),
                n => format!("{} of the stream tried, none better so far", numbers::counted(n, "tree")),
            },
        },
        Contender::Retrained => match guard.rival(entry) {
            Some(learned) => {
                let new =
                    if watched.is_some_and(|w| w.standing(who).is_some()) { "" } else { "; rows new to it test it" };
                format!(
                    "{} trees of the newest {}{new}",
                    learned.forest.trees.len(),
                    numbers::counted(learned.report.trained as u64, "row")
                )
            }
            None => "a new forest of the newest rows".to_owned(),
        },
    }
}
