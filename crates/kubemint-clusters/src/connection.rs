//! The client of one cluster, made again when the files that it is made from change. Without usable files there is
//! none: the cluster is out of order, until there are.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::HeaderValue;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::Client;
use kube::client::{ClientBuilder, ConfigExt as _};
use kubemint::cluster::ClusterProfile;
use kubemint::ports::ClusterError;
use secrecy::{ExposeSecret, SecretString};
use slog::{Logger, error, info};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::{BundleError, ClusterConfig};
use crate::credential::{self, CredentialError, Identity, Material, Read};
use crate::failure::{refused, unreachable};
use crate::open_error::{OpenError, unchecked};
use crate::reading::Reading;

/// How long connecting may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the connection may stay silent, either way.
const SILENCE: Duration = Duration::from_secs(10);

/// How long a cluster stays out of order after the bundle of its kubeconfig files came: whoever read the profile
/// without it has given up by then, so that no file leaves without its bundle.
const SETTLING: Duration = Duration::from_secs(1);

/// A connection, and what it was made from.
pub(crate) struct Connection {
    config: Arc<ClusterConfig>,
    current: RwLock<Current>,
    /// The profile with the bundle that could not be read at first.
    completed: OnceLock<Arc<ClusterProfile>>,
    /// Held while files are read, so that one task reads them and the others go on with what there is.
    reading: Mutex<()>,
    files: Reading,
    every: Duration,
    log: Logger,
}

struct Current {
    /// The client; `None` as long as there never were usable files.
    open: Option<Open>,
    /// Which client this is, counted from 0.
    generation: u64,
    checked: Instant,
    /// What is wrong with the files, if they cannot be used: told once.
    complaint: Option<OpenError>,
    /// Why the profile still lacks its bundle.
    unbundled: Option<BundleError>,
    /// From when on the profile may be used.
    settled: Instant,
    /// How often changed files were read again, and could be used, or not.
    rereads: (u64, u64),
}

struct Open {
    client: Client,
    authorization: Option<HeaderValue>,
    /// When the credential ends, where it says so.
    ends: Option<DateTime<Utc>>,
    material: Material,
}

/// A client, what it authenticates with besides its certificate, and which one it is.
#[derive(Clone)]
pub(crate) struct Lease {
    pub(crate) client: Client,
    pub(crate) authorization: Option<HeaderValue>,
    generation: u64,
}

impl Connection {
    /// Reads the files and makes the first client, if it can. It must be called within a Tokio runtime. Later the
    /// files are looked at `every` so often, when the connection is used.
    pub(crate) fn new(config: Arc<ClusterConfig>, every: Duration, log: Logger) -> Self {
        let connection = Self {
            current: RwLock::new(Current {
                open: None,
                generation: 0,
                checked: Instant::now(),
                complaint: None,
                unbundled: None,
                settled: Instant::now(),
                rereads: (0, 0),
            }),
            completed: OnceLock::new(),
            reading: Mutex::new(()),
            files: Reading::new(),
            config,
            every,
            log,
        };
        let read = credential::load(&connection.config, connection.incomplete());
        connection.take(Ok(read));
        connection
    }

    /// What the service says of the cluster to its callers.
    pub(crate) fn profile(&self) -> Arc<ClusterProfile> {
        Arc::clone(self.completed.get().unwrap_or(&self.config.profile))
    }

    /// When the service's credential ends, as far as it says so.
    pub(crate) fn ends(&self) -> Option<DateTime<Utc>> {
        self.read(|current| current.open.as_ref()?.ends)
    }

    /// Why the files cannot be read again, as long as those that were read before apply.
    pub(crate) fn stale(&self) -> Option<String> {
        self.read(|current| {
            let complaint = current.complaint.as_ref()?;
            current.open.as_ref().map(|_| complaint.to_string())
        })
    }

    /// How often changed files were read again, and could be used, or not.
    pub(crate) fn rereads(&self) -> (u64, u64) {
        self.read(|current| current.rereads)
    }

    /// What the service connects with now: certificates in DER; `None` for the system's roots, or if nothing is open.
    pub(crate) fn roots(&self) -> Option<Vec<Vec<u8>>> {
        self.read(|current| current.open.as_ref()?.material.roots.clone())
    }

    /// Whether the profile still lacks its bundle.
    fn incomplete(&self) -> bool {
        let lacks = self.config.public_ca_file.is_some() && self.config.profile.ca_pem.is_none();
        lacks && self.completed.get().is_none()
    }

    /// The client to use now.
    ///
    /// # Errors
    /// If the files cannot be used: [`ClusterError::Unreachable`] for a bundle, without which nobody is spoken to;
    /// [`ClusterError::Refused`] for the service's credential.
    pub(crate) async fn lease(&self) -> Result<Lease, ClusterError> {
        self.look_if_due().await;
        self.read(|current| match (&current.open, &current.complaint) {
            (Some(open), _) => current.is_settled().map(|()| Lease {
                client: open.client.clone(),
                authorization: open.authorization.clone(),
                generation: current.generation,
            }),
            (None, Some(complaint)) => Err(complaint.as_cluster_error()),
            (None, None) => Err(refused("the service's credential has not been read yet")),
        })
    }

    /// Whether kubeconfig files can be made: the profile has its bundle. What the service itself connects with, its own
    /// credential above all, does not matter here.
    ///
    /// # Errors
    /// [`ClusterError::Unreachable`] as long as the bundle cannot be read.
    pub(crate) async fn bundled(&self) -> Result<(), ClusterError> {
        if self.incomplete() {
            self.look_if_due().await;
        }
        if self.incomplete() {
            return Err(self.read(|current| match &current.unbundled {
                Some(error) => unchecked(error),
                None => unreachable("its bundle has not been read yet"),
            }));
        }
        self.read(Current::is_settled)
    }

    /// Reads the files when it is time, in one task; the others go on with what there is.
    async fn look_if_due(&self) {
        let due = self.read(|current| current.checked.elapsed() >= self.every);
        if due && let Ok(_only) = self.reading.try_lock() {
            self.look().await;
        }
    }

    /// After the cluster refused a credential: another client, if there is one by now.
    pub(crate) async fn renewed(&self, refused: &Lease) -> Option<Lease> {
        let _only = self.reading.lock().await;
        if self.read(|current| current.generation) == refused.generation {
            self.look().await;
        }
        let now = self.read(|current| {
            current.open.as_ref().map(|open| Lease {
                client: open.client.clone(),
                authorization: open.authorization.clone(),
                generation: current.generation,
            })
        });
        now.filter(|now| now.generation != refused.generation)
    }

    /// A client for the holder of a certificate, and nobody else.
    pub(crate) async fn for_holder(&self, identity: Identity) -> Result<Lease, ClusterError> {
        let Lease { generation, .. } = self.lease().await?;
        let roots = self.roots();
        let material = Material {
            token: None,
            identity: Some(identity),
            roots,
        };
        let client =
            client(&self.config.api_url, &material).map_err(|error| error.as_cluster_error())?;
        Ok(Lease {
            client,
            authorization: None,
            generation,
        })
    }

    /// Reads the files.
    async fn look(&self) {
        let config = Arc::clone(&self.config);
        let incomplete = self.incomplete();
        let read = self
            .files
            .of(move || credential::load(&config, incomplete))
            .await;
        self.take(read.map_err(OpenError::Reading));
    }

    /// Takes what was read: a usable change makes a new client, an unusable one is told and keeps the old.
    fn take(&self, read: Result<Read, OpenError>) {
        let (bundle, material) = match read {
            Ok(Read { public, material }) => (public, material.map_err(OpenError::from)),
            Err(error) => (None, Err(error)),
        };
        // Without its bundle nobody has a use for the cluster, however good the rest is.
        let material = match &bundle {
            Some(Err(error)) => Err(CredentialError::from(error.clone()).into()),
            _ => material,
        };
        let fresh = material.and_then(|material| {
            let same = |current: &Current| {
                let open = current.open.as_ref();
                open.is_some_and(|open| open.material.connects_like(&material))
            };
            if self.read(same) {
                return Ok(None);
            }
            let client = client(&self.config.api_url, &material)?;
            let authorization = material.token.as_ref().map(bearer).transpose()?;
            Ok(Some((client, authorization, material)))
        });
        let key = &self.config.key;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.checked = Instant::now();
        match bundle {
            Some(Ok(bundle)) => {
                let mut profile = ClusterProfile::clone(&self.config.profile);
                profile.ca_pem = Some(bundle);
                // Only one task reads at a time, and only while it is not set.
                let _ = self.completed.set(Arc::new(profile));
                current.settled = Instant::now() + SETTLING;
                current.unbundled = None;
            }
            Some(Err(error)) => current.unbundled = Some(error),
            None => {}
        }
        match fresh {
            Ok(None) => current.complaint = None,
            Ok(Some((client, authorization, material))) => {
                if current.open.is_some() {
                    info!(self.log, "the credential of the cluster changed"; "cluster" => %key);
                    current.rereads.0 += 1;
                    current.generation += 1;
                } else if current.complaint.is_some() {
                    info!(self.log, "the files of the cluster can be used now: it is no longer out of order";
                        "cluster" => %key);
                }
                current.open = Some(Open {
                    client,
                    authorization,
                    ends: material.ends(),
                    material,
                });
                current.complaint = None;
            }
            Err(complaint) => {
                if current.complaint.as_ref() != Some(&complaint) {
                    let text = if current.open.is_some() {
                        current.rereads.1 += 1;
                        "the new credential of the cluster cannot be used, the old one is kept"
                    } else {
                        "the cluster is OUT OF ORDER until its files can be used; the others are not affected"
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

impl Current {
    fn is_settled(&self) -> Result<(), ClusterError> {
        if self.settled <= Instant::now() {
            Ok(())
        } else {
            Err(unreachable("its files can be used from now on: try again"))
        }
    }
}

/// A client for nobody: whoever trusts these certificates. `None` for the system's roots.
pub(crate) fn anonymous(
    url: &http::Uri,
    roots: Option<Vec<Vec<u8>>>,
) -> Result<Client, ClusterError> {
    let material = Material {
        token: None,
        identity: None,
        roots,
    };
    client(url, &material).map_err(|error| error.as_cluster_error())
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
    if let Some(identity) = &material.identity {
        config.auth_info.client_certificate_data = Some(STANDARD.encode(&identity.certificate));
        config.auth_info.client_key_data =
            Some(STANDARD.encode(identity.key.expose_secret()).into());
    }
    // The error may quote the PEM text.
    stack(&config).map_err(|_| OpenError::Tls)
}

/// The client as kube makes it, with one difference: its sockets do not wait for more to send (Nagle). Otherwise a request
/// with a body takes 40 ms more, since the cluster's acknowledgement of its head is as lazy as the waiting for it.
fn stack(config: &kube::Config) -> kube::Result<Client> {
    let mut sockets = HttpConnector::new();
    sockets.enforce_http(false);
    sockets.set_nodelay(true);
    let mut connector =
        TimeoutConnector::new(config.rustls_https_connector_with_connector(sockets)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let sender = hyper_util::client::legacy::Builder::new(TokioExecutor::new())
        .build::<_, kube::client::Body>(connector);
    let builder = ClientBuilder::new(sender, config.default_namespace.as_str())
        .with_layer(&config.base_uri_layer());
    Ok(builder.build())
}

/// The header that carries a token.
fn bearer(token: &SecretString) -> Result<HeaderValue, OpenError> {
    let text = format!("Bearer {}", token.expose_secret());
    let mut value = HeaderValue::try_from(text).map_err(|_| OpenError::Tls)?;
    value.set_sensitive(true);
    Ok(value)
}
