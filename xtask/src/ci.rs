//! `cargo xtask ci`: everything that the test command does not run, with what is missing named.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::tidy::root;

/// One step: what it is, its command, and a program that it needs with how to get it.
struct Step {
    name: &'static str,
    command: &'static [&'static str],
    needs: Option<Need>,
}

/// A program that is not part of a Rust toolchain.
struct Need {
    probe: &'static [&'static str],
    get: &'static str,
}

/// What compiles the tests that need more than Rust. Every command that wants one of them turns on all, so that what depends on
/// their crates is compiled once more, and not once for each.
pub(crate) const TEST_FEATURES: &str = "openapi-check/oasdiff-tests,kubemint-store/postgres-tests,crash/postgres-tests,crash/cluster-tests";

const GO: Need = Need {
    probe: &["go", "version"],
    get: "install Go 1.26 or newer (https://go.dev/dl)",
};
const SCHEMATHESIS: Need = Need {
    probe: &["python3", "-m", "schemathesis.cli", "--version"],
    get: "python3 -m pip install -r tests/schemathesis/requirements.txt",
};
// Of one version, the one that `.ci/run` installs: another release of the latter tries other mutants, under other names.
const DENY: Need = Need {
    probe: &[
        "sh",
        "-c",
        "cargo deny --version | grep -Fx 'cargo-deny 0.20.2'",
    ],
    get: "cargo install --locked cargo-deny --version 0.20.2",
};
const MUTANTS: Need = Need {
    probe: &[
        "sh",
        "-c",
        "cargo mutants --version | grep -Fx 'cargo-mutants 27.1.0'",
    ],
    get: "cargo install --locked cargo-mutants --version 27.1.0",
};

/// libFuzzer is C++; the toolchain is the pinned one.
const CXX: Need = Need {
    probe: &["c++", "--version"],
    get: "apt-get install g++",
};

/// The server's programs are seldom on the search path, so the distribution's folders are looked through too.
const POSTGRES: Need = Need {
    probe: &[
        "sh",
        "-c",
        "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb",
    ],
    get: "apt-get install postgresql (15 or newer)",
};

const STEPS: &[Step] = &[
    Step {
        name: "generated code is fresh",
        command: &["cargo", "xtask", "gen", "--check"],
        needs: None,
    },
    Step {
        name: "the circle closes",
        command: &[
            "cargo",
            "xtask",
            "circle",
            "crates/openapi-to-dropshot/tests/accept",
            "crates/openapi-to-dropshot/tests/accept/published",
            "crates/openapi-to-dropshot/tests/foreign",
            "crates/openapi-to-dropshot/tests/mistakes/shelves.yaml",
        ],
        needs: None,
    },
    Step {
        name: "Schemathesis against servers generated from those documents",
        command: &["python3", "tests/schemathesis/generated.py"],
        needs: Some(SCHEMATHESIS),
    },
    Step {
        name: "format",
        command: &["cargo", "fmt", "--all", "--check"],
        needs: None,
    },
    Step {
        name: "clippy",
        command: &[
            "cargo",
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--features",
            TEST_FEATURES,
            "--",
            "-D",
            "warnings",
        ],
        needs: None,
    },
    Step {
        name: "tidy",
        command: &["cargo", "xtask", "tidy"],
        needs: None,
    },
    Step {
        name: "documentation",
        command: &[
            "cargo",
            "doc",
            "--locked",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ],
        needs: None,
    },
    Step {
        // Also of what no build here needs: the next step looks at all of them, and downloads nothing.
        name: "the sources of all dependencies",
        command: &["cargo", "fetch", "--locked"],
        needs: None,
    },
    Step {
        name: "licences, bans and sources",
        command: &[
            "cargo",
            "deny",
            "--offline",
            "check",
            "bans",
            "licenses",
            "sources",
        ],
        needs: Some(DENY),
    },
    Step {
        name: "the example workspace",
        command: &["cargo", "xtask", "example"],
        needs: None,
    },
    Step {
        name: "breaking changes, beside oasdiff",
        command: &[
            "cargo",
            "test",
            "--locked",
            "--workspace",
            "--features",
            TEST_FEATURES,
            "--test",
            "changes",
        ],
        needs: Some(GO),
    },
    Step {
        name: "a sample of mutants",
        command: &["cargo", "xtask", "mutants", "--sample"],
        needs: Some(MUTANTS),
    },
    Step {
        name: "the store on PostgreSQL",
        command: &[
            "cargo",
            "test",
            "--locked",
            "--workspace",
            "--features",
            TEST_FEATURES,
            "--test",
            "store",
            "--",
            "postgres::",
        ],
        needs: Some(POSTGRES),
    },
    Step {
        name: "replicas on PostgreSQL",
        command: &[
            "cargo",
            "test",
            "--locked",
            "--workspace",
            "--test",
            "replicas",
        ],
        needs: Some(POSTGRES),
    },
    Step {
        name: "crashes, a sample on PostgreSQL",
        command: &["cargo", "xtask", "crash", "--on", "postgresql"],
        needs: Some(POSTGRES),
    },
    Step {
        name: "crashes, a sample on a real control plane",
        command: &["cargo", "xtask", "crash", "--on", "control-plane"],
        needs: Some(GO),
    },
    Step {
        name: "end to end, on a real control plane",
        command: &[
            "cargo",
            "test",
            "--locked",
            "--workspace",
            "--test",
            "e2e",
            "--test",
            "fleet",
            "--test",
            "kubectl",
            "--",
            "--test-threads=3",
        ],
        needs: Some(GO),
    },
    Step {
        name: "made-up documents, 20 s each way",
        command: &[
            "cargo",
            "xtask",
            "fuzz",
            "--seconds",
            "20",
            "document",
            "generate",
            "changes",
        ],
        needs: Some(CXX),
    },
    Step {
        name: "a minute of soak and flood",
        // Of the build that is there: that of a release takes a quarter of an hour on two cores.
        command: &["cargo", "xtask", "soak", "--dev", "--minutes", "1"],
        needs: None,
    },
    Step {
        name: "Schemathesis against the sandbox",
        command: &["python3", "tests/schemathesis/run.py"],
        needs: Some(SCHEMATHESIS),
    },
];

/// How many of the last lines of a step that failed are told once more, at the end.
const KEPT: usize = 60;

/// Runs every step, also after one has failed, and fails if one did or could not be run.
pub(crate) fn run() -> Result<()> {
    let mut outcomes = Vec::new();
    let mut failures = Vec::new();
    for step in STEPS {
        eprintln!("\n== {}: {}", step.name, step.command.join(" "));
        let start = Instant::now();
        let mut said = VecDeque::new();
        let outcome = step.run(&mut said);
        outcomes.push((step.name, outcome.is_ok(), start.elapsed().as_secs()));
        if let Err(error) = outcome {
            eprintln!("{error:#}");
            failures.push((step.name, said, error));
        }
    }
    // Of a long log often only the end is kept, or read.
    for (name, said, error) in failures {
        eprintln!("\n== how it ended: {name}");
        for line in said {
            eprintln!("{line}");
        }
        eprintln!("{error:#}");
    }
    eprintln!();
    for (name, passed, seconds) in &outcomes {
        eprintln!(
            "{:6} {name} ({seconds} s)",
            if *passed { "ok" } else { "FAILED" }
        );
    }
    let failed = outcomes.iter().filter(|(_, passed, _)| !passed).count();
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} steps failed", outcomes.len());
    }
    Ok(())
}

impl Step {
    /// Keeps in `said` the last lines of what it prints.
    fn run(&self, said: &mut VecDeque<String>) -> Result<()> {
        if let Some(need) = &self.needs
            && !quietly(need.probe)
        {
            bail!(
                "`{}` does not run, and this step needs it: {}",
                need.probe.join(" "),
                need.get
            );
        }
        let (reader, writer) = std::io::pipe()?;
        let mut command = command(self.command);
        command
            .current_dir(root())
            .env("RUSTDOCFLAGS", "-D warnings")
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run `{}`", self.command.join(" ")))?;
        // It holds ends of the pipe for writing, and the reading would not come to an end.
        drop(command);
        for line in BufReader::new(reader).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            eprintln!("{line}");
            if said.len() == KEPT {
                said.pop_front();
            }
            said.push_back(line);
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("`{}` failed: {status}", self.command.join(" "));
        }
        Ok(())
    }
}

fn command(words: &[&str]) -> Command {
    let (program, arguments) = words.split_first().unwrap_or((&"true", &[]));
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn quietly(probe: &[&str]) -> bool {
    command(probe)
        .current_dir(root())
        .output()
        .is_ok_and(|output| output.status.success())
}
