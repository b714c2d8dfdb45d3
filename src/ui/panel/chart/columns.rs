//! The mark and the columns of a figure in a form, where there is no line of pickers above it.

use eframe::egui::{ScrollArea, Ui};

use crate::figure::name::display;
use crate::figure::{MARKS, Settings};
use crate::ui::chart::Shown;
use crate::ui::look;
use crate::ui::widget::pick::{MOST, list_ui, words_ui};

/// The height of the list of measures, rows.
const ROWS: f32 = 4.0;

/// How the figure is drawn.
pub(super) fn mark_ui(ui: &mut Ui, shown: &Shown, settings: &mut Settings) {
    let title = MARKS.iter().find(|mark| mark.name == shown.mark).map_or("", |mark| mark.title);
    if let Some(picked) = words_ui(ui, title, MARKS.iter().map(|mark| mark.title))
        && let Some(mark) = MARKS.iter().find(|mark| mark.title == picked)
    {
        mark.name.clone_into(&mut settings.mark);
    }
}

/// Which columns lie along x and y, and which one splits the series.
pub(super) fn columns_ui(ui: &mut Ui, shown: &Shown, columns: &[String], settings: &mut Settings) {
    const NO_SPLIT: &str = "no split";
    let titled = || columns.iter().map(|name| (name.as_str(), display(name)));
    ui.label(look::faint("Along x", ui));
    if let Some(x) = list_ui(ui, "x", shown.x.as_deref().unwrap_or_default(), titled()) {
        settings.x = Some(x);
    }
    ui.label(look::faint("Measures", ui));
    ScrollArea::vertical().id_salt("y").max_height(ROWS * look::ROW).auto_shrink([false, true]).show(ui, |ui| {
        for name in columns.iter().take(MOST) {
            let mut on = shown.y.contains(name);
            if ui.checkbox(&mut on, display(name)).changed() {
                let kept = shown.y.iter().filter(|other| *other != name).cloned();
                settings.y = Some(kept.chain(on.then(|| name.clone())).collect());
            }
        }
    });
    ui.label(look::faint("A series for each value of", ui));
    let none = std::iter::once((NO_SPLIT, NO_SPLIT.to_owned()));
    if let Some(split) = list_ui(ui, "split", shown.split.as_deref().unwrap_or(NO_SPLIT), none.chain(titled())) {
        settings.split = Some(if split == NO_SPLIT { String::new() } else { split });
    }
}
