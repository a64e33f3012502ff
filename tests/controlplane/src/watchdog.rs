//! Ends the programs of a test that was itself killed: nothing else would, since no code of it runs.
//!
//! A shell reads the process ids from a pipe. When the pipe ends without a last word, the writer is dead,
//! and the shell kills what it was told of.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

const SCRIPT: &str = r#"
pids=
while read -r word; do
    [ "$word" = done ] && exit 0
    pids="$pids $word"
done
[ -z "$pids" ] || kill -KILL $pids
"#;

/// The running shell.
#[derive(Debug)]
pub(crate) struct Watchdog {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    pub(crate) fn start() -> io::Result<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What kills our process group must not kill the watchdog.
            .process_group(0)
            .spawn()?;
        let pipe = child.stdin.take();
        Ok(Self { child, pipe })
    }

    /// Adds a process to those to be killed.
    pub(crate) fn watch(&mut self, pid: u32) -> io::Result<()> {
        self.say(&pid.to_string())
    }

    fn say(&mut self, word: &str) -> io::Result<()> {
        match &mut self.pipe {
            Some(pipe) => writeln!(pipe, "{word}"),
            None => Ok(()),
        }
    }
}

impl Drop for Watchdog {
    /// All is well: the shell ends without killing anything.
    fn drop(&mut self) {
        // If the shell is gone already there is nobody to tell.
        let _ = self.say("done");
        self.pipe = None;
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[test]
    fn what_was_watched_is_killed_when_the_watcher_vanishes() {
        let mut sleeper = sleeper();
        let mut watchdog = Watchdog::start().unwrap();
        watchdog.watch(sleeper.id()).unwrap();
        // As when this process dies: the pipe ends without a word.
        watchdog.pipe = None;
        let status = sleeper.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9)
        );
    }

    #[test]
    fn nothing_is_killed_at_an_orderly_end() {
        let mut sleeper = sleeper();
        let mut watchdog = Watchdog::start().unwrap();
        watchdog.watch(sleeper.id()).unwrap();
        drop(watchdog);
        assert!(sleeper.try_wait().unwrap().is_none());
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
}
