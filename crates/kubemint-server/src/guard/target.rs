//! What a request is directed at: a host, and a path.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use http::StatusCode;
use http::uri::PathAndQuery;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::refusal::Refused;

/// A request was sent with a fragment in its target, which is cut off by now.
#[derive(Clone, Copy)]
pub(super) struct HadFragment;

/// Whether it is a name or an address, and perhaps a port (RFC 9110, section 7.2). Of the characters that a registered
/// name may have, those that only separate are left out: no name has them, and who splits at one would see another host.
pub(super) fn is_host(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (is_named, port) = match bracketed {
        Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
            (!name.is_empty() && name.bytes().all(fits), port)
        }
    };
    let is_port = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.is_empty() || (plain && digits.parse::<u16>().is_ok())
    };
    is_named && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// dropshot's router skips empty segments, so that two paths would be one: here each path is its own, and these name
/// nothing.
pub(super) fn path_is_plain(path: &str) -> Result<(), Refused> {
    if path.contains("//") || (path.len() > 1 && path.ends_with('/')) {
        let message = "there is no such path: it has an empty segment";
        return Err(Refused::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    Ok(())
}

/// The target with each segment as the router can read it, or nothing if it can read them all. It answers "bad request" to
/// segments that are only dots or are not UTF-8, whoever asks and naming nothing. So dots are escaped, and other octets
/// become U+FFFD, which no parameter of ours may have: then it is refused like any other bad value, by the parameter's
/// name, and after the caller is known.
pub(super) fn readable(target: &PathAndQuery) -> Option<PathAndQuery> {
    let read = |segment: &str| match segment {
        "." => Some("%2E".to_owned()),
        ".." => Some("%2E%2E".to_owned()),
        _ => {
            let octets: Cow<'_, [u8]> = percent_decode_str(segment).into();
            std::str::from_utf8(&octets).is_err().then(|| {
                let text = String::from_utf8_lossy(&octets);
                utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
            })
        }
    };
    let segments: Vec<(&str, Option<String>)> = target
        .path()
        .split('/')
        .map(|segment| (segment, read(segment)))
        .collect();
    if segments.iter().all(|(_, other)| other.is_none()) {
        return None;
    }
    let path: Vec<&str> = segments
        .iter()
        .map(|(segment, other)| other.as_deref().unwrap_or(segment))
        .collect();
    let query = target.query().map(|query| format!("?{query}"));
    (path.join("/") + &query.unwrap_or_default()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_router_cannot_read_becomes_what_no_parameter_may_be() {
        for (target, expected) in [
            ("/a/..", "/a/%2E%2E"),
            ("/./b?x=./%ff", "/%2E/b?x=./%ff"),
            ("/a/%ff/b", "/a/%EF%BF%BD/b"),
            ("/a/x%c0%aey", "/a/x%EF%BF%BD%EF%BF%BDy"),
            ("/a/%2f%ff", "/a/%2F%EF%BF%BD"),
        ] {
            let target = PathAndQuery::from_static(target);
            let read = readable(&target).unwrap();
            assert_eq!(read.as_str(), expected, "{target}");
            assert_eq!(readable(&read), None, "{read}");
        }
        for target in [
            "/",
            "/a?x=..",
            "/%zz/...",
            "/%C3%A9/.x",
            "/%2e%2e",
            "/a%2Fb",
        ] {
            assert_eq!(
                readable(&PathAndQuery::from_static(target)),
                None,
                "{target}"
            );
        }
    }
}
