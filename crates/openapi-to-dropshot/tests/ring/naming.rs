//! One name, one schema: typify takes a type that it has made under a name for every other schema of that name.

use openapi_document::Document;

use crate::generate_from;

/// The types of these components.
fn types(components: &str) -> String {
    let text = format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths: {{}}\ncomponents:\n  schemas:\n{components}"
    );
    let document = Document::read("document.yaml", &text).unwrap_or_else(|told| panic!("{told}"));
    let generated = generate_from(&document).unwrap_or_else(|told| panic!("{told}"));
    generated.types
}

#[track_caller]
fn holds(types: &str, fields: &[&str]) {
    for field in fields {
        assert!(types.contains(field), "{field} is not in\n{types}");
    }
}

#[test]
fn inline_schemas_of_one_title_that_differ_or_that_a_component_has_are_called_by_their_places() {
    let types = types(
        "    Error: {type: object, required: [message], properties: {message: {type: string}}}
    A:
      type: object
      properties:
        a: {title: Kind, type: string, enum: [a, b]}
        b: {title: Kind, type: string, enum: [c, d]}
        c: {title: Error, type: string, enum: [one, two]}
        d: {title: Same, type: string, enum: [e]}
        e: {title: Same, type: string, enum: [e]}
        f: {title: Type, enum: [f], default: f}
        g: {title: Type, enum: [g], default: g}
",
    );
    holds(
        &types,
        &[
            "pub a: ::std::option::Option<AA>",
            "pub b: ::std::option::Option<AB>",
            "pub c: ::std::option::Option<AC>",
            "pub d: ::std::option::Option<Same>",
            "pub e: ::std::option::Option<Same>",
            "pub f: AF",
            "pub g: AG",
        ],
    );
}

#[test]
fn inline_schemas_whose_places_give_one_name_are_numbered() {
    let types = types(
        "    Many:
      type: object
      properties:
        roles: {type: array, items: {type: string, enum: [a]}}
        rolesItem: {type: string, enum: [b]}
        labels: {type: object, additionalProperties: {type: string, enum: [c]}}
        labelsValue: {type: string, enum: [d]}
        one: {type: object, properties: {two: {type: string, enum: [e]}}}
        oneTwo: {type: string, enum: [f]}
        item: {type: array, items: {type: string, enum: [g]}}
        items: {type: string, enum: [g]}
    ManyItems: {type: object, properties: {x: {type: string}}}
",
    );
    holds(
        &types,
        &[
            "::std::vec::Vec<ManyRolesItem2>",
            "pub roles_item: ::std::option::Option<ManyRolesItem3>",
            "::std::string::String, ManyLabelsValue2>",
            "pub labels_value: ::std::option::Option<ManyLabelsValue3>",
            "pub two: ::std::option::Option<ManyOneTwo2>",
            "pub one_two: ::std::option::Option<ManyOneTwo3>",
            "pub items: ::std::option::Option<ManyItems2>",
        ],
    );
}
