//! What takes several requests, and what must be answered to each: the same answer twice, a list page by page, everything of
//! one user revoked, a short life that ends, and the longest life that policy permits just now.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kubemint_server::sandbox::CLUSTER;
use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::load::{Asked, Load};
use crate::stage::{LONGEST, SHORTEST, Stage};

/// How long after its end a credential may still be told as active.
const LATE: Duration = Duration::from_secs(3);
/// How long after a change of the policies the answers may be those of before.
const SETTLED: Duration = Duration::from_secs(5);
/// How many kubeconfigs a user has who leaves.
const OF_A_LEAVER: usize = 3;
/// How many pages of a list are read.
const PAGES: usize = 3;

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Story {
    Replay,
    Pages,
    Leaver,
    Short,
    Long,
}

impl Story {
    pub(crate) const ALL: [Self; 5] = [
        Self::Replay,
        Self::Pages,
        Self::Leaver,
        Self::Short,
        Self::Long,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Pages => "pages",
            Self::Leaver => "leaver",
            Self::Short => "short life",
            Self::Long => "long life",
        }
    }
}

/// Whether policy bounds the time to live just now, and what was answered because of it.
#[derive(Default)]
pub(crate) struct Bound {
    /// Since when it does, or does not; none before the first change.
    since: Mutex<Option<Instant>>,
    bounded: AtomicBool,
    pub(crate) refused: AtomicU64,
    pub(crate) permitted: AtomicU64,
}

impl Bound {
    /// The policies have changed.
    pub(crate) fn set(&self, bounded: bool) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = Some(Instant::now());
        self.bounded.store(bounded, Ordering::SeqCst);
    }

    /// Whether it does, if that was so for long enough before `began` and is still.
    fn known(&self, began: Instant) -> Option<bool> {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = since.is_none_or(|since| began >= since + SETTLED);
        settled.then(|| self.bounded.load(Ordering::SeqCst))
    }
}

/// Lives through it; returns what was issued and is to be used by others, and how long it did nothing but wait.
pub(crate) async fn live(
    load: &Load,
    story: Story,
    number: u64,
    caller: usize,
) -> Result<(Option<String>, Duration), String> {
    let none = (None, Duration::ZERO);
    match story {
        Story::Replay => Ok((Some(replay(load, number, caller).await?), Duration::ZERO)),
        Story::Pages => pages(load, caller).await.map(|()| none),
        Story::Leaver => leaver(load, number, caller).await.map(|()| none),
        Story::Short => short(load, caller).await.map(|waited| (None, waited)),
        Story::Long => long(load, caller).await.map(|link| (link, Duration::ZERO)),
    }
}

/// An issue of a chosen name is sent three times with one key, and answered three times the same; with the key and another
/// body it is a conflict, and so is the name without the key.
async fn replay(load: &Load, number: u64, caller: usize) -> Result<String, String> {
    let (key, name) = (format!("soak-{number}"), format!("soak-{number}"));
    let path = Stage::collection(CLUSTER);
    let issue = |ttl: u32, key: Option<&str>| {
        let body = json!({"ttl": ttl, "id": name});
        let key = key.map(|key| ("Idempotency-Key", key.to_owned()));
        Asked::new(Method::POST, &path, caller)
            .body(body)
            .header(key)
    };
    let (first, second) = tokio::join!(
        load.call(issue(3600, Some(&key)), 201),
        load.call(issue(3600, Some(&key)), 201)
    );
    let (first, second) = (first?, second?);
    let third = load.call(issue(3600, Some(&key)), 201).await?;
    if first != second || first != third {
        return Err(format!("answers that differ: {first} {second} {third}"));
    }
    load.call(issue(3601, Some(&key)), 409).await?;
    load.call(issue(3600, None), 409).await?;
    let issued = parsed(&first)?;
    if issued["id"] != name.as_str() {
        return Err(format!("another name: {first}"));
    }
    link(&issued)
}

/// The first pages of a list: what is on one is on no other.
async fn pages(load: &Load, caller: usize) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut token = String::new();
    for _ in 0..PAGES {
        let path = format!("{}?pageSize=7{token}", Stage::collection(CLUSTER));
        let page = load
            .call(Asked::new(Method::GET, &path, caller), 200)
            .await?;
        let page = parsed(&page)?;
        let items = page["kubeconfigs"].as_array().ok_or("no list")?;
        for item in items {
            if !seen.insert(link(item)?) {
                return Err(format!("twice in a list: {item}"));
            }
        }
        match page["nextPageToken"].as_str() {
            Some(_) if items.len() != 7 => {
                return Err("a page that is not full, and not the last".to_owned());
            }
            Some(next) => token = format!("&pageToken={next}"),
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Someone leaves: all that they have is revoked at once, and is there no more.
async fn leaver(load: &Load, number: u64, caller: usize) -> Result<(), String> {
    let user = format!("leaver-{number}");
    let path = Stage::collection(CLUSTER);
    let mut links = Vec::new();
    for _ in 0..OF_A_LEAVER {
        let body = json!({"ttl": 3600, "user": user});
        let asked = Asked::new(Method::POST, &path, caller).body(body);
        links.push(link(&parsed(&load.call(asked, 201).await?)?)?);
    }
    let all = path.replace("/kubeconfigs", "/kubeconfig-revocations");
    let asked = Asked::new(Method::POST, &all, caller).body(json!({"user": user}));
    let report = parsed(&load.call(asked, 200).await?)?;
    if report["matched"] != OF_A_LEAVER
        || report["revoked"] != OF_A_LEAVER
        || report["complete"] != true
    {
        return Err(format!("not all of {OF_A_LEAVER} are revoked: {report}"));
    }
    for link in links {
        load.call(Asked::new(Method::GET, &link, caller), 404)
            .await?;
    }
    Ok(())
}

/// A life that ends: it is told as over, and no file comes of it any more. Its object is looked for at the end of the run.
async fn short(load: &Load, caller: usize) -> Result<Duration, String> {
    let body = json!({"ttl": SHORTEST.as_secs()});
    let asked = Asked::new(Method::POST, &Stage::collection(CLUSTER), caller).body(body);
    let issued = parsed(&load.call(asked, 201).await?)?;
    let link = link(&issued)?;
    let began = Instant::now();
    sleep(SHORTEST + LATE).await;
    let waited = began.elapsed();
    let now = parsed(
        &load
            .call(Asked::new(Method::GET, &link, caller), 200)
            .await?,
    )?;
    if now["status"] != "expired" {
        return Err(format!("over, and told as {}", now["status"]));
    }
    let file = format!("{link}/download");
    let asked = Asked::new(Method::GET, &file, caller)
        .header(Some((header::ACCEPT.as_str(), "*/*".to_owned())));
    load.call(asked, 409).await?;
    load.ended(issued["id"].as_str().unwrap_or_default());
    Ok(waited)
}

/// A life that is longer than policy permits for a while: whichever policies apply say so.
async fn long(load: &Load, caller: usize) -> Result<Option<String>, String> {
    let began = Instant::now();
    let body = json!({"ttl": LONGEST + 1});
    let asked = Asked::new(Method::POST, &Stage::collection(CLUSTER), caller).body(body);
    let (status, text) = load.answer(asked).await?;
    let bounded = load.bound.known(began);
    match (status, bounded) {
        (201, Some(false) | None) => {
            load.bound.permitted.fetch_add(1, Ordering::Relaxed);
            link(&parsed(&text)?).map(Some)
        }
        (400, Some(true) | None) if told_longest(&parsed(&text)?) => {
            load.bound.refused.fetch_add(1, Ordering::Relaxed);
            Ok(None)
        }
        _ => Err(format!(
            "where policy bounds the time ({bounded:?}): {status}: {text}"
        )),
    }
}

/// Whether the error tells the longest time to live.
fn told_longest(error: &Value) -> bool {
    let details = error["error"]["details"]
        .as_array()
        .or_else(|| error["details"].as_array());
    let is_it = |detail: &Value| detail["reason"] == "ttl_maximum" && detail["limit"] == LONGEST;
    details.is_some_and(|details| details.iter().any(is_it))
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))
}

fn link(issued: &Value) -> Result<String, String> {
    let link = issued["selfLink"].as_str();
    link.map(str::to_owned)
        .ok_or_else(|| "no selfLink".to_owned())
}
