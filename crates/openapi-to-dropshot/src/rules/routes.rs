//! K0201: every path is one that requests can have, and none takes the requests of another unsaid.

use crate::bridge;
use openapi_document::routes::{Part, Routes};
use openapi_document::{Content, Diagnostic, Diagnostics, Document, Node, Span, resolve};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// K0201.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let routes = Routes::of(document);
    let mut before = BTreeSet::new();
    for path in document.openapi.paths.paths.keys() {
        let span = place(document, path);
        if let Some(twin) = routes.twin(path, &before) {
            diagnostics.push(
                Diagnostic::new(
                    "K0201",
                    span,
                    "these two are one path: the names of variables do not tell paths apart",
                )
                .related(place(document, twin), "the other path")
                .help("put the operations of both under one path"),
            );
        }
        before.insert(path.as_str());
        match refused(path, span) {
            Some(refused) => diagnostics.push(refused),
            None => {
                odd(path, span, diagnostics);
                partial(path, span, diagnostics);
            }
        }
    }
    for bridge in bridge::bridges(document, &routes) {
        hidden(document, &bridge.paths, diagnostics);
    }
}

/// Where the path is written.
fn place(document: &Document, path: &str) -> Span {
    let paths = document.root.at("/paths");
    let entry = paths.and_then(|paths| paths.entry(path));
    entry.map_or_else(|| document.span("/paths"), |entry| entry.key_span)
}

/// Why no router has the path, if none has.
fn refused(path: &str, span: Span) -> Option<Diagnostic> {
    let refuse = |what: String| {
        let help = "write segments between single `/`, each fixed or one variable of its own name";
        Some(Diagnostic::new("K0201", span, what).help(help))
    };
    if !path.starts_with('/') || path.contains("//") || (path.len() > 1 && path.ends_with('/')) {
        return refuse(
            "a path begins with `/`, has no empty segment, and does not end with `/`".to_owned(),
        );
    }
    let mut variables = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let part = Part::of(segment);
        if part.is_none() && segment.contains(['{', '}']) {
            return refuse(format!(
                "dropshot cannot route `{segment}`: a segment is fixed, or has one variable"
            ));
        }
        let fixed = part.map_or([segment, ""], |part| [part.before, part.behind]);
        let mut fixed = fixed.iter().filter(|text| !text.is_empty());
        if let Some((what, help)) = fixed.find_map(|text| unreachable(text)) {
            return Some(Diagnostic::new("K0201", span, what).help(help));
        }
        if let Some(Part { name, .. }) = part {
            if variables.contains(&name) {
                return refuse(format!(
                    "the variable `{{{name}}}` occurs twice in the path"
                ));
            }
            variables.push(name);
        }
    }
    None
}

/// Tells of each of these paths, which are tried in this order, that takes requests from a later one whose variables allow its
/// fixed segments: what they name so cannot be asked for.
fn hidden(document: &Document, paths: &[String], diagnostics: &mut Diagnostics) {
    for (at, path) in paths.iter().enumerate() {
        let told = paths[at + 1..].iter().find_map(|later| {
            let taken = taken(document, path, later)?;
            let (text, name) = taken.first()?;
            let message = format!("`{path}` hides what `{later}` means where `{name}` is `{text}`");
            Some(
                Diagnostic::new("K0201", place(document, path), message)
                    .label(format!("a request of `{path}` is never one of the other"))
                    .related(place(document, later), "the other path")
                    .help(format!("let the schema of `{name}` exclude `{text}`, such as by a `pattern` or `format`, or put one of the paths under another prefix"))
                    .warning(),
            )
        });
        if let Some(told) = told {
            diagnostics.push(told);
        }
    }
}

/// The fixed segments of `path` where `later` has variables, with those; none where both are fixed and differ, or a variable does
/// not allow the segment.
fn taken<'a>(
    document: &Document,
    path: &'a str,
    later: &'a str,
) -> Option<Vec<(&'a str, &'a str)>> {
    let mut taken = Vec::new();
    for (one, other) in path.split('/').zip(later.split('/')) {
        match (Part::of(one), Part::of(other)) {
            (None, None) if one != other => return None,
            (None, Some(part)) => {
                let text = part.value(one)?;
                if !allows(document, later, part.name, text) {
                    return None;
                }
                taken.push((text, part.name));
            }
            (Some(part), None) => {
                part.value(other)?;
            }
            _ => {}
        }
    }
    Some(taken)
}

/// Whether every schema that `path` gives its variable `name` allows the text, as which or as the number that it writes.
fn allows(document: &Document, path: &str, name: &str, text: &str) -> bool {
    let root = &document.root;
    let paths = root.at("/paths");
    let Some(item) = paths.and_then(|paths| resolve(root, paths.get(path)?)) else {
        return false;
    };
    let own = item.get("parameters");
    let inner = item
        .entries()
        .iter()
        .map(|entry| entry.node.get("parameters"));
    let parameters = inner.chain([own]).flatten().flat_map(Node::items);
    let schemas = parameters.filter_map(|parameter| {
        let parameter = resolve(root, parameter)?;
        let is = |key: &str, what: &str| parameter.get(key).and_then(Node::as_str) == Some(what);
        (is("in", "path") && is("name", name)).then(|| parameter.get("schema"))?
    });
    let node = |content: Content| Node {
        span: Span::default(),
        content,
    };
    let number = serde_json::from_str(text).ok().map(Content::Number);
    let values = [Some(Content::String(text.to_owned())), number].map(|content| content.map(node));
    let mut schemas = schemas.peekable();
    schemas.peek().is_some()
        && schemas.all(|schema| {
            let mut values = values.iter().flatten();
            values.any(|value| openapi_check::allows(document, schema, value))
        })
}

/// A variable that is a part of its segment: it is served, and not every router of others tells where it ends.
fn partial(path: &str, span: Span, diagnostics: &mut Diagnostics) {
    let parts = path.split('/').filter_map(Part::of);
    for part in parts.filter(|part| !part.is_whole()) {
        let Part {
            before,
            name,
            behind,
        } = part;
        let segment = format!("{before}{{{name}}}{behind}");
        let message = format!("the variable of `{segment}` is no whole segment");
        diagnostics.push(
            Diagnostic::new("K0201", span, message)
                .label("dropshot's router knows whole segments alone; the server looks into it itself")
                .help(format!("`{name}` is what is between the fixed texts; other tools may not tell, so make it a segment of its own if you can"))
                .warning(),
        );
    }
}

/// Characters that a path has only in other words, so that callers differ in what they send; the server knows all of them.
fn odd(path: &str, span: Span, diagnostics: &mut Diagnostics) {
    let fixed = path.split('/').flat_map(|segment| match Part::of(segment) {
        None => [segment, ""],
        Some(part) => [part.before, part.behind],
    });
    for segment in fixed {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c);
        let Some(sign) = segment.chars().find(|c| !fits(*c)) else {
            continue;
        };
        let mut bytes = [0; 4];
        let bytes = sign.encode_utf8(&mut bytes).bytes();
        let sent: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
        let message = format!("`{sign}` of `{segment}` is no character of a path");
        diagnostics.push(
            Diagnostic::new("K0201", span, message)
                .label(format!(
                    "some callers send `{sent}`, and some what stands here"
                ))
                .help("letters, digits and `-._~!$&'()*+,;=:@`")
                .warning(),
        );
    }
}

/// Why no request has this segment in its path, and what to do, if none has.
fn unreachable(segment: &str) -> Option<(String, Cow<'static, str>)> {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    if dots == "." || dots == ".." {
        let what =
            format!("no request has the segment `{segment}`: clients take it out of the path");
        return Some((what, "write where the path leads".into()));
    }
    let foreign = |text: &str| {
        let mut signs = text.chars();
        signs.find(|c| c.is_control() || " \"#%<>?\\`".contains(*c))
    };
    let sign = foreign(segment)?;
    Some(match sign {
        '?' => (
            format!("no path has the `?` of `{segment}`: a query begins there"),
            "declare what follows as parameters with `in: query`".into(),
        ),
        '#' => (
            format!(
                "no path has the `#` of `{segment}`: a fragment begins there, and is never sent"
            ),
            "leave it out".into(),
        ),
        '%' => (
            format!(
                "`{segment}` is compared with what the request's segment means, which has no `%`"
            ),
            match decoded(segment) {
                Some(meant) if foreign(&meant).is_none() && !meant.contains(['/', '{', '}']) => {
                    format!("write `{meant}`").into()
                }
                _ => "give the segment another name, or make it a variable, which holds any character".into(),
            },
        ),
        _ => (
            format!("{sign:?} of `{segment}` is no character of a path"),
            "letters, digits and `-._~!$&'()*+,;=:@`".into(),
        ),
    })
}

/// What a percent-encoded segment means, if it is a text.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut meant = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            meant.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        meant.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(meant).ok()
}
