//! How much of everything a server takes: the `[limits]` table.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Deserialize;
use thiserror::Error;

/// Descriptors that are left to the store, the clusters, the issuers and the log.
const RESERVED: u64 = 128;

/// With fewer descriptors a few peers would keep everyone else out, and with them who probes: 50 connections and 25 requests
/// are what these leave.
const LEAST: u64 = 256;

/// How many files the process may have open, and how many its limits take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) allowed: u64,
    pub(crate) needed: u64,
}

/// The process may have too few files open to serve.
#[derive(Debug, Error)]
#[error(
    "the open-file limit is {}, which serves nobody well: raise it to {}, which [limits] takes, or {least} at least (systemd: \
     LimitNOFILE={}; a shell: ulimit -n {})",
    .files.allowed, .files.needed, .files.needed, .files.needed
)]
pub(crate) struct TooFewFiles {
    files: Files,
    least: u64,
}

impl Files {
    /// Whether they are enough to serve at all.
    ///
    /// # Errors
    /// They are not.
    pub(crate) fn check(self) -> Result<Self, TooFewFiles> {
        let least = LEAST.min(self.needed);
        if self.allowed < least {
            return Err(TooFewFiles { files: self, least });
        }
        Ok(self)
    }
}

/// How much a server takes at a time, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. At the limit the one that has been silent for longest is closed for a new one.
    pub connections: usize,
    /// Open connections of one address (IPv6: of one /64 network).
    pub connections_per_address: usize,
    /// Requests that are being served; more are answered 503 at once.
    pub requests_in_flight: usize,
    /// Requests of one address (IPv6: of one /64 network) that are being served; more are answered 429. `None`: half of
    /// all.
    pub requests_in_flight_per_address: Option<usize>,
    /// Requests of one caller that are being served; more are answered 429. `None`: a quarter of all.
    pub requests_in_flight_per_caller: Option<usize>,
    /// Requests per second of one address, before anything is known of the caller; more are answered 429.
    /// `None`: as many as come.
    pub requests_per_second_per_address: Option<u32>,
    /// Requests per second of one caller; more are answered 429.
    pub requests_per_second_per_caller: u32,
    /// How many requests may come at once before the rates hold.
    pub burst: u32,
    /// How long a peer may take.
    pub deadlines: Deadlines,
}

/// How long a peer may take for its part of the conversation. They are not in the configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The TLS handshake.
    pub handshake: Duration,
    /// The first byte of the first request.
    pub first_byte: Duration,
    /// A request's head, from its first byte.
    pub head: Duration,
    /// The next request on a connection that is kept open.
    pub idle: Duration,
    /// Taking an answer, from when the peer first falls behind.
    pub answer: Duration,
}

/// No core file of this process: its memory has keys and tokens in it. (Whether a file is wanted at all is up to whatever
/// started it; where the limit is lower already, or cannot be set, nothing changes.)
pub(crate) fn no_core_files() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            answer: Duration::from_secs(30),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 256,
            requests_in_flight: 512,
            requests_in_flight_per_address: None,
            requests_in_flight_per_caller: None,
            requests_per_second_per_address: Some(1000),
            requests_per_second_per_caller: 200,
            burst: 400,
            deadlines: Deadlines::default(),
        }
    }
}

impl Limits {
    /// These limits, or what the process's open-file limit allows of them: a connection takes one descriptor, and a
    /// request in flight two more. Raises the process's own (soft) limit as far as it may.
    pub(crate) fn fitting(mut self) -> (Self, Files) {
        let needed = self.descriptors();
        let files = getrlimit(Resource::Nofile);
        let mut most = files.current.unwrap_or(u64::MAX);
        if most < needed {
            let raised = files.maximum.map_or(needed, |hard| hard.min(needed));
            let limit = Rlimit {
                current: Some(raised),
                maximum: files.maximum,
            };
            if raised > most && setrlimit(Resource::Nofile, limit).is_ok() {
                most = raised;
            }
        }
        self.shrink(most);
        let files = Files {
            allowed: most,
            needed,
        };
        (self, files)
    }

    /// How many requests of one address are served at a time: at least one.
    pub(super) fn requests_in_flight_per_address(&self) -> usize {
        let share = self.requests_in_flight_per_address;
        share.unwrap_or_else(|| (self.requests_in_flight / 2).max(1))
    }

    /// How many requests of one caller are served at a time: at least one.
    pub(crate) fn requests_in_flight_per_caller(&self) -> usize {
        let share = self.requests_in_flight_per_caller;
        share.unwrap_or_else(|| (self.requests_in_flight / 4).max(1))
    }

    /// How many requests may wait for the keys of one of so many issuers: at least one, and a quarter of all for all issuers,
    /// however many hang. As many again wait for introspections, where all are asked.
    pub(crate) fn requests_waiting_for_keys(&self, issuers: usize) -> usize {
        (self.requests_in_flight / 4 / issuers.max(1)).max(1)
    }

    /// What [`Limits::shrink`] leaves as it is.
    fn descriptors(&self) -> u64 {
        let fifth = self.connections.div_ceil(2).max(self.requests_in_flight);
        RESERVED + 5 * fifth as u64
    }

    /// Two fifths for connections, two for requests, and one for those that are closed but not gone yet.
    fn shrink(&mut self, descriptors: u64) {
        let left = descriptors.saturating_sub(RESERVED).max(10);
        let fifth = usize::try_from(left / 5).unwrap_or(usize::MAX);
        self.connections = self.connections.min(fifth.saturating_mul(2));
        self.requests_in_flight = self.requests_in_flight.min(fifth);
    }
}

/// The `[limits]` table as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    connections: Option<u32>,
    connections_per_address: Option<u32>,
    requests_in_flight: Option<u32>,
    requests_in_flight_per_address: Option<u32>,
    requests_in_flight_per_caller: Option<u32>,
    requests_per_second_per_address: Option<u32>,
    requests_per_second_per_caller: Option<u32>,
    burst: Option<u32>,
}

impl RawLimits {
    /// Checks each value. Behind a proxy every connection comes from the proxy's address, so that limits per address
    /// hold only where they are written.
    pub(crate) fn check(&self, behind_proxy: bool, problems: &mut Vec<String>) -> Limits {
        let mut read = |name: &str, value: Option<u32>, most: u32| match value {
            Some(value) if value == 0 || value > most => {
                problems.push(format!("limits.{name}: {value} is not from 1 to {most}"));
                None
            }
            value => value,
        };
        let connections = read("connections", self.connections, 1_000_000);
        let per_address = read(
            "connections_per_address",
            self.connections_per_address,
            1_000_000,
        );
        let in_flight = read("requests_in_flight", self.requests_in_flight, 1_000_000);
        let of_address = read(
            "requests_in_flight_per_address",
            self.requests_in_flight_per_address,
            1_000_000,
        );
        let of_caller = read(
            "requests_in_flight_per_caller",
            self.requests_in_flight_per_caller,
            1_000_000,
        );
        let address_rate = read(
            "requests_per_second_per_address",
            self.requests_per_second_per_address,
            1_000_000,
        );
        let caller_rate = read(
            "requests_per_second_per_caller",
            self.requests_per_second_per_caller,
            1_000_000,
        );
        let burst = read("burst", self.burst, 1_000_000);
        let usual = Limits::default();
        let count = |value: Option<u32>, usual: usize| value.map_or(usual, |value| value as usize);
        let connections = count(connections, usual.connections);
        let shared = if behind_proxy {
            connections
        } else {
            usual.connections_per_address
        };
        let address_rate = match (address_rate, behind_proxy) {
            (None, false) => usual.requests_per_second_per_address,
            (written, _) => written,
        };
        let in_flight = count(in_flight, usual.requests_in_flight);
        let size = |value: Option<u32>| value.map(|value| value as usize);
        Limits {
            connections,
            connections_per_address: count(per_address, shared),
            requests_in_flight: in_flight,
            requests_in_flight_per_address: size(of_address)
                .or_else(|| behind_proxy.then_some(in_flight)),
            requests_in_flight_per_caller: size(of_caller),
            requests_per_second_per_address: address_rate,
            requests_per_second_per_caller: caller_rate
                .unwrap_or(usual.requests_per_second_per_caller),
            burst: burst.unwrap_or(usual.burst),
            deadlines: Deadlines::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_shrink_to_what_the_process_may_open() {
        let mut limits = Limits::default();
        limits.shrink(1024);
        assert_eq!((limits.connections, limits.requests_in_flight), (358, 179));
        let all = limits.connections + 2 * limits.requests_in_flight;
        assert!(all as u64 + RESERVED <= 1024);
    }

    #[test]
    fn a_process_that_may_open_hardly_any_file_is_told_how_many_it_takes() {
        let needed = Limits::default().descriptors();
        let files = |allowed| Files { allowed, needed }.check();
        assert!(files(LEAST).is_ok() && files(needed).is_ok());
        let told = files(64).unwrap_err().to_string();
        assert!(
            told.contains("limit is 64,") && told.contains("256 at least"),
            "{told}"
        );
        assert!(told.contains(&format!("LimitNOFILE={needed};")), "{told}");
        let modest = Files {
            allowed: 150,
            needed: 138,
        };
        assert!(modest.check().is_ok(), "less is asked for than the least");
    }

    #[test]
    fn a_process_that_serves_leaves_no_core_file() {
        no_core_files();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }

    #[test]
    fn limits_of_an_ample_process_are_as_configured() {
        let wanted = Limits {
            connections: 4097,
            ..Limits::default()
        };
        let mut limits = wanted.clone();
        limits.shrink(limits.descriptors());
        assert_eq!(limits, wanted);
        limits.shrink(limits.descriptors() - 5);
        assert_ne!(limits, wanted);
    }

    #[test]
    fn issuers_that_hang_take_a_quarter_of_the_places_together() {
        let waiting = |requests_in_flight, issuers| {
            let limits = Limits {
                requests_in_flight,
                ..Limits::default()
            };
            limits.requests_waiting_for_keys(issuers)
        };
        assert_eq!(waiting(512, 1), 128);
        assert_eq!(waiting(512, 4), 32);
        assert_eq!(waiting(40_000, 2), 5000);
        assert_eq!((waiting(3, 1), waiting(1, 9), waiting(8, 0)), (1, 1, 2));
    }

    #[test]
    fn a_limit_of_nothing_is_a_problem() {
        let raw = RawLimits {
            connections: Some(0),
            burst: Some(2_000_000),
            ..RawLimits::default()
        };
        let mut problems = Vec::new();
        raw.check(false, &mut problems);
        let expected = [
            "limits.connections: 0 is not from 1 to 1000000",
            "limits.burst: 2000000 is not from 1 to 1000000",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn behind_a_proxy_an_address_is_not_a_peer() {
        let limits = RawLimits::default().check(true, &mut Vec::new());
        assert_eq!(limits.connections_per_address, limits.connections);
        assert_eq!(limits.requests_per_second_per_address, None);
        assert_eq!(
            limits.requests_in_flight_per_address(),
            limits.requests_in_flight
        );
    }
}
