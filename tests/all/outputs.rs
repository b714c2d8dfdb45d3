//! What is written is there whole, or the exit says that it is not: no half file under the final name, nothing empty
//! left.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use braid::data::format::write_frame;
use polars::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::cli::{braid, stderr};
use crate::run::sample;

const ALL: &str = "SELECT * FROM r";
const SOME: &str = "SELECT k, count(*) AS n FROM r GROUP BY k";

struct Given {
    folder: tempfile::TempDir,
    history: String,
}

fn given(rows: usize) -> Given {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.parquet");
    write_frame(&sample(rows, 3), &path).unwrap();
    Given { history: format!("r={}", path.display()), folder }
}

impl Given {
    fn to(&self, out: impl Into<Stdio>, sql: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
        command
            .args(["run", "--history", &self.history, "--sql", sql])
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::piped());
        command.output().unwrap()
    }

    /// A run whose files may have `blocks` of 512 bytes each, and then writing fails as on a full disk.
    fn limited(&self, blocks: u32, args: &[&str]) -> Output {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("ulimit -f {blocks}; exec \"$@\""),
            "sh",
            env!("CARGO_BIN_EXE_braid"),
            "run",
            "--history",
            &self.history,
        ]);
        command.args(args).stdin(Stdio::null()).output().unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn failed(out: &Output, words: &[&str]) {
    let said = stderr(out);
    assert_eq!(out.status.code(), Some(1), "{said}");
    let told: Vec<&str> = said.lines().filter(|line| line.starts_with("braid: ")).collect();
    assert_eq!(told.len(), 1, "{said}");
    assert!(words.iter().all(|word| told[0].contains(word)), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn standard_output_that_cannot_be_written_is_a_failure() {
    let given = given(20_000);
    for sql in [ALL, SOME, "SELECT k FROM r ORDER BY k"] {
        failed(&given.to(File::options().write(true).open("/dev/full").unwrap(), sql), &["stdout", "full"]);
    }
}

#[test]
fn a_reader_that_has_had_enough_is_none() {
    let given = given(20_000);
    for sql in [ALL, SOME] {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "\"$@\" | head -n 1; exit ${PIPESTATUS:-0}",
            "sh",
            env!("CARGO_BIN_EXE_braid"),
            "run",
            "--history",
            &given.history,
            "--sql",
            sql,
        ]);
        let out = command.stdin(Stdio::null()).output().unwrap();
        assert!(out.status.success() && !stderr(&out).contains("braid:"), "{}", stderr(&out));
        // Whether it ends at once and quietly is its own exit: nobody reads from the very beginning.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let out = given.to(writer, sql);
        assert!(out.status.success() && !stderr(&out).contains("braid:"), "{}", stderr(&out));
    }
}

#[test]
fn a_device_is_written_to_and_never_replaced() {
    let given = given(20_000);
    for sql in [ALL, SOME] {
        failed(&braid(&["run", "--history", &given.history, "--sql", sql, "--out", "/dev/full"]), &["/dev/full"]);
    }
    let link = given.folder.path().join("null.csv");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    let out = braid(&["run", "--history", &given.history, "--sql", ALL, "--out", &link.display().to_string()]);
    assert!(out.status.success(), "{}", stderr(&out));
    for device in ["/dev/full", "/dev/null"] {
        assert!(fs::metadata(device).unwrap().file_type().is_char_device(), "{device} is a device still");
    }
}

#[test]
fn a_shorter_answer_leaves_nothing_of_a_longer_one_in_memory_file_systems_either() {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return };
    let (given, path) = (given(100), folder.path().join("x.csv"));
    fs::write(&path, "before\n".repeat(1_000)).unwrap();
    assert!(
        braid(&[
            "run",
            "--history",
            &given.history,
            "--sql",
            "SELECT count(*) AS n FROM r",
            "--out",
            &path.display().to_string()
        ])
        .status
        .success()
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "n\n100\n");
}

#[test]
fn a_pipe_without_a_reader_is_not_waited_for() {
    let given = given(100);
    let pipe = given.folder.path().join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    failed(
        &braid(&["run", "--history", &given.history, "--sql", SOME, "--out", &pipe.display().to_string()]),
        &["pipe.csv", "reader"],
    );
    let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    // It may not have opened the pipe yet.
    let ask = || {
        braid(&[
            "run",
            "--history",
            &given.history,
            "--sql",
            "SELECT count(*) AS n FROM r",
            "--out",
            &pipe.display().to_string(),
        ])
    };
    let out = (0..100).map(|_| ask()).find(|out| out.status.success());
    assert!(out.is_some());
    assert_eq!(String::from_utf8_lossy(&reader.wait_with_output().unwrap().stdout), "n\n100\n");
}

#[test]
fn what_is_being_written_is_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let draft = braid::disk::Draft::new(&path).unwrap();
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(names.len(), 1);
    assert_eq!(fs::metadata(&names[0]).unwrap().permissions().mode() & 0o777, 0o600);
    drop(draft);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_file_that_does_not_fit_leaves_nothing_and_what_was_there_stays() {
    for ending in ["csv", "tsv", "parquet", "json", "ndjson", "arrow"] {
        for sql in [ALL, "SELECT * FROM r ORDER BY v"] {
            let given = given(20_000);
            let out = given.folder.path().join(format!("x.{ending}"));
            let shown = out.display().to_string();
            failed(&given.limited(16, &["--sql", sql, "--out", &shown]), &[&shown]);
            assert_eq!(given.names(), ["r.parquet"], "{ending}");
            fs::write(&out, "before").unwrap();
            failed(&given.limited(16, &["--sql", sql, "--out", &shown]), &[&shown]);
            assert_eq!(fs::read_to_string(&out).unwrap(), "before", "{ending}");
            assert_eq!(given.names().len(), 2, "{ending}");
        }
    }
}

#[test]
fn pictures_and_statistics_that_do_not_fit_are_failures_too() {
    let given = given(2_000);
    for (option, name) in [("--chart", "c.png"), ("--chart", "c.svg"), ("--stats", "s.json")] {
        let path = given.folder.path().join(name).display().to_string();
        failed(&given.limited(0, &["--sql", SOME, option, &path]), &[&path]);
        assert_eq!(given.names(), ["r.parquet"], "{name}");
    }
}

#[test]
fn a_disk_that_is_full_is_called_that_whatever_the_format() {
    let given = given(20_000);
    for ending in ["csv", "parquet", "json", "arrow"] {
        let link = given.folder.path().join(format!("full.{ending}"));
        std::os::unix::fs::symlink("/dev/full", &link).unwrap();
        failed(
            &braid(&["run", "--history", &given.history, "--sql", ALL, "--out", &link.display().to_string()]),
            &["the disk is full"],
        );
    }
}

#[test]
fn a_new_file_is_as_others_are_and_a_private_one_stays_private() {
    let given = given(100);
    let (plain, new, private) = (
        given.folder.path().join("plain"),
        given.folder.path().join("new.csv"),
        given.folder.path().join("private.csv"),
    );
    fs::write(&plain, "").unwrap();
    fs::write(&private, "").unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    for path in [&new, &private] {
        assert!(
            braid(&["run", "--history", &given.history, "--sql", SOME, "--out", &path.display().to_string()])
                .status
                .success()
        );
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&new), mode(&private)), (mode(&plain), 0o600));
}

#[test]
fn bytes_are_written_as_text_wherever_text_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.parquet");
    let blob: BinaryChunked = [Some(&b"ab\\\0\xff"[..]), None].into_iter().collect();
    let frame =
        DataFrame::new(2, vec![Column::new("n".into(), [1_i64, 2]), blob.with_name("b".into()).into_column()]).unwrap();
    write_frame(&frame, &path).unwrap();
    let history = format!("r={}", path.display());
    let out = braid(&["run", "--history", &history, "--sql", "SELECT * FROM r"]);
    assert!(out.status.success(), "{}", stderr(&out));
    assert_eq!(String::from_utf8_lossy(&out.stdout), "n,b\n1,ab\\x5C\\x00\\xFF\n2,\n");
    let json = folder.path().join("x.ndjson");
    let out = braid(&["run", "--history", &history, "--sql", "SELECT * FROM r", "--out", &json.display().to_string()]);
    assert!(out.status.success(), "{}", stderr(&out));
    let first: serde_json::Value =
        serde_json::from_str(fs::read_to_string(&json).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(first["b"], "ab\\x5C\\x00\\xFF");
}

#[test]
fn formulas_are_text_where_that_is_asked_for_and_numbers_stay_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.csv");
    fs::write(&path, "=k,v\n=1+1,-5\n@x,2\nplain,3\n").unwrap();
    let history = format!("r={}", path.display());
    let ask = |more: &[&str]| {
        let out = braid(&[&["run", "--history", &history, "--sql", "SELECT * FROM r"][..], more].concat());
        assert!(out.status.success(), "{}", stderr(&out));
        String::from_utf8(out.stdout).unwrap()
    };
    assert_eq!(ask(&[]), "=k,v\n=1+1,-5\n@x,2\nplain,3\n");
    fs::write(&path, "k\n =1\n＝1\na-1\n").unwrap();
    assert_eq!(ask(&["--formulas=text"]), "k\n' =1\n'＝1\na-1\n");
    fs::write(&path, "=k,v\n=1+1,-5\n@x,2\nplain,3\n").unwrap();
    assert_eq!(ask(&["--formulas=text"]), "'=k,v\n'=1+1,-5\n'@x,2\nplain,3\n");
    let out = folder.path().join("x.csv");
    ask(&["--formulas", "text", "--out", &out.display().to_string()]);
    assert_eq!(fs::read_to_string(out).unwrap(), "'=k,v\n'=1+1,-5\n'@x,2\nplain,3\n");
}

#[test]
fn nothing_that_reaches_a_terminal_is_a_command_to_it() {
    let frame =
        DataFrame::new(1, vec![Column::new("a\u{1b}[2J".into(), ["x\u{1b}]0;t\u{7}\u{9b}1m\u{202e}\n"])]).unwrap();
    let shown = braid::cli::table(&frame);
    assert!(shown.contains("a␛[2J") && shown.contains("x␛]0;t␇<009B>1m<202E>␊"), "{shown}");
    let folder = tempfile::tempdir().unwrap();
    let out = braid(&[
        "run",
        "--history",
        &format!("r={}", folder.path().join("\u{1b}[31mred.csv").display()),
        "--sql",
        "SELECT 1 FROM r",
    ]);
    assert_eq!(out.status.code(), Some(1));
    assert!(!out.stderr.contains(&0x1b) && stderr(&out).contains("␛[31mred.csv"), "{}", stderr(&out));
}

#[test]
fn a_table_that_fits_the_terminal_is_whole() {
    let columns = vec![
        Column::new("城市".into(), ["上海", "北京"]),
        Column::new("总销量".into(), [2_120_906_i64, 5]),
        Column::new("n".into(), [1_i64, 23_456]),
        Column::new("平均".into(), [2_120_906.0, 5.5]),
    ];
    let frame = DataFrame::new(2, columns).unwrap();
    let whole = braid::cli::table(&frame);
    let width = whole.lines().map(|line| line.width()).max().unwrap();
    for room in 1..=100_u16 {
        let shown = braid::cli::table_with(&frame, None, Some(room));
        if usize::from(room) >= width {
            assert_eq!(shown, whole, "{room}");
        }
        // With less room columns are left out; what is there is not cut, where a column finds room at all.
        let cut = shown.lines().any(|line| line.contains('…') && !line.starts_with("… and "));
        assert!(!cut || room < 4, "{room}:\n{shown}");
    }
}

#[test]
fn a_table_is_no_wider_than_the_terminal() {
    let long = "a sentence that goes on and on, well past what a terminal has room for";
    let columns = vec![
        Column::new("航班".into(), ["北京首都国际机场到上海虹桥国际机场的早班飞机，每日一班", "JFK"]),
        Column::new("n".into(), [1_234_567_i64, -5]),
        Column::new("mean_of_all_the_delays".into(), [Some(12.5), None]),
        Column::new("words".into(), [long, "short"]),
        Column::new("on_time".into(), [true, false]),
    ];
    let frame = DataFrame::new(2, columns).unwrap();
    let whole = braid::cli::table(&frame);
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 4, "{whole}");
    assert!(whole.contains("12.5") && whole.contains("null") && whole.contains("on and on") && !whole.contains(long));
    for room in 1..=200_u16 {
        let shown = braid::cli::table_with(&frame, None, Some(room));
        let lines: Vec<&str> = shown.lines().collect();
        let hidden = lines.last().unwrap().starts_with("… and ");
        assert_eq!(lines.len(), if hidden { 5 } else { 4 }, "{shown}");
        if room < 24 {
            continue;
        }
        assert!(lines.iter().all(|line| line.width() <= room.into()), "{room}:\n{shown}");
        // A number or a word of a few letters is whole, or its column is not there.
        assert_eq!(lines[0].contains(" n"), shown.contains("1234567"), "{room}:\n{shown}");
        assert_eq!(lines[0].contains("on_time"), !hidden && shown.contains("false"), "{room}:\n{shown}");
        assert!(lines[2].starts_with('北') && lines[3].starts_with("JFK"), "{room}:\n{shown}");
    }
    let narrow = braid::cli::table_with(&frame, None, Some(40));
    assert!(narrow.contains("…  1234567") && narrow.ends_with("… and 2 more columns: words, on_time\n"), "{narrow}");
    let tight = braid::cli::table_with(&frame, None, Some(24));
    assert!(tight.ends_with("… and 3 more columns: …\n"), "{tight}");
}
