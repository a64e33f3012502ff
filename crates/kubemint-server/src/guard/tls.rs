//! The server's certificate: read at the start, and again when its files change or at SIGHUP. One that cannot be used
//! changes nothing but the log.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use slog::Logger;
use thiserror::Error;
use tokio::signal::unix::Signal;
use tokio_rustls::TlsAcceptor;
use x509_cert::der::Decode as _;
use x509_cert::der::oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_SERVER_AUTH};
use x509_cert::ext::pkix::ExtendedKeyUsage;

use crate::config::Tls;
use crate::disk::{Disk, SLOW, pause};
use crate::reload::{CERTIFICATE, Reloads};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// A certificate that begins within this time is waited for without a word.
const SOON: TimeDelta = TimeDelta::seconds(5);

/// Why a certificate and its key cannot be used.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no PEM. What the library says of it may have a line of the file in it, which may be the key.
    #[error("{} is not PEM: {why}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, in words of our own.
        why: &'static str,
    },
    /// There is no certificate in the file.
    #[error("no certificate in {}", .0.display())]
    Empty(PathBuf),
    /// There is no key in the file.
    #[error("no private key in {}: PKCS #8, PKCS #1 or SEC 1 in PEM, without a password", .0.display())]
    NoKey(PathBuf),
    /// A certificate of the chain, counted from one, is none.
    #[error("certificate {number} in {} cannot be read as one", path.display())]
    Chain {
        /// The file.
        path: PathBuf,
        /// Which it is.
        number: usize,
    },
    /// It says what it is for, and serving is not among that.
    #[error("the certificate in {} is not one of a server (its extended key usage lacks serverAuth)", .0.display())]
    NotServing(PathBuf),
    /// The key is another certificate's.
    #[error("the key in {} is not that of the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's.
        certificate: PathBuf,
    },
    /// The certificate cannot be read, or the key is of an unknown kind.
    #[error("the certificate or its key cannot be used")]
    Pair(#[source] rustls::Error),
    /// No client accepts it any more.
    #[error("the certificate ended at {}", .0.to_rfc3339_opts(SecondsFormat::Secs, true))]
    Ended(DateTime<Utc>),
    /// No client accepts it yet.
    #[error("the certificate is not valid before {}", .0.to_rfc3339_opts(SecondsFormat::Secs, true))]
    Early(DateTime<Utc>),
    /// The disk hangs.
    #[error("{SLOW}")]
    Slow,
    /// The library refuses the settings: a defect.
    #[error("cannot prepare TLS")]
    Prepare(#[source] rustls::Error),
}

/// The certificate in use.
pub(super) struct Certificate {
    files: Tls,
    /// The files as they were before they were read for the first time: a change from then on is seen.
    first: [Look; 2],
    current: RwLock<Arc<CertifiedKey>>,
    provider: Arc<CryptoProvider>,
    disk: Disk,
}

/// What tells that a file is another than before.
type Look = Option<(SystemTime, u64, u64)>;

/// Checks that a certificate and its key can be used.
///
/// # Errors
/// They cannot.
pub(crate) fn check(files: &Tls) -> Result<(), TlsError> {
    load(files, &rustls::crypto::aws_lc_rs::default_provider()).map(|_| ())
}

/// The time in which clients accept a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    /// From when on.
    pub(crate) begin: DateTime<Utc>,
    /// Until when.
    pub(crate) end: DateTime<Utc>,
}

impl Validity {
    /// Why no client accepts it at a time.
    pub(crate) fn complaint(&self, now: DateTime<Utc>) -> Option<String> {
        let told = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let Self { begin, end } = *self;
        if end <= now {
            Some(format!("it ended at {}: no client accepts it", told(end)))
        } else if now < begin {
            let text = format!(
                "it is not valid before {}: no client accepts it yet",
                told(begin)
            );
            Some(text + ", unless this machine's clock is behind")
        } else {
            None
        }
    }
}

/// When the server's own certificate is valid, as far as it can be read.
pub(crate) fn validity(files: &Tls) -> Option<Validity> {
    let mut chain = CertificateDer::pem_file_iter(&files.cert_file).ok()?;
    validity_of(&chain.next()?.ok()?)
}

/// When a certificate is valid, as far as it can be read.
fn validity_of(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let own = x509_cert::Certificate::from_der(certificate).ok()?;
    let validity = own.tbs_certificate.validity;
    Some(Validity {
        begin: validity.not_before.to_system_time().into(),
        end: validity.not_after.to_system_time().into(),
    })
}

fn load(files: &Tls, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error| unread(path, error)
    };
    let chain = CertificateDer::pem_file_iter(&files.cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed(&files.cert_file))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(files.cert_file.clone()));
    }
    for (place, certificate) in chain.iter().enumerate() {
        let unread = |_| TlsError::Chain {
            path: files.cert_file.clone(),
            number: place + 1,
        };
        let certificate = x509_cert::Certificate::from_der(certificate).map_err(unread)?;
        let usage = certificate.tbs_certificate.get::<ExtendedKeyUsage>();
        let serves = |(_, usage): (_, ExtendedKeyUsage)| {
            let serving = [ID_KP_SERVER_AUTH, ANY_EXTENDED_KEY_USAGE];
            usage.0.iter().any(|purpose| serving.contains(purpose))
        };
        if place == 0 && !usage.map_err(unread)?.is_none_or(serves) {
            return Err(TlsError::NotServing(files.cert_file.clone()));
        }
    }
    let key = PrivateKeyDer::from_pem_file(&files.key_file).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(files.key_file.clone()),
        other => failed(&files.key_file)(other),
    })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
            key: files.key_file.clone(),
            certificate: files.cert_file.clone(),
        },
        other => TlsError::Pair(other),
    })
}

/// Why a file could not be read, without anything that is in it.
fn unread(path: PathBuf, error: pem::Error) -> TlsError {
    let why = match error {
        pem::Error::Io(source) => return TlsError::Read { path, source },
        pem::Error::MissingSectionEnd { .. } => {
            "a section has no end; were the line breaks lost? `-----BEGIN` and `-----END` begin lines of their own"
        }
        pem::Error::IllegalSectionStart { .. } => {
            "a line `-----BEGIN` does not end with five dashes and a line break; were the line breaks lost?"
        }
        pem::Error::Base64Decode(_) => "what is between the marks is not Base64",
        pem::Error::SectionTooLarge => "a section is too large",
        _ => "it cannot be read as such",
    };
    TlsError::NotPem { path, why }
}

fn look(files: &Tls) -> [Look; 2] {
    [&files.cert_file, &files.key_file].map(|path| {
        let file = std::fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len(), file.ino()))
    })
}

impl Certificate {
    /// Reads the certificate.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn new(files: Tls) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let first = look(&files);
        let current = RwLock::new(Arc::new(load(&files, &provider)?));
        Ok(Arc::new(Self {
            files,
            first,
            current,
            provider,
            disk: Disk::new(),
        }))
    }

    /// What accepts TLS 1.2 and 1.3 with whichever certificate is current, for HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// The library refuses the settings.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(TlsError::Prepare)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the certificate again whenever there is reason to, for ever.
    pub(super) async fn keep_fresh(
        self: Arc<Self>,
        mut hangup: Signal,
        reloads: Arc<Reloads>,
        log: Logger,
    ) {
        let mut seen = self.first;
        let current = self.validity();
        reloads.set_certificate(current);
        if let Some(complaint) = current.and_then(|current| current.complaint(Utc::now())) {
            slog::error!(log, "no client accepts the certificate";
                "file" => %self.files.cert_file.display(), "reason" => complaint);
        }
        // One that was left because it came too early is taken when its time has come, and one that a disk held back as soon as
        // it can be read.
        let mut awaited: Option<DateTime<Utc>> = None;
        let (mut hangs, mut wait) = (false, LOOK);
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(wait) => false,
                _ = hangup.recv() => true,
            };
            let files = self.files.clone();
            let outcome = match self.disk.read(move || look(&files)).await {
                Some(now) => {
                    let same = std::mem::replace(&mut seen, now) == now;
                    if same && !asked && !hangs && awaited.is_none_or(|begin| Utc::now() < begin) {
                        continue;
                    }
                    self.reload(&reloads, &log).await
                }
                None => Err(TlsError::Slow),
            };
            awaited = match &outcome {
                Err(TlsError::Early(begin)) => Some(*begin),
                _ => None,
            };
            let hung = std::mem::replace(&mut hangs, matches!(outcome, Err(TlsError::Slow)));
            wait = pause(wait, LOOK, hangs);
            // A moment too early is no failure: by so much clocks differ.
            if awaited.is_some_and(|begin| begin - Utc::now() < SOON) {
                continue;
            }
            let problem = outcome.err().map(|error| crate::edge::chain(&error));
            if let (Some(problem), false) = (&problem, hung && hangs) {
                slog::error!(log, "the certificate cannot be used; the one before stays";
                    "file" => %self.files.cert_file.display(), "error" => problem);
            }
            reloads.told(CERTIFICATE, problem);
        }
    }

    /// When the certificate in use is valid, as far as it can be read.
    fn validity(&self) -> Option<Validity> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        validity_of(current.cert.first()?)
    }

    /// Reads the certificate again.
    ///
    /// # Errors
    /// It cannot be used.
    async fn reload(&self, reloads: &Reloads, log: &Logger) -> Result<(), TlsError> {
        let (files, provider) = (self.files.clone(), Arc::clone(&self.provider));
        let read = self.disk.read(move || load(&files, &provider)).await;
        let loaded = read.unwrap_or(Err(TlsError::Slow))?;
        let (validity, now) = (loaded.cert.first().and_then(validity_of), Utc::now());
        match validity {
            // One that nobody accepts is no better than the one before.
            Some(Validity { end, .. }) if end <= now => return Err(TlsError::Ended(end)),
            Some(Validity { begin, .. }) if now < begin => return Err(TlsError::Early(begin)),
            _ => {}
        }
        reloads.set_certificate(validity);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        slog::info!(log, "the certificate was read again"; "file" => %self.files.cert_file.display());
        Ok(())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

/// Shows the file only.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.files.cert_file.display())
    }
}
