//! A big number: the newest value, how it changed, and a line of the values before it.

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{self, FontId, Pos2, Rect, Sense, Ui, Vec2, WidgetInfo};

use super::super::reading::reading_ui;
use crate::ui::board::TileRun;
use crate::ui::look;
use crate::ui::widget::numbers;
use crate::workspace::bench::Tile;

/// The steps between sizes of letters.
const SIZES: f32 = 4.0;

/// The least height of the line.
const LEAST: f32 = 16.0;

/// The newest value, large, over the values before it, which are read like any figure.
pub fn number_ui(ui: &mut Ui, tile: &Tile, run: &TileRun, room: Rect) {
    let Some((words, spark)) = words_ui(ui, run, room) else { return };
    if let Some(number) = &run.number {
        let label = format!("{}: {}", number.of, number.text);
        let response = ui.allocate_rect(words, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &label));
        response.on_hover_text(&number.exact);
    }
    let (Some(room), Some(figure)) = (spark, run.spark.figure()) else { return };
    let response = ui.allocate_rect(room, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, format!("Before: {}", figure.title)));
    // Where it cannot be drawn there is no line.
    let _ = run.spark.draw_sketch(ui, room, |drawn| reading_ui(ui, tile, &figure, drawn, room, &response));
}

/// The same to look at.
pub fn still_ui(ui: &mut Ui, run: &TileRun, room: Rect) {
    if let Some((_, Some(room))) = words_ui(ui, run, room) {
        let _ = run.spark.draw_sketch(ui, room, |_| {});
    }
}

/// The number and what it is; where these stand, and where the values before it do, if there is room for them.
fn words_ui(ui: &mut Ui, run: &TileRun, room: Rect) -> Option<(Rect, Option<Rect>)> {
    let p = look::palette(ui);
    let Some(number) = &run.number else {
        ui.centered_and_justified(|ui| ui.label(look::faint("The answer has no number", ui)));
        return None;
    };
    let painter = ui.painter().clone();
    let line = |text: String, size: f32, color| painter.layout_no_wrap(text, FontId::proportional(size), color);
    let wide = room.width() - 2.0 * look::STEP;
    let change = number.change.map(|change| {
        // More or less is neither good nor bad: that is the reader's to say.
        let sign = if change < 0.0 { "−" } else { "+" };
        let words = match change.abs() {
            size if size < 0.0005 => "±0 %".to_owned(),
            size if size >= 10.0 => format!("× {}", numbers::brief((change + 1.0).round())),
            size => format!("{sign}{:.1} %", size * 100.0),
        };
        line(words, look::TEXT, p.faint)
    });
    let beside = change.as_ref().map_or(0.0, |change| change.size().x + look::PAD);
    // As large as there is room for it.
    let high = ((room.height() * 0.3 / SIZES).floor() * SIZES).clamp(look::TITLE, look::DISPLAY * 1.6);
    let mut value = line(number.text.clone(), high, p.strong);
    if value.size().x + beside > wide {
        let size = high * (wide - beside).max(wide / 2.0) / value.size().x;
        // In whole steps: each size has glyphs of its own, which stay in memory.
        let size = ((size / SIZES).floor() * SIZES).max(look::TEXT);
        value = line(number.text.clone(), size, p.strong);
    }
    let what = if number.at.is_empty() { number.of.clone() } else { format!("{} · {}", number.of, number.at) };
    let what = if number.open { format!("{what} · open") } else { what };
    let mut job = LayoutJob::simple_singleline(what, FontId::proportional(look::SMALL), p.faint);
    job.wrap = TextWrapping::truncate_at_width(wide);
    let what = painter.layout_job(job);
    let words = value.size().y + look::STEP + what.size().y;
    let spark = (room.height() - words - look::PAD).min(room.height() * 0.45);
    let with_spark = spark >= LEAST && run.spark.figure().is_some();
    let top = room.top() + ((room.height() - words - if with_spark { spark + look::GAP } else { 0.0 }) / 2.0).max(0.0);
    let at = Pos2::new(room.left() + look::STEP, top);
    if let Some(change) = change {
        let x = at.x + value.size().x + look::PAD;
        painter.galley(Pos2::new(x, at.y + value.size().y * 0.62 - change.size().y / 2.0), change, p.strong);
    }
    let under = at + Vec2::new(0.0, value.size().y + look::STEP);
    let foot = under.y + what.size().y;
    painter.galley(at, value, p.strong);
    painter.galley(under, what, p.faint);
    let from = foot + look::GAP;
    let spark = with_spark.then(|| Rect::from_x_y_ranges(room.x_range(), from..=from + spark));
    Some((room.with_max_y(foot.min(room.bottom())), spark))
}
