//! The chart: its pickers above, the picture below, and what the pointer does on it.

use eframe::egui::{
    self, Align, Label, Layout, Popup, PopupAnchor, Pos2, Rect, Response, RichText, Role, Sense, Ui, UiBuilder, Vec2,
    WidgetInfo,
};

use super::change;
use crate::figure::{AxisKind, Figure, MARKS, View};
use crate::ui::action::{Action, AppAction, ChartAction, Pane, RewindAction};
use crate::ui::canvas::{self, Drawn};
use crate::ui::chart::Chart;
use crate::ui::look;
use crate::ui::rewind::TimeRange;
use crate::ui::watch::RunState;
use crate::ui::widget::badge::Tone;
use crate::ui::widget::buttons;
use crate::ui::widget::numbers;
use crate::ui::widget::pick::pick_ui;
use crate::ui::wording;
use crate::ui::worksheet::Worksheet;

/// How much one notch of the wheel zooms.
const WHEEL: f32 = 240.0;
/// A dragged box narrower or flatter than this is ignored, points.
const SLIP: f32 = 6.0;
/// How close to the seam a click selects it, points.
const NEAR: f32 = 6.0;
/// What the pointer does on a chart.
const HANDS: &str =
    "On the chart: drag: zoom · right-drag: pan · double-click: reset · Ctrl-drag: rewind to that stretch";
/// The most series that a tooltip lists.
const TOLD: usize = 12;

pub fn chart_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    if sheet.watch.shown.is_some() {
        ui.horizontal(|ui| pickers_ui(ui, sheet, actions));
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

/// The chart of the shown answer.
fn picture_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let size = ui.available_size();
    let Some(figure) = sheet.chart.figure().filter(|_| size.x > 40.0 && size.y > 40.0) else {
        empty_ui(ui, sheet);
        return;
    };
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let label = format!(
        "Chart: {}, {}",
        figure.mark,
        numbers::counted(figure.series.iter().map(|s| s.len() as u64).sum(), "point")
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
    let mut seam = None;
    let fault = sheet.chart.draw(ui, rect, |drawn| {
        pointer_ui(ui, sheet, &figure, drawn, rect, &response, actions);
        let plot = canvas::to_rect(&drawn.layout.plot).translate(rect.min.to_vec2());
        seam = figure
            .seam
            .map(|at| (rect.min.x + drawn.layout.to_px((at, 0.0))[0], plot))
            .filter(|(x, plot)| plot.x_range().contains(*x));
    });
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
        ui.put(rect, Label::new(RichText::new(wording::fault(&fault)).color(look::palette(ui).error)));
    }
}

fn empty_ui(ui: &mut Ui, sheet: &Worksheet) {
    let text = match sheet.watch.state() {
        _ if sheet.question.fault.is_some() => {
            "This question cannot be asked as it stands: see what is wrong with it above".to_owned()
        }
        _ if sheet.watch.shown.as_ref().is_some_and(|s| s.answer.height() == 0) => sheet.nothing().to_owned(),
        _ if sheet.chart.fault().is_some() => sheet.chart.fault().map_or_else(String::new, wording::fault),
        RunState::Idle if sheet.probe.is_none() => "Ask a question to see a chart".to_owned(),
        _ if sheet.table.history.is_empty() => "Waiting for the first rows".to_owned(),
        _ => "Reading".to_owned(),
    };
    ui.centered_and_justified(|ui| ui.label(look::faint(text, ui)));
}

fn pickers_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let shown = sheet.chart.shown();
    ui.spacing_mut().item_spacing.x = look::STEP;
    for mark in MARKS {
        if buttons::choice_ui(ui, shown.mark == mark.name, mark.title)
            .on_hover_text(format!("{}\n\n{HANDS}", mark.about))
            .clicked()
        {
            actions.push(Action::Chart(ChartAction::Mark(mark.name)));
        }
    }
    ui.add_space(look::GAP);
    let columns: Vec<String> = sheet
        .watch
        .shown
        .as_ref()
        .map_or_else(Vec::new, |s| s.answer.get_column_names().into_iter().map(ToString::to_string).collect());
    let names = || columns.iter().map(String::as_str);
    ui.label(look::faint("x", ui));
    if let Some(name) = pick_ui(ui, "x", shown.x.as_deref().unwrap_or("row"), 104.0, names()) {
        actions.push(Action::Chart(ChartAction::X(name)));
    }
    ui.label(look::faint("y", ui));
    y_columns_ui(ui, &shown.y, &columns, actions);
    const NO_SPLIT: &str = "no split";
    let split = shown.split.as_deref().unwrap_or(NO_SPLIT);
    if let Some(name) = pick_ui(ui, "split", split, 96.0, std::iter::once(NO_SPLIT).chain(names())) {
        let split = (name != NO_SPLIT).then_some(name);
        actions.push(Action::Chart(ChartAction::Split(split)));
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if sheet.chart.view().is_some()
            && ui.button("Whole picture").on_hover_text("Show everything again; or double-click the chart").clicked()
        {
            actions.push(Action::Chart(ChartAction::View(None)));
        }
        if sheet.chart.is_chosen()
            && ui.button("Best fit").on_hover_text("Back to the chart that fits the answer").clicked()
        {
            actions.push(Action::Chart(ChartAction::Guess));
        }
    });
}

/// The picker of the y columns: one or several.
fn y_columns_ui(ui: &mut Ui, shown: &[String], columns: &[String], actions: &mut Vec<Action>) {
    let text = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
    let combo = egui::ComboBox::from_id_salt("y")
        .selected_text(text)
        .width(104.0)
        .truncate()
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let response = combo.show_ui(ui, |ui| {
        for name in columns {
            let mut on = shown.contains(name);
            if ui.checkbox(&mut on, name).changed() {
                let kept = shown.iter().filter(|other| *other != name).cloned();
                let y: Vec<String> = kept.chain(on.then(|| name.clone())).collect();
                actions.push(Action::Chart(ChartAction::Y(y)));
            }
        }
    });
    response.response.accessible_name("y").on_hover_text("y");
}

/// Zoom, pan, read, open the ledger.
fn pointer_ui(
    ui: &Ui,
    sheet: &Worksheet,
    figure: &Figure,
    drawn: &Drawn,
    rect: Rect,
    response: &Response,
    actions: &mut Vec<Action>,
) {
    let view = |view: View| Action::Chart(ChartAction::View(Some(view)));
    let inside = |pos: Pos2| canvas::inside(rect, pos);
    if response.double_clicked() {
        actions.push(Action::Chart(ChartAction::View(None)));
        return;
    }
    let hover = response.hover_pos();
    if let Some(pos) = hover.filter(|_| response.contains_pointer()) {
        let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta(), i.zoom_delta()));
        let factor = f64::from((scroll.y / WHEEL).exp() * pinch);
        if (factor - 1.0).abs() > 1e-4 {
            actions.push(view(drawn.layout.zoomed(
                figure,
                inside(pos),
                if drawn.layout.free { [factor, factor] } else { [factor, 1.0] },
            )));
        }
        if scroll.x.abs() > 0.1 {
            actions.push(view(drawn.layout.panned(figure, [scroll.x, 0.0])));
        }
    }
    let shift = ui.input(|i| i.modifiers.shift);
    let pans = response.dragged_by(egui::PointerButton::Secondary)
        || response.dragged_by(egui::PointerButton::Middle)
        || (shift && response.dragged_by(egui::PointerButton::Primary));
    if pans {
        let by = response.drag_delta();
        let up = if drawn.layout.free || figure.view.is_some_and(|v| v.y.is_some()) { by.y } else { 0.0 };
        if by != Vec2::ZERO {
            actions.push(view(drawn.layout.panned(figure, [by.x, up])));
        }
        ui.set_cursor_icon(egui::CursorIcon::Grabbing);
        return;
    }
    let command = ui.input(|i| i.modifiers.command);
    if command && figure.x.kind == AxisKind::Time && sheet.can_rewind() {
        ui.set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
        if response.dragged_by(egui::PointerButton::Primary) || response.drag_stopped_by(egui::PointerButton::Primary) {
            return time_range_ui(ui, drawn, rect, response, actions);
        }
    }
    if !shift
        && (response.dragged_by(egui::PointerButton::Primary) || response.drag_stopped_by(egui::PointerButton::Primary))
    {
        box_ui(ui, figure, drawn, rect, response, actions);
        return;
    }
    let Some(pos) = hover else { return };
    if let Some(seam) = figure.seam {
        let at = rect.min.x + drawn.layout.to_px((seam, 0.0))[0];
        if (pos.x - at).abs() <= NEAR && drawn.layout.plot.contains(inside(pos)) {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
            if response.clicked() {
                actions.push(Action::App(AppAction::Show(Pane::Ledger)));
            }
        }
    }
    read_ui(ui, sheet.id, figure, drawn, rect, pos);
}

/// Rewinds to a range of time that is dragged with the pointer.
fn time_range_ui(ui: &Ui, drawn: &Drawn, rect: Rect, response: &Response, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let Some((from, to)) = dragged(ui, response) else { return };
    let plot = canvas::to_rect(&drawn.layout.plot).translate(rect.min.to_vec2());
    let area = Rect::from_x_y_ranges(Rect::from_two_pos(from, to).intersect(plot).x_range(), plot.y_range());
    if !area.is_positive() || area.width() < SLIP {
        return;
    }
    ui.painter().rect(area, 0.0, p.warn.gamma_multiply(0.14), egui::Stroke::new(1.0, p.warn), egui::StrokeKind::Inside);
    if response.drag_stopped() {
        let at = |pos: Pos2| drawn.layout.to_data(canvas::inside(rect, pos)).0;
        let (from, until) = (at(area.min), at(area.max));
        // Rounded to whole seconds in a long range, else to milliseconds.
        let grain = if until - from > 60e6 { 1_000_000.0 } else { 1_000.0 };
        let round = |v: f64| Some(((v / grain).round() * grain) as i64);
        actions.push(Action::Rewind(RewindAction::To(TimeRange { from: round(from), until: round(until) })));
    }
}

/// The positions where a drag began and where it is now.
pub fn dragged(ui: &Ui, response: &Response) -> Option<(Pos2, Pos2)> {
    // egui forgets the press origin in the frame in which the button is released.
    let corner = response.id.with("corner");
    if let Some(origin) = ui.input(|i| i.pointer.press_origin()) {
        ui.data_mut(|d| d.insert_temp(corner, origin));
    }
    ui.data(|d| d.get_temp::<Pos2>(corner)).zip(response.interact_pointer_pos())
}

/// Zooms to a box that is dragged with the pointer.
fn box_ui(ui: &Ui, figure: &Figure, drawn: &Drawn, rect: Rect, response: &Response, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let Some((from, to)) = dragged(ui, response) else { return };
    let plot = canvas::to_rect(&drawn.layout.plot).translate(rect.min.to_vec2());
    let mut area = Rect::from_two_pos(from, to).intersect(plot);
    // A flat box on a line chart selects a range of time.
    let flat = area.height() < 2.0 * SLIP
        || (!drawn.layout.free && area.height() < 0.25 * area.width() && area.height() < 0.25 * plot.height());
    if flat {
        area = Rect::from_x_y_ranges(area.x_range(), plot.y_range());
    }
    if !area.is_positive() || area.width() < SLIP {
        return;
    }
    ui.painter().rect(
        area,
        0.0,
        p.accent.gamma_multiply(0.12),
        egui::Stroke::new(1.0, p.accent),
        egui::StrokeKind::Inside,
    );
    if response.drag_stopped() {
        let corner = |pos: Pos2| drawn.layout.to_data(canvas::inside(rect, pos));
        let ((x0, y1), (x1, y0)) = (corner(area.min), corner(area.max));
        let y = if flat { figure.view.and_then(|v| v.y) } else { Some((y0, y1)) };
        actions.push(Action::Chart(ChartAction::View(Some(View { x: Some((x0, x1)), y }))));
    }
}

/// A figure by itself in `room`, with its tooltip; `of` distinguishes it from other figures. Gives the place on an axis
/// of names that was clicked.
pub fn figure_ui(ui: &mut Ui, of: &str, chart: &Chart, room: Rect) -> Option<usize> {
    let figure = chart.figure()?;
    let response = ui.allocate_rect(room, Sense::click());
    let mut clicked = None;
    let label = format!("Figure: {}", figure.title);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
    let fault = chart.draw(ui, room, |drawn| {
        if let Some(pos) = response.hover_pos() {
            read_ui(ui, of, &figure, drawn, room, pos);
            let at = canvas::inside(room, pos);
            if let AxisKind::Category(names) = &figure.x.kind
                && drawn.layout.plot.contains(at)
            {
                let place = drawn.layout.to_data(at).0.round();
                clicked = (0.0..names.len() as f64).contains(&place).then_some(place as usize);
            }
        }
    });
    if clicked.is_some() {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    if let Some(fault) = fault {
        ui.put(room, Label::new(RichText::new(wording::fault(&fault)).color(look::palette(ui).error)));
    }
    clicked.filter(|_| response.clicked())
}

/// A crosshair at the nearest point, and a tooltip with the value of every series there.
pub fn read_ui(
    ui: &Ui,
    of: impl std::hash::Hash + std::fmt::Debug,
    figure: &Figure,
    drawn: &Drawn,
    rect: Rect,
    pos: Pos2,
) {
    let p = look::palette(ui);
    let at = canvas::inside(rect, pos);
    let Some((series, index)) = drawn.layout.nearest(figure, at) else { return };
    let Some(point) = drawn.layout.point_px(figure, series, index) else { return };
    let center = rect.min + Vec2::new(point[0], point[1]);
    let plot = canvas::to_rect(&drawn.layout.plot).translate(rect.min.to_vec2());
    let hair = egui::Stroke::new(1.0, p.faint.gamma_multiply(0.6));
    ui.painter().vline(center.x, plot.y_range(), hair);
    if plot.contains(center) {
        ui.painter().circle(center, 4.0, p.panel, egui::Stroke::new(2.0, p.accent));
    }
    let Some((x, _)) = crate::figure::Layout::words(figure, series, index) else { return };
    let value = figure.series.get(series).and_then(|s| s.point(index)).map(|(x, _)| x);
    let anchor = PopupAnchor::Position(Pos2::new(center.x + 14.0, pos.y));
    let id = ui.scope_id().with(("reading", of));
    Popup::new(id, ui.ctx().clone(), anchor, ui.layer_id())
        .kind(egui::PopupKind::Tooltip)
        .open(true)
        .interactable(false)
        .show(|ui| {
            ui.set_max_width(320.0);
            ui.label(RichText::new(x).strong());
            egui::Grid::new("reading").num_columns(3).spacing([look::PAD, 2.0]).show(ui, |ui| {
                for (i, line) in figure.series.iter().enumerate().take(TOLD) {
                    let here = if i == series { Some(index) } else { value.and_then(|x| index_at(&line.x, x)) };
                    let Some((_, y)) = here.and_then(|index| crate::figure::Layout::words(figure, i, index)) else {
                        continue;
                    };
                    let color = canvas::to_color(drawn.look.color(figure.colour(i)));
                    let name = if line.name.is_empty() { &figure.y_title } else { &line.name };
                    ui.horizontal(|ui| {
                        crate::ui::widget::badge::dot_ui(ui, color);
                        ui.add(Label::new(shortened(name)).extend());
                    });
                    let text = RichText::new(y.parse().map_or(y, numbers::float)).monospace();
                    ui.label(if i == series { text.strong() } else { text });
                    if let Some(state) = here.and_then(|index| line.state(index)) {
                        ui.label(RichText::new(state.word()).size(look::SMALL).color(look::state_color(state, p)));
                    }
                    ui.end_row();
                }
            });
            if figure.series.len() > TOLD {
                ui.label(look::faint(format!("and {} more", figure.series.len() - TOLD), ui));
            }
        });
}

/// A name short enough for a tooltip.
fn shortened(name: &str) -> String {
    const LETTERS: usize = 40;
    if name.chars().count() <= LETTERS {
        name.to_owned()
    } else {
        name.chars().take(LETTERS - 1).chain(['…']).collect()
    }
}

/// The index of exactly `x` in a sorted column.
fn index_at(xs: &[f64], x: f64) -> Option<usize> {
    let at = xs.partition_point(|v| *v < x);
    xs.get(at).is_some_and(|v| *v == x).then_some(at)
}
