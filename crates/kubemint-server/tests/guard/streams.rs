//! Requests of HTTP/2 that are not well-formed, and streams that never become a request, written by hand.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::encrypted::start;
use crate::frames::{
    CONTINUATION, DATA, END, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
    honest_clients_are_served, is_cut, literal, open, outcome,
};
use crate::stage::collection;

/// `:authority` and `:path` in HPACK's static table.
const AUTHORITY: u8 = 1;
const PATH: u8 = 4;

/// Kind, flags, stream and payload.
type Frame<'a> = (u8, u8, u32, &'a [u8]);

/// A field with a name of its own, never indexed.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let part = |text: &str| {
        let length = u8::try_from(text.len()).expect("a short text");
        assert!(length < 127, "one octet of length");
        [&[length], text.as_bytes()].concat()
    };
    [vec![0x10], part(name), part(value)].concat()
}

/// `GET /openapi.json` over https, with more behind it: what anyone may ask for.
fn open_with(more: Vec<u8>) -> Vec<u8> {
    [
        vec![0x82, 0x87],
        literal(AUTHORITY, "localhost"),
        literal(PATH, "/openapi.json"),
        more,
    ]
    .concat()
}

#[tokio::test]
async fn a_request_that_two_readers_might_take_differently_is_served_by_neither() {
    let (stage, certificate) = start(|_| {}).await;
    let fine: Vec<(&str, Vec<u8>)> = vec![
        ("nothing more", vec![]),
        ("trailers are taken", field("te", "trailers")),
        ("the same host", field("host", "localhost")),
        ("no body", field("content-length", "0")),
    ];
    let path = |text: &str| {
        [
            vec![0x82, 0x87],
            literal(AUTHORITY, "localhost"),
            literal(PATH, text),
        ]
        .concat()
    };
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("connection", open_with(field("connection", "close"))),
        ("keep-alive", open_with(field("keep-alive", "timeout=5"))),
        (
            "proxy-connection",
            open_with(field("proxy-connection", "close")),
        ),
        ("upgrade", open_with(field("upgrade", "websocket"))),
        (
            "transfer-encoding",
            open_with(field("transfer-encoding", "chunked")),
        ),
        ("te", open_with(field("te", "gzip"))),
        ("an upper-case name", open_with(field("X-A", "b"))),
        ("an empty name", open_with(field("", "b"))),
        ("a name with a space", open_with(field("a b", "c"))),
        ("a name with a colon", open_with(field("a:b", "c"))),
        (
            "a line end in a value",
            open_with(field("x-a", "b\r\nauthorization: c")),
        ),
        ("a nul in a value", open_with(field("x-a", "b\0"))),
        ("another host", open_with(field("host", "elsewhere"))),
        (
            "two hosts",
            open_with([field("host", "localhost"), field("host", "localhost")].concat()),
        ),
        (
            "two lengths",
            open_with([field("content-length", "0"), field("content-length", "1")].concat()),
        ),
        (
            "a length that is none",
            open_with(field("content-length", "+0")),
        ),
        (
            "a body that does not come",
            open_with(field("content-length", "5")),
        ),
        ("two paths", open_with(literal(PATH, "/openapi.json"))),
        ("two methods", open_with(vec![0x82])),
        (
            "a path behind a field",
            [
                vec![0x82, 0x87],
                literal(AUTHORITY, "localhost"),
                field("x-a", "b"),
                literal(PATH, "/openapi.json"),
            ]
            .concat(),
        ),
        ("a status", open_with(vec![0x88])),
        ("a pseudo-field of nobody's", open_with(field(":x", "y"))),
        ("a protocol", open_with(field(":protocol", "websocket"))),
        (
            "no path",
            [vec![0x82, 0x87], literal(AUTHORITY, "localhost")].concat(),
        ),
        ("an empty path", path("")),
        ("a path without a slash", path("openapi.json")),
        (
            "a whole URI as a path",
            path("https://localhost/openapi.json"),
        ),
        ("a path with a space", path("/openapi.json x")),
        ("a path with a line end", path("/openapi.json\r\n")),
        (
            "no method",
            [
                vec![0x87],
                literal(AUTHORITY, "localhost"),
                literal(PATH, "/openapi.json"),
            ]
            .concat(),
        ),
        (
            "no scheme",
            [
                vec![0x82],
                literal(AUTHORITY, "localhost"),
                literal(PATH, "/openapi.json"),
            ]
            .concat(),
        ),
        (
            "no authority",
            [vec![0x82, 0x87], literal(PATH, "/openapi.json")].concat(),
        ),
        (
            "a user before the authority",
            [
                vec![0x82, 0x87],
                literal(AUTHORITY, "a@localhost"),
                literal(PATH, "/openapi.json"),
            ]
            .concat(),
        ),
    ];
    for (what, more) in fine {
        let mut stream = open(&stage, &certificate).await;
        let asked = frame(HEADERS, END, 1, &open_with(more));
        stream.write_all(&asked).await.expect("a request");
        assert_eq!(outcome(&mut stream, 1).await, "200", "{what}");
    }
    for (what, block) in bad {
        // Each has a connection of its own: some are the end of it.
        let mut stream = open(&stage, &certificate).await;
        let asked = frame(HEADERS, END, 1, &block);
        stream.write_all(&asked).await.expect("a request");
        let outcome = outcome(&mut stream, 1).await;
        let refused = ["400", "reset", "gone"].contains(&outcome.as_str());
        assert!(refused, "{what}: {outcome}");
    }
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}

#[tokio::test]
async fn two_tokens_are_none_over_http_2_either() {
    let (stage, certificate) = start(|_| {}).await;
    let token = stage.token("alice");
    // A token is longer than one octet of length tells: it is written as HPACK's integers are.
    let bearer = |token: &str| {
        let value = format!("Bearer {token}");
        let mut rest = value.len() - 127;
        let mut field = vec![0x0f, 23 - 15, 0x7f];
        while rest >= 128 {
            field.push(u8::try_from(rest % 128 + 128).expect("an octet"));
            rest /= 128;
        }
        field.push(u8::try_from(rest).expect("an octet"));
        [field, value.into_bytes()].concat()
    };
    let path = collection();
    let start = [
        vec![0x82, 0x87],
        literal(AUTHORITY, "localhost"),
        literal(PATH, &path),
    ]
    .concat();
    let mut stream = open(&stage, &certificate).await;
    for (id, tokens, status) in [(1, 1, "200"), (3, 2, "401")] {
        let block = [start.clone(), bearer(&token).repeat(tokens)].concat();
        let asked = frame(HEADERS, END, id, &block);
        stream.write_all(&asked).await.expect("a request");
        assert_eq!(outcome(&mut stream, id).await, status, "{tokens}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn frames_that_never_become_a_request_are_cut() {
    let (stage, certificate) = start(|_| {}).await;
    let post = [
        vec![0x83, 0x87],
        literal(AUTHORITY, "localhost"),
        literal(PATH, "/openapi.json"),
    ]
    .concat();
    let one = 1_u32.to_be_bytes();
    // What opens the flood, and the frame that it is made of.
    let floods: Vec<(&str, Vec<u8>, Frame<'_>)> = vec![
        (
            "empty continuations",
            frame(HEADERS, 1, 1, &[0x82]),
            (CONTINUATION, 0, 1, &[]),
        ),
        (
            "continuations",
            frame(HEADERS, 1, 1, &[0x82]),
            (CONTINUATION, 0, 1, &[0x82; 512]),
        ),
        ("empty data", frame(HEADERS, 4, 1, &post), (DATA, 0, 1, &[])),
        (
            "padding",
            frame(HEADERS, 4, 1, &post),
            (DATA, 8, 1, &[255; 256]),
        ),
        ("small windows", vec![], (WINDOW_UPDATE, 0, 0, &one)),
        ("priorities", vec![], (PRIORITY, 0, 1, &[0, 0, 0, 0, 9])),
        (
            "settings that are acknowledged",
            vec![],
            (SETTINGS, 1, 0, &[]),
        ),
        ("pings that are acknowledged", vec![], (PING, 1, 0, &[0; 8])),
        ("resets of what never was", vec![], (RST_STREAM, 0, 1, &one)),
        (
            "windows beyond all bounds",
            vec![],
            (WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
        ),
        (
            "a window of nothing",
            vec![],
            (WINDOW_UPDATE, 0, 0, &[0; 4]),
        ),
        ("data of no stream", vec![], (DATA, 0, 7, &[0; 16])),
        ("data of the connection", vec![], (DATA, 0, 0, &[0; 16])),
        (
            "streams of the server's",
            vec![],
            (HEADERS, END, 2, &[0x82]),
        ),
    ];
    for (what, first, (kind, flags, id, payload)) in floods {
        let mut stream = open(&stage, &certificate).await;
        stream.write_all(&first).await.expect("a beginning");
        let next = |_| frame(kind, flags, id, payload);
        assert!(is_cut(stream, Duration::ZERO, next).await, "{what}");
        honest_clients_are_served(&stage, &certificate).await;
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_frame_that_is_larger_than_was_agreed_ends_the_connection() {
    let (stage, certificate) = start(|_| {}).await;
    for length in [16_385_usize, 1 << 20] {
        let mut stream = open(&stage, &certificate).await;
        let mut large = frame(HEADERS, END, 1, &[]);
        large[..3].copy_from_slice(&u32::try_from(length).expect("it fits").to_be_bytes()[1..]);
        stream.write_all(&large).await.expect("its head");
        assert_eq!(outcome(&mut stream, 1).await, "gone", "{length}");
    }
    honest_clients_are_served(&stage, &certificate).await;
    stage.stop().await;
}
