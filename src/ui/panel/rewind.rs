//! Going back in a running feed: the banner over the past, and the pane in which a stretch of time is chosen.

use eframe::egui::{Context, Frame, Grid, Id, Label, Margin, RichText, TextEdit, Ui};

use crate::data::Result;
use crate::data::words::percent;
use crate::ui::action::{Action, AppAction, BoardAction, Pane, RewindAction};
use crate::ui::rewind::{TimeRange, latest};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::{buttons, numbers, row};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look, wording};
use crate::workspace::bench::{Edit, Scope, Span};

/// The strip over the answer while one looks at the past.
pub fn banner_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let Some(rewound) = &sheet.rewound else { return };
    let p = look::palette(ui);
    Frame::new().fill(p.warn_soft).inner_margin(Margin::symmetric(12, 6)).show(ui, |ui| {
        let right = |ui: &mut Ui| {
            if buttons::primary_ui(ui, "Return to now")
                .on_hover_text("The running answer, as far as it has come")
                .clicked()
            {
                actions.push(Action::Rewind(sheet.id, RewindAction::Now));
            }
            if ui.button("Another stretch…").clicked() {
                actions.push(Action::App(AppAction::Show(Pane::Rewind)));
            }
        };
        let left = |ui: &mut Ui| {
            ui.label(RichText::new(format!("Rewound to {}", rewound.range.words())).strong().color(p.warn));
            let behind = match (&rewound.watch.newest, rewound.watch.is_running(), &rewound.watch.staged) {
                (_, true, Some(next)) => {
                    format!("the feed goes on behind it, and the changed question is read: {}", percent(next.share()))
                }
                (Some(_), true, None) => "the feed goes on behind it".to_owned(),
                _ => "the feed has ended meanwhile".to_owned(),
            };
            let since = format!("Every question is asked of this stretch; {behind}");
            ui.add(Label::new(since).truncate())
                .on_hover_text("Until you return to now; the running question is kept as it was");
        };
        row::ends_ui(ui, left, right);
    });
}

/// Stretches that are one click away, with their seconds.
const LAST: &[(&str, i64)] = &[
    ("Last minute", 60),
    ("Last 5 minutes", 300),
    ("Last 15 minutes", 900),
    ("Last hour", 3_600),
    ("Last day", 86_400),
];

pub fn rewind_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let mut close = false;
    let closed = modal_ui(ctx, "Rewind", 520.0, |ui| {
        close = match app.sheet() {
            Some(sheet) if sheet.can_rewind() => pane_ui(ui, app, sheet, actions),
            _ => {
                ui.label(look::faint("There is no running feed with an event time to go back in", ui));
                footer_ui(ui, "", |_| {})
            }
        }
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

/// Turns back what is shown: all tiles of a board, or the question of a table.
fn turn_back(app: &App, sheet: &Worksheet, range: TimeRange) -> Vec<Action> {
    let Some(board) = app.board() else { return vec![Action::Rewind(sheet.id, RewindAction::To(range))] };
    let span = Span::Between { from: range.from, until: range.until };
    let edit = Edit::SetScope { board: board.id, scope: Scope { span, ..board.scope.clone() } };
    vec![Action::Board(BoardAction::step(edit)), Action::App(AppAction::Hide)]
}

/// True when it should close.
fn pane_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) -> bool {
    let running = sheet.rewound.as_ref().map_or(&sheet.watch, |rewound| &rewound.watch);
    let end = running.newest.as_ref().and_then(|s| latest(s));
    let what = match app.board() {
        Some(_) => {
            "Every tile of the board is then asked of a stretch of what came so far, until the board follows now \
             again. The feeds go on behind it."
        }
        None => {
            "Every question is then asked of a stretch of what came so far, until you return to now. The feed and its \
             answer go on behind it."
        }
    };
    ui.add(Label::new(what).wrap());
    if let Some(end) = end {
        ui.label(look::faint(
            format!("Everything up to the watermark, {}, has come: the last minutes end there.", numbers::time(end)),
            ui,
        ));
        ui.add_space(look::GAP);
        ui.horizontal_wrapped(|ui| {
            for (title, secs) in LAST {
                if ui.button(*title).clicked() {
                    actions.extend(turn_back(app, sheet, TimeRange::last(*secs, end)));
                }
            }
        });
    }
    ui.add_space(look::PAD);
    let shown = |at: Option<i64>| at.map_or_else(String::new, numbers::time);
    let before = sheet.rewound.as_ref().map(|rewound| rewound.range).unwrap_or_default();
    let zone = numbers::zone();
    let id = Id::unique(("rewind", sheet.id, before.from, before.until, zone));
    let (mut from, mut until) =
        ui.data(|d| d.get_temp::<(String, String)>(id)).unwrap_or_else(|| (shown(before.from), shown(before.until)));
    Grid::new("stretch").num_columns(2).spacing([look::PAD, look::STEP + 2.0]).show(ui, |ui| {
        ui.label("From");
        ui.add(TextEdit::singleline(&mut from).hint_text("the beginning").desired_width(220.0)).accessible_name("From");
        ui.end_row();
        ui.label("Until");
        ui.add(TextEdit::singleline(&mut until).hint_text("now").desired_width(220.0)).accessible_name("Until");
        ui.end_row();
    });
    ui.data_mut(|d| d.insert_temp(id, (from.clone(), until.clone())));
    let range = read(&from).and_then(|from| Ok(TimeRange { from, until: read(&until)? }));
    let empty = matches!(&range, Ok(s) if s.from.zip(s.until).is_some_and(|(a, b)| a >= b));
    let (said, wrong) = match &range {
        Err(fault) => (wording::fault(fault), true),
        Ok(_) if empty => ("The stretch ends before it begins".to_owned(), true),
        Ok(s) if s.from.is_none() && s.until.is_some() => ("The answer as it stood at that moment".to_owned(), false),
        Ok(_) => (format!("Times are in {zone}; the end is not included"), false),
    };
    let color = if wrong { look::palette(ui).warn } else { look::palette(ui).faint };
    ui.label(RichText::new(said).size(look::SMALL).color(color));
    footer_ui(ui, "", |ui| {
        ui.add_enabled_ui(!wrong, |ui| {
            if buttons::primary_ui(ui, "Rewind").clicked()
                && let Ok(range) = range
            {
                actions.extend(turn_back(app, sheet, range));
            }
        });
    })
}

/// An end of a stretch; nothing is an open one.
fn read(text: &str) -> Result<Option<i64>> {
    if text.trim().is_empty() { Ok(None) } else { numbers::zone().read(text).map(Some) }
}
