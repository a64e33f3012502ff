//! A new key of an issuer is taken without a failed request, also while others make up keys.

use std::net::{IpAddr, Ipv4Addr};

use harness::{Setting, Stage, collection};
use reqwest::Method;
use serde_json::json;

/// Requests that may wait for the issuer's keys: a quarter of all at a time, of which half may be of one address.
const WAITING: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_makes_up_keys_takes_no_place_to_wait_for_a_new_one_from_another_address() {
    let limits = format!("[limits]\nrequests_in_flight = {}\n", 4 * WAITING);
    let stage = Setting::default().edit("[limits]\n", &limits).start().await;
    let issuer = stage.world().issuer();
    let list = |n: usize| {
        let forged = issuer.mint_with_header(
            &json!({"kid": format!("made-up-{n}")}),
            issuer.claims("mallory"),
        );
        let request = stage.request(Method::GET, &collection());
        async move { Stage::read(request.bearer_auth(forged)).await.status }
    };
    // What may be fetched at once is used up, and then all places to wait are.
    for n in 0..3 {
        assert_eq!(list(n).await, 401);
    }
    issuer.rotate(true).expect("a new key");
    let (done, mut ends) = tokio::sync::mpsc::unbounded_channel();
    for n in 3..3 + WAITING + 2 {
        let (answer, done) = (list(n), done.clone());
        tokio::spawn(async move { done.send(answer.await) });
    }
    for _ in 0..2 {
        assert_eq!(ends.recv().await.expect("an answer"), 401);
    }
    let another = reqwest::Client::builder()
        .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)))
        .build()
        .expect("a client");
    let request = another.get(format!("{}{}", stage.url(), collection()));
    let token = stage.token("alice", &["compute.viewer"]);
    let answer = Stage::read(request.bearer_auth(token)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    stage.stop().await;
}
