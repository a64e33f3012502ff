//! What an operator may say of the store.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// The store's part of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database file. Its folder must exist; the file is made when it is missing.
    pub path: PathBuf,
    /// How many writes, and how many reads, may wait before more are refused; 1 to 65536.
    #[serde(default = "default_queue")]
    pub queue: usize,
    /// How many reads run at the same time; 1 to 64.
    #[serde(default = "default_readers")]
    pub readers: usize,
}

fn default_queue() -> usize {
    Options::DEFAULT_QUEUE
}

fn default_readers() -> usize {
    Options::DEFAULT_READERS
}

/// A value that the store cannot work with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name} is {value}, and must be {lowest} to {highest}")]
pub struct InvalidConfig {
    /// The setting's name in the file.
    pub name: &'static str,
    /// What it says.
    pub value: usize,
    /// The least that it may say.
    pub lowest: usize,
    /// The most that it may say.
    pub highest: usize,
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
            busy_timeout: Duration::from_secs(5),
            queue: Self::DEFAULT_QUEUE,
            readers: Self::DEFAULT_READERS,
        }
    }
}

impl Config {
    /// The configuration, checked.
    ///
    /// # Errors
    /// A number is out of its bounds.
    pub fn validate(self) -> Result<Options, InvalidConfig> {
        let queue = bounded("queue", self.queue, 1, 65_536)?;
        let readers = bounded("readers", self.readers, 1, 64)?;
        Ok(Options {
            queue,
            readers,
            ..Options::new(self.path)
        })
    }
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
        Err(InvalidConfig {
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
            Ok(Options::new("/var/lib/kubemint/kubemint.db"))
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
}
