//! The configuration file: one TOML file, each part defined by the crate that it configures.
//!
//! Reading it checks everything that can be checked without a network, and tells all that is wrong at once.

mod masked;
mod place;
mod raw;
mod secrets;
mod syntax;
mod told;
mod warnings;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// Files with secrets that everyone on the machine may read, and files that everyone may change, a line for each.
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

    /// The same, with other policy files than those that it names, which may be as they like: absolute paths.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub(crate) fn read_with_policies(
        path: &Path,
        files: Vec<PathBuf>,
    ) -> Result<Self, ConfigError> {
        Self::whole(&text_of(path)?, path, Some(files))
    }

    /// Checks a text, as if it were the file at `path`.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        Self::whole(text, path, None)
    }

    fn whole(text: &str, path: &Path, policies: Option<Vec<PathBuf>>) -> Result<Self, ConfigError> {
        match Self::parts(text, path, policies)? {
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
        Self::parts(&text_of(path)?, path, None)
    }

    /// The store that a file means, whatever is wrong with the rest of the file: for commands that need nothing else.
    ///
    /// # Errors
    /// The file cannot be read, or its `[store]` is unusable.
    pub fn store_of(path: &Path) -> Result<Backend, ConfigError> {
        let text = text_of(path)?;
        let read = syntax::read::<raw::OnlyStore>(&text);
        let Some(only) = read.value.filter(|_| read.told.is_empty()) else {
            return Err(ConfigError::Syntax {
                path: path.to_owned(),
                told: read.told,
            });
        };
        let mut problems = Vec::new();
        let store = raw::store(only.store, folder_of(path), &mut problems);
        store.ok_or_else(|| ConfigError::Invalid {
            path: path.to_owned(),
            problems: placed(&text, path, &problems),
        })
    }

    /// `policies` are meant in place of the files that it names.
    fn parts(
        text: &str,
        path: &Path,
        policies: Option<Vec<PathBuf>>,
    ) -> Result<(Option<Self>, Vec<String>), ConfigError> {
        let mut read = syntax::read::<raw::Raw>(text);
        let checked = read.value.take().map(|mut raw| {
            if policies.is_some() {
                raw.policy.files = policies;
            }
            raw.check(folder_of(path))
        });
        if read.told.is_empty() {
            let (config, problems) = checked.unwrap_or_default();
            return Ok((config, placed(text, path, &problems)));
        }
        // Whatever is wrong with the rest is told at once.
        let (places, problems) = (Places::of(text), checked.unwrap_or_default().1);
        let others = problems.iter().filter(|problem| read.stands(problem));
        let others = others.map(|problem| format!("{}{problem}", places.before(problem)));
        let told = read.told.iter().cloned().chain(others).collect();
        Err(ConfigError::Syntax {
            path: path.to_owned(),
            told,
        })
    }

    /// The policy engine that this configuration describes.
    ///
    /// # Errors
    /// The policies do not hold against their schema.
    pub fn load_policy(&self) -> Result<CedarPolicy, kubemint_policy::PolicyError> {
        CedarPolicy::load(&self.policy, &self.base)
    }
}
