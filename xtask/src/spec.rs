//! `cargo xtask spec`: lints a document, tells what changed since the last release, and blesses a release.

mod baseline;
mod bless;
#[cfg(test)]
mod tests;

use crate::message::{self, MessageFormat};
use baseline::Baseline;
use clap::{Args, Subcommand};
use openapi_check::{Changes, Level};
use openapi_document::{Diagnostics, Document, Folder};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) use baseline::find as baseline;

/// Nothing is wrong: no mistakes; no changes, compatible ones, or a version that says that they are not.
const FINE: u8 = 0;
/// A document is wrong, or a file cannot be read or written.
const FAILED: u8 = 1;
/// Callers break, and `info.version` does not say so; or, for `bless`, it does not step as far as the changes do.
const UNSAID: u8 = 3;

/// The one source of truth, relative to the root of the workspace.
pub(crate) const SPEC: &str = "spec/openapi.yaml";
/// Where released documents are, relative to the root of the workspace.
const RELEASED: &str = "spec/released";

/// Arguments of `spec`.
#[derive(Args)]
pub(crate) struct SpecArgs {
    #[command(subcommand)]
    what: What,
    /// The format of messages.
    #[arg(
        long,
        default_value = "human",
        value_name = "human|json|github",
        global = true
    )]
    message_format: MessageFormat,
    /// The root of the workspace; by default the nearest directory upwards that holds the document.
    #[arg(long, value_name = "DIR", global = true)]
    root: Option<PathBuf>,
}

#[derive(Subcommand)]
enum What {
    /// Check every rule, and generate nothing. Exit codes: 0 nothing is wrong, 1 something is.
    Lint {
        /// The document; by default spec/openapi.yaml.
        file: Option<PathBuf>,
    },
    /// Show what changed, what it does to callers, and the version that it demands. Exit codes: 0 nothing breaks, or the
    /// version says so; 3 callers break and the version does not say so; 1 failed.
    Diff {
        /// A document, or a git revision; by default the newest in spec/released, or else HEAD.
        #[arg(long, value_name = "REV|FILE")]
        against: Option<String>,
        /// The document that is compared; by default spec/openapi.yaml.
        file: Option<PathBuf>,
    },
    /// Release the document as spec/released/VERSION.yaml. Exit codes: 0 done, or done before; 3 the version does not
    /// step as far as the changes do; 1 failed.
    Bless {
        /// The version, which `info.version` must be too.
        version: String,
    },
}

/// Why nothing could be told.
enum Failure {
    Document(Diagnostics),
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Other(error)
    }
}

/// Runs the task.
pub(crate) fn run(args: &SpecArgs) -> ExitCode {
    let code = match attempt(args) {
        Ok(code) => code,
        Err(Failure::Document(diagnostics)) => {
            message::tell(&diagnostics, args.message_format, "");
            FAILED
        }
        Err(Failure::Other(error)) => {
            eprintln!("error: {error:#}");
            FAILED
        }
    };
    ExitCode::from(code)
}

fn attempt(args: &SpecArgs) -> Result<u8, Failure> {
    let format = args.message_format;
    let root = || match &args.root {
        Some(root) => Ok(root.clone()),
        None => find_root(),
    };
    match &args.what {
        What::Lint { file: Some(file) } => lint(file, &file.display().to_string(), format),
        What::Lint { file: None } => lint(&root()?.join(SPEC), SPEC, format),
        What::Diff { against, file } => {
            let baseline = match against {
                Some(against) => baseline::named(root, against)?,
                None => baseline::find(&root()?)?,
            };
            let Some(baseline) = baseline else {
                return Err(Failure::Other(anyhow::anyhow!(
                    "nothing to compare with: {RELEASED} is empty, and git has no {SPEC} at HEAD; say --against"
                )));
            };
            let (path, name) = match file {
                Some(file) => (file.clone(), file.display().to_string()),
                None => (root()?.join(SPEC), SPEC.to_owned()),
            };
            diff(&baseline, &path, &name, format)
        }
        What::Bless { version } => bless::run(&root()?, version, format),
    }
}

/// The document at `path`, without regard to what a generator refuses.
fn document(path: &Path, name: &str) -> Result<Document, Failure> {
    let text = crate::generate::read(path)?;
    let (document, found) = Document::examine_with(name, &text, &Folder::of(path));
    let whole = document.filter(Document::is_whole);
    whole.ok_or(Failure::Document(found))
}

/// Everything that any rule finds wrong.
pub(crate) fn judge(document: &Document, mut found: Diagnostics) -> Result<(), Diagnostics> {
    let linted = openapi_check::lint(document).err();
    found.append(linted.unwrap_or_else(|| document.diagnostics()));
    found.append(openapi_to_dropshot::examine(document));
    found.deny_warnings().into_result(())
}

/// How many rules there are.
pub(crate) fn rules() -> usize {
    openapi_document::RULES.len() + openapi_check::RULES.len() + openapi_to_dropshot::RULES.len()
}

fn lint(path: &Path, name: &str, format: MessageFormat) -> Result<u8, Failure> {
    let text = crate::generate::read(path)?;
    let (document, found) = Document::examine_with(name, &text, &Folder::of(path));
    let Some(document) = document else {
        return Err(Failure::Document(found));
    };
    let notes = found.notes();
    judge(&document, found).map_err(Failure::Document)?;
    if !notes.is_empty() {
        message::tell(&notes, format, "");
    }
    if let MessageFormat::Human = format {
        println!(
            "{:>10} {name}: {} rules, nothing is wrong",
            "Checked",
            rules()
        );
    }
    Ok(FINE)
}

fn diff(
    baseline: &Baseline,
    path: &Path,
    name: &str,
    format: MessageFormat,
) -> Result<u8, Failure> {
    let (old, found) = baseline.document();
    let old = old.ok_or(Failure::Document(found))?;
    let new = document(path, name)?;
    let changes = openapi_check::changes(&old, &new);
    for change in changes.iter() {
        print!("{}", message::change(&changes, change, format));
    }
    if let MessageFormat::Human = format {
        println!("{:>10} {}", "Changes", summary(&changes, &baseline.name));
    }
    if let Some(advice) = advice(&changes) {
        match format {
            MessageFormat::Human => println!("{:>10} {advice}", ""),
            _ => eprintln!("{advice}"),
        }
    }
    let breaks = changes.level() == Some(Level::Major);
    Ok(if breaks && !changes.step().enough {
        UNSAID
    } else {
        FINE
    })
}

/// How many changes of each level there are.
fn summary(changes: &Changes, since: &str) -> String {
    let count = |level| changes.iter().filter(|c| c.level == level).count();
    match changes.level() {
        None => format!("none since {since}"),
        Some(level) => format!(
            "{} since {since}: {} major, {} minor, {} patch",
            level.as_str(),
            count(Level::Major),
            count(Level::Minor),
            count(Level::Patch)
        ),
    }
}

/// What `info.version` should become, when it is not enough.
pub(crate) fn advice(changes: &Changes) -> Option<String> {
    let step = changes.step();
    if step.enough {
        return None;
    }
    Some(match step.wanted {
        Some(wanted) if step.new == step.old => {
            format!("info.version {} should become {wanted}", step.old)
        }
        Some(wanted) => format!(
            "info.version was {} and is {}; it should be {wanted} or more",
            step.old, step.new
        ),
        None => format!("info.version {} should become another one", step.old),
    })
}

/// The nearest directory upwards that holds the document.
pub(crate) fn find_root() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir()?;
    let found = here
        .ancestors()
        .find(|directory| directory.join(SPEC).is_file());
    found
        .map(Path::to_path_buf)
        .ok_or_else(|| anyhow::anyhow!("no {SPEC} here or above"))
}
