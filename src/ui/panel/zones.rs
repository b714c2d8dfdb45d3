//! Choosing the zone in which times are shown: a menu in the top bar, and a pane with all zones.

use std::time::{SystemTime, UNIX_EPOCH};

use eframe::egui::{Context, Id, Key, ScrollArea, TextEdit, Ui};

use crate::data::zone::Zone;
use crate::ui::action::{Action, AppAction, Pane};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::{App, look};

/// Zones that are listed at once.
const SHOWN: f32 = 12.0;

/// Says the zone wherever times are on screen.
pub fn menu_ui(ui: &mut Ui, zone: Zone, actions: &mut Vec<Action>) {
    ui.menu_button(format!("Times: {zone}"), |ui| {
        let own = Some(zone).filter(|zone| matches!(zone, Zone::Named(_)));
        for choice in [Zone::Utc, Zone::Local].into_iter().chain(own) {
            if ui.radio(choice == zone, words(choice)).clicked() {
                actions.push(Action::App(AppAction::Zone(choice)));
                ui.close();
            }
        }
        if ui.button("Other…").on_hover_text("All zones by their names").clicked() {
            actions.push(Action::App(AppAction::Show(Pane::Zones)));
            ui.close();
        }
    })
    .response
    .on_hover_text("In which zone times are shown and typed; they are kept, asked and exported in UTC");
}

/// Its name, and how far its clocks are from UTC now.
fn words(zone: Zone) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros() as i64);
    match zone {
        Zone::Utc => "UTC".to_owned(),
        Zone::Local => format!("Local time, {}", zone.ahead(now)),
        Zone::Named(_) => format!("{zone}, {}", zone.ahead(now)),
    }
}

/// The zones whose names have all the words that were typed.
fn fitting(text: &str) -> Vec<Zone> {
    let plain = |text: &str| text.to_lowercase().replace('_', " ");
    let wanted: Vec<String> = plain(text).split_whitespace().map(str::to_owned).collect();
    let fits = |zone: &Zone| {
        let name = plain(&zone.to_string());
        wanted.iter().all(|word| name.contains(word))
    };
    Zone::all().filter(fits).collect()
}

pub fn zones_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let id = Id::unique("zones");
    let mut text = ctx.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    let (mut chosen, mut close) = (None, false);
    let closed = modal_ui(ctx, "Times in another zone", 420.0, |ui| {
        let field = TextEdit::singleline(&mut text).hint_text("A city or a region").desired_width(f32::INFINITY);
        let response = ui.add(field).accessible_name("Zone");
        response.request_focus();
        let fitting = fitting(&text);
        ui.add_space(look::GAP);
        let height = SHOWN * (look::ROW + look::STEP);
        let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]);
        list.show_rows(ui, look::ROW, fitting.len().max(1), |ui, seen| {
            for zone in fitting.get(seen).into_iter().flatten() {
                if ui.selectable_label(*zone == app.settings().zone, words(*zone)).clicked() {
                    chosen = Some(*zone);
                }
            }
            if fitting.is_empty() {
                ui.label(look::faint("No zone has these words", ui));
            }
        });
        // Of one that is left alone, its name needs not be clicked.
        if let [zone] = &fitting[..]
            && ui.input(|i| i.key_pressed(Key::Enter))
        {
            chosen = Some(*zone);
        }
        close = footer_ui(ui, "", |_| {});
    });
    if closed || close || chosen.is_some() {
        ctx.data_mut(|d| d.remove::<String>(id));
        actions.push(Action::App(AppAction::Hide));
        actions.extend(chosen.map(|zone| Action::App(AppAction::Zone(zone))));
    } else {
        ctx.data_mut(|d| d.insert_temp(id, text));
    }
}
