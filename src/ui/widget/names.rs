//! Names of columns as people read them.

/// A quoted name without its quotes; anything else as it is.
pub fn bare(sql: &str) -> String {
    let inner = sql
        .strip_prefix('"')
        .and_then(|s| s.strip_suffix('"'))
        .filter(|s| !s.is_empty() && !s.replace("\"\"", "").contains('"'));
    inner.map_or_else(|| sql.to_owned(), |s| s.replace("\"\"", "\""))
}
