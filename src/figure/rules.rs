//! Thresholds and reference lines: a rule across the plot with its name, and a tint of what lies beyond it.

use plotters::style::text_anchor::{HPos, VPos};

use super::axis;
use super::layout::{Layout, Rect};
use super::look::faded;
use super::number;
use super::pen::{Pen, at, rect_within};
use super::plan::FigurePlan;
use super::reach::place;
use super::settings::{Rule, RuleAxis, Shade};
use super::spec::{AxisKind, Figure};
use super::text;
use crate::data::Result;

/// Length of a dash, and of the space after it.
const DASH: [f32; 2] = [6.0, 3.0];
/// How opaque a tint is.
const TINT: f32 = 0.10;

/// Where a rule lies in the picture: its pixel, whether it runs upright, and whether it is in sight.
fn line(figure: &Figure, layout: &Layout, rule: &Rule) -> Option<(f32, bool, bool)> {
    let value = place(figure, rule)?;
    if layout.bands.is_some() && rule.on != RuleAxis::X {
        return None;
    }
    Some(match rule.on {
        RuleAxis::X => (layout.to_px((value, layout.y.lo()))[0], true, layout.x.holds(value)),
        on => {
            let right = on == RuleAxis::Right;
            let scale = if right { layout.right? } else { layout.y };
            (layout.exact_on(right, (layout.x.lo(), value))[1] as f32, false, scale.holds(value))
        }
    })
}

impl FigurePlan<'_> {
    /// The tints, under all else.
    pub fn draw_shades(&self, pen: &mut dyn Pen) -> Result<()> {
        let plot = self.layout.plot;
        for rule in self.figure.rules.iter().filter(|rule| rule.shade != Shade::None) {
            let Some((px, upright, _)) = line(self.figure, &self.layout, rule) else { continue };
            let above = rule.shade == Shade::Above;
            let tint = match (upright, above) {
                (true, true) => Rect::new(px, plot.top, plot.right, plot.bottom),
                (true, false) => Rect::new(plot.left, plot.top, px, plot.bottom),
                (false, true) => Rect::new(plot.left, plot.top, plot.right, px),
                (false, false) => Rect::new(plot.left, px, plot.right, plot.bottom),
            };
            rect_within(pen, &plot, tint, faded(self.look.tone(rule.tone), TINT))?;
        }
        Ok(())
    }

    /// The rules with their names. One that is out of sight is named at the edge beyond which it lies.
    pub fn draw_rules(&self, pen: &mut dyn Pen) -> Result<()> {
        let (plot, look) = (self.layout.plot, self.look);
        for rule in &self.figure.rules {
            let Some((px, upright, seen)) = line(self.figure, &self.layout, rule) else { continue };
            let color = look.tone(rule.tone);
            if seen {
                let (from, to) = if upright { (plot.top, plot.bottom) } else { (plot.left, plot.right) };
                let fixed = self.crisp(px);
                let mut dash = from;
                while dash < to {
                    let end = (dash + DASH[0]).min(to);
                    let ends =
                        if upright { [at(fixed, dash), at(fixed, end)] } else { [at(dash, fixed), at(end, fixed)] };
                    pen.line(&ends, 1.2, color)?;
                    dash += DASH[0] + DASH[1];
                }
            }
            self.name_rule(pen, rule, (px, upright, seen))?;
        }
        Ok(())
    }

    /// The name beside the rule, on a ground of paper, so that it is read over data.
    fn name_rule(&self, pen: &mut dyn Pen, rule: &Rule, (px, upright, seen): (f32, bool, bool)) -> Result<()> {
        let (plot, size) = (self.layout.plot, self.look.small_size());
        if upright && !seen {
            return Ok(());
        }
        let label = if rule.label.is_empty() { self.value_of(rule) } else { rule.label.clone() };
        let arrow = match (seen, px < plot.top) {
            (true, _) => "",
            (false, true) => "↑ ",
            (false, false) => "↓ ",
        };
        let words = format!("{arrow}{label}");
        let words = text::clean(&words);
        let words = text::fit(&words, size, plot.width() * 0.4);
        let (wide, high) = (text::width(&words, size), text::height(size));
        let (left, top) = if upright {
            let left = if px + 4.0 + wide < plot.right { px + 4.0 } else { px - 4.0 - wide };
            (left, plot.bottom - high - 4.0)
        } else {
            let top = if px - high - 2.0 > plot.top { px - high - 2.0 } else { px + 2.0 };
            let left = if rule.on == RuleAxis::Right { plot.left + 4.0 } else { plot.right - wide - 4.0 };
            (left, top.clamp(plot.top + 1.0, (plot.bottom - high - 1.0).max(plot.top + 1.0)))
        };
        rect_within(
            pen,
            &plot,
            Rect::new(left - 2.0, top, left + wide + 2.0, top + high),
            faded(self.look.paper, 0.8),
        )?;
        pen.text(&words, at(left, top), (HPos::Left, VPos::Top), size, self.look.tone(rule.tone))
    }

    /// A rule without a name is called by its value.
    fn value_of(&self, rule: &Rule) -> String {
        let figure = self.figure;
        match (rule.on, &figure.x.kind) {
            (RuleAxis::X, AxisKind::Number) => figure.x_format.value(rule.at),
            (RuleAxis::X, kind) => axis::x_value((kind, figure.zone), rule.at),
            (RuleAxis::Left, _) => figure.y_format.value(rule.at),
            (RuleAxis::Right, _) => {
                figure.right.as_ref().map_or_else(|| number::value(rule.at), |axis| axis.format.value(rule.at))
            }
        }
    }
}
