//! Too much and too often.

use std::time::{Duration, Instant};

use kubemint_sandbox::{Effect, Fault, RequestKind};
use kubemint_server::guard::Limits;

use crate::raw::Raw;
use crate::stage::{OPEN, Stage, head, issue, until};

/// How long a place is taken in the tests that look at what happens meanwhile.
const BUSY: Duration = Duration::from_secs(8);

/// So many places in all, for one address, and for one caller.
fn places(limits: &mut Limits, all: usize, of_address: usize, of_caller: usize) {
    limits.requests_in_flight = all;
    limits.requests_in_flight_per_address = Some(of_address);
    limits.requests_in_flight_per_caller = Some(of_caller);
}

#[tokio::test]
async fn one_callers_flood_is_answered_429_and_another_caller_is_served() {
    let stage = Stage::with(|limits| {
        limits.requests_per_second_per_caller = 1;
        limits.burst = 10;
        limits.requests_per_second_per_address = None;
    })
    .await;
    let (mallory, alice) = (stage.token("mallory"), stage.token("alice"));
    let mut raw = Raw::connect(stage.address()).await;
    let (mut served, mut refused) = (0, 0);
    for _ in 0..60 {
        raw.send(head("GET", &mallory, "")).await;
        let answer = raw.answer().await;
        match answer.status {
            200 => served += 1,
            429 => {
                assert_eq!(answer.reason(), "rate_limited");
                assert_eq!(answer.all("retry-after"), ["1"]);
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(
        (10..40).contains(&served) && refused >= 20,
        "{served} served, {refused} refused"
    );
    for _ in 0..10 {
        assert_eq!(stage.ask(head("GET", &alice, "")).await.status, 200);
    }
    // Another token of the same caller makes no other caller.
    let again = stage.sandbox.token("mallory", &["compute.viewer"]);
    let mut statuses = Vec::new();
    for _ in 0..30 {
        raw.send(head("GET", &again, "")).await;
        statuses.push(raw.answer().await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    stage.stop().await;
}

#[tokio::test]
async fn an_addresss_flood_is_answered_429_before_anything_is_known_of_the_caller() {
    let stage = Stage::with(|limits| {
        limits.requests_per_second_per_address = Some(1);
        limits.burst = 5;
    })
    .await;
    let mut raw = Raw::connect(stage.address()).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        raw.send(OPEN).await;
        let answer = raw.answer().await;
        if answer.status == 429 {
            assert_eq!(answer.reason(), "rate_limited");
            assert_eq!(answer.all("retry-after").len(), 1);
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..5], [200; 5]);
    assert!(
        statuses[5..]
            .iter()
            .filter(|status| **status == 429)
            .count()
            >= 10,
        "{statuses:?}"
    );
    assert!(
        stage
            .metric("kubemint_requests_refused_total{code=\"429\",reason=\"rate_limited\"}")
            .await
            >= 10
    );
    stage.stop().await;
}

#[tokio::test]
async fn more_than_can_be_served_is_shed_quickly_and_the_rest_is_answered() {
    let stage = Stage::with(|limits| places(limits, 4, 8, 4)).await;
    stage.slow_cluster(BUSY);
    let mut busy = Vec::new();
    for n in 0..4 {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(issue(&stage.token(&format!("user{n}")))).await;
        busy.push(raw);
    }
    stage.issues_under_way(4).await;
    let mut times = Vec::new();
    for _ in 0..25 {
        let began = Instant::now();
        let answer = stage.ask(OPEN).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (503, "overloaded")
        );
        assert_eq!(answer.all("retry-after"), ["1"]);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    assert!(times[12] < Duration::from_secs(1), "{times:?}");
    for raw in &mut busy {
        assert_eq!(raw.answer().await.status, 201);
    }
    assert_eq!(stage.ask(OPEN).await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn cancelled_requests_hold_their_places_until_they_are_done() {
    let stage = Stage::with(|limits| places(limits, 4, 8, 4)).await;
    stage.slow_cluster(BUSY);
    let token = stage.token("mallory");
    for n in 1..=4 {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(issue(&token)).await;
        stage.issues_under_way(n).await;
    }
    assert_eq!(stage.metric("kubemint_requests_in_flight ").await, 4);
    assert_eq!(stage.ask(OPEN).await.status, 503);
    until("every place is free again", async || {
        stage.metric("kubemint_requests_in_flight ").await == 0
    })
    .await;
    assert_eq!(stage.ask(OPEN).await.status, 200);
    stage.stop().await;
}

/// Some clients send an empty body in chunks, also with a method that has none. Nobody reads it.
#[tokio::test]
async fn a_request_whose_body_nobody_asks_for_keeps_its_place_while_it_is_worked_on() {
    let stage = Stage::with(|limits| places(limits, 1, 1, 1)).await;
    let token = stage.token("alice");
    let cluster = stage.sandbox.world().cluster();
    for body in ["0\r\n\r\n", "2\r\n{"] {
        let issued = stage.ask(issue(&token)).await;
        let path = issued.all("location")[0].to_owned();
        let slow = Effect::Delay(Duration::from_secs(3));
        cluster.inject(Fault::once(RequestKind::DELETE_SERVICE_ACCOUNT, slow));
        let asked = cluster.requests(RequestKind::DELETE_SERVICE_ACCOUNT);
        let mut raw = Raw::connect(stage.address()).await;
        let fields = format!("Authorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n");
        let head = format!("DELETE {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        raw.send(head + body).await;
        until("it is being removed", async || {
            cluster.requests(RequestKind::DELETE_SERVICE_ACCOUNT) > asked
        })
        .await;
        // Longer than anyone who owes a body is waited for. Then another one wants the place.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let _ = stage.ask(OPEN).await;
        assert_eq!(raw.answer().await.status, 204, "{body:?}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_caller_who_waits_for_a_slow_cluster_leaves_room_for_others() {
    let stage = Stage::with(|limits| places(limits, 8, 8, 2)).await;
    stage.slow_cluster(BUSY);
    let token = stage.token("mallory");
    let mut busy = Vec::new();
    for n in 1..=2 {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(issue(&token)).await;
        busy.push(raw);
        stage.issues_under_way(n).await;
    }
    for _ in 0..5 {
        let refused = stage.ask(issue(&token)).await;
        assert_eq!(
            (refused.status, refused.reason().as_str()),
            (429, "rate_limited")
        );
        assert_eq!(refused.all("retry-after"), ["1"]);
        let other = stage.ask(head("GET", &stage.token("alice"), "")).await;
        assert_eq!(other.status, 200);
    }
    for raw in &mut busy {
        assert_eq!(raw.answer().await.status, 201);
    }
    assert_eq!(stage.ask(head("GET", &token, "")).await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn an_address_has_a_share_of_what_is_served_at_a_time() {
    let stage = Stage::with(|limits| places(limits, 8, 2, 8)).await;
    stage.slow_cluster(BUSY);
    let mut busy = Vec::new();
    for n in 1..=2 {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(issue(&stage.token(&format!("user{n}")))).await;
        busy.push(raw);
        stage.issues_under_way(n).await;
    }
    let refused = stage.ask(OPEN).await;
    assert_eq!(
        (refused.status, refused.reason().as_str()),
        (429, "too_many_at_a_time")
    );
    for raw in &mut busy {
        assert_eq!(raw.answer().await.status, 201);
    }
    assert_eq!(stage.ask(OPEN).await.status, 200);
    stage.stop().await;
}

/// Eight places, each for half a second: sixteen issues a second can be served. Ten times that many come for three seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_ten_times_the_capacity_as_much_is_served_as_can_be() {
    let stage = Stage::with(|limits| {
        places(limits, 8, 16, 8);
        limits.requests_per_second_per_address = None;
        limits.connections_per_address = 4096;
    })
    .await;
    stage.slow_cluster(Duration::from_millis(500));
    let (address, tokens) = (
        stage.address(),
        (0..50).map(|n| stage.token(&format!("user{n}"))),
    );
    let tokens: Vec<_> = tokens.collect();
    let begin = Instant::now();
    let tasks = (0..480_u32).map(|n| {
        let request = issue(&tokens[n as usize % tokens.len()]);
        tokio::spawn(async move {
            tokio::time::sleep_until((begin + n * Duration::from_micros(6250)).into()).await;
            let sent = Instant::now();
            let answer = Raw::ask(address, request).await;
            (answer.status, sent.elapsed())
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let (mut served, mut shed) = (0, Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            (201, _) => served += 1,
            (429 | 503, time) => shed.push(time),
            (other, _) => panic!("{other}"),
        }
    }
    // A third of what can be served in the three seconds, however long it takes on this machine.
    assert!(served > 16, "{served} of 48");
    shed.sort_unstable();
    assert!(shed.len() > 240, "{} shed", shed.len());
    let median = shed[shed.len() / 2];
    // A place is had for half a second; whoever waited for one would wait for many of them.
    assert!(median < Duration::from_secs(1), "{median:?}");
    stage.stop().await;
}
