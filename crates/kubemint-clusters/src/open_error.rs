//! Why a connection to a cluster cannot be made.

use kubemint::ports::ClusterError;

use crate::config::BundleError;
use crate::credential::CredentialError;
use crate::failure::{refused, unreachable};

/// The error of a bundle without which nobody is spoken to.
pub(crate) fn unchecked(error: &BundleError) -> ClusterError {
    unreachable(format!("its certificate cannot be checked: {error}"))
}

/// Why a connection cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    /// The files are unfit.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// They were read, and TLS cannot be set up with them.
    #[error("TLS cannot be set up with its certificate, key or bundle")]
    Tls,
    /// The system did not read them.
    #[error("reading the files {0}")]
    Reading(&'static str),
}

impl OpenError {
    /// What it means to who wants to call.
    pub(crate) fn as_cluster_error(&self) -> ClusterError {
        match self {
            Self::Credential(CredentialError::Bundle(error)) => unchecked(error),
            other => refused(format!("the service's credential cannot be used: {other}")),
        }
    }
}
