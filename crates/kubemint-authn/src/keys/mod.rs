//! The keys of one issuer: fetched in the background, read without waiting.
//!
//! One task per issuer fetches and publishes snapshots. Readers take the snapshot that there is; no lock is held while
//! anyone waits. A token whose key is not in it, or does not prove it, may ask the task for a fetch, within a [`budget`], and
//! waits for the next snapshot for a bounded time.

mod budget;
mod jwk;
mod places;
mod proved;
mod set;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use slog::{Logger, debug, info, warn};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::Reason;
use crate::fetch::{FetchError, Fetched, Fetcher};
use budget::{Budget, Permit, Want};
pub(crate) use jwk::Key;
use places::Places;
pub(crate) use set::{KeySet, NoKeySet};

/// The periods of key sets. The defaults are right for a service; tests shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Longest time to connect: 3 s.
    pub connect: Duration,
    /// Longest time of a whole fetch, discovery included: 5 s.
    pub fetch: Duration,
    /// Bounds of the time between background fetches, which the issuer's `max-age` chooses: 60 s and 1 h.
    pub refresh: (Duration, Duration),
    /// That time if the issuer says nothing: 10 min.
    pub refresh_default: Duration,
    /// Bounds of the time until the next try after failures, which doubles: 5 s and 60 s.
    pub retry: (Duration, Duration),
    /// How long keys are used that cannot be refreshed: 24 h.
    pub stale: Duration,
    /// How often tokens with unknown keys may cause a fetch: one in 2 s ...
    pub forced_interval: Duration,
    /// ... and this many at once after a quiet time: 3.
    pub forced_burst: u32,
    /// Most requests that wait for a fetch which another one caused; the others are answered by what is known: 128. The networks
    /// that they come from share these places. As many wait for the answer to an introspection of an issuer that gave none to the last. A server that serves fewer at a time,
    /// or has several issuers, sets it lower, so that no issuer that hangs takes all its places.
    pub waiting: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            fetch: Duration::from_secs(5),
            refresh: (Duration::from_secs(60), Duration::from_secs(3600)),
            refresh_default: Duration::from_secs(600),
            retry: (Duration::from_secs(5), Duration::from_secs(60)),
            stale: Duration::from_secs(24 * 3600),
            forced_interval: Duration::from_secs(2),
            forced_burst: 3,
            waiting: 128,
        }
    }
}

impl Timing {
    /// The time to the next background fetch, where the issuer said that its keys are fresh for so long.
    fn until_refresh(&self, max_age: Option<Duration>) -> Duration {
        let wanted = max_age.unwrap_or(self.refresh_default);
        wanted.clamp(self.refresh.0, self.refresh.1)
    }
}

/// Most keys that are ignored and told of, each by a line of the log.
const MOST_TOLD: usize = 16;

/// A key's identifier as it may be logged: the issuer chose it, and may have chosen anything.
fn shown(kid: &str) -> &str {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~=".contains(&octet);
    let is_name = (1..=64).contains(&kid.len()) && kid.bytes().all(plain);
    if is_name { kid } else { "…" }
}

/// What is known at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// How many fetches have ended.
    pub(crate) fetches: u64,
    /// How many of them failed.
    pub(crate) failures: u64,
    /// The keys, and when they were fetched.
    pub(crate) keys: Option<(Arc<KeySet>, Instant)>,
    /// Why the last fetch failed.
    pub(crate) failure: Option<String>,
    /// More on that; empty where there is no more to say.
    pub(crate) detail: String,
}

impl Snapshot {
    /// The keys, unless there are none or they are too old.
    pub(crate) fn usable(&self, stale: Duration) -> Option<&Arc<KeySet>> {
        self.keys
            .as_ref()
            .filter(|(_, fetched)| fetched.elapsed() < stale)
            .map(|(keys, _)| keys)
    }
}

/// Why there is no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    /// The token is at fault, as far as is known.
    Refused(Reason),
    /// No keys are known at all.
    Unavailable,
}

/// The keys of one issuer, kept fresh until this is dropped.
pub(crate) struct Keys {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    timing: Timing,
    snapshot: watch::Sender<Snapshot>,
    budget: Mutex<Budget>,
    wake: Notify,
    /// Where requests wait: fetches are rationed, and so is what an issuer that hangs may hold.
    places: Places,
    log: Logger,
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keys {
    /// Starts the task, which fetches at once. Call this within a runtime.
    pub(crate) fn start(fetcher: Fetcher, timing: Timing, log: Logger) -> Self {
        let mut budget = Budget::new(timing.forced_interval, timing.forced_burst, Instant::now());
        budget.begin();
        let shared = Arc::new(Shared {
            timing,
            snapshot: watch::Sender::new(Snapshot::default()),
            budget: Mutex::new(budget),
            wake: Notify::new(),
            places: Places::new(timing.waiting),
            log,
        });
        let task = tokio::spawn(refresh(Arc::clone(&shared), fetcher));
        Self { shared, task }
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.shared.snapshot.borrow().clone()
    }

    /// The longest that keys are used without a refresh.
    pub(crate) fn stale(&self) -> Duration {
        self.shared.timing.stale
    }

    /// Waits until the first fetch has ended, at most as long as one may take.
    pub(crate) async fn first(&self) {
        self.after(0).await;
    }

    /// The key for a token that comes from this network. It waits only where the key is unknown and a fetch is permitted, at most as long as two
    /// fetches may take: one that was under way, and may have been answered before the key was published, and one more.
    pub(crate) async fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        network: IpAddr,
    ) -> Result<Arc<Key>, Miss> {
        let want = Want::Key(kid.map(str::to_owned), algorithm);
        let look = || self.look(kid, algorithm);
        self.wait(want, network, look, |found| !worth_a_fetch(found))
            .await
    }

    /// The key that has taken the place of `key`, which is found for a token and does not prove it: an issuer may give a new
    /// key the name of the old one, or none. It waits as [`Keys::find`] does, and forged tokens of one name
    /// cause one fetch until that is forgotten.
    pub(crate) async fn successor(
        &self,
        key: &Key,
        kid: Option<&str>,
        algorithm: Algorithm,
        network: IpAddr,
    ) -> Option<Arc<Key>> {
        // Not as for an unknown key: that this one does not prove a token says nothing of its name.
        let want = Want::Successor(kid.map(str::to_owned), algorithm);
        let look = || {
            let (seen, found) = self.look(kid, algorithm);
            // The same key, read once more, is no other.
            (
                seen,
                found
                    .ok()
                    .filter(|other| other.thumbprint != key.thumbprint),
            )
        };
        self.wait(want, network, look, Option::is_some).await
    }

    /// What `look` finds, now or once a fetch has brought enough: in the first snapshot, or in the second where a fetch was
    /// under way already. Where others have used up what may be fetched, that is waited for first, for as long as a fetch may take.
    /// Who finds no place to wait, or loses it to a network that has fewer, gets what there is.
    async fn wait<T>(
        &self,
        want: Want,
        network: IpAddr,
        look: impl Fn() -> (u64, T),
        enough: impl Fn(&T) -> bool,
    ) -> T {
        let mut place = None;
        for _ in 0..3 {
            let (seen, found) = look();
            if enough(&found) {
                return found;
            }
            let permit = self.shared.budget().ask(&want, Instant::now());
            match permit {
                // A snapshot may have come between the look and the question; if so, waiting ends at once.
                Permit::No if self.shared.snapshot.borrow().fetches == seen => return found,
                Permit::No => self.after(seen).await,
                Permit::Join | Permit::Later(_) => {
                    place = place.or_else(|| self.shared.places.enter(network));
                    let Some(place) = &place else {
                        return found;
                    };
                    let pause = match permit {
                        Permit::Later(pause) if pause > self.shared.timing.fetch => return found,
                        Permit::Later(pause) => pause,
                        _ => Duration::MAX,
                    };
                    tokio::select! {
                        _ = tokio::time::timeout(pause, self.after(seen)) => {}
                        () = place.lost() => return look().1,
                    }
                }
                Permit::Fetch => {
                    self.shared.wake.notify_one();
                    self.after(seen).await;
                    let found = look().1;
                    // What a fetch that succeeded did not bring, another one would not; and a key that took another's place is
                    // looked for by everything that the other one signed.
                    let succeeded = self.shared.snapshot.borrow().failure.is_none();
                    if succeeded && !(enough(&found) && matches!(want, Want::Key(..))) {
                        self.shared.budget().remember(want, Instant::now());
                    }
                    return found;
                }
            }
        }
        look().1
    }

    /// The answer of the present snapshot, and which one that is.
    fn look(&self, kid: Option<&str>, algorithm: Algorithm) -> (u64, Result<Arc<Key>, Miss>) {
        let snapshot = self.shared.snapshot.borrow();
        let found = match snapshot.usable(self.shared.timing.stale) {
            Some(keys) => keys
                .select(kid, algorithm)
                .map(Arc::clone)
                .map_err(Miss::Refused),
            None => Err(Miss::Unavailable),
        };
        (snapshot.fetches, found)
    }

    /// Waits for a snapshot later than `seen`, for as long as one fetch may take.
    async fn after(&self, seen: u64) {
        let mut snapshots = self.shared.snapshot.subscribe();
        let patience = self.shared.timing.fetch + Duration::from_millis(500);
        let later = snapshots.wait_for(|snapshot| snapshot.fetches > seen);
        // Whether it came or not, the present snapshot is looked at next.
        let _ = tokio::time::timeout(patience, later).await;
    }
}

/// Whether a newer key set may bring the key: also of another kind under the same name.
fn worth_a_fetch(found: &Result<Arc<Key>, Miss>) -> bool {
    matches!(
        found,
        Err(Miss::Unavailable | Miss::Refused(Reason::UnknownKey | Reason::KeyMismatch))
    )
}

impl Shared {
    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the outcome of a fetch. Only the task does so: what it reads first is what it replaces.
    fn publish(&self, outcome: Result<Fetched, FetchError>) {
        let before = self.snapshot.borrow().clone();
        let mut after = Snapshot {
            fetches: before.fetches + 1,
            ..before.clone()
        };
        match outcome {
            Ok(fetched) => {
                self.tell_success(&before, &fetched.keys);
                after.keys = Some((Arc::new(fetched.keys), Instant::now()));
                (after.failure, after.detail) = (None, String::new());
            }
            Err(error) => {
                let (reason, detail) = (error.to_string(), error.detail());
                if before.failure.as_ref() == Some(&reason) {
                    debug!(self.log, "the key set can still not be fetched"; "reason" => &reason);
                } else {
                    warn!(self.log, "the key set cannot be fetched"; "reason" => &reason, "detail" => error.logged());
                }
                after.failures += 1;
                (after.failure, after.detail) = (Some(reason), detail);
            }
        }
        // Whoever sees the one sees the other: else a token would join a fetch that is over.
        let mut budget = self.budget();
        self.snapshot.send_replace(after);
        budget.end();
    }

    /// Logs a key set when it changes, with what is left out of it.
    fn tell_success(&self, before: &Snapshot, keys: &KeySet) {
        let same = before.keys.as_ref().is_some_and(|(old, _)| {
            old.kids() == keys.kids() && old.ignored == keys.ignored && old.beyond == keys.beyond
        });
        if !same || before.failure.is_some() {
            let kids = keys.kids();
            let shown: Vec<&str> = kids.iter().take(MOST_TOLD).map(|kid| shown(kid)).collect();
            info!(self.log, "the key set is known"; "keys" => kids.len(), "kids" => shown.join(" "));
        }
        if !same {
            for (kid, unfit) in keys.ignored.iter().take(MOST_TOLD) {
                let kid = kid.as_deref().map_or("-", shown);
                warn!(self.log, "a published key is ignored"; "kid" => kid, "reason" => unfit.as_str());
            }
            let more = keys.ignored_in_all().saturating_sub(MOST_TOLD);
            if more > 0 {
                warn!(self.log, "more published keys are ignored"; "count" => more, "beyond_the_most" => keys.beyond);
            }
        }
    }
}

/// Fetches for ever: at the pace that the issuer asks for, slower after failures, and when tokens ask for it.
async fn refresh(shared: Arc<Shared>, mut fetcher: Fetcher) {
    let timing = shared.timing;
    let mut pause = timing.retry.0;
    let mut asked = false;
    loop {
        shared.budget().begin();
        let outcome = match tokio::time::timeout(timing.fetch, fetcher.fetch(!asked)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::TimedOut),
        };
        let next = match &outcome {
            Ok(fetched) => {
                pause = timing.retry.0;
                timing.until_refresh(fetched.max_age)
            }
            Err(_) => {
                let now = pause;
                pause = (pause * 2).min(timing.retry.1);
                now
            }
        };
        shared.publish(outcome);
        asked = tokio::select! {
            () = tokio::time::sleep(next) => false,
            () = shared.wake.notified() => true,
        };
    }
}
