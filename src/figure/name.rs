//! What a column of an answer is called for a reader: `avg("delay")` is 'avg delay', `count(*)` is 'rows'. The column
//! itself keeps its name.

/// The name for titles, legends and pickers. A name that is no call of a function stays as it is.
pub fn display(column: &str) -> String {
    let name = column.trim();
    let Some((function, inner)) = call(name) else { return unquoted(name) };
    let parts: Vec<&str> = split(inner);
    let first = parts.first().copied().unwrap_or_default().trim();
    match function.to_ascii_lowercase().as_str() {
        "count" if first == "*" || first.is_empty() => "rows".to_owned(),
        // A window is known by the time that it cuts.
        "tumble" | "hop" | "session" => words(first),
        "window_start" => "window start".to_owned(),
        "window_end" => "window end".to_owned(),
        "date_trunc" => parts.first().map_or_else(String::new, |unit| unit.trim().trim_matches('\'').to_owned()),
        function => {
            let args: Vec<String> = parts.iter().map(|part| words(part)).filter(|part| !part.is_empty()).collect();
            format!("{} {}", function.replace('_', " "), args.join(" ")).trim_end().to_owned()
        }
    }
}

/// The function and what stands between its brackets, where the whole text is one call.
fn call(text: &str) -> Option<(&str, &str)> {
    let (function, rest) = text.split_once('(')?;
    let inner = rest.strip_suffix(')')?;
    let named = !function.is_empty() && function.chars().all(|c| c.is_alphanumeric() || c == '_');
    // `sum(a) / sum(b)` begins and ends like a call, and is none.
    (named && balanced(inner)).then_some((function, inner))
}

/// Whether no bracket is closed that was not opened before.
fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for c in outside_quotes(text).map(|(_, c)| c) {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// The arguments of a call.
fn split(inner: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in outside_quotes(inner) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.extend(inner.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(inner.get(from..));
    parts
}

/// The characters that stand in no quotes, with where they stand.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    text.char_indices().filter(move |(_, c)| match (quote, *c) {
        (None, '"' | '\'') => {
            quote = Some(*c);
            false
        }
        (Some(open), c) if c == open => {
            quote = None;
            false
        }
        (open, _) => open.is_none(),
    })
}

/// An argument: a call in words, a name without its quotes, DISTINCT as a word.
fn words(part: &str) -> String {
    let part = part.trim();
    match part.split_at_checked(9) {
        Some((word, rest)) if word.eq_ignore_ascii_case("distinct ") => format!("distinct {}", display(rest)),
        _ => display(part),
    }
}

/// A text without the quotes of its names; a text that is one name in quotes without them.
fn unquoted(text: &str) -> String {
    let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' '));
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(name) if !name.replace("\"\"", "").contains('"') => name.replace("\"\"", "\""),
        _ => {
            let pieces: Vec<&str> = text.split('"').collect();
            // Every second piece stands in quotes; where all are plain names the quotes say nothing.
            let even = pieces.len() % 2 == 1;
            let named = pieces.iter().skip(1).step_by(2).all(|name| plain(name));
            if even && named { pieces.concat() } else { text.to_owned() }
        }
    }
}
