//! Floods of HTTP/2 frames, written by hand.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::encrypted::{connect, start};
use crate::raw::{PATIENCE, Raw};
use crate::stage::{OPEN, Stage};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
/// The end of the headers, and of the stream.
pub(crate) const END: u8 = 4 | 1;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short payload")
        .to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A field with a name of HPACK's static table.
pub(crate) fn literal(index: u8, text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    [&[index, length], text.as_bytes()].concat()
}

/// `GET path`.
fn get(path: &str) -> Vec<u8> {
    [vec![0x82, 0x87], literal(1, "localhost"), literal(4, path)].concat()
}

pub(crate) async fn open(
    stage: &Stage,
    certificate: &CertificateDer<'static>,
) -> TlsStream<TcpStream> {
    let mut stream = connect(stage, &[certificate], b"h2", &rustls::version::TLS13).await;
    let preface = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &[]),
    ]
    .concat();
    stream.write_all(&preface).await.expect("a preface");
    stream
}

/// Sends frames, with a pause after each, until the connection is cut; false if it never is.
pub(crate) async fn is_cut(
    stream: TlsStream<TcpStream>,
    pause: Duration,
    mut next: impl FnMut(u32) -> Vec<u8> + Send,
) -> bool {
    let (mut from, mut to) = tokio::io::split(stream);
    // What the server answers is read, so that it is not the buffers that stop the flood.
    let reading = async move {
        let mut piece = [0; 8192];
        while let Ok(1..) = from.read(&mut piece).await {}
    };
    let writing = async move {
        for n in 0..200_000 {
            if to.write_all(&next(n)).await.is_err() {
                return true;
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        false
    };
    let flood = async {
        tokio::select! {
            () = reading => true,
            cut = writing => cut,
        }
    };
    tokio::time::timeout(Duration::from_secs(20), flood)
        .await
        .unwrap_or(false)
}

pub(crate) async fn honest_clients_are_served(
    stage: &Stage,
    certificate: &CertificateDer<'static>,
) {
    let stream = connect(stage, &[certificate], b"http/1.1", &rustls::version::TLS13).await;
    let mut raw = Raw::over(stream);
    raw.send(OPEN).await;
    assert_eq!(raw.answer().await.status, 200);
}

#[tokio::test]
async fn requests_that_are_reset_at_once_are_cut() {
    let (stage, certificate) = start(|_| {}).await;
    let stream = open(&stage, &certificate).await;
    let cancel = 8_u32.to_be_bytes();
    let reset = |n: u32| {
        let id = 2 * n + 1;
        [
            frame(HEADERS, END, id, &get("/openapi.json")),
            frame(RST_STREAM, 0, id, &cancel),
        ]
        .concat()
    };
    assert!(is_cut(stream, Duration::ZERO, reset).await);
    let told = "kubemint_connections_refused_total{reason=\"flood\"}";
    assert!(stage.metric(told).await >= 1);
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}

#[tokio::test]
async fn frames_that_carry_no_request_are_cut() {
    let (stage, certificate) = start(|_| {}).await;
    for (kind, payload) in [(PING, &[0; 8][..]), (SETTINGS, &[]), (0xbb, &[0; 64])] {
        let stream = open(&stage, &certificate).await;
        assert!(
            is_cut(stream, Duration::ZERO, |_| frame(kind, 0, 0, payload)).await,
            "{kind}"
        );
    }
    assert!(
        stage
            .metric("kubemint_connections_refused_total{reason=\"flood\"}")
            .await
            >= 1
    );
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}

#[tokio::test]
async fn requests_over_the_rate_are_answered_429_until_the_connection_is_cut() {
    let (stage, certificate) = start(|limits| {
        limits.requests_per_second_per_address = Some(10);
        limits.burst = 10;
    })
    .await;
    let stream = open(&stage, &certificate).await;
    assert!(
        is_cut(stream, Duration::from_millis(2), |n| frame(
            HEADERS,
            END,
            2 * n + 1,
            &get("/")
        ))
        .await
    );
    assert!(
        stage
            .metric("kubemint_requests_refused_total{code=\"429\",reason=\"rate_limited\"}")
            .await
            > 50
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed() {
    let (stage, certificate) =
        start(|limits| limits.deadlines.first_byte = Duration::from_millis(300)).await;
    let mut stream = open(&stage, &certificate).await;
    let mut all = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut all)).await;
    assert!(end.is_ok(), "the connection is open still");
    stage.stop().await;
}

/// What becomes of a stream: its first answer's status, `reset`, or `gone` with the whole connection.
pub(crate) async fn outcome(stream: &mut TlsStream<TcpStream>, id: u32) -> String {
    let outcome = tokio::time::timeout(PATIENCE, read_outcome(stream, id));
    outcome.await.expect("an outcome in time")
}

async fn read_outcome(stream: &mut TlsStream<TcpStream>, id: u32) -> String {
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return "gone".to_owned();
        }
        let [a, b, c, kind, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        if stream.read_exact(&mut payload).await.is_err() {
            return "gone".to_owned();
        }
        match kind {
            HEADERS if head[5..] == id.to_be_bytes() => return status(&payload),
            RST_STREAM if head[5..] == id.to_be_bytes() => return "reset".to_owned(),
            GOAWAY => return "gone".to_owned(),
            _ => {}
        }
    }
}

/// The status at the beginning of an answer's block: by its place in HPACK's static table, or as it is written out there.
fn status(block: &[u8]) -> String {
    match block {
        [0x88, ..] => "200".to_owned(),
        [0x8c, ..] => "400".to_owned(),
        [0x8d, ..] => "404".to_owned(),
        // A literal with the name of `:status`, in plain or in Huffman's code.
        [0x48, 3, text @ ..] => String::from_utf8_lossy(&text[..3]).into_owned(),
        [0x48, 0x82, 0x68, 0x01, ..] => "401".to_owned(),
        _ => format!("{block:02x?}"),
    }
}

#[tokio::test]
async fn a_path_with_a_fragment_is_refused_and_the_next_one_is_served() {
    let (stage, certificate) = start(|_| {}).await;
    let mut stream = open(&stage, &certificate).await;
    for (n, (path, status)) in [
        ("/openapi.json#x", "400"),
        ("/openapi.json", "200"),
        ("/openapi.json#", "400"),
        ("/openapi.json?x=1#/../..", "400"),
        ("/#", "400"),
        ("/openapi.json?x=%23", "200"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = u32::try_from(2 * n + 1).expect("a few");
        let asked = frame(HEADERS, END, id, &get(path));
        stream.write_all(&asked).await.expect("a request");
        assert_eq!(outcome(&mut stream, id).await, status, "{path}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_scheme_that_is_not_one_of_http_is_refused() {
    let (stage, certificate) = start(|_| {}).await;
    let mut stream = open(&stage, &certificate).await;
    for (n, (scheme, status)) in [
        ("https", "200"),
        ("http", "200"),
        ("ftp", "400"),
        ("", "400"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = u32::try_from(2 * n + 1).expect("a few");
        let fields = [
            vec![0x82],
            literal(6, scheme),
            literal(1, "localhost"),
            literal(4, "/openapi.json"),
        ];
        let asked = frame(HEADERS, END, id, &fields.concat());
        stream.write_all(&asked).await.expect("a request");
        assert_eq!(outcome(&mut stream, id).await, status, "{scheme:?}");
    }
    stage.stop().await;
}
