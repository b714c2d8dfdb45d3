//! Which file uses which, and files that use each other in a circle. A name is followed to the file that defines it,
//! through every `use` that passes it on. A `mod.rs` (or `a.rs` beside a folder `a`) that names its own children does
//! not use them: it is their list.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::code;

/// A module by its path from the crate; files, folders with a `mod.rs`, and the root, which is empty.
type Module = Vec<String>;

/// A path as it is written, from a module.
struct Named {
    from: Module,
    path: Vec<String>,
    /// The name under which a `use` makes it known.
    known_as: Option<String>,
}

/// For each file the files that it uses, and by which names.
pub type Uses = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Of all files below `src`.
pub fn uses(src: &Path) -> Uses {
    let relative = |path: &Path| path.strip_prefix(src).expect("inside src").to_string_lossy().into_owned();
    uses_of(code::files(src).iter().map(|path| (relative(path), code::text(path))))
}

/// Of files by their path from `src`.
fn uses_of(files: impl Iterator<Item = (String, String)>) -> Uses {
    let (mut modules, mut named) = (BTreeSet::new(), Vec::new());
    for (path, text) in files {
        let mut module: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        match module.last().map(String::as_str) {
            Some("main") => continue,
            Some("mod" | "lib") => _ = module.pop(),
            _ => {}
        }
        read(&module, &code::tokens(&code::without_strings(&text)), &mut named);
        modules.insert(module);
    }
    let graph = Graph::new(modules, &named);
    let mut uses = Uses::new();
    for name in &named {
        let Some(path) = graph.absolute(&name.from, &name.path) else { continue };
        let (from, Some(to)) = (graph.file(&name.from), graph.home(&path, 8)) else { continue };
        // Itself, its children, and the root, where nothing is defined.
        if to.starts_with(from) || to.is_empty() {
            continue;
        }
        let used = uses.entry(from.join("::")).or_default().entry(to.join("::")).or_default();
        used.insert(path.last().cloned().unwrap_or_default());
    }
    uses
}

/// The shortest circles, each told from file to file with the names that are used; of those that share a file, one.
pub fn circles(uses: &Uses) -> Vec<String> {
    let (mut told, mut seen) = (Vec::new(), BTreeSet::new());
    for file in uses.keys() {
        if seen.contains(file) {
            continue;
        }
        let Some(circle) = circle(uses, file) else { continue };
        let mut line = file.clone();
        for (from, to) in circle.iter().zip(&circle[1..]) {
            line += &format!(" uses {to} for {:?}", uses[from][to]);
        }
        told.push(line);
        seen.extend(circle);
    }
    told
}

/// The shortest way from a file back to itself.
fn circle(uses: &Uses, file: &String) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![file.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in uses.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
            let longer = [way.as_slice(), std::slice::from_ref(next)].concat();
            if next == file {
                return Some(longer);
            }
            if seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// Finds the paths in a file.
fn read(file: &Module, tokens: &[&str], named: &mut Vec<Named>) {
    // Modules within the file, with the depth of braces at which each ends.
    let mut inner: Vec<usize> = Vec::new();
    let (mut module, mut depth, mut at) = (file.clone(), 0, 0);
    while let Some(token) = tokens.get(at) {
        let next = |n: usize| tokens.get(at + n).copied().unwrap_or_default();
        match *token {
            "mod" if next(2) == "{" => {
                inner.push(depth);
                module.push(next(1).to_owned());
                (depth, at) = (depth + 1, at + 2);
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inner.pop_if(|begin| *begin == depth).is_some() {
                    module.pop();
                }
            }
            // `use<'a>` says what a type captures.
            "use" if next(1) != "<" => {
                let end = tokens[at..].iter().position(|t| *t == ";").map_or(tokens.len(), |n| at + n);
                tree(&module, &[], &tokens[at + 1..end], named);
                at = end;
            }
            word if next(1) == "::" && word.starts_with(code::is_word) => {
                let mut path = vec![word.to_owned()];
                while tokens.get(at + 1) == Some(&"::")
                    && tokens.get(at + 2).is_some_and(|t| t.starts_with(code::is_word))
                {
                    path.push(tokens[at + 2].to_owned());
                    at += 2;
                }
                named.push(Named { from: module.clone(), path, known_as: None });
            }
            _ => {}
        }
        at += 1;
    }
}

/// The paths of a `use`: `a::{b, c::d as e}`.
fn tree(from: &Module, before: &[String], tokens: &[&str], named: &mut Vec<Named>) {
    let mut path = before.to_vec();
    let mut known_as = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match *token {
            "{" => {
                let inside = &tokens[at + 1..tokens.len() - 1];
                let mut depth = 0;
                for part in inside.split(|token| {
                    depth += match *token {
                        "{" => 1,
                        "}" => -1,
                        _ => 0,
                    };
                    depth == 0 && *token == ","
                }) {
                    tree(from, &path, part, named);
                }
                return;
            }
            "as" => {
                known_as = tokens.get(at + 1).map(|name| (*name).to_owned());
                break;
            }
            "self" if !path.is_empty() => {}
            "::" => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    if path.len() > before.len() || tokens == ["self"] {
        let known_as = known_as.or_else(|| path.last().cloned());
        named.push(Named { from: from.clone(), path, known_as });
    }
}

struct Graph {
    modules: BTreeSet<Module>,
    /// Names that a `use` makes known in a module, and what they stand for.
    passed_on: BTreeMap<Module, Module>,
}

impl Graph {
    fn new(modules: BTreeSet<Module>, named: &[Named]) -> Self {
        let mut graph = Self { modules, passed_on: BTreeMap::new() };
        for name in named {
            if let (Some(word), Some(path)) = (&name.known_as, graph.absolute(&name.from, &name.path)) {
                let place = [name.from.as_slice(), std::slice::from_ref(word)].concat();
                graph.passed_on.insert(place, path);
            }
        }
        graph
    }

    /// A path from the root of the crate; `None` of another crate's.
    fn absolute(&self, from: &Module, path: &[String]) -> Option<Module> {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let first = path.first()?;
        match first.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "super" => Some([from.get(..from.len().checked_sub(ups)?)?, &path[ups..]].concat()),
            "self" => Some([from.as_slice(), &path[1..]].concat()),
            _ => {
                let child = [from.as_slice(), std::slice::from_ref(first)].concat();
                self.modules.contains(&child).then(|| [from.as_slice(), path].concat())
            }
        }
    }

    /// The file that a module is in.
    fn file<'a>(&self, module: &'a [String]) -> &'a [String] {
        (0..=module.len()).rev().map(|n| &module[..n]).find(|part| self.modules.contains(*part)).unwrap_or_default()
    }

    /// The file that defines what a path names. `steps` bounds the way, for names that stand for themselves.
    fn home(&self, path: &[String], steps: usize) -> Option<Module> {
        let file = self.file(path);
        let place = path.get(..file.len() + 1);
        match place.and_then(|place| self.passed_on.get(place)) {
            Some(target) if steps > 0 && target.as_slice() != path => {
                self.home(&[target.as_slice(), &path[file.len() + 1..]].concat(), steps - 1)
            }
            _ => Some(file.to_vec()),
        }
    }
}

#[test]
fn circles_are_found_through_names_that_are_passed_on() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b;\nmod c;\nmod d;\npub use b::{B, Other as Else};\npub use c::C;"),
        ("a/b.rs", "use super::C;\npub struct B(C);\nfn f() { super::d::g() }"),
        ("a/c.rs", "fn f() { crate::a::B::new() }\nmod inner { use super::C; }"),
        ("a/d.rs", "fn g() { let _ = \"super::b::B\"; } // super::b::B"),
    ];
    let found = uses_of(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    assert_eq!(found["a::b"].keys().collect::<Vec<_>>(), ["a::c", "a::d"]);
    assert!(!found.contains_key("a") && !found.contains_key("a::d"), "{found:?}");
    let told = circles(&found);
    assert_eq!(told, [r#"a::b uses a::c for {"C"} uses a::b for {"new"}"#]);
}
