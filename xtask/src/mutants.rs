//! `cargo xtask mutants`: whether the tests notice when the code that decides who gets what is changed.
//!
//! cargo-mutants finds the changes ([`list`]). All those of a package are built at once ([`weave`], [`build`]), in a copy of the
//! tree ([`mod@copy`]), and then the tests are run with one after the other ([`trial`]). The few that cannot be built so are
//! tried by cargo-mutants itself, each with a build of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::root;
use list::{Mutant, Shard, Subject};
use trial::Verdict;

mod build;
mod copy;
mod list;
mod trial;
mod weave;

const SUBJECTS: [Subject; 3] = [
    Subject {
        package: "openapi-runtime",
        files: &[
            "crates/openapi-runtime/src/strict.rs",
            "crates/openapi-runtime/src/strict/**/*.rs",
        ],
        without: &[],
    },
    Subject {
        package: "kubemint-authn",
        files: &[],
        // What the fuzz targets call, which is no part of a server.
        without: &["crates/kubemint-authn/src/fuzzing/**/*.rs"],
    },
    Subject {
        package: "kubemint-policy",
        files: &[],
        without: &[],
    },
];

/// What CI tries: every so many of each subject.
const SAMPLE: Shard = Shard { which: 7, of: 40 };

/// How long a run of the tests of a package may take where cargo-mutants runs them, in seconds.
const PATIENCE: &str = "300";

/// Checks that the tests notice changes of authentication, policy and the strict decoder. Needs `cargo install --locked
/// cargo-mutants`. MUTANTS.md explains what survives.
#[derive(Debug, Args)]
pub(crate) struct MutantsArgs {
    /// Only a part: `3/8` is the fourth eighth of each package's changes, `0/8` the first. Without it: all of them.
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Only this package.
    #[arg(long, value_name = "PACKAGE")]
    package: Option<String>,
    /// Only changes whose names contain this, such as `src/token/` or `Checker::spend`.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// A few changes of each package, always the same ones, within four minutes: what CI runs.
    #[arg(long, conflicts_with_all = ["shard", "package", "only"])]
    sample: bool,
}

/// How many changes came to which end.
#[derive(Debug, Default)]
struct Counts {
    noticed: usize,
    slow: usize,
    survived: usize,
    broken: usize,
    left: usize,
}

/// Tries the changes of each subject. What came of each is in `target/mutants/PACKAGE/outcomes.txt`.
///
/// # Errors
/// cargo-mutants is not there, the tests fail without a mutant, or a mutant survived that is not in MUTANTS.md.
pub(crate) fn run(args: &MutantsArgs) -> Result<()> {
    let known =
        std::fs::read_to_string(root().join("MUTANTS.md")).context("cannot read MUTANTS.md")?;
    let tree = root().join("target/mutants/tree");
    std::fs::create_dir_all(&tree)?;
    let mut survivors = Vec::new();
    let wanted = |name: &str| {
        args.package
            .as_deref()
            .is_none_or(|package| package == name)
    };
    for subject in SUBJECTS.iter().filter(|subject| wanted(subject.package)) {
        copy::renew(&tree)?;
        let shard = if args.sample {
            Some(SAMPLE)
        } else {
            args.shard
        };
        let mutants = list::chosen(list::mutants(subject)?, shard, &args.only);
        survivors.extend(try_all(subject.package, &mutants, &tree, args.sample)?);
    }
    survivors.retain(|survivor| !explained(survivor, &known));
    if survivors.is_empty() {
        println!("every mutant that was tried is noticed, or explained in MUTANTS.md");
        return Ok(());
    }
    bail!(
        "not noticed, and not explained in MUTANTS.md:\n{}",
        survivors.join("\n")
    )
}

/// Tries the changes of one package, and returns the names of those that no test noticed, or by time alone.
fn try_all(package: &str, mutants: &[Mutant], tree: &Path, quick: bool) -> Result<Vec<String>> {
    if mutants.is_empty() {
        return Ok(Vec::new());
    }
    let (folder, mut counts) = (folder(package), Counts::default());
    std::fs::create_dir_all(&folder)?;
    let mut outcomes = std::fs::File::create(folder.join("outcomes.txt"))?;
    let built = build::build(package, mutants, tree, &root().join("target/mutants/build"))?;
    let home = tree.join("crates").join(package);
    let programs = trial::baseline(&built.programs, &home, &folder.join("reached.txt"))?;
    let mut survivors = Vec::new();
    for (number, mutant) in mutants.iter().enumerate() {
        let (count, word) = if built.broken.contains(&number) {
            (&mut counts.broken, "does not compile".to_owned())
        } else if built.left.contains(&number) {
            (&mut counts.left, "left".to_owned())
        } else {
            match trial::judge(&programs, number, &built.functions)? {
                Verdict::Noticed(by) => (&mut counts.noticed, format!("noticed by {by}")),
                verdict => {
                    survivors.push(mutant.name.clone());
                    eprintln!("{verdict:?}: {}", mutant.name);
                    match verdict {
                        Verdict::Slow => (&mut counts.slow, "noticed by time".to_owned()),
                        _ => (&mut counts.survived, "survived".to_owned()),
                    }
                }
            }
        };
        *count += 1;
        writeln!(outcomes, "{}: {word}", mutant.name)?;
    }
    println!("{package}: {} changes: {counts:?}", mutants.len());
    let left: Vec<&Mutant> = built
        .left
        .iter()
        .filter_map(|number| mutants.get(*number))
        .collect();
    if !quick && !left.is_empty() {
        survivors.extend(one_by_one(package, &left)?);
    }
    Ok(survivors)
}

/// Has cargo-mutants try these, each with a build of its own.
fn one_by_one(package: &str, mutants: &[&Mutant]) -> Result<Vec<String>> {
    let output = folder(package);
    let status = command(package, mutants, &output)
        .status()
        .context("cannot run cargo")?;
    // 2: some survived, 3: some ran out of time. Anything else is no result.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        bail!("{package}: no result: {status}");
    }
    let mut survivors = Vec::new();
    for list in ["missed.txt", "timeout.txt"] {
        let file = output.join("mutants.out").join(list);
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        survivors.extend(text.lines().map(str::to_owned));
    }
    Ok(survivors)
}

fn command(package: &str, mutants: &[&Mutant], output: &Path) -> Command {
    let mut command = Command::new("cargo");
    command
        .args([
            "mutants",
            "--package",
            package,
            "--timeout",
            PATIENCE,
            "--output",
        ])
        .arg(output)
        .env("CARGO_TARGET_DIR", root().join("target/mutants/build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .current_dir(root());
    for mutant in mutants {
        command.args(["--re", &format!("^{}$", escaped(&mutant.name))]);
    }
    command
}

/// As a regular expression that matches just this; `\<` and `\>` would be ends of words.
fn escaped(text: &str) -> String {
    let special = |c: &char| c.is_ascii_punctuation() && !"<>".contains(*c);
    let escape = |c: char| Some(c).filter(special).map(|_| '\\').into_iter().chain([c]);
    text.chars().flat_map(escape).collect()
}

fn folder(package: &str) -> PathBuf {
    root().join("target/mutants").join(package)
}

/// Whether the record explains the mutant. Lines move: it is known by its file and what it does.
fn explained(mutant: &str, known: &str) -> bool {
    let file = mutant.split(':').next().unwrap_or(mutant);
    let what = mutant.splitn(4, ':').nth(3).unwrap_or(mutant).trim();
    known.contains(&format!("`{file}`: `{what}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_is_explained_by_its_file_and_what_it_does_wherever_it_is() {
        let known =
            "- `a/b.rs`: `replace < with <= in Fetcher::fetch`: no two clocks agree so well.";
        let mutant = "a/b.rs:10:48: replace < with <= in Fetcher::fetch";
        assert!(explained(mutant, known) && !explained(mutant, ""));
        assert!(!explained("a/b.rs:1:2: replace f -> bool with true", known));
    }

    #[test]
    fn every_file_of_the_decoder_is_a_subject_in_whatever_folder() {
        let folder = root().join("crates/openapi-runtime/src/strict");
        assert!(folder.join("check/scalar.rs").exists() && folder.with_extension("rs").exists());
        let [file, folders] = SUBJECTS[0].files else {
            panic!("{:?}", SUBJECTS[0].files);
        };
        assert!(file.ends_with("/strict.rs") && folders.ends_with("/strict/**/*.rs"));
    }

    #[test]
    fn a_name_is_asked_for_as_it_is() {
        assert_eq!(escaped("a/b.rs:1: f -> (é)"), r"a\/b\.rs\:1\: f \-> \(é\)");
    }
}
