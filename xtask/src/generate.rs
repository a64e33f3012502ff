//! `cargo xtask gen`: the document to the three generated crates; `--check` tells whether they are fresh.

mod files;

use clap::Args;
use files::{File, State};
use openapi_document::{Diagnostics, Document};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Everything is as the document says.
const FRESH: u8 = 0;
/// The document is wrong, or a file cannot be read or written; nothing was written.
const FAILED: u8 = 1;
/// With `--check`: a generated file differs from what would be written.
const STALE: u8 = 4;

/// The one source of truth, relative to the root of the workspace.
const SPEC: &str = "spec/openapi.yaml";

/// Arguments of `gen`.
#[derive(Args)]
pub(crate) struct GenArgs {
    /// Write nothing; exit 4 and print the difference when a generated file is stale.
    #[arg(long)]
    check: bool,
    /// The root of the workspace; by default the nearest directory upwards that holds the document.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// Runs the task. Exit codes: 0 fresh, 4 stale, 1 failed.
pub(crate) fn run(args: &GenArgs) -> ExitCode {
    let code = match generate(args) {
        Ok(code) => code,
        Err(Failure::Document(diagnostics)) => {
            eprintln!(
                "{}; nothing was written",
                diagnostics.render(std::io::stderr().is_terminal())
            );
            FAILED
        }
        Err(Failure::Other(error)) => {
            eprintln!("error: {error:#}; nothing was written");
            FAILED
        }
    };
    ExitCode::from(code)
}

/// Why nothing was written.
enum Failure {
    Document(Diagnostics),
    Other(anyhow::Error),
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Failure::Document(diagnostics)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Other(error)
    }
}

fn generate(args: &GenArgs) -> Result<u8, Failure> {
    let start = Instant::now();
    let root = match &args.root {
        Some(root) => root.clone(),
        None => find_root()?,
    };
    let text = files::read(&root.join(SPEC))?;
    let document = Document::read(SPEC, &text)?;
    let (operations, schemas) = (document.operations().count(), document.schemas().count());
    say(
        "Reading",
        &format!(
            "{SPEC} (OpenAPI {}, {operations} operations, {schemas} schemas)",
            document.openapi.openapi
        ),
    );
    let rules = openapi_document::RULES.len()
        + openapi_check::RULES.len()
        + openapi_to_dropshot::RULES.len();
    say("Checking", &format!("{rules} rules"));
    openapi_check::lint(&document)?;
    let options = openapi_to_dropshot::Options {
        source: SPEC.to_owned(),
        command: "cargo xtask gen".to_owned(),
        types_crate: "kubeconfig_types".to_owned(),
        trait_name: "KubeconfigApi".to_owned(),
    };
    let generated = openapi_to_dropshot::generate(&document, &options)?;
    let files = [
        File::new("crates/kubeconfig-types/src/generated.rs", generated.types),
        File::new("crates/kubeconfig-api/src/generated.rs", generated.api),
        File::new("crates/kubeconfig-api/src/openapi.json", generated.document),
        File::new(
            "crates/kubeconfig-client/src/generated.rs",
            generated.client,
        ),
    ];
    let stale = settle(&root, &files, args.check)?;
    let seconds = start.elapsed().as_secs_f64();
    say(
        "Finished",
        &format!(
            "{operations}/{operations} operations, {schemas}/{schemas} schemas in {seconds:.2}s"
        ),
    );
    if args.check && stale > 0 {
        eprintln!(
            "error: {stale} generated file{} stale; run `cargo xtask gen`",
            if stale == 1 { " is" } else { "s are" }
        );
        return Ok(STALE);
    }
    Ok(FRESH)
}

/// Compares every file first, and writes only when all could be read. Returns how many differ.
fn settle(root: &Path, files: &[File], check: bool) -> anyhow::Result<usize> {
    let states = files
        .iter()
        .map(|file| file.compare(root))
        .collect::<anyhow::Result<Vec<State>>>()?;
    let width = files
        .iter()
        .map(|file| file.path.len())
        .max()
        .unwrap_or_default();
    let mut stale = 0;
    for (file, state) in files.iter().zip(&states) {
        let State::Differs {
            added,
            removed,
            before,
        } = state
        else {
            say("Unchanged", file.path);
            continue;
        };
        stale += 1;
        let path = file.path;
        say(
            if check { "Stale" } else { "Writing" },
            &format!("{path:width$}  +{added} -{removed}"),
        );
        if check {
            print!("{}", file.diff(before));
        } else {
            file.write(root)?;
        }
    }
    Ok(stale)
}

fn find_root() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir()?;
    let found = here
        .ancestors()
        .find(|directory| directory.join(SPEC).is_file());
    found
        .map(Path::to_path_buf)
        .ok_or_else(|| anyhow::anyhow!("no {SPEC} here or above"))
}

fn say(verb: &str, what: &str) {
    println!("{verb:>10} {what}");
}
