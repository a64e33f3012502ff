//! Builds the programs from the Go module in `go/`, once per content of its files.
//!
//! The result lives in a folder named by the hash of `go.mod`, `go.sum` and `main.go`, so that a new
//! pin is a new folder and an old checkout finds its own again.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, anyhow, bail, ensure};
use aws_lc_rs::digest::{Context as Digest, SHA256};

use crate::binaries::ASSETS;

/// The names under which the one program is installed.
const NAMES: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kubectl",
];

/// The files that decide what is built.
const SOURCES: [&str; 3] = ["go.mod", "go.sum", "main.go"];

/// What `go build` is told besides the version. Part of the hash: a change here is another program.
const ARGUMENTS: [&str; 4] = ["build", "-trimpath", "-buildvcs=false", "-mod=readonly"];

/// The variables of Kubernetes' version packages that the linker sets; see [`link_flags`].
const LINKED_VARIABLES: [&str; 5] = [
    "gitVersion",
    "gitMajor",
    "gitMinor",
    "gitTreeState",
    "gitCommit",
];

/// The folder with the four programs, built now if it is not there yet.
pub(crate) fn find_or_build() -> anyhow::Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
    let cache = cache_root(
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from),
        std::env::var_os("HOME").map(PathBuf::from),
    )?;
    let target = cache.join(fingerprint(&source)?);
    if is_complete(&target) {
        return Ok(target);
    }

    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = File::create(target.with_extension("lock"))?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another process that builds the control plane");
        lock.lock()
            .context("cannot lock the build of the control plane")?;
    }
    if !is_complete(&target) {
        build(&source, &target)?;
    }
    Ok(target)
}

/// `${XDG_CACHE_HOME:-$HOME/.cache}/kubemint/control-plane`; a relative `XDG_CACHE_HOME` is ignored,
/// as its specification says.
fn cache_root(xdg: Option<PathBuf>, home: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let base = xdg
        .filter(|path| path.is_absolute())
        .or_else(|| {
            home.filter(|path| path.is_absolute())
                .map(|home| home.join(".cache"))
        })
        .context("neither XDG_CACHE_HOME nor HOME names a folder for the built control plane")?;
    Ok(base.join("kubemint").join("control-plane"))
}

/// 32 hex digits of the SHA-256 of everything that decides what is built, platform included.
fn fingerprint(source: &Path) -> anyhow::Result<String> {
    let mut digest = Digest::new(&SHA256);
    let mut add = |part: &[u8]| {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    add(std::env::consts::OS.as_bytes());
    add(std::env::consts::ARCH.as_bytes());
    for argument in ARGUMENTS {
        add(argument.as_bytes());
    }
    for name in SOURCES {
        let path = source.join(name);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        add(name.as_bytes());
        add(&text);
    }
    for name in LINKED_VARIABLES {
        add(name.as_bytes());
    }
    let hash = digest.finish();
    Ok(hash.as_ref()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn is_complete(folder: &Path) -> bool {
    NAMES.iter().all(|name| folder.join(name).is_file())
}

/// Builds into a folder beside `target` and renames it, so that `target` is whole or absent.
fn build(source: &Path, target: &Path) -> anyhow::Result<()> {
    let go_mod = fs::read_to_string(source.join("go.mod"))?;
    let wanted = directive(&go_mod, "go").context("go.mod has no go line")?;
    let version = directive(&go_mod, "k8s.io/kubernetes")
        .context("go.mod does not require k8s.io/kubernetes")?;
    check_go(Path::new("go"), source, wanted, version)?;

    let parent = target.parent().context("the cache has no parent folder")?;
    let fresh = tempfile::Builder::new()
        .prefix("building-")
        .tempdir_in(parent)?;
    let program = fresh.path().join("control-plane");
    eprintln!("building Kubernetes {version} from Go modules: 5 to 10 minutes on two cores, once");
    let began = Instant::now();
    let status = Command::new("go")
        .args(ARGUMENTS)
        .arg("-ldflags")
        .arg(link_flags(version)?)
        .arg("-o")
        .arg(&program)
        .arg(".")
        .current_dir(source)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        // Standard output belongs to the caller, who may print a path there.
        .stdout(Stdio::null())
        .status()
        .context("cannot run go")?;
    ensure!(
        status.success(),
        "go build of the control plane failed ({status}); its messages are above"
    );

    for name in NAMES {
        std::os::unix::fs::symlink("control-plane", fresh.path().join(name))?;
    }
    // What an interrupted removal may have left.
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    fs::set_permissions(
        fresh.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?;
    fs::rename(fresh.keep(), target)
        .with_context(|| format!("cannot create {}", target.display()))?;
    eprintln!(
        "built in {} s: {}",
        began.elapsed().as_secs(),
        target.display()
    );
    Ok(())
}

/// What follows `key` on its line of a go.mod: a requirement's version, or a directive's value.
fn directive<'a>(go_mod: &'a str, key: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let mut words = line
            .trim()
            .trim_start_matches("require ")
            .split_whitespace();
        (words.next() == Some(key)).then(|| words.next()).flatten()
    })
}

/// The linker flags with which the programs know their version, as upstream's release build sets them.
fn link_flags(version: &str) -> anyhow::Result<String> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        bail!("{version} is no Kubernetes version");
    };
    let mut flags = String::from("-s -w");
    for package in [
        "k8s.io/component-base/version",
        "k8s.io/client-go/pkg/version",
    ] {
        // No commit: the modules do not tell it, and unset it would be a placeholder of the source.
        for (name, value) in LINKED_VARIABLES
            .iter()
            .zip([version, major, minor, "clean", "modules"])
        {
            flags.push_str(&format!(" -X {package}.{name}={value}"));
        }
    }
    Ok(flags)
}

/// Refuses early, with the ways out, when there is no Go that can build the module.
fn check_go(go: &Path, source: &Path, wanted: &str, version: &str) -> anyhow::Result<()> {
    // In the module's folder: there a Go that may fetch newer toolchains tells the one it would use.
    let answer = Command::new(go)
        .args(["env", "GOVERSION"])
        .current_dir(source)
        .output();
    let found = match answer {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .trim()
            .trim_start_matches("go")
            .to_owned(),
        Ok(output) => {
            return Err(unusable_go(
                &format!("`go env` failed ({})", output.status),
                wanted,
                version,
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(unusable_go("`go` was not found", wanted, version));
        }
        Err(error) => {
            return Err(unusable_go(
                &format!("`go` cannot be run ({error})"),
                wanted,
                version,
            ));
        }
    };
    match (release(&found), release(wanted)) {
        (Some(found_release), Some(wanted_release)) if found_release < wanted_release => Err(
            unusable_go(&format!("the `go` found is {found}"), wanted, version),
        ),
        // A development version has no release number: let the build itself decide.
        _ => Ok(()),
    }
}

/// `1.26.8` as (1, 26).
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(['.', '-', 'r', 'b', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn unusable_go(problem: &str, wanted: &str, version: &str) -> anyhow::Error {
    anyhow!(
        "{problem}, and the control plane of the tests (Kubernetes {version}) is not built yet: \
         building it needs Go {wanted} or newer. Either install that (https://go.dev/doc/install, or \
         your system's package manager) and run this again, or set {ASSETS} to a folder with {}",
        NAMES.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO_MOD: &str = "module m\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/kubectl v0.37.2\n\tk8s.io/kubernetes v1.37.2\n)\n";

    fn sources(main: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("go.mod", GO_MOD), ("go.sum", "sum"), ("main.go", main)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn the_same_sources_have_the_same_fingerprint_wherever_they_are() {
        let (one, other) = (sources("package main"), sources("package main"));
        let fingerprint_of_one = fingerprint(one.path()).unwrap();
        assert_eq!(fingerprint_of_one, fingerprint(other.path()).unwrap());
        assert_eq!(fingerprint_of_one.len(), 32);
    }

    #[test]
    fn a_change_in_any_source_changes_the_fingerprint() {
        let folder = sources("package main");
        let mut seen = vec![fingerprint(folder.path()).unwrap()];
        for name in SOURCES {
            fs::write(folder.path().join(name), "changed").unwrap();
            let now = fingerprint(folder.path()).unwrap();
            assert!(!seen.contains(&now), "{name} does not count");
            seen.push(now);
        }
    }

    #[test]
    fn text_moved_from_one_file_to_the_next_changes_the_fingerprint() {
        let (one, other) = (sources(""), sources(""));
        fs::write(one.path().join("go.mod"), "ab").unwrap();
        fs::write(one.path().join("go.sum"), "c").unwrap();
        fs::write(other.path().join("go.mod"), "a").unwrap();
        fs::write(other.path().join("go.sum"), "bc").unwrap();
        assert_ne!(
            fingerprint(one.path()).unwrap(),
            fingerprint(other.path()).unwrap()
        );
    }

    #[test]
    fn the_cache_is_where_xdg_says_and_else_in_the_home_folder() {
        let root = |xdg: Option<&str>, home: Option<&str>| {
            cache_root(xdg.map(Into::into), home.map(Into::into))
        };
        assert_eq!(
            root(Some("/x"), Some("/h")).unwrap(),
            Path::new("/x/kubemint/control-plane")
        );
        assert_eq!(
            root(None, Some("/h")).unwrap(),
            Path::new("/h/.cache/kubemint/control-plane")
        );
        assert_eq!(
            root(Some("x"), Some("/h")).unwrap(),
            Path::new("/h/.cache/kubemint/control-plane")
        );
        assert!(root(None, None).is_err());
    }

    #[test]
    fn versions_are_read_from_go_mod() {
        assert_eq!(directive(GO_MOD, "go"), Some("1.26.0"));
        assert_eq!(directive(GO_MOD, "k8s.io/kubernetes"), Some("v1.37.2"));
        assert_eq!(directive(GO_MOD, "k8s.io/kube"), None);
    }

    #[test]
    fn the_pinned_module_says_which_go_and_which_kubernetes() {
        let go_mod =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("go/go.mod")).unwrap();
        assert!(release(directive(&go_mod, "go").unwrap()).is_some());
        let version = directive(&go_mod, "k8s.io/kubernetes").unwrap();
        let staging = version.replacen("v1.", "v0.", 1);
        assert!(go_mod.contains(&format!(
            "\tk8s.io/apiserver => k8s.io/apiserver {staging}\n"
        )));
    }

    #[test]
    fn the_linker_is_told_the_version_in_both_places() {
        let flags = link_flags("v1.37.2").unwrap();
        assert!(
            flags.contains("-X k8s.io/component-base/version.gitVersion=v1.37.2"),
            "{flags}"
        );
        assert!(
            flags.contains("-X k8s.io/client-go/pkg/version.gitMinor=37"),
            "{flags}"
        );
        assert!(link_flags("v1").is_err());
    }

    #[test]
    fn a_missing_go_is_reported_with_the_version_needed_and_the_ways_out() {
        let here = std::env::temp_dir();
        let error = check_go(Path::new("no-such-go"), &here, "1.26.0", "v1.37.2")
            .unwrap_err()
            .to_string();
        for part in [
            "`go` was not found",
            "Go 1.26.0 or newer",
            "https://go.dev",
            ASSETS,
            "v1.37.2",
        ] {
            assert!(error.contains(part), "no {part:?} in: {error}");
        }
    }

    #[test]
    fn a_go_that_is_too_old_is_reported_with_both_versions() {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("old-go");
        fs::write(&go, "#!/bin/sh\necho go1.24.3\n").unwrap();
        fs::set_permissions(&go, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let error = check_go(&go, folder.path(), "1.26.0", "v1.37.2")
            .unwrap_err()
            .to_string();
        assert!(error.contains("the `go` found is 1.24.3"), "{error}");
        assert!(error.contains("Go 1.26.0 or newer"), "{error}");
        check_go(&go, folder.path(), "1.24.0", "v1.33.0").unwrap();
    }

    #[test]
    fn a_folder_is_complete_only_with_all_four_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in NAMES {
            assert!(!is_complete(folder.path()));
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(is_complete(folder.path()));
    }
}
