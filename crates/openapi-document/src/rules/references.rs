//! K0103, K0115 and K0118: every `$ref` leads to a component of the right kind, stands alone, and every component is
//! led to.

use super::tables as shapes;
use super::{Findings, MAX_REFERENCES, kinds};
use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};
use crate::place;
use crate::pointer::of_fragment;
use std::collections::HashSet;

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    walk(found, root, "");
    let mut meant = HashSet::new();
    means(found, root, &mut meant);
    names(found, &meant);
}

/// The last names of whatever looks like a reference, also where it is misspelt, or leads nowhere.
fn means<'a>(found: &mut Findings<'a>, node: &'a Node, names: &mut HashSet<String>) {
    for entry in node.entries() {
        if let Some(text) = entry.node.as_str() {
            let last = text.rsplit(['/', '#']).next().unwrap_or_default();
            if text.starts_with('#') {
                names.insert(unescaped(last));
                let lost = text
                    .strip_prefix('#')
                    .filter(|p| found.root.at(p).is_none());
                if let Some(near) = lost.and_then(|pointer| nearest(found, pointer)) {
                    names.insert(unescaped(near.rsplit('/').next().unwrap_or_default()));
                }
            } else if entry.key.to_ascii_lowercase().trim_matches(['$', '_', '-']) == "ref" {
                names.insert(unescaped(last));
            }
        }
        means(found, &entry.node, names);
    }
    for item in node.items() {
        if let Some(text) = item.as_str().filter(|text| text.starts_with("#/")) {
            names.insert(unescaped(text.rsplit('/').next().unwrap_or_default()));
        }
        means(found, item, names);
    }
}

fn unescaped(token: &str) -> String {
    crate::node::unescaped(token).into_owned()
}

/// K0115.
fn siblings(found: &mut Findings<'_>, node: &Node, reference: &Node) {
    let silent = |entry: &&Entry| entry.key != "$ref" && !entry.key.starts_with("x-");
    for entry in node.entries().iter().filter(silent) {
        found.push(
            Diagnostic::new(
                "K0115",
                entry.key_span,
                format!("`{}` beside `$ref` has no effect", entry.key),
            )
            .related(reference.span, "all that counts here")
            .help("in a schema, write `allOf: [{$ref: ...}]` beside it; elsewhere, put it where the reference leads")
            .warning(),
        );
    }
}

/// K0118. What only an unused component refers to is unused too, and not told again.
pub(super) fn unused(found: &mut Findings<'_>) {
    let root = found.root;
    let mut reached = HashSet::new();
    if let Some(paths) = root.get("paths") {
        crate::select::reach(root, paths, &mut reached);
    }
    let mut others = HashSet::new();
    if let Some(components) = root.get("components") {
        crate::select::reach(root, components, &mut others);
    }
    let secured = used_schemes(root);
    for kind in root.get("components").map_or(&[][..], Node::entries) {
        if kind.key.starts_with("x-") || kind.key == "examples" {
            continue;
        }
        for entry in kind.node.entries() {
            let name = format!("#/components/{}/{}", kind.key, crate::escape(&entry.key));
            let used = match kind.key.as_str() {
                "securitySchemes" => secured.contains(entry.key.as_str()),
                _ => {
                    reached.contains(name.as_str())
                        || others.contains(name.as_str())
                        || found.used.contains(&name)
                }
            };
            if !used && !is_misnamed(&entry.key) {
                found.push(
                    Diagnostic::new(
                        "K0118",
                        entry.key_span,
                        format!("nothing refers to `{}`", entry.key),
                    )
                    .help("refer to it, or remove it")
                    .warning(),
                );
            }
        }
    }
}

/// The security schemes that the document or an operation names.
fn used_schemes(root: &Node) -> HashSet<&str> {
    let paths = root.get("paths").map_or(&[][..], Node::entries).iter();
    let operations = paths.flat_map(|path| path.node.entries());
    let lists = operations
        .filter_map(|operation| operation.node.get("security"))
        .chain(root.get("security"));
    let alternatives = lists.flat_map(Node::items).flat_map(Node::entries);
    alternatives.map(|scheme| scheme.key.as_str()).collect()
}

/// `place` is the kind of component that may be referred to here; see [`place::inside`].
fn walk<'a>(found: &mut Findings<'a>, node: &'a Node, place: &str) {
    if let Some(reference) = node.get("$ref")
        && place::refers(place)
    {
        let told = found.diagnostics.len();
        follow(found, node, reference, place);
        // Beside a reference to something else, the others say what was meant.
        let leads = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let leads = leads.is_some_and(|pointer| found.root.at(pointer).is_some());
        let is_other = leads && found.diagnostics.len() > told;
        if !is_endless(found, node) && !is_other {
            siblings(found, node, reference);
        }
        return;
    }
    for entry in node.entries() {
        if let Some(inside) = place::inside(place, &entry.key) {
            walk(found, &entry.node, inside);
        }
    }
    for item in node.items() {
        walk(found, item, place);
    }
}

/// K0103 of the example that stands for one in `components/examples`. What is in another file is not looked for.
pub(super) fn example<'a>(found: &mut Findings<'a>, node: &'a Node) {
    if let Some(reference) = node.get("$ref")
        && reference.span.file == 0
    {
        follow(found, node, reference, "examples");
    }
}

fn follow<'a>(found: &mut Findings<'a>, node: &'a Node, reference: &'a Node, place: &str) {
    let span = reference.span;
    let Some(text) = reference.as_str() else {
        found.push(
            Diagnostic::new(
                "K0103",
                reference_key(node, span),
                "`$ref` must be a string",
            )
            .help(match reference.content {
                Content::Null => "put it in quotes: without them, `#` begins a comment",
                _ => "write where it leads, in quotes: `'#/components/...'`",
            }),
        );
        return;
    };
    let Some(pointer) = text.strip_prefix('#') else {
        // A bare name; what names a file is told where it is looked for.
        if !text.contains(['/', '.', '#']) {
            let near = format!("/components/{place}/{}", crate::escape(text));
            let help = match found.root.at(&near) {
                Some(_) => format!("did you mean `#{near}`?"),
                None => "a reference to this document begins with `#/`".to_owned(),
            };
            let message = format!("`{text}` is no reference");
            found.push(Diagnostic::new("K0103", span, message).help(help));
        }
        return;
    };
    // What a path stands for was looked for before, and so was told.
    if place == place::PATHS {
        return;
    }
    // So was what stands for no pointer, but for examples, which are looked for here only.
    if place == "examples"
        && let Err((why, help)) = of_fragment(pointer)
    {
        let message = format!("`{text}` is no reference");
        found.push(
            Diagnostic::new("K0103", span, message)
                .label(why)
                .help(help),
        );
        return;
    }
    if !pointer.is_empty() && !pointer.starts_with('/') {
        found.push(
            Diagnostic::new("K0103", span, format!("`{text}` is no JSON pointer"))
                .help(format!("a pointer begins with `/`: `#/{pointer}`")),
        );
        return;
    }
    if found.root.at(pointer).is_none() {
        if is_lost(found, pointer) || of_fragment(pointer).is_err() {
            return;
        }
        let near = nearest(found, pointer);
        // The name of the component is told, rather than each reference to what it should be.
        let last = near.as_deref().and_then(|near| near.rsplit('/').next());
        if last.is_some_and(|last| is_misnamed(&unescaped(last))) {
            return;
        }
        let mut diagnostic = Diagnostic::new("K0103", span, format!("`{text}` does not exist"));
        let alike = found.missing.entry(pointer).or_insert(0);
        *alike += 1;
        if *alike > 1 {
            return;
        }
        let there = near.as_deref().and_then(|near| found.root.span_at(near));
        if let Some(there) = there {
            diagnostic = diagnostic.related(there, "this one?");
        }
        diagnostic = diagnostic.help(match near {
            Some(near) => format!("did you mean `#{near}`?"),
            None => format!("declare it in `components/{place}`"),
        });
        found.push(diagnostic);
        return;
    }
    let kind = pointer
        .strip_prefix("/components/")
        .and_then(|rest| rest.split('/').next());
    if kind == Some(place)
        && !pointer
            .trim_end_matches('/')
            .contains(&format!("/{place}/"))
    {
        found.push(
            Diagnostic::new("K0103", span, format!("`{text}` leads to all of them"))
                .help(format!("name one: `#/components/{place}/...`")),
        );
        return;
    }
    match kind {
        Some(kind) if kind == place || place.is_empty() => {}
        _ => {
            found.push(
                Diagnostic::new(
                    "K0103",
                    span,
                    format!("`{text}` is not one of `#/components/{place}`"),
                )
                .help(match place::at(pointer).filter(|kind| kind != place) {
                    Some(kind) if kind == "schemas" && matches!(place, "parameters" | "headers") => {
                        format!("it is a schema: write `schema: {{$ref: '{text}'}}`")
                    }
                    Some(kind) if kind == "schemas" && matches!(place, "responses" | "requestBodies") => {
                        format!("it is a schema: write `content: {{application/json: {{schema: {{$ref: '{text}'}}}}}}`")
                    }
                    Some(kind) => {
                        format!("it is {}: refer to what belongs here", place::called(&kind))
                    }
                    None => format!("move it to `components/{place}` and refer to it there"),
                }),
            );
            return;
        }
    }
    if is_endless(found, node) {
        match goes_round(found, node) {
            Some(true) => found.push(
                Diagnostic::new("K0103", span, "the reference never ends")
                    .label("leads back to itself")
                    .help("write out what is meant at one of the places"),
            ),
            Some(false) => {}
            // The first of them is enough: mending it mends those that lead through it.
            None if found.is_long_told => {}
            None => {
                found.is_long_told = true;
                let message =
                    format!("more than {MAX_REFERENCES} references lead from one to the next");
                found.push(
                    Diagnostic::new("K0103", span, message)
                        .label("too far from what is meant")
                        .help("refer to what is meant itself"),
                );
            }
        }
    }
}

/// Whether the components of that kind are told to be misspelt, or not to be components.
fn is_lost(found: &Findings<'_>, pointer: &str) -> bool {
    let kind = pointer
        .strip_prefix("/components/")
        .and_then(|rest| rest.split('/').next());
    let lost = |node, key| kinds::lost(node, key, &shapes::COMPONENTS);
    kind.is_some_and(|kind| {
        kinds::lost(found.root, "components", &shapes::ROOT)
            || found
                .root
                .get("components")
                .is_some_and(|node| lost(node, kind))
    })
}

/// Whether the references that begin here come back here, and this is the first of those in the circle; `None` when they
/// lead on for so long that none is followed.
fn goes_round<'a>(found: &Findings<'a>, start: &'a Node) -> Option<bool> {
    const LONG: usize = 64;
    let at = |node: &Node| (node.span.file, node.span.start);
    let mut seen: Vec<&Node> = vec![start];
    let mut node = start;
    while seen.len() < LONG {
        let next = node.get("$ref").and_then(Node::as_str);
        let next = next.and_then(|text| found.root.at(text.strip_prefix('#')?))?;
        if std::ptr::eq(next, start) {
            return Some(seen.iter().all(|other| at(start) <= at(other)));
        }
        if seen.iter().any(|other| std::ptr::eq(*other, next)) {
            return Some(false);
        }
        seen.push(next);
        node = next;
    }
    None
}

/// Whether a reference leads to the component by the very name that it has.
fn found_by_name(found: &Findings<'_>, kind: &Entry, entry: &Entry) -> bool {
    let pointer = format!("#/components/{}/{}", kind.key, crate::escape(&entry.key));
    let mut reached = HashSet::new();
    crate::select::reach(found.root, found.root, &mut reached);
    reached.contains(pointer.as_str())
}

/// Whether a component is called what none may be called.
pub(super) fn is_misnamed(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    name.is_empty() || !name.chars().all(fits)
}

/// K0102: the names of components. Such a name is understood, unless it is one that references spell otherwise.
fn names(found: &mut Findings<'_>, meant: &HashSet<String>) {
    for kind in found.root.get("components").map_or(&[][..], Node::entries) {
        if kind.key.starts_with("x-") {
            continue;
        }
        for entry in kind
            .node
            .entries()
            .iter()
            .filter(|entry| is_misnamed(&entry.key))
        {
            let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
            let name: String = entry.key.chars().filter(|c| fits(*c)).collect();
            let message = format!("`{}` is no name of a component", entry.key);
            let mut diagnostic = Diagnostic::new("K0102", entry.key_span, message);
            diagnostic = diagnostic.help(match name.as_str() {
                "" => "letters, digits, `.`, `-` and `_`".to_owned(),
                name => format!("letters, digits, `.`, `-` and `_`, such as `{name}`"),
            });
            diagnostic.warning = !meant.contains(&entry.key) || found_by_name(found, kind, entry);
            found.push(diagnostic);
        }
    }
}

/// Whether the references lead on and on, rather than nowhere, which is told where they do.
fn is_endless<'a>(found: &Findings<'a>, node: &'a Node) -> bool {
    let mut node = node;
    for _ in 0..=MAX_REFERENCES {
        let next = node.get("$ref").and_then(Node::as_str);
        let next = next.and_then(|text| found.root.at(text.strip_prefix('#')?));
        match next {
            Some(next) => node = next,
            None => return false,
        }
    }
    true
}

/// The key, when there is no value to underline.
fn reference_key(node: &Node, span: Span) -> Span {
    match node.entry("$ref") {
        Some(entry) if entry.node.content == Content::Null => entry.key_span,
        _ => span,
    }
}

/// The component of the same kind whose name is closest; looked for once, however many references lead there.
fn nearest<'n>(found: &mut Findings<'n>, pointer: &'n str) -> Option<String> {
    if let Some(known) = found.nearest.get(pointer) {
        return known.clone();
    }
    let near = look_for(found, pointer);
    found.nearest.insert(pointer, near.clone());
    near
}

fn look_for<'n>(found: &mut Findings<'n>, pointer: &str) -> Option<String> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let keys = |node: &'n Node| node.entries().iter().map(|entry| entry.key.as_str());
    let Some(inside) = found.root.at(parent) else {
        // `#/component/schemas/X`, `#/components/schema/X`: the kind is misspelt.
        let kinds = keys(found.root.get("components")?);
        let (_, kind) = parent.rsplit_once('/')?;
        let kind = super::keys::closest(kind, kinds)?;
        let right = format!("/components/{kind}/{name}");
        return found.root.at(&right).map(|_| right);
    };
    if found.may_compare(inside.entries().len())
        && let Some(near) = super::keys::closest(name, keys(inside))
    {
        return Some(format!("{parent}/{}", crate::escape(near)));
    }
    // A component of that name, of another kind.
    let kinds = found.root.get("components")?.entries().iter();
    let mut others = kinds.filter(|kind| kind.node.get(name).is_some());
    Some(format!("/components/{}/{name}", others.next()?.key))
}
