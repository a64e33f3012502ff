//! Words, examples and extensions: what changes no value and no call.

use super::at::At;
use super::{Found, Level, Walk};
use openapi_document::{Content, Node, escape};

/// How many places with other words are told one by one.
const MOST: usize = 200;

/// Words that differ: where, under which key, and what was done with them.
type Words = (String, String, &'static str);

/// Keys whose values are words, or data without effect on calls.
fn is_words(key: &str) -> bool {
    matches!(
        key,
        "title"
            | "description"
            | "summary"
            | "example"
            | "examples"
            | "externalDocs"
            | "tags"
            | "links"
            | "bearerFormat"
    ) || (key.starts_with("x-") && !key.starts_with("x-dropshot-") && key != "x-printable")
}

pub(super) fn compare(walk: &mut Walk<'_>) {
    let (old, new) = (walk.old.clone(), walk.new.clone());
    info(walk, &old, &new);
    for key in ["servers", "tags"] {
        let (before, after) = (old.unresolved(key), new.unresolved(key));
        if !same(
            before.as_ref().map(|at| at.node),
            after.as_ref().map(|at| at.node),
        ) {
            let message = format!("changes `{key}`");
            let found = Found::new("K0391", Level::Patch, message);
            walk.at_either(before.as_ref(), after.as_ref(), found);
        }
    }
    unused(walk, &old, &new);
    let mut places = Vec::new();
    for key in ["paths", "components"] {
        if let (Some(old), Some(new)) = (old.node.get(key), new.node.get(key)) {
            differing(&format!("/{key}"), old, new, false, &mut places);
        }
    }
    for (place, key, verb) in places.into_iter().take(MOST) {
        let mut found = Found::new("K0390", Level::Patch, format!("{verb} `{key}`"));
        if key == "x-secret" {
            found = found.rust("whether `Debug` and `Display` show the content changes");
        }
        walk.at_new(&place, found);
    }
}

/// K0392: that something differs, when no rule found anything in it.
pub(super) fn meaningless(walk: &mut Walk<'_>) {
    let (old, new) = (walk.old.node, walk.new.node);
    if let Some(place) = first(old, new) {
        let message = "the documents differ from here on, but mean the same";
        walk.at_new(&place, Found::new("K0392", Level::Patch, message));
    }
}

/// The pointer to the first value that differs, in the order of the new document.
fn first(old: &Node, new: &Node) -> Option<String> {
    if same(Some(old), Some(new)) {
        return None;
    }
    let below = match (&old.content, &new.content) {
        (Content::Map(_), Content::Map(members)) => members.iter().find_map(|entry| {
            let place = format!("/{}", escape(&entry.key));
            match old.get(&entry.key) {
                Some(before) => Some(place + &first(before, &entry.node)?),
                None => Some(place),
            }
        }),
        (Content::List(before), Content::List(after)) => {
            let mut both = before.iter().zip(after).enumerate();
            both.find_map(|(index, (old, new))| Some(format!("/{index}{}", first(old, new)?)))
        }
        _ => None,
    };
    Some(below.unwrap_or_default())
}

fn same(one: Option<&Node>, other: Option<&Node>) -> bool {
    one.map(Node::to_value) == other.map(Node::to_value)
}

fn info(walk: &mut Walk<'_>, old: &At<'_>, new: &At<'_>) {
    let (Some(before), Some(after)) = (old.unresolved("info"), new.unresolved("info")) else {
        return;
    };
    for entry in after.node.entries() {
        if entry.key != "version" && !same(before.node.get(&entry.key), Some(&entry.node)) {
            let place = format!("/info/{}", escape(&entry.key));
            let found = Found::new("K0390", Level::Patch, format!("changes `{}`", entry.key));
            walk.at_new(&place, found);
        }
    }
}

/// Named schemas that no operation uses are types all the same.
fn unused(walk: &mut Walk<'_>, old: &At<'_>, new: &At<'_>) {
    let schemas = |root: &At<'_>| -> Vec<String> {
        let schemas = root.node.at("/components/schemas");
        let entries = schemas.map_or(&[][..], Node::entries).iter();
        entries.map(|entry| entry.key.clone()).collect()
    };
    let (before, after) = (schemas(old), schemas(new));
    for name in before.iter().filter(|name| !after.contains(name)) {
        let found = Found::new(
            "K0376",
            Level::Patch,
            format!("removes named schema `{name}`"),
        )
        .rust(format!("the type `{name}` is gone"));
        walk.at_old(&format!("/components/schemas/{}", escape(name)), found);
    }
    for name in after.iter().filter(|name| !before.contains(name)) {
        let found = Found::new("K0377", Level::Patch, format!("adds named schema `{name}`"));
        walk.at_new(&format!("/components/schemas/{}", escape(name)), found);
    }
}

/// The places in the new document of words that are not in the old one.
fn differing(pointer: &str, old: &Node, new: &Node, named: bool, places: &mut Vec<Words>) {
    match (&old.content, &new.content) {
        (Content::Map(_), Content::Map(members)) => {
            for entry in members {
                let place = format!("{pointer}/{}", escape(&entry.key));
                let before = old.get(&entry.key);
                // Below `properties` and the like, keys are names that the author chose.
                if is_words(&entry.key) && !named {
                    if !same(before, Some(&entry.node)) {
                        let verb = if before.is_some() { "changes" } else { "adds" };
                        places.push((place, entry.key.clone(), verb));
                    }
                } else if let Some(before) = before {
                    let names = !named && holds_names(&entry.key);
                    differing(&place, before, &entry.node, names, places);
                }
            }
            let gone = old
                .entries()
                .iter()
                .filter(|entry| is_words(&entry.key) && !named && new.get(&entry.key).is_none());
            places.extend(gone.map(|entry| (pointer.to_owned(), entry.key.clone(), "removes")));
        }
        (Content::List(before), Content::List(after)) => {
            for (index, (old, new)) in before.iter().zip(after).enumerate() {
                differing(&format!("{pointer}/{index}"), old, new, false, places);
            }
        }
        _ => {}
    }
}

fn holds_names(key: &str) -> bool {
    matches!(
        key,
        "properties"
            | "schemas"
            | "parameters"
            | "responses"
            | "headers"
            | "requestBodies"
            | "securitySchemes"
            | "paths"
            | "content"
            | "mapping"
    )
}
