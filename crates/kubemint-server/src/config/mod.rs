//! The configuration file: one TOML file, each part defined by the crate that it configures.
//!
//! Reading it checks everything that can be checked without a network, and tells all that is wrong at once.

mod raw;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kubemint_authn::IssuerConfig;
use kubemint_clusters::ClusterConfig;
use kubemint_policy::{CedarPolicy, PolicyConfig};
use kubemint_store::Backend;
use thiserror::Error;

use crate::log::Verbosity;

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
    /// What paths are relative to: the file's folder.
    pub base: PathBuf,
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
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line, column and excerpt.
        message: String,
    },
    /// Values that cannot work: a line for each.
    #[error("{}: {} to mend:\n{}", path.display(), count(problems), problems.join("\n"))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The problems, each by its key path.
        problems: Vec<String>,
    },
}

fn count(problems: &[String]) -> String {
    if problems.len() == 1 {
        "1 problem".to_owned()
    } else {
        format!("{} problems", problems.len())
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Checks a text, as if it were the file at `path`.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let raw: raw::Raw = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let base = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        raw.check(base.unwrap_or(Path::new(".")))
            .map_err(|problems| ConfigError::Invalid {
                path: path.to_owned(),
                problems,
            })
    }

    /// What an operator should know although it works.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<_> = self
            .clusters
            .iter()
            .flat_map(ClusterConfig::warnings)
            .collect();
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
