//! K0126: an alternative of a `oneOf` that is never the only one, since each of its values is a value of another too.
//!
//! Only what is plain to see: texts, numbers and flags beside all texts, numbers and flags, anything, and null twice.

use super::Findings;
use crate::node::Node;
use crate::{Diagnostic, Span};

/// What is said of a schema beside what its values are.
const WORDS: [&str; 6] = [
    "title",
    "description",
    "default",
    "example",
    "deprecated",
    "externalDocs",
];

pub(super) fn check(found: &mut Findings<'_>, schema: &Node) {
    // Beside a `discriminator`, the property tells them apart.
    let list = schema
        .get("oneOf")
        .filter(|_| schema.get("discriminator").is_none());
    let Some(list) = list else { return };
    let members: Vec<(Span, &Node)> = list
        .items()
        .iter()
        .filter_map(|member| Some((place(member), meant(found, member)?)))
        .collect();
    for (at, (span, inner)) in members.iter().enumerate() {
        let mut others = members.iter().enumerate().filter(|(other, _)| *other != at);
        // Two that hold the same are told once.
        let outer = others.find(|(other, (_, outer))| {
            holds(outer, inner) && (at < *other || !holds(inner, outer))
        });
        if let Some((_, (wider, _))) = outer {
            let message =
                "each value of this alternative is one of another too, so `oneOf` refuses it";
            found.push(
                Diagnostic::new("K0126", *span, message)
                    .related(*wider, "this one holds them all")
                    .help("write `anyOf`, of which the first that fits is the value; or let the other exclude these (`pattern`, `not`)")
                    .warning(),
            );
        }
    }
    let null = |node: &&Node| node.get("nullable").is_some_and(Node::is_true);
    let mut nulls = members.iter().filter(|(_, node)| null(node));
    if let (Some((first, _)), Some((second, _))) = (nulls.next(), nulls.next()) {
        found.push(
            Diagnostic::new("K0126", *second, "null is a value of two alternatives, so `oneOf` refuses it")
                .related(*first, "null is one of these too")
                .help("say `nullable: true` beside the `oneOf`, and of one alternative alone, or write `anyOf`")
                .warning(),
        );
    }
}

/// The place to underline: what names the alternative, or its type.
fn place(member: &Node) -> Span {
    let said = ["$ref", "title", "type"].map(|key| member.get(key));
    let said = said.into_iter().flatten().next();
    said.map_or(member.span, |node| node.span)
}

/// The schema that an alternative is: behind references, and an `allOf` of it alone.
fn meant<'a>(found: &Findings<'a>, member: &'a Node) -> Option<&'a Node> {
    let mut node = member;
    for _ in 0..super::MAX_REFERENCES {
        node = found.resolve(node)?;
        let only = node.entries().iter().all(|entry| {
            entry.key == "allOf"
                || WORDS.contains(&entry.key.as_str())
                || entry.key.starts_with("x-")
        });
        match node.get("allOf").map(Node::items) {
            Some([inner]) if only => node = inner,
            _ => return Some(node),
        }
    }
    None
}

/// Whether each value of `inner` is plainly one of `outer`. Whether they are null is another matter.
fn holds(outer: &Node, inner: &Node) -> bool {
    let kind = |node: &Node| node.get("type").and_then(Node::as_str).map(str::to_owned);
    let bare = outer.entries().iter().all(|entry| {
        let key = entry.key.as_str();
        key == "type" || key == "nullable" || WORDS.contains(&key) || key.starts_with("x-")
    });
    if !bare {
        return false;
    }
    match (kind(outer).as_deref(), kind(inner).as_deref()) {
        (None, _) => true,
        (Some("number"), Some("integer" | "number")) => true,
        (Some("string" | "boolean"), inner) => kind(outer).as_deref() == inner,
        // The integers that a format names are others than those of 64 bits, and lists and objects hold schemas.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;

    /// The lines at which the alternatives of a schema are told.
    fn told(alternatives: &[&str]) -> Vec<usize> {
        let mut text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths: {}\ncomponents:\n  schemas:\n    \
                        Text: {type: string}\n    Key:\n      oneOf:\n"
            .to_owned();
        for alternative in alternatives {
            text.push_str(&format!("      - {alternative}\n"));
        }
        let (_, found) = Document::examine("t.yaml", &text);
        let found = found.iter().filter(|diagnostic| diagnostic.code == "K0126");
        found.map(|diagnostic| diagnostic.span.line - 9).collect()
    }

    #[test]
    fn an_alternative_that_another_holds_is_told() {
        let uuid = "{type: string, format: uuid}";
        assert_eq!(told(&[uuid, "{type: string}"]), [0]);
        assert_eq!(told(&["{$ref: '#/components/schemas/Text'}", uuid]), [1]);
        assert_eq!(
            told(&[
                "{title: id, allOf: [{type: string, format: uuid}]}",
                "{title: name, allOf: [{type: string}]}"
            ]),
            [0],
        );
        assert_eq!(
            told(&["{type: number}", "{type: integer, minimum: 3}"]),
            [1]
        );
        assert_eq!(told(&["{type: boolean}", "{description: Anything}"]), [0]);
        assert_eq!(told(&["{type: string}", "{type: string}"]), [0]);
        let null = "{type: integer, nullable: true}";
        assert_eq!(told(&["{type: string, nullable: true}", null]), [1]);
    }

    #[test]
    fn alternatives_that_differ_are_not() {
        let uuid = "{type: string, format: uuid}";
        let name = "{type: string, pattern: '^[a-z]+$'}";
        for alternatives in [
            [uuid, name],
            ["{type: string}", "{type: integer}"],
            ["{type: integer}", "{type: integer, format: uint64}"],
            [
                "{type: object}",
                "{type: object, required: [a], properties: {a: {type: string}}}",
            ],
            ["{type: string, nullable: true}", "{type: integer}"],
        ] {
            assert_eq!(told(&alternatives), [] as [usize; 0], "{alternatives:?}");
        }
    }
}
