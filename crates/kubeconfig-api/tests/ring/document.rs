//! What dropshot says of the generated API is what the document says.

use openapi_document::Document;

fn emitted() -> serde_json::Value {
    let version = kubeconfig_api::VERSION.parse().expect("a version");
    kubeconfig_api::description()
        .openapi(kubeconfig_api::TITLE, version)
        .json()
        .expect("a document")
}

#[test]
fn what_dropshot_emits_is_the_source_up_to_the_named_projection() {
    let document = Document::read("openapi.json", kubeconfig_api::DOCUMENT)
        .expect("it was checked when it was generated");
    assert_eq!(
        openapi_check::differences(&document, &emitted()),
        Vec::<String>::new()
    );
}

#[test]
fn a_change_of_the_source_is_a_difference() {
    for (from, to) in [
        ("\"maxLength\": 253", "\"maxLength\": 254"),
        ("\"maximum\": 500", "\"maximum\": 499"),
        (
            "\"operationId\": \"getKubeconfig\"",
            "\"operationId\": \"readKubeconfig\"",
        ),
        (
            "\"additionalProperties\": false",
            "\"additionalProperties\": true",
        ),
        (
            "\"description\": \"Region identifier\"",
            "\"description\": \"A region\"",
        ),
    ] {
        let changed = kubeconfig_api::DOCUMENT.replace(from, to);
        assert_ne!(changed, kubeconfig_api::DOCUMENT, "{from}");
        let document = Document::read("openapi.json", &changed).expect("still a document");
        assert_ne!(
            openapi_check::differences(&document, &emitted()),
            Vec::<String>::new(),
            "{from}"
        );
    }
}
