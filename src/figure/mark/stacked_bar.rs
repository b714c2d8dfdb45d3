//! Bars upon each other: parts of a whole, and the whole.

use super::{Mark, PLAIN, bar};

pub(super) const STACKED_BAR: Mark = Mark {
    name: "stacked-bar",
    title: "Stacked bar",
    about: "counts or sums of parts upon each other; what is below zero is stacked downwards",
    zero: true,
    stacks: true,
    slots: |figure| Some(bar::slots(figure, 1)),
    draw: |scene, pen| bar::draw(scene, pen, false),
    ..PLAIN
};
