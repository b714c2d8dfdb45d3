//! The menu of a thing: at a right click, or, of what has the keyboard's focus, at the menu key.

use eframe::egui::{Key, Modifiers, Popup, Response, SetOpenCommand, Ui};

/// Where it opens: at the pointer, or below the thing.
pub fn popup(response: &Response) -> Popup<'_> {
    popup_of(response, response.has_focus())
}

/// The same for a thing that does not have the focus itself: `chosen` says whether the key is meant for it.
pub fn popup_of(response: &Response, chosen: bool) -> Popup<'_> {
    let ctx = &response.ctx;
    let by_key = response.id.with("menu by key");
    let keyed = chosen
        && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Menu) || i.consume_key(Modifiers::SHIFT, Key::F10));
    if keyed || response.secondary_clicked() {
        ctx.data_mut(|d| d.insert_temp(by_key, keyed));
    }
    if ctx.data(|d| d.get_temp::<bool>(by_key)).unwrap_or(false) {
        Popup::menu(response).open_memory(keyed.then_some(SetOpenCommand::Bool(true)))
    } else {
        Popup::context_menu(response)
    }
}

pub fn menu_ui(response: &Response, content: impl FnOnce(&mut Ui)) {
    popup(response).show(content);
}
