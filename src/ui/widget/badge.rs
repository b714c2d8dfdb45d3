//! A word in a soft box: History, Live.

use eframe::egui::{Align2, Color32, CornerRadius, FontFamily, FontId, Response, Role, Sense, Ui, WidgetInfo, vec2};

use crate::ui::look;

/// What a badge means, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Accent,
    Live,
    Warn,
    Error,
}

impl Tone {
    /// Text and ground.
    pub fn colors(self, ui: &Ui) -> (Color32, Color32) {
        let p = look::palette(ui);
        match self {
            Self::Plain => (p.faint, p.raised),
            Self::Accent => (p.accent, p.accent_soft),
            Self::Live => (p.live, p.live_soft),
            Self::Warn => (p.warn, p.warn_soft),
            Self::Error => (p.error, p.error_soft),
        }
    }
}

pub fn badge_ui(ui: &mut Ui, text: &str, tone: Tone) -> Response {
    let (color, ground) = tone.colors(ui);
    let font = FontId::new(look::SMALL - 1.0, FontFamily::Proportional);
    let width = ui.painter().layout_no_wrap(text.to_owned(), font.clone(), color).size().x;
    let (rect, response) = ui.allocate_exact_size(vec2(width + 2.0 * 6.0, 18.0), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(9), ground);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, font, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// A small round light.
pub fn dot_ui(ui: &mut Ui, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, color);
    response
}
