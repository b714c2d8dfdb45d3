//! Bad input, from the outside: each gives a message that names what, where and what to do; nothing panics; what can be
//! read is answered.

use std::fs;
use std::path::{Path, PathBuf};

use braid::data::format::write_frame;
use serde_json::Value;

use crate::cli::{braid, refused, stderr};
use crate::run::sample;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

const COUNT: &str = "SELECT count(*) AS n FROM r";

fn refuse(path: &Path) -> String {
    refused(&["run", "--history", &format!("r={}", path.display()), "--sql", COUNT])
}

/// Runs a question and gives its CSV answer, what was said, and the rejected rows and cells.
fn answer(path: &Path, sql: &str) -> (String, String, u64) {
    let folder = Folder::new();
    let stats = folder.0.path().join("stats.json");
    let out = braid(&[
        "run",
        "--history",
        &format!("r={}", path.display()),
        "--sql",
        sql,
        "--stats",
        &stats.display().to_string(),
    ]);
    assert!(out.status.success(), "{}", stderr(&out));
    let stats: Value = serde_json::from_slice(&fs::read(stats).unwrap()).unwrap();
    let n = |key: &str| stats[key].as_u64().unwrap();
    assert_eq!(n("rows_in"), n("rows_shown") + n("rows_filtered") + n("rows_late") + n("rows_rejected"));
    (String::from_utf8(out.stdout.clone()).unwrap(), stderr(&out), n("rows_rejected") + n("cells_rejected"))
}

#[test]
fn files_that_are_no_data_are_named_with_a_way_out() {
    let folder = Folder::new();
    let parquet = folder.0.path().join("whole.parquet");
    write_frame(&sample(5_000, 1), &parquet).unwrap();
    let whole = fs::read(&parquet).unwrap();
    let hollow = folder.0.path().join("hollow");
    fs::create_dir(&hollow).unwrap();
    for (path, words) in [
        (folder.0.path().join("missing.csv"), vec!["no such file", "check the path"]),
        (folder.put("empty.csv", ""), vec!["empty"]),
        (hollow, vec!["no data in this folder", ".csv"]),
        (folder.put("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"), vec!["PNG"]),
        (folder.put("cut.parquet", &whole[..whole.len() / 2]), vec!["truncated", "again"]),
        (folder.put("noise.json", "this is not json at all"), vec!["noise.json"]),
    ] {
        let said = refuse(&path);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(said.contains(name), "the file is named: {said}");
        for word in words {
            assert!(said.contains(word), "'{word}' in: {said}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.put("secret.csv", "a\n1\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything.
    if fs::read(&path).is_err() {
        let said = refuse(&path);
        assert!(said.contains("secret.csv") && said.contains("permi"), "{said}");
    }
}

#[test]
fn a_wrong_extension_is_seen_through() {
    let folder = Folder::new();
    let path = folder.0.path().join("real.parquet");
    write_frame(&sample(100, 2), &path).unwrap();
    let renamed = folder.put("data.csv", fs::read(&path).unwrap());
    let (text, said, _) = answer(&renamed, COUNT);
    assert_eq!(text, "n\n100\n");
    assert!(said.contains("data.csv") && said.contains("Parquet"), "{said}");
}

#[test]
fn rows_that_contradict_are_set_aside_with_file_line_and_reason() {
    let folder = Folder::new();
    let mut late_change = String::from("k,v\n");
    for i in 0..200_000 {
        late_change += &format!("row{i},{i}\n");
    }
    late_change += "odd,seven\nodd,1.5\n";
    let mut mixed = b"k,v\n".to_vec();
    (0..5_000).for_each(|i| mixed.extend(format!("caf\u{e9}{i},{i}\n").bytes()));
    mixed.extend(b"caf\xe9,1\n");
    for (name, bytes, good, bad, place, reason) in [
        ("ragged.csv", b"k,v\na,1\nb\nc,3,4\nd,5\n".to_vec(), 2, 2, "line 3", "1 field"),
        ("nul.csv", b"k,v\na,1\nb\0b,2\nc,3\n".to_vec(), 2, 1, "line 3", "NUL"),
        ("changes.csv", late_change.into_bytes(), 200_000, 2, "line 200002", "seven"),
        ("mixed.csv", mixed, 5_000, 1, "line 5002", "UTF-8"),
        (
            "lines.ndjson",
            b"{\"k\":\"a\",\"v\":1}\n[1,2]\n{\"k\":\"b\",\"v\":2}\n{\"k\":\n".to_vec(),
            2,
            2,
            "line 2",
            "object",
        ),
    ] {
        let path = folder.put(name, bytes);
        let (text, said, rejected) = answer(&path, "SELECT count(v) AS n, count(DISTINCT k) AS d FROM r");
        assert!(text.starts_with(&format!("n,d\n{good},")), "{name}: {text} {said}");
        assert_eq!(rejected, bad, "{name}: {said}");
        assert!(said.contains(name) && said.contains(place) && said.contains(reason), "{name}: {said}");
    }
}

#[test]
fn set_aside_rows_can_be_inspected() {
    let folder = Folder::new();
    let path = folder.put("a.csv", "k,v\na,1\nb,x\nc,3\nd,4\ne,5\nf,6\ng,7\nh,8\n");
    let kept = folder.0.path().join("kept");
    let mut rows = String::from("k,v\n");
    (0..20_000).for_each(|i| rows += &format!("a,{i}\n"));
    rows += "the last, one, is too long\n";
    fs::write(&path, rows).unwrap();
    let out = braid(&[
        "run",
        "--history",
        &format!("r={}", path.display()),
        "--sql",
        COUNT,
        "--workspace",
        &kept.display().to_string(),
    ]);
    assert!(out.status.success(), "{}", stderr(&out));
    let line: Value =
        serde_json::from_str(fs::read_to_string(kept.join("rejected.ndjson")).unwrap().lines().next().unwrap())
            .unwrap();
    assert_eq!(line["line"], 20_002);
    assert!(line["body"].as_str().unwrap().contains("too long") && !line["reason"].as_str().unwrap().is_empty());
}

#[test]
fn duplicate_and_empty_column_names_are_made_unique() {
    let folder = Folder::new();
    let path = folder.put("names.csv", "a,a,,b\n1,2,3,x\n4,5,6,y\n");
    let (text, ..) = answer(&path, "SELECT sum(a) AS a, sum(a_2) AS a2, sum(column_3) AS c FROM r");
    assert_eq!(text, "a,a2,c\n5,7,9\n");
}

#[test]
fn two_files_with_different_schemas_are_told_apart() {
    let folder = Folder::new();
    folder.put("a.csv", "x,y\n1,2\n");
    folder.put("b.csv", "x,z\n1,2\n");
    let said = refused(&["run", "--history", &format!("r={}/*.csv", folder.0.path().display()), "--sql", COUNT]);
    assert!(
        said.contains("b.csv") && said.contains("a.csv") && said.contains("'y'") && said.contains("table of its own"),
        "{said}"
    );
}

#[test]
fn a_question_with_errors_points_at_them() {
    let folder = Folder::new();
    let path = folder.put("a.csv", "x,y\n1,2\n");
    for (sql, words) in [
        ("SELECT sum(z) AS s FROM r", vec!["line 1, column 12", "no column 'z'", "the columns are x, y"]),
        ("SELECT summ(x) AS s FROM r", vec!["column 8", "summ", "did you mean sum?"]),
        ("SELECT count(*) FROM other", vec!["no table 'other'", "r"]),
    ] {
        let said = refused(&["run", "--history", &format!("r={}", path.display()), "--sql", sql]);
        for word in words {
            assert!(said.contains(word), "'{word}' in: {said}");
        }
    }
}

#[test]
fn a_question_without_rows_and_one_that_divides_by_zero_are_answered() {
    let folder = Folder::new();
    let path = folder.put("a.csv", "x,y\n1,2\n3,4\n");
    let (text, ..) = answer(&path, "SELECT x, count(*) AS n FROM r WHERE y > 100 GROUP BY x");
    assert_eq!(text, "x,n\n");
    let (text, said, _) = answer(&path, "SELECT sum(x) / (count(*) - 2) AS q FROM r");
    assert_eq!(text, "q\ninf\n");
    assert!(said.contains("'q'") && said.contains("division by zero") && said.contains("NULLIF"), "{said}");
}

#[test]
fn a_duration_can_be_written_as_text() {
    let folder = Folder::new();
    let path = folder.put("a.csv", "t\n2020-01-01 00:00:00\n2020-01-02 02:30:00.25\n");
    let (text, ..) = answer(&path, "SELECT max(t) - min(t) AS d FROM r");
    assert_eq!(text, "d\n26:30:00.250000\n");
}

#[test]
fn an_empty_table_is_a_table() {
    let folder = Folder::new();
    let path = folder.put("header.csv", "a,b\n");
    let (text, ..) = answer(&path, COUNT);
    assert_eq!(text, "n\n0\n");
}

#[test]
fn one_odd_value_among_many_does_not_make_a_column_text_and_its_row_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |odd: &[(usize, &str)], n: usize| -> String {
        (0..n)
            .map(|i| {
                odd.iter()
                    .find(|(at, _)| *at == i)
                    .map_or_else(|| format!("k{},{i}\n", i % 3), |(_, text)| format!("k,{text}\n"))
            })
            .collect()
    };
    // Where the odd values stand, of how many rows, and whether the column is of numbers all the same.
    type Case<'a> = (&'a [(usize, &'a str)], usize, bool);
    let cases: [Case<'_>; 6] = [
        (&[(1, "oops")], 40, true),
        (&[(1, "oops"), (7, "what?")], 60, true),
        // Too few to tell, too many, the same word again, a value of another type.
        (&[(1, "oops")], 12, false),
        (&[(1, "a"), (2, "b"), (3, "c")], 40, false),
        (&[(1, "n/a"), (9, "n/a")], 100, false),
        (&[(1, "2024-01-01")], 100, false),
    ];
    for (odd, n, number) in cases {
        for (name, feed) in [("a.csv", false), ("b.csv", true)] {
            let path = folder.path().join(name);
            fs::write(&path, format!("k,v\n{}", rows(odd, n))).unwrap();
            let (history, live) = if feed {
                (vec![], vec![format!("file:{}?follow=false", path.display())])
            } else {
                (vec![path.as_path()], vec![])
            };
            let mut given = crate::run::given(&history, &live);
            given.time = None;
            let table = crate::run::open(&given);
            assert_eq!(table.schema.get("v").unwrap().is_integer(), number, "{odd:?} {n}");
            let last = crate::run::answer(&table, "SELECT count(v) AS n FROM r", braid::engine::Options::default());
            let set_aside = if number { odd.len() as u64 } else { 0 };
            assert_eq!(
                (last.rows.come_in, last.rows.rejected, last.rows.cells),
                (n as u64, 0, set_aside),
                "{odd:?} {n}"
            );
            assert!(last.rows.conserved());
            assert!(last.rejects.all().all(|r| r.reason.contains("is not an integer")));
        }
    }
}

#[test]
fn no_refusal_is_the_dump_of_a_syntax_tree() {
    let folder = Folder::new();
    let history = format!("r={}", folder.put("r.csv", "k,v,t\na,1,2024-01-01\n").display());
    for (sql, word) in [
        ("SELECT k FROM r WHERE (v, v) > ALL (SELECT v, v FROM r)", "several values"),
        ("SELECT {'a': 1} AS x FROM r", "'dictionary'"),
        ("SELECT v AT TIME ZONE 'UTC' AS x FROM r", "AT TIME ZONE takes"),
        ("SELECT INTERVAL '1' AS x FROM r", "interval"),
        ("SELECT overlay(k PLACING 'x' FROM 1) AS x FROM r", "'overlay'"),
    ] {
        let said = refused(&["run", "--history", &history, "--sql", sql]);
        assert!(["Span", "Ident", "None", "{"].iter().all(|dump| !said.contains(dump)), "{said}");
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn what_never_ends_or_never_comes_is_not_waited_for() {
    let folder = Folder::new();
    let path = folder.put("r.csv", "k,v\na,1\n");
    let history = format!("r={}", path.display());
    let out = braid(&["run", "--history", &history, "--sql", "@/dev/zero"]);
    assert!(out.status.code() == Some(2) && stderr(&out).contains("/dev/zero: it has more than"), "{}", stderr(&out));
    let pipe = folder.0.path().join("model.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = refused(&["run", "--history", &history, "--model", &format!("m={}", pipe.display()), "--sql", COUNT]);
    assert!(said.contains("plain file") && said.contains("model.json"), "{said}");
}

#[test]
fn a_file_that_links_lead_to_in_many_ways_is_counted_once() {
    let folder = Folder::new();
    fs::create_dir(folder.0.path().join("a")).unwrap();
    folder.put("a/x.csv", "k,v\na,1\n");
    for name in ["loop", "again"] {
        std::os::unix::fs::symlink(folder.0.path(), folder.0.path().join("a").join(name)).unwrap();
    }
    std::os::unix::fs::symlink("x.csv", folder.0.path().join("a/y.csv")).unwrap();
    for glob in ["a/*.csv", "*/*/*/x.csv", "*/*/*/*.csv", "a/*/*/*/*/*.csv"] {
        assert_eq!(answer(&folder.0.path().join(glob), COUNT).0, "n\n1\n", "{glob}");
    }
}

#[test]
fn what_goes_down_too_far_is_said_to() {
    let folder = Folder::new();
    let deep = format!("{{\"a\":{}1{}}}\n", "[".repeat(300), "]".repeat(300));
    let path = folder.put("deep.ndjson", format!("{{\"a\":1}}\n{deep}{{\"a\":2}}\n"));
    let (_, said, rejected) = answer(&path, "SELECT sum(a) AS s FROM r");
    assert!(rejected == 1 && said.contains("nested too deeply"), "{said}");
}

#[test]
fn a_torn_first_line_costs_no_line_after_it() {
    let folder = Folder::new();
    for (name, first) in [("a.ndjson", "{\"a\":0"), ("b.json", "{\"a\":0,"), ("c.ndjson", "{\"a\":")] {
        let path = folder.put(name, format!("{first}\n{{\"a\":1}}\n{{\"a\":2}}\n"));
        let (answer, said, rejected) = answer(&path, "SELECT count(*) AS n, sum(a) AS s FROM r");
        assert_eq!((answer.as_str(), rejected), ("n,s\n2,3\n", 1), "{name}: {said}");
    }
    // A document over many lines is none of lines.
    let path = folder.put("d.json", "{\n  \"a\": 1,\n  \"b\": {\"x\":1}\n}\n{\n  \"a\": 2\n}\n");
    assert_eq!(answer(&path, "SELECT count(*) AS n, sum(a) AS s FROM r").0, "n,s\n2,3\n");
}
