//! One change at a time: which of the tests notice it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::weave::{REACHED, TAKEN};

/// How many tests run at a time: most of them wait for something.
const THREADS: &str = "--test-threads=8";
/// The stack of each test, in bytes: a function has those of all its changes on it, and some call themselves.
const STACK: u32 = 256 << 20;
/// How long the tests of a program may take with a change: so many times as without one, and this besides.
const TIMES: u32 = 4;
const BESIDES: Duration = Duration::from_secs(20);

/// A program of tests.
pub(crate) struct Program {
    path: PathBuf,
    /// Where its tests expect to be run.
    folder: PathBuf,
    /// How long they take without a change.
    takes: Duration,
    /// The functions that they reach.
    reaches: BTreeSet<usize>,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// By this test.
    Noticed(String),
    /// By time alone.
    Slow,
    Survived,
}

/// Runs the programs without a change: the quickest first.
///
/// # Errors
/// A test fails.
pub(crate) fn baseline(
    programs: &[PathBuf],
    folder: &Path,
    scratch: &Path,
) -> Result<Vec<Program>> {
    let mut all = Vec::new();
    for path in programs {
        let _ = std::fs::remove_file(scratch);
        let mut program = Program {
            path: path.clone(),
            folder: folder.to_owned(),
            takes: Duration::from_secs(600),
            reaches: BTreeSet::new(),
        };
        let start = Instant::now();
        let verdict = program.run(&[(REACHED, scratch.display().to_string())])?;
        if verdict != Verdict::Survived {
            bail!("{} without a change: {verdict:?}", path.display());
        }
        program.takes = start.elapsed();
        let reached = std::fs::read_to_string(scratch).unwrap_or_default();
        program.reaches = reached
            .lines()
            .filter_map(|line| line.parse().ok())
            .collect();
        all.push(program);
    }
    all.sort_by_key(|program| program.takes);
    Ok(all)
}

/// What the tests say of a change: those programs are asked that reach its function, until one notices.
///
/// # Errors
/// A program cannot be run.
pub(crate) fn judge(
    programs: &[Program],
    number: usize,
    functions: &BTreeMap<usize, usize>,
) -> Result<Verdict> {
    let function = functions.get(&number).copied().unwrap_or(number);
    for program in programs
        .iter()
        .filter(|program| program.reaches.contains(&function))
    {
        let verdict = program.run(&[(TAKEN, number.to_string())])?;
        if verdict != Verdict::Survived {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Survived)
}

impl Program {
    /// Ends at the first test that fails.
    fn run(&self, environment: &[(&str, String)]) -> Result<Verdict> {
        let mut child = Command::new(&self.path)
            .arg(THREADS)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("RUST_MIN_STACK", STACK.to_string())
            // As cargo tells it to tests.
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", self.path.display()))?;
        let end = Instant::now() + self.takes * TIMES + BESIDES;
        let verdict = read(&mut child, end);
        // It has ended, or is to.
        let _ = child.kill();
        let status = child.wait()?;
        Ok(match verdict {
            // Without a failure told, and without an end: it was ended from within.
            Verdict::Survived if !status.success() => Verdict::Noticed(status.to_string()),
            verdict => verdict,
        })
    }
}

/// What its tests say, until one fails, all are through, or the time is over.
fn read(child: &mut Child, end: Instant) -> Verdict {
    let Some(output) = child.stdout.take() else {
        return Verdict::Survived;
    };
    let (sender, lines) = channel();
    // Ends when the program has: it holds the other end of the pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(test) = line.strip_suffix("... FAILED") {
                    let test = test.strip_prefix("test ").unwrap_or(test);
                    return Verdict::Noticed(test.trim().to_owned());
                }
                if line.starts_with("test result: ok") {
                    // What is left is to end.
                    let _ = child.wait();
                    return Verdict::Survived;
                }
            }
            Err(RecvTimeoutError::Timeout) => return Verdict::Slow,
            Err(RecvTimeoutError::Disconnected) => {
                let _ = child.wait();
                return Verdict::Survived;
            }
        }
    }
}
