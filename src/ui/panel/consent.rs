//! The dialog that asks whether setups saved elsewhere may connect to their hosts.

use eframe::egui::{Context, Label, RichText, ScrollArea};

use crate::ui::action::{Action, ConsentAction};
use crate::ui::widget::buttons;
use crate::ui::widget::modal::modal_ui;
use crate::ui::{App, look};
use crate::workspace::TableSetup;

const WIDTH: f32 = 560.0;
const LIST_HEIGHT: f32 = 220.0;

pub fn consent_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let consent = app.consent();
    if consent.waiting().is_empty() {
        return;
    }
    let closed = modal_ui(ctx, "Connect to these hosts?", WIDTH, |ui| {
        let p = look::palette(ui);
        let why = "This was not saved on this machine. Nothing is opened, and nothing is sent, before you agree to \
                   the machines that it connects to.";
        ui.add(Label::new(RichText::new(why).color(p.faint)).wrap());
        ui.add_space(look::GAP);
        ScrollArea::vertical().max_height(LIST_HEIGHT).show(ui, |ui| {
            for host in consent.hosts() {
                ui.add(Label::new(RichText::new(&host).strong()).truncate());
                for setup in consent.waiting().iter().filter(|setup| setup.hosts().contains(&host)) {
                    ui.add(Label::new(look::faint(format!("{}: {}", setup.name, setup.origin()), ui)).truncate());
                }
                ui.add_space(look::STEP);
            }
        });
        ui.add_space(look::GAP);
        ui.horizontal(|ui| {
            if buttons::primary_ui(ui, "Connect").on_hover_text("These hosts are not asked about again").clicked() {
                actions.push(Action::Consent(ConsentAction::Connect));
            }
            let files = consent.waiting().iter().any(|setup: &TableSetup| !setup.paths.is_empty());
            if files && ui.button("Open without feeds").clicked() {
                actions.push(Action::Consent(ConsentAction::WithoutFeeds));
            }
            if ui.button("Do not open").clicked() {
                actions.push(Action::Consent(ConsentAction::Leave));
            }
        });
    });
    if closed {
        actions.push(Action::Consent(ConsentAction::Leave));
    }
}
