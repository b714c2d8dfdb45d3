//! `braid run`: one question, its progress on stderr, its answer on stdout or in files.

mod finish;
mod progress;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::RunArgs;
use super::memory::MemoryLimit;
use super::{console, outputs, wording};
use crate::data::format::{RowWriter, check_ending};
use crate::data::{Fault, Result};
use crate::engine::open::{Given, awaited, open_table_in, record};
use crate::engine::overlap::doubled;
use crate::engine::{ON_DISK, Options, RowsTo, Run, scorer, stop};
use crate::figure::export;
use crate::query::aggregate::Class;
use crate::query::{InputTable, Plan, Query};
use crate::source::live::url::FeedUrl;
use crate::sync::Wake;
use crate::workspace::Windows;
use finish::{RunContext, finish};
use progress::ProgressLine;

/// How often the time, Ctrl-C and the memory in use are checked.
const POLL: Duration = Duration::from_millis(20);

/// # Errors
/// Whatever keeps the answer from being complete.
pub fn run(args: &RunArgs, started: Instant) -> Result<()> {
    let stop = stop::on_signals()?;
    let query = Query::parse(&args.sql)?;
    let written: Vec<&Path> =
        [&args.out, &args.chart, &args.stats].into_iter().flatten().map(PathBuf::as_path).collect();
    outputs::check(&written, &inputs(args))?;
    if let Some(path) = &args.out {
        check_ending(path)?;
    }
    if let Some(path) = &args.chart {
        export::check_ending(path)?;
    }
    let timeout = args.limit.unwrap_or(Duration::MAX);
    let mut tables = Vec::new();
    for name in query.tables() {
        let given = find(args, &query, &name)?;
        for line in awaited(given) {
            console::line(&line);
        }
        tables.push(open_table_in(given, args.workspace.as_deref(), timeout, &stop)?);
    }
    let names = query.tables();
    let tables_asked: Vec<InputTable<'_>> = names.iter().zip(&tables).map(|(name, t)| t.input(name)).collect();
    let models = scorer::load(args.models.iter().map(|(name, file)| (name.as_str(), file.as_path())))?;
    let plan = Arc::new(Plan::with_models(&query, &args.sql, &tables_asked, &models)?);
    let piece = tables.iter().enumerate().map(|(i, table)| table.piece_bytes(plan.columns_of(i))).max().unwrap_or(0);
    let windows = Windows::of(&query, &plan);
    let mut table = tables.remove(0);
    let doubled = doubled(&table).map(|fault| wording::fault(&fault));
    for line in classes(&plan).into_iter().chain(doubled.clone()) {
        console::line(&line);
    }
    let (wake, news) = Wake::channel();
    if args.workspace.is_some() {
        record(&mut table, &wake)?;
    }
    let table = Arc::new(table);
    let options = Options {
        threads: args.threads,
        workspace: args.workspace.clone(),
        datasets: tables.into_iter().map(Arc::new).collect(),
        rows_to: rows_to(args, &plan),
        ..Options::default()
    };
    let (limit, options) = MemoryLimit::share(args.memory, piece, options)?;
    let streamed = options.rows_to.is_some();
    let before = started.elapsed();
    let run = Run::start(plan, table.clone(), options, wake)?;

    let mut progress = ProgressLine::new();
    let mut told: Vec<String> = doubled.into_iter().collect();
    let until = args.limit.map(|limit| Instant::now() + limit);
    let last = loop {
        if stop.is_set() || until.is_some_and(|u| Instant::now() >= u) {
            run.finish();
        }
        let _ = news.recv_timeout(POLL);
        let newest = run.latest();
        limit.check(newest.as_deref())?;
        if let Some(snapshot) = newest {
            if snapshot.last {
                break snapshot;
            }
            if let Some(note) = snapshot.notes.iter().find(|note| note.starts_with(ON_DISK) && !told.contains(note)) {
                progress.clear();
                console::line(note);
                told.push(note.clone());
            }
            progress.show(&snapshot);
        }
    };
    progress.clear();
    finish(args, &table, &last, &RunContext { windows, before, started, streamed, told })
}

/// A line for each item that is not exact, or whose state is not of constant size a group.
fn classes(plan: &Plan) -> Vec<String> {
    if plan.rerun.is_some() {
        // The note on a re-run question comes later, with its cost.
        return Vec::new();
    }
    let items = plan.query.items.iter().zip(plan.classes());
    let dear = items.filter(|(_, (_, class))| match class {
        Class::Exact => false,
        Class::KeepsRows { .. } => plan.rows.is_none(),
        _ => true,
    });
    dear.map(|(item, (sql, class))| format!("{}: {}", item.alias.clone().unwrap_or(sql), class.word())).collect()
}

/// Where rows are written as they come; `None` where the answer is held, because it is aggregated or drawn.
fn rows_to(args: &RunArgs, plan: &Plan) -> Option<RowsTo> {
    if !plan.streams() || args.chart.is_some() {
        return None;
    }
    match &args.out {
        Some(path) => RowWriter::can_write(path, &plan.output).then(|| RowsTo::File(path.clone(), args.formulas)),
        None => (!std::io::stdout().is_terminal()).then_some(RowsTo::Stdout(args.formulas)),
    }
}

/// The table of this name among those given.
fn find<'a>(args: &'a RunArgs, query: &Query, name: &str) -> Result<&'a Given> {
    let quoted = query.table.sql.starts_with('"') && query.rerun.is_none();
    let found =
        args.tables.get(name).or_else(|| args.tables.values().find(|t| !quoted && t.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let names: Vec<&str> = args.tables.keys().map(String::as_str).collect();
        Fault::new(format!("there is no table '{name}'"))
            .at("SQL, FROM")
            .hint(format!("there is {}; name it in FROM, or give --history {name}=FILE", names.join(", ")))
    })
}

/// The files that the command reads: history, feeds that are files, models, the question.
fn inputs(args: &RunArgs) -> Vec<PathBuf> {
    let feed = |url: &String| FeedUrl::parse(url).ok().filter(FeedUrl::is_file)?.path().ok();
    let history = outputs::files(args.tables.values().flat_map(|given| &given.history));
    let feeds = args.tables.values().flat_map(|given| &given.live).filter_map(feed);
    history
        .into_iter()
        .chain(feeds)
        .chain(args.models.iter().map(|(_, file)| file.clone()))
        .chain(args.sql_file.clone())
        .collect()
}
