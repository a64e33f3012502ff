//! `cargo xtask fuzz`: every fuzz target for a bounded time, on the pinned toolchain.
//!
//! It builds as cargo-fuzz does, but for the address sanitizer, which only nightly Rust has and which is of little use to crates
//! that forbid unsafe code. So a machine needs neither nightly Rust nor cargo-fuzz; a C++ compiler builds libFuzzer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// How many targets run at a time: each has a core.
const SIDE_BY_SIDE: usize = 2;
/// The most memory that one input may need, in MiB, and the most seconds.
const MEMORY: u32 = 2048;
const TIMEOUT: u32 = 10;
/// The longest input that is made up, in bytes; seeds may be longer, and are cut.
const LONGEST: u32 = 32 * 1024;

/// Fuzzes everything that reads what strangers send: no panic, no hang, bounded memory. An input that does harm is kept in
/// target/fuzz/found/TARGET.
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

/// Builds the targets, and runs them, also after one found something.
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
    let wanted = |target: &&Target| args.targets.is_empty() || args.targets.contains(&target.name);
    let wanted: Vec<&Target> = targets.iter().filter(wanted).collect();
    for (krate, _) in CRATES {
        let krate = root().join(krate);
        let of_it = wanted.iter().filter(|target| target.krate == krate);
        build(&krate, &of_it.copied().collect::<Vec<_>>())?;
    }
    let found = side_by_side(&wanted, args.seconds)?;
    if !found.is_empty() {
        bail!("found something: {}", found.join(", "));
    }
    println!("{} s each: nothing found", args.seconds);
    Ok(())
}

/// Runs the targets, a few at a time, and returns the names of those that found something.
fn side_by_side(targets: &[&Target], seconds: u32) -> Result<Vec<String>> {
    let (next, outcomes) = (Mutex::new(targets.iter()), Mutex::new(Vec::new()));
    let work = || loop {
        let target = lock(&next).next();
        let Some(target) = target else { return };
        eprintln!("== {} of {}", target.name, target.krate.display());
        let outcome = target.run(seconds);
        lock(&outcomes).push((target.name.clone(), outcome));
    };
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(work);
        }
    });
    let mut found = Vec::new();
    for (name, outcome) in outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        if !outcome? {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Builds targets of one crate, all by one command: the last crates before them are built by one core each.
fn build(krate: &Path, targets: &[&Target]) -> Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    // The workspace's versions are what is fuzzed; cargo adds libFuzzer's.
    std::fs::copy(root().join("Cargo.lock"), krate.join("Cargo.lock"))?;
    let names = targets.iter().map(|target| target.name.as_str());
    let built = cargo("build", krate, names).status()?;
    if !built.success() {
        bail!("the targets of {} do not build: {built}", krate.display());
    }
    Ok(())
}

fn cargo<'a>(task: &str, krate: &Path, targets: impl Iterator<Item = &'a str>) -> Command {
    let mut command = Command::new("cargo");
    command.args([task, "--quiet", "--release", "--target", "host-tuple"]);
    for target in targets {
        command.args(["--bin", target]);
    }
    command
        .arg("--manifest-path")
        .arg(krate.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder().join("build"))
        .current_dir(root())
        .env("RUSTFLAGS", FLAGS);
    command
}

fn folder() -> PathBuf {
    root().join("target/fuzz")
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
        let (grown, found) = (
            folder().join("grown").join(&self.name),
            folder().join("found").join(&self.name),
        );
        for folder in [&grown, &found] {
            std::fs::create_dir_all(folder)?;
        }
        let mut command = cargo("run", &self.krate, std::iter::once(self.name.as_str()));
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
