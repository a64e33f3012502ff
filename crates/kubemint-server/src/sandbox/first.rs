//! The first run: start a sandbox, issue a kubeconfig through the generated client as a user would, and say what to
//! try next.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use kubeconfig_client::{ByteStream, Client};
use kubeconfig_types::KubeconfigIssueRequest;
use serde_json::json;

use super::{CLUSTER, Options, PROJECT, REGION, Sandbox, SandboxError, target, write_secret};
use crate::log::{Verbosity, logger};
use crate::out::{out, outln};
use crate::serve::asked_to_stop;

/// Who the first kubeconfig is issued for.
const USER: &str = "alice";

/// How the first run goes.
#[derive(Clone, Debug)]
pub struct FirstRun {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Issue, and exit.
    pub once: bool,
    /// The file to write the kubeconfig to.
    pub kubeconfig: PathBuf,
    /// Print one JSON line in place of the text.
    pub json: bool,
    /// How much is logged.
    pub verbosity: Verbosity,
}

/// Runs until the process is asked to stop, or once.
///
/// # Errors
/// See [`SandboxError`].
pub async fn run(wanted: FirstRun) -> Result<(), SandboxError> {
    target::check(&wanted.kubeconfig)?;
    let (log, _guard) = logger(wanted.verbosity);
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(Options {
        listen: wanted.listen,
        ..Options::new(folder.path())
    })
    .await?;
    let running = sandbox.serve(&log).await?;
    let bearer = sandbox.token(USER, &["compute.admin"]);
    let issued = issue(&running.url(), &bearer, &wanted.kubeconfig).await;
    let mut said = Ok(());
    if let Ok(self_link) = &issued {
        let cluster = sandbox.world().cluster().url();
        if wanted.json {
            let line = json!({
                "api": running.url(),
                "token": bearer,
                "selfLink": self_link,
                "kubeconfig": wanted.kubeconfig,
                "clusterServer": cluster,
            });
            said = outln!("{line}");
        } else {
            let text = told(&wanted, &running.url(), &sandbox, &bearer, self_link);
            said = out!("{text}");
        }
        if !wanted.once && said.is_ok() {
            asked_to_stop().await?;
        }
    }
    running.stop().await;
    sandbox.stop().await;
    issued?;
    Ok(said?)
}

/// Issues a kubeconfig and downloads it into `file`. Returns its `selfLink`.
async fn issue(api: &str, bearer: &str, file: &Path) -> Result<String, SandboxError> {
    let failed =
        |what: &str, why: &dyn std::fmt::Display| SandboxError::Issue(format!("{what}: {why}"));
    let mut headers = reqwest::header::HeaderMap::new();
    let mut value = reqwest::header::HeaderValue::from_str(&format!("Bearer {bearer}"))
        .map_err(|error| failed("the token", &error))?;
    value.set_sensitive(true);
    headers.insert(reqwest::header::AUTHORIZATION, value);
    let http = reqwest::Client::builder().default_headers(headers).build();
    let client = Client::new_with_client(api, http.map_err(|error| failed("the client", &error))?);
    let request = KubeconfigIssueRequest {
        role: Some(parse("viewer")?),
        ..Default::default()
    };
    let issued = client
        .issue_kubeconfig()
        .region(REGION)
        .project(PROJECT)
        .cluster_id(CLUSTER)
        .body(request)
        .send()
        .await
        .map_err(|error| failed("issueKubeconfig", &error))?
        .into_inner();
    let id = issued
        .id
        .ok_or_else(|| failed("issueKubeconfig", &"no id in the answer"))?;
    let yaml = client
        .download_kubeconfig()
        .region(REGION)
        .project(PROJECT)
        .cluster_id(CLUSTER)
        .id(id)
        .send()
        .await
        .map_err(|error| failed("downloadKubeconfig", &error))?;
    write_secret(file, &text(yaml.into_inner()).await?)?;
    let self_link = issued
        .self_link
        .ok_or_else(|| failed("issueKubeconfig", &"no selfLink in the answer"))?;
    Ok(self_link.to_string())
}

/// A downloaded file as text.
async fn text(mut stream: ByteStream) -> Result<String, SandboxError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk
            .map_err(|error| SandboxError::Issue(format!("the download broke off: {error}")))?;
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| SandboxError::Issue("the file is not text".to_owned()))
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, SandboxError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| SandboxError::Issue(format!("{text:?}: {error}")))
}

/// What a person is told.
fn told(wanted: &FirstRun, api: &str, sandbox: &Sandbox, bearer: &str, self_link: &str) -> String {
    let file = wanted.kubeconfig.display();
    if wanted.once {
        return format!(
            "Issued {self_link}\nfor {USER}, role viewer, one hour, and wrote {file}. Its sandbox has ended with this \
             command; run it without --once to use the file.\n"
        );
    }
    let issuer = sandbox.world().issuer().url();
    let cluster = sandbox.world().cluster().url();
    let collection = self_link
        .rsplit_once('/')
        .map_or(self_link, |(collection, _)| collection);
    format!(
        r#"kubemint sandbox: the server, an OIDC issuer and a Kubernetes API subset, all on loopback.

  API         {api}   (its document: {api}/openapi.json)
  issuer      {issuer}
  cluster     {cluster}
  kubeconfig  {file}   (role viewer, for {USER}, one hour)

Try next, in another terminal:

  kubectl --kubeconfig {file} auth whoami
  kubectl --kubeconfig {file} get pods

  TOKEN={bearer}
  curl -sS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{{"user": "bob", "role": "viewer", "ttl": 900}}' {api}{collection}
  curl -sS -H "Authorization: Bearer $TOKEN" {api}{collection}
  curl -sS -X DELETE -H "Authorization: Bearer $TOKEN" {api}{self_link}

It serves until Ctrl-C. Nothing is kept.
"#
    )
}
