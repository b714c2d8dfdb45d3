//! The valid inputs.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use braid::store::log::{Log, LogOptions};
use braid::store::{checkpoint, frames};
use polars::prelude::*;
use polars_io::SerWriter;
use polars_io::ipc::{IpcCompression, IpcWriter};
use polars_io::parquet::write::{ParquetCompression, ParquetWriter};

use super::parquet::{self as by_hand, Group, Lies};

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub fn csv() -> Vec<Vec<u8>> {
    let mut all = texts(&[
        "k,v,t\na,1,2024-01-01 00:00:00\nb,-2,2024-01-01 00:00:01.5\n\"c, \"\"d\"\"\",,\n",
        "k;v\r\n\"two\r\nlines\";1,5\r\nx;2,5\r\n\r\ny;3,5",
        "\u{feff}name,on,price\nä,true,1.0\n日本,false,-0\n,,1e300\n",
        "1,2,3\n4,5,6\n7,8,9\n",
        "a|b\n\n1|2024-02-29\n\n3|1969-12-31\n",
    ]);
    // Some bytes of another encoding.
    all.push(b"stadt,n\nM\xfcnchen,1\nK\xf6ln,2\n".to_vec());
    all.push((0..40).fold(String::from("n,x\n"), |text, n| text + &format!("{n},{}.5\n", n * 7 % 11)).into_bytes());
    all
}

pub fn tsv() -> Vec<Vec<u8>> {
    texts(&["k\tv\na\t1\nb\t2\n", "k\tv\tw\r\n\"x\ty\"\t1\t\r\nz\t\t2.5\r\n"])
}

pub fn ndjson() -> Vec<Vec<u8>> {
    texts(&[
        "{\"a\":1,\"s\":\"x\"}\n{\"a\":null,\"s\":\"\\u00e4\\n\"}\n{\"s\":\"y\",\"a\":-3}\n",
        "{\"t\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"o\":{\"p\":[1,2]}}\r\n\r\n{\"t\":\"2024-01-01T00:00:01Z\",\"v\":\
         2,\"o\":null}",
        "{\"n\":true,\"list\":[1,2,3]}\n{\"n\":false,\"list\":[]}\n",
    ])
}

pub fn json() -> Vec<Vec<u8>> {
    texts(&[
        "[{\"a\":1,\"b\":\"x\"},\n {\"a\":2.5,\"b\":null}]\n",
        "{\n  \"a\": 1,\n  \"b\": {\"c\": [1, {\"d\": 2}]}\n}\n",
    ])
}

pub fn gzip() -> Vec<Vec<u8>> {
    let pack = |text: Vec<u8>| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(&text).and_then(|()| out.finish()).expect("memory")
    };
    csv().into_iter().map(pack).collect()
}

pub fn zstd() -> Vec<Vec<u8>> {
    ndjson().into_iter().map(|text| zstd::encode_all(&text[..], 3).expect("memory")).collect()
}

/// Every type that is read, with nulls.
fn frame(rows: i64) -> DataFrame {
    let n: Vec<Option<i64>> = (0..rows).map(|i| (i % 7 != 0).then_some(i * 37)).collect();
    let mut frame = df![
        "n" => n,
        "b" => (0..rows).map(|i| (i % 5 != 0).then_some(i % 2 == 0)).collect::<Vec<_>>(),
        "x" => (0..rows).map(|i| i as f64 / 3.0).collect::<Vec<_>>(),
        "s" => (0..rows).map(|i| (i % 4 != 0).then(|| format!("row {} of those", i % 6))).collect::<Vec<_>>(),
        "small" => (0..rows).map(|i| i as i8).collect::<Vec<_>>(),
    ]
    .expect("columns of one length");
    let list: ListChunked =
        (0..rows).map(|i| (i % 3 != 0).then(|| Series::new("".into(), (0..i % 4).collect::<Vec<i64>>()))).collect();
    let time = Int64Chunked::from_vec("t".into(), (0..rows).map(|i| i * 1_000_000).collect())
        .into_datetime(TimeUnit::Microseconds, None);
    frame
        .with_column(list.with_name("l".into()).into_series().into_column())
        .and_then(|f| f.with_column(time.into_series().into_column()))
        .expect("columns of one length");
    frame
}

pub fn parquet() -> Vec<Vec<u8>> {
    let by_polars = |compression, rows| {
        let mut out = Vec::new();
        ParquetWriter::new(&mut out)
            .with_compression(compression)
            .with_row_group_size(Some(20))
            .finish(&mut frame(rows))
            .expect("memory");
        out
    };
    let none = Lies::default();
    vec![
        by_polars(ParquetCompression::Uncompressed, 50),
        by_polars(ParquetCompression::Snappy, 50),
        by_polars(ParquetCompression::Zstd(None), 50),
        by_polars(ParquetCompression::Gzip(None), 20),
        by_polars(ParquetCompression::Lz4Raw, 20),
        by_polars(ParquetCompression::Brotli(None), 20),
        by_hand::file(
            &[Group::plain(0..10, none), Group::same(7, 1_000, none, none), Group::plain(5..9, none)],
            by_hand::UNCOMPRESSED,
            false,
        ),
    ]
}

pub fn arrow() -> Vec<Vec<u8>> {
    let by_polars = |compression, rows| {
        let mut out = Vec::new();
        IpcWriter::new(&mut out).with_compression(compression).finish(&mut frame(rows)).expect("memory");
        out
    };
    let plain = by_polars(None, 30);
    // What stands behind the first eight bytes is a stream.
    let stream = plain[8..].to_vec();
    vec![
        plain,
        by_polars(Some(IpcCompression::LZ4), 200),
        by_polars(Some(IpcCompression::ZSTD(Default::default())), 200),
        stream,
    ]
}

pub fn frames() -> Vec<Vec<u8>> {
    vec![
        frames::to_bytes(&frame(30)).expect("a frame"),
        frames::to_bytes(&DataFrame::empty_with_height(9)).expect("a frame"),
    ]
}

pub fn model() -> Vec<Vec<u8>> {
    let (_guard, path) = place("t.model");
    let rows = df![
        "x" => (0..60).map(|i| f64::from(i * 7 % 31)).collect::<Vec<_>>(),
        "w" => (0..60).map(|i| ["oak", "ash", "elm"][i % 3]).collect::<Vec<_>>(),
        "y" => (0..60).map(|i| if i * 7 % 31 > 15 { "high" } else { "low" }).collect::<Vec<_>>(),
    ];
    let question = braid::learn::question::Question { target: "y".to_owned(), ..Default::default() };
    let training = braid::engine::train::Training { question, trees: 3, threads: 1, ..Default::default() };
    let mut job =
        braid::engine::train::train(rows.expect("columns of one length"), training, braid::sync::Wake::silent());
    let forest = loop {
        if let Some(forest) = job.take() {
            break forest.expect("a forest");
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    braid::learn::model::save(&braid::learn::model::Saved::new(forest), &path).expect("a place to write");
    vec![fs::read(&path).expect("what was written")]
}

pub fn workspace() -> Vec<Vec<u8>> {
    let (_guard, path) = place("workspace.json");
    let vault = braid::workspace::Vault::new(path.with_file_name("vault"));
    braid::workspace::Workspace::default().save(&path, &vault).expect("a place to write");
    let table = concat!(
        r#"{"tables":[{"name":"t","paths":["a.csv"],"live":["ws://localhost:9/a?time=t"],"#,
        r#""time":{"column":"t","lateness_ms":10000},"seam":"append"}]}"#,
    );
    vec![fs::read(&path).expect("what was written"), table.as_bytes().to_vec()]
}

pub fn checkpoint() -> Vec<Vec<u8>> {
    let (_guard, path) = place("ckpt-1");
    let folder = path.parent().expect("a folder");
    let state = frames::to_bytes(&frame(10)).expect("a frame");
    checkpoint::save(folder, &[("meta", b"{}"), ("state", &state), ("empty", b"")]).expect("a place to write");
    vec![fs::read(&path).expect("what was written")]
}

/// What a log's folder holds, one file after another: its name, its length, its bytes.
pub fn recording() -> Vec<Vec<u8>> {
    let (_guard, path) = place("log");
    let (log, _) =
        Log::open(&path, LogOptions { segment_bytes: 400, ..LogOptions::default() }).expect("a place to write");
    for i in 0..12 {
        log.append(&Arc::new(format!("{{\"a\":{i},\"s\":\"some text {i}\"}}\n").into_bytes()), Instant::now())
            .expect("a place to write");
    }
    log.gap("the connection was lost", false).expect("a place to write");
    log.append(&Arc::new(b"{\"a\":99}\n".to_vec()), Instant::now()).expect("a place to write");
    log.sync().expect("a place to write");
    log.close();
    drop(log);
    let mut files: Vec<PathBuf> = fs::read_dir(&path)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let (name, bytes) = (
            file.file_name().expect("a name").to_string_lossy().into_owned(),
            fs::read(&file).expect("what was written"),
        );
        out.extend((name.len() as u32).to_le_bytes());
        out.extend(name.into_bytes());
        out.extend((bytes.len() as u32).to_le_bytes());
        out.extend(bytes);
    }
    vec![out]
}

pub fn sql() -> Vec<Vec<u8>> {
    texts(&[
        "SELECT k, count(*) AS n, sum(v), avg(x) FROM t WHERE v > 1 AND k LIKE 'a%' GROUP BY k HAVING count(*) > 0 \
         ORDER BY n DESC, k LIMIT 3",
        "SELECT tumble(t, INTERVAL '10 seconds') AS w, max(v) FILTER (WHERE x < 2.5), quantile_cont(x, 0.5) FROM t \
         GROUP BY w",
        "SELECT *, sum(v) OVER (PARTITION BY k ORDER BY t) FROM t WHERE k IN ('a', 'b', NULL) OR v BETWEEN -1 AND 1e3",
        "WITH q AS (SELECT k, v FROM t) SELECT DISTINCT k, CASE WHEN v IS NULL THEN 'none' ELSE CAST(v AS VARCHAR) \
         END FROM q",
        "SELECT hop(t, INTERVAL '1 second', INTERVAL '1 minute'), session(t, INTERVAL '5 minutes'), approx_top_k(k, \
         3) FROM t GROUP BY 1, 2",
        "SELECT a.k, b.v FROM t AS a JOIN t AS b ON a.k = b.k WHERE a.x / b.x > 0 UNION ALL SELECT k, v FROM t",
    ])
}

/// A place of its own; the first goes with it.
fn place(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a place to write");
    let path = folder.path().join(name);
    (folder, path)
}
