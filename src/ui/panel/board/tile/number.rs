//! A big number: the newest value, how it changed, and a line of the values before it.

use eframe::egui::{self, FontId, Pos2, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo};

use crate::ui::board::Number;
use crate::ui::look;

/// The newest value, large, over the values before it.
pub fn number_ui(ui: &mut Ui, number: Option<&Number>, room: Rect) {
    let p = look::palette(ui);
    let Some(number) = number else {
        ui.centered_and_justified(|ui| ui.label(look::faint("The answer has no number", ui)));
        return;
    };
    let painter = ui.painter().clone();
    let line = |text: String, size: f32, color| painter.layout_no_wrap(text, FontId::proportional(size), color);
    let wide = room.width() - 2.0 * look::STEP;
    let change = number.change.map(|change| {
        // More or less is neither good nor bad: that is the reader's to say.
        let sign = if change < 0.0 { "−" } else { "+" };
        let words = match change.abs() {
            size if size < 0.0005 => "±0 %".to_owned(),
            size if size >= 10.0 => format!("× {}", crate::ui::widget::numbers::brief((change + 1.0).round())),
            size => format!("{sign}{:.1} %", size * 100.0),
        };
        line(words, look::TEXT, p.faint)
    });
    let beside = change.as_ref().map_or(0.0, |change| change.size().x + look::PAD);
    // As large as there is room for it.
    let high = (room.height() * 0.3).clamp(look::TITLE, look::DISPLAY * 1.6);
    let mut value = line(number.text.clone(), high, p.strong);
    if value.size().x + beside > wide {
        let size = (high * (wide - beside).max(wide / 2.0) / value.size().x).max(look::TEXT);
        value = line(number.text.clone(), size, p.strong);
    }
    let what = if number.at.is_empty() { number.of.clone() } else { format!("{} · {}", number.of, number.at) };
    let what = line(if number.open { format!("{what} · open") } else { what }, look::SMALL, p.faint);
    let words = value.size().y + look::STEP + what.size().y;
    let spark = (room.height() - words - look::PAD).min(room.height() * 0.45);
    let with_spark = spark >= 16.0 && number.spark.len() > 1;
    let top = room.top() + ((room.height() - words - if with_spark { spark + look::GAP } else { 0.0 }) / 2.0).max(0.0);
    let at = Pos2::new(room.left() + look::STEP, top);
    if let Some(change) = change {
        let x = at.x + value.size().x + look::PAD;
        painter.galley(Pos2::new(x, at.y + value.size().y * 0.62 - change.size().y / 2.0), change, p.strong);
    }
    let under = at + Vec2::new(0.0, value.size().y + look::STEP);
    painter.galley(at, value, p.strong);
    painter.galley(under, what.clone(), p.faint);
    if with_spark {
        let from = under.y + what.size().y + look::GAP;
        spark_ui(ui, &number.spark, Rect::from_x_y_ranges(room.x_range().shrink(look::STEP), from..=from + spark));
    }
    let label = format!("{}: {}", number.of, number.text);
    let response = ui.allocate_rect(room, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &label));
    response.on_hover_text(&number.exact);
}

/// A line of the last values, without axes.
fn spark_ui(ui: &Ui, values: &[Option<f64>], room: Rect) {
    let known = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    if values.len() < 2 || least > most || room.height() < 8.0 {
        return;
    }
    let span = if most > least { most - least } else { 1.0 };
    let at = |(i, value): (usize, f64)| {
        let x = room.left() + room.width() * i as f32 / (values.len() - 1) as f32;
        Pos2::new(x, room.bottom() - room.height() * ((value - least) / span) as f32)
    };
    let stroke = Stroke::new(1.5, look::palette(ui).accent);
    // A value that is missing breaks the line.
    let mut run: Vec<Pos2> = Vec::new();
    for (i, value) in values.iter().enumerate() {
        match value.filter(|value| value.is_finite()) {
            Some(value) => run.push(at((i, value))),
            None => {
                ui.painter().line(std::mem::take(&mut run), stroke);
            }
        }
    }
    ui.painter().line(run, stroke);
}
