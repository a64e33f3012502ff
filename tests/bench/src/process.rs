//! A server that is measured, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use clap::ValueEnum as _;

use crate::load::Target;
use crate::subjects::{Database, Subject};

/// The running server. It ends when this is dropped.
pub(crate) struct Server {
    process: Process,
    target: Target,
}

/// A process that ends when this is dropped.
struct Process(Child);

impl Server {
    /// Starts this program as a server with its files in `folder`, and waits until it serves. Without a database its store
    /// is a file there.
    ///
    /// # Errors
    /// It does not start, and why.
    pub(crate) fn start(
        subject: Subject,
        folder: &Path,
        database: Option<&Database>,
    ) -> Result<Self> {
        let more = database.map(|database| vec!["--database".to_owned(), database.to_string()]);
        Self::spawn(subject, folder, &more.unwrap_or_default())
    }

    /// Starts this program to break off so many issues in `folder`, and waits until it has. Dropping it is its crash.
    ///
    /// # Errors
    /// It does not start, or cannot, and why.
    pub(crate) fn breaking_off(folder: &Path, records: u32) -> Result<Self> {
        Self::spawn(
            Subject::BrokenOff,
            folder,
            &["--records".to_owned(), records.to_string()],
        )
    }

    /// The same server, whose callers have this token.
    pub(crate) fn called_with(mut self, bearer: String) -> Self {
        self.target.bearer = bearer;
        self
    }

    fn spawn(subject: Subject, folder: &Path, more: &[String]) -> Result<Self> {
        let value = subject.to_possible_value();
        let name = value.as_ref().map_or("", |value| value.get_name());
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", name, "--folder"])
            .arg(folder)
            .args(more);
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its log is written as in service, and thrown away.
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a server")?;
        let mut process = Process(child);
        let mut line = String::new();
        if let Some(output) = process.0.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let target = serde_json::from_str(&line)
            .with_context(|| format!("{name} does not start: {}", line.trim_end()))?;
        Ok(Self { process, target })
    }

    /// What to ask it.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its records are of no use to anyone: it need not end in order.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
