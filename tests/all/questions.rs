//! `braid run` with several questions: one reading of the tables for all of them, each answer as if it were alone, also
//! after a kill at any instant.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use braid::data::format::write_frame;
use serde_json::Value;

use crate::cli::{braid, stderr, stdout};
use crate::crash::conserved;
use crate::run::sample;

const ASKED: [(&str, &str); 4] = [
    ("total", "SELECT count(*) AS n, sum(v) AS s FROM r"),
    ("keys", "SELECT k, count(*) AS n, avg(x) AS mean FROM r GROUP BY k ORDER BY k"),
    ("minutes", "SELECT tumble(t, INTERVAL '1 minute') AS m, count(*) AS n, sum(v) AS s FROM r GROUP BY m ORDER BY m"),
    ("few", "SELECT k, v, x FROM r WHERE v > 990000 ORDER BY v, x"),
];

fn arguments(folder: &Path, source: &[&str], asked: &[(&str, &str)]) -> Vec<String> {
    let mut args: Vec<String> = ["run"].iter().chain(source).map(|arg| (*arg).to_owned()).collect();
    args.extend(["--time".to_owned(), "r=t,1h".to_owned()]);
    for (name, sql) in asked {
        args.extend(["--sql".to_owned(), format!("{name}={sql}")]);
        args.extend(["--out".to_owned(), format!("{name}={}", folder.join(format!("{name}.csv")).display())]);
    }
    args
}

fn run(args: &[String]) {
    let done = braid(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(done.status.success(), "{}", stderr(&done));
}

fn answers(folder: &Path) -> BTreeMap<String, String> {
    let read = |(name, _): &(&str, &str)| {
        let path = folder.join(format!("{name}.csv"));
        ((*name).to_owned(), fs::read_to_string(path).unwrap())
    };
    ASKED.iter().map(read).collect()
}

/// Each question asked alone, of all rows as history.
fn alone(file: &Path) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let history = format!("r={}", file.display());
    for asked in ASKED {
        run(&arguments(folder.path(), &["--history", &history], &[asked]));
    }
    answers(folder.path())
}

#[test]
fn several_questions_are_answered_from_one_reading() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.csv");
    write_frame(&sample(50_000, 5), &all).unwrap();
    let stats = folder.path().join("stats.json");
    let history = format!("r={}", all.display());
    let mut args = arguments(folder.path(), &["--history", &history], &ASKED);
    args.extend(["--stats".to_owned(), stats.display().to_string()]);
    args.extend(["--chart".to_owned(), format!("keys={}", folder.path().join("keys.svg").display())]);
    run(&args);
    assert_eq!(answers(folder.path()), alone(&all));
    assert!(fs::read_to_string(folder.path().join("keys.svg")).unwrap().contains("<svg"));
    let stats: Value = serde_json::from_str(&fs::read_to_string(stats).unwrap()).unwrap();
    // The file was read once, not once a question.
    assert_eq!(stats["bytes_in"].as_u64().unwrap(), fs::metadata(&all).unwrap().len());
    let of = |name: &str| &stats["questions"][name];
    for (name, _) in ASKED {
        assert!(conserved(of(name)) && of(name)["rows_in"] == 50_000, "{name}: {}", of(name));
    }
    assert_eq!((&of("total")["groups"], &of("keys")["groups"]), (&1.into(), &6.into()));
    assert!(of("few")["rows_filtered"].as_u64().unwrap() > 40_000);
    assert!(of("minutes")["windows"].is_object() && of("total")["windows"].is_null());
    assert!(conserved(&stats) && stats["groups"] == 1, "the other keys are those of the first question");
}

#[test]
fn answers_without_a_file_go_to_stdout_under_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.csv");
    fs::write(&all, "k,v\na,1\nb,2\na,3\n").unwrap();
    let history = format!("r={}", all.display());
    let (one, two) = ("n=SELECT count(*) AS n FROM r", "s=SELECT k, sum(v) AS s FROM r GROUP BY k ORDER BY k");
    let done = braid(&["run", "--history", &history, "--sql", one, "--sql", two]);
    assert_eq!(stdout(&done), "# n\nn\n3\n# s\nk,s\na,4\nb,2\n", "{}", stderr(&done));
    // A single question may have a name, too, and an equals sign is no name.
    let done = braid(&["run", "--history", &history, "--sql", one]);
    assert_eq!(stdout(&done), "n\n3\n", "{}", stderr(&done));
    let done = braid(&["run", "--history", &history, "--sql", "SELECT v=1 AS one FROM r"]);
    assert_eq!(stdout(&done), "one\ntrue\nfalse\nfalse\n", "{}", stderr(&done));
}

#[test]
fn questions_of_several_tables_each_read_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (a, b) = (put("a.csv", "k,v\nx,1\ny,2\n"), put("b.csv", "k,w\nx,10\nx,20\n"));
    let (a, b) = (format!("a={a}"), format!("b={b}"));
    let asked = [
        "one=SELECT sum(v) AS s FROM a",
        "two=SELECT sum(w) AS s FROM b",
        "three=SELECT a.k, w FROM b JOIN a ON a.k = b.k ORDER BY w",
    ];
    let done =
        braid(&["run", "--history", &a, "--history", &b, "--sql", asked[0], "--sql", asked[1], "--sql", asked[2]]);
    assert_eq!(stdout(&done), "# one\ns\n3\n# two\ns\n30\n# three\nk,w\nx,10\nx,20\n", "{}", stderr(&done));
}

#[test]
fn what_names_no_question_is_refused() {
    let (one, two) = ("a=SELECT count(*) AS n FROM r", "SELECT count(*) AS n FROM r");
    let with = |more: &[&str]| {
        let args: Vec<&str> = ["run", "--history", "r=x.csv", "--sql", one].iter().chain(more).copied().collect();
        let out = braid(&args);
        assert_eq!(out.status.code(), Some(2), "{args:?}: {}", stderr(&out));
        stderr(&out)
    };
    assert!(with(&["--sql", two]).contains("one has no name"));
    assert!(with(&["--sql", "A=SELECT 1 FROM r"]).contains("two questions are called 'A'"));
    assert!(with(&["--sql", "b=SELECT 1 AS x FROM r", "--out", "c=x.csv"]).contains("names none of the questions"));
    assert!(with(&["--out", "a=x.csv", "--out", "a=y.csv"]).contains("--out was given already"));
}

#[test]
fn a_question_that_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.csv");
    fs::write(&all, "k,v\na,1\n").unwrap();
    let history = format!("r={}", all.display());
    let done = braid(&["run", "--history", &history, "--sql", "a=SELECT k FROM r", "--sql", "b=SELECT nope FROM r"]);
    assert!(stderr(&done).contains("question b, SQL") && stderr(&done).contains("nope"), "{}", stderr(&done));
    assert!(stdout(&done).is_empty() && done.status.code() == Some(1));
}

/// Whatever instant a run of several questions is killed at, a restart answers all of them as if nothing had happened.
#[test]
fn several_questions_killed_at_random_instants_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.parquet");
    write_frame(&sample(120_000, 7), &all).unwrap();
    let want = alone(&all);
    let live = format!("r=replay:{}?rate=60000&disorder=20s&seed=3", all.display());
    let workspace = folder.path().join("workspace").display().to_string();
    // Fewer questions at first: those that come later catch up.
    let mut random = fastrand::Rng::with_seed(17);
    for round in 0..6 {
        let asked = &ASKED[..if round < 2 { 2 } else { 4 }];
        let args = arguments(folder.path(), &["--live", &live, "--workspace", &workspace], asked);
        let mut child = Command::new(env!("CARGO_BIN_EXE_braid"))
            .args(&args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(random.u64(100..1_200)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    run(&arguments(folder.path(), &["--live", &live, "--workspace", &workspace], &ASKED));
    assert_eq!(answers(folder.path()), want);
}
