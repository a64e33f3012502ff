//! The document: served as it is written, emitted equal on a named projection, and generated from freshly.

use std::path::Path;
use std::process::Command;

use harness::Stage;
use openapi_document::Document;
use reqwest::Method;

const SOURCE: &str = include_str!("../../../spec/openapi.yaml");

fn source() -> Document {
    Document::read("spec/openapi.yaml", SOURCE).expect("the document is valid")
}

#[tokio::test]
async fn the_server_serves_the_source_document() {
    let stage = Stage::start().await;
    let served = stage.call(Method::GET, "/openapi.json", None, None).await;
    assert_eq!(served.headers["content-type"], "application/json");
    assert_eq!(served.json(), source().source());
    stage.stop().await;
}

#[test]
fn what_dropshot_emits_is_the_source_on_the_named_projection() {
    let api = kubeconfig_api::description();
    let version = kubeconfig_api::VERSION.parse().unwrap();
    let emitted = api.openapi(kubeconfig_api::TITLE, version).json().unwrap();
    let differences = openapi_check::differences(&source(), &emitted);
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn what_is_generated_is_fresh() {
    let output = Command::new(env!("CARGO"))
        // Not by `--package xtask`, whose dependencies have other features than those that the test command built.
        .args(["run", "--quiet", "--locked", "--bin", "xtask"])
        .args(["--", "gen", "--check"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{told}",
        String::from_utf8_lossy(&output.stdout)
    );
}
