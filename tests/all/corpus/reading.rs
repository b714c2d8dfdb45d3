//! What is done with an input of each kind: all of it is read, in every way there is, and the ways must agree. An error
//! is a law that was broken; what is refused with a fault is a good answer.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::data::Fault;
use braid::query::{Partial, Plan, Query};
use braid::source::history::{History, open_history};
use braid::source::live::byte_source::{ByteEvent, ByteSource};
use braid::source::live::{self, Event, Expect, FeedUrl, ReadOptions};
use braid::store::log::{Log, LogOptions};
use braid::store::{checkpoint, frames};
use braid::workspace::{Vault, Workspace};
use polars::prelude::*;

/// What was found, or which law does not hold.
pub type Read = Result<String, String>;

/// Nothing small takes longer.
const LONG: Duration = Duration::from_secs(30);

/// What one face of a table gave.
#[derive(Debug, Default)]
struct Face {
    frame: DataFrame,
    rejects: u64,
    faults: Vec<Fault>,
}

impl Face {
    fn take(&mut self, frame: DataFrame) {
        if self.frame.width() == 0 && self.frame.height() == 0 {
            self.frame = frame;
        } else if frame.width() == 0 {
            self.frame = DataFrame::empty_with_height(self.frame.height() + frame.height());
        } else {
            self.frame = self.frame.vstack(&frame).expect("chunks of one schema");
        }
    }

    fn rows(&self) -> u64 {
        self.frame.height() as u64 + self.rejects
    }

    fn told(&self) -> String {
        format!(
            "{} rows, {} set aside, {:?}\n{}",
            self.frame.height(),
            self.rejects,
            self.faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
            self.frame
        )
    }
}

fn read(history: &dyn History, columns: &[usize]) -> Face {
    let mut face = Face::default();
    let outcome = history.open(columns).and_then(|mut reader| {
        while let Some(piece) = reader.next()? {
            match piece.decode() {
                Ok(chunks) => chunks.into_iter().for_each(|chunk| {
                    face.rejects += chunk.rejects.count;
                    face.take(chunk.frame);
                }),
                Err(fault) => face.faults.push(fault),
            }
        }
        Ok(())
    });
    face.faults.extend(outcome.err());
    face
}

/// A fault says something, in one line.
fn clear(fault: &Fault) -> Result<(), String> {
    let said = fault.to_string();
    if fault.what.is_empty() || said.contains('\n') {
        Err(format!("a fault that is not clear: {said:?}"))
    } else {
        Ok(())
    }
}

fn history_face(path: &Path) -> Result<Result<Face, Fault>, String> {
    let history = match open_history(path, None) {
        Ok(history) => history,
        Err(fault) => return clear(&fault).map(|()| Err(fault)),
    };
    let columns: Vec<usize> = (0..history.schema().len()).collect();
    let whole = read(&*history, &columns);
    let counted = read(&*history, &[]);
    for fault in whole.faults.iter().chain(&counted.faults) {
        clear(fault)?;
    }
    // A row is a row, whichever of its columns are read.
    if whole.faults.is_empty() && counted.faults.is_empty() && whole.rows() != counted.rows() {
        return Err(format!("counted {} rows, read {}", counted.rows(), whole.told()));
    }
    Ok(Ok(whole))
}

/// A file as history.
pub fn history(path: &Path) -> Read {
    Ok(match history_face(path)? {
        Ok(face) => face.told(),
        Err(fault) => format!("refused: {fault}"),
    })
}

fn live_face(path: &Path) -> Result<Face, Fault> {
    let url = FeedUrl::parse(&format!("file:{}?follow=false", path.display()))?;
    let (mut live, begun, mut face) = (live::open(&url, Expect::default())?, Instant::now(), Face::default());
    while live.settle(Duration::from_millis(20))?.is_none() {
        assert!(begun.elapsed() < LONG, "it does not settle");
    }
    let mut live = live.read(&ReadOptions::default())?;
    loop {
        match live.poll(Duration::from_millis(20))? {
            Event::Chunk(chunk) => {
                face.rejects += chunk.rejects.count;
                face.take(chunk.frame);
            }
            Event::End => return Ok(face),
            Event::Gap { reason } | Event::Trouble { reason } => face.faults.push(Fault::new(reason)),
            Event::Quiet | Event::Numbers(_) | Event::Note { .. } => {}
        }
        assert!(begun.elapsed() < LONG, "it does not end");
    }
}

/// A text as history and as a feed: the same rows, or refused as both.
pub fn both_faces(path: &Path) -> Read {
    let old = history_face(path)?;
    let new = live_face(path);
    match (&old, &new) {
        (Err(one), Err(two)) => Ok(format!("refused: {one}; {two}")),
        (Ok(one), Ok(two)) => {
            // A feed without a row gives no chunk, and a chunk is what shows the columns.
            let none = one.frame.height() == 0 && two.frame.height() == 0;
            let frames = none || one.frame.schema() == two.frame.schema() && one.frame.equals_missing(&two.frame);
            let same = frames && one.rejects == two.rejects;
            // What is read in part is read in part by both.
            let same = same || !one.faults.is_empty() && !two.faults.is_empty();
            if same { Ok(one.told()) } else { Err(format!("as history: {}\nas a feed: {}", one.told(), two.told())) }
        }
        (Ok(one), Err(fault)) => Err(format!("as history: {}\nas a feed: {fault}", one.told())),
        (Err(fault), Ok(two)) => Err(format!("as history: {fault}\nas a feed: {}", two.told())),
    }
}

fn told<T: std::fmt::Debug>(outcome: Result<T, Fault>) -> Read {
    match outcome {
        Ok(value) => Ok(format!("{value:?}")),
        Err(fault) => clear(&fault).map(|()| format!("refused: {fault}")),
    }
}

/// A frame as it stands in what is kept.
pub fn frame(path: &Path) -> Read {
    told(frames::from_bytes(&fs::read(path).expect("what was written")).map(|frame| frame.height()))
}

pub fn model(path: &Path) -> Read {
    told(braid::learn::model::load(path).map(|saved| saved.forest.trees.len()))
}

/// What can be read can be written, and read again.
pub fn workspace(path: &Path) -> Read {
    let vault = Vault::new(path.with_file_name("vault"));
    let loaded = match Workspace::load(path, &vault) {
        Ok(loaded) => loaded,
        Err(fault) => return clear(&fault).map(|()| format!("refused: {fault}")),
    };
    let again = path.with_file_name("again.json");
    let back = loaded
        .save(&again, &vault)
        .and_then(|()| Workspace::load(&again, &vault))
        .map_err(|fault| fault.to_string())?;
    // Secrets in addresses are kept apart, and put back where they can be.
    if back.bench.tables.len() == loaded.bench.tables.len() {
        Ok(format!("{loaded:?}"))
    } else {
        Err(format!("{loaded:?} was written and read as {back:?}"))
    }
}

/// A checkpoint in a folder of its own, with the frame in it.
pub fn checkpoint(path: &Path) -> Read {
    let folder = path.with_file_name("checkpoints");
    fs::create_dir_all(&folder).and_then(|()| fs::copy(path, folder.join("ckpt-1"))).expect("a place to write");
    let (found, faults) = checkpoint::load(&folder);
    fs::remove_dir_all(&folder).expect("what was made");
    faults.iter().try_for_each(clear)?;
    let state = found
        .as_ref()
        .and_then(|found| found.get("state"))
        .map(|state| told(frames::from_bytes(state).map(|frame| frame.height())))
        .transpose()?;
    Ok(format!("{:?}, {state:?}", found.map(|found| found.sections.len())))
}

/// The files of a log, one after another: name, bytes.
pub fn recording(path: &Path) -> Read {
    let bytes = fs::read(path).expect("what was written");
    let folder = path.with_file_name("log");
    fs::create_dir_all(&folder).expect("a place to write");
    let mut rest = &bytes[..];
    while let Some((name, after)) = part(rest)
        && let Some((body, after)) = part(after)
    {
        let name = String::from_utf8_lossy(name).replace(['/', '\0'], "_");
        if !name.is_empty() && name.len() < 100 && name.trim_matches('.') == name {
            fs::write(folder.join(name), body).expect("a place to write");
        }
        rest = after;
    }
    let read = heard(&folder);
    fs::remove_dir_all(&folder).expect("what was made");
    read
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

fn heard(folder: &Path) -> Read {
    let log = match Log::open(folder, LogOptions::default()) {
        Ok((log, faults)) => faults.iter().try_for_each(clear).map(|()| log)?,
        Err(fault) => return clear(&fault).map(|()| format!("refused: {fault}")),
    };
    let (mut reader, mut bytes, mut gaps, begun) = (log.reader(), Vec::new(), 0, Instant::now());
    loop {
        match reader.poll(Duration::ZERO, &mut bytes) {
            Ok(ByteEvent::Quiet | ByteEvent::End) => break,
            Ok(ByteEvent::Gap(_)) => gaps += 1,
            Ok(_) => {}
            Err(fault) => return clear(&fault).map(|()| format!("refused: {fault}")),
        }
        if begun.elapsed() > LONG {
            return Err("the recording does not end".to_owned());
        }
    }
    // Nothing wrong is ever handed out: what was recorded, or a part of it.
    let known = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).count();
    Ok(format!("{} bytes, {known} lines, {gaps} gaps", bytes.len()))
}

/// A question about a small table: parsed, bound, asked.
pub fn sql(path: &Path) -> Read {
    let text = String::from_utf8_lossy(&fs::read(path).expect("what was written")).into_owned();
    // A fault may quote the question, with its line ends: how that is shown is the terminal's matter.
    let outcome = ask(&text).map_err(|fault| Fault {
        what: fault.what.replace(['\r', '\n'], " "),
        hint: fault.hint.to_string().replace(['\r', '\n'], " ").into(),
        ..fault
    });
    told(outcome)
}

fn ask(text: &str) -> Result<usize, Fault> {
    let mut rows = df![
        "k" => ["a", "b", "a", "c"],
        "v" => [Some(1_i64), None, Some(-3), Some(i64::MAX)],
        "x" => [0.5, f64::NAN, -1.0, 1e300],
    ]?;
    let times = Int64Chunked::from_vec("t".into(), vec![0, 1_000_000, -5, 90_000_000])
        .into_datetime(TimeUnit::Microseconds, None);
    rows.with_column(times.into_column())?;
    let plan = Arc::new(Plan::new(&Query::parse(text)?, text, rows.schema(), Some("t"))?);
    if plan.rerun.is_some() || plan.join.is_some() {
        return Ok(0);
    }
    let mut partial = Partial::new(plan)?;
    partial.absorb(&rows, None)?;
    Ok(partial.answer(None)?.frame.height())
}
