//! The servers that are measured. Each runs until its standard input ends.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use kubemint::ports::Store;
use kubemint_clusters::Fleet;
use kubemint_server::config::Config;
use kubemint_server::log::{Verbosity, logger};
use kubemint_server::sandbox::{CLUSTER, Options, PROJECT, REGION, Sandbox};
use kubemint_store::{Backend, PostgresOptions, PostgresStore, SqliteStore};
use serde_json::json;
use slog::Logger;
use tokio::runtime::{Builder, Runtime};

use crate::history;
use crate::limit::{self, Limit};
use crate::load::Target;
use crate::outside;

/// Who asks, and who it is for.
pub(crate) const USER: &str = "alice";

/// The file that a sandbox writes for a server.
const CONFIG: &str = "kubemint.toml";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// A handler that answers a constant.
    BareHandler,
    /// The same, after two commits.
    TwoCommits,
    /// The same, after two commits and the two calls to the cluster that an issue makes.
    TwoCommitsTwoCalls,
    /// The service itself.
    Issue,
    /// A handler that answers a page of a list from memory.
    BareList,
    /// The service alone, in a world that another process keeps; its configuration is in the folder.
    Service,
    /// No server: it begins issues in such a world, and finishes none.
    BrokenOff,
}

impl Subject {
    /// Every subject, in the order in which they are measured.
    pub(crate) const ALL: [Self; 4] = [
        Self::BareHandler,
        Self::TwoCommits,
        Self::TwoCommitsTwoCalls,
        Self::Issue,
    ];
}

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// What is served.
    subject: Subject,
    /// Where its files are.
    #[arg(long)]
    folder: PathBuf,
    /// Keep the records there, and not in a file.
    #[arg(long)]
    database: Option<Database>,
    /// How many issues are broken off.
    #[arg(long, default_value_t = 0)]
    records: u32,
}

/// An empty database of a PostgreSQL on loopback.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// Where it listens.
    pub(crate) port: u16,
    /// Its name.
    pub(crate) name: String,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.name)
    }
}

impl FromStr for Database {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (port, name) = text.split_once('/').context("a database is PORT/NAME")?;
        Ok(Self {
            port: port.parse()?,
            name: name.to_owned(),
        })
    }
}

impl Database {
    /// Makes the tables, and tells how it is reached.
    async fn prepare(&self) -> Result<PostgresOptions> {
        let options = PostgresOptions {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            database: self.name.clone(),
            user: postgresql::USER.to_owned(),
            password_file: None,
            ca_file: None,
            connections: 16,
        };
        PostgresStore::migrate(&options).await?;
        Ok(options)
    }
}

/// A running subject: what to ask it, and what must live while it runs.
struct Running {
    target: Target,
    _alive: Box<dyn std::any::Any>,
}

/// Serves a subject until standard input ends. The one line of output is the [`Target`], or why there is none.
///
/// # Errors
/// The subject does not start.
pub(crate) fn serve(args: &ServeArgs) -> Result<()> {
    // What `kubemint-server` logs: a line for every request.
    let (log, _guard) = logger(Verbosity::Info);
    let server = runtime("server")?;
    // The cluster stands for another machine: it shares no thread with the server.
    let cluster = runtime("cluster")?;
    let started = start(args, &server, &cluster, &log);
    let running = started.inspect_err(|error| println!("{error:#}"))?;
    println!("{}", serde_json::to_string(&running.target)?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn runtime(name: &str) -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .thread_name(name)
        .enable_all()
        .build()
}

fn start(args: &ServeArgs, server: &Runtime, cluster: &Runtime, log: &Logger) -> Result<Running> {
    match args.subject {
        Subject::Service => return service(server, &args.folder, log),
        Subject::BrokenOff => return broken_off(server, args, log),
        _ => {}
    }
    let sandbox = cluster.block_on(Sandbox::start(Options::new(&args.folder)))?;
    let mut config = Config::read(sandbox.config_file())?;
    if let Some(database) = &args.database {
        config.store = Backend::Postgres(server.block_on(database.prepare())?);
    }
    match args.subject {
        Subject::Issue => issue(server, sandbox, config, log),
        limit => limited(limit, server, sandbox, config, log),
    }
}

/// The service alone; who starts it has the bearer tokens.
fn service(server: &Runtime, folder: &Path, log: &Logger) -> Result<Running> {
    let config = Config::read(&folder.join(CONFIG))?;
    let running = server.block_on(kubemint_server::serve::start(config, log))?;
    Ok(Running {
        target: target(running.address(), &collection(), String::new()),
        _alive: Box::new(running),
    })
}

/// Issues that are begun, with their objects, and not finished.
fn broken_off(runtime: &Runtime, args: &ServeArgs, log: &Logger) -> Result<Running> {
    let config = Config::read(&args.folder.join(CONFIG))?;
    let store: Arc<dyn Store> = Arc::new(history::open(&args.folder)?);
    let entered = runtime.enter();
    let fleet = Fleet::new(config.clusters, store.instance().id, log.clone())?;
    drop(entered);
    runtime.block_on(outside::break_off(&store, &fleet, args.records))?;
    Ok(Running {
        // Nobody listens.
        target: target(([127, 0, 0, 1], 0).into(), "/", String::new()),
        _alive: Box::new((store, fleet)),
    })
}

fn collection() -> String {
    format!("/v1/regions/{REGION}/projects/{PROJECT}/compute/clusters/{CLUSTER}/kubeconfigs")
}

/// The service, as `kubemint-server serve` runs it.
fn issue(server: &Runtime, sandbox: Sandbox, config: Config, log: &Logger) -> Result<Running> {
    let running = server.block_on(kubemint_server::serve::start(config, log))?;
    let bearer = sandbox.token(USER, &["compute.admin"]);
    Ok(Running {
        target: target(running.address(), &collection(), bearer),
        _alive: Box::new((running, sandbox)),
    })
}

/// A limit: a handler with parts of the work, and nothing of the service around it.
fn limited(
    subject: Subject,
    server: &Runtime,
    sandbox: Sandbox,
    config: Config,
    log: &Logger,
) -> Result<Running> {
    let store: Option<Arc<dyn Store>> = match (subject, config.store) {
        (Subject::BareHandler | Subject::BareList, _) => None,
        (_, Backend::Sqlite(options)) => Some(Arc::new(SqliteStore::open(options)?)),
        (_, Backend::Postgres(options)) => {
            Some(Arc::new(server.block_on(PostgresStore::open(&options))?))
        }
    };
    let entered = server.enter();
    let fleet = match (&store, subject) {
        (Some(store), Subject::TwoCommitsTwoCalls) => {
            let id = store.instance().id;
            Some(Fleet::new(config.clusters, id, log.clone())?)
        }
        _ => None,
    };
    let limit = Limit::new(store, fleet, USER);
    let running = limit::start(limit, log)?;
    drop(entered);
    let bearer = sandbox.token(USER, &["compute.admin"]);
    Ok(Running {
        target: target(running.local_addr(), limit::PATH, bearer),
        _alive: Box::new((running, sandbox)),
    })
}

fn target(address: std::net::SocketAddr, path: &str, bearer: String) -> Target {
    Target {
        address,
        path: path.to_owned(),
        bearer,
        body: json!({"user": USER, "role": "viewer", "ttl": 3600}).to_string(),
    }
}
