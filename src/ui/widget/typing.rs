//! What of a form's changes is one step: a text that is typed, a value that is dragged.

use eframe::egui::{Id, Ui};

/// Whether a change goes on with the one before: it comes from the field that made that one, which was not left since.
/// To be asked in every frame that the form is shown in, `changed` or not.
pub fn goes_on(ui: &Ui, changed: bool) -> bool {
    let key = ui.scope_id().with("typing");
    let at = ui.ctx().memory(|memory| memory.focused()).or(ui.ctx().dragged_id());
    let before = ui.data(|d| d.get_temp::<Id>(key)).filter(|before| Some(*before) == at);
    ui.data_mut(|d| match at.filter(|_| changed || before.is_some()) {
        Some(at) => _ = d.insert_temp(key, at),
        None => d.remove::<Id>(key),
    });
    before.is_some()
}
