//! Paths that dropshot's router does not hold side by side: a fixed segment where another path has a variable.
//!
//! The router is given the variable alone, and behind that route the path of a request decides (`openapi_runtime::bridge`): of
//! the document's paths that it fits, the one with a fixed segment first, as OpenAPI says.

use openapi_document::Document;
use openapi_document::routes::{Routes, variable};
use std::collections::{BTreeMap, VecDeque};

/// A route of the router behind which are several paths, or one that is not its own.
pub(crate) struct Bridge {
    /// The path that the router knows.
    pub(crate) route: String,
    /// The document's paths, in the order in which they are tried.
    pub(crate) paths: Vec<String>,
}

impl Bridge {
    /// The document's paths, in the order in which they are tried.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }
}

/// Whether the paths of the document need any: then what is generated has `descriptions` in place of `description`.
pub fn is_bridged(document: &Document) -> bool {
    !bridges(document, &Routes::of(document)).is_empty()
}

/// The bridges that the document's paths need.
pub(crate) fn bridges(document: &Document, routes: &Routes) -> Vec<Bridge> {
    let paths = document.openapi.paths.paths.keys();
    among(paths.map(String::as_str), routes)
}

fn among<'a>(paths: impl Iterator<Item = &'a str>, routes: &Routes) -> Vec<Bridge> {
    let paths = paths.map(|path| Path {
        path,
        left: path.split('/').filter(|s| !s.is_empty()).collect(),
    });
    let mut bridges = Vec::new();
    part(paths.collect(), "", &mut Vec::new(), &mut bridges);
    bridges.retain(|Bridge { route, paths }| {
        let own = paths.len() == 1 && paths.iter().all(|path| routes.path(path) == *route);
        !own
    });
    for bridge in &mut bridges {
        // What is fixed comes before what varies, from the left.
        bridge.paths.sort_by_key(|path| {
            let varies = path.split('/').map(|segment| variable(segment).is_some());
            varies.collect::<Vec<_>>()
        });
    }
    bridges
}

/// A path, and what is left of it behind a place.
struct Path<'a> {
    path: &'a str,
    left: VecDeque<&'a str>,
}

/// Parts the paths at the place behind `route`, as a router does that has literals there, or one variable.
fn part(paths: Vec<Path<'_>>, route: &str, names: &mut Vec<String>, found: &mut Vec<Bridge>) {
    let mut ends = Vec::new();
    let mut literals: BTreeMap<&str, Vec<Path<'_>>> = BTreeMap::new();
    let mut behind = Vec::new();
    let mut name = None;
    for mut path in paths {
        match path.left.pop_front() {
            None => ends.push(path.path.to_owned()),
            Some(segment) => {
                name = name.or(variable(segment));
                behind.push((segment, path));
            }
        }
    }
    if !ends.is_empty() {
        let route = if route.is_empty() { "/" } else { route };
        found.push(Bridge {
            route: route.to_owned(),
            paths: ends,
        });
    }
    let Some(name) = name else {
        for (segment, path) in behind {
            literals.entry(segment).or_default().push(path);
        }
        for (segment, paths) in literals {
            part(paths, &format!("{route}/{segment}"), names, found);
        }
        return;
    };
    // A route has each name once.
    let numbered = (2..).map(|number| format!("{name}{number}"));
    let mut free = std::iter::once(name.to_owned()).chain(numbered);
    let name = free.find(|name| !names.contains(name)).unwrap_or_default();
    let route = format!("{route}/{{{name}}}");
    let paths = behind.into_iter().map(|(_, path)| path).collect();
    names.push(name);
    part(paths, &route, names, found);
    names.pop();
}

/// The paths in as few groups as the router needs to hold those of each side by side, in order.
pub(crate) fn groups<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for path in paths {
        let fits = |group: &&mut Vec<&str>| group.iter().all(|other| !are_apart(path, other));
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(path),
            None => groups.push(vec![path]),
        }
    }
    groups
}

/// Whether one has a fixed segment where the other has a variable, and they are alike before.
fn are_apart(one: &str, other: &str) -> bool {
    for (one, other) in one.split('/').zip(other.split('/')) {
        match (variable(one), variable(other)) {
            (None, None) if one != other => return false,
            (None, None) | (Some(_), Some(_)) => {}
            _ => return true,
        }
    }
    false
}
