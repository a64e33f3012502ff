//! Misbehaviour on command, and the count of what was asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A kind of request: a verb on a resource, either of which may be `*`.
///
/// Verbs are those of RBAC (`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`),
/// resources are plurals, with the subresource if there is one (`serviceaccounts/token`). What is no resource has
/// the verb `get` and is one of `/version`, `/healthz`, `/openapi`, `/discovery` or `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKind {
    /// The verb, or `*`.
    pub verb: &'static str,
    /// The resource, or `*`.
    pub resource: &'static str,
}

impl RequestKind {
    /// Every request.
    pub const ANY: Self = Self {
        verb: "*",
        resource: "*",
    };
    /// Creating a ServiceAccount.
    pub const CREATE_SERVICE_ACCOUNT: Self = Self {
        verb: "create",
        resource: "serviceaccounts",
    };
    /// Reading one ServiceAccount.
    pub const GET_SERVICE_ACCOUNT: Self = Self {
        verb: "get",
        resource: "serviceaccounts",
    };
    /// Listing ServiceAccounts.
    pub const LIST_SERVICE_ACCOUNTS: Self = Self {
        verb: "list",
        resource: "serviceaccounts",
    };
    /// Deleting one ServiceAccount.
    pub const DELETE_SERVICE_ACCOUNT: Self = Self {
        verb: "delete",
        resource: "serviceaccounts",
    };
    /// Minting a token.
    pub const TOKEN_REQUEST: Self = Self {
        verb: "create",
        resource: "serviceaccounts/token",
    };
    /// Reading one namespace.
    pub const GET_NAMESPACE: Self = Self {
        verb: "get",
        resource: "namespaces",
    };
    /// Asking what one may do, verb by verb.
    pub const ACCESS_REVIEW: Self = Self {
        verb: "create",
        resource: "selfsubjectaccessreviews",
    };
    /// Asking for the list of what one may do.
    pub const RULES_REVIEW: Self = Self {
        verb: "create",
        resource: "selfsubjectrulesreviews",
    };

    fn covers(self, other: Self) -> bool {
        (self.verb == "*" || self.verb == other.verb)
            && (self.resource == "*" || self.resource == other.resource)
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The request is held for this long, then served as if nothing had been. Adds to other effects.
    Delay(Duration),
    /// Nothing is done, and the answer is a `Status` with this code.
    Refuse {
        /// The HTTP status, such as 401, 403, 409, 429, 500 or 503.
        code: u16,
        /// The status's message; a fitting one if absent.
        message: Option<String>,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u32>,
    },
    /// Nothing is done, and the connection is cut.
    CutBefore,
    /// The work is done, then the connection is cut: the answer is lost.
    CutAfter,
    /// Nothing is done, and no answer comes for two minutes; then the connection is cut.
    Hang,
    /// The work is done, and the answer is a success whose body is not JSON.
    Garbage,
    /// The work is done, and the answer is a success whose body is this document.
    Answer(serde_json::Value),
    /// Nothing is done, and the answer is 307 to this place.
    Redirect(String),
    /// A token lives this many seconds longer (or shorter, if negative) than asked, and says so.
    GrantOff(i64),
    /// The answer's `expirationTimestamp` lies this many seconds beside the token's own `exp`.
    MisreportExpiry(i64),
}

impl Effect {
    /// A refusal with this code and nothing special.
    pub fn refuse(code: u16) -> Self {
        Effect::Refuse {
            code,
            message: None,
            retry_after: None,
        }
    }

    /// 429 with `Retry-After` in seconds.
    pub fn too_many_requests(retry_after: u32) -> Self {
        Effect::Refuse {
            code: 429,
            message: None,
            retry_after: Some(retry_after),
        }
    }
}

/// An effect on the next requests of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which requests.
    pub on: RequestKind,
    /// What happens to them.
    pub effect: Effect,
    /// How many of them; `u32::MAX` means until [`Cluster::clear_faults`](super::Cluster::clear_faults).
    pub times: u32,
}

impl Fault {
    /// The next request of this kind.
    pub fn once(on: RequestKind, effect: Effect) -> Self {
        Self {
            on,
            effect,
            times: 1,
        }
    }

    /// The next `times` requests of this kind.
    pub fn times(on: RequestKind, effect: Effect, times: u32) -> Self {
        Self { on, effect, times }
    }

    /// Every request of this kind, until the faults are cleared.
    pub fn always(on: RequestKind, effect: Effect) -> Self {
        Self {
            on,
            effect,
            times: u32::MAX,
        }
    }
}

/// What is to happen to one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) delay: Duration,
    /// At most one effect other than a delay.
    pub(crate) effect: Option<Effect>,
}

/// Faults that wait for their requests.
#[derive(Default)]
pub(crate) struct Faults {
    waiting: Mutex<Vec<Fault>>,
    /// How many wait, so that a cluster without faults takes no lock.
    count: AtomicUsize,
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.times > 0 {
            waiting.push(fault);
        }
        self.count.store(waiting.len(), Ordering::Release);
    }

    pub(crate) fn clear(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.clear();
        self.count.store(0, Ordering::Release);
    }

    /// The faults that no request has met yet (or not often enough).
    pub(crate) fn pending(&self) -> Vec<Fault> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Uses up what concerns this request: every delay, and the oldest other effect.
    pub(crate) fn plan(&self, kind: RequestKind) -> Plan {
        let mut plan = Plan::default();
        if self.count.load(Ordering::Acquire) == 0 {
            return plan;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for fault in waiting.iter_mut().filter(|fault| fault.on.covers(kind)) {
            match &fault.effect {
                Effect::Delay(delay) => plan.delay += *delay,
                _ if plan.effect.is_some() => continue,
                other => plan.effect = Some(other.clone()),
            }
            if fault.times != u32::MAX {
                fault.times -= 1;
            }
        }
        waiting.retain(|fault| fault.times > 0);
        self.count.store(waiting.len(), Ordering::Release);
        plan
    }
}

/// How often each kind was asked.
#[derive(Default)]
pub(crate) struct Counters(Mutex<BTreeMap<RequestKind, u64>>);

impl Counters {
    pub(crate) fn count(&self, kind: RequestKind) {
        *self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(kind)
            .or_default() += 1;
    }

    pub(crate) fn of(&self, kind: RequestKind) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .filter(|(known, _)| kind.covers(**known))
            .map(|(_, count)| count)
            .sum()
    }

    pub(crate) fn all(&self) -> BTreeMap<RequestKind, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_its_kind_as_often_as_told_and_delays_add_up() {
        let faults = Faults::default();
        faults.add(Fault::times(
            RequestKind::TOKEN_REQUEST,
            Effect::CutAfter,
            2,
        ));
        faults.add(Fault::once(RequestKind::ANY, Effect::refuse(503)));
        faults.add(Fault::always(
            RequestKind::ANY,
            Effect::Delay(Duration::from_millis(5)),
        ));
        let token = || faults.plan(RequestKind::TOKEN_REQUEST);
        let first = token();
        assert_eq!(
            (first.effect, first.delay),
            (Some(Effect::CutAfter), Duration::from_millis(5))
        );
        assert_eq!(
            faults.plan(RequestKind::GET_NAMESPACE).effect,
            Some(Effect::refuse(503))
        );
        assert_eq!(token().effect, Some(Effect::CutAfter));
        assert_eq!(token().effect, None);
        assert_eq!(faults.pending().len(), 1);
        faults.clear();
        assert_eq!(token().delay, Duration::ZERO);
    }
}
