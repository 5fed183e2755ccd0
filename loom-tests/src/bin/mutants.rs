//! Runs the models against every mutant of the core and prints the table:
//! site, ordering, what it pairs with, what breaks without it, and the models
//! that fail.
//!
//! ```text
//! scripts/mutants [part of a site's name]
//! ```
//!
//! Fails where a mutant survives that `mutants.toml` has no reason for, where
//! one is killed that it calls a survivor, and where the sites in the source
//! and in the file differ.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    mutant: Vec<Mutant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Mutant {
    site: String,
    /// The ordering that is weakened; none for a step of the algorithm.
    ordering: Option<String>,
    pairs_with: Option<String>,
    breaks: String,
    /// Why no model fails.
    survives: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(package.join("mutants.toml"))?;
    let table: Table = toml::from_str(&text)?;
    let mut wrong = differences(&table, &sites(&package.join("../core/src"))?);

    let models = build_models()?;
    let failing = run(&models, None)?;
    if !failing.is_empty() {
        return Err(format!("models that fail without a mutant: {}", failing.join(", ")).into());
    }
    let filter = env::args().nth(1).unwrap_or_default();
    println!("| site | ordering | pairs with | what breaks without it | models that fail |");
    println!("|---|---|---|---|---|");
    let mut killed = 0;
    let mutants = table.mutant.iter();
    for mutant in mutants.filter(|mutant| mutant.site.contains(&filter)) {
        let failing = run(&models, Some(&mutant.site))?;
        let verdict = match (failing.is_empty(), &mutant.survives) {
            (true, None) => {
                wrong.push(format!("{} survives without a reason", mutant.site));
                "**none**".to_owned()
            }
            (true, Some(reason)) => format!("none: {reason}"),
            (false, Some(_)) => {
                wrong.push(format!(
                    "{} is killed, mutants.toml says it survives",
                    mutant.site
                ));
                failing.join(", ")
            }
            (false, None) => {
                killed += 1;
                failing.join(", ")
            }
        };
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        println!(
            "| {} | {} | {} | {} | {verdict} |",
            mutant.site,
            or_dash(&mutant.ordering),
            or_dash(&mutant.pairs_with),
            mutant.breaks
        );
    }
    println!("\n{killed} mutants killed");
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("; ").into())
}

/// Every `ordering!("site", Ordering)` and `mutant!("site")` of the source.
fn sites(folder: &Path) -> Result<BTreeMap<String, Option<String>>, Box<dyn Error>> {
    let mut sites = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sites.append(&mut self::sites(&path)?);
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for call in text.split("ordering!(\"").skip(1) {
            let (site, rest) = call.split_once('"').ok_or("an unclosed site name")?;
            let ordering = rest.split(')').next().unwrap_or_default();
            let ordering = ordering.trim_start_matches(',').trim().to_owned();
            sites.insert(site.to_owned(), Some(ordering));
        }
        for call in text.split("mutant!(\"").skip(1) {
            let site = call.split('"').next().unwrap_or_default();
            sites.insert(site.to_owned(), None);
        }
    }
    Ok(sites)
}

fn differences(table: &Table, sites: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let listed: BTreeMap<_, _> = table
        .mutant
        .iter()
        .map(|m| (&m.site, &m.ordering))
        .collect();
    let missing = sites
        .iter()
        .filter(|(site, ordering)| listed.get(site) != Some(ordering))
        .map(|(site, _)| format!("{site} is not in mutants.toml as it is in the source"));
    let gone = listed
        .keys()
        .filter(|site| !sites.contains_key(**site))
        .map(|site| format!("{site} is not in the source"));
    missing.chain(gone).collect()
}

/// Builds the models once; a mutant is chosen when they run.
fn build_models() -> Result<PathBuf, Box<dyn Error>> {
    let target = env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    let built = Command::new("cargo")
        .args(["test", "--release", "--no-run", "--message-format=json"])
        .args(["-p", "pqcnet-telemetry-loom-tests", "--test", "models"])
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", Path::new(&target).join("loom"))
        .stderr(Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err("the models do not build".into());
    }
    String::from_utf8(built.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "models")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| "cargo names no executable for the models".into())
}

/// The models that fail, under one mutant or none.
fn run(models: &Path, mutant: Option<&str>) -> Result<Vec<String>, Box<dyn Error>> {
    let mut command = Command::new(models);
    command.env_remove("PQCNET_MUTANT");
    if let Some(mutant) = mutant {
        command.env("PQCNET_MUTANT", mutant);
    }
    let output = command.env("RUST_BACKTRACE", "0").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut failing: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(str::to_owned)
        .collect();
    if failing.is_empty() && !output.status.success() {
        // A panic while loom cleans up ends the process: one model a process.
        for model in names(models)? {
            let status = Command::new(models)
                .args(["--exact", &model])
                .envs(mutant.map(|mutant| ("PQCNET_MUTANT", mutant)))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            if !status.success() {
                failing.push(model);
            }
        }
    }
    Ok(failing)
}

fn names(models: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let list = Command::new(models).arg("--list").output()?;
    let list = String::from_utf8(list.stdout)?;
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}
