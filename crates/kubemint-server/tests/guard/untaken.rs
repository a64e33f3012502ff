//! Answers over HTTP/2 that a peer asks for and never takes.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::encrypted::{http2, start};
use crate::frames::{END, HEADERS, SETTINGS, frame, honest_clients_are_served, literal, open};
use crate::stage::Stage;

const UNTAKEN: &str = "kubemint_connections_refused_total{reason=\"untaken\"}";

/// `SETTINGS_INITIAL_WINDOW_SIZE` (RFC 9113, section 6.5.2): nothing.
const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];

/// A connection whose peer takes not a byte of any body, and asked for the document so often.
async fn greedy(
    stage: &Stage,
    certificate: &CertificateDer<'static>,
    times: u32,
) -> TlsStream<TcpStream> {
    let mut stream = open(stage, certificate).await;
    let asks = (0..times).map(|n| ask(&[0x82], "/openapi.json", 2 * n + 1));
    let all = asks.fold(frame(SETTINGS, 0, 0, &NO_WINDOW), |mut all, ask| {
        all.extend(ask);
        all
    });
    stream.write_all(&all).await.expect("requests");
    stream
}

/// A request without a body.
fn ask(method: &[u8], path: &str, stream: u32) -> Vec<u8> {
    let head = [
        method.to_vec(),
        vec![0x87],
        literal(1, "localhost"),
        literal(4, path),
    ];
    frame(HEADERS, END, stream, &head.concat())
}

#[tokio::test]
async fn answers_that_nobody_takes_are_given_up_also_where_more_is_asked() {
    let (stage, certificate) = start(|limits| {
        limits.deadlines.answer = Duration::from_secs(1);
    })
    .await;
    let stream = greedy(&stage, &certificate, 10).await;
    let (mut from, mut to) = tokio::io::split(stream);
    // Each is answered at once, whole: the connection is never idle.
    let asking = tokio::spawn(async move {
        for n in 10..1000 {
            if to
                .write_all(&ask(&literal(2, "HEAD"), "/nope", 2 * n + 1))
                .await
                .is_err()
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    });
    let mut all = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(20), from.read_to_end(&mut all)).await;
    assert!(end.is_ok(), "the connection is open still");
    assert_eq!(stage.metric(UNTAKEN).await, 1);
    asking.abort();
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_not_taken_has_a_place_which_others_get() {
    let (stage, certificate) = start(|limits| {
        limits.requests_in_flight = 2;
        limits.requests_in_flight_per_address = Some(2);
    })
    .await;
    let mut greedy = greedy(&stage, &certificate, 2).await;
    let mut sender = http2(&stage, &certificate).await;
    let asking = tokio::spawn(async move {
        loop {
            let request = Request::get("https://localhost/nope").body(Full::default());
            let answer = sender.send_request(request.expect("a request")).await;
            let body = answer.expect("an answer").into_body();
            body.collect().await.expect("a body");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut all = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(20), greedy.read_to_end(&mut all)).await;
    assert!(end.is_ok(), "it holds both places still");
    assert!(!asking.is_finished());
    asking.abort();
    assert_eq!(stage.metric(UNTAKEN).await, 1);
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_taken_slowly_is_taken_whole() {
    let (stage, certificate) = start(|limits| {
        limits.deadlines.answer = Duration::from_secs(2);
        limits.deadlines.idle = Duration::from_secs(1);
    })
    .await;
    let mut sender = http2(&stage, &certificate).await;
    let request = Request::builder()
        .method(Method::GET)
        .uri("https://localhost/openapi.json")
        .body(Full::<Bytes>::default());
    let answer = sender.send_request(request.expect("a request")).await;
    let mut body = answer.expect("an answer").into_body();
    let mut taken = 0;
    while let Some(piece) = body.frame().await {
        taken += piece.expect("a piece").into_data().expect("bytes").len();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert!(taken > 50_000, "{taken}");
    stage.stop().await;
}
