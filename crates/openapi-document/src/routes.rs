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
    /// By what is fixed before and behind the variable.
    variables: BTreeMap<(&'a str, &'a str), (String, Place<'a>)>,
}

/// A segment that has a variable: all of it, or between fixed texts, as in `v{number}` and `{id}:cancel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The fixed text before the variable; may be empty.
    pub before: &'a str,
    /// The name of the variable.
    pub name: &'a str,
    /// The fixed text behind the variable; may be empty.
    pub behind: &'a str,
}

impl<'a> Part<'a> {
    /// The segment, if it has one variable.
    pub fn of(segment: &'a str) -> Option<Part<'a>> {
        let (before, rest) = segment.split_once('{')?;
        let (name, behind) = rest.split_once('}')?;
        let is_one = !before.contains('}') && !behind.contains(['{', '}']);
        let part = Part {
            before,
            name,
            behind,
        };
        (is_one && !name.contains(['{', ':'])).then_some(part)
    }

    /// Whether the variable is all of the segment.
    pub fn is_whole(&self) -> bool {
        self.before.is_empty() && self.behind.is_empty()
    }

    /// What the variable is where a path has this segment; `None` where it is none of these. Between fixed texts it is not empty.
    pub fn value<'s>(&self, segment: &'s str) -> Option<&'s str> {
        let value = segment.strip_prefix(self.before)?;
        let value = value.strip_suffix(self.behind)?;
        (self.is_whole() || !value.is_empty()).then_some(value)
    }
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
                place = match Part::of(segment) {
                    None => place.literals.entry(segment).or_default(),
                    Some(part) => {
                        let own = part.name;
                        let fixed = (part.before, part.behind);
                        let (known, next) = place.variables.entry(fixed).or_insert_with(|| {
                            let numbered = (2..).map(|n| format!("{own}{n}"));
                            let mut free = std::iter::once(own.to_owned()).chain(numbered);
                            // A path has each name once.
                            let name = free.find(|name| !names.contains(name));
                            (name.unwrap_or_default(), Place::default())
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
        self.written(path, |part| {
            let name = self.name(path, part.name);
            format!("{}{{{name}}}{}", part.before, part.behind)
        })
    }

    /// The same, where a segment with a variable is nothing but that, as a router has it.
    pub fn whole(&self, path: &str) -> String {
        self.written(path, |part| format!("{{{}}}", self.name(path, part.name)))
    }

    fn written(&self, path: &str, varying: impl Fn(Part<'_>) -> String) -> String {
        let segments = path.split('/').map(|segment| match Part::of(segment) {
            Some(part) => varying(part),
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
    Part::of(segment)
        .filter(Part::is_whole)
        .map(|part| part.name)
}

/// The variables of a path, in order.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('/').filter_map(Part::of);
    parts.map(|part| part.name)
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

    #[test]
    fn a_variable_between_fixed_texts_is_another_than_one_that_is_a_segment() {
        let paths = ["/a/{x}", "/a/v{y}:b", "/a/v{z}:b/{x}", "/a/v{x}"];
        let routes = Routes::among(paths.into_iter());
        let registered: Vec<String> = paths.iter().map(|path| routes.path(path)).collect();
        assert_eq!(
            registered,
            ["/a/{x}", "/a/v{y}:b", "/a/v{y}:b/{x}", "/a/v{x}"]
        );
        assert_eq!(routes.whole("/a/v{z}:b/{x}"), "/a/{y}/{x}");
        for segment in ["a", "{a}{b}", "{a:.*}", "{a", "a}", "}{", "{a}}"] {
            assert_eq!(Part::of(segment), None, "{segment}");
        }
    }
}
