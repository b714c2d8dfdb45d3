//! What a file says of its sizes is not believed: row groups and batches that claim what cannot be are left out, named
//! and counted, and the rest is read. Nothing is reserved for a claim.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use braid::data::Fault;
use braid::source::history::open_history;
use polars::prelude::*;
use polars_io::SerWriter;
use polars_io::ipc::{IpcCompression, IpcWriter};

use crate::cli::stderr;
use crate::corpus::parquet::{GZIP, Group, Lies, UNCOMPRESSED, ZSTD, deep, file, long_list};

const NONE: Lies = Lies { values: None, unpacked: None, packed: None };
/// What a count may claim.
const CLAIMS: [i64; 8] = [1_000_000_000, 1 << 32, 1 << 40, 1 << 60, i64::MAX, -1, i64::MIN, 99];

/// Rows of what can be read of a file, for some of its columns, and what cannot.
fn read(path: &Path, columns: &[usize]) -> (u64, Vec<Fault>) {
    let history = open_history(path, None).unwrap();
    let (mut reader, mut rows, mut faults) = (history.open(columns).unwrap(), 0, Vec::new());
    while let Some(piece) = reader.next().unwrap() {
        match piece.decode() {
            Ok(chunks) => rows += chunks.iter().map(|chunk| chunk.frame.height() as u64).sum::<u64>(),
            Err(fault) => faults.push(fault),
        }
    }
    (rows, faults)
}

/// The second of three row groups lies: the others are read, and it is named with the rows it has.
fn second_is_left_out(what: &str, lying: Group, codec: i64, known: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lies.parquet");
    let honest = |from: i32| Group::packed(from..from + 50, NONE, |bytes| pack(codec, bytes));
    fs::write(&path, file(&[honest(0), lying, honest(200)], codec, false)).unwrap();
    for columns in [&[0][..], &[]] {
        let (rows, faults) = read(&path, columns);
        // A lie about bytes alone leaves the count as it is.
        if columns.is_empty() && faults.is_empty() {
            assert_eq!(rows, 100 + known, "{what}");
            continue;
        }
        let [fault] = &faults[..] else { panic!("{what}: {faults:?}") };
        assert_eq!(rows, 100, "{what}");
        assert!(fault.place.starts_with("row group 2 of ") && fault.place.ends_with("lies.parquet"), "{what}: {fault}");
        assert_eq!(fault.lost, Some(known), "{what}: {fault}");
    }
}

fn pack(codec: i64, bytes: Vec<u8>) -> Vec<u8> {
    use std::io::Write;
    match codec {
        GZIP => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(&bytes).unwrap();
            out.finish().unwrap()
        }
        ZSTD => zstd::encode_all(&bytes[..], 3).unwrap(),
        _ => bytes,
    }
}

#[test]
fn a_footer_that_counts_what_its_pages_do_not_hold_loses_that_row_group_alone() {
    for claim in CLAIMS {
        let group = || Group::plain(100..150, NONE);
        second_is_left_out(&format!("rows {claim}"), Group { footer_rows: Some(claim), ..group() }, UNCOMPRESSED, 50);
        second_is_left_out(
            &format!("values {claim}"),
            Group { footer_values: Some(claim), ..group() },
            UNCOMPRESSED,
            if claim < 0 { 0 } else { 50 },
        );
        let both = Group { footer_rows: Some(claim), footer_values: Some(claim), ..group() };
        second_is_left_out(&format!("both {claim}"), both, UNCOMPRESSED, if claim < 0 { 0 } else { 50 });
        second_is_left_out(
            &format!("bytes {claim}"),
            Group { footer_bytes: Some(claim.max(1 << 20) * claim.signum()), ..group() },
            UNCOMPRESSED,
            0,
        );
        second_is_left_out(
            &format!("place {claim}"),
            Group { footer_place: Some(claim.max(1 << 20) * claim.signum()), ..group() },
            UNCOMPRESSED,
            0,
        );
    }
}

#[test]
fn a_page_that_claims_more_than_its_bytes_hold_loses_its_row_group() {
    for claim in [1 << 20, i64::from(i32::MAX), -1, i64::from(i32::MIN)] {
        // Footer and page agree in the lie.
        let lies = Lies { values: Some(claim), ..NONE };
        let group = Group { footer_rows: Some(claim), footer_values: Some(claim), ..Group::plain(100..150, lies) };
        second_is_left_out(&format!("values {claim}"), group, UNCOMPRESSED, 0);
        second_is_left_out(
            &format!("packed {claim}"),
            Group::plain(100..150, Lies { packed: Some(claim), ..NONE }),
            UNCOMPRESSED,
            0,
        );
        for codec in [GZIP, ZSTD] {
            // Of a hundred thousand numbers, so that no simple bound helps.
            let lies = Lies { unpacked: Some(if claim > 0 { i64::from(i32::MAX) } else { claim }), ..NONE };
            let group = Group::packed(0..100_000, lies, |bytes| pack(codec, bytes));
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("lies.parquet");
            fs::write(&path, file(&[group], codec, false)).unwrap();
            let (rows, faults) = read(&path, &[0]);
            assert_eq!((rows, faults.len()), (0, 1), "{codec} {claim}");
            assert!(faults[0].to_string().contains("row group 1 of "), "{}", faults[0]);
        }
    }
}

#[test]
fn a_dictionary_that_claims_more_words_than_it_has_loses_its_row_group() {
    for claim in [2, 1 << 20, i64::from(i32::MAX), -1] {
        let group = Group::same(7, 50, Lies { values: Some(claim), ..NONE }, NONE);
        second_is_left_out(&format!("dictionary {claim}"), group, UNCOMPRESSED, 0);
    }
}

#[test]
fn a_footer_with_endless_lists_or_a_bottomless_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lies.parquet");
    for bytes in
        [long_list(1 << 31), long_list(i32::MAX as u64), long_list(u64::MAX), long_list(60), deep(100_000), deep(200)]
    {
        fs::write(&path, bytes).unwrap();
        let said = open_history(&path, None).unwrap_err().to_string();
        assert!(said.contains("footer") && said.contains("lies.parquet"), "{said}");
    }
    // One that is no deeper than need be is read.
    fs::write(&path, deep(10)).unwrap();
    assert!(!open_history(&path, None).map_or_else(|fault| fault.to_string(), |_| String::new()).contains("nested"));
}

#[test]
fn a_hundred_million_equal_values_in_a_small_file_are_read() {
    const MANY: i64 = 100_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.parquet");
    let bytes = file(&[Group::same(7, MANY, NONE, NONE)], UNCOMPRESSED, true);
    assert!(bytes.len() < 400, "{}", bytes.len());
    fs::write(&path, bytes).unwrap();
    let history = open_history(&path, None).unwrap();
    for columns in [&[0][..], &[]] {
        let piece = history.open(columns).unwrap().next().unwrap().unwrap();
        let chunks = piece.decode().unwrap();
        assert_eq!(chunks.iter().map(|chunk| chunk.frame.height() as i64).sum::<i64>(), MANY);
        if let Some(column) = chunks.last().unwrap().frame.columns().first() {
            assert_eq!(column.dtype(), &DataType::Int8);
            assert_eq!(column.i8().unwrap().get(column.len() - 1), Some(7));
        }
    }
    let out = run(&path, "SELECT count(*) AS n FROM t", &[]);
    assert_eq!(String::from_utf8_lossy(&out.stdout), "n\n100000000\n", "{}", stderr(&out));
    // What takes more than is allowed is left out, and said: a file may be honest and too large.
    let out = run(&path, "SELECT sum(v) AS n FROM t", &["--memory", "180MiB"]);
    assert_eq!(out.status.code(), Some(1), "{}", stderr(&out));
    assert!(stderr(&out).contains("--memory"), "{}", stderr(&out));
}

fn run(path: &Path, sql: &str, more: &[&str]) -> Output {
    let table = format!("t={}", path.display());
    let args = ["run", "--history", &table, "--sql", sql];
    // Little address space: an allocation for a claim ends the process.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_braid")]).args(args).args(more);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_program_answers_from_the_rest_names_what_is_left_out_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stats) = (folder.path().join("lies.parquet"), folder.path().join("stats.json"));
    for claim in [1 << 32, 1 << 40, 1 << 60] {
        let lying = Group { footer_rows: Some(claim), footer_values: Some(claim), ..Group::plain(100..150, NONE) };
        fs::write(&path, file(&[Group::plain(0..10, NONE), lying, Group::plain(0..10, NONE)], UNCOMPRESSED, false))
            .unwrap();
        for (sql, answer) in
            [("SELECT count(*) AS n, sum(v) AS s FROM t", "n,s\n20,90\n"), ("SELECT count(*) AS n FROM t", "n\n20\n")]
        {
            let out = run(&path, sql, &["--stats", &stats.display().to_string()]);
            let said = stderr(&out);
            assert_eq!(out.status.code(), Some(1), "{claim}: {said}");
            assert_eq!(String::from_utf8_lossy(&out.stdout), answer, "{claim}: {said}");
            assert!(
                said.lines().last().unwrap().starts_with("braid: row group 2 of ") && !said.contains("panicked"),
                "{said}"
            );
            let told: serde_json::Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
            assert_eq!(
                (&told["rows_in"], &told["rows_rejected"], &told["rows_shown"]),
                (&70.into(), &50.into(), &20.into()),
                "{told}"
            );
        }
        // Alone it leaves nothing to answer from.
        let lying = Group { footer_rows: Some(claim), footer_values: Some(claim), ..Group::plain(100..150, NONE) };
        fs::write(&path, file(&[lying], UNCOMPRESSED, false)).unwrap();
        let out = run(&path, "SELECT count(*) AS n FROM t", &[]);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(1), 0), "{}", stderr(&out));
    }
}

/// A file of three batches.
fn batches(compression: Option<IpcCompression>) -> Vec<u8> {
    let rows = |count: i64| {
        let s: Vec<String> = (0..count).map(|i| format!("a text that is long enough {i}")).collect();
        let n: Vec<i64> = (0..count).map(|i| i * 1_000_003).collect();
        let b: Vec<bool> = (0..count).map(|i| i % 2 == 0).collect();
        df!["n" => n, "s" => s, "b" => b].unwrap()
    };
    let mut frame = rows(1_231).vstack(&rows(1_237)).and_then(|f| f.vstack(&rows(1_249))).unwrap();
    let mut out = Vec::new();
    IpcWriter::new(&mut out).with_compression(compression).finish(&mut frame).unwrap();
    out
}

/// Where a number of eight bytes stands.
fn places(bytes: &[u8], number: i64) -> Vec<usize> {
    bytes.windows(8).enumerate().filter(|(_, window)| *window == number.to_le_bytes()).map(|(at, _)| at).collect()
}

#[test]
fn a_batch_that_claims_what_cannot_be_is_left_out_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lies.arrow");
    for compression in [None, Some(IpcCompression::LZ4), Some(IpcCompression::ZSTD(Default::default()))] {
        let honest = batches(compression);
        fs::write(&path, &honest).unwrap();
        let (rows, faults) = read(&path, &[0, 1, 2]);
        assert_eq!((rows, faults), (1_231 + 1_237 + 1_249, Vec::new()));
        // The rows of the batch, of each column, and (where they are packed) what its buffers become.
        let counts = places(&honest, 1_237);
        let sizes = if compression.is_some() { places(&honest, 1_237 * 8) } else { Vec::new() };
        assert!(counts.len() >= 4 && (compression.is_none() || !sizes.is_empty()), "{counts:?} {sizes:?}");
        let alone = counts.iter().chain(&sizes).map(|at| vec![*at]);
        for places in alone.chain([counts.clone()]) {
            for claim in CLAIMS {
                let mut bytes = honest.clone();
                places.iter().for_each(|at| bytes[*at..at + 8].copy_from_slice(&claim.to_le_bytes()));
                fs::write(&path, bytes).unwrap();
                let (rows, faults) = read(&path, &[0, 1, 2]);
                // 99 rows of 1,237 are what every buffer holds, and a size of 99 is too little.
                if claim == 99 && faults.is_empty() {
                    assert_eq!(rows, 1_231 + 99 + 1_249);
                    continue;
                }
                assert_eq!(rows, 1_231 + 1_249, "{claim} at {places:?}: {faults:?}");
                assert!(faults[0].place.starts_with("record batch 2 of "), "{claim} at {places:?}: {}", faults[0]);
            }
        }
    }
}

#[test]
fn buffers_and_batches_beyond_the_end_of_an_arrow_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lies.arrow");
    let honest = batches(None);
    // Every number of eight bytes in the second half of the footer and in the second batch's header, one after another.
    let start = places(&honest, 1_237)[0].saturating_sub(300);
    for at in (start..start + 600).step_by(8).chain((honest.len() - 200..honest.len() - 10).step_by(8)) {
        for claim in CLAIMS {
            let mut bytes = honest.clone();
            bytes[at..at + 8].copy_from_slice(&claim.to_le_bytes());
            fs::write(&path, bytes).unwrap();
            // It may be read, in part, or refused; it may not take what is claimed.
            if let Ok(history) = open_history(&path, None) {
                let columns: Vec<usize> = (0..history.schema().len()).collect();
                let mut reader = history.open(&columns).unwrap();
                let mut rows = 0;
                while let Some(piece) = reader.next().unwrap() {
                    rows += piece.decode().map_or(0, |chunks| chunks.iter().map(|chunk| chunk.frame.height()).sum());
                }
                assert!(rows <= 2 * (1_231 + 1_237 + 1_249), "{claim} at {at}: {rows} rows");
            }
        }
    }
}
