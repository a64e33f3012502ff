//! The stage itself.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use kubeconfig_client::Client;
use kubemint_sandbox::{World, WorldOptions};
use kubemint_server::sandbox::{CLUSTER, Options, Sandbox};
use kubemint_server::serve::Running;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use slog::{Drain, Logger, o};

/// A world, and a server in it.
pub struct Stage {
    sandbox: Sandbox,
    running: Option<Running>,
    log: Captured,
    http: reqwest::Client,
    folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The `reason` of the first detail of an error body.
    #[must_use]
    pub fn reason(&self) -> String {
        self.json()["error"]["details"][0]["reason"].as_str().unwrap_or_default().to_owned()
    }
}

impl Stage {
    /// The documented example's cluster, and a server for it.
    pub async fn start() -> Self {
        Self::with(WorldOptions::with_clusters(&[CLUSTER])).await
    }

    /// A world of one's own making, and a server for it.
    pub async fn with(world: WorldOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options { world, ..Options::new(folder.path()) };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let log = Captured::default();
        let running = Some(sandbox.serve(&log.logger()).await.expect("a server"));
        Self { sandbox, running, log, http: reqwest::Client::new(), folder }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    /// The API's URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.running().url()
    }

    /// The API's address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running().address()
    }

    /// The issuer and the clusters.
    #[must_use]
    pub fn world(&self) -> &World {
        self.sandbox.world()
    }

    /// Where the server's files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that the server logged, at any level.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// A token of `subject` with these roles in the sandbox's project.
    #[must_use]
    pub fn token(&self, subject: &str, roles: &[&str]) -> String {
        self.sandbox.token(subject, roles)
    }

    /// The generated client with a token.
    #[must_use]
    pub fn client(&self, token: &str) -> Client {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is a header value");
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let http = reqwest::Client::builder().default_headers(headers).build().expect("a client");
        Client::new_with_client(&self.url(), http)
    }

    /// Sends a request as it is, and reads the answer.
    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::read(request).await
    }

    /// A request to change before it is sent with [`Stage::read`].
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url()))
    }

    /// Sends a request and reads its answer.
    pub async fn read(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a body") }
    }

    /// Reads from the internal listener.
    pub async fn internal(&self, path: &str) -> Answer {
        let url = format!("http://{}{path}", self.running().internal_address());
        Self::read(self.http.get(url)).await
    }

    /// Stops the server and starts another on the same files.
    pub async fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        self.running = Some(self.sandbox.serve(&self.log.logger()).await.expect("a server"));
    }

    /// Stops the server; the world goes on.
    pub async fn stop_server(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Stops everything.
    pub async fn stop(mut self) {
        self.stop_server().await;
        self.sandbox.stop().await;
    }
}

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn logger(&self) -> Logger {
        let json = slog_json::Json::default(self.clone());
        Logger::root(Mutex::new(json).fuse(), o!())
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
