//! The cost panel: a line for every run of this session, and how the chosen one grows with its rows.

use eframe::egui::{Align, Button, Context, Label, Layout, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use egui_extras::{Column, TableBuilder};

use super::feed::fault_ui;
use crate::engine::cost::growing;
use crate::ui::action::{Action, AppAction, CostAction};
use crate::ui::cost::{AGAINST, CostGrowth, RunCost};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::numbers;
use crate::ui::widget::progress::job_ui;
use crate::ui::{App, look};

const WIDTH: f32 = 980.0;
/// The most runs that are seen at once.
const ROWS: f32 = 6.0;
const PICTURE: f32 = 280.0;

pub fn cost_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let mut close = false;
    let closed = modal_ui(ctx, "Cost", WIDTH, |ui| {
        if app.costs.runs.is_empty() {
            ui.label(look::faint("No question was asked in this session", ui));
        } else {
            runs_ui(ui, app, actions);
            ui.add_space(look::GAP);
            if let (Some(run), Some(growth)) = (app.costs.chosen(), app.costs.growth()) {
                growth_ui(ui, app, (run, growth), actions);
            }
        }
        if let Some(fault) = &app.costs.fault {
            fault_ui(ui, fault);
        }
        close = footer_ui(ui, "", |ui| measure_ui(ui, app, actions));
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn runs_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    const TITLES: &[&str] = &["Table", "Question", "Rows", "Chunks", "Time", "State", "Between threads", "Groups"];
    let chosen = app.costs.chosen().map(|run| run.id);
    let count = app.costs.runs.len();
    let tall = (ROWS.min(count as f32) + 1.0) * look::ROW + look::STEP;
    ui.allocate_ui(vec2(ui.available_width(), tall), |ui| {
        let wide = ui.available_width();
        let table = TableBuilder::new(ui)
            .striped(false)
            .auto_shrink([false, true])
            .max_scroll_height(tall - look::ROW)
            .sense(Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::exact(112.0).clip(true))
            .column(Column::exact((wide - 726.0).max(120.0)).clip(true))
            .column(Column::exact(96.0).clip(true))
            .column(Column::exact(70.0).clip(true))
            // The longest is `59 min 59 s, so far`.
            .column(Column::exact(124.0).clip(true))
            .column(Column::exact(82.0).clip(true))
            .column(Column::exact(112.0).clip(true))
            .column(Column::exact(74.0).clip(true));
        table
            .header(look::ROW, |mut header| {
                for (i, title) in TITLES.iter().enumerate() {
                    header.col(|ui| {
                        let layout = if i < 2 {
                            Layout::left_to_right(Align::Center)
                        } else {
                            Layout::right_to_left(Align::Center)
                        };
                        if i == 0 {
                            // Aligns the title with the text of the buttons below.
                            ui.add_space(look::GAP);
                        }
                        ui.with_layout(layout, |ui| ui.add(Label::new(look::faint(*title, ui)).truncate()));
                    });
                }
            })
            .body(|body| {
                body.rows(look::ROW, count, |mut row| {
                    // The newest first.
                    let Some(run) = app.costs.runs.get(count - 1 - row.index()) else { return };
                    row.set_selected(Some(run.id) == chosen);
                    row.col(|ui| {
                        let name = RichText::new(&run.table);
                        let button = Button::new(name).frame_when_inactive(false).truncate();
                        if ui.add(button).accessible_name(format!("Cost of {}", run.question)).clicked() {
                            actions.push(Action::Cost(CostAction::Choose(run.id)));
                        }
                    });
                    row.col(|ui| drop(ui.add(Label::new(&run.question).truncate()).on_hover_text(&run.question)));
                    for text in figures(run) {
                        row.col(|ui| {
                            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                                ui.add(Label::new(text).truncate())
                            });
                        });
                    }
                    if row.response().clicked() {
                        actions.push(Action::Cost(CostAction::Choose(run.id)));
                    }
                });
            });
    });
}

fn figures(run: &RunCost) -> [String; 6] {
    let secs = run.took.as_secs_f64();
    let time = if (60.0..3_600.0).contains(&secs) {
        format!("{:.0} min {:02.0} s", (secs / 60.0).floor(), secs % 60.0)
    } else {
        numbers::duration(secs)
    };
    [
        numbers::count(run.rows),
        if run.chunks == 0 { "–".to_owned() } else { numbers::count(run.chunks) },
        if run.running { format!("{time} so far") } else { time },
        numbers::bytes(run.state),
        numbers::bytes(run.between),
        numbers::count(run.groups),
    ]
}

/// The exponents beside what a naive fusion claims, and the picture of both.
fn growth_ui(ui: &mut Ui, app: &App, (run, growth): (&RunCost, &CostGrowth), actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.add(Label::new(RichText::new(format!("How it grows with n rows: {}", run.question)).strong()).truncate());
    });
    let found = growth.exponents;
    if found.state.is_none() {
        let few = found.note(&run.samples).unwrap_or_else(|| "too few sizes to tell".to_owned());
        ui.add(
            Label::new(look::faint(
                format!(
                    "No growth can be told: {few}. A run is noted each time its rows have doubled; Measure reads \
                     parts of the files."
                ),
                ui,
            ))
            .wrap(),
        );
        groups_ui(ui, run, growth);
        return;
    }
    exponents_ui(ui, run, growth);
    groups_ui(ui, run, growth);
    ui.horizontal(|ui| {
        ui.label(look::faint("Draw", ui));
        for (against, title) in AGAINST {
            if ui.selectable_label(*against == app.costs.against(), *title).clicked() {
                actions.push(Action::Cost(CostAction::Against(*against)));
            }
        }
    });
    let tall = PICTURE.min(ui.ctx().content_rect().height() - 460.0);
    if tall < 120.0 {
        return;
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Growth of cost"));
    if let Some(fault) = growth.chart.draw(ui, rect, |_| {}) {
        ui.put(rect, look::fault(&fault, ui));
    }
}

fn exponents_ui(ui: &mut Ui, run: &RunCost, growth: &CostGrowth) {
    let found = growth.exponents;
    let facts = [
        ("Time grows", found.time, "n²"),
        ("state grows", found.state, "n"),
        ("bytes between threads grow", found.between, "n²"),
    ];
    facts_ui(ui, facts.into_iter(), |ui, (name, exponent, naive)| match exponent {
        Some(b) => {
            power_ui(ui, name, "n", b);
            ui.label(look::faint(format!("(naive {naive})"), ui))
                .on_hover_text("What a fusion would take that begins anew with each row");
        }
        None if run.paced => drop(ui.label(look::faint(format!("{name} at the feed's own pace"), ui))),
        None => drop(ui.label(look::faint(format!("{name}: too short to tell"), ui))),
    });
}

/// State over groups, and bytes between threads over groups times workers; what one takes where they did not grow.
fn groups_ui(ui: &mut Ui, run: &RunCost, growth: &CostGrowth) {
    let found = growth.exponents;
    let Some(last) = growing(&run.samples).last() else { return };
    let crowd = last.groups * last.workers;
    let each = |bytes: u64, of: u64| numbers::bytes(bytes / of.max(1));
    let facts = [
        ("State grows", "groups", found.state_by_groups, format!("State: {} a group", each(last.state, last.groups))),
        (
            "bytes between threads grow",
            "(groups × workers)",
            found.between_by_groups_and_workers,
            format!("between threads: {} a group and worker", each(last.between, crowd)),
        ),
    ];
    facts_ui(ui, facts.into_iter(), |ui, (name, over, exponent, each)| match exponent {
        Some(b) if run.keeps && over == "groups" => {
            power_ui(ui, name, over, b);
            ui.label(look::faint("(it keeps values: with the rows)", ui))
                .on_hover_text("A sketch instead keeps the same for any number of rows");
        }
        Some(b) => {
            power_ui(ui, name, over, b);
            ui.label(look::faint("(ours: at most 1)", ui)).on_hover_text(
                "What the fusion of this program promises; it is less where groups share what they keep, or workers \
                 do not meet the same groups",
            );
        }
        None => drop(
            ui.label(look::faint(format!("{each}; too few sizes to tell its growth"), ui))
                .on_hover_text("It takes four sizes whose groups span a factor of four"),
        ),
    });
}

fn facts_ui<T>(ui: &mut Ui, facts: impl Iterator<Item = T>, mut fact_ui: impl FnMut(&mut Ui, T)) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = look::STEP + 2.0;
        for (i, fact) in facts.enumerate() {
            if i > 0 {
                ui.label(look::faint("·", ui));
            }
            fact_ui(ui, fact);
        }
    });
}

fn power_ui(ui: &mut Ui, name: &str, of: &str, exponent: f64) {
    ui.label(format!("{name} as"));
    ui.label(RichText::new(format!("{of}^{exponent:.2}")).strong().color(look::palette(ui).accent));
}

fn measure_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    if let Some(progress) = app.costs.progress() {
        if job_ui(ui, "Cancel measuring", &progress) {
            actions.push(Action::Cost(CostAction::Cancel));
        }
        return;
    }
    let can = app.sheet().is_some_and(|s| !s.table.history.is_empty() && !s.question.asked.is_empty());
    let measure = ui.add_enabled(can, Button::new("Measure"));
    let measure = measure.on_hover_text(
        "Ask this table's question of larger and larger parts of its files, up to all of them, at most a minute",
    );
    let asks = measure.on_disabled_hover_text("Only files can be read in larger and larger parts").clicked();
    if let Some(sheet) = app.sheet().filter(|_| can) {
        if asks {
            actions.push(Action::Cost(CostAction::Benchmark(sheet.id)));
        }
        ui.add(
            Label::new(look::faint(
                format!("the question of {} over growing parts of its files", sheet.table.name),
                ui,
            ))
            .truncate(),
        );
    }
}
