//! `gen` on roots that hold the document and nothing else.

use super::*;
use openapi_to_dropshot::report;

const FILES: [&str; 4] = [
    "crates/kubeconfig-types/src/generated.rs",
    "crates/kubeconfig-api/src/generated.rs",
    "crates/kubeconfig-api/src/openapi.json",
    "crates/kubeconfig-client/src/generated.rs",
];

/// A root that holds the document and places for what is generated, and nothing else.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in FILES {
        std::fs::create_dir_all(root.path().join(file).parent().unwrap()).unwrap();
    }
    std::fs::create_dir_all(root.path().join("spec")).unwrap();
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SPEC);
    std::fs::copy(spec, root.path().join(SPEC)).unwrap();
    root
}

fn run_in(root: &Path, check: bool) -> u8 {
    let args = GenArgs {
        check,
        watch: false,
        skip_unsupported: false,
        message_format: MessageFormat::Human,
        root: Some(root.to_path_buf()),
    };
    match generate(&args) {
        Ok(code) => code,
        Err(_) => FAILED,
    }
}

fn stamps(root: &Path) -> Vec<std::time::SystemTime> {
    FILES
        .iter()
        .map(|file| root.join(file).metadata().unwrap().modified().unwrap())
        .collect()
}

#[test]
fn what_is_missing_is_stale_and_what_was_written_is_fresh() {
    let root = root();
    assert_eq!(run_in(root.path(), true), STALE);
    assert!(
        FILES.iter().all(|file| !root.path().join(file).exists()),
        "--check writes nothing"
    );
    assert_eq!(run_in(root.path(), false), FRESH);
    assert_eq!(run_in(root.path(), true), FRESH);
}

#[test]
fn a_second_run_touches_no_file() {
    let root = root();
    run_in(root.path(), false);
    let before = stamps(root.path());
    assert_eq!(run_in(root.path(), false), FRESH);
    assert_eq!(stamps(root.path()), before);
}

#[test]
fn an_edit_of_any_generated_file_is_found() {
    let root = root();
    run_in(root.path(), false);
    for file in FILES {
        let path = root.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text} ")).unwrap();
        assert_eq!(run_in(root.path(), true), STALE, "{file}");
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(run_in(root.path(), true), FRESH);
}

#[test]
fn a_wrong_document_fails_and_nothing_is_written() {
    let root = root();
    let spec = root.path().join(SPEC);
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, text.replace("openapi: 3.0.3", "openapi: 4.0.0")).unwrap();
    assert_eq!(run_in(root.path(), false), FAILED);
    assert!(FILES.iter().all(|file| !root.path().join(file).exists()));
}

#[test]
fn mistakes_of_every_stage_are_told_in_one_run() {
    let root = root();
    let spec = root.path().join(SPEC);
    let text = std::fs::read_to_string(&spec).unwrap();
    let text = text.replace(
        "      example: address-j1k2l3",
        "      example: Address_J1K2L3",
    );
    let text = text
        .replacen("maxLength: 253", "maxLenght: 253", 1)
        .replacen("        '413':\n", "        '418':\n", 1);
    std::fs::write(&spec, text).unwrap();
    let args = GenArgs {
        check: false,
        watch: false,
        skip_unsupported: false,
        message_format: MessageFormat::Human,
        root: Some(root.path().to_path_buf()),
    };
    let Err(Failure::Document(diagnostics)) = generate(&args) else {
        panic!("it is wrong")
    };
    let codes: Vec<&str> = diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["K0204", "K0104", "K0113"]);
}

#[test]
fn an_operation_that_cannot_be_served_is_left_out_when_the_author_allows_it() {
    let root = root();
    let spec = root.path().join(SPEC);
    let text = std::fs::read_to_string(&spec).unwrap();
    let path = "paths:\n  /cookies:\n    get:\n      operationId: getCookie\n      parameters:\n      - {name: a, in: cookie, schema: {type: string}}\n      responses:\n        '204':\n          description: None\n";
    std::fs::write(&spec, text.replacen("paths:\n", path, 1)).unwrap();
    assert_eq!(run_in(root.path(), false), FAILED);
    let mut args = GenArgs {
        check: false,
        watch: false,
        skip_unsupported: true,
        message_format: MessageFormat::Human,
        root: Some(root.path().to_path_buf()),
    };
    assert!(matches!(generate(&args), Ok(FRESH)));
    args.skip_unsupported = false;
    std::fs::write(&spec, text).unwrap();
    args.check = true;
    let openapi = std::fs::read_to_string(root.path().join(FILES[2])).unwrap();
    assert!(!openapi.contains("cookies"), "{openapi}");
    // What is left is what the document says without the operation.
    assert!(matches!(generate(&args), Ok(FRESH)));
}

#[test]
fn mistakes_can_be_told_to_programs() {
    let diagnostics = Document::read("a.yaml", "openapi: 4.0.0").unwrap_err();
    let json: serde_json::Value = serde_json::from_str(&report::diagnostics(
        &diagnostics,
        MessageFormat::Json,
        false,
    ))
    .unwrap();
    assert_eq!(
        (&json["code"], &json["line"], &json["column"]),
        (&"K0101".into(), &1.into(), &10.into())
    );
    let github = report::diagnostics(&diagnostics, MessageFormat::Github, false);
    assert!(
        github.starts_with("::error file=a.yaml,line=1,col=10,title=K0101::"),
        "{github}"
    );
}

#[test]
fn the_difference_is_shown_as_a_patch() {
    let file = File::new("a.rs", "one\nthree\n".to_owned());
    let diff = file.diff("one\ntwo\n");
    assert!(diff.contains("--- a/a.rs\n+++ b/a.rs\n"), "{diff}");
    assert!(diff.contains("-two\n+three\n"), "{diff}");
}

#[test]
fn codes_are_unique_among_the_crates() {
    let rules = [
        openapi_document::RULES,
        openapi_check::RULES,
        openapi_to_dropshot::RULES,
        openapi_check::CHANGES,
    ]
    .concat();
    let codes: std::collections::BTreeSet<&str> = rules.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes.len(), rules.len());
    for code in codes {
        assert!(meaning(code).is_some(), "{code} is not explained");
    }
    assert!(meaning("K9999").is_none());
}
