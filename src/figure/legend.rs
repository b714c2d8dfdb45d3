//! Which series the legend names, and where: above the plot, in rows, so that it never covers data.

use super::look::Look;
use super::text;

/// One name. Positions are points from the legend's left end and its first row.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which of the names it is; `None` for the closing `+ 5 more`.
    pub named: Option<usize>,
    pub at: f32,
    pub row: usize,
    pub label: String,
}

/// What is to be named.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub name: String,
    /// `None` for one that is hidden.
    pub series: Option<usize>,
    pub colour: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Legend {
    pub entries: Vec<Entry>,
    pub rows: usize,
    /// Of the widest row.
    pub width: f32,
}

impl Legend {
    /// Whether all of so many series are named.
    pub fn names(&self, count: usize) -> bool {
        self.entries.len() == count && self.entries.iter().all(|entry| entry.named.is_some())
    }
}

/// Width of the sign before a name, with the space after it.
pub fn key(look: &Look) -> f32 {
    look.font_size * 1.6
}

fn space(look: &Look) -> f32 {
    look.font_size * 1.3
}

/// As many names as fit into the rows; when some do not, the last says how many.
pub fn place(names: &[&str], width: f32, rows: usize, look: &Look) -> Legend {
    if names.is_empty() || rows == 0 {
        return Legend::default();
    }
    let cut = |longest: f32| -> Vec<String> {
        names.iter().map(|name| text::fit(&text::clean(name), look.font_size, longest).into_owned()).collect()
    };
    let whole = cut(width - key(look));
    if let Some(legend) = flow(&whole, whole.len(), width, rows, look) {
        return legend;
    }
    let labels = cut((look.font_size * 14.0).min(width - key(look)));
    // All, or the most that leave room for the count of the others.
    (0..=labels.len()).rev().find_map(|shown| flow(&labels, shown, width, rows, look)).unwrap_or_default()
}

fn flow(labels: &[String], shown: usize, width: f32, rows: usize, look: &Look) -> Option<Legend> {
    let hidden = labels.len() - shown;
    let more =
        (hidden > 0).then(|| (None, if shown == 0 { format!("{hidden} series") } else { format!("+ {hidden} more") }));
    let all = labels.iter().take(shown).enumerate().map(|(i, label)| (Some(i), label.clone()));
    let mut legend = Legend { rows: 1, ..Legend::default() };
    let mut at = 0.0;
    for (named, label) in all.chain(more) {
        let wide = text::width(&label, look.font_size) + if named.is_some() { key(look) } else { 0.0 };
        if at > 0.0 && at + wide > width {
            legend.rows += 1;
            at = 0.0;
        }
        if legend.rows > rows || at + wide > width {
            return None;
        }
        legend.entries.push(Entry { named, at, row: legend.rows - 1, label });
        legend.width = legend.width.max(at + wide);
        at += wide + space(look);
    }
    Some(legend)
}
