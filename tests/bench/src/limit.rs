//! The limits: one handler, with as much of an issue's unavoidable work as it is given.

use std::net::Ipv4Addr;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use dropshot::{
    ApiDescription, ConfigDropshot, HandlerTaskMode, HttpError, HttpResponseCreated,
    HttpResponseOk, HttpServer, RequestContext, ServerBuilder, UntypedBody, endpoint,
};
use kubemint::audit::{Event, Kind};
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{ClusterError, Clusters as _, Ids as _, ObjectRef, Store};
use kubemint::record::{Record, State};
use kubemint_clusters::Fleet;
use kubemint_server::sandbox::{CLUSTER, PROJECT, REGION};
use kubemint_server::world::RandomIds;
use serde_json::{Value, json};
use slog::Logger;
use tokio::sync::OnceCell;

/// Where the handler is.
pub(crate) const PATH: &str = "/kubeconfigs";

/// Where the handler of downloads is.
pub(crate) const DOWNLOAD: &str = "/download";

/// What the handler answers: the documented answer to an issue.
const ANSWER: &str = include_str!("../../../spec/examples/issue-kubeconfig.response.json");

/// How long the credential is asked to live, in seconds.
const TTL: u32 = 3600;

/// What the handler does before it answers.
pub(crate) struct Limit {
    /// Where it commits, before and after.
    store: Option<Arc<dyn Store>>,
    /// Where it makes a credential, in between.
    fleet: Option<Fleet>,
    cluster: ClusterKey,
    user: Principal,
    answer: Value,
    /// What downloads are of, once one was asked for.
    downloaded: OnceCell<(Record, ObjectRef)>,
}

impl Limit {
    /// A handler that makes what it is given a store and clusters for.
    pub(crate) fn new(store: Option<Arc<dyn Store>>, fleet: Option<Fleet>, user: &str) -> Self {
        Self {
            store,
            fleet,
            cluster: ClusterKey::new(REGION, PROJECT, CLUSTER),
            user: Principal {
                issuer: "https://login.example".to_owned(),
                subject: user.to_owned(),
            },
            answer: serde_json::from_str(ANSWER).unwrap_or_default(),
            downloaded: OnceCell::new(),
        }
    }

    /// The work of one issue.
    async fn issue(&self) -> Result<(), Failure> {
        let record = self.record();
        self.commit(Kind::IssueRequested, &record).await?;
        if let Some(fleet) = &self.fleet {
            let object = object(fleet, &record).await?;
            fleet.mint(&record.cluster, &object, TTL).await?;
        }
        self.commit(Kind::Issued, &record).await?;
        Ok(())
    }

    /// The work of one download, of an object that is there.
    async fn download(&self) -> Result<(), Failure> {
        let Some(fleet) = &self.fleet else {
            return Ok(());
        };
        let made = self.downloaded.get_or_try_init(|| async {
            let record = self.record();
            let object = object(fleet, &record).await?;
            Ok::<_, Failure>((record, object))
        });
        let (record, object) = made.await?;
        self.commit(Kind::DownloadRequested, record).await?;
        fleet.mint(&record.cluster, object, TTL).await?;
        self.commit(Kind::Downloaded, record).await?;
        Ok(())
    }

    async fn commit(&self, kind: Kind, record: &Record) -> Result<(), kubemint::ports::StoreError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let event = Event {
            at: Utc::now(),
            kind,
            request_id: Some(record.uid.to_string()),
            principal: Some(record.created_by.clone()),
            token_id: None,
            cluster: record.cluster.clone(),
            kubeconfig: Some(record.id.to_string()),
            uid: Some(record.uid),
            decision: None,
            detail: serde_json::Map::new(),
        };
        store.append(event).await
    }

    fn record(&self) -> Record {
        let now = Utc::now();
        Record {
            cluster: self.cluster.clone(),
            id: RandomIds.kubeconfig_id(),
            uid: RandomIds.uid(),
            display_name: None,
            description: None,
            issued_for: self.user.subject.clone(),
            role: "viewer".to_owned(),
            created_by: self.user.clone(),
            ttl: TTL,
            state: State::Pending,
            created_at: now,
            pending_until: now + TimeDelta::seconds(60),
            expires_at: None,
            object_uid: None,
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes what stands for a record in the cluster.
async fn object(fleet: &Fleet, record: &Record) -> Result<ObjectRef, ClusterError> {
    let object_uid = Some(fleet.create(record).await?);
    Ok(ObjectRef {
        role: record.role.clone(),
        id: record.id.clone(),
        uid: record.uid,
        object_uid,
    })
}

/// Listens on loopback, with the settings of the service's own listener.
///
/// # Errors
/// No port is free.
pub(crate) fn start(limit: Limit, log: &Logger) -> anyhow::Result<HttpServer<Limit>> {
    let mut api = ApiDescription::new();
    api.register(answer)?;
    api.register(page)?;
    api.register(download)?;
    let config = ConfigDropshot {
        bind_address: (Ipv4Addr::LOCALHOST, 0).into(),
        default_handler_task_mode: HandlerTaskMode::Detached,
        ..ConfigDropshot::default()
    };
    let builder = ServerBuilder::new(api, limit, log.clone()).config(config);
    builder.start().map_err(|error| anyhow::anyhow!("{error}"))
}

#[endpoint { method = POST, path = "/kubeconfigs" }]
async fn answer(
    rqctx: RequestContext<Limit>,
    _body: UntypedBody,
) -> Result<HttpResponseCreated<Value>, HttpError> {
    let limit = rqctx.context();
    if limit.store.is_some() {
        let done = limit.issue().await;
        done.map_err(|error| HttpError::for_internal_error(error.to_string()))?;
    }
    Ok(HttpResponseCreated(limit.answer.clone()))
}

#[endpoint { method = GET, path = "/download" }]
async fn download(rqctx: RequestContext<Limit>) -> Result<HttpResponseOk<Value>, HttpError> {
    let limit = rqctx.context();
    let done = limit.download().await;
    done.map_err(|error| HttpError::for_internal_error(error.to_string()))?;
    Ok(HttpResponseOk(limit.answer.clone()))
}

/// A page of a list, made of the documented answer.
#[endpoint { method = GET, path = "/kubeconfigs" }]
async fn page(rqctx: RequestContext<Limit>) -> Result<HttpResponseOk<Value>, HttpError> {
    let items = vec![&rqctx.context().answer; 500];
    let page = json!({"kubeconfigs": items, "nextPageToken": "AAAAAAAAACo"});
    Ok(HttpResponseOk(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constant_answer_is_a_kubeconfig() {
        let limit = Limit::new(None, None, "alice");
        assert!(limit.answer["selfLink"].is_string());
    }

    #[tokio::test]
    async fn two_commits_are_two_rows_of_the_trail() {
        use kubemint_store::Trail as _;
        let store = Arc::new(kubemint_store::SqliteStore::temporary().unwrap());
        let limit = Limit::new(Some(store.clone() as Arc<dyn Store>), None, "alice");
        limit.issue().await.unwrap();
        let events = store.events(0, 10).await.unwrap();
        let kinds: Vec<_> = events.iter().map(|(_, event)| event.kind).collect();
        assert_eq!(kinds, [Kind::IssueRequested, Kind::Issued]);
    }
}
