//! The one text font of every surface and its CJK fallback: measuring, cutting and painting glyph by glyph.
//! plotters' own text knows no fallback, which would make boxes of Chinese.

use std::borrow::Cow;
use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, OutlinedGlyph, PxScale};

/// Roboto, for everything it has a glyph for.
pub const TEXT_FONT: &[u8] = include_bytes!("../../assets/fonts/Roboto-Regular.ttf");
/// Droid Sans Fallback, for the rest: Chinese and Japanese.
pub const CJK_FONT: &[u8] = include_bytes!("../../assets/fonts/DroidSansFallbackFull.ttf");
/// What an SVG asks for; the reader's machine may have only the later ones.
pub const FAMILY: &str =
    "Roboto, 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'Droid Sans Fallback', sans-serif";

/// Height above and below the base line, as a share of the font size (Roboto's own numbers).
pub const ASCENT: f32 = 0.927_734;
pub const DESCENT: f32 = 0.244_141;

const ELLIPSIS: &str = "…";

/// The fonts in the order they are asked. Both are part of the program, so that the list is never empty.
fn chain() -> &'static [FontRef<'static>] {
    static CHAIN: OnceLock<Vec<FontRef<'static>>> = OnceLock::new();
    CHAIN.get_or_init(|| {
        // Backends of plotters' own, which some tests draw on, find the font by its name.
        let _ = plotters::style::register_font(FAMILY, plotters::style::FontStyle::Normal, TEXT_FONT);
        [TEXT_FONT, CJK_FONT].into_iter().filter_map(|bytes| FontRef::try_from_slice(bytes).ok()).collect()
    })
}

/// Makes the text font known to plotters.
pub fn register() {
    chain();
}

/// The first font that has the character, or the first of all (its box) when none has.
fn glyph(c: char) -> Option<(&'static FontRef<'static>, GlyphId)> {
    let fonts = chain();
    fonts
        .iter()
        .map(|font| (font, font.glyph_id(c)))
        .find(|(_, id)| id.0 != 0)
        .or_else(|| fonts.first().map(|font| (font, font.glyph_id(c))))
}

/// True when one of the fonts can show the character.
pub fn covers(c: char) -> bool {
    glyph(c).is_some_and(|(_, id)| id.0 != 0)
}

/// What ab_glyph calls a scale (the height of a line) for a font size (the height of an em).
fn scale(font: &FontRef<'static>, size: f32) -> PxScale {
    PxScale::from(size * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0))
}

fn advance(c: char) -> f32 {
    glyph(c).map_or(0.0, |(font, id)| font.h_advance_unscaled(id) / font.units_per_em().unwrap_or(1000.0))
}

/// Width of a line of text in the unit of `size`.
pub fn width(text: &str, size: f32) -> f32 {
    text.chars().map(advance).sum::<f32>() * size
}

/// Height of a line of text in the unit of `size`.
pub fn height(size: f32) -> f32 {
    (ASCENT + DESCENT) * size
}

/// The text, or as much of it as fits with an ellipsis; empty when not even that fits.
pub fn fit(text: &str, size: f32, room: f32) -> Cow<'_, str> {
    if width(text, size) <= room {
        return Cow::Borrowed(text);
    }
    let mut left = room - width(ELLIPSIS, size);
    if left < 0.0 {
        return Cow::Borrowed("");
    }
    let mut cut = String::new();
    for c in text.chars() {
        left -= advance(c) * size;
        if left < 0.0 {
            break;
        }
        cut.push(c);
    }
    let mut cut = cut.trim_end().to_owned();
    cut.push_str(ELLIPSIS);
    Cow::Owned(cut)
}

/// One line without characters that a surface cannot show or an XML file may not hold.
pub fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}');
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if bad(c) { ' ' } else { c }).collect())
}

/// Calls `ink(x, y, coverage)` for each pixel that the text touches, with the base line beginning at `(x, y)`.
/// Everything is in pixels; the base line is set on a whole pixel, which keeps stems and feet sharp.
pub fn paint(text: &str, size: f32, (x, y): (f32, f32), mut ink: impl FnMut(i32, i32, f32)) {
    let mut pen = x;
    for c in text.chars() {
        let Some((font, id)) = glyph(c) else { continue };
        let scale = scale(font, size);
        let at = ab_glyph::point(pen, y.round());
        if let Some(outline) = font.outline(id) {
            let factor = ab_glyph::PxScaleFactor {
                horizontal: scale.x / font.height_unscaled(),
                vertical: scale.y / font.height_unscaled(),
            };
            let outlined = OutlinedGlyph::new(id.with_scale_and_position(scale, at), outline, factor);
            let bounds = outlined.px_bounds();
            let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
            outlined.draw(|gx, gy, coverage| ink(left + gx as i32, top + gy as i32, coverage.clamp(0.0, 1.0)));
        }
        pen += advance(c) * size;
    }
}

/// True when the text font alone can write `text`; else some of it comes from the fallback.
pub fn is_plain(text: &str) -> bool {
    chain().first().is_some_and(|font| text.chars().all(|c| font.glyph_id(c).0 != 0))
}

/// The outlines of `text` as the data of an SVG path, from its baseline at (x, y) on.
pub fn outlines(text: &str, size: f32, (x, y): (f32, f32)) -> String {
    let mut path = String::new();
    let mut pen = x;
    for c in text.chars() {
        let Some((font, id)) = glyph(c) else { continue };
        let factor = scale(font, size).y / font.height_unscaled();
        // Fonts count upwards, pictures downwards; a hundredth of a point is fine enough.
        let at = |p: ab_glyph::Point| format!("{:.2} {:.2}", pen + p.x * factor, y - p.y * factor);
        let mut end = None;
        for curve in font.outline(id).map(|o| o.curves).unwrap_or_default() {
            let (from, to, step) = match curve {
                OutlineCurve::Line(a, b) => (a, b, format!("L{}", at(b))),
                OutlineCurve::Quad(a, b, c) => (a, c, format!("Q{} {}", at(b), at(c))),
                OutlineCurve::Cubic(a, b, c, d) => (a, d, format!("C{} {} {}", at(b), at(c), at(d))),
            };
            if end != Some(from) {
                path.push_str(&format!("M{}", at(from)));
            }
            path.push_str(&step);
            end = Some(to);
        }
        pen += advance(c) * size;
    }
    path
}
