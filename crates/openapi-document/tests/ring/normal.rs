//! What the generators get to see.

use crate::{THINGS, edited};
use openapi_document::Document;
use openapi_document::openapiv3::{ParameterSchemaOrContent, ReferenceOr};

fn things() -> Document {
    Document::read("things.yaml", THINGS).expect("nothing is wrong with it")
}

#[test]
fn parameters_of_a_path_belong_to_each_of_its_operations() {
    let document = things();
    let names = |id: &str| {
        let operation = document
            .operations()
            .find(|o| o.id() == id)
            .unwrap()
            .operation;
        let items = operation
            .parameters
            .iter()
            .map(|p| p.as_item().unwrap().parameter_data_ref().name.clone());
        items.collect::<Vec<_>>()
    };
    assert_eq!(names("getThing"), ["thingId", "depth"]);
    assert_eq!(names("putThing"), ["thingId"]);
}

#[test]
fn an_inline_schema_with_rules_gets_a_name_and_one_without_does_not() {
    let document = things();
    let names: Vec<&str> = document.schemas().map(|(name, _)| name).collect();
    assert_eq!(names, ["Thing", "Error", "ThingId", "Depth"]);
    let plain = edited("          minimum: 1\n          maximum: 9\n", "");
    let document = Document::read("things.yaml", &plain).unwrap();
    assert!(document.schemas().all(|(name, _)| name != "Depth"));
}

#[test]
fn a_name_that_is_taken_is_not_taken_again() {
    let text = edited(
        "    Error:\n      type: object",
        "    Depth:\n      type: string\n    Error:\n      type: object",
    );
    let document = Document::read("things.yaml", &text).unwrap();
    let operation = document
        .operations()
        .find(|o| o.id() == "getThing")
        .unwrap()
        .operation;
    let depth = operation.parameters[1]
        .as_item()
        .unwrap()
        .parameter_data_ref();
    let ParameterSchemaOrContent::Schema(ReferenceOr::Reference { reference }) = &depth.format
    else {
        panic!("{depth:?}")
    };
    assert_eq!(reference, "#/components/schemas/GetThingDepth");
}

#[test]
fn security_of_the_document_is_that_of_each_operation_unless_it_says_otherwise() {
    let document = things();
    let secured: Vec<(&str, bool)> = document
        .operations()
        .map(|o| (o.id(), o.is_secured()))
        .collect();
    assert_eq!(secured, [("getThing", true), ("putThing", false)]);
}

#[test]
fn responses_are_resolved() {
    let document = things();
    let operation = document
        .operations()
        .find(|o| o.id() == "getThing")
        .unwrap()
        .operation;
    assert!(
        operation
            .responses
            .responses
            .values()
            .all(|response| response.as_item().is_some())
    );
}

#[test]
fn the_source_as_json_is_the_same_document_in_the_same_order() {
    let document = things();
    let json = document.source_json();
    let keys = [
        "\"openapi\"",
        "\"info\"",
        "\"security\"",
        "\"paths\"",
        "\"components\"",
    ];
    let at: Vec<usize> = keys
        .iter()
        .map(|key| json.find(&format!("\n  {key}")).unwrap())
        .collect();
    assert!(at.is_sorted(), "{at:?}");
    let again = Document::read("things.json", &json).unwrap();
    assert_eq!(again.source(), document.source());
    assert_eq!(again.openapi, document.openapi);
    assert_eq!(again.source_json(), json);
}

#[test]
fn a_pointer_leads_to_its_place_or_to_the_nearest_above_it() {
    let document = things();
    let at = |pointer: &str| {
        let span = document.span(pointer);
        (span.line, span.column)
    };
    assert_eq!(at("/info/version"), (4, 12));
    assert_eq!(at("/paths/~1things~1{thingId}/get"), (11, 5));
    assert_eq!(at("/components/schemas/Thing/properties/nothing"), (68, 7));
}
