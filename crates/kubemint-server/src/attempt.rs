//! Who asked for what, for as long as it is served. Where that ends in a panic, the trail tells of it.

use std::sync::Arc;

use kubemint::audit::{Event, Kind};
use kubemint::{Caller, ClusterKey, Context, Kubemint};
use openapi_runtime::RequestHead;

use crate::edge::place;

/// An authenticated request that is under way.
pub(crate) struct Attempt {
    service: Arc<Kubemint>,
    pub(crate) context: Context,
    operation: &'static str,
    cluster: ClusterKey,
    kubeconfig: Option<String>,
}

impl Attempt {
    pub(crate) fn new(
        service: &Arc<Kubemint>,
        request: &RequestHead<'_>,
        caller: Caller,
        request_id: String,
    ) -> Self {
        let (cluster, kubeconfig) = place(request.info.uri().path());
        Self {
            service: Arc::clone(service),
            context: Context { caller, request_id },
            operation: request.operation,
            cluster,
            kubeconfig,
        }
    }

    /// An event of the request, of which nothing is known but what was asked.
    pub(crate) fn event(&self, kind: Kind) -> Event {
        let Context { caller, request_id } = &self.context;
        Event {
            at: self.service.ports().clock.now(),
            kind,
            request_id: Some(request_id.clone()),
            principal: Some(caller.principal.clone()),
            token_id: caller.token_id.clone(),
            cluster: self.cluster.clone(),
            kubeconfig: self.kubeconfig.clone(),
            uid: None,
            decision: None,
            detail: serde_json::Map::new(),
        }
    }
}

/// A panic ends the handler wherever it is, and with it this, and nothing else is known to come by: so the row is written from here,
/// beside the answer.
impl Drop for Attempt {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let event = self
            .event(Kind::Panicked)
            .with("operation", self.operation)
            .with("status", 500);
        let service = Arc::clone(&self.service);
        runtime.spawn(async move {
            // What was begun has rows of its own; the store's own health is told by /readyz.
            let _ = service.ports().store.append(event).await;
        });
    }
}
