//! `cargo xtask fuzz`: every fuzz target for a bounded time, on the pinned toolchain.
//!
//! It builds as cargo-fuzz does, but for the address sanitizer, which only nightly Rust has and which is of little use to crates
//! that forbid unsafe code. So a machine needs neither nightly Rust nor cargo-fuzz; a C++ compiler builds libFuzzer.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::root;

/// The fuzz crates, each with the folder of documents that every target starts from beside its own corpus, if there is one.
const CRATES: [(&str, Option<&str>); 2] = [
    (
        "crates/openapi-document/fuzz",
        Some("crates/openapi-to-dropshot/tests/accept"),
    ),
    ("crates/kubemint-authn/fuzz", None),
];

/// Code that counts which of its branches were taken, as libFuzzer asks for it, and overflow that panics.
const FLAGS: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The most memory that one input may need, in MiB, and the most seconds.
const MEMORY: u32 = 2048;
const TIMEOUT: u32 = 10;
/// The longest input that is made up, in bytes; seeds may be longer, and are cut.
const LONGEST: u32 = 32 * 1024;

/// Puts made-up input before everything that reads what strangers send: no panic, no hang, memory bounded. An input that does
/// harm is kept in target/fuzz/found/TARGET.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// How long each target runs, in seconds; building is not counted.
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,
    /// Only these targets; by default all.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

/// One target of a fuzz crate.
struct Target {
    name: String,
    krate: PathBuf,
    seeds: Vec<PathBuf>,
}

/// Runs the targets one after the other, also after one found something.
///
/// # Errors
/// One does not build, found something, or is unknown.
pub(crate) fn run(args: &FuzzArgs) -> Result<()> {
    let targets = targets(&root())?;
    let known: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    if let Some(unknown) = args
        .targets
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        bail!("there is no target `{unknown}`, only {}", known.join(", "));
    }
    let mut found = Vec::new();
    for target in &targets {
        if args.targets.is_empty() || args.targets.contains(&target.name) {
            eprintln!("== {} of {}", target.name, target.krate.display());
            if !target.run(args.seconds)? {
                found.push(target.name.as_str());
            }
        }
    }
    if !found.is_empty() {
        bail!("found something: {}", found.join(", "));
    }
    println!("{} s each: nothing found", args.seconds);
    Ok(())
}

/// The targets of all crates: the files of their `fuzz_targets`.
fn targets(root: &Path) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for (krate, documents) in CRATES {
        let krate = root.join(krate);
        let folder = krate.join("fuzz_targets");
        let files = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        let mut names = Vec::new();
        for file in files {
            let path = file?.path();
            if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        targets.extend(names.into_iter().map(|name| {
            let own = Some(krate.join("corpus").join(&name)).filter(|folder| folder.is_dir());
            let documents = documents.map(|folder| root.join(folder));
            Target {
                name,
                krate: krate.clone(),
                seeds: own.into_iter().chain(documents).collect(),
            }
        }));
    }
    Ok(targets)
}

impl Target {
    /// Whether nothing was found in `seconds`.
    fn run(&self, seconds: u32) -> Result<bool> {
        let folder = root().join("target/fuzz");
        let (grown, found) = (
            folder.join("grown").join(&self.name),
            folder.join("found").join(&self.name),
        );
        for folder in [&grown, &found] {
            std::fs::create_dir_all(folder)?;
        }
        // The workspace's versions are what is fuzzed; cargo adds libFuzzer's.
        std::fs::copy(root().join("Cargo.lock"), self.krate.join("Cargo.lock"))?;
        let build = self.cargo("build", &folder).status()?;
        if !build.success() {
            bail!("`{}` does not build: {build}", self.name);
        }
        let mut command = self.cargo("run", &folder);
        command.arg("--").arg(grown).args(&self.seeds);
        command.args([
            format!("-max_total_time={seconds}"),
            format!("-rss_limit_mb={MEMORY}"),
            format!("-timeout={TIMEOUT}"),
            format!("-max_len={LONGEST}"),
            format!("-artifact_prefix={}/", found.display()),
            "-print_final_stats=1".to_owned(),
        ]);
        let dictionary = self.krate.join("dictionary");
        if dictionary.is_file() {
            command.arg(format!("-dict={}", dictionary.display()));
        }
        Ok(command.status().context("cannot run cargo")?.success())
    }

    fn cargo(&self, task: &str, folder: &Path) -> Command {
        let mut command = Command::new("cargo");
        command
            .args([
                task,
                "--quiet",
                "--release",
                "--target",
                "host-tuple",
                "--bin",
            ])
            .arg(&self.name)
            .arg("--manifest-path")
            .arg(self.krate.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(folder.join("build"))
            .current_dir(root())
            .env("RUSTFLAGS", FLAGS);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_something_to_start_from() {
        let targets = targets(&root()).unwrap();
        assert!(targets.iter().any(|target| target.name == "generate"));
        for target in targets {
            assert!(!target.seeds.is_empty(), "{}", target.name);
            assert!(target.seeds.iter().all(|folder| folder.is_dir()));
        }
    }
}
