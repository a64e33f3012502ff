//! Operations that come, go, move or get another name.

use super::at::At;
use super::{Found, Level, Walk, answers, names, parameters, security};
use openapi_document::METHODS;

/// An operation, and where it can be called.
#[derive(Clone)]
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    pub(super) item: At<'a>,
    pub(super) at: At<'a>,
}

impl<'a> Operation<'a> {
    /// The `operationId`, or what it can be called at.
    pub(super) fn id(&self) -> String {
        self.at
            .text("operationId")
            .map_or_else(|| self.route(), str::to_owned)
    }

    fn route(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// The names of the variables of its path, in order.
    pub(super) fn variables(&self) -> Vec<&'a str> {
        let parts = self.path.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    /// Where it can be called, whatever its variables are called.
    fn place(&self) -> (String, &'a str) {
        let mut template = String::new();
        for (index, part) in self.path.split('{').enumerate() {
            match part.split_once('}') {
                Some((_, rest)) if index > 0 => template.push_str(&format!("{{}}{rest}")),
                _ => template.push_str(part),
            }
        }
        (template, self.method)
    }
}

fn operations<'a>(root: &At<'a>) -> Vec<Operation<'a>> {
    let mut found = Vec::new();
    for (path, item) in root.members("paths") {
        for (method, at) in item.entries() {
            if METHODS.contains(&method) {
                found.push(Operation {
                    path,
                    method,
                    item: item.clone(),
                    at,
                });
            }
        }
    }
    found
}

pub(super) fn compare(walk: &mut Walk<'_>) {
    let old = operations(&walk.old);
    let mut new = operations(&walk.new);
    let mut pairs = Vec::new();
    let mut gone = Vec::new();
    for old in old {
        match new.iter().position(|new| new.place() == old.place()) {
            Some(index) => pairs.push((old, new.remove(index))),
            None => gone.push(old),
        }
    }
    for old in gone {
        let id = old.at.text("operationId");
        let moved = new
            .iter()
            .position(|new| id.is_some() && new.at.text("operationId") == id);
        match moved {
            Some(index) => pairs.push((old, new.remove(index))),
            None => removed(walk, &old),
        }
    }
    for new in &new {
        walk.operation = new.id();
        let method = names::method(&new.id());
        walk.at_new(
            &new.at.pointer,
            Found::new(
                "K0302",
                Level::Minor,
                format!("adds operation `{}` ({})", new.id(), new.route()),
            )
            .rust(format!(
                "the client has `{method}`; a server must implement `{method}`"
            )),
        );
    }
    for (old, new) in &pairs {
        walk.operation = new.id();
        walk.seen.clear();
        pair(walk, old, new);
    }
    walk.operation.clear();
}

fn removed(walk: &mut Walk<'_>, old: &Operation<'_>) {
    walk.operation = old.id();
    let deprecated = if old.at.is_true("deprecated") {
        ", which was deprecated"
    } else {
        ""
    };
    walk.at_old(
        &old.at.pointer,
        Found::new(
            "K0301",
            Level::Major,
            format!(
                "removes operation `{}` ({}){deprecated}",
                old.id(),
                old.route()
            ),
        )
        .rust(format!("`Client::{}` is gone", names::method(&old.id()))),
    );
}

fn pair(walk: &mut Walk<'_>, old: &Operation<'_>, new: &Operation<'_>) {
    if old.place() != new.place() {
        walk.at_new(
            &new.at.pointer,
            Found::new(
                "K0304",
                Level::Major,
                format!(
                    "moves operation `{}` from {} to {}",
                    new.id(),
                    old.route(),
                    new.route()
                ),
            )
            .rust("callers built before call where nothing answers"),
        );
    }
    if old.at.text("operationId") != new.at.text("operationId") {
        let (before, after) = (old.id(), new.id());
        let place = new.at.unresolved("operationId");
        walk.at_either(
            None,
            Some(place.as_ref().unwrap_or(&new.at)),
            Found::new(
                "K0303",
                Level::Major,
                format!("renames operation `{before}` to `{after}`"),
            )
            .rust(match (names::method(&before), names::method(&after)) {
                (before, after) if before == after => {
                    format!("`Client::{after}` stays; other languages may call it otherwise")
                }
                (before, after) => format!("`Client::{before}` is now `Client::{after}`"),
            }),
        );
    }
    deprecation(walk, &old.at, &new.at, &format!("operation `{}`", new.id()));
    for key in ["callbacks", "x-dropshot-pagination", "x-dropshot-websocket"] {
        let (before, after) = (old.at.unresolved(key), new.at.unresolved(key));
        if before.as_ref().map(|at| at.node.to_value())
            != after.as_ref().map(|at| at.node.to_value())
        {
            let message = format!("changes `{key}` of operation `{}`", new.id());
            let found = Found::new("K0399", Level::Major, message)
                .rust("what the client's method takes or gives changes");
            walk.at_either(before.as_ref(), after.as_ref(), found);
        }
    }
    parameters::compare(walk, old, new);
    parameters::body(walk, old, new);
    answers::compare(walk, old, new);
    security::compare(walk, old, new);
}

/// Whether something is discouraged now, or no longer.
pub(super) fn deprecation(walk: &mut Walk<'_>, old: &At<'_>, new: &At<'_>, what: &str) {
    match (old.is_true("deprecated"), new.is_true("deprecated")) {
        (false, true) => {
            let place = format!("{}/deprecated", new.pointer);
            let found = Found::new("K0305", Level::Minor, format!("deprecates {what}"));
            walk.at_new(&place, found);
        }
        (true, false) => {
            let message = format!("no longer deprecates {what}");
            walk.at_new(&new.pointer, Found::new("K0305", Level::Minor, message));
        }
        _ => {}
    }
}
