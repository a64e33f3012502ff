//! Who may call.

use super::at::At;
use super::operations::Operation;
use super::{Found, Level, Walk};
use std::collections::{BTreeMap, BTreeSet};

/// One way to be let in: schemes, each with its scopes.
type Way = BTreeMap<String, BTreeSet<String>>;

/// The ways of an operation, its own or the document's, and where they are written.
fn ways(root: &At<'_>, operation: &Operation<'_>) -> (Vec<Way>, String) {
    let own = operation.at.unresolved("security");
    let Some(list) = own.or_else(|| root.unresolved("security")) else {
        return (Vec::new(), operation.at.pointer.clone());
    };
    let ways = list.node.items().iter().map(|way| {
        let schemes = way.entries().iter();
        schemes
            .map(|scheme| {
                let scopes = scheme.node.items().iter();
                let scopes = scopes.filter_map(|scope| scope.as_str());
                (scheme.key.clone(), scopes.map(str::to_owned).collect())
            })
            .collect()
    });
    (ways.collect(), list.pointer)
}

/// Whether callers without credentials are let in.
fn is_open(ways: &[Way]) -> bool {
    ways.is_empty() || ways.iter().any(Way::is_empty)
}

/// Whether who satisfies `old` satisfies `new` too.
fn suffices(old: &Way, new: &Way) -> bool {
    new.iter()
        .all(|(scheme, scopes)| old.get(scheme).is_some_and(|given| scopes.is_subset(given)))
}

pub(super) fn compare(walk: &mut Walk<'_>, old: &Operation<'_>, new: &Operation<'_>) {
    let (before, _) = ways(&walk.old, old);
    let (after, place) = ways(&walk.new, new);
    let id = walk.operation.clone();
    match (is_open(&before), is_open(&after)) {
        (true, false) => walk.at_new(
            &place,
            Found::new(
                "K0345",
                Level::Major,
                format!("operation `{id}` wants credentials ({})", list(&after)),
            )
            .rust("callers without credentials get 401; a server needs an authenticator"),
        ),
        (false, true) => walk.at_new(
            &place,
            Found::new(
                "K0346",
                Level::Minor,
                format!("operation `{id}` no longer wants credentials"),
            )
            .rust("a server's handler is no longer handed a caller"),
        ),
        (true, true) => {}
        (false, false) => {
            let ended: Vec<Way> = before
                .iter()
                .filter(|old| !after.iter().any(|new| suffices(old, new)))
                .cloned()
                .collect();
            let opened: Vec<Way> = after
                .iter()
                .filter(|new| {
                    !before
                        .iter()
                        .any(|old| suffices(new, old) && suffices(old, new))
                })
                .cloned()
                .collect();
            if !ended.is_empty() {
                let message = format!(
                    "credentials of operation `{id}` that were enough are not: {}",
                    list(&ended)
                );
                walk.at_new(
                    &place,
                    Found::new("K0347", Level::Major, message)
                        .rust("callers with those credentials only are refused"),
                );
            } else if !opened.is_empty() {
                let message = format!(
                    "operation `{id}` accepts other credentials too: {}",
                    list(&opened)
                );
                walk.at_new(&place, Found::new("K0348", Level::Minor, message));
            }
        }
    }
    for scheme in before.iter().flat_map(Way::keys) {
        if after.iter().any(|way| way.contains_key(scheme)) {
            kind(walk, scheme);
        }
    }
}

/// Whether a scheme of the same name is another one now.
fn kind(walk: &mut Walk<'_>, name: &str) {
    let find = |root: &At<'_>| -> Option<String> {
        let schemes = root.get("components")?.members("securitySchemes");
        let (_, scheme) = schemes.into_iter().find(|(other, _)| *other == name)?;
        let parts = ["type", "scheme", "in", "name", "openIdConnectUrl"];
        let mut told: Vec<String> = parts
            .iter()
            .map(|part| scheme.text(part).unwrap_or_default().to_ascii_lowercase())
            .collect();
        for (name, flow) in scheme.members("flows") {
            let urls =
                ["authorizationUrl", "tokenUrl"].map(|url| flow.text(url).unwrap_or_default());
            told.push(format!("{name} {}", urls.join(" ")));
        }
        Some(told.join(" "))
    };
    if find(&walk.old) != find(&walk.new) {
        let place = format!(
            "/components/securitySchemes/{}",
            openapi_document::escape(name)
        );
        walk.at_new(
            &place,
            Found::new(
                "K0349",
                Level::Major,
                format!("the security scheme `{name}` is another one"),
            )
            .rust("credentials are carried in another way"),
        );
    }
}

fn list(ways: &[Way]) -> String {
    let told: Vec<String> = ways
        .iter()
        .map(|way| {
            let schemes: Vec<String> = way
                .iter()
                .map(|(scheme, scopes)| {
                    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
                    match scopes.is_empty() {
                        true => format!("`{scheme}`"),
                        false => format!("`{scheme}` with {}", scopes.join(", ")),
                    }
                })
                .collect();
            schemes.join(" and ")
        })
        .collect();
    told.join(", or ")
}
