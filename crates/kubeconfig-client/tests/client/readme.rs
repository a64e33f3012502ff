//! The README's lines about a client: they compile, and they are these.

use std::pin::pin;

use futures::TryStreamExt as _;
use kubeconfig_client::types::KubeconfigIssueRequest;
use kubeconfig_client::{Client, Filter};

use crate::fake::{Fake, TOKEN, refusal};

/// As the README has it.
#[allow(unused_variables, reason = "what is done with a kubeconfig is the reader's")]
#[rustfmt::skip]
async fn written(url: String, token: String) -> Result<(), Box<dyn std::error::Error>> {
let client = Client::with_token(&url, &token, Client::http())?;
let cluster = client.cluster("us-texas-1".parse()?, "project-x9y8z7".parse()?, "cluster-a1b2c3".parse()?);

let wanted = KubeconfigIssueRequest { role: Some("viewer".parse()?), ..Default::default() };
let issued = cluster.issue(wanted).await?;          // one, however often this call must send it
let file = cluster.download(&issued.id.unwrap()).await?;
let mut all = pin!(cluster.list(Filter::default())); // a stream over all pages
while let Some(kubeconfig) = all.try_next().await? { /* ... */ }
Ok(())
}

#[test]
fn what_compiles_here_is_what_the_readme_says() {
    let readme = include_str!("../../../../README.md");
    let (_, block) = readme.split_once("```rust,no_run\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert!(block.contains("Client::with_token"), "{block}");
    assert!(
        include_str!("readme.rs").contains(&format!("\n{block}Ok(())\n}}\n")),
        "{block}"
    );
}

#[tokio::test]
async fn the_readmes_lines_ask_for_a_viewer_of_the_documented_cluster() {
    let server = Fake::answering(&[refusal(404, "no_such_cluster")]).await;
    let failure = written(server.url(), TOKEN.to_owned()).await.unwrap_err();
    assert!(
        format!("{failure:?}").contains("no_such_cluster"),
        "{failure:?}"
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(
        seen[0].starts_with(
            "POST /v1/regions/us-texas-1/projects/project-x9y8z7/compute/clusters/cluster-a1b2c3/kubeconfigs "
        ),
        "{seen:?}"
    );
    assert!(seen[0].contains(r#""role":"viewer""#), "{seen:?}");
}
