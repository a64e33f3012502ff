//! Watching: a stream of what happens, which ends at its time limit at the latest.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc};

use super::exchange::{Content, Reply, Request};
use super::selector::Selector;
use super::state::State;
use super::status::{Cause, Failure};
use super::store::Event;
use super::table::View;
use crate::body::Body;

/// How long a watch lasts that says nothing of it, and how long one lasts at most, in seconds.
const USUAL: u64 = 600;
const LONGEST: u64 = 3600;

/// What a watch wants to hear of, free of the request that began it.
struct Wanted {
    view: View,
    namespace: Option<String>,
    selector: Selector,
}

impl Wanted {
    fn covers(&self, event: &Event) -> bool {
        event.resource == self.view.resource
            && self
                .namespace
                .as_deref()
                .is_none_or(|wanted| event.object["metadata"]["namespace"] == wanted)
            && self.selector.matches(&event.object)
    }
}

impl State {
    /// Begins a watch.
    pub(crate) fn watch(self: &Arc<Self>, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        if request.query.get("sendInitialEvents").is_some() {
            // As a server without streaming lists says it; clients then list first.
            let why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            let cause = Cause::forbidden("sendInitialEvents", why);
            return Err(Failure::invalid("meta.k8s.io", "ListOptions", "", &[cause]));
        }
        let namespace = if target.resource.namespaced {
            target.namespace.clone()
        } else {
            None
        };
        let wanted = Wanted {
            view: request.view.clone(),
            namespace,
            selector: Selector::parse(target.resource, request.query)?,
        };
        let seconds = request
            .query
            .number("timeoutSeconds")?
            .unwrap_or(USUAL)
            .clamp(1, LONGEST);
        let since = request.query.number("resourceVersion")?.unwrap_or(0);
        let permit = Arc::clone(&self.watches)
            .try_acquire_owned()
            .map_err(|_| Failure::too_many("too many watches"))?;
        let mut first = Vec::new();
        let since = if since > 0 {
            since
        } else {
            // From nothing: everything that exists is news.
            let matches = |object: &Value| wanted.selector.matches(object);
            let page = self.store.list(
                target.resource,
                wanted.namespace.as_deref(),
                None,
                usize::MAX,
                matches,
            );
            first.extend(
                page.items
                    .iter()
                    .map(|object| self.line(&wanted.view, "ADDED", object)),
            );
            page.version
        };
        let (missed, receiver) = self
            .store
            .watch(since)
            .ok_or_else(|| Failure::expired(&format!("too old resource version: {since}")))?;
        first.extend(
            missed
                .iter()
                .filter(|event| wanted.covers(event))
                .map(|event| self.line(&wanted.view, event.action, &event.object)),
        );
        let (sender, pieces) = mpsc::channel(64);
        let state = Arc::clone(self);
        tokio::spawn(async move {
            let _permit = permit;
            let until = tokio::time::sleep(Duration::from_secs(seconds));
            let mut stopping = state.stopping.get().cloned();
            let stopped = async {
                match &mut stopping {
                    Some(stopping) => drop(stopping.wait_for(|stop| *stop).await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = until => {}
                () = stopped => {}
                () = sender.closed() => {}
                () = follow(&state, &sender, first, receiver, &wanted) => {}
            }
        });
        Ok(Reply {
            content: Content::Stream(Body::Pieces(pieces)),
            ..Reply::json(200, Value::Null)
        })
    }

    fn line(&self, view: &View, action: &str, object: &Arc<Value>) -> Bytes {
        let object = view.one(object, self.now());
        Bytes::from(json!({"type": action, "object": object}).to_string() + "\n")
    }
}

async fn follow(
    state: &State,
    sender: &mpsc::Sender<Bytes>,
    first: Vec<Bytes>,
    mut receiver: broadcast::Receiver<Event>,
    wanted: &Wanted,
) {
    for line in first {
        if sender.send(line).await.is_err() {
            return;
        }
    }
    // A reader that falls behind too far is sent away, and lists again.
    while let Ok(event) = receiver.recv().await {
        if !wanted.covers(&event) {
            continue;
        }
        let line = state.line(&wanted.view, event.action, &event.object);
        if sender.send(line).await.is_err() {
            return;
        }
    }
}
