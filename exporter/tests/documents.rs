//! What the documents say of this repository is so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pqcnet_telemetry::TelemetryConfig;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// `path.rs::test_name`, taken apart.
fn named_test(quoted: &str) -> Option<(&str, &str)> {
    let (path, name) = quoted.split_once(".rs::")?;
    Some((&quoted[..path.len() + 3], name))
}

/// Whether the text has a test of this name, `#[test]` and all.
fn has_test(text: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let mut parts = text.split("#[test]").skip(1);
    // Before the next function's body begins there is its head.
    parts.any(|part| {
        let head = part.split('{').next().unwrap_or_default();
        head.contains(&function)
    })
}

#[test]
fn every_test_that_the_otlp_table_names_is_there() {
    let table = read("docs/otlp.md");
    let named: BTreeSet<_> = quoted(&table).filter_map(named_test).collect();
    assert!(named.len() > 100, "{} tests are named", named.len());
    let missing = named.iter().filter(|(path, name)| {
        let text = fs::read_to_string(root().join(path));
        !text.is_ok_and(|text| has_test(&text, name))
    });
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}

#[test]
fn every_requirement_has_one_row_that_says_how_it_is_met() {
    let table = read("docs/otlp.md");
    let mut numbers = Vec::new();
    for row in table.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let Ok(number) = cells[0].parse::<u32>() else {
            continue;
        };
        numbers.push(number);
        let [_, requirement, done, tests] = cells[..] else {
            panic!("{number} has {} cells: {row}", cells.len());
        };
        assert!(!requirement.is_empty() && !done.is_empty(), "{number}");
        let is_tested = quoted(tests).any(|quoted| named_test(quoted).is_some());
        let is_excused = tests.contains("not applicable: ") || tests.contains("not done: ");
        assert!(is_tested || is_excused, "{number}: {tests}");
    }
    assert_eq!(numbers, (1..=77).collect::<Vec<_>>());
}

#[test]
fn the_readmes_configuration_is_one() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```toml\n").expect("a block of TOML");
    let (text, _) = rest.split_once("```").expect("its end");
    let config = TelemetryConfig::from_toml_and_env(text, |_| None).unwrap();
    config.validate().unwrap();
    assert_eq!(config.warnings(), [""; 0]);
}
