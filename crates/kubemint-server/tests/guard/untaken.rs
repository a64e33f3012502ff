//! Answers over HTTP/2 that a peer asks for and never takes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::encrypted::{connect, http2, start};
use crate::frames::{END, HEADERS, SETTINGS, frame, honest_clients_are_served, literal, open};
use crate::raw::PATIENCE;
use crate::stage::Stage;

const UNTAKEN: &str = "kubemint_connections_refused_total{reason=\"untaken\"}";

/// A connection whose peer has room for so many bytes of each body (RFC 9113, section 6.5.2), and asked for the document so often.
async fn greedy(
    stage: &Stage,
    certificate: &CertificateDer<'static>,
    times: u32,
    window: u32,
) -> TlsStream<TcpStream> {
    let mut stream = open(stage, certificate).await;
    let asks = (0..times).map(|n| ask(&[0x82], "/openapi.json", 2 * n + 1));
    let settings = [&[0, 4][..], &window.to_be_bytes()].concat();
    let all = asks.fold(frame(SETTINGS, 0, 0, &settings), |mut all, ask| {
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
    for (n, window) in [0, 1, 60_000].into_iter().enumerate() {
        let stream = greedy(&stage, &certificate, 10, window).await;
        assert!(is_given_up(stream).await, "with room for {window}");
        assert_eq!(stage.metric(UNTAKEN).await, n as u64 + 1);
    }
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}

/// Whether the connection is closed although its peer asks on.
async fn is_given_up(stream: TlsStream<TcpStream>) -> bool {
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
    let end = tokio::time::timeout(PATIENCE, from.read_to_end(&mut all)).await;
    asking.abort();
    end.is_ok()
}

#[tokio::test]
async fn an_answer_that_is_not_taken_has_a_place_which_others_get() {
    let (stage, certificate) = start(|limits| {
        limits.requests_in_flight = 2;
        limits.requests_in_flight_per_address = Some(2);
    })
    .await;
    let mut greedy = greedy(&stage, &certificate, 2, 0).await;
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
    let end = tokio::time::timeout(PATIENCE, greedy.read_to_end(&mut all)).await;
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
        limits.deadlines.answer = Duration::from_secs(7);
        limits.deadlines.idle = Duration::from_secs(1);
    })
    .await;
    let stream = connect(&stage, &[&certificate], b"h2", &rustls::version::TLS13).await;
    // It takes longer than that, and no piece of it a tenth.
    let (mut sender, connection) = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(4 * 1024)
        .handshake(TokioIo::new(stream))
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    let request = Request::get("https://localhost/openapi.json").body(Full::<Bytes>::default());
    let answer = sender.send_request(request.expect("a request")).await;
    let mut body = answer.expect("an answer").into_body();
    let (mut taken, began) = (0, Instant::now());
    while let Some(piece) = body.frame().await {
        taken += piece.expect("a piece").into_data().expect("bytes").len();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert!(taken > 50_000, "{taken}");
    assert!(began.elapsed() > Duration::from_secs(7));
    assert_eq!(stage.metric(UNTAKEN).await, 0);
    stage.stop().await;
}
