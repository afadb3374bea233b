//! Holds the tree to its own words: crate edges, file sizes, and names that documents mention.

#![expect(clippy::panic, clippy::print_stderr, reason = "a test says aloud what it found")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which rooms a room may use; dev-dependencies aside.
const EDGES: &[(&str, &[&str])] = &[
    ("purser-domain", &[]),
    ("purser-engine", &["purser-domain"]),
    ("purser-ingest", &["purser-domain"]),
    ("purser-store", &["purser-domain"]),
    ("purser-ledger", &["purser-domain", "purser-store"]),
    ("purser-service", &["purser-domain", "purser-engine", "purser-ingest", "purser-store", "purser-ledger"]),
    ("purser-api", &["purser-domain"]),
    ("purser-client", &["purser-api"]),
    ("purser-http", &["purser-domain", "purser-service", "purser-api"]),
    ("purser-console", &["purser-domain", "purser-service", "purser-api"]),
];

/// A source file may have that many lines; tests and benches aside.
const LINES_MAX: usize = 600;
/// Above that many lines a file is named, and nothing else.
const LINES_WARN: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the crate lies in the workspace")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every tracked or new file with one of these endings.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    fn walk(dir: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("the tree is readable") {
            let path = entry.expect("the tree is readable").path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir()
                && !matches!(name.as_str(), ".git" | "target" | "node_modules")
                && !name.starts_with(".venv")
            {
                walk(&path, endings, found);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), endings, &mut found);
    found.sort();
    found
}

/// The texts between backticks of a document, code blocks aside.
fn quoted(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("cargo runs");
    let mut wrong = Vec::new();
    for package in metadata.packages.iter().filter(|package| !matches!(package.name.as_str(), "purser" | "purser-test"))
    {
        let allowed = EDGES.iter().find(|(name, _)| *name == package.name.as_str()).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("{} is in no row of the table", package.name));
        let edges = package.dependencies.iter().filter(|edge| edge.kind != DependencyKind::Development);
        for edge in edges.filter(|edge| edge.name.starts_with("purser") && !allowed.contains(&edge.name.as_str())) {
            wrong.push(format!("{} → {}", package.name, edge.name));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn only_the_binary_uses_anyhow() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("cargo runs");
    let users: Vec<&str> = metadata
        .packages
        .iter()
        .filter(|package| package.dependencies.iter().any(|edge| edge.name == "anyhow"))
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(users, ["purser"]);
}

#[test]
fn source_files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let shown = path.strip_prefix(root()).expect("walked from the root").display().to_string();
        let text = read(&path);
        let is_test = shown.contains("/tests/") || shown.contains("/benches/") || shown.ends_with("tests.rs");
        let lines = text.lines().count();
        if lines > LINES_MAX && !is_test {
            wrong.push(format!("{shown} has {lines} lines"));
        } else if lines > LINES_WARN && !is_test {
            eprintln!("long: {shown} has {lines} lines");
        }
        if !text.starts_with("//!") && !shown.ends_with("tests.rs") && !shown.contains("/tests/") {
            wrong.push(format!("{shown} does not open with //!"));
        }
        if shown.ends_with("/mod.rs") && !is_test {
            wrong.push(format!("{shown}: write foo.rs beside foo/"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn documents_name_files_that_exist() {
    let mut wrong = Vec::new();
    for path in files(&[".md"]) {
        for name in quoted(&read(&path)) {
            let looks_like_path = ["crates/", "docs/", "scripts/", "tests/", "bench/", "data/", ".ci/"]
                .iter()
                .any(|folder| name.starts_with(folder));
            let plain = !name.contains(['*', '<', '{', ' ', '…']);
            if looks_like_path && plain && !root().join(name.trim_end_matches('/')).exists() {
                wrong
                    .push(format!("{}: `{name}` does not exist", path.strip_prefix(root()).expect("walked").display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_invariant_of_the_architecture_names_a_test_that_exists() {
    let sources: String = files(&[".rs", ".py", ".mjs"]).iter().map(|path| read(path)).collect();
    let architecture = read(&root().join("ARCHITECTURE.md"));
    let invariants = architecture.split("## Invariants").nth(1).expect("the section exists");
    let rows: Vec<&str> = invariants
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!(rows.len() > 5, "the table of invariants has {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let tests: Vec<String> = quoted(row.rsplit('|').nth(1).expect("a table row has a last cell"));
        if tests.is_empty() {
            wrong.push(format!("no test: {row}"));
        }
        for test in tests.iter().filter(|test| !sources.contains(&format!("fn {test}")) && !root().join(test).exists())
        {
            wrong.push(format!("`{test}` is neither a test nor a file"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_concept_of_the_glossary_has_a_page() {
    let glossary = read(&root().join("GLOSSARY.md"));
    let mut wrong = Vec::new();
    let rows: Vec<&str> = glossary.lines().filter(|line| line.starts_with("| [")).collect();
    assert!(rows.len() > 10, "the glossary has {} rows", rows.len());
    for row in rows {
        let target = row.split("](").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default();
        let page = target.split('#').next().unwrap_or_default();
        if !root().join(page).is_file() {
            wrong.push(row.to_owned());
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_error_code_has_a_page_and_each_page_a_code() {
    let pages: BTreeSet<String> = fs::read_dir(root().join("docs/errors"))
        .expect("the folder exists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "README"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    let table = read(&root().join("crates/purser-api/src/error_code.rs"));
    let codes: BTreeSet<String> =
        table.split("code(\"").skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect();
    assert!(codes.len() > 10, "the table has {} codes", codes.len());
    let missing: Vec<&String> = codes.difference(&pages).collect();
    assert_eq!(missing, Vec::<&String>::new(), "codes without a page");
    let unused: Vec<&String> = pages.difference(&codes).collect();
    assert_eq!(unused, Vec::<&String>::new(), "pages without a code");
}
