//! The stage itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kubeconfig_client::Client;
use kubemint::audit::Event;
use kubemint_sandbox::{World, WorldOptions};
use kubemint_server::config::Config;
use kubemint_server::sandbox::{Options, Sandbox};
use kubemint_server::serve::{Running, StartError};
use kubemint_store::{SqliteStore, Trail};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::log::Captured;
use crate::process::Process;
use crate::setting::Setting;

/// How long a server that was broken off may take to let go of its files.
const LETTING_GO: Duration = Duration::from_secs(10);

/// A world, and a server in it.
pub struct Stage {
    sandbox: Sandbox,
    setting: Setting,
    server: Option<Process>,
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
        self.json()["error"]["details"][0]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Stage {
    /// The documented example's cluster, and a server for it.
    pub async fn start() -> Self {
        Setting::default().start().await
    }

    /// A world of one's own making, and a server for it.
    pub async fn with(world: WorldOptions) -> Self {
        Setting::default().world(world).start().await
    }

    pub(crate) async fn set(setting: Setting) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options {
            world: setting.world.clone(),
            ..Options::new(folder.path())
        };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let mut text = std::fs::read_to_string(sandbox.config_file()).expect("a configuration");
        for (from, to) in &setting.edits {
            assert!(text.contains(from), "{from:?} is not in {text}");
            text = text.replace(
                from,
                &to.replace("{issuer}", sandbox.world().issuer().url()),
            );
        }
        std::fs::write(sandbox.config_file(), text).expect("a configuration");
        let mut stage = Self {
            sandbox,
            setting,
            server: None,
            log: Captured::default(),
            http: reqwest::Client::new(),
            folder,
        };
        stage.server = Some(stage.another_server().await.expect("a server"));
        stage
    }

    async fn another_server(&self) -> Result<Process, StartError> {
        let mut config = Config::read(self.sandbox.config_file()).expect("a configuration");
        for change in &self.setting.changes {
            change(&mut config);
        }
        Process::start(config, self.log.logger()).await
    }

    fn running(&self) -> &Running {
        &self.server.as_ref().expect("the server runs").running
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
        let mut value =
            HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is a header value");
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .build()
            .expect("a client");
        Client::new_with_client(&self.url(), http)
    }

    /// Sends a request as it is, and reads the answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
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
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url()))
    }

    /// Sends a request and reads its answer.
    pub async fn read(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            text: response.text().await.expect("a body"),
        }
    }

    /// Reads from the internal listener.
    pub async fn internal(&self, path: &str) -> Answer {
        Self::read(self.internal_request(path)).await
    }

    /// A request to the internal listener.
    pub fn internal_request(&self, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.running().internal_address());
        self.http.get(url)
    }

    /// Stops the server and starts another on the same files.
    pub async fn restart(&mut self) {
        self.stop_server().await;
        self.start_server().await.expect("a server");
    }

    /// Stops the server in order; the world goes on.
    pub async fn stop_server(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Breaks the server off wherever it is, as a crash would; the world goes on. What it was doing is not finished.
    pub async fn crash(&mut self) {
        let Some(server) = self.server.take() else {
            return;
        };
        server.crash();
        self.settled().await;
    }

    /// Waits until a server that was broken off has let go of its files: a process that ended has, and a runtime
    /// that ends takes a moment.
    pub async fn settled(&self) {
        let end = Instant::now() + LETTING_GO;
        while let Err(error) = self.store() {
            assert!(Instant::now() < end, "it does not let go: {error}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Starts a server on the same files, beside the one that may be running.
    ///
    /// # Errors
    /// The server does not start.
    pub async fn start_server(&mut self) -> Result<(), StartError> {
        self.server = Some(self.another_server().await?);
        Ok(())
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder().join("kubemint.db")
    }

    fn store(&self) -> Result<SqliteStore, kubemint_store::OpenError> {
        SqliteStore::open(kubemint_store::Options::new(self.database()))
    }

    /// Stops the server in order, and reads the audit trail that it left, oldest first.
    pub async fn stop_and_read_audit(&mut self) -> Vec<Event> {
        self.stop_server().await;
        let store = self.store().expect("the store");
        let mut events = Vec::new();
        let mut after = 0;
        loop {
            let page = store.events(after, 1000).await.expect("events");
            let Some((last, _)) = page.last() else {
                return events;
            };
            after = *last;
            events.extend(page.into_iter().map(|(_, event)| event));
        }
    }

    /// Stops everything. No handler may have panicked.
    pub async fn stop(mut self) {
        self.stop_server().await;
        self.sandbox.stop().await;
        let log = self.log.text();
        assert!(!log.contains("panicked"), "{log}");
    }
}
