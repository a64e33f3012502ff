//! `cargo xtask bench gen`: what generating costs, beside other generators on the same documents in the same run.
//!
//! Each run is a process of its own; what is told is its processor time (user and system), the least of several runs.

mod documents;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tidy::root;

/// How often each is run; the least counts, since whatever else the machine does only adds.
const RUNS: usize = 5;
/// The peer that writes Rust from OpenAPI fastest among those that write servers.
const PEER: (&str, &str) = ("openapi-to-rust", "0.23");

/// Arguments of `bench gen`.
#[derive(Parser)]
#[command(name = "gen")]
struct GenBenchArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leave out how long the generated code takes to check.
    #[arg(long)]
    no_check: bool,
    /// Leave out openapi-to-rust, which is built from the registry.
    #[arg(long)]
    no_peer: bool,
}

/// Processor seconds of one subject on one document.
#[derive(Debug, Clone, Serialize)]
struct Figure {
    document: String,
    operations: usize,
    bytes: u64,
    subject: &'static str,
    /// `None`: it failed.
    seconds: Option<f64>,
}

/// Runs the benchmark; `words` are its arguments.
pub(super) fn run(words: &[String]) -> Result<()> {
    let args =
        GenBenchArgs::try_parse_from(std::iter::once("gen".to_owned()).chain(words.to_vec()))
            .unwrap_or_else(|error| error.exit());
    let folder = root().join("target/bench-gen");
    std::fs::create_dir_all(&folder)?;
    let documents = documents::write(&folder)?;
    let tools = Tools::build(!args.no_peer)?;
    let mut figures = Vec::new();
    for document in &documents {
        for (subject, script) in tools.subjects(&folder, document) {
            eprintln!("{subject} on {}", document.name);
            figures.push(Figure {
                document: document.name.clone(),
                operations: document.operations,
                bytes: document.path.metadata()?.len(),
                subject,
                seconds: least(&script),
            });
        }
    }
    print!("{}", table(&documents, &figures));
    if !args.no_check {
        for name in ["kubeconfig-types", "kubeconfig-client"] {
            let seconds = check(name, &folder)?;
            println!("{:32}{seconds:9.1}", format!("cargo check, clean: {name}"));
        }
    }
    if let Some(path) = args.json {
        let text = serde_json::to_string_pretty(&figures)?;
        std::fs::write(&path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// What is run: a command, after what it needs and what does not count.
struct Script {
    before: String,
    command: String,
}

impl Script {
    fn new(before: impl Into<String>, command: impl Into<String>) -> Script {
        let (before, command) = (before.into(), command.into());
        Script { before, command }
    }
}

/// The programs that are measured.
struct Tools {
    ours: PathBuf,
    progenitor: PathBuf,
    peer: Option<PathBuf>,
}

impl Tools {
    /// Builds everything with optimisation.
    fn build(peer: bool) -> Result<Tools> {
        let release = root().join("target/release");
        cargo(&[
            "build",
            "--locked",
            "--release",
            "--package",
            "openapi-to-dropshot",
            "--bin",
            "openapi-to-dropshot",
            "--bin",
            "progenitor_alone",
            "--features",
            "yardstick",
        ])?;
        let tools = root().join("target/bench-tools");
        let (name, version) = PEER;
        let program = tools.join("bin").join(name);
        if peer && !program.is_file() {
            let at = tools.display().to_string();
            let version = format!("^{version}");
            let words = [
                "install",
                name,
                "--version",
                &version,
                "--locked",
                "--root",
                &at,
            ];
            cargo(&words)?;
        }
        Ok(Tools {
            ours: release.join("openapi-to-dropshot"),
            progenitor: release.join("progenitor_alone"),
            peer: peer.then_some(program),
        })
    }

    /// The subjects and what each runs.
    fn subjects(
        &self,
        folder: &Path,
        document: &documents::Document,
    ) -> Vec<(&'static str, Script)> {
        let (path, json) = (document.path.display(), document.json.display());
        let out = folder.join(&document.name);
        let out = out.display();
        let clean = format!("rm -rf {out}");
        let ours = format!("{} {path} --out {out}/src", self.ours.display());
        let alone = folder.join("progenitor.rs");
        let alone = format!("{} {json} {}", self.progenitor.display(), alone.display());
        let some = format!("{ours} --only types --only api");
        let check = format!("{ours} --check");
        let mut subjects = vec![
            ("types and trait", Script::new(&clean, some)),
            ("types, trait and client", Script::new(&clean, &ours)),
            ("the same, --check", Script::new("true", check)),
            ("progenitor alone", Script::new("true", alone)),
        ];
        if let Some(peer) = &self.peer {
            let work = folder.join(format!("{}-peer", document.name));
            let work = work.display();
            let before = format!("rm -rf {work} && mkdir -p {work} && cd {work}");
            let peer = format!("{} generate {json}", peer.display());
            subjects.push(("openapi-to-rust, client", Script::new(before, peer)));
        }
        subjects
    }
}

fn cargo(words: &[&str]) -> Result<()> {
    let status = Command::new("cargo")
        .args(words)
        .current_dir(root())
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("`cargo {}` failed: {status}", words.join(" "));
    }
    Ok(())
}

/// The least processor time of some runs of a script's last command; `None` when one fails.
fn least(script: &Script) -> Option<f64> {
    (0..RUNS)
        .map(|_| once(script))
        .collect::<Option<Vec<f64>>>()?
        .into_iter()
        .reduce(f64::min)
}

/// One run. bash's `time` asks the system what the children used, which std cannot.
fn once(script: &Script) -> Option<f64> {
    let Script { before, command } = script;
    let script = format!("{before} && TIMEFORMAT='%3U %3S' && time {command} >&2");
    let output = Command::new("bash").args(["-c", &script]).output().ok()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        eprintln!("{}", told.lines().take(3).collect::<Vec<_>>().join("\n"));
        return None;
    }
    let (user, system) = told.lines().last()?.split_once(' ')?;
    Some(user.parse::<f64>().ok()? + system.parse::<f64>().ok()?)
}

/// Seconds of processor time per document and subject, and how they grow.
fn table(documents: &[documents::Document], figures: &[Figure]) -> String {
    let mut text = format!("{:32}", "CPU seconds");
    for document in documents {
        text.push_str(&format!("{:>14}", document.name));
    }
    text.push_str(&format!("{:>14}\n{:32}", "growth", "operations (KB)"));
    for document in documents {
        let bytes = document
            .path
            .metadata()
            .map_or(0, |metadata| metadata.len());
        let size = format!("{} ({})", document.operations, bytes / 1000);
        text.push_str(&format!("{size:>14}"));
    }
    text.push('\n');
    let subjects: Vec<&str> = figures
        .iter()
        .take_while(|figure| figure.document == documents[0].name)
        .map(|figure| figure.subject)
        .collect();
    for subject in subjects {
        let row: Vec<&Figure> = figures.iter().filter(|f| f.subject == subject).collect();
        text.push_str(&format!("{subject:32}"));
        for figure in &row {
            let told = figure
                .seconds
                .map_or("fails".to_owned(), |s| format!("{s:.3}"));
            text.push_str(&format!("{told:>14}"));
        }
        text.push_str(&format!("{:>14}\n", growth(&row)));
    }
    text
}

/// How many times the seconds per operation of the largest document are those of the one before: 1 is linear.
fn growth(row: &[&Figure]) -> String {
    let each = |figure: &Figure| Some(figure.seconds? / figure.operations as f64);
    match row {
        [.., middle, large] => match (each(middle), each(large)) {
            (Some(middle), Some(large)) if middle > 0.0 => format!("{:.2}", large / middle),
            _ => "-".to_owned(),
        },
        _ => "-".to_owned(),
    }
}

/// Wall seconds of a clean `cargo check` of a generated crate with everything that it needs.
fn check(package: &str, folder: &Path) -> Result<f64> {
    let target = folder.join("check");
    if target.exists() {
        std::fs::remove_dir_all(&target)?;
    }
    let start = std::time::Instant::now();
    let target = target.display().to_string();
    cargo(&[
        "check",
        "--quiet",
        "--locked",
        "--package",
        package,
        "--target-dir",
        &target,
    ])?;
    Ok(start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(operations: usize, seconds: Option<f64>) -> Figure {
        Figure {
            document: operations.to_string(),
            operations,
            bytes: 1,
            subject: "a",
            seconds,
        }
    }

    #[test]
    fn growth_is_one_when_each_operation_costs_the_same() {
        let (middle, large) = (figure(100, Some(1.0)), figure(400, Some(4.0)));
        assert_eq!(growth(&[&figure(5, Some(1.0)), &middle, &large]), "1.00");
        assert_eq!(growth(&[&middle, &figure(400, Some(16.0))]), "4.00");
        assert_eq!(growth(&[&middle, &figure(400, None)]), "-");
    }

    #[test]
    fn processor_time_of_a_command_is_told_and_a_failure_has_none() {
        let turns = "bash -c 'for ((i = 0; i < 100000; i++)); do :; done'";
        let busy = once(&Script::new("true", turns)).unwrap();
        assert!(busy > 0.0);
        assert_eq!(once(&Script::new("true", "false")), None);
    }
}
