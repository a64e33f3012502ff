//! K0102: what should be a URL, or an address of mail, looks like one.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Entry, Node};

/// Where the document has URLs, by the way there; `*` is any member or item.
const PLACES: [&str; 10] = [
    "info/termsOfService",
    "info/contact/url",
    "info/license/url",
    "externalDocs/url",
    "tags/*/externalDocs/url",
    "paths/*/*/externalDocs/url",
    "components/securitySchemes/*/openIdConnectUrl",
    "components/securitySchemes/*/flows/*/authorizationUrl",
    "components/securitySchemes/*/flows/*/tokenUrl",
    "components/securitySchemes/*/flows/*/refreshUrl",
];

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    // A licence without a name has it in the wrong member, which is told.
    let is_nameless = root
        .at("/info/license")
        .is_some_and(|licence| licence.get("name").is_none());
    for place in PLACES {
        if is_nameless && place == "info/license/url" {
            continue;
        }
        each(root, place, &mut |node| {
            if let Some(text) = node.as_str().filter(|text| !is_url(text)) {
                let help = if text.contains(char::is_whitespace) || text.is_empty() {
                    "write it as in a browser, such as `https://example.com/a`; a blank in it is `%20`".to_owned()
                } else {
                    format!("did you mean `https://{text}`?")
                };
                let message = format!("`{text}` is no URL");
                found.push(
                    Diagnostic::new("K0102", node.span, message)
                        .help(help)
                        .warning(),
                );
            }
        });
    }
    each(root, "servers/*/url", &mut |node| {
        let blank = |text: &&str| text.contains(char::is_whitespace);
        if let Some(text) = node.as_str().filter(blank) {
            let message = format!("`{text}` is no URL");
            found.push(Diagnostic::new("K0102", node.span, message).help("take the blanks out"));
        }
    });
    each(root, "info/contact/email", &mut |node| {
        let sides = node.as_str().map(|text| text.split_once('@'));
        let is_address = |(local, host): (&str, &str)| !local.is_empty() && !host.is_empty();
        if sides.is_some_and(|sides| !sides.is_some_and(is_address)) {
            let message = "this is no address of mail";
            found.push(
                Diagnostic::new("K0102", node.span, message)
                    .help("write it as `name@example.com`")
                    .warning(),
            );
        }
    });
}

/// A scheme or a relative reference that says that it is one; nothing is blank.
fn is_url(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let has_scheme = scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    !text.contains(char::is_whitespace) && (has_scheme || text.starts_with(['/', '.', '#', '?']))
}

/// Calls `visit` with what is at the place.
fn each<'a>(node: &'a Node, place: &str, visit: &mut dyn FnMut(&'a Node)) {
    let (token, rest) = match place.split_once('/') {
        Some((token, rest)) => (token, Some(rest)),
        None => (place, None),
    };
    let mut enter = |inner: &'a Node| match rest {
        Some(rest) => each(inner, rest, visit),
        None => visit(inner),
    };
    if token == "*" {
        let members = node.entries().iter().map(|entry: &Entry| &entry.node);
        members.chain(node.items()).for_each(&mut enter);
    } else if let Some(inner) = node.get(token) {
        enter(inner);
    }
}
