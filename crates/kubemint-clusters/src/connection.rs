//! The client of one cluster, made again when the files that it is made from change.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::Client;
use secrecy::ExposeSecret;
use slog::{Logger, error, info};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::config::ClusterConfig;
use crate::credential::{self, CredentialError, Material};

/// How long connecting may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the connection may stay silent, either way.
const SILENCE: Duration = Duration::from_secs(10);

/// How long the file system may take. (It may be a network's.)
const READING: Duration = Duration::from_secs(2);

/// A connection, and what it was made from.
pub(crate) struct Connection {
    config: Arc<ClusterConfig>,
    current: RwLock<Current>,
    /// Held while files are read, so that one task reads them and the others go on with what there is.
    reading: Mutex<()>,
    every: Duration,
    log: Logger,
}

struct Current {
    client: Client,
    material: Material,
    /// Which client this is, counted from 0.
    generation: u64,
    checked: Instant,
    /// What is wrong with the files, if they cannot be used: told once.
    complaint: Option<String>,
}

/// A client, and which one it is.
#[derive(Clone)]
pub(crate) struct Lease {
    pub(crate) client: Client,
    generation: u64,
}

impl Connection {
    /// Reads the files and makes the first client. It must be called within a Tokio runtime. Later the files are
    /// looked at `every` so often, when the connection is used.
    pub(crate) fn new(
        config: Arc<ClusterConfig>,
        every: Duration,
        log: Logger,
    ) -> Result<Self, OpenError> {
        let material = credential::load(&config)?;
        let client = client(&config.api_url, &material)?;
        let current = Current {
            client,
            material,
            generation: 0,
            checked: Instant::now(),
            complaint: None,
        };
        Ok(Self {
            config,
            current: RwLock::new(current),
            reading: Mutex::new(()),
            every,
            log,
        })
    }

    /// The client to use now.
    pub(crate) async fn lease(&self) -> Lease {
        let due = self.read(|current| current.checked.elapsed() >= self.every);
        if due && let Ok(_only) = self.reading.try_lock() {
            self.look().await;
        }
        self.read(|current| Lease {
            client: current.client.clone(),
            generation: current.generation,
        })
    }

    /// After the cluster refused a credential: another client, if there is one by now.
    pub(crate) async fn renewed(&self, refused: &Lease) -> Option<Lease> {
        let _only = self.reading.lock().await;
        if self.read(|current| current.generation) == refused.generation {
            self.look().await;
        }
        let now = self.read(|current| Lease {
            client: current.client.clone(),
            generation: current.generation,
        });
        (now.generation != refused.generation).then_some(now)
    }

    /// Reads the files; a usable change makes a new client, an unusable one is told and keeps the old.
    async fn look(&self) {
        let config = Arc::clone(&self.config);
        let read = timeout(
            READING,
            tokio::task::spawn_blocking(move || credential::load(&config)),
        )
        .await;
        let fresh = match read {
            Ok(Ok(Ok(material))) => {
                if self.read(|current| current.material == material) {
                    Ok(None)
                } else {
                    client(&self.config.api_url, &material)
                        .map(|client| Some((client, material)))
                        .map_err(|error| error.to_string())
                }
            }
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) => Err("reading the files failed".to_owned()),
            Err(_) => Err("reading the files took too long".to_owned()),
        };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.checked = Instant::now();
        match fresh {
            Ok(None) => current.complaint = None,
            Ok(Some((client, material))) => {
                info!(self.log, "the credential of the cluster changed"; "cluster" => %self.config.key);
                current.client = client;
                current.material = material;
                current.generation += 1;
                current.complaint = None;
            }
            Err(complaint) => {
                if current.complaint.as_ref() != Some(&complaint) {
                    error!(self.log, "the new credential of the cluster cannot be used, the old one is kept";
                        "cluster" => %self.config.key, "error" => %complaint);
                    current.complaint = Some(complaint);
                }
            }
        }
    }

    fn read<T>(&self, what: impl FnOnce(&Current) -> T) -> T {
        what(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why a connection cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The files are unfit.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// They were read, and TLS cannot be set up with them.
    #[error("TLS cannot be set up with its certificate, key or bundle")]
    Tls,
}

fn client(url: &http::Uri, material: &Material) -> Result<Client, OpenError> {
    let mut config = kube::Config::new(url.clone());
    config.root_cert.clone_from(&material.roots);
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    config.write_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    // What may be repeated is decided in `call`.
    config.default_retry = false;
    config.auth_info.token.clone_from(&material.token);
    if let Some(identity) = &material.identity {
        config.auth_info.client_certificate_data = Some(STANDARD.encode(&identity.certificate));
        config.auth_info.client_key_data =
            Some(STANDARD.encode(identity.key.expose_secret()).into());
    }
    // The error may quote the PEM text.
    Client::try_from(config).map_err(|_| OpenError::Tls)
}
