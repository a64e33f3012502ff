//! K0113 and K0102: an object has the members that it knows, each of the right kind, and those that it must have.

use super::Findings;
use super::tables::{self, Kind, Shape};
use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};

/// Extensions that the toolchain itself gives a meaning: each is on or off.
const FLAGS: [&str; 3] = ["x-secret", "x-printable", "x-runtime"];

/// What is said to people alone: serializers write null where there is nothing.
const REMARKS: [&str; 5] = [
    "bearerFormat",
    "description",
    "summary",
    "termsOfService",
    "title",
];

/// Extensions that dropshot gives a meaning: mappings, empty or not.
const DROPSHOTS: [&str; 2] = ["x-dropshot-pagination", "x-dropshot-websocket"];

/// Judges the members of `node`, which is introduced at `place`. A reference is judged where it leads.
pub(super) fn check(found: &mut Findings<'_>, node: &Node, place: Span, shape: &Shape) {
    if node.get("$ref").is_some() {
        return;
    }
    if let Some((entry, next)) = outdented(node, shape) {
        let message = format!("`{}` must be a mapping", entry.key);
        found.push(
            Diagnostic::new("K0102", entry.key_span, message)
                .label("nothing")
                .help(format!("indent `{}`, which belongs below it", next.key))
                .covers(entry.key_span.to(node.span)),
        );
        return;
    }
    for entry in node.entries() {
        if entry.key.starts_with("x-") {
            extension(found, entry);
            continue;
        }
        match shape.keys.iter().find(|(key, _)| *key == entry.key) {
            Some((_, kind)) => kinds(found, entry, *kind),
            None if matches!(entry.key.as_str(), "then" | "else") && node.get("if").is_some() => {}
            None => unknown(found, entry, shape),
        }
    }
    if !matches!(node.content, Content::Map(_)) {
        return;
    }
    // A misspelt key is told as such.
    let lacks = |key: &&&str| node.get(key).is_none() && !misspelt(node, key, shape);
    let lacking: Vec<&str> = shape.needs.iter().filter(lacks).copied().collect();
    if !lacking.is_empty() {
        let keys = lacking.join("` and `");
        let a = if lacking.len() == 1 { "a " } else { "" };
        let mut told = Diagnostic::new("K0102", place, format!("{} needs {a}`{keys}`", shape.what))
            .help(format!("add `{keys}`"));
        // The model says so too, of the whole.
        if shape.what == tables::DOCS.what {
            told = told.covers(node.span);
        }
        found.push(told);
    }
}

/// A key that holds nothing, and the one after it, which should stand in what it holds.
fn outdented<'n>(node: &'n Node, shape: &Shape) -> Option<(&'n Entry, &'n Entry)> {
    let pairs = node.entries().windows(2).filter_map(|pair| match pair {
        [entry, next] => Some((entry, next)),
        _ => None,
    });
    let kind = |entry: &Entry| {
        shape
            .keys
            .iter()
            .find(|(key, _)| *key == entry.key)
            .map(|(_, kind)| *kind)
    };
    pairs.into_iter().find(|(entry, next)| {
        let holds = matches!(kind(entry), Some(Kind::Map | Kind::Named | Kind::MapOrFlag));
        holds
            && entry.node.content == Content::Null
            && kind(next).is_none()
            && !next.key.starts_with("x-")
            && meant(&next.key, shape).is_none()
    })
}

/// Whether what `key` should hold is told to be misspelt or of the wrong shape, so that nothing is known of it.
pub(super) fn lost(node: &Node, key: &str, shape: &Shape) -> bool {
    match node.get(key) {
        None => misspelt(node, key, shape),
        Some(held) => match shape.keys.iter().find(|(known, _)| *known == key) {
            Some((_, Kind::Map)) => !matches!(held.content, Content::Map(_)),
            Some((_, Kind::Named)) => {
                let map = |node: &Node| matches!(node.content, Content::Map(_));
                !map(held) || held.entries().iter().any(|entry| !map(&entry.node))
            }
            Some((_, Kind::Maps)) => {
                let map = |node: &Node| matches!(node.content, Content::Map(_));
                !matches!(held.content, Content::List(_)) || !held.items().iter().all(map)
            }
            Some((_, Kind::Text)) => held.as_str().is_none(),
            _ => false,
        },
    }
}

/// Whether `node` has a key that it should not, and that looks like `key`, which it lacks.
pub(super) fn misspelt(node: &Node, key: &str, shape: &Shape) -> bool {
    let unknown = node.entries().iter().filter(|entry| {
        !entry.key.starts_with("x-") && !shape.keys.iter().any(|(known, _)| *known == entry.key)
    });
    let mut unknown = unknown.map(|entry| entry.key.as_str());
    node.get(key).is_none() && unknown.any(|word| meant(word, shape) == Some(key))
}

/// The key that a word stands for.
fn meant<'s>(word: &str, shape: &'s Shape) -> Option<&'s str> {
    let known = |key: &&str| shape.keys.iter().any(|(known, _)| known == key);
    let usual = match word {
        "desc" | "descr" | "doc" => Some("description"),
        "id" | "operation" => Some("operationId"),
        "body" => Some("requestBody"),
        "response" | "returns" => Some("responses"),
        "params" | "args" => Some("parameters"),
        "props" => Some("properties"),
        "optional" | "mandatory" => Some("required"),
        _ => None,
    };
    let keys = shape.keys.iter().map(|(key, _)| *key);
    usual
        .filter(known)
        .or_else(|| super::keys::closest(word, keys))
}

/// An extension of the toolchain is `true` or `false`, and one that looks like it is told.
fn extension(found: &mut Findings<'_>, entry: &Entry) {
    if FLAGS.contains(&entry.key.as_str()) {
        return kinds(found, entry, Kind::Flag);
    }
    if DROPSHOTS.contains(&entry.key.as_str()) {
        // As dropshot wrote it once.
        if entry.key == crate::objects::PAGINATION && entry.node.is_true() {
            return;
        }
        kinds(found, entry, Kind::Map);
        if let Some(required) = entry.node.entry("required") {
            kinds(found, required, Kind::Texts);
        }
        return;
    }
    let known = FLAGS.into_iter().chain(DROPSHOTS);
    if let Some(near) = super::keys::within(&entry.key, known, 2) {
        let message = format!("`{}` has no meaning here", entry.key);
        found.push(
            Diagnostic::new("K0113", entry.key_span, message)
                .help(format!("did you mean `{near}`?"))
                .warning(),
        );
    }
}

fn unknown(found: &mut Findings<'_>, entry: &Entry, shape: &Shape) {
    let diagnostic = Diagnostic::new(
        "K0113",
        entry.key_span,
        format!("{} has no key `{}`", shape.what, entry.key),
    )
    .covers(entry.span());
    let advice = match entry.key.as_str() {
        "schema" if shape.keys.iter().any(|(key, _)| *key == "content") => {
            Some("write `content: {application/json: {schema: ...}}`")
        }
        "if" | "then" | "else" => Some("OpenAPI 3.0 has no conditions: list the cases in `oneOf`"),
        "patternProperties" | "propertyNames" => {
            Some("OpenAPI 3.0 says with `additionalProperties` what all other members are like")
        }
        "definitions" | "$defs" => Some("put them into `components/schemas`, and refer to them"),
        "prefixItems" | "contains" => Some("OpenAPI has one schema for all items: `items`"),
        "contentEncoding" => Some("OpenAPI 3.0 writes `format: byte` for base64"),
        "examples" => Some("OpenAPI 3.0 has one `example` here"),
        "required" => Some("the object that holds it lists the names that are `required`"),
        "const" => Some("write `enum` with one value"),
        "ref" | "_ref" | "reference" => Some("did you mean `$ref`?"),
        "any_of" | "all_of" | "one_of" => Some("did you mean `anyOf`, `allOf` or `oneOf`?"),
        // Whatever else begins so, what it leads to would silently not apply.
        key if key.starts_with('$') => Some("did you mean `$ref`?"),
        _ => None,
    };
    // These say nothing of values, so that nothing is generated wrongly.
    let is_idle = ["definitions", "$defs", "contentEncoding"].contains(&entry.key.as_str());
    found.push(match (advice, meant(&entry.key, shape)) {
        (Some(advice), _) if is_idle => diagnostic.help(advice).warning(),
        (Some(advice), _) => diagnostic.help(advice),
        (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
        (None, None) => diagnostic.help("extensions begin with `x-`").warning(),
    });
}

fn kinds(found: &mut Findings<'_>, entry: &Entry, kind: Kind) {
    let content = &entry.node.content;
    let (fits, wanted) = match kind {
        Kind::Any => (true, ""),
        Kind::Text => (matches!(content, Content::String(_)), "a string"),
        Kind::Flag => (matches!(content, Content::Bool(_)), "`true` or `false`"),
        Kind::Number => (matches!(content, Content::Number(_)), "a number"),
        Kind::Count => (
            matches!(content, Content::Number(number) if number.is_u64()),
            "a whole number that is not negative",
        ),
        Kind::List | Kind::Texts | Kind::Maps => (matches!(content, Content::List(_)), "a list"),
        Kind::Map | Kind::Named => (matches!(content, Content::Map(_)), "a mapping"),
        Kind::MapOrFlag => (
            matches!(content, Content::Map(_) | Content::Bool(_)),
            "a schema, `true` or `false`",
        ),
    };
    if fits {
        return inner(found, entry, kind);
    }
    let key = &entry.key;
    let text = entry.node.as_str();
    let help = match (kind, key.as_str(), content) {
        (Kind::Texts, "required", Content::Bool(_)) => {
            "the object that holds the property lists the names that are `required`".to_owned()
        }
        (Kind::Flag, "exclusiveMinimum" | "exclusiveMaximum", _) => {
            let bound = key.trim_start_matches("exclusive").to_lowercase();
            format!(
                "in OpenAPI 3.0 it is a flag beside `{bound}`: `{bound}: ...` and `{key}: true`"
            )
        }
        (Kind::Text, "type", Content::List(_)) => {
            "OpenAPI 3.0 has one type; `nullable: true` allows null".to_owned()
        }
        (Kind::Text, _, Content::Number(_) | Content::Bool(_)) => "put it in quotes".to_owned(),
        (Kind::Text, _, Content::Null) => "write its text, or leave the key out".to_owned(),
        (Kind::Flag, _, _) if text.is_some_and(|t| ["true", "false"].contains(&t)) => {
            "remove the quotes".to_owned()
        }
        (Kind::Flag, _, _) if text.is_some_and(|t| ["yes", "on", "Yes", "On"].contains(&t)) => {
            "write `true`".to_owned()
        }
        (Kind::Flag, _, _) if text.is_some_and(|t| ["no", "off", "No", "Off"].contains(&t)) => {
            "write `false`".to_owned()
        }
        (Kind::Number | Kind::Count, _, _) if text.is_some_and(is_other_number) => {
            "numbers are decimal here, without zeros before them: parsers differ in what others are"
                .to_owned()
        }
        (Kind::Number | Kind::Count, _, _)
            if text.is_some_and(|t| t.parse::<f64>().is_ok_and(f64::is_infinite)) =>
        {
            "no number is so large here: a double ends at 1.8e308, and 64 bits at 19 digits"
                .to_owned()
        }
        (Kind::Number | Kind::Count, _, _) if text.is_some_and(|t| t.parse::<f64>().is_ok()) => {
            "remove the quotes".to_owned()
        }
        (Kind::List | Kind::Texts, _, Content::String(text)) => format!("write `[{text}]`"),
        (Kind::Maps, _, Content::Map(_)) => "begin each item with `- `".to_owned(),
        (Kind::Map, "items", Content::List(_)) => "OpenAPI has one schema for all items".to_owned(),
        (Kind::Map | Kind::Named, _, Content::Null) => {
            "indent what belongs to it, or leave the key out".to_owned()
        }
        _ => format!("write {wanted}"),
    };
    let span = match content {
        Content::Null => entry.key_span,
        _ => entry.node.span,
    };
    let told = Diagnostic::new("K0102", span, format!("`{key}` must be {wanted}"))
        .label(described(content))
        .help(help)
        .covers(entry.span());
    let is_nothing = *content == Content::Null && REMARKS.contains(&key.as_str());
    found.push(if is_nothing { told.spare() } else { told });
}

/// Numbers that YAML 1.1 or 1.2 knows and JSON does not: hexadecimal, octal and infinite ones.
fn is_other_number(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '+']);
    let zero = text.strip_prefix('0').unwrap_or_default();
    zero.starts_with(|c: char| c.is_ascii_digit() || "xXoO".contains(c))
        || [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&text)
}

/// What a list or mapping holds.
fn inner(found: &mut Findings<'_>, entry: &Entry, kind: Kind) {
    let wrong = |span: Span, covers: Span, what: &str, content: &Content, help: String| {
        Diagnostic::new("K0102", span, format!("{what} must be {}", wanted(kind)))
            .label(described(content))
            .help(help)
            .covers(covers)
    };
    match kind {
        Kind::Texts | Kind::Maps => {
            for item in entry.node.items() {
                let help = match (kind, &item.content) {
                    (Kind::Texts, Content::String(_)) | (Kind::Maps, Content::Map(_)) => continue,
                    (Kind::Texts, Content::Map(members)) => {
                        let name = item.get("name").and_then(Node::as_str);
                        let only = members.first().map(|member| member.key.as_str());
                        format!("write `{}` alone", name.or(only).unwrap_or("its name"))
                    }
                    (Kind::Texts, Content::Null) => {
                        "put `null` in quotes, or leave it out".to_owned()
                    }
                    (Kind::Texts, Content::Number(_) | Content::Bool(_)) => {
                        "put it in quotes".to_owned()
                    }
                    (Kind::Maps, Content::String(text)) if entry.key == "security" => {
                        format!("write `{text}: []`")
                    }
                    (Kind::Maps, Content::String(text)) if text.contains('/') => {
                        format!("write `$ref: '{text}'`")
                    }
                    (Kind::Maps, Content::Null) => {
                        "indent what belongs to it, or leave it out".to_owned()
                    }
                    _ => format!("write {}", wanted(kind)),
                };
                let what = format!("an item of `{}`", entry.key);
                found.push(wrong(item.span, item.span, &what, &item.content, help));
            }
        }
        Kind::Named => {
            for member in entry.node.entries() {
                let content = &member.node.content;
                let help;
                let help = match content {
                    Content::Map(_) => continue,
                    // A security requirement, a path and the like have extensions beside their names.
                    _ if member.key.starts_with("x-") && entry.key == "responses" => continue,
                    Content::Null => "indent what belongs to it below it; `{}` is nothing at all",
                    Content::String(text) if text.contains('/') => "did you mean `$ref`?",
                    Content::String(text) if super::values::TYPES.contains(&text.as_str()) => {
                        help = format!("write `{{type: {text}}}`");
                        &help
                    }
                    Content::List(items) if matches!(items.as_slice(), [only] if !only.entries().is_empty()) => {
                        "leave out the `-`: it is one, and no list"
                    }
                    _ => "write what it looks like, such as `{type: string}` for a schema",
                };
                let span = match content {
                    Content::Null => member.key_span,
                    _ => member.node.span,
                };
                let covers = member.span();
                let what = format!("`{}`", member.key);
                found.push(wrong(span, covers, &what, content, help.to_owned()));
            }
        }
        _ => {}
    }
}

fn wanted(kind: Kind) -> &'static str {
    if kind == Kind::Texts {
        "a string"
    } else {
        "a mapping"
    }
}

fn described(content: &Content) -> &'static str {
    match content {
        Content::Null => "nothing",
        Content::Bool(_) => "a boolean",
        Content::Number(_) => "a number",
        Content::String(_) => "a string",
        Content::List(_) => "a list",
        Content::Map(_) => "a mapping",
    }
}
