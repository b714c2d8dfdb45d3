//! How far two texts are from each other. As in DuckDB, letter by letter.

use std::collections::{BTreeSet, HashMap};

use polars::prelude::*;

use super::{Arguments, OwnFunction, TEXT, float, own, whole};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["levenshtein", "editdist3"], &[TEXT, TEXT], whole, |a| steps(a, false))
        .told("levenshtein(text, 'abc')", "steps from one to the other"),
    own(&["damerau_levenshtein"], &[TEXT, TEXT], whole, |a| steps(a, true))
        .told("damerau_levenshtein(text, 'abc')", "the same, and neighbours may be swapped"),
    own(&["hamming", "mismatches"], &[TEXT, TEXT], whole, hamming)
        .told("hamming(text, 'a')", "how many letters differ, of texts of one length"),
    own(&["jaccard"], &[TEXT, TEXT], float, jaccard).told("jaccard(text, 'abc')", "the share of letters in both"),
    own(&["jaro_similarity"], &[TEXT, TEXT], float, |a| similarity(a, false))
        .told("jaro_similarity(text, 'abc')", "how alike they are, 0 to 1"),
    own(&["jaro_winkler_similarity"], &[TEXT, TEXT], float, |a| similarity(a, true))
        .told("jaro_winkler_similarity(text, 'abc')", "the same; beginnings count more"),
];

fn letters(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn steps(a: &Arguments<'_>, swaps: bool) -> PolarsResult<Column> {
    let (one, other) = (a.texts(0)?, a.texts(1)?);
    Ok(a.each(|row| {
        let (one, other) = (letters(one.get(row)?), letters(other.get(row)?));
        Some(if swaps { damerau(&one, &other) } else { levenshtein(&one, &other) })
    }))
}

/// How many letters are put in, taken out or replaced on the way from one text to another (Wagner and Fischer 1974).
fn levenshtein(one: &[char], other: &[char]) -> i64 {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().map_or(0, |steps| *steps as i64)
}

/// The same where neighbours may also be swapped (Lowrance and Wagner 1975).
fn damerau(one: &[char], other: &[char]) -> i64 {
    let (n, m) = (one.len(), other.len());
    let (wide, most) = (m + 2, n + m);
    // A row and a column before the first hold more than any distance.
    let mut grid = vec![most; (n + 2) * wide];
    (0..=n).for_each(|i| grid[(i + 1) * wide + 1] = i);
    (0..=m).for_each(|j| grid[wide + j + 1] = j);
    let mut last_row: HashMap<char, usize> = HashMap::new();
    for i in 1..=n {
        let mut last_match = 0;
        for j in 1..=m {
            let (row, column) = (last_row.get(&other[j - 1]).copied().unwrap_or(0), last_match);
            let same = one[i - 1] == other[j - 1];
            if same {
                last_match = j;
            }
            let replaced = grid[i * wide + j] + usize::from(!same);
            let put = (grid[(i + 1) * wide + j] + 1).min(grid[i * wide + j + 1] + 1);
            let swapped = grid[row * wide + column] + (i - row - 1) + 1 + (j - column - 1);
            grid[(i + 1) * wide + j + 1] = replaced.min(put).min(swapped);
        }
        last_row.insert(one[i - 1], i);
    }
    grid.last().map_or(0, |steps| *steps as i64)
}

fn hamming(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (one, other) = (a.texts(0)?, a.texts(1)?);
    let mut wrong = false;
    let column = a.each(|row| {
        let (one, other) = (letters(one.get(row)?), letters(other.get(row)?));
        wrong |= one.len() != other.len() || one.is_empty();
        Some(one.iter().zip(&other).filter(|(a, b)| a != b).count() as i64)
    });
    polars_ensure!(!wrong, ComputeError: "hamming takes two texts of one length, which are not empty");
    Ok(column)
}

fn jaccard(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (one, other) = (a.texts(0)?, a.texts(1)?);
    let letters = |text: &str| text.chars().collect::<BTreeSet<char>>();
    let mut empty = false;
    let column = a.each(|row| {
        let (one, other) = (one.get(row)?, other.get(row)?);
        empty |= one.is_empty() || other.is_empty();
        let (one, other) = (letters(one), letters(other));
        Some(one.intersection(&other).count() as f64 / one.union(&other).count() as f64)
    });
    polars_ensure!(!empty, ComputeError: "jaccard takes texts that are not empty");
    Ok(column)
}

fn similarity(a: &Arguments<'_>, winkler: bool) -> PolarsResult<Column> {
    let (one, other) = (a.texts(0)?, a.texts(1)?);
    Ok(a.each(|row| {
        let (one, other) = (letters(one.get(row)?), letters(other.get(row)?));
        let jaro = jaro(&one, &other);
        let shared = one.iter().zip(&other).take(4).take_while(|(a, b)| a == b).count() as f64;
        Some(if winkler && jaro > 0.7 { jaro + 0.1 * shared * (1.0 - jaro) } else { jaro })
    }))
}

/// Jaro 1989.
fn jaro(one: &[char], other: &[char]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let reach = (one.len().max(other.len()) / 2).saturating_sub(1);
    let (mut taken, mut matched) = (vec![false; other.len()], Vec::new());
    for (i, letter) in one.iter().enumerate() {
        let near = i.saturating_sub(reach)..(i + reach + 1).min(other.len());
        if let Some(j) = near.into_iter().find(|j| !taken[*j] && other[*j] == *letter) {
            taken[j] = true;
            matched.push(*letter);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let theirs = other.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(letter, _)| letter);
    let moved = (matched.iter().zip(theirs).filter(|(a, b)| a != b).count() / 2) as f64;
    let count = matched.len() as f64;
    (count / one.len() as f64 + count / other.len() as f64 + (count - moved) / count) / 3.0
}
