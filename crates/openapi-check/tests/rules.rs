//! Examples and patterns, each mistake at its place.

use openapi_document::Document;

const THINGS: &str = r"openapi: 3.0.3
info: {title: Things, version: 1.0.0}
paths:
  /things:
    get:
      operationId: listThings
      parameters:
      - name: size
        in: query
        example: 5
        schema: {type: integer, maximum: 9}
      responses:
        '200':
          description: Things
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Thing'
              example:
                name: abc
                inner:
                  name: d
components:
  schemas:
    Thing:
      type: object
      properties:
        name:
          type: string
          pattern: '^[a-z]+$'
          example: abc
        inner:
          $ref: '#/components/schemas/Thing'
        kind:
          type: string
          nullable: true
          default: null
      example:
        name: xyz
";

fn places(from: &str, to: &str) -> Vec<String> {
    assert!(THINGS.contains(from), "{from:?}");
    let document = Document::read("t.yaml", &THINGS.replacen(from, to, 1)).expect("a document");
    openapi_check::lint(&document)
        .err()
        .map(|diagnostics| diagnostics.places())
        .unwrap_or_default()
}

#[test]
fn nothing_is_wrong_with_a_right_document() {
    assert_eq!(places("abc", "abc"), Vec::<String>::new());
}

#[test]
fn each_mistake_is_found_at_its_place() {
    for (from, to, expected) in [
        ("example: 5", "example: 10", "t.yaml:10:18 K0104"),
        ("name: d", "name: D", "t.yaml:22:25 K0104"),
        ("example: abc", "example: ABC", "t.yaml:31:20 K0104"),
        ("default: null", "default: 1", "t.yaml:37:20 K0104"),
        ("name: xyz", "name: 1", "t.yaml:39:15 K0104"),
        ("'^[a-z]+$'", "'^[a-z+$'", "t.yaml:30:20 K0114"),
    ] {
        assert_eq!(places(from, to), [expected], "{from} to {to}");
    }
}

#[test]
fn a_diagnosis_of_an_example_shows_the_rule_that_refuses_it() {
    let document = Document::read(
        "t.yaml",
        &THINGS.replacen("example: abc", "example: ABC", 1),
    )
    .unwrap();
    let shown = openapi_check::lint(&document).unwrap_err().render(false);
    assert!(
        shown.contains("pattern: '^[a-z]+$'") && shown.contains("required by this"),
        "{shown}"
    );
}
