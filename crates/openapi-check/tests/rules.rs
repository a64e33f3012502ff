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
fn a_listed_value_that_has_not_the_format_is_found() {
    let kind = "          type: string\n          nullable: true";
    let whole = format!("{kind}\n          default: null");
    for (format, values) in [
        ("time", "['10:00:00Z', noon]"),
        ("date", "['2026-11-26', '2026-02-30']"),
        ("uuid", "[6ba7b810-9dad-11d1-80b4-00c04fd430c8, one]"),
    ] {
        let listed = format!("{kind}\n          format: {format}\n          enum: {values}");
        let column = 19 + values.find(", ").expect("there are two");
        let found = places(&whole, &listed);
        assert_eq!(found, [format!("t.yaml:38:{column} K0104")], "{format}");
    }
}

#[test]
fn an_example_that_is_referred_to_is_judged_where_it_stands() {
    let referred = |value: &str| {
        let text = THINGS.replacen(
            "              example:\n                name: abc\n                inner:\n                  name: d\n",
            "              examples: {one: {$ref: '#/components/examples/One'}}\n",
            1,
        );
        let text = text.replacen(
            "components:\n",
            &format!("components:\n  examples:\n    One: {{value: {{name: {value}}}}}\n"),
            1,
        );
        let document = Document::examine("t.yaml", &text).0.unwrap();
        let told = openapi_check::lint(&document).err();
        told.map(|told| told.places()).unwrap_or_default()
    };
    assert_eq!(referred("abc"), Vec::<String>::new());
    assert_eq!(referred("ABC"), ["t.yaml:22:25 K0104"]);
}

#[test]
fn each_example_of_openapi_3_1_is_judged() {
    let text = THINGS.replacen("3.0.3", "3.1.0", 1);
    let text = text.replacen("example: abc", "examples: [abc, d, ABC]", 1);
    let text = text.replacen("nullable: true", "maxLength: 3", 1);
    let text = text.replacen("default: null", "default: abc", 1);
    let (document, _) = Document::examine("t.yaml", &text);
    let told = openapi_check::lint(&document.unwrap()).unwrap_err();
    assert_eq!(told.places(), ["t.yaml:31:30 K0104"]);
}

#[test]
fn what_may_not_be_generated_from_is_what_is_written_into_code() {
    let read = |from: &str, to: &str| {
        let document = Document::read("t.yaml", &THINGS.replacen(from, to, 1)).unwrap();
        openapi_check::values(&document).places()
    };
    assert_eq!(read("example: abc", "example: ABC"), Vec::<String>::new());
    assert_eq!(read("example: abc", "default: ABC"), ["t.yaml:31:20 K0104"]);
    assert_eq!(
        read("default: null", "enum: [x]\n          pattern: y"),
        ["t.yaml:37:18 K0104"]
    );
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

#[test]
fn a_diagnosis_of_an_example_says_what_to_do() {
    for (from, to, help) in [
        (
            "example: 5",
            "example: 10",
            "write 9 or less, or raise `maximum`",
        ),
        ("example: 5", "example: '5'", "remove the quotes"),
        ("name: xyz", "name: 1", "put it in quotes"),
        (
            "example: abc",
            "example: ABC",
            "write what the pattern matches, or mend the pattern",
        ),
    ] {
        let document = Document::read("t.yaml", &THINGS.replacen(from, to, 1)).unwrap();
        let told = openapi_check::lint(&document).unwrap_err();
        let helps: Vec<_> = told.iter().map(|d| d.help.as_deref()).collect();
        assert_eq!(helps, [Some(help)], "{to}");
    }
}

#[test]
fn what_is_no_pattern_hides_no_example() {
    let text = THINGS.replacen("'^[a-z]+$'", "'^[a-z+$'", 1);
    let text = text.replacen("example: 5", "example: 10", 1);
    let document = Document::read("t.yaml", &text).unwrap();
    let told = openapi_check::lint(&document).unwrap_err().places();
    assert_eq!(told, ["t.yaml:10:18 K0104", "t.yaml:30:20 K0114"]);
}

#[test]
fn relative_links_under_an_absolute_format_are_told_once_at_the_format() {
    let linked = |inner: &str| {
        let text = THINGS.replacen(
            "pattern: '^[a-z]+$'\n          example: abc",
            "format: uri\n          example: /a",
            1,
        );
        text.replacen("name: abc", "name: https://a.example", 1)
            .replacen("name: d", inner, 1)
            .replacen("name: xyz", "name: 'urn:x'", 1)
    };
    for (inner, expected) in [
        ("name: /d", ["t.yaml:30:19 K0104"]),
        ("name: 'urn:d'", ["t.yaml:31:20 K0104"]),
    ] {
        let document = Document::read("t.yaml", &linked(inner)).unwrap();
        let told = openapi_check::lint(&document).unwrap_err();
        assert_eq!(told.places(), expected, "{told}");
        let help = told.iter().find_map(|d| d.help.clone()).unwrap();
        assert!(help.contains("uri-reference"), "{help}");
    }
}

#[test]
fn a_member_of_an_example_that_is_almost_a_property_is_told_where_others_are_allowed() {
    for (from, to, expected) in [
        (
            "                  name: d",
            "                  kimd: d",
            "t.yaml:22:19 K0104",
        ),
        (
            "        name: xyz",
            "        innner: {name: xyz}",
            "t.yaml:39:9 K0104",
        ),
    ] {
        assert_eq!(places(from, to), [expected], "{to}");
    }
    // Another word altogether, and one that is short.
    for to in ["        colour: red", "        nam: xyz"] {
        assert_eq!(
            places("        name: xyz", to),
            Vec::<String>::new(),
            "{to}"
        );
    }
}

#[test]
fn a_default_is_judged_by_each_part_once_however_many_ways_lead_there() {
    // By every way there would be 2^60 looks at the last two.
    let mut text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths: {}\ncomponents:\n  schemas:\n    \
                    Top: {type: object, properties: {p: {allOf: [{$ref: '#/components/schemas/S0x0'}], default: abcd}}}\n"
        .to_owned();
    for layer in 0..60 {
        let next =
            [0, 1].map(|side| format!("{{$ref: '#/components/schemas/S{}x{side}'}}", layer + 1));
        for side in [0, 1] {
            text += &format!("    S{layer}x{side}: {{allOf: [{}]}}\n", next.join(", "));
        }
    }
    text += "    S60x0: {type: string, maxLength: 3}\n    S60x1: {type: string, pattern: '^x'}\n";
    let document = Document::read("t.yaml", &text).expect("a document");
    for found in [
        openapi_check::values(&document),
        openapi_check::lint(&document).unwrap_err(),
    ] {
        assert_eq!(
            found.places(),
            ["t.yaml:6:97 K0104", "t.yaml:6:97 K0104"],
            "{found}"
        );
    }
}
