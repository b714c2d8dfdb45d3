//! Laws of checkpoints: whole or not at all, and what is damaged is named and passed over.

use std::fs;
use std::path::Path;

use braid::store::checkpoint::{self, Checkpoint};
use braid::store::frames;
use polars::prelude::*;
use proptest::prelude::*;

fn save(folder: &Path, text: &str) -> u64 {
    checkpoint::save(folder, &[("positions", text.as_bytes()), ("empty", b""), ("state", &[7; 300])]).unwrap()
}

fn positions(found: &Checkpoint) -> &str {
    std::str::from_utf8(found.get("positions").unwrap()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_newest_comes_back_and_the_last_two_stay() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("deep/er");
    assert_eq!(checkpoint::load(&folder), (None, Vec::new()));
    for n in 1..=4 {
        assert_eq!(save(&folder, &format!("at {n}")), n);
    }
    let (found, faults) = checkpoint::load(&folder);
    let found = found.unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!((found.number, positions(&found)), (4, "at 4"));
    assert_eq!(found.get("empty"), Some(&b""[..]));
    assert_eq!(found.get("state"), Some(&[7; 300][..]));
    assert_eq!(found.get("nothing"), None);
    assert_eq!(names(&folder), ["ckpt-3", "ckpt-4"]);
}

#[test]
fn what_a_dying_process_left_is_passed_over_and_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "at 1");
    let half = braid::disk::Draft::own(&folder.path().join("ckpt-2")).unwrap();
    std::io::Write::write_all(&mut half.file().unwrap(), b"half a checkpo").unwrap();
    // A process that is killed takes nothing back.
    std::mem::forget(half);
    assert_eq!(names(folder.path()).len(), 2);
    fs::write(folder.path().join("something else"), b"mine").unwrap();
    let (found, faults) = checkpoint::load(folder.path());
    assert_eq!((found.unwrap().number, faults.len()), (1, 0));
    assert_eq!(save(folder.path(), "at 2"), 2);
    assert_eq!(names(folder.path()), ["ckpt-1", "ckpt-2", "something else"]);
}

#[test]
fn a_checkpoint_cut_off_anywhere_or_with_any_bit_flipped_is_named_set_aside_and_the_one_before_it_used() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "at 1");
    save(folder.path(), "at 2");
    let path = folder.path().join("ckpt-2");
    let whole = fs::read(&path).unwrap();
    let damaged = |bytes: &[u8], how: &str| {
        fs::write(&path, bytes).unwrap();
        let (found, faults) = checkpoint::load(folder.path());
        let found = found.unwrap();
        assert_eq!((found.number, positions(&found)), (1, "at 1"), "{how}");
        assert_eq!(faults.len(), 1, "{how}");
        assert!(faults[0].what.contains("damaged") && faults[0].place.ends_with("ckpt-2"), "{how}: {}", faults[0]);
        assert_eq!(names(folder.path()), ["ckpt-1", "ckpt-2.damaged"], "{how}");
        fs::remove_file(folder.path().join("ckpt-2.damaged")).unwrap();
    };
    for length in 0..whole.len() {
        damaged(&whole[..length], &format!("cut to {length}"));
    }
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        damaged(&bytes, &format!("bit {bit}"));
    }
    damaged(&[&whole[..], b"x"].concat(), "longer");
}

#[test]
fn after_damage_the_next_one_has_a_number_of_its_own_and_two_whole_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=3 {
        save(folder.path(), &format!("at {n}"));
    }
    fs::write(folder.path().join("ckpt-3"), b"noise").unwrap();
    assert_eq!(checkpoint::load(folder.path()).0.unwrap().number, 2);
    assert_eq!(save(folder.path(), "at 4"), 4);
    assert_eq!(names(folder.path()), ["ckpt-2", "ckpt-3.damaged", "ckpt-4"]);
    fs::write(folder.path().join("ckpt-2"), b"noise").unwrap();
    fs::write(folder.path().join("ckpt-4"), b"noise").unwrap();
    let (found, faults) = checkpoint::load(folder.path());
    assert!(found.is_none());
    assert_eq!(faults.len(), 2);
}

#[test]
fn a_checkpoint_of_a_later_build_is_named_and_left_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "at 1");
    save(folder.path(), "at 2");
    let path = folder.path().join("ckpt-2");
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 9;
    let crc = crc32fast::hash(&bytes[..16]).to_le_bytes();
    bytes[16..20].copy_from_slice(&crc);
    fs::write(&path, bytes).unwrap();
    let (found, faults) = checkpoint::load(folder.path());
    assert_eq!(found.unwrap().number, 1);
    assert!(faults[0].what.contains("version 9"), "{}", faults[0]);
    assert!(path.exists());
}

#[test]
fn a_folder_that_cannot_be_written_says_so_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, b"in the way").unwrap();
    assert!(checkpoint::save(&blocked.join("inner"), &[]).is_err());
    // A link stands where the folder was.
    let (own, moved) = (folder.path().join("own"), folder.path().join("moved"));
    save(&own, "at 1");
    fs::rename(&own, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &own).unwrap();
    assert!(checkpoint::save(&own, &[("a", b"b")]).unwrap_err().what.contains("link"));
    assert_eq!(checkpoint::load(&moved).0.unwrap().number, 1);
    assert_eq!(names(&moved), ["ckpt-1"]);
}

#[test]
fn frames_of_every_type_come_back_as_they_were() {
    let list = Series::new(
        "list".into(),
        [Series::new("".into(), [1_i64, 2]), Series::new("".into(), [] as [i64; 0]), Series::new("".into(), [3_i64])],
    );
    let frame = df!(
        "int" => [Some(1_i64), None, Some(i64::MIN)],
        "byte" => [1_u8, 2, 255],
        "float" => [f64::NAN, -0.0, f64::INFINITY],
        "text" => [Some("a"), Some(""), None],
        "long" => ["x".repeat(100), "ü".repeat(50), "z".to_owned()],
        "yes" => [true, false, true],
        "binary" => [&b"\x00\xff"[..], &b""[..], &b"abc"[..]],
        "list" => list,
    )
    .unwrap();
    let time = Series::new("time".into(), [0_i64, -1, i64::MAX])
        .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
        .unwrap();
    let frame = frame.hstack(&[time.into_column()]).unwrap();
    // In several pieces, as states that were merged are.
    let twice = frame.vstack(&frame.slice(1, 2)).unwrap();
    for frame in [frame.clone(), twice, frame.head(Some(0)), DataFrame::empty(), DataFrame::empty_with_height(5)] {
        let again = frames::from_bytes(&frames::to_bytes(&frame).unwrap()).unwrap();
        assert!(again.equals_missing(&frame), "{again:?} {frame:?}");
        assert_eq!((again.schema(), again.height()), (frame.schema(), frame.height()));
    }
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn broken_frames_are_a_fault_and_never_a_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let frame = df!("n" => [1_i64, 2, 3], "s" => ["a", "b", "c"]).unwrap();
        let mut bytes = frames::to_bytes(&frame).unwrap();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        let _ = frames::from_bytes(&bytes);
        let _ = frames::from_bytes(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn any_sections_come_back(
        sections in prop::collection::vec((".{0,12}", prop::collection::vec(any::<u8>(), 0..200)), 0..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let borrowed: Vec<(&str, &[u8])> =
            sections.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        checkpoint::save(folder.path(), &borrowed).unwrap();
        prop_assert_eq!(checkpoint::load(folder.path()).0.unwrap().sections, sections);
    }
}
