//! What an operator may say of the store.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// The store's part of the configuration file: `path` for the embedded one, or `postgres` for one that replicas share.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database file. Its folder must exist; the file is made when it is missing.
    pub path: Option<PathBuf>,
    /// How many writes, and how many reads, may wait before more are refused; 1 to 65536. With `path` only.
    pub queue: Option<usize>,
    /// How many reads run at the same time; 1 to 64. With `path` only.
    pub readers: Option<usize>,
    /// The PostgreSQL database.
    pub postgres: Option<Postgres>,
}

/// Where a PostgreSQL database is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Its host: a name, an address, or the folder of its Unix socket.
    pub host: String,
    /// Its port; absent: 5432.
    pub port: Option<u16>,
    /// The database's name.
    pub database: String,
    /// Who to be.
    pub user: String,
    /// The file of the password; it is read for every new connection.
    pub password_file: Option<PathBuf>,
    /// The bundle behind its certificate: with it, TLS is used and required. It must be there unless the host is
    /// this machine.
    pub ca_file: Option<PathBuf>,
    /// The most connections that are kept; 1 to 256, absent: 16.
    pub connections: Option<usize>,
}

/// A value that the store cannot work with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidConfig {
    /// A number out of its bounds.
    #[error("{name} is {value}, and must be {lowest} to {highest}")]
    Bounds {
        /// The setting's name in the file.
        name: &'static str,
        /// What it says.
        value: usize,
        /// The least that it may say.
        lowest: usize,
        /// The most that it may say.
        highest: usize,
    },
    /// Neither a file nor a database, or both.
    #[error("path or postgres: exactly one of the two must be set")]
    WhichStore,
    /// A setting of the embedded store, with `postgres`.
    #[error("{0} goes with path, not with postgres")]
    NotPostgres(&'static str),
    /// A text that must say something.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// Records would travel in the clear.
    #[error(
        "postgres.ca_file: {0} is another machine, and records must not travel in the clear; set it"
    )]
    PlainText(String),
}

/// Which store, and how to open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded one.
    Sqlite(Options),
    /// The one that replicas share.
    Postgres(PostgresOptions),
}

impl Backend {
    /// The same with every path relative to `base`.
    #[must_use]
    pub fn under(mut self, base: &Path) -> Self {
        match &mut self {
            Self::Sqlite(options) => options.path = base.join(&options.path),
            Self::Postgres(options) => {
                for file in [&mut options.password_file, &mut options.ca_file] {
                    *file = file.take().map(|file| base.join(file));
                }
            }
        }
        self
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(options) => options.path.display().fmt(f),
            Self::Postgres(options) => write!(
                f,
                "PostgreSQL database {} at {}:{}",
                options.database, options.host, options.port
            ),
        }
    }
}

/// How to reach a PostgreSQL store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// The host: a name, an address, or the folder of its Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database's name.
    pub database: String,
    /// Who to be.
    pub user: String,
    /// The file of the password, read for every new connection.
    pub password_file: Option<PathBuf>,
    /// The bundle behind the server's certificate; `None`: no TLS.
    pub ca_file: Option<PathBuf>,
    /// The most connections that are kept.
    pub connections: usize,
}

impl PostgresOptions {
    /// The port when nothing is said.
    pub const DEFAULT_PORT: u16 = 5432;
    /// The most connections when nothing is said.
    pub const DEFAULT_CONNECTIONS: usize = 16;
}

/// How to open a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The database file. Its folder must exist.
    pub path: PathBuf,
    /// How long to wait for a lock that another program (a backup, a shell) holds on the database.
    pub busy_timeout: Duration,
    /// How many writes, and how many reads, may wait before more are refused.
    pub queue: usize,
    /// How many reads run at the same time.
    pub readers: usize,
}

impl Options {
    /// The queue's bound when nothing is said.
    pub const DEFAULT_QUEUE: usize = 1024;
    /// The number of readers when nothing is said.
    pub const DEFAULT_READERS: usize = 4;

    /// A store at `path`, and otherwise the defaults.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            // Whoever comes while others wait is told after twice this: within two seconds.
            busy_timeout: Duration::from_millis(900),
            queue: Self::DEFAULT_QUEUE,
            readers: Self::DEFAULT_READERS,
        }
    }
}

impl Config {
    /// The configuration, checked.
    ///
    /// # Errors
    /// It names no store or two, a number is out of its bounds, or the like.
    pub fn validate(self) -> Result<Backend, InvalidConfig> {
        match (self.path, self.postgres) {
            (Some(path), None) => {
                let defaults = Options::new(path);
                Ok(Backend::Sqlite(Options {
                    queue: bounded("queue", self.queue.unwrap_or(defaults.queue), 1, 65_536)?,
                    readers: bounded("readers", self.readers.unwrap_or(defaults.readers), 1, 64)?,
                    ..defaults
                }))
            }
            (None, Some(postgres)) => {
                for (name, value) in [("queue", self.queue), ("readers", self.readers)] {
                    if value.is_some() {
                        return Err(InvalidConfig::NotPostgres(name));
                    }
                }
                postgres.validate().map(Backend::Postgres)
            }
            _ => Err(InvalidConfig::WhichStore),
        }
    }
}

impl Postgres {
    fn validate(self) -> Result<PostgresOptions, InvalidConfig> {
        for (name, value) in [
            ("postgres.host", &self.host),
            ("postgres.database", &self.database),
            ("postgres.user", &self.user),
        ] {
            if value.is_empty() {
                return Err(InvalidConfig::Empty(name));
            }
        }
        if self.ca_file.is_none() && !is_this_machine(&self.host) {
            return Err(InvalidConfig::PlainText(self.host));
        }
        let connections = self
            .connections
            .unwrap_or(PostgresOptions::DEFAULT_CONNECTIONS);
        Ok(PostgresOptions {
            host: self.host,
            port: self.port.unwrap_or(PostgresOptions::DEFAULT_PORT),
            database: self.database,
            user: self.user,
            password_file: self.password_file,
            ca_file: self.ca_file,
            connections: bounded("postgres.connections", connections, 1, 256)?,
        })
    }
}

/// Whether a host is certainly this machine: a socket's folder, or a loopback address.
fn is_this_machine(host: &str) -> bool {
    host.starts_with('/')
        || host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn bounded(
    name: &'static str,
    value: usize,
    lowest: usize,
    highest: usize,
) -> Result<usize, InvalidConfig> {
    if (lowest..=highest).contains(&value) {
        Ok(value)
    } else {
        Err(InvalidConfig::Bounds {
            name,
            value,
            lowest,
            highest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_enough() {
        let config: Config = toml::from_str(r#"path = "/var/lib/kubemint/kubemint.db""#).unwrap();
        assert_eq!(
            config.validate(),
            Ok(Backend::Sqlite(Options::new(
                "/var/lib/kubemint/kubemint.db"
            )))
        );
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        let error = toml::from_str::<Config>("path = \"a.db\"\nqueu = 3").unwrap_err();
        assert!(error.to_string().contains("queu"), "{error}");
    }

    #[test]
    fn a_number_out_of_bounds_is_refused_with_the_bounds() {
        let config: Config = toml::from_str("path = \"a.db\"\nqueue = 0").unwrap();
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), "queue is 0, and must be 1 to 65536");
    }

    fn refusal(text: &str) -> String {
        let config: Config = toml::from_str(text).unwrap();
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn exactly_one_store_is_configured() {
        let expected = "path or postgres: exactly one of the two must be set";
        assert_eq!(refusal(""), expected);
        let both =
            "path = \"a.db\"\npostgres = { host = \"localhost\", database = \"d\", user = \"u\" }";
        assert_eq!(refusal(both), expected);
        let queue =
            "queue = 3\npostgres = { host = \"localhost\", database = \"d\", user = \"u\" }";
        assert_eq!(refusal(queue), "queue goes with path, not with postgres");
    }

    #[test]
    fn records_travel_in_the_clear_only_within_this_machine() {
        let with = |host: &str| {
            format!("postgres = {{ host = \"{host}\", database = \"d\", user = \"u\" }}")
        };
        for host in ["localhost", "127.0.0.1", "::1", "/run/postgresql"] {
            let config: Config = toml::from_str(&with(host)).unwrap();
            assert!(
                matches!(config.validate(), Ok(Backend::Postgres(_))),
                "{host}"
            );
        }
        for host in ["db.example", "10.0.0.1", "localhost.example"] {
            assert!(
                refusal(&with(host)).contains("must not travel in the clear"),
                "{host}"
            );
        }
    }
}
