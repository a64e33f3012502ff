//! What callers send: parameters and bodies.

use super::at::At;
use super::operations::{Operation, deprecation};
use super::{Direction, Found, Level, Walk, names, schema};
use heck::ToSnakeCase;

/// A parameter, and what tells it from others.
struct Parameter<'a> {
    place: &'a str,
    name: &'a str,
    at: At<'a>,
    /// Where it is written, or referred to.
    written: String,
}

impl Parameter<'_> {
    fn is_required(&self) -> bool {
        self.at.is_true("required")
    }

    fn said(&self) -> String {
        format!("{} parameter `{}`", self.place, self.name)
    }

    fn is_named(&self, name: &str) -> bool {
        match self.place {
            "header" => self.name.eq_ignore_ascii_case(name),
            _ => self.name == name,
        }
    }
}

/// Those of an operation: its own, and the path's that it does not replace.
fn list<'a>(operation: &Operation<'a>) -> Vec<Parameter<'a>> {
    let mut found: Vec<Parameter<'a>> = Vec::new();
    for at in [&operation.at, &operation.item] {
        for parameter in at.items("parameters") {
            let written = parameter.pointer.clone();
            let at = parameter.resolved();
            let (Some(place), Some(name)) = (at.text("in"), at.text("name")) else {
                continue;
            };
            if !found.iter().any(|p| p.place == place && p.is_named(name)) {
                found.push(Parameter {
                    place,
                    name,
                    at,
                    written,
                });
            }
        }
    }
    found
}

pub(super) fn compare(walk: &mut Walk<'_>, old: &Operation<'_>, new: &Operation<'_>) {
    let old_variables = old.variables();
    let new_variables = new.variables();
    let mut added = list(new);
    let mut removed = Vec::new();
    for before in list(old) {
        // A variable of the path is what its position is.
        let position = old_variables.iter().position(|name| *name == before.name);
        let name = match before.place {
            "path" => position.and_then(|at| new_variables.get(at)),
            _ => None,
        };
        let name = name.copied().unwrap_or(before.name);
        match added
            .iter()
            .position(|after| after.place == before.place && after.is_named(name))
        {
            Some(index) => both(walk, &before, &added.remove(index)),
            None => removed.push(before),
        }
    }
    for before in removed {
        match added.iter().position(|after| after.name == before.name) {
            Some(index) => moved(walk, &before, &added.remove(index)),
            None => gone(walk, &before),
        }
    }
    for after in added {
        let (code, level, word) = match after.is_required() {
            true => ("K0311", Level::Major, "required"),
            false => ("K0312", Level::Minor, "optional"),
        };
        let builder = after.name.to_snake_case();
        let message = format!(
            "adds {word} {} to operation `{}`",
            after.said(),
            walk.operation
        );
        let told = match after.is_required() {
            true => format!("calls without `.{builder}(...)` fail before they are sent"),
            false => format!("the client's builder has `.{builder}(...)`"),
        };
        walk.at_new(&after.written, Found::new(code, level, message).rust(told));
    }
}

fn gone(walk: &mut Walk<'_>, before: &Parameter<'_>) {
    let message = format!(
        "removes {} from operation `{}`",
        before.said(),
        walk.operation
    );
    let builder = before.name.to_snake_case();
    walk.at_old(
        &before.written,
        Found::new("K0313", Level::Major, message)
            .rust(format!("the builder's `.{builder}(...)` is gone")),
    );
}

fn moved(walk: &mut Walk<'_>, before: &Parameter<'_>, after: &Parameter<'_>) {
    let message = format!(
        "moves parameter `{}` from {} to {}",
        after.name, before.place, after.place
    );
    walk.at_new(
        &after.at.pointer,
        Found::new("K0316", Level::Major, message)
            .rust("callers built before send it where it is not read"),
    );
    both(walk, before, after);
}

fn both(walk: &mut Walk<'_>, before: &Parameter<'_>, after: &Parameter<'_>) {
    let (old, new) = (&before.at, &after.at);
    let builder = after.name.to_snake_case();
    if before.name != after.name && before.place == "path" {
        let message = format!(
            "renames path variable `{}` to `{}`",
            before.name, after.name
        );
        let earlier = before.name.to_snake_case();
        walk.at_new(
            &format!("{}/name", new.pointer),
            Found::new("K0317", Level::Minor, message)
                .rust(format!("`.{earlier}(...)` is now `.{builder}(...)`")),
        );
    }
    match (before.is_required(), after.is_required()) {
        (false, true) => walk.at_new(
            &format!("{}/required", new.pointer),
            Found::new(
                "K0314",
                Level::Major,
                format!("{} becomes required", after.said()),
            )
            .rust(format!(
                "calls without `.{builder}(...)` fail before they are sent"
            )),
        ),
        (true, false) => walk.at_new(
            &new.pointer,
            Found::new(
                "K0315",
                Level::Minor,
                format!("{} becomes optional", after.said()),
            )
            .rust(format!("a server is handed `{builder}` as an `Option`")),
        ),
        _ => {}
    }
    for (key, default) in [
        ("style", style(before)),
        ("explode", explode(before)),
        ("allowReserved", "false"),
    ] {
        let default_now = match key {
            "style" => style(after),
            "explode" => explode(after),
            _ => "false",
        };
        // In another place everything is written in another way, which was told.
        let same_place = before.place == after.place;
        if same_place && told(old, key, default) != told(new, key, default_now) {
            walk.at_new(
                &format!("{}/{key}", new.pointer),
                Found::new(
                    "K0318",
                    Level::Major,
                    format!("{} changes how it is written (`{key}`)", after.said()),
                )
                .rust("callers built before write it as it is no longer read"),
            );
        }
    }
    deprecation(walk, old, new, &after.said());
    if let (Some(old), Some(new)) = (old.unresolved("schema"), new.unresolved("schema")) {
        schema::compare(walk, &old, &new, Direction::Request);
    } else {
        media_types(
            walk,
            old,
            new,
            &after.said(),
            Direction::Request,
            ("K0326", "K0327"),
        );
    }
}

fn style(parameter: &Parameter<'_>) -> &'static str {
    match parameter.place {
        "query" | "cookie" => "form",
        _ => "simple",
    }
}

fn explode(parameter: &Parameter<'_>) -> &'static str {
    match parameter.at.text("style").unwrap_or(style(parameter)) {
        "form" => "true",
        _ => "false",
    }
}

fn told(at: &At<'_>, key: &str, default: &str) -> String {
    at.node.get(key).map_or_else(
        || default.to_owned(),
        |node| match node.as_str() {
            Some(text) => text.to_owned(),
            None => node.to_value().to_string(),
        },
    )
}

pub(super) fn body(walk: &mut Walk<'_>, old: &Operation<'_>, new: &Operation<'_>) {
    let id = walk.operation.clone();
    match (old.at.get("requestBody"), new.at.get("requestBody")) {
        (None, None) => {}
        (None, Some(new)) => {
            let (code, level, word, wants) = match new.is_true("required") {
                true => ("K0321", Level::Major, "required", "wants"),
                false => ("K0322", Level::Minor, "optional", "takes"),
            };
            let message = format!("adds {word} request body to operation `{id}`");
            let found = Found::new(code, level, message);
            walk.at_new(
                &new.pointer,
                found.rust(format!(
                    "`Client::{}` {wants} `.body(...)`",
                    names::method(&id)
                )),
            );
        }
        (Some(old), None) => {
            let message = format!("removes the request body of operation `{id}`");
            let found = Found::new("K0323", Level::Major, message);
            let told = format!("`.body(...)` of `Client::{}` is gone", names::method(&id));
            walk.at_old(&old.pointer, found.rust(told));
        }
        (Some(old), Some(new)) => {
            match (old.is_true("required"), new.is_true("required")) {
                (false, true) => walk.at_new(
                    &format!("{}/required", new.pointer),
                    Found::new(
                        "K0324",
                        Level::Major,
                        format!("the request body of operation `{id}` becomes required"),
                    ),
                ),
                (true, false) => walk.at_new(
                    &new.pointer,
                    Found::new(
                        "K0325",
                        Level::Minor,
                        format!("the request body of operation `{id}` becomes optional"),
                    ),
                ),
                _ => {}
            }
            let said = format!("the request body of operation `{id}`");
            media_types(
                walk,
                &old,
                &new,
                &said,
                Direction::Request,
                ("K0326", "K0327"),
            );
        }
    }
}

/// Compares what is under `content`, with the codes of a media type that is gone and of one that is new.
pub(super) fn media_types(
    walk: &mut Walk<'_>,
    old: &At<'_>,
    new: &At<'_>,
    said: &str,
    direction: Direction,
    (gone, added): (&'static str, &'static str),
) {
    let (before, after) = (old.members("content"), new.members("content"));
    for (name, old) in &before {
        let Some((_, new)) = after.iter().find(|(other, _)| same_media_type(name, other)) else {
            let message = format!("{said} is no longer `{name}`");
            let found = Found::new(gone, Level::Major, message);
            walk.at_old(
                &old.pointer,
                found.rust("callers built before cannot go on"),
            );
            continue;
        };
        match (old.unresolved("schema"), new.unresolved("schema")) {
            (Some(old), Some(new)) => schema::compare(walk, &old, &new, direction),
            (None, None) => {}
            (old, Some(new)) => {
                let message = format!("{said} gets a schema");
                let found = Found::new("K0351", direction.tightened(), message);
                walk.at_either(old.as_ref(), Some(&new), found);
            }
            (Some(old), None) => {
                let message = format!("{said} loses its schema");
                walk.at_old(
                    &old.pointer,
                    Found::new("K0351", direction.loosened(), message),
                );
            }
        }
        let encoding = |at: &At<'_>| at.node.get("encoding").map(|node| node.to_value());
        if encoding(old) != encoding(new) {
            let message = format!("changes the `encoding` of {said}");
            walk.at_new(&new.pointer, Found::new("K0399", Level::Major, message));
        }
    }
    for (name, new) in &after {
        if !before.iter().any(|(other, _)| same_media_type(name, other)) {
            let message = format!("{said} may be `{name}`");
            walk.at_new(&new.pointer, Found::new(added, Level::Minor, message));
        }
    }
}

/// Whether two media types are the same but for case and parameters such as `charset`.
fn same_media_type(one: &str, other: &str) -> bool {
    let bare = |name: &str| {
        name.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    };
    bare(one) == bare(other)
}
