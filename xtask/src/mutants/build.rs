//! The one build: the tests of a package with all the changes in it, but those that do not compile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::copy;
use super::list::Mutant;
use super::weave::{SWITCH, Woven, weave};

/// How often a build may fail for changes that do not compile: the compiler tells of some only when others are gone.
const ATTEMPTS: usize = 40;

/// What was built.
pub(crate) struct Built {
    /// The programs of tests.
    pub(crate) programs: Vec<PathBuf>,
    /// The function of each change that is in them.
    pub(crate) functions: BTreeMap<usize, usize>,
    /// Those that do not compile.
    pub(crate) broken: BTreeSet<usize>,
    /// Those that cannot be built beside others.
    pub(crate) left: BTreeSet<usize>,
}

/// Builds the tests of `package` in the copy at `tree`, with the changes in it; a change is known by its place in the list.
///
/// # Errors
/// The tests do not build without any change.
pub(crate) fn build(
    package: &str,
    mutants: &[Mutant],
    tree: &Path,
    target: &Path,
) -> Result<Built> {
    let (mut broken, mut left) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..ATTEMPTS {
        let mut files: BTreeMap<&str, Vec<(usize, &Mutant)>> = BTreeMap::new();
        for (number, mutant) in mutants.iter().enumerate() {
            // A file without any is written too, as it was.
            let file = files.entry(&mutant.file).or_default();
            if !broken.contains(&number) && !left.contains(&number) {
                file.push((number, mutant));
            }
        }
        let woven = write(&files, package, tree)?;
        left.extend(woven.values().flat_map(|woven| woven.left.iter().copied()));
        let (programs, errors) = compile(package, tree, target)?;
        if errors.is_empty() {
            let functions = woven.into_values().flat_map(|woven| woven.functions);
            return Ok(Built {
                programs,
                functions: functions.collect(),
                broken,
                left,
            });
        }
        let (these, whole) = blame(&errors, &woven)?;
        broken.extend(these);
        left.extend(whole);
    }
    bail!("{package}: still does not compile after {ATTEMPTS} attempts")
}

/// Writes the files with the changes in them, and the switch that chooses.
fn write<'a>(
    files: &BTreeMap<&'a str, Vec<(usize, &Mutant)>>,
    package: &str,
    tree: &Path,
) -> Result<BTreeMap<&'a str, Woven>> {
    let source = |file: &str| {
        let path = crate::tidy::root().join(file);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut all = BTreeMap::new();
    let lib = format!("crates/{package}/src/lib.rs");
    for (file, mutants) in files {
        let mut woven = weave(&source(file)?, mutants);
        if *file == lib {
            woven.text.push_str(SWITCH);
        }
        copy::write(&tree.join(file), woven.text.as_bytes())?;
        all.insert(*file, woven);
    }
    if !files.contains_key(lib.as_str()) {
        copy::write(&tree.join(&lib), (source(&lib)? + SWITCH).as_bytes())?;
    }
    Ok(all)
}

/// An error of the compiler: what it says, and the files and lines that it is about.
struct Error {
    says: String,
    at: Vec<(String, usize)>,
}

/// The programs of tests, or the errors.
fn compile(package: &str, tree: &Path, target: &Path) -> Result<(Vec<PathBuf>, Vec<Error>)> {
    let output = Command::new("cargo")
        .args([
            "test",
            "--no-run",
            "--lib",
            "--tests",
            "--message-format",
            "json",
            "--package",
            package,
        ])
        .env("CARGO_TARGET_DIR", target)
        // They are built to be run, and nobody steps through them.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .current_dir(tree)
        .output()
        .context("cannot run cargo")?;
    let (mut programs, mut errors) = (Vec::new(), Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        match message["reason"].as_str() {
            Some("compiler-artifact") if message["profile"]["test"] == true => {
                programs.extend(message["executable"].as_str().map(PathBuf::from));
            }
            Some("compiler-message") if message["message"]["level"] == "error" => {
                let mut at = Vec::new();
                places(&message["message"]["spans"], &mut at);
                let says = message["message"]["rendered"].as_str().unwrap_or_default();
                errors.push(Error {
                    says: says.to_owned(),
                    at,
                });
            }
            _ => {}
        }
    }
    // The last words of a build that failed, "aborting due to 3 errors", are about no place.
    errors.retain(|error| !error.at.is_empty());
    if errors.is_empty() && !output.status.success() {
        bail!(
            "{package}: does not build: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok((programs, errors))
}

/// The places of an error: where it is, before where else it looked, and through macros to where they are called.
fn places(spans: &Value, into: &mut Vec<(String, usize)>) {
    let mut spans: Vec<&Value> = spans
        .as_array()
        .map(|list| list.iter().collect())
        .unwrap_or_default();
    spans.sort_by_key(|span| span["is_primary"] != true);
    for span in spans {
        let mut span = span;
        while span.is_object() {
            if let (Some(file), Some(line)) =
                (span["file_name"].as_str(), span["line_start"].as_u64())
            {
                into.push((file.to_owned(), line as usize));
            }
            span = &span["expansion"]["span"];
        }
    }
}

/// The changes that the errors are about; and where an error is about none, all those of the files it looks at, which are
/// tried one by one.
fn blame(
    errors: &[Error],
    woven: &BTreeMap<&str, Woven>,
) -> Result<(BTreeSet<usize>, BTreeSet<usize>)> {
    let (mut these, mut whole) = (BTreeSet::new(), BTreeSet::new());
    for error in errors {
        let change = error.at.iter().find_map(|(file, line)| {
            let lines = &woven.get(file.as_str())?.lines;
            lines
                .iter()
                .find(|(range, _)| range.contains(line))
                .map(|(_, number)| *number)
        });
        match change {
            Some(number) => {
                these.insert(number);
            }
            None => {
                let near = error.at.iter().find_map(|(file, line)| {
                    let woven = woven.get(file.as_str())?;
                    // The body that was comes after its changes.
                    let (_, last) = woven.lines.iter().rfind(|(range, _)| range.end <= *line)?;
                    let function = woven.functions.get(last)?;
                    Some(
                        woven
                            .functions
                            .iter()
                            .filter(move |(_, of)| *of == function)
                            .map(|(number, _)| *number),
                    )
                });
                match near {
                    Some(numbers) => whole.extend(numbers),
                    None => bail!("does not build:\n{}", error.says),
                }
            }
        }
    }
    Ok((these, whole))
}
