//! The command: arguments in, an exit code out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pqcnet_telemetry_core::component::Descriptor;

use super::Manifest;
use super::error::ManifestError;

/// What was asked for.
enum Request {
    Write(PathBuf),
    Check(PathBuf),
    Help,
}

/// Writes the manifest of `components`, or checks it: `main` of a program that
/// has nothing else to do.
///
/// `args` are the program's own, its name first, and then `[--check] PATH`.
/// Says what it has done or found. The code is 0 for a file that was written or
/// is current, 1 for one that is not current, not there or not to be read or
/// written, and for components that contradict each other; 2 for arguments that
/// are none.
pub fn command(
    components: &[&[Descriptor]],
    args: impl IntoIterator<Item = impl Into<OsString>>,
) -> ExitCode {
    let mut args = args.into_iter().map(Into::into);
    let program = args.next().map(PathBuf::from).unwrap_or_default();
    let program = program.file_stem().map_or("metrics_json".into(), |stem| {
        stem.to_string_lossy().into_owned()
    });
    let request = match parse(args) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("{program}: {message}\n{}", usage(&program));
            return ExitCode::from(2);
        }
    };
    match run(components, &request) {
        Ok(Some(said)) => println!("{said}"),
        Ok(None) => println!("{}", usage(&program)),
        Err(error) => {
            eprintln!("{program}: {error}");
            if let (
                ManifestError::Stale { .. } | ManifestError::Missing { .. },
                Request::Check(path),
            ) = (&error, &request)
            {
                let path = path.display();
                eprintln!("{program}: without --check it writes {path}, to be committed");
            }
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn usage(program: &str) -> String {
    format!(
        "usage: {program} [--check] PATH\n\n\
         Writes what this program records to PATH, as JSON. Metrics that PATH has and the\n\
         program declares no more are kept there, deprecated.\n\n  \
         --check   write nothing; fail where PATH is not current, and say in what\n  \
         --help    print this"
    )
}

fn parse(args: impl Iterator<Item = OsString>) -> Result<Request, String> {
    let (mut is_check, mut path) = (false, None);
    let mut are_options = true;
    for argument in args {
        match argument.to_str() {
            Some("--") if are_options => are_options = false,
            Some("--check") if are_options => is_check = true,
            Some("--help" | "-h") if are_options => return Ok(Request::Help),
            Some(option) if are_options && option.starts_with('-') => {
                return Err(format!("unknown option {option:?}"));
            }
            _ if path.is_some() => {
                return Err(format!("unexpected argument {}", argument.display()));
            }
            _ => path = Some(PathBuf::from(argument)),
        }
    }
    match path {
        Some(path) if is_check => Ok(Request::Check(path)),
        Some(path) => Ok(Request::Write(path)),
        None => Err("PATH is missing".into()),
    }
}

/// What there is to say; `None` where it is the usage.
fn run(components: &[&[Descriptor]], request: &Request) -> Result<Option<String>, ManifestError> {
    let said = match request {
        Request::Help => return Ok(None),
        Request::Check(path) => {
            Manifest::new(components)?.check(path)?;
            is_current(path)
        }
        Request::Write(path) => {
            let differences = Manifest::new(components)?.write(path)?;
            if differences.is_empty() {
                is_current(path)
            } else {
                let lines = differences.iter().map(|line| format!("\n{line}"));
                format!(
                    "{} is written:{}",
                    path.display(),
                    lines.collect::<String>()
                )
            }
        }
    };
    Ok(Some(said))
}

fn is_current(path: &Path) -> String {
    format!("{} is current", path.display())
}
