//! How Braid looks: every colour, distance and font size of the window stands here. Panels name them, and set none.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle, Theme, Vec2,
    Visuals, vec2,
};

use super::wording;
use crate::data::Fault;
use crate::figure::PointState;

/// The step of all distances.
pub const STEP: f32 = 4.0;
pub const GAP: f32 = 2.0 * STEP;
pub const PAD: f32 = 3.0 * STEP;
pub const ROW: f32 = 6.0 * STEP;
pub const BAR: f32 = 10.0 * STEP;
pub const CARD: Vec2 = vec2(236.0, 96.0);
pub const TEXT: f32 = 13.5;
pub const SMALL: f32 = 12.0;
pub const TITLE: f32 = 17.0;
pub const DISPLAY: f32 = 32.0;
pub const MIN_WINDOW: [f32; 2] = [900.0, 600.0];
/// A window smaller than this has no room for the whole question beside chart and grid.
pub const ROOMY: Vec2 = vec2(1000.0, 640.0);
pub const WINDOW: [f32; 2] = [1280.0, 800.0];
pub const TABLES_WIDTH: f32 = 248.0;
pub const PAGE_WIDTH: f32 = 756.0;
pub const QUESTION_WIDTH: f32 = 420.0;
pub const QUESTION_LEAST: f32 = 280.0;
pub const GRID_HEIGHT: f32 = 196.0;
pub const ROUND: u8 = 6;

/// The colour of a window in this state.
pub fn state_color(state: PointState, p: &Palette) -> Color32 {
    match state {
        PointState::Open => p.live,
        PointState::Final => p.faint,
        PointState::Cut | PointState::Stopped => p.warn,
        PointState::Corrected => p.accent,
    }
}

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    pub ground: Color32,
    pub panel: Color32,
    pub field: Color32,
    pub raised: Color32,
    pub hover: Color32,
    pub pressed: Color32,
    pub line: Color32,
    pub text: Color32,
    pub strong: Color32,
    pub faint: Color32,
    /// The one colour for what is chosen and what comes next.
    pub accent: Color32,
    pub on_accent: Color32,
    pub accent_soft: Color32,
    pub live: Color32,
    pub live_soft: Color32,
    pub warn: Color32,
    pub warn_soft: Color32,
    pub error: Color32,
    pub error_soft: Color32,
    pub shade: Color32,
}

pub static DARK: Palette = Palette {
    ground: Color32::from_rgb(0x12, 0x15, 0x1a),
    panel: Color32::from_rgb(0x19, 0x1d, 0x23),
    field: Color32::from_rgb(0x10, 0x13, 0x17),
    raised: Color32::from_rgb(0x26, 0x2c, 0x34),
    hover: Color32::from_rgb(0x30, 0x37, 0x41),
    pressed: Color32::from_rgb(0x3a, 0x42, 0x4d),
    line: Color32::from_rgb(0x2d, 0x33, 0x3c),
    text: Color32::from_rgb(0xd6, 0xdb, 0xe2),
    strong: Color32::from_rgb(0xf4, 0xf6, 0xf8),
    faint: Color32::from_rgb(0x98, 0xa1, 0xad),
    accent: Color32::from_rgb(0x5a, 0xa5, 0xff),
    on_accent: Color32::from_rgb(0x08, 0x1a, 0x30),
    accent_soft: Color32::from_rgb(0x1d, 0x33, 0x4d),
    live: Color32::from_rgb(0x4c, 0xc3, 0x8a),
    live_soft: Color32::from_rgb(0x17, 0x35, 0x29),
    warn: Color32::from_rgb(0xe6, 0xb0, 0x4d),
    warn_soft: Color32::from_rgb(0x39, 0x2e, 0x17),
    error: Color32::from_rgb(0xf3, 0x7a, 0x70),
    error_soft: Color32::from_rgb(0x3c, 0x20, 0x1f),
    shade: Color32::from_rgba_premultiplied(6, 8, 10, 200),
};

pub static LIGHT: Palette = Palette {
    ground: Color32::from_rgb(0xf5, 0xf6, 0xf8),
    panel: Color32::from_rgb(0xff, 0xff, 0xff),
    field: Color32::from_rgb(0xfa, 0xfb, 0xfc),
    raised: Color32::from_rgb(0xed, 0xf0, 0xf3),
    hover: Color32::from_rgb(0xe2, 0xe6, 0xeb),
    pressed: Color32::from_rgb(0xd3, 0xd9, 0xe0),
    line: Color32::from_rgb(0xdb, 0xe0, 0xe6),
    text: Color32::from_rgb(0x27, 0x2f, 0x3a),
    strong: Color32::from_rgb(0x0d, 0x13, 0x1b),
    faint: Color32::from_rgb(0x5d, 0x68, 0x76),
    accent: Color32::from_rgb(0x1b, 0x66, 0xd6),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    accent_soft: Color32::from_rgb(0xe3, 0xee, 0xfd),
    live: Color32::from_rgb(0x17, 0x7a, 0x4b),
    live_soft: Color32::from_rgb(0xdb, 0xf1, 0xe5),
    warn: Color32::from_rgb(0x8a, 0x5b, 0x00),
    warn_soft: Color32::from_rgb(0xfb, 0xf0, 0xd6),
    error: Color32::from_rgb(0xb9, 0x2f, 0x26),
    error_soft: Color32::from_rgb(0xfb, 0xe4, 0xe2),
    shade: Color32::from_rgba_premultiplied(210, 214, 220, 220),
};

/// The palette of the theme that `visuals` belong to.
pub fn of(visuals: &Visuals) -> &'static Palette {
    if visuals.dark_mode { &DARK } else { &LIGHT }
}

/// The palette that `ui` is painted with.
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    of(ui.visuals())
}

/// Secondary text.
pub fn faint(text: impl Into<String>, ui: &egui::Ui) -> egui::RichText {
    egui::RichText::new(text).size(SMALL).color(palette(ui).faint)
}

/// What is wrong, with what to do about it.
pub fn fault(fault: &Fault, ui: &egui::Ui) -> egui::Label {
    egui::Label::new(egui::RichText::new(wording::fault(fault)).color(palette(ui).error)).wrap()
}

/// Installs the fonts and both themes into a context.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for (theme, palette) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(theme, palette);
            set_metrics(style);
        });
    }
}

/// One text font and one fallback with Chinese, Japanese and Korean glyphs: the same as in exported pictures.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    fonts.font_data.insert("text".to_owned(), Arc::new(FontData::from_static(crate::figure::text::TEXT_FONT)));
    fonts.font_data.insert("cjk".to_owned(), Arc::new(FontData::from_static(crate::figure::text::CJK_FONT)));
    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    proportional.insert(0, "text".to_owned());
    proportional.push("cjk".to_owned());
    fonts.families.entry(FontFamily::Monospace).or_default().push("cjk".to_owned());
    fonts
}

fn set_metrics(style: &mut egui::Style) {
    style.text_styles = [
        (TextStyle::Small, FontId::new(SMALL, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(TEXT, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(TEXT, FontFamily::Proportional)),
        (TextStyle::Heading, FontId::new(TITLE, FontFamily::Proportional)),
        (TextStyle::Monospace, FontId::new(TEXT - 0.5, FontFamily::Monospace)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(GAP, STEP);
    spacing.button_padding = vec2(GAP, STEP);
    spacing.interact_size = vec2(BAR, ROW);
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.combo_width = 96.0;
    spacing.indent = PAD;
    spacing.tooltip_width = 420.0;
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    style.animation_time = 0.1;
}

fn visuals(theme: Theme, p: &Palette) -> Visuals {
    let mut v = theme.default_visuals();
    v.panel_fill = p.panel;
    v.window_fill = p.panel;
    v.window_stroke = Stroke::new(1.0, p.line);
    v.window_corner_radius = CornerRadius::same(ROUND + 4);
    v.menu_corner_radius = CornerRadius::same(ROUND + 2);
    v.extreme_bg_color = p.field;
    v.faint_bg_color = p.ground;
    v.code_bg_color = p.raised;
    v.hyperlink_color = p.accent;
    v.warn_fg_color = p.warn;
    v.error_fg_color = p.error;
    v.weak_text_color = Some(p.faint);
    v.selection.bg_fill = p.accent_soft;
    v.selection.stroke = Stroke::new(1.0, p.accent);
    v.text_cursor.stroke = Stroke::new(1.5, p.accent);
    v.striped = false;
    let radius = CornerRadius::same(ROUND);
    let set = |w: &mut egui::style::WidgetVisuals, fill: Color32, line: Color32, text: Color32| {
        w.bg_fill = fill;
        w.weak_bg_fill = fill;
        w.bg_stroke = Stroke::new(1.0, line);
        w.fg_stroke = Stroke::new(1.0, text);
        w.corner_radius = radius;
        w.expansion = 0.0;
    };
    set(&mut v.widgets.noninteractive, p.panel, p.line, p.text);
    set(&mut v.widgets.inactive, p.raised, p.line, p.text);
    set(&mut v.widgets.hovered, p.hover, p.faint, p.strong);
    set(&mut v.widgets.active, p.pressed, p.accent, p.strong);
    set(&mut v.widgets.open, p.hover, p.line, p.strong);
    v
}
