//! Why policies could not be loaded.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Why policies could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The configuration says what it should not.
    #[error("{key}: {problem}")]
    Config {
        /// The path of the key, such as `policy.folders[0].id`.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of policies cannot be read.
    #[error("cannot read the policy file {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no thread to check them on.
    #[error("cannot begin to check the policies")]
    Thread(#[source] std::io::Error),
    /// The policies are wrong: they do not parse, or speak of what the schema does not know. Every problem is told.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

/// One thing that is wrong with a policy. Its `Display` is `FILE:LINE:COLUMN: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as configured; `default.cedar` for the policies in the program.
    pub file: String,
    /// The line, from 1; `None` when the problem is with the file as a whole.
    pub line: Option<usize>,
    /// The column, in characters from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        for place in [self.line, self.column].into_iter().flatten() {
            write!(f, "{place}:")?;
        }
        write!(f, " {}", self.message)
    }
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
