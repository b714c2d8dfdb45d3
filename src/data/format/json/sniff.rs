//! The keys and types of JSON objects, settled from the first of them.

use hashbrown::HashMap;
use polars::prelude::{DataType, PlSmallStr};

use super::{JsonLayout, objects};
use crate::data::format::Sniff;
use crate::data::format::column::Spec;
use crate::data::format::guess::Guess;
use crate::data::{Fault, Result};

/// The columns, in the order in which their keys first come; keys that only the table knows come last.
pub(super) fn columns(sniff: &Sniff<'_>, shape: JsonLayout) -> Result<Vec<Spec>> {
    let head = if sniff.whole { sniff.head } else { sniff.head.get(..shape.cut(sniff.head)).unwrap_or_default() };
    let mut guesses: Vec<(String, Guess)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let (mut rows, mut flaws) = (0_u64, 0_u64);
    objects(head, shape, |object| {
        let Some(members) = object.members else {
            flaws += 1;
            return;
        };
        rows += 1;
        for (key, range) in members {
            let Some(name) = super::unescape(head.get(key).unwrap_or_default()) else { continue };
            let place = *places.entry(name.clone().into_owned()).or_insert_with(|| {
                guesses.push((name.into_owned(), Guess::default()));
                guesses.len() - 1
            });
            let Some((_, guess)) = guesses.get_mut(place) else { continue };
            match head.get(range).unwrap_or_default() {
                b"null" => {}
                [b'"', inner @ .., b'"'] => guess.see_string(inner),
                [b'{' | b'[', ..] => guess.see_text(),
                scalar => guess.see(scalar),
            }
        }
    });
    let known = sniff.known.as_deref();
    if rows == 0 && known.is_none() {
        let what = match (flaws, head.is_empty()) {
            (0, true) if !sniff.whole => "its first record is longer than 1 MiB",
            (0, _) => "it holds no JSON object, so it has no columns",
            _ => "its first records are not JSON objects",
        };
        return Err(Fault::new(what)
            .at(sniff.source.to_string())
            .hint("a table is one object a line, or an array of objects"));
    }
    let mut specs = Vec::with_capacity(guesses.len());
    for (name, guess) in guesses {
        let dtype = known.and_then(|schema| schema.get(name.as_str())).filter(|dtype| **dtype != DataType::Null);
        specs.push(match dtype {
            Some(dtype) => Spec::known(name, dtype.clone()),
            None => Spec::guessed(name, guess.dtype()),
        });
    }
    for (name, dtype) in known.into_iter().flat_map(|schema| schema.iter()) {
        if !places.contains_key(name.as_str()) {
            let dtype = if *dtype == DataType::Null { DataType::String } else { dtype.clone() };
            specs.push(Spec::known(PlSmallStr::clone(name), dtype));
        }
    }
    specs.into_iter().collect::<Result<Vec<_>>>().map_err(|fault| fault.at(sniff.source.to_string()))
}
