//! A program of each test's own: a process that listens on loopback, with a
//! folder for what it writes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::PATIENCE;

/// A folder of this test's own; removed when dropped, unless the test fails.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);

        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}-{}-{number}", process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of an entry.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Else it may tell why.
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the program that the environment names as `variable`, and waits
    /// until it `is_ready`. What it prints goes to a file in `folder`.
    pub(crate) fn start(
        variable: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        folder: &Folder,
        is_ready: impl Fn() -> bool,
    ) -> Self {
        Self::start_with(variable, arguments, [], folder, is_ready)
    }

    /// The same, with further variables in the environment of the program.
    pub(crate) fn start_with<'a>(
        variable: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
        folder: &Folder,
        is_ready: impl Fn() -> bool,
    ) -> Self {
        let binary = std::env::var_os(variable)
            .unwrap_or_else(|| panic!("{variable} must name a program: run scripts/interop"));
        let log = folder.at("log");
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let child = Command::new(&binary)
            .args(arguments)
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{variable}={}: {error}", binary.display()));
        let mut process = Self { child, log };
        let has_ended = |process: &mut Self| process.child.try_wait().unwrap().is_some();
        let mut ended = false;
        let is_up = eventually(|| {
            ended = has_ended(&mut process);
            ended || is_ready()
        });
        assert!(is_up && !ended, "{variable}: {}", process.printed());
        process
    }

    fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether `holds` does, at last.
pub(crate) fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
