//! Parts of a document by operation: which operations a place belongs to, and the document without some of them.

use crate::node::{Content, Entry, Node, Span};
use crate::rules::{METHODS, resolve};
use std::collections::HashSet;

/// The operations (path and method) that the place belongs to: the one that it is written in, those of the path that
/// it is the name of, or those that refer to the component that it is written in. None when it belongs to them all.
pub fn owners(root: &Node, place: Span) -> Vec<(String, String)> {
    // The end of a member is where the next begins.
    let inside = |entry: &Entry| {
        entry.key_span.file == place.file
            && (entry.key_span.start..entry.node.span.end.max(entry.key_span.end))
                .contains(&place.start)
    };
    if let Some(path) = paths(root).iter().find(|path| inside(path)) {
        let own = methods(path).find(|method| inside(method));
        return match own {
            Some(method) => vec![(path.key.clone(), method.key.clone())],
            None => methods(path)
                .map(|method| (path.key.clone(), method.key.clone()))
                .collect(),
        };
    }
    // A path of another file, or one that stands for another path, holds what is written elsewhere.
    let copies = paths(root).iter().filter(|path| holds(&path.node, place));
    let found: Vec<(String, String)> = copies
        .flat_map(|path| {
            let all = || methods(path).map(|method| (path.key.clone(), method.key.clone()));
            let is_own = |method: &Entry| method.key_span == place || holds(&method.node, place);
            let own = methods(path).find(|method| is_own(method));
            match own {
                Some(method) => vec![(path.key.clone(), method.key.clone())],
                None => all().collect(),
            }
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    if let Some(scheme) = demanded(root).find(|scheme| inside(scheme)) {
        return secured_by_default(root, &scheme.key);
    }
    let Some((kind, name)) = components(root).iter().find_map(|kind| {
        Some((
            kind,
            kind.node.entries().iter().find(|entry| inside(entry))?,
        ))
    }) else {
        return Vec::new();
    };
    if kind.key == "securitySchemes" {
        return secured_by(root, &name.key);
    }
    let wanted = format!("#/components/{}/{}", kind.key, crate::escape(&name.key));
    let mut found = Vec::new();
    for path in paths(root) {
        for method in methods(path) {
            let common = path.node.get("parameters");
            let mut reached = HashSet::new();
            for part in common.into_iter().chain([&method.node]) {
                reach(root, part, &mut reached);
            }
            if reached.contains(wanted.as_str()) {
                found.push((path.key.clone(), method.key.clone()));
            }
        }
    }
    found
}

/// Whether something in the node is, or was, written at the place.
fn holds(node: &Node, place: Span) -> bool {
    let members = node.entries().iter();
    node.span.holds(place)
        || members
            .clone()
            .any(|entry| entry.key_span == place || holds(&entry.node, place))
        || node.items().iter().any(|item| holds(item, place))
}

/// The schemes that every operation demands which says nothing of security.
fn demanded(root: &Node) -> impl Iterator<Item = &Entry> {
    let default = root.get("security").map_or(&[][..], Node::items);
    default.iter().flat_map(Node::entries)
}

/// The operations that say nothing of security, if the document demands the scheme `name` of them.
fn secured_by_default(root: &Node, name: &str) -> Vec<(String, String)> {
    let mut found = secured_by(root, name);
    found.retain(|(path, method)| {
        let own = root
            .get("paths")
            .and_then(|paths| paths.get(path)?.get(method));
        own.is_some_and(|operation| operation.get("security").is_none())
    });
    found
}

/// The operations whose callers may be known by the security scheme `name`, or by one that refers to it.
pub(crate) fn secured_by(root: &Node, name: &str) -> Vec<(String, String)> {
    let schemes = components(root)
        .iter()
        .find(|kind| kind.key == "securitySchemes");
    let schemes = schemes.map_or(&[][..], |kind| kind.node.entries());
    let wanted = schemes.iter().find(|scheme| scheme.key == name);
    let wanted = wanted.and_then(|scheme| resolve(root, &scheme.node));
    let alias = |other: &Entry| {
        let node = &other.node;
        let target = node.get("$ref").and_then(|_| resolve(root, node));
        target.zip(wanted).is_some_and(|(a, b)| std::ptr::eq(a, b))
    };
    let aliases = schemes.iter().filter(|other| alias(other));
    let aliases: Vec<&str> = aliases.map(|other| other.key.as_str()).collect();
    let names = |security: &Node| {
        let alternatives = security.items().iter();
        alternatives
            .flat_map(Node::entries)
            .any(|scheme| scheme.key == name || aliases.contains(&scheme.key.as_str()))
    };
    let mut found = Vec::new();
    for path in paths(root) {
        for method in methods(path) {
            let security = method.node.get("security").or(root.get("security"));
            if security.is_some_and(names) {
                found.push((path.key.clone(), method.key.clone()));
            }
        }
    }
    found
}

/// The references that `node` leads to, those of what it refers to included.
pub(crate) fn reach<'a>(root: &'a Node, node: &'a Node, reached: &mut HashSet<&'a str>) {
    let mut queue = vec![node];
    while let Some(node) = queue.pop() {
        if let Some(reference) = node.get("$ref").and_then(Node::as_str)
            && reached.insert(reference)
            && let Some(target) = reference
                .strip_prefix('#')
                .and_then(|pointer| root.at(pointer))
        {
            queue.push(target);
        }
        queue.extend(node.entries().iter().map(|entry| &entry.node));
        queue.extend(node.items());
    }
}

/// Every operation, with its method as the key.
pub(crate) fn every_method(root: &Node) -> impl Iterator<Item = &Entry> {
    paths(root).iter().flat_map(methods)
}

fn paths(root: &Node) -> &[Entry] {
    root.get("paths").map_or(&[], Node::entries)
}

fn components(root: &Node) -> &[Entry] {
    root.get("components").map_or(&[], Node::entries)
}

fn methods(path: &Entry) -> impl Iterator<Item = &Entry> {
    let members = path.node.entries().iter();
    members.filter(|entry| METHODS.contains(&entry.key.as_str()))
}

/// The document without the operations that are not kept, the paths that are left without any, the components that only
/// they referred to, and the security that only they had.
pub(crate) fn operations(root: &Node, keep: &dyn Fn(&str, &str) -> bool) -> Node {
    let whole = root;
    let mut root = root.clone();
    let Some(paths) = member(&mut root, "paths") else {
        return root;
    };
    paths.retain_mut(|path| {
        let Content::Map(members) = &mut path.node.content else {
            return true;
        };
        let before = members.len();
        members
            .retain(|entry| !METHODS.contains(&entry.key.as_str()) || keep(&path.key, &entry.key));
        members.len() == before
            || members
                .iter()
                .any(|entry| METHODS.contains(&entry.key.as_str()))
    });
    let mut reached = HashSet::new();
    let kept = root.clone();
    if let Some(paths) = kept.get("paths") {
        reach(&kept, paths, &mut reached);
    }
    let by_default = every_method(&kept).any(|method| method.node.get("security").is_none());
    if let Content::Map(entries) = &mut root.content {
        entries.retain(|entry| entry.key != "security" || by_default);
    }
    let Some(kinds) = member(&mut root, "components") else {
        return root;
    };
    let used = |name: &str| !secured_by(&kept, name).is_empty();
    let was_used = |name: &str| !secured_by(whole, name).is_empty();
    for kind in kinds {
        if let Content::Map(entries) = &mut kind.node.content {
            entries.retain(|entry| {
                if kind.key == "securitySchemes" {
                    return used(&entry.key) || !was_used(&entry.key);
                }
                let name = format!("#/components/{}/{}", kind.key, crate::escape(&entry.key));
                reached.contains(name.as_str())
            });
        }
    }
    root
}

/// Whether a place of a document is still one of what is left of it: it is not inside the parts at the places `spare`, and the
/// operation or component that it is inside is there, if it is inside of one.
pub(crate) fn stays(old: &Node, left: &Node, spare: &[Span]) -> impl Fn(Span) -> bool + use<> {
    // Lowering takes out what it tells, so a part may be at none of these places any more.
    let mut spared = spare.to_vec();
    parts_at(old, spare, &mut spared);
    let (old, left) = (regions(old), regions(left));
    move |place| {
        let inside = |regions: &[Span]| regions.iter().any(|region| region.holds(place));
        !inside(&spared) && (inside(&left) || !inside(&old))
    }
}

/// The places of the operations, of what else paths have, and of the components.
fn regions(root: &Node) -> Vec<Span> {
    let all = paths(root).iter().chain(components(root));
    all.flat_map(|entry| entry.node.entries())
        .map(Entry::span)
        .collect()
}

/// The places of the members whose names, and of the items that, are at these places.
fn parts_at(node: &Node, places: &[Span], found: &mut Vec<Span>) {
    if places.is_empty() {
        return;
    }
    for entry in node.entries() {
        if places.contains(&entry.key_span) {
            found.push(entry.span());
        }
        parts_at(&entry.node, places, found);
    }
    for item in node.items() {
        if places.contains(&item.span) {
            found.push(item.span);
        }
        parts_at(item, places, found);
    }
}

/// Takes the members whose names, and the items that, are at these places out of `node`.
pub(crate) fn leave_out(node: &mut Node, places: &[Span]) {
    if places.is_empty() {
        return;
    }
    match &mut node.content {
        Content::Map(members) => {
            members.retain(|entry| !places.contains(&entry.key_span));
            for entry in members.iter_mut() {
                leave_out(&mut entry.node, places);
            }
        }
        Content::List(items) => {
            items.retain(|item| !places.contains(&item.span));
            for item in items.iter_mut() {
                leave_out(item, places);
            }
        }
        _ => {}
    }
}

fn member<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Vec<Entry>> {
    let Content::Map(entries) = &mut node.content else {
        return None;
    };
    let entry = entries.iter_mut().find(|entry| entry.key == key)?;
    match &mut entry.node.content {
        Content::Map(entries) => Some(&mut **entries),
        _ => None,
    }
}
