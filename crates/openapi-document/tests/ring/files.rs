//! A document of several files: brought together, told at the right file, and nothing outside its directory is read.

use openapi_document::{Document, Files, Folder};
use std::collections::BTreeMap;

/// Files in memory.
struct Memory(BTreeMap<&'static str, String>);

impl Files for Memory {
    fn text(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

fn main_with(schema: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /a:\n    get:\n      operationId: a\n      responses:\n        '200':\n          description: d\n          content:\n            application/json:\n              schema: {{$ref: '{schema}'}}\n"
    )
}

fn places(schema: &str, files: &[(&'static str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned()));
    let (_, told) = Document::examine_with(
        "spec/main.yaml",
        &main_with(schema),
        &Memory(files.collect()),
    );
    told.places()
}

#[test]
fn cycles_across_files_become_cycles_of_components() {
    let files = [
        (
            "one.yaml",
            "A: {type: object, properties: {b: {$ref: 'two.json#/B'}}}",
        ),
        (
            "two.json",
            "{\"B\": {\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"one.yaml#/A\"}}}}",
        ),
    ];
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned()));
    let text = main_with("one.yaml#/A");
    let (document, told) = Document::examine_with("main.yaml", &text, &Memory(files.collect()));
    assert_eq!(told.places(), Vec::<String>::new());
    let schemas = document.unwrap().source()["components"]["schemas"].clone();
    assert_eq!(
        schemas["A"]["properties"]["b"]["$ref"],
        "#/components/schemas/B"
    );
    assert_eq!(
        schemas["B"]["properties"]["a"]["$ref"],
        "#/components/schemas/A"
    );
}

#[test]
fn a_mistake_is_told_in_the_file_that_it_is_in() {
    assert_eq!(
        places("parts/a.yaml#/A", &[("parts/a.yaml", "A:\n  type: int\n")]),
        ["spec/parts/a.yaml:2:9 K0102"]
    );
    assert_eq!(
        places(
            "a.yaml#/A",
            &[("a.yaml", "A: {$ref: 'b.yaml#/B'}"), ("b.yaml", "C: {}")]
        ),
        ["spec/a.yaml:1:11 K0103"]
    );
    assert_eq!(
        places("a.yaml#/A", &[("a.yaml", "A: [\n")]),
        ["spec/a.yaml:1:4 K0001"]
    );
}

#[test]
fn what_leads_elsewhere_is_not_read() {
    for reference in [
        "nowhere.yaml#/A",
        "../outside.yaml#/A",
        "a/../../outside.yaml",
        "%2e%2e/outside.yaml",
        "/etc/passwd",
        "//host/a.yaml",
        "https://example.com/a.yaml#/A",
        "file:///etc/passwd",
        "c:\\\\a.yaml",
    ] {
        let told = places(reference, &[]);
        assert!(
            told.iter().any(|t| t == "spec/main.yaml:12:30 K0103"),
            "{reference}: {told:?}"
        );
    }
}

#[test]
fn two_components_of_one_name_stay_two() {
    let files = [
        (
            "a.yaml",
            "A: {type: object, properties: {b: {$ref: 'sub/a.yaml#/A'}, c: {$ref: 'c.yaml'}}}",
        ),
        ("sub/a.yaml", "A: {type: string}"),
        ("c.yaml", "{type: integer}"),
    ];
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned()));
    let text = main_with("a.yaml#/A");
    let (document, told) = Document::examine_with("main.yaml", &text, &Memory(files.collect()));
    assert_eq!(told.places(), Vec::<String>::new());
    let schemas = document.unwrap().source()["components"]["schemas"].clone();
    assert_eq!(schemas["a_A"]["type"], "string");
    assert_eq!(schemas["c"]["type"], "integer");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_directory_is_not_followed() {
    let base = std::env::temp_dir().join(format!("openapi-document-{}", std::process::id()));
    let inside = base.join("inside");
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(base.join("outside.yaml"), "A: {type: string}").unwrap();
    std::fs::write(inside.join("good.yaml"), "A: {type: string}").unwrap();
    let link = inside.join("link.yaml");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(base.join("outside.yaml"), &link).unwrap();
    let files = Folder::of(&inside.join("main.yaml"));
    let linked = files.text("link.yaml");
    let good = files.text("good.yaml");
    let folder = files.text("");
    std::fs::remove_dir_all(&base).unwrap();
    assert_eq!(
        linked.unwrap_err(),
        "it leads out of the directory of the document"
    );
    assert_eq!(good.unwrap(), "A: {type: string}");
    assert_eq!(folder.unwrap_err(), "it is not a file");
}

#[test]
fn a_path_is_what_its_reference_leads_to() {
    let text = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /a: {$ref: '#/x-paths/a'}\nx-paths:\n  a:\n    get: {operationId: a, responses: {'204': {description: d}}}\n";
    let (document, told) = Document::examine("main.yaml", text);
    assert_eq!(told.places(), Vec::<String>::new());
    assert_eq!(document.unwrap().operations().count(), 1);
}

#[test]
fn a_file_is_json_by_its_name_and_by_nothing_else() {
    let yaml = [("a.json", "A: {type: string}\n")];
    assert_eq!(places("a.json#/A", &yaml), ["spec/a.json:1:1 K0001"]);
    let json = "{\"A\": {\n  // said\n  \"type\": \"string\",\n}}";
    let found = places("a.json#/A", &[("a.json", json)]);
    assert_eq!(found, ["spec/a.json:2:3 K0001", "spec/a.json:3:19 K0001"]);
    let same = places(
        "a.yaml#/A",
        &[("a.yaml", "{\"A\": {\"type\": \"string\",}} # said\n")],
    );
    assert_eq!(same, Vec::<String>::new());
}

/// The texts and places of what is wrong in a document with this path and these components.
fn with_path(path: &str, components: &str) -> (Option<Document>, Vec<String>) {
    let text = format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /things/{{id}}:\n    get:\n      operationId: get\n      parameters:\n      - {{name: id, in: path, required: true, schema: {{type: string}}}}\n      responses: {{'204': {{description: d}}}}\n  /other/{{id}}:\n{path}\ncomponents:\n{components}\n"
    );
    let (document, told) = Document::examine("main.yaml", &text);
    let errors = told.iter().filter(|told| !told.warning);
    let errors = errors.map(|told| {
        let why = match told.label.as_str() {
            "" => &told.message,
            label => label,
        };
        format!("{}:{} {why}", told.span.line, told.span.column)
    });
    (document, errors.collect())
}

#[test]
fn a_reference_is_percent_decoded_and_then_a_pointer() {
    let path = "    get:\n      operationId: other\n      parameters:\n      - $ref: '#/paths/~1things~1%7Bid%7D/get/parameters/0'\n      responses:\n        '200':\n          description: d\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/A%2DB'}";
    let (document, wrong) = with_path(path, "  schemas: {A-B: {type: string}}");
    assert_eq!(wrong, Vec::<String>::new());
    let document = document.unwrap();
    let other = document.operations().nth(1).unwrap();
    assert_eq!(other.operation.parameters.len(), 1);
    let schema = "/paths/~1other~1{id}/get/responses/200/content/application~1json/schema/$ref";
    let source = document.source();
    assert_eq!(source.pointer(schema).unwrap(), "#/components/schemas/A-B");
}

#[test]
fn what_is_not_percent_encoded_or_escaped_as_it_should_is_told_once_at_its_place() {
    for (reference, why) in [
        ("#/components/schemas/A%", "`%` stands for no character"),
        ("#/components/schemas/A%zz", "`%zz` stands for no character"),
        (
            "#/components/schemas/%E9",
            "`/components/schemas/%E9` is not UTF-8",
        ),
        ("#/components/schemas/A~b", "`~b` stands for no character"),
        // What is meant is `%zz`, which there is not.
        (
            "#/components/schemas/%25zz",
            "`main.yaml` has no `/components/schemas/%zz`",
        ),
        (
            "#/paths/~1things~1%7Bid/get",
            "`main.yaml` has no `/paths/~1things~1{id/get`",
        ),
    ] {
        let path = format!("    $ref: '{reference}'");
        let (_, wrong) = with_path(&path, "  schemas: {A: {type: string}}");
        assert_eq!(wrong, [format!("11:11 {why}")], "{reference}");
        let path = format!(
            "    get:\n      operationId: other\n      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]\n      responses:\n        '200':\n          description: d\n          content:\n            application/json:\n              schema: {{$ref: '{reference}'}}"
        );
        let (_, wrong) = with_path(&path, "  schemas: {A: {type: string}}");
        assert_eq!(wrong.len(), 1, "{reference}: {wrong:?}");
        assert!(
            wrong.iter().all(|told| told.starts_with("19:30 ")),
            "{wrong:?}"
        );
    }
}

#[test]
fn a_mapping_leads_to_schemas_by_reference_too() {
    let shape = "Shape: {oneOf: [{$ref: 'circle.yaml'}, {$ref: '#/Square'}], discriminator: {propertyName: kind, mapping: {c: circle.yaml, s: '#/Squ%61re'}}}\nSquare: {type: object, required: [kind], properties: {kind: {type: string}}}\n";
    let circle = "type: object\nrequired: [kind]\nproperties: {kind: {type: string}}\n";
    let files = [("shape.yaml", shape), ("circle.yaml", circle)];
    let files = files.map(|(name, text)| (name, text.to_owned()));
    let text = main_with("shape.yaml#/Shape");
    let (document, told) = Document::examine_with("main.yaml", &text, &Memory(files.into()));
    assert_eq!(told.places(), Vec::<String>::new());
    let schemas = document.unwrap().source()["components"]["schemas"].clone();
    assert_eq!(
        schemas["Shape"]["discriminator"]["mapping"],
        serde_json::json!({"c": "#/components/schemas/circle", "s": "#/components/schemas/Square"})
    );
    let lost = shape.replace("c: circle.yaml", "c: oval.yaml");
    let files = [("shape.yaml", lost.as_str()), ("circle.yaml", circle)];
    let told = places("shape.yaml#/Shape", &files);
    assert_eq!(told, ["spec/shape.yaml:1:110 K0103"]);
}

#[test]
fn a_mapping_of_another_file_leads_to_what_its_schemas_are_called_here() {
    for target in ["'#/components/schemas/Circle'", "Circle"] {
        let shape = format!(
            "openapi: 3.0.3\ninfo: {{title: Shapes, version: 1.0.0}}\npaths: {{}}\ncomponents:\n  schemas:\n    Shape: {{oneOf: [{{$ref: '#/components/schemas/Circle'}}], discriminator: {{propertyName: kind, mapping: {{c: {target}}}}}}}\n    Circle: {{type: object, required: [kind], properties: {{kind: {{type: string}}}}}}\n"
        );
        let files = [("shape.yaml", shape)];
        let text = main_with("shape.yaml#/components/schemas/Shape")
            + "components: {schemas: {Circle: {type: object, properties: {radius: {type: number}}}}}\n";
        let (document, told) = Document::examine_with("main.yaml", &text, &Memory(files.into()));
        // Nothing refers to the document's own.
        assert_eq!(told.places(), ["main.yaml:13:24 K0118"]);
        let schemas = document.unwrap().source()["components"]["schemas"].clone();
        let shape = &schemas["Shape"];
        let led = &shape["discriminator"]["mapping"]["c"];
        assert_eq!(led, &shape["oneOf"][0]["$ref"]);
        assert_ne!(led, "#/components/schemas/Circle");
    }
}
