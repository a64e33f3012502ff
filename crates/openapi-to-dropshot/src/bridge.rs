//! Paths that dropshot's router does not hold, or not side by side: a fixed segment where another path has a variable, or a
//! segment that is a variable and fixed text.
//!
//! The router is given the variable alone, and behind that route the path of a request decides (`openapi_runtime::bridge`): of
//! the document's paths that it fits, the one with a fixed segment first, as OpenAPI says, and then one with fixed text.

use openapi_document::Document;
use openapi_document::routes::{Part, Routes};
use std::cmp::Reverse;
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
        // What is fixed comes before what varies, from the left; and the more of a segment is fixed, the sooner.
        bridge.paths.sort_by_key(|path| {
            let fixed = path.split('/').map(|segment| match Part::of(segment) {
                None => Reverse(usize::MAX),
                Some(part) => Reverse(part.before.len() + part.behind.len()),
            });
            fixed.collect::<Vec<_>>()
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
                name = name.or(Part::of(segment).map(|part| part.name));
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

/// The paths in as few groups as the router needs to hold those of each side by side, in order; each path with the one that
/// the router is given for it.
pub(crate) fn groups<'a>(
    paths: impl Iterator<Item = &'a str>,
    routes: &Routes,
) -> Vec<Vec<(&'a str, String)>> {
    let mut groups: Vec<Vec<(&str, String)>> = Vec::new();
    for path in paths {
        let route = routes.whole(path);
        let fits = |group: &&mut Vec<(&str, String)>| {
            group.iter().all(|(_, other)| !are_apart(&route, other))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push((path, route)),
            None => groups.push(vec![(path, route)]),
        }
    }
    groups
}

/// Whether no router has both: they are one, or differ first in a fixed segment and a variable, or in the names of variables.
fn are_apart(one: &str, other: &str) -> bool {
    let mut pairs = one.split('/').zip(other.split('/'));
    let differ = pairs.find(|(one, other)| one != other);
    match differ.map(|(one, other)| (Part::of(one), Part::of(other))) {
        None => one.split('/').count() == other.split('/').count(),
        Some((None, None)) => false,
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bridged(paths: &[&str]) -> Vec<String> {
        let routes = Routes::among(paths.iter().copied());
        let bridges = among(paths.iter().copied(), &routes);
        let told = bridges
            .iter()
            .map(|bridge| format!("{}: {}", bridge.route, bridge.paths.join(" ")));
        told.collect()
    }

    #[test]
    fn a_router_is_given_the_variable_and_what_is_behind_it_goes_along() {
        assert_eq!(bridged(&["/", "/a", "/a/{x}", "/a/{y}/b"]), [""; 0]);
        assert_eq!(
            bridged(&["/a/{x}", "/a/{y}/b", "/a/b", "/a/b/{y}/{x}", "/c/{x}"]),
            [
                "/a/{x}: /a/b /a/{x}",
                "/a/{x}/{y}: /a/{y}/b",
                "/a/{x}/{y}/{x2}: /a/b/{y}/{x}"
            ]
        );
        // From the left, and what has more fixed text sooner.
        assert_eq!(
            bridged(&["/{x}/b", "/a/{y}", "/v{y}/b", "/v{y}.1/b"]),
            ["/{x}/{y}: /a/{y} /v{y}.1/b /v{y}/b /{x}/b"]
        );
        assert_eq!(bridged(&["/a/{x}:b"]), ["/a/{x}: /a/{x}:b"]);
    }

    #[test]
    fn paths_are_in_one_group_as_long_as_a_router_holds_them() {
        let paths = [
            "/a/{x}",
            "/a/b",
            "/a/{x}:c",
            "/a/{x}/d",
            "/a/b/{y}",
            "/e",
            "/a/{z}:c/d",
        ];
        let routes = Routes::among(paths.into_iter());
        let groups = groups(paths.into_iter(), &routes);
        let told: Vec<Vec<&str>> = groups
            .iter()
            .map(|group| group.iter().map(|(path, _)| *path).collect())
            .collect();
        assert_eq!(
            told,
            [
                vec!["/a/{x}", "/a/{x}/d", "/e"],
                vec!["/a/b", "/a/b/{y}"],
                vec!["/a/{x}:c", "/a/{z}:c/d"],
            ]
        );
    }
}
