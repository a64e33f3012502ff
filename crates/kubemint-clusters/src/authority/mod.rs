//! The authority of one cluster for client certificates: its files, read again when they change, and the signing.
//!
//! Errors name files, never what is in them.

mod certificate;
mod signer;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kubemint::ports::{ClusterError, Credential, Secret};
use kubemint::record::Record;
use secrecy::SecretSlice;
use slog::{Logger, error, info};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::{ClientCa, ClusterConfig, RoleConfig};
use crate::failure::unsigned;
use crate::member::Member;
use crate::reading::Reading;
pub(crate) use certificate::Subject;
pub(crate) use signer::Signer;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Why an authority cannot be used. It holds nothing of the files.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum AuthorityError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's word for it.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("{path} cannot be used: {what}")]
    Unfit {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The system did not read them.
    #[error("reading the files {0}")]
    Reading(&'static str),
}

/// What the files hold, as it was read.
pub(crate) struct Files {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: SecretSlice<u8>,
}

impl AuthorityError {
    /// The file that it is about, where it is about one.
    pub(crate) fn path(&self) -> Option<&str> {
        match self {
            Self::Unreadable { path, .. } | Self::Unfit { path, .. } => Some(path),
            Self::Reading(_) => None,
        }
    }
}

impl Files {
    fn read(of: &ClientCa) -> Result<Self, AuthorityError> {
        Ok(Self {
            certificate: whole(&of.certificate)?,
            key: whole(&of.key)?.into(),
        })
    }
}

fn whole(path: &Path) -> Result<Vec<u8>, AuthorityError> {
    crate::files::read(path, LARGEST).map_err(|reason| AuthorityError::Unreadable {
        path: path.display().to_string(),
        reason: reason.to_string(),
    })
}

/// Until when the authority of these files signs, if they are one. It blocks on the file system.
///
/// # Errors
/// They are missing or unfit.
pub(crate) fn check(files: &ClientCa) -> Result<DateTime<Utc>, AuthorityError> {
    Signer::load(files).map(|signer| signer.not_after())
}

/// The authority of a cluster, and the signer that its files make.
pub(crate) struct Authority {
    config: Arc<ClusterConfig>,
    files: ClientCa,
    current: RwLock<Current>,
    /// Held while files are read, so that one task reads them and the others go on with what there is.
    reading: Mutex<()>,
    reader: Reading,
    every: Duration,
    log: Logger,
}

struct Current {
    /// The signer; `None` as long as there never were usable files.
    signer: Option<Arc<Signer>>,
    checked: Instant,
    /// What is wrong with the files, if they cannot be used: told once.
    complaint: Option<AuthorityError>,
    /// How often changed files were read again, and could be used, or not.
    rereads: (u64, u64),
}

impl Authority {
    /// The authority of a cluster that has one. Its files are read now, and looked at `every` so often when it is used.
    pub(crate) fn new(config: &Arc<ClusterConfig>, every: Duration, log: &Logger) -> Option<Self> {
        let files = config.client_ca.clone()?;
        let authority = Self {
            config: Arc::clone(config),
            current: RwLock::new(Current {
                signer: None,
                checked: Instant::now(),
                complaint: None,
                rereads: (0, 0),
            }),
            reading: Mutex::new(()),
            reader: Reading::new(),
            every,
            log: log.clone(),
            files,
        };
        authority.take(Signer::load(&authority.files));
        Some(authority)
    }

    /// What signs now.
    ///
    /// # Errors
    /// [`ClusterError::Unsigned`] if there never were usable files.
    pub(crate) async fn signer(&self) -> Result<Arc<Signer>, ClusterError> {
        let due = self.read(|current| current.checked.elapsed() >= self.every);
        if due && let Ok(_only) = self.reading.try_lock() {
            self.look().await;
        }
        self.read(|current| match (&current.signer, &current.complaint) {
            (Some(signer), _) => Ok(Arc::clone(signer)),
            (None, Some(complaint)) => Err(unsigned(complaint.to_string())),
            (None, None) => Err(unsigned("its files have not been read yet")),
        })
    }

    /// Until when it signs, as it was read last.
    pub(crate) fn ends(&self) -> Option<DateTime<Utc>> {
        self.read(|current| current.signer.as_ref().map(|signer| signer.not_after()))
    }

    /// Why the files cannot be read again, as long as those that were read before apply.
    pub(crate) fn stale(&self) -> Option<String> {
        self.read(|current| {
            let complaint = current.complaint.as_ref()?;
            current.signer.as_ref().map(|_| complaint.to_string())
        })
    }

    /// How often changed files were read again, and could be used, or not.
    pub(crate) fn rereads(&self) -> (u64, u64) {
        self.read(|current| current.rereads)
    }

    async fn look(&self) {
        let files = self.files.clone();
        let read = self.reader.of(move || Signer::load(&files)).await;
        self.take(read.map_err(AuthorityError::Reading).flatten());
    }

    /// Takes what was read: a usable change signs from now on, an unusable one is told and keeps the old. (Certificate and
    /// key are two files: between the changes of the one and the other they do not fit.)
    fn take(&self, read: Result<Signer, AuthorityError>) {
        let key = &self.config.key;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.checked = Instant::now();
        match read {
            Ok(signer) => {
                let same = current
                    .signer
                    .as_ref()
                    .is_some_and(|old| old.is_like(&signer));
                if !same {
                    if current.signer.is_some() || current.complaint.is_some() {
                        info!(self.log, "the authority for client certificates changed"; "cluster" => %key);
                    }
                    current.rereads.0 += u64::from(current.signer.is_some());
                    current.signer = Some(Arc::new(signer));
                }
                current.complaint = None;
            }
            Err(complaint) => {
                if current.complaint.as_ref() != Some(&complaint) {
                    let text = if current.signer.is_some() {
                        current.rereads.1 += 1;
                        "the new authority for client certificates cannot be used, the old one is kept"
                    } else {
                        "no client certificates can be signed for the cluster until its files can be used"
                    };
                    error!(self.log, "{}", text; "cluster" => %key, "error" => %complaint);
                    current.complaint = Some(complaint);
                }
            }
        }
    }

    fn read<T>(&self, what: impl FnOnce(&Current) -> T) -> T {
        what(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Member {
    /// Signs a client certificate for a record.
    pub(crate) async fn certify(
        &self,
        record: &Record,
        role: &RoleConfig,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Credential, ClusterError> {
        let Some(authority) = &self.authority else {
            return Err(unsigned(
                "the configuration has no client_ca for this cluster any more",
            ));
        };
        // The file needs the bundle, which may have to be read first. The service's own credential at the cluster is not
        // asked for: signing goes on without it.
        self.connection.bundled().await?;
        let subject = Subject::of(record, role);
        let signed = authority.signer().await?.sign(&subject, now, until)?;
        Ok(Credential {
            secret: Secret::Certificate {
                chain: signed.chain,
                key: signed.key,
            },
            issued_at: now,
            expires_at: signed.not_after,
            jti: Some(signed.credential_id),
        })
    }
}
