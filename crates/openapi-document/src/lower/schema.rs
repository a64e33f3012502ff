//! One schema of 3.1 in the words of 3.0.

use super::{
    Found, constant, entry, items, keywords, member, note, push, refuse, take, text, types,
};
use crate::node::{Content, Entry, Node};

/// Rewrites the schema; what is inside it comes later.
pub(super) fn lower(node: &mut Node, found: &mut Found) {
    match node.content {
        Content::Bool(true) => {
            note(
                found,
                node.span,
                "`true` is read as the schema `{}`",
                "OpenAPI 3.0 has no boolean schemas",
            );
            node.content = Content::Map(Vec::new().into());
            return;
        }
        Content::Bool(false) => {
            note(
                found,
                node.span,
                "`false` is read as the schema `not: {}`",
                "OpenAPI 3.0 has no boolean schemas",
            );
            node.content =
                Content::Map(vec![entry("not", node.span, Content::Map(Vec::new().into()))].into());
            return;
        }
        Content::Map(_) => {}
        _ => return,
    }
    items::lower(node, found);
    keywords::refused(node, found);
    keywords::dropped(node, found);
    beside_reference(node, found);
    constant::lower(node, found);
    examples(node, found);
    bounds(node, found);
    encoding(node, found);
    types::null_member(node, found);
    types::lower(node, found);
}

/// `$ref` beside other members, which apply in 3.1.
fn beside_reference(node: &mut Node, found: &mut Found) {
    let Content::Map(entries) = &node.content else {
        return;
    };
    if entries.len() < 2 || node.get("$ref").is_none() {
        return;
    }
    let Some(reference) = take(node, "$ref") else {
        return;
    };
    let span = reference.key_span;
    note(
        found,
        span,
        "`$ref` beside other members is read as a member of `allOf`",
        "OpenAPI 3.0 ignores what is beside a `$ref`",
    );
    let alone = Node {
        span: reference.node.span,
        content: Content::Map(vec![reference].into()),
    };
    match member(node, "allOf") {
        Some(Node {
            content: Content::List(items),
            ..
        }) => items.push(alone),
        _ => push(node, entry("allOf", span, Content::List(vec![alone]))),
    }
}

/// A list of examples to the first of them.
fn examples(node: &mut Node, found: &mut Found) {
    let Some(examples) = node.entry("examples") else {
        return;
    };
    let Content::List(items) = &examples.node.content else {
        let help = match examples.node.as_str() {
            Some(text) => format!("write `[{text}]`, or call it `example`"),
            None => "begin each with `- `".to_owned(),
        };
        let message = "`examples` of a schema must be a list";
        found.push(crate::Diagnostic::new("K0102", examples.node.span, message).help(help));
        take(node, "examples");
        return;
    };
    let (span, items) = (examples.key_span, items.clone());
    let (first, count) = (items.first().cloned(), items.len());
    take(node, "examples");
    let message = match count {
        0 | 1 => "`examples` is read as `example`".to_owned(),
        more => format!(
            "the first of {more} `examples` is read as `example`, the others are `x-examples`"
        ),
    };
    note(
        found,
        span,
        &message,
        "OpenAPI 3.0 has one `example` here; examples constrain nothing",
    );
    if count > 1 {
        // They are judged as the first is.
        let others = items.into_iter().skip(1).collect();
        push(node, entry("x-examples", span, Content::List(others)));
    }
    if let Some(first) = first.filter(|_| node.get("example").is_none()) {
        push(
            node,
            Entry {
                key: "example".to_owned(),
                key_span: span,
                node: first,
            },
        );
    }
}

/// Exclusive bounds that are numbers to bounds with a flag.
fn bounds(node: &mut Node, found: &mut Found) {
    for (key, bound, lower) in [
        ("exclusiveMinimum", "minimum", true),
        ("exclusiveMaximum", "maximum", false),
    ] {
        let Some(exclusive) = node.entry(key) else {
            continue;
        };
        let span = exclusive.key_span;
        let Some(limit) = exclusive
            .node
            .as_number()
            .and_then(serde_json::Number::as_f64)
        else {
            refuse(
                found,
                exclusive.node.span,
                &format!("`{key}` must be a number"),
                "in OpenAPI 3.1 it is the bound itself",
            );
            take(node, key);
            continue;
        };
        let Some(exclusive) = take(node, key) else {
            continue;
        };
        let other = node
            .get(bound)
            .and_then(Node::as_number)
            .and_then(serde_json::Number::as_f64);
        note(
            found,
            span,
            &format!("`{key}` is read as `{bound}` with a flag"),
            "in OpenAPI 3.0 it is a flag beside the bound",
        );
        // The other bound is the tighter one.
        if other.is_some_and(|other| if lower { other > limit } else { other < limit }) {
            continue;
        }
        take(node, bound);
        push(
            node,
            Entry {
                key: bound.to_owned(),
                key_span: span,
                node: exclusive.node,
            },
        );
        push(node, entry(key, span, Content::Bool(true)));
    }
}

/// The encodings that RFC 2045 and RFC 4648 know.
const ENCODINGS: [&str; 9] = [
    "base64",
    "base64url",
    "base32",
    "base32hex",
    "base16",
    "quoted-printable",
    "7bit",
    "8bit",
    "binary",
];

/// Encodings of strings to formats.
fn encoding(node: &mut Node, found: &mut Found) {
    let encoding = node
        .get("contentEncoding")
        .and_then(Node::as_str)
        .map(str::to_owned);
    let media = node
        .get("contentMediaType")
        .and_then(Node::as_str)
        .map(str::to_owned);
    let formatted = node.get("format").is_some();
    if let (Some(written), Some(name)) = (node.get("contentEncoding"), &encoding)
        && !ENCODINGS.contains(&name.as_str())
    {
        let near = crate::rules::closest(name, ENCODINGS.into_iter());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "those of RFC 2045 and 4648 are `{}`",
                ENCODINGS.join("`, `")
            ),
        };
        let message = format!("`{name}` is not a known encoding");
        found.push(
            crate::Diagnostic::new("K0108", written.span, message)
                .help(help)
                .warning(),
        );
    }
    let format = match (encoding.as_deref(), media.as_deref()) {
        (Some("base64"), _) => Some("byte"),
        (None, Some("application/octet-stream")) => Some("binary"),
        _ => None,
    };
    for key in ["contentEncoding", "contentMediaType", "contentSchema"] {
        let Some(taken) = take(node, key) else {
            continue;
        };
        let span = taken.key_span;
        let used = matches!(
            (key, format),
            ("contentEncoding", Some("byte")) | ("contentMediaType", Some("binary"))
        );
        match format.filter(|_| used && !formatted) {
            Some(format) => {
                note(
                    found,
                    span,
                    &format!("`{key}` is read as `format: {format}`"),
                    "OpenAPI 3.0 says it so",
                );
                push(node, entry("format", span, text(format)));
            }
            None => {
                note(
                    found,
                    span,
                    &format!("`{key}` becomes `x-{key}`"),
                    "it constrains nothing",
                );
                push(
                    node,
                    Entry {
                        key: format!("x-{key}"),
                        ..taken
                    },
                );
            }
        }
    }
}
