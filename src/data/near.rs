//! Near misses: the known name that a mistyped one may mean.

use strsim::osa_distance;

/// The closest of `names`, in any case, where one is close.
pub fn nearest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let lower = word.to_lowercase();
    let length = word.chars().count();
    let scored = names.iter().map(|name| (osa_distance(&lower, &name.to_lowercase()), *name));
    scored.min().filter(|(far, _)| *far <= 1 + length / 4 && *far < length).map(|(_, name)| name)
}
