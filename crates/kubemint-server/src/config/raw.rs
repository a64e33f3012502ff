//! The configuration file as it is written.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kubemint_authn::RawIssuer;
use kubemint_clusters::{RawCluster, RawDuration};
use kubemint_policy::{CedarPolicy, PolicyConfig, PolicyError};
use kubemint_store::Backend;
use serde::Deserialize;

use super::secrets::Secrets;
use super::{Audit, Config, Retention, Tls};
use crate::edge::chain;
use crate::guard::{self, RawLimits};
use crate::log::Verbosity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    #[serde(default)]
    server: Server,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    internal: Internal,
    store: Option<kubemint_store::Config>,
    #[serde(default)]
    retention: RawRetention,
    #[serde(default)]
    audit: RawAudit,
    #[serde(default)]
    log: Log,
    #[serde(default)]
    pub(super) policy: PolicyConfig,
    #[serde(default)]
    issuers: Vec<RawIssuer>,
    #[serde(default)]
    clusters: Vec<RawCluster>,
}

/// The file to whom nothing but the store matters.
#[derive(Deserialize)]
pub(super) struct OnlyStore {
    pub(super) store: Option<kubemint_store::Config>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    listen: Option<SocketAddr>,
    tls: Option<RawTls>,
    #[serde(default)]
    behind_proxy: bool,
    grace: Option<RawDuration>,
    drain: Option<RawDuration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTls {
    cert_file: PathBuf,
    key_file: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRetention {
    expired: Option<RawDuration>,
    audit: Option<RawDuration>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAudit {
    personal_data: Option<PersonalData>,
    pseudonym_key_file: Option<PathBuf>,
}

/// `true`, `false` or `"pseudonym"`; the last two are the same.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected true, false or \"pseudonym\"")]
enum PersonalData {
    Kept(bool),
    Named(Pseudonym),
}

#[derive(Deserialize)]
enum Pseudonym {
    #[serde(rename = "pseudonym")]
    Pseudonym,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Internal {
    listen: SocketAddr,
}

impl Default for Internal {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    #[serde(default)]
    level: Verbosity,
}

impl Raw {
    /// Checks everything, and tells all that is wrong. What holds is there beside it; `None` without a store.
    pub(super) fn check(self, base: &Path) -> (Option<Config>, Vec<String>) {
        let mut problems = Vec::new();
        let exposed = self.exposed(base);
        let grace = seconds(self.server.grace.as_ref(), 20, "grace", &mut problems);
        let drain = seconds(self.server.drain.as_ref(), 0, "drain", &mut problems);
        let tls = self.server.tls(base, &mut problems);
        let guard = self.limits.check(self.server.behind_proxy, &mut problems);
        let retention = self.retention.check(&mut problems);
        let audit = self.audit.check(base, &mut problems);
        let store = store(self.store, base, &mut problems);
        if self.server.listen.is_none() {
            let help = "write where the API listens, such as listen = \"127.0.0.1:8443\"";
            problems.push(format!("server.listen: it is missing; {help}"));
        }
        if let Some(listen) = self.server.listen
            && clash(listen, self.internal.listen)
        {
            problems.push(format!(
                "internal.listen: {} is server.listen too; give it a port of its own",
                self.internal.listen
            ));
        }
        if let Err(error) = CedarPolicy::load(&self.policy, base) {
            problems.extend(policy(&error));
        }
        let issuers = kubemint_authn::validate(&self.issuers, base)
            .map_err(|error| problems.extend(error.to_string().lines().map(str::to_owned)))
            .unwrap_or_default();
        let clusters = kubemint_clusters::validate(&self.clusters, base)
            .map_err(|error| problems.extend(error.to_string().lines().map(str::to_owned)))
            .unwrap_or_default();
        if self.issuers.is_empty() {
            problems.push(
                "issuers: there is none, so nobody could call; add an [[issuers]] table".to_owned(),
            );
        }
        if self.clusters.is_empty() {
            problems.push("clusters: there is none; add a [[clusters]] table".to_owned());
        }
        let config = store.zip(self.server.listen).map(|(store, listen)| Config {
            listen,
            tls,
            internal: self.internal.listen,
            grace,
            drain,
            guard,
            verbosity: self.log.level,
            store,
            retention,
            audit,
            policy: self.policy,
            issuers,
            clusters,
            exposed,
            base: base.to_owned(),
            new_store: false,
            settings: kubemint::Settings::default(),
            limits: kubemint_clusters::Limits::default(),
        });
        (config, problems)
    }

    /// Files with secrets that everyone may read, and files that everyone may change.
    fn exposed(&self, base: &Path) -> Vec<String> {
        let mut secrets = Secrets::default();
        let tls = self.server.tls.as_ref().map(|tls| tls.key_file.as_path());
        secrets.look("server.tls.key_file", base, tls);
        let postgres = self
            .store
            .as_ref()
            .and_then(|store| store.postgres.as_ref());
        let password = postgres.and_then(|postgres| postgres.password_file.as_deref());
        secrets.look("store.postgres.password_file", base, password);
        let pseudonyms = self.audit.pseudonym_key_file.as_deref();
        secrets.look("audit.pseudonym_key_file", base, pseudonyms);
        secrets.look_all(&self.issuers, &self.clusters, base);
        for file in self.policy.files.iter().flatten() {
            secrets.look_trusted("policy.files", base, Some(file));
        }
        secrets.warnings()
    }
}

/// Whether two sockets cannot both listen: one port, and one address or any.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (any || one.ip() == other.ip())
}

/// The store, with its paths relative to `base`; `None` if it is missing or unusable (the reason is noted).
pub(super) fn store(
    raw: Option<kubemint_store::Config>,
    base: &Path,
    problems: &mut Vec<String>,
) -> Option<Backend> {
    let Some(raw) = raw else {
        problems.push("store: it is missing; write [store] and path = \"kubemint.db\"".to_owned());
        return None;
    };
    let store = raw
        .validate()
        .map_err(|error| problems.push(format!("store.{error}")))
        .ok()?
        .under(base);
    if let Backend::Sqlite(options) = &store
        && options.path.is_dir()
    {
        let folder = options.path.display();
        problems.push(format!(
            "store.path: {folder} is a folder; name a file in it, such as \"kubemint.db\""
        ));
        return None;
    }
    Some(store)
}

/// What is wrong with the policies, a line for each problem, under the key that it comes from.
fn policy(error: &PolicyError) -> Vec<String> {
    match error {
        // It names its own key.
        PolicyError::Config { .. } => vec![error.to_string()],
        _ => {
            let lines = chain(error);
            lines
                .lines()
                .map(|line| format!("policy.files: {line}"))
                .collect()
        }
    }
}

impl RawAudit {
    fn check(self, base: &Path, problems: &mut Vec<String>) -> Audit {
        let pseudonyms = match self.personal_data {
            None | Some(PersonalData::Kept(true)) => false,
            Some(PersonalData::Kept(false) | PersonalData::Named(Pseudonym::Pseudonym)) => true,
        };
        let key_file = self.pseudonym_key_file.map(|file| base.join(file));
        match &key_file {
            Some(_) if !pseudonyms => problems.push(
                "audit.pseudonym_key_file: goes with personal_data = \"pseudonym\"".to_owned(),
            ),
            Some(file) => {
                if let Err(error) = crate::store::pseudonym_key(file) {
                    problems.push(format!("audit.pseudonym_key_file: {}", chain(&error)));
                }
            }
            None => {}
        }
        Audit {
            pseudonyms,
            key_file,
        }
    }
}

impl RawRetention {
    fn check(&self, problems: &mut Vec<String>) -> Retention {
        let mut time = |name: &str, raw: &Option<RawDuration>| {
            let seconds = raw.as_ref()?.seconds();
            let seconds =
                seconds.map_err(|wrong| problems.push(format!("retention.{name}: {wrong}")));
            Some(Duration::from_secs(u64::from(seconds.ok()?)))
        };
        let defaults = Retention::default();
        Retention {
            expired: time("expired", &self.expired).unwrap_or(defaults.expired),
            audit: time("audit", &self.audit).or(defaults.audit),
        }
    }
}

/// A duration of `[server]`, or `default` seconds.
fn seconds(
    raw: Option<&RawDuration>,
    default: u32,
    name: &str,
    problems: &mut Vec<String>,
) -> Duration {
    match raw.map_or(Ok(default), RawDuration::seconds) {
        Ok(seconds) => Duration::from_secs(u64::from(seconds)),
        Err(wrong) => {
            problems.push(format!("server.{name}: {wrong}"));
            Duration::ZERO
        }
    }
}

impl Server {
    fn tls(&self, base: &Path, problems: &mut Vec<String>) -> Option<Tls> {
        let Some(tls) = &self.tls else {
            if let Some(listen) = self.listen
                && !listen.ip().is_loopback()
                && !self.behind_proxy
            {
                problems.push(format!(
                    "server.listen: {listen} is not a loopback address, and bearer tokens must not travel in plain HTTP; \
                     set server.tls, or server.behind_proxy = true where a proxy ends TLS in front"
                ));
            }
            return None;
        };
        let tls = Tls {
            cert_file: base.join(&tls.cert_file),
            key_file: base.join(&tls.key_file),
        };
        if let Err(error) = guard::check_certificate(&tls) {
            problems.push(format!("server.tls: {}", chain(&error)));
        }
        Some(tls)
    }
}
