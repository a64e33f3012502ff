//! `spec` on roots of their own.

use super::*;

const THINGS: &str = "openapi: 3.0.3
info: {title: Things, version: 1.3.0}
paths:
  /things:
    get:
      operationId: listThings
      responses:
        '200':
          description: Things
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
        4XX:
          description: It failed
          content: {application/json: {schema: {$ref: '#/components/schemas/Failure'}}}
        5XX:
          description: It failed
          content: {application/json: {schema: {$ref: '#/components/schemas/Failure'}}}
components:
  schemas:
    Thing:
      type: object
      required: [name]
      properties:
        name: {type: string}
    Failure:
      type: object
      required: [message]
      properties:
        message: {type: string}
";

struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Root {
        let root = Root(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(root.0.path().join("spec")).unwrap();
        root.write(THINGS);
        root
    }

    fn write(&self, text: &str) {
        std::fs::write(self.0.path().join(SPEC), text).unwrap();
    }

    fn run(&self, what: What) -> u8 {
        let args = SpecArgs {
            what,
            message_format: MessageFormat::Human,
            root: Some(self.0.path().to_owned()),
        };
        attempt(&args).unwrap_or(FAILED)
    }

    fn bless(&self, version: &str) -> u8 {
        let version = version.to_owned();
        self.run(What::Bless { version })
    }

    fn diff(&self) -> u8 {
        let (against, file) = (None, None);
        self.run(What::Diff { against, file })
    }

    fn git(&self, words: &[&str]) {
        let mut command = std::process::Command::new("git");
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        command
            .args(identity)
            .args(words)
            .current_dir(self.0.path());
        assert!(command.output().unwrap().status.success(), "{words:?}");
    }
}

fn optional() -> String {
    THINGS.replace("required: [name]", "required: []")
}

fn added() -> String {
    THINGS.replace(
        "name: {type: string}",
        "name: {type: string}\n        age: {type: integer}",
    )
}

#[test]
fn a_right_document_has_no_lint_and_a_wrong_one_fails() {
    let root = Root::new();
    assert_eq!(root.run(What::Lint { file: None }), FINE);
    root.write(&THINGS.replace("required: [name]", "required: [nome]"));
    assert_eq!(root.run(What::Lint { file: None }), FAILED);
}

#[test]
fn a_break_that_the_version_does_not_say_is_three() {
    let root = Root::new();
    assert_eq!(root.bless("1.3.0"), FINE);
    assert_eq!(root.diff(), FINE);
    root.write(&added());
    assert_eq!(root.diff(), FINE, "an addition breaks nobody");
    root.write(&optional());
    assert_eq!(root.diff(), UNSAID);
    root.write(&optional().replace("1.3.0", "2.0.0"));
    assert_eq!(root.diff(), FINE);
}

#[test]
fn a_release_steps_as_far_as_its_changes_and_is_never_changed() {
    let root = Root::new();
    assert_eq!(root.bless("1.4.0"), FAILED, "info.version is another one");
    assert_eq!(root.bless("1.3.0"), FINE);
    assert_eq!(root.bless("1.3.0"), FINE, "again, the same");
    root.write(&added());
    assert_eq!(root.bless("1.3.0"), FAILED, "it was released");
    root.write(&added().replace("1.3.0", "1.3.1"));
    assert_eq!(
        root.bless("1.3.1"),
        UNSAID,
        "an addition is more than a patch"
    );
    root.write(&added().replace("1.3.0", "1.4.0"));
    assert_eq!(root.bless("1.4.0"), FINE);
    let kept = std::fs::read_to_string(root.0.path().join("spec/released/1.3.0.yaml")).unwrap();
    assert_eq!(kept, THINGS);
    let newest = baseline::releases(root.0.path()).unwrap().pop();
    assert_eq!(newest.as_deref(), Some("1.4.0"));
}

#[test]
fn versions_are_ordered_by_their_numbers() {
    let root = Root::new();
    let folder = root.0.path().join(RELEASED);
    std::fs::create_dir_all(&folder).unwrap();
    for version in ["1.10.0", "1.9.0", "0.12.0"] {
        std::fs::write(folder.join(format!("{version}.yaml")), THINGS).unwrap();
    }
    let found = baseline::releases(root.0.path()).unwrap();
    assert_eq!(found, ["0.12.0", "1.9.0", "1.10.0"]);
}

#[test]
fn without_a_release_git_has_the_baseline() {
    let root = Root::new();
    assert_eq!(root.diff(), FAILED, "nothing to compare with");
    root.git(&["init", "--quiet"]);
    root.git(&["add", SPEC]);
    root.git(&["commit", "--quiet", "-m", "a"]);
    root.write(&optional());
    assert_eq!(root.diff(), UNSAID);
    let against = |against: &str| What::Diff {
        against: Some(against.to_owned()),
        file: None,
    };
    assert_eq!(root.run(against("HEAD")), UNSAID);
    assert_eq!(root.run(against("no-such-thing")), FAILED);
    let own = root.0.path().join(SPEC).display().to_string();
    assert_eq!(root.run(against(&own)), FINE);
}

#[test]
fn a_change_is_told_to_people_and_programs() {
    let read = |text: &str| Document::examine("t.yaml", text).0.unwrap();
    let changes = openapi_check::changes(&read(THINGS), &read(&optional()));
    let change = changes.iter().next().unwrap();
    let human = message::change(&changes, change, MessageFormat::Human);
    let lines: Vec<&str> = human.lines().map(str::trim_end).collect();
    assert!(
        lines[0].starts_with("major[K03") && lines[0].ends_with("`Thing.name` becomes optional"),
        "{human}"
    );
    let there = [
        "  --> t.yaml:23:9",
        "23 |         name: {type: string}",
        "   |         ^^^^",
    ];
    for line in there {
        assert!(lines.contains(&line), "{line}\n{human}");
    }
    assert!(
        human.contains("= Rust: ") && human.contains("`Thing::name` becomes `Option`"),
        "{human}"
    );
    assert!(lines.contains(&"   = in: listThings"), "{human}");
    let json = message::change(&changes, change, MessageFormat::Json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["level"], "major");
    assert_eq!(json["operations"][0], "listThings");
    let github = message::change(&changes, change, MessageFormat::Github);
    assert!(github.starts_with("::error file=t.yaml,line="), "{github}");
    assert_eq!(
        advice(&changes).unwrap(),
        "info.version 1.3.0 should become 2.0.0"
    );
}
