//! The help of `braid run`, and how the options of every command are laid out in help. What they are is told beside
//! what they do.

use super::args::RUN_OPTIONS;
use super::options::CliOption;

/// Characters of a line of help.
const WIDTH: usize = 120;

/// Options for help: each with its value on the left, and what it does on the right, in lines of at most `WIDTH`.
pub fn list<A>(options: &[CliOption<A>]) -> String {
    let left = |name: &str, value: &str| format!("  --{name} {value}  ");
    let indent = options.iter().map(|o| left(o.name, o.value).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for option in options {
        let mut line = format!("{:<indent$}", left(option.name, option.value));
        for word in option.about.split(' ') {
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
        "braid run answers questions over tables that have a history, a live face, or both.\n\nOptions\n".to_owned();
    text += &list(RUN_OPTIONS);
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
  Several questions from one reading of the table:
    braid run --history t='logs/*.csv' --sql total=\"SELECT count(*) AS n FROM t\" \\
              --sql levels=\"SELECT level, count(*) AS n FROM t GROUP BY level\" --out levels=levels.csv
  From a pipe, as a chart:
    producer | braid run --live t=stdin: --sql \"SELECT k, sum(v) AS v FROM t GROUP BY k\" --chart t.svg
"
}
