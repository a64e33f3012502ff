//! A binding per kubeconfig: made last, removed first, found when it is left over.

use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef};
use kube::Client;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use kubemint::ports::{Clusters, ObjectRef};
use kubemint_clusters::Fleet;
use kubemint_sandbox::{ClusterOptions, Effect, Fault, Level, RequestKind, Role, Rule};
use rustls::pki_types::pem::PemObject as _;
use secrecy::ExposeSecret as _;

use crate::stage::{LIMITS, Stage, failed, object};

const RBAC: &str = "rbac.authorization.k8s.io";
const CREATE: RequestKind = RequestKind {
    verb: "create",
    resource: "clusterrolebindings",
};
const DELETE: RequestKind = RequestKind {
    verb: "delete",
    resource: "clusterrolebindings",
};

/// Role viewer is bound in the whole cluster, role editor in two namespaces, both per kubeconfig; the service has the
/// rights of that manifest.
async fn stage() -> Stage {
    let options = ClusterOptions {
        roles: vec![
            Role::new("viewer", Level::View).unbound(),
            Role::new("editor", Level::Edit).unbound(),
        ],
        ..ClusterOptions::default()
    };
    let stage = Stage::configured(options, LIMITS, |text| {
        text.replace("r]\n", "r]\nbinding = \"per-kubeconfig\"\n")
            .replace("[\"default\"]", "[\"default\", \"kube-public\"]")
    })
    .await;
    binding_in(&stage, &["default", "kube-public"]);
    stage
}

/// The service may make bindings in the whole cluster, and in these namespaces.
fn binding_in(stage: &Stage, namespaces: &[&str]) {
    let verbs = ["create", "get", "list", "delete"];
    let mut rules = stage.cluster.service_rules();
    rules.push(Rule::resources(RBAC, &["clusterrolebindings"], &verbs));
    for namespace in namespaces {
        rules.push(Rule::resources(RBAC, &["rolebindings"], &verbs).in_namespace(namespace));
    }
    stage.cluster.set_service_rules(rules);
}

fn client(stage: &Stage, token: &str) -> Client {
    let mut config = kube::Config::new(stage.cluster.url().parse().unwrap());
    let ca = rustls::pki_types::CertificateDer::from_pem_slice(stage.cluster.ca_pem().as_bytes())
        .unwrap();
    config.root_cert = Some(vec![ca.to_vec()]);
    config.auth_info.token = Some(token.into());
    Client::try_from(config).unwrap()
}

fn admin(stage: &Stage) -> Client {
    client(stage, stage.cluster.admin_token())
}

/// What the cluster answers to listing pods.
async fn status(api: &Api<Pod>) -> u16 {
    match api.list(&Default::default()).await {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(other) => panic!("{other:?}"),
    }
}

/// The names of all bindings of both kinds.
async fn bindings(stage: &Stage) -> Vec<String> {
    let wide: Api<ClusterRoleBinding> = Api::all(admin(stage));
    let narrow: Api<RoleBinding> = Api::all(admin(stage));
    let wide = wide.list(&Default::default()).await.unwrap().items;
    let narrow = narrow.list(&Default::default()).await.unwrap().items;
    let all = wide.into_iter().map(|binding| binding.metadata);
    let all = all.chain(narrow.into_iter().map(|binding| binding.metadata));
    all.map(|metadata| {
        let name = metadata.name.unwrap();
        metadata
            .namespace
            .map_or(name.clone(), |namespace| format!("{namespace}/{name}"))
    })
    .collect()
}

fn editor(stage: &Stage) -> kubemint::record::Record {
    let mut record = stage.record();
    record.role = "editor".into();
    record
}

#[tokio::test]
async fn bindings_go_with_their_kubeconfig_when_the_role_is_bound_otherwise_by_now() {
    let stage = stage().await;
    let (wide, narrow, late) = (stage.record(), editor(&stage), editor(&stage));
    let made = [
        stage.created(&wide).await,
        stage.created(&narrow).await,
        stage.created(&late).await,
    ];
    assert_eq!(bindings(&stage).await.len(), 5);
    // No role is bound per kubeconfig any more.
    let text = crate::stage::configure(&stage.cluster, stage.folder.path());
    let configs = crate::stage::read(&text, stage.folder.path()).unwrap();
    let log = crate::stage::quiet();
    let fleet = Fleet::with_limits(configs, crate::stage::INSTANCE, log, LIMITS).unwrap();
    for object in &made[..2] {
        fleet.remove(&stage.key, object).await.unwrap();
    }
    assert_eq!(bindings(&stage).await.len(), 2, "those of the third");
    // Without rights there they bind nobody, and hold up nothing.
    let rules = stage.cluster.service_rules();
    let kept = rules
        .into_iter()
        .filter(|rule| !format!("{rule:?}").contains("bindings"));
    stage.cluster.set_service_rules(kept.collect());
    fleet.remove(&stage.key, &made[2]).await.unwrap();
    assert!(stage.names().is_empty());
}

#[tokio::test]
async fn the_credential_has_its_rights_by_the_binding_and_none_without() {
    let stage = stage().await;
    let record = stage.record();
    let made = stage.created(&record).await;
    assert_eq!(bindings(&stage).await, [record.id.as_str()]);
    let minted = stage.fleet.mint(&stage.key, &made, 600).await.unwrap();
    let pods: Api<Pod> = Api::all(client(
        &stage,
        minted.secret.token().unwrap().expose_secret(),
    ));
    assert_eq!(status(&pods).await, 200);

    let all: Api<ClusterRoleBinding> = Api::all(admin(&stage));
    let binding = all.get(record.id.as_str()).await.unwrap();
    let labels = binding.metadata.labels.unwrap();
    let annotations = binding.metadata.annotations.unwrap();
    assert_eq!(labels["app.kubernetes.io/managed-by"], "kubemint");
    assert_eq!(
        labels["kubemint.io/instance"],
        crate::stage::INSTANCE.to_string()
    );
    assert_eq!(annotations["kubemint.io/uid"], record.uid.to_string());
    assert_eq!(binding.role_ref.name, "view");
    assert_eq!(binding.subjects.unwrap().len(), 1);

    // The ServiceAccount cannot be deleted, so only the binding goes: that is enough.
    stage.cluster.inject(Fault::always(
        RequestKind::DELETE_SERVICE_ACCOUNT,
        Effect::refuse(500),
    ));
    assert_eq!(failed(stage.fleet.remove(&stage.key, &made).await), "busy");
    assert!(bindings(&stage).await.is_empty());
    assert_eq!(stage.names(), [record.id.as_str()]);
    assert_eq!(status(&pods).await, 403);
    stage.cluster.clear_faults();
    stage.fleet.remove(&stage.key, &made).await.unwrap();
    assert!(stage.names().is_empty());
}

#[tokio::test]
async fn a_role_of_namespaces_has_a_binding_in_each_and_rights_nowhere_else() {
    let stage = stage().await;
    let record = editor(&stage);
    let made = stage.created(&record).await;
    let id = record.id.as_str();
    assert_eq!(
        bindings(&stage).await,
        [format!("default/{id}"), format!("kube-public/{id}")]
    );
    let minted = stage.fleet.mint(&stage.key, &made, 600).await.unwrap();
    let there = client(&stage, minted.secret.token().unwrap().expose_secret());
    for (namespace, expected) in [("default", 200), ("kube-public", 200), ("kube-system", 403)] {
        let pods = Api::namespaced(there.clone(), namespace);
        assert_eq!(status(&pods).await, expected, "{namespace}");
    }
    stage.fleet.remove(&stage.key, &made).await.unwrap();
    assert!(bindings(&stage).await.is_empty());
    assert!(stage.names().is_empty());
}

#[tokio::test]
async fn the_service_account_comes_first_and_both_go_together() {
    let stage = stage().await;
    let made = stage.created(&stage.record()).await;
    stage.fleet.remove(&stage.key, &made).await.unwrap();
    let mut writes: Vec<_> = stage
        .cluster
        .audit()
        .into_iter()
        .filter(|line| matches!(line.kind.verb, "create" | "delete"))
        .map(|line| (line.kind.verb, line.kind.resource))
        .collect();
    // Neither waits for the other to go.
    writes[2..].sort_unstable();
    assert_eq!(
        writes,
        [
            ("create", "serviceaccounts"),
            ("create", "clusterrolebindings"),
            ("delete", "clusterrolebindings"),
            ("delete", "serviceaccounts"),
        ]
    );
}

#[tokio::test]
async fn creating_again_finds_both_and_mends_what_is_missing() {
    let stage = stage().await;
    let record = stage.record();
    let made = stage.created(&record).await;
    assert_eq!(stage.created(&record).await, made);
    let all: Api<ClusterRoleBinding> = Api::all(admin(&stage));
    all.delete(record.id.as_str(), &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(stage.created(&record).await, made);
    assert_eq!(bindings(&stage).await, [record.id.as_str()]);

    // An answer that is lost is no second binding, and none that is unknown.
    let other = stage.record();
    stage.cluster.inject(Fault::once(CREATE, Effect::CutAfter));
    stage.created(&other).await;
    assert_eq!(bindings(&stage).await.len(), 2);
}

#[tokio::test]
async fn a_binding_of_anyone_else_is_left_alone() {
    let stage = stage().await;
    let record = stage.record();
    let all: Api<ClusterRoleBinding> = Api::all(admin(&stage));
    let theirs = ClusterRoleBinding {
        metadata: ObjectMeta {
            name: Some(record.id.to_string()),
            ..ObjectMeta::default()
        },
        role_ref: RoleRef {
            api_group: RBAC.into(),
            kind: "ClusterRole".into(),
            name: "view".into(),
        },
        subjects: None,
    };
    all.create(&PostParams::default(), &theirs).await.unwrap();
    assert_eq!(failed(stage.fleet.create(&record).await), "foreign");
    // What was made of it can be taken away, and theirs stays.
    stage
        .fleet
        .remove(&stage.key, &object(&record))
        .await
        .unwrap();
    assert!(stage.names().is_empty());
    assert_eq!(bindings(&stage).await, [record.id.as_str()]);

    // One with our mark that gives something else is no binding of ours either.
    let second = stage.record();
    let made = stage.created(&second).await;
    let mut changed = all.get(second.id.as_str()).await.unwrap();
    all.delete(second.id.as_str(), &DeleteParams::default())
        .await
        .unwrap();
    changed.role_ref.name = "cluster-admin".into();
    changed.metadata.resource_version = None;
    changed.metadata.uid = None;
    all.create(&PostParams::default(), &changed).await.unwrap();
    assert_eq!(failed(stage.fleet.create(&second).await), "foreign");
    stage.fleet.remove(&stage.key, &made).await.unwrap();
    assert_eq!(bindings(&stage).await, [record.id.as_str()]);
}

#[tokio::test]
async fn what_is_left_of_either_kind_is_listed_and_can_be_removed() {
    let stage = stage().await;
    let [whole, bound, bare, narrow] = [
        stage.record(),
        stage.record(),
        stage.record(),
        editor(&stage),
    ];
    let mut made = Vec::new();
    for record in [&whole, &bound, &bare, &narrow] {
        made.push(stage.created(record).await);
    }
    let accounts: Api<ServiceAccount> = Api::all(admin(&stage));
    let account =
        |role: &str| Api::<ServiceAccount>::namespaced(accounts.clone().into_client(), role);
    for (role, record) in [("kubemint-viewer", &bound), ("kubemint-editor", &narrow)] {
        account(role)
            .delete(record.id.as_str(), &DeleteParams::default())
            .await
            .unwrap();
    }
    let all: Api<ClusterRoleBinding> = Api::all(admin(&stage));
    all.delete(bare.id.as_str(), &DeleteParams::default())
        .await
        .unwrap();

    let mut found: Vec<_> = crate::stage::listed(&stage.fleet, &stage.key)
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.object)
        .collect();
    let mut expected = made.clone();
    // Each once, in spite of its two bindings; the UID of what is gone is not known.
    expected[1].object_uid = None;
    expected[3].object_uid = None;
    let by_id = |a: &ObjectRef, b: &ObjectRef| a.id.as_str().cmp(b.id.as_str());
    found.sort_by(by_id);
    expected.sort_by(by_id);
    assert_eq!(found, expected);
    for object in &found {
        stage.fleet.remove(&stage.key, object).await.unwrap();
    }
    assert!(bindings(&stage).await.is_empty());
    assert!(stage.names().is_empty());
    assert!(
        crate::stage::listed(&stage.fleet, &stage.key)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_namespace_without_rights_keeps_no_leftover_of_another_from_being_found() {
    let stage = stage().await;
    let record = editor(&stage);
    stage.created(&record).await;
    let accounts: Api<ServiceAccount> = Api::namespaced(admin(&stage), "kubemint-editor");
    accounts
        .delete(record.id.as_str(), &DeleteParams::default())
        .await
        .unwrap();
    // As where a tenant deleted the namespace, and made it anew.
    binding_in(&stage, &["kube-public"]);
    let listing = stage.fleet.objects(&stage.key, "editor").await.unwrap();
    let found: Vec<_> = listing
        .objects
        .iter()
        .map(|found| found.object.uid)
        .collect();
    assert_eq!(found, [record.uid]);
}

#[tokio::test]
async fn whatever_becomes_of_the_binding_the_service_account_goes_and_the_error_is_told() {
    for (effect, expected) in [
        // Without rights there it may be for ever, as where a tenant deleted a namespace: it binds nobody then.
        (Effect::refuse(403), "ok"),
        (Effect::refuse(500), "busy"),
        (Effect::CutBefore, "unreachable"),
        (Effect::Garbage, "ok"),
    ] {
        let stage = stage().await;
        let made = stage.created(&stage.record()).await;
        stage.cluster.inject(Fault::always(DELETE, effect.clone()));
        let result = stage.fleet.remove(&stage.key, &made).await;
        // A garbled answer to a deletion is looked into.
        let told = result.as_ref().err().map_or("ok", crate::stage::kind);
        assert_eq!(told, expected, "{effect:?}");
        assert!(stage.names().is_empty(), "{effect:?}");
        stage.cluster.clear_faults();
        // Again, until both are gone.
        stage.fleet.remove(&stage.key, &made).await.unwrap();
        assert!(bindings(&stage).await.is_empty());
    }
}

#[tokio::test]
async fn a_refusal_in_one_namespace_hides_no_failure_in_another() {
    let stage = stage().await;
    let made = stage.created(&editor(&stage)).await;
    let delete = RequestKind {
        verb: "delete",
        resource: "rolebindings",
    };
    stage
        .cluster
        .inject(Fault::once(delete, Effect::refuse(403)));
    stage
        .cluster
        .inject(Fault::always(delete, Effect::refuse(500)));
    let told = stage.fleet.remove(&stage.key, &made).await.unwrap_err();
    assert_eq!(crate::stage::kind(&told), "busy");
    stage.cluster.clear_faults();
    stage.fleet.remove(&stage.key, &made).await.unwrap();
    assert!(bindings(&stage).await.is_empty());
}

#[tokio::test]
async fn a_binding_that_cannot_be_made_is_an_error_of_its_kind() {
    for (effect, expected) in [
        (Effect::refuse(403), "refused"),
        (Effect::refuse(429), "busy"),
        (Effect::CutBefore, "unreachable"),
        (Effect::Garbage, "misbehaving"),
        (
            Effect::Answer(serde_json::json!({"kind": "Status"})),
            "misbehaving",
        ),
    ] {
        let stage = stage().await;
        stage.cluster.inject(Fault::always(CREATE, effect.clone()));
        assert_eq!(
            failed(stage.fleet.create(&stage.record()).await),
            expected,
            "{effect:?}"
        );
    }
    // A namespace of the configuration that is not there.
    let stage = stage().await;
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(admin(&stage));
    namespaces
        .delete("kube-public", &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(failed(stage.fleet.create(&editor(&stage)).await), "refused");
}
