//! K0112: security requirements name schemes that are declared, of kinds that are supported.

use super::features::is_token;
use super::tables as shapes;
use super::{Findings, kinds};
use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};

/// K0112: what a list of requirements names is declared.
pub(super) fn requirements(found: &mut Findings<'_>, security: Option<&Node>) {
    at_once(found, security);
    for scheme in security
        .map_or(&[][..], Node::items)
        .iter()
        .flat_map(Node::entries)
    {
        let schemes = found.components("securitySchemes");
        let Some(declared) = schemes.iter().find(|entry| entry.key == scheme.key) else {
            let components = found.root.get("components");
            let lost = |node| kinds::lost(node, "securitySchemes", &shapes::COMPONENTS);
            if components.is_some_and(lost) || kinds::lost(found.root, "components", &shapes::ROOT)
            {
                continue;
            }
            let near = super::keys::closest(&scheme.key, schemes.iter().map(|e| e.key.as_str()));
            let help = near.map_or_else(
                || "declare it in `components/securitySchemes`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            found.push(
                Diagnostic::new(
                    "K0112",
                    scheme.key_span,
                    format!("the security scheme `{}` is not declared", scheme.key),
                )
                .help(help),
            );
            continue;
        };
        scopes(found, scheme, declared);
    }
}

/// K0112: a request has one `Authorization`, so what is demanded at once has one scheme of it.
fn at_once(found: &mut Findings<'_>, security: Option<&Node>) {
    let schemes = found.components("securitySchemes");
    let in_authorization = |scheme: &Entry| {
        let declared = schemes.iter().find(|entry| entry.key == scheme.key);
        let node = declared.and_then(|declared| found.resolve(&declared.node));
        let kind = node
            .and_then(|node| node.get("type"))
            .and_then(Node::as_str);
        let word = node
            .and_then(|node| node.get("scheme"))
            .and_then(Node::as_str);
        match kind {
            Some("http") => word.map(str::to_ascii_lowercase),
            Some("oauth2" | "openIdConnect") => Some("bearer".to_owned()),
            _ => None,
        }
    };
    let mut told = Vec::new();
    for alternative in security.map_or(&[][..], Node::items) {
        let mut words = alternative
            .entries()
            .iter()
            .filter_map(|scheme| Some((scheme, in_authorization(scheme)?)));
        let Some((_, first)) = words.next() else {
            continue;
        };
        if let Some((other, _)) = words.find(|(_, word)| *word != first) {
            told.push((other.key.clone(), other.key_span));
        }
    }
    for (name, span) in told {
        let message = format!(
            "`{name}` and another scheme of these are both shown in `Authorization`, which is one"
        );
        found.push(
            Diagnostic::new("K0112", span, message)
                .help("write them as two items of the list if either will do"),
        );
    }
}

/// What is demanded of a scheme is a list of scopes, which only some kinds have.
fn scopes(found: &mut Findings<'_>, scheme: &Entry, declared: &Entry) {
    let Content::List(items) = &scheme.node.content else {
        let message = format!("what `{}` demands is a list of scopes", scheme.key);
        found.push(
            Diagnostic::new("K0102", scheme.key_span, message)
                .help(format!("write `{}: []`", scheme.key))
                .covers(scheme.span()),
        );
        return;
    };
    if let Some(item) = items.iter().find(|item| item.as_str().is_none()) {
        found.push(
            Diagnostic::new("K0102", item.span, "a scope is a string")
                .help("put its name in quotes"),
        );
        return;
    }
    let kind = found
        .resolve(&declared.node)
        .and_then(|node| node.get("type"))
        .and_then(Node::as_str);
    let Some(first) = items
        .first()
        .filter(|_| matches!(kind, Some("http" | "apiKey")))
    else {
        return;
    };
    if !found.is_lowered {
        let message = format!(
            "`{}` has no scopes: only OAuth 2 and OpenID have",
            scheme.key
        );
        found.push(
            Diagnostic::new("K0112", first.span, message)
                .help(format!("write `{}: []`", scheme.key))
                .warning(),
        );
    }
}

/// The kinds of security schemes; the last one is of OpenAPI 3.1.
static SCHEMES: [&str; 5] = ["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"];

/// Where a key may be.
const PLACES: [&str; 3] = ["query", "header", "cookie"];

/// The flows of OAuth 2, and the URLs that each must have.
const FLOWS: [(&str, &[&str]); 4] = [
    ("implicit", &["authorizationUrl"]),
    ("password", &["tokenUrl"]),
    ("clientCredentials", &["tokenUrl"]),
    ("authorizationCode", &["authorizationUrl", "tokenUrl"]),
];

/// K0102 and K0113: what OAuth 2 and OpenID Connect must say; whether something was told.
fn flows(found: &mut Findings<'_>, scheme: &Node) -> bool {
    let Some(kind) = scheme.get("type") else {
        return false;
    };
    let needs = match kind.as_str() {
        Some("oauth2") => "flows",
        Some("openIdConnect") => "openIdConnectUrl",
        _ => return false,
    };
    if scheme.get(needs).is_none() && !kinds::misspelt(scheme, needs, &shapes::SECURITY_SCHEME) {
        let message = format!("a scheme of this kind needs `{needs}`");
        found.push(
            Diagnostic::new("K0102", kind.span, message).help(format!("add `{needs}` beside it")),
        );
        return true;
    }
    let mut told = false;
    let flows = scheme.get("flows").map_or(&[][..], Node::entries);
    for flow in flows.iter().filter(|flow| !flow.key.starts_with("x-")) {
        let names = || FLOWS.iter().map(|(name, _)| *name);
        let Some((_, urls)) = FLOWS.iter().find(|(name, _)| *name == flow.key) else {
            let near = super::keys::closest(&flow.key, names());
            let help = near.map_or_else(
                || {
                    format!(
                        "the flows are `{}`",
                        names().collect::<Vec<_>>().join("`, `")
                    )
                },
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("OAuth 2 has no flow `{}`", flow.key);
            found.push(Diagnostic::new("K0113", flow.key_span, message).help(help));
            told = true;
            continue;
        };
        if !matches!(flow.node.content, Content::Map(_)) {
            continue;
        }
        for lacking in *urls {
            if flow.node.get(lacking).is_none() {
                let message = format!("the flow `{}` needs `{lacking}`", flow.key);
                found.push(
                    Diagnostic::new("K0102", flow.key_span, message)
                        .help(format!("add `{lacking}: https://...` below it")),
                );
                told = true;
            }
        }
        match flow.node.entry("scopes") {
            Some(scopes) if matches!(scopes.node.content, Content::Map(_)) => {}
            // It is understood as a flow without scopes.
            None => no_scopes(found, flow.key_span, &flow.key),
            Some(scopes) if scopes.node.content == Content::Null => {
                no_scopes(found, scopes.key_span, &flow.key);
            }
            Some(scopes) => {
                found.push(
                    Diagnostic::new("K0102", scopes.node.span, "`scopes` must be a mapping")
                        .help("write each scope with its description: `read: Read things`"),
                );
                told = true;
            }
        }
    }
    told
}

fn no_scopes(found: &mut Findings<'_>, span: Span, flow: &str) {
    let message = format!("the flow `{flow}` says nothing of scopes");
    found.push(
        Diagnostic::new("K0102", span, message)
            .help("write `scopes: {}` where it has none")
            .warning(),
    );
}

/// The kinds that the version of the document has.
fn kinds_of(found: &Findings<'_>) -> &'static [&'static str] {
    let all = if found.is_lowered {
        SCHEMES.len()
    } else {
        SCHEMES.len() - 1
    };
    &SCHEMES[..all]
}

/// K0112 and K0102: the scheme is of a kind that there is, and of a supported one. Of one that nothing demands, that is no
/// more than a warning.
pub(super) fn supported(found: &mut Findings<'_>, scheme: &Entry) {
    let first = found.diagnostics.len();
    judge(found, scheme);
    if crate::select::secured_by(found.root, &scheme.key).is_empty() {
        found.diagnostics.soften(first);
    }
}

fn judge(found: &mut Findings<'_>, scheme: &Entry) {
    // A reference is judged where it leads.
    let node = &scheme.node;
    if node.get("$ref").is_some() {
        return;
    }
    let kind = node.get("type").and_then(Node::as_str).unwrap_or_default();
    let name = node
        .get("scheme")
        .and_then(Node::as_str)
        .unwrap_or_default();
    if let Some(written) = node.get("type")
        && let Some(text) = written.as_str()
        && !kinds_of(found).contains(&text)
    {
        let kinds = kinds_of(found);
        let near = super::keys::closest(text, kinds.iter().copied());
        let help = near.map_or_else(
            || match text {
                "mutualTLS" => "OpenAPI 3.1 has it".to_owned(),
                _ => format!("the kinds are `{}`", kinds.join("`, `")),
            },
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("there is no kind of security scheme `{text}`");
        found.push(Diagnostic::new("K0102", written.span, message).help(help));
        return;
    }
    if flows(found, node) {
        return;
    }
    if let Some(place) = node.get("in").filter(|_| kind == "apiKey")
        && let Some(text) = place.as_str()
        && !PLACES.contains(&text)
    {
        let near = super::keys::closest(text, PLACES.into_iter());
        let help = near.map_or_else(
            || format!("the places are `{}`", PLACES.join("`, `")),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{text}` is no place of a key");
        found.push(Diagnostic::new("K0102", place.span, message).help(help));
        return;
    }
    let used = || !crate::select::secured_by(found.root, &scheme.key).is_empty();
    if let ("apiKey", Some(written)) = (kind, node.get("type"))
        && (node.get("in").is_none() || node.get("name").is_none())
    {
        let message = "an `apiKey` says where it is and what it is called";
        found.push(
            Diagnostic::new("K0112", written.span, message)
                .help("write `in: header` and `name: X-Key`, or what they are"),
        );
        return;
    }
    if kind == "apiKey"
        && let (Some(place), Some(name)) = (node.get("in").and_then(Node::as_str), node.get("name"))
        && let Some(text) = name.as_str()
        && (text.is_empty() || (place == "header" && !is_token(text)))
    {
        let message = format!(
            "`{text}` is no name of a {}",
            if place == "query" { "parameter" } else { place }
        );
        found.push(
            Diagnostic::new("K0102", name.span, message)
                .help("letters, digits and `-`, such as `X-Key`"),
        );
        return;
    }
    let known = match kind {
        "http" => ["bearer", "basic"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known)),
        "apiKey" => node.get("in").and_then(Node::as_str) != Some("cookie"),
        _ => ["oauth2", "openIdConnect"].contains(&kind),
    };
    if !known
        && used()
        && !["type", "scheme"]
            .iter()
            .any(|key| kinds::lost(node, key, &shapes::SECURITY_SCHEME))
        && node.get("type").is_some()
    {
        let blamed = match kind {
            "http" => "scheme",
            "apiKey" => "in",
            _ => "type",
        };
        let span = node
            .get(blamed)
            .or(node.get("type"))
            .map_or(scheme.key_span, |n| n.span);
        found.push(
            Diagnostic::new(
                "K0112",
                span,
                format!(
                    "the security scheme `{}` is of a kind that is not supported",
                    scheme.key
                ),
            )
            .help("`http` with `bearer` or `basic`, `apiKey` in a header or the query, `oauth2` and `openIdConnect` are"),
        );
    }
}
