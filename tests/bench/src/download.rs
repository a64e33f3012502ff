//! `bench download`: a download beside the least that it could be: its two commits, and one token of the cluster.

use anyhow::{Result, ensure};
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::runtime::Builder;

use crate::limit;
use crate::load::{Target, Template, connect};
use crate::pair::Pair;
use crate::subjects::Subject;

/// How many kubeconfigs are downloaded: one for each client.
const KUBECONFIGS: usize = 64;

/// Downloads, beside the commits and the call of one.
pub(crate) const PAIR: Pair = Pair {
    limit: Subject::TwoCommitsTwoCalls,
    does: "the same two commits and the same call",
    of_limit: |target| reading(target, limit::DOWNLOAD),
    name: "download",
    of_service: issued,
    clients: &[1, 8, 64],
};

/// Reads a path of the same server.
fn reading(target: &Target, path: &str) -> Target {
    Target {
        path: path.to_owned(),
        body: String::new(),
        ..target.clone()
    }
}

/// Issues kubeconfigs, and says how each is downloaded.
fn issued(target: &Target) -> Result<Vec<Target>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let template = Template::new(target)?;
    runtime.block_on(async {
        let mut sender = connect(target.address).await?;
        let mut downloads = Vec::new();
        for _ in 0..KUBECONFIGS {
            sender.ready().await?;
            let answer = sender.send_request(template.request()).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            ensure!(
                status == StatusCode::CREATED,
                "an issue was answered {status}"
            );
            let kubeconfig: Value = serde_json::from_slice(&body)?;
            let link = kubeconfig["selfLink"].as_str().unwrap_or_default();
            downloads.push(reading(target, &format!("{link}/download")));
        }
        Ok(downloads)
    })
}
