//! How a router that knows one name per variable holds the paths: where two paths call the variable of one place
//! differently, both are registered under the name that came first. The names never travel, so callers see no difference.

use crate::Document;
use std::collections::{BTreeMap, BTreeSet};

/// The paths, each with the names that a router knows its variables by, in order.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    names: BTreeMap<String, Vec<String>>,
    /// By the path that is registered: the paths that it stands for.
    registered: BTreeMap<String, Vec<String>>,
}

#[derive(Default)]
struct Place<'a> {
    literals: BTreeMap<&'a str, Place<'a>>,
    variable: Option<(String, Box<Place<'a>>)>,
}

impl Routes {
    /// The routes of a document's paths.
    pub fn of(document: &Document) -> Routes {
        Routes::among(document.openapi.paths.paths.keys().map(String::as_str))
    }

    /// The routes of these paths, in order.
    pub fn among<'a>(paths: impl Iterator<Item = &'a str>) -> Routes {
        let mut root = Place::default();
        let routes = paths.map(|path| {
            let mut place = &mut root;
            let mut names: Vec<String> = Vec::new();
            for segment in path.split('/').skip(1) {
                place = match variable(segment) {
                    None => place.literals.entry(segment).or_default(),
                    Some(own) => {
                        let (known, next) = place.variable.get_or_insert_with(|| {
                            let numbered = (2..).map(|n| format!("{own}{n}"));
                            let mut free = std::iter::once(own.to_owned()).chain(numbered);
                            // A path has each name once.
                            let name = free.find(|name| !names.contains(name));
                            (name.unwrap_or_default(), Box::default())
                        });
                        names.push(known.clone());
                        next
                    }
                };
            }
            (path.to_owned(), names)
        });
        let mut routes = Routes {
            names: routes.collect(),
            registered: BTreeMap::new(),
        };
        let mut registered: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in routes.names.keys() {
            let of = registered.entry(routes.path(path)).or_default();
            of.push(path.clone());
        }
        routes.registered = registered;
        routes
    }

    /// What the router knows the variable `own` of `path` by.
    pub fn name<'a>(&'a self, path: &str, own: &'a str) -> &'a str {
        let at = variables(path).position(|name| name == own);
        let names = self.names.get(path);
        at.and_then(|at| names?.get(at)).map_or(own, String::as_str)
    }

    /// The path as it is registered.
    pub fn path(&self, path: &str) -> String {
        let segments = path.split('/').map(|segment| match variable(segment) {
            Some(own) => format!("{{{}}}", self.name(path, own)),
            None => segment.to_owned(),
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// Another path before `path` that is registered as the same.
    pub fn twin(&self, path: &str, before: &BTreeSet<&str>) -> Option<&str> {
        let mut alike = self.registered.get(&self.path(path))?.iter();
        alike
            .find(|other| *other != path && before.contains(other.as_str()))
            .map(String::as_str)
    }
}

/// The name of the variable that the segment is.
pub fn variable(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name).filter(|name| !name.contains(['{', '}', ':']))
}

/// The variables of a path, in order.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_place_is_that_of_all_and_a_path_has_each_once() {
        let paths = [
            "/a/{x}",
            "/a/{y}/b",
            "/a/{y}/b/{x}",
            "/a/{z}/b/{z2}/c",
            "/c/{y}",
        ];
        let routes = Routes::among(paths.into_iter());
        let registered: Vec<String> = paths.iter().map(|path| routes.path(path)).collect();
        assert_eq!(
            registered,
            [
                "/a/{x}",
                "/a/{x}/b",
                "/a/{x}/b/{x2}",
                "/a/{x}/b/{x2}/c",
                "/c/{y}"
            ]
        );
        assert_eq!(routes.name("/a/{y}/b/{x}", "x"), "x2");
    }
}
