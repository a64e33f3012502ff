//! A handler that panics: whoever asked is told, the trail tells of it, and nothing is left that is not mended.

use std::time::{Duration, Instant};

use crash::{Harm, Plan};
use kubemint::audit::{Event, Kind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::invariants;
use crate::run::{Client, Run};
use crate::scenario::before;
use crate::stage::{Stage, collection};

/// How often what is asked about is issued until it is granted, on a machine that may be busy.
const ATTEMPTS: u32 = 5;

/// How long it may take until the trail tells of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked, and the call that panics.
const ACTS: [(&str, &str); 6] = [
    ("issueKubeconfig", "begin_issue"),
    ("issueKubeconfig", "create"),
    ("issueKubeconfig", "activate"),
    ("getKubeconfigFile", "mint"),
    ("revokeKubeconfig", "begin_revoke"),
    ("listKubeconfigs", "list"),
];

async fn granted(run: &mut Run<'_>, body: &Value) -> String {
    for _ in 0..ATTEMPTS {
        let issue = async |alice: &mut Client<'_>| alice.issue(body, None).await;
        let reply = run.alice(issue).await.expect("an answer");
        if reply.code() == 201 {
            return run.notes.issued.last().expect("it was noted").id.clone();
        }
    }
    panic!("{}: never granted", run.what);
}

/// Asks as alice. The answer's code, reason and request.
async fn asked(run: &mut Run<'_>, operation: &str, id: &str, body: &Value) -> (u16, Value, String) {
    let one = format!("{}/{id}", collection());
    let (method, path) = match operation {
        "issueKubeconfig" => (Method::POST, collection()),
        "listKubeconfigs" => (Method::GET, collection()),
        "revokeKubeconfig" => {
            run.notes.unwanted.insert(id.to_owned());
            (Method::DELETE, one)
        }
        _ => (Method::GET, format!("{one}/file")),
    };
    let url = format!("{}{path}", run.url());
    let mut request = run.stage.http.request(method.clone(), url);
    request = request.bearer_auth(run.stage.alice());
    if method == Method::POST {
        request = request.json(body);
    }
    let answer = request.send().await.expect("an answer");
    let code = answer.status().as_u16();
    let request_id = answer.headers()["x-request-id"].to_str().expect("text");
    let request_id = request_id.to_owned();
    let body: Value = answer.json().await.expect("an answer of the API");
    (code, body["error"].clone(), request_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_panics_is_in_the_trail_and_leaves_nothing() {
    let stage = &Stage::start().await;
    let mut run = Run::new(stage, "panics".to_owned()).await;
    run.panicked = true;
    run.start_well().await;
    let body = json!({"ttl": 900});
    let mut told = Vec::new();
    for (operation, call) in ACTS {
        let id = granted(&mut run, &body).await;
        run.follow(Plan::At(vec![(before(call), Harm::Panic)]))
            .await;
        let (code, error, request) = asked(&mut run, operation, &id, &body).await;
        assert_eq!(code, 500, "{operation}, {call}: {error}");
        assert!(!error.to_string().contains("injected"), "{error}");
        run.follow(Plan::Calm).await;
        told.push((operation, request, id));
    }
    assert!(run.quiet().await, "it died");
    // Whoever asks again is served.
    granted(&mut run, &body).await;
    // A row that tells of a panic is written beside the answer.
    let end = Instant::now() + PATIENCE;
    while run.told().matches("handler panicked").count() < ACTS.len() && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    run.stop().await;

    let left = invariants::hold(&run).await;
    let rows = left.events.iter();
    let rows: Vec<_> = rows.filter(|event| event.kind == Kind::Panicked).collect();
    assert_eq!(rows.len(), ACTS.len(), "{rows:?}");
    for (operation, request, id) in told {
        // Each is written beside its answer, and may come later than another's.
        let of_it = |event: &&&Event| event.request_id.as_deref() == Some(&*request);
        let row = rows.iter().find(of_it);
        let row = row.unwrap_or_else(|| panic!("{operation}: {rows:?}"));
        let principal = row.principal.as_ref().expect("who asked");
        assert_eq!(principal.subject, "alice", "{row:?}");
        assert_eq!(row.detail["operation"], operation, "{row:?}");
        let about = matches!(operation, "getKubeconfigFile" | "revokeKubeconfig");
        let expected = about.then_some(id);
        assert_eq!(row.kubeconfig, expected, "{row:?}");
    }
}
