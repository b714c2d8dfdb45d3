//! What `braid run` can be told, one option an entry: the parser and the help read the same list. How a list of options
//! is laid out in help is told here for every command.

/// Characters of a line of help.
const WIDTH: usize = 120;

/// An option of `braid run`.
#[derive(Debug)]
pub struct RunOption {
    /// Without dashes.
    pub name: &'static str,
    /// What stands after it.
    pub value: &'static str,
    pub about: &'static str,
}

const fn option(name: &'static str, value: &'static str, about: &'static str) -> RunOption {
    RunOption { name, value, about }
}

pub const RUN_OPTIONS: &[RunOption] = &[
    option("history", "NAME=GLOB", "files, a folder or a glob that are the history of the table NAME; may come again"),
    option(
        "live",
        "NAME=URL",
        "a feed that is its live face, such as file:LOG, stdin:, kafka://HOST/TOPIC (braid sources has all); may come \
         again",
    ),
    option(
        "time",
        "NAME=COLUMN[,LATENESS]",
        "its event time, and how late a row may come and still be in its window (10s unless said)",
    ),
    option("seam", "NAME=SEAM", "which face owns a row: position, time:T, key:COLUMN or append (no row is in both)"),
    option(
        "model",
        "NAME=FILE.json",
        "a model that braid train wrote: predict(NAME) and predict_proba(NAME, 'class') in the question; may come \
         again",
    ),
    option("sql", "TEXT|@FILE", "the question, or a file that holds it"),
    option("for", "DURATION", "end after so long, such as 30s or 10m, with a complete answer for what was read"),
    option(
        "workspace",
        "DIR",
        "keep checkpoints, recordings and rows set aside there; the same question goes on where it was",
    ),
    option("out", "FILE", "write the answer: .csv, .parquet, .json or .arrow; without it, it goes to stdout"),
    option(
        "formulas",
        "text|keep",
        "in CSV: text puts an apostrophe before texts that a spreadsheet would compute (they begin with = + - @); keep \
         unless said",
    ),
    option("chart", "FILE", "draw the answer: .png or .svg"),
    option(
        "stats",
        "FILE.json",
        "write what was read, where every row went, the seam's ledger, windows open and final, and what it cost",
    ),
    option("engine", "local", "where the question is answered"),
    option("threads", "N", "workers; one a core unless said"),
    option(
        "memory",
        "SIZE",
        "what the whole process may hold, such as 512MiB; groups beyond it go to disk, and what no disk helps with \
         says what it needs",
    ),
];

/// Options for help: each with its value on the left, and what it does on the right, in lines of at most `WIDTH`.
pub(super) fn list<'a>(options: impl Iterator<Item = (&'a str, &'a str, &'a str)> + Clone) -> String {
    let left = |name: &str, value: &str| format!("  --{name} {value}  ");
    let indent = options.clone().map(|(name, value, _)| left(name, value).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value, about) in options {
        let mut line = format!("{:<indent$}", left(name, value));
        for word in about.split(' ') {
            if line.chars().count() + word.chars().count() > WIDTH {
                text += line.trim_end();
                text.push('\n');
                line = " ".repeat(indent);
            }
            line += word;
            line.push(' ');
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// `braid run --help`.
pub fn run() -> String {
    let mut text =
        "braid run answers one question over tables that have a history, a live face, or both.\n\nOptions\n".to_owned();
    text += &list(RUN_OPTIONS.iter().map(|o| (o.name, o.value, o.about)));
    text + "
It ends when every input has ended, after --for, or on Ctrl-C; on a second Ctrl-C at once, without an answer. The
answer goes to stdout as a table (CSV in a pipe), progress and what there is to know to stderr. Exit code: 0; 1 with one
line that says what, where and what to do; 2 for wrong usage.

Examples
  How many flights of each airport, from all files of a folder:
    braid run --history flights='flights/*.parquet' \\
              --sql \"SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY n DESC\"
  Errors a minute of a log that is being written, for ten minutes:
    braid run --live log=file:app.ndjson --time log=ts,5s --for 10m \\
              --sql \"SELECT tumble(ts, INTERVAL '1 minute') AS minute, count(*) AS n
                     FROM log WHERE level = 'error' GROUP BY minute\"
  History and feed of one table, which meet at a time, with the ledger of the seam:
    braid run --history t=old.parquet --live t=kafka://localhost:9092/t --seam t=time:2024-03-01T00:00:00 \\
              --sql @q.sql --stats s.json
  From a pipe, as a chart:
    producer | braid run --live t=stdin: --sql \"SELECT k, sum(v) AS v FROM t GROUP BY k\" --chart t.svg
"
}
