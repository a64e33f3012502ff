//! What ends by time, and where the kubeconfig files lead: told before anyone's kubectl refuses it.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kubemint_clusters::{ClusterConfig, Finding, Fleet, Line};
use kubemint_sandbox::ClusterOptions;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};

use crate::stage::{self, INSTANCE, LIMITS, Stage, quiet};

/// Writes `NAME.pem` and `NAME.key`: an authority that ends then, to the second.
fn authority(folder: &Path, name: &str, end: DateTime<Utc>) {
    let key = KeyPair::generate().unwrap();
    let mut wanted = CertificateParams::default();
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    wanted.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let at = |time: DateTime<Utc>| {
        let seconds = time.timestamp().unsigned_abs();
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    (wanted.not_before, wanted.not_after) = (at(end - TimeDelta::days(30)), at(end));
    let certificate = wanted.self_signed(&key).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

/// The cluster with more lines of configuration, and what is written into its folder before.
async fn with(more: &str, write: impl FnOnce(&Path)) -> (Stage, Vec<ClusterConfig>, Fleet) {
    let stage = Stage::with(ClusterOptions::default(), LIMITS).await;
    write(stage.folder.path());
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let text = text.replacen("ca_file", &format!("{more}\nca_file"), 1);
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let fleet = Fleet::with_limits(configs.clone(), INSTANCE, quiet(), LIMITS).unwrap();
    (stage, configs, fleet)
}

async fn findings(fleet: &Fleet) -> Vec<Line> {
    let mut lines = fleet.preflight().await.lines;
    lines.retain(|line| !matches!(line.finding, Finding::Ok | Finding::Note));
    lines
}

#[tokio::test]
async fn a_bundle_that_has_ended_is_told_though_the_service_itself_goes_on() {
    let yesterday = Utc::now() - TimeDelta::days(1);
    let write = |folder: &Path| authority(folder, "old", yesterday);
    let (stage, configs, fleet) = with("public_ca_file = \"old.pem\"", write).await;
    let lines = findings(&fleet).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].finding, Finding::Missing);
    assert!(lines[0].text.starts_with("public_ca_file: "), "{lines:?}");
    assert!(lines[0].text.contains("old.pem ended at "), "{lines:?}");
    let told = configs[0].expiry_warnings(Utc::now());
    assert_eq!(told, [format!("cluster {}: {}", stage.key, lines[0].text)]);
    let ends = fleet.expiries(&stage.key);
    let ended: Vec<_> = ends
        .iter()
        .filter(|one| one.has_ended(Utc::now()))
        .collect();
    assert_eq!(
        (ended[0].key, ended.len(), ends.len()),
        ("public_ca_file", 1, 2)
    );
    assert_eq!(ended[0].end.timestamp(), yesterday.timestamp());
}

#[tokio::test]
async fn of_a_bundle_the_last_certificate_counts_and_a_week_before_its_end_is_time_to_renew() {
    let soon = Utc::now() + TimeDelta::days(6);
    let write = |folder: &Path| {
        authority(folder, "old", Utc::now() - TimeDelta::days(1));
        authority(folder, "new", soon);
        let [old, new] = ["old", "new"]
            .map(|name| std::fs::read_to_string(folder.join(format!("{name}.pem"))).unwrap());
        std::fs::write(folder.join("both.pem"), new + &old).unwrap();
    };
    let (stage, configs, fleet) = with("public_ca_file = \"both.pem\"", write).await;
    let told = configs[0].expiry_warnings(Utc::now());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("both.pem ends at "), "{told:?}");
    assert!(
        configs[0]
            .expiry_warnings(soon - TimeDelta::days(8))
            .is_empty()
    );
    let lines = findings(&fleet).await;
    assert_eq!(lines[0].finding, Finding::Warning, "{lines:?}");
    let public: Vec<_> = fleet
        .expiries(&stage.key)
        .into_iter()
        .map(|one| one.key)
        .collect();
    assert_eq!(public, ["ca_file", "public_ca_file"]);
}

#[tokio::test]
async fn a_bundle_that_is_not_the_public_urls_is_told() {
    let write = |folder: &Path| authority(folder, "other", Utc::now() + TimeDelta::days(90));
    let (stage, _, fleet) = with("public_ca_file = \"other.pem\"", write).await;
    let lines = findings(&fleet).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].finding, Finding::Missing);
    let url = stage.cluster.url();
    assert!(
        lines[0].text.starts_with(&format!(
            "public_url {url}: its certificate is not trusted (UnknownIssuer) by the bundle "
        )),
        "{lines:?}"
    );
    assert!(!fleet.preflight().await.is_ok());
}

#[tokio::test]
async fn a_public_url_that_is_another_way_to_the_cluster_is_tried() {
    let stage = Stage::new().await;
    let port = stage.cluster.url().rsplit(':').next().unwrap().to_owned();
    let more = format!("public_url = \"https://localhost:{port}\"");
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let text = text.replacen("ca_file", &format!("{more}\nca_file"), 1);
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let fleet = Fleet::with_limits(configs, INSTANCE, quiet(), LIMITS).unwrap();
    let report = fleet.preflight().await;
    let line = report
        .lines
        .iter()
        .find(|line| line.text.starts_with("public_url"));
    let line = line.expect("a line about it");
    assert_eq!(line.finding, Finding::Ok, "{line}");
    assert!(line.text.contains(&format!(
        "https://localhost:{port} answers, certificate by the bundle "
    )));
}

#[tokio::test]
async fn a_public_url_that_is_out_of_reach_from_here_is_a_warning_and_no_failure() {
    // Nothing listens there, and nobody can: the port is reserved.
    let (_stage, _, fleet) = with("public_url = \"https://127.0.0.1:1\"", |_| {}).await;
    let lines = findings(&fleet).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].finding, Finding::Warning);
    assert!(
        lines[0]
            .text
            .starts_with("public_url https://127.0.0.1:1 cannot be reached from here ("),
        "{lines:?}"
    );
    assert!(fleet.preflight().await.is_ok());
}

#[tokio::test]
async fn an_authority_that_ends_within_the_longest_life_of_a_role_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let end = Utc::now() + TimeDelta::minutes(30);
    authority(folder.path(), "a", end);
    let text = "[[clusters]]\nregion = \"r\"\nproject = \"p\"\nid = \"c\"\napi_url = \"https://127.0.0.1:1\"\n\
                client_ca = { cert_file = \"a.pem\", key_file = \"a.key\" }\n\
                default_ttl = \"20m\"\n[clusters.roles.viewer]\ngroups = [\"viewers\"]\nmax_ttl = \"30m\"\n\
                [clusters.roles.editor]\ngroups = [\"editors\"]\n";
    let configs = stage::read(text, folder.path()).unwrap();
    let told = configs[0].expiry_warnings(Utc::now());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("a.pem ends at "), "{told:?}");
    assert!(
        told[0].contains("roles may live for 3600 s: what is issued now ends with it"),
        "{told:?}"
    );
    // An hour and a half before, all could be granted in full; a week before is time to renew nevertheless.
    let earlier = configs[0].expiry_warnings(end - TimeDelta::minutes(90));
    assert!(earlier[0].contains("renew it in time"), "{earlier:?}");
    assert!(
        configs[0]
            .expiry_warnings(end - TimeDelta::days(8))
            .is_empty()
    );
    let key = configs[0].key.clone();
    let fleet = Fleet::with_limits(configs, INSTANCE, quiet(), LIMITS).unwrap();
    let ends = fleet.expiries(&key);
    assert_eq!(
        (ends[0].key, ends[0].end.timestamp()),
        ("client_ca", end.timestamp())
    );
}

#[tokio::test]
async fn of_an_authority_that_has_ended_nothing_good_is_said() {
    let folder = tempfile::tempdir().unwrap();
    authority(folder.path(), "a", Utc::now() - TimeDelta::hours(1));
    let text = "[[clusters]]\nregion = \"r\"\nproject = \"p\"\nid = \"c\"\napi_url = \"https://127.0.0.1:1\"\n\
                client_ca = { cert_file = \"a.pem\", key_file = \"a.key\" }\n\
                [clusters.roles.viewer]\ngroups = [\"viewers\"]\n";
    let configs = stage::read(text, folder.path()).unwrap();
    assert!(
        configs[0].expiry_warnings(Utc::now()).is_empty(),
        "it is told as unusable"
    );
    assert!(configs[0].warnings()[0].contains("out of order"));
    let fleet = Fleet::with_limits(configs, INSTANCE, quiet(), LIMITS).unwrap();
    let report = fleet.preflight().await;
    assert_eq!(report.lines[0].finding, Finding::Missing, "{report}");
    assert!(report.lines[0].text.contains("a.pem ended at "), "{report}");
    assert!(!report.to_string().contains("can be signed"), "{report}");
}
