//! Listing what this installation has at a cluster.

use kubemint::ports::Clusters;
use kubemint_clusters::Fleet;
use kubemint_sandbox::{Effect, Fault, RequestKind};
use uuid::Uuid;

use crate::stage::{self, LIMITS, Stage, failed, record};

#[tokio::test]
async fn the_objects_of_every_role_are_listed_with_what_they_stand_for() {
    let stage = Stage::new().await;
    let viewer = stage.record();
    let mut editor = stage.record();
    editor.role = "editor".into();
    let made = [stage.created(&editor).await, stage.created(&viewer).await];
    let found = crate::stage::listed(&stage.fleet, &stage.key)
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .map(|found| found.object.clone())
            .collect::<Vec<_>>(),
        made
    );
    let age = chrono::Utc::now() - found[0].created_at;
    assert!((-2..60).contains(&age.num_seconds()), "{age}");
}

#[tokio::test]
async fn what_is_of_another_installation_or_another_place_in_the_fleet_is_not_listed() {
    let stage = Stage::new().await;
    let ours = stage.created(&stage.record()).await;
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let other = Fleet::with_limits(configs, Uuid::from_u128(9), stage::quiet(), LIMITS).unwrap();
    other.create(&stage.record()).await.unwrap();

    // The same API server under another id.
    let elsewhere = text.replace("id = \"sandbox\"", "id = \"sandbox-2\"");
    let configs = stage::read(&elsewhere, stage.folder.path()).unwrap();
    let key = configs[0].key.clone();
    let beside = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), LIMITS).unwrap();
    let theirs = record(&key);
    beside.create(&theirs).await.unwrap();

    assert_eq!(stage.names().len(), 3);
    let listing = stage.fleet.objects(&stage.key, "viewer").await.unwrap();
    assert_eq!(listing.foreign, 1, "the other installation's");
    let found = crate::stage::listed(&stage.fleet, &stage.key)
        .await
        .unwrap();
    assert_eq!(
        found
            .into_iter()
            .map(|found| found.object)
            .collect::<Vec<_>>(),
        [ours]
    );
    let found = crate::stage::listed(&beside, &key).await.unwrap();
    assert_eq!(
        found
            .into_iter()
            .map(|found| found.object.uid)
            .collect::<Vec<_>>(),
        [theirs.uid]
    );
}

#[tokio::test]
async fn a_list_of_many_pages_is_complete() {
    let stage = Stage::new().await;
    let mut made = Vec::new();
    for _ in 0..501 {
        let record = stage.record();
        stage.fleet.create(&record).await.unwrap();
        made.push(record.uid);
    }
    let mut found: Vec<_> = crate::stage::listed(&stage.fleet, &stage.key)
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.object.uid)
        .collect();
    made.sort();
    found.sort();
    assert_eq!(made, found);
    // Two pages of viewers, one of editors.
    assert_eq!(
        stage.cluster.requests(RequestKind::LIST_SERVICE_ACCOUNTS),
        3
    );
}

#[tokio::test]
async fn a_list_is_whole_or_an_error() {
    let endless = serde_json::json!({
        "apiVersion": "v1", "kind": "ServiceAccountList", "metadata": {"continue": "more"}, "items": [],
    });
    let cases = [
        (Effect::refuse(403), "refused"),
        (Effect::refuse(410), "busy"),
        (Effect::refuse(500), "busy"),
        (Effect::CutBefore, "unreachable"),
        (Effect::Garbage, "misbehaving"),
        (Effect::Answer(serde_json::json!([])), "misbehaving"),
        (
            Effect::Answer(serde_json::json!({"kind": "Status"})),
            "misbehaving",
        ),
        (Effect::Answer(endless), "misbehaving"),
    ];
    for (effect, expected) in cases {
        let stage = Stage::new().await;
        stage.created(&stage.record()).await;
        stage.cluster.inject(Fault::always(
            RequestKind::LIST_SERVICE_ACCOUNTS,
            effect.clone(),
        ));
        assert_eq!(
            failed(crate::stage::listed(&stage.fleet, &stage.key).await),
            expected,
            "{effect:?}"
        );
    }
}

#[tokio::test]
async fn an_object_that_was_tampered_with_is_passed_over() {
    let stage = Stage::new().await;
    let good = stage.created(&stage.record()).await;
    let item = |name: &str, namespace: &str, uid: &str, link: &str| {
        serde_json::json!({"metadata": {
            "name": name, "namespace": namespace, "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app.kubernetes.io/managed-by": "kubemint", "kubemint.io/instance": stage::INSTANCE.to_string()},
            "annotations": {"kubemint.io/uid": uid, "kubemint.io/self-link": link},
        }})
    };
    let link = |id: &str| format!("{}/{id}", stage.key.collection_path());
    let uuid = Uuid::from_u128(5).to_string();
    let list = serde_json::json!({"apiVersion": "v1", "kind": "ServiceAccountList", "metadata": {}, "items": [
        item("a-1", "kubemint-viewer", &uuid, &link("a-1")),
        item("a-2", "kubemint-viewer", "not a uuid", &link("a-2")),
        item("a-3", "kubemint-viewer", &uuid, &link("other")),
        item("a-4", "kube-system", &uuid, &link("a-4")),
        item("A.5", "kubemint-viewer", &uuid, &link("A.5")),
    ]});
    // Roles are listed by name: first editor, where the lie is told; it is not the role's namespace.
    stage.cluster.inject(Fault::once(
        RequestKind::LIST_SERVICE_ACCOUNTS,
        Effect::Answer(list.clone()),
    ));
    let found = crate::stage::listed(&stage.fleet, &stage.key)
        .await
        .unwrap();
    assert_eq!(
        found
            .into_iter()
            .map(|found| found.object)
            .collect::<Vec<_>>(),
        [good]
    );

    stage.cluster.inject(Fault::always(
        RequestKind::LIST_SERVICE_ACCOUNTS,
        Effect::Answer(list),
    ));
    let found = crate::stage::listed(&stage.fleet, &stage.key)
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .map(|found| found.object.id.as_str())
            .collect::<Vec<_>>(),
        ["a-1"]
    );
}
