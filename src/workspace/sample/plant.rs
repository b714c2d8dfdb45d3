//! A plant: eight machines in three shifts, with gaps, and with an air pressure that sinks while rows come in; and a
//! model of its scrap, which the guard then no longer trusts. All of it is generated.

use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame};

use super::Sample;
use super::keep::{keep, keep_rows, times};
use super::noise::{Noise, rounded};
use super::tiles::{figure, guard, ledger, number, over_time, row, text};
use crate::data::Result;
use crate::engine::job::Reporter;
use crate::engine::train::{HoldOut, Target, Training, TrainingRows, TrainingSpec, train_within};
use crate::engine::{Reached, Sampling, Table};
use crate::learn::model::{self, Saved};
use crate::learn::question::{Question, TaskKind};
use crate::source::history::open_history;
use crate::source::live::replay;
use crate::sync::Latest;
use crate::workspace::bench::BoardRow;
use crate::workspace::table::{GuardSetup, ModelSetup, SeamSetup, TableSetup, TimeSetup};

pub const PLANT: Sample = Sample {
    name: "plant",
    title: "Plant sensors",
    about: "Eight machines with gaps and drift, and the guard of a model that notices",
    make,
    table,
    board: Some(board),
};

/// Files of another number hold other rows: it counts up where what is generated changes.
const EDITION: u32 = 1;
const MODEL: &str = "scrap";
/// Monday, 2024-06-03, microseconds since 1970.
const MONDAY: i64 = 1_717_372_800_000_000;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// From one reading of a machine to the next.
const PERIOD: i64 = 30 * SECOND;
/// When the early shift begins, and the sample with it.
const BEGIN: i64 = MONDAY + 6 * HOUR;
/// Where history ends and the feed begins.
const CUT: i64 = BEGIN + 72 * HOUR;
const END: i64 = CUT + 24 * HOUR;
/// From the beginning of a day of work.
const SHIFTS: [&str; 3] = ["early", "late", "night"];

fn file(folder: &Path, what: &str) -> PathBuf {
    folder.join(format!("plant-{EDITION}-{what}"))
}

fn make(folder: &Path, report: &Reporter) -> Result<()> {
    let history = file(folder, "history.parquet");
    keep_rows(&history, || rows(BEGIN, CUT))?;
    report.check()?;
    keep_rows(&file(folder, "live.parquet"), || rows(CUT, END))?;
    keep(&file(folder, "model.json"), |path| model::save(&trained(&history, report)?, path))
}

fn table(folder: &Path) -> TableSetup {
    let file = |what: &str| file(folder, what);
    let guard = Some(GuardSetup { window_rows: 1_000, ..GuardSetup::default() });
    TableSetup {
        name: "plant".to_owned(),
        paths: vec![file("history.parquet")],
        live: vec![replay::address(&file("live.parquet"), "speed=600&disorder=20s")],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 60_000 }),
        seam: SeamSetup::Time(CUT),
        models: vec![ModelSetup { name: MODEL.to_owned(), file: file("model.json"), guard, ..ModelSetup::default() }],
        ..TableSetup::default()
    }
}

/// A forest that tells from two sensors whether a part is scrap.
fn trained(history: &Path, report: &Reporter) -> Result<Saved> {
    let table = Table::of_history("plant", vec![open_history(history, None)?])?;
    let features = ["vibration", "pressure"].map(str::to_owned).to_vec();
    let question =
        Question { target: MODEL.to_owned(), features, task: Some(TaskKind::Classify), ..Question::default() };
    let spec = TrainingSpec {
        table: table.into(),
        reached: Reached::default(),
        target: Target { name: MODEL.to_owned(), sql: None },
        training: Training { question, trees: 30, ..Training::default() },
        rows: TrainingRows::Sample(Sampling::Spread(12_000)),
        test: HoldOut::Share(0.2),
        champion: None,
    };
    let trained = train_within(spec, &Latest::default(), report)?;
    Ok(Saved {
        name: MODEL.to_owned(),
        baseline: Some((*trained.baseline).clone()),
        trained_to: trained.trained_to,
        report: Some((*trained.report).clone()),
        ..Saved::new(trained.forest)
    })
}

/// A machine, and the state that its next reading follows from.
struct Machine {
    name: String,
    /// It follows the load slowly.
    heat: f64,
    /// Readings for which it goes on shaking.
    shaking: i64,
}

/// The readings of all machines, those from the first moment up to the second.
fn rows(from: i64, until: i64) -> Result<DataFrame> {
    let mut noise = Noise::new(from.unsigned_abs());
    let mut machines: Vec<Machine> =
        (1..=8).map(|n| Machine { name: format!("M{n}"), heat: settled(n - 1, from), shaking: 0 }).collect();
    let (mut at, mut name, mut shift) = (Vec::new(), Vec::new(), Vec::new());
    let (mut temperature, mut vibration, mut pressure, mut scrap) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for begin in (from..until).step_by(PERIOD as usize) {
        for (number, machine) in machines.iter_mut().enumerate() {
            let time = begin + number as i64 * 3 * SECOND + noise.below(SECOND);
            machine.heat += (settled(number, time) - machine.heat) * 0.02 + noise.normal() * 0.05;
            // One of them shakes more often.
            let shakes = noise.share() < if number == 6 { 0.014 } else { 0.004 };
            machine.shaking = if shakes { 10 + noise.below(10) } else { machine.shaking - 1 };
            let shake = if machine.shaking > 0 { 3.6 } else { 2.0 } + (number % 3) as f64 * 0.2 + noise.normal() * 0.2;
            let air = 6.4 - leak(time) + noise.normal() * 0.06;
            let risk = 0.01 + 0.7 * (shake - 3.0).clamp(0.0, 1.0) + 0.5 * (6.1 - air).clamp(0.0, 1.0);
            let (heat, is_scrap) = (machine.heat + noise.normal() * 0.3, noise.share() < risk);
            if is_silent(number, time) {
                continue;
            }
            at.push(time);
            name.push(machine.name.clone());
            shift.push(SHIFTS.get(((hours(time) % 24.0) / 8.0) as usize).copied());
            temperature.push((!is_cut(number, time)).then(|| rounded(heat, 10.0)));
            vibration.push(rounded(shake, 100.0));
            pressure.push(rounded(air, 100.0));
            scrap.push(is_scrap);
        }
    }
    let columns = vec![
        times("at", at),
        Column::new("machine".into(), name),
        Column::new("shift".into(), shift),
        Column::new("temperature".into(), temperature),
        Column::new("vibration".into(), vibration),
        Column::new("pressure".into(), pressure),
        Column::new("scrap".into(), scrap),
    ];
    Ok(DataFrame::new(columns.first().map_or(0, Column::len), columns)?)
}

/// Hours since the sample began, with their fraction.
fn hours(time: i64) -> f64 {
    (time - BEGIN) as f64 / HOUR as f64
}

/// The temperature at which a machine settles: the work of its shift warms it, breaks cool it.
fn settled(number: usize, time: i64) -> f64 {
    let of_day = hours(time) % 24.0;
    let full = if of_day < 8.0 {
        1.0
    } else if of_day < 16.0 {
        0.8
    } else {
        0.5
    };
    let load = if (3.5..4.0).contains(&(of_day % 8.0)) { full * 0.5 } else { full };
    56.0 + 18.0 * load + number as f64 * 0.8
}

/// By how much the air pressure has sunk: on the fourth day, from ten on.
fn leak(time: i64) -> f64 {
    ((hours(time) - 76.0) * 0.12).clamp(0.0, 0.8)
}

/// Whether no reading comes: three machines rest at night, a line and once all of the plant is cut off.
fn is_silent(number: usize, time: i64) -> bool {
    let (hour, within) = (hours(time), |from: f64, length: f64| (from..from + length).contains(&hours(time)));
    (number >= 5 && hour % 24.0 >= 16.0)
        || (number == 2 && within(31.0, 5.0))
        || within(44.5, 1.5)
        || (number == 1 && within(78.0, 3.0))
}

/// Whether the temperature is not measured.
fn is_cut(number: usize, time: i64) -> bool {
    number == 4 && (50.0..53.0).contains(&hours(time))
}

const WORDS: &str = "Three days are history, the fourth comes ten minutes a second. Gaps: machines that rest at \
                     night, lines cut off. From ten on the air pressure sinks; the *guard* of a model of the scrap \
                     notices.";

fn board(t: &str) -> Vec<BoardRow> {
    let every = |size: &str, title: &str, measure: &str| number(t, title, over_time(t, ("at", size), None, measure));
    let by_machine = |size: &str, measure: &str| over_time(t, ("at", size), Some("machine"), measure);
    let scrap = "count(*) FILTER (WHERE scrap) AS parts";
    let strong = "avg(CASE WHEN vibration > 3 THEN 100.0 ELSE 0.0 END) AS \"percent of readings\"";
    let shaking = format!("SELECT machine, {strong} FROM {t} GROUP BY machine ORDER BY machine");
    let temperature = by_machine("30 minutes", "avg(temperature) AS \"°C\"");
    vec![
        row(
            0.22,
            [
                (0.34, text("Eight machines, three shifts", WORDS)),
                (0.22, every("15 minutes", "Machines that report", "count(DISTINCT machine) AS machines")),
                (0.22, every("1 hour", "Scrap an hour", scrap)),
                (0.22, every("15 minutes", "Air pressure", "avg(pressure) AS bar")),
            ],
        ),
        row(0.42, [(0.6, figure(t, "Temperature by machine", "line", temperature)), (0.4, guard(t, MODEL))]),
        row(
            0.36,
            [
                (0.44, figure(t, "Scrap by machine and hour", "heat", by_machine("1 hour", scrap))),
                (0.28, figure(t, "Strong vibration", "bar", shaking)),
                (0.28, ledger(t)),
            ],
        ),
    ]
}
