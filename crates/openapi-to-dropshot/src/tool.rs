//! The command line: reads, generates, compares or writes, and tells.

use clap::{Parser, ValueEnum};
use openapi_document::{Diagnostics, Document, Folder};
use openapi_to_dropshot::output::{self, File};
use openapi_to_dropshot::report::{self, MessageFormat};
use openapi_to_dropshot::{Options, Parts, Read};
use std::io::{IsTerminal, Read as _};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Everything is as the document says.
const FRESH: u8 = 0;
/// The document is wrong, or a file cannot be read or written; nothing was written.
const FAILED: u8 = 1;
/// What was asked for makes no sense; also what clap exits with.
const MISUSE: u8 = 2;
/// With `--check`: a generated file differs from what would be written.
const STALE: u8 = 4;

/// What the files are and are not: the header of every generated module.
const ALLOWED: &str = "#[rustfmt::skip]\n#[allow(clippy::all, clippy::pedantic, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports, dead_code)]\n";

/// Writes a dropshot API trait, types and a client from an OpenAPI document.
///
/// Exit codes: 0 written, up to date, or nothing wrong (--lint); 1 the document or a file is wrong; 2 the command line is wrong; 4 a file is stale (--check).
#[derive(Parser)]
#[command(name = "openapi-to-dropshot", version)]
pub(crate) struct Cli {
    /// The document: OpenAPI 3.0 or 3.1, YAML or JSON. It may refer to files beside it by relative `$ref`.
    #[arg(required_unless_present = "explain")]
    spec: Option<PathBuf>,
    /// The folder of the generated module, such as src/generated: it gets mod.rs, types.rs, api.rs, openapi.json and
    /// client.rs.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["lint", "explain"])]
    out: Option<PathBuf>,
    /// Report everything that is wrong with the document, examples and defaults included; warnings count as errors; write
    /// nothing.
    #[arg(long, conflicts_with_all = ["check", "stub", "only"])]
    lint: bool,
    /// Explain a code such as K0201, with an example, and do nothing else.
    #[arg(long, value_name = "CODE", exclusive = true)]
    explain: Option<String>,
    /// Write this part only; may be repeated. By default everything is written.
    #[arg(long, value_enum, value_name = "PART")]
    only: Vec<Part>,
    /// Write nothing; exit 4 and print the difference when a file is stale.
    #[arg(long)]
    check: bool,
    /// Leave out the operations that cannot be served, and list them; by default they are errors.
    #[arg(long)]
    skip_unsupported: bool,
    /// The format of messages: human, json or github.
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    message_format: MessageFormat,
    /// The name of the trait that a server implements.
    #[arg(long, default_value = "Api", value_name = "NAME", value_parser = identifier)]
    trait_name: String,
    /// Where Rust code finds the types: a crate (thing_types) or a path from the root of the crate (crate::generated::types).
    /// By default it is taken from what DIR has after its last `src`.
    #[arg(long, value_name = "PATH", value_parser = path)]
    types: Option<String>,
    /// Also write a first implementation of the trait to this file, unless it exists; its operations answer 500.
    #[arg(long, value_name = "FILE")]
    stub: Option<PathBuf>,
}

/// A part of what is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// types.rs: requests and responses.
    Types,
    /// api.rs and openapi.json: the trait.
    Api,
    /// client.rs: the client.
    Client,
}

/// Why nothing was written.
enum Failure {
    Document(Diagnostics),
    Misuse(String),
    Other(String),
}

impl From<Diagnostics> for Failure {
    fn from(found: Diagnostics) -> Self {
        Failure::Document(found)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Other(error.to_string())
    }
}

/// Runs the tool.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    let code = match generate(cli) {
        Ok(code) => code,
        Err(Failure::Document(found)) => {
            let ending = if cli.lint {
                ""
            } else {
                "; nothing was written"
            };
            tell(&found, cli.message_format, ending);
            FAILED
        }
        Err(Failure::Misuse(error)) => {
            output::aside(&format!("error: {error}"));
            MISUSE
        }
        Err(Failure::Other(error)) => {
            output::aside(&format!("error: {error}; nothing was written"));
            FAILED
        }
    };
    ExitCode::from(code)
}

fn generate(cli: &Cli) -> Result<u8, Failure> {
    let start = Instant::now();
    if let Some(code) = &cli.explain {
        return explain(&code.to_uppercase());
    }
    let spec = cli.spec.as_deref().unwrap_or(Path::new("."));
    let out = cli.out.as_deref().unwrap_or(Path::new("."));
    let options = options(cli, spec, out)?;
    let name = spec.display().to_string();
    let bytes =
        bytes(spec).map_err(|error| Failure::Other(format!("cannot read {name}: {error}")))?;
    let text = openapi_document::decoded(&name, bytes)?;
    let files = Folder::of(spec);
    if cli.lint {
        return lint(cli, &name, &text, &files);
    }
    let read = openapi_to_dropshot::read_and_warn(&name, &text, &files, cli.skip_unsupported)?;
    let quiet = cli.message_format != MessageFormat::Human;
    let say = |verb: &str, what: &str| {
        if !quiet {
            output::say(verb, what);
        }
    };
    let document = &read.document;
    let (operations, schemas) = (document.operations().count(), document.schemas().count());
    say(
        "Reading",
        &format!("{name} ({operations} operations, {schemas} schemas)"),
    );
    output::print(&report::left_out(&read, cli.message_format));
    let Read {
        document,
        skipped,
        warnings,
        ..
    } = read;
    warn(warnings, cli.message_format);
    let wanted = |part| cli.only.is_empty() || cli.only.contains(&part);
    let parts = Parts {
        types: wanted(Part::Types),
        api: wanted(Part::Api),
        client: wanted(Part::Client),
    };
    let generated = openapi_to_dropshot::generate_read(&document, &options, parts)?;
    for (operation, reason) in &generated.client_lacks {
        say("Lacking", &format!("{operation} in the client: {reason}"));
    }
    let mut files = Vec::new();
    let mut modules = String::new();
    let mut whole = generated.document;
    let mut add = |part, name: &str, text: String| {
        if wanted(part) {
            modules.push_str(&format!("{ALLOWED}pub mod {name};\n"));
            files.push(File::new(format!("{name}.rs"), text));
            if part == Part::Api {
                files.push(File::new("openapi.json", std::mem::take(&mut whole)));
            }
        }
    };
    add(Part::Types, "types", generated.types);
    add(Part::Api, "api", generated.api);
    add(Part::Client, "client", generated.client);
    let head = format!(
        "//! Generated by `{}` from {}; do not edit.\n\n",
        options.command, options.source
    );
    files.push(File::new("mod.rs", head + &modules));
    let stub = match &cli.stub {
        Some(path) if !path.exists() && !cli.check => {
            let api = options.types_crate.replace("::types", "::api");
            Some((path, openapi_to_dropshot::stub(&document, &options, &api)?))
        }
        _ => None,
    };
    if !cli.check {
        ours(out, &files)?;
    }
    let stale = output::settle(out, &files, cli.check, &say)?;
    if let Some((path, text)) = stub {
        std::fs::write(path, text)?;
        say("Writing", &format!("{} (yours to fill in)", path.display()));
    }
    // The process ends: all its memory goes at once.
    std::mem::forget(document);
    let seconds = start.elapsed().as_secs_f64();
    let all = operations + skipped.len();
    say(
        "Finished",
        &format!("{operations}/{all} operations, {schemas} schemas in {seconds:.2}s"),
    );
    if cli.check && stale > 0 {
        output::aside(&format!(
            "error: {stale} stale; run the same command without --check"
        ));
        return Ok(STALE);
    }
    Ok(FRESH)
}

/// The document, and one byte more than any may have: a device has no end.
fn bytes(spec: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(spec)?;
    file.take(openapi_document::MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Tells what a code means.
fn explain(code: &str) -> Result<u8, Failure> {
    let meaning = openapi_document::explain(code)
        .or_else(|| openapi_check::explain(code))
        .or_else(|| openapi_to_dropshot::explain(code));
    let Some(meaning) = meaning else {
        return Err(Failure::Misuse(format!("there is no code {code}")));
    };
    output::print(&format!("{code}: {meaning}\n"));
    Ok(FRESH)
}

/// Every rule that there is, over the whole document.
fn lint(cli: &Cli, name: &str, text: &str, files: &Folder) -> Result<u8, Failure> {
    let (document, mut found) = Document::examine_with(name, text, files);
    if let Some(document) = &document {
        found.append(openapi_to_dropshot::examine(document));
        if let Err(more) = openapi_check::lint(document) {
            found.append(more);
        }
        found.sort();
    }
    let notes = found.notes();
    found.deny_warnings().into_result(())?;
    if !notes.is_empty() {
        tell(&notes, cli.message_format, "");
    }
    if cli.message_format == MessageFormat::Human {
        output::say("Checked", &format!("{name}: nothing is wrong"));
    }
    Ok(FRESH)
}

/// Tells what an author wants to know although files are written. What was read in other words is counted only: of a 3.1
/// document that may be every schema, and nothing is wrong with them.
fn warn(warnings: Diagnostics, format: MessageFormat) {
    let (notes, warnings) = warnings.parted();
    if !warnings.is_empty() {
        tell(&warnings, format, "");
    }
    if !notes.is_empty() && format == MessageFormat::Human {
        let count = notes.len();
        let what = format!("{count} in the words of OpenAPI 3.0 (`--lint` tells where)");
        output::say("Lowering", &what);
    }
}

/// Tells what is wrong: people on standard error, with `ending` after it; programs on standard output.
fn tell(found: &Diagnostics, format: MessageFormat, ending: &str) {
    let colour = std::io::stderr().is_terminal();
    let told = report::diagnostics(found, format, colour);
    match format {
        MessageFormat::Human => output::aside(&format!("{}{ending}", told.trim_end())),
        _ => output::print(&told),
    }
}

fn options(cli: &Cli, spec: &Path, out: &Path) -> Result<Options, Failure> {
    let types_crate = match &cli.types {
        Some(types) => types.clone(),
        // Linting writes nothing, so nothing has a place.
        None if cli.lint => "types".to_owned(),
        None => {
            let types = module(out).ok_or_else(|| {
                Failure::Misuse(format!(
                    "{} is not below a folder called src, so say what the types are called: --types crate::generated::types",
                    out.display()
                ))
            })?;
            path(&types).map_err(|error| {
                let out = out.display();
                Failure::Misuse(format!(
                    "{out} is no place for a module: {error}; choose another folder, or say --types"
                ))
            })?
        }
    };
    let file = spec.file_name().unwrap_or(spec.as_os_str());
    Ok(Options {
        source: file.to_string_lossy().into_owned(),
        command: "openapi-to-dropshot".to_owned(),
        types_crate,
        trait_name: cli.trait_name.clone(),
        schemars_feature: None,
    })
}

/// The path of the types of a module in that folder: `src/generated` is `crate::generated::types`.
fn module(folder: &Path) -> Option<String> {
    let words: Vec<String> = folder
        .components()
        .filter_map(|part| match part {
            Component::Normal(word) => Some(word.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    let src = words.iter().rposition(|word| word == "src")?;
    let mut path = "crate".to_owned();
    for word in &words[src + 1..] {
        path.push_str("::");
        path.push_str(word);
    }
    Some(path + "::types")
}

/// Refuses to replace Rust files that somebody else wrote.
fn ours(out: &Path, files: &[File]) -> Result<(), Failure> {
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let path = out.join(&file.path);
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        if !text.is_empty() && !text.starts_with("//! Generated by ") {
            return Err(Failure::Other(format!(
                "{} is not a generated file, and would be replaced: choose another --out, or remove it",
                path.display()
            )));
        }
    }
    Ok(())
}

/// A name that Rust code may give.
fn identifier(text: &str) -> Result<String, String> {
    match syn::parse_str::<syn::Ident>(text) {
        Ok(name) => Ok(name.to_string()),
        Err(_) => Err(format!("`{text}` is no name in Rust")),
    }
}

/// A path as Rust code has it, from a crate or from `crate::`.
fn path(text: &str) -> Result<String, String> {
    let mut words = text.split("::");
    let first = words.next().unwrap_or_default();
    if first != "crate" {
        identifier(first)?;
    } else if text == first {
        return Err("it ends too early".to_owned());
    }
    words.try_for_each(|word| identifier(word).map(|_| ()))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_of_a_folder_is_what_follows_its_last_src() {
        let path = |folder: &str| module(Path::new(folder));
        assert_eq!(
            path("a/src/generated").as_deref(),
            Some("crate::generated::types")
        );
        assert_eq!(path("src/x/src").as_deref(), Some("crate::types"));
        assert_eq!(path("generated"), None);
    }
}
