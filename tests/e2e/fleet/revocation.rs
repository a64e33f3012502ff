//! Roles that are bound per kubeconfig: what the service may bind, and how soon a revocation is felt.

use std::time::{Duration, Instant};

use kubemint::cluster::ClusterKey;
use kubemint::ports::{Clusters as _, ObjectRef};
use kubemint_clusters::{Fleet, manifest};
use secrecy::ExposeSecret as _;

use crate::stage::{Kubectl, control_plane, fleet, listed, record, with_roles};

/// What the API server answers to listing the pods of a namespace.
async fn pods(client: &kube::Client, namespace: &str) -> u16 {
    let api: kube::Api<k8s_openapi::api::core::v1::Pod> =
        kube::Api::namespaced(client.clone(), namespace);
    match api.list(&Default::default()).await {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(other) => panic!("{other:?}"),
    }
}

/// Issues a kubeconfig of a role, uses it without a pause, revokes it, and tells how long it was still accepted after
/// the revocation began.
async fn revoked_after(
    fleet: &Fleet,
    key: &ClusterKey,
    role: &str,
    client: impl Fn(&str) -> kube::Client,
) -> Duration {
    let record = record(key, role);
    let object = ObjectRef {
        role: role.into(),
        id: record.id.clone(),
        uid: record.uid,
        object_uid: Some(fleet.create(&record).await.unwrap()),
    };
    let minted = fleet.mint(key, &object, 600).await.unwrap();
    let client = client(minted.secret.token().unwrap().expose_secret());
    // The API server learns of the binding by watching, a moment later.
    let began = Instant::now();
    while pods(&client, "default").await != 200 {
        assert!(began.elapsed() < Duration::from_secs(2));
    }
    let using = client.clone();
    let used = tokio::spawn(async move {
        loop {
            let asked = Instant::now();
            match pods(&using, "default").await {
                200 => {}
                code => return (asked, code),
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    fleet.remove(key, &object).await.unwrap();
    let (refused, code) = used.await.unwrap();
    assert!(matches!(code, 401 | 403), "{code}");
    refused.saturating_duration_since(began)
}

#[tokio::test]
async fn without_its_binding_a_kubeconfig_is_refused_at_once() {
    let cluster = control_plane();
    let kubectl = Kubectl::admin(&cluster);
    let admin = kubectl.kubeconfig();
    let folder = tempfile::tempdir().unwrap();
    let roles = "[roles.wide]\ncluster_role = \"view\"\nbinding = \"per-kubeconfig\"\n\
                 [roles.narrow]\ncluster_role = \"edit\"\nbinding = \"per-kubeconfig\"\n\
                 namespaces = [\"default\", \"kube-public\"]\n";
    let credential = "{ token_file = \"token\" }";
    let configs = with_roles(admin, folder.path(), credential, roles);
    // The role was bound as a group before: Kubernetes itself does not let that go unnoticed.
    let group = with_roles(
        admin,
        folder.path(),
        credential,
        "[roles.wide]\ncluster_role = \"view\"\n",
    );
    kubectl.good(&["apply", "-f", "-"], &manifest(&group));
    let (good, text) = kubectl.run(&["apply", "-f", "-"], &manifest(&configs));
    assert!(!good && text.contains("field is immutable"), "{text}");
    kubectl.good(&["delete", "clusterrolebinding", "kubemint-wide"], "");
    kubectl.good(&["apply", "-f", "-"], &manifest(&configs));
    let make = [
        "-n",
        "kubemint-system",
        "create",
        "token",
        "kubemint",
        "--duration=3600s",
    ];
    let token = kubectl.good(&make, "");
    std::fs::write(folder.path().join("token"), &token).unwrap();

    let key = configs[0].key.clone();
    let server: http::Uri = configs[0].api_url.clone();
    let bundle = configs[0].ca_file.clone().unwrap();
    let fleet = fleet(configs);
    let report = fleet.preflight().await;
    println!("{report}");
    assert!(report.is_ok(), "{report}");

    // The service can bind what is configured, and nothing else.
    let service = kubectl.holder(folder.path(), token.trim());
    let bind = |role: &str| {
        let role = format!("--clusterrole={role}");
        let subject = "--serviceaccount=kubemint-wide:nobody";
        service.run(
            &["create", "clusterrolebinding", "real-try", &role, subject],
            "",
        )
    };
    for role in ["cluster-admin", "edit"] {
        let (good, text) = bind(role);
        assert!(!good && text.contains("forbidden"), "{role}: {text}");
    }
    let (good, text) = bind("view");
    assert!(good, "{text}");
    kubectl.good(&["delete", "clusterrolebinding", "real-try"], "");

    let client = |token: &str| {
        use rustls::pki_types::pem::PemObject as _;
        let mut config = kube::Config::new(server.clone());
        let ca = rustls::pki_types::CertificateDer::from_pem_file(&bundle).unwrap();
        config.root_cert = Some(vec![ca.to_vec()]);
        config.auth_info.token = Some(token.into());
        kube::Client::try_from(config).unwrap()
    };
    for role in ["wide", "narrow"] {
        let mut times = Vec::new();
        for _ in 0..20 {
            times.push(revoked_after(&fleet, &key, role, client).await);
        }
        times.sort();
        println!(
            "role {role}: refused {:.1} ms after the revocation began at the median, {:.1} ms at most",
            times[10].as_secs_f64() * 1e3,
            times[19].as_secs_f64() * 1e3
        );
        assert!(times[19] < Duration::from_secs(1), "{times:?}");
    }

    // A namespace that is not the role's stays closed.
    let narrow = record(&key, "narrow");
    fleet.create(&narrow).await.unwrap();
    let object = ObjectRef {
        role: "narrow".into(),
        id: narrow.id.clone(),
        uid: narrow.uid,
        object_uid: None,
    };
    let minted = fleet.mint(&key, &object, 600).await.unwrap();
    let there = client(minted.secret.token().unwrap().expose_secret());
    let began = Instant::now();
    while pods(&there, "kube-public").await != 200 {
        assert!(began.elapsed() < Duration::from_secs(2));
    }
    assert_eq!(pods(&there, "kube-system").await, 403);

    // Left without its ServiceAccount, it is still found, and removed.
    let account = [
        "-n",
        "kubemint-narrow",
        "delete",
        "serviceaccount",
        narrow.id.as_str(),
    ];
    kubectl.good(&account, "");
    let found = listed(&fleet, &key).await.unwrap();
    assert_eq!(
        found
            .into_iter()
            .map(|found| found.object)
            .collect::<Vec<_>>(),
        std::slice::from_ref(&object)
    );
    fleet.remove(&key, &object).await.unwrap();
    assert!(listed(&fleet, &key).await.unwrap().is_empty());
    let left = kubectl.good(
        &[
            "get",
            "rolebindings,clusterrolebindings",
            "-A",
            "-l",
            "kubemint.io/instance",
        ],
        "",
    );
    assert!(left.contains("No resources found"), "{left}");
}
