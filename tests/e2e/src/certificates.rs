//! Client certificates, and bindings of one kubeconfig: what a real API server makes of them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::joined::{CREDENTIAL_ID, leads_to, line_of};
use crate::scenarios::{Scenario, refused, succeeds};
use crate::stage::{CERTIFIED, Stage};

pub(crate) const ALL: &[(&str, Scenario)] = &[
    (
        "a_client_certificate_ends_at_expires_at_exactly",
        a_client_certificate_ends_at_expires_at_exactly,
    ),
    (
        "a_client_certificate_is_its_name_and_groups_to_the_real_cluster",
        a_client_certificate_is_its_name_and_groups_to_the_real_cluster,
    ),
    (
        "with_a_binding_of_its_own_a_revoked_kubeconfig_is_refused_at_once",
        with_a_binding_of_its_own_a_revoked_kubeconfig_is_refused_at_once,
    ),
];

fn a_client_certificate_is_its_name_and_groups_to_the_real_cluster(stage: &Stage) -> Result<()> {
    // A name that would be a group, were it put into a text.
    let user = "bob, O=system:masters/CN=kubernetes-admin";
    let issued = stage.issue_at(
        CERTIFIED,
        &json!({"user": user, "role": "viewer", "ttl": 600}),
    )?;
    let file = stage.download(&issued, "download")?;
    let who = succeeds(&stage.kubectl(&file, &["auth", "whoami", "--output", "json"])?)?;
    let who: Value = serde_json::from_str(&who)?;
    let who = &who["status"]["userInfo"];
    let id = issued["id"].as_str().context("no id")?;
    let name = format!("kubemint:{id}:{user}");
    ensure!(who["username"] == name.as_str(), "whoami: {who}");
    ensure!(
        who["groups"]
            == json!([
                "kubemint:viewer",
                "team \"a\", O=system:masters",
                "system:authenticated"
            ]),
        "whoami: {who}"
    );
    // The manifest's binding of the group holds, and nothing more.
    succeeds(&stage.kubectl(&file, &["get", "configmaps", "--namespace", "kube-public"])?)?;
    refused(
        &stage.kubectl(&file, &["create", "configmap", "x"])?,
        "forbidden",
    )?;
    refused(&stage.kubectl(&file, &["get", "secrets"])?, "forbidden")?;
    // The cluster's audit log names the certificate as our own trail does.
    let line = line_of(stage.second.audit_log(), &name)?;
    let credential = line["user"]["extra"][CREDENTIAL_ID][0].as_str();
    let credential = credential.with_context(|| format!("no credential-id in {line}"))?;
    ensure!(credential.starts_with("X509SHA256="), "{credential}");
    leads_to(stage, credential, &issued, user)?;
    // It is not taken back, and nobody says that it is.
    let link = issued["selfLink"].as_str().context("no selfLink")?;
    let (status, body) = stage.call(Method::DELETE, link, None)?;
    ensure!(
        status == StatusCode::SERVICE_UNAVAILABLE,
        "{status}: {body}"
    );
    ensure!(body.contains("not_revocable_before_expiry"), "{body}");
    let (_, body) = stage.call(Method::GET, link, None)?;
    ensure!(
        serde_json::from_str::<Value>(&body)?["status"] == "revoking",
        "{body}"
    );
    succeeds(&stage.kubectl(&file, &["get", "--raw", "/api"])?)?;
    Ok(())
}

fn a_client_certificate_ends_at_expires_at_exactly(stage: &Stage) -> Result<()> {
    let issued = stage.issue_at(CERTIFIED, &json!({"user": "bob", "ttl": 60}))?;
    let file = stage.download(&issued, "file")?;
    let text = issued["expiresAt"].as_str().context("no expiresAt")?;
    let end = chrono::DateTime::parse_from_rfc3339(text)?.timestamp_millis();
    let now = || -> Result<i64> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(i64::try_from(since.as_millis())?)
    };
    // In use until the end, for what it is worth: nothing remembers certificates.
    loop {
        let asked = now()?;
        let output = stage.kubectl(&file, &["get", "--raw", "/api"])?;
        if output.status.success() {
            ensure!(
                asked <= end + 1_000,
                "accepted {} ms after its end",
                asked - end
            );
        } else {
            refused(&output, "Unauthorized")?;
            let answered = now()?;
            eprintln!("refused {} ms after expiresAt", answered - end);
            ensure!(
                answered >= end,
                "refused {} ms before its end",
                end - answered
            );
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(if end - now()? > 2_000 {
            1_000
        } else {
            100
        }));
    }
}

fn with_a_binding_of_its_own_a_revoked_kubeconfig_is_refused_at_once(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"user": "alice", "role": "instant", "ttl": 900}))?;
    let file = stage.download(&issued, "download")?;
    let pods = ["get", "--raw", "/api/v1/namespaces/default/pods"];
    // In constant use: the API server remembers the token.
    for _ in 0..3 {
        succeeds(&stage.kubectl(&file, &pods)?)?;
    }
    let link = issued["selfLink"].as_str().context("no selfLink")?;
    let (status, body) = stage.call(Method::DELETE, link, None)?;
    ensure!(status == StatusCode::NO_CONTENT, "{status}: {body}");
    let revoked = Instant::now();
    loop {
        let asked = revoked.elapsed();
        let output = stage.kubectl(&file, &pods)?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr).to_lowercase();
            ensure!(
                told.contains("forbidden") || told.contains("unauthorized"),
                "{told}"
            );
            return Ok(());
        }
        if asked > Duration::from_secs(1) {
            bail!("still accepted {asked:?} after the 204");
        }
    }
}
