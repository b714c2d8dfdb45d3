//! Small valid files of every kind that Braid reads, as bytes we made, and what can happen to them. Plain tests and the
//! targets of `fuzz/` share it: it uses nothing but the library and a generator with a seed.
#![allow(dead_code, reason = "each of those that share it uses a part")]

pub mod parquet;
pub mod reading;
mod samples;

use std::path::Path;

use fastrand::Rng;

/// A kind of input: valid ones, and what is done with one that lies at a path.
pub struct Kind {
    pub name: &'static str,
    /// What the file is called, so that it is taken for what it is.
    pub file: &'static str,
    pub samples: fn() -> Vec<Vec<u8>>,
    /// Reads all that it holds, in every way. It must neither panic nor take much.
    pub read: fn(&Path) -> reading::Read,
}

pub const KINDS: &[Kind] = &[
    Kind { name: "csv", file: "t.csv", samples: samples::csv, read: reading::both_faces },
    Kind { name: "tsv", file: "t.tsv", samples: samples::tsv, read: reading::both_faces },
    Kind { name: "ndjson", file: "t.ndjson", samples: samples::ndjson, read: reading::both_faces },
    Kind { name: "json", file: "t.json", samples: samples::json, read: reading::history },
    Kind { name: "gzip", file: "t.csv.gz", samples: samples::gzip, read: reading::history },
    Kind { name: "zstd", file: "t.ndjson.zst", samples: samples::zstd, read: reading::history },
    Kind { name: "parquet", file: "t.parquet", samples: samples::parquet, read: reading::history },
    Kind { name: "arrow", file: "t.arrow", samples: samples::arrow, read: reading::history },
    Kind { name: "frames", file: "t.frame", samples: samples::frames, read: reading::frame },
    Kind { name: "model", file: "t.model", samples: samples::model, read: reading::model },
    Kind { name: "workspace", file: "workspace.json", samples: samples::workspace, read: reading::workspace },
    Kind { name: "checkpoint", file: "ckpt-1", samples: samples::checkpoint, read: reading::checkpoint },
    Kind { name: "recording", file: "recording", samples: samples::recording, read: reading::recording },
    Kind { name: "sql", file: "question.sql", samples: samples::sql, read: reading::sql },
];

pub fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect("a kind of that name")
}

/// The input of that seed: one of the samples, and what happened to it. The first seeds are the samples as they are.
pub fn input(samples: &[Vec<u8>], seed: u64) -> Vec<u8> {
    if let Some(whole) = usize::try_from(seed).ok().and_then(|seed| samples.get(seed)) {
        return whole.clone();
    }
    let mut rng = Rng::with_seed(seed);
    let mut bytes = samples[rng.usize(..samples.len())].clone();
    for _ in 0..1 + rng.usize(..4) {
        mutate(&mut bytes, samples, &mut rng);
    }
    bytes
}

/// Where lengths and counts go wrong.
const NUMBERS: &[u64] = &[
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    1 << 24,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 32,
    1 << 40,
    1 << 60,
    u64::MAX >> 1,
    1 << 63,
    u64::MAX,
];
/// What the text formats trip over.
const WORDS: &[&str] = &[
    "\"",
    "\"\"",
    "\r\n",
    "\n",
    "\r",
    ",",
    ";",
    "\t",
    "\u{feff}",
    "\0",
    "null",
    "{",
    "}",
    "[",
    "]",
    ":",
    "\\",
    "\\u0000",
    "-",
    "1e999",
    "NaN",
    "infinity",
    "é",
    "\u{2028}",
    "99999999999999999999",
    "0001-01-01",
    "9999-12-31",
    "'",
    "--",
    "(",
    ")",
    "\u{1b}[2J",
    "=cmd()",
];

/// Something happens to the bytes.
pub fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], rng: &mut Rng) {
    let at = |rng: &mut Rng, bytes: &[u8]| rng.usize(..=bytes.len());
    let from = at(rng, bytes);
    let to = (from + 1 + rng.usize(..64)).min(bytes.len());
    match rng.u8(..11) {
        0 => flip(bytes, from, 1 << rng.u8(..8)),
        1 => flip(bytes, from, rng.u8(1..)),
        2 => bytes.truncate(from),
        3 => drop(bytes.drain(from..to)),
        4 => {
            let again = bytes[from..to].repeat(1 + rng.usize(..8));
            bytes.splice(from..from, again);
        }
        5 => {
            let other = &others[rng.usize(..others.len())];
            let cut = at(rng, other);
            bytes.truncate(from);
            bytes.extend_from_slice(&other[cut..]);
        }
        6 | 7 => number(bytes, from, rng),
        8 => {
            let word = WORDS[rng.usize(..WORDS.len())];
            let end = if rng.bool() { from } else { (from + word.len()).min(bytes.len()) };
            bytes.splice(from..end, word.bytes());
        }
        9 => varint(bytes, from, rng),
        // Lengths stand near the end of columnar files.
        _ => {
            let near = bytes.len().saturating_sub(1 + rng.usize(..200));
            if rng.bool() { flip(bytes, near, rng.u8(1..)) } else { number(bytes, near, rng) }
        }
    }
}

fn flip(bytes: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= mask;
    }
}

/// A number of one to eight bytes becomes an extreme one.
fn number(bytes: &mut [u8], at: usize, rng: &mut Rng) {
    let width = [1, 2, 4, 8][rng.usize(..4)];
    let value = NUMBERS[rng.usize(..NUMBERS.len())].wrapping_add_signed(rng.i64(-1..2));
    let order = if rng.u8(..8) == 0 { value.to_be_bytes() } else { value.to_le_bytes() };
    // As lengths lie in flatbuffers and heads.
    let at = if rng.bool() { at / width * width } else { at };
    for (into, byte) in bytes.iter_mut().skip(at).zip(&order[..width]) {
        *into = *byte;
    }
}

/// A number as Thrift and Protocol Buffers write it becomes an extreme one; what follows moves.
fn varint(bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let end = bytes.iter().skip(at).position(|byte| byte & 0x80 == 0).map_or(bytes.len(), |more| at + more + 1);
    let mut written = Vec::new();
    parquet::varint(NUMBERS[rng.usize(..NUMBERS.len())], &mut written);
    bytes.splice(at..end.max(at), written);
}
