//! What a spec author meets: a copy of this workspace, edited, generated again, and compiled.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

fn generate(copy: &Path, check: bool) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "xtask",
            "--",
            "gen",
            "--root",
        ])
        .arg(copy);
    if check {
        command.arg("--check");
    }
    command.current_dir(workspace()).output().unwrap()
}

/// Compiles in the copy. What comes from elsewhere is taken from this workspace's own build.
fn build(copy: &Path, packages: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--offline", "--lib"]);
    for package in packages {
        command.args(["--package", package]);
    }
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

fn told(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn an_added_operation_is_a_method_that_the_compiler_misses_in_the_server() {
    let copy = copy();
    let added = "      operationId: getKubeconfigFile\n";
    edit(
        copy.path(),
        added,
        &format!("{added}      x-edited: true\n"),
    );
    // The same answers as its neighbour, under a name and a path of its own.
    let path = copy.path().join("spec/openapi.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("components:\n").unwrap();
    let mut blocks = before.split("  /v1/").skip(1);
    let block = blocks.find(|block| block.contains(added)).unwrap();
    let block = format!("  /v1/{block}")
        .replace("/file:", "/history:")
        .replace("getKubeconfigFile", "getKubeconfigHistory");
    std::fs::write(&path, format!("{before}{block}components:\n{rest}")).unwrap();

    assert_eq!(generate(copy.path(), true).status.code(), Some(4), "stale");
    let generated = generate(copy.path(), false);
    assert_eq!(generated.status.code(), Some(0), "{}", told(&generated));
    assert_eq!(generate(copy.path(), true).status.code(), Some(0), "fresh");

    let contract = build(
        copy.path(),
        &["kubeconfig-types", "kubeconfig-api", "kubeconfig-client"],
    );
    assert!(contract.status.success(), "{}", told(&contract));
    let server = told(&build(copy.path(), &["kubemint-server"]));
    assert!(server.contains("error[E0046]"), "{server}");
    assert!(
        server.contains("missing: `get_kubeconfig_history`"),
        "{server}"
    );
}

#[test]
fn a_tightened_pattern_is_in_the_types_that_server_and_client_share() {
    let copy = copy();
    edit(
        copy.path(),
        "      pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$'\n      example: address-j1k2l3",
        "      pattern: '^[a-y]([-a-z0-9]*[a-z0-9])?$'\n      example: address-j1k2l3",
    );
    let generated = generate(copy.path(), false);
    assert_eq!(generated.status.code(), Some(0), "{}", told(&generated));
    let text = |krate: &str| {
        std::fs::read_to_string(
            copy.path()
                .join("crates")
                .join(krate)
                .join("src/generated.rs"),
        )
        .unwrap()
    };
    assert!(text("kubeconfig-types").contains("^[a-y]("));
    assert!(
        text("kubeconfig-api").contains("^[a-y]("),
        "the strict decoder judges by it too"
    );
    let contract = build(
        copy.path(),
        &["kubeconfig-types", "kubeconfig-api", "kubeconfig-client"],
    );
    assert!(contract.status.success(), "{}", told(&contract));
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
