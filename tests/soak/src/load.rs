//! The load: requests that begin at times fixed beforehand, whatever the server does. A latency counts from the time at
//! which the request was to begin.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubemint_server::sandbox::CLUSTER;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::stage::{DEAD, Stage};
use crate::stories::{self, Bound, Story};

/// How many callers share the load.
const CALLERS: usize = 50;
/// One request in so many goes to the cluster that dies.
const TO_THE_DEAD: u64 = 20;
/// One request in so many is the first one of a story.
const STORIES: u64 = 12;
/// How many kubeconfigs there are at a time, about.
const POOL: usize = 300;
/// The most reasons of failures that are kept.
const REASONS: usize = 20;

/// What is asked, and what it is called in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Issue,
    Get,
    List,
    Download,
    Revoke,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Issue,
        Self::Get,
        Self::List,
        Self::Download,
        Self::Revoke,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Get => "get",
            Self::List => "list",
            Self::Download => "download",
            Self::Revoke => "revoke",
        }
    }
}

/// What came of it all.
#[derive(Default)]
pub(crate) struct Outcome {
    /// How long requests took, by their kind, each list sorted.
    pub(crate) latencies: BTreeMap<&'static str, Vec<Duration>>,
    /// Requests that failed and must not, and some reasons.
    pub(crate) failed: u64,
    pub(crate) reasons: Vec<String>,
    /// The names of those whose life has ended.
    pub(crate) ended: Vec<String>,
    /// How often a long life was refused because policy said so, and how often permitted.
    pub(crate) long: (u64, u64),
    /// Requests at the cluster that dies, and those of them that failed.
    pub(crate) at_the_dead: (u64, u64),
    /// How late requests began, at worst: the load's own fault.
    pub(crate) latest: Duration,
}

/// The load.
pub(crate) struct Load {
    client: Client,
    url: String,
    rate: u32,
    time: Duration,
    /// A token of each caller.
    tokens: Mutex<Vec<String>>,
    /// Kubeconfigs that nobody is using just now: the caller, and the link.
    pool: Mutex<Vec<(usize, String)>>,
    outcome: Mutex<Outcome>,
    /// What policy says of long lives.
    pub(crate) bound: Bound,
}

/// One request.
pub(crate) struct Asked {
    method: Method,
    path: String,
    caller: usize,
    body: Option<Value>,
    header: Option<(&'static str, String)>,
}

impl Asked {
    pub(crate) fn new(method: Method, path: &str, caller: usize) -> Self {
        Self {
            method,
            path: path.to_owned(),
            caller,
            body: None,
            header: None,
        }
    }

    pub(crate) fn body(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    pub(crate) fn header(self, header: Option<(&'static str, String)>) -> Self {
        Self { header, ..self }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Spreads numbers (splitmix64): what is asked is the same in every run.
fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Load {
    pub(crate) fn new(stage: &Stage, rate: u32, time: Duration) -> Self {
        Self {
            client: stage.client.clone(),
            url: stage.url.clone(),
            rate,
            time,
            tokens: Mutex::new(tokens(stage)),
            pool: Mutex::default(),
            outcome: Mutex::default(),
            bound: Bound::default(),
        }
    }

    /// The life of the kubeconfig of this name has ended.
    pub(crate) fn ended(&self, name: &str) {
        lock(&self.outcome).ended.push(name.to_owned());
    }

    /// Callers get tokens that are signed with the issuer's newest key.
    pub(crate) fn renew(&self, stage: &Stage) {
        *lock(&self.tokens) = tokens(stage);
    }

    /// Runs to the end.
    pub(crate) async fn run(self: Arc<Self>) -> Outcome {
        let start = Instant::now();
        let step = Duration::from_secs(1) / self.rate;
        let mut tasks = JoinSet::new();
        for number in 0.. {
            let at = start + step * number;
            if at >= start + self.time {
                break;
            }
            sleep_until(at).await;
            let load = Arc::clone(&self);
            tasks.spawn(async move { load.one(u64::from(number), at).await });
            while tasks.try_join_next().is_some() {}
        }
        while tasks.join_next().await.is_some() {}
        let mut outcome = std::mem::take(&mut *lock(&self.outcome));
        let counted = |count: &AtomicU64| count.load(Ordering::Relaxed);
        outcome.long = (counted(&self.bound.refused), counted(&self.bound.permitted));
        for latencies in outcome.latencies.values_mut() {
            latencies.sort_unstable();
        }
        outcome
    }

    async fn one(&self, number: u64, at: Instant) {
        let late = at.elapsed();
        let random = spread(number);
        let caller = (random >> 8) as usize % CALLERS;
        if random.is_multiple_of(TO_THE_DEAD) {
            let answer = self.issue(caller, DEAD).await;
            let mut outcome = lock(&self.outcome);
            outcome.at_the_dead.0 += 1;
            outcome.at_the_dead.1 += u64::from(answer.is_err());
            return;
        }
        if random.is_multiple_of(STORIES) {
            let story = Story::ALL[(random >> 40) as usize % Story::ALL.len()];
            let lived = stories::live(self, story, number, caller).await;
            let took = at.elapsed();
            let lived = lived.map(|(link, waited)| {
                lock(&self.pool).extend(link.map(|link| (caller, link)));
                took.saturating_sub(waited)
            });
            return self.note(story.name(), number, late, lived);
        }
        let (kind, done) = self.ask(random, caller).await;
        let took = at.elapsed();
        self.note(kind.name(), number, late, done.map(|()| took));
    }

    /// Notes how long something took, or why it failed.
    fn note(
        &self,
        kind: &'static str,
        number: u64,
        late: Duration,
        done: Result<Duration, String>,
    ) {
        let mut outcome = lock(&self.outcome);
        outcome.latest = outcome.latest.max(late);
        match done {
            Ok(took) => outcome.latencies.entry(kind).or_default().push(took),
            Err(reason) => {
                outcome.failed += 1;
                if outcome.reasons.len() < REASONS {
                    let after = number / u64::from(self.rate);
                    outcome
                        .reasons
                        .push(format!("{kind} at {after} s: {reason}"));
                }
            }
        }
    }

    /// Asks for something, as many issues as revocations in the long run.
    async fn ask(&self, random: u64, caller: usize) -> (Kind, Result<(), String>) {
        let wanted = Kind::ALL[(random >> 32) as usize % Kind::ALL.len()];
        if wanted == Kind::List {
            return (wanted, self.list(caller).await);
        }
        let taken = {
            let mut pool = lock(&self.pool);
            let place = (random >> 16) as usize % pool.len().max(1);
            let room = wanted == Kind::Issue && pool.len() < POOL;
            (!room && !pool.is_empty()).then(|| pool.swap_remove(place))
        };
        let Some((owner, link)) = taken else {
            let issued = self.issue(caller, CLUSTER).await;
            return (
                Kind::Issue,
                issued.map(|link| lock(&self.pool).push((caller, link))),
            );
        };
        let kind = if wanted == Kind::Issue {
            Kind::Revoke
        } else {
            wanted
        };
        let done = match kind {
            Kind::Revoke => {
                self.call(Asked::new(Method::DELETE, &link, owner), 204)
                    .await
            }
            Kind::Download => {
                let link = format!("{link}/download");
                self.call(Asked::new(Method::GET, &link, owner), 200).await
            }
            _ => self.call(Asked::new(Method::GET, &link, owner), 200).await,
        };
        if kind != Kind::Revoke {
            lock(&self.pool).push((owner, link));
        }
        (kind, done.map(drop))
    }

    async fn list(&self, caller: usize) -> Result<(), String> {
        let path = Stage::collection(CLUSTER) + "?pageSize=20";
        let list = self
            .call(Asked::new(Method::GET, &path, caller), 200)
            .await?;
        let list: Value = serde_json::from_str(&list).map_err(|error| error.to_string())?;
        list["kubeconfigs"]
            .as_array()
            .map(drop)
            .ok_or_else(|| "no list".to_owned())
    }

    async fn issue(&self, caller: usize, cluster: &str) -> Result<String, String> {
        let (path, body) = (Stage::collection(cluster), json!({"ttl": 3600}));
        let asked = Asked::new(Method::POST, &path, caller).body(body);
        let issued = self.call(asked, 201).await?;
        let issued: Value = serde_json::from_str(&issued).map_err(|error| error.to_string())?;
        let link = issued["selfLink"].as_str();
        link.map(str::to_owned)
            .ok_or_else(|| "no selfLink".to_owned())
    }

    /// The answer's body, if it has this status.
    pub(crate) async fn call(&self, asked: Asked, status: u16) -> Result<String, String> {
        let what = format!("{} {}", asked.method, asked.path);
        match self.answer(asked).await? {
            (found, text) if found == status => Ok(text),
            (found, text) => Err(format!("{what}: {found}: {text}")),
        }
    }

    /// The answer's status and body.
    pub(crate) async fn answer(&self, asked: Asked) -> Result<(u16, String), String> {
        let token = lock(&self.tokens)[asked.caller].clone();
        let url = format!("{}{}", self.url, asked.path);
        let mut request = self.client.request(asked.method, url).bearer_auth(token);
        if let Some((name, value)) = asked.header {
            request = request.header(name, value);
        }
        if let Some(body) = &asked.body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| chain(&error))?;
        let found = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| chain(&error))?;
        Ok((found, text))
    }
}

/// An error with what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn tokens(stage: &Stage) -> Vec<String> {
    let token = |caller| {
        stage
            .sandbox
            .token(&format!("caller-{caller}"), &["compute.admin"])
    };
    (0..CALLERS).map(token).collect()
}
