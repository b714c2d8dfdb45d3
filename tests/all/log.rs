//! Laws of the log of raw bytes: whole up to a record, whatever happened; what is damaged is named; nothing wrong is
//! ever handed out.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use braid::data::Fault;
use braid::source::live::byte_source::{ByteEvent, ByteSource};
use braid::store::log::{Disk, Keep, Log, LogOptions, LogReader, Medium, Track};
use proptest::prelude::*;

fn open(folder: &Path, options: LogOptions) -> (Arc<Log>, Vec<Fault>) {
    Log::open(folder, options).unwrap()
}

fn small() -> LogOptions {
    // So little memory that readers have to go to the files.
    LogOptions { segment_bytes: 600, memory: 1, ..LogOptions::default() }
}

fn put(log: &Log, text: &str) -> u64 {
    log.append(&Arc::new(text.as_bytes().to_vec()), Instant::now()).unwrap()
}

/// What a reader was told, up to the end of the log or to where it is quiet.
#[derive(Debug, Default)]
struct Heard {
    bytes: Vec<u8>,
    /// Position of each byte.
    at: Vec<u64>,
    gaps: Vec<(u64, u64, String)>,
    ended: bool,
}

fn hear(reader: &mut LogReader) -> Heard {
    let mut heard = Heard::default();
    loop {
        let (before, begin) = (heard.bytes.len(), reader.position());
        match reader.poll(Duration::ZERO, &mut heard.bytes).unwrap() {
            ByteEvent::Bytes(_) => {
                let new = (heard.bytes.len() - before) as u64;
                assert_eq!(reader.position(), begin + new);
                heard.at.extend(begin..begin + new);
            }
            ByteEvent::Gap(gap) => heard.gaps.push((begin, gap.lost, gap.reason)),
            ByteEvent::Trouble { .. } | ByteEvent::Note { .. } => {}
            ByteEvent::Quiet => return heard,
            ByteEvent::End => {
                heard.ended = true;
                return heard;
            }
        }
    }
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "log"))
        .collect();
    files.sort();
    files
}

/// Lines that all differ, and where each stands.
fn lines(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{{\"n\":{n},\"pad\":\"{}\"}}\n", "x".repeat(n % 37))).collect()
}

fn filled(folder: &Path, lines: &[String], options: LogOptions) -> Arc<Log> {
    let (log, faults) = open(folder, options);
    assert!(faults.is_empty(), "{faults:?}");
    let mut at = 0;
    for line in lines {
        assert_eq!(put(&log, line), at);
        at += line.len() as u64;
    }
    log
}

/// A block whose room is larger than what it holds takes all of that room as long as it is kept.
#[test]
fn the_newest_records_take_no_more_memory_than_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let memory = 1 << 20;
    let (log, _) = open(folder.path(), LogOptions { memory, ..LogOptions::default() });
    let mut blocks = Vec::new();
    for i in 0..200 {
        let mut block = Vec::with_capacity(100_000);
        block.extend_from_slice(format!("{i}\n").as_bytes());
        let block = Arc::new(block);
        log.append(&block, Instant::now()).unwrap();
        blocks.push(Arc::downgrade(&block));
    }
    let held: usize = blocks.iter().filter_map(Weak::upgrade).map(|block| block.capacity()).sum();
    // What is on disk has a part of it, what is nowhere else all.
    assert!(held > memory / 8 && held <= memory / 4, "{held} bytes are held");
    // Those that left memory are read from the file.
    let text: String = (0..200).map(|i| format!("{i}\n")).collect();
    assert_eq!(String::from_utf8(hear(&mut log.reader()).bytes).unwrap(), text);
}

#[test]
fn what_was_written_is_read_from_any_position_by_any_number_of_readers() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(100);
    let all: Vec<u8> = lines.concat().into_bytes();
    let log = filled(folder.path(), &lines, small());
    assert!(segments(folder.path()).len() > 5, "{:?}", segments(folder.path()));
    let (mut one, mut two) = (log.reader(), log.reader());
    assert_eq!(hear(&mut one).bytes, all);
    for from in (0..=all.len()).step_by(7) {
        two.seek(from as u64).unwrap();
        let heard = hear(&mut two);
        assert_eq!(heard.bytes, &all[from..], "from {from}");
        assert!(heard.gaps.is_empty() && !heard.ended);
    }
    assert!(two.seek(all.len() as u64 + 1).is_err());
    // Both follow what comes later, one of them from the file.
    put(&log, "more\n");
    log.finish().unwrap();
    for reader in [&mut one, &mut two] {
        reader.seek(all.len() as u64).unwrap();
        let heard = hear(reader);
        assert_eq!((heard.bytes.as_slice(), heard.ended), (&b"more\n"[..], true));
    }
}

#[test]
fn a_reader_waits_for_growth_and_is_woken_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path(), LogOptions::default());
    let mut reader = log.reader();
    let mut bytes = Vec::new();
    assert_eq!(reader.poll(Duration::from_millis(5), &mut bytes).unwrap(), ByteEvent::Quiet);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            put(&log, "late\n");
        });
        let begin = Instant::now();
        assert!(matches!(reader.poll(Duration::from_secs(20), &mut bytes).unwrap(), ByteEvent::Bytes(_)));
        assert!(begin.elapsed() < Duration::from_secs(10));
    });
    assert_eq!(bytes, b"late\n");
}

#[test]
fn a_log_goes_on_after_it_was_opened_again_and_only_one_process_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(30);
    let log = filled(folder.path(), &lines, small());
    let fault = Log::open(folder.path(), small()).unwrap_err();
    assert!(fault.what.contains("another"), "{fault}");
    let (id, end) = (log.id(), log.range().end);
    drop(log);
    let (log, faults) = open(folder.path(), small());
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!((log.id(), log.range()), (id, 0..end));
    assert_eq!(log.gap("taken up again", true).unwrap(), end);
    assert_eq!(put(&log, "new\n"), end);
    let mut reader = log.reader();
    let heard = hear(&mut reader);
    assert_eq!(heard.bytes, [lines.concat().as_bytes(), b"new\n"].concat());
    assert_eq!(heard.gaps, [(end, 0, "taken up again".to_owned())]);
    // A position belongs to the stream that began last before it.
    assert_eq!(reader.seek(end - 1).unwrap().at, 0);
    assert_eq!(reader.seek(end).unwrap().at, end);
}

#[test]
fn an_ended_log_stays_ended() {
    let folder = tempfile::tempdir().unwrap();
    let log = filled(folder.path(), &lines(3), LogOptions::default());
    log.finish().unwrap();
    drop(log);
    assert!(Log::peek(folder.path()).unwrap().ended);
    // Also when the description was lost: the records say so.
    fs::remove_file(folder.path().join("meta.json")).unwrap();
    let (log, _) = open(folder.path(), LogOptions::default());
    assert!(hear(&mut log.reader()).ended && log.meta().ended);
}

#[test]
fn a_tail_torn_at_any_byte_of_the_last_record_is_cut_off_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(4);
    let log = filled(folder.path(), &lines[..3], LogOptions::default());
    let path = segments(folder.path()).pop().unwrap();
    let before = path.metadata().unwrap().len();
    put(&log, &lines[3]);
    drop(log);
    let whole = fs::read(&path).unwrap();
    let want = lines[..3].concat().into_bytes();
    for length in before..whole.len() as u64 {
        fs::write(&path, &whole[..usize::try_from(length).unwrap()]).unwrap();
        let (log, faults) = open(folder.path(), LogOptions::default());
        assert_eq!(faults.len(), usize::from(length > before), "{length}: {faults:?}");
        assert!(
            faults.iter().all(|f| f.what.contains("cut off") && f.what.contains(&(length - before).to_string())),
            "{faults:?}"
        );
        assert_eq!(path.metadata().unwrap().len(), before);
        assert_eq!(hear(&mut log.reader()).bytes, want, "{length}");
        // And it goes on from there.
        assert_eq!(put(&log, &lines[3]), want.len() as u64);
        assert_eq!(hear(&mut log.reader()).bytes, lines.concat().into_bytes());
        drop(log);
        segments(folder.path())
            .iter()
            .filter(|other| **other != path)
            .for_each(|other| fs::remove_file(other).unwrap());
    }
}

/// Every byte that is handed out is the one that was written at its position; what is missing is in a gap.
fn honest(heard: &Heard, all: &[u8]) -> Result<(), TestCaseError> {
    for (byte, at) in heard.bytes.iter().zip(&heard.at) {
        prop_assert_eq!(Some(byte), all.get(usize::try_from(*at).unwrap()), "at {}", at);
    }
    prop_assert!(heard.at.windows(2).all(|pair| pair[0] < pair[1]));
    Ok(())
}

proptest! {
    #![proptest_config(crate::cases(400))]

    /// Any bits flipped in any files of a log: either nothing changed for the reader, or it was named and the rest goes
    /// on.
    #[test]
    fn flipped_bits_are_found_and_never_handed_out(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8), 1..4),
        reopen in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let lines = lines(40);
        let mut all = lines.concat().into_bytes();
        let mut log = Some(filled(folder.path(), &lines, small()));
        if reopen {
            log = None;
        }
        let mut files = segments(folder.path());
        files.push(folder.path().join("meta.json"));
        for (file, at, bit) in &flips {
            let path = &files[file.index(files.len())];
            let mut bytes = fs::read(path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            // In place, so that what is open sees it too.
            use std::io::{Seek, Write};
            let mut file = OpenOptions::new().write(true).open(path).unwrap();
            file.seek(io::SeekFrom::Start(at as u64)).unwrap();
            file.write_all(&bytes[at..=at]).unwrap();
        }
        let (log, named) = match log {
            Some(log) => {
                // The newest record is read from memory, so that it may not be one of the damaged.
                put(&log, "tick\n");
                all.extend_from_slice(b"tick\n");
                (log, Vec::new())
            }
            None => open(folder.path(), small()),
        };
        let heard = hear(&mut log.reader());
        honest(&heard, &all)?;
        let lost: u64 = heard.gaps.iter().map(|gap| gap.1).sum();
        let faults: Vec<Fault> = named.into_iter().chain(log.faults()).collect();
        if heard.bytes != all {
            prop_assert!(!faults.is_empty(), "{} of {} bytes and no fault", heard.bytes.len(), all.len());
            // What is missing in the middle is known to the byte; what is missing at the end was cut off.
            let last = heard.at.last().map_or(0, |at| at + 1);
            prop_assert_eq!(
                heard.bytes.len() as u64 + lost,
                last.max(heard.gaps.iter().map(|gap| gap.0 + gap.1).max().unwrap_or(0))
            );
            let short = all.len() as u64 - (heard.bytes.len() as u64 + lost);
            prop_assert!(
                short == 0 || faults.iter().any(|f| f.what.contains("cut off") || f.what.contains("bytes of the file")),
                "{} short: {:?}",
                short,
                faults
            );
        }
        // One record at most is lost for each flip.
        prop_assert!(
            heard.bytes.len() + flips.len() * 60 >= all.len(),
            "{} of {} bytes, {:?}",
            heard.bytes.len(),
            all.len(),
            faults
        );
        // It goes on, and a second look finds nothing new.
        let end = log.range().end;
        prop_assert_eq!(put(&log, "after\n"), end);
        let again = hear(&mut log.reader());
        prop_assert!(again.bytes.ends_with(b"after\n"));
        prop_assert_eq!(&again.bytes[..again.bytes.len() - 6], &heard.bytes[..]);
        drop(log);
        let (log, _) = open(folder.path(), small());
        prop_assert_eq!(hear(&mut log.reader()).bytes, again.bytes);
    }

    /// Files cut short, or with noise in them.
    #[test]
    fn noise_is_found_and_never_handed_out(
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..90),
        cut in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let lines = lines(40);
        let all = lines.concat().into_bytes();
        drop(filled(folder.path(), &lines, small()));
        let files = segments(folder.path());
        let path = &files[file.index(files.len())];
        let mut bytes = fs::read(path).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            bytes.extend_from_slice(&noise);
        } else {
            bytes.splice(at..at, noise.iter().copied());
        }
        fs::write(path, &bytes).unwrap();
        let (log, _) = open(folder.path(), small());
        let heard = hear(&mut log.reader());
        honest(&heard, &all)?;
        put(&log, "after\n");
        prop_assert!(hear(&mut log.reader()).bytes.ends_with(b"after\n"));
    }
}

#[test]
fn a_damaged_record_is_set_aside_alone_and_its_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(20);
    drop(filled(folder.path(), &lines, LogOptions::default()));
    let path = segments(folder.path()).pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let inside = bytes.windows(7).position(|w| w == b"\"n\":11,").unwrap();
    bytes[inside] = b'?';
    fs::write(&path, &bytes).unwrap();
    let (log, faults) = open(folder.path(), LogOptions::default());
    let heard = hear(&mut log.reader());
    let at = lines[..11].concat().len() as u64;
    assert_eq!(heard.bytes, [&lines[..11], &lines[12..]].concat().concat().as_bytes());
    assert_eq!(heard.gaps.len(), 1);
    assert_eq!((heard.gaps[0].0, heard.gaps[0].1), (at, lines[11].len() as u64));
    assert!(faults[0].what.contains("damaged") && faults[0].what.contains(&format!("from byte {at}")), "{}", faults[0]);
    let kept = path.with_file_name(format!("{}.damaged", path.file_name().unwrap().to_string_lossy()));
    assert_eq!(fs::read(kept).unwrap(), bytes);
}

#[test]
fn bytes_that_look_like_a_record_of_another_log_are_no_record_of_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let (inner, outer) = (folder.path().join("inner"), folder.path().join("outer"));
    drop(filled(&inner, &["secret\n".to_owned(), "rows\n".to_owned()], LogOptions::default()));
    let payload = fs::read(segments(&inner).pop().unwrap()).unwrap();
    let (log, _) = open(&outer, LogOptions::default());
    log.append(&Arc::new(payload.clone()), Instant::now()).unwrap();
    put(&log, "after\n");
    drop(log);
    // The header that tells where the payload ends is damaged: the next header is looked for inside it.
    let path = segments(&outer).pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[45] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (log, faults) = open(&outer, LogOptions::default());
    let heard = hear(&mut log.reader());
    assert_eq!((heard.bytes.as_slice(), faults.len()), (&b"after\n"[..], 1));
    assert_eq!(heard.gaps[0].1, payload.len() as u64);
}

#[test]
fn retention_drops_whole_old_segments_and_readers_that_were_behind_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(200);
    let options = LogOptions { keep: Keep { bytes: Some(3_000), age: None }, ..small() };
    let (log, _) = open(folder.path(), options.clone());
    let mut behind = log.reader();
    for line in &lines {
        put(&log, line);
    }
    let all = lines.concat().into_bytes();
    assert!(log.size() < 4_000, "{}", log.size());
    let first = log.range().start;
    assert!(first > 0);
    let heard = hear(&mut behind);
    assert_eq!(heard.bytes, &all[usize::try_from(first).unwrap()..]);
    assert_eq!(heard.gaps.iter().map(|gap| (gap.0, gap.1)).collect::<Vec<_>>(), [(0, first)]);
    assert_eq!(log.meta().first, first);
    drop((log, behind));
    let (log, faults) = open(folder.path(), options);
    assert!(faults.is_empty());
    assert_eq!(log.range(), first..all.len() as u64);

    // By age.
    let (log, _) = open(
        &folder.path().join("age"),
        LogOptions { keep: Keep { bytes: None, age: Some(Duration::from_millis(50)) }, ..small() },
    );
    for line in &lines[..50] {
        put(&log, line);
    }
    std::thread::sleep(Duration::from_millis(120));
    for line in &lines[50..] {
        put(&log, line);
    }
    assert!(log.range().start >= lines[..40].concat().len() as u64, "{:?}", log.range());

    // By a limit that is set while it is written.
    let (log, _) = open(&folder.path().join("later"), small());
    for line in &lines {
        put(&log, line);
    }
    let before = log.size();
    log.keep(Keep { bytes: Some(before / 2), age: None });
    assert!(log.size() <= before / 2 && log.range().start > 0);
    for line in &lines {
        put(&log, line);
    }
    assert!(log.size() <= before / 2 + before / 8, "{} of {before}", log.size());
}

#[test]
fn a_moment_has_a_position() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(60);
    let (log, _) = open(folder.path(), small());
    let mut moments = Vec::new();
    for line in &lines {
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
        moments.push((i64::try_from(time).unwrap(), put(&log, line)));
        std::thread::sleep(Duration::from_micros(200));
    }
    for (time, at) in &moments {
        assert_eq!(log.at_time(*time).unwrap(), *at);
    }
    assert_eq!(log.at_time(0).unwrap(), 0);
    assert_eq!(log.at_time(i64::MAX).unwrap(), log.range().end);
}

/// A disk with so much room, which fails in the middle of a write.
#[derive(Clone, Debug)]
pub struct Full(pub Arc<AtomicI64>);

#[derive(Debug)]
struct FullTrack {
    file: Arc<dyn Track>,
    room: Arc<AtomicI64>,
}

impl Medium for Full {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Track>> {
        Ok(Arc::new(FullTrack { file: Disk.open(path)?, room: self.0.clone() }))
    }
}

impl Track for FullTrack {
    fn append(&self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        let all = [header, payload].concat();
        let left = self.room.fetch_sub(all.len() as i64, Ordering::SeqCst);
        if left < all.len() as i64 {
            let part = usize::try_from(left.max(0)).unwrap();
            self.file.append(&all[..part], &[])?;
            self.room.store(0, Ordering::SeqCst);
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.append(header, payload)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

#[test]
fn a_full_disk_leaves_the_log_whole_and_what_failed_can_be_written_later() {
    let lines = lines(30);
    // The room ends at every possible byte, in heads, headers and payloads.
    for room in (0..1_500).step_by(13) {
        let folder = tempfile::tempdir().unwrap();
        let left = Arc::new(AtomicI64::new(room));
        let options = || LogOptions { medium: Arc::new(Full(left.clone())), ..small() };
        let (log, _) = open(folder.path(), options());
        let mut reader = log.reader();
        let mut heard = Vec::new();
        let mut failures = 0;
        for line in &lines {
            while let Err(fault) = log.append(&Arc::new(line.as_bytes().to_vec()), Instant::now()) {
                assert!(fault.what.contains("disk is full"), "{fault}");
                heard.extend(hear(&mut reader).bytes);
                failures += 1;
                left.store(if failures == 1 { 0 } else { 1 << 20 }, Ordering::SeqCst);
            }
        }
        assert_eq!(failures, 2, "with room for {room} bytes");
        heard.extend(hear(&mut reader).bytes);
        assert_eq!(heard, lines.concat().into_bytes());
        drop((reader, log));
        let (log, faults) = open(folder.path(), LogOptions::default());
        assert!(faults.is_empty(), "{room}: {faults:?}");
        assert_eq!(hear(&mut log.reader()).bytes, lines.concat().into_bytes());
    }
}
