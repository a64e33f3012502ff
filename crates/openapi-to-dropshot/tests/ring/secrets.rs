//! What a document calls secret is shown nowhere, or refused.

use openapi_to_dropshot::read;

/// A document with a property of `Keys`.
fn with(property: &str) -> String {
    format!(
        "openapi: 3.0.3
info: {{title: T, version: 1.0.0}}
paths:
  /a:
    get:
      operationId: get_a
      responses:
        '200': {{description: ok, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Keys'}}}}}}}}
        default: {{description: e, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Failure'}}}}}}}}
components:
  schemas:
    Failure: {{type: object, required: [message], properties: {{message: {{type: string}}}}}}
    Plain: {{type: string}}
    Keys:
      type: object
      properties:
        key: {property}
"
    )
}

#[test]
fn what_is_secret_has_a_type_that_does_not_show_it_or_is_refused_at_its_place() {
    for hidden in [
        "{type: string, maxLength: 9, x-secret: true}",
        "{type: string, enum: [a, b], x-secret: true}",
        "{type: object, x-secret: true, properties: {z: {type: string}}}",
        "{type: array, minItems: 1, items: {type: string}, x-secret: true}",
        "{type: number, minimum: 1, x-secret: true}",
    ] {
        let (document, _) = read("a.yaml", &with(hidden), false).unwrap();
        let generated = crate::generate_from(&document).unwrap_or_else(|told| panic!("{told}"));
        let types = generated.types;
        assert!(types.contains("\"KeysKey(..)\""), "{hidden}\n{types}");
    }
    for shown in [
        "{type: string, x-secret: true}",
        "{type: string, format: uuid, x-secret: true}",
        "{type: integer, x-secret: true}",
        "{allOf: [{$ref: '#/components/schemas/Plain'}], x-secret: true}",
    ] {
        let (document, _) = read("a.yaml", &with(shown), false).unwrap();
        let told = crate::generate_from(&document).unwrap_err();
        let all: Vec<_> = told.iter().map(|d| (d.code, d.span.line)).collect();
        assert_eq!(all, [("K0209", 17)], "{shown}: {told}");
    }
}
