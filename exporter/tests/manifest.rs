//! `metrics.json`: what is written, what is kept, what is found stale, and what
//! the command says about it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use pqcnet_telemetry::core::component::{Descriptor, Label, Level, Options};
use pqcnet_telemetry::core::{
    Counter, Family, Gauge, Histogram, Kind, UpDownCounter, instruments, label_set,
};
use pqcnet_telemetry::manifest::{self, Difference, Manifest, ManifestError};
use proptest::prelude::*;
use tempfile::TempDir;

#[path = "../../examples/relayer/instruments.rs"]
mod instruments;

label_set! {
    enum Lane: "lane" {
        Slow = "slow",
        Fast = "fast",
    }
}

instruments! {
    /// One of each shape.
    struct Relayer {
        /// Time a message
        /// waits, "as is".
        #[name = "relayer.wait", unit = "s", decimals = 6, level = debug, group = "Latency"]
        wait: Histogram,
        /// Messages taken in.
        #[name = "relayer.ingest", unit = "{message}", level = warn, labels = ["peer"]]
        ingest: Counter,
        /// Messages by lane.
        #[name = "relayer.lanes", unit = "{message}"]
        lanes: Family<Lane, Counter>,
        /// Clients now.
        #[name = "relayer.connections", deprecated = "use relayer.sessions"]
        connections: UpDownCounter,
    }
}

const GOLDEN: &str = r#"[
  {
    "name": "relayer.connections",
    "kind": "up_down_counter",
    "unit": "",
    "description": "Clients now.",
    "labels": {},
    "level": "info",
    "group": null,
    "deprecated": true,
    "deprecated_reason": "use relayer.sessions"
  },
  {
    "name": "relayer.ingest",
    "kind": "counter",
    "unit": "{message}",
    "description": "Messages taken in.",
    "labels": {
      "peer": null
    },
    "level": "warn",
    "group": null,
    "deprecated": false
  },
  {
    "name": "relayer.lanes",
    "kind": "counter",
    "unit": "{message}",
    "description": "Messages by lane.",
    "labels": {
      "lane": [
        "slow",
        "fast"
      ]
    },
    "level": "info",
    "group": null,
    "deprecated": false
  },
  {
    "name": "relayer.wait",
    "kind": "histogram",
    "unit": "s",
    "description": "Time a message waits, \"as is\".",
    "labels": {},
    "level": "debug",
    "group": "Latency",
    "deprecated": false
  }
]
"#;

const A: Descriptor = Descriptor::of::<Counter>("a", "The first.", Options::DEFAULT);
const B: Descriptor = Descriptor::of::<Gauge>("b", "The second.", Options::DEFAULT);
const B_IN_MS: Descriptor = Descriptor::of::<Gauge>(
    "b",
    "The second.",
    Options {
        unit: "ms",
        level: Level::Warn,
        ..Options::DEFAULT
    },
);

struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("metrics.json")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn command(&self, components: &[&[Descriptor]], options: &[&str]) -> ExitCode {
        let options = options.iter().map(Into::into);
        let args = [PathBuf::from("bin/metrics_json")]
            .into_iter()
            .chain(options);
        manifest::command(components, args.chain([self.path()]))
    }

    /// What a check has to say against `descriptors`.
    fn complaint(&self, descriptors: &[Descriptor]) -> Option<String> {
        let checked = Manifest::new(&[descriptors]).unwrap().check(self.path());
        checked.err().map(|error| error.to_string())
    }

    /// Nothing was left beside the file.
    fn assert_alone(&self) {
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 1);
    }
}

/// What a check says, without the path.
fn lines(complaint: Option<String>) -> Vec<String> {
    let complaint = complaint.expect("it is stale");
    complaint.lines().skip(1).map(Into::into).collect()
}

#[test]
fn the_file_is_as_documented() {
    let folder = Folder::new();
    let manifest = Manifest::new(&[Relayer::DESCRIPTORS]).unwrap();
    let differences = manifest.write(folder.path()).unwrap();
    assert_eq!(folder.text(), GOLDEN);
    let added: Vec<_> = differences.iter().map(ToString::to_string).collect();
    let names = ["connections", "ingest", "lanes", "wait"];
    assert_eq!(added, names.map(|name| format!("+ relayer.{name}")));
    assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
    manifest.check(folder.path()).unwrap();
    folder.assert_alone();
    // Whatever the order of the components.
    let (one, other) = Relayer::DESCRIPTORS.split_at(2);
    assert_eq!(Manifest::new(&[other, one]).unwrap(), manifest);
}

#[test]
fn the_file_of_the_relayer_example_is_current() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/relayer/metrics.json"
    );
    let manifest = Manifest::new(&[instruments::RelayerMetrics::DESCRIPTORS]).unwrap();
    manifest.check(path).unwrap();
    assert_eq!(manifest.entries().len(), 7);
}

#[test]
fn a_file_that_is_current_is_left_alone() {
    let folder = Folder::new();
    let manifest = Manifest::new(&[&[A, B]]).unwrap();
    manifest.write(folder.path()).unwrap();
    let written = fs::metadata(folder.path()).unwrap();
    assert_eq!(manifest.write(folder.path()).unwrap(), []);
    let after = fs::metadata(folder.path()).unwrap();
    assert_eq!(written.modified().unwrap(), after.modified().unwrap());
}

#[test]
fn a_check_names_what_is_new_and_what_has_changed() {
    let folder = Folder::new();
    folder.command(&[&[B]], &[]);
    assert_eq!(folder.complaint(&[B]), None);
    assert_eq!(
        lines(folder.complaint(&[A, B_IN_MS])),
        [
            "+ a",
            r#"~ b: unit "" -> "ms""#,
            r#"~ b: level "info" -> "warn""#
        ]
    );
    assert_eq!(
        folder.command(&[&[A], &[B_IN_MS]], &["--check"]),
        ExitCode::FAILURE
    );
    assert_eq!(Manifest::read(folder.path()).unwrap().entries().len(), 1);
    assert_eq!(folder.command(&[&[A], &[B_IN_MS]], &[]), ExitCode::SUCCESS);
    assert_eq!(
        folder.command(&[&[A], &[B_IN_MS]], &["--check"]),
        ExitCode::SUCCESS
    );
}

#[test]
fn what_vanishes_stays_deprecated_until_it_comes_back() {
    let folder = Folder::new();
    folder.command(&[&[A, B]], &[]);
    assert_eq!(
        lines(folder.complaint(&[A])),
        ["- b: not declared any more"]
    );
    let manifest = Manifest::new(&[&[A]]).unwrap();
    let vanished = Difference::Vanished { name: "b".into() };
    assert_eq!(manifest.write(folder.path()).unwrap(), [vanished]);

    let committed = Manifest::read(folder.path()).unwrap();
    let [a, b] = &*committed.entries().collect::<Vec<_>>() else {
        panic!("{committed:?}")
    };
    assert!(!a.deprecated && b.deprecated);
    assert_eq!(b.deprecated_reason.as_deref(), Some("no longer recorded"));
    assert_eq!((b.kind, &*b.description), (Kind::Gauge, "The second."));
    assert_eq!(folder.complaint(&[A]), None, "once is enough");

    assert_eq!(
        lines(folder.complaint(&[A, B])),
        [
            "~ b: deprecated true -> false",
            r#"~ b: deprecated_reason "no longer recorded" -> null"#
        ]
    );
    folder.command(&[&[A, B]], &[]);
    assert_eq!(
        Manifest::read(folder.path()).unwrap(),
        Manifest::new(&[&[A, B]]).unwrap()
    );
}

#[test]
fn what_vanishes_deprecated_keeps_its_reason() {
    let folder = Folder::new();
    folder.command(&[Relayer::DESCRIPTORS], &[]);
    let rest = &Relayer::DESCRIPTORS[..3];
    assert_eq!(folder.complaint(rest), None);
    folder.command(&[rest], &[]);
    assert_eq!(folder.text(), GOLDEN);
}

#[test]
fn a_file_that_is_only_formatted_otherwise_is_stale() {
    let folder = Folder::new();
    fs::write(folder.path(), GOLDEN.trim_end()).unwrap();
    let complaint = folder.complaint(Relayer::DESCRIPTORS).unwrap();
    assert!(
        complaint.ends_with("formatted or ordered otherwise"),
        "{complaint}"
    );
    folder.command(&[Relayer::DESCRIPTORS], &[]);
    assert_eq!(folder.text(), GOLDEN);
}

#[test]
fn a_missing_file_is_said_and_then_written() {
    let folder = Folder::new();
    let error = Manifest::read(folder.path()).unwrap_err();
    assert!(matches!(error, ManifestError::Missing { .. }), "{error}");
    let complaint = folder.complaint(&[A]).unwrap();
    assert!(complaint.contains("metrics.json"), "{complaint}");
    assert_eq!(folder.command(&[&[A]], &["--check"]), ExitCode::FAILURE);
    assert!(!folder.path().exists());
    assert_eq!(folder.command(&[&[A]], &[]), ExitCode::SUCCESS);
    assert!(folder.path().exists());
}

#[test]
fn what_is_no_manifest_is_not_written_over() {
    let unknown = GOLDEN.replace(r#""level": "debug""#, r#""level": "loud""#);
    let other_kind = GOLDEN.replace(r#""histogram""#, r#""summary""#);
    let more = GOLDEN.replace(r#""unit": "s""#, r#""unit": "s", "colour": "red""#);
    let twice = GOLDEN.replace("relayer.wait", "relayer.lanes");
    for (text, culprit) in [
        ("", "line 1"),
        ("{}", "line 1"),
        (
            &unknown,
            "level \"loud\": it is one of off, warn, info, debug",
        ),
        (&other_kind, "kind \"summary\""),
        (&more, "colour"),
        (&twice, "two entries of \"relayer.lanes\""),
        (&GOLDEN[..GOLDEN.len() / 2], "EOF"),
    ] {
        let folder = Folder::new();
        fs::write(folder.path(), text).unwrap();
        let error = Manifest::new(&[&[A]])
            .unwrap()
            .write(folder.path())
            .unwrap_err();
        let message = error.to_string();
        assert!(message.contains(culprit), "{culprit:?} in {message:?}");
        assert!(message.contains("metrics.json"), "{message}");
        assert_eq!(folder.command(&[&[A]], &[]), ExitCode::FAILURE);
        assert_eq!(folder.command(&[&[A]], &["--check"]), ExitCode::FAILURE);
        assert_eq!(folder.text(), text);
        folder.assert_alone();
    }
}

#[test]
fn components_that_contradict_each_other_are_named() {
    const COUNTER: Descriptor = Descriptor::of::<Counter>("b", "The second.", Options::DEFAULT);
    const BY_PEER: Options = Options {
        labels: &[Label::open("peer")],
        ..Options::DEFAULT
    };
    let by_peer = Descriptor::of::<Gauge>("b", "The second.", BY_PEER);
    for (other, expected) in [
        (
            COUNTER,
            r#""b" is declared twice, with kind "gauge" and with kind "counter""#,
        ),
        (
            B_IN_MS,
            r#""b" is declared twice, with unit "" and with unit "ms""#,
        ),
        (
            by_peer,
            r#""b" is declared twice, with labels {} and with labels {"peer":null}"#,
        ),
    ] {
        let error = Manifest::new(&[&[A, B], &[other]]).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let folder = Folder::new();
        assert_eq!(folder.command(&[&[A, B], &[other]], &[]), ExitCode::FAILURE);
        assert!(!folder.path().exists());
    }
}

#[test]
fn components_may_share_an_instrument() {
    let described = Descriptor::of::<Gauge>("b", "The second, in full.", Options::DEFAULT);
    for components in [[&[B][..], &[described]], [&[described], &[B]]] {
        let manifest = Manifest::new(&components).unwrap();
        let descriptions: Vec<_> = manifest
            .entries()
            .map(|entry| &*entry.description)
            .collect();
        assert_eq!(descriptions, ["The second, in full."]);
    }
}

#[test]
fn a_path_that_can_not_be_written_is_named() {
    let folder = Folder::new();
    let nowhere = folder.path().join("below").join("metrics.json");
    fs::write(folder.path(), "a file, not a folder").unwrap();
    let error = Manifest::new(&[&[A]]).unwrap().write(&nowhere).unwrap_err();
    assert!(error.to_string().contains("below"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    let error = Manifest::new(&[&[A]]).unwrap().write(folder.folder.path());
    assert!(
        matches!(error, Err(ManifestError::Read { .. })),
        "{error:?}"
    );
}

#[test]
fn arguments_that_are_none_have_a_status_of_their_own() {
    let folder = Folder::new();
    let usage = ExitCode::from(2);
    assert_eq!(folder.command(&[&[A]], &["--chek"]), usage);
    assert_eq!(folder.command(&[&[A]], &["another"]), usage);
    assert_eq!(manifest::command(&[&[A]], ["metrics_json"]), usage);
    assert_eq!(
        manifest::command(&[&[A]], ["metrics_json", "--check"]),
        usage
    );
    assert_eq!(manifest::command(&[&[A]], Vec::<String>::new()), usage);
    assert!(!folder.path().exists());
    assert_eq!(folder.command(&[&[A]], &["--help"]), ExitCode::SUCCESS);
    assert!(!folder.path().exists());
    // A path may look like an option, behind `--`.
    assert_eq!(folder.command(&[&[A]], &["--"]), ExitCode::SUCCESS);
    assert!(folder.path().exists());
}

/// Of names `a` to `f`; two units, so that they change.
fn components() -> impl Strategy<Value = Vec<Descriptor>> {
    let named = proptest::sample::subsequence(vec!["a", "b", "c", "d", "e", "f"], 0..=6);
    (named, any::<bool>()).prop_map(|(names, is_ms)| {
        let options = Options {
            unit: if is_ms { "ms" } else { "s" },
            ..Options::DEFAULT
        };
        let of = |name: &'static str| Descriptor::of::<Counter>(name, "Doc.", options);
        names.into_iter().map(of).collect()
    })
}

proptest! {
    /// Through any history of declarations: after each write the file is
    /// current, has every name there ever was once, in order, and those and
    /// only those that are declared now are in use.
    #[test]
    fn no_name_is_ever_lost(history in proptest::collection::vec(components(), 1..6)) {
        let folder = Folder::new();
        let mut ever = std::collections::BTreeSet::new();
        for declared in &history {
            let manifest = Manifest::new(&[declared]).unwrap();
            let is_stale = manifest.check(folder.path()).is_err();
            let before = fs::read_to_string(folder.path()).ok();
            manifest.write(folder.path()).unwrap();
            prop_assert_eq!(is_stale, before != Some(folder.text()));
            prop_assert!(manifest.check(folder.path()).is_ok());

            ever.extend(declared.iter().map(|descriptor| descriptor.name));
            let committed = Manifest::read(folder.path()).unwrap();
            let found: Vec<_> = committed.entries().map(|e| (&*e.name, e.deprecated)).collect();
            let is_declared = |name: &str| declared.iter().any(|d| d.name == name);
            let expected: Vec<_> = ever.iter().map(|name| (*name, !is_declared(name))).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
