//! Notices as calm one-line banners: what, where, what to do. Errors come first, and more than a few are folded away.

use eframe::egui::{
    Align, Align2, Area, Context, CornerRadius, Frame, Id, Label, Layout, Margin, Order, RichText, ScrollArea,
    TextFormat, Ui, text::LayoutJob, vec2,
};

use crate::ui::action::{Action, AppAction, Pane};
use crate::ui::notices::{Notice, Severity};
use crate::ui::widget::badge::Tone;
use crate::ui::widget::buttons;
use crate::ui::{App, look};

/// How many rows there are at most, with the one that says how many more there are.
const ROWS: usize = 3;
/// How high the opened list gets at most.
const OPENED: f32 = 240.0;
/// How wide they are above something else, and how many of them: no more than leave its buttons and what it says in
/// sight.
const OVER: f32 = 760.0;
const OVER_ROWS: usize = 2;

pub fn notices_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let mut all: Vec<&Notice> = app.notices.all().iter().rev().collect();
    all.sort_by_key(|n| std::cmp::Reverse(n.level));
    if all.len() <= ROWS {
        all.iter().for_each(|notice| notice_ui(ui, notice, actions));
        return;
    }
    let id = ui.scope_id().with("all notices");
    let mut opened = ui.data(|d| d.get_temp::<bool>(id)).unwrap_or(false);
    if opened {
        ScrollArea::vertical().id_salt("notices").max_height(OPENED).auto_shrink([false, true]).show(ui, |ui| {
            all.iter().for_each(|notice| notice_ui(ui, notice, actions));
        });
    } else {
        all.iter().take(ROWS - 1).for_each(|notice| notice_ui(ui, notice, actions));
    }
    ui.horizontal(|ui| {
        ui.add_space(look::PAD);
        let text = if opened { "Show fewer".to_owned() } else { format!("and {} more", all.len() + 1 - ROWS) };
        if buttons::quiet_ui(ui, &text).clicked() {
            opened = !opened;
        }
        if buttons::quiet_ui(ui, "Dismiss all").clicked() {
            actions.extend(all.iter().map(|n| Action::App(AppAction::Dismiss(n.id))));
        }
    });
    ui.data_mut(|d| d.insert_temp(id, opened));
}

/// What is told while something lies over the window, above that: what was told before waits behind it.
pub fn over_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let (id, over) = (Id::unique("notices over"), (app.pane, app.feed.is_some()));
    let before = ctx.data(|d| d.get_temp::<((Option<Pane>, bool), u64)>(id)).filter(|(before, _)| *before == over);
    let heard = before.map_or_else(|| app.notices.newest(), |(_, heard)| heard);
    ctx.data_mut(|d| d.insert_temp(id, (over, heard)));
    let fresh: Vec<&Notice> = app.notices.all().iter().filter(|n| n.id > heard).rev().take(OVER_ROWS).collect();
    if over == (None, false) || fresh.is_empty() {
        return;
    }
    Area::new(id).order(Order::Tooltip).anchor(Align2::CENTER_TOP, vec2(0.0, look::STEP)).show(ctx, |ui| {
        Frame::popup(ui.style()).inner_margin(Margin { left: 0, right: 0, top: 0, bottom: 4 }).show(ui, |ui| {
            ui.set_width(OVER.min(ctx.content_rect().width() - 96.0));
            fresh.iter().for_each(|notice| notice_ui(ui, notice, actions));
        });
    });
}

fn notice_ui(ui: &mut Ui, notice: &Notice, actions: &mut Vec<Action>) {
    let tone = match notice.level {
        Severity::Info => Tone::Accent,
        Severity::Warning => Tone::Warn,
        Severity::Error => Tone::Error,
    };
    let (color, ground) = tone.colors(ui);
    let margin = Margin { left: 12, right: 12, top: 4, bottom: 0 };
    let frame = Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(look::ROUND))
        .inner_margin(Margin::symmetric(12, 2))
        .outer_margin(margin);
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if buttons::cross_ui(ui, "Dismiss").clicked() {
                    actions.push(Action::App(AppAction::Dismiss(notice.id)));
                }
                if let Some((button, action)) = &notice.offer
                    && ui.button(button).clicked()
                {
                    actions.push(action.clone());
                    actions.push(Action::App(AppAction::Dismiss(notice.id)));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| text_ui(ui, notice, color));
            });
        });
    });
}

/// All of it in one line; where it is cut, the rest is in the hover text.
fn text_ui(ui: &mut Ui, notice: &Notice, color: eframe::egui::Color32) {
    let second: Vec<&str> =
        [notice.place.as_str(), notice.hint.as_str()].into_iter().filter(|s| !s.is_empty()).collect();
    let font = |size: f32| eframe::egui::FontId::proportional(size);
    let mut job = LayoutJob::default();
    // A fault may say things in several lines, such as an excerpt.
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    job.append(&one_line(&notice.what), 0.0, TextFormat::simple(font(look::TEXT), color));
    if !second.is_empty() {
        let text = one_line(&second.join(" · "));
        job.append(&text, look::PAD, TextFormat::simple(font(look::SMALL), look::palette(ui).text));
    }
    let full = std::iter::once(notice.what.as_str()).chain(second).collect::<Vec<_>>().join("\n");
    ui.add(Label::new(job).truncate()).on_hover_text(RichText::new(full));
}
