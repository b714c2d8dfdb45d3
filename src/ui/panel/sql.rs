//! The question as SQL text; what is wrong with it is underlined where it stands, and said below.

use std::ops::Range;
use std::sync::Arc;

use eframe::egui::cache::{ComputerMut, FrameCache};
use eframe::egui::{
    self,
    text::{LayoutJob, TextFormat},
};
use eframe::egui::{
    CornerRadius, FontSelection, Galley, Id, Label, RichText, ScrollArea, Stroke, StrokeKind, TextBuffer, TextEdit,
    TextStyle, Ui, vec2,
};

use super::{classes, complete};
use crate::data::Fault;
use crate::query::highlight::{TokenKind, pieces};
use crate::ui::action::{Action, QuestionAction};
use crate::ui::question::{QuestionEditor, Written};
use crate::ui::{look, wording};

/// `alone`: the builder, which says how exact each measure is, does not stand beside it.
pub fn sql_ui(ui: &mut Ui, written: Written<'_>, alone: bool, actions: &mut Vec<Action>) {
    let Written { of, sheet, question } = written;
    let fault = question.fault.as_ref();
    let span = fault.and_then(|f| f.span.clone());
    let below = below(question, alone);
    let height = (ui.available_height() - below).max(2.0 * look::ROW);
    let mut text = question.sql.clone();
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, width: f32| layout(ui, text.as_str(), width, span.clone());
    let scrolled =
        ScrollArea::vertical().id_salt("sql").max_height(height).min_scrolled_height(height).show(ui, |ui| {
            let edit = TextEdit::multiline(&mut text)
                .code_editor()
                // A key that goes on does so here, too.
                .lock_focus(false)
                .desired_width(f32::INFINITY)
                .desired_rows(4)
                .hint_text("SELECT count(*) FROM …")
                .layouter(&mut layouter);
            let id = Id::unique(("SQL of", of));
            // Its key was read before anything was painted.
            let asks = actions.contains(&Action::Question(of, QuestionAction::Ask));
            let keys = complete::take_keys(ui.ctx(), id).and_asks(asks);
            let edit = edit.id(id).min_size(vec2(ui.available_width(), height - look::STEP)).show(ui);
            let response = edit.response.response.clone().accessible_name("SQL");
            let completed = complete::list_ui(ui, sheet, &edit, &text, keys);
            if response.changed() || completed.is_some() {
                actions.push(Action::Question(of, QuestionAction::Sql(completed.unwrap_or(text))));
            }
            response.has_focus()
        });
    // The frame of a text that is longer than the box ends outside of it.
    if scrolled.content_size.y > scrolled.inner_rect.height() {
        let visuals = ui.visuals();
        let stroke = if scrolled.inner { visuals.selection.stroke } else { visuals.widgets.inactive.bg_stroke };
        ui.painter().rect_stroke(scrolled.inner_rect, CornerRadius::same(look::ROUND), stroke, StrokeKind::Inside);
    }
    match fault {
        Some(fault) => fault_ui(ui, fault),
        None if tells_classes(question, alone) => classes::classes_ui(ui, written, actions),
        None => {}
    }
}

/// The room below the text: for what is wrong, or for the classes of the items.
pub fn below(question: &QuestionEditor, alone: bool) -> f32 {
    match &question.fault {
        Some(_) => fault_height(),
        None if tells_classes(question, alone) => classes::HEIGHT,
        None => 0.0,
    }
}

/// Whether the classes of the items stand below the text: where nothing else says them.
fn tells_classes(question: &QuestionEditor, alone: bool) -> bool {
    !question.classes.is_empty() && (alone || question.form.beside.rerun.is_some())
}

/// The room that a fault takes below the text.
fn fault_height() -> f32 {
    2.0 * look::ROW - look::GAP
}

/// What is wrong, where, and what to do: two short lines.
fn fault_ui(ui: &mut Ui, fault: &Fault) {
    ui.spacing_mut().item_spacing.y = 0.0;
    fault_line_ui(ui, fault);
    let hint = wording::hint(fault);
    if !hint.is_empty() {
        ui.add(Label::new(look::faint(hint, ui)).truncate());
    }
}

/// What is wrong in one line; the rest in its hover text.
pub fn fault_line_ui(ui: &mut Ui, fault: &Fault) {
    let p = look::palette(ui);
    let place = if fault.place.is_empty() { String::new() } else { format!("{}: ", fault.place) };
    ui.add(Label::new(RichText::new(format!("{place}{}", wording::what(fault))).color(p.error)).truncate())
        .on_hover_text(wording::fault(fault));
}

/// Monospaced text with keywords in the accent colour and `wrong` underlined.
fn layout(ui: &Ui, text: &str, width: f32, wrong: Option<Range<usize>>) -> Arc<Galley> {
    let p = look::palette(ui);
    let font = FontSelection::Style(TextStyle::Monospace).resolve(ui.style());
    let wrong = wrong.map(|span| on_letters(text, span));
    let mut job = LayoutJob { text: text.to_owned(), ..LayoutJob::default() };
    job.wrap.max_width = width;
    let pieces = ui.memory_mut(|memory| memory.caches.cache::<FrameCache<Pieces, Tokens>>().get(text).clone());
    for (range, kind) in pieces.iter() {
        let color = match kind {
            TokenKind::Keyword => p.accent,
            TokenKind::Text => p.live,
            TokenKind::Comment => p.faint,
            TokenKind::Other => p.text,
        };
        for (piece, bad) in cut(range.clone(), wrong.as_ref()) {
            let underline = if bad { Stroke::new(1.5, p.error) } else { Stroke::NONE };
            let format = TextFormat {
                font_id: font.clone(),
                color: if bad { p.error } else { color },
                underline,
                ..TextFormat::default()
            };
            job.sections.push(egui::text::LayoutSection { leading_space: 0.0, byte_range: to_bytes(&piece), format });
        }
    }
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// The words of a text, kept while it is shown: found once, not once a frame.
type Pieces = Arc<[(Range<usize>, TokenKind)]>;

#[derive(Default)]
struct Tokens;

impl ComputerMut<&str, Pieces> for Tokens {
    fn compute(&mut self, text: &str) -> Pieces {
        pieces(text).into()
    }
}

fn to_bytes(range: &Range<usize>) -> Range<egui::text::ByteIndex> {
    range.start.into()..range.end.into()
}

/// Cuts `range` where `wrong` begins and ends.
fn cut(range: Range<usize>, wrong: Option<&Range<usize>>) -> Vec<(Range<usize>, bool)> {
    let Some(wrong) = wrong else { return vec![(range, false)] };
    let (from, to) = (wrong.start.clamp(range.start, range.end), wrong.end.clamp(range.start, range.end));
    let pieces = [(range.start..from, false), (from..to, true), (to..range.end, false)];
    pieces.into_iter().filter(|(piece, _)| !piece.is_empty()).collect()
}

/// The range made to lie inside `text`, on whole letters, and not empty where that can be helped.
fn on_letters(text: &str, span: Range<usize>) -> Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let ceil = |at: usize| (at.min(text.len())..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
    let (start, end) = (floor(span.start), ceil(span.end));
    if start < end { start..end } else { floor(start.saturating_sub(1))..ceil(start + 1) }
}
