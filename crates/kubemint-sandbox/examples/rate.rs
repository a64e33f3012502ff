//! How many issues (create a ServiceAccount, mint a token) and how many mere TokenRequests per second a sandbox
//! cluster answers. Prints both; client and cluster share the process and its cores.

use std::error::Error;
use std::time::{Duration, Instant};

use kubemint_sandbox::{Cluster, ClusterOptions};
use serde_json::json;

const CLIENTS: usize = 16;
const TIME: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cluster = Cluster::start(None, ClusterOptions::default()).await?;
    for create in [true, false] {
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for number in 0..CLIENTS {
            let authority = reqwest::Certificate::from_pem(cluster.ca_pem().as_bytes())?;
            let client = reqwest::Client::builder()
                .tls_certs_only([authority])
                .build()?;
            let accounts = format!(
                "{}/api/v1/namespaces/kubemint-viewer/serviceaccounts",
                cluster.url()
            );
            let token = cluster.service_token();
            tasks.push(tokio::spawn(async move {
                let mut done = 0_u64;
                let post = async |url: String, body: serde_json::Value| {
                    let request = client.post(url).bearer_auth(&token).json(&body);
                    let answer = request.send().await.expect("an answer");
                    assert!([201, 409].contains(&answer.status().as_u16()), "{answer:?}");
                    answer.bytes().await.expect("a body");
                };
                while begun.elapsed() < TIME {
                    let name = if create {
                        format!("sa-{number}-{done}")
                    } else {
                        format!("sa-{number}-0")
                    };
                    if create {
                        post(accounts.clone(), json!({"metadata": {"name": name}})).await;
                    }
                    let body = json!({"spec": {"expirationSeconds": 600}});
                    post(format!("{accounts}/{name}/token"), body).await;
                    done += 1;
                }
                done
            }));
        }
        let mut done = 0;
        for task in tasks {
            done += task.await?;
        }
        let what = if create { "issues" } else { "tokens" };
        println!(
            "{what} per second: {:.0}",
            done as f64 / begun.elapsed().as_secs_f64()
        );
    }
    cluster.stop().await;
    Ok(())
}
