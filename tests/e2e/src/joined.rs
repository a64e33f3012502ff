//! From a line of the API server's own audit log to the kubeconfig, whoever it was issued for, and why.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::scenarios::{Scenario, succeeds};
use crate::stage::Stage;

/// Where Kubernetes writes which credential was used (since 1.32).
pub(crate) const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// How long a line may take to be written.
const WRITING: Duration = Duration::from_secs(10);

pub(crate) const ALL: &[(&str, Scenario)] = &[(
    "a_line_of_the_clusters_audit_log_leads_to_the_kubeconfig",
    a_line_of_the_clusters_audit_log_leads_to_the_kubeconfig,
)];

fn a_line_of_the_clusters_audit_log_leads_to_the_kubeconfig(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"user": "carol", "role": "viewer", "ttl": 900}))?;
    let file = stage.download(&issued, "download")?;
    succeeds(&stage.kubectl(&file, &["get", "configmaps", "--namespace", "kube-public"])?)?;
    let id = issued["id"].as_str().context("no id")?;
    let user = format!("system:serviceaccount:kubemint-viewer:{id}");
    let line = line_of(stage.first.audit_log(), &user)?;
    let credential = line["user"]["extra"][CREDENTIAL_ID][0].as_str();
    let credential = credential.with_context(|| format!("no credential-id in {line}"))?;
    ensure!(credential.starts_with("JTI="), "{credential}");
    leads_to(stage, credential, &issued, "carol")
}

/// The line of an audit log that says that somebody did something to configmaps.
pub(crate) fn line_of(log: &Path, user: &str) -> Result<Value> {
    let until = Instant::now() + WRITING;
    loop {
        let text = std::fs::read_to_string(log)?;
        let mut lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found = lines.find(|line| {
            line["user"]["username"] == user && line["objectRef"]["resource"] == "configmaps"
        });
        match found {
            Some(line) => return Ok(line),
            None => ensure!(Instant::now() < until, "{user} is not in {}", log.display()),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Looks for a credential in the trail, while the server writes it: it must be the kubeconfig's, with what policy said.
pub(crate) fn leads_to(stage: &Stage, credential: &str, issued: &Value, user: &str) -> Result<()> {
    let rows = stage.operator(&["audit", "find", "--jsonl", "--credential-id", credential])?;
    let rows: Vec<Value> = rows
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .with_context(|| format!("audit find printed {rows}"))?;
    let named = credential.strip_prefix("JTI=").unwrap_or(credential);
    let minted = rows
        .iter()
        .find(|row| row["kind"] == "download.granted" && row["detail"]["jti"] == named);
    let minted = minted.with_context(|| format!("no download of {credential} in {rows:?}"))?;
    ensure!(
        minted["uid"] == issued["uid"],
        "{minted} is not of {issued}"
    );
    ensure!(
        minted["kubeconfig"] == issued["id"],
        "{minted} is not of {issued}"
    );
    let asked = rows.iter().find(|row| row["kind"] == "issue.requested");
    let asked = asked.with_context(|| format!("nobody asked for it: {rows:?}"))?;
    ensure!(
        asked["subject"] == "alice" && asked["detail"]["user"] == user,
        "{asked}"
    );
    ensure!(asked["decision"]["allowed"] == true, "{asked}");
    let told = stage.operator(&["audit", "find", "--credential-id", credential])?;
    let link = issued["selfLink"].as_str().context("no selfLink")?;
    ensure!(told.contains(credential) && told.contains(link), "{told}");
    Ok(())
}
