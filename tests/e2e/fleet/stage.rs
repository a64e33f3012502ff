//! A real cluster as its administrator has it, and a fleet of that one cluster.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use controlplane::{Binaries, ControlPlane};
use kube::config::Kubeconfig;
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{ClusterError, Clusters as _, FoundObject};
use kubemint::record::{Record, State};
use kubemint_clusters::{ClusterConfig, Fleet, Limits, RawCluster, validate};
use slog::{Discard, Logger, o};
use uuid::Uuid;

pub(crate) struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

/// A control plane, as its administrator has it.
pub(crate) fn control_plane() -> ControlPlane {
    ControlPlane::start_temporary(&Binaries::find_or_build().unwrap()).unwrap()
}

impl Kubectl {
    /// The administrator's.
    pub(crate) fn admin(cluster: &ControlPlane) -> Self {
        Self {
            program: cluster.kubectl().to_owned(),
            kubeconfig: cluster.admin_kubeconfig().to_owned(),
        }
    }

    /// The kubeconfig that it goes by.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What it printed, errors included, and whether it was content.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let mut child = Command::new(&self.program)
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

    pub(crate) fn good(&self, arguments: &[&str], input: &str) -> String {
        let (good, text) = self.run(arguments, input);
        assert!(good, "kubectl {arguments:?}: {text}");
        text
    }

    /// The same cluster for the holder of a token.
    pub(crate) fn holder(&self, folder: &Path, token: &str) -> Kubectl {
        let mut file = Kubeconfig::read_from(&self.kubeconfig).unwrap();
        file.auth_infos[0].auth_info = Some(kube::config::AuthInfo {
            token: Some(token.into()),
            ..Default::default()
        });
        let kubeconfig = folder.join("holder");
        std::fs::write(&kubeconfig, serde_json::to_string(&file).unwrap()).unwrap();
        Kubectl {
            program: self.program.clone(),
            kubeconfig,
        }
    }
}

/// The roles of most of it.
const ROLES: &str =
    "[roles.viewer]\n[roles.editor]\nnamespaces = [\"default\"]\n[roles.cluster-admin]\n";

pub(crate) fn configure(admin: &Path, folder: &Path, credential: &str) -> Vec<ClusterConfig> {
    with_roles(admin, folder, credential, ROLES)
}

pub(crate) fn with_roles(
    admin: &Path,
    folder: &Path,
    credential: &str,
    roles: &str,
) -> Vec<ClusterConfig> {
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

pub(crate) fn fleet(configs: Vec<ClusterConfig>) -> Fleet {
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

pub(crate) fn record(key: &ClusterKey, role: &str) -> Record {
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

/// Every object of a cluster's configured roles.
pub(crate) async fn listed(
    fleet: &Fleet,
    key: &ClusterKey,
) -> Result<Vec<FoundObject>, ClusterError> {
    let profile = fleet.profile(key);
    let roles = profile.map_or_else(
        || vec!["viewer".to_owned()],
        |profile| profile.roles.keys().cloned().collect(),
    );
    let mut found = Vec::new();
    for role in roles {
        found.extend(fleet.objects(key, &role).await?.objects);
    }
    Ok(found)
}
