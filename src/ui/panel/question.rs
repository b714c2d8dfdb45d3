//! The question of a table or a tile beside its answer: the builder and the SQL text, two views of one question.

use eframe::egui::{self, Label, RichText, Sense, Ui, UiBuilder};

use super::{builder, sql};
use crate::ui::action::{Action, AppAction, ChartAction, QuestionAction, Tab};
use crate::ui::question::{QuestionEditor, Written};
use crate::ui::widget::{buttons, row};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, command, look, wording};
use crate::workspace::Folded;

/// From this height on a pane has room for both, one over the other.
const HIGH: f32 = 380.0;

/// The height of a line of SQL, and of the builder at least.
const LINE: f32 = 18.0;
const LEAST: f32 = 132.0;

/// The question of a table, in the panel beside its answer.
pub fn question_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let mut folds = false;
    let title = |ui: &mut Ui| {
        folds = fold_ui(ui, false);
        ui.label(RichText::new("Question").strong());
        if sheet.question.is_changed() && sheet.question.fault.is_none() && !sheet.question.asked.is_empty() {
            ui.add(Label::new(look::faint("changed, not asked yet", ui)).truncate());
        }
    };
    let mut asked = Vec::new();
    row::ends_ui(ui, title, |ui| ask_ui(ui, app, sheet.written(), &mut asked));
    actions.append(&mut asked);
    actions.extend(folds.then(|| fold(app, true)));
    ui.add_space(look::STEP);
    if is_low(ui) {
        ui.horizontal(|ui| tabs_ui(ui, app, actions));
        ui.add_space(look::STEP);
        return tab_ui(ui, app, sheet.written(), actions);
    }
    views_ui(ui, sheet.written(), actions);
}

/// The question of a tile, in a pane beside its board: the builder over the SQL text, or one of them where the pane is
/// low.
pub fn beside_ui(ui: &mut Ui, app: &App, written: Written<'_>, actions: &mut Vec<Action>) {
    let low = is_low(ui);
    let mut asks = false;
    let left = |ui: &mut Ui| {
        if low {
            tabs_ui(ui, app, actions);
        } else if written.question.is_changed() {
            ui.label(look::faint("changed, not asked yet", ui));
        }
    };
    row::ends_ui(ui, left, |ui| asks = ask_button_ui(ui, written.question));
    if asks {
        actions.push(Action::Question(written.of, QuestionAction::Ask));
    }
    ui.add_space(look::STEP);
    if low {
        return tab_ui(ui, app, written, actions);
    }
    views_ui(ui, written, actions);
}

/// Whether there is room for but one view.
fn is_low(ui: &Ui) -> bool {
    ui.available_height() < HIGH
}

/// The builder over the SQL text.
fn views_ui(ui: &mut Ui, written: Written<'_>, actions: &mut Vec<Action>) {
    let room = ui.available_rect_before_wrap();
    let lines = written.question.sql.lines().count().max(6) as f32 * LINE + look::PAD;
    let text = (lines + sql::below(written.question, false)).min(room.height() * 0.5);
    let menus = builder::height(ui, written.of).clamp(LEAST, room.height() - text - look::PAD);
    let (above, below) = room.split_top_bottom_at_y(room.top() + menus);
    let below = below.with_min_y(below.top() + look::PAD).with_max_y(below.top() + look::PAD + text);
    ui.scope_builder(UiBuilder::new().max_rect(above), |ui| builder::builder_ui(ui, written, actions));
    ui.scope_builder(UiBuilder::new().max_rect(below), |ui| sql::sql_ui(ui, written, false, actions));
}

/// The choice of a view where there is room for one.
fn tabs_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    for (tab, name) in [(Tab::Builder, "Builder"), (Tab::Sql, "SQL")] {
        if buttons::choice_ui(ui, app.tab == tab, name).clicked() {
            actions.push(Action::App(AppAction::Tab(tab)));
        }
    }
}

fn tab_ui(ui: &mut Ui, app: &App, written: Written<'_>, actions: &mut Vec<Action>) {
    match app.tab {
        Tab::Builder => builder_tab_ui(ui, written, actions),
        Tab::Sql => sql::sql_ui(ui, written, true, actions),
    }
}

/// The question in one line, which opens it.
pub fn folded_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let ask = |ui: &mut Ui| ask_ui(ui, app, sheet.written(), actions);
    let mut opens = false;
    let line = |ui: &mut Ui| {
        opens = fold_ui(ui, true);
        let sql = wording::one_line(&sheet.question.sql);
        let (text, color) = match &sheet.question.fault {
            Some(fault) => (wording::fault(fault), p.error),
            None if sql.is_empty() => ("No question yet".to_owned(), p.faint),
            None => (sql, p.text),
        };
        let label = Label::new(RichText::new(text).monospace().size(look::SMALL).color(color));
        let label = ui.add(label.truncate().selectable(false).sense(Sense::click()));
        opens |= label.on_hover_text(&sheet.question.sql).on_hover_cursor(egui::CursorIcon::PointingHand).clicked();
    };
    row::ends_ui(ui, line, ask);
    if opens {
        // The settings of the chart stand where it opens.
        actions.extend(app.drawing.then_some(Action::Chart(sheet.id, ChartAction::Form(false))));
        actions.push(fold(app, false));
    }
}

/// The way to fold the question into a line, or to open it.
fn fold_ui(ui: &mut Ui, folded: bool) -> bool {
    let title = if folded { "Open the question" } else { "Fold the question" };
    let hint = format!("{title} · {}", ui.ctx().format_shortcut(&command::QUESTION));
    buttons::fold_ui(ui, !folded, title).on_hover_text(hint).clicked()
}

fn fold(app: &App, question: bool) -> Action {
    Action::App(AppAction::Fold(Folded { question: Some(question), ..app.settings.folded }))
}

/// The builder, and one line below it about what is wrong: the text, where it is shown otherwise, is behind the other
/// tab.
fn builder_tab_ui(ui: &mut Ui, written: Written<'_>, actions: &mut Vec<Action>) {
    let Some(fault) = &written.question.fault else { return builder::builder_ui(ui, written, actions) };
    let room = ui.available_rect_before_wrap();
    let (above, below) = room.split_top_bottom_at_y(room.max.y - look::ROW);
    ui.scope_builder(UiBuilder::new().max_rect(above), |ui| builder::builder_ui(ui, written, actions));
    ui.scope_builder(UiBuilder::new().max_rect(below), |ui| sql::fault_line_ui(ui, fault));
}

fn ask_button_ui(ui: &mut Ui, question: &QuestionEditor) -> bool {
    let hint = format!("{} · {}", "Ask the question as it is written", ui.ctx().format_shortcut(&command::ASK));
    let ask = if question.is_changed() { buttons::primary_ui(ui, "Ask") } else { ui.button("Ask") };
    ask.on_hover_text(hint).clicked()
}

fn ask_ui(ui: &mut Ui, app: &App, written: Written<'_>, actions: &mut Vec<Action>) {
    let question = written.question;
    if ask_button_ui(ui, question) {
        actions.push(Action::Question(written.of, QuestionAction::Ask));
    }
    if ui.add_enabled(app.bench.can_redo(), egui::Button::new("Redo")).clicked() {
        actions.push(Action::App(AppAction::Redo));
    }
    if ui.add_enabled(app.bench.can_undo(), egui::Button::new("Undo")).clicked() {
        actions.push(Action::App(AppAction::Undo));
    }
}
