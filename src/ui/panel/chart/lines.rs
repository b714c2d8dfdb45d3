//! The form of thresholds and reference lines.

use eframe::egui::{TextEdit, Ui};

use crate::data::zone::Zone;
use crate::figure::{AxisKind, Figure, Rule, RuleAxis, Settings, Shade, Tone};
use crate::figure::{number, time};
use crate::ui::look;
use crate::ui::widget::buttons::cross_ui;
use crate::ui::widget::pick::words_ui;

const AXES: &[(RuleAxis, &str)] =
    &[(RuleAxis::Left, "left axis"), (RuleAxis::Right, "right axis"), (RuleAxis::X, "x axis")];
/// The same where there is but one y axis.
const ONE_AXIS: &[(RuleAxis, &str)] = &[(RuleAxis::Left, "y axis"), (RuleAxis::X, "x axis")];
const SHADES: &[(Shade, &str)] =
    &[(Shade::None, "line alone"), (Shade::Above, "tint above"), (Shade::Below, "tint below")];

pub(super) fn lines_ui(ui: &mut Ui, figure: Option<&Figure>, settings: &mut Settings) {
    let mut gone = None;
    for (i, rule) in settings.rules.iter_mut().enumerate() {
        ui.push_id(i, |ui| {
            ui.horizontal(|ui| {
                let of_time = figure.filter(|figure| rule.on == RuleAxis::X && figure.x.kind == AxisKind::Time);
                let timed = of_time.map(|figure| figure.zone);
                place_ui(ui, i, timed, &mut rule.at);
                let label = TextEdit::singleline(&mut rule.label).hint_text("name").desired_width(90.0);
                ui.add(label).accessible_name(format!("Name of line {}", i + 1));
                if cross_ui(ui, &format!("Remove line {}", i + 1)).clicked() {
                    gone = Some(i);
                }
            });
            let two = figure.is_some_and(|figure| figure.right.is_some());
            one_of_ui(ui, if two { AXES } else { ONE_AXIS }, &mut rule.on);
            one_of_ui(ui, Tone::ALL, &mut rule.tone);
            one_of_ui(ui, SHADES, &mut rule.shade);
        });
        ui.separator();
    }
    if let Some(i) = gone {
        settings.rules.remove(i);
    }
    if ui.button("+ Line").clicked() {
        settings.rules.push(Rule { at: middle(figure), ..Rule::default() });
    }
}

/// Where a new line is seen at once: in the middle of what is shown.
fn middle(figure: Option<&Figure>) -> f64 {
    let values = figure.into_iter().flat_map(Figure::all_series).flat_map(|series| series.y.iter().copied());
    let range = crate::figure::scale::extent(values);
    let log = figure.is_some_and(|figure| figure.y_kind == AxisKind::Power);
    range.map_or(0.0, |(lo, hi)| {
        let at = lo / 2.0 + hi / 2.0;
        if log { 10f64.powf(at) } else { at }
    })
}

pub(super) fn one_of_ui<T: Copy + PartialEq>(ui: &mut Ui, all: &[(T, &'static str)], chosen: &mut T) {
    let shown = all.iter().find(|(own, _)| own == chosen).map_or("", |(_, title)| *title);
    if let Some(picked) = words_ui(ui, shown, all.iter().map(|(_, title)| *title))
        && let Some((found, _)) = all.iter().find(|(_, title)| *title == picked)
    {
        *chosen = *found;
    }
}

/// A number, or a time, as text; what cannot be read is marked and changes nothing.
fn place_ui(ui: &mut Ui, index: usize, timed: Option<Zone>, at: &mut f64) {
    let id = ui.scope_id().with(("at", timed));
    let shown = timed.map_or_else(|| number::plain(*at), |zone| time::value(*at, Some(zone)));
    let mut text = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_else(|| shown.clone());
    let read = |text: &str| -> Option<f64> {
        let text = text.trim();
        if let Some(zone) = timed {
            zone.read(text).ok().map(|at| at as f64)
        } else {
            text.replace('\u{2212}', "-").parse().ok()
        }
    };
    let wrong = read(&text).is_none_or(|at| !at.is_finite());
    let color = wrong.then(|| look::palette(ui).error);
    let field = TextEdit::singleline(&mut text).desired_width(76.0).text_color_opt(color);
    let response = ui.add(field).accessible_name(format!("Value of line {}", index + 1));
    if response.changed() {
        if let Some(value) = read(&text).filter(|at| at.is_finite()) {
            *at = value;
        }
        ui.data_mut(|d| d.insert_temp(id, text));
    } else if response.lost_focus() || (!response.has_focus() && text != shown) {
        ui.data_mut(|d| d.remove_temp::<String>(id));
    }
    if wrong {
        let hint = if timed.is_some() { "A time, such as 2026-03-01 12:00" } else { "A number" };
        response.on_hover_text(hint);
    }
}
