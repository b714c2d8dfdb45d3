//! The first page: one sentence, and everything that can be begun with one click.

use eframe::egui::{
    self, Align, Button, Context, CornerRadius, Label, Layout, RichText, Role, ScrollArea, Stroke, Ui, UiBuilder,
    WidgetInfo,
};

use crate::ui::action::{Action, AppAction, FeedAction, OpenAction};
use crate::ui::widget::buttons;
use crate::ui::{App, look};
use crate::workspace::SAMPLES;

pub fn welcome_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let width = look::PAGE_WIDTH.min(ui.available_width() - 2.0 * look::PAD);
        let margin = ((ui.available_width() - width) / 2.0).max(look::PAD);
        ui.add_space((ui.available_height() * 0.12).max(look::PAD));
        ui.horizontal_top(|ui| {
            ui.add_space(margin);
            ui.allocate_ui_with_layout(egui::vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                page_ui(ui, app, actions)
            });
        });
    });
}

fn page_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    ui.label(RichText::new("Braid").size(look::DISPLAY).strong().color(p.strong));
    ui.add_space(look::STEP);
    ui.add(
        Label::new(
            RichText::new(
                "Ask one question of your files and your live feeds, and watch one exact answer while the data arrive.",
            )
            .size(look::TITLE)
            .color(p.faint),
        )
        .wrap(),
    );
    ui.add_space(2.0 * look::PAD);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(look::PAD, look::PAD);
        for sample in SAMPLES {
            if card_ui(ui, sample.title, sample.about) {
                actions.push(Action::Open(OpenAction::Sample(sample)));
            }
        }
        if card_ui(ui, "Open…", "CSV, TSV, JSON, Parquet or Arrow files, plain or compressed") {
            actions.push(Action::Open(OpenAction::PickFiles));
        }
        if card_ui(ui, "Open a folder…", "All files of a folder; those with the same columns become one table") {
            actions.push(Action::Open(OpenAction::PickFolder));
        }
        if card_ui(ui, "Connect a feed…", "Kafka, a WebSocket, a growing file, or a file replayed as if it were live")
        {
            actions.push(Action::Feed(FeedAction::Begin(None)));
        }
    });
    ui.add_space(look::PAD);
    ui.label(look::faint("Or drop a file or a folder anywhere in this window.", ui));
    if !app.settings.recent.is_empty() {
        recent_ui(ui, app, actions);
    }
}

/// A large button with a title and a sentence.
fn card_ui(ui: &mut Ui, title: &str, about: &str) -> bool {
    let p = look::palette(ui);
    let (rect, response) = ui.allocate_exact_size(look::CARD, egui::Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, title));
    let (fill, line) = if response.hovered() || response.has_focus() { (p.hover, p.accent) } else { (p.panel, p.line) };
    ui.painter().rect(
        rect,
        CornerRadius::same(look::ROUND + 4),
        fill,
        Stroke::new(1.0, line),
        egui::StrokeKind::Inside,
    );
    let inner = rect.shrink2(egui::vec2(look::PAD + look::STEP, look::PAD));
    // The texts are painted rather than added as labels: the whole card is one button.
    let title = ui.painter().layout_no_wrap(title.to_owned(), egui::FontId::proportional(look::TEXT + 1.5), p.accent);
    ui.painter().galley(inner.min, title, p.accent);
    let text =
        ui.painter().layout(about.to_owned(), egui::FontId::proportional(look::SMALL + 0.5), p.faint, inner.width());
    ui.painter().galley(inner.min + egui::vec2(0.0, look::ROW + look::STEP), text, p.faint);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn recent_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    ui.add_space(2.0 * look::PAD);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Recent").strong());
        if buttons::quiet_ui(ui, "Forget").on_hover_text("Empty this list").clicked() {
            actions.push(Action::App(AppAction::ForgetRecent));
        }
    });
    for item in &app.settings.recent {
        ui.horizontal(|ui| {
            let origin = item.origin();
            if ui.add(Button::new(&item.name).frame_when_inactive(false)).on_hover_text(&origin).clicked() {
                actions.push(Action::Open(OpenAction::Setup(Box::new(item.clone()))));
            }
            ui.add(Label::new(look::faint(origin, ui)).truncate());
        });
    }
}

/// The overlay while files are dragged over the window.
pub fn drop_ui(ctx: &Context) {
    let hovered = ctx.input(|i| i.raw.hovered_files.len());
    if hovered == 0 {
        return;
    }
    let area = egui::Area::new(egui::Id::unique("drop"))
        .order(egui::Order::Foreground)
        .fixed_pos(ctx.content_rect().min)
        .interactable(false);
    area.show(ctx, |ui| {
        let p = look::palette(ui);
        let all = ctx.content_rect();
        ui.painter().rect_filled(all, CornerRadius::ZERO, p.shade);
        let frame = all.shrink(2.0 * look::PAD);
        ui.painter().rect_stroke(
            frame,
            CornerRadius::same(look::ROUND * 2),
            Stroke::new(2.0, p.accent),
            egui::StrokeKind::Inside,
        );
        ui.scope_builder(UiBuilder::new().max_rect(frame), |ui| {
            ui.centered_and_justified(|ui| ui.label(RichText::new("Drop to open").size(look::DISPLAY).color(p.accent)));
        });
    });
}
