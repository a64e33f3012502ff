//! Reads an OpenAPI document with spans, diagnoses it, and normalises it.
//!
//! ```text
//! text --read--> Node (order and places kept) --rules--> Diagnostics | OpenAPI --normalise--> Document
//! ```
//!
//! [`Document::read`] reports everything that is wrong at once, each with a stable code and `file:line:column`
//! ([`Document::examine`] also returns what could be read in spite of it). The result is normalised, so that generators and checks
//! need not resolve a parameter's `$ref` or find out which security applies. This crate knows nothing of Rust or dropshot.

mod bundle;
mod diagnostic;
pub mod discriminator;
pub mod draft;
mod excerpt;
mod files;
mod json;
mod listed;
mod lower;
mod members;
mod node;
mod normalise;
mod objects;
mod place;
mod pointer;
mod read;
pub mod routes;
mod rules;
mod salvage;
mod select;
mod shape;
mod slip;
mod text;
mod ways;
mod width;

pub use bundle::MAX_FILES;
pub use diagnostic::{Diagnostic, Diagnostics, Source};
pub use files::{Alone, Files, Folder, MAX_FILE};
pub use members::Members;
pub use node::{Content, Entry, Node, Span, escape};
pub use openapiv3;
pub use pointer::Pointers;
pub use read::MAX_DEPTH;
pub use rules::{METHODS, RULES, closest, each_schema, resolve};
pub use select::owners;
pub use text::decoded;
pub use width::range;

use openapiv3::{OpenAPI, Operation, PathItem, ReferenceOr};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A document that satisfies every rule of this crate.
#[derive(Debug, Clone)]
pub struct Document {
    /// The normalised document: only schemas are referred to, parameters belong to operations, security is explicit.
    pub openapi: OpenAPI,
    /// The document as it was read.
    pub root: Node,
    /// The document with `allOf`s written out that many ways lead through, if there are any.
    written_out: Option<Node>,
    sources: Arc<Vec<Source>>,
    renamed: BTreeMap<String, String>,
    /// Where the schemas are written that normalising named, by JSON pointers.
    origins: BTreeMap<String, String>,
    /// What is not known for its mistakes, as far as others can follow from them.
    doubts: rules::Doubts,
    /// Whether the model holds all of it.
    whole: bool,
    before: Before,
}

/// What was found while the document was made one, and one of OpenAPI 3.0: the rules, which look at what came out, cannot find it.
#[derive(Debug, Clone)]
struct Before {
    found: Vec<Diagnostic>,
    /// The components that something refers to which is no longer in it.
    used: HashSet<String>,
}

/// One operation of a [`Document`].
#[derive(Debug, Clone, Copy)]
pub struct OperationRef<'a> {
    /// The path template, such as `/things/{id}`.
    pub path: &'a str,
    /// The method in lower case.
    pub method: &'a str,
    /// The normalised operation.
    pub operation: &'a Operation,
}

impl<'a> OperationRef<'a> {
    /// The `operationId`, which every operation has.
    pub fn id(&self) -> &'a str {
        self.operation.operation_id.as_deref().unwrap_or_default()
    }

    /// The JSON pointer of the operation in the document as it was read.
    pub fn pointer(&self) -> String {
        format!("/paths/{}/{}", escape(self.path), self.method)
    }

    /// Whether a caller must authenticate: no alternative of its security is empty, and there is one.
    pub fn is_secured(&self) -> bool {
        let alternatives = self.operation.security.as_deref().unwrap_or_default();
        !alternatives.is_empty() && alternatives.iter().all(|schemes| !schemes.is_empty())
    }
}

impl Document {
    /// Reads, checks and normalises `text`. `name` is how diagnoses call the file.
    ///
    /// # Errors
    /// Everything that is wrong, sorted by place.
    pub fn read(name: &str, text: &str) -> Result<Document, Diagnostics> {
        match Document::examine(name, text) {
            (Some(document), diagnostics) => diagnostics.into_result(document),
            (None, diagnostics) => Err(diagnostics),
        }
    }

    /// As [`Document::read`], but returns the document even if something is wrong, without the parts whose shape is wrong, so that
    /// further rules can report their mistakes in the same run. Do not generate from a document with errors.
    pub fn examine(name: &str, text: &str) -> (Option<Document>, Diagnostics) {
        Document::examine_with(name, text, &Alone)
    }

    /// As [`Document::examine`], for a document that refers to other files; `files` supplies them.
    pub fn examine_with(
        name: &str,
        text: &str,
        files: &dyn Files,
    ) -> (Option<Document>, Diagnostics) {
        match bundle::bundle(name, text, files) {
            Ok(mut bundle) => {
                let mut found = std::mem::take(&mut bundle.diagnostics);
                let used = lower::lower(&mut bundle.root, &mut found);
                Document::of(
                    bundle.root,
                    Arc::new(bundle.sources),
                    Before { found, used },
                )
            }
            Err((sources, found)) => {
                let mut diagnostics = Diagnostics::new(Arc::new(sources));
                found.into_iter().for_each(|d| diagnostics.push(d));
                diagnostics.sort();
                (None, diagnostics)
            }
        }
    }

    /// As [`Document::examine`], without some operations, those for whose path and method `keep` is false, and without the parts at
    /// the places `spare`.
    pub fn without(
        &self,
        keep: &dyn Fn(&str, &str) -> bool,
        spare: &[Span],
    ) -> (Option<Document>, Diagnostics) {
        let mut root = self.root.clone();
        select::leave_out(&mut root, spare);
        let root = select::operations(&root, keep);
        let mut before = self.before.clone();
        let stays = select::stays(&self.root, &root, spare);
        before.found.retain(|told| stays(told.span));
        Document::of(root, Arc::clone(&self.sources), before)
    }

    fn of(
        root: Node,
        sources: Arc<Vec<Source>>,
        before: Before,
    ) -> (Option<Document>, Diagnostics) {
        let long = ways::too_long(&root);
        if !long.is_empty() {
            let mut diagnostics = Diagnostics::new(sources);
            let found = before.found.into_iter().chain(long);
            found.for_each(|told| diagnostics.push(told));
            diagnostics.sort();
            return (None, diagnostics);
        }
        let mut diagnostics = rules::check(&root, &sources, &before.used);
        before
            .found
            .iter()
            .for_each(|told| diagnostics.push(told.clone()));
        // What it should look like depends on the version.
        let known = diagnostics.iter().all(|d| d.code != "K0101");
        let written_out = ways::written_out(&root);
        let meant = written_out.as_ref().unwrap_or(&root);
        ways::check(meant, &mut diagnostics);
        let openapi = known.then(|| objects::typed(meant));
        let mut whole = true;
        let openapi = openapi.and_then(|typed| {
            let root = typed.as_ref().unwrap_or(meant);
            let read = shape::openapi(root, &mut diagnostics);
            whole = read.is_some();
            read.or_else(|| salvage::salvage(root))
        });
        let openapi = openapi.map(normalise::normalise);
        rules::settle(&mut diagnostics);
        diagnostics.sort();
        let doubts = rules::Doubts::of(&root, rules::causes(&diagnostics));
        let document = openapi.map(|normal| Document {
            openapi: normal.openapi,
            root,
            written_out,
            sources,
            renamed: normal.renamed,
            origins: normal.origins,
            doubts,
            whole,
            before,
        });
        (document, diagnostics)
    }

    /// The document as it was read, but for `allOf`s through which many ways lead to the same schemas: those are written out as
    /// their parts, so that following them comes to an end. Its places are those of [`root`](Self::root).
    pub fn meant(&self) -> &Node {
        self.written_out.as_ref().unwrap_or(&self.root)
    }

    /// Whether [`openapi`](Self::openapi) holds all of the document. It does not if the shape of a part is wrong (which is
    /// reported).
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The name that a named schema has in the document as it was read.
    pub fn original_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// A schema with its references as they are in the document as it was read.
    pub fn original_schema<'a>(&self, schema: &'a serde_json::Value) -> Cow<'a, serde_json::Value> {
        if self.renamed.is_empty() {
            return Cow::Borrowed(schema);
        }
        Cow::Owned(normalise::references(schema, &self.originals()))
    }

    /// The normalised document as JSON, with the names of the document as it was read.
    pub fn original(&self) -> serde_json::Value {
        // It was read from JSON, so it can be written as JSON.
        let normalised = serde_json::to_value(&self.openapi).unwrap_or_default();
        let mut original = normalise::rename(&normalised, &self.originals());
        discriminator::spell_out_all(&mut original);
        original
    }

    fn originals(&self) -> BTreeMap<&str, &str> {
        let pairs = self.renamed.iter();
        pairs
            .map(|(new, old)| (new.as_str(), old.as_str()))
            .collect()
    }

    /// The operations, in the order of the document.
    pub fn operations(&self) -> impl Iterator<Item = OperationRef<'_>> {
        // `PathItem::iter` has an order of its own, so the document as it was read leads.
        let written = self.root.get("paths").map_or(&[][..], Node::entries);
        written.iter().flat_map(|path| {
            let item = match self.openapi.paths.paths.get(&path.key) {
                Some(ReferenceOr::Item(item)) => Some(item),
                _ => None,
            };
            let members = path.node.entries().iter();
            members.filter_map(move |member| {
                Some(OperationRef {
                    path: &path.key,
                    method: &member.key,
                    operation: operation(item?, &member.key)?,
                })
            })
        })
    }

    /// The named schemas, those that normalising named included, in order.
    pub fn schemas(&self) -> impl Iterator<Item = (&str, &ReferenceOr<openapiv3::Schema>)> {
        self.openapi
            .components
            .iter()
            .flat_map(|c| c.schemas.iter())
            .map(|(name, schema)| (name.as_str(), schema))
    }

    /// The named schema `name`.
    pub fn schema(&self, name: &str) -> Option<&ReferenceOr<openapiv3::Schema>> {
        self.openapi.components.as_ref()?.schemas.get(name)
    }

    /// What is written at a JSON pointer into the document as it was read; of a schema that normalising named, where it is
    /// written.
    pub fn written(&self, pointer: &str) -> Option<&Node> {
        let origin = self.origin(pointer);
        self.root.at(origin.as_deref().unwrap_or(pointer))
    }

    /// The pointer of a part of a schema that normalising named, where it is written.
    fn origin(&self, pointer: &str) -> Option<String> {
        let rest = pointer.strip_prefix("/components/schemas/")?;
        let (name, inside) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let origin = self.origins.get(&*node::unescaped(name))?;
        Some(format!("{origin}{inside}"))
    }

    /// The place to underline for a JSON pointer into the document as it was read, or into a schema that normalising named; the
    /// nearest enclosing place that exists when the pointer leads nowhere.
    pub fn span(&self, pointer: &str) -> Span {
        let origin = self.origin(pointer);
        let mut pointer = origin.as_deref().unwrap_or(pointer);
        loop {
            if let Some(span) = self.root.span_at(pointer) {
                return span;
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => {
                    return Span {
                        line: 1,
                        column: 1,
                        ..Span::default()
                    };
                }
            }
        }
    }

    /// The place where the parameter `name` of `operation` is written, or referred to.
    pub fn parameter_span(&self, operation: OperationRef<'_>, name: &str) -> Span {
        self.parameter_span_in(operation, name, None)
    }

    /// As [`Document::parameter_span`], of the parameter in one place, such as `query`.
    pub fn parameter_span_in(
        &self,
        operation: OperationRef<'_>,
        name: &str,
        place: Option<&str>,
    ) -> Span {
        let found = self.parameter(operation, name, place);
        found.map_or_else(
            || self.span(&operation.pointer()),
            |(written, referred)| referred.unwrap_or(written),
        )
    }

    /// The place where the name of the parameter `name` of `operation`, which is in one `place`, such as `query`, is written;
    /// with it that of the reference to it, if it is a component.
    pub fn parameter_origin(
        &self,
        operation: OperationRef<'_>,
        name: &str,
        place: &str,
    ) -> (Span, Option<Span>) {
        let found = self.parameter(operation, name, Some(place));
        found.unwrap_or_else(|| (self.span(&operation.pointer()), None))
    }

    fn parameter(
        &self,
        operation: OperationRef<'_>,
        name: &str,
        place: Option<&str>,
    ) -> Option<(Span, Option<Span>)> {
        let pointer = operation.pointer();
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let lists =
            [pointer.as_str(), parent].map(|place| self.root.at(&format!("{place}/parameters")));
        let mut all = lists.into_iter().flatten().flat_map(Node::items);
        all.find_map(|parameter| {
            let meant = resolve(&self.root, parameter).filter(|node| {
                place.is_none_or(|place| node.get("in").and_then(Node::as_str) == Some(place))
            });
            let written = meant.and_then(|node| node.get("name"));
            let written = written.filter(|written| written.as_str() == Some(name))?;
            Some((written.span, parameter.get("$ref").map(|node| node.span)))
        })
    }

    /// Whether a mistake that was told lies in `node`, which is a part of [`root`](Self::root), or in what it refers to:
    /// then it is not known what it means.
    pub fn is_doubtful(&self, node: &Node) -> bool {
        self.doubts.about(&self.root, node)
    }

    /// Whether what a further rule found only follows from a mistake that was told.
    pub fn follows(&self, diagnostic: &Diagnostic) -> bool {
        rules::follows(&self.root, &self.doubts, diagnostic)
    }

    /// The name of the file that a place is in.
    pub fn file_of(&self, span: Span) -> &str {
        let source = self.sources.get(span.file);
        source.map_or("", |source| source.name.as_str())
    }

    /// An empty list of diagnoses about this document.
    pub fn diagnostics(&self) -> Diagnostics {
        Diagnostics::new(Arc::clone(&self.sources))
    }

    /// The document as it was read, without places.
    pub fn source(&self) -> serde_json::Value {
        self.root.to_value()
    }

    /// The document as it was read, as JSON, in the order of the document, ending with a line feed.
    pub fn source_json(&self) -> String {
        // Writing nodes to a string cannot fail: every key is a string.
        let mut json = serde_json::to_string_pretty(&self.root).unwrap_or_default();
        json.push('\n');
        json
    }
}

fn operation<'a>(item: &'a PathItem, method: &str) -> Option<&'a Operation> {
    match method {
        "get" => item.get.as_ref(),
        "put" => item.put.as_ref(),
        "post" => item.post.as_ref(),
        "delete" => item.delete.as_ref(),
        "options" => item.options.as_ref(),
        "head" => item.head.as_ref(),
        "patch" => item.patch.as_ref(),
        "trace" => item.trace.as_ref(),
        _ => None,
    }
}

/// What a code means, if it is one of this crate's.
pub fn explain(code: &str) -> Option<&'static str> {
    RULES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, meaning)| *meaning)
}
