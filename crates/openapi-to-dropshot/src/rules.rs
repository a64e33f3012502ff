//! What dropshot, Rust and the generators cannot give, said before anything is generated.

use crate::names;
use crate::operation::responses;
use heck::{ToSnakeCase, ToUpperCamelCase};
use openapi_document::openapiv3::ReferenceOr;
use openapi_document::{
    Diagnostic, Diagnostics, Document, Node, OperationRef, Span, each_schema, escape,
};
use std::collections::HashMap;

/// Every code of this crate and what it means, for `explain`.
pub const RULES: &[(&str, &str)] = &[
    (
        "K0201",
        "dropshot's router cannot hold both paths: a segment is either a literal or one variable, everywhere with one name.",
    ),
    (
        "K0202",
        "Two names of the document become one name in Rust.",
    ),
    (
        "K0203",
        "Two values of an `enum` differ only in characters that Rust's names do not keep.",
    ),
    (
        "K0204",
        "An operation can be answered with a status that it does not declare.",
    ),
    (
        "K0205",
        "The body of an error is not the one shape that the server writes: `{\"error\": {\"code\", \"message\", \"details\"}}`, named, and the same everywhere.",
    ),
    (
        "K0299",
        "A generator gave up for a reason that no rule foresaw.",
    ),
];

/// What a code of this crate means.
pub fn explain(code: &str) -> Option<&'static str> {
    RULES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, meaning)| *meaning)
}

/// Runs the rules alone; [`generate`](crate::generate) does so too.
///
/// # Errors
/// Everything that dropshot, Rust or the generators cannot give.
pub fn check(document: &Document) -> Result<(), Diagnostics> {
    let mut diagnostics = document.diagnostics();
    routes(document, &mut diagnostics);
    collisions(document, &mut diagnostics);
    enums(document, &mut diagnostics);
    for operation in document.operations() {
        statuses(document, operation, &mut diagnostics);
    }
    error_bodies(document, &mut diagnostics);
    diagnostics.into_result(())
}

/// dropshot's trie of path segments: at each node either literals or one variable.
#[derive(Default)]
struct Route<'a> {
    literals: HashMap<&'a str, Route<'a>>,
    variable: Option<(&'a str, Box<Route<'a>>)>,
    first: Option<Span>,
}

fn routes(document: &Document, diagnostics: &mut Diagnostics) {
    let mut root = Route::default();
    for path in document.openapi.paths.paths.keys() {
        let span = document
            .root
            .at("/paths")
            .and_then(|paths| paths.entry(path))
            .map_or_else(|| document.span("/paths"), |e| e.key_span);
        if let Some(mut conflict) = insert(&mut root, path, span) {
            conflict.span = span;
            diagnostics.push(conflict);
        }
    }
}

fn insert<'a>(root: &mut Route<'a>, path: &'a str, span: Span) -> Option<Diagnostic> {
    let refuse = |what: String| Some(Diagnostic::new("K0201", span, what));
    if !path.starts_with('/') || path.contains("//") || (path.len() > 1 && path.ends_with('/')) {
        return refuse(
            "a path begins with `/`, has no empty segment, and does not end with `/`".to_owned(),
        );
    }
    let mut node = root;
    let mut variables = Vec::new();
    for segment in path
        .split('/')
        .skip(1)
        .filter(|segment| !segment.is_empty())
    {
        let other = node.first;
        node.first.get_or_insert(span);
        let variable = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .filter(|name| !name.contains(['{', '}', ':']));
        let both = |detail: String| {
            let diagnostic =
                Diagnostic::new("K0201", span, "dropshot cannot route both of these paths")
                    .label(detail);
            Some(match other {
                Some(other) => diagnostic.related(other, "the other path"),
                None => diagnostic,
            })
        };
        node = match variable {
            None if segment.contains(['{', '}']) => {
                return refuse(format!(
                    "dropshot cannot route `{segment}`: a variable is a whole segment"
                ));
            }
            None => {
                if let Some((name, _)) = &node.variable {
                    return both(format!(
                        "`{segment}` stands where the other has `{{{name}}}`"
                    ));
                }
                node.literals.entry(segment).or_default()
            }
            Some(name) => {
                if variables.contains(&name) {
                    return refuse(format!(
                        "the variable `{{{name}}}` occurs twice in the path"
                    ));
                }
                variables.push(name);
                if !node.literals.is_empty() {
                    return both(format!(
                        "`{segment}` stands where the other has a fixed segment"
                    ));
                }
                let (known, next) = node.variable.get_or_insert_with(|| (name, Box::default()));
                if *known != name {
                    return both(format!(
                        "`{segment}` stands where the other has `{{{known}}}`"
                    ));
                }
                next
            }
        };
    }
    None
}

fn collisions(document: &Document, diagnostics: &mut Diagnostics) {
    let mut types: HashMap<String, (&str, Span)> = HashMap::new();
    for (name, _) in document.schemas() {
        let Some(entry) = document
            .root
            .at("/components/schemas")
            .and_then(|schemas| schemas.entry(name))
        else {
            continue;
        };
        collide(
            &mut types,
            name.to_upper_camel_case(),
            name,
            entry.key_span,
            "type",
            diagnostics,
        );
    }
    let mut methods: HashMap<String, (&str, Span)> = HashMap::new();
    for operation in document.operations() {
        let id = operation
            .operation
            .operation_id
            .as_deref()
            .unwrap_or_default();
        let span = document.span(&format!("{}/operationId", operation.pointer()));
        collide(
            &mut methods,
            id.to_snake_case(),
            id,
            span,
            "method",
            diagnostics,
        );
    }
    each_schema(&document.root, &mut |schema| {
        let mut fields: HashMap<String, (&str, Span)> = HashMap::new();
        for entry in schema.get("properties").map_or(&[][..], Node::entries) {
            collide(
                &mut fields,
                entry.key.to_snake_case(),
                &entry.key,
                entry.key_span,
                "field",
                diagnostics,
            );
        }
    });
}

fn collide<'a>(
    known: &mut HashMap<String, (&'a str, Span)>,
    rust: String,
    name: &'a str,
    span: Span,
    what: &str,
    diagnostics: &mut Diagnostics,
) {
    if rust.is_empty() {
        diagnostics.push(Diagnostic::new(
            "K0202",
            span,
            format!("`{name}` has no letter or digit to make a {what} of"),
        ));
        return;
    }
    match known.get(&rust) {
        Some((other, first)) if *other != name => diagnostics.push(
            Diagnostic::new(
                "K0202",
                span,
                format!("`{other}` and `{name}` are both the {what} `{rust}` in Rust"),
            )
            .label("this one")
            .related(*first, "and this one")
            .help("rename one of them"),
        ),
        _ => {
            known.insert(rust, (name, span));
        }
    }
}

fn enums(document: &Document, diagnostics: &mut Diagnostics) {
    each_schema(&document.root, &mut |schema| {
        let mut variants: HashMap<String, (&str, Span)> = HashMap::new();
        for value in schema.get("enum").map_or(&[][..], Node::items) {
            let Some(text) = value.as_str() else { continue };
            let rust = names::camel(text);
            if let Some((other, first)) = variants.get(&rust) {
                diagnostics.push(
                    Diagnostic::new(
                        "K0203",
                        value.span,
                        format!("`{other}` and `{text}` are both the variant `{rust}` in Rust"),
                    )
                    .label("this one")
                    .related(*first, "and this one"),
                );
            } else {
                variants.insert(rust, (text, value.span));
            }
        }
    });
}

fn statuses(document: &Document, operation: OperationRef<'_>, diagnostics: &mut Diagnostics) {
    let declared: Vec<u16> = responses(operation).map(|(status, _)| status).collect();
    let span = document.span(&format!("{}/responses", operation.pointer()));
    let id = operation.id();
    let mut must = vec![
        (400, "a malformed parameter or query"),
        (500, "a failure of the server"),
    ];
    if operation.is_secured() {
        must.push((401, "a request without credentials"));
        must.push((429, "a caller who asks too often"));
        must.push((503, "an authenticator that cannot work right now"));
    }
    if operation.path.contains('{') {
        must.push((404, "a path with an empty segment"));
    }
    if operation.operation.request_body.is_some() {
        must.push((408, "a body that does not arrive"));
        must.push((413, "a body that is too large"));
        must.push((415, "a body of another media type"));
    }
    for (status, why) in must {
        if !declared.contains(&status) {
            diagnostics.push(
                Diagnostic::new(
                    "K0204",
                    span,
                    format!("`{id}` does not declare {status}, which {why} is answered with"),
                )
                .help(format!("add a response `'{status}'` with the error schema")),
            );
        }
    }
    if !declared.iter().any(|status| *status < 400) {
        diagnostics.push(Diagnostic::new(
            "K0204",
            span,
            format!("`{id}` declares no success"),
        ));
    }
}

fn error_bodies(document: &Document, diagnostics: &mut Diagnostics) {
    let mut common: Option<String> = None;
    for operation in document.operations() {
        for (status, response) in responses(operation).filter(|(status, _)| *status >= 400) {
            let span = document.span(&format!(
                "{}/responses/{}",
                operation.pointer(),
                escape(&status.to_string())
            ));
            let schema = response
                .content
                .get("application/json")
                .and_then(|media| media.schema.as_ref());
            let name = match schema {
                Some(ReferenceOr::Reference { reference }) => reference.clone(),
                _ => {
                    diagnostics.push(
                        Diagnostic::new(
                            "K0205",
                            span,
                            "the body of an error is `application/json` with a named schema",
                        )
                        .help(
                            "refer to one error schema from every response that is not a success",
                        ),
                    );
                    continue;
                }
            };
            match &common {
                None => {
                    if !is_envelope(document, &name) {
                        diagnostics.push(
                            Diagnostic::new("K0205", span, format!("`{name}` does not hold what the server writes into errors"))
                                .help("an object `error` of `code` (integer), `message` (string) and `details` (array of objects with `reason`)"),
                        );
                    }
                    common = Some(name);
                }
                Some(common) if *common != name => diagnostics.push(Diagnostic::new(
                    "K0205",
                    span,
                    format!("the error schema is `{name}` here, and `{common}` before"),
                )),
                Some(_) => {}
            }
        }
    }
}

/// Whether the schema has the members of the error body; what they are exactly is for the conformance tests to show.
fn is_envelope(document: &Document, reference: &str) -> bool {
    let root = &document.root;
    let resolve = |node| openapi_document::resolve(root, node);
    let Some(schema) = reference
        .strip_prefix('#')
        .and_then(|pointer| root.at(pointer))
    else {
        return false;
    };
    let error = schema
        .get("properties")
        .and_then(|p| p.get("error"))
        .and_then(resolve);
    let Some(properties) = error.and_then(|error| error.get("properties")) else {
        return false;
    };
    ["code", "message", "details"]
        .iter()
        .all(|name| properties.get(name).is_some())
}
