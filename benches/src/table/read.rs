//! What the benches have left in the target directory, criterion's results and
//! figures alike.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str;
use std::time::SystemTime;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::figures::{Figure, Unit};

/// Figures by id. One of criterion's is called `group/function` or
/// `group/function/value`, any other by its bench and its own id.
#[derive(Debug, Default)]
pub struct Results {
    figures: Vec<Figure>,
    latest: Option<SystemTime>,
}

impl Results {
    /// All that is in `target`; with `since`, what was written then or later.
    ///
    /// Criterion's come in their names' order with numbers in theirs, the rest
    /// in the order of their bench.
    pub fn read(target: &Path, since: Option<SystemTime>) -> Result<Self, Box<dyn Error>> {
        let mut results = Self::default();
        results.take_criterion(&target.join("criterion"), since)?;
        results
            .figures
            .sort_by(|a, b| natural(&a.id).cmp(&natural(&b.id)));
        results.take_figures(&target.join("figures"), since)?;
        Ok(results)
    }

    /// The figure of that id.
    pub fn get(&self, id: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.id == id)
    }

    /// What is called `group/...`, each with the rest of its id.
    pub fn of_group<'a>(
        &'a self,
        group: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Figure)> + 'a {
        self.iter()
            .filter_map(move |figure| Some((in_group(&figure.id, group)?, figure)))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter()
    }

    /// When the last one was written.
    pub fn latest(&self) -> Option<SystemTime> {
        self.latest
    }

    fn take_criterion(
        &mut self,
        folder: &Path,
        since: Option<SystemTime>,
    ) -> Result<(), Box<dyn Error>> {
        for path in entries(folder)? {
            if !path.is_dir() {
                continue;
            }
            // Beside it are `base`, the run before, and `change`.
            if path.ends_with("new") {
                let estimates = path.join("estimates.json");
                if self.is_wanted(&estimates, since)? {
                    self.figures.push(criterion_figure(
                        parse(&path.join("benchmark.json"))?,
                        &parse(&estimates)?,
                    ));
                }
            } else {
                self.take_criterion(&path, since)?;
            }
        }
        Ok(())
    }

    fn take_figures(
        &mut self,
        folder: &Path,
        since: Option<SystemTime>,
    ) -> Result<(), Box<dyn Error>> {
        for path in entries(folder)? {
            let Some(bench) = path.file_stem().and_then(|stem| stem.to_str()) else {
                continue;
            };
            if path.extension().is_some_and(|json| json == "json")
                && self.is_wanted(&path, since)?
            {
                let figures: Vec<Figure> = parse(&path)?;
                self.figures
                    .extend(figures.into_iter().map(|figure| Figure {
                        id: format!("{bench}/{}", figure.id),
                        ..figure
                    }));
            }
        }
        Ok(())
    }

    /// Whether there is such a file, and of this run.
    fn is_wanted(
        &mut self,
        path: &Path,
        since: Option<SystemTime>,
    ) -> Result<bool, Box<dyn Error>> {
        let written = match fs::metadata(path).and_then(|metadata| metadata.modified()) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(at(path, &error)),
        };
        let is_wanted = since.is_none_or(|since| written >= since);
        if is_wanted {
            self.latest = self.latest.max(Some(written));
        }
        Ok(is_wanted)
    }
}

#[cfg(test)]
impl FromIterator<Figure> for Results {
    fn from_iter<I: IntoIterator<Item = Figure>>(figures: I) -> Self {
        Self {
            figures: figures.into_iter().collect(),
            latest: None,
        }
    }
}

/// What follows `group/` in `id`.
pub(super) fn in_group<'a>(id: &'a str, group: &str) -> Option<&'a str> {
    id.strip_prefix(group)?.strip_prefix('/')
}

/// Of criterion's `benchmark.json`. Its folders' names are no ids: they have
/// other characters in place of some.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
}

/// Of criterion's `estimates.json`. Its `slope` is missing where samples are
/// flat, and follows outliers.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

fn criterion_figure(benchmark: Benchmark, estimates: &Estimates) -> Figure {
    let parts = [
        Some(benchmark.group_id),
        benchmark.function_id,
        benchmark.value_str,
    ];
    Figure {
        id: parts.into_iter().flatten().collect::<Vec<_>>().join("/"),
        value: estimates.median.point_estimate,
        unit: Unit::Nanoseconds,
    }
}

/// What is in `folder`; nothing, if there is no such folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder, &error)),
    };
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut paths: Vec<_> = paths
        .collect::<Result<_, _>>()
        .map_err(|error: std::io::Error| at(folder, &error))?;
    paths.sort_unstable();
    Ok(paths)
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, Box<dyn Error>> {
    let text = fs::read(path).map_err(|error| at(path, &error))?;
    serde_json::from_slice(&text).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &dyn Error) -> Box<dyn Error> {
    format!("{}: {error}", path.display()).into()
}

/// What to sort ids by, so that 16 comes after 4: their numbers, and the text
/// between these.
fn natural(id: &str) -> Vec<Result<u64, &[u8]>> {
    id.as_bytes()
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .map(|chunk| {
            let number = str::from_utf8(chunk)
                .ok()
                .and_then(|text| text.parse().ok());
            number.ok_or(chunk)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process;
    use std::time::Duration;

    use super::*;

    /// A target directory that is gone when dropped.
    struct Target(PathBuf);

    impl Target {
        fn new(test: &str) -> Self {
            Self(env::temp_dir().join(format!("table-{}-{test}", process::id())))
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        }

        fn criterion(&self, folder: &str, benchmark: &str, median: f64) {
            self.write(&format!("criterion/{folder}/benchmark.json"), benchmark);
            let estimates = format!(
                r#"{{"slope":null,"mean":{{"point_estimate":7.5}},"median":{{"point_estimate":{median}}}}}"#
            );
            self.write(&format!("criterion/{folder}/estimates.json"), &estimates);
        }
    }

    impl Drop for Target {
        fn drop(&mut self) {
            // It may never have been written to.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn ids(results: &Results) -> Vec<&str> {
        results.iter().map(|figure| figure.id.as_str()).collect()
    }

    #[test]
    fn criterion_and_figures_by_id() {
        let target = Target::new("ids");
        let plain = r#"{"group_id":"gauge_1_thread","function_id":"set","value_str":null}"#;
        target.criterion("gauge_1_thread/set/new", plain, 1.25);
        target.criterion("gauge_1_thread/set/base", plain, 9.0);
        for shards in [16, 4] {
            target.criterion(
                &format!("harvest/1000_100_all/{shards}/new"),
                &format!(
                    r#"{{"group_id":"harvest","function_id":"1000+100_all","value_str":"{shards}"}}"#
                ),
                f64::from(shards),
            );
        }
        target.write(
            "figures/memory.json",
            r#"[{"id":"64_threads/ours","value":4096.0,"unit":"bytes"},
                {"id":"1_threads/ours","value":1024.0,"unit":"bytes"}]"#,
        );

        let results = Results::read(&target.0, None).expect("it is well-formed");
        assert_eq!(
            ids(&results),
            [
                "gauge_1_thread/set",
                "harvest/1000+100_all/4",
                "harvest/1000+100_all/16",
                "memory/64_threads/ours",
                "memory/1_threads/ours",
            ]
        );
        let set = results.get("gauge_1_thread/set").expect("it is there");
        assert_eq!((set.value, set.unit), (1.25, Unit::Nanoseconds));
        let ours = results.get("memory/64_threads/ours").expect("it is there");
        assert_eq!((ours.value, ours.unit), (4096.0, Unit::Bytes));
    }

    #[test]
    fn only_what_this_run_has_written() {
        let target = Target::new("since");
        let benchmark = r#"{"group_id":"g","function_id":"f","value_str":null}"#;
        target.criterion("g/f/new", benchmark, 1.0);
        target.write("figures/memory.json", "[]");
        let hour = Duration::from_secs(3600);

        let before = Some(SystemTime::now() - hour);
        let results = Results::read(&target.0, before).expect("it is well-formed");
        assert_eq!(ids(&results), ["g/f"]);
        assert!(results.latest() > before);

        let after = Some(SystemTime::now() + hour);
        let results = Results::read(&target.0, after).expect("it is well-formed");
        assert_eq!(ids(&results), [""; 0]);
        assert_eq!(results.latest(), None);
    }

    #[test]
    fn nothing_has_run() {
        let target = Target::new("nothing");
        let results = Results::read(&target.0, None).expect("nothing is no error");
        assert_eq!(ids(&results), [""; 0]);
    }

    #[test]
    fn an_error_names_the_file() {
        let target = Target::new("error");
        target.write("figures/memory.json", "[{");
        let error = Results::read(&target.0, None).expect_err("it is cut off");
        assert!(error.to_string().contains("memory.json: EOF"), "{error}");
    }

    #[test]
    fn a_group_is_not_the_start_of_its_name() {
        let life = ["thread_life/a", "thread_life_10k/a"];
        let results: Results = life
            .map(|id| Figure {
                id: id.into(),
                value: 1.0,
                unit: Unit::Nanoseconds,
            })
            .into_iter()
            .collect();
        let rest: Vec<_> = results.of_group("thread_life").collect();
        assert_eq!(rest.len(), 1);
        assert_eq!((rest[0].0, rest[0].1.id.as_str()), ("a", life[0]));
    }

    #[test]
    fn numbers_in_their_own_order() {
        let mut ids = [
            "s/1000_spread",
            "s/1000",
            "s/a",
            "s/200",
            "s/16+4",
            "s/4+16",
        ];
        ids.sort_by(|a, b| natural(a).cmp(&natural(b)));
        assert_eq!(
            ids,
            [
                "s/4+16",
                "s/16+4",
                "s/200",
                "s/1000",
                "s/1000_spread",
                "s/a"
            ]
        );
    }
}
