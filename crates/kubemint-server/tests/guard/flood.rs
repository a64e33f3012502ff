//! Too much and too often.

use std::time::{Duration, Instant};

use crate::raw::Raw;
use crate::stage::{OPEN, Stage, head, issue};

#[tokio::test]
async fn one_callers_flood_is_answered_429_and_another_caller_is_served() {
    let stage = Stage::with(|limits| {
        limits.requests_per_second_per_caller = 5;
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
        limits.requests_per_second_per_address = Some(2);
        limits.burst = 5;
    })
    .await;
    let mut raw = Raw::connect(stage.address()).await;
    let mut statuses = Vec::new();
    for _ in 0..10 {
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
            >= 4,
        "{statuses:?}"
    );
    assert!(
        stage
            .metric("kubemint_requests_refused_total{code=\"429\",reason=\"rate_limited\"}")
            .await
            >= 4
    );
    stage.stop().await;
}

#[tokio::test]
async fn more_than_can_be_served_is_shed_quickly_and_the_rest_is_answered() {
    let stage = Stage::with(|limits| limits.requests_in_flight = 4).await;
    stage.slow_cluster(Duration::from_secs(1));
    let mut busy = Vec::new();
    for n in 0..4 {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(issue(&stage.token(&format!("user{n}")))).await;
        busy.push(raw);
    }
    stage.issues_under_way(4).await;
    for _ in 0..40 {
        let began = Instant::now();
        let answer = stage.ask(OPEN).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (503, "overloaded")
        );
        assert_eq!(answer.all("retry-after"), ["1"]);
        assert!(
            began.elapsed() < Duration::from_millis(200),
            "{:?}",
            began.elapsed()
        );
    }
    for raw in &mut busy {
        assert_eq!(raw.answer().await.status, 201);
    }
    assert_eq!(stage.ask(OPEN).await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn cancelled_requests_hold_their_places_until_they_are_done() {
    let stage = Stage::with(|limits| limits.requests_in_flight = 4).await;
    stage.slow_cluster(Duration::from_secs(1));
    let token = stage.token("mallory");
    for n in 1..=4 {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(issue(&token)).await;
        stage.issues_under_way(n).await;
    }
    assert_eq!(stage.metric("kubemint_requests_in_flight ").await, 4);
    assert_eq!(stage.ask(OPEN).await.status, 503);
    while stage.metric("kubemint_requests_in_flight ").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stage.ask(OPEN).await.status, 200);
    stage.stop().await;
}
