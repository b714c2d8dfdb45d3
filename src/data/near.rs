//! Near misses: the name that somebody who wrote another one may have meant.

/// The closest of `names`, in any case, where one is close.
pub fn nearest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let lower = word.to_lowercase();
    let length = word.chars().count();
    let scored = names.iter().map(|name| (edits(&lower, &name.to_lowercase()), *name));
    scored.min().filter(|(far, _)| *far <= 1 + length / 4 && *far < length).map(|(_, name)| name)
}

/// Edits (insert, delete, replace a character) that turn `a` into `b`: Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.chars().zip(row.iter().skip(1)) {
            left = (corner + usize::from(x != y)).min(above + 1).min(left + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
