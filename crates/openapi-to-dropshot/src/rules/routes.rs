//! K0201: dropshot's router holds every path.

use openapi_document::routes::{Routes, variable};
use openapi_document::{Diagnostic, Diagnostics, Document, Span};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// dropshot's trie of path segments: at each node either literals or one variable.
#[derive(Default)]
struct Route<'a> {
    literals: HashMap<&'a str, Route<'a>>,
    variable: Option<(&'a str, Box<Route<'a>>)>,
    first: Option<Span>,
}

/// K0201.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let mut root = Route::default();
    let routes = Routes::of(document);
    let mut before = BTreeSet::new();
    for path in document.openapi.paths.paths.keys() {
        let span = document
            .root
            .at("/paths")
            .and_then(|paths| paths.entry(path))
            .map_or_else(|| document.span("/paths"), |e| e.key_span);
        if let Some(twin) = routes.twin(path, &before) {
            let paths = document.root.at("/paths");
            let other = paths.and_then(|paths| paths.entry(twin));
            let other = other.map_or(span, |entry| entry.key_span);
            diagnostics.push(
                Diagnostic::new(
                    "K0201",
                    span,
                    "these two are one path: the names of variables do not tell paths apart",
                )
                .related(other, "the other path")
                .help("put the operations of both under one path"),
            );
        }
        before.insert(path.as_str());
        match insert(&mut root, path, span) {
            Some(mut conflict) => {
                conflict.span = span;
                diagnostics.push(conflict);
            }
            None => odd(path, span, diagnostics),
        }
    }
}

fn insert<'a>(root: &mut Route<'a>, path: &'a str, span: Span) -> Option<Diagnostic> {
    let refuse = |what: String| {
        let help = "write segments between single `/`, each fixed or one variable of its own name";
        Some(Diagnostic::new("K0201", span, what).help(help))
    };
    if !path.starts_with('/') || path.contains("//") || (path.len() > 1 && path.ends_with('/')) {
        return refuse(
            "a path begins with `/`, has no empty segment, and does not end with `/`".to_owned(),
        );
    }
    let mut node = root;
    let mut variables = Vec::new();
    for segment in path
        .split('/')
        .skip(1)
        .filter(|segment| !segment.is_empty())
    {
        let other = node.first;
        node.first.get_or_insert(span);
        let variable = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .filter(|name| !name.contains(['{', '}', ':']));
        let both = |detail: String| {
            let diagnostic =
                Diagnostic::new("K0201", span, "dropshot cannot route both of these paths")
                    .label(detail)
                    .help("at one place all paths have a fixed segment, or all a variable; put one of them under another prefix, or answer both from the variable's operation");
            Some(match other {
                Some(other) => diagnostic.related(other, "the other path"),
                None => diagnostic,
            })
        };
        node = match variable {
            None if segment.contains(['{', '}']) => {
                return refuse(format!(
                    "dropshot cannot route `{segment}`: a variable is a whole segment"
                ));
            }
            None => {
                if let Some((what, help)) = unreachable(segment) {
                    return Some(Diagnostic::new("K0201", span, what).help(help));
                }
                if let Some((name, _)) = &node.variable {
                    return both(format!(
                        "`{segment}` stands where the other has `{{{name}}}`"
                    ));
                }
                node.literals.entry(segment).or_default()
            }
            Some(name) => {
                if variables.contains(&name) {
                    return refuse(format!(
                        "the variable `{{{name}}}` occurs twice in the path"
                    ));
                }
                variables.push(name);
                if !node.literals.is_empty() {
                    return both(format!(
                        "`{segment}` stands where the other has a fixed segment"
                    ));
                }
                &mut node
                    .variable
                    .get_or_insert_with(|| (name, Box::default()))
                    .1
            }
        };
    }
    None
}

/// Characters that a path has only in other words, so that callers differ in what they send; the server knows all of them.
fn odd(path: &str, span: Span, diagnostics: &mut Diagnostics) {
    let fixed = path
        .split('/')
        .filter(|segment| variable(segment).is_none());
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
