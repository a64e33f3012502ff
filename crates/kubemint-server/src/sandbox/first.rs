//! The first run: start a sandbox, issue a kubeconfig through the generated client as a user would, and say what to
//! try next.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use kubeconfig_client::{Client, Failure, refusal};
use kubeconfig_types::KubeconfigIssueRequest;
use serde_json::json;

use super::{CLUSTER, Options, PROJECT, REGION, Sandbox, SandboxError, target, write_secret};
use crate::edge::chain;
use crate::log::{Verbosity, logger};
use crate::out::{out, outln};
use crate::signals::Signals;

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
            Signals::listen()?.next().await;
        }
    }
    running.stop().await;
    sandbox.stop().await;
    issued?;
    Ok(said?)
}

/// Issues a kubeconfig and downloads it into `file`. Returns its `selfLink`.
async fn issue(api: &str, bearer: &str, file: &Path) -> Result<String, SandboxError> {
    // It is on loopback, where no proxy is to hear of it.
    let client = Client::with_token(api, bearer, Client::http())
        .map_err(|error| failed("the client", &chain(&error)))?;
    let cluster = client.cluster(parse(REGION)?, parse(PROJECT)?, parse(CLUSTER)?);
    let wanted = KubeconfigIssueRequest {
        role: Some(parse("viewer")?),
        ..Default::default()
    };
    let issued = cluster.issue(wanted).await;
    let issued = issued.map_err(|error| refused("issueKubeconfig", &error))?;
    let (Some(id), Some(self_link)) = (issued.id, issued.self_link) else {
        return Err(failed("issueKubeconfig", "no id or selfLink in the answer"));
    };
    let yaml = cluster.download(&id).await;
    let yaml = yaml.map_err(|error| refused("downloadKubeconfig", &error))?;
    write_secret(file, &yaml)?;
    Ok(self_link.to_string())
}

fn failed(what: &str, why: &str) -> SandboxError {
    SandboxError::Issue(format!("{what}: {why}"))
}

/// What a person is told of an answer.
fn refused(what: &str, error: &Failure) -> SandboxError {
    let why = refusal(error).map_or_else(|| chain(error), |refusal| refusal.to_string());
    failed(what, &why)
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, SandboxError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| failed(&format!("{text:?}"), &error.to_string()))
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
