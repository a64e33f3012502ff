//! K0110: the variables of a path are its path parameters.

use super::tables as shapes;
use super::{Findings, METHODS, kinds};
use crate::Diagnostic;
use crate::node::{Entry, Node, Span};
use std::collections::{HashMap, HashSet};

/// What stands in braces and is no name: nothing, or a name with a pattern behind it, as frameworks have it.
fn misnamed(path: &str) -> Option<&str> {
    let pieces = path.split('{').skip(1);
    let mut names = pieces.filter_map(|piece| Some(piece.split_once('}')?.0));
    names.find(|name| name.is_empty() || name.contains(':'))
}

/// The path parameters that no path has a variable for so far.
#[derive(Default)]
pub(super) struct Parameters {
    /// The names that stand for a variable somewhere, by where they are written.
    right: HashSet<Place>,
    /// The others: where each is written, and what is to be told if it is right nowhere, or right elsewhere.
    strays: Vec<(Place, Diagnostic, Diagnostic)>,
}

/// Where a name is written: the file, and the offset there.
type Place = (usize, usize);

impl Parameters {
    /// Tells of the parameters without a variable. Where several places refer to one, and no path has its variable, its name is
    /// the mistake, and told once; otherwise the reference is.
    pub(super) fn tell(self, found: &mut Findings<'_>) {
        let mut places: HashMap<Place, HashSet<Place>> = HashMap::new();
        for (place, _, at_reference) in &self.strays {
            let reference = (at_reference.span.file, at_reference.span.start);
            places.entry(*place).or_default().insert(reference);
        }
        let mut told = HashSet::new();
        for (place, at_name, at_reference) in self.strays {
            let several = places.get(&place).is_some_and(|places| places.len() > 1);
            if self.right.contains(&place) || !several {
                found.push(at_reference);
            } else if told.insert(place) {
                found.push(at_name);
            }
        }
    }

    /// Checks the parameters of one operation, its path's (`common`) included.
    pub(super) fn check<'a>(
        &mut self,
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
                        Diagnostic::new(
                            "K0110",
                            path.key_span,
                            "a variable of the path has no name",
                        )
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
            let written = node.get("name").map_or(node.span, |name| name.span);
            let place = (written.file, written.start);
            if variables.contains(&name) {
                self.right.insert(place);
                continue;
            }
            let help = match super::keys::closest(name, variables.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => match variables.as_slice() {
                    [only] => format!("the variable of the path is `{only}`"),
                    _ => format!("write `{{{name}}}` in the path, or put the parameter elsewhere"),
                },
            };
            let message = format!("the path has no variable `{{{name}}}`");
            let tell = |span: Span| {
                Diagnostic::new("K0110", span, message.as_str())
                    .related(path.key_span, "this path")
                    .help(help.as_str())
            };
            let reference = parameter.get("$ref").map_or(written, |node| node.span);
            let mut at_reference = tell(reference);
            if reference != written {
                at_reference = at_reference.related(written, "named here");
            }
            self.strays.push((place, tell(written), at_reference));
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
                        format!(
                            "`{variable}` is a variable of the path, and is declared elsewhere"
                        ),
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
}
