//! What the self-audit has found, beside the answer: quiet while it agrees, loud when it does not.

use std::time::UNIX_EPOCH;

use eframe::egui::{Color32, CornerRadius, Frame, Label, Margin, Response, RichText, Sense, Stroke, Ui, vec2};

use crate::engine::Snapshot;
use crate::engine::counts::Audit;
use crate::ui::look;
use crate::ui::widget::numbers;

const HINT: &str = "In idle time all rows are read again from the files and the recording, counted as one batch, and \
                    compared with this answer group by group";

/// Where there is less room, a tick says it.
const NARROW: f32 = 400.0;

/// The quiet form: a tick and up to when, or why not.
pub fn quiet_ui(ui: &mut Ui, shown: &Snapshot) {
    let narrow = ui.available_width() < NARROW;
    let p = look::palette(ui);
    let Some(audit) = &shown.audit else {
        ui.add(Label::new(look::faint("Not verified yet", ui)).truncate()).on_hover_text(HINT);
        return;
    };
    if audit.differences > 0 {
        return;
    }
    let proved = audit.word.is_none();
    let color = if proved { p.live } else { p.warn };
    let hint = format!(
        "{HINT}.\n{} read again, in {}.",
        numbers::counted(audit.rows, "row"),
        numbers::duration(audit.took.as_secs_f64())
    );
    if narrow && proved {
        tick_ui(ui, color).on_hover_text(format!("{}\n{hint}", summary(audit)));
        return;
    }
    ui.add(Label::new(RichText::new(summary(audit)).size(look::SMALL).color(color)).truncate()).on_hover_text(hint);
    if proved {
        tick_ui(ui, color);
    }
}

/// The loud form, where the two answers differ.
pub fn loud_ui(ui: &mut Ui, shown: &Snapshot) {
    let Some(audit) = shown.audit.as_ref().filter(|audit| audit.differences > 0) else { return };
    let p = look::palette(ui);
    Frame::new()
        .fill(p.error_soft)
        .corner_radius(CornerRadius::same(look::ROUND))
        .inner_margin(Margin::symmetric(8, 4))
        .show(ui, |ui| {
            let text = RichText::new(summary(audit)).strong().color(p.error);
            ui.add(Label::new(text).wrap()).on_hover_text(HINT);
        });
}

/// The text font has no tick.
fn tick_ui(ui: &mut Ui, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    let at = |x: f32, y: f32| rect.min + vec2(x, y);
    ui.painter().line(vec![at(1.0, 5.5), at(4.0, 8.5), at(9.0, 2.0)], Stroke::new(1.8, color));
    response
}

/// What an audit found, in words.
pub fn summary(audit: &Audit) -> String {
    let done = audit.at.duration_since(UNIX_EPOCH).ok().and_then(|at| i64::try_from(at.as_secs()).ok()).unwrap_or(0);
    let whole = |secs: i64| numbers::time(secs.saturating_mul(1_000_000));
    match (&audit.word, audit.differences) {
        (Some(example), n) if n > 0 => {
            format!(
                "The batch over the recording disagrees in {}: {example}. Please report this.",
                numbers::counted(n, "group")
            )
        }
        (Some(why), _) => format!("Not verified: {why}"),
        // Without event time, the moment at which it was done stands for what had come until then.
        (None, n) => {
            let clock =
                || whole(done).split_once(' ').map_or_else(|| "00:00".to_owned(), |(_, clock)| clock.to_owned());
            let to = audit.until.map_or_else(
                || format!("at {} {} by the clock", clock(), numbers::zone()),
                |at| format!("to event time {}", whole(at.div_euclid(1_000_000))),
            );
            format!("Verified {to}, {}", numbers::counted(n, "difference"))
        }
    }
}
