//! `cargo xtask gen`: the document to the three generated crates; `--check` tells whether they are fresh.

mod files;

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
    let (document, mut diagnostics) = Document::examine(SPEC, &text);
    let Some(document) = document else {
        return Err(diagnostics.into());
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
    for rules in [openapi_check::lint, openapi_to_dropshot::check] {
        diagnostics.append(
            rules(&document)
                .err()
                .unwrap_or_else(|| document.diagnostics()),
        );
    }
    diagnostics.into_result(())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 4] = [
        "crates/kubeconfig-types/src/generated.rs",
        "crates/kubeconfig-api/src/generated.rs",
        "crates/kubeconfig-api/src/openapi.json",
        "crates/kubeconfig-client/src/generated.rs",
    ];

    /// A root that holds the document and places for what is generated, and nothing else.
    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in FILES {
            std::fs::create_dir_all(root.path().join(file).parent().unwrap()).unwrap();
        }
        std::fs::create_dir_all(root.path().join("spec")).unwrap();
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SPEC);
        std::fs::copy(spec, root.path().join(SPEC)).unwrap();
        root
    }

    fn run_in(root: &Path, check: bool) -> u8 {
        let args = GenArgs {
            check,
            message_format: MessageFormat::Human,
            root: Some(root.to_path_buf()),
        };
        match generate(&args) {
            Ok(code) => code,
            Err(_) => FAILED,
        }
    }

    fn stamps(root: &Path) -> Vec<std::time::SystemTime> {
        FILES
            .iter()
            .map(|file| root.join(file).metadata().unwrap().modified().unwrap())
            .collect()
    }

    #[test]
    fn what_is_missing_is_stale_and_what_was_written_is_fresh() {
        let root = root();
        assert_eq!(run_in(root.path(), true), STALE);
        assert!(
            FILES.iter().all(|file| !root.path().join(file).exists()),
            "--check writes nothing"
        );
        assert_eq!(run_in(root.path(), false), FRESH);
        assert_eq!(run_in(root.path(), true), FRESH);
    }

    #[test]
    fn a_second_run_touches_no_file() {
        let root = root();
        run_in(root.path(), false);
        let before = stamps(root.path());
        assert_eq!(run_in(root.path(), false), FRESH);
        assert_eq!(stamps(root.path()), before);
    }

    #[test]
    fn an_edit_of_any_generated_file_is_found() {
        let root = root();
        run_in(root.path(), false);
        for file in FILES {
            let path = root.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{text} ")).unwrap();
            assert_eq!(run_in(root.path(), true), STALE, "{file}");
            std::fs::write(&path, text).unwrap();
        }
        assert_eq!(run_in(root.path(), true), FRESH);
    }

    #[test]
    fn a_wrong_document_fails_and_nothing_is_written() {
        let root = root();
        let spec = root.path().join(SPEC);
        let text = std::fs::read_to_string(&spec).unwrap();
        std::fs::write(&spec, text.replace("openapi: 3.0.3", "openapi: 3.1.0")).unwrap();
        assert_eq!(run_in(root.path(), false), FAILED);
        assert!(FILES.iter().all(|file| !root.path().join(file).exists()));
    }

    #[test]
    fn mistakes_of_every_stage_are_told_in_one_run() {
        let root = root();
        let spec = root.path().join(SPEC);
        let text = std::fs::read_to_string(&spec).unwrap();
        let text = text.replace(
            "      example: address-j1k2l3",
            "      example: Address_J1K2L3",
        );
        let text = text
            .replacen("maxLength: 253", "maxLenght: 253", 1)
            .replacen("        '413':\n", "        '418':\n", 1);
        std::fs::write(&spec, text).unwrap();
        let args = GenArgs {
            check: false,
            message_format: MessageFormat::Human,
            root: Some(root.path().to_path_buf()),
        };
        let Err(Failure::Document(diagnostics)) = generate(&args) else {
            panic!("it is wrong")
        };
        let codes: Vec<&str> = diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, ["K0204", "K0104", "K0113"]);
    }

    #[test]
    fn mistakes_can_be_told_to_programs() {
        let diagnostics = Document::read("a.yaml", "openapi: 3.1.0").unwrap_err();
        let json: serde_json::Value =
            serde_json::from_str(&lines(&diagnostics, MessageFormat::Json)).unwrap();
        assert_eq!(
            (&json["code"], &json["line"], &json["column"]),
            (&"K0101".into(), &1.into(), &10.into())
        );
        let github = lines(&diagnostics, MessageFormat::Github);
        assert!(
            github.starts_with("::error file=a.yaml,line=1,col=10,title=K0101::"),
            "{github}"
        );
    }

    #[test]
    fn the_difference_is_shown_as_a_patch() {
        let file = File::new("a.rs", "one\nthree\n".to_owned());
        let diff = file.diff("one\ntwo\n");
        assert!(diff.contains("--- a/a.rs\n+++ b/a.rs\n"), "{diff}");
        assert!(diff.contains("-two\n+three\n"), "{diff}");
    }

    #[test]
    fn codes_are_unique_among_the_crates() {
        let rules = [
            openapi_document::RULES,
            openapi_check::RULES,
            openapi_to_dropshot::RULES,
        ]
        .concat();
        let codes: std::collections::BTreeSet<&str> = rules.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), rules.len());
    }
}
