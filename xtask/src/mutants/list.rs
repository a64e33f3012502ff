//! The changes there are to try, as cargo-mutants finds them.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::tidy::root;

/// What is mutated: a package, and the files of it (all if none).
pub(crate) struct Subject {
    pub(crate) package: &'static str,
    pub(crate) files: &'static [&'static str],
    /// Those of its files that are left out.
    pub(crate) without: &'static [&'static str],
}

/// A place in a file: lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// From a place up to another, which is no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
    pub(crate) end: Place,
}

/// The function that a change is in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Function {
    /// From its documentation to the end of its body.
    pub(crate) span: Span,
}

/// One change: what is at `span` becomes `replacement`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Mutant {
    /// `FILE:LINE:COLUMN: WHAT`.
    pub(crate) name: String,
    /// From the root of the workspace.
    pub(crate) file: String,
    /// None for one in a constant.
    pub(crate) function: Option<Function>,
    pub(crate) span: Span,
    pub(crate) replacement: String,
}

/// One of so many: `3/8` is the fourth eighth. Every eighth change, so that each shard has some of every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) which: usize,
    pub(crate) of: usize,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('/')
            .and_then(|(which, of)| Some((which.parse().ok()?, of.parse().ok()?)));
        match parsed {
            Some((which, of)) if which < of => Ok(Self { which, of }),
            _ => Err("K/N is wanted, with K less than N".to_owned()),
        }
    }
}

/// The changes of a subject.
///
/// # Errors
/// cargo-mutants is not there.
pub(crate) fn mutants(subject: &Subject) -> Result<Vec<Mutant>> {
    let mut command = Command::new("cargo");
    command
        .args(["mutants", "--list", "--json", "--package", subject.package])
        .current_dir(root());
    for (option, files) in [("--file", subject.files), ("--exclude", subject.without)] {
        for file in files {
            command.args([option, file]);
        }
    }
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "{}: no list (is cargo-mutants installed?): {}",
            subject.package,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).context("a list of another form")
}

/// Those of the shard whose names contain `only`.
pub(crate) fn chosen(mutants: Vec<Mutant>, shard: Option<Shard>, only: &str) -> Vec<Mutant> {
    let Shard { which, of } = shard.unwrap_or(Shard { which: 0, of: 1 });
    mutants
        .into_iter()
        .skip(which)
        .step_by(of)
        .filter(|mutant| mutant.name.contains(only))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(name: &str) -> Mutant {
        let place = Place { line: 1, column: 1 };
        Mutant {
            name: name.to_owned(),
            file: String::new(),
            function: None,
            span: Span {
                start: place,
                end: place,
            },
            replacement: String::new(),
        }
    }

    #[test]
    fn the_shards_are_all_of_it_and_none_is_in_two() {
        let all: Vec<_> = (0..10).map(|n| mutant(&n.to_string())).collect();
        let mut seen = Vec::new();
        for which in 0..3 {
            let shard = Some(Shard { which, of: 3 });
            seen.extend(chosen(all.clone(), shard, "").into_iter().map(|m| m.name));
        }
        seen.sort();
        assert_eq!(seen, all.iter().map(|m| m.name.clone()).collect::<Vec<_>>());
        assert_eq!(chosen(all, None, "7"), [mutant("7")]);
    }

    #[test]
    fn a_shard_is_less_than_of_how_many() {
        assert_eq!("2/3".parse(), Ok(Shard { which: 2, of: 3 }));
        for wrong in ["3/3", "0/0", "1", "-1/2", "a/b", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
