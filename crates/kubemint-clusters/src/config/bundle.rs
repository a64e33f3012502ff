//! Certificate bundles: PEM files of the certificates that sign a cluster's server certificate.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject, SectionKind};
use thiserror::Error;

/// The largest bundle that is read, in bytes. (The whole of Mozilla's roots is 220 KiB.)
const LARGEST: u64 = 1 << 20;

/// Why a file is no bundle.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// It cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's word for it.
        reason: String,
    },
    /// It holds no certificate, or something that is none.
    #[error("{path} is not a PEM bundle of certificates: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The certificates of a PEM file, in DER. A file that holds anything else, a private key above all, is refused, since
/// bundles are handed out to users.
pub(crate) fn read(path: &Path) -> Result<Vec<Vec<u8>>, BundleError> {
    let text = crate::files::read(path, LARGEST).map_err(|reason| BundleError::Unreadable {
        path: path.display().to_string(),
        reason: reason.to_string(),
    })?;
    certificates(&text).map_err(|reason| BundleError::Malformed {
        path: path.display().to_string(),
        reason: reason.to_owned(),
    })
}

fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut store = rustls::RootCertStore::empty();
    let mut found = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
        match section.map_err(|_| "a section of it cannot be read")? {
            (SectionKind::Certificate, der) => {
                store
                    .add(CertificateDer::from(der.as_slice()))
                    .map_err(|_| "a certificate in it is malformed")?;
                found.push(der);
            }
            _ => return Err("it holds something that is no certificate"),
        }
    }
    if found.is_empty() {
        Err("it holds no certificate")
    } else {
        Ok(found)
    }
}

/// The PEM text of certificates in DER, nothing else in it.
pub(crate) fn pem(certificates: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for der in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(der);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}
