//! A kubeconfig's life. Against the sandbox (`cargo run --bin kubemint-server -- sandbox` prints the URL and the token):
//!
//! ```console
//! $ URL=http://127.0.0.1:PORT TOKEN=... cargo run -p kubeconfig-client --example life
//! ```

use std::env::var;
use std::error::Error;

use futures::TryStreamExt as _;
use kubeconfig_client::{Client, Filter, reason};
use kubeconfig_types::{KubeconfigIssueRequest, KubeconfigStatus};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::with_token(&var("URL")?, &var("TOKEN")?, Client::http())?;
    let cluster = client.cluster(
        "us-texas-1".parse()?,
        "project-x9y8z7".parse()?,
        "cluster-a1b2c3".parse()?,
    );

    // One, however often it must be sent: the client adds an idempotency key.
    let wanted = KubeconfigIssueRequest {
        role: Some("viewer".parse()?),
        ttl: Some(900.try_into()?),
        ..Default::default()
    };
    let issued = cluster.issue(wanted).await?;
    let id = issued.id.ok_or("a kubeconfig has an id")?;
    println!("issued {} until {:?}", id.as_str(), issued.expires_at);

    let active = Filter {
        status: Some(KubeconfigStatus::Active),
        ..Filter::default()
    };
    let mut all = std::pin::pin!(cluster.list(active));
    while let Some(kubeconfig) = all.try_next().await? {
        println!("listed {:?}", kubeconfig.self_link);
    }

    println!("downloaded {} bytes", cluster.download(&id).await?.len());
    cluster.revoke(&id).await?;
    let refused = cluster.download(&id).await;
    println!(
        "revoked; a download is now refused: {:?}",
        refused.as_ref().err().and_then(reason)
    );
    Ok(())
}
