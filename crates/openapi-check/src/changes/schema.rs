//! What a value may be.

use super::at::At;
use super::interval::{self, Interval, Step};
use super::view::{View, both_unwrapped};
use super::{Direction, Found, Level, Walk, bounds, choices, held, members, names};
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
    /// The pointer of the schema where it is used, before references are followed.
    written: String,
    /// Where another schema is referred to than before, or one is referred to at all: the place, and what is said of that.
    used: Option<(At<'a>, String, String)>,
}

/// Compares two schemas as they are written, for values that go in `direction`.
pub(super) fn compare(walk: &mut Walk<'_>, old: &At<'_>, new: &At<'_>, direction: Direction) {
    let (old, new) = both_unwrapped(old, new);
    let (said, rust) = subject(walk, &new, direction);
    type_name(walk, &old, &new, &said, &rust);
    let written = new.pointer.clone();
    // Where another schema is referred to, it is the reference that became another type.
    let used = (old.named() != new.named()).then(|| (new.clone(), said, rust));
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
        written,
        used,
    };
    if kind(walk, &pair) {
        nullable(walk, &pair);
        bounds::enumeration(walk, &pair);
        bounds::compare(walk, &pair);
        default(walk, &pair);
        members::properties(walk, &pair);
        members::additional(walk, &pair);
        items(walk, &pair);
        choices::compare(walk, &pair);
        other(walk, &pair);
    }
}

/// What the items of a list may be: without a word of them, anything.
fn items(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let says = |at: &At<'_>| !at.node.entries().is_empty();
    let (old, new) = (pair.old.get("items"), pair.new.get("items"));
    let (level, what, old, new) = match (old, new) {
        (Some(old), Some(new)) => return compare(walk, &old, &new, pair.direction),
        (Some(old), None) if says(&old) => (
            pair.direction.loosened(),
            "may hold anything",
            Some(old),
            None,
        ),
        (None, Some(new)) if says(&new) => (
            pair.direction.tightened(),
            "may no longer hold anything",
            None,
            Some(new),
        ),
        _ => return,
    };
    let message = format!("{} {what}", pair.said);
    let field = names::parameter_field(walk.new.node, &pair.written);
    let told = format!(
        "the type of `{}` changes",
        field.as_ref().unwrap_or(&pair.rust)
    );
    let found = Found::new("K0351", level, message).rust(told);
    walk.at_either(old.as_ref(), new.as_ref(), found);
}

/// What people call the schema, and what Rust code calls it.
pub(super) fn subject(walk: &Walk<'_>, at: &At<'_>, direction: Direction) -> (String, String) {
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
        (None, Some(after)) if rust == after => (
            format!("{said} is now of the named schema `{after}`"),
            format!("its type is `{after}`"),
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
    let (place, said, rust) = match &pair.used {
        Some((place, said, rust)) => (place.clone(), said, rust),
        None => (place, said, &pair.rust),
    };
    let told = |view: &View<'_>, kind: Option<&str>| match kind {
        Some(kind) => format!("`{kind}`"),
        None if choices::is_choice(view) => "one of several forms".to_owned(),
        None => "any type".to_owned(),
    };
    let (earlier, now) = (told(&pair.old, before), told(&pair.new, after));
    let message = format!("{said} becomes {now}, from {earlier}");
    let level = match (before, after) {
        (before, after) if before == after => None,
        _ if choices::holds(&pair.new, &pair.old) => Some(direction.loosened()),
        _ if choices::holds(&pair.old, &pair.new) => Some(direction.tightened()),
        // A choice says its types in its members.
        (None, Some(_)) | (Some(_), None)
            if choices::is_choice(&pair.old) != choices::is_choice(&pair.new) =>
        {
            Some(Level::Major)
        }
        (None, Some(_)) | (Some("number"), Some("integer")) => Some(direction.tightened()),
        (Some(_), None) | (Some("integer"), Some("number")) => Some(direction.loosened()),
        _ => Some(Level::Major),
    };
    if let Some(level) = level {
        let field = names::parameter_field(walk.new.node, &pair.written);
        let told = format!("the type of `{}` changes", field.as_ref().unwrap_or(rust));
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

fn format(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let direction = pair.direction;
    let (before, after) = (pair.old.text("format"), pair.new.text("format"));
    let level = match (before, after) {
        (before, after) if before == after => return,
        _ if pair.new.kind() == Some("integer") => whole(pair),
        (Some("float"), Some("double")) => direction.loosened(),
        (Some("double"), Some("float")) => direction.tightened(),
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
    let mut found = Found::new("K0352", level, message);
    if !held::are_texts(pair) {
        let field = names::parameter_field(walk.new.node, &pair.written);
        let field = field.as_ref().unwrap_or(&pair.rust);
        found = found.rust(format!("the type of `{field}` changes"));
    }
    walk.at_either(
        pair.old.get("format").as_ref(),
        pair.new.get("format").as_ref(),
        found,
    );
}

/// What the format of an integer says is its range. Between bounds that both formats hold, nothing changes but a type.
fn whole(pair: &Pair<'_, '_>) -> Level {
    let known = |view: &View<'_>| {
        let format = view.text("format");
        format.is_none_or(|format| interval::range(format) != (None, None))
    };
    if !known(&pair.old) || !known(&pair.new) {
        return Level::Major;
    }
    let moved = Interval::of(&pair.new).since(Interval::of(&pair.old));
    let is = |step| moved.contains(&Some(step));
    match (is(Step::Inward), is(Step::Outward)) {
        (false, false) => Level::Minor,
        (true, false) => pair.direction.tightened(),
        (false, true) => pair.direction.loosened(),
        (true, true) => Level::Major,
    }
}

fn nullable(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let (level, message) = match (pair.old.is_nullable(), pair.new.is_nullable()) {
        (false, true) => (pair.direction.loosened(), "may be null"),
        (true, false) => (pair.direction.tightened(), "may no longer be null"),
        _ => return,
    };
    let told = match pair.new.is_nullable() {
        true if pair.rust.contains("::") && !pair.rust.ends_with("[_]") => {
            format!("`{}` becomes `Option`, unless it is optional", pair.rust)
        }
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

/// What the other rules do not look at.
fn other(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    choices::discriminator(walk, pair);
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
