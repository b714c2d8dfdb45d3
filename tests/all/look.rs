//! Colours of the window: every text can be read on every ground that it stands on.

use braid::ui::look::{DARK, LIGHT};
use eframe::egui::Color32;

fn luminance(color: Color32) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.039_28 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
}

/// As WCAG counts it.
fn contrast(a: Color32, b: Color32) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn texts_stand_out_from_their_grounds() {
    for (theme, p) in [("dark", &DARK), ("light", &LIGHT)] {
        let pairs = [
            ("text", p.text, vec![p.panel, p.ground, p.field, p.raised, p.hover, p.accent_soft]),
            ("faint", p.faint, vec![p.panel, p.ground, p.field, p.raised, p.hover, p.accent_soft]),
            ("accent", p.accent, vec![p.panel, p.ground, p.accent_soft]),
            ("on accent", p.on_accent, vec![p.accent]),
            ("live", p.live, vec![p.panel, p.live_soft]),
            ("warn", p.warn, vec![p.panel, p.warn_soft]),
            ("error", p.error, vec![p.panel, p.error_soft]),
        ];
        for (name, color, grounds) in pairs {
            for ground in grounds {
                let found = contrast(color, ground);
                assert!(found >= 4.5, "{theme}: {name} on {ground:?} is {found:.2}");
            }
        }
    }
}
