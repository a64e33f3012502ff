//! K0126: an alternative of a `oneOf` that is never the only one, since each of its values is a value of another too.
//!
//! Only what is plain to see: texts, numbers and flags beside all texts, numbers and flags, anything, and null twice.

use super::Findings;
use crate::node::{Content, Node};
use crate::{Diagnostic, Span};
use std::collections::{BTreeMap, BTreeSet};

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
        // What is no schema is told as such.
        .filter(|member| matches!(member.content, Content::Map(_)))
        .filter_map(|member| Some((place(member), meant(found, member)?)))
        .collect();
    let bare = Bare::of(&members);
    for (at, (span, inner)) in members.iter().enumerate() {
        if let Some((wider, _)) = bare.beside(at, inner).and_then(|outer| members.get(outer)) {
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
    // Beside the `oneOf`, `nullable` lets null pass whatever the alternatives say.
    let mut nulls = members.iter().filter(|(_, node)| has_null(node));
    if let (Some((first, _)), Some((second, _)), false) =
        (nulls.next(), nulls.next(), has_null(schema))
    {
        found.push(
            Diagnostic::new("K0126", *second, "null is a value of two alternatives, so `oneOf` refuses it")
                .related(*first, "null is one of these too")
                .help("say `nullable: true` beside the `oneOf`, and of one alternative alone, or write `anyOf`")
                .warning(),
        );
    }
}

/// Whether the schema says that null is a value. OpenAPI 3.0.3: an `enum` without null refuses null, `nullable` or not.
fn has_null(schema: &Node) -> bool {
    let nullable = schema.get("nullable").is_some_and(Node::is_true);
    let null = |values: &Node| values.items().iter().any(|v| v.content == Content::Null);
    nullable && schema.get("enum").is_none_or(null)
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

/// The alternatives that hold all values of their type, by type: `None` holds anything. Whether they are null is another
/// matter.
struct Bare<'a>(BTreeMap<Option<&'a str>, Vec<usize>>);

impl<'a> Bare<'a> {
    fn of(members: &[(Span, &'a Node)]) -> Bare<'a> {
        let mut bare: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, (_, node)) in members.iter().enumerate() {
            if is_bare(node) {
                bare.entry(kind(node)).or_default().push(at);
            }
        }
        Bare(bare)
    }

    /// The first other alternative that plainly holds each value of `inner`, the one at `at`.
    fn beside(&self, at: usize, inner: &Node) -> Option<usize> {
        let inner_kind = kind(inner);
        let wider = match inner_kind {
            Some("integer" | "number") => Some("number"),
            // The integers that a format names are others than those of 64 bits, and lists hold schemas.
            Some("string" | "boolean" | "object") => inner_kind,
            _ => None,
        };
        let kinds = BTreeSet::from([None, wider]);
        let first = |kind| {
            let outer: &Vec<usize> = self.0.get(&kind)?;
            // Two that hold the same are told once.
            let same = kind == inner_kind && is_bare(inner);
            let from = if same {
                outer.partition_point(|other| *other <= at)
            } else {
                0
            };
            outer.get(from).copied()
        };
        kinds.into_iter().filter_map(first).min()
    }
}

fn kind(node: &Node) -> Option<&str> {
    node.get("type").and_then(Node::as_str)
}

/// Whether nothing narrows the values but their type.
fn is_bare(node: &Node) -> bool {
    node.entries().iter().all(|entry| {
        let key = entry.key.as_str();
        key == "type" || key == "nullable" || WORDS.contains(&key) || key.starts_with("x-")
    })
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
        let object = "{type: object, required: [a], properties: {a: {type: string}}}";
        assert_eq!(told(&["{type: object}", object]), [1]);
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
            ["{type: string, nullable: true}", "{type: integer}"],
            [
                "{type: string, nullable: true, enum: [a]}",
                "{type: integer, nullable: true, enum: [1]}",
            ],
            ["{type: integer}", "{type: integer}"],
        ] {
            assert_eq!(told(&alternatives), [] as [usize; 0], "{alternatives:?}");
        }
    }

    #[test]
    fn null_that_the_whole_allows_is_none_of_the_alternatives() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths: {}\ncomponents:\n  schemas:\n    Key:\n      \
                    oneOf: [{type: string, nullable: true}, {type: integer, nullable: true}]\n";
        for (beside, expected) in [("", 1), ("      nullable: true\n", 0)] {
            let (_, found) = Document::examine("t.yaml", &format!("{text}{beside}"));
            let told = found.iter().filter(|diagnostic| diagnostic.code == "K0126");
            assert_eq!(told.count(), expected, "{found}");
        }
    }
}
