//! The configuration file: one TOML file, each part defined by the crate that it configures.
//!
//! Reading it checks everything that can be checked without a network, and tells all that is wrong at once.

mod place;
mod raw;
mod secrets;
mod syntax;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use kubemint_authn::IssuerConfig;
use kubemint_clusters::ClusterConfig;
use kubemint_policy::{CedarPolicy, PolicyConfig};
use kubemint_store::Backend;
use thiserror::Error;

use crate::log::Verbosity;
use place::Places;

/// A complete configuration file, with every setting and what it means.
pub const EXAMPLE: &str = include_str!("example.toml");

/// A configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The API's certificate and key; `None` for plain HTTP.
    pub tls: Option<Tls>,
    /// Where probes and metrics are served, in plain HTTP.
    pub internal: SocketAddr,
    /// How long a shutdown may take.
    pub grace: Duration,
    /// How long a shutdown goes on serving while `/readyz` says that it is one.
    pub drain: Duration,
    /// How much the API takes at a time, and how often.
    pub guard: crate::guard::Limits,
    /// How much is logged.
    pub verbosity: Verbosity,
    /// The store.
    pub store: Backend,
    /// What is no longer kept, and when.
    pub retention: Retention,
    /// What the audit trail says of people.
    pub audit: Audit,
    /// The policy.
    pub policy: PolicyConfig,
    /// The issuers of callers' tokens.
    pub issuers: Vec<IssuerConfig>,
    /// The clusters.
    pub clusters: Vec<ClusterConfig>,
    /// Files with secrets that everyone on the machine may read, a line for each.
    pub exposed: Vec<String>,
    /// What paths are relative to: the file's folder.
    pub base: PathBuf,
    /// Whether a store that is not there yet is as it should be. Not in the file: a sandbox knows it, and nobody else does.
    pub new_store: bool,
    /// How long the domain waits. Not in the file: the defaults fit together, and tests are shorter of time.
    pub settings: kubemint::Settings,
    /// How long, and how much at once, a cluster is called. Not in the file either.
    pub limits: kubemint_clusters::Limits,
}

/// How long things are kept that are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Records after their end. Their names stay taken for ever.
    pub expired: Duration,
    /// The audit trail; `None`: for ever.
    pub audit: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            expired: Duration::from_secs(30 * 24 * 3600),
            audit: None,
        }
    }
}

/// What the audit trail says of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Whether subjects and users are written as keyed pseudonyms.
    pub pseudonyms: bool,
    /// The file of their key; absent: one that is drawn with the store, and in it.
    pub key_file: Option<PathBuf>,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The PEM file of the certificate chain, the server's own first.
    pub cert_file: PathBuf,
    /// The PEM file of the private key (PKCS #8).
    pub key_file: PathBuf,
}

/// Why a configuration is not usable.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML, or has a setting that does not exist or a value of a wrong type.
    #[error("{}", syntax_errors(path, told))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Each mistake: line and column, what is wrong, and an excerpt.
        told: Vec<String>,
    },
    /// Values that cannot work: a line for each, with its place.
    #[error("{}: {} to mend:\n{}", path.display(), count(problems), problems.join("\n"))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The problems, each by its place and its key path.
        problems: Vec<String>,
    },
}

fn syntax_errors(path: &Path, told: &[String]) -> String {
    let placed = |told: &String| format!("{}:{told}", path.display());
    told.iter().map(placed).collect::<Vec<_>>().join("\n")
}

fn count(problems: &[String]) -> String {
    if problems.len() == 1 {
        "1 problem".to_owned()
    } else {
        format!("{} problems", problems.len())
    }
}

fn text_of(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The folder of a file, where relative paths start.
fn folder_of(path: &Path) -> &Path {
    let folder = path.parent();
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Problems with the file, line and column that they are about.
fn placed(text: &str, path: &Path, problems: &[String]) -> Vec<String> {
    let (places, file) = (Places::of(text), path.display());
    let placed = |problem: &String| format!("{file}:{}{problem}", places.before(problem));
    problems.iter().map(placed).collect()
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&text_of(path)?, path)
    }

    /// Checks a text, as if it were the file at `path`.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        match Self::parts(text, path)? {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(ConfigError::Invalid {
                path: path.to_owned(),
                problems,
            }),
        }
    }

    /// What holds of a file, and what is wrong with the rest: for looking at a server that is in trouble. Nothing may be
    /// served with it. `None` if there is no telling which store it means.
    ///
    /// # Errors
    /// [`ConfigError::Read`] and [`ConfigError::Syntax`].
    pub fn examine(path: &Path) -> Result<(Option<Self>, Vec<String>), ConfigError> {
        Self::parts(&text_of(path)?, path)
    }

    /// The store that a file means, whatever is wrong with the rest of the file: for commands that need nothing else.
    ///
    /// # Errors
    /// The file cannot be read, or its `[store]` is unusable.
    pub fn store_of(path: &Path) -> Result<Backend, ConfigError> {
        let text = text_of(path)?;
        let only: raw::OnlyStore = syntax::read(&text).map_err(|told| ConfigError::Syntax {
            path: path.to_owned(),
            told,
        })?;
        let mut problems = Vec::new();
        let store = raw::store(only.store, folder_of(path), &mut problems);
        store.ok_or_else(|| ConfigError::Invalid {
            path: path.to_owned(),
            problems: placed(&text, path, &problems),
        })
    }

    fn parts(text: &str, path: &Path) -> Result<(Option<Self>, Vec<String>), ConfigError> {
        let raw: raw::Raw = syntax::read(text).map_err(|told| ConfigError::Syntax {
            path: path.to_owned(),
            told,
        })?;
        let (config, problems) = raw.check(folder_of(path));
        Ok((config, placed(text, path, &problems)))
    }

    /// What an operator should know although it works.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<_> = self
            .clusters
            .iter()
            .flat_map(ClusterConfig::warnings)
            .collect();
        let unread = self
            .clusters
            .iter()
            .filter_map(ClusterConfig::credential_warning);
        warnings.extend(unread);
        warnings.extend(kubemint_authn::warnings(&self.issuers));
        warnings.extend(place_of_store(&self.store));
        warnings.extend(self.tls.as_ref().and_then(|tls| end_of(tls, Utc::now())));
        warnings.extend_from_slice(&self.exposed);
        if !self.internal.ip().is_loopback() {
            warnings.push(format!(
                "internal.listen: {} is not a loopback address; metrics are for anyone who reaches it",
                self.internal
            ));
        }
        warnings
    }

    /// The policy engine that this configuration describes.
    ///
    /// # Errors
    /// The policies do not hold against their schema.
    pub fn load_policy(&self) -> Result<CedarPolicy, kubemint_policy::PolicyError> {
        CedarPolicy::load(&self.policy, &self.base)
    }
}

/// How long before its end a certificate is warned of.
const SOON: TimeDelta = TimeDelta::days(7);

/// That the API's certificate has ended, or will soon.
fn end_of(tls: &Tls, now: DateTime<Utc>) -> Option<String> {
    let end = crate::guard::certificate_ends(tls)?;
    let (file, when) = (
        tls.cert_file.display(),
        end.to_rfc3339_opts(SecondsFormat::Secs, true),
    );
    if end <= now {
        Some(format!(
            "server.tls.cert_file: {file} ended at {when}: no client will accept it; renew it"
        ))
    } else if end - now < SOON {
        Some(format!(
            "server.tls.cert_file: {file} ends at {when}; renew it in time"
        ))
    } else {
        None
    }
}

/// What keeps a store from being opened where it is to be: another machine may have what this one lacks, so it is a warning.
fn place_of_store(store: &Backend) -> Option<String> {
    match store {
        Backend::Sqlite(options) => {
            let folder = options.path.parent()?;
            let named = !folder.as_os_str().is_empty() && !folder.is_dir();
            named.then(|| {
                let folder = folder.display();
                format!("store.path: there is no folder {folder}; make it, for the user that the server runs as")
            })
        }
        Backend::Postgres(options) => {
            let file = options.password_file.as_ref()?;
            let error = std::fs::File::open(file).err()?;
            Some(format!(
                "store.postgres.password_file: cannot read {}: {error}",
                file.display()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_when_it_has_ended_and_shortly_before() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls {
            cert_file: folder.path().join("a.pem"),
            key_file: folder.path().join("a.key"),
        };
        assert_eq!(
            end_of(&tls, Utc::now()),
            None,
            "that it is missing is told otherwise"
        );
        let key = rcgen::KeyPair::generate().unwrap();
        let mut wanted = rcgen::CertificateParams::default();
        wanted.not_after = rcgen::date_time_ymd(2026, 1, 31);
        std::fs::write(&tls.cert_file, wanted.self_signed(&key).unwrap().pem()).unwrap();
        let told = |day: &str| end_of(&tls, format!("{day}T00:00:00Z").parse().unwrap());
        assert_eq!(told("2026-01-24"), None);
        assert!(
            told("2026-01-25")
                .unwrap()
                .ends_with("a.pem ends at 2026-01-31T00:00:00Z; renew it in time")
        );
        assert!(
            told("2026-01-31")
                .unwrap()
                .contains("a.pem ended at 2026-01-31T00:00:00Z: no client")
        );
    }
}
