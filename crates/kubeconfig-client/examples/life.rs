//! A kubeconfig's life, with every operation of the API. Against the sandbox (`cargo run --bin kubemint-server -- sandbox` prints the
//! URL and the token):
//!
//! ```console
//! $ URL=http://127.0.0.1:PORT TOKEN=... cargo run -p kubeconfig-client --example life
//! ```
//!
//! A server whose certificate a private authority signed: `ROOTS=FILE`, with that authority's certificate as PEM.

use std::env::var;
use std::error::Error;

use futures::TryStreamExt as _;
use kubeconfig_client::reqwest::Certificate;
use kubeconfig_client::types::{
    KubeconfigIssueRequest, KubeconfigRevocationRequest, KubeconfigStatus,
};
use kubeconfig_client::{Client, Filter, reasons, refusal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut http = Client::http();
    if let Ok(roots) = var("ROOTS") {
        let roots = Certificate::from_pem_bundle(&std::fs::read(roots)?)?;
        http = http.tls_certs_only(roots);
    }
    let client = Client::with_token(&var("URL")?, &var("TOKEN")?, http)?;
    let cluster = client.cluster(
        "us-texas-1".parse()?,
        "project-x9y8z7".parse()?,
        "cluster-a1b2c3".parse()?,
    );

    // One, however often it must be sent: the client adds an idempotency key.
    let wanted = KubeconfigIssueRequest {
        user: Some("carol".parse()?),
        role: Some("viewer".parse()?),
        ttl: Some(900.try_into()?),
        ..Default::default()
    };
    let issued = cluster.issue(wanted.clone()).await?;
    let id = issued.id.ok_or("a kubeconfig has an id")?;
    println!("issued {} until {:?}", id.as_str(), issued.expires_at);
    println!("it is {:?}", cluster.get(&id).await?.status);

    let active = Filter::default().status(KubeconfigStatus::Active);
    let mut all = std::pin::pin!(cluster.list(active));
    while let Some(kubeconfig) = all.try_next().await? {
        println!("listed {:?}", kubeconfig.self_link);
    }

    // Both are secrets: neither shows itself.
    let text = cluster.download(&id).await?;
    println!("downloaded {} bytes", text.len());
    let value = cluster.file(&id).await?;
    println!("its context is {}", value.current_context.as_str());

    println!("revoked: {:?}", cluster.revoke(&id).await?);
    let refused = cluster.download(&id).await;
    match refused.as_ref().err().and_then(refusal) {
        Some(refused) if refused.reason == reasons::NO_SUCH_KUBECONFIG => {
            println!("a download is now refused: {refused}");
        }
        _ => return Err("what is revoked is not delivered".into()),
    }

    // All of carol's at once, for who may revoke anyone's.
    cluster.issue(wanted).await?;
    let carols = KubeconfigRevocationRequest {
        user: Some("carol".parse()?),
        ..Default::default()
    };
    let report = cluster.revoke_all(carols).await?;
    println!(
        "{} of {} are gone",
        report.revoked.get(),
        report.matched.get()
    );
    Ok(())
}
