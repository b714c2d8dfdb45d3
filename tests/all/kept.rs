//! Laws of what is kept of questions that are asked again and again of feeds, such as those of a board: whenever and
//! however the program ends, their answers go on as if it had not, and what they know is not read again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use braid::engine::open::{Given, open_table_in, record};
use braid::engine::{Asker, Asking, Options, Run, Saving, Snapshot, Table, TableScan};
use braid::store::log::Keep;
use braid::sync::{Cancel, Wake};
use proptest::prelude::*;

use crate::run::{given, open, wait};
use crate::together::{HEADER, QUESTIONS, asking, assert_alike, rows};

const SAVING: Saving = Saving { pace: Duration::from_millis(20), most: usize::MAX };

fn options(stored: &Path, name: &str) -> Options {
    let asker = Some(Asker { stored: stored.to_owned(), name: name.to_owned() });
    Options { threads: 2, asker, saving: SAVING, ..Options::default() }
}

fn ask_of(table: &Table, stored: &Path, name: &str, sql: &str) -> Asking {
    asking(table, sql, &options(stored, name))
}

/// A table's own question, asked first.
fn start(table: &Table, stored: &Path, sql: &str) -> (TableScan, Run) {
    let asked = vec![ask_of(table, stored, "table", sql)];
    let started = TableScan::start(Arc::new(table.clone()), options(stored, "table"), asked);
    let (scan, mut runs) = started.unwrap_or_else(|f| panic!("{f}"));
    (scan, runs.remove(0))
}

fn following(path: &Path) -> Given {
    Given { lateness: Some(Duration::from_secs(5)), ..given(&[], &[format!("file:{}", path.display())]) }
}

fn append(path: &Path, rows: &[String]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(rows.concat().as_bytes()).unwrap();
}

/// Ends a reading as a window does that is closed.
fn close(scan: &TableScan) {
    scan.finish();
    let until = Instant::now() + Duration::from_secs(60);
    while !scan.is_over() {
        assert!(Instant::now() < until, "it does not end");
        sleep(Duration::from_millis(1));
    }
}

/// Waits until the threads of a reading are gone, as they are with their process.
pub fn released(stored: &Path) {
    let entries = fs::read_dir(stored).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            released(&path);
        } else if path.ends_with("lock") {
            let until = Instant::now() + Duration::from_secs(60);
            while File::open(&path).is_ok_and(|file| file.try_lock().is_err()) {
                assert!(Instant::now() < until, "{} is held for ever", path.display());
                sleep(Duration::from_millis(1));
            }
        }
    }
}

fn has_all(rows: u64) -> impl Fn(&Snapshot) -> bool {
    move |s: &Snapshot| s.rows.come_in == rows && !s.catching_up
}

/// The answer of a run that was never ended before.
fn uninterrupted(table: &Table, sql: &str, rows: u64) -> Arc<Snapshot> {
    let run = crate::run::start(table, sql, Options { threads: 2, ..Options::default() });
    wait(&run, has_all(rows));
    run.finish();
    wait(&run, |s| s.last)
}

fn went_on(snapshot: &Snapshot) -> bool {
    !snapshot.notes.iter().any(|note| note.contains("is not used"))
}

proptest! {
    #![proptest_config(crate::cases(6))]

    #[test]
    fn whenever_and_however_a_reading_ends_its_answers_go_on(seed in any::<u64>()) {
        let folder = tempfile::tempdir().unwrap();
        let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
        let mut random = fastrand::Rng::with_seed(seed);
        let all = rows(5_000, seed);
        let mut written = 2_500;
        fs::write(&path, HEADER.to_owned() + &all[..written].concat()).unwrap();
        for _ in 0..5 {
            let table = open(&following(&path));
            // Now and then the table's own question is another.
            let (scan, own) = start(&table, &stored, QUESTIONS[usize::from(random.u8(..4) == 0)]);
            sleep(Duration::from_millis(random.u64(..30)));
            let asked: Vec<usize> = (2..QUESTIONS.len()).filter(|_| random.bool()).collect();
            let tiles = asked.iter().map(|i| ask_of(&table, &stored, &i.to_string(), QUESTIONS[*i])).collect();
            let runs = scan.ask(tiles).unwrap();
            let more = random.usize(..500);
            append(&path, &all[written..(written + more)]);
            written += more;
            if random.bool() {
                runs.iter().chain([&own]).for_each(|run| drop(wait(run, has_all(written as u64))));
            } else {
                sleep(Duration::from_millis(random.u64(..100)));
            }
            if random.bool() {
                close(&scan);
            }
            drop((scan, own, runs));
            released(&stored);
        }
        let table = open(&following(&path));
        let (scan, own) = start(&table, &stored, QUESTIONS[0]);
        let tiles = (1..QUESTIONS.len()).map(|i| ask_of(&table, &stored, &i.to_string(), QUESTIONS[i])).collect();
        let mut runs = scan.ask(tiles).unwrap();
        runs.insert(0, own);
        append(&path, &all[written..]);
        runs.iter().for_each(|run| drop(wait(run, has_all(all.len() as u64))));
        close(&scan);
        for (sql, run) in QUESTIONS.iter().zip(&runs) {
            assert_alike(sql, &wait(run, |s| s.last), &uninterrupted(&table, sql, all.len() as u64));
        }
    }
}

#[test]
fn what_is_known_is_not_read_again_and_shown_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    let all = rows(4_000, 3);
    fs::write(&path, HEADER.to_owned() + &all[..3_000].concat()).unwrap();
    let table = open(&following(&path));
    let (scan, own) = start(&table, &stored, QUESTIONS[0]);
    let tiles = || (1..8).map(|i| ask_of(&table, &stored, &i.to_string(), QUESTIONS[i])).collect();
    let runs = scan.ask(tiles()).unwrap();
    runs.iter().chain([&own]).for_each(|run| drop(wait(run, has_all(3_000))));
    close(&scan);
    drop((scan, own, runs));
    released(&stored);
    // Whoever reads them again finds other keys: the file is changed where it lies, behind the bytes it is known by.
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace("\na,", "\nz,").replace("\nb,", "\ny,");
    let mut bytes = text.clone().into_bytes();
    bytes[1_000..].copy_from_slice(&changed.as_bytes()[1_000..]);
    OpenOptions::new().write(true).open(&path).unwrap().write_all(&bytes).unwrap();
    append(&path, &all[3_000..]);
    let as_it_was = folder.path().join("whole.csv");
    fs::write(&as_it_was, HEADER.to_owned() + &all.concat()).unwrap();
    let whole = open(&following(&as_it_was));

    let (scan, own) = start(&table, &stored, QUESTIONS[0]);
    let mut runs = scan.ask(tiles()).unwrap();
    runs.insert(0, own);
    for run in &runs {
        // Nothing less than what was known is ever shown.
        assert!(wait(run, |s| s.version >= 1).rows.come_in >= 3_000);
        let now = wait(run, has_all(4_000));
        assert!(went_on(&now), "{:?}", now.notes);
    }
    let z = "SELECT count(*) AS n FROM r WHERE k = 'z'";
    let new = scan.ask(vec![ask_of(&table, &stored, "new", z)]).unwrap().remove(0);
    let new = wait(&new, has_all(4_000));
    assert!(new.rows.shown > 100, "a new question reads what is there: {:?}", new.rows);
    close(&scan);
    for (sql, run) in QUESTIONS.iter().zip(&runs) {
        assert_alike(sql, &wait(run, |s| s.last), &uninterrupted(&whole, sql, 4_000));
    }
}

/// A question that joins after the file of the past went where nobody finds it has a part of the rows, and says so.
#[test]
fn a_past_that_cannot_be_read_again_is_a_fault_of_the_question_that_joins() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    let all = rows(2_000, 29);
    fs::write(&path, HEADER.to_owned() + &all[..1_500].concat()).unwrap();
    let table = open(&following(&path));
    let (scan, own) = start(&table, &stored, QUESTIONS[0]);
    wait(&own, has_all(1_500));
    fs::rename(&path, folder.path().join("away.csv")).unwrap();
    fs::write(&path, HEADER.to_owned() + &all[1_500..].concat()).unwrap();
    wait(&own, has_all(2_000));
    let tile = scan.ask(vec![ask_of(&table, &stored, "1", QUESTIONS[3])]).unwrap().remove(0);
    let part = wait(&tile, |s| s.fault.is_some() && !s.catching_up);
    assert!(part.rows.come_in < 2_000);
    let fault = part.fault.clone().unwrap().to_string();
    assert!(fault.contains("cannot be read again"), "{fault}");
    // Whoever had the rows keeps them.
    assert!(wait(&own, has_all(2_000)).fault.is_none());
    close(&scan);
}

#[test]
fn what_was_rotated_away_meanwhile_is_read_for_whoever_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    let all = rows(3_200, 19);
    fs::write(&path, HEADER.to_owned() + &all[..2_500].concat()).unwrap();
    let table = || open(&following(&path));
    let first = table();
    let (scan, own) = start(&first, &stored, QUESTIONS[0]);
    let tile = scan.ask(vec![ask_of(&first, &stored, "1", QUESTIONS[3])]).unwrap().remove(0);
    [&own, &tile].into_iter().for_each(|run| drop(wait(run, has_all(2_500))));
    close(&scan);
    drop((scan, own, tile));
    released(&stored);
    append(&path, &all[2_500..2_800]);
    fs::rename(&path, folder.path().join("feed.csv.1")).unwrap();
    fs::write(&path, HEADER.to_owned() + &all[2_800..].concat()).unwrap();
    let second = table();
    let (scan, own) = start(&second, &stored, QUESTIONS[0]);
    wait(&own, has_all(3_200));
    // It joins where the reading has come to the new file already.
    let tile = scan.ask(vec![ask_of(&second, &stored, "1", QUESTIONS[3])]).unwrap().remove(0);
    assert!(went_on(&wait(&tile, has_all(3_200))));
    close(&scan);
    let whole = folder.path().join("whole.csv");
    fs::write(&whole, HEADER.to_owned() + &all.concat()).unwrap();
    let whole = open(&following(&whole));
    assert_alike(QUESTIONS[0], &wait(&own, |s| s.last), &uninterrupted(&whole, QUESTIONS[0], 3_200));
    assert_alike(QUESTIONS[3], &wait(&tile, |s| s.last), &uninterrupted(&whole, QUESTIONS[3], 3_200));
}

/// A question that nobody asked before has all rows of the table, also those whose files were rotated away since.
#[test]
fn what_was_rotated_away_is_read_for_a_new_question() {
    // The newest has the number 1, or the largest.
    for names in [["feed.csv.2", "feed.csv.1"], ["feed.csv.1", "feed.csv.2"]] {
        new_question_after_rotations(names);
    }
}

fn new_question_after_rotations(names: [&str; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    let all = rows(3_200, 23);
    fs::write(&path, HEADER.to_owned() + &all[..1_000].concat()).unwrap();
    let first = open(&following(&path));
    let (scan, own) = start(&first, &stored, QUESTIONS[0]);
    let rotate = |older: &str, begin: usize, end: usize| {
        fs::rename(&path, folder.path().join(older)).unwrap();
        fs::write(&path, HEADER.to_owned() + &all[begin..end].concat()).unwrap();
    };
    wait(&own, has_all(1_000));
    rotate(names[0], 1_000, 1_900);
    wait(&own, has_all(1_900));
    rotate(names[1], 1_900, 3_200);
    wait(&own, has_all(3_200));
    let new = scan.ask(vec![ask_of(&first, &stored, "1", QUESTIONS[3])]).unwrap().remove(0);
    wait(&new, has_all(3_200));
    close(&scan);
    let whole = folder.path().join("whole.csv");
    fs::write(&whole, HEADER.to_owned() + &all.concat()).unwrap();
    let whole = open(&following(&whole));
    assert_alike(QUESTIONS[3], &wait(&new, |s| s.last), &uninterrupted(&whole, QUESTIONS[3], 3_200));
    drop((scan, own, new));
    released(&stored);
    // And once more after it was closed.
    let second = open(&following(&path));
    let (scan, own) = start(&second, &stored, QUESTIONS[0]);
    wait(&own, has_all(3_200));
    let new = scan.ask(vec![ask_of(&second, &stored, "2", QUESTIONS[1])]).unwrap().remove(0);
    wait(&new, has_all(3_200));
    close(&scan);
    assert_alike(QUESTIONS[1], &wait(&new, |s| s.last), &uninterrupted(&whole, QUESTIONS[1], 3_200));
}

#[test]
fn one_that_has_come_further_than_the_reading_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    fs::write(&path, HEADER.to_owned() + &rows(3_000, 5).concat()).unwrap();
    let table = |rate: u32| {
        let live = format!("replay:{}?rate={rate}", path.display());
        open(&Given { lateness: Some(Duration::from_secs(5)), ..given(&[], &[live]) })
    };
    let fast = table(20_000);
    let (scan, own) = start(&fast, &stored, QUESTIONS[2]);
    wait(&own, |s| s.rows.come_in > 1_500);
    close(&scan);
    drop((scan, own));
    released(&stored);
    let slow = table(2_000);
    let alone = Options { threads: 2, ..Options::default() };
    let asked = vec![asking(&slow, QUESTIONS[0], &alone)];
    let (scan, _own) = TableScan::start(Arc::new(slow.clone()), alone.clone(), asked).unwrap();
    let run = scan.ask(vec![ask_of(&slow, &stored, "table", QUESTIONS[2])]).unwrap().remove(0);
    let last = wait(&run, |s| s.last);
    assert!(last.notes.iter().any(|note| note.contains("come further")), "{:?}", last.notes);
    assert_alike(QUESTIONS[2], &last, &crate::run::answer(&fast, QUESTIONS[2], alone));
}

#[test]
fn one_asker_keeps_one_question() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    fs::write(&path, HEADER.to_owned() + &rows(2_500, 9).concat()).unwrap();
    let table = open(&following(&path));
    let kept = || -> BTreeMap<String, usize> {
        let askers = fs::read_dir(stored.join("checkpoints")).unwrap().flatten();
        let count = |asker: fs::DirEntry| fs::read_dir(asker.path()).unwrap().count();
        askers.map(|asker| (asker.file_name().into_string().unwrap(), count(asker))).collect()
    };
    for sql in QUESTIONS {
        let (scan, own) = start(&table, &stored, sql);
        // The same, asked twice: each keeps its own.
        let twin = scan.ask(vec![ask_of(&table, &stored, "7", sql)]).unwrap().remove(0);
        [&own, &twin].into_iter().for_each(|run| assert!(went_on(&wait(run, has_all(2_500)))));
        close(&scan);
        drop((scan, own, twin));
        released(&stored);
        assert_eq!(kept(), BTreeMap::from([("table".to_owned(), 1), ("7".to_owned(), 1)]));
    }
}

/// Sends rows to whoever connects: to the first so many, to the next those after them.
fn sender(rows: Vec<Vec<String>>) -> String {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/rows", server.local_addr().unwrap());
    let serve = move || {
        let mut open = Vec::new();
        for rows in rows {
            let mut socket = tungstenite::accept(server.accept().unwrap().0).unwrap();
            for part in rows.chunks(50) {
                socket.send(tungstenite::Message::text(part.concat())).unwrap();
                sleep(Duration::from_millis(12));
            }
            open.push(socket);
        }
        sleep(Duration::from_secs(120));
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    url
}

#[test]
fn what_a_recording_has_let_go_stays_in_the_answers() {
    let folder = tempfile::tempdir().unwrap();
    let row = |n: usize| format!("{{\"k\":\"k{}\",\"v\":{n}}}\n", n % 3);
    let url = sender(vec![(0..4_000).map(row).collect(), (4_000..4_500).map(row).collect()]);
    let table = || {
        let (given, keep) = (
            Given { name: "r".into(), live: vec![url.clone()], ..Given::default() },
            Keep { bytes: Some(20_000), age: None },
        );
        let opened = open_table_in(&given, Some((folder.path(), keep)), Duration::from_secs(30), &Cancel::new());
        let mut table = opened.unwrap_or_else(|f| panic!("{f}"));
        record(&mut table, &Wake::silent()).unwrap();
        table
    };
    let (total, keys) =
        ("SELECT count(*) AS n, sum(v) AS s FROM r", "SELECT k, count(*) AS n FROM r GROUP BY k ORDER BY k");
    let first = table();
    let (scan, own) = start(&first, folder.path(), total);
    let tile = scan.ask(vec![ask_of(&first, folder.path(), "1", keys)]).unwrap().remove(0);
    [&own, &tile].into_iter().for_each(|run| drop(wait(run, has_all(4_000))));
    assert!(first.live[0].kept().unwrap().range.start > 10_000, "much of it is gone");
    close(&scan);
    drop((scan, own, tile, first));
    released(folder.path());

    let second = table();
    let audited = Options { audit: Some(Duration::from_millis(20)), ..options(folder.path(), "table") };
    let asked = vec![asking(&second, total, &audited)];
    let (scan, runs) = TableScan::start(Arc::new(second.clone()), audited, asked).unwrap();
    let tile = scan.ask(vec![ask_of(&second, folder.path(), "1", keys)]).unwrap().remove(0);
    let all = wait(&runs[0], has_all(4_500));
    assert!(went_on(&all), "{:?}", all.notes);
    let sum = |s: &Snapshot, name: &str| s.answer.column(name).unwrap().as_materialized_series().sum::<u64>().unwrap();
    assert_eq!((sum(&all, "n"), sum(&all, "s")), (4_500, (0..4_500).sum::<u64>()));
    assert_eq!(sum(&wait(&tile, has_all(4_500)), "n"), 4_500);
    // A batch over what is left is no proof, and no reproach.
    let audit = wait(&runs[0], |s| s.audit.as_ref().is_some_and(|audit| audit.word.is_some())).audit.clone().unwrap();
    assert!(audit.differences == 0 && audit.word.unwrap().contains("no longer holds"));
    // A new question begins with what is left.
    let new = scan.ask(vec![ask_of(&second, folder.path(), "2", keys)]).unwrap().remove(0);
    let new = wait(&new, |s| !s.catching_up && s.rows.come_in > 0);
    assert!(new.rows.come_in < 3_000, "{:?}", new.rows);
}

#[test]
fn what_is_damaged_is_named_and_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    fs::write(&path, HEADER.to_owned() + &rows(2_500, 11).concat()).unwrap();
    let table = open(&following(&path));
    for bytes in [30, usize::MAX] {
        let (scan, own) = start(&table, &stored, QUESTIONS[1]);
        wait(&own, has_all(2_500));
        close(&scan);
        drop((scan, own));
        released(&stored);
        let own = stored.join("checkpoints/table/1");
        for file in fs::read_dir(own).unwrap().flatten().filter(|f| f.file_name().to_string_lossy().contains("ckpt")) {
            let mut text = fs::read(file.path()).unwrap();
            let at = bytes.min(text.len() - 100);
            text[at] ^= 1;
            fs::write(file.path(), text).unwrap();
        }
    }
    let (_scan, own) = start(&table, &stored, QUESTIONS[1]);
    let now = wait(&own, has_all(2_500));
    assert!(now.notes.iter().any(|note| note.contains("damaged")), "{:?}", now.notes);
    assert_eq!(now.answer, uninterrupted(&table, QUESTIONS[1], 2_500).answer);
}

/// What else is asked of a table decides in which order its columns are read.
#[test]
fn late_rows_of_a_question_are_kept_together_whatever_else_was_asked_when_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = (folder.path().join("feed.csv"), folder.path().join("kept"));
    let all = rows(5_000, 7);
    fs::write(&path, HEADER.to_owned() + &all[..2_500].concat()).unwrap();
    let windows = "SELECT k, tumble(t, INTERVAL '1 second') AS w, count(*) AS n FROM r GROUP BY k, w";
    let times = "SELECT tumble(t, INTERVAL '1 second') AS w, count(*) AS n FROM r GROUP BY w";
    let table = open(&following(&path));
    let mut late = Vec::new();
    for (own, until) in [(times, 2_500), (windows, 5_000)] {
        append(&path, &all[if until == 5_000 { 2_500..5_000 } else { 0..0 }]);
        let (scan, first) = start(&table, &stored, own);
        let tile = scan.ask(vec![ask_of(&table, &stored, "1", windows)]).unwrap().remove(0);
        [&first, &tile].into_iter().for_each(|run| drop(wait(run, has_all(until))));
        close(&scan);
        late.push(wait(&tile, |s| s.last));
        drop((scan, first, tile));
        released(&stored);
    }
    assert!(late[0].rows.late > 0 && late[1].rows.late > late[0].rows.late, "{:?}", late[1].rows);
    assert!(late[1].fault.is_none(), "{:?}", late[1].fault);
    assert_alike(windows, &late[1], &uninterrupted(&table, windows, 5_000));
}
