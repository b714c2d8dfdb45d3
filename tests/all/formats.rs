//! Laws of the formats: cutting never changes what is read, types are settled once, nothing is dropped without a word.

use std::sync::Arc;

use braid::data::broken::whole_rows;
use braid::data::encoding::TextEncoding;
use braid::data::format::{
    Decoded, Decoder, FORMATS, Format, FormatKind, Sniff, csv, format_for, json, misnamed, write_frame,
};
use braid::data::{Rejects, reject::KEPT};
use polars::prelude::*;
use proptest::prelude::*;

fn open_as(format: &Format, head: &[u8], known: Option<SchemaRef>) -> Arc<dyn Decoder> {
    let FormatKind::Text { sniff } = format.kind else { panic!("{} is no text", format.name) };
    sniff(&Sniff { source: "test".into(), head, whole: true, known }).unwrap()
}

fn decode(decoder: &dyn Decoder, text: &[u8], columns: &[usize]) -> Decoded {
    let preamble = decoder.preamble();
    decoder.decode(&text[preamble.bytes..], preamble.lines + 1, columns).unwrap()
}

fn all(format: &Format, text: &str) -> Decoded {
    let decoder = open_as(format, text.as_bytes(), None);
    let columns: Vec<usize> = (0..decoder.schema().len()).collect();
    decode(&*decoder, text.as_bytes(), &columns)
}

fn types(frame: &DataFrame) -> Vec<String> {
    frame.columns().iter().map(|c| format!("{} {}", c.name(), c.dtype())).collect()
}

fn column(frame: &DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).unwrap();
    (0..column.len()).map(|i| column.get(i).unwrap().to_string()).collect()
}

/// Of rows and cells, by line.
fn reasons(rejects: &Rejects) -> Vec<String> {
    let mut all: Vec<_> = rejects.all().collect();
    all.sort_by_key(|r| r.line);
    all.iter().map(|r| format!("{}: {}", r.line, r.reason)).collect()
}

/// Decodes as a reader would: in blocks that end wherever `sizes` says, cut at record ends.
fn decode_in_blocks(
    decoder: &dyn Decoder,
    text: &[u8],
    columns: &[usize],
    sizes: &[usize],
) -> (DataFrame, Rejects, u64) {
    let preamble = decoder.preamble();
    let mut rest = &text[preamble.bytes..];
    let mut line = preamble.lines + 1;
    let (mut frame, mut rejects) = (None::<DataFrame>, Rejects::default());
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let mut window = sizes.next().unwrap().min(rest.len());
        let cut = loop {
            if window == rest.len() {
                break window;
            }
            match decoder.cut(&rest[..window]) {
                0 => window = (window * 2).min(rest.len()),
                cut => break cut,
            }
        };
        let (block, after) = rest.split_at(cut);
        let decoded = decoder.decode(block, line, columns).unwrap();
        assert_eq!(decoded.lines, block.iter().filter(|b| **b == b'\n').count() as u64);
        line += decoded.lines;
        match &mut frame {
            None => frame = Some(decoded.frame),
            Some(frame) => frame.vstack_mut(&decoded.frame).map(|_| ()).unwrap(),
        }
        rejects.add(decoded.rejects);
        rest = after;
    }
    (frame.unwrap_or_else(|| decoder.decode(&[], line, columns).unwrap().frame), rejects, line)
}

fn agree(format: &Format, head: &[u8], text: &[u8], sizes: &[usize]) {
    let decoder = open_as(format, head, None);
    let columns: Vec<usize> = (0..decoder.schema().len()).rev().collect();
    let whole = decode(&*decoder, text, &columns);
    let (frame, rejects, _) = decode_in_blocks(&*decoder, text, &columns, sizes);
    assert_eq!(frame.height(), whole.frame.height());
    assert!(frame.equals_missing(&whole.frame), "{frame}\n{}", whole.frame);
    assert_eq!(reasons(&rejects), reasons(&whole.rejects));
    assert_eq!(rejects, whole.rejects);
    // A wrong value harms its cell: counting rows without reading a column sees the same rows.
    let none = decode(&*decoder, text, &[]);
    assert_eq!(none.frame.width(), 0);
    assert_eq!((none.frame.height(), none.rejects.count), (whole.frame.height(), whole.rejects.count));
    assert!(none.rejects.cells.is_empty());
}

#[test]
fn every_format_has_a_title_endings_and_a_way_to_open_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut names: Vec<&str> = Vec::new();
    for format in FORMATS {
        assert!(!format.title.is_empty() && !format.name.is_empty() && !format.extensions.is_empty(), "{format:?}");
        assert!(format.extensions.iter().all(|e| *e == e.to_lowercase() && !e.contains('.')));
        names.extend(format.extensions);
        let frame = df!["k" => ["a", "b"], "v" => [1_i64, 2]].unwrap();
        let path = dir.path().join(format!("t.{}", format.extensions[0]));
        write_frame(&frame, &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(format_for(&path, &bytes).unwrap().name, format.name);
        assert_eq!(misnamed(&path, format), None);
        let schema = match format.kind {
            FormatKind::Text { sniff } => {
                sniff(&Sniff { source: "t".into(), head: &bytes, whole: true, known: None }).unwrap().schema().clone()
            }
            FormatKind::Columns { open } => open(&path).unwrap().schema().clone(),
        };
        assert_eq!(schema.iter_names().map(|n| n.as_str()).collect::<Vec<_>>(), ["k", "v"], "{}", format.name);
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "two formats claim one ending");
}

#[test]
fn csv_settles_types_from_the_sample() {
    let text = "b,i,f,d,t,s,e\ntrue,1,1.5,2001-01-01,2001-01-01 \
                00:01:00,x,\nFalse,-7,nan,1969-12-31,1969-12-31T23:59:59.123456789Z,\"1\",\n,,-inf,,2001-01-01 \
                02:00:00+02:00,,\n";
    let decoded = all(&csv::CSV, text);
    assert_eq!(types(&decoded.frame), ["b bool", "i i64", "f f64", "d date", "t datetime[μs]", "s str", "e str"]);
    assert_eq!(decoded.rejects.count, 0);
    let t = decoded.frame.column("t").unwrap().to_physical_repr();
    let t: Vec<_> = t.i64().unwrap().iter().collect();
    assert_eq!(t, [Some(978_307_260_000_000), Some(-876_544), Some(978_307_200_000_000)]);
    let d = decoded.frame.column("d").unwrap().to_physical_repr();
    assert_eq!(d.i32().unwrap().iter().collect::<Vec<_>>(), [Some(11_323), Some(-1), None]);
}

#[test]
fn every_day_of_eight_centuries_is_where_the_calendar_has_it() {
    let mut text = String::from("day,at\n");
    let first = chrono::NaiveDate::from_ymd_opt(1600, 1, 1).unwrap();
    let days: Vec<chrono::NaiveDate> = first.iter_days().take(300_000).step_by(3).collect();
    for day in &days {
        text += &format!("{day},{day}T23:59:59.999999\n");
    }
    let decoded = all(&csv::CSV, &text);
    let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    let (read, at) = (
        decoded.frame.column("day").unwrap().to_physical_repr(),
        decoded.frame.column("at").unwrap().to_physical_repr(),
    );
    for ((day, read), at) in days.iter().zip(read.i32().unwrap().iter()).zip(at.i64().unwrap().iter()) {
        let since = day.signed_duration_since(epoch).num_days();
        assert_eq!(read.map(i64::from), Some(since));
        assert_eq!(at, Some(since * 86_400_000_000 + 86_399_999_999));
    }
}

#[test]
fn days_and_times_that_do_not_exist_are_text() {
    for wrong in [
        "2001-02-29",
        "1900-02-29",
        "2001-13-01",
        "2001-00-10",
        "2001-01-32",
        "2001-01-01 24:00",
        "2001-01-01 10:60",
        "2001-01-01T10:00:00+25:00",
    ] {
        let decoded = all(&csv::CSV, &format!("x,y\n{wrong},1\n"));
        assert_eq!(types(&decoded.frame), ["x str", "y i64"], "{wrong}");
    }
}

#[test]
fn whole_numbers_beyond_64_bits_stay_text_and_later_ones_are_set_aside() {
    let decoded = all(&csv::CSV, "n,m\n9223372036854775807,1\n-9223372036854775808,2\n");
    assert_eq!(
        decoded.frame.column("n").unwrap().i64().unwrap().iter().collect::<Vec<_>>(),
        [Some(i64::MAX), Some(i64::MIN)]
    );
    assert_eq!(types(&all(&csv::CSV, "n,m\n1,1\n9223372036854775808,2\n").frame), ["n str", "m i64"]);
    let decoder = open_as(&csv::CSV, b"n\n1\n", None);
    let later = decoder.decode(b"9223372036854775808\n5\n", 3, &[0]).unwrap();
    assert_eq!(reasons(&later.rejects), ["3: column 'n': '9223372036854775808' is not an integer"]);
    assert_eq!(column(&later.frame, "n"), ["null", "5"]);
}

#[test]
fn csv_tells_null_from_empty_text() {
    let decoded = all(&csv::CSV, "s,n\n,1\n\"\",\"\"\nx,\n");
    assert_eq!(column(&decoded.frame, "s"), ["null", "\"\"", "\"x\""]);
    assert_eq!(column(&decoded.frame, "n"), ["1", "null", "null"]);
    assert_eq!(decoded.rejects.count, 0);
}

#[test]
fn csv_reads_quotes_lines_ends_and_blank_lines() {
    let text = "a,b\r\n\r\n\"x, \"\"y\"\"\r\nz\",1\r\n\n it\"s ,2\n\"last\",3";
    let decoded = all(&csv::CSV, text);
    assert_eq!(column(&decoded.frame, "a"), ["\"x, \"y\"\r\nz\"", "\" it\"s \"", "\"last\""]);
    assert_eq!(column(&decoded.frame, "b"), ["1", "2", "3"]);
    assert_eq!(decoded.rejects.count, 0);
}

#[test]
fn csv_finds_the_delimiter() {
    for (text, names) in [
        ("a,b\n1,2\n", vec!["a", "b"]),
        ("a;b\n1,5;2,5\n2,5;3\n", vec!["a", "b"]),
        ("a\tb\n1\tx, y\n", vec!["a", "b"]),
        ("a|b|c\n1|2|3\n", vec!["a", "b", "c"]),
        ("\"a;x\",b\n1,2\n", vec!["a;x", "b"]),
        ("alone\n1\n2\n", vec!["alone"]),
    ] {
        let decoder = open_as(&csv::CSV, text.as_bytes(), None);
        assert_eq!(decoder.schema().iter_names().map(|n| n.as_str()).collect::<Vec<_>>(), names, "{text:?}");
    }
    let tsv = open_as(&csv::TSV, b"a\tb,c,d\n1\t2,3,4\n", None);
    assert_eq!(tsv.schema().len(), 2);
}

#[test]
fn csv_finds_the_header_and_gives_every_column_one_name() {
    let names = |text: &str| {
        open_as(&csv::CSV, text.as_bytes(), None).schema().iter_names().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names("1,2\n3,4\n"), ["column_1", "column_2"]);
    assert_eq!(names("name,city\nAda,London\n"), ["name", "city"]);
    assert_eq!(names("a,a,,a,b\n1,2,3,4,5\n"), ["a", "a_2", "column_3", "a_3", "b"]);
    assert_eq!(names("a,a_2,a\n1,2,3\n"), ["a", "a_2", "a_3"]);
    assert_eq!(names(",column_1\n1,2\n"), ["column_1_2", "column_1"]);
    assert_eq!(names("x,y\nx,z\nx,y\n"), ["x", "y"]);
    assert_eq!(names("机场, délai \n1,2\n"), ["机场", "délai"]);
    let decoded = all(&csv::CSV, "1,x\n2,y\n");
    assert_eq!(decoded.frame.height(), 2);
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    let decoded = all(&csv::CSV, "a,b\n");
    assert_eq!((types(&decoded.frame), decoded.frame.height()), (vec!["a str".to_owned(), "b str".to_owned()], 0));
}

#[test]
fn rows_of_the_wrong_shape_and_cells_of_the_wrong_type_are_set_aside_with_line_reason_and_body() {
    let head = "origin,delay\nAUS,5\nLAX,\n";
    let text = format!("{head}\nAUS,abc\nAUS\nLAX,1,2\n\"two\nlines\",7\nJ\0FK,3\n\"x\"y,4\nok,8\n");
    let decoder = open_as(&csv::CSV, head.as_bytes(), None);
    let decoded = decode(&*decoder, text.as_bytes(), &[1, 0]);
    assert_eq!(
        reasons(&decoded.rejects),
        [
            "5: column 'delay': 'abc' is not an integer",
            "6: has 1 field, the header has 2",
            "7: has 3 fields, the header has 2",
            "10: holds a NUL byte",
            "11: column 'origin': there is text after the closing quote",
        ]
    );
    assert_eq!((decoded.rejects.count, decoded.rejects.cells.count()), (4, 1));
    let cell = &decoded.rejects.cells.kept[0];
    assert_eq!((cell.line, cell.column.as_deref(), cell.body.as_str()), (5, Some("delay"), "abc"));
    assert_eq!(column(&decoded.frame, "delay"), ["5", "null", "null", "7", "8"]);
    // Without a value in a vital column a row is none.
    let preamble = decoder.preamble();
    let vital =
        decoder.decode_vital(&text.as_bytes()[preamble.bytes..], preamble.lines + 1, &[1, 0], Some(&[1])).unwrap();
    let whole = whole_rows(vital.frame, vital.rejects, &["delay".into()]).unwrap();
    let cells: u64 = whole.cells.iter().map(|(_, cells)| cells).sum();
    assert_eq!((whole.frame.height(), whole.rejects.count, cells), (4, 5, 0), "{:?}", whole.rejects);
    assert!(
        whole.rejects.kept.iter().any(|row| row.body == "AUS,abc" && row.reason.contains("'abc' is not an integer"))
    );
    let count = decode(&*decoder, text.as_bytes(), &[]);
    assert_eq!((count.frame.height(), count.rejects.count), (5, 4));
}

#[test]
fn rows_that_are_not_utf8_are_set_aside() {
    let decoder = open_as(&csv::CSV, "city,n\nKöln,1\n".as_bytes(), None);
    let decoded = decoder.decode(b"K\xc3\xb6ln,1\nK\xf6ln,2\nBonn,3\n", 2, &[0, 1]).unwrap();
    assert_eq!(reasons(&decoded.rejects), ["3: not valid UTF-8 text, nor known to the file's encoding"]);
    assert_eq!(column(&decoded.frame, "city"), ["\"Köln\"", "\"Bonn\""]);
}

#[test]
fn a_quote_that_is_never_closed_costs_its_line_only() {
    let mut text = "a,b\n1,x\n2,\"open\n3,y\n".to_owned();
    let decoded = all(&csv::CSV, &text);
    assert_eq!(column(&decoded.frame, "a"), ["1", "3"]);
    assert_eq!(reasons(&decoded.rejects), ["3: a quote is opened and not closed within 1 MiB"]);
    // A quote far behind is not its closing one.
    for i in 0..300_000 {
        text += &format!("{i},z\n");
    }
    text += "9,\"q\"\n";
    agree(&csv::CSV, b"a,b\n1,x\n", text.as_bytes(), &[1 << 18, 70_000]);
    let decoder = open_as(&csv::CSV, b"a,b\n1,x\n", None);
    let decoded = decode(&*decoder, text.as_bytes(), &[0]);
    assert_eq!((decoded.frame.height(), decoded.rejects.count), (300_003, 1));
}

#[test]
fn many_rejects_are_counted_beyond_those_that_are_kept() {
    let decoder = open_as(&csv::CSV, b"a,b\n1,2\n", None);
    let text = "x,y\n".repeat(5 * KEPT) + &"1\n".repeat(3 * KEPT);
    let decoded = decoder.decode(text.as_bytes(), 1, &[0, 1]).unwrap();
    assert_eq!(
        (decoded.rejects.count, decoded.rejects.kept.len(), decoded.frame.height()),
        (3 * KEPT as u64, KEPT, 5 * KEPT)
    );
    assert_eq!((decoded.rejects.cells.count(), decoded.rejects.cells.kept.len()), (10 * KEPT as u64, KEPT));
}

#[test]
fn known_types_are_produced_exactly() {
    let known = Schema::from_iter([
        Field::new("i".into(), DataType::Int32),
        Field::new("u".into(), DataType::UInt8),
        Field::new("w".into(), DataType::UInt64),
        Field::new("f".into(), DataType::Float32),
        Field::new("d".into(), DataType::Date),
        Field::new("ms".into(), DataType::Datetime(TimeUnit::Milliseconds, None)),
        Field::new("ns".into(), DataType::Datetime(TimeUnit::Nanoseconds, None)),
        Field::new("us".into(), DataType::Datetime(TimeUnit::Microseconds, None)),
        Field::new("s".into(), DataType::String),
        Field::new("c".into(), DataType::from_categories(Categories::global())),
        Field::new("b".into(), DataType::Boolean),
    ]);
    let known = SchemaRef::new(known);
    let text = "i,u,w,f,d,ms,ns,us,s,c,b\n7,255,18446744073709551615,0.1,2001-01-01,2001-01-01 \
                00:00:01.5,2001-01-01T00:00:00.123456789,2001-01-01,12,x,true\n3000000000,1,1,1,2001-01-01,2001-01-01,\
                2001-01-01,2001-01-01,1,x,true\n1,256,1,1,2001-01-01,2001-01-01,2001-01-01,2001-01-01,1,x,true\n1,1,1,\
                1,2001-01-01 00:00:00,1000000000,1000000000000000000,1000000000.25,1,x,true\n";
    let lines = text.lines().skip(1).map(|line| {
        let cells = text.lines().next().unwrap().split(',').zip(line.split(','));
        let member =
            |(k, v): (&str, &str)| if "iuwb".contains(k) { format!("\"{k}\":{v}") } else { format!("\"{k}\":\"{v}\"") };
        format!("{{{}}}\n", cells.map(member).collect::<Vec<_>>().join(","))
    });
    let json: String = lines.collect();
    for (format, text) in [(&csv::CSV, text.to_owned()), (&json::NDJSON, json)] {
        let decoder = open_as(format, text.as_bytes(), Some(known.clone()));
        assert_eq!(decoder.schema(), &known, "{}", format.name);
        let columns: Vec<usize> = (0..known.len()).collect();
        let decoded = decode(&*decoder, text.as_bytes(), &columns);
        assert_eq!(decoded.frame.schema(), &known);
        assert_eq!((decoded.frame.height(), decoded.rejects.count), (4, 0), "{:?}", decoded.rejects);
        let whole = decoded.frame.take(&IdxCa::from_vec("".into(), vec![0, 3])).unwrap();
        let why =
            reasons(&decoded.rejects).iter().map(|r| r.split(": ").nth(2).unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            why,
            ["'3000000000' is not an integer of the column's range", "'256' is not an integer of the column's range"]
        );
        let times = |name: &str| {
            whole.column(name).unwrap().to_physical_repr().i64().unwrap().iter().flatten().collect::<Vec<_>>()
        };
        assert_eq!(times("ms"), [978_307_201_500, 1_000_000_000_000]);
        assert_eq!(times("ns"), [978_307_200_123_456_789, 1_000_000_000_000_000_000]);
        assert_eq!(times("us"), [978_307_200_000_000, 1_000_000_000_250_000]);
        assert_eq!(decoded.frame.column("f").unwrap().f32().unwrap().get(0), Some(0.1_f32));
    }
}

#[test]
fn json_settles_types_and_keeps_nested_values_as_text() {
    let text = concat!(
        r#"{"i":1,"f":1,"s":"ä\n\"q\"","t":"2001-01-01T00:01:00","d":"2001-01-01","b":true,"#,
        r#""o":{"x":[1,"]"]},"m":1}"#,
        "\n",
        r#"{"f":2.5,"i":null,"n":null,"s":"\u00e4\ud83d\ude00","t":"2001-01-02 00:00:00","d":"2001-01-02","b":false,"#,
        r#""o":[],"m":"x","extra":{}}"#,
        "\n",
    );
    let decoded = all(&json::NDJSON, text);
    assert_eq!(
        types(&decoded.frame),
        ["i i64", "f f64", "s str", "t datetime[μs]", "d date", "b bool", "o str", "m str", "n str", "extra str"]
    );
    assert_eq!(decoded.rejects.count, 0);
    let s = decoded.frame.column("s").unwrap();
    assert_eq!(s.str().unwrap().iter().collect::<Vec<_>>(), [Some("ä\n\"q\""), Some("ä😀")]);
    let o = decoded.frame.column("o").unwrap();
    assert_eq!(o.str().unwrap().iter().collect::<Vec<_>>(), [Some(r#"{"x":[1,"]"]}"#), Some("[]")]);
    assert_eq!(column(&decoded.frame, "i"), ["1", "null"]);
    assert_eq!(column(&decoded.frame, "extra"), ["null", "\"{}\""]);
}

#[test]
fn json_rows_that_contradict_or_are_no_objects_are_set_aside() {
    let head = "{\"a\":1,\"b\":\"x\"}\n";
    let text = "{\"a\":1.5,\"b\":\"x\"}\n[1,2]\n5\n{\"a\":1\n{\"a\":2} \
                {\"a\":3}\n\n{\"a\":tru}\n{\"b\":\"\\q\"}\n{\"a\":\"7\"}\n{\"b\":5}\n";
    let decoder = open_as(&json::NDJSON, head.as_bytes(), None);
    let decoded = decoder.decode(text.as_bytes(), 2, &[0, 1]).unwrap();
    let reasons = reasons(&decoded.rejects);
    assert_eq!(reasons.len(), 7, "{reasons:?}");
    assert_eq!(reasons[0], "2: column 'a': '1.5' is not an integer");
    assert_eq!(reasons[1..3], ["3: not a JSON object", "4: not a JSON object"]);
    assert!(
        reasons[3..6].iter().zip(["5", "6", "8"]).all(|(r, line)| r.starts_with(&format!("{line}: not valid JSON"))),
        "{reasons:?}"
    );
    assert!(reasons[6].starts_with("9: column 'b'"), "{reasons:?}");
    assert_eq!((decoded.rejects.count, decoded.rejects.cells.count()), (5, 2));
    assert_eq!(column(&decoded.frame, "a"), ["null", "null", "7", "null"]);
    assert_eq!(column(&decoded.frame, "b"), ["\"x\"", "null", "null", "\"5\""]);
}

#[test]
fn a_json_array_is_read_however_it_is_laid_out() {
    for text in [
        r#"[{"a":1,"b":"x"},{"a":2,"b":"]},{"}]"#,
        " [\n  {\n    \"a\": 1,\n    \"b\": \"x\"\n  },\n  {\"a\": 2, \"b\": \"]},{\"}\n]\n",
        "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\n\"b\":\"]},{\"}",
    ] {
        let decoded = all(&json::JSON, text);
        assert_eq!(
            (column(&decoded.frame, "a"), decoded.rejects.count),
            (vec!["1".to_owned(), "2".to_owned()], 0),
            "{text}"
        );
        assert_eq!(column(&decoded.frame, "b"), ["\"x\"", "\"]},{\""]);
        agree(&json::JSON, text.as_bytes(), text.as_bytes(), &[1]);
    }
    let broken = "[\n{\"a\":1},\n5,\n{\"a\":oops},\n{\"a\":2},\n{\"a\":3";
    let decoder = open_as(&json::JSON, b"[{\"a\":1}]", None);
    let decoded = decode(&*decoder, broken.as_bytes(), &[0]);
    assert_eq!(column(&decoded.frame, "a"), ["1", "2"]);
    assert_eq!(decoded.rejects.kept.iter().map(|r| r.line).collect::<Vec<_>>(), [3, 4, 6]);
    agree(&json::JSON, b"[{\"a\":1}]", broken.as_bytes(), &[1, 3]);
}

#[test]
fn a_table_knows_keys_that_its_first_rows_lack() {
    let known = SchemaRef::new(Schema::from_iter([
        Field::new("late".into(), DataType::Int64),
        Field::new("a".into(), DataType::Float64),
    ]));
    let decoder = open_as(&json::NDJSON, b"{\"a\":1}\n", Some(known));
    assert_eq!(decoder.schema().iter_names().map(|n| n.as_str()).collect::<Vec<_>>(), ["a", "late"]);
    let decoded = decoder.decode(b"{\"a\":1,\"late\":5}\n{}\n", 1, &[1, 0]).unwrap();
    assert_eq!(
        (column(&decoded.frame, "late"), column(&decoded.frame, "a")),
        (vec!["5".into(), "null".into()], vec!["1.0".into(), "null".into()])
    );
}

#[test]
fn a_text_without_header_that_continues_a_table_has_its_columns() {
    let known = SchemaRef::new(Schema::from_iter([
        Field::new("n".into(), DataType::Int32),
        Field::new("s".into(), DataType::String),
    ]));
    let decoder = open_as(&csv::CSV, b"1,2\n3,4\n", Some(known.clone()));
    assert_eq!(decoder.schema(), &known);
    let decoded = decode(&*decoder, b"1,2\n3,4\n", &[1, 0]);
    assert_eq!(
        (column(&decoded.frame, "n"), column(&decoded.frame, "s")),
        (vec!["1".into(), "3".into()], vec!["\"2\"".into(), "\"4\"".into()])
    );
}

/// Text that likes to break readers: quotes, delimiters, line ends, letters of several bytes, and bytes that are wrong.
fn awkward() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[0-9]{1,3}".prop_map(String::into_bytes),
        3 => Just(b",".to_vec()),
        3 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        2 => Just(b"\"".to_vec()),
        1 => Just(b"\"\"".to_vec()),
        1 => Just("ä机".as_bytes().to_vec()),
        1 => Just(b"\xff".to_vec()),
        1 => Just(b"\0".to_vec()),
        1 => Just(b"x".to_vec()),
        2 => Just(b"\n1,2\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn awkward_json() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just("{\"a\":1,\"b\":\"x\"}"),
        2 => Just("{\"b\":\"\\\"}{\\n\",\"a\":null}"),
        2 => Just("{ \"a\" : -2 , \"c\" : [ { \"]\" : \"[\" } ] }"),
        1 => Just("{\"a\":1.5}"),
        1 => Just("{\"a\":}"),
        1 => Just("\"stray\""),
        1 => Just("tru"),
        1 => Just("12"),
        1 => Just("{"),
        1 => Just("]"),
        3 => Just(","),
        5 => Just("\n"),
        1 => Just("\r\n"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn cutting_csv_anywhere_changes_nothing(text in awkward(), sizes in prop::collection::vec(1_usize..50, 1..6)) {
        let head = b"a,b\n1,2\n";
        agree(&csv::CSV, head, &[head, &text[..]].concat(), &sizes);
    }

    #[test]
    fn cutting_ndjson_anywhere_changes_nothing(
        text in awkward_json(),
        sizes in prop::collection::vec(1_usize..50, 1..6),
    ) {
        let head = b"{\"a\":1,\"b\":\"x\"}\n";
        agree(&json::NDJSON, head, &[head, &text[..]].concat(), &sizes);
    }

    #[test]
    fn cutting_a_json_document_anywhere_changes_nothing(
        text in awkward_json(),
        sizes in prop::collection::vec(1_usize..50, 1..6),
    ) {
        let head = b"[{\"a\":1,\"b\":\"x\"},\n";
        agree(&json::JSON, head, &[head, &text[..]].concat(), &sizes);
    }

    #[test]
    fn numbers_are_read_as_the_language_reads_them(
        floats in prop::collection::vec(any::<f64>(), 1..40),
        ints in prop::collection::vec(any::<i64>(), 1..40),
    ) {
        let text: String = floats.iter().zip(ints.iter().cycle()).map(|(f, i)| format!("{f},{f:e},{i}\n")).collect();
        let text = format!("f,e,i\n0.5,0.5,1\n{text}");
        let decoded = all(&csv::CSV, &text);
        prop_assert_eq!(decoded.rejects.count, 0);
        for name in ["f", "e"] {
            let read: Vec<u64> = decoded
                .frame
                .column(name)
                .unwrap()
                .f64()
                .unwrap()
                .iter()
                .skip(1)
                .map(|f| f.unwrap().to_bits())
                .collect();
            prop_assert!(read.iter().zip(&floats).all(|(a, b)| *a == b.to_bits() || b.is_nan()));
        }
        let read: Vec<i64> = decoded.frame.column("i").unwrap().i64().unwrap().iter().skip(1).flatten().collect();
        prop_assert!(read.iter().zip(ints.iter().cycle()).all(|(a, b)| a == b));
    }

    /// Of every length up to some more than sixteen bytes, which is where the quick way ends; and things that are no
    /// numbers.
    #[test]
    fn what_looks_like_a_number_is_one_when_the_language_says_so(
        texts in prop::collection::vec(
            "[-+]?[0-9]{0,9}\\.?[0-9]{0,9}|[-+.0-9e]{1,9}|[-0-9]{1,3}[/:x][0-9]{0,9}",
            1..40,
        ),
        wholes in prop::collection::vec("-?[0-9]{1,18}", 1..40),
    ) {
        let decoder = open_as(&csv::CSV, b"f;i\n0.5;1\n", None);
        let lines: String = texts.iter().map(|text| format!("{text};1\n")).collect();
        let decoded = decoder.decode(lines.as_bytes(), 3, &[0]).unwrap();
        let read: Vec<Option<u64>> =
            decoded.frame.column("f").unwrap().f64().unwrap().iter().map(|f| f.map(f64::to_bits)).collect();
        let right: Vec<Option<u64>> = texts.iter().map(|text| text.parse::<f64>().ok().map(f64::to_bits)).collect();
        let wrong = texts.iter().zip(&right).filter(|(text, right)| !text.is_empty() && right.is_none()).count();
        prop_assert_eq!((decoded.rejects.count, decoded.rejects.cells.count() as usize), (0, wrong));
        prop_assert_eq!(read, right);
        let lines: String = wholes.iter().map(|text| format!("0.5;{text}\n")).collect();
        let decoded = decoder.decode(lines.as_bytes(), 3, &[1]).unwrap();
        let read: Vec<i64> = decoded.frame.column("i").unwrap().i64().unwrap().iter().flatten().collect();
        prop_assert_eq!(read, wholes.iter().map(|text| text.parse().unwrap()).collect::<Vec<i64>>());
    }

    #[test]
    fn what_is_written_is_read_again(
        rows in prop::collection::vec(
            (
                prop::option::of("[a-zä机\",;\r\n\t '{}\\\\]{0,12}"),
                prop::option::of(any::<i64>()),
                prop::option::of(-1e9..1e9_f64),
                prop::option::of(-4_000_000_000_000_000_i64..4_000_000_000_000_000),
            ),
            1..30,
        ),
    ) {
        let text: Vec<Option<&str>> = rows.iter().map(|r| r.0.as_deref()).collect();
        let time = Int64Chunked::from_iter_options("t".into(), rows.iter().map(|r| r.3))
            .into_datetime(TimeUnit::Microseconds, None);
        let mut frame = df![
            "s" => text,
            "i" => rows.iter().map(|r| r.1).collect::<Vec<_>>(),
            "f" => rows.iter().map(|r| r.2).collect::<Vec<_>>(),
            "last" => vec![true; rows.len()],
        ]
        .unwrap();
        frame.with_column(time.into_column()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        for ending in ["csv", "tsv", "json", "ndjson", "parquet", "arrow"] {
            let path = dir.path().join(format!("t.{ending}"));
            write_frame(&frame, &path).unwrap();
            let history = braid::source::history::open_history(&path, Some(frame.schema().clone())).unwrap();
            let mut reader = history.open(&[0, 1, 2, 3, 4]).unwrap();
            let mut read = DataFrame::empty_with_schema(frame.schema());
            while let Some(piece) = reader.next().unwrap() {
                for chunk in piece.decode().unwrap() {
                    prop_assert_eq!(&chunk.rejects, &Rejects::default());
                    read.vstack_mut(&chunk.frame).unwrap();
                }
            }
            prop_assert!(read.equals_missing(&frame), "{} {:?}\n{:?}", ending, frame, read);
        }
    }
}

#[test]
fn encodings_are_told_apart() {
    let text = "城市,数量\n北京市朝阳区,1\n上海浦东新区,2\n广州天河,3\n";
    let latin = "Straße;Größe\nMünchen;1\nKöln;2\nZürich;3\nLärmfußgänger;4\n";
    for (text, encoding) in [
        (text, encoding_rs::GB18030),
        (text, encoding_rs::UTF_8),
        (latin, encoding_rs::WINDOWS_1252),
        (latin, encoding_rs::UTF_8),
        ("plain,ascii\n1,2\n", encoding_rs::UTF_8),
    ] {
        let (bytes, _, unmappable) = encoding.encode(text);
        assert!(!unmappable);
        let found = TextEncoding::detect(&bytes, true);
        assert_eq!(found.name(), encoding.name());
        assert_eq!(String::from_utf8(found.convert(bytes.into_owned(), true)).unwrap(), text);
    }
    for (marked, little) in [(true, true), (true, false), (false, true), (false, false)] {
        let mark = if marked { "\u{feff}" } else { "" };
        let wide = if marked { text } else { "plain,ascii\n1,2\n" };
        let bytes: Vec<u8> = format!("{mark}{wide}")
            .encode_utf16()
            .flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() })
            .collect();
        let found = TextEncoding::detect(&bytes, true);
        assert_eq!(String::from_utf8(found.convert(bytes[found.mark_bytes..].to_vec(), true)).unwrap(), wide);
    }
    let marked = TextEncoding::detect(b"\xef\xbb\xbfa,b\n", true);
    assert_eq!((marked.name(), marked.mark_bytes), ("UTF-8", 3));
    // Mostly UTF-8 stays UTF-8; the odd rows are set aside later.
    assert!(TextEncoding::detect(b"K\xc3\xb6ln\nM\xc3\xbcnchen\nZ\xfcrich\n", true).is_utf8());
    // A head may end within a character.
    assert!(TextEncoding::detect("aä".as_bytes().split_last().unwrap().1, false).is_utf8());
}

#[test]
fn a_converter_gives_the_same_text_however_the_bytes_come() {
    let text = "北京,ä\n".repeat(50);
    for encoding in [encoding_rs::GB18030, encoding_rs::SHIFT_JIS] {
        let text = if encoding == encoding_rs::SHIFT_JIS { "東京,カナ\n".repeat(50) } else { text.clone() };
        let (bytes, _, _) = encoding.encode(&text);
        for size in [1, 2, 3, 7, 1000] {
            let mut converter = TextEncoding { encoding, mark_bytes: 0 }.converter();
            let mut out = Vec::new();
            for part in bytes.chunks(size) {
                converter.convert(part, false, &mut out);
            }
            converter.convert(&[], true, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}

#[test]
fn names_that_lie_are_seen_through() {
    let path = |name: &str| std::path::PathBuf::from(name);
    let found = |name: &str, head: &[u8]| format_for(&path(name), head).map(|f| (f.name, misnamed(&path(name), f)));
    assert_eq!(
        found("a.csv", b"PAR1....").unwrap(),
        ("parquet", Some("this is a Parquet file although it is called .csv".to_owned()))
    );
    assert_eq!(
        found("a.parquet", b"ARROW1\0\0").unwrap(),
        ("arrow", Some("this is an Arrow file although it is called .parquet".to_owned()))
    );
    assert_eq!(
        found("a.json.gz", b"x,y\n1,2\n").unwrap(),
        ("csv", Some("this is a CSV file although it is called .json".to_owned()))
    );
    assert_eq!(found("a.json", b"{\"a\":1}\n{\"a\":2}\n").unwrap(), ("ndjson", None));
    assert_eq!(found("a.ndjson", b"[{\"a\":1}]").unwrap(), ("json", None));
    assert_eq!(found("A.CSV.GZ", b"x,y\n1,2\n").unwrap(), ("csv", None));
    assert_eq!(found("a.tsv", b"x\ty\n").unwrap(), ("tsv", None));
    assert_eq!(found("noname", b"{\"a\":\n1}").unwrap(), ("json", None));
    for (head, words) in [
        (&b"\x89PNG\r\n\x1a\n"[..], "a PNG image"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"\x00\x01\x02\x03\x04\x05", "binary data"),
    ] {
        let fault = found("a.csv", head).unwrap_err();
        assert!(fault.what.contains(words) && fault.place == "a.csv" && !fault.hint.is_empty(), "{fault}");
    }
}

#[test]
fn writing_to_an_unknown_ending_says_what_is_known() {
    let frame = df!["a" => [1]].unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (name, words) in
        [("a.xlsx", "'.xlsx' is no format"), ("a", "is no format"), ("a.csv.gz", "packed files are not written")]
    {
        let fault = write_frame(&frame, &dir.path().join(name)).unwrap_err();
        assert!(fault.what.contains(words) && fault.hint.to_string().contains(".parquet"), "{fault}");
    }
    let fault = write_frame(&frame, &dir.path().join("no/such/a.csv")).unwrap_err();
    assert!(fault.what.contains("no such file or folder"), "{fault}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn json_is_written_as_other_readers_want_it() {
    let mut frame = df!["s\"" => [Some("q\"\n"), None], "f" => [1.5, f64::NAN], "b" => [true, false]].unwrap();
    let time = Int64Chunked::from_vec("t".into(), vec![0, -1_500_000]).into_datetime(TimeUnit::Microseconds, None);
    frame.with_column(time.into_column()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    write_frame(&frame, &path).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        read,
        serde_json::json!([
            {"s\"": "q\"\n", "f": 1.5, "b": true, "t": "1970-01-01T00:00:00"},
            {"s\"": null, "f": null, "b": false, "t": "1969-12-31T23:59:58.500"},
        ])
    );
}

#[test]
fn a_column_asked_for_that_is_not_there_is_a_fault() {
    let decoder = open_as(&csv::CSV, b"a\n1\n", None);
    assert!(decoder.decode(b"1\n", 2, &[1]).is_err());
}
