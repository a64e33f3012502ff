//! What a cluster refuses is told as it is, without a word of the cluster: to the log, to whoever watches, and to callers.

use std::error::Error as _;
use std::sync::Arc;

use kubemint::ports::{ClusterError, Clusters, Landmark, Store};
use kubemint_clusters::{Finding, Fleet, Health};
use kubemint_sandbox::{Effect, Fault, RequestKind, Rule};
use kubemint_store::SqliteStore;
use slog::{Logger, o};

use crate::log::Log;
use crate::stage::{self, LIMITS, Stage, object};

/// A fleet at a stage's cluster that logs, and remembers if it is given a store.
fn fleet(stage: &Stage, log: &Log, store: Option<&Arc<dyn Store>>) -> Fleet {
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let log = Logger::root(log.clone(), o!());
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, log, LIMITS).unwrap();
    match store {
        Some(store) => fleet.remembering(store),
        None => fleet,
    }
}

/// What callers are told of a refusal, and what the log is.
fn told(error: &ClusterError) -> (String, String) {
    assert_eq!(stage::kind(error), "refused");
    (error.to_string(), error.source().unwrap().to_string())
}

fn refuse(message: &str) -> Effect {
    Effect::Refuse {
        code: 403,
        message: Some(message.to_owned()),
        retry_after: None,
    }
}

const CREATE: RequestKind = RequestKind::CREATE_SERVICE_ACCOUNT;

const POLICY: &str = "serviceaccounts \"kubeconfig-x\" is forbidden: ValidatingAdmissionPolicy 'no-accounts' with binding \
                      'all' denied request: team security says: no";

#[tokio::test]
async fn a_policy_of_the_cluster_is_not_taken_for_a_fault_of_the_credential() {
    let stage = Stage::new().await;
    stage.cluster.inject(Fault::always(CREATE, refuse(POLICY)));
    let error = stage.fleet.create(&stage.record()).await.unwrap_err();
    let (caller, log) = told(&error);
    assert!(
        !caller.contains("credential") && !caller.contains("security"),
        "{caller}"
    );
    let begin = "create in kubemint-viewer: it refuses the object, not the service's credential";
    assert!(log.starts_with(begin), "{log}");
    assert!(log.ends_with("it answered 403 (Forbidden)"), "{log}");
    assert!(!log.contains("security"), "{log}");
}

#[tokio::test]
async fn a_right_that_lacks_is_named_with_the_operation_and_its_namespace() {
    let stage = Stage::new().await;
    let rules = vec![Rule::resources("", &["namespaces"], &["get"])];
    stage.cluster.set_service_rules(rules);
    let error = stage.fleet.create(&stage.record()).await.unwrap_err();
    let (_, log) = told(&error);
    let begin =
        "create in kubemint-viewer: the service has no right to that: it answered 403 (Forbidden)";
    assert_eq!(log, begin);
    let error = stage.fleet.objects(&stage.key, "editor").await.unwrap_err();
    assert!(told(&error).1.starts_with("list in kubemint-editor: "));
}

#[tokio::test]
async fn a_refusal_of_a_role_is_told_until_it_is_served_and_the_cluster_is_well() {
    let stage = Stage::new().await;
    let health = async || stage.fleet.health(&stage.key).await;
    let refused = || stage.fleet.refused(&stage.key);
    assert_eq!((health().await, refused()), (Some(Health::Ready), None));
    stage.cluster.inject(Fault::once(CREATE, refuse(POLICY)));
    stage.fleet.create(&stage.record()).await.unwrap_err();
    let told = refused().expect("a refusal");
    assert_eq!(told.operations, 1);
    assert!(
        told.latest.contains("create in kubemint-viewer") && told.latest.contains("a policy"),
        "{told}"
    );
    // The cluster answers, and serves whatever else it is asked.
    for health in [health().await, stage.fleet.last_health(&stage.key)] {
        assert_eq!(health, Some(Health::Ready));
    }
    // What of another role succeeds says nothing of this one.
    stage.fleet.objects(&stage.key, "editor").await.unwrap();
    assert!(refused().is_some());
    stage.fleet.create(&stage.record()).await.unwrap();
    assert_eq!(refused(), None);
    // A role that is given up needs no rights.
    let fault = Fault::once(RequestKind::LIST_SERVICE_ACCOUNTS, refuse(POLICY));
    stage.cluster.inject(fault);
    let given_up = stage.fleet.objects(&stage.key, "given-up").await;
    given_up.unwrap_err();
    assert_eq!(refused(), None);
}

#[tokio::test]
async fn why_a_cluster_cannot_be_known_again_is_in_the_log() {
    let stage = Stage::new().await;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
    let log = Log::default();
    let fleet = fleet(&stage, &log, Some(&store));
    let refused = Fault::always(RequestKind::ANY, Effect::refuse(401));
    stage.cluster.inject(refused);
    let _ = fleet.objects(&stage.key, "viewer").await;
    let text = log.text();
    assert!(
        text.contains("not known again") && text.contains("reason=it answered 401 (Unauthorized)"),
        "{text}"
    );
}

#[tokio::test]
async fn a_cluster_that_grants_less_than_it_is_asked_for_is_told_once() {
    let stage = Stage::new().await;
    let log = Log::default();
    let fleet = fleet(&stage, &log, None);
    let record = stage.record();
    fleet.create(&record).await.unwrap();
    let mint = async || {
        let minted = fleet.mint(&stage.key, &object(&record), 3600).await;
        minted.unwrap()
    };
    mint().await;
    assert_eq!(log.text(), "");
    let less = Effect::GrantOff(-1800);
    stage
        .cluster
        .inject(Fault::always(RequestKind::TOKEN_REQUEST, less));
    mint().await;
    mint().await;
    let text = log.text();
    assert_eq!(text.matches("grants shorter lives").count(), 1, "{text}");
    assert!(
        text.contains("asked_seconds=3600") && text.contains("granted_seconds=1800"),
        "{text}"
    );
}

#[tokio::test]
async fn a_preflight_tells_another_cluster_before_a_server_meets_it() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
    let (right, wrong) = (Stage::new().await, Stage::new().await);
    let log = Log::default();
    let first = fleet(&right, &log, Some(&store));
    first.create(&right.record()).await.unwrap();
    let landmarks = store.landmarks(&right.key).await.unwrap();
    assert!(!landmarks.is_empty());
    let of_it = |landmark| (right.key.clone(), landmark);
    let noted: Vec<_> = landmarks.into_iter().map(of_it).collect();
    let report = fleet(&right, &log, None).noted(&noted).preflight().await;
    assert!(report.is_ok(), "{report}");
    let report = fleet(&wrong, &log, None).noted(&noted).preflight().await;
    assert!(!report.is_ok());
    let mut lines = report.lines.iter();
    let line = lines.find(|line| line.finding == Finding::Another).unwrap();
    assert!(line.text.contains("accept-cluster"), "{line}");
    // Nothing noted, or nothing of this cluster: whichever it is, is right.
    let landmark = Landmark {
        namespace: "kubemint-viewer".into(),
        uid: "x".into(),
    };
    let key = kubemint::cluster::ClusterKey::new("r", "p", "other");
    for noted in [&[][..], &[(key, landmark)][..]] {
        let report = fleet(&wrong, &log, None).noted(noted).preflight().await;
        assert!(report.is_ok(), "{report}");
    }
}
