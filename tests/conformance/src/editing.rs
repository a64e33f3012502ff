//! What a spec author meets: a copy of this workspace, edited, generated again, and compiled.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A copy of what git tracks or would. Its crates have another version, so that cargo, which knows the crates of a
/// workspace by name and version, never takes what is built of the copy for this workspace's own.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(
        listed.status.success(),
        "this test needs git and a checkout"
    );
    for path in String::from_utf8(listed.stdout).unwrap().lines() {
        let (from, to) = (workspace().join(path), folder.path().join(path));
        if from.is_file() {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        }
    }
    let manifest = folder.path().join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let version = format!("version = \"{}\"\nedition", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        text.matches(&version).count(),
        1,
        "the workspace's version is there once"
    );
    std::fs::write(
        manifest,
        text.replace(&version, "version = \"0.0.0-edited\"\nedition"),
    )
    .unwrap();
    folder
}

/// Changes the copy's document.
fn edit(copy: &Path, from: &str, to: &str) {
    let path = copy.join("spec/openapi.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from:?} is there once");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// By the tool with the features that the default members have together, as the test command built what it stands on:
/// `--package xtask` would compile half of that again.
fn generate(copy: &Path, check: bool) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["run", "--quiet", "--locked", "--bin", "xtask"])
        .args(["--", "gen", "--root"])
        .arg(copy);
    if check {
        command.arg("--check");
    }
    command.current_dir(workspace()).output().unwrap()
}

/// Compiles the server in the copy, and what it stands on: that is types, API and client, too. What comes from elsewhere is
/// taken from this workspace's own build, whose features are the whole workspace's.
fn build(copy: &Path) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--offline", "--workspace", "--keep-going"]);
    command.args(["--bin", "kubemint-server"]);
    let target = std::env::current_exe().unwrap();
    let target = target
        .ancestors()
        .find(|folder| folder.ends_with("debug"))
        .and_then(Path::parent);
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target);
    }
    command.current_dir(copy).output().unwrap()
}

/// What became of a document with an operation more and a tighter pattern, which is compiled once for the tests of both.
struct Edited {
    /// Exit codes of the tool: before it wrote, when it wrote, and after.
    codes: [Option<i32>; 3],
    told: String,
    types: String,
    api: String,
    /// What the compiler said.
    built: String,
}

fn edited() -> &'static Edited {
    static EDITED: OnceLock<Edited> = OnceLock::new();
    EDITED.get_or_init(|| {
        let copy = copy();
        let copy = copy.path();
        tighten_a_pattern(copy);
        add_an_operation(copy);
        let stale = generate(copy, true);
        let generated = generate(copy, false);
        let fresh = generate(copy, true);
        let text = |krate: &str| {
            let file = copy.join("crates").join(krate).join("src/generated.rs");
            std::fs::read_to_string(file).unwrap()
        };
        Edited {
            codes: [&stale, &generated, &fresh].map(|output| output.status.code()),
            told: told(&generated),
            types: text("kubeconfig-types"),
            api: text("kubeconfig-api"),
            built: told(&build(copy)),
        }
    })
}

fn tighten_a_pattern(copy: &Path) {
    edit(
        copy,
        "      pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$'\n      example: address-j1k2l3",
        "      pattern: '^[a-y]([-a-z0-9]*[a-z0-9])?$'\n      example: address-j1k2l3",
    );
}

/// One with the same answers as its neighbour, under a name and a path of its own.
fn add_an_operation(copy: &Path) {
    let neighbour = "      operationId: getKubeconfigFile\n";
    edit(
        copy,
        neighbour,
        &format!("{neighbour}      x-edited: true\n"),
    );
    let path = copy.join("spec/openapi.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("components:\n").unwrap();
    let mut blocks = before.split("  /v1/").skip(1);
    let block = blocks.find(|block| block.contains(neighbour)).unwrap();
    let block = format!("  /v1/{block}")
        .replace("/file:", "/history:")
        .replace("getKubeconfigFile", "getKubeconfigHistory");
    std::fs::write(&path, format!("{before}{block}components:\n{rest}")).unwrap();
}

fn told(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The crates that the compiler refused, by name.
fn refused(built: &str) -> Vec<&str> {
    let refused = built.split("error: could not compile `").skip(1);
    refused.filter_map(|rest| rest.split('`').next()).collect()
}

#[test]
fn an_added_operation_is_a_method_that_the_compiler_misses_in_the_server() {
    let Edited {
        codes, told, built, ..
    } = edited();
    assert_eq!(
        *codes,
        [Some(4), Some(0), Some(0)],
        "stale, generated, fresh: {told}"
    );
    assert_eq!(refused(built), ["kubemint-server"], "{built}");
    assert!(built.contains("error[E0046]"), "{built}");
    assert!(
        built.contains("missing: `get_kubeconfig_history`"),
        "{built}"
    );
}

#[test]
fn a_tightened_pattern_is_in_the_types_that_server_and_client_share() {
    let edited = edited();
    assert_eq!(edited.codes[1], Some(0), "{}", edited.told);
    assert!(edited.types.contains("^[a-y]("));
    assert!(
        edited.api.contains("^[a-y]("),
        "the strict decoder judges by it too"
    );
    // It is compiled before the server, whose own error is the only one.
    assert_eq!(
        refused(&edited.built),
        ["kubemint-server"],
        "{}",
        edited.built
    );
}

#[test]
fn a_mistake_is_told_by_its_place_and_nothing_is_written() {
    let copy = copy();
    edit(
        copy.path(),
        "      example: address-j1k2l3",
        "      example: Address_J1K2L3",
    );
    let line = std::fs::read_to_string(copy.path().join("spec/openapi.yaml")).unwrap();
    let line = line
        .lines()
        .position(|line| line.contains("Address_J1K2L3"))
        .unwrap()
        + 1;
    let before =
        std::fs::read(copy.path().join("crates/kubeconfig-types/src/generated.rs")).unwrap();
    let output = generate(copy.path(), false);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let told = told(&output);
    assert!(told.contains("error[K0104]"), "{told}");
    assert!(
        told.contains(&format!("spec/openapi.yaml:{line}:16")),
        "{told}"
    );
    assert!(told.contains("nothing was written"), "{told}");
    let after =
        std::fs::read(copy.path().join("crates/kubeconfig-types/src/generated.rs")).unwrap();
    assert_eq!(before, after);
}
