//! Revocations whose answers are lost, or come in parts.

use kubeconfig_client::types::{KubeconfigId, KubeconfigRevocationRequest};
use kubeconfig_client::{Retry, Revoked, reason};

use crate::fake::{Fake, answer, json, page, refusal};

fn id() -> KubeconfigId {
    "kubeconfig-s2t3u4".parse().unwrap()
}

fn not_there() -> String {
    refusal(404, "no_such_kubeconfig")
}

#[tokio::test]
async fn what_is_not_there_after_a_try_that_may_have_ended_it_is_revoked() {
    for first in [
        String::new(),
        page(502, ""),
        refusal(503, "cluster_busy"),
        refusal(503, "cluster_misbehaving"),
        refusal(503, "cluster_refuses_service"),
        refusal(503, "store_unavailable"),
        refusal(503, "shutting_down"),
    ] {
        let server = Fake::answering(&[first.clone(), not_there()]).await;
        let revoked = server.cluster().revoke(&id()).await.unwrap();
        assert_eq!(revoked, Revoked::NotThere, "{first:?}");
        let confirmed = answer(204, "", "");
        let server = Fake::answering(&[first, confirmed]).await;
        let revoked = server.cluster().revoke(&id()).await.unwrap();
        assert_eq!(revoked, Revoked::Confirmed);
    }
}

#[tokio::test]
async fn what_was_not_there_before_is_an_error() {
    for answers in [
        vec![not_there()],
        // Nobody looked at that one.
        vec![refusal(429, "rate_limited"), not_there()],
        vec![refusal(503, "overloaded"), not_there()],
        vec![refusal(503, "authentication_unavailable"), not_there()],
    ] {
        let server = Fake::answering(&answers).await;
        let failure = server.cluster().revoke(&id()).await.unwrap_err();
        assert_eq!(reason(&failure), Some("no_such_kubeconfig"));
    }
}

#[tokio::test]
async fn what_else_is_not_found_says_nothing_of_the_kubeconfig() {
    for (other, told) in [
        (page(404, ""), "not_the_api"),
        (refusal(404, "no_such_cluster"), "no_such_cluster"),
        (refusal(404, "not_found"), "not_found"),
    ] {
        let server = Fake::answering(&[page(503, ""), other]).await;
        let failure = server.cluster().revoke(&id()).await.unwrap_err();
        assert_eq!(reason(&failure), Some(told));
    }
}

fn report(matched: u32, revoked: u32, complete: bool) -> String {
    let body = format!(
        r#"{{"matched": {matched}, "revoked": {revoked}, "unconfirmed": [], "complete": {complete}}}"#
    );
    json(200, &body)
}

#[tokio::test]
async fn a_revocation_of_many_goes_on_until_all_are_begun_and_its_reports_are_one() {
    let answers = [
        report(100, 90, false),
        refusal(503, "store_unavailable"),
        report(60, 55, false),
        report(8, 5, true),
    ];
    let server = Fake::answering(&answers).await;
    let which = KubeconfigRevocationRequest {
        user: Some("bob".parse().unwrap()),
        ..Default::default()
    };
    let told = server.cluster().revoke_all(which.clone()).await.unwrap();
    let numbers = (told.matched.get(), told.revoked.get(), told.complete);
    // Ten of the first were left for the second, of which five for the third, of which three are.
    assert_eq!(numbers, (153, 150, true));
    assert_eq!(server.seen().len(), 4);

    let server = Fake::answering(&answers).await;
    let once = server.patient(Retry::NEVER);
    let told = once.revoke_all(which).await.unwrap();
    let numbers = (told.matched.get(), told.revoked.get(), told.complete);
    assert_eq!(numbers, (100, 90, false), "what is left is told");
}
