//! The engine: a policy set that can be replaced while it answers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use cedar_policy::{Authorizer, Decision as Verdict, Response, Schema};
use kubemint::policy::{Decision, Query};
use kubemint::ports::Policy;

use crate::ask::{Fault, Vocabulary};
use crate::config::{Hierarchy, PolicyConfig};
use crate::error::PolicyError;
use crate::load::{self, Loaded, Source};
use crate::memo;

/// The reason of a denial that no policy brought about: nothing permitted it.
pub const DEFAULT_DENY: &str = "default-deny";

/// The policy port, by Cedar.
pub struct CedarPolicy {
    /// Files to read again, and the folder that relative ones start at; `None` for the policies in the program.
    files: Option<(Vec<PathBuf>, PathBuf)>,
    hierarchy: Hierarchy,
    schema: Schema,
    vocabulary: Vocabulary,
    authorizer: Authorizer,
    loaded: RwLock<Arc<Loaded>>,
}

/// The text of a policy set, as it was read.
#[derive(Debug)]
pub struct Unchecked(Vec<Source>);

/// A policy set that was read and checked, and does not apply yet.
#[derive(Debug)]
pub struct Prepared(Loaded);

impl CedarPolicy {
    /// Loads the policies that the configuration names, or the default ones. Relative paths start at `base`.
    ///
    /// # Errors
    /// [`PolicyError`] if a file cannot be read, does not parse, or does not fit the schema; it names the place.
    pub fn load(config: &PolicyConfig, base: &Path) -> Result<Self, PolicyError> {
        let hierarchy = config.hierarchy()?;
        let files = config.files.clone().map(|files| (files, base.to_owned()));
        let schema = load::schema();
        let loaded = read(files.as_ref(), &schema)?;
        Ok(Self {
            files,
            hierarchy,
            schema,
            vocabulary: Vocabulary::new(),
            authorizer: Authorizer::new(),
            loaded: RwLock::new(Arc::new(loaded)),
        })
    }

    /// The default policies, with no folders and no organizations.
    #[must_use]
    pub fn embedded() -> Self {
        Self::load(&PolicyConfig::default(), Path::new(""))
            .expect("the policies in the program are tested")
    }

    /// Reads the files again; nothing applies of it before it is [checked](Self::check) and [taken](Self::take). With `seen`,
    /// only if they are still what they were at that look at them ([`Self::hash_of_files`]): else `None`.
    ///
    /// # Errors
    /// [`PolicyError::Read`].
    pub fn read(&self, seen: Option<&str>) -> Result<Option<Unchecked>, PolicyError> {
        let sources = sources(self.files.as_ref())?;
        let other = seen.is_some_and(|seen| load::hash(&sources) != seen);
        Ok((!other).then_some(Unchecked(sources)))
    }

    /// Checks what was read. For a large set that takes its time.
    ///
    /// # Errors
    /// [`PolicyError`] if it does not parse, or does not fit the schema; it names the place.
    pub fn check(&self, Unchecked(sources): &Unchecked) -> Result<Prepared, PolicyError> {
        Ok(Prepared(load::check(sources, &self.schema)?))
    }

    /// What was prepared applies from now on. Decisions under way end with the set that they began with. Returns its hash.
    pub fn take(&self, Prepared(fresh): Prepared) -> String {
        let hash = fresh.hash.clone();
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        hash
    }

    /// All at once: on error the old set stays. Returns the hash of the set that now applies.
    ///
    /// # Errors
    /// As [`CedarPolicy::load`].
    pub fn reload(&self) -> Result<String, PolicyError> {
        let sources = Unchecked(sources(self.files.as_ref())?);
        Ok(self.take(self.check(&sources)?))
    }

    /// The hash of the files as they are now, by which a change is seen; they are not checked. It is [`Self::hash`]
    /// once they were loaded.
    ///
    /// # Errors
    /// [`PolicyError::Read`].
    pub fn hash_of_files(&self) -> Result<String, PolicyError> {
        Ok(load::hash(&sources(self.files.as_ref())?))
    }

    /// Whether there are files that may change, rather than the policies in the program.
    #[must_use]
    pub fn has_files(&self) -> bool {
        self.files.is_some()
    }

    /// The hash of the set that applies: SHA-256, in hexadecimal, of the files' content one after the other
    /// (`cat FILES | sha256sum`). It is in every decision.
    #[must_use]
    pub fn hash(&self) -> String {
        self.current().hash.clone()
    }

    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn evaluate(&self, query: &Query<'_>, loaded: &Loaded) -> Result<Response, Fault> {
        let request = self.vocabulary.request(query, &self.schema)?;
        let entities = self
            .vocabulary
            .entities(query, &self.hierarchy, &self.schema)?;
        Ok(self
            .authorizer
            .is_authorized(&request, &loaded.policies, &entities))
    }
}

impl Policy for CedarPolicy {
    fn decide(&self, query: &Query<'_>) -> Decision {
        let loaded = self.current();
        let name = memo::name(query);
        if let Some(known) = loaded.memo.find(&name) {
            return known;
        }
        let answer = |allowed, reasons| Decision {
            allowed,
            reasons,
            policy_hash: loaded.hash.clone(),
        };
        match self.evaluate(query, &loaded) {
            Ok(response) => {
                let (allowed, reasons) = verdict(&response);
                let decision = answer(allowed, reasons);
                // What went wrong is looked at anew.
                if response.diagnostics().errors().next().is_none() {
                    loaded.memo.add(name, &decision);
                }
                decision
            }
            Err(fault) => answer(
                false,
                vec![format!("the question could not be put: {fault}")],
            ),
        }
    }
}

fn read(files: Option<&(Vec<PathBuf>, PathBuf)>, schema: &Schema) -> Result<Loaded, PolicyError> {
    load::check(&sources(files)?, schema)
}

fn sources(files: Option<&(Vec<PathBuf>, PathBuf)>) -> Result<Vec<Source>, PolicyError> {
    match files {
        Some((files, base)) => load::read(files, base),
        None => Ok(load::embedded()),
    }
}

/// What a response of Cedar's means. A policy whose evaluation failed was skipped: had it been a `forbid`, the
/// response would permit what it forbids. So an error denies.
fn verdict(response: &Response) -> (bool, Vec<String>) {
    let mut errors: Vec<String> = response
        .diagnostics()
        .errors()
        .map(ToString::to_string)
        .collect();
    if !errors.is_empty() {
        errors.sort();
        return (false, errors);
    }
    let mut reasons: Vec<String> = response
        .diagnostics()
        .reason()
        .map(ToString::to_string)
        .collect();
    reasons.sort();
    match response.decision() {
        Verdict::Allow => (true, reasons),
        Verdict::Deny if reasons.is_empty() => (false, vec![DEFAULT_DENY.to_owned()]),
        Verdict::Deny => (false, reasons),
    }
}
