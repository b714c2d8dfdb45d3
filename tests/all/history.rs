//! Laws of history: a file is read whole and once, however it is packed; what cannot be read says so; nothing that
//! happens to the file meanwhile goes unnoticed.

use std::io::Write;
use std::path::{Path, PathBuf};

use braid::data::chunk::CHUNK_ROWS;
use braid::data::format::write_frame;
use braid::data::{Chunk, Result};
use braid::source::history::{History, expand, open_history};
use polars::prelude::*;
use tempfile::TempDir;

fn file(dir: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn fault(path: &Path) -> String {
    open_history(path, None).err().unwrap_or_else(|| panic!("{} was opened", path.display())).to_string()
}

fn read(history: &dyn History, columns: &[usize]) -> Result<Vec<Chunk>> {
    let mut reader = history.open(columns)?;
    let mut chunks = Vec::new();
    while let Some(piece) = reader.next()? {
        chunks.extend(piece.decode()?);
    }
    assert!(reader.next()?.is_none(), "the end stays the end");
    Ok(chunks)
}

fn whole(path: &Path) -> (DataFrame, Vec<Chunk>) {
    let history = open_history(path, None).unwrap();
    let columns: Vec<usize> = (0..history.schema().len()).collect();
    let chunks = read(&*history, &columns).unwrap();
    let mut frame = DataFrame::empty_with_schema(history.schema());
    for chunk in &chunks {
        assert!(chunk.frame.height() <= CHUNK_ROWS);
        frame.vstack_mut(&chunk.frame).unwrap();
    }
    assert_eq!(chunks.iter().map(|c| c.bytes).sum::<u64>(), history.extent().bytes, "progress ends at the end");
    assert!(chunks.windows(2).all(|pair| pair[0].offsets.end == pair[1].offsets.start), "pieces follow one another");
    (frame, chunks)
}

fn rejects(chunks: &[Chunk]) -> Vec<(u64, String)> {
    let mut all: Vec<(u64, String)> =
        chunks.iter().flat_map(|c| c.rejects.all()).map(|r| (r.line, r.reason.clone())).collect();
    all.sort();
    all
}

fn rows(count: usize) -> String {
    (0..count).map(|i| format!("{i},name {i},{}\n", i as f64 / 4.0)).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_file_is_read_whole_plain_or_packed() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("id,name,x\n{}", rows(200_000));
    let (first, second) = text.split_at(text.len() / 3);
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let frames =
        [zstd::encode_all(first.as_bytes(), 1).unwrap(), zstd::encode_all(second.as_bytes(), 1).unwrap()].concat();
    let expected: Vec<i64> = (0..200_000).collect();
    for (name, bytes) in [
        ("a.csv", text.as_bytes()),
        ("a.csv.gz", &members),
        ("a.csv.zst", &frames),
        ("gzip_by_another_name.csv", &members),
    ] {
        let (frame, chunks) = whole(&file(&dir, name, bytes));
        assert_eq!(frame.column("id").unwrap().i64().unwrap().iter().flatten().collect::<Vec<_>>(), expected, "{name}");
        assert!(chunks.len() > 3, "{name} came in {} chunks", chunks.len());
        assert!(chunks[0].frame.height() < 20_000, "the first chunk is small");
    }
}

#[test]
fn line_numbers_hold_across_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let mut text = "id,name,x\n".to_owned();
    let mut bad = Vec::new();
    for i in 0..120_000_u64 {
        if i % 10_007 == 0 {
            text += "x,\"two\nlines\",1\n";
            bad.push(text.matches('\n').count() as u64 - 1);
        }
        text += &format!("{i},name,1.5\n");
    }
    let (frame, chunks) = whole(&file(&dir, "a.csv", format!("id,name,x\n1,a,1\n{}", &text["id,name,x\n".len()..])));
    // The first one is seen by the sample, which makes the column text.
    assert_eq!(frame.column("id").unwrap().dtype(), &DataType::String);
    assert_eq!(chunks.iter().map(Chunk::rows_in).sum::<u64>(), 120_000 + bad.len() as u64 + 1);
    let mut text = format!("id,name,x\n{}", rows(100_000));
    let at = text.matches('\n').count() as u64 + 1;
    text += "x,y,z\n\nshort\n1,2,3\n";
    let (_, chunks) = whole(&file(&dir, "b.csv", &text));
    let cells = [(at, "column 'id': 'x' is not an integer".into()), (at, "column 'x': 'z' is not a number".into())];
    assert_eq!(rejects(&chunks), [cells.as_slice(), &[(at + 2, "has 1 field, the header has 3".into())]].concat());
}

#[test]
fn a_column_that_changes_type_halfway_is_set_aside_cell_by_cell() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("id,name,x\n{}{}", rows(90_000), "many,name,much\n".repeat(1_500));
    let history = open_history(&file(&dir, "a.csv", &text), None).unwrap();
    let chunks = read(&*history, &[0]).unwrap();
    assert_eq!(chunks.iter().map(|c| c.frame.height()).sum::<usize>(), 91_500);
    assert_eq!(chunks.iter().map(|c| c.frame.column("id").unwrap().null_count()).sum::<usize>(), 1_500);
    assert_eq!(
        chunks.iter().map(|c| (c.rejects.count, c.rejects.cells.count())).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
        (0, 1_500)
    );
    let untouched = read(&*history, &[1]).unwrap();
    assert!(untouched.iter().all(|c| c.rejects.is_empty()), "a column that nobody asks for rejects nothing");
}

#[test]
fn rows_are_counted_without_reading_a_column() {
    let dir = tempfile::tempdir().unwrap();
    let csv = file(&dir, "a.csv", format!("id,name,x\n{}", rows(5_000)));
    let parquet = dir.path().join("a.parquet");
    write_frame(&df!["a" => (0..5_000).collect::<Vec<i32>>()].unwrap(), &parquet).unwrap();
    let arrow = dir.path().join("a.arrow");
    write_frame(&df!["a" => (0..5_000).collect::<Vec<i32>>()].unwrap(), &arrow).unwrap();
    for path in [csv, parquet, arrow] {
        let chunks = read(&*open_history(&path, None).unwrap(), &[]).unwrap();
        assert!(chunks.iter().all(|c| c.frame.width() == 0));
        assert_eq!(chunks.iter().map(|c| c.frame.height()).sum::<usize>(), 5_000, "{}", path.display());
    }
}

#[test]
fn short_rows_do_not_make_long_chunks() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("a\n{}", "7\n".repeat(3_000_000));
    let (frame, chunks) = whole(&file(&dir, "a.csv", text));
    assert_eq!(frame.height(), 3_000_000);
    assert!(chunks.iter().any(|c| c.frame.height() == CHUNK_ROWS));
}

#[test]
fn encodings_are_read_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let chinese = format!("城市,数量\n{}", "北京市朝阳区,1\n上海浦东新区,2\n".repeat(40_000));
    let latin = format!("Straße,Größe\n{}", "Köln,1\nZürich,2\n".repeat(40_000));
    let utf16 = |text: &str| {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let cases: Vec<(&str, Vec<u8>, [&str; 2])> = vec![
        ("gbk.csv", encoding_rs::GB18030.encode(&chinese).0.into_owned(), ["北京市朝阳区", "上海浦东新区"]),
        ("gbk.csv.gz", gzip(&encoding_rs::GB18030.encode(&chinese).0), ["北京市朝阳区", "上海浦东新区"]),
        ("latin.csv", encoding_rs::WINDOWS_1252.encode(&latin).0.into_owned(), ["Köln", "Zürich"]),
        ("marked.csv", format!("\u{feff}{latin}").into_bytes(), ["Köln", "Zürich"]),
        ("wide.csv", utf16(&chinese), ["北京市朝阳区", "上海浦东新区"]),
    ];
    for (name, bytes, values) in cases {
        let (frame, chunks) = whole(&file(&dir, name, bytes));
        assert_eq!(frame.height(), 80_000, "{name}");
        let header = if values[0] == "Köln" { ["Straße", "Größe"] } else { ["城市", "数量"] };
        assert_eq!(frame.get_column_names().iter().map(|n| n.as_str()).collect::<Vec<_>>(), header, "{name}");
        assert!(
            frame.columns()[0].str().unwrap().iter().flatten().zip(values.iter().cycle()).all(|(a, b)| a == *b),
            "{name}"
        );
        assert!(rejects(&chunks).is_empty());
    }
}

#[test]
fn mixed_encodings_lose_only_the_odd_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = "city,n\nKöln,1\nZürich,2\n".as_bytes().to_vec();
    bytes.extend_from_slice(b"M\xfcnchen,3\n");
    bytes.extend_from_slice("Graz,4\n".as_bytes());
    let (frame, chunks) = whole(&file(&dir, "a.csv", bytes));
    assert_eq!(frame.height(), 3);
    assert_eq!(rejects(&chunks), [(4, "not valid UTF-8 text, nor known to the file's encoding".to_owned())]);
}

#[test]
fn a_line_without_end_is_set_aside_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.csv");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    write!(out, "a,b\n{}", "1,x\n".repeat(400_000)).unwrap();
    for _ in 0..100 {
        out.write_all(&[b'y'; 1 << 20]).unwrap();
    }
    write!(out, ",x\n2,z\n").unwrap();
    drop(out);
    let (frame, chunks) = whole(&path);
    assert_eq!(frame.height(), 400_001);
    assert_eq!(rejects(&chunks), [(400_002, "this line is longer than 64 MiB".to_owned())]);
    assert_eq!(chunks.iter().map(|c| c.rejects.count).sum::<u64>(), 1);
    assert!(chunks.iter().flat_map(|c| &c.rejects.kept).all(|r| r.body.len() <= 4_096));
}

#[test]
fn a_file_that_is_one_long_line_is_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.csv", vec![b'y'; 100 << 20]);
    assert!(fault(&path).contains("first line is longer than 1 MiB"), "{}", fault(&path));
    let path = file(&dir, "a.ndjson", [&b"{\"a\":\""[..], &vec![b'y'; 3 << 20]].concat());
    assert!(fault(&path).contains("longer than 1 MiB"), "{}", fault(&path));
}

#[test]
fn what_cannot_be_read_says_what_where_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let parquet = dir.path().join("good.parquet");
    write_frame(&df!["a" => (0..1_000).collect::<Vec<i32>>()].unwrap(), &parquet).unwrap();
    let good = std::fs::read(&parquet).unwrap();
    let arrow = dir.path().join("good.arrow");
    write_frame(&df!["a" => (0..1_000).collect::<Vec<i32>>()].unwrap(), &arrow).unwrap();
    let good_arrow = std::fs::read(&arrow).unwrap();
    let mut lying = good.clone();
    let length = lying.len();
    lying[length - 8..length - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let cases = [
        (file(&dir, "empty.csv", ""), "the file is empty"),
        (file(&dir, "blank.csv", "\n \n\r\n"), "only blank space"),
        (dir.path().join("missing.csv"), "there is no such file"),
        (dir.path().to_owned(), "this is a folder"),
        (file(&dir, "cut.parquet", &good[..good.len() / 2]), "truncated or not Parquet; the footer is missing"),
        (file(&dir, "lying.parquet", &lying), "damaged"),
        (file(&dir, "cut.arrow", &good_arrow[..good_arrow.len() / 2]), "truncated or not Arrow; the footer is missing"),
        (file(&dir, "not.parquet", "hello"), "not a Parquet at all"),
        (file(&dir, "image.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "a PNG image"),
        (file(&dir, "packed.parquet.gz", gzip(&good)), "only text can be read packed"),
        (file(&dir, "cut.csv.gz", &gzip(rows(10).as_bytes())[..60]), "gzip data end too early"),
        (file(&dir, "array.json", "[]"), "holds no JSON object"),
        (file(&dir, "words.ndjson", "{\"a\":\n"), "not JSON objects"),
        (file(&dir, "quote.csv", "\"a,b\n"), "opens a quote"),
    ];
    for (path, words) in cases {
        let said = fault(&path);
        assert!(said.contains(words) && said.contains(&path.display().to_string()), "{said}\ndoes not say {words}");
        assert!(said.contains("; "), "{said} has no hint");
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.csv", "a\n1\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything.
    if std::fs::File::open(&path).is_err() {
        assert!(fault(&path).contains("not permitted"));
    }
}

#[test]
fn a_wrong_ending_is_opened_as_what_it_is_and_noted() {
    let dir = tempfile::tempdir().unwrap();
    let parquet = dir.path().join("a.parquet");
    write_frame(&df!["a" => [1, 2]].unwrap(), &parquet).unwrap();
    let lying = file(&dir, "a.csv", std::fs::read(&parquet).unwrap());
    let history = open_history(&lying, None).unwrap();
    assert_eq!(history.notes(), ["this is a Parquet file although it is called .csv"]);
    assert_eq!(whole(&lying).0.height(), 2);
    let text = file(&dir, "b.parquet", "a,b\n1,2\n");
    assert_eq!(open_history(&text, None).unwrap().notes(), ["this is a CSV file although it is called .parquet"]);
    assert_eq!(open_history(&parquet, None).unwrap().notes(), [""; 0]);
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["a,b\n", "a,b"] {
        let (frame, _) = whole(&file(&dir, "a.csv", text));
        assert_eq!((frame.height(), frame.width()), (0, 2));
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("id,name,x\n{}", rows(200_000));
    type Change = fn(&Path);
    let changes: [(&str, Change); 5] = [
        ("vanished", |path| std::fs::remove_file(path).unwrap()),
        ("changed", |path| std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(300_000).unwrap()),
        ("changed", |path| {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("changed", |path| {
            // Written anew, and longer: that is no growth.
            let longer = std::fs::read(path).unwrap().iter().map(|b| b ^ 1).chain([b'x'; 100]).collect::<Vec<u8>>();
            std::fs::write(path, longer).unwrap();
        }),
        ("changed", |path| {
            let other = path.with_extension("other");
            std::fs::copy(path, &other).unwrap();
            std::fs::OpenOptions::new().append(true).open(&other).unwrap().write_all(b"1,2,3\n").unwrap();
            std::fs::rename(other, path).unwrap();
        }),
    ];
    let parquet = dir.path().join("source.parquet");
    write_frame(&df!["a" => (0..600_000).collect::<Vec<i32>>()].unwrap(), &parquet).unwrap();
    let parquet = std::fs::read(parquet).unwrap();
    for (i, (words, change)) in changes.into_iter().enumerate() {
        for (ending, bytes) in [("csv", text.as_bytes()), ("csv.gz", &gzip(text.as_bytes())), ("parquet", &parquet)] {
            let path = file(&dir, &format!("{i}.{ending}"), bytes);
            let history = open_history(&path, None).unwrap();
            let mut reader = history.open(&[0]).unwrap();
            let first = reader.next().unwrap().unwrap();
            change(&path);
            let said = loop {
                match reader.next() {
                    Ok(Some(piece)) => drop(piece),
                    Ok(None) => panic!("{ending} was read to its end although it {words}"),
                    Err(fault) => break fault.to_string(),
                }
            };
            assert!(said.contains(words) && said.contains(&path.display().to_string()), "{said}");
            if ending == "parquet" {
                assert!(first.decode().is_err(), "a group is not read from a file that {words}");
            }
            assert!(history.open(&[0]).is_err());
        }
    }
}

#[test]
fn a_file_that_grows_is_read_up_to_its_length_at_opening() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.csv", format!("id,name,x\n{}", rows(100_000)));
    let history = open_history(&path, None).unwrap();
    let bytes = history.extent().bytes;
    let mut reader = history.open(&[0]).unwrap();
    let mut count = reader.next().unwrap().unwrap().decode().unwrap()[0].frame.height();
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"1,2,3\n4,5,6\n").unwrap();
    let mut end = 0;
    while let Some(piece) = reader.next().unwrap() {
        for chunk in piece.decode().unwrap() {
            count += chunk.frame.height();
            end = chunk.offsets.end;
        }
    }
    assert_eq!((count, end), (100_000, bytes));
}

#[test]
fn columnar_files_are_read_by_group_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let n = 700_000;
    let mut frame = df![
        "i" => (0..n).collect::<Vec<i32>>(),
        "s" => (0..n).map(|i| (i % 7 != 0).then(|| format!("value {}", i % 1_000))).collect::<Vec<_>>(),
        "f" => (0..n).map(|i| f64::from(i) / 3.0).collect::<Vec<_>>(),
    ]
    .unwrap();
    let category = frame
        .column("s")
        .unwrap()
        .cast(&DataType::from_categories(Categories::global()))
        .unwrap()
        .with_name("c".into());
    frame.with_column(category).unwrap();
    for ending in ["parquet", "arrow"] {
        let path = dir.path().join(format!("a.{ending}"));
        write_frame(&frame, &path).unwrap();
        let history = open_history(&path, None).unwrap();
        assert_eq!(history.extent().rows, Some(n as u64));
        let types: Vec<_> = history.schema().iter_values().cloned().collect();
        assert_eq!(types, [DataType::Int32, DataType::String, DataType::Float64, DataType::String], "{ending}");
        let chunks = read(&*history, &[2, 3, 0]).unwrap();
        assert!(chunks.len() > 3 && chunks.iter().all(|c| c.frame.height() <= CHUNK_ROWS));
        assert_eq!(chunks.iter().map(|c| c.bytes).sum::<u64>(), history.extent().bytes);
        let mut read = chunks[0].frame.clone();
        for chunk in &chunks[1..] {
            read.vstack_mut(&chunk.frame).unwrap();
        }
        let mut expected = frame.select(["f", "c", "i"]).unwrap();
        expected.with_column(expected.column("c").unwrap().cast(&DataType::String).unwrap()).unwrap();
        assert!(read.equals_missing(&expected), "{ending}");
        assert_eq!(chunks.last().unwrap().offsets.end, n as u64);
    }
}

#[test]
fn a_damaged_group_is_a_fault_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    write_frame(&df!["a" => (0..600_000_i64).map(|i| i * 7_919 % 600_011).collect::<Vec<_>>()].unwrap(), &path)
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // The header of its first page.
    for byte in &mut bytes[4..40] {
        *byte = 0xa5;
    }
    std::fs::write(&path, bytes).unwrap();
    let history = open_history(&path, None).unwrap();
    let mut reader = history.open(&[0]).unwrap();
    let mut outcomes = Vec::new();
    while let Some(piece) = reader.next().unwrap() {
        outcomes.push(piece.decode().map_err(|fault| fault.to_string()));
    }
    let said = outcomes[0].as_ref().unwrap_err();
    assert!(said.contains("damaged") && said.contains("row group 1") && said.contains("a.parquet"), "{said}");
    assert!(outcomes[1..].iter().all(|o| o.is_ok()) && outcomes.len() > 1);
}

#[test]
fn known_types_hold_for_columnar_files_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    write_frame(&df!["n" => [1_i64, 3_000_000_000, -5], "s" => ["x", "y", "z"]].unwrap(), &path).unwrap();
    let known = |dtype| Some(SchemaRef::new(Schema::from_iter([Field::new("n".into(), dtype)])));
    let history = open_history(&path, known(DataType::Int32)).unwrap();
    let chunks = read(&*history, &[0, 1]).unwrap();
    assert_eq!(
        chunks[0].frame.column("n").unwrap().i32().unwrap().iter().collect::<Vec<_>>(),
        [Some(1), None, Some(-5)]
    );
    assert_eq!(rejects(&chunks), [(2, "column 'n': '3000000000' does not fit i32".to_owned())]);
    let said = open_history(&path, known(DataType::Date)).unwrap_err().to_string();
    assert!(said.contains("the column 'n' holds i64 here, but the table has date"), "{said}");
}

#[test]
fn a_path_stands_for_itself_a_folder_for_its_data_and_a_pattern_for_what_it_matches() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b.csv", "a.parquet", "c.json.gz", ".hidden.csv", "README.md", "part-1.csv", "part-22.csv"] {
        file(&dir, name, "x\n1\n");
    }
    for sub in ["2001", "2002"] {
        std::fs::create_dir(dir.path().join(sub)).unwrap();
        std::fs::write(dir.path().join(sub).join("d.csv"), "x\n1\n").unwrap();
    }
    let names = |path: &str| {
        let found = expand(&dir.path().join(path))?;
        Ok::<_, braid::data::Fault>(
            found.iter().map(|f| f.strip_prefix(dir.path()).unwrap().display().to_string()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(names("").unwrap(), ["a.parquet", "b.csv", "c.json.gz", "part-1.csv", "part-22.csv"]);
    assert_eq!(names("b.csv").unwrap(), ["b.csv"]);
    assert_eq!(names("README.md").unwrap(), ["README.md"]);
    assert_eq!(names("part-?.csv").unwrap(), ["part-1.csv"]);
    assert_eq!(names("part-*.csv").unwrap(), ["part-1.csv", "part-22.csv"]);
    assert_eq!(names("20*/*.csv").unwrap(), ["2001/d.csv", "2002/d.csv"]);
    assert_eq!(names("200?").unwrap(), ["2001/d.csv", "2002/d.csv"]);
    assert_eq!(names("*a*").unwrap(), ["a.parquet", "part-1.csv", "part-22.csv"]);
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    for (path, words) in
        [("nothing.csv", "no such file"), ("*.xyz", "no file matches"), ("empty", "no data in this folder")]
    {
        let said = names(path).unwrap_err().to_string();
        assert!(said.contains(words) && said.contains(path), "{said}");
    }
    assert_eq!(names("part-[0-9].csv").unwrap(), ["part-1.csv"]);
    assert_eq!(names("[!p]*.{csv,parquet}").unwrap(), ["a.parquet", "b.csv"]);
    assert_eq!(names("{a,b,part-{1,22}}.{csv,parquet}").unwrap(), names("*.{csv,parquet}").unwrap());
    assert_eq!(names("{2001,2003}").unwrap(), ["2001/d.csv"]);
    // A missing choice is not an error, but all of them are, and a name without stars is that of a file.
    let said = names("{x,y}[z].csv").unwrap_err().to_string();
    assert!(said.contains("no such file"), "{said}");
    let deep = dir.path().join("2001/06/15");
    std::fs::create_dir_all(dir.path().join("2001/.cache")).unwrap();
    std::fs::create_dir_all(&deep).unwrap();
    for path in ["2001/06/15/e.csv", "2001/.cache/f.csv", "2001/06/15/notes.md", "2001/06/15/.g.csv"] {
        std::fs::write(dir.path().join(path), "x\n1\n").unwrap();
    }
    assert_eq!(names("**/d.csv").unwrap(), ["2001/d.csv", "2002/d.csv"]);
    assert_eq!(names("2001/**").unwrap(), ["2001/06/15/e.csv", "2001/d.csv"]);
    assert_eq!(names("**/[de].csv").unwrap(), ["2001/06/15/e.csv", "2001/d.csv", "2002/d.csv"]);
    assert_eq!(names("part**.csv").unwrap(), ["part-1.csv", "part-22.csv"], "elsewhere two stars are one");
    // A letter is a letter, however many bytes it has.
    file(&dir, "航班-甲.csv", "x\n1\n");
    for pattern in ["航班-?.csv", "??-?.csv", "航班-[甲乙].csv", "{航班,列车}-*.csv"] {
        assert_eq!(names(pattern).unwrap(), ["航班-甲.csv"], "{pattern}");
    }
    // Brackets and braces of a name that exists are its own, in folders too.
    for name in ["[1]", "{a,b}"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join(name).join("h[2].csv"), "x\n1\n").unwrap();
        assert_eq!(names(&format!("{name}/h[2].csv")).unwrap(), [format!("{name}/h[2].csv")]);
        assert_eq!(names(&format!("{name}/*.csv")).unwrap(), [format!("{name}/h[2].csv")]);
        assert_eq!(names(&format!("{name}/h[2]*")).unwrap(), [format!("{name}/h[2].csv")]);
    }
    // Neither long nor many-sided patterns are followed far.
    for hostile in ["*a".repeat(40_000), "{a,b}".repeat(200), "{".repeat(5_000), "[".repeat(900) + "*"] {
        assert!(names(&hostile).is_err());
    }
    #[cfg(unix)]
    {
        // Round in a circle: each file once.
        std::os::unix::fs::symlink(dir.path(), dir.path().join("2002/round")).unwrap();
        assert_eq!(names("2002/**").unwrap(), ["2002/d.csv"]);
        // A name with a star in it that exists is that file.
        file(&dir, "odd*.csv", "x\n1\n");
        assert_eq!(names("odd*.csv").unwrap(), ["odd*.csv"]);
    }
}

#[test]
fn the_flights_are_all_there() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/flights-3m.parquet");
    if !path.exists() {
        return;
    }
    let history = open_history(&path, None).unwrap();
    let chunks = read(&*history, &[0]).unwrap();
    assert_eq!(chunks.iter().map(|c| c.frame.height() as u64).sum::<u64>(), history.extent().rows.unwrap());
}
