//! The world outside of a server: issuer and cluster live in this process, so that a server can be measured alone, or
//! killed.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::{TimeDelta, Utc};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kubemint::audit::{Event, Kind};
use kubemint::ports::{Clusters as _, Ids as _, ObjectRef, Store};
use kubemint::record::{Record, State};
use kubemint::{ClusterKey, Principal};
use kubemint_clusters::Fleet;
use kubemint_server::config::Config;
use kubemint_server::log::{Verbosity, logger};
use kubemint_server::sandbox::{CLUSTER, Options, PROJECT, REGION, Sandbox};
use kubemint_server::world::RandomIds;
use slog::Logger;
use tokio::runtime::{Builder, Runtime};

use crate::process::Server;
use crate::subjects::{self, Subject};

/// The least that an issue is given, in seconds; how long ago those that are broken off began.
const PENDING: i64 = 60;
/// How many are begun at once.
const AT_ONCE: usize = 64;

/// A world that goes on whatever becomes of servers.
pub(crate) struct Outside {
    pub(crate) runtime: Runtime,
    sandbox: Sandbox,
    log: Logger,
    _guard: kubemint_server::log::LogGuard,
}

impl Outside {
    /// A world whose files, a server's configuration among them, are in `folder`.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let (log, guard) = logger(Verbosity::Error);
        let runtime = Builder::new_multi_thread().enable_all().build()?;
        let sandbox = runtime.block_on(Sandbox::start(Options::new(folder)))?;
        Ok(Self {
            runtime,
            sandbox,
            log,
            _guard: guard,
        })
    }

    /// A server in this world, whose store is in `folder`; the world's files are copied there.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn serve(&self, folder: &Path) -> Result<Server> {
        self.copy(folder)?;
        let bearer = self.sandbox.token(subjects::USER, &["compute.admin"]);
        Server::start(Subject::Service, folder, None).map(|server| server.called_with(bearer))
    }

    /// Puts what a server needs into `folder`, where it is not there already.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn copy(&self, folder: &Path) -> Result<()> {
        let from = self.sandbox.config_file().parent();
        let from = from.context("the configuration is in no folder")?;
        for entry in std::fs::read_dir(from)? {
            let path = entry?.path();
            let to = folder.join(path.file_name().unwrap_or_default());
            if path.is_file() && !to.exists() {
                std::fs::copy(path, to)?;
            }
        }
        Ok(())
    }

    /// How many objects that stand for kubeconfigs there are.
    pub(crate) fn standing(&self) -> usize {
        let cluster = self.sandbox.world().cluster();
        let standing = cluster.service_accounts().into_iter();
        standing
            .filter(|object| object.name.starts_with("kubeconfig-"))
            .count()
    }

    /// What calls the cluster as an installation's server does.
    ///
    /// # Errors
    /// Its files are not as they were written.
    pub(crate) fn fleet(&self, store: &dyn Store) -> Result<Fleet> {
        let config = Config::read(self.sandbox.config_file())?;
        let _runtime = self.runtime.enter();
        let id = store.instance().id;
        Ok(Fleet::new(config.clusters, id, self.log.clone())?)
    }
}

/// Issues that were broken off between the object and the record's second write, their time over: what a server that is
/// killed in the middle of so many leaves behind.
///
/// # Errors
/// The store or the cluster fails.
pub(crate) async fn break_off(
    store: &Arc<dyn Store>,
    fleet: &Fleet,
    count: u32,
) -> Result<Vec<Record>> {
    let one = |_| async {
        let record = record();
        let event = event(Kind::IssueRequested, &record);
        store.begin_issue(&record, None, None, event).await?;
        let object_uid = fleet.create(&record).await?;
        anyhow::Ok((record, object_uid))
    };
    let made = stream::iter(0..count).map(one).buffer_unordered(AT_ONCE);
    made.map_ok(|(record, _)| record).try_collect().await
}

/// What the reconciler does with each, and nothing around it: `at_once` at the same time.
///
/// # Errors
/// The store or the cluster fails.
pub(crate) async fn give_up(
    store: &Arc<dyn Store>,
    fleet: &Fleet,
    records: Vec<Record>,
    at_once: usize,
) -> Result<()> {
    let one = |record: Record| async move {
        let object = ObjectRef {
            role: record.role.clone(),
            id: record.id.clone(),
            uid: record.uid,
            object_uid: None,
        };
        fleet.remove(&record.cluster, &object).await?;
        let event = event(Kind::IssueFailed, &record);
        store.fail(&record.reference(), event).await?;
        anyhow::Ok(())
    };
    let done = stream::iter(records).map(one).buffer_unordered(at_once);
    done.try_collect().await
}

fn record() -> Record {
    let now = Utc::now();
    Record {
        cluster: ClusterKey::new(REGION, PROJECT, CLUSTER),
        id: RandomIds.kubeconfig_id(),
        uid: RandomIds.uid(),
        display_name: None,
        description: None,
        issued_for: subjects::USER.to_owned(),
        role: "viewer".to_owned(),
        created_by: Principal {
            issuer: "https://login.example".to_owned(),
            subject: subjects::USER.to_owned(),
        },
        ttl: 3600,
        state: State::Pending,
        created_at: now - TimeDelta::seconds(PENDING),
        pending_until: now,
        expires_at: None,
        object_uid: None,
    }
}

fn event(kind: Kind, record: &Record) -> Event {
    Event {
        at: Utc::now(),
        kind,
        request_id: None,
        principal: None,
        token_id: None,
        cluster: record.cluster.clone(),
        kubeconfig: Some(record.id.to_string()),
        uid: Some(record.uid),
        decision: None,
        detail: serde_json::Map::new(),
    }
}
