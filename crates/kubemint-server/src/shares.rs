//! What one caller may take of the service, and what is written when a caller wants more.
//!
//! A caller has a rate, and a share of the requests that are served at a time: one who asks for what a slow cluster does
//! not answer cannot hold every place. What is refused here was authenticated, and so belongs into the audit trail; but a
//! row for each would let a flood fill the store. So there is one row for each caller and minute, with the count; and in
//! a minute in which more callers are refused than are told apart, one row for all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::ports::StoreError;
use kubemint::{Caller, ClusterKey, Kubemint, Principal};
use openapi_runtime::Refusal;
use serde_json::Map;
use slog::Logger;
use tokio::sync::watch;

use crate::guard::{Limits, Places, Rate, Slot};

/// How often refusals are written.
const WINDOW: Duration = Duration::from_secs(60);
/// The most callers that are told apart in a window.
const MOST: usize = 1024;

/// The shares of all callers.
pub(crate) struct Shares {
    rate: Rate,
    places: Arc<Places<Principal>>,
    refused: Mutex<Tally>,
}

/// A caller's place among the requests that are served; free again when dropped.
pub(crate) type Place = Slot<Principal>;

/// Refusals that are not written yet.
#[derive(Default)]
struct Tally {
    callers: HashMap<Principal, Counted>,
    others: Option<Counted>,
}

#[derive(Clone)]
struct Counted {
    count: u64,
    from: DateTime<Utc>,
    last: DateTime<Utc>,
    token_id: Option<String>,
    request_id: String,
}

impl Shares {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            rate: Rate::new(limits.requests_per_second_per_caller, limits.burst),
            places: Places::of_each(limits.requests_in_flight_per_caller()),
            refused: Mutex::default(),
        }
    }

    /// Takes a place for a request, unless the caller asks too often or has too many under way. A refusal is counted.
    pub(crate) fn admit(
        &self,
        caller: &Caller,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Place, Refusal> {
        let admitted = match self.rate.take(&caller.principal) {
            Err(retry_after) => Err((retry_after, "the caller asks too often")),
            Ok(()) => self
                .places
                .enter(caller.principal.clone())
                .map_err(|_| (1, "the caller has too many requests under way")),
        };
        admitted.map_err(|(retry_after, internal)| {
            self.lock().add(caller, request_id, now);
            Refusal::TooManyRequests {
                retry_after,
                internal: internal.to_owned(),
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what was refused, again and again, and a last time when `stop` turns true.
    pub(crate) async fn write(
        self: Arc<Self>,
        service: Arc<Kubemint>,
        log: Logger,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let stopping = tokio::select! {
                () = tokio::time::sleep(WINDOW) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            if let Err(error) = self.write_once(&service).await {
                slog::warn!(log, "cannot write that callers were refused, will try again";
                    "error" => crate::edge::chain(&error));
            }
            if stopping {
                return;
            }
        }
    }

    async fn write_once(&self, service: &Kubemint) -> Result<(), StoreError> {
        let mut tally = std::mem::take(&mut *self.lock());
        while let Some((principal, counted)) = tally.next() {
            let event = counted.clone().event(principal.clone());
            if let Err(error) = service.ports().store.append(event).await {
                tally.put(principal, counted);
                self.lock().merge(tally);
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Tally {
    fn add(&mut self, caller: &Caller, request_id: &str, now: DateTime<Utc>) {
        let counted = Counted {
            count: 1,
            from: now,
            last: now,
            token_id: caller.token_id.clone(),
            request_id: request_id.to_owned(),
        };
        self.put(Some(caller.principal.clone()), counted);
    }

    fn put(&mut self, principal: Option<Principal>, counted: Counted) {
        let full = self.callers.len() >= MOST;
        let known = principal.filter(|principal| !full || self.callers.contains_key(principal));
        let Some(principal) = known else {
            match &mut self.others {
                Some(others) => others.join(&counted),
                None => self.others = Some(counted),
            }
            return;
        };
        match self.callers.get_mut(&principal) {
            Some(earlier) => earlier.join(&counted),
            None => {
                self.callers.insert(principal, counted);
            }
        }
    }

    fn next(&mut self) -> Option<(Option<Principal>, Counted)> {
        if let Some(others) = self.others.take() {
            return Some((None, others));
        }
        let principal = self.callers.keys().next()?.clone();
        let counted = self.callers.remove(&principal)?;
        Some((Some(principal), counted))
    }

    fn merge(&mut self, mut other: Self) {
        while let Some((principal, counted)) = other.next() {
            self.put(principal, counted);
        }
    }
}

impl Counted {
    fn join(&mut self, more: &Self) {
        self.count += more.count;
        self.from = self.from.min(more.from);
        self.last = self.last.max(more.last);
    }

    /// One row. It names the first request and token of a caller, and none of all others.
    fn event(self, principal: Option<Principal>) -> Event {
        let known = principal.is_some();
        let event = Event {
            at: self.last,
            kind: Kind::Throttled,
            request_id: known.then_some(self.request_id),
            token_id: self.token_id.filter(|_| known),
            principal,
            cluster: ClusterKey::new("", "", ""),
            kubeconfig: None,
            uid: None,
            decision: None,
            detail: Map::new(),
        };
        let from = self.from.to_rfc3339_opts(SecondsFormat::Millis, true);
        event.with("count", self.count).with("from", from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(subject: usize) -> Caller {
        Caller::new("https://login.example", subject.to_string())
    }

    #[test]
    fn refusals_are_counted_by_caller_in_bounded_memory() {
        let mut tally = Tally::default();
        for _ in 0..3 {
            for subject in 0..MOST + 100 {
                tally.add(&caller(subject), "r", DateTime::UNIX_EPOCH);
            }
        }
        assert_eq!(tally.callers.len(), MOST);
        let mut rows = 0;
        let mut count = 0;
        while let Some((principal, counted)) = tally.next() {
            let event = counted.event(principal);
            let known = event.principal.is_some();
            assert_eq!(event.detail["count"], if known { 3 } else { 300 });
            assert_eq!(event.request_id.is_some(), known);
            count += event.detail["count"].as_u64().unwrap();
            rows += 1;
        }
        assert_eq!((rows, count), (MOST + 1, 3 * (MOST as u64 + 100)));
    }

    #[test]
    fn one_callers_share_is_not_all_and_comes_back() {
        let limits = Limits {
            requests_in_flight: 8,
            ..Limits::default()
        };
        let shares = Shares::new(&limits);
        let admit = |subject| shares.admit(&caller(subject), "r", DateTime::UNIX_EPOCH);
        let held: Vec<_> = (0..2).map(|_| admit(1).unwrap()).collect();
        assert!(matches!(
            admit(1),
            Err(Refusal::TooManyRequests { retry_after: 1, .. })
        ));
        assert!(admit(2).is_ok());
        drop(held);
        assert!(admit(1).is_ok());
        assert_eq!(shares.lock().callers[&caller(1).principal].count, 1);
    }
}
