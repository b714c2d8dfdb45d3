//! The scripts refuse a Rust that is too old at once, and what they, Cargo.toml and the README say of it agrees.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn of_repository(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// What Cargo.toml asks for: the first and the second number.
fn needed() -> (u32, u32) {
    let text = of_repository("Cargo.toml");
    let version = text.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("there is a rust-version");
    let (major, minor) = version.trim_matches('"').split_once('.').unwrap();
    (major.parse().unwrap(), minor.parse().unwrap())
}

/// What `.ci/toolchain` says when `cargo --version` says this, or when there is no cargo; nothing if it is content.
fn complaint(version: Option<&str>) -> Option<String> {
    let home = tempfile::tempdir().unwrap();
    let tools = home.path().join("tools");
    fs::create_dir(&tools).unwrap();
    for tool in ["sh", "sed", "dirname"] {
        let place = ["/bin", "/usr/bin"].map(|folder| Path::new(folder).join(tool));
        let place = place.iter().find(|place| place.exists()).expect("a system has it");
        std::os::unix::fs::symlink(place, tools.join(tool)).unwrap();
    }
    if let Some(version) = version {
        let cargo = tools.join("cargo");
        fs::write(&cargo, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/toolchain");
    let mut command = Command::new(tools.join("sh"));
    let out = command.arg(script).env("PATH", &tools).env("HOME", home.path()).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(i32::from(!said.is_empty())), "{said}");
    assert!(out.stdout.is_empty());
    (!said.is_empty()).then_some(said)
}

#[test]
fn an_old_cargo_is_refused_with_what_to_do() {
    let (major, minor) = needed();
    let least = format!("{major}.{minor}");
    for old in [format!("{major}.{}.1", minor - 1), format!("{major}.9.0"), format!("{}.99.0", major - 1)] {
        let said = complaint(Some(&format!("cargo {old} (83a1e6d0f 2025-08-01)"))).expect(&old);
        assert!(said.contains(&least) && said.contains("rustup update"), "{said}");
    }
    for new in [format!("{least}.0"), format!("{major}.{}.0-nightly", minor + 9), format!("{}.0.0", major + 1)] {
        assert_eq!(complaint(Some(&format!("cargo {new} (f2d3ce0bd 2026-03-21)"))), None, "{new}");
    }
    for (version, word) in [(Some("something else"), "something else"), (None, "no cargo")] {
        let said = complaint(version).unwrap();
        assert!(said.contains(word) && said.contains("https://rustup.rs"), "{said}");
    }
}

#[test]
fn the_readme_asks_for_the_rust_that_cargo_toml_does() {
    let (major, minor) = needed();
    assert!(of_repository("README.md").contains(&format!("[Rust](https://rustup.rs) {major}.{minor} or newer")));
}
