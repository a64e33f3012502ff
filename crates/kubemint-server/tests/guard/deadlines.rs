//! Peers that take their time: silence, drips, bodies that never come, answers that are never taken.

use std::time::{Duration, Instant};

use kubemint_server::guard::{Deadlines, Limits};

use crate::raw::Raw;
use crate::stage::{OPEN, Stage, collection, head, issue, until};

/// No deadline that a test could live to see, but those that it sets: whatever ends, ends by one of these, however slow the
/// machine is.
fn patient(limits: &mut Limits) {
    let never = Duration::from_secs(3600);
    limits.deadlines = Deadlines {
        handshake: never,
        first_byte: never,
        head: never,
        idle: never,
        answer: never,
    };
}

/// Waits, at least.
const BRIEF: Duration = Duration::from_millis(500);

/// A request of an honest client answers within 2 s: the best of some, since the machine may have other things to do.
async fn honest_clients_are_served(stage: &Stage, what: &str) {
    let mut seen = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let answer = stage.ask(issue(&stage.token("honest"))).await;
        let took = began.elapsed();
        if answer.status == 201 && took < Duration::from_secs(2) {
            return;
        }
        seen.push((answer.status, took));
    }
    panic!("{what}: {seen:?}");
}

#[tokio::test]
async fn a_crowd_of_silent_connections_keeps_nobody_out() {
    let stage = Stage::with(|limits| {
        patient(limits);
        limits.connections = 300;
        limits.connections_per_address = 300;
    })
    .await;
    let mut crowd = Vec::new();
    for _ in 0..1200 {
        crowd.push(Raw::connect(stage.address()).await);
    }
    honest_clients_are_served(&stage, "1200 silent connections").await;
    until("the others have gone", async || {
        let evicted = "kubemint_connections_refused_total{reason=\"evicted\"}";
        stage.metric(evicted).await >= 900 && stage.metric("kubemint_connections ").await <= 300
    })
    .await;
    // The first to come were the first to go.
    assert!(crowd[0].is_closed().await);
    assert!(crowd[1199].is_silent(Duration::from_millis(50)).await);
    stage.stop().await;
}

#[tokio::test]
async fn an_address_at_its_bound_makes_room_among_its_own_connections() {
    let stage = Stage::with(|limits| limits.connections_per_address = 3).await;
    let (mut first, mut second) = (
        Raw::connect(stage.address()).await,
        Raw::connect(stage.address()).await,
    );
    until("both are there", async || {
        stage.metric("kubemint_connections ").await == 2
    })
    .await;
    // The first one's turn comes last: it has just been of use.
    first.send(OPEN).await;
    assert_eq!(first.answer().await.status, 200);
    let _third = Raw::connect(stage.address()).await;
    let mut fourth = Raw::connect(stage.address()).await;
    fourth.send(OPEN).await;
    assert_eq!(fourth.answer().await.status, 200);
    assert!(second.is_closed().await);
    assert!(first.is_silent(Duration::from_millis(50)).await);
    stage.stop().await;
}

#[tokio::test]
async fn silence_before_the_first_request_is_closed_without_a_word() {
    let stage = Stage::with(|limits| {
        patient(limits);
        limits.deadlines.first_byte = BRIEF;
    })
    .await;
    let began = Instant::now();
    let mut raw = Raw::connect(stage.address()).await;
    assert!(raw.is_closed().await);
    assert!(began.elapsed() >= BRIEF);
    stage.stop().await;
}

#[tokio::test]
async fn a_dripping_head_is_answered_408_when_its_time_is_over() {
    let stage = Stage::with(|limits| {
        patient(limits);
        limits.deadlines.head = BRIEF;
    })
    .await;
    let mut raw = Raw::connect(stage.address()).await;
    let began = Instant::now();
    for byte in OPEN.as_bytes() {
        if !raw.is_silent(Duration::from_millis(100)).await || !raw.send([*byte]).await {
            break;
        }
    }
    let answer = raw.answer().await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (408, "head_timeout")
    );
    assert!(began.elapsed() >= BRIEF);
    stage.stop().await;
}

#[tokio::test]
async fn a_kept_connection_is_closed_when_it_is_idle_for_long() {
    let stage = Stage::with(|limits| {
        patient(limits);
        limits.deadlines.first_byte = Duration::from_millis(200);
        limits.deadlines.idle = Duration::from_secs(3);
    })
    .await;
    let mut raw = Raw::connect(stage.address()).await;
    let mut last = Instant::now();
    for _ in 0..3 {
        last = Instant::now();
        raw.send(OPEN).await;
        assert_eq!(raw.answer().await.status, 200);
        assert!(
            raw.is_silent(Duration::from_millis(400)).await,
            "longer than the first byte may take"
        );
    }
    assert!(raw.is_closed().await);
    let idle = last.elapsed();
    assert!(idle >= Duration::from_secs(3), "{idle:?}");
    stage.stop().await;
}

#[tokio::test]
async fn a_body_that_never_comes_is_answered_408_in_all_and_no_sooner_for_dripping() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let fields = "Content-Type: application/json\r\nContent-Length: 100\r\n";
    let ask = async |drips: bool| {
        let mut raw = Raw::connect(stage.address()).await;
        let began = Instant::now();
        raw.send(head("POST", &token, fields)).await;
        // Some 5 s of drips are taken, fewer of them where the machine is slow.
        let mut taken = 0;
        while drips && raw.is_silent(Duration::from_millis(300)).await && raw.send(" ").await {
            taken += 1;
            assert!(taken < 60, "there is no end to them");
        }
        let answer = raw.answer().await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (408, "body_timeout")
        );
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(4), "{took:?}");
    };
    tokio::join!(ask(false), ask(true));
    stage.stop().await;
}

#[tokio::test]
async fn bodies_that_never_come_keep_nobody_out() {
    let stage = Stage::with(|limits| limits.requests_in_flight = 8).await;
    let fields = "Content-Type: application/json\r\nContent-Length: 100\r\n";
    let mut crowd = Vec::new();
    for _ in 0..50 {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(head("POST", &stage.token("mallory"), fields) + "{")
            .await;
        crowd.push(raw);
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    honest_clients_are_served(&stage, "50 bodies that never come").await;
    stage.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_cut_off() {
    let stage = Stage::with(|limits| {
        patient(limits);
        limits.deadlines.answer = BRIEF;
    })
    .await;
    let mut raw = Raw::connect(stage.address()).await;
    // Until neither side's buffers hold more: that is some megabytes, and none of them is answered and read.
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_secs(1), raw.send(OPEN.repeat(100))).await == Ok(true)
    {
        sent += 100;
        assert!(sent < 1_000_000, "more is taken than buffers hold");
    }
    until("it is cut off", async || {
        stage.metric("kubemint_connections ").await == 0
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn an_early_refusal_reaches_a_client_that_is_still_sending() {
    let stage = Stage::start().await;
    let body = "a".repeat(512 * 1024);
    let path = collection();
    for fields in [
        "Content-Type: application/json\r\n",
        "Content-Type: text/plain\r\n",
    ] {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
        );
        for _ in 0..10 {
            assert_eq!(stage.ask(&request).await.status, 401, "{fields}");
        }
        let token = stage.token("alice");
        let fields = format!("{fields}Content-Length: {length}\r\n");
        let answer = stage.ask(head("POST", &token, &fields) + &body).await;
        assert!([413, 415].contains(&answer.status), "{answer:?}");
    }
    stage.stop().await;
}
