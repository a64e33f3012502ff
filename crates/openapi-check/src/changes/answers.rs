//! What callers are sent: statuses, headers and bodies.

use super::at::At;
use super::operations::Operation;
use super::parameters::media_types;
use super::{Direction, Found, Level, Walk, names, schema};
use heck::{ToSnakeCase, ToUpperCamelCase};

/// Whether a status, or a range such as `2XX`, is of a success. Redirections are answers too.
fn is_success(status: &str) -> bool {
    status.starts_with(['1', '2', '3'])
}

/// Whether `declared` holds something that `status` is one of.
fn covers(declared: &[(&str, At<'_>)], status: &str) -> bool {
    declared.iter().any(|(range, _)| {
        *range == "default"
            || (range.len() == 3
                && range[1..].eq_ignore_ascii_case("xx")
                && range[..1] == status[..1.min(status.len())])
    })
}

/// The place in the operation, which another one that refers to the same response does not share.
fn written(operation: &At<'_>, status: &str) -> String {
    format!(
        "{}/responses/{}",
        operation.pointer,
        openapi_document::escape(status)
    )
}

/// What people call an answer: by its own name when several operations may share it.
fn said(at: &At<'_>, status: &str, operation: &str) -> String {
    match at.pointer.strip_prefix("/components/responses/") {
        Some(name) => format!("the answer `{name}`"),
        None => format!("the answer {status} of operation `{operation}`"),
    }
}

pub(super) fn compare(
    walk: &mut Walk<'_>,
    old_operation: &Operation<'_>,
    new_operation: &Operation<'_>,
) {
    let mut before = old_operation.at.members("responses");
    let mut after = new_operation.at.members("responses");
    let is_answer = |(status, _): &(&str, At<'_>)| !status.starts_with("x-");
    before.retain(is_answer);
    after.retain(is_answer);
    let gone = |from: &[(&str, At<'_>)], status: &str| !from.iter().any(|(s, _)| *s == status);
    let successes = |list: &[(&'_ str, At<'_>)], other: &[(&str, At<'_>)]| -> Vec<String> {
        let lone = list.iter().filter(|(s, _)| is_success(s) && gone(other, s));
        lone.map(|(s, _)| (*s).to_owned()).collect()
    };
    // One success that became another is one change, and its bodies are compared.
    let changed = match (
        successes(&before, &after).as_slice(),
        successes(&after, &before).as_slice(),
    ) {
        ([from], [to]) => Some((from.clone(), to.clone())),
        _ => None,
    };
    for (status, old) in &before {
        let now = match &changed {
            Some((from, to)) if from == status => to.as_str(),
            _ => status,
        };
        match after.iter().find(|(s, _)| *s == now) {
            Some((now, new)) => {
                if now != status {
                    success_changed(walk, status, now, new);
                }
                both(walk, now, old, new);
            }
            None => removed(walk, status, &written(&old_operation.at, status)),
        }
    }
    for (status, _) in &after {
        let is_target = changed.as_ref().is_some_and(|(_, to)| to == status);
        if gone(&before, status) && !is_target {
            added(
                walk,
                status,
                &written(&new_operation.at, status),
                covers(&before, status),
            );
        }
    }
}

fn success_changed(walk: &mut Walk<'_>, from: &str, to: &str, new: &At<'_>) {
    let id = walk.operation.clone();
    let message = format!("operation `{id}` succeeds with {to} instead of {from}");
    walk.at_new(
        &new.pointer,
        Found::new("K0331", Level::Major, message).rust(format!(
            "callers built before get `Error::UnexpectedResponse` from `Client::{}`",
            names::method(&id)
        )),
    );
}

fn removed(walk: &mut Walk<'_>, status: &str, place: &str) {
    let id = walk.operation.clone();
    let message = format!("operation `{id}` no longer answers {status}");
    let found = if is_success(status) {
        Found::new("K0332", Level::Major, message)
            .rust("what `ResponseValue` holds on success changes")
    } else {
        let (name, variant) = (id.to_upper_camel_case(), names::status(status));
        Found::new("K0334", Level::Minor, message).rust(format!(
            "`{name}Error::{variant}` is gone: servers that answer it no longer compile"
        ))
    };
    walk.at_old(place, found);
}

/// `covered`: it was one of a declared range, or of `default`.
fn added(walk: &mut Walk<'_>, status: &str, place: &str, covered: bool) {
    let id = walk.operation.clone();
    let message = format!("operation `{id}` may answer {status}");
    let method = names::method(&id);
    let found = if is_success(status) {
        let level = if covered { Level::Minor } else { Level::Major };
        Found::new("K0333", level, message).rust(format!(
            "callers built before get `Error::UnexpectedResponse` from `Client::{method}`"
        ))
    } else {
        let (name, variant) = (id.to_upper_camel_case(), names::status(status));
        let callers = match covered {
            true => "callers built before get it as they got every such status",
            false => "callers built before get it as `Error::UnexpectedResponse`",
        };
        Found::new("K0335", Level::Minor, message)
            .rust(format!("servers have `{name}Error::{variant}`; {callers}"))
    };
    walk.at_new(place, found);
}

fn both(walk: &mut Walk<'_>, status: &str, old: &At<'_>, new: &At<'_>) {
    let id = walk.operation.clone();
    let said = said(new, status, &id);
    headers(walk, status, old, new);
    let has_body = |at: &At<'_>| !at.members("content").is_empty();
    match (has_body(old), has_body(new)) {
        (false, true) => walk.at_new(
            &format!("{}/content", new.pointer),
            Found::new("K0341", Level::Major, format!("{said} gets a body")).rust(format!(
                "`Client::{}` gives a value instead of `()`",
                names::method(&id)
            )),
        ),
        (true, false) => walk.at_old(
            &format!("{}/content", old.pointer),
            Found::new("K0342", Level::Major, format!("{said} loses its body"))
                .rust(format!("`Client::{}` gives `()`", names::method(&id))),
        ),
        _ => media_types(
            walk,
            old,
            new,
            &said,
            Direction::Response,
            ("K0343", "K0344"),
        ),
    }
}

fn headers(walk: &mut Walk<'_>, status: &str, old: &At<'_>, new: &At<'_>) {
    let id = walk.operation.clone();
    let answer = said(new, status, &id);
    let said = |name: &str| format!("the header `{name}` of {answer}");
    let (before, after) = (old.members("headers"), new.members("headers"));
    let own = id.to_upper_camel_case();
    // An error is a variant; how that holds its headers depends on the body.
    let variant = names::status(status);
    let is_error = status == "default" || status.starts_with(['4', '5']);
    let told = |name: &str, of_success: &str, of_error: &str| match is_error {
        true => format!("`{own}Error::{variant}` {of_error}"),
        false => of_success.replace("{}", &format!("`{own}Response::{}`", name.to_snake_case())),
    };
    for (name, old) in &before {
        let same = |(other, _): &&(&str, At<'_>)| other.eq_ignore_ascii_case(name);
        let Some((_, new)) = after.iter().find(same) else {
            let message = format!("removes {}", said(name));
            walk.at_old(
                &old.pointer,
                Found::new("K0336", Level::Major, message).rust(told(
                    name,
                    "{} is gone",
                    "no longer comes with it",
                )),
            );
            continue;
        };
        match (old.is_true("required"), new.is_true("required")) {
            (true, false) => walk.at_new(
                &new.pointer,
                Found::new(
                    "K0338",
                    Level::Major,
                    format!("{} becomes optional", said(name)),
                )
                .rust(told(name, "{} becomes `Option`", "may come without it")),
            ),
            (false, true) => walk.at_new(
                &new.pointer,
                Found::new(
                    "K0339",
                    Level::Minor,
                    format!("{} is always there", said(name)),
                )
                .rust(told(
                    name,
                    "{} is no longer `Option`",
                    "always comes with it",
                )),
            ),
            _ => {}
        }
        if let (Some(old), Some(new)) = (old.unresolved("schema"), new.unresolved("schema")) {
            schema::compare(walk, &old, &new, Direction::Response);
        }
    }
    for (name, new) in &after {
        if !before
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            let message = format!("adds {}", said(name));
            walk.at_new(
                &new.pointer,
                Found::new("K0337", Level::Minor, message).rust(told(
                    name,
                    "servers must set {}",
                    "comes with it",
                )),
            );
        }
    }
}
