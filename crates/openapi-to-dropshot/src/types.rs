//! The types: typify's, ours for bounded integers, and for each the document's own schema.

use crate::choice::{self, Own};
use crate::quiet::quietly;
use crate::{Options, aloud, distinct, gave_up, names, nullable, secret, unicode};
use openapi_document::{Diagnostic, Diagnostics, Document, draft};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use typify::{TypeSpace, TypeSpaceImpl, TypeSpacePatch, TypeSpaceSettings};

/// The types and what the other generators must know of them.
pub(crate) struct Types {
    /// The file.
    pub(crate) tokens: TokenStream,
    /// By component: its Rust type.
    pub(crate) components: BTreeMap<String, Component>,
}

/// The Rust type of a component.
pub(crate) struct Component {
    /// Its name in the types crate.
    pub(crate) name: String,
    /// What it implements, in progenitor's terms.
    pub(crate) impls: Vec<TypeSpaceImpl>,
}

const IMPLS: [TypeSpaceImpl; 3] = [
    TypeSpaceImpl::FromStr,
    TypeSpaceImpl::Display,
    TypeSpaceImpl::Default,
];

/// Generates the types of all components.
pub(crate) fn generate(document: &Document, options: &Options) -> Result<Types, Diagnostics> {
    // typify panics on some schemas; rules foresee the known ones, and the rest must not look like a crash.
    let all = quietly(|| typify(document, options))
        .unwrap_or_else(|| Err(gave_up(document, "generating types", "typify panicked")));
    all.map_err(|failed| blame(document).unwrap_or(failed))
}

/// Diagnoses about the schemas that typify cannot make types of; none when it can make all of them.
pub(crate) fn untypable(document: &Document) -> Diagnostics {
    let options = Options {
        source: String::new(),
        command: String::new(),
        types_crate: "types".to_owned(),
        trait_name: "Api".to_owned(),
        schemars_feature: None,
    };
    match generate(document, &options) {
        Ok(_) => document.diagnostics(),
        Err(found) => found,
    }
}

/// The schemas that typify cannot make types of, each tried alone, beside others that are not looked at.
fn blame(document: &Document) -> Option<Diagnostics> {
    let mut diagnostics = document.diagnostics();
    for (name, schema) in document.schemas() {
        let mut settings = TypeSpaceSettings::default();
        for (other, _) in document.schemas().filter(|(other, _)| *other != name) {
            settings.with_replacement(names::camel(other), "Other", IMPLS.into_iter());
        }
        let mut definitions: Vec<(String, Value)> = document
            .schemas()
            .map(|(other, _)| (other.to_owned(), json!({})))
            .filter(|(other, _)| other != name)
            .collect();
        let mut schema = draft::json(schema);
        if Own::of(name, &schema).is_some() {
            continue;
        }
        let mut lifted = Vec::new();
        choice::lift(name, &mut schema, &|_| false, &mut lifted);
        for own in lifted {
            settings.with_replacement(own.rust_name(), "Other", IMPLS.into_iter());
            definitions.push((own.name().to_owned(), json!({})));
        }
        definitions.push((name.to_owned(), draft::typed(&schema)));
        let tried = quietly(|| {
            let mut parsed = Vec::new();
            for (name, schema) in definitions {
                let schema = serde_json::from_value::<schemars::schema::Schema>(schema);
                parsed.push((name, schema.map_err(|e| e.to_string())?));
            }
            let mut space = TypeSpace::new(&settings);
            space.add_ref_types(parsed).map_err(|e| e.to_string())
        });
        let why = match tried {
            Some(Ok(())) => continue,
            Some(Err(why)) => why,
            None => "it gave up".to_owned(),
        };
        let original = document.original_name(name);
        let pointer = format!("/components/schemas/{}", openapi_document::escape(original));
        let span = document.root.at("/components/schemas");
        let span = span
            .and_then(|schemas| schemas.entry(original))
            .map_or_else(|| document.span(&pointer), |entry| entry.key_span);
        diagnostics.push(
            Diagnostic::new(
                "K0208",
                span,
                format!("typify cannot make a type of `{original}`"),
            )
            .label(why)
            .help("say the same with fewer combinations: `oneOf` of objects, or one `enum`"),
        );
    }
    (!diagnostics.is_empty()).then_some(diagnostics)
}

/// Makes the types, with other names for inline schemas where typify would call two types the same.
fn typify(document: &Document, options: &Options) -> Result<Types, Diagnostics> {
    let mut unclear = BTreeSet::new();
    loop {
        let (types, twice) = attempt(document, options, &unclear)?;
        let before = unclear.len();
        unclear.extend(twice.iter().cloned());
        if twice.is_empty() {
            return Ok(types);
        }
        if unclear.len() == before {
            return Err(distinct::refused(document, &twice));
        }
    }
}

/// The types, and the names that two of them have.
fn attempt(
    document: &Document,
    options: &Options,
    unclear: &BTreeSet<String>,
) -> Result<(Types, Vec<String>), Diagnostics> {
    let failed = |error: &dyn std::fmt::Display| gave_up(document, "generating types", error);
    let originals: Vec<(String, Value)> = document
        .schemas()
        .map(|(name, schema)| (name.to_owned(), draft::json(schema)))
        .collect();
    let named: BTreeSet<String> = originals
        .iter()
        .map(|(name, _)| names::camel(name))
        .collect();
    let taken = |name: &str| named.contains(name);

    let mut own: Vec<Own> = Vec::new();
    let mut definitions: Vec<(String, Value)> = Vec::new();
    for (name, schema) in &originals {
        let mut parts = vec![(name.clone(), schema.clone())];
        if let Some((value, inner)) = nullable::value(name, schema, unclear, &taken) {
            parts = vec![(name.clone(), nullable::or_null(&value)), (value, inner)];
        }
        for (name, mut schema) in parts {
            match Own::of(&name, &schema) {
                Some(ours) => own.push(ours),
                None => choice::lift(&name, &mut schema, &taken, &mut own),
            }
            let mut schema = draft::typed(&schema);
            aloud::say(&mut schema);
            distinct::rename(&name, &mut schema, unclear, &taken);
            definitions.push((name, schema));
        }
    }
    for ours in &own {
        if !definitions.iter().any(|(name, _)| name == ours.name()) {
            definitions.push((ours.name().to_owned(), json!({ "type": "integer" })));
        }
    }

    let mut settings = TypeSpaceSettings::default();
    settings
        .with_map_type("::std::collections::BTreeMap")
        .with_struct_builder(false);
    for ours in &own {
        let rust = ours.rust_name();
        let path = format!("{}::{rust}", options.types_self());
        settings.with_replacement(names::camel(ours.name()), path, ours.impls().into_iter());
    }
    for (name, instead) in names::reserved() {
        settings.with_patch(name, TypeSpacePatch::default().with_rename(instead));
    }
    let mut space = TypeSpace::new(&settings);
    let mut schemas = Vec::new();
    for (name, schema) in definitions {
        schemas.push((
            name,
            serde_json::from_value::<schemars::schema::Schema>(schema).map_err(|e| failed(&e))?,
        ));
    }
    space.add_ref_types(schemas).map_err(|e| failed(&e))?;

    let secrets = secret::names(&originals);
    let mut components = BTreeMap::new();
    for (name, _) in &originals {
        let reference = schemars::schema::SchemaObject::new_ref(format!(
            "#/components/schemas/{}",
            openapi_document::escape(name)
        ));
        let id = space.add_type(&reference.into()).map_err(|e| failed(&e))?;
        let ty = space.get_type(&id).map_err(|e| failed(&e))?;
        let rust = ty
            .name()
            .rsplit("::")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        let shown = !secrets.contains(&rust);
        let shown = |i: &TypeSpaceImpl| shown || !matches!(i, TypeSpaceImpl::Display);
        let impls = IMPLS
            .into_iter()
            .filter(|i| ty.has_impl(*i) && shown(i))
            .collect();
        components.insert(name.clone(), Component { name: rust, impls });
    }

    let mut stream = space.to_stream();
    if originals.iter().any(|(_, schema)| unicode::needed(schema)) {
        stream = unicode::flagged(stream);
    }
    let own_names = own.iter().map(Own::rust_name);
    let twice = distinct::twice(&stream, own_names);
    let generated = secret::redact(stream, &secrets).map_err(|e| failed(&e))?;
    let feature = options
        .schemars_feature
        .iter()
        .map(|name| quote!(#[cfg(feature = #name)]));
    let feature = quote!(#(#feature)*);
    let own = own.iter().map(Own::tokens);
    let described = originals.iter().filter_map(|(name, schema)| {
        let component = components.get(name)?;
        Some(describe(document, name, schema, component, &components))
    });
    let tokens = quote! {
        #generated
        #(#own)*

        /// The document's own schemas, for servers that describe themselves.
        #feature
        mod described {
            use super::*;
            #(#described)*
        }
    };
    Ok((Types { tokens, components }, twice))
}

/// `JsonSchema` that returns the schema of the document, rather than what a derive would make of the type.
fn describe(
    document: &Document,
    name: &str,
    schema: &Value,
    component: &Component,
    components: &BTreeMap<String, Component>,
) -> TokenStream {
    let ty = names::ident(&component.name);
    let body = schema_expression(document, schema, &|name| {
        let ty = names::ident(&components.get(name)?.name);
        Some(quote!(#ty))
    });
    let name = document.original_name(name);
    quote! {
        impl ::schemars::JsonSchema for #ty {
            fn schema_name() -> ::std::string::String {
                #name.to_owned()
            }
            fn json_schema(generator: &mut ::schemars::r#gen::SchemaGenerator) -> ::schemars::schema::Schema {
                #body
            }
        }
    }
}

/// An expression of the schema, which registers each schema that it refers to with `generator`.
pub(crate) fn schema_expression(
    document: &Document,
    schema: &Value,
    ty: &dyn Fn(&str) -> Option<TokenStream>,
) -> TokenStream {
    let references = draft::references(schema)
        .into_iter()
        .filter_map(|name| ty(&name))
        .collect::<Vec<_>>();
    let text = draft::described(&document.original_schema(schema)).to_string();
    let generator = if references.is_empty() {
        quote!(let _ = generator;)
    } else {
        quote!(#(generator.subschema_for::<#references>();)*)
    };
    quote! {
        #generator
        ::serde_json::from_str(#text).expect("checked when this was generated")
    }
}
