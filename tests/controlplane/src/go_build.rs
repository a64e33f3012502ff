//! Builds the programs from the Go module in `go/`, once per content of its files.
//!
//! The result lives in a folder named by the hash of `go.mod`, `go.sum` and `main.go`, so that a new
//! pin is a new folder and an old checkout finds its own again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use aws_lc_rs::digest::{Context as Digest, SHA256};

use crate::toolchain::{LINKED_VARIABLES, check_go, directive, link_flags};

/// The names under which the one program is installed.
pub(crate) const NAMES: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kubectl",
];

/// The files that decide what is built.
const SOURCES: [&str; 3] = ["go.mod", "go.sum", "main.go"];

/// What `go build` is told besides the version. Part of the hash: a change here is another program.
const ARGUMENTS: [&str; 4] = ["build", "-trimpath", "-buildvcs=false", "-mod=readonly"];

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
    eprintln!(
        "building Kubernetes {version} from Go modules: about ten minutes on two cores, once"
    );
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(main: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("go.mod", "module m"), ("go.sum", "sum"), ("main.go", main)] {
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
    fn a_folder_is_complete_only_with_all_four_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in NAMES {
            assert!(!is_complete(folder.path()));
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(is_complete(folder.path()));
    }
}
