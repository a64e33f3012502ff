//! What is wrong with a configuration: every problem, by its place, with what to do about it.

use std::fmt;

use thiserror::Error;

/// One thing wrong, by its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key path, such as `clusters[0].roles.viewer.max_ttl`.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
    /// How to mend it.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.path, self.what, self.help)
    }
}

/// Everything that is wrong with the clusters of a configuration. `Display` has one line for each problem.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    /// The problems, in the order of the file; never empty.
    pub problems: Vec<Problem>,
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A place in the file, and where problems found there are noted.
pub(super) struct Place<'a> {
    path: String,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Place<'a> {
    /// The place `path`.
    pub(super) fn new(path: impl Into<String>, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            path: path.into(),
            problems,
        }
    }

    /// The place `key` within this one.
    pub(super) fn at(&mut self, key: &str) -> Place<'_> {
        Place {
            path: self.key(key),
            problems: self.problems,
        }
    }

    /// The path of `key` within this place.
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Notes a problem here.
    pub(super) fn wrong(&mut self, what: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem {
            path: self.path.clone(),
            what: what.into(),
            help: help.into(),
        });
    }
}
