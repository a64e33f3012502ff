//! K0109: parts of OpenAPI 3.0 that the generators do not honour, each with what to do instead.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Content, Entry, Node};

/// What dropshot reads; any media type that ends with `+json` is JSON too.
const BODIES: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "multipart/form-data",
];

pub(super) fn schema(found: &mut Findings<'_>, schema: &Node) {
    super::discriminators::check(found, schema);
    if let Some(entry) = schema.entry("xml") {
        found.push(
            Diagnostic::new(
                "K0109",
                entry.key_span,
                "`xml` has no effect: bodies are JSON",
            )
            .help("leave it out")
            .warning(),
        );
    }
    // dropshot says nothing of them, and a list of lists stops it.
    let listed = schema.get("enum").map_or(&[][..], Node::items).iter();
    let mut parted =
        listed.filter(|value| matches!(value.content, Content::Map(_) | Content::List(_)));
    if let Some(value) = parted.next() {
        let what = match value.content {
            Content::List(_) => "a list",
            _ => "an object",
        };
        found.push(
            Diagnostic::new(
                "K0109",
                value.span,
                format!("{what} in an `enum` is not supported"),
            )
            .help("describe its parts, each with an `enum` of its own; several such in a `oneOf`"),
        );
    }
    // `not: {}` is how dropshot writes a type without values.
    let not = schema.entry("not");
    unsupported(
        found,
        not.filter(|not| !not.node.entries().is_empty()),
        "only `type`, `enum`, `allOf`, `anyOf` and `oneOf` tell values apart",
    );
}

pub(super) fn path(found: &mut Findings<'_>, path: &Entry) {
    spare(
        found,
        path.node.entry("servers"),
        "declare servers once, at the top of the document",
    );
}

pub(super) fn operation(found: &mut Findings<'_>, method: &Entry) {
    let operation = &method.node;
    if let Some(body) = operation.entry("requestBody")
        && matches!(method.key.as_str(), "get" | "head")
    {
        let name = method.key.to_uppercase();
        let message = format!("a body of {name} means nothing in HTTP, and proxies drop it");
        found.push(
            Diagnostic::new("K0109", body.key_span, message)
                .help("use the query, or POST")
                .warning(),
        );
    }
    spare(
        found,
        operation.entry("callbacks"),
        "describe the callback as an operation of the other service's document",
    );
    spare(
        found,
        operation.entry("servers"),
        "declare servers once, at the top of the document",
    );
    let responses = operation.get("responses").map_or(&[][..], Node::entries);
    let kept = success(responses);
    for entry in responses.iter().filter(|e| !e.key.starts_with("x-")) {
        match kept.filter(|kept| is_success(entry) && kept.key_span != entry.key_span) {
            Some(kept) => another(found, entry, &kept.key),
            None => status(found, entry),
        }
    }
}

/// Whether it is one status of 200 to 399, or a range of them; or what begins a websocket.
fn is_success(entry: &Entry) -> bool {
    let digit = |c: &u8| c.is_ascii_digit() || matches!(c, b'X' | b'x');
    entry.key == "101"
        || matches!(entry.key.as_bytes(), [b'2' | b'3', rest @ ..] if rest.len() == 2 && rest.iter().all(digit))
}

/// The success that is kept of several: one that says its status, and of these one that is no redirection.
fn success(responses: &[Entry]) -> Option<&Entry> {
    let all = || responses.iter().filter(|entry| is_success(entry));
    let exact = |entry: &&Entry| entry.key.bytes().all(|c| c.is_ascii_digit());
    let good = |entry: &&Entry| entry.key.starts_with('2');
    all()
        .find(|entry| exact(entry) && good(entry))
        .or_else(|| all().find(good))
        .or_else(|| all().find(exact))
        .or_else(|| all().next())
}

/// One success: what else is answered below 400 can be left out, since the server decides what it answers.
fn another(found: &mut Findings<'_>, entry: &Entry, kept: &str) {
    let message = "an operation with several success statuses is not supported";
    found.push(
        Diagnostic::new("K0109", entry.key_span, message)
            .label(format!("beside {kept}"))
            .help("keep one, or make two operations; `--skip-unsupported` leaves this one out")
            .spare(),
    );
}

/// The statuses that are registered for errors and the usual answers.
const REGISTERED: [&str; 48] = [
    "200", "201", "202", "203", "204", "205", "206", "300", "301", "302", "303", "304", "307",
    "308", "400", "401", "402", "403", "404", "405", "406", "407", "408", "409", "410", "411",
    "412", "413", "414", "415", "416", "417", "418", "421", "422", "423", "424", "425", "426",
    "428", "429", "431", "451", "500", "501", "502", "503", "504",
];

/// The registered status with the digits of one that is not.
fn exchanged(status: &str) -> Option<&'static str> {
    let digits = |status: &str| {
        let mut digits: Vec<u8> = status.bytes().collect();
        digits.sort_unstable();
        digits
    };
    if REGISTERED.contains(&status) || ("505"..="511").contains(&status) {
        return None;
    }
    let first = |other: &str| other.as_bytes().first() == status.as_bytes().first();
    let mut like = REGISTERED
        .into_iter()
        .filter(|other| digits(other) == digits(status));
    like.find(|other| first(other))
}

/// Whether it is a status, as OpenAPI writes them: three digits.
fn is_status(key: &str) -> bool {
    matches!(key.as_bytes(), [b'1'..=b'5', rest @ ..] if rest.len() == 2 && rest.iter().all(u8::is_ascii_digit))
}

fn status(found: &mut Findings<'_>, entry: &Entry) {
    let exact = is_status(&entry.key);
    if !exact && !matches!(entry.key.as_str(), "default" | "4XX" | "5XX") {
        let message = format!("the response `{}` is not supported", entry.key);
        let help = match entry.key.to_ascii_lowercase().as_str() {
            "default" => "did you mean `default`?".to_owned(),
            "4xx" => "did you mean `4XX`?".to_owned(),
            "5xx" => "did you mean `5XX`?".to_owned(),
            key => match key.trim_start_matches(['0', '+', ' ']).trim_end() {
                near if is_status(near) => format!("did you mean `{near}`?"),
                _ => "declare each status that can be answered: callers and the server's error types are made from them".to_owned(),
            },
        };
        found.push(Diagnostic::new("K0109", entry.key_span, message).help(help));
    }
    // A server offers the same without it. What a connection becomes after 101 is not said here.
    if exact && entry.key.starts_with('1') && entry.key != "101" {
        let message = format!("{} is no answer, but what may come before one", entry.key);
        found.push(
            Diagnostic::new("K0109", entry.key_span, message)
                .help("leave it out: HTTP lets any server send it")
                .spare(),
        );
    }
    if exact && let Some(near) = exchanged(&entry.key) {
        let message = format!("{} is no status that is registered", entry.key);
        found.push(
            Diagnostic::new("K0109", entry.key_span, message)
                .help(format!("did you mean {near}?"))
                .warning(),
        );
    }
    let content = entry.node.entry("content");
    if let Some(content) = content.filter(|content| !content.node.entries().is_empty())
        && matches!(entry.key.as_str(), "204" | "205" | "304")
    {
        let message = format!("an answer of {} has no body", entry.key);
        found.push(
            Diagnostic::new("K0109", content.key_span, message)
                .help("leave `content` out, or answer 200"),
        );
    }
}

pub(super) fn parameter(found: &mut Findings<'_>, node: &Node) {
    if node.get("in").and_then(Node::as_str) == Some("header")
        && let Some(name) = node.get("name")
        && let Some(text) = name.as_str().filter(|text| !is_token(text))
    {
        let message = format!("`{text}` is no name of a header");
        found.push(
            Diagnostic::new("K0102", name.span, message)
                .help("letters, digits and `-`, such as `If-Match`"),
        );
    }
    if let Some(place) = node.get("in") {
        let word = place.as_str().unwrap_or_default();
        match word {
            "query" | "header" | "path" => {}
            "cookie" => found.push(
                Diagnostic::new("K0109", place.span, "cookie parameters are not supported")
                    .help("use a header or the query"),
            ),
            "body" | "formData" => found.push(
                Diagnostic::new(
                    "K0102",
                    place.span,
                    format!("`{word}` is no place of a parameter"),
                )
                .help("OpenAPI 3 has a `requestBody` beside the `parameters`"),
            ),
            _ => {
                let places = ["query", "header", "path", "cookie"];
                let near = super::keys::closest(word, places.into_iter());
                let help = near.map_or_else(
                    || "it is `query`, `header` or `path`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("`{word}` is no place of a parameter");
                found.push(Diagnostic::new("K0102", place.span, message).help(help));
            }
        }
    }
    unsupported(
        found,
        node.entry("content"),
        "give the parameter a `schema`",
    );
    for key in ["allowReserved", "allowEmptyValue"] {
        let entry = node.entry(key).filter(|entry| entry.node.is_true());
        spare(found, entry, "leave it out");
    }
    style(found, node);
}

/// Only the styles that dropshot describes: `form` in the query, `simple` elsewhere.
fn style(found: &mut Findings<'_>, node: &Node) {
    let (Some(place), Some(style)) = (node.get("in").and_then(Node::as_str), node.get("style"))
    else {
        return;
    };
    let only = if place == "query" { "form" } else { "simple" };
    let name = style.as_str().unwrap_or_default();
    if name != only && matches!(place, "query" | "path" | "header") {
        found.push(
            Diagnostic::new(
                "K0109",
                style.span,
                format!("the style `{name}` of a {place} parameter is not supported"),
            )
            .help(format!("`style: {only}` is")),
        );
    }
}

pub(super) fn body(found: &mut Findings<'_>, node: &Node) {
    media_types(found, node, &BODIES);
}

pub(super) fn response(found: &mut Findings<'_>, entry: &Entry) {
    let node = &entry.node;
    spare(found, node.entry("links"), "describe the link in words");
    media_types(found, node, &[]);
}

pub(super) fn header(found: &mut Findings<'_>, node: &Node) {
    unsupported(found, node.entry("content"), "give the header a `schema`");
}

/// Whether it is a token of HTTP (RFC 9110, section 5.6.2), as names of headers and parts of media types are.
pub(super) fn is_token(text: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    !text.is_empty() && text.bytes().all(fits)
}

/// What to write instead, when `text` is no media type.
fn no_media_type(text: &str) -> Option<String> {
    const USUAL: [&str; 13] = [
        "application/json",
        "application/yaml",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "application/problem+json",
        "application/x-ndjson",
        "application/pdf",
        "multipart/form-data",
        "text/plain",
        "text/html",
        "text/csv",
        "text/event-stream",
    ];
    let essence = text.split(';').next().unwrap_or_default().trim();
    let parts = essence.split_once('/');
    if parts.is_some_and(|(kind, inner)| is_token(kind) && is_token(inner)) {
        return None;
    }
    let whole = essence.replace([' ', '\\'], "/");
    let short = USUAL.iter().find(|usual| {
        let (_, inner) = usual.split_once('/').unwrap_or_default();
        inner == essence || usual.replace('/', "") == essence
    });
    let other = match essence {
        "text" | "txt" => Some("text/plain"),
        "form" => Some("application/x-www-form-urlencoded"),
        "binary" | "bytes" => Some("application/octet-stream"),
        _ => None,
    };
    let near = short
        .copied()
        .or(other)
        .or_else(|| super::keys::closest(&whole, USUAL.into_iter()));
    Some(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a media type is two names with a `/` between them, such as `application/json`"
            .to_owned(),
    })
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether bodies of the media type are read: JSON, or one of `also`.
fn is_read(media_type: &str, also: &[&str]) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence.ends_with("+json") || also.contains(&essence)
}

fn media_types(found: &mut Findings<'_>, node: &Node, only: &[&str]) {
    let types = node.get("content").map_or(&[][..], Node::entries);
    // A range is what is left when no type is said.
    let read = |range: bool| {
        let fits = |key: &str| is_read(key, only) && key.contains('*') == range;
        types.iter().position(|media| fits(&media.key))
    };
    let kept = read(false).or_else(|| read(true));
    let kept = types.get(kept.unwrap_or_default());
    for media in types {
        let is_kept = kept.is_some_and(|kept| kept.key_span == media.key_span);
        if let Some(kept) = kept.filter(|_| !is_kept) {
            let message = "several media types for one body are not supported";
            let told = Diagnostic::new("K0109", media.key_span, message)
                .label(format!("beside `{}`", kept.key))
                .help("keep one; `--skip-unsupported` leaves this one out");
            found.push(told.spare());
        }
        if let Some(help) = no_media_type(&media.key) {
            let message = format!("`{}` is no media type", media.key);
            found.push(
                Diagnostic::new("K0102", media.key_span, message)
                    .help(help)
                    .covers(media.key_span),
            );
        }
        // It is left out as it is.
        if !is_kept {
            continue;
        }
        if media.node.get("schema").is_none()
            && !super::kinds::misspelt(&media.node, "schema", &super::tables::MEDIA)
        {
            found.push(
                Diagnostic::new(
                    "K0109",
                    media.key_span,
                    "a body without a schema is not supported",
                )
                .help("`schema: {}` is any JSON value; under `*/*`, any body"),
            );
        }
        if !only.is_empty() && !is_read(&media.key, only) {
            let essence = essence(&media.key);
            let near = super::keys::closest(essence, only.iter().copied());
            let help = near.map_or_else(
                || format!("`{}` is", only.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            found.push(
                Diagnostic::new(
                    "K0109",
                    media.key_span,
                    format!("a request body of `{}` is not supported", media.key),
                )
                .help(help),
            );
        }
        unsupported(
            found,
            media.node.entry("encoding"),
            "only whole bodies are encoded",
        );
    }
}

fn unsupported(found: &mut Findings<'_>, entry: Option<&Entry>, help: &str) {
    if let Some(entry) = entry {
        found.push(unsupported_entry(entry, help));
    }
}

/// As [`unsupported`], of words that change nothing of what is asked and answered, or without which a little less is allowed.
fn spare(found: &mut Findings<'_>, entry: Option<&Entry>, help: &str) {
    if let Some(entry) = entry {
        found.push(unsupported_entry(entry, help).spare());
    }
}

fn unsupported_entry(entry: &Entry, help: &str) -> Diagnostic {
    let message = format!("`{}` is not supported here", entry.key);
    Diagnostic::new("K0109", entry.key_span, message).help(help)
}
