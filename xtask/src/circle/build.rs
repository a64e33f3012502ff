//! The crate that holds the generated servers: written, compiled, and asked for their documents.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The generated files of one document.
pub(crate) struct Module {
    /// The name of the module.
    pub(crate) name: String,
    /// Names and contents.
    pub(crate) files: Vec<(&'static str, String)>,
    /// Whether dropshot says it in several descriptions.
    pub(crate) bridged: bool,
}

/// What a module's server emitted, or the first error of its compilation, or why it has no document.
pub(crate) type Emitted = Result<Value, String>;

/// What generated code depends on.
const DEPENDENCIES: [&str; 16] = [
    "base64",
    "bytes",
    "chrono",
    "dropshot",
    "futures",
    "http",
    "openapi-runtime",
    "progenitor-client",
    "regress",
    "reqwest",
    "schemars",
    "serde",
    "serde_json",
    "slog",
    "tokio",
    "uuid",
];

/// Compiles the modules and returns what each emits. One that does not compile is taken out, so that the others are
/// judged all the same.
pub(crate) fn emit(
    directory: &Path,
    mut modules: Vec<Module>,
) -> Result<BTreeMap<String, Emitted>> {
    let mut emitted = BTreeMap::new();
    let target = target();
    std::fs::create_dir_all(directory.join("src"))?;
    write(&directory.join("Cargo.toml"), &manifest(directory)?)?;
    let lock = directory.join("Cargo.lock");
    std::fs::copy(crate::tidy::root().join("Cargo.lock"), &lock)?;
    while !modules.is_empty() {
        write(&directory.join("src/main.rs"), &main(&modules))?;
        for module in &modules {
            let place = directory.join("src").join(&module.name);
            std::fs::create_dir_all(&place)?;
            for (name, content) in &module.files {
                write(&place.join(name), content)?;
            }
        }
        let output = Command::new("cargo")
            .args(["run", "--quiet", "--offline"])
            .current_dir(directory)
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .context("cannot run cargo")?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            let documents: BTreeMap<String, Value> =
                serde_json::from_slice(&output.stdout).context("the servers emitted no JSON")?;
            emitted.extend(documents.into_iter().map(|(name, said)| match said {
                Value::String(why) => (name, Err(why)),
                document => (name, Ok(document)),
            }));
            break;
        }
        let broken = broken(&errors, &modules);
        if broken.is_empty() {
            bail!("the generated crate failed: {errors}");
        }
        modules.retain(|module| !broken.contains_key(&module.name));
        emitted.extend(broken.into_iter().map(|(name, why)| (name, Err(why))));
    }
    Ok(emitted)
}

/// Waits until no other run has the folder and, in the target directory that they share, the program: nobody else writes or
/// builds it while the file that is returned is open.
pub(crate) fn alone(directory: &Path) -> Result<File> {
    let target = target();
    std::fs::create_dir_all(&target)?;
    let path = target.join(format!("{}.lock", package(directory)));
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another `cargo xtask circle`");
            file.lock().context("cannot wait for the other")?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    Ok(file)
}

/// The target directory of the workspace, with what it has built.
fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| crate::tidy::root().join("target"), Into::into)
}

/// The name of the package: one for each folder, since all of them share a target directory.
fn package(directory: &Path) -> String {
    let folder = directory.file_name().unwrap_or_default().to_string_lossy();
    match folder.as_ref() {
        "circle" => "circle".to_owned(),
        other => format!("circle-{other}"),
    }
}

/// The modules with errors, each with its first.
fn broken(errors: &str, modules: &[Module]) -> BTreeMap<String, String> {
    let known: BTreeSet<&str> = modules.iter().map(|m| m.name.as_str()).collect();
    let mut found = BTreeMap::new();
    let mut message = "";
    for line in errors.lines() {
        if line.starts_with("error") || line.starts_with("thread ") {
            message = line;
        }
        // `  --> src/doc3/api.rs:1:2` of the compiler; `src/doc3/api.rs:1:2` of a panic.
        let Some((_, rest)) = line.split_once("src/") else {
            continue;
        };
        let module = rest.split('/').next().unwrap_or_default();
        if known.contains(module) && !message.is_empty() {
            let place = rest.trim();
            found
                .entry(module.to_owned())
                .or_insert_with(|| format!("{message} (src/{place})"));
        }
    }
    found
}

/// The versions and features of this workspace, so that what it has built is used.
fn manifest(directory: &Path) -> Result<String> {
    let root = crate::tidy::root();
    let name = package(directory);
    let text = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let workspace: toml::Table = text.parse().context("cannot read Cargo.toml")?;
    let all = workspace
        .get("workspace")
        .and_then(|w| w.get("dependencies"))
        .and_then(toml::Value::as_table)
        .context("Cargo.toml has no workspace.dependencies")?;
    let mut dependencies = toml::Table::new();
    for name in DEPENDENCIES {
        let mut value = all
            .get(name)
            .with_context(|| format!("Cargo.toml has no {name}"))?
            .clone();
        if let Some(path) = value.get("path").and_then(toml::Value::as_str) {
            let path = root.join(path).display().to_string();
            value = toml::Value::Table([("path".to_owned(), path.into())].into_iter().collect());
        }
        dependencies.insert(name.to_owned(), value);
    }
    // What progenitor's WebSocket calls need, and nothing here does.
    dependencies.insert("rand".to_owned(), "0.10".into());
    let mut manifest: toml::Table = format!(
        "[workspace]\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n"
    )
    .parse()?;
    manifest.insert("dependencies".to_owned(), dependencies.into());
    if let Some(profile) = workspace.get("profile") {
        manifest.insert("profile".to_owned(), profile.clone());
    }
    Ok(manifest.to_string())
}

/// How one of the servers is started, for others to call: it prints its address, and runs until it is stopped.
const SERVE: &str = r#"
async fn start<C: dropshot::ServerContext>(api: dropshot::ApiDescription<C>, context: C) {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = dropshot::ConfigDropshot { bind_address: ([127, 0, 0, 1], 0).into(), default_request_body_max_bytes: 1 << 20, ..Default::default() };
    let server = dropshot::ServerBuilder::new(api, context, log).config(config).start().unwrap();
    println!("{}", server.local_addr());
    server.await.unwrap();
}
fn serve(wanted: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async { match wanted {
"#;

fn main(modules: &[Module]) -> String {
    let mut text = "//! Servers generated from documents, and what dropshot says of each.\n#![allow(warnings)]\n".to_owned();
    for Module { name, .. } in modules {
        let _ = writeln!(
            text,
            "mod {name} {{ pub mod types; pub mod api; pub mod client; pub mod stub; }}"
        );
    }
    text.push_str("fn main() {\n    if let Some(wanted) = std::env::var_os(\"CIRCLE_SERVE\") { return serve(&wanted.to_string_lossy()); }\n    let mut documents = serde_json::Map::new();\n");
    for Module { name, bridged, .. } in modules {
        let said = if *bridged {
            format!(
                "openapi_runtime::bridge::whole(&{name}::api::descriptions(), {name}::api::TITLE, &version)"
            )
        } else {
            format!("api.openapi({name}::api::TITLE, version).json()")
        };
        let _ = writeln!(
            text,
            "    documents.insert(\"{name}\".to_owned(), {{\n        let api = {name}::api::api::<{name}::stub::Server>();\n        let version = {name}::api::VERSION.parse().unwrap_or(dropshot::semver::Version::new(0, 0, 0));\n        match {said} {{\n            Ok(mut document) => {{\n                // dropshot takes it from the call, and only as a semantic version.\n                document[\"info\"][\"version\"] = {name}::api::VERSION.into();\n                document\n            }}\n            // One that has none leaves the others theirs.\n            Err(why) => why.to_string().into(),\n        }}\n    }});"
        );
    }
    text.push_str("    println!(\"{}\", serde_json::Value::Object(documents));\n}\n");
    text.push_str(SERVE);
    for Module { name, .. } in modules {
        let _ = writeln!(
            text,
            "        \"{name}\" => start({name}::api::api::<{name}::stub::Server>(), {name}::stub::Context).await,"
        );
    }
    text.push_str("        other => panic!(\"there is no {other}\"),\n    } });\n}\n");
    text
}

/// Writes what differs only, so that cargo builds no more than it must.
fn write(path: &Path, content: &str) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|before| before == content) {
        return Ok(());
    }
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    #[test]
    fn two_runs_in_folders_of_one_name_are_one_after_the_other() {
        let name = format!("alone-{}", std::process::id());
        let first = alone(&Path::new("a").join(&name)).unwrap();
        let (told, waits) = channel();
        let folder = Path::new("b").join(&name);
        let second = std::thread::spawn(move || {
            let second = alone(&folder).unwrap();
            told.send(()).unwrap();
            drop(second);
        });
        let while_held = waits.recv_timeout(Duration::from_millis(100));
        assert_eq!(while_held, Err(RecvTimeoutError::Timeout));
        drop(first);
        assert_eq!(waits.recv(), Ok(()));
        second.join().unwrap();
        std::fs::remove_file(target().join(format!("circle-{name}.lock"))).unwrap();
    }
}
