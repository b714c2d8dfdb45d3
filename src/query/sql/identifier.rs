//! Names of tables and columns as SQL writes them.

/// A name as SQL writes it: quoted where it must be.
pub fn quote(name: &str) -> String {
    // Names are looked up exactly before their case is ignored, so capitals need no quotes.
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let reserved = sqlparser::keywords::ALL_KEYWORDS.binary_search(&name.to_ascii_uppercase().as_str()).is_ok()
        && !SAFE_NAMES.contains(&name.to_ascii_lowercase().as_str());
    if plain && !reserved { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A name in quotes, whatever it is: no dialect misreads it.
pub fn quote_always(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
pub fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A literal as it is read: a text without its quotes, anything else as it is written.
pub fn unquoted_text(sql: &str) -> String {
    let text = sql.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    text.map_or_else(|| sql.to_owned(), |text| text.replace("''", "'"))
}

/// Keywords of some dialect that are ordinary column names to people.
const SAFE_NAMES: &[&str] = &[
    "date",
    "time",
    "timestamp",
    "hour",
    "minute",
    "second",
    "day",
    "week",
    "month",
    "year",
    "name",
    "value",
    "count",
    "key",
    "id",
    "type",
    "status",
    "level",
    "source",
    "origin",
    "destination",
    "delay",
    "distance",
    "price",
    "region",
    "location",
    "user",
    "host",
    "port",
    "label",
    "class",
    "temperature",
    "sum",
    "min",
    "max",
    "avg",
    "n",
];
