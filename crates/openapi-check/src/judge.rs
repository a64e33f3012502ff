//! K0104: whether a value is one of its schema, and what is told when it is not.

use crate::formats::validator;
use crate::mend::mend;
use crate::slips;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use openapi_document::{Content, Diagnostic, Diagnostics, Document, Node, Span, closest, draft};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The schema as a validator is to have it: without what is no pattern, which is told, and would make it fail.
fn judged(schema: &Node) -> Value {
    fn sound(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                let pattern = members.get("pattern").and_then(Value::as_str);
                if pattern.is_some_and(|pattern| expression(pattern).is_err()) {
                    members.remove("pattern");
                }
                members.values_mut().for_each(sound);
            }
            Value::Array(items) => items.iter_mut().for_each(sound),
            _ => {}
        }
    }
    let mut judged = draft::judged(&schema.to_value());
    sound(&mut judged);
    judged
}

/// The pattern as ECMA 262 reads it.
pub(crate) fn expression(pattern: &str) -> Result<regress::Regex, regress::Error> {
    regress::Regex::with_flags(pattern, "u")
}

/// Judges the values of one document, all of them at once: each schema is made into a validator once, however many values it
/// has and however many schemas refer to it.
pub(crate) struct Judge<'a> {
    document: &'a Document,
    asked: Vec<Asked<'a>>,
    /// Examples that are relative where `format: uri` wants them absolute: the place of the format, and what is told of each.
    relative: Vec<(Span, Diagnostic)>,
    diagnostics: &'a mut Diagnostics,
}

/// A value, the schema that it should be one of, and what it is to it, such as `example`.
#[derive(Clone, Copy)]
struct Asked<'a> {
    key: &'static str,
    value: &'a Node,
    schema: &'a Node,
}

impl<'a> Judge<'a> {
    pub(crate) fn of(document: &'a Document, diagnostics: &'a mut Diagnostics) -> Judge<'a> {
        Judge {
            document,
            asked: Vec::new(),
            relative: Vec::new(),
            diagnostics,
        }
    }

    /// Null as a default or example where values are listed and null is none of them: `nullable` does not add it.
    pub(crate) fn null(&mut self, key: &str, value: &Node, schema: &Node) {
        let null = |node: &Node| node.content == Content::Null;
        let Some(listed) = schema.get("enum").filter(|_| null(value)) else {
            return;
        };
        let nullable = schema.get("nullable").is_some_and(Node::is_true);
        if nullable && !listed.items().iter().any(null) {
            self.diagnostics.push(
                Diagnostic::new(
                    "K0104",
                    value.span,
                    format!("{key} does not match its schema"),
                )
                .label("null is none of the values that are listed")
                .related(listed.span, "required by this")
                .help("list `null` too: `nullable` beside an `enum` does not add it"),
            );
        }
    }

    /// Judges a value that the schema has as its `key`, such as `example`. Of a schema that has a mistake itself, nothing
    /// is asked.
    pub(crate) fn value(&mut self, key: &'static str, value: &'a Node, schema: &'a Node) {
        if !self.document.is_doubtful(schema) {
            if key == "example" {
                slips::members(&self.document.root, value, schema, self.diagnostics);
            }
            self.asked.push(Asked { key, value, schema });
        }
    }

    /// Judges some of the values.
    fn answer(&mut self, asked: &[Asked<'a>]) {
        let Some(validator) = validator(&self.whole(asked)) else {
            // One of them has, or refers to, what is no schema: the others are judged without it.
            let (some, others) = asked.split_at(asked.len() / 2);
            if !some.is_empty() {
                self.answer(some);
                self.answer(others);
            }
            return;
        };
        let values = asked.iter().enumerate();
        let values = values.map(|(at, asked)| (at.to_string(), asked.value.to_value()));
        let values = Value::Object(values.collect());
        let mut found: BTreeMap<usize, Vec<ValidationError<'_>>> = BTreeMap::new();
        for error in validator.iter_errors(&values) {
            let place = error.instance_path().to_string();
            let at = place.split('/').nth(1).and_then(|at| at.parse().ok());
            found
                .entry(at.unwrap_or(usize::MAX))
                .or_default()
                .push(error);
        }
        for (at, errors) in &found {
            let Some(asked) = asked.get(*at) else {
                continue;
            };
            let is_type = |error: &&ValidationError<'_>| {
                matches!(error.kind(), ValidationErrorKind::Type { .. })
            };
            let place = |error: &ValidationError<'_>| error.instance_path().to_string();
            let of_other_type: HashSet<String> = errors.iter().filter(is_type).map(place).collect();
            for error in errors {
                // Of a value of another type, nothing else is said; and a member that is misspelt is not missed.
                if is_type(&error)
                    || !of_other_type.contains(&place(error))
                        && !self.is_misspelt(*asked, error, errors)
                {
                    self.tell(*asked, error);
                }
            }
        }
    }

    /// Whether what is missing stands there under a name like its own, which is told.
    fn is_misspelt(
        &self,
        asked: Asked<'a>,
        error: &ValidationError<'_>,
        errors: &[ValidationError<'_>],
    ) -> bool {
        let ValidationErrorKind::Required { property } = error.kind() else {
            return false;
        };
        let place = error.instance_path().to_string();
        let holder = asked.value.at(below(&place, 1));
        errors.iter().any(|other| match other.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let near = |name: &String| self.near(name, holder, asked.schema, other);
                other.instance_path().to_string() == place
                    && unexpected
                        .iter()
                        .any(|name| near(name) == property.as_str())
            }
            _ => false,
        })
    }

    /// One schema for all of these values, each a member that is called by its number; and the components that it refers to.
    fn whole(&self, asked: &[Asked<'a>]) -> Value {
        let mut first: HashMap<*const Node, usize> = HashMap::new();
        let mut members = Map::new();
        let mut queue = Vec::new();
        for (at, Asked { schema, .. }) in asked.iter().enumerate() {
            let same = *first.entry(std::ptr::from_ref(*schema)).or_insert(at);
            let member = if same == at {
                let judged = judged(schema);
                queue.extend(draft::references(&judged));
                judged
            } else {
                json!({ "$ref": format!("#/properties/{same}") })
            };
            members.insert(at.to_string(), member);
        }
        let schemas = self.document.meant().at("/components/schemas");
        let mut components = Map::new();
        while let Some(name) = queue.pop() {
            if !components.contains_key(&name) {
                let written = schemas.and_then(|schemas| schemas.get(&name));
                let component = written.map_or(Value::Bool(true), judged);
                queue.extend(draft::references(&component));
                components.insert(name, component);
            }
        }
        json!({ "properties": members, "components": { "schemas": components } })
    }

    /// The values of an `enum` that do not have the `format` or `pattern` beside it. Another type or length is told before
    /// anything is read.
    pub(crate) fn listed(&mut self, schema: &Node) {
        let Some(values) = schema.get("enum") else {
            return;
        };
        for (key, what) in [
            ("format", "has not the format"),
            ("pattern", "does not match the pattern"),
        ] {
            let Some(rule) = schema.get(key) else {
                continue;
            };
            let Some(validator) = validator(&json!({ key: rule.to_value() })) else {
                continue;
            };
            for value in values.items() {
                let text = value.to_value();
                let Err(error) = validator.validate(&text) else {
                    continue;
                };
                let message = format!("the value is listed, and {what}");
                self.diagnostics.push(
                    Diagnostic::new("K0104", value.span, message)
                        .label(error.to_string())
                        .related(rule.span, "required by this")
                        .help(format!(
                            "write it so, or leave `{key}` out: `enum` alone says enough"
                        )),
                );
            }
        }
    }

    fn tell(&mut self, asked: Asked<'a>, error: &ValidationError<'_>) {
        let Asked {
            key,
            value: example,
            schema,
        } = asked;
        let place = error.instance_path().to_string();
        let pointer = below(&place, 1);
        let message = format!("{key} does not match its schema");
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let holder = example.at(pointer);
                for name in unexpected {
                    let written = holder.and_then(|node| node.entry(name));
                    let span = written.map_or(example.span, |entry| entry.key_span);
                    let mut diagnostic = Diagnostic::new("K0104", span, message.as_str())
                        .label(format!("`{name}` is no property of it"));
                    if let Some(near) = self.near(name, holder, schema, error) {
                        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                    }
                    self.diagnostics.push(diagnostic);
                }
            }
            ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::AnyOf { context } => {
                if let Some(errors) = only_close(context, &place) {
                    for inner in errors {
                        self.tell(asked, inner);
                    }
                    return;
                }
                let span = example.span_at(pointer).unwrap_or(example.span);
                self.diagnostics
                    .push(
                        Diagnostic::new("K0104", span, message).label(match context.len() {
                            1 => "not what the one alternative is".to_owned(),
                            count => format!("none of the {count} alternatives is like it"),
                        }),
                    );
            }
            _ => {
                let span = example.span_at(pointer).unwrap_or(example.span);
                let mut diagnostic =
                    Diagnostic::new("K0104", span, message).label(error.to_string());
                if let Some(help) = mend(error) {
                    diagnostic = diagnostic.help(help);
                }
                let rule = self.rule(schema, &error.schema_path().to_string());
                let rule = rule.map(|rule| rule.span);
                if let Some(rule) = rule {
                    diagnostic = diagnostic.related(rule, "required by this");
                }
                match rule.filter(|_| is_relative(error)) {
                    Some(format) => self.relative.push((format, diagnostic)),
                    None => self.diagnostics.push(diagnostic),
                }
            }
        }
    }

    /// Judges what was asked, and tells of `format: uri` where several examples are relative: then the format is the mistake.
    pub(crate) fn finish(mut self) {
        let asked = std::mem::take(&mut self.asked);
        if !asked.is_empty() {
            self.answer(&asked);
        }
        let mut told: Vec<Span> = Vec::new();
        let relative = std::mem::take(&mut self.relative);
        for (format, diagnostic) in &relative {
            let several = relative.iter().filter(|(other, _)| other == format).count() > 1;
            if !several {
                self.diagnostics.push(diagnostic.clone());
            } else if !told.contains(format) {
                told.push(*format);
                let message = "examples are relative, and `uri` is not";
                self.diagnostics.push(
                    Diagnostic::new("K0104", *format, message)
                        .related(diagnostic.span, "such as this")
                        .help("did you mean `uri-reference`?"),
                );
            }
        }
    }

    /// The keyword that refused the value.
    fn rule<'n>(&'n self, schema: &'n Node, pointer: &str) -> Option<&'n Node> {
        if pointer.starts_with("/components/schemas/") {
            return self.document.meant().at(pointer);
        }
        // The schema is a member of the one that all are judged by.
        schema.at(below(pointer, 2))
    }

    /// The property that an unexpected one stands for, among those that the value has not.
    fn near<'n>(
        &'n self,
        name: &str,
        holder: Option<&Node>,
        schema: &'n Node,
        error: &ValidationError<'_>,
    ) -> Option<&'n str> {
        let pointer = error.schema_path().to_string();
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.rule(schema, parent)?.get("properties")?.entries();
        let missing = properties
            .iter()
            .map(|entry| entry.key.as_str())
            .filter(|key| holder.is_none_or(|holder| holder.get(key).is_none()));
        closest(name, missing)
    }
}

/// What of a pointer is below its first tokens.
fn below(pointer: &str, tokens: usize) -> &str {
    let mut slashes = pointer.match_indices('/').skip(tokens);
    slashes.next().map_or("", |(at, _)| &pointer[at..])
}

/// Whether a text is no URI because it has no scheme.
fn is_relative(error: &ValidationError<'_>) -> bool {
    let uri = matches!(error.kind(), ValidationErrorKind::Format { format } if format == "uri");
    let text = error.instance().as_str();
    uri && text.is_some_and(|text| text.starts_with(['/', '.', '?', '#']))
}

/// The mistakes in the only alternative that the value was meant for: it differs inside, where the others have another
/// type or other members.
fn only_close<'e>(
    context: &'e [Vec<ValidationError<'static>>],
    pointer: &str,
) -> Option<&'e Vec<ValidationError<'static>>> {
    let inside = |errors: &&Vec<ValidationError<'static>>| {
        !errors.is_empty()
            && errors
                .iter()
                .all(|error| error.instance_path().to_string().len() > pointer.len())
    };
    let mut close = context.iter().filter(inside);
    close.next().filter(|_| close.next().is_none())
}
