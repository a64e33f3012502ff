//! From policy texts to a checked policy set.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;
use std::thread;

use aws_lc_rs::digest;
use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;

use crate::bounds;
use crate::error::{PolicyError, Problem};
use crate::memo::Memo;
use crate::{DEFAULT_POLICIES, SCHEMA};

/// Largest file of policies, in octets.
const MAX_FILE: u64 = 1024 * 1024;
/// Longest `@id`, in characters.
const MAX_POLICY_ID: usize = 128;

/// A text and what to call it.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file, as configured.
    pub(crate) name: String,
    /// Its content.
    pub(crate) text: String,
}

/// A policy set that was checked, and its hash.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policies: PolicySet,
    /// SHA-256 of the texts, one after the other, in hexadecimal: what `cat FILES | sha256sum` prints.
    pub(crate) hash: String,
    /// What it has decided already. It ends with the set, so that another one decides afresh.
    pub(crate) memo: Memo,
}

/// The policies in the program.
pub(crate) fn embedded() -> Vec<Source> {
    vec![Source {
        name: "default.cedar".to_owned(),
        text: DEFAULT_POLICIES.to_owned(),
    }]
}

/// Reads files; relative paths start at `base`.
pub(crate) fn read(files: &[impl AsRef<Path>], base: &Path) -> Result<Vec<Source>, PolicyError> {
    if files.is_empty() {
        return Err(PolicyError::Config {
            key: "policy.files".to_owned(),
            problem: "names no file; leave it out for the default policies".to_owned(),
        });
    }
    files
        .iter()
        .map(|file| {
            let path = base.join(file);
            let text = read_bounded(&path).map_err(|source| PolicyError::Read { path, source })?;
            Ok(Source {
                name: file.as_ref().display().to_string(),
                text,
            })
        })
        .collect()
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {MAX_FILE} octets"),
        ));
    }
    Ok(text)
}

/// The schema, which is part of the program.
pub(crate) fn schema() -> Schema {
    Schema::from_str(SCHEMA).expect("the schema in the program is tested")
}

/// SHA-256 of the texts, one after the other, in hexadecimal.
pub(crate) fn hash(sources: &[Source]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for source in sources {
        context.update(source.text.as_bytes());
    }
    let digest = context.finish();
    let octets = digest.as_ref().iter();
    octets.map(|octet| format!("{octet:02x}")).collect()
}

/// Parses and validates. All problems of all files are told at once, but those of the bounds before any other.
pub(crate) fn check(sources: &[Source], schema: &Schema) -> Result<Loaded, PolicyError> {
    let problems: Vec<Problem> = sources.iter().flat_map(bounds::problems).collect();
    if !problems.is_empty() {
        return Err(PolicyError::Invalid(problems));
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(bounds::STACK);
        let checked = thread.spawn_scoped(scope, || check_within(sources, schema));
        let checked = checked.map_err(PolicyError::Thread)?.join();
        checked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn check_within(sources: &[Source], schema: &Schema) -> Result<Loaded, PolicyError> {
    let validator = Validator::new(schema.clone());
    let mut problems = Vec::new();
    let mut policies = PolicySet::new();
    let mut origin = BTreeMap::new();
    for source in sources {
        match parse(source) {
            Ok(named) => {
                let mut own = PolicySet::new();
                for policy in named {
                    let id = policy.id().to_string();
                    if let Some(first) = origin.insert(id.clone(), source.name.clone()) {
                        let message = format!("the id {id:?} is taken by a policy of {first}");
                        problems.push(whole(source, message));
                        continue;
                    }
                    for set in [&mut own, &mut policies] {
                        if let Err(error) = set.add(policy.clone()) {
                            problems.push(whole(source, error.to_string()));
                        }
                    }
                }
                let result = validator.validate(&own, ValidationMode::Strict);
                problems.extend(
                    result
                        .validation_errors()
                        .map(|error| located(source, error)),
                );
                // A warning is a policy that can never apply, or a name that is not what it looks like.
                problems.extend(
                    result
                        .validation_warnings()
                        .map(|warning| located(source, warning)),
                );
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        let hash = hash(sources);
        Ok(Loaded {
            policies,
            hash,
            memo: Memo::default(),
        })
    } else {
        problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        problems.dedup();
        Err(PolicyError::Invalid(problems))
    }
}

/// The policies of one text, each named by its `@id`, or by its file and place where it has none.
fn parse(source: &Source) -> Result<Vec<Policy>, Vec<Problem>> {
    if source.text.starts_with('\u{feff}') {
        let what = "begins with a byte order mark; save it without (as \"UTF-8\")".to_owned();
        return Err(vec![whole(source, what)]);
    }
    let set = PolicySet::from_str(&source.text).map_err(|error| flattened(source, &error))?;
    let mut problems = Vec::new();
    if let Some(template) = set.templates().next() {
        problems.push(whole(
            source,
            format!(
                "{} is a template; only complete policies are used",
                template.id()
            ),
        ));
    }
    if set.is_empty() {
        // More likely a truncated file than a wish to deny everything.
        problems.push(whole(source, "holds no policy".to_owned()));
    }
    let mut named = Vec::new();
    for policy in set.policies() {
        let id = match policy.annotation("id") {
            None => format!("{}#{}", source.name, policy.id()),
            Some(id)
                if id.is_empty()
                    || id.chars().count() > MAX_POLICY_ID
                    || id.chars().any(kubemint::text::hides) =>
            {
                problems.push(whole(
                    source,
                    format!(
                        "the id {id:?} is empty, too long or holds characters that are not seen"
                    ),
                ));
                continue;
            }
            Some(id) => id.to_owned(),
        };
        named.push(policy.new_id(PolicyId::new(id)));
    }
    if problems.is_empty() {
        Ok(named)
    } else {
        Err(problems)
    }
}

fn whole(source: &Source, message: String) -> Problem {
    Problem {
        file: source.name.clone(),
        line: None,
        column: None,
        message,
    }
}

/// An error and those that it was reported with.
fn flattened(source: &Source, error: &dyn Diagnostic) -> Vec<Problem> {
    let mut problems = vec![located(source, error)];
    for related in error.related().into_iter().flatten() {
        problems.extend(flattened(source, related));
    }
    problems
}

/// An error at its place in the text.
fn located(source: &Source, error: &dyn Diagnostic) -> Problem {
    let mut message = error.to_string();
    let label = error.labels().and_then(|mut labels| labels.next());
    let details = [
        label
            .as_ref()
            .and_then(|label| label.label())
            .map(str::to_owned),
        error.help().map(|h| h.to_string()),
    ];
    for detail in details.into_iter().flatten() {
        message = format!("{message}; {detail}");
    }
    let before = label
        .as_ref()
        .and_then(|label| source.text.get(..label.offset()));
    Problem {
        file: source.name.clone(),
        line: before.map(|before| before.matches('\n').count() + 1),
        column: before
            .map(|before| before.rsplit('\n').next().unwrap_or(before).chars().count() + 1),
        message,
    }
}
