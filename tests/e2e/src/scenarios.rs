//! What must hold on a real cluster.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stage::{CERTIFIED, Stage};

pub(crate) type Scenario = fn(&Stage) -> Result<()>;

/// What nothing else may run beside.
pub(crate) const ALONE: &[(&str, Scenario)] = &[(
    "a_killed_server_goes_on_where_it_was",
    a_killed_server_goes_on_where_it_was,
)];

/// What waits for two minutes.
pub(crate) const LONG: &[(&str, Scenario)] = &[(
    "a_short_life_ends_within_10_seconds_of_its_expiry",
    a_short_life_ends_within_10_seconds_of_its_expiry,
)];

/// The others, by their sentences.
pub(crate) const ALL: &[(&str, Scenario)] = &[
    (
        "a_viewer_reads_cannot_write_and_knows_who_it_is",
        a_viewer_reads_cannot_write_and_knows_who_it_is,
    ),
    (
        "another_cluster_does_not_accept_the_token",
        another_cluster_does_not_accept_the_token,
    ),
    (
        "the_json_file_is_read_by_kubectl_too",
        the_json_file_is_read_by_kubectl_too,
    ),
    (
        "files_of_several_clusters_and_roles_merge",
        files_of_several_clusters_and_roles_merge,
    ),
    ("the_expiry_is_the_tokens_own", the_expiry_is_the_tokens_own),
    (
        "an_editor_writes_in_its_namespace_alone",
        an_editor_writes_in_its_namespace_alone,
    ),
    (
        "a_revoked_kubeconfig_is_refused_within_15_seconds",
        a_revoked_kubeconfig_is_refused_within_15_seconds,
    ),
];

fn a_viewer_reads_cannot_write_and_knows_who_it_is(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"user": "alice", "role": "viewer", "ttl": 900}))?;
    let file = stage.download(&issued, "download")?;
    succeeds(&stage.kubectl(&file, &["get", "pods", "--all-namespaces"])?)?;
    refused(
        &stage.kubectl(&file, &["create", "configmap", "x"])?,
        "forbidden",
    )?;
    refused(
        &stage.kubectl(&file, &["run", "x", "--image", "x"])?,
        "forbidden",
    )?;
    refused(&stage.kubectl(&file, &["get", "secrets"])?, "forbidden")?;
    let who = succeeds(&stage.kubectl(&file, &["auth", "whoami", "--output", "json"])?)?;
    let who: Value = serde_json::from_str(&who)?;
    let id = issued["id"].as_str().context("no id")?;
    let name = format!("system:serviceaccount:kubemint-viewer:{id}");
    ensure!(
        who["status"]["userInfo"]["username"] == name.as_str(),
        "whoami: {who}"
    );
    // The annotations say whose it is; the server's own rights do not let it read anything else.
    let account = [
        "--namespace",
        "kubemint-viewer",
        "get",
        "serviceaccount",
        id,
        "--output",
        "json",
    ];
    let account: Value = serde_json::from_str(&succeeds(
        &stage.kubectl(stage.first.admin_kubeconfig(), &account)?,
    )?)?;
    ensure!(
        account["metadata"]["annotations"]["kubemint.io/user"] == "alice",
        "{account}"
    );
    ensure!(
        account["automountServiceAccountToken"] == false,
        "{account}"
    );
    Ok(())
}

fn files_of_several_clusters_and_roles_merge(stage: &Stage) -> Result<()> {
    let viewer = json!({"user": "alice", "role": "viewer", "ttl": 900});
    let issued = [
        stage.issue(&viewer)?,
        stage.issue(&json!({"user": "alice", "role": "editor", "ttl": 900}))?,
        stage.issue_at(CERTIFIED, &viewer)?,
    ];
    let files = issued.each_ref().map(|one| stage.download(one, "file"));
    let files = files.into_iter().collect::<Result<Vec<_>>>()?;
    let merged = stage.merge(&files)?;
    let text: Value = serde_json::from_str(&std::fs::read_to_string(&merged)?)?;
    let count = |what: &str| text[what].as_array().map(Vec::len);
    ensure!(
        (count("contexts"), count("users")) == (Some(3), Some(3)),
        "a name hides another: {}",
        text["contexts"]
    );
    // Each context is still its own file's.
    for (issued, file) in issued.iter().zip(&files) {
        let id = issued["id"].as_str().context("no id")?;
        let context = succeeds(&stage.kubectl(file, &["config", "current-context"])?)?;
        let whoami = [
            "--context",
            context.trim(),
            "auth",
            "whoami",
            "--output",
            "json",
        ];
        let who = succeeds(&stage.kubectl(&merged, &whoami)?)?;
        let who: Value = serde_json::from_str(&who)?;
        let name = who["status"]["userInfo"]["username"].as_str();
        ensure!(name.is_some_and(|name| name.contains(id)), "{id}: {who}");
    }
    Ok(())
}

fn another_cluster_does_not_accept_the_token(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"user": "alice", "role": "viewer", "ttl": 900}))?;
    let file = stage.download(&issued, "file")?;
    succeeds(&stage.kubectl(&file, &["get", "pods"])?)?;
    let mut moved: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let cluster = &mut moved["clusters"][0]["cluster"];
    cluster["server"] = json!(stage.second.url());
    cluster
        .as_object_mut()
        .context("no cluster")?
        .remove("certificate-authority-data");
    cluster["certificate-authority"] = json!(stage.second.ca_file());
    let elsewhere = file.with_extension("moved");
    std::fs::write(&elsewhere, moved.to_string())?;
    // kubectl says Unauthorized for a 401.
    refused(
        &stage.kubectl(&elsewhere, &["get", "--raw", "/api/v1/pods"])?,
        "Unauthorized",
    )
}

fn the_json_file_is_read_by_kubectl_too(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"user": "alice", "role": "viewer", "ttl": 900}))?;
    let (json, yaml) = (
        stage.download(&issued, "file")?,
        stage.download(&issued, "download")?,
    );
    succeeds(&stage.kubectl(&json, &["get", "pods"])?)?;
    let view = |file: &Path| -> Result<Value> {
        let shown = stage.kubectl(file, &["config", "view", "--raw", "--output", "json"])?;
        let mut value: Value = serde_json::from_str(&succeeds(&shown)?)?;
        // Each download mints its own token; all else is equal.
        value["users"][0]["user"]["token"].take();
        Ok(value)
    };
    ensure!(
        view(&json)? == view(&yaml)?,
        "{:?} and {:?} differ",
        view(&json)?,
        view(&yaml)?
    );
    Ok(())
}

fn the_expiry_is_the_tokens_own(stage: &Stage) -> Result<()> {
    let now = || -> Result<i64> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(i64::try_from(now.as_secs())?)
    };
    for ttl in [600, 3600] {
        let before = now()?;
        let issued = stage.issue(&json!({"role": "viewer", "ttl": ttl}))?;
        let after = now()?;
        let file: Value =
            serde_json::from_str(&std::fs::read_to_string(stage.download(&issued, "file")?)?)?;
        let token = file["users"][0]["user"]["token"]
            .as_str()
            .context("no token")?;
        let exp = claims(token)?["exp"].as_i64().context("no exp")?;
        let expires = timestamp(&issued)?;
        let early = expires - exp;
        // With ttl 600 nothing shorter can be minted: the removal of the object ends it.
        ensure!(
            (0..=5).contains(&early) || (ttl == 600 && (-10..0).contains(&early)),
            "{expires} and {exp}"
        );
        // However long the issue took, it began and ended within these; a second is for what is cut off of each.
        ensure!(
            (before - 1..=after + 1).contains(&(expires - ttl)),
            "expiresAt {expires}, asked {ttl} from {before} to {after}"
        );
    }
    Ok(())
}

fn an_editor_writes_in_its_namespace_alone(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"role": "editor", "ttl": 900}))?;
    let file = stage.download(&issued, "download")?;
    succeeds(&stage.kubectl(&file, &["create", "configmap", "made-by-an-editor"])?)?;
    succeeds(&stage.kubectl(&file, &["delete", "configmap", "made-by-an-editor"])?)?;
    refused(
        &stage.kubectl(
            &file,
            &["--namespace", "kube-public", "create", "configmap", "x"],
        )?,
        "forbidden",
    )
}

fn a_revoked_kubeconfig_is_refused_within_15_seconds(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"user": "alice", "role": "viewer", "ttl": 900}))?;
    let file = stage.download(&issued, "download")?;
    succeeds(&stage.kubectl(&file, &["get", "pods"])?)?;
    let link = issued["selfLink"].as_str().context("no selfLink")?;
    let (status, body) = stage.call(Method::DELETE, link, None)?;
    ensure!(status == StatusCode::NO_CONTENT, "{status}: {body}");
    let took = until_refused(stage, &file, Duration::from_secs(15))?;
    eprintln!(
        "refused {:.1} s after the 204, in constant use",
        took.as_secs_f64()
    );
    let (status, _) = stage.call(Method::GET, link, None)?;
    ensure!(status == StatusCode::NOT_FOUND, "{status}");
    Ok(())
}

fn a_killed_server_goes_on_where_it_was(stage: &Stage) -> Result<()> {
    let issued = stage.issue(&json!({"user": "alice", "role": "viewer", "ttl": 900}))?;
    stage.crash_and_restart()?;
    let link = issued["selfLink"].as_str().context("no selfLink")?;
    let (status, body) = stage.call(Method::GET, link, None)?;
    ensure!(status == StatusCode::OK, "{status}: {body}");
    ensure!(serde_json::from_str::<Value>(&body)? == issued, "{body}");
    succeeds(&stage.kubectl(&stage.download(&issued, "download")?, &["get", "pods"])?)?;
    let (status, body) = stage.call(Method::DELETE, link, None)?;
    ensure!(status == StatusCode::NO_CONTENT, "{status}: {body}");
    Ok(())
}

fn a_short_life_ends_within_10_seconds_of_its_expiry(stage: &Stage) -> Result<()> {
    // The documented request, with a user and a role that this configuration knows.
    let issued = stage.issue(&json!({"user": "alice", "role": "viewer", "ttl": 123}))?;
    let file = stage.download(&issued, "download")?;
    let now = || -> Result<f64> {
        Ok(std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)?
            .as_secs_f64())
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact")]
    let expires = timestamp(&issued)? as f64;
    let left = expires - now()?;
    ensure!(
        (100.0..=124.0).contains(&left),
        "it should end in about 123 s, and ends in {left}"
    );
    // In constant use until the end: the API server's cache is at its freshest.
    while now()? < expires - 1.5 {
        succeeds(&stage.kubectl(&file, &["get", "--raw", "/api"])?)
            .context("refused before its expiry")?;
        std::thread::sleep(Duration::from_millis(500));
    }
    until_refused(stage, &file, Duration::from_secs(15))?;
    let late = now()? - expires;
    eprintln!("refused {late:.1} s after expiresAt, in constant use");
    ensure!(late <= 10.0, "still accepted {late} s after its expiry");
    let link = issued["selfLink"].as_str().context("no selfLink")?;
    let (status, body) = stage.call(Method::GET, &format!("{link}/download"), None)?;
    ensure!(status == StatusCode::CONFLICT, "{status}: {body}");
    Ok(())
}

/// How long until kubectl is refused.
pub(crate) fn until_refused(stage: &Stage, file: &Path, limit: Duration) -> Result<Duration> {
    let start = Instant::now();
    loop {
        let output = stage.kubectl(file, &["get", "--raw", "/api"])?;
        if !output.status.success() {
            refused(&output, "Unauthorized")?;
            return Ok(start.elapsed());
        }
        if start.elapsed() > limit {
            bail!("still accepted after {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

pub(crate) fn succeeds(output: &Output) -> Result<String> {
    ensure!(
        output.status.success(),
        "kubectl: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout.clone())?)
}

pub(crate) fn refused(output: &Output, why: &str) -> Result<()> {
    let told = String::from_utf8_lossy(&output.stderr).to_lowercase();
    ensure!(!output.status.success(), "kubectl was not refused");
    ensure!(
        told.contains(&why.to_lowercase()),
        "kubectl was refused, but not as {why}: {told}"
    );
    Ok(())
}

fn claims(token: &str) -> Result<Value> {
    use base64::Engine;
    let payload = token.split('.').nth(1).context("no JWT")?;
    Ok(serde_json::from_slice(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload)?,
    )?)
}

fn timestamp(issued: &Value) -> Result<i64> {
    let text = issued["expiresAt"].as_str().context("no expiresAt")?;
    Ok(chrono::DateTime::parse_from_rfc3339(text)?.timestamp())
}
