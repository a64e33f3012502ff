//! One installation, its server's process as it comes and goes, and a client.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use crash::Plan;
use crash::talk::{Answer, Ask, Start};
use kubemint_store::PostgresOptions;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::child::{Child, was_killed};
use crate::notes::{Issued, Notes, Reply};
use crate::setting::Setting;
use crate::stage::{Stage, collection};

/// How long an issue may be pending, in milliseconds: long enough for a busy machine, short enough to wait for.
const PENDING: u64 = 1600;

/// How long a server may take to die once its work is done.
const SOON: Duration = Duration::from_secs(1);

/// The longest that anything may take to settle.
const SETTLING: Duration = Duration::from_secs(15);

/// An installation.
pub(crate) struct Run<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) notes: Notes,
    pub(crate) folder: TempDir,
    pub(crate) setting: Setting,
    /// Whether a handler of it was made to panic.
    pub(crate) panicked: bool,
    /// Where its records are, when they are in no file of the folder.
    pub(crate) database: Option<PostgresOptions>,
    /// What is tried, for messages.
    pub(crate) what: String,
    /// When the last server was there.
    pub(crate) started: Option<DateTime<Utc>>,
    /// When it was last seen that nothing was left to do.
    pub(crate) quiet_since: Option<DateTime<Utc>>,
    child: Option<Child>,
}

/// Someone who calls an installation's server, and notes what it was told.
pub(crate) struct Client<'a> {
    http: &'a reqwest::Client,
    url: String,
    token: String,
    what: &'a str,
    pub(crate) notes: Notes,
}

impl<'a> Run<'a> {
    pub(crate) async fn new(stage: &'a Stage, what: String) -> Self {
        Self::under(stage, what, Setting::Usual).await
    }

    pub(crate) async fn under(stage: &'a Stage, what: String, setting: Setting) -> Self {
        let (folder, database) = stage.installation(setting).await;
        Self {
            stage,
            notes: Notes::default(),
            folder,
            setting,
            panicked: false,
            database,
            what,
            started: None,
            quiet_since: None,
            child: None,
        }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Starts a server. `false`: it died of the plan before it served.
    pub(crate) async fn start(&mut self, plan: Plan) -> bool {
        assert!(self.child.is_none(), "{}: one server at a time", self.what);
        let start = Start {
            config: self.stage.config(self.folder.path()),
            plan,
            pending: PENDING,
            twin_wait: 4 * PENDING,
            sweep_after: 0,
            keep_keys: u64::try_from(self.setting.keep_keys().as_millis()).expect("not for ever"),
        };
        match Child::start(&start, &self.log()).await {
            Ok(child) => {
                self.started = Some(Utc::now());
                self.child = Some(child);
                true
            }
            Err(status) => {
                assert!(
                    was_killed(status),
                    "{}: {status}: {}",
                    self.what,
                    self.told()
                );
                false
            }
        }
    }

    /// What the server logged.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Starts a server without faults, and waits for its first sweep, or its first round where there is nothing to sweep.
    pub(crate) async fn start_well(&mut self) {
        assert!(self.start(Plan::Calm).await, "{}", self.what);
        let first = match self.setting {
            Setting::Certificates => "due",
            _ => "objects",
        };
        let swept = self.until(|seen, _| seen.iter().any(|call| call == first));
        assert!(swept.await, "{}: it died", self.what);
    }

    /// Another plan from now on. Returns the calls until now.
    pub(crate) async fn follow(&mut self, plan: Plan) -> Vec<String> {
        match self.ask(&Ask::Follow(plan)).await {
            Some(Answer::Seen(seen)) => seen,
            other => panic!("{}: {other:?}", self.what),
        }
    }

    async fn ask(&mut self, ask: &Ask) -> Option<Answer> {
        let child = self.child.as_mut().expect("a server was started");
        child.ask(ask).await
    }

    /// Waits until it is so of the calls that were made and the number of records that are not settled. `false`: the
    /// server died.
    pub(crate) async fn until(&mut self, so: impl Fn(&[String], usize) -> bool) -> bool {
        if self.child.is_none() {
            return false;
        }
        let end = Instant::now() + SETTLING;
        loop {
            let asked = Utc::now();
            let Some(left) = self.ask(&Ask::Quiet).await else {
                return false;
            };
            let Some(seen) = self.ask(&Ask::Seen).await else {
                return false;
            };
            let (Answer::Left(left), Answer::Seen(seen)) = (left, seen) else {
                panic!("{}: not what was asked", self.what);
            };
            if left == 0 {
                self.quiet_since = Some(asked);
            }
            if so(&seen, left) {
                return true;
            }
            let what = &self.what;
            assert!(
                Instant::now() < end,
                "{what}: {left} left, {seen:?}: {}",
                self.told()
            );
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until the reconciler has nothing left to do. `false`: the server died.
    pub(crate) async fn quiet(&mut self) -> bool {
        self.until(|_, left| left == 0).await
    }

    /// Whether the server dies by SIGKILL, soon; one that does not is ended so. It never ends otherwise.
    pub(crate) async fn died(&mut self) -> bool {
        let Some(mut child) = self.child.take() else {
            return true;
        };
        let ended = child.ended(SOON).await;
        if ended.is_none() {
            child.kill().await;
            return false;
        }
        let (what, told) = (&self.what, self.told());
        assert!(ended.is_some_and(was_killed), "{what}: {ended:?}: {told}");
        true
    }

    /// Ends the server by SIGKILL, wherever it is.
    pub(crate) async fn kill(&mut self) {
        if let Some(child) = self.child.take() {
            child.kill().await;
        }
    }

    /// Ends the server in order.
    pub(crate) async fn stop(&mut self) {
        if let Some(child) = self.child.take() {
            child.stop().await;
        }
    }

    /// Asks whether the server is ready, and what it counts. Whether it is; `None` if it is dead.
    pub(crate) async fn probed(&self) -> Option<bool> {
        let internal = &self.child.as_ref()?.internal;
        let ask = async |path: &str| {
            let asked = self.stage.http.get(format!("{internal}{path}"));
            asked.send().await.ok().map(|answer| answer.status())
        };
        let ready = ask("/readyz").await?;
        let counted = ask("/metrics").await?;
        assert!(counted.is_success(), "{}: {counted}", self.what);
        assert!(ready.is_success() || ready == 503, "{}: {ready}", self.what);
        Some(ready.is_success())
    }

    /// The server's process, to do with it what one likes.
    pub(crate) fn take_child(&mut self) -> Child {
        self.child.take().expect("a server was started")
    }

    /// Where the server is.
    pub(crate) fn url(&self) -> &str {
        // A server that died before it served is not there, as any that has died.
        let nowhere = "http://127.0.0.1:1";
        self.child.as_ref().map_or(nowhere, |child| &child.url)
    }

    /// Someone who calls the server.
    pub(crate) fn client(&self, token: &str) -> Client<'_> {
        self.client_at(self.url(), token)
    }

    /// Someone who calls a server there.
    pub(crate) fn client_at(&self, url: &str, token: &str) -> Client<'_> {
        Client {
            http: &self.stage.http,
            url: url.to_owned(),
            token: token.to_owned(),
            what: &self.what,
            notes: Notes::default(),
        }
    }

    /// Calls as the usual caller, and keeps what it was told.
    pub(crate) async fn alice<T>(&mut self, work: impl AsyncFnOnce(&mut Client<'_>) -> T) -> T {
        let mut client = self.client(self.stage.alice());
        let done = work(&mut client).await;
        let notes = client.notes;
        self.notes.add(notes);
        done
    }
}

impl Client<'_> {
    /// Sends a request; `None` if no answer came.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Option<Reply> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.url));
        request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.ok()?;
        let reply = Reply {
            status,
            headers,
            text,
        };
        reply.documented(&format!("{}: {method} {path}", self.what));
        Some(reply)
    }

    pub(crate) async fn issue(&mut self, body: &Value, key: Option<&str>) -> Option<Reply> {
        let reply = self
            .call(Method::POST, &collection(), Some(body), key)
            .await?;
        if reply.code() == 201 {
            self.notes.was_issued(&reply, key);
        }
        Some(reply)
    }

    /// Issues, which must be granted.
    pub(crate) async fn issued(&mut self, body: &Value, key: Option<&str>) -> Issued {
        let reply = self.issue(body, key).await.expect("an answer");
        assert_eq!(reply.code(), 201, "{}: {}", self.what, reply.text);
        let last = self.notes.issued.last();
        last.expect("it was noted").clone()
    }

    pub(crate) async fn get(&self, id: &str) -> Option<Reply> {
        let path = format!("{}/{id}", collection());
        self.call(Method::GET, &path, None, None).await
    }

    pub(crate) async fn download(&mut self, id: &str) -> Option<Reply> {
        let path = format!("{}/{id}/file", collection());
        let reply = self.call(Method::GET, &path, None, None).await?;
        if reply.code() == 200 {
            self.notes.was_delivered(id, &reply);
        }
        Some(reply)
    }

    /// Revokes everything that is alice's, at once: these, if nothing else is.
    pub(crate) async fn revoke_all(&mut self, ids: &[String]) -> Option<Reply> {
        self.notes.unwanted.extend(ids.iter().cloned());
        let path = collection().replace("/kubeconfigs", "/kubeconfig-revocations");
        let body = json!({"user": "alice"});
        let reply = self.call(Method::POST, &path, Some(&body), None).await?;
        let report = reply.json();
        if reply.code() == 200
            && report["complete"] == true
            && report["matched"] == report["revoked"]
        {
            self.notes.revoked.extend(ids.iter().cloned());
        }
        Some(reply)
    }

    pub(crate) async fn revoke(&mut self, id: &str) -> Option<Reply> {
        self.notes.unwanted.insert(id.to_owned());
        let path = format!("{}/{id}", collection());
        let reply = self.call(Method::DELETE, &path, None, None).await?;
        if reply.code() == 204 {
            self.notes.revoked.insert(id.to_owned());
        }
        Some(reply)
    }
}
