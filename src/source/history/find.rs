//! What a person means by a path: a file, the files of a folder, or those that a pattern names.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use crate::data::format::{FORMATS, extension};
use crate::data::{Fault, Result};
use crate::source::live::url::outline;

/// The files that `path` stands for, sorted: itself; for a folder, its files of a known format; for a pattern with `*`
/// or `?` in any part, what it matches. Hidden files (a dot first) are passed over unless they are named.
///
/// # Errors
/// When there is none; the fault says what was looked for.
pub fn expand(path: &Path) -> Result<Vec<PathBuf>> {
    let place = path.display().to_string();
    // An address is no path, and what it holds is nobody's to read.
    let place = if place.contains("://") { outline(&place) } else { place };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let files = folder(path)?;
            if files.is_empty() {
                return Err(Fault::new("there is no data in this folder")
                    .at(place)
                    .hint(format!("files ending in {} were looked for", endings())));
            }
            return Ok(files);
        }
        Ok(_) => return Ok(vec![path.to_owned()]),
        Err(error) if !is_pattern(&path.to_string_lossy()) => return Err(Fault::io(place, &error)),
        Err(_) => {}
    }
    let mut found = vec![PathBuf::new()];
    for component in path.components() {
        let part = component.as_os_str().to_string_lossy();
        found = match component {
            Component::Normal(_) if is_pattern(&part) => {
                let matched: Vec<Vec<PathBuf>> =
                    found.iter().map(|base| matching(base, &part)).collect::<Result<_>>()?;
                matched.into_iter().flatten().collect()
            }
            _ => found.into_iter().map(|base| base.join(component)).collect(),
        };
    }
    let last = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // `data/*` means the data in it, not its notes and pictures; `data/*.txt` says what it wants.
    let any = !last.contains('.');
    let mut files = Vec::new();
    for path in found {
        match std::fs::metadata(&path) {
            // It may be what is asked for, and a part of it must not pass for all.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(Fault::io(path.display().to_string(), &error));
            }
            Ok(metadata) if metadata.is_dir() => files.extend(folder(&path)?),
            Ok(metadata) if metadata.is_file() && (!any || has_format(&path)) => files.push(path),
            _ => {}
        }
    }
    files.sort();
    // Links may lead to one file in several ways, or round in a circle: its rows are counted once.
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    if files.is_empty() {
        let hint = if any {
            format!("files ending in {} were looked for", endings())
        } else {
            "check the pattern: * stands for any text, ? for one character".to_owned()
        };
        return Err(Fault::new("no file matches this pattern").at(place).hint(hint));
    }
    Ok(files)
}

fn endings() -> String {
    let endings: Vec<String> =
        FORMATS.iter().flat_map(|format| format.extensions).map(|end| format!(".{end}")).collect();
    endings.join(", ")
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

fn has_format(path: &Path) -> bool {
    let extension = extension(path);
    FORMATS.iter().any(|format| format.extensions.contains(&extension.as_str()))
}

fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let fault = |error: &std::io::Error| Fault::io(path.display().to_string(), error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| fault(&error))? {
        let entry = entry.map_err(|error| fault(&error))?.path();
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && entry.is_file() && has_format(&entry) {
            files.push(entry);
        }
    }
    files.sort();
    Ok(files)
}

/// What lies in `base` and matches `pattern`. What is no folder, or is gone, holds nothing; one that must not be read
/// may hold what is asked for.
fn matching(base: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let here = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    let entries = match std::fs::read_dir(here) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(Fault::io(here.display().to_string(), &error));
        }
        entries => entries.into_iter().flatten().flatten(),
    };
    let fits = |name: &str| (pattern.starts_with('.') || !name.starts_with('.')) && matches(pattern, name);
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.file_name())
        .filter(|name| fits(&name.to_string_lossy()))
        .map(|name| base.join(name))
        .collect();
    found.sort();
    Ok(found)
}

/// `*` stands for any text, `?` for one character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // The last star, and where in the name its text ends for now.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                star = Some((p, n));
                p += 1;
            }
            (Some(c), _) if *c == '?' || Some(c) == name.get(n) => {
                p += 1;
                n += 1;
            }
            (_, Some((at, end))) => {
                star = Some((at, end + 1));
                p = at + 1;
                n = end + 1;
            }
            _ => return false,
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}
