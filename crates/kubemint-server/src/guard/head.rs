//! The judgement of an HTTP/1.1 head as it was sent, before any parser may be lenient with it: where it ends, how long
//! it may be, and whether everyone who reads it must see the same body behind it (RFC 9112, sections 2, 3, 5 and 6).

use http::StatusCode;
use httparse::{EMPTY_HEADER, Error, Request, Status};

use super::framing::Framing;
use super::house::method_shown;
use super::refusal::Refused;
use crate::quiet::shown;

/// The most bytes of a request's target.
pub(super) const MOST_TARGET: usize = 8 * 1024;
/// The most bytes of a head.
pub(super) const MOST_HEAD: usize = 32 * 1024;
/// The most header fields. dropshot takes 100, and the guard adds some.
pub(super) const MOST_FIELDS: usize = 90;
/// What a request line has besides its target.
const METHOD_AND_VERSION: usize = 64;

/// Looks for the end of a head in what has come so far, of which `seen` bytes were looked at before.
///
/// # Errors
/// A line that does not end in CR LF, or too much without an end.
pub(super) fn end(received: &[u8], seen: usize) -> Result<Option<usize>, Refused> {
    for at in seen..received.len() {
        if received[at] != b'\n' {
            continue;
        }
        if at == 0 || received[at - 1] != b'\r' {
            return Err(Refused::malformed(
                "a line of the head does not end in CR LF",
            ));
        }
        if received[..=at].ends_with(b"\r\n\r\n") {
            return length(&received[..=at]).map(|()| Some(at + 1));
        }
    }
    length(received).map(|()| None)
}

fn length(received: &[u8]) -> Result<(), Refused> {
    let line = received.iter().position(|byte| *byte == b'\r');
    if line.unwrap_or(received.len()) > MOST_TARGET + METHOD_AND_VERSION {
        return Err(uri_too_long());
    }
    if received.len() > MOST_HEAD {
        return Err(head_too_long());
    }
    Ok(())
}

/// 414.
pub(super) fn uri_too_long() -> Refused {
    Refused::too_long(StatusCode::URI_TOO_LONG, "the URI is too long", MOST_TARGET)
}

/// 431.
pub(super) fn head_too_long() -> Refused {
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Refused::too_long(status, "the header fields are too long", MOST_HEAD)
}

/// 431.
pub(super) fn too_many_fields() -> Refused {
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Refused::too_long(status, "there are too many header fields", MOST_FIELDS)
}

/// How much of a request line that is refused is looked at for the log, in bytes.
const TOLD: usize = 512;

/// The beginning of the request line in what has come.
pub(super) fn beginning(received: &[u8]) -> &[u8] {
    let line = received.split(|byte| b"\r\n".contains(byte)).next();
    let line = line.unwrap_or_default();
    &line[..line.len().min(TOLD)]
}

/// What a line that may be none asks for, as it may be shown: the method and the path.
pub(super) fn asked(line: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let path = target.split(['?', '#']).next().unwrap_or_default();
    (method_shown(method), shown(path))
}

/// Judges a whole head, and tells what comes behind it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn judge(head: &[u8]) -> Result<Framing, Refused> {
    let mut fields = [EMPTY_HEADER; MOST_FIELDS];
    let mut request = Request::new(&mut fields);
    match request.parse(head) {
        Ok(Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(Refused::malformed("the head ends in its middle")),
        Err(Error::TooManyHeaders) => return Err(too_many_fields()),
        Err(Error::Version) if names_a_version(head) => {
            return Err(Refused::new(
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "unsupported_version",
                "only HTTP/1.1 is spoken here, and HTTP/2 over TLS",
            ));
        }
        Err(_) => return Err(Refused::malformed("the head is not one of HTTP/1.1")),
    }
    target(request.path.unwrap_or_default())?;
    framing(&request)
}

/// Whether the request line has three parts, of which the last is a version.
fn names_a_version(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    matches!(parts.as_slice(), [_, _, version] if version.starts_with(b"HTTP/"))
}

/// A target has printable ASCII only, and no fragment, which some readers would cut off.
fn target(target: &str) -> Result<(), Refused> {
    if target.len() > MOST_TARGET {
        return Err(uri_too_long());
    }
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if !target.bytes().all(fits) || target.parse::<http::Uri>().is_err() {
        return Err(Refused::malformed("the request's target is not a URI"));
    }
    Ok(())
}

fn framing(request: &Request) -> Result<Framing, Refused> {
    let values = |name: &str| {
        let named = move |field: &&httparse::Header| field.name.eq_ignore_ascii_case(name);
        let fields: Vec<&[u8]> = request
            .headers
            .iter()
            .filter(named)
            .map(|f| f.value)
            .collect();
        fields
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Ok(Framing::length(0)),
        ([length], []) => number(length)
            .map(Framing::length)
            .ok_or(Refused::malformed(
                "Content-Length is not a number of bytes",
            )),
        ([], [coding]) if request.version == Some(1) && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::chunked())
        }
        ([], [_]) => Err(Refused::malformed("Transfer-Encoding is not `chunked`")),
        ([..], []) => Err(Refused::malformed(
            "there are several Content-Length fields",
        )),
        ([], [..]) => Err(Refused::malformed(
            "there are several Transfer-Encoding fields",
        )),
        ([..], [..]) => Err(Refused::malformed(
            "there are both Content-Length and Transfer-Encoding",
        )),
    }
}

/// Digits, and nothing else; below 10^18.
fn number(text: &[u8]) -> Option<u64> {
    let digits = (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    digits.then(|| {
        text.iter()
            .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> u16 {
        match end(head.as_bytes(), 0) {
            Ok(Some(length)) => match judge(&head.as_bytes()[..length]) {
                Ok(_) => 0,
                Err(refused) => refused.status.as_u16(),
            },
            Ok(None) => 1,
            Err(refused) => refused.status.as_u16(),
        }
    }

    fn with(fields: &str) -> u16 {
        status(&format!("POST /x HTTP/1.1\r\nHost: h\r\n{fields}\r\n"))
    }

    #[test]
    fn ordinary_heads_pass() {
        for fields in [
            "",
            "Content-Length: 5\r\n",
            "content-length:0\r\n",
            "Transfer-Encoding: chunked\r\n",
            "TRANSFER-ENCODING: Chunked\r\n",
        ] {
            assert_eq!(with(fields), 0, "{fields}");
        }
        assert_eq!(
            status("GET http://h/x?y=%20 HTTP/1.1\r\nHost: h\r\n\r\n"),
            0
        );
        assert_eq!(status("GET /x HTTP/1.0\r\nHost: h\r\n\r\n"), 0);
    }

    #[test]
    fn a_body_that_two_readers_could_see_differently_is_refused() {
        for fields in [
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length : 5\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "X: y\r\n folded\r\n",
            "X: y\n",
            "X: y\r\n\nGET / HTTP/1.1\r\n",
            "X: a\rb\r\n",
            "X: a\0b\r\n",
            "no colon\r\n",
            ": no name\r\n",
        ] {
            assert_eq!(with(fields), 400, "{fields:?}");
        }
        let old = "POST /x HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(status(old), 400);
    }

    #[test]
    fn request_lines_that_are_none_are_refused() {
        for line in [
            "GET /x",
            "GET  /x HTTP/1.1",
            "GET /a b HTTP/1.1",
            "GET /x#y HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "/x HTTP/1.1",
            "G\u{e9}T /x HTTP/1.1",
            "GET /x http/1.1",
            "GET /\u{7f} HTTP/1.1",
        ] {
            assert_eq!(status(&format!("{line}\r\nHost: h\r\n\r\n")), 400, "{line}");
        }
        for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/9.9"] {
            assert_eq!(
                status(&format!("GET / {version}\r\nHost: h\r\n\r\n")),
                505,
                "{version}"
            );
        }
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_ends() {
        let long = "a".repeat(MOST_TARGET);
        assert_eq!(
            status(&format!("GET /{long} HTTP/1.1\r\nHost: h\r\n\r\n")),
            414
        );
        assert_eq!(status(&format!("GET /{}", "a".repeat(9 * 1024))), 414);
        assert_eq!(status(&format!("GET /{} HTTP/1.1\r\n\r\n", &long[1..])), 0);
        let field = format!("X: {}\r\n", "a".repeat(1000));
        assert_eq!(with(&field.repeat(40)), 431);
        assert_eq!(
            status(&format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(MOST_HEAD))),
            431
        );
        assert_eq!(with(&"X: y\r\n".repeat(MOST_FIELDS)), 431);
        assert_eq!(with(&"X: y\r\n".repeat(MOST_FIELDS - 1)), 0);
    }

    #[test]
    fn what_is_refused_is_told_as_far_as_it_may_be() {
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";
        let told = |line: String| {
            let (method, path) = asked(beginning(line.as_bytes()));
            format!("{method} {path}")
        };
        for (line, expected) in [
            (
                "POST /v1/regions HTTP/1.1\r\nHost: h\r\n",
                "POST /v1/regions",
            ),
            ("GET /v1/x?access_token=canary HTTP/1.1\r\n", "GET /v1/x"),
            ("GET /v1/x#canary HTTP/1.1", "GET /v1/x"),
            ("GET /x", "GET /x"),
            ("\r\n", " "),
            ("", " "),
        ] {
            assert_eq!(told(line.to_owned()), expected, "{line:?}");
        }
        assert_eq!(told(format!("{token} /{token} HTTP/1.1\r\n")), "… /…");
        assert_eq!(told(format!("{token}\r\n")), "… ");
        assert_eq!(told(format!("GET /{}", "a".repeat(9000))), "GET /…");
    }

    #[test]
    fn the_end_is_found_in_whatever_pieces_it_comes() {
        let head = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next";
        for split in 0..27 {
            assert_eq!(
                end(&head[..split], split.saturating_sub(1)),
                Ok(None),
                "{split}"
            );
        }
        for seen in 0..=26 {
            assert_eq!(end(head, seen), Ok(Some(27)), "{seen}");
        }
    }
}
