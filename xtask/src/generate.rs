//! `cargo xtask gen`: the document to the three generated crates; `--check` tells whether they are fresh.

mod files;
#[cfg(test)]
mod tests;

use clap::{Args, ValueEnum};
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
    /// Leave out the operations that cannot be served, and list them; by default they are errors.
    #[arg(long)]
    skip_unsupported: bool,
    /// How mistakes are told.
    #[arg(long, value_enum, default_value_t = MessageFormat::Human)]
    message_format: MessageFormat,
    /// The root of the workspace; by default the nearest directory upwards that holds the document.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// How mistakes are told.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum MessageFormat {
    /// With the lines that they are in.
    Human,
    /// One JSON object per line.
    Json,
    /// As workflow commands of GitHub Actions.
    Github,
}

/// Runs the task. Exit codes: 0 fresh, 4 stale, 1 failed.
pub(crate) fn run(args: &GenArgs) -> ExitCode {
    let code = match generate(args) {
        Ok(code) => code,
        Err(Failure::Document(diagnostics)) => {
            tell(&diagnostics, args.message_format);
            FAILED
        }
        Err(Failure::Other(error)) => {
            eprintln!("error: {error:#}; nothing was written");
            FAILED
        }
    };
    ExitCode::from(code)
}

fn tell(diagnostics: &Diagnostics, format: MessageFormat) {
    if let MessageFormat::Human = format {
        let colour = std::io::stderr().is_terminal();
        eprintln!("{}; nothing was written", diagnostics.render(colour));
    } else {
        print!("{}", lines(diagnostics, format));
    }
}

/// A line per mistake, for a program to read.
fn lines(diagnostics: &Diagnostics, format: MessageFormat) -> String {
    let file = diagnostics.file();
    let line = |d: &openapi_document::Diagnostic| {
        let (line, column, code, message) = (d.span.line, d.span.column, d.code, &d.message);
        match format {
            MessageFormat::Github => {
                // Workflow commands end at a line feed and unescape these three.
                let message = message
                    .replace('%', "%25")
                    .replace('\r', "%0D")
                    .replace('\n', "%0A");
                format!("::error file={file},line={line},col={column},title={code}::{message}\n")
            }
            _ => {
                let help = &d.help;
                let object = serde_json::json!({
                    "code": code, "message": message, "file": file, "line": line, "column": column, "help": help,
                });
                format!("{object}\n")
            }
        }
    };
    diagnostics.iter().map(line).collect()
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
    let (document, mut diagnostics) = if args.skip_unsupported {
        let (document, skipped) = openapi_to_dropshot::read(SPEC, &text, true)?;
        skipped.iter().for_each(tell_skipped);
        let none = document.diagnostics();
        (document, none)
    } else {
        let (document, diagnostics) = Document::examine(SPEC, &text);
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
    let rules = openapi_document::RULES.len()
        + openapi_check::RULES.len()
        + openapi_to_dropshot::RULES.len();
    say("Checking", &format!("{rules} rules"));
    let linted = openapi_check::lint(&document).err();
    diagnostics.append(linted.unwrap_or_else(|| document.diagnostics()));
    diagnostics.append(openapi_to_dropshot::examine(&document));
    diagnostics.deny_warnings().into_result(())?;
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

fn tell_skipped(skipped: &openapi_to_dropshot::Skipped) {
    let (method, path) = (skipped.method.to_uppercase(), &skipped.path);
    say("Skipping", &format!("{method} {path}"));
    for diagnostic in &skipped.because {
        let (line, column) = (diagnostic.span.line, diagnostic.span.column);
        let (code, message) = (diagnostic.code, &diagnostic.message);
        println!("{:>10} {SPEC}:{line}:{column}: {code}: {message}", "");
    }
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

/// Tells what a diagnosis's code means. Exit codes: 0 told, 1 unknown.
pub(crate) fn explain(code: &str) -> ExitCode {
    let code = code.to_uppercase();
    let meaning = openapi_document::explain(&code)
        .or_else(|| openapi_check::explain(&code))
        .or_else(|| openapi_to_dropshot::explain(&code));
    match meaning {
        Some(meaning) => {
            println!("{code}: {meaning}");
            ExitCode::from(FRESH)
        }
        None => {
            eprintln!("error: there is no {code}");
            ExitCode::from(FAILED)
        }
    }
}
