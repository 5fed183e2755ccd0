//! Where it was measured, and with which versions.

use std::env::{self, consts};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde::Deserialize;

/// What of the machine, its system, the compiler and the rivals can be found
/// out, as markdown.
pub fn describe(workspace: &Path) -> String {
    let kernel = output(Command::new("uname").arg("-sr"));
    let rustc = env::var_os("RUSTC").unwrap_or("rustc".into());
    // There a toolchain may be prescribed.
    let rustc = output(Command::new(rustc).arg("-vV").current_dir(workspace));
    let parts = [Some(processor()), kernel, rustc];
    let system: Vec<_> = parts.into_iter().flatten().collect();
    format!(
        "```text\n{}\n```\n\nVersions in `Cargo.lock`:\n\n{}\n",
        system.join("\n\n"),
        versions(&workspace.join("Cargo.lock"))
    )
}

/// What `lscpu` says; where there is none, what else is known.
fn processor() -> String {
    // In English, as its lines are chosen by their names.
    let lscpu = output(Command::new("lscpu").env("LC_ALL", "C"));
    lscpu
        .map(|text| of_lscpu(&text))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| {
            let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
            let model = of_cpuinfo(&cpuinfo).unwrap_or(consts::ARCH);
            match thread::available_parallelism() {
                Ok(count) => format!("{model}\nCPU(s): {count}"),
                Err(_) => model.to_owned(),
            }
        })
}

fn of_lscpu(text: &str) -> String {
    const KEPT: [&str; 10] = [
        "Architecture",
        "Model name",
        "CPU(s)",
        "Thread(s) per core",
        "Core(s) per socket",
        "Socket(s)",
        "Hypervisor vendor",
        "L1d cache",
        "L2 cache",
        "L3 cache",
    ];
    let lines = text.lines().map(str::trim);
    let kept = lines.filter(|line| {
        line.split_once(':')
            .is_some_and(|(name, _)| KEPT.contains(&name))
    });
    kept.collect::<Vec<_>>().join("\n")
}

fn of_cpuinfo(text: &str) -> Option<&str> {
    let (_, model) = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == "model name")?;
    Some(model.trim())
}

/// What `command` prints; `None` if it is missing or fails.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Of the benches' dependencies, those whose version is in the figures.
const MEASURED: [&str; 20] = [
    "arc-swap",
    "criterion",
    "fast-telemetry",
    "fastrace",
    "fastrace-opentelemetry",
    "hdrhistogram",
    "histogram",
    "measured",
    "metrics",
    "metrics-exporter-prometheus",
    "metriken",
    "nm",
    "opentelemetry",
    "opentelemetry-proto",
    "opentelemetry_sdk",
    "prometheus",
    "prometheus-client",
    "tracing",
    "tracing-opentelemetry",
    "tracing-subscriber",
];

fn versions(lock: &Path) -> String {
    let text = match fs::read_to_string(lock) {
        Ok(text) => text,
        Err(error) => return format!("{}: {error}", lock.display()),
    };
    match measured(&text) {
        Ok(versions) => {
            let lines = versions.iter().map(|version| format!("- {version}"));
            lines.collect::<Vec<_>>().join("\n")
        }
        Err(error) => format!("{}: {}", lock.display(), error.message()),
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    /// Each a name; where the file has several versions of it, with the one
    /// that is meant: `name version`.
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Name and version of each of [`MEASURED`] that this package depends on.
fn measured(lock: &str) -> Result<Vec<String>, toml::de::Error> {
    let lock: Lock = toml::from_str(lock)?;
    let this = lock
        .package
        .iter()
        .find(|package| package.name == env!("CARGO_PKG_NAME"));
    let dependencies = this.map_or(&[][..], |this| &this.dependencies);
    let version = |dependency: &String| {
        let (name, meant) = match dependency.split_once(' ') {
            Some((name, version)) => (name, Some(version)),
            None => (dependency.as_str(), None),
        };
        let only = || lock.package.iter().find(|package| package.name == name);
        let version = meant.or_else(|| only().map(|package| package.version.as_str()))?;
        MEASURED
            .contains(&name)
            .then(|| format!("{name} {version}"))
    };
    Ok(dependencies.iter().filter_map(version).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lscpu_in_short() {
        let text = "\
Architecture:                            x86_64
  CPU op-mode(s):                        32-bit, 64-bit
CPU(s):                                  2
  On-line CPU(s) list:                   0,1
  Model name:                            AMD EPYC
  L2 cache:                              2 MiB (2 instances)
NUMA node0 CPU(s):                       0,1
";
        let lines: Vec<_> = of_lscpu(text)
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let expected = [
            ("Architecture", "x86_64"),
            ("CPU(s)", "2"),
            ("Model name", "AMD EPYC"),
            ("L2 cache", "2 MiB (2 instances)"),
        ];
        assert_eq!(lines, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn model_of_cpuinfo() {
        let text = "processor\t: 0\nmodel\t\t: 207\nmodel name\t: Some Xeon: Gold\n";
        assert_eq!(of_cpuinfo(text), Some("Some Xeon: Gold"));
        assert_eq!(of_cpuinfo(""), None);
    }

    #[test]
    fn versions_that_are_meant() {
        let lock = r#"
version = 4

[[package]]
name = "histogram"
version = "0.11.0"

[[package]]
name = "histogram"
version = "1.6.4"

[[package]]
name = "nm"
version = "0.1.55"

[[package]]
name = "pqcnet-telemetry-benches"
version = "0.1.0"
dependencies = ["histogram 1.6.4", "nm", "serde"]

[[package]]
name = "prometheus"
version = "0.14.0"
"#;
        let versions = measured(lock).expect("it is well-formed");
        assert_eq!(versions, ["histogram 1.6.4", "nm 0.1.55"]);
    }

    #[test]
    fn the_lock_file_has_them_all() {
        let lock = fs::read_to_string(super::super::workspace().join("Cargo.lock"))
            .expect("the workspace has one");
        let versions = measured(&lock).expect("it is well-formed");
        assert_eq!(versions.len(), MEASURED.len(), "{versions:?}");
    }
}
