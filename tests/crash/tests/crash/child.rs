//! The server's process.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use crash::talk::{Answer, Ask, Start};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

/// The longest that a process may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A breakable server; it ends when this is dropped.
pub(crate) struct Child {
    process: tokio::process::Child,
    asks: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
    /// Where its probes and metrics are.
    pub(crate) internal: String,
}

impl Child {
    /// Starts a server, which logs at the end of `log`. An error: it died before it served.
    pub(crate) async fn start(start: &Start, log: &Path) -> Result<Self, ExitStatus> {
        let log = File::options().create(true).append(true).open(log);
        let mut process = Command::new(env!("CARGO_BIN_EXE_breakable-server"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.expect("a file for the log"))
            .kill_on_drop(true)
            .spawn()
            .expect("the server's program starts");
        let asks = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut child = Self {
            process,
            asks,
            answers,
            url: String::new(),
            internal: String::new(),
        };
        child
            .say(&serde_json::to_string(start).expect("JSON"))
            .await;
        match child.heard().await {
            Some(Answer::Serving { api, internal }) => {
                (child.url, child.internal) = (api, internal);
                Ok(child)
            }
            None => Err(child.ended(PATIENCE).await.expect("it ends in time")),
            other => panic!("{other:?}"),
        }
    }

    /// Asks, and returns the answer; `None` if it is dead.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Option<Answer> {
        self.say(&serde_json::to_string(ask).expect("JSON")).await;
        self.heard().await
    }

    /// Waits until the process has ended; `None` if it lives on.
    pub(crate) async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let ended = tokio::time::timeout(within, self.process.wait()).await;
        Some(ended.ok()?.expect("a status"))
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) {
        let stopped = self.ask(&Ask::Stop).await;
        assert!(matches!(stopped, Some(Answer::Stopped)), "{stopped:?}");
        let ended = self.ended(PATIENCE).await;
        assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    }

    /// Ends it by SIGKILL, wherever it is.
    pub(crate) async fn kill(mut self) {
        self.process.start_kill().expect("it runs");
        assert!(self.ended(PATIENCE).await.is_some_and(was_killed));
    }

    async fn say(&mut self, line: &str) {
        // A dead process hears nothing, which the answer will tell.
        let _ = self.asks.write_all(format!("{line}\n").as_bytes()).await;
    }

    async fn heard(&mut self) -> Option<Answer> {
        let line = tokio::time::timeout(PATIENCE, self.answers.next_line()).await;
        let line = line.expect("an answer in time").ok().flatten()?;
        Some(serde_json::from_str(&line).expect("an answer"))
    }
}

/// Whether a process ended by SIGKILL, and not otherwise.
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}
