//! The keyboard's focus: it is seen wherever it is, comes back when what lay over the window is gone, and goes from one
//! panel to the next.

use eframe::egui::text_edit::TextEditState;
use eframe::egui::{
    Context, CornerRadius, Event, FocusDirection, Id, Key, LayerId, Popup, Pos2, Rect, Response, Stroke, StrokeKind, Ui,
};

use super::look;

/// The panels of the window, in the order in which F6 goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    Top,
    Tables,
    Views,
    Question,
    Answer,
    Rows,
    Board,
    Status,
    Notices,
}

/// What is known of it from frame to frame.
#[derive(Clone, Default)]
struct Trail {
    /// What had it last: in the window, in a pane over that, in a menu over either.
    at: [Option<Id>; 3],
    level: usize,
    /// What had it when the last frame ended.
    last: Option<Id>,
    /// Whether the last that was pressed is a key: who points with a mouse needs no ring.
    by_key: bool,
    /// The panels that are there, and where.
    regions: Vec<(Region, Rect)>,
    /// Those of this frame.
    found: Vec<(Region, Rect)>,
    /// The panel that gets it next.
    wanted: Option<Region>,
    /// A form is open, which stays open while a person works in it.
    form: bool,
}

fn id() -> Id {
    Id::unique("trail of the focus")
}

fn with<R>(ctx: &Context, what: impl FnOnce(&mut Trail) -> R) -> R {
    ctx.data_mut(|d| what(d.get_temp_mut_or_default(id())))
}

/// What has the focus.
pub fn focused(ctx: &Context) -> Option<Id> {
    ctx.memory(|memory| memory.focused())
}

/// What has the focus, and where. Nothing in a frame in which the pointer is pressed or let go: whoever looks at what
/// has it then takes it away.
fn seen(ctx: &Context) -> Option<Response> {
    let points = ctx.input(|i| i.pointer.any_pressed() || i.pointer.any_released());
    focused(ctx).filter(|_| !points).and_then(|id| ctx.read_response(id))
}

/// Whether a text had it when the last frame ended: Escape takes it away before anybody can ask.
pub fn wrote(ctx: &Context) -> bool {
    with(ctx, |trail| trail.last).is_some_and(|id| TextEditState::load(ctx, id).is_some())
}

/// To be told at the beginning of each panel.
pub fn region(ui: &Ui, region: Region) {
    let ctx = ui.ctx();
    let wanted = with(ctx, |trail| {
        trail.found.push((region, ui.max_rect()));
        trail.wanted.take_if(|wanted| *wanted == region).is_some()
    });
    if wanted {
        // The first of the panel that can have it gets it.
        ctx.memory_mut(|memory| {
            memory.focused().into_iter().for_each(|id| memory.surrender_focus(id));
            memory.move_focus(FocusDirection::Next);
        });
    }
}

/// To be told by a form that does not close when something is done in it.
pub fn form(ctx: &Context) {
    with(ctx, |trail| trail.form = true);
}

/// Gives the focus to the panel so many places further, round and round.
pub fn to_region(ctx: &Context, by: isize) {
    let at = seen(ctx).map(|response| response.rect.center());
    with(ctx, |trail| {
        let mut all = trail.regions.clone();
        all.sort_by_key(|(region, _)| *region);
        let is_here = |(_, rect): &(Region, Rect)| at.is_some_and(|at: Pos2| rect.contains(at));
        let next = match all.iter().position(is_here) {
            Some(here) => here.checked_add_signed(by).unwrap_or(all.len().saturating_sub(1)) % all.len(),
            None if by < 0 => all.len().saturating_sub(1),
            None => 0,
        };
        trail.wanted = all.get(next).map(|(region, _)| *region);
    });
}

/// Brings what a key has given the focus into sight; to be told at the end of what is scrolled.
pub fn keep_in_sight(ui: &Ui) {
    let now = focused(ui.ctx());
    let came = with(ui.ctx(), |trail| trail.by_key && now.is_some() && trail.last != now);
    let Some(response) = seen(ui.ctx()).filter(|_| came) else { return };
    if response.layer_id == ui.layer_id() && ui.min_rect().contains_rect(response.rect) {
        ui.scroll_to_rect(response.rect.expand(look::GAP), None);
    }
}

/// What follows from the keys of a frame, to be told when all of it is painted. `pane`: something lies over the window.
/// `acted`: something was done.
pub fn follow(ctx: &Context, pane: bool, acted: bool) {
    let keyed = |key: Key| ctx.input(|i| i.key_pressed(key));
    let form = with(ctx, |trail| std::mem::take(&mut trail.form));
    // A click closes a menu in which something was chosen; so does the key that chooses.
    if acted && !form && Popup::is_any_open(ctx) && (keyed(Key::Enter) || keyed(Key::Space)) {
        Popup::close_all(ctx);
    }
    let level = if Popup::is_any_open(ctx) { 2 } else { usize::from(pane) };
    let now = focused(ctx);
    let by_key = ctx.input(|i| {
        i.events.iter().rev().find_map(|event| match event {
            Event::Key { pressed: true, .. } => Some(true),
            Event::PointerButton { pressed: true, .. } => Some(false),
            _ => None,
        })
    });
    let back = with(ctx, |trail| {
        trail.by_key = by_key.unwrap_or(trail.by_key);
        trail.regions = std::mem::take(&mut trail.found);
        let stays = now.is_none() || now == trail.at.get(trail.level).copied().flatten();
        let closed = level < trail.level && trail.by_key && stays;
        let back = trail.at.get(level).copied().flatten().filter(|_| closed);
        for at in trail.at.iter_mut().skip(level + usize::from(closed)) {
            *at = now;
        }
        (trail.level, trail.last) = (level, now);
        back
    });
    if let Some(back) = back {
        ctx.memory_mut(|memory| memory.request_focus(back));
        ctx.request_repaint();
    }
}

/// The ring around what has the focus. Fields of text have one of their own.
pub fn ring(ctx: &Context) {
    if !with(ctx, |trail| trail.by_key) || ctx.text_edit_focused() {
        return;
    }
    let Some(response) = seen(ctx).filter(|response| response.interact_rect.is_positive()) else { return };
    let p = look::of(&ctx.global_style().visuals);
    let layer: LayerId = response.layer_id;
    let stroke = Stroke::new(1.5, p.accent);
    ctx.layer_painter(layer).rect_stroke(
        response.interact_rect,
        CornerRadius::same(look::ROUND),
        stroke,
        StrokeKind::Inside,
    );
}
