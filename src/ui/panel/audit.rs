//! What the self-audit has found, in one line under the answer: quiet while it agrees, loud when it does not.

use std::time::UNIX_EPOCH;

use eframe::egui::{CornerRadius, Frame, Label, Margin, RichText, Ui};

use crate::engine::Snapshot;
use crate::engine::audit::Audit;
use crate::ui::look;
use crate::ui::widget::numbers;

/// The height of the line.
pub const HEIGHT: f32 = look::ROW + 2.0;

pub fn audit_ui(ui: &mut Ui, shown: &Snapshot) {
    let p = look::palette(ui);
    const HINT: &str =
        "In idle time all rows are read again from the files and the recording, counted as one batch, and compared with this answer group by group";
    let Some(audit) = &shown.audit else {
        ui.add(Label::new(look::faint("Not verified yet", ui)).truncate()).on_hover_text(HINT);
        return;
    };
    if audit.differences > 0 {
        Frame::new().fill(p.error_soft).corner_radius(CornerRadius::same(look::ROUND)).inner_margin(Margin::symmetric(8, 2)).show(ui, |ui| {
            let text = RichText::new(told(audit)).strong().color(p.error);
            ui.add(Label::new(text).truncate()).on_hover_text(told(audit));
        });
        return;
    }
    let color = if audit.word.is_some() { p.warn } else { p.live };
    let sign = if audit.word.is_some() { "" } else { "✔ " };
    ui.add(Label::new(RichText::new(format!("{sign}{}", told(audit))).size(look::SMALL).color(color)).truncate())
        .on_hover_text(format!("{HINT}.\nThe last time took {}.", numbers::duration(audit.took.as_secs_f64())));
}

/// What an audit found, in words.
pub fn told(audit: &Audit) -> String {
    let done = audit.at.duration_since(UNIX_EPOCH).ok().and_then(|at| i64::try_from(at.as_secs()).ok()).unwrap_or(0);
    // Without event time, the moment at which it was done stands for what came until then.
    let until = audit.until.map(|at| at.div_euclid(1_000_000)).unwrap_or(done).saturating_mul(1_000_000);
    match (&audit.word, audit.differences) {
        (Some(example), n) if n > 0 => {
            format!("The batch over the recording disagrees in {}: {example}. Please report this.", numbers::counted(n, "group"))
        }
        (Some(why), _) => format!("Not verified: {why}"),
        (None, n) => {
            format!("Verified to {}, {} · {} read again", numbers::time(until), numbers::counted(n, "difference"), numbers::counted(audit.rows, "row"))
        }
    }
}
