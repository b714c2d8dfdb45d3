//! The figure of a tile: zoomed together with those of all tiles that share its axis of time, and what can be done with
//! it by a click.

use eframe::egui::{self, Rect, Sense, Ui, WidgetInfo};

use super::reading::reading_ui;
use super::step;
use crate::figure::mark::histogram::in_whole_bins;
use crate::figure::{AxisKind, Figure, Layout};
use crate::ui::action::{Action, BoardAction, ChartFile, ExportAction};
use crate::ui::board::{TileRun, at_place, bucketed, literal, source};
use crate::ui::canvas::{self, Drawn};
use crate::ui::panel::chart;
use crate::ui::{App, look};
use crate::workspace::bench::{Board, Edit, Filter, Scope, Span, Tile, TileKind};

pub fn figure_ui(
    ui: &mut Ui,
    app: &App,
    (board, tile): (&Board, &Tile),
    run: &TileRun,
    room: Rect,
    actions: &mut Vec<Action>,
) {
    let Some(figure) = run.chart.figure() else { return };
    let timed = figure.x.kind == AxisKind::Time;
    let response = ui.allocate_rect(room, Sense::click_and_drag());
    let label = format!("Figure: {}", figure.title);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
    let mut plot = room;
    let fault = run.chart.draw_uncaptioned(ui, room, |drawn| {
        plot = canvas::to_rect(&drawn.layout.plot).translate(room.min.to_vec2());
        if let Some(settings) = chart::legend_ui(ui, drawn, room, run.chart.settings()) {
            actions.push(step(Edit::SetTile { tile: tile.clone().drawn(settings) }));
        }
        if timed && !pointer_ui(ui, (board, tile), &figure, drawn, room, &response, actions) {
            return;
        }
        if !timed && chart::drags(&response) {
            let layout = chart::under_pointer(&figure, drawn, room, &response).1;
            if !layout.bare
                && let Some(over) = chart::stretch_ui(ui, layout, room, &response, look::palette(ui).accent)
            {
                let picked = brushed(app, tile, run, &figure, over);
                actions.extend(picked.map(|filter| Action::Board(BoardAction::Brush(board.id, filter))));
            }
            return;
        }
        if let Some(pos) = response.hover_pos().filter(|_| response.contains_pointer()) {
            let at = canvas::inside(room, pos);
            let (_, layout) = drawn.layout.part(&figure, at);
            if let Some(filter) = named(&figure, layout, at).and_then(|place| filter(app, (board, tile), run, place)) {
                ui.set_cursor_icon(egui::CursorIcon::PointingHand);
                actions.extend(Some(filter).filter(|_| response.clicked()));
            }
        }
        reading_ui(ui, tile, &figure, drawn, room, &response);
    });
    if let Some(words) = chart::nothing_in(&figure).filter(|_| run.chart.is_whole())
        && let Some(back) = whole(app, board, tile)
        && chart::nothing_ui(ui, plot, &words, "Back to the whole")
    {
        actions.push(back);
    }
    if !app.boards().presenting {
        response.context_menu(|ui| menu_ui(ui, app, (board, tile), actions));
    }
    if let Some(fault) = fault {
        ui.put(room, look::fault(&fault, ui));
    }
}

/// What can be done with the picture itself.
fn menu_ui(ui: &mut Ui, app: &App, (board, tile): (&Board, &Tile), actions: &mut Vec<Action>) {
    let mut item = |ui: &mut Ui, name: &str, action: Action| {
        if ui.button(name).clicked() {
            actions.push(action);
        }
    };
    if let Some(back) = whole(app, board, tile) {
        item(ui, "Back to the whole", back);
        ui.separator();
    }
    item(ui, "Figure…", Action::Board(BoardAction::Figure(Some(tile.id))));
    item(ui, "Show as rows", step(Edit::SetTile { tile: Tile { show: TileKind::Grid, ..tile.clone() } }));
    item(ui, "Change the question…", Action::Board(BoardAction::Question(Some(tile.id))));
    ui.separator();
    for (name, file) in [("Export as PNG…", ChartFile::Png), ("Export as SVG…", ChartFile::Svg)] {
        item(ui, name, Action::Export(ExportAction::Tile(None, tile.id, file)));
    }
}

/// What shows all of the time on a tile again, where it shows a part of it.
pub fn whole(app: &App, board: &Board, tile: &Tile) -> Option<Action> {
    if tile.own_time {
        let zoomed = app.boards().own_ranges.contains_key(&tile.id);
        return zoomed.then_some(Action::Board(BoardAction::OwnRange(tile.id, None)));
    }
    if app.boards().range.is_some() {
        return Some(Action::Board(BoardAction::Range(board.id, None)));
    }
    let scope = Scope { span: Span::All, ..board.scope.clone() };
    (!board.scope.span.is_all()).then(|| step(Edit::SetScope { board: board.id, scope }))
}

/// The place on an axis of names under a pixel of the picture.
fn named(figure: &Figure, layout: &Layout, at: [f32; 2]) -> Option<usize> {
    let AxisKind::Category(names) = &figure.x.kind else { return None };
    let place = layout.to_data(at).0.round();
    let is_place = layout.plot.contains(at) && !layout.bare && (0.0..names.len() as f64).contains(&place);
    is_place.then_some(place as usize)
}

/// The board limited to what stands at a place of an axis of names, or not any more.
fn filter(app: &App, (board, tile): (&Board, &Tile), run: &TileRun, place: usize) -> Option<Action> {
    let table = &app.sheet_named(&tile.table)?.table;
    let shown = run.shown()?;
    let answer = run.chart.shown().x.as_deref()?;
    let column = source(tile, answer, table)?;
    let place = run.chart.answer_place(place);
    let value = literal(&at_place(shown.answer.column(answer).ok()?, place)?)?;
    Some(Action::Board(BoardAction::Filter { board: board.id, column, value }))
}

/// What lies under a stretch of the axis: names, or numbers, in whole bins where there are any.
fn brushed(app: &App, tile: &Tile, run: &TileRun, figure: &Figure, (from, to): (f64, f64)) -> Option<Filter> {
    let table = &app.sheet_named(&tile.table)?.table;
    let (answer, chart) = (&run.shown()?.answer, run.chart.shown());
    let along = chart.x.as_deref();
    match &figure.x.kind {
        AxisKind::Category(names) => {
            let place = |at: f64| (at + 0.5).floor().clamp(0.0, names.len().saturating_sub(1) as f64) as usize;
            let column = answer.column(along?).ok()?;
            let values =
                (place(from)..=place(to)).map(|place| literal(&at_place(column, run.chart.answer_place(place))?));
            Some(Filter {
                column: source(tile, along?, table)?,
                values: values.collect::<Option<_>>()?,
                ..Filter::default()
            })
        }
        AxisKind::Number => {
            let counted = figure.bin.and(along).and_then(|along| bucketed(tile, along, table));
            // A histogram of values has its measure along the axis.
            let column = counted.or_else(|| {
                source(tile, along.filter(|_| figure.bin.is_none()).or(chart.y.first().map(String::as_str))?, table)
            })?;
            let (from, to) = figure.bin.map_or((from, to), |bin| in_whole_bins((from, to), bin));
            Some(Filter { column, range: Some((from.to_string(), to.to_string())), ..Filter::default() })
        }
        AxisKind::Time | AxisKind::Clock | AxisKind::Power => None,
    }
}

/// Zooms and pans; false while something is dragged, so that nothing is read.
fn pointer_ui(
    ui: &Ui,
    (board, tile): (&Board, &Tile),
    figure: &Figure,
    drawn: &Drawn,
    room: Rect,
    response: &egui::Response,
    actions: &mut Vec<Action>,
) -> bool {
    let (figure, layout) = chart::under_pointer(figure, drawn, room, response);
    if layout.bare {
        return true;
    }
    let mut show = |range: Option<(f64, f64)>| {
        let own = BoardAction::OwnRange(tile.id, range);
        actions.push(Action::Board(if tile.own_time { own } else { BoardAction::Range(board.id, range) }));
    };
    if response.double_clicked() {
        show(None);
        return false;
    }
    if let Some(pos) = response.hover_pos().filter(|_| response.contains_pointer())
        && let Some(factor) = chart::wheel(ui)
    {
        show(layout.zoomed(figure, canvas::inside(room, pos), [factor, 1.0]).x);
    }
    if chart::pans(ui, response) {
        let by = response.drag_delta().x;
        if by != 0.0 {
            show(layout.panned(figure, [by, 0.0]).x);
        }
        return false;
    }
    if !chart::drags(response) || ui.input(|i| i.modifiers.shift) {
        return true;
    }
    if let Some(range) = chart::stretch_ui(ui, layout, room, response, look::palette(ui).accent) {
        show(Some(range));
    }
    false
}
