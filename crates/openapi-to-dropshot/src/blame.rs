//! Which schemas are to blame when typify gives up.

use crate::own::Own;
use crate::quiet::quietly;
use crate::types::{self, IMPLS};
use crate::{any, lift, names};
use openapi_document::{Content, Diagnostic, Diagnostics, Document, Node, Span, draft};
use serde_json::{Value, json};
use std::collections::HashSet;
use typify::{TypeSpace, TypeSpaceSettings};

/// The schemas that typify cannot make types of, each tried alone, beside others that are not looked at.
pub(crate) fn blame(document: &Document) -> Option<Diagnostics> {
    let mut diagnostics = document.diagnostics();
    let all: any::Components = document
        .schemas()
        .map(|(name, schema)| (name.to_owned(), draft::json(schema)))
        .collect();
    for (name, _) in document.schemas() {
        let Some(schema) = all.get(name) else {
            continue;
        };
        let mut schema = types::prepared(document, &all, schema);
        let mut settings = TypeSpaceSettings::default();
        let mut definitions: Vec<(String, Value)> = Vec::new();
        // What it does not refer to would only cost time.
        for other in draft::references(&schema) {
            if other != name {
                settings.with_replacement(names::camel(&other), "Other", IMPLS.into_iter());
                definitions.push((other, json!({})));
            }
        }
        match Own::of(name, &schema) {
            Some(Own::Counted(counted)) => schema = counted.plain,
            Some(_) => continue,
            None => {}
        }
        let mut lifted = lift::Lifted::default();
        lift::lift(name, &mut schema, &|_| false, &mut lifted);
        for own in lifted.into_types() {
            settings.with_replacement(own.rust_name(), "Other", IMPLS.into_iter());
            definitions.push((own.name().to_owned(), json!({})));
            if let Own::Counted(counted) = own {
                let within = format!("{}Within", counted.name);
                definitions.push((within, draft::typed(&counted.plain)));
            }
        }
        definitions.push((name.to_owned(), draft::typed(&schema)));
        let tried = quietly(|| {
            let mut parsed = Vec::new();
            for (name, schema) in definitions {
                let schema = serde_json::from_value::<schemars::schema::Schema>(schema);
                parsed.push((name, schema.map_err(|e| e.to_string())?));
            }
            let mut space = TypeSpace::new(&settings);
            space.add_ref_types(parsed).map_err(|e| e.to_string())
        });
        let why = match tried {
            Some(Ok(())) => continue,
            Some(Err(why)) => why,
            None => "it gave up".to_owned(),
        };
        let original = document.original_name(name);
        let pointer = format!("/components/schemas/{}", openapi_document::escape(original));
        let span = document.root.at("/components/schemas");
        let span = span
            .and_then(|schemas| schemas.entry(original))
            .map_or_else(|| document.span(&pointer), |entry| entry.key_span);
        let written = document.written(&pointer);
        if let Some(mixed) = written.and_then(mixed) {
            diagnostics.push(
                Diagnostic::new(
                    "K0208",
                    mixed,
                    format!("no Rust type holds what `{original}` lists"),
                )
                .label("values of several types")
                .help("list values of one type, or make a `oneOf` of an `enum` for each type"),
            );
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                "K0208",
                span,
                format!("typify cannot make a type of `{original}`"),
            )
            .label(why)
            .help("say the same with fewer combinations: `oneOf` of objects, or one `enum`"),
        );
    }
    (!diagnostics.is_empty()).then_some(diagnostics)
}

/// The first `enum` in a schema whose values are of several types.
fn mixed(schema: &Node) -> Option<Span> {
    if let Some(values) = schema.entry("enum") {
        let kind = |value: &Node| std::mem::discriminant(&value.content);
        let kinds = values
            .node
            .items()
            .iter()
            .filter(|v| v.content != Content::Null);
        let kinds: HashSet<_> = kinds.map(kind).collect();
        if kinds.len() > 1 {
            return Some(values.node.span);
        }
    }
    let members = schema
        .entries()
        .iter()
        .filter(|e| !["example", "default", "enum"].contains(&e.key.as_str()));
    let mut inside = members.map(|entry| &entry.node).chain(schema.items());
    inside.find_map(mixed)
}
