//! The program `openapi-to-dropshot`, as its users run it.
#![cfg(feature = "tool")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SPEC: &str = "openapi: 3.0.3
info: {title: Things, version: 1.0.0}
paths:
  /things/{id}:
    delete:
      operationId: dropThing
      parameters:
      - {name: id, in: path, required: true, schema: {type: string, maxLength: 20}}
      responses:
        '204': {description: Dropped}
        default:
          description: It failed
          content: {application/json: {schema: {$ref: '#/components/schemas/Failure'}}}
components:
  schemas:
    Failure: {type: object, required: [message], properties: {message: {type: string}}}
";

struct Place(tempfile::TempDir);

impl Place {
    fn new(spec: &str) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.path("src")).unwrap();
        std::fs::write(place.path("api.yaml"), spec).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        run_in(self.0.path(), words)
    }

    fn generate(&self, words: &[&str]) -> Output {
        let mut all = vec!["api.yaml", "--out", "src/generated"];
        all.extend(words);
        self.run(&all)
    }
}

fn run_in(folder: &Path, words: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_openapi-to-dropshot");
    Command::new(program)
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_was_written_is_fresh_and_an_edit_is_stale() {
    let place = Place::new(SPEC);
    let absent = place.generate(&["--check"]);
    assert_eq!(code(&absent), 4, "{}", text(&absent.stderr));
    assert!(
        !place.path("src/generated").exists(),
        "--check writes nothing"
    );
    assert_eq!(code(&place.generate(&[])), 0);
    assert_eq!(code(&place.generate(&["--check"])), 0);
    let types = place.path("src/generated/types.rs");
    let before = std::fs::read_to_string(&types).unwrap();
    std::fs::write(&types, format!("{before}// mine\n")).unwrap();
    let stale = place.generate(&["--check"]);
    assert_eq!(code(&stale), 4);
    assert!(
        text(&stale.stdout).contains("-// mine"),
        "{}",
        text(&stale.stdout)
    );
}

#[test]
fn a_second_run_touches_nothing() {
    let place = Place::new(SPEC);
    place.generate(&[]);
    let stamp = |name: &str| {
        let path = place.path("src/generated").join(name);
        path.metadata().unwrap().modified().unwrap()
    };
    let names = ["mod.rs", "types.rs", "api.rs", "openapi.json", "client.rs"];
    let before = names.map(stamp);
    assert_eq!(code(&place.generate(&[])), 0);
    assert_eq!(names.map(stamp), before);
}

#[test]
fn only_what_is_asked_for_is_written() {
    let place = Place::new(SPEC);
    assert_eq!(
        code(&place.generate(&["--only", "types", "--only", "api"])),
        0
    );
    assert!(place.path("src/generated/api.rs").exists());
    assert!(!place.path("src/generated/client.rs").exists());
    let module = std::fs::read_to_string(place.path("src/generated/mod.rs")).unwrap();
    assert!(
        module.contains("pub mod types;") && !module.contains("client"),
        "{module}"
    );
}

#[test]
fn a_mistake_is_told_with_its_place_and_nothing_is_written() {
    let place = Place::new(&SPEC.replace("maxLength: 20", "maxLenght: 20"));
    let people = place.generate(&[]);
    assert_eq!(code(&people), 1);
    let told = text(&people.stderr);
    assert!(told.contains("api.yaml:8:69"), "{told}");
    assert!(told.ends_with("nothing was written\n"), "{told}");
    let programs = place.generate(&["--message-format", "json"]);
    let line: serde_json::Value = serde_json::from_slice(&programs.stdout).unwrap();
    assert_eq!((&line["code"], &line["line"]), (&"K0113".into(), &8.into()));
    let pointer = line["pointer"].as_str().unwrap();
    assert!(pointer.starts_with("/paths/~1things~1{id}/"), "{pointer}");
    assert!(pointer.ends_with("/schema/maxLenght"), "{pointer}");
    assert!(told.contains(&format!("= at: {pointer}\n")), "{told}");
    assert!(!place.path("src/generated").exists());
}

#[test]
fn an_operation_that_cannot_be_served_is_left_out_when_asked_to() {
    let cookie = "paths:\n  /cookies:\n    get:\n      operationId: getCookie\n      parameters:\n      - {name: a, in: cookie, schema: {type: string}}\n      responses:\n        '204': {description: None}\n";
    let place = Place::new(&SPEC.replacen("paths:\n", cookie, 1));
    assert_eq!(code(&place.generate(&[])), 1);
    let skipped = place.generate(&["--skip-unsupported"]);
    assert_eq!(code(&skipped), 0);
    let told = text(&skipped.stdout);
    assert!(
        told.contains("Skipping GET /cookies") && told.contains("1/2 operations"),
        "{told}"
    );
    let programs = place.generate(&["--skip-unsupported", "--message-format", "json"]);
    let line: serde_json::Value = serde_json::from_slice(&programs.stdout).unwrap();
    assert_eq!(line["operation"], "GET /cookies");
    assert_eq!(
        (&line["level"], &line["line"]),
        (&"skipped".into(), &8.into())
    );
}

#[test]
fn a_first_implementation_is_written_once() {
    let place = Place::new(SPEC);
    assert_eq!(code(&place.generate(&["--stub", "src/server.rs"])), 0);
    let path = place.path("src/server.rs");
    let stub = std::fs::read_to_string(&path).unwrap();
    assert!(
        stub.contains("impl crate::generated::api::Api for Server"),
        "{stub}"
    );
    std::fs::write(&path, "// mine").unwrap();
    assert_eq!(code(&place.generate(&["--stub", "src/server.rs"])), 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "// mine");
}

#[test]
fn misuse_is_told_apart_from_mistakes() {
    let place = Place::new(SPEC);
    assert_eq!(code(&place.run(&["api.yaml"])), 2, "--out is missing");
    assert_eq!(code(&place.run(&["none.yaml", "--out", "src"])), 1);
    let nowhere = place.run(&["api.yaml", "--out", "generated"]);
    assert_eq!(code(&nowhere), 2);
    assert!(
        text(&nowhere.stderr).contains("--types"),
        "{}",
        text(&nowhere.stderr)
    );
}

#[test]
fn the_example_is_what_its_document_says() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/first-server");
    let output = run_in(
        &example,
        &["openapi.yaml", "--out", "src/generated", "--check"],
    );
    assert_eq!(
        code(&output),
        0,
        "run `openapi-to-dropshot openapi.yaml --out src/generated` there: {}",
        text(&output.stdout)
    );
}

#[test]
fn a_warning_is_told_although_files_are_written() {
    let place = Place::new(&SPEC.replace(
        "operationId: dropThing",
        "operationId: dropThing\n      zebra: 1",
    ));
    let people = place.generate(&[]);
    assert_eq!(code(&people), 0);
    let told = text(&people.stderr);
    assert!(
        told.starts_with("warning[K0113]") && told.contains("api.yaml:7:7"),
        "{told}"
    );
    assert!(place.path("src/generated/api.rs").exists());
    let programs = place.generate(&["--message-format", "json"]);
    let line: serde_json::Value = serde_json::from_slice(&programs.stdout).unwrap();
    assert_eq!(
        (&line["level"], &line["line"]),
        (&"warning".into(), &7.into())
    );
}

#[test]
fn lint_finds_what_generating_lets_pass_and_writes_nothing() {
    let place = Place::new(SPEC);
    let right = place.run(&["api.yaml", "--lint"]);
    assert_eq!(code(&right), 0, "{}", text(&right.stderr));
    let wrong = SPEC.replace("maxLength: 20}", "maxLength: 3, example: abcd}");
    let place = Place::new(&wrong);
    let found = place.run(&["api.yaml", "--lint"]);
    assert_eq!(code(&found), 1);
    let told = text(&found.stderr);
    assert!(
        told.contains("error[K0104]") && told.contains("api.yaml:8:"),
        "{told}"
    );
    assert!(!place.path("src/generated").exists());
    assert_eq!(
        code(&place.generate(&[])),
        0,
        "an example stops no generator"
    );
}

#[test]
fn names_that_rust_cannot_have_are_misuse() {
    let place = Place::new(SPEC);
    let misuse: [&[&str]; 4] = [
        &["--types", "not a path"],
        &["--types", ""],
        &["--types", "crate"],
        &["--trait-name", "fn"],
    ];
    for words in misuse {
        let refused = place.generate(words);
        assert_eq!(code(&refused), 2, "{words:?}: {}", text(&refused.stderr));
    }
    for out in ["src/two-words", "src/9x", "src/fn", "elsewhere"] {
        let refused = place.run(&["api.yaml", "--out", out]);
        let told = text(&refused.stderr);
        assert_eq!(code(&refused), 2, "{out}: {told}");
        assert!(told.contains("--types"), "{told}");
    }
}

#[test]
fn what_cannot_be_written_leaves_everything_as_it_was() {
    let place = Place::new(SPEC);
    assert_eq!(code(&place.generate(&[])), 0);
    let types = place.path("src/generated/types.rs");
    let older = "//! Generated by `openapi-to-dropshot` from an older document.\n";
    std::fs::write(&types, older).unwrap();
    // A folder where the second file is written first.
    let blocked = place.path("src/generated/api.new");
    std::fs::remove_file(place.path("src/generated/api.rs")).unwrap();
    std::fs::create_dir(&blocked).unwrap();
    let failed = place.generate(&[]);
    assert_eq!(code(&failed), 1);
    let told = text(&failed.stderr);
    assert!(
        told.contains("api.rs") && told.ends_with("nothing was written\n"),
        "{told}"
    );
    assert_eq!(std::fs::read_to_string(&types).unwrap(), older);
    assert!(!place.path("src/generated/types.new").exists());
}

#[test]
fn a_file_that_somebody_wrote_is_not_replaced() {
    let place = Place::new(SPEC);
    let own = place.path("src/api.rs");
    std::fs::write(&own, "pub fn mine() {}\n").unwrap();
    let refused = place.run(&["api.yaml", "--out", "src"]);
    assert_eq!(code(&refused), 1);
    let told = text(&refused.stderr);
    assert!(
        told.contains("src/api.rs is not a generated file"),
        "{told}"
    );
    assert_eq!(std::fs::read_to_string(&own).unwrap(), "pub fn mine() {}\n");
    assert!(!place.path("src/types.rs").exists());
}

#[test]
fn a_code_is_explained_with_an_example_and_without_a_document() {
    let place = Place::new(SPEC);
    let told = place.run(&["--explain", "k0206"]);
    let said = text(&told.stdout);
    assert_eq!(code(&told), 0, "{}", text(&told.stderr));
    assert!(
        said.starts_with("K0206: ") && said.contains("# right"),
        "{said}"
    );
    let unknown = place.run(&["--explain", "K9999"]);
    assert_eq!(code(&unknown), 2);
    assert!(text(&unknown.stderr).contains("there is no code K9999"));
}

#[test]
fn who_reads_no_more_of_what_is_told_stops_nothing() {
    let place = Place::new(&SPEC.replace("maxLength", "maxLenght"));
    let program = env!("CARGO_BIN_EXE_openapi-to-dropshot");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = Command::new(program)
        .args(["api.yaml", "--lint"])
        .current_dir(place.path(""))
        .stderr(writer)
        .spawn()
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
