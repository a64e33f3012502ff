//! The server's certificate: read at the start, and again when its files change or at SIGHUP. One that cannot be used
//! changes nothing but the log.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
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

use crate::config::Tls;
use crate::reload::{CERTIFICATE, Reloads};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Why a certificate and its key cannot be used.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    /// A file cannot be read, or is not what it must be.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// There is no certificate in the file.
    #[error("no certificate in {}", .0.display())]
    Empty(PathBuf),
    /// There is no key in the file.
    #[error("no private key in {}: PKCS #8, PKCS #1 or SEC 1 in PEM, without a password", .0.display())]
    NoKey(PathBuf),
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
    /// The library refuses the settings: a defect.
    #[error("cannot prepare TLS")]
    Prepare(#[source] rustls::Error),
}

/// The certificate in use.
pub(super) struct Certificate {
    files: Tls,
    current: RwLock<Arc<CertifiedKey>>,
    provider: Arc<CryptoProvider>,
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

/// When the server's own certificate ends, as far as it can be read.
pub(crate) fn ends(files: &Tls) -> Option<DateTime<Utc>> {
    let own = CertificateDer::pem_file_iter(&files.cert_file)
        .ok()?
        .next()?;
    let own = x509_cert::Certificate::from_der(&own.ok()?).ok()?;
    Some(
        own.tbs_certificate
            .validity
            .not_after
            .to_system_time()
            .into(),
    )
}

fn load(files: &Tls, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| TlsError::Read { path, source }
    };
    let chain = CertificateDer::pem_file_iter(&files.cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed(&files.cert_file))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(files.cert_file.clone()));
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

impl Certificate {
    /// Reads the certificate.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn new(files: Tls) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let current = RwLock::new(Arc::new(load(&files, &provider)?));
        Ok(Arc::new(Self {
            files,
            current,
            provider,
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
        let mut seen = self.look();
        let end = ends(&self.files);
        reloads.set_certificate_end(end);
        if let Some(end) = end.filter(|end| *end <= Utc::now()) {
            slog::error!(log, "the certificate has ended: no client accepts it";
                "file" => %self.files.cert_file.display(), "ended" => end.to_string());
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {
                    let now = self.look();
                    if std::mem::replace(&mut seen, now) == now {
                        continue;
                    }
                }
                _ = hangup.recv() => seen = self.look(),
            }
            reloads.told(CERTIFICATE, self.reload(&reloads, &log));
        }
    }

    fn look(&self) -> [Look; 2] {
        [&self.files.cert_file, &self.files.key_file].map(|path| {
            let file = std::fs::metadata(path).ok()?;
            Some((file.modified().ok()?, file.len(), file.ino()))
        })
    }

    /// Reads the certificate again; tells why it cannot be used, if it cannot.
    fn reload(&self, reloads: &Reloads, log: &Logger) -> Option<String> {
        let file = self.files.cert_file.display();
        let end = ends(&self.files);
        let loaded = load(&self.files, &self.provider).and_then(|fresh| match end {
            // One that nobody accepts is no better than the one before.
            Some(end) if end <= Utc::now() => Err(TlsError::Ended(end)),
            _ => Ok(fresh),
        });
        match loaded {
            Ok(fresh) => {
                reloads.set_certificate_end(end);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
                slog::info!(log, "the certificate was read again"; "file" => %file);
                None
            }
            Err(error) => {
                let problem = crate::edge::chain(&error);
                slog::error!(log, "the certificate cannot be used; the one before stays";
                    "file" => %file, "error" => &problem);
                Some(problem)
            }
        }
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
