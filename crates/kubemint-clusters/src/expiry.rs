//! What a cluster is trusted by and ends by itself: the certificates of its bundles, and its authority for client
//! certificates. The service's own connections do not look at the end of what they trust (RFC 5280 leaves that open); kubectl
//! does, and refuses the cluster then.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_cert::der::Decode as _;

use crate::authority;
use crate::config::{ClusterConfig, pem, read_bundle};
use crate::member::Member;

/// How long before its end a file is warned of.
const SOON: TimeDelta = TimeDelta::days(7);

/// A file of a cluster, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Its key: `ca_file`, `public_ca_file` or `client_ca`.
    pub key: &'static str,
    /// The file.
    pub file: PathBuf,
    /// When the last certificate of it ends.
    pub end: DateTime<Utc>,
    /// Of an authority: the longest life that is asked of it.
    life: Option<TimeDelta>,
}

/// What is in the files of a cluster, as far as it is known.
struct Contents<'a> {
    /// The certificates behind `api_url`, in DER.
    roots: Option<&'a [Vec<u8>]>,
    /// Those of the kubeconfig files, in PEM.
    public: Option<&'a str>,
    /// The end of the authority.
    authority: Option<DateTime<Utc>>,
}

impl Expiry {
    /// Whether it is over.
    #[must_use]
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.end <= now
    }

    /// That it has ended, or ends soon, and what follows; `None` if neither.
    #[must_use]
    pub fn warning(&self, now: DateTime<Utc>) -> Option<String> {
        let (key, file) = (self.key, self.file.display());
        let end = self.end.to_rfc3339_opts(SecondsFormat::Secs, true);
        let left = self.end - now;
        Some(match self.life {
            None if self.has_ended(now) => format!(
                "{key}: {file} ended at {end}: kubectl and others refuse whatever it signed; renew it, and start the server again"
            ),
            None if left < SOON => format!(
                "{key}: {file} ends at {end}: kubectl and others refuse whatever it signed from then on; renew it in time"
            ),
            Some(_) if self.has_ended(now) => {
                format!("{key}: {file} ended at {end}: nothing is signed any more; renew it")
            }
            Some(life) if left < life => format!(
                "{key}: {file} ends at {end}, and roles may live for {} s: what is issued now ends with it, sooner than asked; \
                 renew it",
                life.num_seconds()
            ),
            Some(_) if left < SOON => {
                format!(
                    "{key}: {file} ends at {end}, and nothing is signed from then on; renew it in time"
                )
            }
            _ => return None,
        })
    }
}

impl ClusterConfig {
    /// What has ended or will soon, by the files as they are now. (An authority that has ended is told as unusable already.)
    /// It blocks on the file system.
    #[must_use]
    pub fn expiry_warnings(&self, now: DateTime<Utc>) -> Vec<String> {
        let roots = self
            .ca_file
            .as_deref()
            .and_then(|file| read_bundle(file).ok());
        let authority = self
            .client_ca
            .as_ref()
            .and_then(|files| authority::check(files).ok());
        let contents = Contents {
            roots: roots.as_deref(),
            public: self.profile.ca_pem.as_deref(),
            authority: authority.filter(|end| *end > now),
        };
        let warning =
            |expiry: Expiry| Some(format!("cluster {}: {}", self.key, expiry.warning(now)?));
        self.expiries(&contents)
            .into_iter()
            .filter_map(warning)
            .collect()
    }

    /// The bundle of the kubeconfig files is the last of those of one key.
    fn expiries(&self, contents: &Contents<'_>) -> Vec<Expiry> {
        let bundle = |key, file: &Option<PathBuf>, ends: Vec<DateTime<Utc>>| {
            Some(Expiry {
                key,
                file: file.clone()?,
                end: ends.into_iter().max()?,
                life: None,
            })
        };
        let of_public = if self.public_ca_file == self.ca_file {
            "ca_file"
        } else {
            "public_ca_file"
        };
        let own = contents
            .roots
            .filter(|roots| contents.public != Some(pem(roots).as_str()));
        let own = own.and_then(|roots| {
            let ends = roots.iter().filter_map(|der| end(der)).collect();
            bundle("ca_file", &self.ca_file, ends)
        });
        let public = contents.public.and_then(|text| {
            let ends = certificates(text)
                .iter()
                .filter_map(|der| end(der))
                .collect();
            bundle(of_public, &self.public_ca_file, ends)
        });
        let longest = self.roles.values().map(|role| role.rules.max_ttl).max();
        let authority = self
            .client_ca
            .as_ref()
            .zip(contents.authority)
            .map(|(files, end)| Expiry {
                key: "client_ca",
                file: files.certificate.clone(),
                end,
                life: Some(TimeDelta::seconds(longest.unwrap_or_default().into())),
            });
        own.into_iter().chain(public).chain(authority).collect()
    }
}

impl Member {
    /// What ends by time, as it is used now. Nothing is read or asked for it.
    pub(crate) fn expiries(&self) -> Vec<Expiry> {
        let (roots, profile) = (self.connection.roots(), self.connection.profile());
        self.config.expiries(&Contents {
            roots: roots.as_deref(),
            public: profile.ca_pem.as_deref(),
            authority: self
                .authority
                .as_ref()
                .and_then(|authority| authority.ends()),
        })
    }
}

/// The certificates of a PEM text, in DER.
pub(crate) fn certificates(text: &str) -> Vec<Vec<u8>> {
    CertificateDer::pem_slice_iter(text.as_bytes())
        .filter_map(|der| Some(der.ok()?.to_vec()))
        .collect()
}

/// When a certificate ends; `None` if it cannot be told.
pub(crate) fn end(der: &[u8]) -> Option<DateTime<Utc>> {
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    let end = certificate.tbs_certificate.validity.not_after;
    Some(end.to_system_time().into())
}

/// Where a bundle's certificates come from, for people.
pub(crate) fn source(file: Option<&Path>) -> String {
    match file {
        Some(file) => format!("the bundle {}", file.display()),
        None => "the system's roots".to_owned(),
    }
}
