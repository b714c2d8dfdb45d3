//! Times in a zone that a person chooses: shown and typed in it everywhere, kept and asked in UTC.

use braid::data::zone::Zone;
use braid::ui::App;
use braid::ui::action::{Action, AppAction};
use braid::ui::command::COMMANDS;
use braid::workspace::bench::{Span, TileId, TileKind};
use eframe::egui::Key;
use egui_kittest::kittest::Queryable as _;

use crate::window::{Window, with_sales};
use crate::window_board::{board, opened};

fn choose(window: &mut Window, zone: Zone) {
    window.propose(Action::App(AppAction::Zone(zone)));
}

fn kolkata() -> Zone {
    Zone::named("Asia/Kolkata").unwrap()
}

/// The sum of a tile's column `rows`.
fn rows(app: &App, tile: TileId) -> f64 {
    let shown = app.boards().run(tile).and_then(|run| run.shown().cloned());
    let column = shown.and_then(|shown| shown.answer.column("rows").ok().cloned());
    column.map_or(f64::NAN, |column| {
        column.cast(&polars::prelude::DataType::Float64).unwrap().f64().unwrap().iter().flatten().sum()
    })
}

#[test]
fn a_zone_is_found_by_its_name_and_shown_in_cells_and_axes() {
    let mut window = with_sales();
    window.ask("SELECT sold, price FROM sales ORDER BY sold");
    window.wait_done();
    assert!(window.has("Times: UTC") && window.has("2024-01-01 10:00"));
    window.click("Times: UTC");
    window.click("Other…");
    window.retype("Zone", "kolk");
    window.harness.key_press(Key::Enter);
    window.settle();
    assert!(window.has("Times: Asia/Kolkata") && !window.has("Times in another zone"));
    assert!(window.has("2024-01-01 15:30") && !window.has("2024-01-01 10:00"), "cells are shown in it");
    let figure = window.sheet().chart.figure().expect("there is a chart");
    assert_eq!(figure.zone, kolkata());
    let svg = braid::figure::export::svg(&figure, 800, 400, &braid::figure::Look::light()).unwrap();
    assert!(svg.contains("sold (Asia/Kolkata)"), "{svg}");
    assert_eq!(window.answer()[0], "2024-01-01 10:00:00 3", "the answer is what it was");
    // It is the person's, and there again with the next window.
    let mut window = window.restarted();
    window.wait_done();
    assert!(window.has("Times: Asia/Kolkata") && window.has("2024-01-01 15:30"));
    let utc = COMMANDS.iter().find(|command| command.name == "Times in UTC").unwrap();
    let action = (utc.make)(&window.app()).unwrap();
    window.propose(action);
    assert!(window.has("Times: UTC") && window.has("2024-01-01 10:00"));
}

#[test]
fn what_is_typed_into_a_board_is_meant_in_its_zone() {
    let mut window = opened();
    choose(&mut window, kolkata());
    let tiles = board(&window).tiles;
    let lines = tiles.iter().find(|tile| matches!(&tile.show, TileKind::Figure(_)) && tile.sql.contains("tumble"));
    let lines = lines.unwrap().id;
    window.wait("its figures are drawn anew", |app| {
        app.boards().run(lines).and_then(|run| run.chart.figure()).is_some_and(|figure| figure.zone == kolkata())
    });
    window.click("All time");
    window.retype("From", "2024-03-01 05:40");
    window.retype("Until", "2024-03-01 05:50");
    window.click("Show this stretch");
    let at = |minute: i64| 1_709_251_200_000_000 + minute * 60_000_000;
    assert_eq!(board(&window).scope.span, Span::Between { from: Some(at(10)), until: Some(at(20)) });
    window.wait("the rows of these minutes are counted", |app| rows(app, lines) == 600.0);
    assert!(window.has("05:40 to 05:50"), "and told as they were typed");
    choose(&mut window, Zone::Utc);
    assert!(window.has("00:10 to 00:20"));
    window.wait("the same rows", |app| rows(app, lines) == 600.0);
    // Clocks that are put forward never show it.
    choose(&mut window, Zone::named("Europe/Rome").unwrap());
    window.harness.get_by_label_contains("01:10 to 01:20").click();
    window.settle();
    window.retype("From", "2024-03-31 02:30");
    window.retype("Until", "");
    window.click("Show this stretch");
    assert_eq!(board(&window).scope.span, Span::Between { from: Some(at(10)), until: Some(at(20)) }, "it is refused");
}
