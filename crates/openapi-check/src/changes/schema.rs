//! What a value may be.

use super::at::At;
use super::view::{View, unwrapped};
use super::{Direction, Found, Level, Walk, bounds, names};
use serde_json::Value;

/// Two schemas, each as one, and what is said of them.
pub(super) struct Pair<'w, 'a> {
    pub(super) old: View<'a>,
    pub(super) new: View<'a>,
    pub(super) new_at: &'w At<'a>,
    pub(super) direction: Direction,
    /// Such as: response property `Kubeconfig.status`.
    pub(super) said: String,
    /// The name of its Rust type, or of the field that holds it.
    pub(super) rust: String,
}

/// Compares two schemas as they are written, for values that go in `direction`.
pub(super) fn compare(walk: &mut Walk<'_>, old: &At<'_>, new: &At<'_>, direction: Direction) {
    let (old, new) = (unwrapped(old), unwrapped(new));
    let (said, rust) = subject(walk, &new, direction);
    type_name(walk, &old, &new, &said, &rust);
    let (old, new) = (old.resolved(), new.resolved());
    let key = (old.pointer.clone(), new.pointer.clone(), direction);
    if !walk.seen.insert(key) {
        return;
    }
    let (said, rust) = subject(walk, &new, direction);
    let pair = Pair {
        old: View::of(&old),
        new: View::of(&new),
        new_at: &new,
        direction,
        said,
        rust,
    };
    if kind(walk, &pair) {
        nullable(walk, &pair);
        bounds::enumeration(walk, &pair);
        bounds::compare(walk, &pair);
        default(walk, &pair);
        properties(walk, &pair);
        additional(walk, &pair);
        if let (Some(old), Some(new)) = (pair.old.get("items"), pair.new.get("items")) {
            compare(walk, &old, &new, direction);
        }
        for key in ["oneOf", "anyOf"] {
            alternatives(walk, &pair, key);
        }
        other(walk, &pair);
    }
}

/// What people call the schema, and what Rust code calls it.
fn subject(walk: &Walk<'_>, at: &At<'_>, direction: Direction) -> (String, String) {
    let root = walk.new.node;
    let name = names::spoken(root, &at.pointer);
    let rust = names::rust(root, &at.pointer);
    let word = direction.word();
    let tokens: Vec<&str> = at.pointer.split('/').collect();
    let before_last = tokens.len().checked_sub(2).map(|at| tokens[at]);
    let kind = if before_last == Some("properties") {
        "property"
    } else if tokens.contains(&"parameters") {
        return (format!("parameter `{name}`"), rust);
    } else if tokens.contains(&"headers") {
        return (format!("header `{name}`"), rust);
    } else {
        "schema"
    };
    (format!("{word} {kind} `{name}`"), rust)
}

/// Whether the schema goes by another name, which is the name of a type.
fn type_name(walk: &mut Walk<'_>, old: &At<'_>, new: &At<'_>, said: &str, rust: &str) {
    let (before, after) = (old.named(), new.named());
    let (message, told) = match (before, after) {
        (Some(before), Some(after)) if before != after => (
            format!("{said} is now of `{after}` instead of `{before}`"),
            format!("where callers name `{before}`, it is `{after}`"),
        ),
        (None, Some(after)) => (
            format!("{said} is now of the named schema `{after}`"),
            format!("the type of `{rust}` is `{after}`"),
        ),
        (Some(before), None) => (
            format!("{said} is no longer of the named schema `{before}`"),
            format!("the type of `{rust}` is no longer `{before}`"),
        ),
        _ => return,
    };
    let found = Found::new("K0375", Level::Minor, message);
    walk.at_new(&new.pointer, found.rust(told));
}

/// The type and its format; `false` when they are so different that nothing else can be compared.
fn kind(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) -> bool {
    let direction = pair.direction;
    let said = &pair.said;
    let (before, after) = (pair.old.kind(), pair.new.kind());
    let place = pair.new.get("type").unwrap_or_else(|| pair.new_at.clone());
    let told = |kind: Option<&str>| kind.map_or("any type".to_owned(), |kind| format!("`{kind}`"));
    let message = format!("{said} becomes {}, from {}", told(after), told(before));
    let level = match (before, after) {
        (before, after) if before == after => None,
        // A choice says its types in its members.
        (None, Some(_)) | (Some(_), None) if is_choice(&pair.old) != is_choice(&pair.new) => {
            Some(Level::Major)
        }
        (None, Some(_)) | (Some("number"), Some("integer")) => Some(direction.tightened()),
        (Some(_), None) | (Some("integer"), Some("number")) => Some(direction.loosened()),
        _ => Some(Level::Major),
    };
    if let Some(level) = level {
        let told = format!("the type of `{}` changes", pair.rust);
        let found = Found::new("K0351", level, message).rust(told);
        walk.at_new(&place.pointer, found);
        return matches!(
            (before, after),
            (Some("integer"), Some("number")) | (Some("number"), Some("integer"))
        );
    }
    format(walk, pair);
    true
}

fn is_choice(view: &View<'_>) -> bool {
    view.get("oneOf").is_some() || view.get("anyOf").is_some()
}

fn format(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let direction = pair.direction;
    let (before, after) = (pair.old.text("format"), pair.new.text("format"));
    let level = match (before, after) {
        (before, after) if before == after => return,
        (Some("int32"), Some("int64")) | (Some("float"), Some("double")) => direction.loosened(),
        (Some("int64"), Some("int32")) | (Some("double"), Some("float")) => direction.tightened(),
        (Some(_), None) => direction.loosened(),
        (None, Some(_)) => direction.tightened(),
        _ => Level::Major,
    };
    let told = |format: Option<&str>| format.map_or("none".to_owned(), |f| format!("`{f}`"));
    let message = format!(
        "{} changes its format from {} to {}",
        pair.said,
        told(before),
        told(after)
    );
    let found =
        Found::new("K0352", level, message).rust(format!("the type of `{}` changes", pair.rust));
    walk.at_either(
        pair.old.get("format").as_ref(),
        pair.new.get("format").as_ref(),
        found,
    );
}

fn nullable(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let (level, message) = match (pair.old.is_nullable(), pair.new.is_nullable()) {
        (false, true) => (pair.direction.loosened(), "may be null"),
        (true, false) => (pair.direction.tightened(), "may no longer be null"),
        _ => return,
    };
    let told = match pair.new.is_nullable() {
        true => format!("`{}` becomes `Option`", pair.rust),
        false => format!(
            "`{}` is no longer `Option`, unless it is optional",
            pair.rust
        ),
    };
    let found = Found::new("K0353", level, format!("{} {message}", pair.said)).rust(told);
    let place = pair.new.get("nullable");
    walk.at_new(&place.as_ref().unwrap_or(pair.new_at).pointer, found);
}

fn default(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let (before, after) = (pair.old.get("default"), pair.new.get("default"));
    let value = |at: &Option<At<'_>>| at.as_ref().map(|at| at.node.to_value());
    let (old, new) = (value(&before), value(&after));
    if old == new {
        return;
    }
    let told = |value: &Option<Value>| value.as_ref().map_or("none".to_owned(), Value::to_string);
    let message = format!(
        "{} changes its default from {} to {}",
        pair.said,
        told(&old),
        told(&new)
    );
    // Where there was none, what is absent meant what the server chose; now it is told what.
    let level = match old {
        None => Level::Minor,
        Some(_) => Level::Major,
    };
    let found = Found::new("K0371", level, message).rust(match pair.direction {
        Direction::Request => "calls that leave it out mean something else",
        Direction::Response => "answers that leave it out mean something else",
    });
    walk.at_either(before.as_ref(), after.as_ref(), found);
}

/// Whether the other side ignores the property in this direction.
fn is_exempt(property: &At<'_>, direction: Direction) -> bool {
    let view = View::of(&property.clone().resolved());
    view.is_true(match direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    })
}

fn properties(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let direction = pair.direction;
    let (before, after) = (pair.old.properties(), pair.new.properties());
    let find = |list: &[(&str, At<'_>)], name: &str| list.iter().position(|(n, _)| *n == name);
    for (name, old) in &before {
        let Some((_, new)) = find(&after, name).and_then(|at| after.get(at)) else {
            if !is_exempt(old, direction) {
                property_removed(walk, pair, old);
            }
            continue;
        };
        let required =
            |view: &View<'_>, at: &At<'_>| view.requires(name) && !is_exempt(at, direction);
        let (said, rust) = subject(walk, new, direction);
        match (required(&pair.old, old), required(&pair.new, new)) {
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
        if find(&before, name).is_some() || is_exempt(new, direction) {
            continue;
        }
        let required = pair.new.requires(name);
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
    let message = format!("removes {} property `{name}`", pair.direction.word());
    let found = Found::new("K0361", Level::Major, message).rust(format!("`{rust}` is gone"));
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

fn additional(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
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

/// Members of `oneOf` or `anyOf`: those of the same name, then equal ones, then those that are left in their order.
fn alternatives(walk: &mut Walk<'_>, pair: &Pair<'_, '_>, key: &str) {
    let (mut before, mut after) = (list(&pair.old, key), list(&pair.new, key));
    let mut pairs = Vec::new();
    let rules: [fn(&At<'_>, &At<'_>) -> bool; 3] = [
        |old, new| old.named().is_some() && old.named() == new.named(),
        |old, new| old.node.to_value() == new.node.to_value(),
        |old, new| old.named().is_none() && new.named().is_none(),
    ];
    for same in rules {
        before.retain(|old| match after.iter().position(|new| same(old, new)) {
            Some(index) => {
                pairs.push((old.clone(), after.remove(index)));
                false
            }
            None => true,
        });
    }
    for (old, new) in &pairs {
        compare(walk, old, new, pair.direction);
    }
    let said = |at: &At<'_>| {
        at.named()
            .map_or("a form".to_owned(), |name| format!("`{name}`"))
    };
    let rust = &pair.rust;
    for old in before {
        let message = format!("{} may no longer be {}", pair.said, said(&old));
        let found = Found::new("K0368", pair.direction.tightened(), message)
            .rust(format!("a variant of `{rust}` is gone"));
        walk.at_old(&old.pointer, found);
    }
    for new in after {
        let message = format!("{} may be {}", pair.said, said(&new));
        let found = Found::new("K0369", pair.direction.loosened(), message).rust(format!(
            "`{rust}` has one more variant: matches without `_` must name it"
        ));
        walk.at_new(&new.pointer, found);
    }
}

fn list<'a>(view: &View<'a>, key: &str) -> Vec<At<'a>> {
    let Some(at) = view.get(key) else {
        return Vec::new();
    };
    let indices = 0..at.node.items().len();
    indices.filter_map(|index| at.item(index)).collect()
}

/// What the other rules do not look at.
fn other(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    discriminator(walk, pair);
    for key in ["not", "xml"] {
        let (before, after) = (pair.old.get(key), pair.new.get(key));
        if value(&before) != value(&after) {
            let message = format!("{} changes its `{key}`", pair.said);
            walk.at_either(
                before.as_ref(),
                after.as_ref(),
                Found::new("K0399", Level::Major, message),
            );
        }
    }
    for key in ["readOnly", "writeOnly"] {
        if pair.old.is_true(key) != pair.new.is_true(key) {
            let message = format!("{} changes whether it is `{key}`", pair.said);
            let (before, after) = (pair.old.get(key), pair.new.get(key));
            walk.at_either(
                before.as_ref(),
                after.as_ref(),
                Found::new("K0373", Level::Minor, message),
            );
        }
    }
    if pair.old.is_true("deprecated") != pair.new.is_true("deprecated") {
        let word = match pair.new.is_true("deprecated") {
            true => "deprecates",
            false => "no longer deprecates",
        };
        let message = format!("{word} {}", pair.said);
        walk.at_new(
            &pair.new_at.pointer,
            Found::new("K0305", Level::Minor, message),
        );
    }
}

fn value(at: &Option<At<'_>>) -> Option<Value> {
    at.as_ref().map(|at| at.node.to_value())
}

fn discriminator(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let (before, after) = (pair.old.get("discriminator"), pair.new.get("discriminator"));
    let said = &pair.said;
    let name = |view: &View<'_>| {
        let at = view.get("discriminator")?;
        at.text("propertyName").map(str::to_owned)
    };
    if name(&pair.old) != name(&pair.new) {
        let message = format!("{said} is told apart by another property (`discriminator`)");
        walk.at_either(
            before.as_ref(),
            after.as_ref(),
            Found::new("K0372", Level::Major, message)
                .rust(format!("`{}` is told apart by another field", pair.rust)),
        );
        return;
    }
    let (Some(before), Some(after)) = (before, after) else {
        return;
    };
    let mapping = |at: &At<'_>| {
        at.node
            .get("mapping")
            .map_or(Vec::new(), |m| m.entries().to_vec())
    };
    let (old, new) = (mapping(&before), mapping(&after));
    let place = |at: &At<'_>, key: &str| {
        format!("{}/mapping/{}", at.pointer, openapi_document::escape(key))
    };
    for entry in &old {
        let (key, was) = (&entry.key, entry.node.as_str());
        match new.iter().find(|other| other.key == *key) {
            None => {
                let message = format!("{said} may no longer be told as `{key}`");
                let found = Found::new("K0374", pair.direction.tightened(), message);
                walk.at_old(&place(&before, key), found);
            }
            Some(other) if other.node.as_str() != was => {
                let message = format!("`{key}` tells another form of {said}");
                let found = Found::new("K0374", Level::Major, message);
                walk.at_new(&place(&after, key), found);
            }
            Some(_) => {}
        }
    }
    for entry in new
        .iter()
        .filter(|entry| !old.iter().any(|other| other.key == entry.key))
    {
        let key = &entry.key;
        let message = format!("{said} may be told as `{key}`");
        let found = Found::new("K0374", pair.direction.loosened(), message);
        walk.at_new(&place(&after, key), found);
    }
}
