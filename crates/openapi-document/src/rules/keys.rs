//! The walk over the objects of a document: each is judged by its shape, and by what the generators honour of it.

use super::tables::{self as shapes, Shape};
use super::{Findings, METHODS, each_schema, features, kinds, references, servers};
use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    let start = root.entries().first().map_or(root.span, |e| e.key_span);
    kinds::check(found, root, start, &shapes::ROOT);
    top(found);
    for path in root.get("paths").map_or(&[][..], Node::entries) {
        if !path.key.starts_with("x-") {
            path_item(found, path);
        }
    }
    for entry in found.components("parameters") {
        parameter(found, &entry.node, entry.key_span);
    }
    for entry in found.components("headers") {
        header(found, entry);
    }
    for entry in found.components("requestBodies") {
        body(found, &entry.node, entry.key_span);
    }
    for entry in found.components("responses") {
        response(found, entry);
    }
    for entry in found.components("examples") {
        example(found, entry);
    }
    for entry in found.components("securitySchemes") {
        kinds::check(found, &entry.node, entry.key_span, &shapes::SECURITY_SCHEME);
    }
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    for schema in schemas {
        kinds::check(found, schema, schema.span, &shapes::SCHEMA);
        part(found, schema.entry("externalDocs"), &shapes::DOCS);
        features::schema(found, schema);
    }
}

/// What stands at the top of the document, beside its paths.
fn top(found: &mut Findings<'_>) {
    let root = found.root;
    if let Some(info) = root.entry("info") {
        part(found, Some(info), &shapes::INFO);
        part(found, info.node.entry("contact"), &shapes::CONTACT);
        part(found, info.node.entry("license"), &shapes::LICENSE);
    }
    part(found, root.entry("externalDocs"), &shapes::DOCS);
    part(found, root.entry("components"), &shapes::COMPONENTS);
    for tag in root.get("tags").map_or(&[][..], Node::items) {
        kinds::check(found, tag, tag.span, &shapes::TAG);
        part(found, tag.entry("externalDocs"), &shapes::DOCS);
    }
    servers::check(found);
}

fn part(found: &mut Findings<'_>, entry: Option<&Entry>, shape: &Shape) {
    if let Some(entry) = entry {
        kinds::check(found, &entry.node, entry.key_span, shape);
    }
}

/// The path that is meant: of a URL what is behind the host, and without what stands before the `/`.
fn rooted(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let path = match path.split_once("://") {
        Some((_, url)) => url.split_once('/').map_or("", |(_, path)| path),
        None => path.trim_start_matches('/'),
    };
    format!("/{path}")
}

fn path_item<'a>(found: &mut Findings<'a>, path: &'a Entry) {
    mapping(found, path, "a path");
    if !path.key.starts_with('/') {
        let message = format!("the path `{}` does not begin with `/`", path.key);
        let help = format!("write `{}`", rooted(&path.key));
        found.push(Diagnostic::new("K0102", path.key_span, message).help(help));
    }
    kinds::check(found, &path.node, path.key_span, &shapes::PATH_ITEM);
    features::path(found, path);
    for item in path.node.get("parameters").map_or(&[][..], Node::items) {
        parameter(found, item, item.span);
    }
    let members = path.node.entries().iter();
    for method in members.filter(|e| METHODS.contains(&e.key.as_str())) {
        let operation = &method.node;
        kinds::check(found, operation, method.key_span, &shapes::OPERATION);
        part(found, operation.entry("externalDocs"), &shapes::DOCS);
        features::operation(found, method);
        for item in operation.get("parameters").map_or(&[][..], Node::items) {
            parameter(found, item, item.span);
        }
        paginated(found, path, operation);
        if let Some(entry) = operation.entry("requestBody") {
            body(found, &entry.node, entry.key_span);
        }
        let responses = operation.entry("responses");
        if let Some(responses) = responses.filter(|r| r.node.entries().is_empty()) {
            found.push(
                Diagnostic::new("K0102", responses.key_span, "an operation has a response")
                    .help("declare what a success answers, such as `'204': {description: done}`"),
            );
        }
        for entry in responses.map_or(&[][..], |r| r.node.entries()) {
            if !entry.key.starts_with("x-") {
                response(found, entry);
            }
        }
    }
}

/// K0102: what dropshot calls paginated asks for a page by a token.
fn paginated(found: &mut Findings<'_>, path: &Entry, operation: &Node) {
    // Of one that is written wrongly, only that is told.
    let well = |entry: &&Entry| {
        let required = entry.node.get("required");
        required.is_none_or(|names| matches!(names.content, Content::List(_)))
    };
    let Some(entry) = operation.entry(crate::objects::PAGINATION).filter(well) else {
        return;
    };
    let lists = [operation, &path.node].map(|node| node.entry("parameters"));
    // Where the list itself is misspelt, only that is told.
    if kinds::misspelt(operation, "parameters", &shapes::OPERATION)
        || kinds::misspelt(&path.node, "parameters", &shapes::PATH_ITEM)
    {
        return;
    }
    let lists = lists.into_iter().flatten().map(|list| &list.node);
    let parameters: Vec<&Node> = lists
        .flat_map(Node::items)
        .filter_map(|parameter| found.resolve(parameter))
        .collect();
    let said =
        |parameter: &Node, key: &str| parameter.get(key).and_then(Node::as_str).map(str::to_owned);
    let named = |name: &str| {
        let all = parameters.iter();
        let mut same = all.filter(|parameter| said(parameter, "name").as_deref() == Some(name));
        same.next()
    };
    for (name, is_needed) in [("page_token", true), ("limit", false)] {
        let (place, message) = match named(name) {
            Some(parameter) if said(parameter, "in").as_deref() == Some("query") => continue,
            Some(parameter) => {
                let place = parameter
                    .get("in")
                    .map_or(entry.key_span, |place| place.span);
                (
                    place,
                    format!("`{name}` of an operation with pages is in the query"),
                )
            }
            None if is_needed => {
                let message = format!("an operation with pages has a query parameter `{name}`");
                (entry.key_span, message)
            }
            None => continue,
        };
        found.push(
            Diagnostic::new("K0102", place, message)
                .help("declare `page_token` and `limit` in the query, or leave the extension out")
                .warning(),
        );
    }
    for name in entry.node.get("required").map_or(&[][..], Node::items) {
        let Some(text) = name.as_str().filter(|text| named(text).is_none()) else {
            continue;
        };
        let names: Vec<String> = parameters.iter().filter_map(|p| said(p, "name")).collect();
        let help = closest(text, names.iter().map(String::as_str)).map_or_else(
            || "declare it among the `parameters`, or take it out of the list".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("the first page requires `{text}`, which is no parameter");
        found.push(
            Diagnostic::new("K0102", name.span, message)
                .help(help)
                .warning(),
        );
    }
}

/// A path or response that is nothing at all.
fn mapping(found: &mut Findings<'_>, entry: &Entry, what: &str) {
    let help = match &entry.node.content {
        Content::Map(_) => return,
        Content::String(text) if text.contains('/') => format!("write `$ref: '{text}'` below it"),
        _ => "indent what belongs to it below it".to_owned(),
    };
    found.push(
        Diagnostic::new("K0102", entry.key_span, format!("{what} must be a mapping"))
            .help(help)
            .covers(entry.span()),
    );
}

fn parameter<'a>(found: &mut Findings<'a>, node: &'a Node, place: Span) {
    if node.get("$ref").is_some() {
        return;
    }
    kinds::check(found, node, place, &shapes::PARAMETER);
    // Of headers, another rule tells it.
    let is_header = node.get("in").and_then(Node::as_str) == Some("header");
    if let Some(name) = node.get("name")
        && name.as_str() == Some("")
        && !is_header
    {
        found.push(
            Diagnostic::new("K0102", name.span, "a parameter has a name")
                .label("nothing")
                .help("write what callers know it by"),
        );
    }
    let lacks =
        |key: &str| node.get(key).is_none() && !kinds::misspelt(node, key, &shapes::PARAMETER);
    let named = node.get("name").is_some() || kinds::misspelt(node, "name", &shapes::PARAMETER);
    if named && lacks("schema") && lacks("content") && matches!(node.content, Content::Map(_)) {
        let at = node.get("name").map_or(place, |name| name.span);
        found.push(
            Diagnostic::new("K0102", at, "a parameter needs a `schema`")
                .help("write `schema: {type: string}`, or what its values look like"),
        );
    }
    idle_default(found, node);
    both_examples(found, node);
    examples(found, node);
    features::parameter(found, node);
}

/// K0117: what is always there is never what it would be otherwise.
fn idle_default(found: &mut Findings<'_>, parameter: &Node) {
    let required = parameter
        .entry("required")
        .filter(|entry| entry.node.is_true());
    let default = parameter
        .get("schema")
        .and_then(|schema| schema.entry("default"));
    if let (Some(required), Some(default)) = (required, default) {
        found.push(
            Diagnostic::new(
                "K0117",
                default.key_span,
                "the `default` of a required parameter never applies",
            )
            .related(required.key_span, "required here")
            .help("leave one of them out: a parameter with a default may be left out")
            .warning(),
        );
    }
}

fn header<'a>(found: &mut Findings<'a>, entry: &'a Entry) {
    let node = &entry.node;
    if !features::is_token(&entry.key) {
        let message = format!("`{}` is no name of a header", entry.key);
        found.push(
            Diagnostic::new("K0102", entry.key_span, message)
                .help("letters, digits and `-`, such as `Retry-After`"),
        );
    }
    features::header(found, node);
    let lacks = |key: &str| node.get(key).is_none() && !kinds::misspelt(node, key, &shapes::HEADER);
    let whole = matches!(node.content, Content::Map(_)) && node.get("$ref").is_none();
    if whole && lacks("schema") && lacks("content") {
        let of_schema = |member: &&Entry| {
            let known = |keys: &[(&str, _)]| keys.iter().any(|(key, _)| *key == member.key);
            known(shapes::SCHEMA.keys) && !known(shapes::HEADER.keys)
        };
        let help = match node.entries().iter().find(of_schema) {
            Some(member) => {
                let value = member
                    .node
                    .as_str()
                    .map_or_else(|| "...".to_owned(), str::to_owned);
                format!("write `schema: {{{}: {value}}}`", member.key)
            }
            None => "write `schema: {type: string}`, or what its values look like".to_owned(),
        };
        let span = node.entries().first().map_or(entry.key_span, |_| node.span);
        found.push(
            Diagnostic::new("K0102", span, "a header needs a `schema`")
                .help(help)
                .covers(node.span),
        );
    }
    kinds::check(found, node, entry.key_span, &shapes::HEADER);
    both_examples(found, node);
    examples(found, node);
}

fn body<'a>(found: &mut Findings<'a>, node: &'a Node, place: Span) {
    if node.get("$ref").is_some() {
        return;
    }
    kinds::check(found, node, place, &shapes::BODY);
    contents(found, node);
    if let Some(entry) = node.entry("content")
        && entry.node.content == Content::Map(Vec::new().into())
    {
        found.push(
            Diagnostic::new("K0102", entry.key_span, "a request body has a media type")
                .label("none")
                .help("write `application/json: {schema: ...}`, or leave `requestBody` out"),
        );
    }
    features::body(found, node);
}

fn response<'a>(found: &mut Findings<'a>, entry: &'a Entry) {
    let node = &entry.node;
    mapping(found, entry, "a response");
    if node.get("$ref").is_some() {
        return;
    }
    kinds::check(found, node, entry.key_span, &shapes::RESPONSE);
    for entry in node.get("headers").map_or(&[][..], Node::entries) {
        if entry.key.eq_ignore_ascii_case("content-type") {
            // OpenAPI: "If a response header is defined with the name "Content-Type", it SHALL be ignored."
            let message = format!("`{}` is ignored among the headers of a response", entry.key);
            found.push(
                Diagnostic::new("K0109", entry.key_span, message)
                    .help("leave it out: the key below `content` says it")
                    .warning(),
            );
        }
        header(found, entry);
    }
    contents(found, node);
    features::response(found, entry);
}

fn contents<'a>(found: &mut Findings<'a>, node: &'a Node) {
    for media in node.get("content").map_or(&[][..], Node::entries) {
        kinds::check(found, &media.node, media.key_span, &shapes::MEDIA);
        both_examples(found, &media.node);
        examples(found, &media.node);
    }
}

fn examples<'a>(found: &mut Findings<'a>, node: &'a Node) {
    for entry in node.get("examples").map_or(&[][..], Node::entries) {
        example(found, entry);
    }
}

fn example<'a>(found: &mut Findings<'a>, entry: &'a Entry) {
    let node = &entry.node;
    references::example(found, node);
    let known = |entry: &Entry| {
        let named = shapes::EXAMPLE
            .keys
            .iter()
            .any(|(key, _)| *key == entry.key);
        named || entry.key == "$ref" || entry.key.starts_with("x-")
    };
    let lacks = !kinds::misspelt(node, "value", &shapes::EXAMPLE);
    if let Some(first) = node.entries().first().filter(|_| lacks)
        && !node.entries().iter().any(known)
    {
        found.push(
            Diagnostic::new(
                "K0113",
                first.key_span,
                "a named example holds its value in `value`",
            )
            .help(format!(
                "write `{}: {{value: {{{}: ...}}}}`",
                entry.key, first.key
            ))
            .covers(entry.span())
            .warning(),
        );
        return;
    }
    kinds::check(found, node, entry.key_span, &shapes::EXAMPLE);
    either(found, node, "value", "externalValue");
}

/// K0119.
fn both_examples(found: &mut Findings<'_>, node: &Node) {
    either(found, node, "example", "examples");
}

fn either(found: &mut Findings<'_>, node: &Node, one: &str, other: &str) {
    if let (Some(first), Some(second)) = (node.entry(one), node.entry(other)) {
        let message = format!("`{one}` and `{other}` exclude one another");
        found.push(
            Diagnostic::new("K0119", second.key_span, message)
                .related(first.key_span, "the other")
                .help("keep one of them")
                .warning(),
        );
    }
}

/// The candidate that differs from `word` in the fewest letters, if in few enough to be a slip.
pub fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    within(word, candidates, allowed)
}

/// The candidate that differs from `word` in the fewest letters, if in at most `allowed`.
pub(crate) fn within<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
    allowed: usize,
) -> Option<&'a str> {
    let word = letters(word);
    candidates
        .filter_map(|candidate| Some((distance(&word, candidate, allowed)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The letters of a word, without case and what separates words.
fn letters(word: &str) -> Vec<char> {
    let letters = word.chars().flat_map(char::to_lowercase);
    letters.filter(|c| !"_-".contains(*c)).take(64).collect()
}

/// How many letters must be changed, added, left out or exchanged with their neighbours to make one word of the other;
/// `None` when it is more than `allowed`.
fn distance(a: &[char], word: &str, allowed: usize) -> Option<usize> {
    // Most words are much longer or shorter, and are not looked at.
    let b = letters(word);
    if a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let mut least = (row[j] + usize::from(ca != cb))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            if i > 0 && j > 0 && *ca == b[j - 1] && a[i - 1] == *cb {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        // Rows only grow, but for exchanges, which look two rows back.
        let least = |row: &[usize]| row.iter().min().is_none_or(|least| *least > allowed);
        if least(&next) && least(&row) {
            return None;
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|distance| *distance <= allowed)
}
