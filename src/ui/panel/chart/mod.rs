//! The chart: its pickers above, the picture below.

mod columns;
mod lines;
mod nothing;
mod pickers;
mod pointer;
mod reading;
pub mod settings;
mod values;

use eframe::egui::{self, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo};

use super::change;
use crate::figure::{Figure, Settings};
use crate::ui::action::{Action, AppAction, ChartAction, ChartFile, ExportAction, Pane};
use crate::ui::canvas::{self, Drawn};
use crate::ui::chart::Chart;
use crate::ui::watch::RunState;
use crate::ui::widget::badge::Tone;
use crate::ui::widget::{numbers, side};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look, wording};
pub use nothing::{nothing_in, nothing_ui};
use pickers::{form_ui, pickers_ui};
use pointer::pointer_ui;
pub use pointer::{drags, pans, stretch_ui, under_pointer, wheel};
pub use reading::read_ui;
pub use values::Values;

pub fn chart_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    if sheet.watch.shown.is_some() {
        ui.horizontal(|ui| pickers_ui(ui, sheet, app.drawing, actions));
        ui.add_space(look::STEP);
    }
    let Some(next) = sheet.watch.staged.as_ref().filter(|next| next.is_slow()) else {
        return picture_ui(ui, sheet, actions);
    };
    // While a question is staged, both answers are shown.
    let room = ui.available_rect_before_wrap();
    let (left, right) = room.split_left_right_at_fraction(0.5);
    ui.scope_builder(UiBuilder::new().max_rect(left.with_max_x(left.max.x - look::STEP)), |ui| {
        change::title_ui(ui, "Shown", Tone::Plain, &sheet.watch.sql);
        picture_ui(ui, sheet, actions);
    });
    ui.scope_builder(UiBuilder::new().max_rect(right.with_min_x(right.min.x + look::STEP)), |ui| {
        change::preview_ui(ui, sheet, next)
    });
}

/// The pane with all settings, while it is open; gives the room beside it.
pub fn side_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, room: Rect, actions: &mut Vec<Action>) -> Rect {
    if !app.drawing || sheet.watch.shown.is_none() {
        return room;
    }
    let (left, closed) = side::side_ui(ui, room, "Chart", |ui| form_ui(ui, sheet, actions));
    actions.extend(closed.then_some(Action::Chart(sheet.id, ChartAction::Form(false))));
    left
}

/// The chart of the shown answer.
fn picture_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let size = ui.available_size();
    // Of an answer that is still being read it is not known that there is nothing to draw.
    let is_drawn = |figure: &Figure| sheet.chart.is_whole() || figure.all_series().any(|series| !series.is_empty());
    let figure = sheet.chart.figure().filter(|figure| is_drawn(figure));
    let Some(figure) = figure.filter(|_| size.x > 40.0 && size.y > 40.0) else {
        empty_ui(ui, sheet);
        return;
    };
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let label = format!(
        "Chart: {}, {}",
        figure.mark,
        numbers::counted(figure.all_series().map(|s| s.len() as u64).sum(), "point")
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
    let mut seam = None;
    let mut picked = None;
    let mut plot = rect;
    let fault = sheet.chart.draw(ui, rect, |drawn| {
        pointer_ui(ui, sheet, &figure, drawn, rect, &response, actions);
        plot = canvas::to_rect(&drawn.layout.plot).translate(rect.min.to_vec2());
        picked = legend_ui(ui, drawn, rect, sheet.chart.settings());
        seam = figure
            .seam
            .filter(|_| figure.panels.is_empty() && !drawn.layout.bare)
            .map(|at| (rect.min.x + drawn.layout.to_px((at, 0.0))[0], plot))
            .filter(|(x, plot)| plot.x_range().contains(*x));
    });
    actions.extend(picked.map(|settings| {
        Action::Chart(sheet.id, ChartAction::Settings { settings: Box::new(settings), goes_on: false })
    }));
    if let Some(words) = nothing_in(&figure).filter(|_| sheet.chart.is_whole())
        && nothing_ui(ui, plot, &words, "Back to the whole")
    {
        actions.push(Action::Chart(sheet.id, ChartAction::View(None)));
    }
    response.context_menu(|ui| menu_ui(ui, sheet, actions));
    if let Some((x, plot)) = seam {
        // The label at the top of the seam is a button, as the line is too thin to point at.
        let words = Rect::from_x_y_ranges(x - 44.0..=x + 36.0, plot.top() - 18.0..=plot.top());
        let button = ui.interact(words, response.id.with("seam"), Sense::click());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Seam between history and live"));
        if button.has_focus() {
            ui.painter().rect_stroke(words, 4.0, ui.visuals().selection.stroke, egui::StrokeKind::Inside);
        }
        if button.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text("The seam: see its ledger").clicked() {
            actions.push(Action::App(AppAction::Show(Pane::Ledger)));
        }
    }
    if let Some(fault) = fault {
        ui.put(rect, look::fault(&fault, ui));
    }
}

/// What can be done with the picture itself.
fn menu_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let mut item = |ui: &mut Ui, name: &str, action: Action| {
        if ui.button(name).clicked() {
            actions.push(action);
        }
    };
    if sheet.chart.view().is_some() {
        item(ui, "Back to the whole", Action::Chart(sheet.id, ChartAction::View(None)));
        ui.separator();
    }
    item(ui, "Chart settings…", Action::Chart(sheet.id, ChartAction::Form(true)));
    ui.separator();
    for (name, file) in [("Export as PNG…", ChartFile::Png), ("Export as SVG…", ChartFile::Svg)] {
        item(ui, name, Action::Export(ExportAction::Chart(None, sheet.id, file)));
    }
}

fn empty_ui(ui: &mut Ui, sheet: &Worksheet) {
    let text = match sheet.watch.state() {
        _ if sheet.question.fault.is_some() => {
            "This question cannot be asked as it stands: see what is wrong with it in its text".to_owned()
        }
        _ if sheet.watch.shown.as_ref().is_some_and(|s| s.answer.height() == 0) => sheet.nothing().to_owned(),
        _ if sheet.chart.fault().is_some() => sheet.chart.fault().map_or_else(String::new, wording::fault),
        RunState::Idle if sheet.probe.is_none() => "Ask a question to see a chart".to_owned(),
        _ if sheet.table.history.is_empty() => "Waiting for the first rows".to_owned(),
        _ => "Reading".to_owned(),
    };
    ui.centered_and_justified(|ui| ui.label(look::faint(text, ui)));
}

/// A figure by itself in `room`, with its tooltip; `of` distinguishes it from other figures.
pub fn figure_ui(ui: &mut Ui, of: &str, chart: &Chart, room: Rect) {
    let Some(figure) = chart.figure() else { return };
    let response = ui.allocate_rect(room, Sense::hover());
    let label = format!("Figure: {}", figure.title);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
    let fault = chart.draw(ui, room, |drawn| {
        if let Some(pos) = response.hover_pos() {
            read_ui(ui, of, &figure, drawn, room, pos);
        }
    });
    if let Some(fault) = fault {
        ui.put(room, look::fault(&fault, ui));
    }
}

/// The names of the legend as buttons: a click shows a series alone, with Ctrl it hides it, a second one takes that
/// back. The settings that a person has changed by it.
pub fn legend_ui(ui: &Ui, drawn: &Drawn, rect: Rect, settings: &Settings) -> Option<Settings> {
    let mut picked = None;
    for (i, spot) in drawn.layout.legend.iter().enumerate() {
        let words = canvas::to_rect(&spot.rect).translate(rect.min.to_vec2());
        let button = ui.interact(words, ui.scope_id().with(("legend", i)), Sense::click());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Series {}", spot.name)));
        if button.hovered() || button.has_focus() {
            let p = look::palette(ui);
            ui.painter().rect_filled(words.expand2(egui::vec2(2.0, 0.0)), 3.0, p.accent.gamma_multiply(0.12));
        }
        let hint = if spot.hidden {
            "Click or Ctrl+click: show it again"
        } else {
            "Click: this series alone · Ctrl+click: hide it"
        };
        let button = button.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(hint);
        if button.clicked() {
            let hides = ui.input(|i| i.modifiers.command)
                || spot.hidden && drawn.layout.legend.iter().filter(|spot| !spot.hidden).count() > 1;
            let mut settings = settings.clone();
            if hides {
                settings.hide(&spot.name);
            } else {
                settings.isolate(&spot.name);
            }
            picked = Some(settings);
        }
    }
    picked
}
