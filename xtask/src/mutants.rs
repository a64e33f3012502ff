//! `cargo xtask mutants`: whether the tests notice when the code that decides who gets what is changed.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::root;

/// What is mutated: a package, the files of it (all if none), and how long a run of its tests may take, in seconds.
const SUBJECTS: [(&str, &[&str], u32); 3] = [
    ("kubemint-authn", &[], 150),
    (
        "openapi-runtime",
        &[
            "crates/openapi-runtime/src/strict.rs",
            "crates/openapi-runtime/src/strict/**/*.rs",
        ],
        150,
    ),
    ("kubemint-policy", &[], 300),
];

/// What CI tries: four mutants of the strict decoder, spread over its files. It has the fewest dependencies.
const SAMPLE: (&str, &str) = ("openapi-runtime", "7/133");

/// Whether the tests notice changes of authentication, policy and the strict decoder. Needs `cargo install --locked
/// cargo-mutants`. What survives, and why, is in MUTANTS.md.
#[derive(Debug, Args)]
pub(crate) struct MutantsArgs {
    /// Only one of so many: `3/8` is the fourth eighth of the mutants of each subject. Without it: all of them, for hours.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Only this package.
    #[arg(long, value_name = "PACKAGE")]
    package: Option<String>,
    /// A few mutants of the strict decoder, always the same: what CI runs, within three minutes.
    #[arg(long, conflicts_with_all = ["shard", "package"])]
    sample: bool,
}

impl MutantsArgs {
    fn package(&self) -> Option<&str> {
        let sample = self.sample.then_some(SAMPLE.0);
        sample.or(self.package.as_deref())
    }

    fn shard(&self) -> Option<&str> {
        let sample = self.sample.then_some(SAMPLE.1);
        sample.or(self.shard.as_deref())
    }
}

/// Runs cargo-mutants on each subject, and tells which had survivors. The lists are in `target/mutants/PACKAGE`.
///
/// # Errors
/// The program is not there, the tests fail without a mutant, or a mutant survived that is not in MUTANTS.md.
pub(crate) fn run(args: &MutantsArgs) -> Result<()> {
    let known =
        std::fs::read_to_string(root().join("MUTANTS.md")).context("cannot read MUTANTS.md")?;
    let mut survivors = Vec::new();
    let wanted = |name: &str| args.package().is_none_or(|package| package == name);
    for subject in SUBJECTS.iter().filter(|(name, ..)| wanted(name)) {
        // cargo-mutants makes the last folder of its output, and not those above it.
        let output = folder(subject.0);
        std::fs::create_dir_all(&output)
            .with_context(|| format!("cannot make {}", output.display()))?;
        let status = command(subject, args.shard())
            .status()
            .context("cannot run cargo")?;
        // 2: some survived, 3: some ran out of time. Anything else is no result.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            bail!(
                "{}: no result: {status} (is cargo-mutants installed?)",
                subject.0
            );
        }
        for list in ["missed.txt", "timeout.txt"] {
            let file = output.join("mutants.out").join(list);
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            survivors.extend(unexplained(&text, &known));
        }
    }
    if survivors.is_empty() {
        println!("every mutant that was tried is noticed, or explained in MUTANTS.md");
        return Ok(());
    }
    bail!(
        "not noticed, and not explained in MUTANTS.md:\n{}",
        survivors.join("\n")
    )
}

fn folder(package: &str) -> std::path::PathBuf {
    root().join("target/mutants").join(package)
}

fn command((package, files, timeout): &(&str, &[&str], u32), shard: Option<&str>) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["mutants", "--package", package, "--timeout"])
        .arg(timeout.to_string())
        .arg("--output")
        .arg(folder(package))
        // Nothing of what is mutated is built where the tree itself is.
        .env("CARGO_TARGET_DIR", root().join("target/mutants/build"))
        // Each is built to be run once, and nobody steps through it.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .current_dir(root());
    for file in *files {
        command.args(["--file", file]);
    }
    match shard {
        // In turns, so that each shard has some of every file.
        Some(shard) => command.args(["--shard", shard, "--sharding", "round-robin"]),
        // So that a run which is broken off has tried some of every file, too.
        None => command.arg("--shuffle"),
    };
    command
}

/// The mutants of a list that the record does not explain. Lines move: a mutant is known by its file and what it does.
fn unexplained(list: &str, known: &str) -> Vec<String> {
    let explained = |mutant: &&str| {
        let file = mutant.split(':').next().unwrap_or(mutant);
        let what = mutant.splitn(4, ':').nth(3).unwrap_or(mutant).trim();
        known.contains(&format!("`{file}`: `{what}`"))
    };
    list.lines()
        .filter(|line| !line.is_empty() && !explained(line))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_is_explained_by_its_file_and_what_it_does_wherever_it_is() {
        let list = "a/b.rs:10:48: replace < with <= in Fetcher::fetch\na/b.rs:1:2: replace f -> bool with true\n";
        let known =
            "- `a/b.rs`: `replace < with <= in Fetcher::fetch`: no two clocks agree so well.";
        assert_eq!(
            unexplained(list, known),
            ["a/b.rs:1:2: replace f -> bool with true"]
        );
        assert_eq!(unexplained(list, "").len(), 2);
        assert_eq!(unexplained("", "").len(), 0);
    }

    #[test]
    fn every_file_of_the_decoder_is_a_subject_in_whatever_folder() {
        let (_, patterns, _) = SUBJECTS[1];
        let folder = root().join("crates/openapi-runtime/src/strict");
        assert!(folder.join("check/scalar.rs").exists() && folder.with_extension("rs").exists());
        let [file, folders] = patterns else {
            panic!("{patterns:?}");
        };
        assert!(file.ends_with("/strict.rs") && folders.ends_with("/strict/**/*.rs"));
    }

    #[test]
    fn the_sample_is_a_shard_of_a_subject() {
        let sample = MutantsArgs {
            shard: None,
            package: None,
            sample: true,
        };
        assert!(
            SUBJECTS
                .iter()
                .any(|(name, ..)| Some(*name) == sample.package())
        );
        let (which, of) = sample.shard().unwrap().split_once('/').unwrap();
        assert!(which.parse::<u32>().unwrap() < of.parse::<u32>().unwrap());
    }

    #[test]
    fn a_shard_is_asked_for_only_where_one_is_named() {
        let has = |shard, wanted: &str| {
            let command = command(&SUBJECTS[1], shard);
            command.get_args().any(|argument| argument == wanted)
        };
        assert!(has(Some("0/8"), "--shard") && !has(Some("0/8"), "--shuffle"));
        assert!(!has(None, "--shard") && has(None, "--shuffle"));
    }
}
