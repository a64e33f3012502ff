//! The forms of a value: `oneOf`, `anyOf`, and what tells them apart.

use super::at::At;
use super::schema::{self, Pair};
use super::view::View;
use super::{Found, Level, Walk};

/// Whether `other` is one of the forms that `choice` gives.
pub(super) fn holds(choice: &View<'_>, other: &View<'_>) -> bool {
    let Some(own) = other.parts().first() else {
        return false;
    };
    let forms = ["oneOf", "anyOf"].map(|key| list(choice, key));
    let is_own = |form: At<'_>| {
        let form = form.resolved();
        form.pointer == own.pointer || form.node.to_value() == own.node.to_value()
    };
    !is_choice(other) && forms.into_iter().flatten().any(is_own)
}

pub(super) fn is_choice(view: &View<'_>) -> bool {
    view.get("oneOf").is_some() || view.get("anyOf").is_some()
}

/// `oneOf` and `anyOf`. The same forms under the other word are the same forms.
pub(super) fn compare(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    match (only(&pair.old), only(&pair.new)) {
        (Some((old, _)), Some((new, place))) if old != new => {
            let (level, word) = match new {
                "anyOf" => (
                    pair.direction.loosened(),
                    "may be several of its forms at once",
                ),
                _ => (pair.direction.tightened(), "is exactly one of its forms"),
            };
            let message = format!("{} {word} (`{new}` instead of `{old}`)", pair.said);
            walk.at_new(&place.pointer, Found::new("K0370", level, message));
            alternatives(walk, pair, old, new);
        }
        _ => {
            for key in ["oneOf", "anyOf"] {
                alternatives(walk, pair, key, key);
            }
        }
    }
}

/// The one word of a schema that has forms of one kind, and where they are.
fn only<'a>(view: &View<'a>) -> Option<(&'static str, At<'a>)> {
    match (view.get("oneOf"), view.get("anyOf")) {
        (Some(one), None) => Some(("oneOf", one)),
        (None, Some(any)) => Some(("anyOf", any)),
        _ => None,
    }
}

/// Members of a choice: those of the same name, then equal ones, then those that are left in their order.
fn alternatives(walk: &mut Walk<'_>, pair: &Pair<'_, '_>, old: &str, new: &str) {
    let (mut before, mut after) = (list(&pair.old, old), list(&pair.new, new));
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
        schema::compare(walk, old, new, pair.direction);
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

pub(super) fn discriminator(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
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
