//! The types: typify's, [ours](crate::own), and for each the document's own schema.

use crate::lift::Lifted;
use crate::own::Own;
use crate::print::Items;
use crate::quiet::quietly;
use crate::{
    Options, aloud, any, blame, combined, distinct, expected, gave_up, helpers, lift, names,
    nullable, print, secret, standin, undeclared, unicode,
};
use openapi_document::{Diagnostics, Document, draft};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use typify::{TypeSpace, TypeSpaceImpl, TypeSpacePatch, TypeSpaceSettings};

/// The types and what the other generators must know of them.
pub(crate) struct Types {
    /// The file.
    pub(crate) items: Items,
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

/// What the client asks of a type.
pub(crate) const IMPLS: [TypeSpaceImpl; 3] = [
    TypeSpaceImpl::FromStr,
    TypeSpaceImpl::Display,
    TypeSpaceImpl::Default,
];

/// Generates the types of all components.
pub(crate) fn generate(document: &Document, options: &Options) -> Result<Types, Diagnostics> {
    // typify panics on some schemas; rules foresee the known ones, and the rest must not look like a crash.
    let all = quietly(|| typify(document, options))
        .unwrap_or_else(|| Err(gave_up(document, "generating types", "typify panicked")));
    all.map_err(|failed| blame::blame(document).unwrap_or(failed))
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

/// Makes the types, with other names for inline schemas where typify would call two types the same.
fn typify(document: &Document, options: &Options) -> Result<Types, Diagnostics> {
    let mut unclear = BTreeSet::new();
    loop {
        let (types, twice) = attempt(document, options, &unclear)?;
        let before = unclear.len();
        unclear.extend(twice.iter().cloned());
        if let Some(types) = types.filter(|_| twice.is_empty()) {
            return Ok(types);
        }
        if unclear.len() == before {
            return Err(distinct::refused(document, &twice));
        }
    }
}

/// The schema with all that is said of its values, in words that types can be made of.
pub(crate) fn prepared(document: &Document, all: &any::Components, schema: &Value) -> Value {
    let mut schema = schema.clone();
    combined::combine(document, &mut schema);
    undeclared::declare(&mut schema);
    // typify would take the first alternative for the default's, without asking whether it fits.
    let union = ["oneOf", "anyOf"]
        .iter()
        .any(|key| schema.get(key).is_some());
    let default = schema.get("default").is_some_and(|value| !value.is_null());
    if let Some(members) = schema.as_object_mut().filter(|_| union && default) {
        members.remove("default");
    }
    any::settle(all, &mut schema);
    schema
}

/// The types, unless it is known beforehand that two are called the same, and the names that two of them have.
fn attempt(
    document: &Document,
    options: &Options,
    unclear: &BTreeSet<String>,
) -> Result<(Option<Types>, Vec<String>), Diagnostics> {
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
    let all: any::Components = originals.iter().cloned().collect();
    let ambiguous = distinct::ambiguous(originals.iter().map(|(_, schema)| schema), &taken);

    // As typify is to read a schema.
    let as_read = |name: &str, schema: &Value| {
        let mut schema = draft::typed(schema);
        aloud::say(&mut schema);
        distinct::untitle(&mut schema, &ambiguous);
        distinct::rename(name, &mut schema, unclear, &taken);
        schema
    };
    let mut lifted = Lifted::default();
    let mut definitions: Vec<(String, Value)> = Vec::new();
    for (name, schema) in &originals {
        let schema = prepared(document, &all, schema);
        let mut parts = vec![(name.clone(), schema.clone())];
        if let Some((value, inner)) = nullable::value(name, &schema, unclear, &taken) {
            parts = vec![(name.clone(), nullable::or_null(&value)), (value, inner)];
        }
        for (name, mut schema) in parts {
            match Own::of(&name, &schema) {
                Some(ours) => lift::note(ours, &taken, &mut lifted),
                None => lift::lift(&name, &mut schema, &taken, &mut lifted),
            }
            definitions.push((name, schema));
        }
    }
    let mut own = lifted.into_types();
    let named = definitions
        .iter_mut()
        .map(|(name, schema)| (name.as_str(), schema));
    let counted = own.iter_mut().filter_map(|ours| match ours {
        Own::Counted(counted) => Some((counted.name.as_str(), &mut counted.plain)),
        _ => None,
    });
    let put = standin::put(named.chain(counted).collect(), options.types_self());
    definitions.extend(put.inline);
    for (name, schema) in &mut definitions {
        *schema = as_read(name, schema);
    }
    let doubled = distinct::doubled(&definitions, unclear);
    if !doubled.is_empty() {
        return Ok((None, doubled.into_iter().collect()));
    }
    for ours in &own {
        if !definitions.iter().any(|(name, _)| name == ours.name()) {
            definitions.push((ours.name().to_owned(), ours.outline()));
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
    for (name, path) in put.stand_ins {
        settings.with_replacement(&name, path, std::iter::empty());
        definitions.push((name, json!({})));
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
    for ours in &mut own {
        if let Own::Counted(counted) = ours {
            let plain = as_read(&counted.name, &counted.plain);
            let plain = serde_json::from_value(plain).map_err(|e| failed(&e))?;
            let id = space.add_type_with_name(&plain, Some(counted.name.clone()));
            let id = id.map_err(|e| failed(&e))?;
            counted.inner = space.get_type(&id).map_err(|e| failed(&e))?.ident();
        }
    }

    let secrets = secret::names(document, &originals);
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
        let shown = !secrets.contains_key(&rust);
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
    stream = expected::told(stream);
    let own_names = own.iter().map(Own::rust_name);
    let twice = distinct::twice(&stream, own_names);
    stream.extend(own.iter().map(Own::tokens));
    let (generated, hidden) = secret::redact(stream, &secrets).map_err(|e| failed(&e))?;
    if twice.is_empty() {
        secret::shown(document, &secrets, &hidden).into_result(())?;
    }
    let helpers = own.iter().flat_map(|ours| ours.helpers().iter().copied());
    let helpers = helpers::module(&helpers.collect());
    let mut items = Items::default();
    items.add(generated);
    items.add(helpers);
    let feature = options.schemars_feature.iter();
    let mut described = quote!(
        use super::*;
    );
    described.extend(originals.iter().filter_map(|(name, schema)| {
        let component = components.get(name)?;
        Some(describe(document, name, schema, component, &components))
    }));
    items.add(quote! {
        /// The document's own schemas, for servers that describe themselves.
        #(#[cfg(feature = #feature)])*
        mod described {
            #described
        }
    });
    Ok((Some(Types { items, components }), twice))
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
    let text = print::literal(&text);
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
