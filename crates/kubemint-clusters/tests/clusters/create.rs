//! Making the object of a kubeconfig.

use kubemint::ports::Clusters;
use kubemint_clusters::Fleet;
use kubemint_sandbox::{Effect, Fault, RequestKind};

use crate::stage::{INSTANCE, Stage, failed, object, quiet};

const CREATE: RequestKind = RequestKind::CREATE_SERVICE_ACCOUNT;

#[tokio::test]
async fn an_object_carries_what_leads_back_to_its_record() {
    let stage = Stage::new().await;
    let mut record = stage.record();
    // Whatever a user writes is data: control characters, quotes, YAML, and the other direction of writing.
    record.issued_for = "eve\"\n\t\u{0}\u{202e}: {a: b}\\".into();
    let uid = stage.fleet.create(&record).await.unwrap();
    let made = &stage.cluster.service_accounts()[0];
    assert_eq!(made.namespace, "kubemint-viewer");
    assert_eq!((made.name.as_str(), &made.uid), (record.id.as_str(), &uid));
    let label = |name: &str| made.labels[name].as_str();
    assert_eq!(label("app.kubernetes.io/managed-by"), "kubemint");
    assert_eq!(
        label("kubemint.io/instance"),
        "00000000-0000-0000-0000-00000000007b"
    );
    let annotation = |name: &str| made.annotations[&format!("kubemint.io/{name}")].as_str();
    assert_eq!(annotation("uid"), record.uid.to_string());
    assert_eq!(annotation("self-link"), record.self_link());
    assert_eq!(annotation("user"), record.issued_for);
    assert_eq!(
        annotation("created-by"),
        r#"{"issuer":"https://issuer.example","subject":"bob"}"#
    );
    // 60 s of pending, an hour of life, 600 s of the shortest token, 70 s of leeway.
    assert_eq!(annotation("expires-no-later-than"), "2026-01-02T04:16:15Z");
    assert_eq!((made.labels.len(), made.annotations.len()), (2, 5));
    assert_eq!(stage.seen.take(), [("create", "ok")]);
}

#[tokio::test]
async fn objects_name_nobody_where_they_should_not() {
    let stage = Stage::new().await;
    let configs = crate::stage::read(
        &crate::stage::configure(&stage.cluster, stage.folder.path()),
        stage.folder.path(),
    );
    let fleet = Fleet::new(configs.unwrap(), INSTANCE, quiet())
        .unwrap()
        .nameless();
    let record = stage.record();
    fleet.create(&record).await.unwrap();
    let made = &stage.cluster.service_accounts()[0];
    let keys: Vec<&str> = made.annotations.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "kubemint.io/expires-no-later-than",
            "kubemint.io/self-link",
            "kubemint.io/uid"
        ]
    );
    // It is found and removed as any.
    let found = crate::stage::listed(&fleet, &stage.key).await.unwrap();
    assert_eq!(found.len(), 1);
    fleet.remove(&stage.key, &object(&record)).await.unwrap();
    assert!(stage.names().is_empty());
}

#[tokio::test]
async fn creating_again_finds_the_same_object() {
    let stage = Stage::new().await;
    let record = stage.record();
    let first = stage.fleet.create(&record).await.unwrap();
    assert_eq!(stage.fleet.create(&record).await.unwrap(), first);
    assert_eq!(stage.names().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_leaves_one_object_and_finds_it() {
    for effect in [Effect::CutAfter, Effect::CutBefore] {
        let stage = Stage::new().await;
        let record = stage.record();
        stage.cluster.inject(Fault::once(CREATE, effect));
        let uid = stage.fleet.create(&record).await.unwrap();
        assert_eq!(stage.cluster.service_accounts()[0].uid, uid);
        assert_eq!(stage.names().len(), 1);
    }
}

#[tokio::test]
async fn an_object_of_something_else_is_foreign_and_left_alone() {
    let stage = Stage::new().await;
    let theirs = stage.record();
    stage.created(&theirs).await;
    let mut ours = stage.record();
    ours.id = theirs.id.clone();
    assert_eq!(failed(stage.fleet.create(&ours).await), "foreign");
    assert_eq!(
        failed(stage.fleet.mint(&stage.key, &object(&ours), 600).await),
        "foreign"
    );
    stage
        .fleet
        .remove(&stage.key, &object(&ours))
        .await
        .unwrap();
    let left = &stage.cluster.service_accounts()[0];
    assert_eq!(left.annotations["kubemint.io/uid"], theirs.uid.to_string());
}

#[tokio::test]
async fn a_passing_overload_is_waited_out() {
    for effect in [
        Effect::too_many_requests(1),
        Effect::refuse(500),
        Effect::refuse(503),
    ] {
        let stage = Stage::new().await;
        stage.cluster.inject(Fault::once(CREATE, effect));
        stage.fleet.create(&stage.record()).await.unwrap();
    }
}

#[tokio::test]
async fn a_lasting_overload_is_told_after_a_few_tries() {
    for code in [429, 500, 503] {
        let stage = Stage::new().await;
        stage
            .cluster
            .inject(Fault::always(CREATE, Effect::refuse(code)));
        assert_eq!(
            failed(stage.fleet.create(&stage.record()).await),
            "busy",
            "{code}"
        );
        assert_eq!(stage.cluster.requests(CREATE), 3, "{code}");
        assert!(stage.names().is_empty());
    }
}

#[tokio::test]
async fn a_long_retry_after_is_not_waited_for() {
    let stage = Stage::new().await;
    stage
        .cluster
        .inject(Fault::always(CREATE, Effect::too_many_requests(30)));
    assert_eq!(failed(stage.fleet.create(&stage.record()).await), "busy");
    assert_eq!(stage.cluster.requests(CREATE), 1);
}

#[tokio::test]
async fn refused_rights_are_told_as_such_and_not_tried_again() {
    let stage = Stage::new().await;
    stage
        .cluster
        .inject(Fault::always(CREATE, Effect::refuse(403)));
    assert_eq!(failed(stage.fleet.create(&stage.record()).await), "refused");
    assert_eq!(stage.cluster.requests(CREATE), 1);
    assert_eq!(stage.seen.take(), [("create", "refused")]);
}

#[tokio::test]
async fn garbage_for_an_answer_is_misbehaviour() {
    let other = serde_json::json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "other", "namespace": "kubemint-viewer", "uid": "u"},
    });
    for effect in [
        Effect::Garbage,
        Effect::Answer(serde_json::json!({})),
        Effect::Answer(other),
    ] {
        let stage = Stage::new().await;
        stage.cluster.inject(Fault::once(CREATE, effect));
        assert_eq!(
            failed(stage.fleet.create(&stage.record()).await),
            "misbehaving"
        );
    }
}

#[tokio::test]
async fn a_role_outside_of_the_configuration_is_never_created() {
    let stage = Stage::new().await;
    for role in ["cluster-admin", "admin", "system", "../viewer", ""] {
        let mut record = stage.record();
        record.role = role.into();
        assert_eq!(
            failed(stage.fleet.create(&record).await),
            "unknown",
            "{role:?}"
        );
    }
    assert_eq!(stage.cluster.requests(RequestKind::ANY), 0);
}

#[tokio::test]
async fn a_missing_namespace_is_the_operators_to_mend() {
    let options = kubemint_sandbox::ClusterOptions {
        roles: Vec::new(),
        ..Default::default()
    };
    let stage = Stage::with(options, crate::stage::LIMITS).await;
    std::fs::write(
        stage.folder.path().join("sandbox.token"),
        stage.cluster.admin_token(),
    )
    .unwrap();
    let error = stage.fleet.create(&stage.record()).await.unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        why,
        "create in kubemint-viewer: the role's namespace is not there: the manifest is to be applied"
    );
    assert_eq!(failed::<()>(Err(error)), "refused");
}
