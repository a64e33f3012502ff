//! Defaults whose value typify would build wrongly: it takes the first alternative of a union that is not plainly another
//! type, whether the value fits or not, and gives members that the value leaves out nothing rather than their own default.
//!
//! Such a default is read instead, as the type reads any value: in its place typify is shown a stand-in, of which it knows
//! the path and nothing more.

mod graph;

use crate::{names, within};
use graph::Graph;
use openapi_document::draft;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names that typify is shown, each with the path of the type that it is to write.
pub(crate) type StandIns = BTreeMap<String, String>;

/// What is to be put where such defaults are.
#[derive(Default)]
pub(crate) struct Put {
    /// The names that typify is shown.
    pub(crate) stand_ins: StandIns,
    /// Definitions of what was inline.
    pub(crate) inline: Vec<(String, Value)>,
}

/// Puts stand-ins where a member of `definitions` has such a default, and takes such defaults of whole types away. Inline
/// schemas get a definition of their own. `types` is the path of the types.
pub(crate) fn put(mut definitions: Vec<(&str, &mut Value)>, types: &str) -> Put {
    if !definitions.iter().any(|(_, schema)| has_default(schema)) {
        return Put::default();
    }
    let known = |(name, schema): &(&str, &mut Value)| ((*name).to_owned(), (**schema).clone());
    let all: BTreeMap<String, Value> = definitions.iter().map(known).collect();
    let mut work = Work {
        graph: Graph::of(&all),
        used: all.keys().map(|name| names::type_name(name)).collect(),
        numbers: BTreeMap::new(),
        types,
        owner: String::new(),
        put: Put::default(),
    };
    for (name, schema) in &mut definitions {
        name.clone_into(&mut work.owner);
        if is_given(schema) && work.graph.is_misread(schema) {
            forget(schema);
        }
        work.members(name, schema);
    }
    work.put
}

/// What is known while stand-ins are put.
struct Work<'a> {
    graph: Graph,
    /// The names of types that are taken.
    used: BTreeSet<String>,
    /// The last number that a name got.
    numbers: BTreeMap<String, usize>,
    types: &'a str,
    /// The definition that is looked into.
    owner: String,
    put: Put,
}

impl Work<'_> {
    /// Looks into the members of `schema`, which is called `name`, everywhere inside it.
    fn members(&mut self, name: &str, schema: &mut Value) {
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            for (property, schema) in properties.iter_mut() {
                let name = format!("{name}-{property}");
                self.members(&name, schema);
                if is_given(schema) {
                    self.stand_in(&name, schema);
                }
            }
        }
        within::each_but_members(schema, &mut |suffix, inner| {
            self.members(&format!("{name}-{suffix}"), inner);
        });
    }

    /// Puts a stand-in for what of the default of `schema`, which is called `name`, would be misread.
    fn stand_in(&mut self, name: &str, schema: &mut Value) {
        if !self.graph.is_misread(schema) {
            return;
        }
        if let Some(reference) = alone(schema) {
            let Some(target) = draft::reference(reference) else {
                return;
            };
            let boxed = self.graph.leads_back(&self.owner, &target);
            *reference = self.of(&target, boxed);
            return;
        }
        // Of a list or a map it is what is in it; an object with members of its own stands for itself.
        let is_map = schema.get("properties").is_none();
        for (key, suffix) in [("items", "item"), ("additionalProperties", "value")] {
            let inner = schema
                .get_mut(key)
                .filter(|inner| is_map && inner.is_object());
            if let Some(inner) = inner {
                return self.stand_in(&format!("{name}-{suffix}"), inner);
            }
        }
        let mut own = schema.clone();
        let mut replaced = json!({});
        for key in ["description", "default", "nullable"] {
            if let Some(said) = own.as_object_mut().and_then(|own| own.remove(key)) {
                replaced[key] = said;
            }
        }
        let called = self.free(names::camel(name));
        self.used.insert(names::type_name(&called));
        let held = draft::references(&own);
        let boxed = held
            .iter()
            .any(|held| self.graph.leads_back(&self.owner, held));
        self.put.inline.push((called.clone(), own));
        replaced["allOf"] = json!([self.of(&called, boxed)]);
        *schema = replaced;
    }

    /// A reference to the stand-in for the definition `target`: in a box where it holds what it stands in.
    fn of(&mut self, target: &str, boxed: bool) -> Value {
        let path = format!("{}::{}", self.types, names::type_name(target));
        let (suffix, path) = if boxed {
            ("BoxedAsRead", format!("::std::boxed::Box<{path}>"))
        } else {
            ("AsRead", path)
        };
        let mut called = names::camel(&format!("{target}-{suffix}"));
        if self.put.stand_ins.get(&called) != Some(&path) {
            called = self.free(called);
        }
        self.put.stand_ins.insert(called.clone(), path);
        json!({ "$ref": format!("#/components/schemas/{called}") })
    }

    /// `name`, with a number where something is called so.
    fn free(&mut self, name: String) -> String {
        let (used, stand_ins) = (&self.used, &self.put.stand_ins);
        let free = |name: &String| {
            !used.contains(&names::type_name(name)) && !stand_ins.contains_key(name)
        };
        if free(&name) {
            return name;
        }
        let last = self.numbers.entry(name.clone()).or_insert(1);
        loop {
            *last += 1;
            let numbered = format!("{name}{last}");
            if free(&numbered) {
                return numbered;
            }
        }
    }
}

/// Whether there is a default other than null.
fn is_given(schema: &Value) -> bool {
    schema.get("default").is_some_and(|value| !value.is_null())
}

/// Whether there is a default anywhere in the schema, of what is no plain value.
fn has_default(schema: &Value) -> bool {
    const COMBINED: [&str; 7] = [
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "items",
        "properties",
        "additionalProperties",
    ];
    let combined = || COMBINED.iter().any(|key| schema.get(key).is_some());
    let inside = || {
        let mut members = schema.as_object().into_iter().flatten();
        members.any(|(key, value)| match value {
            Value::Object(inner) if key == "properties" => inner.values().any(has_default),
            Value::Object(_) => has_default(value),
            Value::Array(items) => items.iter().any(has_default),
            _ => false,
        })
    };
    (is_given(schema) && combined()) || inside()
}

fn forget(schema: &mut Value) {
    if let Some(members) = schema.as_object_mut() {
        members.remove("default");
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("enum") == Some(&json!([null]))
}

/// The reference that is all of the schema, but for what is said of it and whether it may be null.
fn alone(schema: &mut Value) -> Option<&mut Value> {
    if schema.get("$ref").is_some() {
        return Some(schema);
    }
    let key = if schema.get("allOf").is_some() {
        "allOf"
    } else {
        "oneOf"
    };
    let has = |other: &&str| schema.get(other).is_some();
    if ["properties", "type", "anyOf"].iter().any(has) {
        return None;
    }
    let parts = schema.get_mut(key)?.as_array_mut()?;
    let others = &parts[1.min(parts.len())..];
    let only = others.is_empty() || (key == "oneOf" && matches!(others, [null] if is_null(null)));
    parts
        .first_mut()
        .filter(|first| only && first.get("$ref").is_some())
}
