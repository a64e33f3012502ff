//! Removing objects, and being sure of it.

use std::time::Instant;

use kubemint::ports::{Clusters, ObjectRef};
use kubemint_sandbox::{Effect, Fault, RequestKind};

use crate::stage::{LIMITS, Stage, failed, object};

const DELETE: RequestKind = RequestKind::DELETE_SERVICE_ACCOUNT;
const GET: RequestKind = RequestKind::GET_SERVICE_ACCOUNT;

#[tokio::test]
async fn a_removed_object_is_gone_and_was_looked_for() {
    let stage = Stage::new().await;
    let record = stage.record();
    let known = stage.created(&record).await;
    stage.fleet.remove(&stage.key, &known).await.unwrap();
    assert!(stage.names().is_empty());
    assert_eq!(
        (stage.cluster.requests(DELETE), stage.cluster.requests(GET)),
        (1, 1)
    );
    // And again: what is not there is gone.
    stage.fleet.remove(&stage.key, &known).await.unwrap();
    stage
        .fleet
        .remove(&stage.key, &object(&record))
        .await
        .unwrap();
    assert_eq!(
        stage.seen.take(),
        [
            ("create", "ok"),
            ("remove", "ok"),
            ("remove", "ok"),
            ("remove", "ok")
        ]
    );
}

#[tokio::test]
async fn an_object_whose_uid_is_not_known_is_found_by_its_annotation() {
    let stage = Stage::new().await;
    let record = stage.record();
    stage.created(&record).await;
    stage
        .fleet
        .remove(&stage.key, &object(&record))
        .await
        .unwrap();
    assert!(stage.names().is_empty());
}

#[tokio::test]
async fn a_namesake_is_left_alone_and_the_object_counts_as_gone() {
    let stage = Stage::new().await;
    let theirs = stage.record();
    stage.created(&theirs).await;
    let mut ours = stage.record();
    ours.id = theirs.id.clone();
    for object_uid in [None, Some("no longer".to_owned())] {
        let object = ObjectRef {
            object_uid,
            ..object(&ours)
        };
        stage.fleet.remove(&stage.key, &object).await.unwrap();
        assert_eq!(stage.names(), [theirs.id.as_str()]);
    }
}

#[tokio::test]
async fn an_object_made_anew_for_the_same_kubeconfig_is_removed_too() {
    let stage = Stage::new().await;
    let record = stage.record();
    let first = stage.created(&record).await;
    stage
        .cluster
        .delete_service_account("kubemint-viewer", record.id.as_str());
    let second = stage.created(&record).await;
    assert_ne!(first, second);
    stage.fleet.remove(&stage.key, &first).await.unwrap();
    assert!(stage.names().is_empty());
}

#[tokio::test]
async fn a_lost_answer_to_a_deletion_is_no_failure() {
    for effect in [
        Effect::CutAfter,
        Effect::CutBefore,
        Effect::Garbage,
        Effect::refuse(500),
    ] {
        let stage = Stage::new().await;
        let known = stage.created(&stage.record()).await;
        stage.cluster.inject(Fault::once(DELETE, effect));
        stage.fleet.remove(&stage.key, &known).await.unwrap();
        assert!(stage.names().is_empty());
    }
}

#[tokio::test]
async fn nothing_but_kubernetes_own_word_confirms_a_removal() {
    let empty = serde_json::json!({});
    let cases = [
        (Effect::refuse(404), "misbehaving"),
        (Effect::Garbage, "misbehaving"),
        (Effect::Answer(empty), "misbehaving"),
        (Effect::refuse(401), "refused"),
        (Effect::refuse(403), "refused"),
        (Effect::refuse(500), "busy"),
        (Effect::refuse(429), "busy"),
        (Effect::CutBefore, "unreachable"),
        (Effect::Hang, "unreachable"),
        (
            Effect::Redirect("https://127.0.0.1:1/".into()),
            "misbehaving",
        ),
    ];
    for (effect, expected) in cases {
        let stage = Stage::new().await;
        let known = stage.created(&stage.record()).await;
        stage.cluster.inject(Fault::always(GET, effect.clone()));
        assert_eq!(
            failed(stage.fleet.remove(&stage.key, &known).await),
            expected,
            "{effect:?}"
        );
    }
}

#[tokio::test]
async fn an_object_that_finalizers_hold_is_not_gone_until_they_let_go() {
    use k8s_openapi::api::core::v1::ServiceAccount;
    use kube::api::{Patch, PatchParams};
    use rustls::pki_types::pem::PemObject;

    let stage = Stage::new().await;
    let record = stage.record();
    let known = stage.created(&record).await;
    let mut config = kube::Config::new(stage.cluster.url().parse().unwrap());
    let ca = rustls::pki_types::CertificateDer::from_pem_slice(stage.cluster.ca_pem().as_bytes())
        .unwrap();
    config.root_cert = Some(vec![ca.to_vec()]);
    config.auth_info.token = Some(stage.cluster.admin_token().into());
    let admin = kube::Client::try_from(config).unwrap();
    let accounts: kube::Api<ServiceAccount> = kube::Api::namespaced(admin, "kubemint-viewer");
    let hold =
        |names: &[&str]| Patch::Merge(serde_json::json!({"metadata": {"finalizers": names}}));
    let params = PatchParams::default();
    accounts
        .patch(record.id.as_str(), &params, &hold(&["example.com/hold"]))
        .await
        .unwrap();

    // Told soon: the cluster is well, and nobody knows when they let go.
    let began = Instant::now();
    assert_eq!(failed(stage.fleet.remove(&stage.key, &known).await), "held");
    assert!(began.elapsed() < LIMITS.deadline, "{:?}", began.elapsed());
    assert_eq!(
        failed(stage.fleet.create(&record).await),
        "busy",
        "a dying object is of no use"
    );

    accounts
        .patch(record.id.as_str(), &params, &hold(&[]))
        .await
        .unwrap();
    stage.fleet.remove(&stage.key, &known).await.unwrap();
    assert!(stage.names().is_empty());
}

#[tokio::test]
async fn what_a_role_of_yesterday_left_can_be_removed_and_nothing_else_named() {
    let stage = Stage::new().await;
    let mut gone = object(&stage.record());
    gone.role = "admin".into();
    // The role is not configured: the call is made, and this cluster grants the right.
    stage.fleet.remove(&stage.key, &gone).await.unwrap();
    for role in ["", "../../x", "a/b", "A", "a\n"] {
        gone.role = role.into();
        assert_eq!(
            failed(stage.fleet.remove(&stage.key, &gone).await),
            "unknown",
            "{role:?}"
        );
    }
}

#[tokio::test]
async fn an_object_that_lost_its_annotation_is_there_as_long_as_its_uid_is() {
    let stage = Stage::new().await;
    let known = stage.created(&stage.record()).await;
    // As if someone had written another UUID on it.
    let stripped = ObjectRef {
        uid: uuid::Uuid::from_u128(7),
        ..known.clone()
    };
    let gone = async |object| stage.fleet.is_gone(&stage.key, object).await.unwrap();
    assert!(!gone(&known).await && !gone(&stripped).await);
    // One that was made anew, as by a backup tool, is another, whatever is written on it.
    let another = ObjectRef {
        object_uid: Some("another".to_owned()),
        ..known.clone()
    };
    assert!(gone(&another).await);
    // And its UID ends it.
    stage.fleet.remove(&stage.key, &stripped).await.unwrap();
    assert!(stage.names().is_empty() && gone(&known).await);
}
