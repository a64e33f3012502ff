//! `cargo xtask example`: the example workspace as a reader would build it: fresh, formatted, built, started and called.

use anyhow::{Context, Result, bail};
use std::process::Command;

use crate::tidy::root;

/// Where the example is, relative to the root.
const EXAMPLE: &str = "examples/first-server";

/// Builds and tests the example, with this workspace's versions and build folder, so that nothing is built twice.
///
/// # Errors
/// Something generated is stale, or it does not build, or a test fails.
pub(crate) fn run() -> Result<()> {
    let folder = root().join(EXAMPLE);
    // The versions of this workspace; cargo drops what the example does not use.
    std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .context("cannot copy Cargo.lock")?;
    // From the whole workspace's default members, as everything is built: by its package alone it has other features.
    let fresh = [
        "run",
        "--quiet",
        "--locked",
        "--manifest-path",
        "../../Cargo.toml",
        "--bin",
        "openapi-to-dropshot",
        "--",
        "openapi.yaml",
        "--out",
        "src/generated",
        "--check",
    ];
    let format = ["fmt", "--check"];
    let test = ["test", "--quiet", "--offline"];
    for words in [&fresh[..], &format, &test] {
        let status = Command::new("cargo")
            .args(words)
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", root().join("target"))
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            bail!("`cargo {}` failed in {EXAMPLE}: {status}", words.join(" "));
        }
    }
    Ok(())
}
