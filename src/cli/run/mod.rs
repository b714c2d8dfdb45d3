//! `braid run`: questions, their progress on stderr, their answers on stdout or in files.

mod finish;
mod progress;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::{QuestionArgs, RunArgs};
use super::memory::MemoryLimit;
use super::{console, outputs, wording};
use crate::data::format::{RowWriter, check_ending};
use crate::data::{Fault, Result};
use crate::engine::open::{Given, awaited, open_table_in, record};
use crate::engine::overlap::doubled;
use crate::engine::{Asking, ON_DISK, Options, RowsTo, Run, Table, TableScan, scorer, stop};
use crate::figure::export;
use crate::query::aggregate::Class;
use crate::query::model::Models;
use crate::query::sql::span::point;
use crate::query::{InputTable, Plan, Query};
use crate::source::live::url::FeedUrl;
use crate::store::log::Keep;
use crate::sync::{Cancel, Wake};
use crate::workspace::Windows;
use finish::{Answered, RunContext, finish};
use progress::ProgressLine;

/// How often the time, Ctrl-C and the memory in use are checked.
const POLL: Duration = Duration::from_millis(20);

/// A question that is bound to its tables.
struct Bound<'a> {
    args: &'a QuestionArgs,
    plan: Arc<Plan>,
    windows: Windows,
    /// The names of its tables among those that are open; the first is the one that is read, the others datasets.
    tables: Vec<String>,
    /// Where rows are written as they come.
    rows_to: Option<RowsTo>,
}

/// # Errors
/// Whatever keeps an answer from being complete.
pub fn run(args: &RunArgs, started: Instant) -> Result<()> {
    let stop = stop::on_signals()?;
    let parse = |question: &QuestionArgs| Query::parse(&question.sql).map_err(|fault| named(fault, question));
    let queries = args.questions.iter().map(parse).collect::<Result<Vec<_>>>()?;
    check_outputs(args)?;
    let mut open = open_tables(args, &queries, &stop)?;
    let models = scorer::load(args.models.iter().map(|(name, file)| (name.as_str(), file.as_path())))?;
    let mut bound = Vec::new();
    for (question, query) in args.questions.iter().zip(&queries) {
        bound.push(bind(args, question, query, &open, &models)?);
    }
    let piece = bound.iter().flat_map(|b| piece_sizes(b, &open)).max().unwrap_or(0);
    let mut told: Vec<String> = Vec::new();
    let mut tell = |line: String| {
        if !told.contains(&line) {
            console::line(&line);
            told.push(line);
        }
    };
    for b in &bound {
        classes(&b.plan).into_iter().for_each(|line| tell(of_question(&b.args.name, line)));
        open.get(&b.tables[0]).and_then(doubled).iter().for_each(|fault| tell(wording::fault(fault)));
    }
    let (wake, news) = Wake::channel();
    if args.workspace.is_some() {
        for b in &bound {
            open.get_mut(&b.tables[0]).map_or(Ok(()), |table| record(table, &wake))?;
        }
    }
    let open: BTreeMap<String, Arc<Table>> = open.into_iter().map(|(name, table)| (name, Arc::new(table))).collect();
    let options = Options { threads: args.threads, workspace: args.workspace.clone(), ..Options::default() };
    let (limit, options) = MemoryLimit::share(args.memory, piece, options)?;
    let before = started.elapsed();
    let runs = start(&bound, &open, &options, &wake)?;

    let mut progress = ProgressLine::new();
    let until = args.limit.map(|limit| Instant::now() + limit);
    let last = loop {
        if stop.is_set() || until.is_some_and(|u| Instant::now() >= u) {
            runs.iter().for_each(Run::finish);
        }
        let _ = news.recv_timeout(POLL);
        let newest: Vec<_> = runs.iter().filter_map(Run::latest).collect();
        limit.check(newest.first().map(|snapshot| &**snapshot))?;
        if newest.len() == runs.len() && newest.iter().all(|snapshot| snapshot.last) {
            break newest;
        }
        let on_disk = newest.iter().flat_map(|snapshot| &snapshot.notes).find(|note| note.starts_with(ON_DISK));
        if let Some(note) = on_disk.filter(|note| !told.contains(note)) {
            progress.clear();
            console::line(note);
            told.push(note.clone());
        }
        if let Some(snapshot) = newest.first() {
            progress.show(snapshot);
        }
    };
    progress.clear();
    let answered: Vec<Answered<'_>> = bound
        .iter()
        .zip(&last)
        .filter_map(|(b, last)| {
            let table = &**open.get(&b.tables[0])?;
            Some(Answered { args: b.args, table, last, windows: &b.windows, streamed: b.rows_to.is_some() })
        })
        .collect();
    finish(args, &answered, RunContext { before, started, told })
}

/// Checks before any work that what is to be written can be.
fn check_outputs(args: &RunArgs) -> Result<()> {
    let files = args.questions.iter().flat_map(|question| question.out.iter().chain(&question.chart));
    let written: Vec<&Path> = files.chain(&args.stats).map(PathBuf::as_path).collect();
    outputs::check(&written, &inputs(args))?;
    args.questions.iter().flat_map(|question| &question.out).try_for_each(|path| check_ending(path))?;
    args.questions.iter().flat_map(|question| &question.chart).try_for_each(|path| export::check_ending(path))
}

/// Every table that a question names, opened once.
fn open_tables(args: &RunArgs, queries: &[Query], stop: &Cancel) -> Result<BTreeMap<String, Table>> {
    let timeout = args.limit.unwrap_or(Duration::MAX);
    let mut open = BTreeMap::new();
    for query in queries {
        for name in tables_of(args, query) {
            let given = find(args, query, &name)?;
            if open.contains_key(&given.name) {
                continue;
            }
            for line in awaited(given) {
                console::line(&line);
            }
            let kept = args.workspace.as_deref().map(|folder| (folder, Keep::default()));
            open.insert(given.name.clone(), open_table_in(given, kept, timeout, stop)?);
        }
    }
    Ok(open)
}

/// The tables that a question names; the first that is given, where it names none.
fn tables_of(args: &RunArgs, query: &Query) -> Vec<String> {
    let names = query.tables();
    if names.is_empty() { args.tables.keys().take(1).cloned().collect() } else { names }
}

fn bind<'a>(
    args: &RunArgs,
    question: &'a QuestionArgs,
    query: &Query,
    open: &BTreeMap<String, Table>,
    models: &Models,
) -> Result<Bound<'a>> {
    let names = tables_of(args, query);
    let tables = names.iter().map(|name| find(args, query, name).map(|given| given.name.clone()));
    let tables = tables.collect::<Result<Vec<_>>>()?;
    let inputs: Vec<InputTable<'_>> =
        names.iter().zip(&tables).filter_map(|(name, table)| Some(open.get(table)?.input(name))).collect();
    let plan =
        Arc::new(Plan::with_models(query, &question.sql, &inputs, models).map_err(|fault| named(fault, question))?);
    let rows_to = rows_to(args, question, &plan);
    let time = tables.first().and_then(|name| open.get(name)?.time.as_ref()).map(|time| time.column.as_str());
    Ok(Bound { args: question, windows: Windows::of(&plan.query, &plan, time), plan, tables, rows_to })
}

/// What reading a piece of each of its tables takes, bytes.
fn piece_sizes(bound: &Bound<'_>, open: &BTreeMap<String, Table>) -> Vec<u64> {
    let size = |(i, name): (usize, &String)| open.get(name).map(|table| table.piece_bytes(&bound.plan.columns_of(i)));
    bound.tables.iter().enumerate().filter_map(size).collect()
}

/// Starts all questions: those of one table share one reading of it. Gives their runs in the order of the questions.
fn start(bound: &[Bound<'_>], open: &BTreeMap<String, Arc<Table>>, options: &Options, wake: &Wake) -> Result<Vec<Run>> {
    let table = |name: &String| open.get(name).cloned();
    let own = |b: &Bound<'_>| Options {
        datasets: b.tables.iter().skip(1).filter_map(table).collect(),
        rows_to: b.rows_to.clone(),
        ..options.clone()
    };
    let mut runs: BTreeMap<usize, Run> = BTreeMap::new();
    for (name, read) in open {
        let here: Vec<usize> = (0..bound.len()).filter(|i| bound[*i].tables[0] == *name).collect();
        let (rerun, shared): (Vec<usize>, Vec<usize>) = here.into_iter().partition(|i| bound[*i].plan.rerun.is_some());
        for i in rerun {
            let b = &bound[i];
            runs.insert(i, Run::start(b.plan.clone(), read.clone(), own(b), wake.clone())?);
        }
        if !shared.is_empty() {
            let asked = shared.iter().map(|i| &bound[*i]);
            let asked = asked.map(|b| Asking { plan: b.plan.clone(), options: own(b), wake: wake.clone() }).collect();
            let (_, started) = TableScan::start(read.clone(), options.clone(), asked)?;
            runs.extend(shared.into_iter().zip(started));
        }
    }
    Ok(runs.into_values().collect())
}

/// A line about one of several questions.
fn of_question(name: &str, line: String) -> String {
    if name.is_empty() { line } else { format!("{name}: {line}") }
}

/// The fault of one of several questions, at its place in what was written.
fn named(fault: Fault, question: &QuestionArgs) -> Fault {
    let own = fault.span.clone().filter(|span| question.added > 0 && span.start >= question.added);
    let fault = match (own, question.sql.get(question.added..)) {
        (Some(span), Some(sql)) => {
            let span = span.start - question.added..span.end.saturating_sub(question.added);
            point(sql, fault.what, span).hint(fault.hint)
        }
        _ => fault,
    };
    let name = question.name.as_str();
    let place = if name.is_empty() { fault.place.clone() } else { format!("question {name}, {}", fault.place) };
    Fault { place: place.trim_end_matches(", ").to_owned(), ..fault }
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

/// Where rows are written as they come; `None` where the answer is held, because it is aggregated or drawn, or one of
/// several on stdout.
fn rows_to(args: &RunArgs, question: &QuestionArgs, plan: &Plan) -> Option<RowsTo> {
    // Rows that are written as they come leave nothing to go on from: beside others that go on they are kept.
    let goes_on = args.workspace.is_some() && args.questions.len() > 1;
    if !plan.streams() || question.chart.is_some() || goes_on {
        return None;
    }
    match &question.out {
        Some(path) => RowWriter::can_write(path, &plan.output).then(|| RowsTo::File(path.clone(), args.formulas)),
        None => {
            (args.questions.len() == 1 && !std::io::stdout().is_terminal()).then_some(RowsTo::Stdout(args.formulas))
        }
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
        .chain(args.questions.iter().filter_map(|question| question.file.clone()))
        .collect()
}
