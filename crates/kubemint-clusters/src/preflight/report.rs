//! What a preflight found, for people and for exit codes.

use std::fmt;

use kubemint::cluster::ClusterKey;

/// What a line says of its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Ok,
    /// Something that the service needs is not there.
    Missing,
    /// The service may do what it should not be able to.
    Excess,
    /// The cluster cannot be asked.
    Unreachable,
    /// What was not looked at, and who can.
    Note,
    /// It is not the cluster that it was: a server would be out of order there.
    Another,
    /// As it should be now, as far as it is known.
    Warning,
    /// The clocks of the cluster and of this machine differ.
    Clock,
}

impl Finding {
    /// The word that begins the line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Finding::Ok => "ok",
            Finding::Missing => "missing",
            Finding::Excess => "excess",
            Finding::Unreachable => "unreachable",
            Finding::Note => "note",
            Finding::Another => "another",
            Finding::Warning => "warning",
            Finding::Clock => "clock",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The cluster.
    pub cluster: ClusterKey,
    /// What is the matter.
    pub finding: Finding,
    /// With what, and what to do about it.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<11} {}: {}",
            self.finding.as_str(),
            self.cluster,
            self.text
        )
    }
}

/// Everything found, cluster by cluster. `Display` has one line for each finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings, in the order of the configuration.
    pub lines: Vec<Line>,
}

impl Report {
    /// Whether every cluster is as it should be: nothing missing, nothing in excess, all reachable, and no
    /// clock wrong. Warnings and notes do not count.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.lines
            .iter()
            .all(|line| matches!(line.finding, Finding::Ok | Finding::Note | Finding::Warning))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
