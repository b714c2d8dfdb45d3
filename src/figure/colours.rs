//! The colours of names: a series keeps its own while others come and go, and has it in every picture that shares them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::look::OTHER;
use super::settings::MOST_CHOSEN;
use super::spec::{Figure, HiddenSeries, Series};

/// So many names are remembered: where they come and go for ever, those that are not seen are forgotten.
const MOST_KNOWN: usize = 1_000;

/// Which colour each name has, in the order in which they were first seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Colours(BTreeMap<String, usize>);

impl Colours {
    /// Gives each series of a figure the colour of its name.
    pub fn paint(&mut self, figure: &mut Figure) {
        let own = self.of(&names(figure));
        let colour = |name: &str| own.get(name).copied();
        let panels = figure.panels.iter_mut().flat_map(|panel| &mut panel.series);
        for series in figure.series.iter_mut().chain(panels).filter(|series| is_named(series)) {
            series.colour = colour(&series.name).or(series.colour);
        }
        for hidden in figure.hidden.iter_mut().filter(|hidden| hidden.colour != OTHER) {
            hidden.colour = colour(&hidden.name).unwrap_or(hidden.colour);
        }
    }

    /// The colours of names that stand beside each other: no two have the same while there are enough of them.
    fn of(&mut self, names: &[String]) -> BTreeMap<String, usize> {
        if self.0.len() > MOST_KNOWN {
            self.0.retain(|name, _| names.contains(name));
        }
        let mut own = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (name, colour) in names.iter().filter_map(|name| Some((name, *self.0.get(name)?))) {
            if used.insert(colour) {
                own.insert(name.clone(), colour);
            }
        }
        for name in names {
            if own.contains_key(name) {
                continue;
            }
            let known: BTreeSet<usize> = self.0.values().copied().collect();
            let fresh = (0..MOST_CHOSEN).find(|colour| !known.contains(colour) && !used.contains(colour));
            let colour = fresh.or_else(|| (0..MOST_CHOSEN).find(|colour| !used.contains(colour))).unwrap_or(used.len());
            used.insert(colour);
            own.insert(name.clone(), colour);
            self.0.insert(name.clone(), colour);
        }
        own
    }
}

/// The sum of what is left out has a colour of its own.
fn is_named(series: &Series) -> bool {
    series.colour != Some(OTHER)
}

/// The names of a figure's series in the order of its legend, those that are hidden among them.
fn names(figure: &Figure) -> Vec<String> {
    let hidden = |after: usize| {
        let own = move |hidden: &&HiddenSeries| hidden.after == after && hidden.colour != OTHER;
        figure.hidden.iter().filter(own).map(|hidden| hidden.name.clone())
    };
    let shown = figure.series.iter().chain(figure.panels.iter().take(1).flat_map(|panel| &panel.series));
    let mut names: Vec<String> = hidden(0).collect();
    for (at, series) in shown.enumerate() {
        names.extend(Some(series).filter(|series| is_named(series)).map(|series| series.name.clone()));
        names.extend(hidden(at + 1));
    }
    names
}
