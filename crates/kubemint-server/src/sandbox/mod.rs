//! A server in a sandbox world: an issuer and clusters in the same process, on loopback, with a configuration file
//! like an operator's. It is the first run, and the stage of the tests.

mod first;
mod target;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::Utc;
use kubemint_sandbox::{World, WorldOptions};
use slog::Logger;
use thiserror::Error;

pub use first::{FirstRun, run};

use crate::config::{Config, ConfigError};
use crate::out::OutError;
use crate::serve::{self, Running, StartError};

/// The region of sandbox clusters: the documented example's.
pub const REGION: &str = "us-texas-1";
/// The project of sandbox clusters: the documented example's.
pub const PROJECT: &str = "project-x9y8z7";
/// The first sandbox cluster: the documented example's.
pub const CLUSTER: &str = "cluster-a1b2c3";

/// How long the sandbox's tokens are good, in seconds: a day of trying things.
const TOKEN_LIFE: i64 = 12 * 3600;

/// Why a sandbox does not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The issuer or a cluster does not start.
    #[error("cannot start the sandbox's issuer and clusters")]
    World(#[from] kubemint_sandbox::SandboxError),
    /// Its files cannot be written.
    #[error("cannot write the sandbox's files")]
    Files(#[from] std::io::Error),
    /// Its own configuration is refused: a defect.
    #[error("the sandbox's configuration is refused")]
    Config(#[from] ConfigError),
    /// The server does not start.
    #[error("cannot start the server")]
    Start(#[from] StartError),
    /// The file that the kubeconfig is to be written to holds something else.
    #[error("{} is there already, and no sandbox wrote it; name another file", .0.display())]
    Taken(PathBuf),
    /// The file that the kubeconfig is to be written to is another sandbox's, which runs.
    #[error("{} is the file of a sandbox that still runs ({server}); name another file, or end that one", .file.display())]
    Living {
        /// The file.
        file: PathBuf,
        /// Where the cluster of that sandbox is.
        server: String,
    },
    /// What there is to tell cannot be told.
    #[error(transparent)]
    Out(#[from] OutError),
    /// A kubeconfig cannot be issued by the API.
    #[error("cannot issue a kubeconfig: {0}")]
    Issue(String),
}

/// How a sandbox is made.
pub struct Options {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The world.
    pub world: WorldOptions,
    /// Where its files are; it must exist. A server that is started on the same folder again finds its records.
    pub folder: PathBuf,
}

impl Options {
    /// One cluster of the documented example's name, on a free port.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            world: WorldOptions::with_clusters(&[CLUSTER]),
            folder: folder.into(),
        }
    }
}

/// A world.
pub struct Sandbox {
    world: World,
    config: PathBuf,
}

impl Sandbox {
    /// Starts a world, and writes the files that a server for it needs.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let world = World::start(options.world).await?;
        let config = write_files(&world, options.listen, &options.folder)?;
        Ok(Self { world, config })
    }

    /// The configuration file.
    #[must_use]
    pub fn config_file(&self) -> &Path {
        &self.config
    }

    /// The issuer and the clusters.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Starts a server on the configuration file.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn serve(&self, log: &Logger) -> Result<Running, SandboxError> {
        let config = Config {
            // Nothing was issued before, and nothing is kept.
            new_store: true,
            ..Config::read(&self.config)?
        };
        Ok(serve::start(config, log).await?)
    }

    /// A token of the sandbox's issuer for `subject`, with these roles in the sandbox's project, good for 12 hours.
    #[must_use]
    pub fn token(&self, subject: &str, roles: &[&str]) -> String {
        let issuer = self.world.issuer();
        let now = Utc::now().timestamp();
        let claims = issuer.claims(subject).project(PROJECT).roles(roles);
        issuer.mint(claims.times(now, now + TOKEN_LIFE))
    }

    /// Stops the world.
    pub async fn stop(self) {
        self.world.stop().await;
    }
}

/// Writes bundles, tokens and the configuration into `folder`.
fn write_files(
    world: &World,
    listen: SocketAddr,
    folder: &Path,
) -> Result<PathBuf, std::io::Error> {
    let issuer = world.issuer();
    std::fs::write(folder.join("issuer-ca.pem"), issuer.ca_pem())?;
    let mut config = format!(
        r#"[server]
listen = "{listen}"

# Benchmarks and fuzzers call from one address, and often as one caller.
[limits]
connections_per_address = 4096
requests_per_second_per_address = 1000000
requests_per_second_per_caller = 1000000
burst = 1000000

[internal]
listen = "127.0.0.1:0"

[store]
path = "kubemint.db"

[log]
level = "info"

[[issuers]]
url = "{url}"
alias = "sandbox"
audiences = ["{audience}"]
ca_file = "issuer-ca.pem"
"#,
        url = issuer.url(),
        audience = issuer.options().audience,
    );
    for cluster in world.clusters() {
        let name = cluster.name();
        std::fs::write(folder.join(format!("{name}-ca.pem")), cluster.ca_pem())?;
        write_secret(
            &folder.join(format!("{name}-token")),
            &cluster.service_token(),
        )?;
        // Writing to a string does not fail.
        let _ = write!(
            config,
            r#"
[[clusters]]
region = "{REGION}"
project = "{PROJECT}"
id = "{name}"
api_url = "{url}"
ca_file = "{name}-ca.pem"
credential = {{ token_file = "{name}-token" }}

[clusters.roles.viewer]

[clusters.roles.editor]
namespaces = ["default"]
"#,
            url = cluster.url(),
        );
    }
    let path = folder.join("kubemint.toml");
    std::fs::write(&path, config)?;
    Ok(path)
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// The file cannot be written.
pub fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    // A file that was there keeps its mode: narrow it before the secret is in it.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use slog::{Drain, Level, o};

    use super::*;

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u8>>>);

    impl Told {
        fn logger(&self) -> Logger {
            let json = Mutex::new(slog_json::Json::default(self.clone())).fuse();
            Logger::root(json.filter_level(Level::Warning).fuse(), o!())
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_sandbox_has_nothing_to_warn_of_and_any_other_server_tells_that_its_store_is_new() {
        let (folder, told) = (tempfile::tempdir().unwrap(), Told::default());
        let sandbox = Sandbox::start(Options::new(folder.path())).await.unwrap();
        let running = sandbox.serve(&told.logger()).await.unwrap();
        running.stop().await;
        assert_eq!(told.text(), "");

        let mut config = Config::read(sandbox.config_file()).unwrap();
        let kubemint_store::Backend::Sqlite(options) = &mut config.store else {
            panic!("the sandbox has an embedded store");
        };
        options.path = folder.path().join("another.db");
        let running = serve::start(config, &told.logger()).await.unwrap();
        running.stop().await;
        assert!(
            told.text().contains("there was no store"),
            "{}",
            told.text()
        );
        sandbox.stop().await;
    }
}
