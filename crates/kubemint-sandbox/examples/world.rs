//! Starts a world and keeps it until Ctrl-C: for looking at it with curl and kubectl.
//!
//! Writes one kubeconfig per role, and one for the administrator, into the folder given as the only argument.

use std::error::Error;
use std::path::Path;

use kubemint_sandbox::{Cluster, World, WorldOptions};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: world FOLDER")?;
    let world = World::start(WorldOptions::default()).await?;
    let cluster = world.cluster();
    println!("issuer   {}", world.issuer().url());
    println!("cluster  {}", cluster.url());
    println!(
        "bearer   {}",
        world.issuer().mint(world.issuer().claims("alice"))
    );
    write(&folder, "admin", cluster, cluster.admin_token())?;
    write(&folder, "service", cluster, &cluster.service_token())?;
    for role in ["viewer", "editor", "cluster-admin"] {
        let token = token(cluster, &format!("kubemint-{role}")).await?;
        write(&folder, role, cluster, &token)?;
    }
    tokio::signal::ctrl_c().await?;
    world.stop().await;
    Ok(())
}

fn write(folder: &str, name: &str, cluster: &Cluster, token: &str) -> Result<(), Box<dyn Error>> {
    let file = Path::new(folder).join(format!("{name}.kubeconfig"));
    std::fs::write(&file, cluster.kubeconfig(token).to_string())?;
    println!(
        "try      kubectl --kubeconfig {} auth whoami",
        file.display()
    );
    Ok(())
}

/// What kubemint does to issue: a ServiceAccount in the role's namespace, then a token of it.
async fn token(cluster: &Cluster, namespace: &str) -> Result<String, Box<dyn Error>> {
    let authority = reqwest::Certificate::from_pem(cluster.ca_pem().as_bytes())?;
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .build()?;
    let accounts = format!(
        "{}/api/v1/namespaces/{namespace}/serviceaccounts",
        cluster.url()
    );
    let post = async |url: String, body: Value| -> Result<Value, Box<dyn Error>> {
        let request = client
            .post(url)
            .bearer_auth(cluster.service_token())
            .json(&body);
        Ok(request.send().await?.error_for_status()?.json().await?)
    };
    post(accounts.clone(), json!({"metadata": {"name": "alice"}})).await?;
    let request = json!({"spec": {"expirationSeconds": 3600}});
    let answer = post(format!("{accounts}/alice/token"), request).await?;
    Ok(answer["status"]["token"]
        .as_str()
        .ok_or("no token in the answer")?
        .to_owned())
}
