//! The form for a feed: its fields come from what the chosen kind declares; the connection can be tested first.

use eframe::egui::{self, Align, Context, Grid, Label, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::grid;
use crate::data::Fault;
use crate::source::live::url::shown;
use crate::source::live::{FeedSetting, LIVE_KINDS, LiveKind, Origin, SettingKind};
use crate::ui::action::{Action, FeedAction};
use crate::ui::feed::{FeedDraft, FeedForm};
use crate::ui::widget::buttons;
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::numbers;
use crate::ui::widget::pick::pick_ui;
use crate::ui::{App, focus, look, wording};

const WIDTH: f32 = 640.0;
const TALL: f32 = 460.0;
/// Above and below the fields: the title, the buttons and the window's edge.
const AROUND: f32 = 200.0;
/// A separator with the space around it.
const SEPARATOR: f32 = 14.0;

pub fn feed_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some(form) = &app.feed else { return };
    let into = form.draft.into.and_then(|id| app.sheet_of(id));
    let replaces = form.draft.replaces.as_deref();
    let title = match (into, replaces) {
        (_, Some(url)) => format!("Settings of {}", shown(url)),
        (Some(sheet), None) => format!("Attach a feed to {}", sheet.table.name),
        (None, None) => "Connect a feed".to_owned(),
    };
    let mut close = false;
    let closed = modal_ui(ctx, &title, WIDTH, |ui| {
        let mut draft = form.draft.clone();
        // Of one height for all kinds, so that nothing jumps away from under the pointer.
        let tall = (ctx.content_rect().height() - AROUND).clamp(160.0, TALL);
        // What the test says stands above its button: it must be seen without scrolling.
        let said = said_height(form, tall);
        let tall = tall - said;
        ScrollArea::vertical().auto_shrink([false, false]).max_height(tall).min_scrolled_height(tall).show(ui, |ui| {
            // Nothing touches the scroll bar.
            ui.set_max_width(ui.available_width() - look::PAD);
            kinds_ui(ui, &mut draft);
            if let Some(kind) = draft.live_kind() {
                fields_ui(ui, kind, &mut draft, actions);
            }
            ui.add_space(look::GAP);
            ui.add(Label::new(look::faint(shown(&draft.url()), ui)).wrap());
            focus::keep_in_sight(ui);
        });
        if said > 0.0 {
            ui.separator();
            // As high as it was measured, whatever it says, so that the buttons stay where they are.
            ui.allocate_ui(vec2(ui.available_width(), said - SEPARATOR), |ui| {
                ui.set_min_height(said - SEPARATOR);
                ui.set_max_height(said - SEPARATOR);
                test_ui(ui, form, actions);
            });
        }
        if draft != form.draft {
            actions.push(Action::Feed(FeedAction::Edit(Box::new(draft))));
        }
        close = footer_ui(ui, "What is filled in stays until it is connected", |ui| {
            let add = match into {
                Some(_) if replaces.is_some() => "Connect anew".to_owned(),
                Some(sheet) => format!("Attach to {}", sheet.table.name),
                None => "Add as table".to_owned(),
            };
            if buttons::primary_ui(ui, &add).clicked() {
                actions.push(Action::Feed(FeedAction::Add));
            }
            if ui.add_enabled(form.test.is_none(), egui::Button::new("Test connection")).clicked() {
                actions.push(Action::Feed(FeedAction::Test));
            }
            let filled = replaces.is_none() && form.draft != FeedDraft::new(form.draft.into);
            if filled && buttons::quiet_ui(ui, "Clear").on_hover_text("Empty all fields").clicked() {
                actions.push(Action::Feed(FeedAction::Clear));
            }
        });
    });
    if closed || close {
        actions.push(Action::Feed(FeedAction::Close));
    }
}

fn kinds_ui(ui: &mut Ui, draft: &mut FeedDraft) {
    ui.horizontal_wrapped(|ui| {
        for (i, kind) in LIVE_KINDS.iter().enumerate() {
            if buttons::choice_ui(ui, draft.kind == i, kind.title).on_hover_text(kind.about).clicked()
                && draft.kind != i
            {
                draft.choose(i);
            }
        }
    });
    if let Some(kind) = draft.live_kind() {
        let waits = if kind.can_wait {
            "It waits while the engine is busy."
        } else {
            "It cannot wait: what overflows is dropped and counted."
        };
        ui.add(Label::new(look::faint(format!("{} {waits}", kind.about), ui)).wrap());
    }
    ui.add_space(look::GAP);
}

fn fields_ui(ui: &mut Ui, kind: &'static LiveKind, draft: &mut FeedDraft, actions: &mut Vec<Action>) {
    Grid::new(("feed fields", draft.kind)).num_columns(2).spacing([look::PAD, look::STEP + 2.0]).show(ui, |ui| {
        if draft.into.is_none() {
            ui.label("Name");
            let hint = FeedDraft { name: String::new(), ..draft.clone() }.table_name();
            ui.add(TextEdit::singleline(&mut draft.name).hint_text(hint).desired_width(f32::INFINITY))
                .accessible_name("Name of the table");
            ui.end_row();
        }
        ui.label("Address");
        ui.horizontal(|ui| {
            if kind.schemes.len() > 1 {
                let picked = pick_ui(ui, "Scheme", &draft.scheme, 72.0, kind.schemes.iter().copied());
                draft.scheme = picked.unwrap_or_else(|| draft.scheme.clone());
            }
            let of_file = matches!(kind.origin, Origin::GrowingFile | Origin::WholeFile);
            let mut target = draft.target.clone();
            let hint = kind.example_target();
            if path_ui(ui, "Address", hint, &mut target, of_file.then_some(FeedAction::Browse(None)), actions) {
                draft.paste(&target);
            }
        });
        ui.end_row();
        for setting in kind.all_settings() {
            ui.vertical(|ui| {
                // In line with the field, not with what stands below it.
                ui.add_space(look::STEP);
                ui.add(Label::new(setting.name).extend()).on_hover_text(setting.about);
            });
            ui.vertical(|ui| setting_ui(ui, setting, draft, actions));
            ui.end_row();
        }
    });
}

/// The field of a setting, as its kind wants it, over what there is to say of it.
fn setting_ui(ui: &mut Ui, setting: &'static FeedSetting, draft: &mut FeedDraft, actions: &mut Vec<Action>) {
    let mut value = draft.params.get(setting.name).cloned().unwrap_or_default();
    let changed = match setting.kind {
        SettingKind::Flag => {
            let mut on = if value.is_empty() { setting.default == "true" } else { value == "true" };
            let changed = ui.checkbox(&mut on, "").accessible_name(setting.name).changed();
            value = on.to_string();
            changed
        }
        SettingKind::Choice(words) => {
            let shown = if value.is_empty() { setting.default } else { value.as_str() };
            let choices = std::iter::once(setting.default).chain(words.iter().copied());
            let picked = pick_ui(ui, setting.name, shown, 220.0, choices);
            picked.inspect(|picked| value.clone_from(picked)).is_some()
        }
        SettingKind::Path => {
            let browse = Some(FeedAction::Browse(Some(setting.name)));
            ui.horizontal(|ui| path_ui(ui, setting.name, setting.default, &mut value, browse, actions)).inner
        }
        SettingKind::Text | SettingKind::Number(_) | SettingKind::Duration | SettingKind::Secret => {
            let field = TextEdit::singleline(&mut value).hint_text(setting.default).desired_width(f32::INFINITY);
            ui.add(field).accessible_name(setting.name).changed()
        }
    };
    let written = value.trim();
    if written.is_empty() || setting.kind.takes(written) {
        ui.add(Label::new(look::faint(setting.about, ui)).truncate());
    } else {
        let text = format!("This takes {}", setting.kind.wanted());
        ui.label(RichText::new(text).size(look::SMALL).color(look::palette(ui).warn));
    }
    if changed {
        draft.set(setting, value);
    }
}

/// A field for a path or an address, with a button for the system's dialog where one is of use; whether it was changed.
fn path_ui(
    ui: &mut Ui,
    name: &str,
    hint: &str,
    text: &mut String,
    browse: Option<FeedAction>,
    actions: &mut Vec<Action>,
) -> bool {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if let Some(browse) = browse
            && ui.button("Browse…").accessible_name(format!("Browse for {name}")).clicked()
        {
            actions.push(Action::Feed(browse));
        }
        let field = TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY);
        ui.add(field).accessible_name(name).changed()
    })
    .inner
}

/// How much room the connection test has for what it says.
fn said_height(form: &FeedForm, tall: f32) -> f32 {
    SEPARATOR
        + match (&form.test, &form.tested) {
            (Some(_), _) => look::ROW,
            (None, Some((_, Ok(_)))) => (tall * 0.45).clamp(4.0 * look::ROW, 8.0 * look::ROW),
            (None, Some((_, Err(_)))) => 3.0 * look::ROW,
            (None, None) => return 0.0,
        }
}

/// What the connection test says, while it runs and after.
fn test_ui(ui: &mut Ui, form: &FeedForm, actions: &mut Vec<Action>) {
    if let Some((url, job)) = &form.test {
        ui.horizontal(|ui| {
            ui.spinner();
            let progress = job.progress();
            let text = if progress.note.is_empty() {
                format!("Waiting for the first rows of {}", shown(url))
            } else {
                progress.note
            };
            ui.add(Label::new(text).truncate());
        });
        return;
    }
    match &form.tested {
        None => {}
        Some((_, Err(fault))) => {
            ScrollArea::vertical().id_salt("fault").auto_shrink([false, true]).show(ui, |ui| fault_ui(ui, fault));
        }
        Some((url, Ok(preview))) => {
            let p = look::palette(ui);
            let rows = numbers::counted(preview.rows.height() as u64, "row");
            let text = if *url == form.draft.url() {
                format!("Connected. The first {rows}:")
            } else {
                format!("The address has changed since. {rows} of {}:", shown(url))
            };
            ui.add(Label::new(RichText::new(text).color(p.live)).truncate());
            ui.push_id("preview", |ui| grid::frame_ui(ui, &preview.rows, actions));
        }
    }
}

/// A fault inside a form.
pub fn fault_ui(ui: &mut Ui, fault: &Fault) {
    let p = look::palette(ui);
    ui.add(Label::new(RichText::new(wording::what(fault)).color(p.error)).wrap());
    let hint = wording::hint(fault);
    let second =
        [fault.place.as_str(), hint.as_str()].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" · ");
    if !second.is_empty() {
        ui.add(Label::new(look::faint(second, ui)).wrap());
    }
}
