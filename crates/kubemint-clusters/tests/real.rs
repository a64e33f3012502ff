//! Everything of the fleet against a real control plane, from the manifest on.
//!
//! Compiled with the feature `real` only. `KUBEMINT_ADMIN_KUBECONFIG` names an administrator's kubeconfig (the last
//! line of `cargo xtask cluster up`), `KUBEMINT_KUBECTL` the program, or else it is `kubectl` on the PATH. What the
//! test makes in the cluster, but for the manifest, it takes away again.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use kube::config::Kubeconfig;
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{ClusterError, Clusters, ObjectRef};
use kubemint::record::{Record, State};
use kubemint_clusters::{ClusterConfig, Fleet, Health, Limits, RawCluster, manifest, validate};
use secrecy::ExposeSecret as _;
use slog::{Discard, Logger, o};
use uuid::Uuid;

struct Kubectl {
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// What it printed, errors included, and whether it was content.
    fn run(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let binary = std::env::var_os("KUBEMINT_KUBECTL").unwrap_or_else(|| "kubectl".into());
        let mut child = Command::new(binary)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text.into_owned())
    }

    fn good(&self, arguments: &[&str], input: &str) -> String {
        let (good, text) = self.run(arguments, input);
        assert!(good, "kubectl {arguments:?}: {text}");
        text
    }

    /// The same cluster for the holder of a token.
    fn holder(&self, folder: &Path, token: &str) -> Kubectl {
        let mut file = Kubeconfig::read_from(&self.kubeconfig).unwrap();
        file.auth_infos[0].auth_info = Some(kube::config::AuthInfo {
            token: Some(token.into()),
            ..Default::default()
        });
        let kubeconfig = folder.join("holder");
        std::fs::write(&kubeconfig, serde_json::to_string(&file).unwrap()).unwrap();
        Kubectl { kubeconfig }
    }
}

/// The tests share the service's ServiceAccount, and each looks for rights that it did not give: one at a time.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Takes the roles of the second test out of the cluster.
fn forget_bindings(kubectl: &Kubectl) {
    let delete = |arguments: &[&str]| {
        kubectl.good(&[&["delete", "--ignore-not-found"], arguments].concat(), "")
    };
    delete(&["clusterrolebindings,clusterroles", "kubemint-wide"]);
    for namespace in ["default", "kube-public"] {
        let kinds = "rolebindings,roles";
        delete(&["-n", namespace, kinds, "kubemint-narrow"]);
    }
    delete(&["namespaces", "kubemint-wide", "kubemint-narrow"]);
}

/// The roles of the first test.
const ROLES: &str =
    "[roles.viewer]\n[roles.editor]\nnamespaces = [\"default\"]\n[roles.cluster-admin]\n";

fn configure(admin: &Path, folder: &Path, credential: &str) -> Vec<ClusterConfig> {
    with_roles(admin, folder, credential, ROLES)
}

fn with_roles(admin: &Path, folder: &Path, credential: &str, roles: &str) -> Vec<ClusterConfig> {
    let file = Kubeconfig::read_from(admin).unwrap();
    let cluster = file.clusters[0].cluster.clone().unwrap();
    let bundle = match (
        cluster.certificate_authority_data,
        cluster.certificate_authority,
    ) {
        (Some(data), _) => STANDARD.decode(data).unwrap(),
        (None, Some(path)) => std::fs::read(path).unwrap(),
        (None, None) => panic!("the administrator's kubeconfig has no CA"),
    };
    std::fs::write(folder.join("ca.pem"), bundle).unwrap();
    let text = format!(
        "region = \"r\"\nproject = \"p\"\nid = \"real\"\napi_url = {:?}\nca_file = \"ca.pem\"\ncredential = {credential}\n\
         default_role = {:?}\n{roles}",
        cluster.server.unwrap(),
        roles[7..].split(']').next().unwrap(),
    );
    validate(&[toml::from_str::<RawCluster>(&text).unwrap()], folder).unwrap()
}

fn fleet(configs: Vec<ClusterConfig>) -> Fleet {
    let limits = Limits {
        deadline: Duration::from_secs(5),
        reread: Duration::ZERO,
        ..Limits::default()
    };
    Fleet::with_limits(
        configs,
        Uuid::from_u128(77),
        Logger::root(Discard, o!()),
        limits,
    )
    .unwrap()
}

fn record(key: &ClusterKey, role: &str) -> Record {
    let uid = Uuid::new_v4();
    Record {
        cluster: key.clone(),
        id: format!("kubeconfig-{}", &uid.simple().to_string()[..12])
            .parse()
            .unwrap(),
        uid,
        display_name: None,
        description: None,
        issued_for: "eve\"\n\t\u{1}\u{202e}: {a: b}\\".into(),
        role: role.into(),
        created_by: Principal {
            issuer: "https://issuer.example".into(),
            subject: "bob".into(),
        },
        ttl: 3600,
        state: State::Pending,
        created_at: Utc::now(),
        pending_until: Utc::now() + TimeDelta::seconds(60),
        expires_at: None,
        object_uid: None,
    }
}

#[tokio::test]
async fn the_whole_life_of_a_kubeconfig_at_a_real_cluster() {
    let admin = PathBuf::from(std::env::var_os("KUBEMINT_ADMIN_KUBECONFIG").unwrap());
    let kubectl = Kubectl {
        kubeconfig: admin.clone(),
    };
    let _turn = TURN.lock().await;
    forget_bindings(&kubectl);
    let folder = tempfile::tempdir().unwrap();

    // The manifest is taken by kubectl, and a second time changes nothing.
    let configs = configure(&admin, folder.path(), "{ token_file = \"token\" }");
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
    let report = fleet(configure(&admin, folder.path(), &credential))
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
            &admin,
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
    let found = fleet.objects(&key).await.unwrap();
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
        Err(ClusterError::Busy(_))
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
    assert!(fleet.objects(&key).await.unwrap().is_empty());
}

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
    let admin = PathBuf::from(std::env::var_os("KUBEMINT_ADMIN_KUBECONFIG").unwrap());
    let kubectl = Kubectl {
        kubeconfig: admin.clone(),
    };
    let _turn = TURN.lock().await;
    forget_bindings(&kubectl);
    let folder = tempfile::tempdir().unwrap();
    let roles = "[roles.wide]\ncluster_role = \"view\"\nbinding = \"per-kubeconfig\"\n\
                 [roles.narrow]\ncluster_role = \"edit\"\nbinding = \"per-kubeconfig\"\n\
                 namespaces = [\"default\", \"kube-public\"]\n";
    let credential = "{ token_file = \"token\" }";
    let configs = with_roles(&admin, folder.path(), credential, roles);
    // The role was bound as a group before: Kubernetes itself does not let that go unnoticed.
    let group = with_roles(
        &admin,
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
    let found = fleet.objects(&key).await.unwrap();
    assert_eq!(
        found
            .into_iter()
            .map(|found| found.object)
            .collect::<Vec<_>>(),
        std::slice::from_ref(&object)
    );
    fleet.remove(&key, &object).await.unwrap();
    assert!(fleet.objects(&key).await.unwrap().is_empty());
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
    forget_bindings(&kubectl);
}
