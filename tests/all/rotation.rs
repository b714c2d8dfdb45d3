//! Laws of a file that is rotated: every row is read once, wherever its file has gone; of what cannot be read it is
//! told.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::time::Duration;

use braid::engine::open::Given;
use braid::engine::{Options, Run};

use crate::live::{append, feed, objects, open, place, read, rows, until};
use crate::run::{open as table, start, wait};

#[test]
fn rows_written_to_the_old_file_after_the_new_one_began_come_in() {
    let (folder, path) = place("log.ndjson");
    append(&path, &objects(0..3));
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 3);
    fs::rename(&path, folder.path().join("log.ndjson.1")).unwrap();
    append(&path, &objects(100..102));
    assert_eq!(rows(&mut *live, 2).numbers("n"), [100, 101]);
    // A process that was not told of the rotation yet, in the middle of a line.
    for part in objects(3..5).as_bytes().chunks(5) {
        writer.write_all(part).unwrap();
    }
    append(&path, &objects(102..103));
    let got = rows(&mut *live, 3);
    let mut numbers = got.numbers("n");
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4, 102]);
    // They are no positions of the file at the path.
    assert!(got.chunks.iter().all(|chunk| (chunk.partition == 0)
        == chunk.frame.column("n").unwrap().i64().unwrap().into_no_null_iter().all(|n| n >= 100)));
    assert!(got.gaps.is_empty() && got.rejects.is_empty());
}

#[test]
fn a_file_that_came_and_went_between_two_looks_is_read_where_it_is_now() {
    for names in [["log.csv.2", "log.csv.1"], ["log.csv-20010101", "log.csv-20010102"]] {
        let (folder, path) = place("log.csv");
        append(&path, "n,s\n1,a\n2,b\n");
        let mut live = read(open(&feed(&path)));
        rows(&mut *live, 2);
        append(&path, "3,c\n");
        fs::rename(&path, folder.path().join(names[0])).unwrap();
        append(&path, "n,s\n4,d\n5,e\n");
        fs::rename(&path, folder.path().join(names[1])).unwrap();
        append(&path, "n,s\n6,f\n");
        // What only looks alike is none of ours.
        append(&folder.path().join("log.csv.bak"), "n,s\n7,g\n");
        append(&folder.path().join("log.csv2"), "n,s\n8,g\n");
        let got = rows(&mut *live, 4);
        assert_eq!(got.numbers("n"), [3, 4, 5, 6], "{names:?}");
        assert!(got.gaps.is_empty() && got.rejects.is_empty(), "{:?}", got.gaps);
        append(&path, "9,h\n");
        assert_eq!(rows(&mut *live, 1).numbers("n"), [9]);
    }
}

#[test]
fn a_file_between_that_cannot_be_read_any_more_is_told() {
    for (there, word) in [(None, "gone"), (Some("log.ndjson.1.gz"), "packed")] {
        let (folder, path) = place("log.ndjson");
        append(&path, &objects(0..2));
        let mut live = read(open(&feed(&path)));
        rows(&mut *live, 2);
        fs::rename(&path, folder.path().join("log.ndjson.2")).unwrap();
        if let Some(name) = there {
            append(&folder.path().join(name), "\u{1f}packed");
        }
        append(&path, &objects(10..11));
        let got = until(&mut *live, |got| got.frame.height() == 1 && !got.gaps.is_empty());
        assert_eq!(got.numbers("n"), [10]);
        assert!(matches!(&got.gaps[..], [gap] if gap.contains(word) && gap.contains("unknown")), "{:?}", got.gaps);
    }
}

#[test]
fn what_was_not_read_of_a_file_that_is_copied_and_cut_is_read_from_its_copy() {
    let (folder, path) = place("log.ndjson");
    append(&path, &objects(0..5));
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 5);
    // Two more rows, and then, before anybody looks, the copy is made and the file is cut.
    append(&path, &objects(5..7));
    fs::copy(&path, folder.path().join("log.ndjson.1")).unwrap();
    File::create(&path).unwrap();
    append(&path, &objects(20..21));
    let got = until(&mut *live, |got| got.frame.height() == 3 && !got.gaps.is_empty());
    let mut numbers = got.numbers("n");
    numbers.sort_unstable();
    assert_eq!(numbers, [5, 6, 20]);
    assert!(
        matches!(&got.gaps[..], [gap] if gap.contains("read from its copy") && gap.contains("unknown")),
        "{:?}",
        got.gaps
    );
}

/// A table that is opened again, and a question that is changed, begin with the file that stands at the path now.
#[test]
fn what_an_earlier_rotation_left_is_told_where_it_is_not_read() {
    let (folder, path) = place("log.ndjson");
    append(&path, &objects(5..7));
    append(&folder.path().join("log.ndjson.bak"), &objects(0..1));
    let mut live = read(open(&feed(&path)));
    assert!(rows(&mut *live, 2).notes.is_empty());
    append(&folder.path().join("log.ndjson.2"), &objects(0..2));
    append(&folder.path().join("log.ndjson.1"), &objects(2..5));
    let mut live = read(open(&feed(&path)));
    let got = rows(&mut *live, 2);
    assert_eq!(got.numbers("n"), [5, 6]);
    assert!(
        matches!(&got.notes[..], [note] if note.starts_with("log.ndjson.1 and 1 more,") && note.contains("not read"))
    );
    // Read once, or from a place in it, it is read as it was asked.
    for setting in ["follow=false", "from=0&follow=false"] {
        let mut live = read(open(&format!("{}?{setting}", feed(&path))));
        assert!(until(&mut *live, |got| got.ended).notes.is_empty());
    }
}

#[test]
fn an_answer_over_a_rotated_file_is_not_called_wrong_because_its_past_cannot_be_read_again() {
    let (folder, path) = place("log.ndjson");
    append(&path, &objects(0..50));
    let table = table(&Given { name: "r".into(), live: vec![feed(&path)], ..Given::default() });
    let options = Options { audit: Some(Duration::from_millis(50)), ..Options::default() };
    let run = start(&table, "SELECT count(*) AS c FROM r", options);
    wait(&run, |s| s.rows.come_in == 50);
    fs::rename(&path, folder.path().join("log.ndjson.1")).unwrap();
    append(&path, &objects(50..60));
    wait(&run, |s| s.rows.come_in == 60);
    append(&path, &objects(60..61));
    let last = wait(&run, |s| s.audit.as_ref().is_some_and(|audit| audit.word.is_some()));
    let audit = last.audit.clone().unwrap();
    assert_eq!(audit.differences, 0);
    assert!(audit.word.unwrap().contains("began anew"));
}

#[test]
fn a_file_that_was_packed_and_one_that_came_after_it_are_told_of_or_read() {
    let (folder, path) = place("log.ndjson");
    append(&path, &objects(0..2));
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 2);
    // Rotated and packed, and rotated again, between two looks.
    append(&path, &objects(2..3));
    fs::remove_file(&path).unwrap();
    append(&path, &objects(10..12));
    fs::rename(&path, folder.path().join("log.ndjson.1")).unwrap();
    append(&path, &objects(20..21));
    let got = until(&mut *live, |got| got.numbers("n").len() == 4 && !got.gaps.is_empty());
    assert_eq!(got.numbers("n"), [2, 10, 11, 20]);
    assert!(got.gaps[0].contains("unknown"), "{:?}", got.gaps);
}

/// A count in a workspace of the folder.
fn counting(folder: &std::path::Path, path: &std::path::Path) -> Run {
    let table = table(&Given { name: "r".into(), live: vec![feed(path)], ..Given::default() });
    let options = Options { workspace: Some(folder.join("workspace")), ..Options::default() };
    start(&table, "SELECT count(*) AS c, sum(n) AS s FROM r", options)
}

/// It ends, or does not.
fn leave(folder: &std::path::Path, run: Run, ends: bool) {
    if ends {
        run.finish();
        wait(&run, |s| s.last);
    } else {
        // Long enough for a checkpoint, as a rule.
        std::thread::sleep(Duration::from_millis(700));
    }
    drop(run);
    crate::kept::released(&folder.join("workspace"));
}

/// Reads on in a workspace until there are so many rows, and ends, or does not.
fn read_on(folder: &std::path::Path, path: &std::path::Path, rows: u64, ends: bool) -> Vec<String> {
    let run = counting(folder, path);
    let last = wait(&run, |s| s.rows.come_in >= rows && !s.catching_up);
    assert_eq!(last.rows.come_in, rows);
    let sum = last.answer.column("s").unwrap().get(0).unwrap().try_extract::<u64>().unwrap();
    assert_eq!(sum, (0..rows).sum::<u64>(), "each row once");
    leave(folder, run, ends);
    last.notes.clone()
}

#[test]
fn a_file_that_was_rotated_while_it_was_followed_is_gone_on_with_after_a_restart() {
    for ends in [true, false] {
        let (folder, path) = place("log.ndjson");
        append(&path, &objects(0..50));
        let older = folder.path().join("log.ndjson.1");
        let rotate = |from: i64| {
            fs::rename(&path, &older).unwrap();
            append(&path, &objects(from..from + 10));
        };
        let run = counting(folder.path(), &path);
        wait(&run, |s| s.rows.come_in == 50);
        rotate(50);
        wait(&run, |s| s.rows.come_in == 60);
        leave(folder.path(), run, ends);
        append(&path, &objects(60..65));
        read_on(folder.path(), &path, 65, ends);
    }
}

/// Some count on: then the newest of the files that were moved away has the largest number.
#[test]
fn files_that_are_numbered_upwards_are_read_in_their_order() {
    for ends in [true, false] {
        let (folder, path) = place("log.ndjson");
        append(&path, &objects(0..50));
        read_on(folder.path(), &path, 50, ends);
        let mut next = 50;
        for name in ["log.ndjson.1", "log.ndjson.2", "log.ndjson.3"] {
            append(&path, &objects(next..next + 7));
            // Long enough for another time of the files.
            std::thread::sleep(Duration::from_millis(20));
            fs::rename(&path, folder.path().join(name)).unwrap();
            append(&path, &objects(next + 7..next + 12));
            next += 12;
            read_on(folder.path(), &path, next as u64, ends);
        }
    }
}

#[test]
fn what_was_rotated_away_while_nobody_read_is_read_first() {
    for (ends, names) in [(true, &["log.ndjson.1"][..]), (false, &["log.ndjson.2", "log.ndjson.1"][..])] {
        let (folder, path) = place("log.ndjson");
        append(&path, &objects(0..50));
        read_on(folder.path(), &path, 50, ends);
        let mut next = 50;
        for name in names {
            append(&path, &objects(next..next + 7));
            fs::rename(&path, folder.path().join(name)).unwrap();
            next += 7;
            append(&path, &objects(next..next + 5));
            next += 5;
        }
        let notes = read_on(folder.path(), &path, next as u64, true);
        assert!(notes.is_empty(), "{notes:?}");
        append(&path, &objects(next..next + 3));
        read_on(folder.path(), &path, next as u64 + 3, ends);
    }
    // Where it is gone, that is said.
    let (folder, path) = place("log.ndjson");
    append(&path, &objects(0..50));
    read_on(folder.path(), &path, 50, true);
    fs::remove_file(&path).unwrap();
    append(&path, &objects(50..60));
    let notes = read_on(folder.path(), &path, 60, true);
    assert!(notes.iter().any(|note| note.contains("begins with other rows")), "{notes:?}");
    append(&path, &objects(60..63));
    read_on(folder.path(), &path, 63, true);
    // What is known is shown, though nothing more comes.
    read_on(folder.path(), &path, 63, true);
}
