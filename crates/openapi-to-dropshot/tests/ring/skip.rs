//! What is left out with `skip_unsupported`: as little as there is, each told once and in its own file.

use openapi_document::{Alone, Diagnostics, Folder};
use openapi_to_dropshot::report::{MessageFormat, left_out};
use openapi_to_dropshot::{Read, read_and_warn};

/// A document of the operations `GET /a` and so on, each with what is between its id and its errors.
fn document(operations: &[&str], more: &str) -> String {
    let mut text = "openapi: 3.0.3\ninfo: {title: Left out, version: 1.0.0}\npaths:\n".to_owned();
    for (name, said) in ('a'..).zip(operations) {
        text += &format!(
            "  /{name}:\n    get:\n      operationId: get_{name}\n{said}\n        default: {{$ref: '#/components/responses/Failed'}}\n"
        );
    }
    text + "components:\n  responses:\n    Failed: {description: It failed, content: {application/json: {schema: {$ref: '#/components/schemas/Failure'}}}}\n  schemas:\n    Failure: {type: object, required: [message], properties: {message: {type: string}}}\n"
        + more
}

fn told(text: &str) -> Vec<String> {
    let refused: Diagnostics =
        read_and_warn("a.yaml", text, &Alone, false).expect_err("it is not left out unasked");
    refused.places()
}

fn kept(text: &str) -> Read {
    read_and_warn("a.yaml", text, &Alone, true).unwrap_or_else(|told| panic!("{told}"))
}

fn paths(read: &Read) -> Vec<&str> {
    read.document
        .operations()
        .map(|operation| operation.path)
        .collect()
}

#[test]
fn a_range_beside_another_success_is_told_once_and_left_out_alone() {
    for (said, line) in [
        (
            "      responses:\n        '200': {description: ok}\n        2XX: {description: other}",
            9,
        ),
        (
            "      responses:\n        2XX: {description: other}\n        '201': {description: ok}",
            8,
        ),
        (
            "      responses:\n        '204': {description: ok}\n        3XX: {description: other}",
            9,
        ),
    ] {
        let text = document(&[said], "");
        assert_eq!(told(&text), [format!("a.yaml:{line}:9 K0109")]);
        let read = kept(&text);
        assert_eq!((paths(&read), read.skipped.len()), (vec!["/a"], 0));
        assert_eq!(read.spared.len(), 1);
    }
}

#[test]
fn a_range_alone_is_refused_and_told_once() {
    let said = "      responses:\n        2XX: {description: ok}";
    let other = "      responses:\n        '204': {description: ok}";
    let text = document(&[said, other], "");
    assert_eq!(told(&text), ["a.yaml:8:9 K0109"]);
    assert_eq!(paths(&kept(&text)), ["/b"]);
}

#[test]
fn a_range_of_successes_is_not_left_out_for_a_redirection() {
    let said =
        "      responses:\n        2XX: {description: ok}\n        '304': {description: same}";
    let other = "      responses:\n        '204': {description: ok}";
    let read = kept(&document(&[said, other], ""));
    assert_eq!((paths(&read), read.skipped.len()), (vec!["/b"], 1));
}

#[test]
fn a_success_that_is_not_understood_is_not_missed_besides() {
    let other = "      responses:\n        '204': {description: ok}";
    for status in ["'2000'", "20x", "OK"] {
        let said = format!("      responses:\n        {status}: {{description: ok}}");
        assert_eq!(told(&document(&[&said, other], "")), ["a.yaml:8:9 K0109"]);
    }
    let said = "      responses:\n        '204': {$ref: '#/components/responses/Fialed'}";
    assert_eq!(told(&document(&[said, other], "")), ["a.yaml:8:23 K0103"]);
}

#[test]
fn a_mistake_inside_what_is_left_out_takes_no_operation_with_it() {
    let said = "      responses:\n        '200': {description: ok}\n        '202': {description: later, content: {text/plain: {}}}";
    let read = kept(&document(&[said], ""));
    assert_eq!((paths(&read), read.skipped.len()), (vec!["/a"], 0));
}

#[test]
fn a_part_of_an_operation_that_is_left_out_is_not_listed_besides() {
    let said = "      parameters: [{name: s, in: cookie, schema: {type: string}}]\n      callbacks: {}\n      responses:\n        '204': {description: ok}";
    let other = "      responses:\n        '204': {description: ok}";
    let read = kept(&document(&[said, other], ""));
    assert_eq!((paths(&read), read.skipped.len()), (vec!["/b"], 1));
    assert_eq!(read.spared, []);
}

#[test]
fn another_name_of_a_scheme_that_is_not_supported_leaves_out_only_who_uses_it() {
    let said =
        "      security: [{another: []}]\n      responses:\n        '204': {description: ok}";
    let other = "      responses:\n        '204': {description: ok}";
    let schemes = "  securitySchemes:\n    another: {$ref: '#/components/securitySchemes/one'}\n    one: {type: apiKey, in: cookie, name: session}\n";
    let text = document(&[said, other], schemes);
    assert_eq!(told(&text), ["a.yaml:24:29 K0112"]);
    let read = kept(&text);
    assert_eq!(
        (paths(&read), read.skipped[0].path.as_str()),
        (vec!["/b"], "/a")
    );
}

#[test]
fn what_is_left_out_of_another_file_is_told_with_its_name_to_people_and_programs() {
    let folder = tempfile::tempdir().unwrap();
    let said = "      parameters: [{$ref: 'parts.yaml#/session'}]\n      responses:\n        '204': {description: ok}";
    let other = "      responses:\n        '200': {$ref: 'parts.yaml#/done'}";
    let text = document(&[said, other], "");
    let parts = "session: {name: s, in: cookie, schema: {type: string}}\ndone:\n  description: ok\n  links: {}\n";
    std::fs::write(folder.path().join("parts.yaml"), parts).unwrap();
    let root = folder.path().join("a.yaml");
    let read = read_and_warn("api/a.yaml", &text, &Folder::of(&root), true).unwrap();
    assert_eq!(paths(&read), ["/b"]);

    let people = left_out(&read, MessageFormat::Human);
    assert!(people.contains("  Skipping GET /a\n"), "{people}");
    assert!(people.contains(" api/parts.yaml:1:24: K0109: "), "{people}");
    assert!(
        people.contains("   Sparing api/parts.yaml:4:3: K0109: "),
        "{people}"
    );

    let json = left_out(&read, MessageFormat::Json);
    let objects = json.lines().map(|line| serde_json::from_str(line).unwrap());
    let objects: Vec<serde_json::Value> = objects.collect();
    let place = |at: usize| {
        let of = |key: &str| objects[at][key].clone();
        serde_json::json!([
            of("level"),
            of("operation"),
            of("file"),
            of("line"),
            of("column"),
            of("pointer")
        ])
    };
    let skipped = serde_json::json!(["skipped", "GET /a", "api/parts.yaml", 1, 24, "/session/in"]);
    let spared = serde_json::json!(["spared", null, "api/parts.yaml", 4, 3, "/done/links"]);
    assert_eq!((place(0), place(1), objects.len()), (skipped, spared, 2));

    let commands = left_out(&read, MessageFormat::Github);
    let begins = "::notice file=api/parts.yaml,line=1,col=24,title=K0109::GET /a is left out: ";
    assert!(commands.starts_with(begins), "{commands}");
}

#[test]
fn an_inline_schema_without_a_type_in_rust_takes_its_operation_with_it_alone() {
    let right = "      responses:\n        '204': {description: done}";
    let wrong = "      responses:\n        '200': {description: ok, content: {application/json: {schema: {enum: [a, 1]}}}}";
    let text = document(&[right, wrong], "");
    let read = kept(&text);
    assert_eq!((paths(&read), read.skipped.len()), (vec!["/a"], 1));
    let because: Vec<usize> = read.skipped[0]
        .because
        .iter()
        .map(|d| d.span.line)
        .collect();
    assert_eq!(because, [14]);
}

#[test]
fn a_path_without_operations_and_one_that_stands_for_another_are_left_out() {
    let right = "      responses:\n        '204': {description: done}";
    let text = document(&[right], "").replace(
        "components:\n",
        "  //x.{type}:\n    parameters: [{name: type, in: path, required: true, schema: {type: string}}]\n  \
         /unnamed:\n    get: {responses: {'204': {description: done}}}\n  \
         /again: {$ref: '#/paths/~1unnamed'}\ncomponents:\n",
    );
    let read = kept(&text);
    let skipped: Vec<&str> = read
        .skipped
        .iter()
        .map(|skipped| skipped.path.as_str())
        .collect();
    assert_eq!(
        (paths(&read), skipped),
        (vec!["/a"], vec!["/again", "/unnamed"])
    );
    assert_eq!(read.spared.len(), 1);
}

#[test]
fn a_range_of_media_types_is_read_alone_and_left_out_beside_one_of_its_types() {
    let body = |types: &[&str]| {
        let schema = "schema: {$ref: '#/components/schemas/Failure'}";
        let types = types.iter().map(|name| format!("{name}: {{{schema}}}"));
        let types = types.collect::<Vec<_>>().join(", ");
        let said = format!(
            "      requestBody: {{required: true, content: {{{types}}}}}\n      responses:\n        '204': {{description: ok}}"
        );
        document(&[&said], "").replace("get:", "put:")
    };
    assert_eq!(paths(&kept(&body(&["application/*+json"]))), ["/a"]);
    let read = kept(&body(&["application/*+json", "application/json"]));
    assert_eq!((paths(&read), read.spared.len()), (vec!["/a"], 1));
    let operation = read.document.operations().next().unwrap().operation;
    let body = operation.request_body.as_ref().unwrap().as_item().unwrap();
    let types: Vec<&String> = body.content.keys().collect();
    assert_eq!(types, ["application/json"]);
}

#[test]
fn what_lowering_and_other_files_lack_is_told_also_where_a_part_was_left_out() {
    let schema = "{type: object, properties: {a: {type: string}}, patternProperties: {'^x': {type: integer}}}";
    let unsaid = format!(
        "      servers: [{{url: 'https://a.example'}}]\n      responses:\n        '200': {{description: ok, content: {{application/json: {{schema: {schema}}}}}}}"
    );
    let lost = "      servers: [{url: 'https://a.example'}]\n      responses:\n        '200': {$ref: 'gone.yaml#/a'}";
    let fine = "      servers: [{url: 'https://a.example'}]\n      responses:\n        '204': {description: ok}";
    for (wrong, code) in [(unsaid.as_str(), "K0151"), (lost, "K0103")] {
        let text = document(&[wrong, fine], "").replace("3.0.3", "3.1.0");
        let read = kept(&text);
        assert_eq!(paths(&read), ["/b"], "{wrong}");
        let codes: Vec<&str> = read
            .skipped
            .iter()
            .flat_map(|left| &left.because)
            .map(|told| told.code)
            .collect();
        assert_eq!(codes, [code]);
        // The part of the one that is kept.
        assert_eq!(read.spared.len(), 1);
        // Each rewrite is told once, that of what was left out with it.
        assert_eq!(
            read.warnings
                .iter()
                .filter(|told| told.code == "K0150")
                .count(),
            1
        );
    }
}

#[test]
fn what_means_nothing_in_3_1_is_left_out_alone() {
    let said = "      responses:\n        '200': {description: ok, content: {application/json: {schema: {type: string, nullable: true}}}}";
    let text = document(&[said], "").replace("3.0.3", "3.1.0");
    let read = kept(&text);
    assert_eq!((paths(&read), read.skipped.len()), (vec!["/a"], 0));
    let codes: Vec<&str> = read.spared.iter().map(|told| told.code).collect();
    assert_eq!(codes, ["K0151"]);
}

#[test]
fn what_tells_people_nothing_and_what_allows_a_little_more_is_left_out_alone() {
    let said = "      description: null\n      security: [{key: []}]\n      parameters: [{name: s, in: query, allowEmptyValue: true, schema: {type: string}}]\n      responses:\n        '204': {description: ok}";
    let schemes = "  securitySchemes: {key: {type: http, scheme: bearer, bearerFormat: null}}\n";
    let text = document(&[said], schemes);
    let places = [
        "a.yaml:7:7 K0102",
        "a.yaml:9:41 K0109",
        "a.yaml:18:55 K0102",
    ];
    assert_eq!(told(&text), places);
    let read = kept(&text);
    assert_eq!((paths(&read), read.skipped.len()), (vec!["/a"], 0));
    assert_eq!(read.spared.len(), 3);
}

#[test]
fn what_lowering_refuses_in_a_path_of_another_file_leaves_out_its_operation() {
    let folder = tempfile::tempdir().unwrap();
    let said = "      responses:\n        '204': {description: ok}";
    let text = document(&[said], "").replace("3.0.3", "3.1.0");
    let text = text.replace("components:\n", "  /c: {$ref: 'c.yaml'}\ncomponents:\n");
    let other = "get:\n  operationId: get_c\n  responses:\n    '200': {description: ok, content: {application/json: {schema: {type: object, patternProperties: {'^x': {type: string}}}}}}\n";
    std::fs::write(folder.path().join("c.yaml"), other).unwrap();
    let root = folder.path().join("a.yaml");
    let read = read_and_warn("a.yaml", &text, &Folder::of(&root), true).unwrap();
    assert_eq!((paths(&read), read.skipped.len()), (vec!["/a"], 1));
}
