//! What is left of a document when the parts that the model cannot read are taken out, so that every rule tells what it finds
//! in the same run: nobody wants to mend one mistake to be told of the next. Nothing is generated from it.

use crate::node::{Content, Entry, Node, Span};
use crate::rules::METHODS;
use openapiv3::{
    Components, Header, Info, MediaType, OpenAPI, Operation, Parameter, PathItem, ReferenceOr,
    RequestBody, Response, Responses, Schema,
};
use serde::de::DeserializeOwned;

/// The model of what can be read of the document; `None` when that is nothing.
pub(crate) fn salvage(root: &Node) -> Option<OpenAPI> {
    let mut root = root.clone();
    let span = root.span;
    let top = members(&mut root)?;
    for entry in top.iter_mut() {
        match entry.key.as_str() {
            "components" => components(&mut entry.node),
            "paths" => paths(&mut entry.node),
            _ => {}
        }
    }
    let info = top.iter().find(|entry| entry.key == "info");
    if info.is_none_or(|info| read::<Info>(&info.node).is_none()) {
        top.retain(|entry| entry.key != "info");
        let word = |key: &str| made(key, Content::String(String::new()), span);
        let words = vec![word("title"), word("version")];
        top.push(made("info", Content::Map(words.into()), span));
    }
    whittle::<OpenAPI>(&mut root, &["openapi", "info", "paths"]);
    read(&root)
}

fn components(node: &mut Node) {
    for kind in members(node).into_iter().flatten() {
        let name = kind.key.clone();
        let Some(entries) = members(&mut kind.node) else {
            continue;
        };
        entries.retain_mut(|entry| match name.as_str() {
            "schemas" => {
                schema(&mut entry.node);
                true
            }
            "parameters" => parameter(&mut entry.node),
            "headers" => part::<Header>(&mut entry.node, &["schema"]),
            "requestBodies" => part::<RequestBody>(&mut entry.node, &["content"]),
            "responses" => {
                response(&mut entry.node);
                true
            }
            _ => true,
        });
    }
    // What else there is, such as security schemes, is kept as far as it can be read one by one.
    for kind in members(node).into_iter().flatten() {
        if let Some(entries) = members(&mut kind.node) {
            let name = kind.key.clone();
            entries.retain(|entry| {
                let span = entry.node.span;
                let alone = Content::Map(vec![entry.clone()].into());
                let alone = vec![made(&name, alone, span)];
                let content = Content::Map(alone.into());
                read::<Components>(&Node { span, content }).is_some()
            });
        }
    }
    whittle::<Components>(node, &[]);
}

fn paths(node: &mut Node) {
    let Some(paths) = members(node) else {
        return;
    };
    paths.retain_mut(|path| {
        let Some(parts) = members(&mut path.node) else {
            return false;
        };
        parts.retain_mut(|entry| match entry.key.as_str() {
            "parameters" => {
                parameters(&mut entry.node);
                true
            }
            method if METHODS.contains(&method) => operation(&mut entry.node),
            _ => true,
        });
        whittle::<PathItem>(&mut path.node, &[])
    });
}

/// Whether anything is left of the operation.
fn operation(node: &mut Node) -> bool {
    let Some(entries) = members(node) else {
        return false;
    };
    entries.retain_mut(|entry| match entry.key.as_str() {
        "parameters" => {
            parameters(&mut entry.node);
            true
        }
        "requestBody" => part::<RequestBody>(&mut entry.node, &["content"]),
        "responses" => {
            for entry in members(&mut entry.node).into_iter().flatten() {
                response(&mut entry.node);
            }
            whittle::<Responses>(&mut entry.node, &[])
        }
        _ => true,
    });
    whittle::<Operation>(node, &["responses"])
}

fn parameters(node: &mut Node) {
    if let Content::List(items) = &mut node.content {
        items.retain_mut(parameter);
    }
}

fn parameter(node: &mut Node) -> bool {
    part::<Parameter>(node, &["name", "in", "schema"])
}

/// A response is there, whatever it says: so it is not missed.
fn response(node: &mut Node) {
    let span = node.span;
    let Some(entries) = members(node) else {
        *node = Node {
            span,
            content: Content::Map(Vec::new().into()),
        };
        return response(node);
    };
    let described = |entry: &Entry| entry.key == "$ref" || entry.key == "description";
    if !entries.iter().any(described) {
        let words = Content::String(String::new());
        entries.push(made("description", words, span));
    }
    for entry in entries.iter_mut() {
        let inner = members(&mut entry.node);
        match (entry.key.as_str(), inner) {
            ("headers", Some(headers)) => {
                headers.retain_mut(|header| part::<Header>(&mut header.node, &["schema"]));
            }
            ("content", Some(media)) => media.retain_mut(|media| {
                schemas(&mut media.node);
                whittle::<MediaType>(&mut media.node, &["schema"])
            }),
            _ => {}
        }
    }
    if !part::<Response>(node, &["description"]) {
        *node = Node {
            span,
            content: Content::Map(
                vec![made("description", Content::String(String::new()), span)].into(),
            ),
        };
    }
}

/// Whether anything is left of the part, which needs what is named `first`.
fn part<T: DeserializeOwned>(node: &mut Node, first: &[&str]) -> bool {
    schemas(node);
    whittle::<ReferenceOr<T>>(node, first)
}

/// Mends the schemas in a part that is none.
fn schemas(node: &mut Node) {
    for entry in members(node).into_iter().flatten() {
        match entry.key.as_str() {
            "schema" => schema(&mut entry.node),
            "example" | "examples" => {}
            _ => schemas(&mut entry.node),
        }
    }
}

/// Takes out of a schema what cannot be read, as little as there is; without all of it, it allows anything.
/// The innermost come first: what is wrong inside doubles the work of reading what is around it.
fn schema(node: &mut Node) {
    for entry in members(node).into_iter().flatten() {
        match (entry.key.as_str(), &mut entry.node.content) {
            ("properties", Content::Map(properties)) => properties
                .iter_mut()
                .for_each(|entry| schema(&mut entry.node)),
            ("allOf" | "anyOf" | "oneOf", Content::List(members)) => {
                members.iter_mut().for_each(schema);
            }
            ("items" | "not" | "additionalProperties", Content::Map(_)) => schema(&mut entry.node),
            _ => {}
        }
    }
    if !whittle::<ReferenceOr<Schema>>(node, &[]) {
        node.content = Content::Map(Vec::new().into());
    }
}

/// Takes out of a mapping the members without which it can be read; false when it cannot be read for want of what is named
/// `first`, or of what is no mapping.
fn whittle<T: DeserializeOwned>(node: &mut Node, first: &[&str]) -> bool {
    if read::<T>(node).is_some() {
        return true;
    }
    let Some(entries) = members(node) else {
        return false;
    };
    let (needed, others): (Vec<Entry>, Vec<Entry>) = std::mem::take(entries)
        .into_iter()
        .partition(|entry| first.contains(&entry.key.as_str()));
    *entries = needed;
    if read::<T>(node).is_none() {
        return false;
    }
    for other in others {
        if let Some(entries) = members(node) {
            entries.push(other);
        }
        if read::<T>(node).is_none()
            && let Some(entries) = members(node)
        {
            entries.pop();
        }
    }
    true
}

fn members(node: &mut Node) -> Option<&mut Vec<Entry>> {
    match &mut node.content {
        Content::Map(entries) => Some(&mut **entries),
        _ => None,
    }
}

fn made(key: &str, content: Content, span: Span) -> Entry {
    Entry {
        key: key.to_owned(),
        key_span: span,
        node: Node { span, content },
    }
}

fn read<T: DeserializeOwned>(node: &Node) -> Option<T> {
    crate::shape::read(node).ok()
}
