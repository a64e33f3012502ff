//! Parameters whose names the client's builders have already (`new`, `send`, `body` beside a body), or that parameters of
//! two places share: progenitor sees them under other names, and what is sent has the document's.

use crate::client::methods;
use heck::ToSnakeCase;
use openapi_document::openapiv3::{
    OpenAPI, Operation, Parameter, ParameterData, PathItem, ReferenceOr,
};
use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};

/// Methods of every builder, and what the code inside one calls its own.
const TAKEN: [&str; 7] = [
    "clone",
    "encode_path",
    "header_map",
    "info",
    "new",
    "send",
    "stream",
];

/// What progenitor makes of a name, but for underscores at its ends.
pub(crate) fn rust_name(name: &str) -> String {
    let snake = match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        name => name.replace('\'', "").to_snake_case(),
    };
    if snake.is_empty() {
        "x".to_owned()
    } else {
        snake
    }
}

/// The names that were given, as string literals, each with what is sent.
pub(crate) struct WireNames(BTreeMap<String, String>);

impl WireNames {
    /// Gives other names to the parameters of `openapi` that need one.
    pub(crate) fn give(openapi: &mut OpenAPI) -> WireNames {
        let mut giver = Giver {
            used: used(openapi),
            given: BTreeMap::new(),
        };
        let paths = std::mem::take(&mut openapi.paths.paths);
        openapi.paths.paths = paths
            .into_iter()
            .map(|(path, mut item)| match &mut item {
                ReferenceOr::Item(inner) => (giver.path(path, inner), item),
                ReferenceOr::Reference { .. } => (path, item),
            })
            .collect();
        let literal = |name: &str| Literal::string(name).to_string();
        let given = giver.given.into_iter();
        WireNames(given.map(|(name, wire)| (literal(&name), wire)).collect())
    }

    /// The client, sending the names of the document.
    pub(crate) fn restore(&self, client: TokenStream) -> TokenStream {
        if self.0.is_empty() {
            return client;
        }
        client
            .into_iter()
            .map(|token| match token {
                TokenTree::Group(group) => {
                    let mut restored = Group::new(group.delimiter(), self.restore(group.stream()));
                    restored.set_span(group.span());
                    TokenTree::Group(restored)
                }
                TokenTree::Literal(literal) => match self.0.get(&literal.to_string()) {
                    Some(wire) => TokenTree::Literal(Literal::string(wire)),
                    None => TokenTree::Literal(literal),
                },
                other => other,
            })
            .collect()
    }
}

/// Every name of a parameter or an operation, so that what is given is none of them.
fn used(openapi: &mut OpenAPI) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for item in openapi.paths.paths.values_mut() {
        let ReferenceOr::Item(item) = item else {
            continue;
        };
        for (_, operation) in methods(item) {
            used.extend(operation.operation_id.iter().map(|id| rust_name(id)));
            let names = operation.parameters.iter_mut().filter_map(named);
            used.extend(names.map(|(_, data)| rust_name(&data.name)));
        }
    }
    used
}

struct Giver {
    used: BTreeSet<String>,
    given: BTreeMap<String, String>,
}

impl Giver {
    /// Names for the parameters of all operations of `path`, and the path with them.
    fn path(&mut self, mut path: String, item: &mut PathItem) -> String {
        let bodies = methods(item).any(|(_, operation)| operation.request_body.is_some());
        let variables: Vec<String> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
            .collect();
        let mut renamed = BTreeMap::new();
        for wire in variables {
            let snake = rust_name(&wire);
            if TAKEN.contains(&snake.as_str()) || (bodies && snake == "body") {
                let name = self.name(&wire, "path");
                path = path.replace(&format!("{{{wire}}}"), &format!("{{{name}}}"));
                renamed.insert(wire, name);
            }
        }
        for (_, operation) in methods(item) {
            self.operation(operation, &renamed);
        }
        path
    }

    fn operation(&mut self, operation: &mut Operation, variables: &BTreeMap<String, String>) {
        let mut taken: BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
        if operation.request_body.is_some() {
            taken.insert("body".to_owned());
        }
        for (place, data) in operation.parameters.iter_mut().filter_map(named) {
            if place == "path" {
                if let Some(name) = variables.get(&data.name) {
                    data.name.clone_from(name);
                }
                taken.insert(rust_name(&data.name));
            }
        }
        for (place, data) in operation.parameters.iter_mut().filter_map(named) {
            if place != "path" && !taken.insert(rust_name(&data.name)) {
                data.name = self.name(&data.name, place);
            }
        }
    }

    /// A name for the parameter that is sent as `wire`: the same for all of its place.
    fn name(&mut self, wire: &str, place: &str) -> String {
        let first = format!("{wire}_{place}");
        let numbered = (2..).map(|number| format!("{first}{number}"));
        let ours = |name: &String| self.given.get(name).is_some_and(|other| other == wire);
        let mut names = std::iter::once(first.clone()).chain(numbered);
        let free = names.find(|name| ours(name) || !self.used.contains(&rust_name(name)));
        let name = free.unwrap_or(first);
        self.used.insert(rust_name(&name));
        self.given.insert(name.clone(), wire.to_owned());
        name
    }
}

fn named(parameter: &mut ReferenceOr<Parameter>) -> Option<(&'static str, &mut ParameterData)> {
    let ReferenceOr::Item(parameter) = parameter else {
        return None;
    };
    Some(match parameter {
        Parameter::Path { parameter_data, .. } => ("path", parameter_data),
        Parameter::Query { parameter_data, .. } => ("query", parameter_data),
        Parameter::Header { parameter_data, .. } => ("header", parameter_data),
        Parameter::Cookie { parameter_data, .. } => ("cookie", parameter_data),
    })
}
