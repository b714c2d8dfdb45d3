//! The window of a question as a form: its kind, its lengths, and the column it goes over.

use eframe::egui::Ui;

use super::form::{FieldChange, text_ui};
use crate::query::Form;
use crate::query::form::{WindowForm, WindowKind};
use crate::query::window::{months_in, parse_interval};
use crate::ui::question::Written;
use crate::ui::widget::chip::chip_ui;
use crate::ui::widget::names::bare;
use crate::ui::widget::pick::{list_ui, words_ui};
use crate::ui::{first, look, wording};

pub fn time_window_ui(ui: &mut Ui, form: &mut Form, written: Written<'_>, edit: &mut FieldChange) {
    let Some(window) = &mut form.window else { return };
    let mut remove = false;
    let text = chip_text(window);
    chip_ui(ui, &text, &format!("Window {text}"), |ui| {
        form_ui(ui, window, written, edit);
        ui.separator();
        if ui.button("Remove the window").clicked() {
            remove = true;
            ui.close();
        }
    });
    if remove {
        if let Some(gone) = form.window.take() {
            form.order.retain(|(by, _)| *by != gone.alias);
        }
        edit.done();
    }
}

fn chip_text(window: &WindowForm) -> String {
    let WindowForm { kind, time, size, slide, offset, .. } = window;
    let time = bare(time);
    let text = match kind {
        WindowKind::Tumble => format!("{time} every {size}"),
        WindowKind::Hop => format!("{time}: {size}, every {slide}"),
        WindowKind::Session => format!("{time}: sessions, gap {size}"),
    };
    if offset.is_empty() || *kind == WindowKind::Session { text } else { format!("{text}, offset {offset}") }
}

fn form_ui(ui: &mut Ui, window: &mut WindowForm, written: Written<'_>, edit: &mut FieldChange) {
    ui.label(look::faint("Kind of window", ui));
    if let Some(picked) = words_ui(ui, window.kind.word(), WindowKind::ALL.iter().map(|kind| kind.word())) {
        choose(window, &picked);
        edit.done();
    }
    ui.add(eframe::egui::Label::new(look::faint(window.kind.about(), ui)).wrap());
    let size = if window.kind == WindowKind::Session { "Gap" } else { "Window size" };
    ui.label(look::faint(size, ui));
    if let Some(picked) = words_ui(ui, &window.size, first::sizes()) {
        window.size = picked;
        edit.done();
    }
    let by_months = window.kind == WindowKind::Tumble && months_in(&window.size).is_some_and(|months| months > 0);
    let name = format!("{size} as text");
    if by_months {
        text_ui(ui, &name, "15 minutes", &mut window.size, edit);
    } else {
        span_ui(ui, &name, "15 minutes", &mut window.size, edit);
    }
    if window.kind == WindowKind::Hop {
        ui.label(look::faint("Slide: a window begins every", ui));
        span_ui(ui, "Slide", "5 minutes", &mut window.slide, edit);
    }
    if window.kind != WindowKind::Session {
        ui.label(look::faint("Offset: windows begin later by", ui));
        span_ui(ui, "Offset", "nothing", &mut window.offset, edit);
    }
    ui.label(look::faint("Over", ui));
    let times: Vec<String> =
        written.columns().iter().filter(|(_, t)| t.is_temporal()).map(|(n, _)| first::name(n)).collect();
    if let Some(picked) = list_ui(ui, "Window column", &window.time, times.iter().map(|t| (t.as_str(), bare(t)))) {
        window.time = picked;
        edit.done();
    }
}

/// Another kind; a hop needs a slide, and begins with half of its size.
fn choose(window: &mut WindowForm, word: &str) {
    window.kind = WindowKind::ALL.iter().copied().find(|kind| kind.word() == word).unwrap_or_default();
    if window.kind == WindowKind::Hop && parse_interval(&window.slide).is_err() {
        let half = parse_interval(&window.size).map(|size| size / 2).unwrap_or(0);
        window.slide =
            if half >= 1_000_000 && half % 1_000_000 == 0 { seconds(half / 1_000_000) } else { window.size.clone() };
    }
}

/// So many seconds, in the largest unit that says them in a whole number.
fn seconds(n: i64) -> String {
    const UNITS: &[(i64, &str)] = &[(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, name) = UNITS.iter().copied().find(|(size, _)| n % size == 0).unwrap_or((1, "second"));
    let count = n / size;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

/// A length of time as text; what cannot be read is said below it.
fn span_ui(ui: &mut Ui, name: &str, hint: &str, text: &mut String, edit: &mut FieldChange) {
    text_ui(ui, name, hint, text, edit);
    if !text.trim().is_empty()
        && let Err(fault) = parse_interval(text)
    {
        let p = look::palette(ui);
        ui.add(
            eframe::egui::Label::new(
                eframe::egui::RichText::new(wording::what(&fault)).size(look::SMALL).color(p.warn),
            )
            .wrap(),
        );
    }
}
