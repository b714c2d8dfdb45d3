//! The status bar: what the run is doing, how far it is, how fresh the answer is, and what was set aside.

use std::time::{SystemTime, UNIX_EPOCH};

use eframe::egui::{self, Align, Color32, FontId, Layout, Rect, RichText, Ui, vec2};

use crate::data::words::percent;
use crate::ui::action::{Action, AppAction, BoardAction, ModelAction, Pane, RunAction, TableAction};
use crate::ui::panel::rejects;
use crate::ui::watch::{RunState, Silence, Watch};
use crate::ui::widget::badge::dot_ui;
use crate::ui::widget::numbers;
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look, wording};

/// A watermark further behind than this belongs to a replay of old data, so that its lag is not shown.
const OLD_SECS: f64 = 7.0 * 86_400.0;

/// What the state has room for: the longest of the words that come and go while rows flow.
const STATE: &str = "Silent for 59 min";
/// How high the line is that grows while rows are read.
const PROGRESS: f32 = 2.0;

pub fn status_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let state = sheet.watch.state();
    ui.horizontal_centered(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            run_ui(ui, app, sheet, actions);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.set_clip_rect(ui.clip_rect().intersect(ui.max_rect().expand(1.0)));
                ui.spacing_mut().item_spacing.x = look::STEP + 2.0;
                let silent = sheet.watch.silence().is_some_and(|silence| silence.feeds == silence.of);
                let color = match state {
                    RunState::Live if silent => p.warn,
                    RunState::Live => p.live,
                    RunState::Asking | RunState::Reading(_) => p.accent,
                    RunState::Reconnecting | RunState::Paused | RunState::Stopping => p.warn,
                    RunState::Idle | RunState::Stopped | RunState::Done => p.faint,
                };
                let behind =
                    sheet.rewound.as_ref().map(|rewound| if rewound.watch.is_running() { p.live } else { p.faint });
                dot_ui(ui, behind.unwrap_or(color));
                let text = if silent || state == RunState::Reconnecting { p.warn } else { p.strong };
                cell_ui(ui, sheet, "state", STATE, |ui| {
                    let words = ui.label(RichText::new(state_text(sheet, state)).color(text)).rect;
                    if let RunState::Reading(share) = state {
                        progress_ui(ui, words, share as f32);
                    }
                });
                guards_ui(ui, app, sheet, actions);
                facts_ui(ui, sheet, actions);
            });
        });
    });
}

/// A piece of the bar that has room for a text from the start, and keeps its greatest width in this run: what changes
/// in it moves nothing.
fn cell_ui<R>(ui: &mut Ui, sheet: &Worksheet, name: &str, room: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let id = ui.scope_id().with((name, sheet.id, sheet.watch.run_number));
    let font = FontId::proportional(look::TEXT);
    let room = ui.painter().layout_no_wrap(room.to_owned(), font, Color32::PLACEHOLDER).size().x;
    let least = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or(0.0).max(room);
    let shown = ui.scope(content);
    let width = shown.response.rect.width();
    if width < least {
        ui.add_space(least - width);
    } else {
        ui.data_mut(|d| d.insert_temp(id, width));
    }
    shown.inner
}

/// The same, with a separator before it.
fn fact_ui<R>(ui: &mut Ui, sheet: &Worksheet, name: &str, room: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.add(egui::Separator::default().vertical().spacing(look::STEP + 1.0));
    cell_ui(ui, sheet, name, room, content)
}

/// How far reading is: a line under its words, which takes no room of its own.
fn progress_ui(ui: &Ui, words: Rect, share: f32) {
    let p = look::palette(ui);
    let line = Rect::from_min_size(words.left_bottom(), vec2(words.width(), PROGRESS));
    ui.painter().rect_filled(line, 0.0, p.line);
    ui.painter().rect_filled(line.with_max_x(line.left() + line.width() * share.clamp(0.0, 1.0)), 0.0, p.accent);
}

fn state_text(sheet: &Worksheet, state: RunState) -> String {
    match state {
        RunState::Done | RunState::Stopped if sheet.rewound.is_some() => {
            format!("Looking at the past; {}", behind_text(sheet.running()))
        }
        RunState::Reading(share) if sheet.rewound.is_some() => format!("Reading the past {}", percent(share)),
        RunState::Idle if sheet.probe.is_some() => "Looking at the data".to_owned(),
        RunState::Idle if sheet.question.fault.is_some() => "Not asked: the question has a fault".to_owned(),
        RunState::Idle => "Nothing asked yet".to_owned(),
        RunState::Asking => "Asking".to_owned(),
        RunState::Reading(share) if share < 1.0 => format!("Reading history {}", percent(share)),
        RunState::Reading(_) if sheet.table.live.is_empty() => "Finishing".to_owned(),
        RunState::Reading(_) => "Waiting for live rows".to_owned(),
        RunState::Live => sheet.watch.silence().map_or_else(|| "Live".to_owned(), silence_text),
        RunState::Reconnecting => "Reconnecting".to_owned(),
        RunState::Paused => format!("Paused, {} since", numbers::counted(sheet.watch.rows_since_pause(), "row")),
        RunState::Stopping => "Stopping".to_owned(),
        RunState::Stopped => "Stopped".to_owned(),
        RunState::Done => "Done".to_owned(),
    }
}

/// Which feeds are silent, and for how long: the rest is live.
fn silence_text(Silence { feeds, of, silent }: Silence) -> String {
    let silent = numbers::pause(silent);
    if feeds == of {
        format!("Silent for {silent}")
    } else {
        format!("Live, {feeds} of {of} feeds silent for {silent}")
    }
}

/// The models of this table that are guarded, and whether they can still be trusted.
fn guards_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    for entry in app.models.under(sheet.id) {
        let Some(guard) = app.guards.of(entry.id) else { continue };
        let (guarded, why) = (format!("{} is guarded", entry.name), guard.why());
        let (color, text, hint) = match &why {
            Some(why) => (p.warn, format!("{} is stale", entry.name), why.as_str()),
            None if guard.is_on() => (p.faint, guarded.clone(), "Its guard says when it can no longer be trusted"),
            None => continue,
        };
        let name = format!("guard {}", entry.id.0);
        if fact_ui(ui, sheet, &name, &guarded, |ui| counter_ui(ui, color, &text, hint)) {
            actions.push(Action::Model(entry.id, ModelAction::Guard));
        }
    }
}

/// The state of the live run while the past is shown.
fn behind_text(running: &Watch) -> String {
    let rows = numbers::counted(running.newest.as_ref().map_or(0, |s| s.rows.come_in), "row");
    match running.state() {
        RunState::Stopping => "live is stopping".to_owned(),
        RunState::Stopped => format!("live was stopped: {rows}"),
        RunState::Done => format!("live has ended: {rows}"),
        RunState::Reconnecting => format!("live is reconnecting: {rows}"),
        _ => format!("live goes on: {rows}"),
    }
}

/// The figures of the newest snapshot, not of a paused one: ingest goes on.
fn facts_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let Some(newest) = &sheet.watch.newest else { return };
    let p = look::palette(ui);
    let rows = &newest.rows;
    let sums = format!(
        "{} in = {} shown + {} filtered + {} late + {} rejected",
        numbers::count(rows.come_in),
        numbers::count(rows.shown),
        numbers::count(rows.filtered),
        numbers::count(rows.late),
        numbers::count(rows.rejected)
    );
    fact_ui(ui, sheet, "rows", "0,000,000 rows in", |ui| {
        ui.label(format!("{} in", numbers::counted(rows.come_in, "row"))).on_hover_text(sums)
    });
    if sheet.watch.is_running() {
        fact_ui(ui, sheet, "rate", "last row 59 s ago", |ui| ui.label(sheet.watch.rate_words()));
    } else {
        fact_ui(ui, sheet, "time", "", |ui| {
            ui.label(format!("read in {}", numbers::duration(newest.elapsed.as_secs_f64())))
        });
    }
    if let Some(watermark) = newest.watermark {
        let lag = lag_secs(watermark).filter(|lag| *lag < OLD_SECS && sheet.watch.is_running());
        let behind = lag.map_or_else(String::new, |lag| format!(", {} behind", numbers::duration(lag)));
        // Whole seconds, as faster digits cannot be read.
        let at = watermark.div_euclid(1_000_000).saturating_mul(1_000_000);
        let text = format!("Watermark {}{behind}", numbers::time(at));
        fact_ui(ui, sheet, "watermark", "Watermark 2000-00-00 00:00:00", |ui| {
            let hint = format!("No row older than this is expected any more; times are in {}", numbers::zone());
            ui.label(text).on_hover_text(hint)
        });
    }
    let can_be_late = !sheet.table.live.is_empty() && sheet.table.time.is_some();
    if rows.late > 0 || can_be_late {
        const HINT: &str = "Rows that came after their window was final: see them";
        let (color, text) =
            (if rows.late > 0 { p.warn } else { p.faint }, format!("{} late", numbers::count(rows.late)));
        if fact_ui(ui, sheet, "late", "0,000 late", |ui| counter_ui(ui, color, &text, HINT)) {
            actions.push(Action::App(AppAction::Show(Pane::Late)));
        }
    }
    if (newest.seam.at.is_some() || !newest.seam.partitions.is_empty())
        && fact_ui(ui, sheet, "seam", "", |ui| {
            counter_ui(ui, p.accent, "Seam", "Where history ends and live begins: see the ledger")
        })
    {
        actions.push(Action::App(AppAction::Show(Pane::Ledger)));
    }
    // What comes up at some time, or never, stands behind all that is always there.
    if let Some(text) = rejects::counted(rows)
        && fact_ui(ui, sheet, "rejected", "", |ui| counter_ui(ui, p.warn, &text, rejects::HINT))
    {
        actions.push(Action::App(AppAction::Show(Pane::Rejects)));
    }
    if rows.dropped > 0 {
        let text = RichText::new(format!("{} dropped", numbers::count(rows.dropped))).color(p.error);
        let hint = "Rows that a feed which cannot wait lost because the engine was busy";
        fact_ui(ui, sheet, "dropped", "", |ui| ui.label(text).on_hover_text(hint));
    }
    if !newest.gaps.is_empty() {
        let text = format!("{}, unknown", numbers::counted(newest.gaps.len() as u64, "gap"));
        fact_ui(ui, sheet, "gaps", "", |ui| {
            ui.label(RichText::new(text).color(p.warn)).on_hover_text(wording::gaps(&newest.gaps))
        });
    }
}

fn counter_ui(ui: &mut Ui, color: Color32, text: &str, hint: &str) -> bool {
    ui.add(egui::Button::new(RichText::new(text).color(color)).frame_when_inactive(false)).on_hover_text(hint).clicked()
}

fn lag_secs(watermark: i64) -> Option<f64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(now.as_secs_f64() - watermark as f64 / 1e6)
}

fn run_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let running = sheet.watch.is_running();
    if ui.button("Cost").on_hover_text("What the questions of this session cost, and how that grows").clicked() {
        actions.push(Action::App(AppAction::Show(Pane::Cost)));
    }
    if sheet.table.time.is_some() && !sheet.table.live.is_empty() {
        let rewind = ui.add_enabled(sheet.can_rewind(), egui::Button::new("Rewind…"));
        let rewind = rewind
            .on_hover_text("Ask the question of a stretch of what came, and return")
            .on_disabled_hover_text("The feed is not running");
        if rewind.clicked() {
            actions.push(Action::App(AppAction::Show(Pane::Rewind)));
        }
    }
    let input = sheet.running();
    let hint = if sheet.rewound.is_some() {
        "End the feed that goes on behind the past, and keep its answer"
    } else {
        "End all inputs and keep the answer"
    };
    if sheet.can_start_again() {
        if ui.button("Start again").on_hover_text("Follow the feeds again").clicked() {
            actions.push(Action::Table(sheet.id, TableAction::StartAgain));
        }
    } else if ui
        .add_enabled(input.is_running() && !input.stopping, egui::Button::new("Stop"))
        .on_hover_text(hint)
        .clicked()
    {
        actions.push(Action::Run(sheet.id, RunAction::Stop));
    }
    // On a board it is the tiles that stand still.
    let (paused, pause, resume) = match app.board() {
        Some(_) => {
            let pause = |paused| Action::Board(BoardAction::Pause(paused));
            (app.boards().paused, pause(true), pause(false))
        }
        None => {
            let run = |action| Action::Run(sheet.id, action);
            (sheet.watch.paused, run(RunAction::Pause), run(RunAction::Resume))
        }
    };
    if paused {
        if ui.button("Resume").on_hover_text("Show the newest answer again").clicked() {
            actions.push(resume);
        }
    } else if ui
        .add_enabled(running, egui::Button::new("Pause"))
        .on_hover_text("Hold the picture still; rows go on being counted")
        .clicked()
    {
        actions.push(pause);
    }
}
