//! What all tiles of a board are limited to: its stretch of time, its filters as chips, its variables as fields.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{
    self, ComboBox, CornerRadius, Frame, Id, Margin, PopupCloseBehavior, Role, Stroke, TextEdit, Ui, WidgetInfo,
};

use super::add::with_value;
use super::step;
use crate::query::sql::unquoted_text;
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{choice_id, choices_of};
use crate::ui::widget::{buttons, context, numbers, typing};
use crate::ui::{App, look, wording};
use crate::workspace::bench::{Board, Calendar, Edit, Scope, Span, Variable, VariableKind};

/// Rolling stretches, seconds.
const LAST: &[u32] = &[300, 900, 3_600, 21_600, 86_400, 604_800, 2_592_000];
/// The height of the row of chips and fields.
pub const ROW: f32 = 30.0;

fn set(board: &Board, scope: Scope) -> Action {
    step(Edit::SetScope { board: board.id, scope })
}

/// The stretch of time of a board, and the way back to now for those who have zoomed away.
pub fn span_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    let span = board.scope.span;
    if app.boards().range.is_some() || matches!(span, Span::Between { .. }) {
        let hint = "Back to now, on all tiles; a double-click on a figure does so, too";
        if buttons::primary_ui(ui, "Follow now").on_hover_text(hint).clicked() {
            actions.push(Action::Board(BoardAction::Range(board.id, None)));
            if matches!(span, Span::Between { .. }) {
                actions.push(set(board, Scope { span: Span::All, ..board.scope.clone() }));
            }
        }
    }
    let words = match span {
        Span::Between { from, until } => {
            let range = crate::ui::rewind::TimeRange { from, until };
            range.words()
        }
        span => span.words(),
    };
    // It holds fields: a click into one of them does not close it.
    let open = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (button, inside) = MenuButton::new(words).config(open).ui(ui, |ui| {
        let mut choice = |ui: &mut Ui, own: Span| {
            if ui.radio(span == own, own.words()).clicked() {
                actions.push(Action::Board(BoardAction::Range(board.id, None)));
                actions.push(set(board, Scope { span: own, ..board.scope.clone() }));
                ui.close();
            }
        };
        choice(ui, Span::All);
        LAST.iter().for_each(|seconds| choice(ui, Span::Last(*seconds)));
        choice(ui, Span::Since(Calendar::Day));
        choice(ui, Span::Since(Calendar::Week));
        ui.separator();
        let zoomed = app.boards().range.map(|(from, until)| (from as i64, until as i64));
        let fix = ui.add_enabled(zoomed.is_some(), egui::Button::new("The stretch that is zoomed to"));
        if let Some((from, until)) = zoomed.filter(|_| {
            fix.on_hover_text("Every tile counts its rows alone")
                .on_disabled_hover_text("Zoom on a figure first")
                .clicked()
        }) {
            // In whole seconds, or, of a short stretch, milliseconds.
            let grain = if until - from > 60_000_000 { 1_000_000 } else { 1_000 };
            let whole = |at: i64| Some(at.div_euclid(grain) * grain);
            let span = Span::Between { from: whole(from), until: whole(until + grain - 1) };
            actions.push(Action::Board(BoardAction::Range(board.id, None)));
            ui.close();
            actions.push(set(board, Scope { span, ..board.scope.clone() }));
        }
        between_ui(ui, board, app.boards().now, actions);
    });
    button.on_hover_text(format!("The stretch of time of all tiles, {}", numbers::zone()));
    if inside.is_none() {
        ui.data_mut(|d| d.remove::<(String, String)>(typed_id(board)));
    }
}

/// What is typed of a fixed stretch, while the menu is open.
fn typed_id(board: &Board) -> Id {
    Id::unique(("between", board.id, numbers::zone()))
}

/// A fixed stretch, as it is typed. Without a beginning the whole board is turned back to a moment.
fn between_ui(ui: &mut Ui, board: &Board, now: Option<i64>, actions: &mut Vec<Action>) {
    // What is typed is meant in the zone that it was typed in.
    let zone = numbers::zone();
    let known = match board.scope.span {
        Span::Between { from, until } => (from, until),
        // Nobody types a part of a second.
        _ => (None, now.map(|now| now.div_euclid(1_000_000) * 1_000_000)),
    };
    let id = typed_id(board);
    let text = |at: Option<i64>| at.map_or_else(String::new, numbers::time);
    let (mut from, mut until) =
        ui.data(|d| d.get_temp::<(String, String)>(id)).unwrap_or_else(|| (text(known.0), text(known.1)));
    // A form rather than a menu, whose items have no room around them.
    ui.reset_style();
    egui::Grid::new("between").num_columns(2).show(ui, |ui| {
        let field = |ui: &mut Ui, name: &str, text: &mut String, hint: &str| {
            ui.label(name);
            let field = ui.add(TextEdit::singleline(text).desired_width(210.0).hint_text(hint));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
            ui.end_row();
        };
        field(ui, "From", &mut from, "from the beginning");
        field(ui, "Until", &mut until, "without an end");
    });
    let read = |text: &str| match text.trim() {
        "" => Ok(None),
        text => zone.read(text).map(Some),
    };
    let (begin, end) = (read(&from), read(&until));
    let wrong = begin.as_ref().err().or(end.as_ref().err()).map(wording::fault);
    let span = match (begin, end) {
        (Ok(from), Ok(until)) if from.zip(until).is_none_or(|(from, until)| from < until) => {
            Some(Span::Between { from, until })
        }
        _ => None,
    };
    let show = ui.add_enabled(span.is_some(), egui::Button::new("Show this stretch"));
    let show = show.on_hover_text(format!("Times are in {zone}"));
    let show = show.on_disabled_hover_text(wrong.unwrap_or_else(|| "The end lies after the beginning".to_owned()));
    if let Some(span) = span.filter(|_| show.clicked()) {
        actions.push(Action::Board(BoardAction::Range(board.id, None)));
        actions.push(set(board, Scope { span, ..board.scope.clone() }));
        ui.close();
    }
    ui.data_mut(|d| d.insert_temp(id, (from, until)));
}

/// Whether there is a row of chips and fields.
pub fn has_row(scope: &Scope) -> bool {
    !scope.filters.is_empty() || !scope.variables.is_empty()
}

/// The filters and the variables of a board.
pub fn row_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    egui::ScrollArea::horizontal().id_salt("scope").auto_shrink([false, false]).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = look::GAP;
            for (at, variable) in board.scope.variables.iter().enumerate() {
                variable_ui(ui, app, board, at, variable, actions);
            }
            for at in 0..board.scope.filters.len() {
                chip_ui(ui, board, at, actions);
            }
            if board.scope.filters.len() > 1 && buttons::quiet_ui(ui, "Clear filters").clicked() {
                actions.push(set(board, Scope { filters: Vec::new(), ..board.scope.clone() }));
            }
        });
    });
}

fn chip_ui(ui: &mut Ui, board: &Board, at: usize, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let Some(filter) = board.scope.filters.get(at) else { return };
    let words = filter.words();
    let frame = Frame::new()
        .fill(p.accent_soft)
        .stroke(Stroke::new(1.0, p.accent))
        .corner_radius(CornerRadius::same(10))
        .inner_margin(Margin::symmetric(8, 1));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = look::STEP;
        let hint = "Shown on every tile whose table has this column. Click to turn it round";
        let name = ui.add(egui::Button::new(&words).frame(false).truncate()).on_hover_text(hint);
        let mut turn = name.clicked();
        let mut filters = board.scope.filters.clone();
        context::menu_ui(&name, |ui| {
            let round = if filter.inverted { "Show these alone" } else { "Show all but these" };
            turn |= ui.button(round).clicked();
            if filters.len() > 1 && ui.button("Keep this filter alone").clicked() {
                actions.push(set(board, Scope { filters: vec![filter.clone()], ..board.scope.clone() }));
            }
            ui.separator();
            if ui.button("Remove the filter").on_hover_text("Ctrl+Z brings it back").clicked() {
                filters.remove(at);
            }
        });
        if turn {
            filters.iter_mut().skip(at).take(1).for_each(|own| own.inverted = !own.inverted);
        }
        if buttons::cross_ui(ui, &format!("Remove the filter {words}")).clicked() {
            filters.remove(at);
        }
        if filters != board.scope.filters {
            actions.push(set(board, Scope { filters, ..board.scope.clone() }));
        }
    });
}

fn variable_ui(ui: &mut Ui, app: &App, board: &Board, at: usize, variable: &Variable, actions: &mut Vec<Action>) {
    let name = ui.label(look::faint(format!("${}", variable.name), ui));
    name.on_hover_text("Questions of this board name it so");
    let label = format!("Value of {}", variable.name);
    match &variable.kind {
        VariableKind::List { .. } => {
            let shown = app.boards().run(choice_id(board.id, at)).and_then(|run| run.shown().cloned());
            let chosen =
                if variable.value.is_empty() { "Choose…".to_owned() } else { unquoted_text(&variable.value) };
            let combo = ComboBox::from_id_salt(("variable", board.id.0, at)).selected_text(chosen).width(140.0);
            let response = combo.show_ui(ui, |ui| {
                for (value, words) in shown.iter().flat_map(|shown| choices_of(&shown.answer)) {
                    if ui.selectable_label(variable.value == value, words).clicked() {
                        actions.push(set(board, with_value(&board.scope, &variable.name, value)));
                    }
                }
            });
            response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &label));
        }
        kind => {
            let mut value = variable.value.clone();
            let width = if *kind == VariableKind::Number { 70.0 } else { 130.0 };
            let field = ui.add(TextEdit::singleline(&mut value).desired_width(width));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, &label));
            // What is typed is one step.
            let goes_on = typing::goes_on(ui, field.changed());
            if field.changed() {
                let scope = with_value(&board.scope, &variable.name, value);
                let edit = Box::new(Edit::SetScope { board: board.id, scope });
                actions.push(Action::Board(BoardAction::Edit { edit, goes_on }));
            }
        }
    }
    if buttons::cross_ui(ui, &format!("Remove the variable {}", variable.name)).clicked() {
        let mut scope = board.scope.clone();
        scope.variables.retain(|own| own.name != variable.name);
        actions.push(set(board, scope));
    }
}
