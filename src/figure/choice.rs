//! Which series of an answer are shown: those that a person chose, or the largest; what becomes of the others, and
//! which are named without being drawn.

use super::look::OTHER;
use super::series::largest;
use super::settings::{MOST_CHOSEN, MOST_NAMES, MOST_SERIES, Settings};
use super::spec::HiddenSeries;

/// A series to be.
pub(super) struct Candidate {
    pub name: String,
    /// Which of the measures it shows.
    pub measure: usize,
    /// Of the answer.
    pub rows: Vec<usize>,
    /// The sum of those that are left out.
    pub other: bool,
    /// Where it is not that of its place.
    pub colour: Option<usize>,
}

/// The candidates, and what the caption says of them.
pub(super) struct Choices {
    pub candidates: Vec<Candidate>,
    pub notes: Vec<String>,
    /// Those that there were to choose from, by name.
    pub names: Vec<String>,
}

impl Choices {
    /// A series for each measure.
    pub fn of_columns(titles: &[String], rows: usize, settings: &Settings) -> Self {
        let chosen = |title: &String| settings.only.is_empty() || settings.only.contains(title);
        let most = if settings.only.is_empty() { settings.top.unwrap_or(MOST_SERIES) } else { MOST_CHOSEN };
        let all = || titles.iter().enumerate().filter(|(_, title)| chosen(title));
        let candidates: Vec<Candidate> = all()
            .take(most.clamp(1, MOST_CHOSEN))
            .map(|(measure, title)| Candidate {
                name: title.clone(),
                measure,
                rows: (0..rows).collect(),
                other: false,
                colour: None,
            })
            .collect();
        let mut notes = Vec::new();
        if candidates.len() < all().count() {
            notes.push(format!("the first {} of {} columns", candidates.len(), titles.len()));
        }
        Self { candidates, notes, names: titles.to_vec() }
    }

    /// A series for each group and measure, the largest by the first measure unless others were chosen.
    pub fn of_groups(
        groups: Vec<(String, Vec<usize>)>,
        (first, titles): (&[f64], &[String]),
        settings: &Settings,
        other: bool,
    ) -> Self {
        let count = groups.len();
        let mut names: Vec<String> = groups.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names.truncate(MOST_NAMES);
        let each = titles.len().max(1);
        let named = !settings.only.is_empty();
        let (wanted, rest): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(name, _)| !named || settings.only.contains(name));
        let most = match settings.top {
            _ if named => MOST_CHOSEN,
            Some(top) => top,
            None => MOST_SERIES,
        };
        let most = (most.min(MOST_CHOSEN) / each).max(1);
        let (kept, mut left_out) = largest(wanted, first, most);
        left_out.extend(rest);
        let mut notes = Vec::new();
        if other && !left_out.is_empty() {
            notes.push(format!("other: the sum of {} groups", left_out.len()));
        } else if named && !left_out.is_empty() {
            notes.push(format!("{} of {count} groups", kept.len()));
        } else if !left_out.is_empty() {
            notes.push(format!("the {} largest of {count} groups", kept.len()));
        }
        let rows: Vec<usize> = left_out.into_iter().flat_map(|(_, rows)| rows).collect();
        let mut candidates = Vec::with_capacity(each * (kept.len() + 1));
        for (measure, title) in titles.iter().enumerate() {
            let full = |name: &str| if each > 1 { format!("{name} · {title}") } else { name.to_owned() };
            candidates.extend(kept.iter().map(|(name, rows)| Candidate {
                name: full(name),
                measure,
                rows: rows.clone(),
                other: false,
                colour: None,
            }));
            if other && !rows.is_empty() {
                let taken = kept.iter().any(|(name, _)| name == "other");
                let name = full(if taken { "all others" } else { "other" });
                candidates.push(Candidate { name, measure, rows: rows.clone(), other: true, colour: Some(OTHER) });
            }
        }
        Self { candidates, notes, names }
    }

    /// Takes those out that are named only: hidden ones, or all but the one that is shown alone.
    pub fn take_hidden(&mut self, settings: &Settings) -> Vec<HiddenSeries> {
        let alone = settings.isolated.as_ref().filter(|name| self.candidates.iter().any(|own| own.name == **name));
        let is_hidden = |own: &Candidate| match alone {
            Some(name) => own.name != *name,
            None => settings.hidden.contains(&own.name),
        };
        if !self.candidates.iter().any(is_hidden) {
            return Vec::new();
        }
        // Those that stay keep the colours that they have beside all others.
        for (place, own) in self.candidates.iter_mut().enumerate() {
            own.colour = own.colour.or(Some(place));
        }
        let (mut hidden, mut shown) = (Vec::new(), Vec::new());
        for own in std::mem::take(&mut self.candidates) {
            if is_hidden(&own) {
                let colour = own.colour.unwrap_or_default();
                hidden.push(HiddenSeries { name: own.name, colour, after: shown.len() });
            } else {
                shown.push(own);
            }
        }
        self.candidates = shown;
        hidden
    }
}
