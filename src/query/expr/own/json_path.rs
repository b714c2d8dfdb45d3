//! Places in a JSON value: `$.a.b[0]`, `/a/b/0`, or the name of a field.

use super::json::Json;

/// A step on the way to a place.
#[derive(Debug)]
enum Step {
    Field(String),
    /// From the end where it is negative.
    Item(i64),
    /// By a pointer: a field, or the number of an item.
    Either(String),
}

/// A place in a value.
#[derive(Debug)]
pub(super) struct Path(Vec<Step>);

impl Path {
    /// The number of an item.
    pub fn item(number: i64) -> Self {
        Self(vec![Step::Item(number)])
    }

    /// Reads a place as it is written; `None` where it cannot be read.
    pub fn read(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('$') {
            return steps(rest).map(Self);
        }
        if let Some(rest) = text.strip_prefix('/') {
            let name = |part: &str| Step::Either(part.replace("~1", "/").replace("~0", "~"));
            return Some(Self(rest.split('/').map(name).collect()));
        }
        Some(Self(if text.is_empty() { Vec::new() } else { vec![Step::Field(text.to_owned())] }))
    }

    /// What stands there.
    pub fn find<'a>(&self, value: &'a Json) -> Option<&'a Json> {
        self.0.iter().try_fold(value, |value, step| match (step, value) {
            (Step::Field(name) | Step::Either(name), Json::Object(fields)) => {
                fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            (Step::Item(number), Json::List(items)) => {
                let back = || items.len().checked_sub(usize::try_from(number.unsigned_abs()).ok()?);
                items.get(if *number < 0 { back()? } else { usize::try_from(*number).ok()? })
            }
            (Step::Either(number), Json::List(items)) => items.get(number.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

/// `.a."b c"[0][#-1]`.
fn steps(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(".\"") {
            let (name, more) = after.split_once('"')?;
            steps.push(Step::Field(name.to_owned()));
            rest = more;
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            // A star stands for many places, which would be a list.
            if name.is_empty() || name.contains('*') {
                return None;
            }
            steps.push(Step::Field(name.to_owned()));
            rest = &after[end..];
        } else {
            let (number, more) = rest.strip_prefix('[')?.split_once(']')?;
            let number = number.strip_prefix('#').unwrap_or(number);
            steps.push(Step::Item(number.parse().ok()?));
            rest = more;
        }
    }
    Some(steps)
}
