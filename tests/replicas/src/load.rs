//! Callers who issue without a pause, each as a careful client does: with an idempotency key, and again elsewhere when an
//! answer is lost.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use harness::{Stage, collection};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fleet::{Fleet, until};

/// How many call at a time.
const CALLERS: usize = 8;
/// How often one tries to have what it asked for.
const TRIES: usize = 3;
/// An issue of a replica that was killed is pending for a minute, and then given up.
const SETTLED: Duration = Duration::from_secs(90);

/// What the callers were told.
#[derive(Default)]
pub(crate) struct Told {
    /// What was acknowledged: the key, and the name.
    acknowledged: HashMap<String, String>,
    /// Every key that was used.
    keys: BTreeSet<String>,
    /// How often there was no answer, or one that asked to try again.
    trouble: usize,
}

/// Lets callers issue at all replicas while something is done to the fleet, and until it is done.
pub(crate) async fn under_load(fleet: &Fleet, replicas: usize, done: impl Future) -> Told {
    let told = Mutex::new(Told::default());
    let over = AtomicBool::new(false);
    let callers = (0..CALLERS).map(async |caller| {
        while !over.load(Ordering::Relaxed) {
            issue(fleet, replicas, caller, &told).await;
        }
    });
    let doing = async {
        done.await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(join_all(callers), doing);
    told.into_inner().unwrap()
}

async fn issue(fleet: &Fleet, replicas: usize, caller: usize, told: &Mutex<Told>) {
    let key = Uuid::new_v4().to_string();
    told.lock().unwrap().keys.insert(key.clone());
    for attempt in 0..TRIES {
        match ask(fleet, (caller + attempt) % replicas, &key).await {
            Some(name) => {
                told.lock().unwrap().acknowledged.insert(key, name);
                return;
            }
            None => told.lock().unwrap().trouble += 1,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The name that was acknowledged. The only other answer is one that says when to try again.
async fn ask(fleet: &Fleet, index: usize, key: &str) -> Option<String> {
    let body = json!({"role": "viewer", "ttl": 900});
    let request = fleet.request(index, Method::POST, &collection());
    let sent = request.header("Idempotency-Key", key).json(&body).send();
    // A replica that is gone or was broken off gives no answer.
    let answer = sent.await.ok()?;
    let status = answer.status();
    if status == 503 {
        assert!(answer.headers().contains_key("retry-after"));
        return None;
    }
    let text = answer.text().await.ok()?;
    assert_eq!(status, 201, "{text}");
    let issued: Value = serde_json::from_str(&text).unwrap();
    Some(issued["id"].as_str().unwrap().to_owned())
}

impl Told {
    /// How often a caller was told to try again, or nothing.
    pub(crate) fn trouble(&self) -> usize {
        self.trouble
    }

    /// Nothing that was acknowledged is lost, nothing exists twice or unknown, and the same key is answered the same.
    pub(crate) async fn is_true(&self, fleet: &Fleet, at: usize) {
        assert!(!self.acknowledged.is_empty());
        let listed = names(fleet, at).await;
        for name in self.acknowledged.values() {
            assert!(listed.contains(name), "{name} was acknowledged and is lost");
        }
        assert!(listed.len() <= self.keys.len(), "more than was asked for");
        let distinct: BTreeSet<&String> = self.acknowledged.values().collect();
        assert_eq!(
            distinct.len(),
            self.acknowledged.len(),
            "one name was given to two"
        );
        for (key, name) in self.acknowledged.iter().take(20) {
            assert_eq!(ask(fleet, at, key).await.as_ref(), Some(name));
        }
        until(SETTLED, "cluster and records agree", async || {
            fleet.accounts() == names(fleet, at).await
        })
        .await;
    }
}

/// The names of all that is active, page by page.
async fn names(fleet: &Fleet, at: usize) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut page = String::new();
    loop {
        let path = format!("{}?pageSize=500{page}", collection());
        let answer = Stage::read(fleet.request(at, Method::GET, &path)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        for listed in answer["kubeconfigs"].as_array().unwrap() {
            names.insert(listed["id"].as_str().unwrap().to_owned());
        }
        match answer["nextPageToken"].as_str() {
            Some(token) => page = format!("&pageToken={token}"),
            None => return names,
        }
    }
}
