//! Each rule finds what it is for, at its line and column.

use crate::{THINGS, edited, places};
use openapi_document::Document;

#[test]
fn nothing_is_wrong_with_a_right_document() {
    assert_eq!(places(THINGS), Vec::<String>::new());
}

#[test]
fn each_mistake_is_found_at_its_place() {
    let mut wrong = Vec::new();
    for (from, to, expected) in [
        // Reading.
        (
            "  title: Things",
            "  title: [Things",
            "things.yaml:4:10 K0001",
        ),
        (
            "  version: 1.0.0",
            "  version: 1.0.0\n  title: Again",
            "things.yaml:5:3 K0002",
        ),
        (
            "  title: Things",
            "  title: &a Things",
            "things.yaml:3:10 K0003",
        ),
        (
            "  title: Things",
            "  title: !!str Things",
            "things.yaml:3:10 K0006",
        ),
        // The version.
        ("openapi: 3.0.3", "openapi: 3.2.0", "things.yaml:1:10 K0101"),
        ("openapi: 3.0.3", "swagger: '2.0'", "things.yaml:1:1 K0101"),
        ("openapi: 3.0.3\n", "", "things.yaml:1:1 K0101"),
        // Shapes.
        (
            "          maximum: 3",
            "          maximum: three",
            "things.yaml:76:20 K0102",
        ),
        (
            "          maximum: 3",
            "          maximum: 3\n          required: name",
            "things.yaml:77:21 K0102",
        ),
        ("      name: thingId\n", "", "things.yaml:48:5 K0102"),
        // References.
        (
            "schemas/Thing'",
            "schemas/Think'",
            "things.yaml:27:23 K0103",
        ),
        (
            "'#/components/responses/NotFound'",
            "'other.yaml#/NotFound'",
            "things.yaml:29:17 K0103",
        ),
        (
            "'#/components/responses/NotFound'",
            "'#/components/schemas/Error'",
            "things.yaml:29:17 K0103",
        ),
        // Operations.
        (
            "      operationId: getThing\n",
            "",
            "things.yaml:11:5 K0105",
        ),
        (
            "operationId: putThing",
            "operationId: getThing",
            "things.yaml:31:20 K0106",
        ),
        (
            "/things/{thingId}:",
            "/things/{thing}:",
            "things.yaml:10:13 K0110",
        ),
        ("- token: []", "- tokens: []", "things.yaml:6:3 K0112"),
        // OpenAPI 3.1 has it.
        ("type: http", "type: mutualTLS", "things.yaml:45:13 K0102"),
        (
            "scheme: bearer",
            "scheme: digest",
            "things.yaml:46:15 K0112",
        ),
        // Schemas.
        (
            "          maximum: 9",
            "          maximum: 0",
            "things.yaml:20:20 K0107",
        ),
        (
            "          maxLength: 8",
            "          minLength: 9\n          maxLength: 8",
            "things.yaml:72:22 K0107",
        ),
        ("format: uuid", "format: guid", "things.yaml:72:19 K0108"),
        ("format: int32", "format: int23", "things.yaml:18:19 K0108"),
        ("      - name\n", "      - nam\n", "things.yaml:67:9 K0111"),
        // Keys and features.
        ("maxLength: 8", "maxLenght: 8", "things.yaml:55:9 K0113"),
        ("in: query", "in: cookie", "things.yaml:15:13 K0109"),
        ("'204':", "2XX:", "things.yaml:40:9 K0109"),
        (
            "in: query\n",
            "in: query\n        style: deepObject\n",
            "things.yaml:16:16 K0109",
        ),
        ("        '404':", "        '202':", "things.yaml:28:9 K0109"),
    ] {
        let found = places(&edited(from, to));
        if !found.iter().any(|place| place == expected) {
            wrong.push(format!("{from:?} to {to:?}: {found:?}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_document() {
    let text = edited("maximum: 9", "maximum: 0")
        .replace("format: uuid", "format: guid")
        .replace("scheme: bearer", "scheme: digest");
    assert_eq!(
        places(&text),
        [
            "things.yaml:20:20 K0107",
            "things.yaml:46:15 K0112",
            "things.yaml:72:19 K0108"
        ]
    );
}

#[test]
fn a_diagnosis_shows_the_line_and_the_way_to_mend_it() {
    let text = edited("maxLength: 8", "maxLenght: 8");
    let shown = Document::read("things.yaml", &text)
        .unwrap_err()
        .render(false);
    assert!(
        shown.contains("error[K0113]: a schema has no key `maxLenght`"),
        "{shown}"
    );
    assert!(shown.contains("--> things.yaml:55:9"), "{shown}");
    assert!(shown.contains("maxLenght: 8"), "{shown}");
    assert!(shown.contains("^^^^^^^^^"), "{shown}");
    assert!(shown.contains("did you mean `maxLength`?"), "{shown}");
    assert!(shown.ends_with("error: 1 error"), "{shown}");
}

#[test]
fn places_are_right_behind_characters_of_several_bytes() {
    let text = edited("title: Things", "title: Dïngé").replace("format: uuid", "format: guid");
    assert_eq!(places(&text), ["things.yaml:72:19 K0108"]);
    let (_, diagnostics) = Document::examine("things.yaml", &text);
    let shown = diagnostics.render(false);
    assert!(shown.contains("          format: guid\n"), "{shown}");
    assert!(shown.starts_with("warning[K0108]"), "{shown}");
}

#[test]
fn every_code_is_explained_with_what_is_right() {
    for (code, meaning) in openapi_document::RULES {
        assert_eq!(openapi_document::explain(code), Some(*meaning));
        // That one is no author's to mend.
        assert!(meaning.contains("# right") || *code == "K0299", "{code}");
    }
    assert_eq!(openapi_document::explain("K9999"), None);
}

#[test]
fn a_shared_parameter_of_a_name_that_no_path_has_is_told_once_where_it_is_named() {
    let text = "openapi: 3.0.3
info: {title: T, version: 1.0.0}
paths:
  /a/{region}:
    parameters: [{$ref: '#/components/parameters/Region'}]
    get: {operationId: get_a, responses: {'204': {description: done}}}
    put: {operationId: put_a, responses: {'204': {description: done}}}
  /b/{region}:
    parameters: [{$ref: '#/components/parameters/Region'}]
    get: {operationId: get_b, responses: {'204': {description: done}}}
components:
  parameters:
    Region:
      name: regions
      in: path
      required: true
      schema: {type: string}
";
    assert_eq!(places(text), ["things.yaml:14:13 K0110"]);
    // Where one path has it, the others are wrong.
    let text = text.replace("/b/{region}", "/b/{regions}");
    assert_eq!(places(&text), ["things.yaml:5:25 K0110"]);
}

#[test]
fn a_kind_of_security_scheme_that_there_is_not_is_told_where_it_is() {
    let text = "openapi: 3.0.3
info: {title: T, version: 1.0.0}
security: [{key: []}]
paths:
  /a:
    get: {operationId: get_a, responses: {'204': {description: done}}}
components:
  securitySchemes:
    key:
      type: apikey
      in: header
      name: X-Key
";
    assert_eq!(places(text), ["things.yaml:10:13 K0102"]);
}

#[test]
fn a_closed_object_with_fewer_members_than_it_must_have_is_told() {
    let text = "openapi: 3.0.3
info: {title: T, version: 1.0.0}
paths:
  /a:
    get:
      operationId: get_a
      responses:
        '200':
          description: done
          content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}
components:
  schemas:
    A:
      type: object
      additionalProperties: false
      minProperties: 2
      properties: {a: {type: string}}
";
    assert_eq!(places(text), ["things.yaml:16:22 K0107"]);
    let enough = text.replace("minProperties: 2", "minProperties: 1");
    assert_eq!(places(&enough), Vec::<String>::new());
    let patterns = text.replace("openapi: 3.0.3", "openapi: 3.1.0").replace(
        "minProperties: 2",
        "minProperties: 2\n      patternProperties: {^x: {}}",
    );
    let told = places(&patterns);
    assert!(
        told.iter().any(|place| place.ends_with("K0151")),
        "{told:?}"
    );
    assert!(
        told.iter().all(|place| !place.ends_with("K0107")),
        "{told:?}"
    );
}

#[test]
fn a_closed_object_that_requires_what_it_cannot_have_is_told() {
    let text = "openapi: 3.0.3
info: {title: T, version: 1.0.0}
paths:
  /a:
    get:
      operationId: get_a
      responses:
        '200':
          description: done
          content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}
components:
  schemas:
    A:
      type: object
      required: [a, b]
      additionalProperties: false
      properties: {a: {type: string}}
";
    assert_eq!(places(text), ["things.yaml:15:21 K0107"]);
    let open = text.replace("additionalProperties: false", "additionalProperties: true");
    assert_eq!(places(&open), ["things.yaml:15:21 K0111"]);
    // A part of an `allOf` may require what another part declares, and misspell it.
    let part = "{type: object, required: [b], properties: {c: {type: string}}}";
    let whole = |base: &str| {
        let schema = format!(
            "    A:\n      allOf:\n      - {{$ref: '#/components/schemas/Base'}}\n      - allOf: [{part}]\n    Base: {base}\n"
        );
        let (before, _) = text.split_once("    A:\n").unwrap();
        places(&format!("{before}{schema}"))
    };
    assert_eq!(
        whole("{type: object, properties: {b: {type: string}}}"),
        [] as [&str; 0]
    );
    assert_eq!(
        whole("{type: object, properties: {d: {type: string}}}"),
        ["things.yaml:16:43 K0111"]
    );
}

/// A document with these components, and what is said of its one operation.
fn with(said: &str, components: &str) -> Vec<String> {
    places(&format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths:\n  /a:\n    post:\n      operationId: post_a\n{said}\n      responses: {{'204': {{description: done}}}}\ncomponents:\n{components}\n"
    ))
}

#[test]
fn what_a_security_scheme_must_say_is_told_where_it_is() {
    let found = |scheme: &str| {
        let scheme = format!("  securitySchemes:\n    s: {scheme}");
        with("      security: [{s: []}]", &scheme)
    };
    for (scheme, expected) in [
        (
            "{type: apiKey, in: body, name: k}",
            &["things.yaml:11:27 K0102"][..],
        ),
        ("{type: openIdConnect}", &["things.yaml:11:15 K0102"]),
        ("{type: oauth2}", &["things.yaml:11:15 K0102"]),
        (
            "{type: oauth2, flows: {clientCredential: {tokenUrl: 'https://a.b', scopes: {}}}}",
            &["things.yaml:11:31 K0113"],
        ),
        (
            "{type: oauth2, flows: {clientCredentials: {scopes: {}}}}",
            &["things.yaml:11:31 K0102"],
        ),
        (
            "{type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.b', scopes: [a]}}}",
            &["things.yaml:11:84 K0102"],
        ),
        (
            "{type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.b', scopes: {a: b}}}}",
            &[],
        ),
    ] {
        assert_eq!(found(scheme), expected, "{scheme}");
    }
}

#[test]
fn a_scheme_that_nothing_demands_and_scopes_that_are_not_said_stop_nothing() {
    let right = "{type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.b', scopes: {}}}}";
    for (scheme, demanded) in [
        (
            "{type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.b'}}}",
            true,
        ),
        (
            "{type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.b', scopes: }}}",
            true,
        ),
        ("{type: oauth2, flows: {}}", true),
        ("{type: oauth2}", false),
        ("{type: oauth2, flows: {implicit: {scopes: {}}}}", false),
        ("{type: apiKey}", false),
        ("{type: openIdConnect}", false),
        (right, false),
    ] {
        let security = if demanded { "[{s: []}]" } else { "[]" };
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths:\n  /a:\n    post:\n      operationId: post_a\n      \
             security: {security}\n      responses: {{'204': {{description: done}}}}\ncomponents:\n  securitySchemes:\n    s: {scheme}\n"
        );
        let (document, found) = Document::examine("a.yaml", &text);
        assert!(found.only_warnings(), "{scheme}: {found}");
        assert!(
            document.is_some_and(|document| document.is_whole()),
            "{scheme}"
        );
    }
}

/// An operation with this extension and these parameters.
fn paginated(extension: &str, parameters: &str) -> Vec<String> {
    let said =
        format!("      x-dropshot-pagination: {extension}\n      parameters: [{parameters}]");
    with(&said, "  schemas: {}")
}

#[test]
fn pages_are_asked_for_in_the_query_as_dropshot_says_it_now_or_said_it_once() {
    let token = "{name: page_token, in: query, schema: {type: string}}";
    for extension in ["{required: []}", "true", "{required: [page_token]}"] {
        assert_eq!(
            paginated(extension, token),
            Vec::<String>::new(),
            "{extension}"
        );
    }
    let text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths:\n  /a:\n    get:\n      operationId: a\n      \
                x-dropshot-pagination: true\n      responses: {'204': {description: done}}\n";
    let (document, _) = Document::examine("a.yaml", text);
    let read = document.map(|document| document.original());
    let said = read
        .as_ref()
        .map(|read| &read["paths"]["/a"]["get"]["x-dropshot-pagination"]);
    assert_eq!(said, Some(&serde_json::json!({ "required": [] })));
    let limit = "{name: limit, in: header, schema: {type: integer}}";
    assert_eq!(
        paginated("{required: []}", &format!("{token}, {limit}")),
        ["things.yaml:8:93 K0102"]
    );
    assert_eq!(
        paginated("{required: [nope]}", token),
        ["things.yaml:7:42 K0102"]
    );
    assert_eq!(paginated("{required: []}", ""), ["things.yaml:7:7 K0102"]);
}

#[test]
fn an_inline_schema_that_got_a_name_is_told_where_it_is_written() {
    let text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths:\n  /a:\n    parameters:\n    - {name: q, in: query, \
                schema: {type: string, maxLength: 3}}\n    post:\n      operationId: post_a\n      requestBody: {$ref: '#/components/requestBodies/B'}\n      \
                responses:\n        '200': {description: ok, content: {application/json: {schema: {type: array, items: {type: string}}}}}\n\
                components:\n  requestBodies:\n    B: {content: {Application/JSON: {schema: {type: object, properties: {n: {type: integer}}}}}}\n";
    let (document, found) = Document::examine("a.yaml", text);
    let document = document.unwrap_or_else(|| panic!("{found}"));
    let line = |name: &str| document.span(&format!("/components/schemas/{name}")).line;
    assert_eq!(
        (line("Q"), line("BBody"), line("PostAResponse200")),
        (6, 14, 11)
    );
    let inside = document.written("/components/schemas/PostAResponse200/items/type");
    assert_eq!(
        inside.and_then(openapi_document::Node::as_str),
        Some("string")
    );
}

#[test]
fn a_named_example_without_its_value_is_a_warning_told_once() {
    let said = "      requestBody: {content: {application/json: {schema: {}, examples: {one: {b: 1, c: 2}}}}}";
    let text = format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths:\n  /a:\n    post:\n      operationId: post_a\n{said}\n      \
         responses: {{'204': {{description: done}}}}\n"
    );
    let (_, found) = Document::examine("a.yaml", &text);
    assert_eq!(found.places(), ["a.yaml:7:79 K0113"], "{found}");
    assert!(found.only_warnings());
}

#[test]
fn a_bound_beyond_its_format_is_told_with_the_limit_as_it_is() {
    for (bounds, told) in [
        (
            "format: int64, maximum: 10000000000000000000",
            Some("the greatest is 9223372036854775807"),
        ),
        ("format: uint8, minimum: -1", Some("the least is 0")),
        ("format: uint8, maximum: 256, exclusiveMaximum: true", None),
        ("format: uint32, minimum: 0", None),
    ] {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths: {{}}\ncomponents: {{schemas: {{A: {{type: integer, {bounds}}}}}}}\n"
        );
        let shown = Document::examine("a.yaml", &text).1.to_string();
        assert_eq!(shown.contains("K0117"), told.is_some(), "{shown}");
        assert!(told.is_none_or(|told| shown.contains(told)), "{shown}");
    }
}

/// The places and texts of the errors in a document of OpenAPI 3.1 with this `fuel` of `Diesel`, and this path.
fn engines(fuel: &str, path: &str) -> Vec<String> {
    let text = format!(
        "openapi: 3.1.0
info: {{title: T, version: 1.0.0}}
paths:
  /x: {path}
components:
  schemas:
    Engine:
      oneOf: [{{$ref: '#/components/schemas/Diesel'}}, {{$ref: '#/components/schemas/Electric'}}]
      discriminator:
        propertyName: fuel
        mapping: {{diesel: '#/components/schemas/Diesel', electric: '#/components/schemas/Electric'}}
    Diesel: {{type: object, required: [fuel], properties: {{fuel: {fuel}}}}}
    Electric: {{type: object, required: [fuel], properties: {{fuel: {{const: electric}}}}}}
"
    );
    let (_, found) = Document::examine("t.yaml", &text);
    let wrong = found.iter().filter(|told| !told.warning);
    wrong
        .map(|told| {
            let help = told.help.as_deref().unwrap_or_default();
            format!(
                "{}:{} {}: {help}",
                told.span.line, told.span.column, told.message
            )
        })
        .collect()
}

#[test]
fn what_follows_from_a_wrong_value_or_reference_is_not_told_beside_it() {
    let nothing = "{get: {operationId: x, responses: {'204': {description: d}}}}";
    assert_eq!(engines("{const: diesel}", nothing), Vec::<String>::new());
    // The schema is called `Diesel`, so it is its value that is misspelt.
    assert_eq!(
        engines("{const: diesl}", nothing),
        ["12:73 no value is a `Diesel`: its `fuel` must be `diesel`: did you mean `diesel`?"]
    );
    assert_eq!(
        engines("{type: string, const: 5}", nothing),
        ["12:87 this value is no `string`: put it in quotes"]
    );
    assert_eq!(
        engines("{const: diesel}", "{$ref: '#/components/pathItems/X'}"),
        [
            "4:14 `t.yaml` has no `/components/pathItems/X`: a pointer names the members on the way, each after a `/`"
        ]
    );
}

/// A document in which the response is this.
fn responding(responses: &str, version: &str) -> (Option<Document>, Vec<String>) {
    let text = format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: {version}}}\npaths:\n  /a:\n    get:\n      operationId: a\n      responses:\n{responses}"
    );
    let (document, found) = Document::examine("t.yaml", &text);
    let told = found.iter().map(|told| {
        let kind = if told.warning { "warning" } else { "error" };
        format!(
            "{kind} {} {}:{}",
            told.code, told.span.line, told.span.column
        )
    });
    (document, told.collect())
}

#[test]
fn an_extension_among_the_responses_is_no_response() {
    let responses = "        '204': {description: d}\n        x-hot: hot\n";
    assert_eq!(responding(responses, "1.0.0").1, Vec::<String>::new());
    // Also where something else is not as it should be, so that the parts are looked at.
    assert_eq!(responding(responses, "1").1, ["error K0102 2:27"]);
}

#[test]
fn a_content_type_among_the_headers_of_a_response_is_ignored() {
    let responses = "        '204':\n          description: d\n          headers:\n            content-type: {schema: {type: string}}\n            X-A: {schema: {type: string}}\n";
    let (document, told) = responding(responses, "1.0.0");
    assert_eq!(told, ["warning K0109 11:13"]);
    let normal = document.unwrap().original();
    let headers = &normal["paths"]["/a"]["get"]["responses"]["204"]["headers"];
    let names: Vec<&String> = headers.as_object().unwrap().keys().collect();
    assert_eq!(names, ["X-A"]);
}

#[test]
fn a_response_is_named_by_three_digits_of_an_answer() {
    let answer = |key: &str| {
        let responses =
            format!("        {key}: {{description: d}}\n        '200': {{description: d}}\n");
        responding(&responses, "1.0.0").1
    };
    for key in [
        "'0204'", "0204", "'+204'", "'2O4'", "'20'", "'600'", "1XX", "'100'", "'103'",
    ] {
        let told = answer(key);
        assert_eq!(told, ["error K0109 8:9"], "{key}");
    }
    assert_eq!(answer("'404'"), Vec::<String>::new());
}

#[test]
fn a_mapping_to_what_is_no_name_is_told() {
    for wrong in ["50%", "Cat~", "Nope"] {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths: {{}}\ncomponents:\n  schemas:\n    Pet:\n      oneOf: [{{$ref: '#/components/schemas/Cat'}}]\n      discriminator:\n        propertyName: kind\n        mapping: {{c: '{wrong}'}}\n    Cat: {{type: object, required: [kind], properties: {{kind: {{type: string}}}}}}\n"
        );
        let found = places(&text);
        assert!(
            found.iter().any(|place| place == "things.yaml:10:22 K0109"),
            "{wrong}: {found:?}"
        );
    }
}
