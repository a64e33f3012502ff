//! What building takes: the versions in go.mod, a Go that is new enough, and the linker's flags.

use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::binaries::ASSETS;
use crate::go_build::NAMES;

/// The variables of Kubernetes' version packages that the linker sets; see [`link_flags`].
pub(crate) const LINKED_VARIABLES: [&str; 5] = [
    "gitVersion",
    "gitMajor",
    "gitMinor",
    "gitTreeState",
    "gitCommit",
];

/// What follows `key` on its line of a go.mod: a requirement's version, or a directive's value.
pub(crate) fn directive<'a>(go_mod: &'a str, key: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let mut words = line
            .trim()
            .trim_start_matches("require ")
            .split_whitespace();
        (words.next() == Some(key)).then(|| words.next()).flatten()
    })
}

/// The linker flags with which the programs know their version, as upstream's release build sets them.
pub(crate) fn link_flags(version: &str) -> anyhow::Result<String> {
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

/// Refuses early, with the ways out, when there is no Go that can build the module in `source`.
pub(crate) fn check_go(
    go: &Path,
    source: &Path,
    wanted: &str,
    version: &str,
) -> anyhow::Result<()> {
    // In the module's folder: there a Go that may fetch newer toolchains tells the one it would use.
    let answer = Command::new(go)
        .args(["env", "GOVERSION"])
        .current_dir(source)
        .output();
    let problem = match answer {
        Ok(output) if output.status.success() => {
            too_old(&String::from_utf8_lossy(&output.stdout), wanted)
        }
        Ok(output) => Some(format!("`go env` failed ({})", output.status)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Some("`go` was not found".to_owned())
        }
        Err(error) => Some(format!("`go` cannot be run ({error})")),
    };
    match problem {
        None => Ok(()),
        Some(problem) => bail!(
            "{problem}, and the control plane of the tests (Kubernetes {version}) is not built yet: \
             building it needs Go {wanted} or newer. Either install that \
             (https://go.dev/doc/install, or your system's package manager) and run this again, or \
             set {ASSETS} to a folder with {}",
            NAMES.join(", ")
        ),
    }
}

/// What is wrong with the Go that answered `found`, if anything. A development version has no release
/// number: then the build itself decides.
fn too_old(found: &str, wanted: &str) -> Option<String> {
    let found = found.trim().trim_start_matches("go");
    (release(found)? < release(wanted)?).then(|| format!("the `go` found is {found}"))
}

/// `1.26.8` as (1, 26).
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(['.', '-', 'r', 'b', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO_MOD: &str = "module m\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/kubectl v0.37.2\n\tk8s.io/kubernetes v1.37.2\n)\n";

    #[test]
    fn versions_are_read_from_go_mod() {
        assert_eq!(directive(GO_MOD, "go"), Some("1.26.0"));
        assert_eq!(directive(GO_MOD, "k8s.io/kubernetes"), Some("v1.37.2"));
        assert_eq!(directive(GO_MOD, "k8s.io/kube"), None);
    }

    #[test]
    fn the_pinned_module_says_which_go_and_which_kubernetes() {
        let go_mod =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("go/go.mod"))
                .unwrap();
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
    fn a_go_that_is_too_old_is_named() {
        let problem = too_old("go1.24.3\n", "1.26.0").unwrap();
        assert_eq!(problem, "the `go` found is 1.24.3");
        for good in [
            "go1.26.0",
            "go1.26rc1",
            "go1.30.2",
            "go2.0",
            "devel go1.27-abc",
        ] {
            assert_eq!(too_old(good, "1.26.0"), None, "{good}");
        }
    }
}
