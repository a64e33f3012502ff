//! `cargo xtask circle DOC...`: document to server to document again, and whether they mean the same.
//!
//! For each document: generate types, trait, client and a stub server; compile them (all documents in one crate, a
//! module each); let dropshot describe the server; compare with the source, up to the named projection of
//! `openapi_check`. One line per document: `closed`; `refused`, with how many operations could be generated and what
//! could not, or was left out of them; or `OPEN`, with the differences.

mod build;

use anyhow::{Context, Result, bail};
use build::Module;
use clap::Args;
use openapi_document::{Diagnostic, Diagnostics, Document, Folder};
use openapi_to_dropshot::output;
use openapi_to_dropshot::{Options, Read, Skipped};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments of `circle`.
#[derive(Args)]
pub(crate) struct CircleArgs {
    /// Documents, or directories of them.
    #[arg(required = true, value_name = "DOC")]
    documents: Vec<PathBuf>,
    /// Keep the generated crate as it was left here.
    #[arg(long, value_name = "DIR")]
    crate_dir: Option<PathBuf>,
}

/// What became of a document.
enum Outcome {
    /// Nothing could be generated.
    Refused(Vec<Skipped>, Diagnostics),
    /// Something could; the differences come later.
    Generated(Box<Read>, usize),
}

/// Runs the task; fails if any circle is open.
pub(crate) fn run(args: &CircleArgs) -> Result<()> {
    let mut outcomes = Vec::new();
    let mut modules = Vec::new();
    for path in files(&args.documents)? {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let module = format!("doc{}", outcomes.len());
        let folder = Folder::of(&path);
        let outcome = match openapi_to_dropshot::read_and_warn(&name, &text, &folder, true) {
            Err(found) => Outcome::Refused(Vec::new(), found),
            Ok(read) => match generate(&name, &module, &read.document) {
                Err(found) => Outcome::Refused(read.skipped, found),
                Ok(generated) => {
                    let lacks = generated.client_lacks;
                    modules.push(generated.module);
                    Outcome::Generated(Box::new(read), lacks)
                }
            },
        };
        outcomes.push((name, module, outcome));
    }
    let directory = match &args.crate_dir {
        Some(directory) => directory.clone(),
        None => crate::tidy::root().join("target/circle"),
    };
    let alone = build::alone(&directory)?;
    let emitted = build::emit(&directory, modules)?;
    let names: BTreeMap<&str, &str> = outcomes
        .iter()
        .map(|(name, module, _)| (name.as_str(), module.as_str()))
        .collect();
    // For those who start one of the servers.
    let names = serde_json::to_string_pretty(&names)?;
    std::fs::write(directory.join("documents.json"), names)?;
    drop(alone);
    let mut open = 0;
    for (name, module, outcome) in &outcomes {
        open += usize::from(!tell(name, outcome, emitted.get(module)));
    }
    if open > 0 {
        bail!("{open} of {} circles are open", outcomes.len());
    }
    Ok(())
}

fn errors(found: &Diagnostics) -> Vec<Diagnostic> {
    found.iter().filter(|d| !d.warning).cloned().collect()
}

/// The documents, those in directories sorted by name.
fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for argument in arguments {
        if !argument.is_dir() {
            found.push(argument.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(argument)? {
            let path = entry?.path();
            let is = |extension: &str| path.extension().is_some_and(|e| e == extension);
            if is("yaml") || is("json") {
                inside.push(path);
            }
        }
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

struct Made {
    module: Module,
    client_lacks: usize,
}

fn generate(name: &str, module: &str, document: &Document) -> Result<Made, Diagnostics> {
    let short = Path::new(name)
        .file_name()
        .map_or_else(|| name.to_owned(), |name| name.to_string_lossy().into());
    let options = Options {
        source: short,
        command: "cargo xtask circle".to_owned(),
        types_crate: format!("crate::{module}::types"),
        trait_name: "ServerApi".to_owned(),
        schemars_feature: None,
    };
    let generated = openapi_to_dropshot::generate(document, &options)?;
    let stub = openapi_to_dropshot::mock(document, &options, "super::api")?;
    Ok(Made {
        client_lacks: generated.client_lacks.len(),
        module: Module {
            name: module.to_owned(),
            bridged: openapi_to_dropshot::is_bridged(document),
            files: vec![
                ("types.rs", generated.types),
                ("api.rs", generated.api),
                ("openapi.json", generated.document),
                ("client.rs", generated.client),
                ("stub.rs", stub),
            ],
        },
    })
}

/// Prints the line of a document, and differences; `false` when its circle is open.
fn tell(name: &str, outcome: &Outcome, emitted: Option<&build::Emitted>) -> bool {
    let (read, lacks) = match outcome {
        Outcome::Refused(skipped, found) => {
            let errors = errors(found);
            println!("{name}: refused (0 operations, {})", features(&errors));
            for skipped in skipped {
                println!("    {} {}", skipped.method.to_uppercase(), skipped.path);
            }
            places(found, &errors);
            return true;
        }
        Outcome::Generated(read, lacks) => (read, *lacks),
    };
    let (document, skipped) = (&read.document, &read.skipped);
    let differences = match emitted {
        Some(Ok(emitted)) => openapi_check::differences(document, emitted),
        Some(Err(why)) => vec![format!("it does not compile, or has no document: {why}")],
        None => vec!["the server emitted nothing".to_owned()],
    };
    let kept = document.operations().count();
    let client = match lacks {
        0 => String::new(),
        lacks => format!(", {lacks} not in the client"),
    };
    if !differences.is_empty() {
        println!("{name}: OPEN ({} differences)", differences.len());
        differences
            .iter()
            .for_each(|difference| println!("    {difference}"));
        return false;
    }
    if skipped.is_empty() && read.spared.is_empty() {
        println!("{name}: closed ({kept} operations{client})");
        return true;
    }
    let mut found: Vec<Diagnostic> = skipped.iter().flat_map(|s| s.because.clone()).collect();
    found.extend(read.spared.iter().cloned());
    found.sort_by_key(|diagnostic| (diagnostic.span.file, diagnostic.span.start));
    found.dedup();
    let all = kept + skipped.len();
    println!(
        "{name}: refused ({kept} of {all} operations closed{client}, {})",
        features(&found)
    );
    places(&document.diagnostics(), &found);
    true
}

/// How often each feature was refused.
fn features(found: &[Diagnostic]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in found {
        *counts.entry(diagnostic.code).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(code, count)| format!("{code} x{count}"));
    counts.collect::<Vec<_>>().join(" ")
}

/// Tells the places of `told`, which are in the sources of `all`.
fn places(all: &Diagnostics, told: &[Diagnostic]) {
    for diagnostic in told {
        let file = all.file_of(diagnostic.span);
        println!("    {}", output::place(file, diagnostic));
    }
}
