//! The life of kubeconfigs whose role is bound as a group: made, used, held, made anew behind our back, removed.

use chrono::TimeDelta;
use kubemint::ports::{ClusterError, Clusters as _, ObjectRef};
use kubemint_clusters::{Health, manifest};
use secrecy::ExposeSecret as _;

use crate::stage::{Kubectl, configure, control_plane, fleet, listed, record};

#[tokio::test]
async fn the_whole_life_of_a_kubeconfig_at_a_real_cluster() {
    let cluster = control_plane();
    let kubectl = Kubectl::admin(&cluster);
    let admin = kubectl.kubeconfig();
    let folder = tempfile::tempdir().unwrap();

    // The manifest is taken by kubectl, and a second time changes nothing.
    let configs = configure(admin, folder.path(), "{ token_file = \"token\" }");
    kubectl.good(&["apply", "-f", "-"], &manifest(&configs));
    let again = kubectl.good(&["apply", "-f", "-"], &manifest(&configs));
    assert!(
        again.lines().all(|line| line.ends_with("unchanged")),
        "{again}"
    );
    let make = [
        "-n",
        "kubemint-system",
        "create",
        "token",
        "kubemint",
        "--duration=3600s",
    ];
    std::fs::write(folder.path().join("token"), kubectl.good(&make, "")).unwrap();

    // The administrator's credential is far too much; the manifest's is just right.
    let credential = format!("{{ kubeconfig_file = {:?} }}", admin.display().to_string());
    let report = fleet(configure(admin, folder.path(), &credential))
        .preflight()
        .await;
    assert!(
        report
            .to_string()
            .contains("excess      r/p/real: the service may do everything"),
        "{report}"
    );
    assert!(!report.to_string().contains("missing"), "{report}");
    let key = configs[0].key.clone();
    let fleet = fleet(configs);
    let report = fleet.preflight().await;
    println!("{report}");
    assert!(report.is_ok(), "{report}");
    assert_eq!(fleet.health(&key).await, Some(Health::Ready));

    // Too many rights, and too few.
    let bind = [
        "create",
        "clusterrolebinding",
        "real-excess",
        "--clusterrole=edit",
    ];
    kubectl.good(
        &[&bind[..], &["--serviceaccount=kubemint-system:kubemint"]].concat(),
        "",
    );
    kubectl.good(
        &["-n", "kubemint-viewer", "delete", "rolebinding", "kubemint"],
        "",
    );
    let report = fleet.preflight().await;
    println!("{report}");
    let text = report.to_string();
    assert!(
        text.contains("serviceaccounts in the whole cluster"),
        "{text}"
    );
    assert!(text.contains("secrets in the whole cluster"), "{text}");
    kubectl.good(&["delete", "clusterrolebinding", "real-excess"], "");
    let report = fleet.preflight().await;
    println!("{report}");
    assert!(
        report.to_string().contains(
            "missing     r/p/real: role viewer: namespace kubemint-viewer is not there, or may not be read; apply"
        ),
        "{report}"
    );
    kubectl.good(
        &["apply", "-f", "-"],
        &manifest(&configure(
            admin,
            folder.path(),
            "{ token_file = \"token\" }",
        )),
    );
    assert!(fleet.preflight().await.is_ok());

    // Issue: made once, and found again.
    let viewer = record(&key, "viewer");
    let uid = fleet.create(&viewer).await.unwrap();
    assert_eq!(fleet.create(&viewer).await.unwrap(), uid);
    let object = ObjectRef {
        role: "viewer".into(),
        id: viewer.id.clone(),
        uid: viewer.uid,
        object_uid: Some(uid.clone()),
    };
    let mut foreign = record(&key, "viewer");
    foreign.id = viewer.id.clone();
    assert!(matches!(
        fleet.create(&foreign).await,
        Err(ClusterError::Foreign)
    ));
    let minted = fleet.mint(&key, &object, 900).await.unwrap();
    assert_eq!(
        minted.expires_at - minted.issued_at,
        TimeDelta::seconds(900)
    );
    assert!(minted.jti.is_some());
    assert!(
        matches!(
            fleet.mint(&key, &object, 599).await,
            Err(ClusterError::Misbehaving(_))
        ),
        "below the floor"
    );
    let found = listed(&fleet, &key).await.unwrap();
    assert!(
        found.iter().any(|found| found.object == object),
        "{found:?}"
    );

    // What it gives, as kubectl sees it.
    let holder = kubectl.holder(
        folder.path(),
        minted.secret.token().unwrap().expose_secret(),
    );
    let who = holder.good(&["auth", "whoami"], "");
    assert!(
        who.contains(&format!(
            "system:serviceaccount:kubemint-viewer:{}",
            viewer.id
        )),
        "{who}"
    );
    holder.good(&["get", "pods", "--all-namespaces"], "");
    let (good, text) = holder.run(&["create", "configmap", "no"], "");
    assert!(!good && text.contains("forbidden"), "{text}");

    // A role that is bound to one namespace reaches no other.
    let editor = record(&key, "editor");
    let uid = fleet.create(&editor).await.unwrap();
    let edits = ObjectRef {
        role: "editor".into(),
        id: editor.id,
        uid: editor.uid,
        object_uid: Some(uid),
    };
    let minted = fleet.mint(&key, &edits, 600).await.unwrap();
    let editing = kubectl.holder(
        folder.path(),
        minted.secret.token().unwrap().expose_secret(),
    );
    editing.good(
        &["create", "configmap", "real-test", "--dry-run=server"],
        "",
    );
    assert!(!editing.run(&["-n", "kube-system", "get", "pods"], "").0);
    fleet.remove(&key, &edits).await.unwrap();

    // Made anew behind our back: the UID tells.
    kubectl.good(
        &[
            "-n",
            "kubemint-viewer",
            "delete",
            "serviceaccount",
            viewer.id.as_str(),
        ],
        "",
    );
    let second = fleet.create(&viewer).await.unwrap();
    assert_ne!(second, object.object_uid.clone().unwrap());
    assert!(matches!(
        fleet.mint(&key, &object, 600).await,
        Err(ClusterError::Missing)
    ));

    // Held by a finalizer: not gone, and not said to be.
    let hold = r#"{"metadata":{"finalizers":["example.com/hold"]}}"#;
    let patch = |with: &str| {
        let target = [
            "-n",
            "kubemint-viewer",
            "patch",
            "serviceaccount",
            viewer.id.as_str(),
            "--type=merge",
            "-p",
        ];
        kubectl.good(&[&target[..], &[with]].concat(), "");
    };
    patch(hold);
    let unknown = ObjectRef {
        object_uid: None,
        ..object.clone()
    };
    assert!(matches!(
        fleet.remove(&key, &unknown).await,
        Err(ClusterError::Held)
    ));
    patch(r#"{"metadata":{"finalizers":null}}"#);

    // Removed by a stale UID: the object is ours all the same, so it goes.
    fleet.remove(&key, &object).await.unwrap();
    let (good, text) = kubectl.run(
        &[
            "-n",
            "kubemint-viewer",
            "get",
            "serviceaccount",
            viewer.id.as_str(),
        ],
        "",
    );
    assert!(!good && text.contains("NotFound"), "{text}");
    fleet.remove(&key, &object).await.unwrap();
    fleet.remove(&key, &unknown).await.unwrap();
    assert!(matches!(
        fleet.mint(&key, &object, 600).await,
        Err(ClusterError::Missing)
    ));
    assert!(listed(&fleet, &key).await.unwrap().is_empty());
}
