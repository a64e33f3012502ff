//! What a cluster makes of client certificates.

use std::path::Path;

use chrono::{TimeDelta, Utc};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleRef, Subject};
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use kubemint::ports::{Clusters as _, Credential};
use kubemint::record::CERTIFICATE;
use kubemint_clusters::{Fleet, Health};
use kubemint_sandbox::{Cluster, ClusterOptions};
use rustls::pki_types::pem::PemObject as _;

use crate::certificates::{certified, fleet, for_user, parts};
use crate::openssl::{self, Key};
use crate::stage::{Stage, failed, object};

/// A cluster that trusts an authority for clients, and a fleet that has its key, and no other credential there.
async fn trusting(folder: &Path) -> (Cluster, Fleet) {
    openssl::key(folder, "a", Key::Sec1("secp384r1"));
    openssl::authority(folder, "a", &[]);
    let options = ClusterOptions {
        client_ca_pem: Some(std::fs::read_to_string(folder.join("a.pem")).unwrap()),
        ..ClusterOptions::default()
    };
    let cluster = Cluster::start(None, options).await.unwrap();
    std::fs::write(folder.join("ca.pem"), cluster.ca_pem()).unwrap();
    let fleet = fleet(folder, cluster.url(), "a");
    (cluster, fleet)
}

fn client(cluster: &Cluster, credential: Option<&Credential>) -> Client {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let mut config = kube::Config::new(cluster.url().parse().unwrap());
    let ca =
        rustls::pki_types::CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes()).unwrap();
    config.root_cert = Some(vec![ca.to_vec()]);
    match credential {
        Some(credential) => {
            let (chain, key) = parts(credential);
            config.auth_info.client_certificate_data = Some(STANDARD.encode(chain));
            config.auth_info.client_key_data = Some(STANDARD.encode(key).into());
        }
        None => config.auth_info.token = Some(cluster.admin_token().to_owned().into()),
    }
    Client::try_from(config).unwrap()
}

#[tokio::test]
async fn the_cluster_knows_the_name_and_the_groups_and_bindings_of_the_groups_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, fleet) = trusting(folder.path()).await;
    let record = for_user(&fleet, "alice, O=system:masters");
    let credential = certified(&fleet, &record).await;
    let there = client(&cluster, Some(&credential));
    let review: SelfSubjectReview = Api::all(there.clone())
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await
        .unwrap();
    let user = review.status.unwrap().user_info.unwrap();
    assert_eq!(
        user.username,
        Some(format!("kubemint:{}:alice, O=system:masters", record.id))
    );
    assert_eq!(
        user.groups.unwrap(),
        [
            "kubemint:viewer",
            "O=a, CN=b + \"c\"",
            "system:authenticated"
        ]
    );
    assert_eq!(
        user.extra.unwrap()["authentication.kubernetes.io/credential-id"],
        [credential.jti.clone().unwrap()]
    );
    let pods: Api<Pod> = Api::all(there);
    let refused = pods.list(&Default::default()).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 403));
    let binding = ClusterRoleBinding {
        metadata: ObjectMeta {
            name: Some("kubemint-viewer".into()),
            ..ObjectMeta::default()
        },
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".into(),
            kind: "ClusterRole".into(),
            name: "view".into(),
        },
        subjects: Some(vec![Subject {
            api_group: Some("rbac.authorization.k8s.io".into()),
            kind: "Group".into(),
            name: "kubemint:viewer".into(),
            ..Subject::default()
        }]),
    };
    let bindings: Api<ClusterRoleBinding> = Api::all(client(&cluster, None));
    bindings
        .create(&PostParams::default(), &binding)
        .await
        .unwrap();
    pods.list(&Default::default()).await.unwrap();
    // It ends at its time, by the cluster's clock, also on a connection that is open.
    cluster.set_clock_skew(3_700_000);
    let refused = pods.list(&Default::default()).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 401));
    // A clock that is a little behind does no harm to a fresh one.
    cluster.set_clock_skew(-240_000);
    pods.list(&Default::default()).await.unwrap();
}

#[tokio::test]
async fn preflight_shows_a_certificate_of_each_role_to_the_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, fleet) = trusting(folder.path()).await;
    let report = fleet.preflight().await;
    assert!(report.is_ok(), "{report}");
    let text = report.to_string();
    assert!(
        text.contains("r/p/sandbox: client certificates can be signed, none beyond 2"),
        "{text}"
    );
    assert!(
        text.contains("role viewer: certificates are known, in kubemint:viewer, O=a, CN=b + \"c\""),
        "{text}"
    );
    assert!(
        text.contains("role bare: certificates are known, without a group"),
        "{text}"
    );
    // Nothing was asked with a credential of the service: there is none.
    assert!(
        cluster
            .audit()
            .iter()
            .all(|line| line.user == "kubemint:preflight")
    );
    let key = &fleet.keys()[0];
    assert_eq!(fleet.health(key).await, Some(Health::Ready));
    // Another authority's are not known.
    openssl::key(folder.path(), "b", Key::Sec1("prime256v1"));
    openssl::authority(folder.path(), "b", &[]);
    let stranger = crate::certificates::fleet(folder.path(), cluster.url(), "b");
    let report = stranger.preflight().await.to_string();
    assert!(
        report.contains("missing     r/p/sandbox: role viewer: the cluster does not know its certificates: put the"),
        "{report}"
    );
    cluster.stop().await;
    let report = fleet.preflight().await.to_string();
    assert!(
        report.contains("unreachable r/p/sandbox: connecting failed"),
        "{report}"
    );
}

#[tokio::test]
async fn without_a_credential_of_the_service_nothing_else_is_done_there() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, fleet) = trusting(folder.path()).await;
    let record = for_user(&fleet, "alice");
    let mut object = object(&record);
    object.object_uid = Some("of an account that was made before".into());
    let key = &fleet.keys()[0];
    assert_eq!(failed(fleet.remove(key, &object).await), "refused");
    assert_eq!(failed(fleet.mint(key, &object, 600).await), "refused");
    assert_eq!(failed(crate::stage::listed(&fleet, key).await), "refused");
    assert!(cluster.all_requests().is_empty());
}

#[tokio::test]
async fn a_cluster_with_tokens_signs_nothing() {
    let stage = Stage::new().await;
    let now = Utc::now();
    let refused = stage
        .fleet
        .certify(&stage.record(), now, now + TimeDelta::hours(1))
        .await;
    assert_eq!(failed(refused), "unsigned");
    // Nor does a cluster give an object the UID that stands for a certificate.
    let made = stage.created(&stage.record()).await;
    assert_ne!(made.object_uid.as_deref(), Some(CERTIFICATE));
}
