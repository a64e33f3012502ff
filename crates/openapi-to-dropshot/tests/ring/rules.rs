//! What dropshot, Rust and the server's own answers cannot give, told at its place.

use crate::{THINGS, edited, generated};
use openapi_document::{Diagnostics, Document};

/// Everything that an author is told, warnings included.
fn found(text: &str) -> Diagnostics {
    let (document, mut diagnostics) = Document::examine("things.yaml", text);
    if let Some(document) = document {
        diagnostics.append(openapi_to_dropshot::examine(&document));
    }
    diagnostics.sort();
    diagnostics
}

fn places(text: &str) -> Vec<String> {
    found(text).places()
}

fn with_path(path: &str) -> String {
    let start = THINGS
        .find("  /things/{thingId}:")
        .expect("the document has it");
    let end = THINGS.find("    put:").expect("the document has it");
    let block = THINGS[start..end]
        .replace("/things/{thingId}", path)
        .replace("getThing", "otherThing");
    let block = match path.rsplit_once('{') {
        Some((_, variable)) => block.replace(
            "name: thingId",
            &format!(
                "name: {}",
                variable.split('}').next().expect("the document has it")
            ),
        ),
        None => {
            let (before, rest) = block
                .split_once("    parameters:\n")
                .expect("the document has it");
            format!(
                "{before}{}",
                &rest[rest.find("    get:").expect("the document has it")..]
            )
        }
    };
    THINGS.replacen("components:", &format!("{block}components:"), 1)
}

#[test]
fn paths_that_dropshot_cannot_route_are_told_with_both_places() {
    assert_eq!(
        places(&with_path("/others/{otherId}")),
        Vec::<String>::new()
    );
    let added = THINGS
        .lines()
        .position(|line| line == "components:")
        .unwrap()
        + 1;
    for path in ["/things/{name}", "/others/{a}.json"] {
        let text = with_path(path);
        let found = places(&text);
        assert!(
            found.contains(&format!("things.yaml:{added}:3 K0201")),
            "{path}: {found:?}"
        );
    }
    let twins = generated(&with_path("/things/{name}")).unwrap_err();
    let twins = twins.render(false);
    assert!(twins.contains("the other path"), "{twins}");
}

#[test]
fn a_fixed_segment_that_hides_a_value_of_the_variable_is_told_with_both_places() {
    let added = THINGS.lines().position(|line| line == "components:");
    let added = added.unwrap() + 1;
    let told = found(&with_path("/things/best"));
    assert_eq!(told.places(), [format!("things.yaml:{added}:3 K0201")]);
    let shown = told.render(false);
    assert!(
        told.only_warnings()
            && shown.contains("`thingId` is `best`")
            && shown.contains("the other path"),
        "{shown}"
    );
    // Its schema has lower-case letters alone, eight at most: these hide nothing.
    for path in ["/things/Best", "/things/bestofall", "/things/7"] {
        assert_eq!(places(&with_path(path)), Vec::<String>::new(), "{path}");
    }
    assert!(generated(&with_path("/things/best")).is_ok());
}

#[test]
fn paths_that_share_no_request_hide_nothing_of_each_other() {
    let hidden = |paths: [&str; 2]| {
        let item = |(name, path): (char, &str)| {
            let variable = path.split(['{', '}']).nth(1).map_or(String::new(), |variable| {
                format!("parameters: [{{name: {variable}, in: path, required: true, schema: {{type: string}}}}], ")
            });
            format!(
                "  {path}: {{get: {{operationId: get_{name}, {variable}responses: {{'204': {{description: ok}}}}}}}}\n"
            )
        };
        let items: String = ('a'..).zip(paths).map(item).collect();
        let text = format!("openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths:\n{items}");
        found(&text).render(false).contains("hides")
    };
    assert!(hidden(["/a/{id}", "/{type}/x"]));
    assert!(hidden(["/a/{id}:cancel", "/{type}/x:cancel"]));
    assert!(!hidden(["/a/{id}:cancel", "/{type}/x"]));
    // A variable between fixed texts is not empty.
    assert!(!hidden(["/a/v", "/a/v{n}"]) && hidden(["/a/v1", "/a/v{n}"]));
}

#[test]
fn a_name_that_is_required_and_not_declared_is_a_field_as_well() {
    let text = edited(
        "      required: [name, size]",
        "      required: [name, size, Name]",
    );
    let told = found(&text).render(false);
    assert!(
        told.contains("`name` and `Name` are both the field `name` in Rust"),
        "{told}"
    );
}

/// What is told of names of fields, where `schema` is a component beside `Base`, which has a `client_id`.
fn told_of_fields(schema: &str) -> Vec<(String, usize)> {
    let schemas = format!(
        "    Base: {{type: object, properties: {{client_id: {{type: string}}}}}}\n    Whole: {schema}\n"
    );
    let text = THINGS.replacen("  schemas:\n", &format!("  schemas:\n{schemas}"), 1);
    let whole = text.lines().position(|line| line.starts_with("    Whole:"));
    let told = found(&text);
    let told = told.iter().filter(|told| told.code == "K0202");
    let told = told.inspect(|told| assert_eq!(told.related.len(), 1, "{told:?}"));
    told.map(|told| (told.message.clone(), told.span.line))
        .inspect(|(_, line)| assert_eq!(Some(line - 1), whole))
        .collect()
}

#[test]
fn members_of_what_is_merged_are_fields_of_one_struct() {
    let id = "{type: object, properties: {client_id: {type: string}}}";
    for schema in [
        format!("{{allOf: [{id}, {{type: object, required: [clientId]}}]}}"),
        format!("{{allOf: [{{type: object, required: [clientId]}}, {id}]}}"),
        format!("{{allOf: [{{allOf: [{id}]}}, {{type: object, required: [clientId]}}]}}"),
        "{allOf: [{$ref: '#/components/schemas/Base'}, {required: [clientId]}]}".to_owned(),
        "{allOf: [{required: [clientId]}, {$ref: '#/components/schemas/Base'}]}".to_owned(),
        "{allOf: [{$ref: '#/components/schemas/Base'}], type: object, required: [clientId]}"
            .to_owned(),
        "{type: object, required: [client_id, clientId]}".to_owned(),
        format!("{{type: object, properties: {{a: {{allOf: [{id}, {{required: [clientId]}}]}}}}}}"),
        format!(
            "{{allOf: [{{type: object, properties: {{a: {id}}}}}, {{type: object, properties: {{a: {{required: [clientId]}}}}}}]}}"
        ),
        "{type: object, properties: {client_id: {type: string}}, oneOf: [{required: [clientId]}, {required: [other]}]}"
            .to_owned(),
    ] {
        let told = told_of_fields(&schema);
        let [(message, _)] = &told[..] else {
            panic!("{schema}: {told:?}");
        };
        assert!(
            message.contains("`client_id`") && message.contains("`clientId`"),
            "{schema}: {message}"
        );
    }
    for (schema, rust) in [
        (
            "{allOf: [{type: object, additionalProperties: {type: integer}}, {type: object, properties: {extra: {type: integer}}}]}",
            "extra",
        ),
        (
            "{type: object, required: [extra], additionalProperties: {type: integer}}",
            "extra",
        ),
        (
            "{type: object, properties: {1a: {type: string}, x1a: {type: string}}}",
            "x1a",
        ),
        (
            "{type: object, properties: {it's: {type: string}, its: {type: string}}}",
            "its",
        ),
    ] {
        let told = told_of_fields(schema);
        assert!(
            told.len() == 1
                && told[0]
                    .0
                    .ends_with(&format!("both the field `{rust}` in Rust")),
            "{schema}: {told:?}"
        );
    }
}

#[test]
fn members_of_different_structs_may_be_one_field_each() {
    for schema in [
        "{oneOf: [{type: object, required: [client_id]}, {type: object, required: [clientId]}]}",
        "{type: object, properties: {client_id: {type: string}, a: {type: object, required: [clientId]}}}",
        // Nothing is made of what may be anything.
        "{type: object, properties: {extra: {type: string}}, additionalProperties: true}",
        // A closed part leaves out what it does not declare.
        "{allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {clientId: {type: string}}, additionalProperties: false}]}",
        "{type: object, properties: {it's: {type: string}, it_s: {type: string}}}",
    ] {
        assert_eq!(told_of_fields(schema), [], "{schema}");
    }
}

#[test]
fn a_form_has_no_objects_inside() {
    let form = |place: &str| {
        let text = include_str!("../accept/wire.yaml");
        let title = "                title: ";
        assert_eq!(text.matches(title).count(), 1);
        let places = text.replace(title, &format!("                place: {place}\n{title}"));
        found(&places)
    };
    for allowed in [
        "{type: integer}",
        "{$ref: '#/components/schemas/Colour'}",
        "{type: array, items: {allOf: [{$ref: '#/components/schemas/Colour'}]}}",
        "{oneOf: [{type: string, maxLength: 3}, {type: integer}]}",
    ] {
        assert_eq!(form(allowed).places(), Vec::<String>::new(), "{allowed}");
    }
    for refused in [
        "{type: object}",
        "{$ref: '#/components/schemas/Note'}",
        "{allOf: [{$ref: '#/components/schemas/Note'}]}",
        "{type: array, items: {type: object}}",
        "{type: array, items: {type: array, items: {type: string}}}",
    ] {
        let told = form(refused).render(false);
        assert!(told.contains("no way to say `place`"), "{refused}: {told}");
    }
}

#[test]
fn characters_that_no_path_has_are_told_as_what_callers_differ_in() {
    let at = places(&with_path("/others/{otherId}")).len();
    assert_eq!(at, 0);
    let added = THINGS.lines().position(|line| line == "components:");
    let added = added.unwrap() + 1;
    for (path, sent) in [("/others/[x]", "%5B"), ("/é", "%C3%A9"), ("/a|b", "%7C")] {
        let told = found(&with_path(path));
        assert_eq!(told.places(), [format!("things.yaml:{added}:3 K0201")]);
        assert!(told.only_warnings() && told.render(false).contains(sent));
    }
    for path in ["/o.-_~!$&'()*+,;=:@", "/o:verb"] {
        assert_eq!(places(&with_path(path)), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn names_that_are_one_name_in_rust_are_told_with_both_places() {
    let shown = found(&edited(
        "    Error:\n      type: object",
        "    thing:\n      type: string\n    Error:\n      type: object",
    ));
    let shown = shown.render(false);
    assert!(
        shown.contains("warning[K0202]") && shown.contains("`Thing` and `thing`"),
        "{shown}"
    );
    let property = places(&edited(
        "        parts:\n",
        "        Name:\n          type: string\n        parts:\n",
    ));
    assert!(
        property.iter().any(|place| place.ends_with("K0202")),
        "{property:?}"
    );
}

#[test]
fn values_of_an_enum_that_are_one_variant_are_told() {
    assert!(
        places(&edited("[red, dark-blue]", "[red, Red]"))
            .iter()
            .any(|place| place.ends_with("K0203"))
    );
}

#[test]
fn a_status_that_can_be_answered_must_be_declared() {
    for status in [
        "400", "401", "404", "429", "500", "503", "408", "413", "415",
    ] {
        let text = edited(
            &format!("        '{status}':\n          $ref: '#/components/responses/Error'\n"),
            "",
        );
        let found = places(&text);
        assert!(
            found.iter().any(|place| place.ends_with("K0204")),
            "{status}: {found:?}"
        );
    }
}

#[test]
fn a_parameter_is_a_scalar_of_the_apis_own() {
    for (from, to, line) in [
        (
            "          type: boolean\n",
            "          type: array\n          items:\n            type: object\n",
            "34:15",
        ),
        (
            "      - name: verbose\n        in: query\n",
            "      - name: Authorization\n        in: header\n",
            "34:15",
        ),
        (
            "            ETag:\n              required: true\n              schema:\n                type: string\n",
            "            ETag:\n              schema:\n                type: object\n",
            "42:13",
        ),
    ] {
        let found = places(&edited(from, to));
        assert!(
            found.contains(&format!("things.yaml:{line} K0206")),
            "{to}: {found:?}"
        );
    }
}

#[test]
fn parameters_that_are_one_field_are_told() {
    let text = edited(
        "      - name: verbose\n",
        "      - name: De-pth\n        in: query\n        schema:\n          type: string\n      - name: DePth\n",
    );
    assert_eq!(places(&text), ["things.yaml:38:15 K0202"]);
}

#[test]
fn a_body_that_is_not_json_is_text() {
    let start = "          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/Thing'\n        '400'";
    let text = |schema: &str| {
        edited(
            start,
            &format!(
                "          content:\n            text/plain:\n              schema:\n                {schema}\n        '400'"
            ),
        )
    };
    assert_eq!(places(&text("type: string")), Vec::<String>::new());
    assert_eq!(
        places(&text("{type: string, format: binary}")),
        Vec::<String>::new()
    );
    for schema in ["type: object", "$ref: '#/components/schemas/Thing'"] {
        let found = places(&text(schema));
        assert!(
            found.iter().any(|place| place.ends_with("K0207")),
            "{schema}: {found:?}"
        );
    }
}

#[test]
fn the_error_body_must_be_the_one_that_is_written() {
    let other = edited(
        "            message:\n              type: string\n",
        "            text:\n              type: string\n",
    )
    .replace("[code, message, details]", "[code, text, details]");
    assert!(
        places(&other).iter().any(|place| place.ends_with("K0205")),
        "{:?}",
        places(&other)
    );
}

#[test]
fn every_code_is_explained_with_what_is_right() {
    for (code, meaning) in openapi_to_dropshot::RULES {
        assert_eq!(openapi_to_dropshot::explain(code), Some(*meaning));
        // That one is no author's to mend.
        assert!(meaning.contains("# right") || *code == "K0299", "{code}");
    }
}

/// The document whose errors have a required header `name` under `status`, of this schema.
fn with_error_header(status: &str, name: &str, schema: &str) -> String {
    let header = format!("headers: {{{name}: {{required: true, schema: {schema}}}}}");
    format!(
        "openapi: 3.0.3
info: {{title: T, version: 1.0.0}}
paths:
  /a:
    get:
      operationId: getA
      responses:
        '204': {{description: done}}
        {status}:
          description: It failed
          {header}
          content: {{application/json: {{schema: {{$ref: '#/components/schemas/Failure'}}}}}}
        default: {{description: It failed, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Failure'}}}}}}}}
components:
  schemas:
    Failure: {{type: object, required: [message], properties: {{message: {{type: string}}}}}}
"
    )
}

#[test]
fn a_header_that_the_server_makes_up_is_told() {
    let quota = "{type: integer, minimum: 3}";
    for status in ["'400'", "'500'", "4XX"] {
        let told = found(&with_error_header(status, "X-Quota", quota)).to_string();
        assert!(
            told.contains("K0205") && told.contains("it will say `3`"),
            "{told}"
        );
    }
    // Handlers alone answer so; or the server knows what to say; or dropshot says it.
    for (status, name) in [
        ("'409'", "X-Quota"),
        ("4XX", "Retry-After"),
        ("'400'", "x-request-id"),
    ] {
        let told = found(&with_error_header(status, name, "{type: string}")).to_string();
        assert!(!told.contains("K0205"), "{told}");
    }
}

#[test]
fn headers_of_errors_of_several_statuses_are_judged_as_others_are() {
    let list = "{type: array, items: {type: string}}";
    let told = found(&with_error_header("4XX", "X-Quota", list)).to_string();
    assert!(
        told.contains("K0206") && told.contains("`X-Quota` is not a scalar"),
        "{told}"
    );
    let one = with_error_header("5XX", "X-Quota", "{type: string}");
    let two = one.replace(
        "headers: {",
        "headers: {x_quota: {schema: {type: string}}, ",
    );
    let told = found(&two).to_string();
    assert!(told.contains("K0202"), "{told}");
}

#[test]
fn a_schema_of_any_body_at_all_is_told_to_say_nothing() {
    let with = |content: &str| {
        let ok = format!("'200': {{description: ok, content: {{'*/*': {{{content}}}}}}}");
        with_error_header("'409'", "X-Quota", "{type: string}")
            .replace("'204': {description: done}", &ok)
    };
    let told = found(&with("schema: {type: array, items: {type: string}}"));
    let places = told.places();
    let [place] = &places[..] else {
        panic!("{told}")
    };
    assert!(
        place.starts_with("things.yaml:8:") && place.ends_with("K0207"),
        "{place}"
    );
    for content in ["", "schema: {}", "schema: {type: string, format: binary}"] {
        let told = found(&with(content));
        assert!(!told.to_string().contains("K0207"), "{content}: {told}");
    }
}
