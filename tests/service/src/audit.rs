//! The audit trail: one outcome for every authenticated attempt, and a way back from what the cluster logs.

use std::collections::{BTreeMap, BTreeSet};

use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{Answer, CLUSTER, PROJECT, REGION, Stage, collection};
use kubemint::audit::{Event, Kind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::acting::{Actor, claims, collection_of, link, text};
use crate::backup::operator;

/// What was asked, what was answered, and what must be written of it.
struct Attempt {
    what: &'static str,
    status: u16,
    request_id: String,
    token_id: Value,
    expected: &'static [&'static str],
}

struct Attempts(Vec<Attempt>);

impl Attempts {
    fn add(
        &mut self,
        what: &'static str,
        actor: &Actor<'_>,
        answer: &Answer,
        status: u16,
        expected: &'static [&'static str],
    ) {
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text);
        let request_id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
        let token_id = claims(&actor.token)["jti"].clone();
        self.0.push(Attempt {
            what,
            status,
            request_id,
            token_id,
            expected,
        });
    }
}

const ISSUED: &[&str] = &["issue.requested", "issue.granted"];
const ISSUE_REFUSED: &[&str] = &["issue.refused"];
const DOWNLOADED: &[&str] = &["download.requested", "download.granted"];
const DOWNLOAD_REFUSED: &[&str] = &["download.refused"];

async fn issues(
    stage: &Stage,
    all: &mut Attempts,
    admin: &Actor<'_>,
    viewer: &Actor<'_>,
) -> String {
    let issued = admin.issue_once("key", &json!({"id": "mine"})).await;
    all.add("issue", admin, &issued, 201, ISSUED);
    let replayed = admin.issue_once("key", &json!({"id": "mine"})).await;
    all.add("issue again", admin, &replayed, 201, &["issue.replayed"]);
    let reused = admin.issue_once("key", &json!({})).await;
    all.add("key reused", admin, &reused, 409, ISSUE_REFUSED);
    let cases = [
        ("name taken", admin, json!({"id": "mine"}), 409),
        ("life out of bounds", admin, json!({"ttl": 1}), 400),
        ("reserved name", admin, json!({"user": "system:x"}), 400),
        ("wrong type", admin, json!({"ttl": "x"}), 400),
        ("unknown member", admin, json!({"namespace": "x"}), 400),
        (
            "too large",
            admin,
            json!({"description": "x".repeat(20_000)}),
            413,
        ),
        ("role", viewer, json!({"role": "editor"}), 403),
        ("user", viewer, json!({"user": "bob"}), 403),
    ];
    for (what, actor, body, status) in cases {
        all.add(what, actor, &actor.issue(body).await, status, ISSUE_REFUSED);
    }
    let nowhere = admin.issue_at(&collection_of("nowhere"), json!({})).await;
    all.add("no cluster", admin, &nowhere, 404, ISSUE_REFUSED);
    let malformed = admin.issue_at(&collection_of("UPPER"), json!({})).await;
    all.add("malformed path", admin, &malformed, 400, ISSUE_REFUSED);
    let request = stage
        .request(Method::POST, &collection())
        .bearer_auth(&admin.token);
    let untyped = Stage::read(request.body("{}")).await;
    all.add("wrong content type", admin, &untyped, 415, ISSUE_REFUSED);
    stage
        .world()
        .cluster()
        .inject(Fault::once(RequestKind::TOKEN_REQUEST, Effect::refuse(500)));
    let failed = admin.issue(json!({})).await;
    all.add(
        "cluster fails",
        admin,
        &failed,
        503,
        &["issue.requested", "issue.failed"],
    );
    link(&issued.json())
}

async fn others(
    stage: &Stage,
    all: &mut Attempts,
    admin: &Actor<'_>,
    viewer: &Actor<'_>,
    link: &str,
) {
    let list = async |query: &str| admin.get(&(collection() + query)).await;
    all.add("list", admin, &list("").await, 200, &["list.granted"]);
    all.add(
        "bad pageSize",
        admin,
        &list("?pageSize=0").await,
        400,
        &["list.refused"],
    );
    all.add(
        "forged pageToken",
        admin,
        &list("?pageToken=forged").await,
        400,
        &["list.refused"],
    );
    let nowhere = admin.get(&collection_of("nowhere")).await;
    all.add("list nowhere", admin, &nowhere, 404, &["list.refused"]);

    let nothing = format!("{}/nothing", collection());
    let malformed = format!("{}/UPPER", collection());
    all.add("get", admin, &admin.get(link).await, 200, &["get.granted"]);
    all.add(
        "get nothing",
        admin,
        &admin.get(&nothing).await,
        404,
        &["get.refused"],
    );
    all.add(
        "get hidden",
        viewer,
        &viewer.get(link).await,
        404,
        &["get.refused"],
    );
    all.add(
        "get malformed",
        admin,
        &admin.get(&malformed).await,
        400,
        &["get.refused"],
    );

    let other = Actor::new(stage, "dave", &["compute.admin"]);
    all.add(
        "download",
        admin,
        &admin.download(link).await,
        200,
        DOWNLOADED,
    );
    all.add("file", admin, &admin.file(link).await, 200, DOWNLOADED);
    all.add(
        "download nothing",
        admin,
        &admin.download(&nothing).await,
        404,
        DOWNLOAD_REFUSED,
    );
    all.add(
        "download hidden",
        viewer,
        &viewer.file(link).await,
        404,
        DOWNLOAD_REFUSED,
    );
    all.add(
        "download of others",
        &other,
        &other.download(link).await,
        403,
        DOWNLOAD_REFUSED,
    );
    all.add(
        "download malformed",
        admin,
        &admin.download(&malformed).await,
        400,
        DOWNLOAD_REFUSED,
    );
    all.add(
        "file malformed",
        admin,
        &admin.file(&malformed).await,
        400,
        DOWNLOAD_REFUSED,
    );
    stage
        .world()
        .cluster()
        .inject(Fault::once(RequestKind::TOKEN_REQUEST, Effect::refuse(500)));
    let failed = admin.download(link).await;
    all.add(
        "download fails",
        admin,
        &failed,
        503,
        &["download.requested", "download.failed"],
    );

    all.add(
        "revoke nothing",
        admin,
        &admin.revoke(&nothing).await,
        404,
        &["revoke.refused"],
    );
    all.add(
        "revoke malformed",
        admin,
        &admin.revoke(&malformed).await,
        400,
        &["revoke.refused"],
    );
    all.add(
        "revoke hidden",
        viewer,
        &viewer.revoke(link).await,
        404,
        &["revoke.refused"],
    );
    let revoked = admin.revoke(link).await;
    all.add(
        "revoke",
        admin,
        &revoked,
        204,
        &["revoke.requested", "revoke.confirmed"],
    );
    all.add(
        "revoke again",
        admin,
        &admin.revoke(link).await,
        404,
        &["revoke.refused"],
    );
    // Last, and for good: the reconciler, which goes on with it, tells nothing of who asked.
    let stuck = admin.issue(json!({"id": "stuck"})).await;
    all.add("issue what stays", admin, &stuck, 201, ISSUED);
    let at = RequestKind::DELETE_SERVICE_ACCOUNT;
    let cluster = stage.world().cluster();
    cluster.inject(Fault::always(at, Effect::refuse(500)));
    let stuck = admin.revoke(&self::link(&stuck.json())).await;
    all.add(
        "revoke fails",
        admin,
        &stuck,
        503,
        &["revoke.requested", "revoke.failed"],
    );
}

#[tokio::test]
async fn every_authenticated_attempt_has_its_one_outcome_and_others_have_none() {
    let mut stage = Stage::start().await;
    let issuer = stage.world().issuer().url().to_owned();
    let (admin, viewer) = (
        stage.token("alice", &["compute.admin"]),
        stage.token("vera", &["compute.viewer"]),
    );
    let mut all = Attempts(Vec::new());
    let unknown: Vec<Answer> = {
        let (admin, viewer) = (
            Actor::bearing(&stage, admin),
            Actor::bearing(&stage, viewer),
        );
        let link = issues(&stage, &mut all, &admin, &viewer).await;
        others(&stage, &mut all, &admin, &viewer, &link).await;
        let nobody = Actor::bearing(&stage, "nobody".to_owned());
        vec![
            nobody.issue(json!({})).await,
            nobody.get(&link).await,
            nobody.revoke(&link).await,
        ]
    };
    let events = stage.stop_and_read_audit().await;
    let mut by_request: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    for event in &events {
        by_request
            .entry(event.request_id.clone().unwrap_or_default())
            .or_default()
            .push(event);
    }
    for attempt in &all.0 {
        let found = by_request.remove(&attempt.request_id).unwrap_or_default();
        let kinds: Vec<&str> = found.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, attempt.expected, "{}", attempt.what);
        for event in found {
            told_well(event, attempt, &issuer);
        }
    }
    assert!(unknown.iter().all(|answer| answer.status.as_u16() == 401));
    assert!(
        by_request.is_empty(),
        "nobody asked for these: {by_request:?}"
    );
    stage.stop().await;
}

/// Who, with which token, where, and why.
fn told_well(event: &Event, attempt: &Attempt, issuer: &str) {
    let what = attempt.what;
    let principal = event.principal.as_ref().unwrap();
    assert_eq!(principal.issuer, issuer, "{what}");
    assert!(
        ["alice", "vera", "dave"].contains(&principal.subject.as_str()),
        "{what}"
    );
    assert_eq!(json!(event.token_id), attempt.token_id, "{what}");
    if event.kind.as_str().ends_with(".refused") {
        assert!(event.detail["reason"].is_string(), "{what}: {event:?}");
    }
    // Where the contract refuses, nothing of the path is taken over.
    if ![400, 413, 415].contains(&attempt.status) {
        assert_eq!(
            (&*event.cluster.region, &*event.cluster.project),
            (REGION, PROJECT),
            "{what}"
        );
        assert!(
            [CLUSTER, "nowhere"].contains(&event.cluster.cluster.as_str()),
            "{what}"
        );
    }
    let decided = [
        Kind::IssueRequested,
        Kind::DownloadRequested,
        Kind::RevokeRequested,
        Kind::Read,
        Kind::Listed,
    ];
    if decided.contains(&event.kind)
        || [403, 404].contains(&attempt.status) && attempt.what != "revoke again"
    {
        let decision = event
            .decision
            .as_ref()
            .unwrap_or_else(|| panic!("{what}: no decision in {event:?}"));
        assert_eq!(decision.policy_hash.len(), 64, "{what}: {decision:?}");
        assert!(
            !decision.allowed || attempt.status < 300 || attempt.status >= 404,
            "{what}: {decision:?}"
        );
    }
}

#[tokio::test]
async fn every_line_of_the_clusters_audit_log_leads_back_to_who_was_given_the_credential() {
    let mut stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let alice = Actor::bearing(&stage, token.clone());
    let issued = alice.issued(json!({"user": "bob"})).await;
    let link = link(&issued);
    let file = alice.delivered(&link).await;
    file.list_pods().await;
    // By a clock that is ahead, the first credential of a download ends too late, and is thrown away.
    stage.world().cluster().set_clock_skew(3_000);
    alice.download(&link).await;
    let lines = stage.world().cluster().audit();
    let used: Vec<String> = lines
        .iter()
        .filter_map(|line| line.credential_id.clone())
        .collect();
    assert_eq!(used, [format!("JTI={}", text(&file.claims()["jti"]))]);
    let minted: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| line.issued_credential_id.as_deref()?.strip_prefix("JTI="))
        .collect();

    let events = stage.stop_and_read_audit().await;
    let tell = |event: &Event| event.detail.contains_key("jti");
    let telling: Vec<&Event> = events.iter().filter(|event| tell(event)).collect();
    let kinds: Vec<Kind> = telling.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Kind::Issued, Kind::Downloaded, Kind::Downloaded]);
    assert_eq!(
        telling[1].detail["jti"],
        file.claims()["jti"],
        "the one used"
    );
    let mut known = BTreeSet::new();
    for event in &telling {
        known.insert(event.detail["jti"].as_str().unwrap());
        let discarded = event.detail.get("discarded").and_then(Value::as_array);
        known.extend(discarded.into_iter().flatten().filter_map(Value::as_str));
        assert_eq!(json!(event.uid), issued["uid"]);
        assert_eq!(json!(event.kubeconfig), issued["id"]);
        assert_eq!(event.principal.as_ref().unwrap().subject, "alice");
        assert_eq!(json!(event.token_id), claims(&token)["jti"]);
    }
    assert_eq!(known, minted);
    let discarded = text(&telling[2].detail["discarded"][0]);
    let (found, story) = operator(&stage, &["audit", "find", "--credential-id", &discarded]);
    assert!(found, "{story}");
    for part in [
        "download.granted",
        "and given to nobody",
        "\"alice\" of https://",
    ] {
        assert!(story.contains(part), "{part:?} is not in\n{story}");
    }
    let requested = events
        .iter()
        .find(|event| event.kind == Kind::IssueRequested)
        .unwrap();
    assert_eq!(requested.detail["user"], "bob");
    stage.stop().await;
}
