//! What a person means by a path: a file, the files of a folder, or those that a pattern names.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use glob::Pattern;

use crate::data::format::{FORMATS, extension};
use crate::data::{Fault, Result};
use crate::source::live::url::outline;

/// The files that `path` stands for, sorted: itself; for a folder, its files of a known format; for a pattern with `*`,
/// `?`, `[a-z]` or `{a,b}` in any part, or `**` for folders at any depth, what it matches. Hidden files (a dot first)
/// are passed over unless they are named. Brackets and braces that a name has stand for themselves.
///
/// # Errors
/// When there is none; the fault says what was looked for.
pub fn expand(path: &Path) -> Result<Vec<PathBuf>> {
    let place = path.display().to_string();
    // An address is no path, and what it holds is nobody's to read.
    let place = if place.contains("://") { outline(&place) } else { place };
    let written = path.to_string_lossy();
    let missing = match std::fs::metadata(path) {
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
        Err(error) if !is_pattern(&written) => return Err(Fault::io(place, &error)),
        Err(error) => error,
    };
    let mut found = vec![PathBuf::new()];
    for component in path.components() {
        let part = component.as_os_str().to_string_lossy();
        found = match component {
            Component::Normal(_) if is_pattern(&part) => {
                let matched: Vec<Vec<PathBuf>> = found
                    .iter()
                    .map(|base| if part == "**" { folders(base) } else { matching(base, &part) })
                    .collect::<Result<_>>()?;
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
        if !written.contains(['*', '?']) {
            return Err(Fault::io(place, &missing));
        }
        let hint = if any {
            format!("files ending in {} were looked for", endings())
        } else {
            "check the pattern: * stands for any text, ? for one character, ** for folders, [a-z] for one of these, \
             {a,b} for either"
                .to_owned()
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
    part.contains(['*', '?', '[', '{'])
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

/// `base` and the folders in it, at any depth. Links are not followed: they may lead round in a circle.
fn folders(base: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![base.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next) {
        let inner: Vec<PathBuf> = entries(folder)?
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.file_name())
            .filter(|name| !name.to_string_lossy().starts_with('.'))
            .map(|name| folder.join(name))
            .collect();
        found.extend(inner);
        next += 1;
    }
    Ok(found)
}

/// What lies in `base` and matches `pattern`, whose brackets and braces are first taken as a name's own.
fn matching(base: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let named = base.join(pattern);
    if named.symlink_metadata().is_ok() {
        return Ok(vec![named]);
    }
    let names: Vec<_> = entries(base)?.map(|entry| entry.file_name()).collect();
    let of = |patterns: Vec<Pattern>| {
        let fits = |name: &str| {
            (pattern.starts_with('.') || !name.starts_with('.')) && patterns.iter().any(|pattern| pattern.matches(name))
        };
        names.iter().filter(|name| fits(&name.to_string_lossy())).map(|name| base.join(name)).collect::<Vec<_>>()
    };
    let plain = pattern.replace('[', "[[]");
    let found = of(compiled(&plain).into_iter().collect());
    if !found.is_empty() {
        return Ok(found);
    }
    let mut choices = Vec::new();
    if pattern.len() <= LONGEST {
        choose(pattern, &mut choices);
    }
    Ok(of(choices.iter().filter_map(|pattern| compiled(pattern)).collect()))
}

/// What lies in `base`. What is no folder, or is gone, holds nothing; one that must not be read may hold what is asked
/// for.
fn entries(base: &Path) -> Result<impl Iterator<Item = std::fs::DirEntry>> {
    let here = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    match std::fs::read_dir(here) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(Fault::io(here.display().to_string(), &error))
        }
        entries => Ok(entries.into_iter().flatten().flatten()),
    }
}

/// Longer patterns match nothing: no file's name has so many characters.
const LONGEST: usize = 1_024;
/// Ways to choose from the braces of one pattern.
const MOST_CHOICES: usize = 1_024;

/// The pattern of one name. Stars beside each other are one.
fn compiled(pattern: &str) -> Option<Pattern> {
    if pattern.len() > LONGEST {
        return None;
    }
    let mut one = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        if c != '*' || !one.ends_with('*') {
            one.push(c);
        }
    }
    Pattern::new(&one).ok()
}

/// All texts that `a{b,c}d` stands for: `abd` and `acd`.
fn choose(pattern: &str, choices: &mut Vec<String>) {
    let Some((before, inside, after)) = braces(pattern) else {
        if choices.len() < MOST_CHOICES {
            choices.push(pattern.to_owned());
        }
        return;
    };
    for choice in inside {
        if choices.len() < MOST_CHOICES {
            choose(&format!("{before}{choice}{after}"), choices);
        }
    }
}

/// What stands before, in and after the first braces that hold a comma of their own.
fn braces(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    for (open, _) in pattern.match_indices('{') {
        let (before, inside) = (pattern.get(..open)?, pattern.get(open + 1..)?);
        let (mut depth, mut from, mut choices) = (0_usize, 0, Vec::new());
        for (at, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    choices.push(inside.get(from..at)?);
                    from = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
        let closed = inside.get(..from)?.ends_with('}');
        if closed && choices.len() > 1 {
            return Some((before, choices, inside.get(from..)?));
        }
    }
    None
}
