//! K0105, K0106, K0110, K0112, K0121: operations have names, consistent paths and declared security.

use super::tables as shapes;
use super::{Findings, METHODS, kinds, resolve};
use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};
use std::collections::HashMap;

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    let mut ids: HashMap<&str, Span> = HashMap::new();
    requirements(found, root.get("security"));
    listed_twice(found);
    for scheme in found.components("securitySchemes") {
        supported_scheme(found, scheme);
    }
    for path in root.get("paths").map_or(&[][..], Node::entries) {
        if path.key.starts_with("x-") {
            continue;
        }
        let common = path.node.get("parameters");
        twice(found, common);
        for method in path
            .node
            .entries()
            .iter()
            .filter(|e| METHODS.contains(&e.key.as_str()))
        {
            let operation = &method.node;
            identify(found, &mut ids, method);
            requirements(found, operation.get("security"));
            path_parameters(found, path, method, common, operation.get("parameters"));
            twice(found, operation.get("parameters"));
            tags(found, operation.get("tags"));
        }
    }
}

fn identify<'a>(found: &mut Findings<'a>, ids: &mut HashMap<&'a str, Span>, method: &'a Entry) {
    let Some(id) = method.node.get("operationId") else {
        if kinds::misspelt(&method.node, "operationId", &shapes::OPERATION) {
            return;
        }
        found.push(
            Diagnostic::new("K0105", method.key_span, "the operation has no `operationId`")
                .help("choose one, such as `operationId: listThings`: it names the method, the metric and the audit event"),
        );
        return;
    };
    let Some(name) = id.as_str() else { return };
    match ids.get(name) {
        Some(first) => found.push(
            Diagnostic::new(
                "K0106",
                id.span,
                format!("two operations are called `{name}`"),
            )
            .label("again here")
            .related(*first, "first here"),
        ),
        None => {
            ids.insert(name, id.span);
        }
    }
}

/// K0121: no two parameters of one list have the same place and name.
fn twice(found: &mut Findings<'_>, parameters: Option<&Node>) {
    let mut seen: HashMap<(&str, &str), Span> = HashMap::new();
    for parameter in parameters.map_or(&[][..], Node::items) {
        let Some(node) = resolve(found.root, parameter) else {
            continue;
        };
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        let (Some(place), Some(name)) = (text("in"), text("name")) else {
            continue;
        };
        let written = node.get("name").map_or(node.span, |node| node.span);
        let span = parameter.get("$ref").map_or(written, |node| node.span);
        if let Some(first) = seen.insert((place, name), span) {
            found.push(
                Diagnostic::new(
                    "K0121",
                    span,
                    format!("the {place} parameter `{name}` is declared twice"),
                )
                .related(first, "first here")
                .help("keep one of them"),
            );
        }
    }
}

/// K0122: each tag of the document is listed once.
fn listed_twice(found: &mut Findings<'_>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for tag in found.root.get("tags").map_or(&[][..], Node::items) {
        let Some(name) = tag.get("name") else {
            continue;
        };
        let Some(text) = name.as_str() else { continue };
        if let Some(first) = seen.insert(text, name.span) {
            let message = format!("the tag `{text}` is listed twice");
            found.push(
                Diagnostic::new("K0122", name.span, message)
                    .related(first, "first here")
                    .help("keep one of them")
                    .warning(),
            );
        }
    }
}

/// K0122: where the document lists its tags, an operation has none but those.
fn tags(found: &mut Findings<'_>, tags: Option<&Node>) {
    let listed = found.root.get("tags").map_or(&[][..], Node::items).iter();
    let names: Vec<&str> = listed
        .filter_map(|tag| tag.get("name").and_then(Node::as_str))
        .collect();
    for tag in tags.map_or(&[][..], Node::items) {
        let Some(text) = tag.as_str() else { continue };
        if names.is_empty() || names.contains(&text) {
            continue;
        }
        let near = super::keys::closest(text, names.iter().copied());
        let help = near.map_or_else(
            || "list it in `tags` at the top of the document".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        found.push(
            Diagnostic::new("K0122", tag.span, format!("the tag `{text}` is not listed"))
                .help(help)
                .warning(),
        );
    }
}

fn requirements(found: &mut Findings<'_>, security: Option<&Node>) {
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

fn supported_scheme(found: &mut Findings<'_>, scheme: &Entry) {
    let Some(node) = found.resolve_entry(scheme) else {
        return;
    };
    let kind = node.get("type").and_then(Node::as_str).unwrap_or_default();
    let name = node
        .get("scheme")
        .and_then(Node::as_str)
        .unwrap_or_default();
    let used = || !crate::select::secured_by(found.root, &scheme.key).is_empty();
    if (kind != "http" || !name.eq_ignore_ascii_case("bearer"))
        && used()
        && !["type", "scheme"]
            .iter()
            .any(|key| kinds::lost(node, key, &shapes::SECURITY_SCHEME))
        && node.get("type").is_some()
    {
        let blamed = if kind == "http" { "scheme" } else { "type" };
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
            .help("`type: http` with `scheme: bearer` is"),
        );
    }
}

/// What stands in braces and is no name: nothing, or a name with a pattern behind it, as frameworks have it.
fn misnamed(path: &str) -> Option<&str> {
    let pieces = path.split('{').skip(1);
    let mut names = pieces.filter_map(|piece| Some(piece.split_once('}')?.0));
    names.find(|name| name.is_empty() || name.contains(':'))
}

fn path_parameters<'a>(
    found: &mut Findings<'a>,
    path: &'a Entry,
    method: &'a Entry,
    common: Option<&'a Node>,
    own: Option<&'a Node>,
) {
    if path.key.matches('{').count() != path.key.matches('}').count() {
        return;
    }
    match misnamed(&path.key) {
        None => {}
        Some("") => {
            let methods = path.node.entries().iter();
            let first = methods.clone().find(|e| METHODS.contains(&e.key.as_str()));
            if first.is_some_and(|first| std::ptr::eq(first, method)) {
                found.push(
                    Diagnostic::new("K0110", path.key_span, "a variable of the path has no name")
                        .help("write its name between the braces"),
                );
            }
            return;
        }
        // No router holds it, which is told as such.
        Some(_) => return,
    }
    // Every `{...}` of the template, also where it is not a whole segment.
    let pieces = path.key.split('{').skip(1);
    let variables: Vec<&str> = pieces
        .filter_map(|piece| Some(piece.split_once('}')?.0))
        .collect();
    let mut declared = Vec::new();
    let mut elsewhere: HashMap<&str, Span> = HashMap::new();
    for parameter in [common, own].into_iter().flatten().flat_map(Node::items) {
        let Some(node) = found.resolve(parameter) else {
            continue;
        };
        let Some(name) = node.get("name").and_then(Node::as_str) else {
            continue;
        };
        if node.get("in").and_then(Node::as_str) != Some("path") {
            let place = node.get("in").and_then(Node::as_str);
            if let Some("query" | "header" | "cookie") = place {
                let span = node.get("in").map_or(node.span, |place| place.span);
                elsewhere.insert(name, span);
            } else {
                // Where it is, is told to be no place.
                declared.push(name);
            }
            continue;
        }
        declared.push(name);
        if variables.contains(&name)
            && !node.get("required").is_some_and(Node::is_true)
            && !kinds::misspelt(node, "required", &shapes::PARAMETER)
        {
            let place = node.entry("required").map(|entry| entry.node.span);
            let span = place.or(node.get("name").map(|name| name.span));
            found.push(
                Diagnostic::new(
                    "K0110",
                    span.unwrap_or(node.span),
                    format!("the path parameter `{name}` must be required"),
                )
                .help("write `required: true`: a path without it is another path"),
            );
        }
        if !variables.contains(&name) {
            let span = parameter
                .get("$ref")
                .or(node.get("name"))
                .map_or(parameter.span, |n| n.span);
            found.push(
                Diagnostic::new(
                    "K0110",
                    span,
                    format!("the path has no variable `{{{name}}}`"),
                )
                .related(path.key_span, "this path")
                .help(
                    match super::keys::closest(name, variables.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => match variables.as_slice() {
                            [only] => format!("the variable of the path is `{only}`"),
                            _ => format!(
                                "write `{{{name}}}` in the path, or put the parameter elsewhere"
                            ),
                        },
                    },
                ),
            );
        }
    }
    // What is not understood may be what is missing.
    let known = |node: &'a Node| {
        found
            .resolve(node)
            .is_some_and(|node| node.get("name").is_some_and(|n| n.as_str().is_some()))
    };
    let mut lists = [common, own].into_iter().flatten().flat_map(Node::items);
    if !lists.all(known)
        || kinds::lost(&path.node, "parameters", &shapes::PATH_ITEM)
        || kinds::lost(&method.node, "parameters", &shapes::OPERATION)
    {
        return;
    }
    // A parameter that has no variable is told, and is the one that is missing here.
    let spare = declared
        .iter()
        .filter(|name| !variables.contains(name))
        .count();
    let missing = variables
        .iter()
        .filter(|variable| !declared.contains(variable));
    for variable in missing.skip(spare) {
        if let Some(span) = elsewhere.get(*variable) {
            found.push(
                Diagnostic::new(
                    "K0110",
                    *span,
                    format!("`{variable}` is a variable of the path, and is declared elsewhere"),
                )
                .related(path.key_span, "a variable of this path")
                .help("write `in: path`"),
            );
            continue;
        }
        found.push(
            Diagnostic::new(
                "K0110",
                method.key_span,
                format!("the path parameter `{variable}` is not declared"),
            )
            .related(path.key_span, "a variable of this path")
            .help(format!(
                "add a parameter with `name: {variable}` and `in: path`"
            )),
        );
    }
}

impl<'a> Findings<'a> {
    fn resolve_entry(&self, entry: &'a Entry) -> Option<&'a Node> {
        self.resolve(&entry.node)
    }
}
