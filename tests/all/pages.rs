//! What the pages in the repository name is there: a page that nobody checks drifts away from the code.

use std::path::Path;

const PAGES: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

/// The targets of links that are no addresses, and what stands in backquotes and begins with one of `FOLDERS`.
fn paths(text: &str) -> Vec<String> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    let named = text.split('`').skip(1).step_by(2);
    let named = named.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)));
    let named = named.filter_map(|word| word.split([' ', ':']).next());
    links.chain(named).map(|path| path.split('#').next().unwrap_or_default().to_owned()).collect()
}

/// A path in backquotes is known by how it begins.
const FOLDERS: &[&str] = &["src/", "tests/", "benches/", "assets/", "screenshots/", "fuzz/", ".ci/"];

#[test]
fn every_path_that_a_page_names_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    let mut seen = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(top.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        for path in paths(&text) {
            seen += 1;
            // A recipe names a file that does not exist yet with a word in capitals.
            let is_pattern = path.contains(['*', '<']) || path.contains("NAME");
            if !is_pattern && !top.join(&path).exists() {
                missing.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "these paths do not exist:\n{}", missing.join("\n"));
    assert!(seen > 100, "only {seen} paths were found in {} pages", PAGES.len());
}

#[test]
fn paths_are_found_in_links_and_in_backquotes() {
    let text = "see [a](src/a.rs#L1), [b](https://example.com/src/b.rs), `src/c.rs` and `cargo run`; `tests/d.rs::e`";
    assert_eq!(paths(text), ["src/a.rs", "src/c.rs", "tests/d.rs"]);
}
