//! What the command line says: help and the manifest, as expected text, and how it ends.

use std::path::Path;
use std::process::{Command, Output};

use harness::binary;

/// Compares with `tests/golden/NAME`. `EXPECTORATE=overwrite` writes it anew.
pub(crate) fn golden(name: &str, actual: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden");
    expectorate::assert_contents(folder.join(name), actual);
}

/// Runs the binary in a folder. Help is laid out for a terminal of 100 columns, whatever there is.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(folder)
        .env("COLUMNS", "100");
    command.output().expect("the binary")
}

/// Everything that was told: the exit code, and what went where.
pub(crate) fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let section = |name: &str, text: &str| {
        if text.is_empty() {
            String::new()
        } else {
            format!("--- {name}\n{text}")
        }
    };
    let code = output.status.code().expect("an exit code");
    format!(
        "--- exit code {code}\n{}{}",
        section("standard output", &out),
        section("standard error", &err)
    )
}

pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// Adds the help of a command and of every command below it, as the help itself lists them.
fn help(folder: &Path, command: &[&str], all: &mut String) {
    let output = run(folder, &[command, &["--help"]].concat());
    assert!(output.status.success(), "{command:?}");
    *all += &format!("=== {}\n{}\n", command.join(" "), told(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    let listed = text
        .split_once("\nCommands:\n")
        .map_or("", |(_, rest)| rest);
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let names: Vec<&str> = listed
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    for name in names {
        help(folder, &[command, &[name]].concat(), all);
    }
}

#[test]
fn help_says_what_each_command_does() {
    let folder = folder(&[]);
    let mut all = String::new();
    help(folder.path(), &[], &mut all);
    all += &format!("=== (nothing)\n{}", told(&run(folder.path(), &[])));
    all += &format!(
        "\n=== serve without a file\n{}",
        told(&run(folder.path(), &["serve"]))
    );
    golden("help.txt", &all);
}

/// Every command that tells something and needs no server, with standard output somewhere that cannot be written.
#[test]
fn who_stops_reading_is_no_failure_and_a_full_disk_is_told() {
    let (folder, _) = example();
    let ended = |arguments: &[&str], out: std::process::Stdio| {
        let mut command = Command::new(binary());
        let command = command.args(arguments).current_dir(folder.path());
        command.stdout(out).output().expect("the binary")
    };
    for arguments in [
        &["check-config", "--example"][..],
        &["check-config", "kubemint.toml"],
        &["manifest", "--config", "kubemint.toml"],
        &["policy", "check", "--config", "kubemint.toml"],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("a full disk");
        let output = ended(arguments, full.into());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            told.contains("error: cannot write to standard output: "),
            "{told}"
        );
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = ended(arguments, writer.into());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    // What is wrong is wrong although nobody reads of it: there is no store, and no issuer and no cluster that answers.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = ended(&["doctor", "--config", "kubemint.toml"], writer.into());
    assert_eq!(output.status.code(), Some(1));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}

#[test]
fn a_cluster_is_accepted_in_a_store_that_is_there_and_none_is_made() {
    let (folder, text) = example();
    let name = ["region", "project", "id"].map(|key| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")));
        line.and_then(|line| line.split('"').nth(1))
            .expect("a cluster")
            .to_owned()
    });
    let arguments = [
        "accept-cluster",
        "--config",
        "kubemint.toml",
        "--cluster",
        &name.join("/"),
    ];
    for empty in [false, true] {
        if empty {
            std::fs::write(folder.path().join("kubemint.db"), "").expect("a file");
        }
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(
            told(&output).contains("there is no database at ./kubemint.db"),
            "{}",
            told(&output)
        );
        assert!(!folder.path().join("kubemint.db.lock").exists());
    }
    assert_eq!(
        std::fs::metadata(folder.path().join("kubemint.db"))
            .expect("a file")
            .len(),
        0
    );
}

/// Nobody but its owner may read a file.
fn secret(folder: &Path, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.join(name), mode).expect("a file");
}

/// The printed example in a folder with the files that it names.
pub(crate) fn example() -> (tempfile::TempDir, String) {
    let folder = folder(&[("cluster-token", "secret")]);
    secret(folder.path(), "cluster-token");
    let output = run(folder.path(), &["check-config", "--example"]);
    assert!(output.status.success(), "{}", told(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    std::fs::write(folder.path().join("kubemint.toml"), &text).expect("a file");
    (folder, text)
}

#[test]
fn the_manifest_is_what_an_operator_applies() {
    let (folder, text) = example();
    golden(
        "manifest.txt",
        &told(&run(
            folder.path(),
            &["manifest", "--config", "kubemint.toml"],
        )),
    );

    // Of several clusters, one is to be chosen.
    let (head, cluster) = text.split_once("[[clusters]]").expect("a cluster");
    let second = cluster
        .replace("cluster-a1b2c3", "cluster-d4e5f6")
        .replace("10.0.0.7", "10.0.0.8");
    let several = format!("{head}[[clusters]]{cluster}\n[[clusters]]{second}");
    std::fs::write(folder.path().join("several.toml"), several).expect("a file");
    let mut all = told(&run(
        folder.path(),
        &["manifest", "--config", "several.toml"],
    ));
    let choose = |name: &str| {
        run(
            folder.path(),
            &["manifest", "--config", "several.toml", "--cluster", name],
        )
    };
    all += &format!(
        "\n=== unknown\n{}",
        told(&choose("us-texas-1/project-x9y8z7/cluster-never"))
    );
    golden("manifest-choice.txt", &all);
    let chosen = choose("us-texas-1/project-x9y8z7/cluster-d4e5f6");
    let printed = String::from_utf8_lossy(&chosen.stdout).into_owned();
    assert!(
        printed.contains("cluster-d4e5f6") && !printed.contains("cluster-a1b2c3"),
        "{printed}"
    );
}
