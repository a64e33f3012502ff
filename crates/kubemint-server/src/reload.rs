//! What is read again while serving: the policies and the certificate, when their files change or at SIGHUP. What cannot
//! be used changes nothing but the log, a counter and what `/readyz` says.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use kubemint_policy::{CedarPolicy, PolicyError};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use slog::Logger;
use tokio::signal::unix::Signal;
use tokio::sync::watch;

use crate::disk::{Disk, SLOW, pause};
use crate::guard::Validity;

/// How often the policies' files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The policies, by their name in metrics.
pub(crate) const POLICY: &str = "policy";
/// The API's certificate, by its name in metrics.
pub(crate) const CERTIFICATE: &str = "certificate";
/// The files that clusters are connected to with, by their name in metrics.
const CREDENTIAL: &str = "credential";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reload {
    what: &'static str,
    outcome: &'static str,
}

/// What became of each reading.
#[derive(Default)]
pub(crate) struct Reloads {
    counts: Family<Reload, Counter>,
    /// Why the files cannot be used as they are.
    problems: Mutex<BTreeMap<&'static str, String>>,
    /// When the API's certificate is valid.
    certificate: Mutex<Option<Validity>>,
}

impl Reloads {
    /// Adds the counter to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        // From the start, so that an alert on the first failure has a zero to compare with.
        for what in [POLICY, CERTIFICATE, CREDENTIAL] {
            for outcome in ["ok", "failed"] {
                let _ = self.counts.get_or_create(&Reload { what, outcome });
            }
        }
        registry.register(
            "reloads",
            "Files read again while serving, by what they hold (policy, certificate, or the credential of a cluster) and outcome (ok, failed)",
            self.counts.clone(),
        );
    }

    /// Files were read again, and can be used, or not for a reason.
    pub(crate) fn told(&self, what: &'static str, problem: Option<String>) {
        let outcome = if problem.is_none() { "ok" } else { "failed" };
        self.counts.get_or_create(&Reload { what, outcome }).inc();
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        match problem {
            Some(problem) => problems.insert(what, problem),
            None => problems.remove(what),
        };
    }

    /// How often files of clusters that had changed were read again since the start: those of use, and those of none.
    pub(crate) fn credentials(&self, (ok, failed): (u64, u64)) {
        for (outcome, count) in [("ok", ok), ("failed", failed)] {
            let what = CREDENTIAL;
            let counter = self.counts.get_or_create_owned(&Reload { what, outcome });
            counter.inner().fetch_max(count, Ordering::Relaxed);
        }
    }

    /// When the API's certificate in use is valid, as far as it can be read.
    pub(crate) fn certificate(&self) -> Option<Validity> {
        *self
            .certificate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A certificate that is valid then is in use now.
    pub(crate) fn set_certificate(&self, validity: Option<Validity>) {
        *self
            .certificate
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = validity;
    }

    /// `ok`, or why the files cannot be used; what was read before still applies then. A certificate that no client
    /// accepts is told first.
    pub(crate) fn state(&self, what: &'static str) -> String {
        let current = self.certificate().filter(|_| what == CERTIFICATE);
        if let Some(complaint) = current.and_then(|current| current.complaint(Utc::now())) {
            return complaint;
        }
        let problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        match problems.get(what) {
            None => "ok".to_owned(),
            Some(problem) => format!("what was read before still applies: {problem}"),
        }
    }
}

/// The policies of a running server.
pub(crate) struct Policies {
    pub(crate) engine: Arc<CedarPolicy>,
    pub(crate) reloads: Arc<Reloads>,
    pub(crate) log: Logger,
}

/// The files at one look: the hash of their content, or why they cannot be read.
type Look = Result<String, String>;

impl Policies {
    /// Reads the policies again whenever there is reason to, until `stop` turns true.
    pub(crate) async fn keep_fresh(self, hangup: Signal, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.watch(hangup) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn watch(&self, mut hangup: Signal) {
        let (disk, hung) = (Disk::new(), Err(SLOW.to_owned()));
        let mut wait = LOOK;
        let mut taken: Look = Ok(self.engine.hash());
        let mut seen = taken.clone();
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(wait), if self.engine.has_files() => false,
                _ = hangup.recv() => true,
            };
            if asked {
                slog::info!(
                    self.log,
                    "SIGHUP: policy files and the API's certificate are read again; \
                    the configuration file itself is not, so restart for a change of it"
                );
            }
            let now = self.look(&disk).await;
            // A file that is being written might hold a part that passes for a whole, less its last `forbid`: unless
            // someone says that it is done, nothing is taken before two looks saw the same.
            let settled = now == hung || std::mem::replace(&mut seen, now.clone()) == now;
            let due = asked || (settled && now != taken);
            if !due {
                wait = pause(wait, LOOK, now == hung);
                continue;
            }
            let expected = now.as_ref().ok().filter(|_| !asked).cloned();
            let outcome = match &now {
                Err(problem) if now == hung => Err(problem.clone()),
                _ => self.reload(&disk, expected).await,
            };
            let problem = match outcome {
                // They changed after the look, and are looked at again.
                Ok(false) => {
                    wait = LOOK;
                    continue;
                }
                Ok(true) => None,
                Err(problem) => Some(problem),
            };
            if let Some(problem) = &problem
                && (asked || problem != SLOW || taken != hung)
            {
                slog::error!(self.log, "the policies cannot be used; those before still apply"; "error" => problem);
            }
            // What could not be read in time is tried again.
            let slow = problem.as_deref() == Some(SLOW);
            wait = pause(wait, LOOK, slow);
            taken = if slow { hung.clone() } else { now };
            self.reloads.told(POLICY, problem);
        }
    }

    /// The files as they are now.
    async fn look(&self, disk: &Disk) -> Look {
        let engine = Arc::clone(&self.engine);
        let look = move || {
            engine
                .hash_of_files()
                .map_err(|error| crate::edge::chain(&error))
        };
        disk.read(look)
            .await
            .unwrap_or_else(|| Err(SLOW.to_owned()))
    }

    /// Parses and validates aside, and takes what is sound; but nothing else than what is `expected`, since a file may change
    /// after the look, and nothing that comes too late. Whether that was so.
    ///
    /// # Errors
    /// The files are no good, or not read in time.
    async fn reload(&self, disk: &Disk, expected: Option<String>) -> Result<bool, String> {
        let told = |error: PolicyError| crate::edge::chain(&error);
        let engine = Arc::clone(&self.engine);
        let read = disk.read(move || engine.read(expected.as_deref())).await;
        let Some(read) = read.ok_or_else(|| SLOW.to_owned())?.map_err(told)? else {
            return Ok(false);
        };
        let engine = Arc::clone(&self.engine);
        let checked = tokio::task::spawn_blocking(move || engine.check(&read)).await;
        let fresh = checked
            .map_err(|_| "they cannot be checked".to_owned())?
            .map_err(told)?;
        let hash = self.engine.take(fresh);
        slog::info!(self.log, "the policies were read again"; "hash" => hash);
        Ok(true)
    }
}
