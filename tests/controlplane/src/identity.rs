//! Which process is meant: ids are given away again.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// A process id that cannot be mistaken for a later process with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The process id.
    pub pid: u32,
    /// When the process started, in a form that is only good for comparing.
    pub started: String,
}

impl Identity {
    /// The identity of the process that has this id now; `None` if there is none, or it is dead and
    /// only waits for its parent.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        match look(pid)? {
            Seen { dead: true, .. } => None,
            Seen { started, .. } => Some(Self { pid, started }),
        }
    }

    /// Whether that very process is still running.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }
}

/// What the system tells about a process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// On Linux the boot and the clock ticks since then; elsewhere what `ps` says.
    pub(crate) started: String,
    /// It has ended, and its parent has not taken notice yet.
    pub(crate) dead: bool,
}

/// What the system tells about the process that has this id now; `None` if there is none.
pub(crate) fn look(pid: u32) -> Option<Seen> {
    match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(boot) => parse_stat(
            &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?,
            boot.trim(),
        ),
        Err(_) => {
            let output = Command::new("ps")
                .args(["-o", "stat=,lstart=", "-p", &pid.to_string()])
                .output()
                .ok()?;
            parse_ps(&String::from_utf8_lossy(&output.stdout))
        }
    }
}

/// Reads `/proc/PID/stat`: after the program's name in parentheses, which may itself contain
/// anything, the state and, as field 22 of all, the start time (proc_pid_stat(5)).
fn parse_stat(stat: &str, boot: &str) -> Option<Seen> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let ticks = fields.nth(18)?;
    Some(Seen {
        started: format!("{boot} {ticks}"),
        dead: matches!(state, "Z" | "X"),
    })
}

/// Reads a line of `ps -o stat=,lstart=`.
fn parse_ps(line: &str) -> Option<Seen> {
    let (state, started) = line.trim().split_once(char::is_whitespace)?;
    Some(Seen {
        started: started.trim().to_owned(),
        dead: state.starts_with('Z'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_whatever_the_program_is_called() {
        let numbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        let seen = |dead| {
            Some(Seen {
                started: "boot 4242".into(),
                dead,
            })
        };
        assert_eq!(
            parse_stat(&format!("7 (a) b (c)) S {numbers}"), "boot"),
            seen(false)
        );
        assert_eq!(
            parse_stat(&format!("7 (sh) Z {numbers}"), "boot"),
            seen(true)
        );
        assert_eq!(parse_stat("nonsense", "boot"), None);
    }

    #[test]
    fn without_proc_the_start_time_is_what_ps_says() {
        let seen = |dead| {
            Some(Seen {
                started: "Wed Nov 25 09:31:02 2026".into(),
                dead,
            })
        };
        assert_eq!(parse_ps("Ss   Wed Nov 25 09:31:02 2026\n"), seen(false));
        assert_eq!(parse_ps("Z+   Wed Nov 25 09:31:02 2026\n"), seen(true));
        assert_eq!(parse_ps(""), None);
    }

    #[test]
    fn a_process_id_with_another_start_time_is_another_process() {
        let own = Identity::of(std::process::id()).unwrap();
        assert!(own.is_alive());
        assert!(
            !Identity {
                started: "boot 1".into(),
                ..own
            }
            .is_alive()
        );
    }
}
