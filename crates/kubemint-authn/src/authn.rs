//! From a bearer token to a caller.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use kubemint::caller::Caller;
use kubemint::ports::Clock;
use slog::{Logger, debug, o};

use crate::config::IssuerConfig;
use crate::error::{AuthnError, BuildError, Reason};
use crate::fetch::Fetcher;
use crate::introspect::{Doubt, Introspector};
use crate::keys::{Keys, Miss, Timing};
use crate::token::{Said, examine};

/// Knows the issuers, and tells who is calling.
pub struct Authn {
    issuers: Vec<IssuerConfig>,
    /// One for each issuer, in the same order.
    keys: Vec<Keys>,
    /// The same, where issuers are asked whether tokens are active.
    introspectors: Vec<Option<Introspector>>,
    clock: Arc<dyn Clock>,
    log: Logger,
}

/// How an issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerHealth {
    /// The issuer's alias.
    pub alias: String,
    /// Whether its keys are known, the last fetch succeeded, and so did the last introspection. An issuer that is not ok may still be served by the
    /// keys that are known.
    pub ok: bool,
    /// Since when its keys are known as they are; `None` if they were never fetched.
    pub age: Option<Duration>,
    /// What is wrong, in words that hold nothing of the issuer's own.
    pub reason: Option<String>,
    /// More on why its keys could not be fetched, with what its discovery document says: for who looks after the service.
    pub detail: Option<String>,
    /// How many keys can be used now.
    pub keys: usize,
    /// How many keys it publishes that are ignored: weak, malformed, or not for signatures.
    pub ignored_keys: usize,
    /// How often its key set was fetched since the start.
    pub fetches: u64,
    /// How many of these fetches failed.
    pub failures: u64,
}

impl Authn {
    /// Prepares authentication, and begins to fetch the key sets; the tasks that do so end when this is dropped. Call
    /// it within a tokio runtime. `clock` judges the times in tokens.
    ///
    /// # Errors
    /// [`BuildError`] if an HTTPS client cannot be made: there are no roots of trust.
    pub fn new(
        issuers: Vec<IssuerConfig>,
        clock: Arc<dyn Clock>,
        log: Logger,
    ) -> Result<Self, BuildError> {
        Self::with_timing(issuers, clock, log, Timing::default())
    }

    /// As [`Authn::new`], with other periods than the usual ones.
    ///
    /// # Errors
    /// As [`Authn::new`].
    pub fn with_timing(
        issuers: Vec<IssuerConfig>,
        clock: Arc<dyn Clock>,
        log: Logger,
        timing: Timing,
    ) -> Result<Self, BuildError> {
        let own_log = |config: &IssuerConfig| log.new(o!("issuer" => config.alias.clone()));
        let failed = |config: &IssuerConfig| {
            let alias = config.alias.clone();
            |source| BuildError { alias, source }
        };
        let keys = issuers.iter().map(|config| {
            let fetcher = Fetcher::new(config, &timing).map_err(failed(config))?;
            Ok(Keys::start(fetcher, timing, own_log(config)))
        });
        let keys = keys.collect::<Result<_, _>>()?;
        let introspectors = issuers.iter().map(|config| {
            let asked = config.introspection.as_ref();
            asked
                .map(|asked| Introspector::new(config, asked, timing.waiting, own_log(config)))
                .transpose()
                .map_err(failed(config))
        });
        let introspectors = introspectors.collect::<Result<_, _>>()?;
        Ok(Self {
            issuers,
            keys,
            introspectors,
            clock,
            log,
        })
    }

    /// Waits until every issuer's first fetch has ended, at most as long as one may take (5 s), and tells how they
    /// are. An issuer that fails is no reason not to serve: it is tried again in the background.
    pub async fn warm_up(&self) -> Vec<IssuerHealth> {
        for keys in &self.keys {
            keys.first().await;
        }
        self.health()
    }

    /// The caller that a bearer token speaks for, where nothing is known of the network that it comes from: all of these together
    /// have what [`Authn::authenticate_from`] gives to one.
    ///
    /// # Errors
    /// As [`Authn::authenticate_from`].
    pub async fn authenticate(&self, bearer: &str) -> Result<Caller, AuthnError> {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.authenticate_from(bearer, unknown).await
    }

    /// The caller that a bearer token speaks for. Few may wait at a time for a key that is not known yet, and `network`, the
    /// address of the peer or of its network, says who shares these places with whom.
    ///
    /// # Errors
    /// [`AuthnError::Refused`] whatever is wrong with the token; [`AuthnError::Unavailable`] if it cannot be judged
    /// because its issuer's keys have never been fetched, or not for a day.
    pub async fn authenticate_from(
        &self,
        bearer: &str,
        network: IpAddr,
    ) -> Result<Caller, AuthnError> {
        let judged = self.judge(bearer, network).await;
        if let Err(AuthnError::Refused(reason)) = &judged {
            debug!(self.log, "a token is refused"; "reason" => reason.as_str());
        }
        judged
    }

    async fn judge(&self, bearer: &str, network: IpAddr) -> Result<Caller, AuthnError> {
        let began = self.clock.now();
        let examined = examine(bearer, &self.issuers, began)?;
        let (Some(config), Some(keys)) = (
            self.issuers.get(examined.issuer),
            self.keys.get(examined.issuer),
        ) else {
            return Err(AuthnError::Refused(Reason::Issuer));
        };
        let (kid, algorithm) = (examined.kid.as_deref(), examined.algorithm);
        let found = keys.find(kid, algorithm, network).await;
        let key = found.map_err(|miss| match miss {
            Miss::Refused(reason) => AuthnError::Refused(reason),
            Miss::Unavailable => AuthnError::Unavailable(config.alias.clone()),
        })?;
        if !examined.is_proved_by(&key) {
            let successor = keys.successor(&key, kid, algorithm, network).await;
            let successor = successor.filter(|key| examined.is_proved_by(key));
            successor.ok_or(Reason::Signature)?;
        }
        let now = self.clock.now();
        if now - began >= TimeDelta::seconds(1) {
            // A key was waited for, and the token's time may be over.
            examine(bearer, &self.issuers, now)?;
        }
        let caller = examined.into_caller();
        let (scope, id) = (caller.scope.as_deref(), caller.scope_id.as_deref());
        if config.limit.admits(scope, id) {
            Ok(caller)
        } else {
            Err(AuthnError::Refused(Reason::Scope))
        }
    }

    /// Makes sure that the token of a caller whom [`Authn::authenticate`] told is still active, by its issuer's word, if
    /// that issuer is configured to be asked (RFC 7662).
    ///
    /// # Errors
    /// [`AuthnError::Refused`] if it is not; [`AuthnError::Unasked`] if there is no answer in time.
    pub async fn confirm(&self, bearer: &str, caller: &Caller) -> Result<(), AuthnError> {
        let issuer = &caller.principal.issuer;
        let mut pairs = self.issuers.iter().zip(&self.introspectors);
        let Some((config, introspector)) = pairs.find(|(config, _)| config.url == *issuer) else {
            return Err(AuthnError::Refused(Reason::Issuer));
        };
        let Some(introspector) = introspector else {
            return Ok(());
        };
        let said = Said::read(bearer).filter(|said| said.subject == caller.principal.subject);
        let said = said.ok_or(Reason::OtherToken)?;
        match (introspector.confirm(bearer, &said, config, &*self.clock)).await {
            Ok(()) => Ok(()),
            Err(Doubt::Refused(reason)) => {
                debug!(self.log, "a token is refused"; "reason" => reason.as_str());
                Err(AuthnError::Refused(reason))
            }
            Err(Doubt::Unasked) => Err(AuthnError::Unasked(config.alias.clone())),
        }
    }

    /// How the issuers are, in the order of the configuration.
    #[must_use]
    pub fn health(&self) -> Vec<IssuerHealth> {
        self.issuers
            .iter()
            .zip(&self.keys)
            .zip(&self.introspectors)
            .map(|((config, keys), introspector)| health(config, keys, introspector.as_ref()))
            .collect()
    }

    /// The alias of an issuer, for a metric's label; `None` if it is not configured.
    #[must_use]
    pub fn alias(&self, issuer: &str) -> Option<&str> {
        self.issuers
            .iter()
            .find(|config| config.url == issuer)
            .map(|config| config.alias.as_str())
    }
}

fn health(config: &IssuerConfig, keys: &Keys, introspector: Option<&Introspector>) -> IssuerHealth {
    let snapshot = keys.snapshot();
    let usable = snapshot.usable(keys.stale());
    let reason = match (&snapshot.failure, &snapshot.keys, usable) {
        (Some(failure), Some(_), None) => Some(format!(
            "{failure}, and the keys that were known are too old"
        )),
        (Some(failure), _, _) => Some(failure.clone()),
        (None, None, _) => Some("the key set is not fetched yet".to_owned()),
        (None, Some(_), None) => Some("the keys that were known are too old".to_owned()),
        (None, Some(_), Some(keys)) if keys.len() == 0 => Some("the key set is empty".to_owned()),
        (None, Some(_), Some(_)) => None,
    };
    let unasked = introspector.and_then(Introspector::failure);
    let unasked = unasked.map(|failure| format!("no token can be introspected: {failure}"));
    let reason = match (reason, unasked) {
        (Some(reason), Some(unasked)) => Some(format!("{reason}; {unasked}")),
        (reason, unasked) => reason.or(unasked),
    };
    IssuerHealth {
        alias: config.alias.clone(),
        ok: reason.is_none(),
        age: snapshot.keys.as_ref().map(|(_, fetched)| fetched.elapsed()),
        reason,
        detail: Some(snapshot.detail.clone()).filter(|detail| !detail.is_empty()),
        keys: usable.map_or(0, |keys| keys.len()),
        ignored_keys: usable.map_or(0, |keys| keys.ignored_in_all()),
        fetches: snapshot.fetches,
        failures: snapshot.failures,
    }
}
