//! `cargo xtask gen`: the document to the three generated crates; `--check` tells whether they are fresh.

#[cfg(test)]
mod tests;
mod watch;

use crate::message::{self, MessageFormat};
use crate::spec::{self, SPEC, find_root};
use anyhow::Context;
use clap::Args;
use openapi_document::{Diagnostics, Document, Folder};
use openapi_to_dropshot::output::{self, File};
use openapi_to_dropshot::report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Everything is as the document says.
const FRESH: u8 = 0;
/// The document is wrong, or a file cannot be read or written; nothing was written.
const FAILED: u8 = 1;
/// With `--check`: a generated file differs from what would be written.
const STALE: u8 = 4;

/// Arguments of `gen`.
#[derive(Args)]
pub(crate) struct GenArgs {
    /// Write nothing; exit 4 and print the difference when a generated file is stale.
    #[arg(long)]
    check: bool,
    /// Generate again whenever the document changes, until it is interrupted.
    #[arg(long, conflicts_with = "check")]
    watch: bool,
    /// Leave out the operations that cannot be served, and list them; by default they are errors.
    #[arg(long)]
    skip_unsupported: bool,
    /// The format of messages.
    #[arg(long, default_value = "human", value_name = "human|json|github")]
    message_format: MessageFormat,
    /// The root of the workspace; by default the nearest directory upwards that holds the document.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// Runs the task. Exit codes: 0 fresh, 4 stale, 1 failed.
pub(crate) fn run(args: &GenArgs) -> ExitCode {
    if args.watch {
        return watch::run(args);
    }
    once(args)
}

fn once(args: &GenArgs) -> ExitCode {
    let code = match generate(args) {
        Ok(code) => code,
        Err(Failure::Document(diagnostics)) => {
            message::tell(&diagnostics, args.message_format, "; nothing was written");
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
    let say = |verb: &str, what: &str| say(args.message_format, verb, what);
    let root = match &args.root {
        Some(root) => root.clone(),
        None => find_root()?,
    };
    let text = read(&root.join(SPEC))?;
    let folder = Folder::of(&root.join(SPEC));
    let (document, diagnostics) = if args.skip_unsupported {
        let read = openapi_to_dropshot::read_and_warn(SPEC, &text, &folder, true)?;
        output::print(&report::left_out(&read, args.message_format));
        let none = read.document.diagnostics();
        (read.document, none)
    } else {
        let (document, diagnostics) = Document::examine_with(SPEC, &text, &folder);
        let Some(document) = document else {
            return Err(diagnostics.into());
        };
        (document, diagnostics)
    };
    let (operations, schemas) = (document.operations().count(), document.schemas().count());
    say(
        "Reading",
        &format!(
            "{SPEC} (OpenAPI {}, {operations} operations, {schemas} schemas)",
            document.openapi.openapi
        ),
    );
    say("Checking", &format!("{} rules", spec::rules()));
    spec::judge(&document, diagnostics)?;
    let options = openapi_to_dropshot::Options {
        source: SPEC.to_owned(),
        command: "cargo xtask gen".to_owned(),
        types_crate: "kubeconfig_types".to_owned(),
        trait_name: "KubeconfigApi".to_owned(),
        schemars_feature: Some("schemars".to_owned()),
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
    let stale = output::settle(&root, &files, args.check, &say)
        .map_err(|error| Failure::Other(error.into()))?;
    let seconds = start.elapsed().as_secs_f64();
    say(
        "Finished",
        &format!(
            "{operations}/{operations} operations, {schemas}/{schemas} schemas in {seconds:.2}s"
        ),
    );
    tell_changes(&root, &document, args.message_format);
    if args.check && stale > 0 {
        eprintln!(
            "error: {stale} generated file{} stale; run `cargo xtask gen`",
            if stale == 1 { " is" } else { "s are" }
        );
        return Ok(STALE);
    }
    Ok(FRESH)
}

/// Tells what changed since the newest release, or else the last commit. It is news, and fails nothing.
fn tell_changes(root: &Path, document: &Document, format: MessageFormat) {
    let Ok(Some(baseline)) = spec::baseline(root) else {
        return;
    };
    let Some(old) = baseline.document().0 else {
        return;
    };
    let changes = openapi_check::changes(&old, document);
    let words = |change: &&openapi_check::Change| change.level == openapi_check::Level::Patch;
    let patches = changes.iter().filter(words).count();
    for change in changes.iter().filter(|change| !words(change)) {
        match format {
            MessageFormat::Human => say(format, "Change", &message::short(change)),
            _ => print!("{}", message::change(&changes, change, format)),
        }
    }
    if patches > 0 && matches!(format, MessageFormat::Human) {
        let count =
            format!("patch: {patches} of words and names (`cargo xtask spec diff` tells them)");
        say(format, "Change", &count);
    }
    if let Some(advice) = spec::advice(&changes) {
        say(format, "", &advice);
    }
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(openapi_document::decoded(
        &path.display().to_string(),
        bytes,
    )?)
}

/// Tells what is under way: people on standard output; where programs read that, on standard error.
fn say(format: MessageFormat, verb: &str, what: &str) {
    match format {
        MessageFormat::Human => output::say(verb, what),
        _ => eprintln!("{verb:>10} {what}"),
    }
}

/// Arguments of `explain`.
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// The code.
    pub(crate) code: String,
}

/// Tells what a code means. Exit codes: 0 told, 1 unknown.
pub(crate) fn explain(code: &str) -> ExitCode {
    let code = code.to_uppercase();
    match meaning(&code) {
        Some(meaning) => {
            output::print(&format!("{code}: {meaning}\n"));
            ExitCode::from(FRESH)
        }
        None => {
            eprintln!("error: there is no {code}");
            ExitCode::from(FAILED)
        }
    }
}

fn meaning(code: &str) -> Option<&'static str> {
    openapi_document::explain(code)
        .or_else(|| openapi_check::explain(code))
        .or_else(|| openapi_to_dropshot::explain(code))
}
