//! The members of an object: its properties, and what else it may hold.

use super::at::At;
use super::schema::{Pair, compare, subject};
use super::view::View;
use super::{Direction, Found, Level, Walk, names};
use std::collections::{HashMap, HashSet};

/// Whether the other side ignores the property in this direction.
fn is_exempt(property: &At<'_>, direction: Direction) -> bool {
    let view = View::of(&property.clone().resolved());
    view.is_true(match direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    })
}

pub(super) fn properties(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let direction = pair.direction;
    let (before, after) = (pair.old.properties(), pair.new.properties());
    let (required_before, required_after) = (pair.old.required(), pair.new.required());
    let earlier: HashSet<&str> = before.iter().map(|(name, _)| *name).collect();
    let later: HashMap<&str, &At<'_>> = after.iter().map(|(name, new)| (*name, new)).collect();
    for (name, old) in &before {
        let Some(new) = later.get(name).copied() else {
            if !is_exempt(old, direction) {
                property_removed(walk, pair, old);
            }
            continue;
        };
        let required =
            |names: &HashSet<&str>, at: &At<'_>| names.contains(name) && !is_exempt(at, direction);
        let (said, rust) = subject(walk, new, direction);
        match (
            required(&required_before, old),
            required(&required_after, new),
        ) {
            (false, true) => {
                let place = pair.new.requirement(name);
                let message = format!("{said} becomes required");
                let found = Found::new("K0364", direction.tightened(), message)
                    .rust(format!("`{rust}` is no longer `Option`"));
                walk.at_new(&place.unwrap_or_else(|| new.pointer.clone()), found);
            }
            (true, false) => {
                let message = format!("{said} becomes optional");
                let found = Found::new("K0365", direction.loosened(), message)
                    .rust(format!("`{rust}` becomes `Option`"));
                walk.at_new(&new.pointer, found);
            }
            _ => {}
        }
        compare(walk, old, new, direction);
    }
    let was_closed = matches!(extra(&pair.old), Extra::Refused);
    for (name, new) in &after {
        if earlier.contains(name) || is_exempt(new, direction) {
            continue;
        }
        let required = required_after.contains(name);
        let (said, rust) = subject(walk, new, direction);
        let owner = rust.split("::").next().unwrap_or_default().to_owned();
        let message = format!(
            "adds {} {said}",
            if required { "required" } else { "optional" }
        );
        let found = match (direction, required) {
            (Direction::Request, true) => Found::new("K0363", Level::Major, message)
                .rust(format!("callers that make a `{owner}` must give `{rust}`")),
            (Direction::Response, _) if was_closed => Found::new("K0362", Level::Major, message)
                .rust(format!(
                    "callers built before refuse it: their `{owner}` denies unknown fields"
                )),
            _ => Found::new("K0362", Level::Minor, message).rust(format!(
                "`{owner}` has one more field, `{rust}`: literals without `..` must name it"
            )),
        };
        walk.at_new(&new.pointer, found);
    }
}

fn property_removed(walk: &mut Walk<'_>, pair: &Pair<'_, '_>, old: &At<'_>) {
    let root = walk.old.node;
    let (name, rust) = (
        names::spoken(root, &old.pointer),
        names::rust(root, &old.pointer),
    );
    // Where another schema is used than before, the one that was is as it was.
    let (name, told) = match walk.new.node.at(&old.pointer) {
        None => (name, format!("`{rust}` is gone")),
        Some(_) => {
            let new = &pair.new_at.pointer;
            let last = old.pointer.rsplit('/').next().unwrap_or_default();
            let last = last.replace("~1", "/").replace("~0", "~");
            let now = names::value_type(new, &pair.rust);
            (
                format!("{}.{last}", names::spoken(walk.new.node, new)),
                format!("`{now}`, which it is now, has no such field as `{rust}`"),
            )
        }
    };
    let message = format!("removes {} property `{name}`", pair.direction.word());
    let found = Found::new("K0361", Level::Major, message).rust(told);
    walk.at_old(&old.pointer, found);
}

/// What becomes of members without a property of their own.
enum Extra<'a> {
    Allowed,
    Refused,
    Of(At<'a>),
}

fn extra<'a>(view: &View<'a>) -> Extra<'a> {
    match view.get("additionalProperties") {
        None => Extra::Allowed,
        Some(at) => match &at.node.content {
            openapi_document::Content::Bool(false) => Extra::Refused,
            openapi_document::Content::Map(members) if !members.is_empty() => Extra::Of(at),
            _ => Extra::Allowed,
        },
    }
}

pub(super) fn additional(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let (said, rust) = (&pair.said, &pair.rust);
    let direction = pair.direction;
    let mut tell = |code, level, what: &str, told: String| {
        let found = Found::new(code, level, format!("{said} {what}")).rust(told);
        let key = "additionalProperties";
        walk.at_either(
            pair.old.get(key).as_ref(),
            pair.new.get(key).as_ref(),
            found,
        );
    };
    let changed = format!("the type of what else `{rust}` holds changes");
    match (extra(&pair.old), extra(&pair.new)) {
        (Extra::Allowed, Extra::Allowed) | (Extra::Refused, Extra::Refused) => {}
        (Extra::Of(old), Extra::Of(new)) => compare(walk, &old, &new, direction),
        (Extra::Refused, _) => tell(
            "K0367",
            direction.loosened(),
            "may have further members",
            format!("`{rust}` no longer denies unknown fields"),
        ),
        (_, Extra::Refused) => tell(
            "K0366",
            direction.tightened(),
            "may no longer have further members",
            format!("`{rust}` denies unknown fields"),
        ),
        (Extra::Allowed, Extra::Of(_)) => tell(
            "K0366",
            direction.tightened(),
            "constrains its further members",
            changed,
        ),
        (Extra::Of(_), Extra::Allowed) => tell(
            "K0367",
            direction.loosened(),
            "no longer constrains its further members",
            changed,
        ),
    }
}
