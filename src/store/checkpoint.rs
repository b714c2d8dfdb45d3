//! Checkpoints: named sections of bytes that come back whole or not at all, whatever instant the process died at.
//! What the sections mean is the caller's; frames become bytes in `frames`.
//!
//! A file holds a head (magic, version, number of sections, their checksum), each section (lengths, checksum, name,
//! bytes) and a foot (magic, length of the file, checksum of the head and of the sections' checksums). It appears by
//! one atomic rename.

use std::fs;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::disk;
use crate::data::{Fault, Result};
use crate::disk::{Draft, own};

const MAGIC: &[u8; 8] = b"BRAIDCKP";
const END: &[u8; 8] = b"BRAIDEND";
const VERSION: u32 = 1;
const HEAD: usize = 20;
/// Of a section: the lengths of its name and its bytes, its checksum.
const SECTION: usize = 4 + 8 + 4;
const FOOT: usize = 8 + 8 + 4;
/// A longer name of a section is not said.
const LONGEST_NAME: usize = 40;
/// How many whole checkpoints stay, and how many damaged ones.
const KEPT: usize = 2;

/// What a checkpoint holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Counts up from 1 over the life of the folder.
    pub number: u64,
    pub sections: Vec<(String, Vec<u8>)>,
}

impl Checkpoint {
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.sections.iter().find(|(own, _)| own == name).map(|(_, bytes)| bytes.as_slice())
    }
}

/// Writes the next checkpoint and gives its number. The last two stay. When it fails, the ones before are as they were.
///
/// # Errors
/// The disk's.
pub fn save(folder: &Path, sections: &[(&str, &[u8])]) -> Result<u64> {
    own::folders(folder).map_err(|e| disk::fault(folder, &e))?;
    let number = list(folder)?.iter().map(|found| found.number).max().unwrap_or(0) + 1;
    let path = folder.join(name(number));
    write(&path, sections).map_err(|e| disk::fault(&path, &e))?;
    tidy(folder);
    Ok(number)
}

/// The newest checkpoint that is whole. Damaged ones are named and moved aside.
pub fn load(folder: &Path) -> (Option<Checkpoint>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut found = match list(folder) {
        Ok(found) => found,
        Err(fault) => return (None, vec![fault]),
    };
    found.retain(|found| found.kind == FileState::Whole);
    found.sort_by_key(|found| std::cmp::Reverse(found.number));
    for CheckpointFile { number, path, .. } in found {
        let bytes = match own::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                faults.push(disk::fault(&path, &error));
                continue;
            }
        };
        match parse(&bytes) {
            Ok(sections) => return (Some(Checkpoint { number, sections }), faults),
            Err(Flaw::Version(version)) => {
                // Not damaged: another build can read it, so it stays where it is.
                let what = format!("this checkpoint is of version {version}, this build reads version {VERSION}");
                faults
                    .push(Fault::new(what).at(path.display().to_string()).hint("open it with the build that wrote it"));
            }
            Err(Flaw::Damaged(why)) => {
                let moved = crate::disk::set_aside(&path);
                let hint = moved.map_or_else(
                    |_| "the newest whole one before it is used, where there is one".to_owned(),
                    |to| {
                        format!(
                            "it is kept as {}; the newest whole one before it is used, where there is one",
                            to.display()
                        )
                    },
                );
                faults.push(
                    Fault::new(format!("this checkpoint is damaged: {why}")).at(path.display().to_string()).hint(hint),
                );
            }
        }
    }
    (None, faults)
}

/// Whether a folder holds a checkpoint, whole or not.
pub fn is_any(folder: &Path) -> bool {
    list(folder).is_ok_and(|found| !found.is_empty())
}

/// The first section of the newest checkpoint, without the others; `None` where it cannot be told. Whether the rest is
/// whole is for `load` to say.
pub fn peek(folder: &Path) -> Option<(String, Vec<u8>)> {
    let found = list(folder).ok()?.into_iter().filter(|found| found.kind == FileState::Whole);
    let newest = found.max_by_key(|found| found.number)?;
    let mut file = own::open(&newest.path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut front = [0; HEAD + SECTION];
    file.read_exact(&mut front).ok()?;
    let (head, section) = front.split_at_checked(HEAD)?;
    let fits = head.starts_with(MAGIC) && u32_at(head, 16) == head.get(..16).map(crc32fast::hash);
    if !fits || u32_at(head, 8) != Some(VERSION) || u32_at(head, 12)? == 0 {
        return None;
    }
    let name_length = u64::from(u32_at(section, 0)?);
    let rest = name_length.checked_add(u64_at(section, 4)?).filter(|rest| *rest <= length)?;
    let mut bytes = Vec::new();
    file.take(rest).read_to_end(&mut bytes).ok()?;
    let (name, data) = bytes.split_at_checked(usize::try_from(name_length).ok()?)?;
    let whole = u32_at(section, 12) == Some(section_crc(section.get(..12)?, name, data));
    whole.then(|| Some((std::str::from_utf8(name).ok()?.to_owned(), data.to_vec()))).flatten()
}

fn name(number: u64) -> String {
    format!("ckpt-{number}")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileState {
    Whole,
    Damaged,
}

struct CheckpointFile {
    number: u64,
    path: PathBuf,
    kind: FileState,
}

fn list(folder: &Path) -> Result<Vec<CheckpointFile>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk::fault(folder, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| disk::fault(folder, &e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix("ckpt-") else { continue };
        let (number, kind) = match rest.split_once('.') {
            None => (rest, FileState::Whole),
            Some((number, "damaged")) => (number, FileState::Damaged),
            Some(_) => continue,
        };
        if let Ok(number) = number.parse() {
            found.push(CheckpointFile { number, path: entry.path(), kind });
        }
    }
    Ok(found)
}

/// Removes what is no longer needed. What cannot be removed now is tried again the next time.
fn tidy(folder: &Path) {
    let Ok(mut found) = list(folder) else { return };
    found.sort_by_key(|found| std::cmp::Reverse(found.number));
    for kind in [FileState::Whole, FileState::Damaged] {
        for old in found.iter().filter(|found| found.kind == kind).skip(KEPT) {
            let _ = crate::disk::remove(&old.path);
        }
    }
    own::sweep_drafts(folder);
}

fn write(path: &Path, sections: &[(&str, &[u8])]) -> std::io::Result<()> {
    let draft = Draft::own(path)?;
    let mut file = BufWriter::with_capacity(1 << 18, draft.file()?);
    let mut checked = crc32fast::Hasher::new();
    let count = u32::try_from(sections.len()).map_err(std::io::Error::other)?;
    let mut head = [&MAGIC[..], &VERSION.to_le_bytes(), &count.to_le_bytes()].concat();
    head.extend(crc32fast::hash(&head).to_le_bytes());
    checked.update(&head);
    file.write_all(&head)?;
    let mut length = (HEAD + FOOT) as u64;
    for (name, bytes) in sections {
        let name_bytes = u32::try_from(name.len()).map_err(std::io::Error::other)?.to_le_bytes();
        let lengths = [&name_bytes[..], &(bytes.len() as u64).to_le_bytes()].concat();
        let crc = section_crc(&lengths, name.as_bytes(), bytes).to_le_bytes();
        checked.update(&crc);
        for part in [&lengths[..], &crc, name.as_bytes(), bytes] {
            file.write_all(part)?;
        }
        length += (SECTION + name.len() + bytes.len()) as u64;
    }
    checked.update(&length.to_le_bytes());
    for part in [&END[..], &length.to_le_bytes(), &checked.finalize().to_le_bytes()] {
        file.write_all(part)?;
    }
    file.flush()?;
    draft.finish()
}

fn section_crc(lengths: &[u8], name: &[u8], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in [lengths, name, bytes] {
        hasher.update(part);
    }
    hasher.finalize()
}

enum Flaw {
    Version(u32),
    Damaged(String),
}

type Sections = Vec<(String, Vec<u8>)>;

fn parse(bytes: &[u8]) -> std::result::Result<Sections, Flaw> {
    let damaged = |why: &str| Flaw::Damaged(why.to_owned());
    let ends = || damaged("it ends early");
    let (body, foot) = bytes.len().checked_sub(FOOT).and_then(|at| bytes.split_at_checked(at)).ok_or_else(ends)?;
    let mut checked = crc32fast::Hasher::new();
    let (head, mut rest) = body.split_at_checked(HEAD).ok_or_else(ends)?;
    checked.update(head);
    let version = u32_at(head, 8).ok_or_else(ends)?;
    let count = u32_at(head, 12).ok_or_else(ends)?;
    if !head.starts_with(MAGIC) || u32_at(head, 16) != head.get(..16).map(crc32fast::hash) {
        return Err(damaged("it does not begin as a checkpoint does"));
    }
    if version != VERSION {
        return Err(Flaw::Version(version));
    }
    let foot_is = |crc: u32| {
        foot.starts_with(END) && u64_at(foot, 8) == Some(bytes.len() as u64) && u32_at(foot, 16) == Some(crc)
    };
    let mut sections = Vec::new();
    for i in 0..count {
        let (lengths, after) = rest.split_at_checked(12).ok_or_else(ends)?;
        let (crc, after) = after.split_at_checked(4).ok_or_else(ends)?;
        let name_length = u32_at(lengths, 0).ok_or_else(ends)? as usize;
        let length = u64_at(lengths, 4).and_then(|length| usize::try_from(length).ok()).ok_or_else(ends)?;
        let (name, after) = after.split_at_checked(name_length).ok_or_else(ends)?;
        let (data, after) = after.split_at_checked(length).ok_or_else(ends)?;
        if u32_at(crc, 0) != Some(section_crc(lengths, name, data)) {
            // Its name may be damaged, too: then it is any bytes, and any number of them.
            let name = std::str::from_utf8(name)
                .ok()
                .filter(|name| name.len() <= LONGEST_NAME && !name.contains(char::is_control));
            let name = name.map_or_else(String::new, |name| format!(" ({name})"));
            return Err(Flaw::Damaged(format!("section {}{name} has a wrong checksum", i + 1)));
        }
        checked.update(crc);
        let name = String::from_utf8(name.to_vec()).map_err(|_| damaged("the name of a section is no text"))?;
        sections.push((name, data.to_vec()));
        rest = after;
    }
    checked.update(&(bytes.len() as u64).to_le_bytes());
    if !rest.is_empty() || !foot_is(checked.finalize()) {
        return Err(damaged("its end does not belong to its beginning"));
    }
    Ok(sections)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}
