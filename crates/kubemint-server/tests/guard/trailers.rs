//! Fields behind a body, written by hand: nothing here has a use for any. Over HTTP/1.1 they are refused with the body that they
//! end; over HTTP/2 they are read within the bounds of a head and left out.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::encrypted::start;
use crate::frames::{
    CONTINUATION, DATA, END, HEADERS, frame, honest_clients_are_served, literal, open, outcome,
};
use crate::raw::Raw;
use crate::stage::{OPEN, Stage, collection, head};
use crate::streams::field;

/// The end of the headers alone, and of the stream alone.
const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;
/// As much as a frame holds.
const PIECE: usize = 16 * 1024;

/// `method path` over https; the method by its place in HPACK's static table.
fn request(method: u8, path: &str, more: &[u8]) -> Vec<u8> {
    let fields = [
        vec![0x80 | method, 0x87],
        literal(1, "localhost"),
        literal(4, path),
        more.to_vec(),
    ];
    frame(HEADERS, END_HEADERS, 1, &fields.concat())
}

/// A block of trailers, in as many frames as it takes.
fn trailers(block: &[u8]) -> Vec<u8> {
    let (first, rest) = block.split_at(block.len().min(PIECE));
    let last = if rest.is_empty() { END } else { END_STREAM };
    let mut frames = frame(HEADERS, last, 1, first);
    let mut rest = rest.chunks(PIECE).peekable();
    while let Some(piece) = rest.next() {
        let flags = if rest.peek().is_none() {
            END_HEADERS
        } else {
            0
        };
        frames.extend(frame(CONTINUATION, flags, 1, piece));
    }
    frames
}

/// What becomes of a request with this behind its head.
async fn asked(
    stream: &mut TlsStream<TcpStream>,
    request: Vec<u8>,
    behind: Vec<u8>,
) -> Option<String> {
    // The other side may have closed before it took everything.
    let sent = stream.write_all(&[request, behind].concat()).await;
    match sent {
        Ok(()) => Some(outcome(stream, 1).await),
        Err(_) => None,
    }
}

#[tokio::test]
async fn trailers_of_http_2_are_left_out_whatever_they_say() {
    let (stage, certificate) = start(|_| {}).await;
    let body = frame(DATA, 0, 1, b"{}");
    let json = field("content-type", "application/json");
    for (what, block) in [
        ("one", field("x-a", "b")),
        ("none", vec![]),
        ("many", field("x-a", "b").repeat(90)),
        ("another length", field("content-length", "7")),
        ("another host", field("host", "elsewhere")),
        ("a token", field("authorization", "Bearer x")),
        ("an expectation", field("expect", "200-ok")),
        ("the guard's own", field("kubemint-seal", "x")),
    ] {
        let mut stream = open(&stage, &certificate).await;
        let get = request(2, "/openapi.json", &[]);
        let told = asked(&mut stream, get, trailers(&block)).await;
        assert_eq!(told.as_deref(), Some("200"), "{what}");
        // No token comes by a trailer.
        let mut stream = open(&stage, &certificate).await;
        let post = request(3, &collection(), &json);
        let behind = [body.clone(), trailers(&block)].concat();
        let told = asked(&mut stream, post, behind).await;
        assert_eq!(told.as_deref(), Some("401"), "{what}");
    }
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}

#[tokio::test]
async fn trailers_that_are_none_and_floods_of_them_end_their_stream_or_connection() {
    let (stage, certificate) = start(|_| {}).await;
    let long = field("x-a", &"b".repeat(100));
    let one = frame(HEADERS, END, 1, &field("x-a", "b"));
    for (what, behind) in [
        ("a path", trailers(&literal(4, "/"))),
        ("a method", trailers(&[0x82])),
        ("a status", trailers(&[0x88])),
        ("an upper-case name", trailers(&field("X-A", "b"))),
        ("a line end", trailers(&field("x-a", "b\r\nc: d"))),
        (
            "no end of the stream",
            frame(HEADERS, END_HEADERS, 1, &field("x-a", "b")),
        ),
        ("no HPACK", trailers(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    ] {
        let mut stream = open(&stage, &certificate).await;
        let post = request(3, &collection(), &[]);
        let told = asked(&mut stream, post, behind).await;
        let refused = ["400", "401", "reset", "gone"];
        assert!(
            told.as_deref().is_none_or(|told| refused.contains(&told)),
            "{what}: {told:?}"
        );
    }
    // More than a head may have, and more than a connection may send for a request.
    for (what, behind) in [
        ("200 kB", trailers(&long.repeat(2000))),
        ("4 MB", trailers(&long.repeat(40_000))),
        ("many blocks", one.repeat(100_000)),
    ] {
        let mut stream = open(&stage, &certificate).await;
        let get = request(2, "/openapi.json", &[]);
        let told = asked(&mut stream, get, behind).await;
        let known = ["200", "400", "431", "reset", "gone"];
        assert!(
            told.as_deref().is_none_or(|told| known.contains(&told)),
            "{what}: {told:?}"
        );
        honest_clients_are_served(&stage, &certificate).await;
    }
    stage.stop().await;
}

#[tokio::test]
async fn trailers_of_http_1_are_refused_with_their_body_however_long_they_are() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let fields = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n";
    for trailers in [
        "X: y\r\n\r\n".to_owned(),
        "X: y\r\n".repeat(100_000),
        format!("X: {}", "y".repeat(1 << 20)),
        "Authorization: Bearer x\r\n\r\n".to_owned(),
        "Content-Length: 5\r\n\r\n".to_owned(),
        "\0".to_owned(),
    ] {
        let mut raw = Raw::connect(stage.address()).await;
        let asked = head("POST", &token, fields) + "2\r\n{}\r\n0\r\n" + &trailers;
        raw.send(asked).await;
        let answer = raw.answer().await;
        assert_eq!(
            (answer.status, answer.reason()),
            (400, "body_unreadable".to_owned())
        );
        assert!(answer.body.contains("trailers"), "{}", answer.body);
    }
    assert_eq!(stage.ask(OPEN).await.status, 200);
    stage.stop().await;
}
