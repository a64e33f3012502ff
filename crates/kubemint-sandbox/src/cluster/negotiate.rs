//! Media types: what a client sends, and what it takes.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::status::Failure;

/// What clients of generated code send.
pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// The media type of a body, which must be some JSON.
pub(crate) fn content_type(headers: &HeaderMap, body: &[u8]) -> Result<String, Failure> {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = given
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let json = matches!(
        essence.as_str(),
        "application/json"
            | PROTOBUF
            | "application/merge-patch+json"
            | "application/strategic-merge-patch+json"
    );
    if body.is_empty() || json || essence.is_empty() {
        Ok(essence)
    } else {
        Err(Failure::unsupported_media_type())
    }
}

/// Whether the client prefers a table (true) or whole objects (false); `None` if it takes neither.
pub(crate) fn accepted(headers: &HeaderMap) -> Option<bool> {
    let mut given = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .peekable();
    if given.peek().is_none() {
        return Some(false);
    }
    for range in given.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or("").to_ascii_lowercase();
        if !matches!(
            essence.as_str(),
            "application/json" | "application/*" | "*/*" | ""
        ) {
            continue;
        }
        let parameters: Vec<&str> = parts.collect();
        let form = parameters
            .iter()
            .find_map(|parameter| parameter.strip_prefix("as="));
        match form {
            None => return Some(false),
            Some("Table")
                if parameters.contains(&"v=v1") && parameters.contains(&"g=meta.k8s.io") =>
            {
                return Some(true);
            }
            Some(_) => {}
        }
    }
    None
}
