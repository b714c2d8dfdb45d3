//! Training a model: what it predicts, from which columns, by how many trees; and the training while it goes on.

use eframe::egui::{
    Button, Context, Grid, Label, ProgressBar, RichText, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder, WidgetInfo,
    vec2,
};

use super::feed::fault_ui;
use crate::data::Fault;
use crate::engine::train::{Proposed, is_name};
use crate::learn::encode::kind_of;
use crate::learn::forest::{FeatureKind, Missing};
use crate::learn::propose::{LeftOut, Reason};
use crate::learn::question::TaskKind;
use crate::ui::action::{Action, AppAction, TrainAction};
use crate::ui::train::{TrainDraft, TrainForm, TrainingJob, named};
use crate::ui::widget::badge::{Tone, badge_ui};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::pick::pick_ui;
use crate::ui::widget::{buttons, numbers, row};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, first, look};

const WIDTH: f32 = 920.0;
const TALL: f32 = 380.0;
/// Above and below the features: title, target, buttons, the window's edge.
const AROUND: f32 = 250.0;
/// The share of the width that the features have.
const FEATURES: f32 = 0.58;
const FIELD: f32 = 96.0;
const NAME: f32 = 150.0;

pub fn train_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some(form) = &app.train_form else { return };
    let Some(sheet) = app.sheet_of(form.sheet) else { return };
    let mut close = false;
    let closed = modal_ui(ctx, &format!("Learn from {}", sheet.table.name), WIDTH, |ui| {
        let tall = (ctx.content_rect().height() - AROUND).clamp(180.0, TALL);
        match &form.training {
            Some(training) => training_ui(ui, training, tall),
            None => {
                let mut draft = form.draft.clone();
                form_ui(ui, form, sheet, &mut draft, tall, actions);
                if draft != form.draft {
                    actions.push(Action::Train(TrainAction::Edit(Box::new(draft))));
                }
            }
        }
        let hint = if form.training.is_some() { "The training goes on" } else { "" };
        close = footer_ui(ui, hint, |ui| buttons_ui(ui, form, actions));
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn buttons_ui(ui: &mut Ui, form: &TrainForm, actions: &mut Vec<Action>) {
    if form.training.is_some() {
        // Where it was: a second click on it does nothing.
        ui.add_enabled(false, Button::new("Train"));
        if ui.button("Cancel training").clicked() {
            actions.push(Action::Train(TrainAction::Cancel));
        }
        return;
    }
    let ready = form.proposed.is_some() && !form.draft.features.is_empty();
    ui.add_enabled_ui(ready, |ui| {
        if buttons::primary_ui(ui, "Train").on_disabled_hover_text("Choose a target and at least one feature").clicked()
        {
            actions.push(Action::Train(TrainAction::Start));
        }
    });
}

fn form_ui(
    ui: &mut Ui,
    form: &TrainForm,
    sheet: &Worksheet,
    draft: &mut TrainDraft,
    tall: f32,
    actions: &mut Vec<Action>,
) {
    target_ui(ui, sheet, draft, actions);
    ui.add_space(look::GAP);
    // Of one height whatever it shows, so that nothing jumps away from under the pointer.
    let room = ui.available_rect_before_wrap();
    let room = room.with_max_y(room.min.y + tall);
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| room_ui(ui, form, draft));
    ui.advance_cursor_after_rect(room);
}

fn room_ui(ui: &mut Ui, form: &TrainForm, draft: &mut TrainDraft) {
    if let Some(fault) = &form.fault {
        fault_ui(ui, fault);
        ui.add_space(look::GAP);
    }
    let Some(proposed) = &form.proposed else {
        match form.proposing() {
            Some(progress) => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label(look::faint(format!("Looking at the rows: {}", progress.note), ui));
                });
            }
            None if draft.computed && wrong_name(draft) => {
                let name = draft.name.trim();
                let fault = Fault::new(format!("'{name}' is not a name"))
                    .hint("write letters, digits and _, a letter first; or nothing, for the one that is proposed");
                fault_ui(ui, &fault);
            }
            None if form.fault.is_none() && draft.computed => {
                drop(ui.label(look::faint("Write a condition over a row, and look for features", ui)))
            }
            None => {}
        }
        return;
    };
    let room = ui.available_rect_before_wrap();
    let (left, right) = room.split_left_right_at_fraction(FEATURES);
    ui.scope_builder(UiBuilder::new().max_rect(left.with_max_x(left.max.x - look::PAD)), |ui| {
        features_ui(ui, proposed, draft)
    });
    ui.scope_builder(UiBuilder::new().max_rect(right), |ui| {
        missing_ui(ui, proposed, draft);
        ui.add_space(look::PAD);
        settings_ui(ui, proposed, draft);
    });
}

/// Whether what a condition shall be called is no name.
fn wrong_name(draft: &TrainDraft) -> bool {
    let target = draft.target();
    !target.name.is_empty() && !is_name(&target.name)
}

fn target_ui(ui: &mut Ui, sheet: &Worksheet, draft: &mut TrainDraft, actions: &mut Vec<Action>) {
    let condition = first::condition(&sheet.table);
    let example = |before: &str| condition.as_ref().map_or_else(String::new, |c| format!("{before}{c}"));
    ui.horizontal(|ui| {
        ui.label("Target");
        if buttons::choice_ui(ui, !draft.computed, "a column").clicked() {
            draft.computed = false;
        }
        if buttons::choice_ui(ui, draft.computed, "a condition")
            .on_hover_text(format!("An SQL expression over the row{}, under a name of its own", example(", such as ")))
            .clicked()
        {
            draft.computed = true;
        }
        if !draft.computed {
            let columns =
                sheet.table.schema.iter().filter(|(_, dtype)| kind_of(dtype).is_some() && !dtype.is_temporal());
            if let Some(column) =
                pick_ui(ui, "Target column", &draft.column, 180.0, columns.map(|(name, _)| name.as_str()))
            {
                draft.column = column;
            }
            return;
        }
        let proposed = named(&draft.sql);
        let hint = if proposed.is_empty() { "such as late" } else { &proposed };
        let wrong = wrong_name(draft).then_some(look::palette(ui).error);
        ui.add(TextEdit::singleline(&mut draft.name).hint_text(hint).text_color_opt(wrong).desired_width(NAME))
            .accessible_name("Name of the target")
            .on_hover_text("Its name; left empty, it is called as proposed");
        ui.label("is");
        let field = ui
            .add(TextEdit::singleline(&mut draft.sql).hint_text(example("such as ")).desired_width(280.0))
            .accessible_name("Condition");
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(eframe::egui::Key::Enter));
        let whole = !draft.sql.trim().is_empty() && !wrong_name(draft);
        let find = ui
            .add_enabled(whole, Button::new("Find features"))
            .on_disabled_hover_text("Write a condition, and a name for it");
        if find.clicked() || (entered && whole) {
            // What was typed in this frame goes first.
            actions.push(Action::Train(TrainAction::Edit(Box::new(draft.clone()))));
            actions.push(Action::Train(TrainAction::Propose));
        }
    });
}

/// A check box a column: those that were proposed, then those that were left out, with the reason.
fn features_ui(ui: &mut Ui, proposed: &Proposed, draft: &mut TrainDraft) {
    let proposal = &proposed.proposal;
    let left_out = |name: &str| proposal.left_out.iter().find(|l| l.column == name);
    let text =
        format!("Features: {} of {}", draft.features.len(), numbers::counted(proposed.kinds.len() as u64, "column"));
    ui.label(RichText::new(text).strong());
    ui.label(look::faint(
        format!(
            "Proposed from {} of {}",
            numbers::count(proposal.sample as u64),
            numbers::counted(proposed.rows, "row")
        ),
        ui,
    ));
    ui.add_space(look::STEP);
    let tall = ui.available_height();
    ScrollArea::vertical()
        .id_salt("features")
        .auto_shrink([false, false])
        .max_height(tall)
        .min_scrolled_height(tall)
        .show(ui, |ui| {
            ui.set_max_width(ui.available_width() - look::PAD);
            let leaks = |l: &LeftOut| matches!(l.reason, Reason::Leak | Reason::Copy);
            let (chosen, others): (Vec<_>, Vec<_>) =
                proposed.kinds.iter().partition(|(name, _)| left_out(name).is_none());
            let loud = others.iter().filter(|(name, _)| left_out(name).is_some_and(leaks));
            let quiet = others.iter().filter(|(name, _)| !left_out(name).is_some_and(leaks));
            for (name, kind) in chosen.iter().chain(loud).chain(quiet) {
                feature_ui(ui, name, kind, left_out(name), draft);
            }
            for other in proposal.left_out.iter().filter(|l| proposed.kinds.iter().all(|(name, _)| *name != l.column)) {
                ui.label(look::faint(format!("{}: left out, {}", other.column, other.evidence), ui));
            }
        });
}

fn feature_ui(ui: &mut Ui, name: &str, kind: &FeatureKind, left_out: Option<&LeftOut>, draft: &mut TrainDraft) {
    let mut on = draft.features.contains(name);
    let p = look::palette(ui);
    row::ends_ui(
        ui,
        |ui| {
            if ui.checkbox(&mut on, name).changed() {
                if on {
                    draft.features.insert(name.to_owned());
                } else {
                    draft.features.remove(name);
                }
            }
        },
        |ui| {
            ui.label(look::faint(kind_word(kind), ui));
            if let Some(out) = left_out {
                let tone = if matches!(out.reason, Reason::Leak | Reason::Copy) { Tone::Error } else { Tone::Warn };
                badge_ui(ui, out.reason.word(), tone).on_hover_text(&out.evidence);
            }
        },
    );
    if let Some(out) = left_out {
        let color = if matches!(out.reason, Reason::Leak | Reason::Copy) { p.error } else { p.faint };
        ui.horizontal(|ui| {
            ui.add_space(look::ROW);
            ui.add(Label::new(RichText::new(&out.evidence).size(look::SMALL).color(color)).wrap());
        });
    }
}

fn kind_word(kind: &FeatureKind) -> &'static str {
    match kind {
        FeatureKind::Number => "number",
        FeatureKind::Time => "time",
        FeatureKind::Category(_) => "category",
    }
}

/// How many rows go because they lack a value, and why.
fn missing_ui(ui: &mut Ui, proposed: &Proposed, draft: &mut TrainDraft) {
    let cost = proposed.gaps.drop_na(|name| name == proposed.target.name || draft.features.contains(name));
    let share = |n: usize| crate::data::words::percent(n as f64 / proposed.gaps.rows.max(1) as f64);
    ui.label(RichText::new("Missing values").strong());
    if cost.rows == 0 {
        ui.label(look::faint("No row lacks a value in these columns", ui));
    } else {
        ui.add(
            Label::new(format!(
                "{} of the {} rows looked at ({}) lack a value:",
                numbers::count(cost.rows as u64),
                numbers::count(proposed.gaps.rows as u64),
                share(cost.rows)
            ))
            .wrap(),
        );
        for (name, nulls, alone) in cost.columns.iter().take(5) {
            ui.add(
                Label::new(look::faint(
                    format!("{name}: {} ({} because of it alone)", share(*nulls), share(*alone)),
                    ui,
                ))
                .wrap(),
            );
        }
        if cost.columns.len() > 5 {
            ui.label(look::faint(format!("and {} more columns", cost.columns.len() - 5), ui));
        }
    }
    if ui.radio(draft.missing == Missing::Drop, "Drop rows with missing values").clicked() {
        draft.missing = Missing::Drop;
    }
    if ui.radio(draft.missing == Missing::Keep, "Keep missing as a value of its own").clicked() {
        draft.missing = Missing::Keep;
    }
}

fn settings_ui(ui: &mut Ui, proposed: &Proposed, draft: &mut TrainDraft) {
    ui.label(RichText::new("Forest").strong());
    ui.horizontal(|ui| {
        let classes = match proposed.proposal.task {
            crate::learn::propose::TargetKind::Classes(many) => format!("{many} classes"),
            crate::learn::propose::TargetKind::Number => "classes".to_owned(),
        };
        if ui.radio(draft.task == TaskKind::Classify, format!("Tell {classes} apart")).clicked() {
            draft.task = TaskKind::Classify;
        }
        if ui.radio(draft.task == TaskKind::Estimate, "Estimate a number").clicked() {
            draft.task = TaskKind::Estimate;
        }
    });
    let (rows, about_rows) = match draft.chunks {
        true => (
            draft.rows_word(),
            "So many are held in memory as they are. Those before them are kept as about a byte a value: eight chunks \
             take the room of one",
        ),
        false => (draft.rows_word(), "Of more rows, it is trained on evenly spread ones: they are held in memory"),
    };
    Grid::new("forest").num_columns(2).spacing([look::PAD, look::STEP]).show(ui, |ui| {
        let fields = [
            ("Trees", &mut draft.trees, "More trees are steadier and slower"),
            (
                "Test share",
                &mut draft.test,
                "Rows held out to judge by: those that scikit-learn's train_test_split would take",
            ),
            ("Seed", &mut draft.seed, "The same seed gives the same forest, on any number of threads"),
            (rows, &mut draft.rows, about_rows),
        ];
        for (name, value, about) in fields {
            ui.label(name).on_hover_text(about);
            ui.add(TextEdit::singleline(value).desired_width(FIELD)).accessible_name(name).on_hover_text(about);
            ui.end_row();
        }
    });
    ui.checkbox(&mut draft.chunks, "All rows, chunk by chunk").on_hover_text(
        "For tables that do not fit into memory: rows are read twice and kept as about a byte a value. Where even \
         that does not fit, parts of the rows fit their share of the trees, and the forests are merged",
    );
}

/// Trees done, and the error of the rows that they did not see.
fn training_ui(ui: &mut Ui, training: &TrainingJob, tall: f32) {
    let p = look::palette(ui);
    let progress = training.progress();
    ui.horizontal(|ui| {
        ui.spinner();
        let counted =
            || format!("{} of {} {}", numbers::count(progress.done), numbers::count(progress.total), progress.unit);
        let text =
            if progress.unit.is_empty() || progress.total == 0 { "Reading the rows".to_owned() } else { counted() };
        ui.label(RichText::new(text).strong());
        ui.label(look::faint(&progress.note, ui));
    });
    ui.add(ProgressBar::new(progress.share().unwrap_or(0.0)).desired_height(6.0).fill(p.accent));
    ui.add_space(look::GAP);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::hover());
    if training.chunks && training.chart.figure().is_none() {
        let text = "How good the forest is on the rows held out is said in the end.";
        ui.put(rect, Label::new(look::faint(text, ui)).wrap());
        return;
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Out-of-bag error so far"));
    if let Some(fault) = training.chart.draw(ui, rect, |_| {}) {
        ui.put(rect, look::fault(&fault, ui));
    }
}
