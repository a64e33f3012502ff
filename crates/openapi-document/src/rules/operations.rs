//! K0105, K0106, K0110, K0112: operations have names, consistent paths and declared security.

use super::{Findings, METHODS};
use crate::Diagnostic;
use crate::node::{Entry, Node, Span};
use std::collections::HashMap;

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    let mut ids: HashMap<&str, Span> = HashMap::new();
    requirements(found, root.get("security"));
    for scheme in found.components("securitySchemes") {
        supported_scheme(found, scheme);
    }
    for path in root.get("paths").map_or(&[][..], Node::entries) {
        if path.key.starts_with("x-") {
            continue;
        }
        let common = path.node.get("parameters");
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
        }
    }
}

fn identify<'a>(found: &mut Findings<'a>, ids: &mut HashMap<&'a str, Span>, method: &'a Entry) {
    let Some(id) = method.node.get("operationId") else {
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

fn requirements(found: &mut Findings<'_>, security: Option<&Node>) {
    for alternative in security.map_or(&[][..], Node::items) {
        for scheme in alternative.entries() {
            let declared = found
                .components("securitySchemes")
                .iter()
                .any(|entry| entry.key == scheme.key);
            if !declared {
                found.push(
                    Diagnostic::new(
                        "K0112",
                        scheme.key_span,
                        format!("the security scheme `{}` is not declared", scheme.key),
                    )
                    .help("declare it in `components/securitySchemes`"),
                );
            }
        }
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
    if kind != "http" || !name.eq_ignore_ascii_case("bearer") {
        let span = node
            .get("scheme")
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

fn path_parameters<'a>(
    found: &mut Findings<'a>,
    path: &'a Entry,
    method: &'a Entry,
    common: Option<&'a Node>,
    own: Option<&'a Node>,
) {
    // Every `{...}` of the template, also where it is not a whole segment.
    let pieces = path.key.split('{').skip(1);
    let variables: Vec<&str> = pieces
        .filter_map(|piece| Some(piece.split_once('}')?.0))
        .collect();
    let mut declared = Vec::new();
    for parameter in [common, own].into_iter().flatten().flat_map(Node::items) {
        let Some(node) = found.resolve(parameter) else {
            continue;
        };
        if node.get("in").and_then(Node::as_str) != Some("path") {
            continue;
        }
        let Some(name) = node.get("name").and_then(Node::as_str) else {
            continue;
        };
        declared.push(name);
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
                .related(path.key_span, "this path"),
            );
        }
    }
    for variable in variables
        .iter()
        .filter(|variable| !declared.contains(variable))
    {
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
