//! The preflight: what is there, what is missing, what is too much.

use kubemint::ports::Clusters as _;
use kubemint_clusters::{Finding, Fleet};
use kubemint_sandbox::{ClusterOptions, Effect, Fault, Level, RequestKind, Role, Rule};

use crate::stage::{self, LIMITS, Stage};

/// The report without the cluster's name, and without the ephemeral address.
async fn report(fleet: &Fleet) -> Vec<String> {
    let report = fleet.preflight().await;
    assert_eq!(
        report.is_ok(),
        report
            .lines
            .iter()
            .all(|line| matches!(line.finding, Finding::Ok | Finding::Note))
    );
    report
        .to_string()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Only the lines that say that something is wrong.
async fn findings(stage: &Stage) -> Vec<String> {
    report(&stage.fleet)
        .await
        .into_iter()
        .filter(|line| !line.starts_with("ok ") && !line.starts_with("note "))
        .collect()
}

#[tokio::test]
async fn a_cluster_with_the_manifest_is_ready() {
    let stage = Stage::new().await;
    let lines = report(&stage.fleet).await;
    assert!(
        lines[0].starts_with("ok r/p/sandbox: reachable at https://127.0.0.1:"),
        "{lines:?}"
    );
    assert!(
        lines[0].contains("sandbox.pem, Kubernetes v1.36."),
        "{lines:?}"
    );
    assert_eq!(
        lines[1..],
        [
            "ok r/p/sandbox: the service is system:serviceaccount:kubemint-system:kubemint",
            "ok r/p/sandbox: role editor: namespace kubemint-editor, and the rights there",
            "note r/p/sandbox: role editor: ClusterRole edit and the bindings to it were not looked at, which the service may \
             not read; an administrator can: kubectl get clusterrole edit; kubectl auth can-i --list -n default --as=x \
             --as-group=system:serviceaccounts:kubemint-editor",
            "ok r/p/sandbox: role viewer: namespace kubemint-viewer, and the rights there",
            "note r/p/sandbox: role viewer: ClusterRole view and the bindings to it were not looked at, which the service may \
             not read; an administrator can: kubectl get clusterrole view; kubectl auth can-i --list --as=x \
             --as-group=system:serviceaccounts:kubemint-viewer",
            "ok r/p/sandbox: no rights in excess",
        ]
    );
    assert!(stage.fleet.preflight().await.is_ok());
    assert!(stage.names().is_empty(), "nothing is changed by it");
}

#[tokio::test]
async fn missing_rights_are_named_one_by_one() {
    let stage = Stage::new().await;
    stage.cluster.set_service_rules(vec![
        Rule::resources("", &["namespaces"], &["get"]),
        Rule::resources("", &["serviceaccounts"], &["create", "get", "list"])
            .in_namespace("kubemint-viewer"),
    ]);
    assert_eq!(
        findings(&stage).await,
        [
            "missing r/p/sandbox: role editor: the service may not create serviceaccounts, delete serviceaccounts, \
             get serviceaccounts, list serviceaccounts, create serviceaccounts/token in kubemint-editor; apply the \
             manifest",
            "missing r/p/sandbox: role viewer: the service may not delete serviceaccounts, create \
             serviceaccounts/token in kubemint-viewer; apply the manifest",
        ]
    );
}

#[tokio::test]
async fn a_missing_namespace_is_one_line() {
    let options = ClusterOptions {
        roles: vec![Role::new("viewer", Level::View)],
        ..ClusterOptions::default()
    };
    let stage = Stage::with(options, LIMITS).await;
    assert_eq!(
        findings(&stage).await,
        [
            "missing r/p/sandbox: role editor: namespace kubemint-editor is not there; apply the manifest"
        ]
    );
    // Without the manifest not even the namespaces can be read.
    stage.cluster.set_service_rules(Vec::new());
    let lines = findings(&stage).await;
    assert!(lines[1].ends_with(
        "namespace kubemint-viewer is not there, or may not be read; apply the manifest"
    ));
}

#[tokio::test]
async fn rights_in_excess_are_named_with_their_place() {
    let stage = Stage::new().await;
    let mut rules = stage.cluster.service_rules();
    rules.extend([
        Rule::resources("", &["secrets"], &["get", "list"]).in_namespace("kube-system"),
        Rule::resources("", &["serviceaccounts/token"], &["create"]),
        Rule::resources("", &["users", "groups"], &["impersonate"]),
        Rule::resources(
            "rbac.authorization.k8s.io",
            &["clusterroles"],
            &["bind", "escalate"],
        ),
        Rule::resources("", &["serviceaccounts"], &["patch"]).in_namespace("kubemint-viewer"),
    ]);
    stage.cluster.set_service_rules(rules);
    assert_eq!(
        findings(&stage).await,
        [
            "excess r/p/sandbox: the service may bind, escalate clusterroles.rbac.authorization.k8s.io in the whole \
             cluster",
            "excess r/p/sandbox: the service may impersonate groups in the whole cluster",
            "excess r/p/sandbox: the service may get, list secrets in kube-system",
            "excess r/p/sandbox: the service may patch serviceaccounts in kubemint-viewer",
            "excess r/p/sandbox: the service may create serviceaccounts/token in the whole cluster",
            "excess r/p/sandbox: the service may impersonate users in the whole cluster",
        ]
    );
}

#[tokio::test]
async fn rights_that_no_list_tells_are_found_by_asking() {
    let stage = Stage::new().await;
    let mut rules = stage.cluster.service_rules();
    rules.push(Rule::resources("", &["secrets"], &["get"]));
    stage.cluster.set_service_rules(rules);
    let blind = serde_json::json!({
        "spec": {}, "status": {"incomplete": true, "resourceRules": [], "nonResourceRules": []},
    });
    stage.cluster.inject(Fault::always(
        RequestKind::RULES_REVIEW,
        Effect::Answer(blind),
    ));
    assert_eq!(
        findings(&stage).await,
        ["excess r/p/sandbox: the service may get secrets in the whole cluster"]
    );
    stage
        .cluster
        .set_service_rules(stage.cluster.service_rules());
    let lines = report(&stage.fleet).await;
    assert!(
        lines
            .last()
            .unwrap()
            .contains("the cluster's list of rights is incomplete"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn an_administrators_credential_is_too_much() {
    let stage = Stage::new().await;
    std::fs::write(
        stage.folder.path().join("sandbox.token"),
        stage.cluster.admin_token(),
    )
    .unwrap();
    let lines = findings(&stage).await;
    assert_eq!(
        lines[0],
        "excess r/p/sandbox: the service may do everything (*.* in the whole cluster): use the manifest's credential"
    );
    // Whoever may read ClusterRoles and bindings is told which are not there: this cluster has none.
    assert_eq!(
        lines[1..],
        [
            "editor: there is no ClusterRole edit",
            "editor: there is no RoleBinding kubemint-editor in default; apply the manifest",
            "viewer: there is no ClusterRole view",
            "viewer: there is no ClusterRoleBinding kubemint-viewer; apply the manifest",
        ]
        .map(|what| format!("missing r/p/sandbox: role {what}"))
    );
}

#[tokio::test]
async fn a_refused_credential_and_a_dead_cluster_are_told_apart() {
    let mut stage = Stage::new().await;
    std::fs::write(stage.folder.path().join("sandbox.token"), "wrong").unwrap();
    assert_eq!(
        findings(&stage).await,
        [
            "missing r/p/sandbox: the service's credential is refused: it answered 401 (Unauthorized); make a token \
             as the manifest says"
        ]
    );
    let other = kubemint_sandbox::Cluster::start(None, ClusterOptions::default())
        .await
        .unwrap();
    std::mem::replace(&mut stage.cluster, other).stop().await;
    assert_eq!(
        report(&stage.fleet).await,
        ["unreachable r/p/sandbox: connecting failed: connection refused"]
    );
}

#[tokio::test]
async fn a_lying_cluster_is_reported_and_not_quoted() {
    let stage = Stage::new().await;
    let version = RequestKind {
        verb: "get",
        resource: "/version",
    };
    let lie = serde_json::json!({"gitVersion": "v1\n\u{1b}[31mcanary"});
    stage
        .cluster
        .inject(Fault::once(version, Effect::Answer(lie)));
    assert_eq!(
        report(&stage.fleet).await,
        ["unreachable r/p/sandbox: its version is none"]
    );
    stage
        .cluster
        .inject(Fault::once(RequestKind::ACCESS_REVIEW, Effect::Garbage));
    let lines = report(&stage.fleet).await;
    assert!(
        lines
            .last()
            .unwrap()
            .starts_with("unreachable r/p/sandbox: its answer is not what it should be")
    );
}

#[tokio::test]
async fn every_cluster_has_its_lines() {
    let stage = Stage::new().await;
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let second = text
        .replace("id = \"sandbox\"", "id = \"dead\"")
        .replace(stage.cluster.url(), "https://127.0.0.1:1");
    let configs = stage::read(&format!("{text}{second}"), stage.folder.path()).unwrap();
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), LIMITS).unwrap();
    let report = fleet.preflight().await;
    assert!(!report.is_ok());
    assert_eq!(report.lines.last().unwrap().finding, Finding::Unreachable);
    assert_eq!(report.lines.last().unwrap().cluster.to_string(), "r/p/dead");
}

const RBAC: &str = "rbac.authorization.k8s.io";
const VERBS: [&str; 4] = ["create", "get", "list", "delete"];

#[tokio::test]
async fn the_rights_to_bind_are_wanted_where_a_role_is_bound_per_kubeconfig() {
    let stage = Stage::configured(ClusterOptions::default(), LIMITS, |text| {
        text.replace("r]\n", "r]\nbinding = \"per-kubeconfig\"\n")
    })
    .await;
    assert_eq!(
        findings(&stage).await,
        [
            "missing r/p/sandbox: role editor: the service may not create rolebindings, delete rolebindings, get \
             rolebindings, list rolebindings, bind the ClusterRole edit in default; apply the manifest",
            "missing r/p/sandbox: role viewer: the service may not create clusterrolebindings, delete \
             clusterrolebindings, get clusterrolebindings, list clusterrolebindings, bind the ClusterRole view in the \
             whole cluster; apply the manifest",
        ]
    );

    let named = |role: &str| Rule {
        names: vec![role.to_owned()],
        ..Rule::resources(RBAC, &["clusterroles"], &["bind"])
    };
    let mut wanted = stage.cluster.service_rules();
    wanted.extend([
        Rule::resources(RBAC, &["clusterrolebindings"], &VERBS),
        named("view"),
        Rule::resources(RBAC, &["rolebindings"], &VERBS).in_namespace("default"),
        named("edit").in_namespace("default"),
    ]);
    stage.cluster.set_service_rules(wanted.clone());
    let lines = report(&stage.fleet).await;
    assert!(stage.fleet.preflight().await.is_ok(), "{lines:?}");
    for line in [
        "ok r/p/sandbox: role editor: the rights to bind each kubeconfig in default",
        "ok r/p/sandbox: role viewer: the rights to bind each kubeconfig in the whole cluster",
        "ok r/p/sandbox: no rights in excess",
    ] {
        assert!(lines.contains(&line.to_owned()), "{lines:?}");
    }

    // The same rights elsewhere, to another role, or to any, are too much.
    let mut more = wanted;
    more.extend([
        Rule::resources(RBAC, &["rolebindings"], &["create"]).in_namespace("kube-system"),
        named("edit").in_namespace("kube-system"),
        named("cluster-admin"),
        Rule::resources(RBAC, &["clusterroles"], &["bind"]).in_namespace("default"),
        Rule::resources(RBAC, &["clusterrolebindings"], &["update"]),
    ]);
    stage.cluster.set_service_rules(more);
    assert_eq!(
        findings(&stage).await,
        [
            "excess r/p/sandbox: the service may update clusterrolebindings.rbac.authorization.k8s.io in the whole cluster",
            "excess r/p/sandbox: the service may bind clusterroles.rbac.authorization.k8s.io in default",
            "excess r/p/sandbox: the service may bind clusterroles.rbac.authorization.k8s.io (cluster-admin) in the whole \
             cluster",
            "excess r/p/sandbox: the service may bind clusterroles.rbac.authorization.k8s.io (edit) in kube-system",
            "excess r/p/sandbox: the service may create rolebindings.rbac.authorization.k8s.io in kube-system",
        ]
    );
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_by_preflight_and_by_the_fleet() {
    let stage = Stage::new().await;
    assert_eq!(stage.fleet.skew(&stage.key), None, "nothing was asked yet");
    assert!(stage.fleet.preflight().await.is_ok());
    assert!(!stage.fleet.skew(&stage.key).unwrap().matters());
    for (millis, how) in [(600_000, "ahead of"), (-600_000, "behind")] {
        stage.cluster.set_clock_skew(millis);
        let report = stage.fleet.preflight().await;
        assert!(!report.is_ok());
        let text = report.to_string();
        let line = text
            .lines()
            .find(|line| line.starts_with("clock "))
            .unwrap();
        assert!(line.contains(&format!(" s {how} this machine's")), "{line}");
        let skew = stage.fleet.skew(&stage.key).unwrap();
        assert!(
            skew.matters() && (skew.0 - millis / 1000).abs() <= 5,
            "{skew:?}"
        );
    }
}

#[tokio::test]
async fn when_the_services_credential_ends_is_told_where_it_says_so() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let stage = Stage::new().await;
    let end = stage.fleet.credential_ends(&stage.key);
    let told = stage.fleet.preflight().await.to_string();
    assert_eq!(
        end.is_some(),
        told.contains("the service's credential ends at"),
        "{told}"
    );
    for (exp, word) in [(4_102_444_800_i64, "ok "), (1_600_000_000, "missing ")] {
        let payload = URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{exp}}}"));
        let file = stage.folder.path().join("sandbox.token");
        std::fs::write(file, format!("e30.{payload}.c2ln")).unwrap();
        let _ = stage.fleet.create(&stage.record()).await;
        assert_eq!(
            stage.fleet.credential_ends(&stage.key).unwrap().timestamp(),
            exp
        );
        let told = stage.fleet.preflight().await.to_string();
        let line = told
            .lines()
            .find(|line| line.contains("the service's credential end"))
            .unwrap();
        assert!(line.starts_with(word), "{line}");
    }
}
