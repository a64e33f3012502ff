//! What cannot be said is refused by name. `tests/reject/` holds a document for each refusal and, beside it, what its
//! author is told; `EXPECTORATE=overwrite cargo test -p openapi-to-dropshot` accepts a change of the words.

use expectorate::assert_contents;
use openapi_document::{Alone, Diagnostic, Document, Folder};
use openapi_to_dropshot::{read, read_and_warn, read_with};
use std::path::{Path, PathBuf};

fn documents(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "json"))
        .collect();
    found.sort();
    found
}

#[test]
fn each_document_is_refused_in_the_recorded_words() {
    let documents = documents("reject");
    assert!(documents.len() > 15, "{documents:?}");
    for path in documents {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let refused = read_with(name, &text, &Folder::of(&path), false).err();
        let told = refused.unwrap_or_else(|| panic!("{name} is not refused"));
        let golden = path.with_extension("txt");
        assert_contents(golden, &format!("{}\n", told.render(false)));
    }
}

#[test]
fn each_refusal_says_how_to_mend_it_and_has_a_code_that_is_explained() {
    for path in documents("reject") {
        let text = std::fs::read_to_string(&path).unwrap();
        let told = read("a", &text, false).unwrap_err();
        for diagnostic in told.iter().filter(|d| !d.warning) {
            let explained = openapi_document::explain(diagnostic.code)
                .or_else(|| openapi_check::explain(diagnostic.code))
                .or_else(|| openapi_to_dropshot::explain(diagnostic.code));
            assert!(explained.is_some(), "{}", diagnostic.code);
            assert!(diagnostic.span.line > 0, "{diagnostic:?}");
        }
    }
}

#[test]
fn each_accepted_document_is_refused_nothing() {
    for path in documents("accept") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        let (document, skipped) = read_with(&name, &text, &Folder::of(&path), false)
            .unwrap_or_else(|told| panic!("{told}"));
        assert!(document.operations().count() > 0, "{name}");
        assert_eq!(skipped, [], "{name}");
    }
}

#[test]
fn foreign_documents_end_in_code_or_in_located_refusals() {
    let documents = documents("foreign");
    assert!(documents.len() > 3, "{documents:?}");
    for path in documents {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let folder = Folder::of(&path);
        let refused: Vec<Diagnostic> = match read_and_warn(name, &text, &folder, true) {
            Ok(read) => {
                if read.document.operations().count() > 0 {
                    crate::generate_from(&read.document).unwrap_or_else(|told| panic!("{told}"));
                }
                let skipped = read.skipped.into_iter().flat_map(|s| s.because);
                skipped.chain(read.spared).collect()
            }
            Err(told) => told.iter().cloned().collect(),
        };
        assert!(!refused.is_empty(), "{name}: nothing is foreign in it");
        for diagnostic in refused {
            let placed = diagnostic.span.line > 0 && diagnostic.code != "K0299";
            assert!(placed, "{name}: {diagnostic:?}");
        }
    }
}

#[test]
fn operations_that_cannot_be_served_are_left_out_one_by_one() {
    let text = std::fs::read_to_string(
        documents("reject")
            .iter()
            .find(|p| p.ends_with("cookie.yaml"))
            .unwrap(),
    )
    .unwrap();
    let more = "  /b:\n    get:\n      operationId: get_b\n      responses:\n        '204':\n          description: done\n";
    let (document, skipped) = read("cookie.yaml", &format!("{text}{more}"), true).unwrap();
    let kept: Vec<&str> = document
        .operations()
        .map(|operation| operation.path)
        .collect();
    assert_eq!(kept, ["/b"]);
    assert_eq!(
        (skipped[0].path.as_str(), skipped[0].method.as_str()),
        ("/a", "get")
    );
    assert_eq!(skipped[0].because[0].code, "K0109");
    assert!(!document.source_json().contains("session"));
}

const SECURED: &str = "openapi: 3.1.0
info: {title: Secured, version: 1.0.0}
security:
- token: []
paths:
  /a:
    get:
      operationId: get_a
      responses: {'204': {description: done}}
  /b:
    get:
      operationId: get_b
      security: [{cert: []}]
      responses: {'200': {description: done, content: {application/json: {schema: {$ref: '#/components/schemas/B'}}}}}
components:
  schemas:
    B: {type: object}
  securitySchemes:
    token: {type: http, scheme: bearer}
    cert: {type: mutualTLS}
";

#[test]
fn an_operation_whose_security_is_not_supported_is_left_out_with_all_that_only_it_refers_to() {
    let skipped = |text: &str| {
        let read = openapi_to_dropshot::read_and_warn("s.yaml", text, &Alone, true);
        let read = read.unwrap_or_else(|told| panic!("{told}"));
        let unused: Vec<String> = read.warnings.places();
        let unused = unused.into_iter().filter(|place| place.contains("K0118"));
        assert_eq!(unused.collect::<Vec<_>>(), Vec::<String>::new());
        let skipped = read.skipped.into_iter().map(|skipped| skipped.path);
        skipped.collect::<Vec<_>>()
    };
    assert_eq!(skipped(SECURED), ["/b"]);
    let by_key = "cert: {type: apiKey, in: cookie, name: key}";
    assert_eq!(
        skipped(&SECURED.replace("cert: {type: mutualTLS}", by_key)),
        ["/b"]
    );
    // What the document demands of all that say nothing.
    let by_default = SECURED
        .replace("- token: []", "- cert: []")
        .replace("[{cert: []}]", "[{token: []}]");
    assert_eq!(skipped(&by_default), ["/a"]);
    // What nobody uses does not matter.
    let (document, found) = Document::examine("s.yaml", &SECURED.replace("cert: []", "token: []"));
    assert!(document.is_some_and(|document| document.is_whole()));
    let errors = found.iter().filter(|d| !d.warning && d.code != "K0151");
    assert_eq!(errors.count(), 0, "{found}");
}

#[test]
fn a_mistake_of_shape_leaves_out_the_operations_that_it_is_in() {
    let text = SECURED.replace(
        "B: {type: object}",
        "B: {type: object, properties: {a: {type: strng}}}",
    );
    let text = text.replace("cert: []", "token: []");
    let (document, skipped) = read("s.yaml", &text, true).unwrap();
    assert_eq!(document.operations().count(), 1);
    assert_eq!(skipped[0].path, "/b");
    assert!(document.is_whole());
}

#[test]
fn a_part_that_can_be_left_out_takes_no_operation_with_it() {
    let text = include_str!("../foreign/spare.yaml");
    assert!(read("spare.yaml", text, false).is_err());
    let read = read_and_warn("spare.yaml", text, &Alone, true).unwrap();
    assert_eq!(read.skipped, []);
    let lines: Vec<usize> = read.spared.iter().map(|part| part.span.line).collect();
    assert_eq!(lines, [6, 9, 13, 15, 21, 22, 23, 24]);
    let source = read.document.source_json();
    for left in [
        "xml",
        "urlencoded",
        "text/plain",
        "links",
        "304",
        "callbacks",
        "servers",
    ] {
        assert!(!source.contains(left), "{left}");
    }
    let api = crate::generate_from(&read.document).unwrap().api;
    // The one that is read is kept, though another is written first.
    assert!(
        api.contains("type Body = ::openapi_runtime::Json<"),
        "{api}"
    );
}
