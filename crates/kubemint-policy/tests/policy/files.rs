//! An operator's files: read, refused with their place, read again.

use std::fs;
use std::path::{Path, PathBuf};

use kubemint::policy::Action;
use kubemint::ports::Policy;
use kubemint_policy::{
    CedarPolicy, DEFAULT_POLICIES, PolicyConfig, PolicyError, Problem, ProjectGroup,
};
use tempfile::TempDir;

use crate::{alice, ask, cluster};

const PERMIT_ALL: &str = "@id(\"all\")\npermit (principal, action, resource);\n";
const FORBID_ALL: &str = "@id(\"none\")\nforbid (principal, action, resource);\n";

pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

pub(crate) fn load(folder: &Path, files: &[&str]) -> Result<CedarPolicy, PolicyError> {
    let files = Some(files.iter().map(PathBuf::from).collect());
    CedarPolicy::load(
        &PolicyConfig {
            files,
            ..PolicyConfig::default()
        },
        folder,
    )
}

/// The problems of one file with this text.
fn problems(text: &str) -> Vec<Problem> {
    let folder = folder(&[("ours.cedar", text)]);
    match load(folder.path(), &["ours.cedar"]) {
        Err(PolicyError::Invalid(problems)) => problems,
        other => panic!("{:?}", other.map(|policy| policy.hash())),
    }
}

pub(crate) fn lists(policy: &CedarPolicy) -> bool {
    policy
        .decide(&ask(&alice(&[], None, None), Action::List, &cluster()))
        .allowed
}

#[test]
fn configured_files_replace_the_default_policies() {
    assert!(!lists(&CedarPolicy::embedded()));
    let folder = folder(&[("a.cedar", PERMIT_ALL), ("b.cedar", FORBID_ALL)]);
    assert!(lists(&load(folder.path(), &["a.cedar"]).unwrap()));
    assert!(!lists(
        &load(folder.path(), &["a.cedar", "b.cedar"]).unwrap()
    ));
}

#[test]
fn the_hash_is_that_of_the_texts_one_after_the_other() {
    // printf '@id("all")\npermit (principal, action, resource);\n' | sha256sum
    let expected = "6c2afbe176c201d6e59e632981ad94322226c03e3c512e57a6c970b84639df5e";
    let folder = folder(&[
        ("a.cedar", PERMIT_ALL),
        ("b.cedar", FORBID_ALL),
        ("ab.cedar", &format!("{PERMIT_ALL}{FORBID_ALL}")),
    ]);
    let hash = |files: &[&str]| load(folder.path(), files).unwrap().hash();
    assert_eq!(hash(&["a.cedar"]), expected);
    assert_eq!(hash(&["a.cedar", "b.cedar"]), hash(&["ab.cedar"]));
    assert_ne!(hash(&["a.cedar", "b.cedar"]), hash(&["b.cedar", "a.cedar"]));
}

#[test]
fn a_policy_that_does_not_parse_is_refused_at_its_place() {
    let found = problems(
        "@id(\"ok\")\npermit (principal, action, resource);\n\nforbid (principal, action resource);\n",
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].file.as_str(), found[0].line, found[0].column),
        ("ours.cedar", Some(4), Some(27)),
        "{found:?}"
    );
    assert!(
        found[0].to_string().starts_with("ours.cedar:4:27: "),
        "{}",
        found[0]
    );
}

#[test]
fn a_policy_that_speaks_of_what_the_schema_does_not_know_is_refused_at_its_place() {
    let wrong = [
        (
            "permit (principal, action, resource)\nwhen { principal.clearance == 3 };\n",
            "clearance",
        ),
        (
            "permit (principal,\n  action == Action::\"compute.kubeconfigs.steal\", resource);\n",
            "steal",
        ),
        (
            "permit (principal, action, resource)\nwhen { principal.tenant == \"t\" };\n",
            "tenant",
        ),
        (
            "permit (principal, action, resource)\nwhen { context has role && context.role < 3 };\n",
            "Long",
        ),
        (
            "permit (principal, action, resource)\nwhen { resource in Team::\"t\" };\n",
            "Team",
        ),
    ];
    for (text, word) in wrong {
        let found = problems(text);
        let at_line_2 = found
            .iter()
            .find(|problem| problem.line == Some(2))
            .unwrap_or_else(|| panic!("{found:?}"));
        assert!(at_line_2.message.contains(word), "{found:?}");
    }
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    let found = problems(
        "@id(\"never\")\npermit (principal, action, resource) when { principal in resource };\n",
    );
    assert!(
        found
            .iter()
            .any(|problem| problem.message.contains("never")),
        "{found:?}"
    );
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let folder = folder(&[
        ("a.cedar", "permit (principal);"),
        (
            "b.cedar",
            "permit (principal, action, resource) when { 1 };",
        ),
    ]);
    let error = load(folder.path(), &["a.cedar", "b.cedar"]).err().unwrap();
    let told = error.to_string();
    assert!(
        told.contains("a.cedar:1:") && told.contains("b.cedar:1:"),
        "{told}"
    );
}

#[test]
fn templates_empty_files_and_ids_used_twice_are_refused() {
    assert!(
        problems("permit (principal == ?principal, action, resource);")[0]
            .message
            .contains("template")
    );
    assert!(
        problems("// nothing left of it\n")[0]
            .message
            .contains("no policy")
    );
    assert!(
        problems(&format!("{PERMIT_ALL}{PERMIT_ALL}"))[0]
            .message
            .contains("\"all\"")
    );
    assert!(
        problems("@id(\"\") permit (principal, action, resource);")[0]
            .message
            .contains("id")
    );
    let folder = folder(&[("a.cedar", PERMIT_ALL), ("b.cedar", PERMIT_ALL)]);
    let error = load(folder.path(), &["a.cedar", "b.cedar"]).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("b.cedar: the id \"all\" is taken by a policy of a.cedar"),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = folder(&[("latin.cedar", "")]);
    fs::write(
        folder.path().join("latin.cedar"),
        b"// caf\xe9\npermit (principal, action, resource);",
    )
    .unwrap();
    fs::write(
        folder.path().join("huge.cedar"),
        vec![b' '; 2 * 1024 * 1024],
    )
    .unwrap();
    for name in ["absent.cedar", "latin.cedar", "huge.cedar"] {
        let error = load(folder.path(), &[name]).err().unwrap();
        assert!(
            matches!(error, PolicyError::Read { .. }) && error.to_string().contains(name),
            "{error}"
        );
    }
    let error = load(folder.path(), &[]).err().unwrap();
    assert!(error.to_string().starts_with("policy.files: "), "{error}");
}

#[test]
fn reload_takes_a_good_set_and_keeps_the_old_one_otherwise() {
    let folder = folder(&[("p.cedar", PERMIT_ALL)]);
    let file = folder.path().join("p.cedar");
    let policy = load(folder.path(), &["p.cedar"]).unwrap();
    let before = policy.hash();
    assert!(lists(&policy));

    for broken in [
        "permit (",
        "permit (principal, action, resource) when { principal.x };",
        "",
    ] {
        fs::write(&file, broken).unwrap();
        assert!(policy.reload().is_err(), "{broken:?}");
        assert!(lists(&policy) && policy.hash() == before, "{broken:?}");
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(policy.reload(), Err(PolicyError::Read { .. })));
    assert!(lists(&policy) && policy.hash() == before);

    assert!(policy.hash_of_files().is_err());

    fs::write(&file, FORBID_ALL).unwrap();
    let seen = policy.hash_of_files().unwrap();
    assert!(lists(&policy) && policy.hash() == before, "seen, not taken");
    let after = policy.reload().unwrap();
    assert_eq!(after, seen);
    assert!(!lists(&policy));
    assert_eq!(policy.hash(), after);
    assert_ne!(before, after);
}

#[test]
fn files_that_change_after_a_look_are_not_taken_for_what_was_seen() {
    let folder = folder(&[("p.cedar", PERMIT_ALL)]);
    let policy = load(folder.path(), &["p.cedar"]).unwrap();
    let before = policy.hash();
    fs::write(folder.path().join("p.cedar"), FORBID_ALL).unwrap();
    let seen = policy.hash_of_files().unwrap();
    fs::write(
        folder.path().join("p.cedar"),
        format!("{PERMIT_ALL}// half"),
    )
    .unwrap();
    assert!(policy.read(Some(&seen)).unwrap().is_none());
    assert_eq!(policy.hash(), before);
    fs::write(folder.path().join("p.cedar"), FORBID_ALL).unwrap();
    let read = policy.read(Some(&seen)).unwrap().unwrap();
    let prepared = policy.check(&read).unwrap();
    assert_ne!(policy.hash(), seen, "nothing applies before it is taken");
    assert_eq!(policy.take(prepared), seen);
    assert_eq!(policy.hash(), seen);
}

#[test]
fn the_policies_in_the_program_reload_to_themselves() {
    let policy = CedarPolicy::embedded();
    let before = policy.hash();
    assert_eq!(policy.reload().unwrap(), before);
    assert_eq!(policy.hash_of_files().unwrap(), before);
    let folder = folder(&[("copy.cedar", DEFAULT_POLICIES)]);
    let copy = load(folder.path(), &["copy.cedar"]).unwrap();
    assert_eq!(copy.hash(), before);
    assert!(copy.has_files() && !policy.has_files());
}

#[test]
fn the_configuration_is_read_strictly() {
    let good: PolicyConfig = toml::from_str(
        "files = ['a.cedar']\n[[folders]]\nid = 'f'\nprojects = ['p']\n[[organizations]]\nid = 'o'\nprojects = []\n",
    )
    .unwrap();
    assert_eq!(good.files, Some(vec![PathBuf::from("a.cedar")]));
    assert_eq!(
        toml::from_str::<PolicyConfig>("").unwrap(),
        PolicyConfig::default()
    );
    for (text, word) in [
        ("file = 'a.cedar'", "file"),
        ("[[folders]]\nid = 'f'\nproject = 'p'", "project"),
        ("[[folders]]\nid = 'f'", "projects"),
    ] {
        let error = toml::from_str::<PolicyConfig>(text).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    for (text, key) in [
        (
            "[[folders]]\nid = ''\nprojects = []",
            "policy.folders[0].id",
        ),
        (
            "[[organizations]]\nid = 'o'\nprojects = ['p', 'a b']",
            "policy.organizations[0].projects[1]",
        ),
        (
            "[[folders]]\nid = 'f'\nprojects = []\n[[folders]]\nid = 'f'\nprojects = []",
            "policy.folders[1].id",
        ),
    ] {
        let config: PolicyConfig = toml::from_str(text).unwrap();
        let error = CedarPolicy::load(&config, Path::new("")).err().unwrap();
        assert!(
            error.to_string().starts_with(&format!("{key}: ")),
            "{error}"
        );
    }
}

#[test]
fn an_id_is_128_characters_at_most_and_each_of_them_is_seen() {
    let with = |id: &str| format!("@id({id:?})\npermit (principal, action, resource);\n");
    for id in ["i".repeat(128), "ß".repeat(128)] {
        let folder = folder(&[("a.cedar", &with(&id))]);
        let policy = load(folder.path(), &["a.cedar"]).unwrap();
        let reasons = policy.decide(&ask(&alice(&[], None, None), Action::List, &cluster()));
        assert_eq!(reasons.reasons, [id]);
    }
    for text in [
        with(&"i".repeat(129)),
        with("a\tb"),
        with("a\u{202e}b"),
        with("a\u{200b}"),
        with(&format!("{}\n", "i".repeat(200))),
    ] {
        assert!(problems(&text)[0].message.contains("too long"), "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_told_for_what_it_is() {
    let told = &problems(&format!("\u{feff}{PERMIT_ALL}"))[0].message;
    assert!(told.starts_with("begins with a byte order mark"), "{told}");
}

#[test]
fn a_file_of_a_mebibyte_is_read_and_one_octet_more_is_not() {
    let padded = |size: usize| format!("{PERMIT_ALL}//{}", "x".repeat(size - PERMIT_ALL.len() - 2));
    let most = 1024 * 1024;
    let folder = folder(&[
        ("most.cedar", &padded(most)),
        ("more.cedar", &padded(most + 1)),
    ]);
    assert!(lists(&load(folder.path(), &["most.cedar"]).unwrap()));
    let error = load(folder.path(), &["more.cedar"]).err().unwrap();
    assert!(matches!(error, PolicyError::Read { .. }), "{error}");
}

#[test]
fn a_group_is_named_by_253_octets_at_most() {
    let config = |id: String, project: String| PolicyConfig {
        folders: vec![ProjectGroup {
            id,
            projects: vec![project],
        }],
        ..PolicyConfig::default()
    };
    let (longest, longer) = ("x".repeat(253), "x".repeat(254));
    let loads = |config: &PolicyConfig| CedarPolicy::load(config, Path::new("")).map(|_| ());
    assert!(loads(&config(longest.clone(), longest.clone())).is_ok());
    for (config, key) in [
        (
            config(longer.clone(), longest.clone()),
            "policy.folders[0].id: ",
        ),
        (
            config(longest.clone(), longer),
            "policy.folders[0].projects[0]: ",
        ),
        (
            config("a\u{7}".to_owned(), longest),
            "policy.folders[0].id: ",
        ),
    ] {
        let told = loads(&config).unwrap_err().to_string();
        assert!(told.starts_with(key), "{told}");
    }
}
