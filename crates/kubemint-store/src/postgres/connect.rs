//! Connections: how they are made, kept, and given up.

use std::fs;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod,
    Runtime,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::Trouble;
use super::open_error::PostgresError;
use crate::config::PostgresOptions;

/// How long a connection may take to be had or made.
const CONNECTION: Duration = Duration::from_secs(3);

/// What every connection is told first. An answer must mean that the work is on the disk, whatever the database's
/// default; an operator's stronger choice is kept, and so is one that nothing is to be written. A statement that lost its client ends
/// by itself: within half a second where the database's system can tell that the client is gone, else at its limit.
const SESSION: &str = "
    DO $$ BEGIN
        PERFORM set_config('client_connection_check_interval', '500ms', false);
    EXCEPTION WHEN invalid_parameter_value THEN NULL;
    END $$;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET statement_timeout = '3500ms';
    SET lock_timeout = '3000ms';
    SET idle_in_transaction_session_timeout = '5s';
    SET default_transaction_isolation = 'read committed'";

/// A pool of connections to what `options` name. It connects to nothing yet.
pub(super) fn pool(options: &PostgresOptions) -> Result<Pool, PostgresError> {
    let mut config = tokio_postgres::Config::new();
    config
        .host(&options.host)
        .port(options.port)
        .dbname(&options.database)
        .user(&options.user)
        .application_name("kubemint")
        .connect_timeout(CONNECTION)
        .tcp_user_timeout(Duration::from_secs(10))
        .keepalives_idle(Duration::from_secs(30));
    let password_file = options.password_file.clone();
    if let Some(path) = &password_file {
        // A file that is not there must not wait for the first connection to be told.
        read_password(path)?;
    }
    let manager_config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = match &options.ca_file {
        Some(ca_file) => {
            config.ssl_mode(SslMode::Require);
            let tls = MakeRustlsConnect::new(tls(ca_file)?);
            Manager::from_connect(config, Connector { password_file, tls }, manager_config)
        }
        None => {
            config.ssl_mode(SslMode::Disable);
            let tls = NoTls;
            Manager::from_connect(config, Connector { password_file, tls }, manager_config)
        }
    };
    Pool::builder(manager)
        .max_size(options.connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(CONNECTION))
        .create_timeout(Some(CONNECTION))
        .recycle_timeout(Some(CONNECTION))
        .post_create(Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async move {
                client
                    .batch_execute(SESSION)
                    .await
                    .map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(PostgresError::Pool)
}

/// Who reads the password file.
static READER: Semaphore = Semaphore::const_new(1);

fn read_password(path: &Path) -> Result<SecretString, PostgresError> {
    let text =
        fs::read_to_string(path).map_err(|error| PostgresError::File(path.to_owned(), error))?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

fn tls(ca_file: &Path) -> Result<ClientConfig, PostgresError> {
    let pem = fs::read(ca_file).map_err(|error| PostgresError::File(ca_file.to_owned(), error))?;
    let mut roots = RootCertStore::empty();
    let wrong = || PostgresError::Bundle(ca_file.to_owned());
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| wrong())?;
        roots.add(certificate).map_err(|_| wrong())?;
    }
    if roots.is_empty() {
        return Err(wrong());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(PostgresError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Makes connections. The password is read each time, so that a new one needs no restart.
struct Connector<T> {
    password_file: Option<PathBuf>,
    tls: T,
}

impl<T> Connect for Connector<T>
where
    T: tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket> + Clone + Sync + Send + 'static,
    T::Stream: Sync + Send,
    T::TlsConnect: Sync + Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<tokio_postgres::Socket>>::Future: Send,
{
    fn connect(
        &self,
        config: &tokio_postgres::Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let (tls, mut config) = (self.tls.clone(), config.clone());
        let password_file = self.password_file.clone();
        Box::pin(async move {
            // Its disk may hang: that holds one thread, and no connection is made in time.
            let thread = READER.acquire().await;
            let read = move || {
                let read = password_file.as_deref().map(read_password);
                drop(thread);
                read
            };
            let read = tokio::task::spawn_blocking(read).await;
            // A file that cannot be read now leaves no password: the database says so.
            if let Ok(Some(Ok(password))) = read {
                config.password(password.expose_secret());
            }
            let (client, connection) = config.connect(tls).await?;
            let task = tokio::spawn(async move {
                // Why it ended is told to whoever waits for an answer on it.
                let _ = connection.await;
            });
            Ok((client, task))
        })
    }
}

/// A connection that is given up, unless the work on it is said to have ended well: what was broken off in the middle
/// must not meet the next user.
pub(super) struct Held {
    client: Option<Object>,
    broken: bool,
}

impl Held {
    /// A connection of the pool.
    pub(super) async fn take(pool: &Pool) -> Result<Self, Trouble> {
        let client = pool.get().await?;
        Ok(Self {
            client: Some(client),
            broken: true,
        })
    }

    /// The work has ended, and the connection is as it was.
    pub(super) fn done(mut self) {
        self.broken = false;
    }
}

impl Deref for Held {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.client
            .as_ref()
            .expect("a connection until it is dropped")
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Object {
        self.client
            .as_mut()
            .expect("a connection until it is dropped")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let (true, Some(client)) = (self.broken, self.client.take()) {
            drop(Object::take(client));
        }
    }
}
