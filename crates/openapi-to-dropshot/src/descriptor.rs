//! Schemas as constants of `openapi_runtime::schema`, against which requests are validated.

use crate::constants::{integer_format, literal, string_format};
use crate::names;
use crate::print::docs;
use openapi_document::{Document, discriminator, draft};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::{Map, Value};

/// A module with a `static` for each component.
pub(crate) fn module(document: &Document) -> TokenStream {
    let statics = document.schemas().map(|(name, schema)| {
        let ident = names::shouty(name);
        let value = expression(&draft::json(schema));
        let doc = docs(&format!("`#/components/schemas/{name}`"));
        quote! {
            #doc
            pub static #ident: Schema = #value;
        }
    });
    quote! {
        /// The whole schemas of the document, as `openapi_runtime::strict` reads them.
        pub mod schemas {
            #[allow(unused_imports)]
            use ::openapi_runtime::pattern;
            #[allow(unused_imports)]
            use ::openapi_runtime::schema::{Format, IntegerFormat, Literal, Property, Schema};
            #(#statics)*
        }
    }
}

/// A `&'static Schema` for use outside the module.
pub(crate) fn borrowed(schema: &Value) -> TokenStream {
    match draft::reference(schema) {
        Some(name) => {
            let ident = names::shouty(&name);
            quote!(&schemas::#ident)
        }
        None => {
            let value = expression(schema);
            quote! {
                const {
                    #[allow(unused_imports)]
                    use ::openapi_runtime::pattern;
                    #[allow(unused_imports)]
                    use ::openapi_runtime::schema::{Format, IntegerFormat, Literal, Property, Schema};
                    &#value
                }
            }
        }
    }
}

/// A reference to the schema, inside the module.
fn place(schema: &Value) -> TokenStream {
    match draft::reference(schema) {
        Some(name) => {
            let ident = names::shouty(&name);
            quote!(&#ident)
        }
        None => {
            let mut place = quote!(&);
            place.extend(expression(schema));
            place
        }
    }
}

/// A constant expression of the schema.
fn expression(schema: &Value) -> TokenStream {
    if draft::reference(schema).is_some() {
        let target = place(schema);
        return quote!(Schema::reference(#target));
    }
    // How schemars 0.8, and so dropshot, writes the type of null: `{type: string, enum: [null]}`.
    let listed = schema.get("enum").and_then(Value::as_array);
    if listed.is_some_and(|values| matches!(values.as_slice(), [Value::Null])) {
        return quote!(Schema::any().literals(&[Literal::Null]));
    }
    let spelt;
    let schema = if schema.get("discriminator").is_some() {
        spelt = discriminator::spelt_out(schema);
        &spelt
    } else {
        schema
    };
    let mut combined: Vec<TokenStream> = [
        ("allOf", quote!(all_of)),
        ("oneOf", quote!(one_of_schemas)),
        ("anyOf", quote!(any_of)),
    ]
    .into_iter()
    .filter_map(|(key, method)| {
        let members = schema.get(key)?.as_array()?.iter().map(place);
        Some(quote!(Schema::#method(&[#(#members),*])))
    })
    .collect();
    combined.extend(schema.get("not").map(|excluded| {
        let excluded = place(excluded);
        quote!(Schema::not(#excluded))
    }));
    let speaks = ["type", "properties"]
        .iter()
        .any(|key| schema.get(key).is_some());
    let speaks = speaks || combined.is_empty() || constrains(schema);
    let own = speaks.then(|| typed(schema));
    let mut value = match (combined.as_slice(), own) {
        ([only], None) => only.clone(),
        (several, own) if !several.is_empty() => {
            let members = several.iter().cloned().chain(own);
            quote!(Schema::all_of(&[#(&#members),*]))
        }
        (_, own) => own.unwrap_or_else(|| quote!(Schema::any())),
    };
    let values = schema.get("enum").and_then(Value::as_array);
    let strings = schema.get("type").and_then(Value::as_str) == Some("string");
    if let (Some(values), false) = (values, strings) {
        let literals = values.iter().map(literal);
        value = quote!(#value.literals(&[#(#literals),*]));
    }
    // OpenAPI 3.0.3: an `enum` without null refuses null, `nullable` or not.
    let null_in_enum = values.is_none_or(|values| values.contains(&Value::Null));
    if schema.get("nullable") == Some(&Value::Bool(true)) && null_in_enum {
        value = quote!(#value.nullable());
    }
    value
}

fn typed(schema: &Value) -> TokenStream {
    let mut out = Chain {
        schema,
        tokens: TokenStream::new(),
    };
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => quote!(Schema::boolean()),
        Some("integer") => {
            out.tokens = quote!(Schema::integer());
            if let Some(format) = schema
                .get("format")
                .and_then(Value::as_str)
                .and_then(integer_format)
            {
                out.push(quote!(integer_format), quote!(IntegerFormat::#format));
            }
            out.integer("minimum", quote!(minimum));
            out.integer("maximum", quote!(maximum));
            out.integer("multipleOf", quote!(multiple_of));
            out.flag("exclusiveMinimum", quote!(exclusive_minimum));
            out.flag("exclusiveMaximum", quote!(exclusive_maximum));
            out.tokens
        }
        Some("number") => {
            out.tokens = quote!(Schema::number());
            out.number("minimum", quote!(number_minimum));
            out.number("maximum", quote!(number_maximum));
            out.number("multipleOf", quote!(number_multiple_of));
            out.flag("exclusiveMinimum", quote!(number_exclusive_minimum));
            out.flag("exclusiveMaximum", quote!(number_exclusive_maximum));
            if schema.get("format").and_then(Value::as_str) == Some("float") {
                out.push(quote!(single), TokenStream::new());
            }
            out.tokens
        }
        Some("string") => string(out),
        Some("array") => {
            let items = schema
                .get("items")
                .map_or_else(|| quote!(&Schema::any()), place);
            out.tokens = quote!(Schema::array(#items));
            out.count("minItems", quote!(min_items));
            out.count("maxItems", quote!(max_items));
            out.flag("uniqueItems", quote!(unique_items));
            out.tokens
        }
        Some("object") => object(out),
        _ if schema.get("properties").is_some() => object(out),
        _ if constrains(schema) => untyped(schema),
        _ => quote!(Schema::any()),
    }
}

/// Keywords by the type that they speak of.
const KEYWORDS: [(&str, &[&str]); 5] = [
    ("boolean", &[]),
    (
        "number",
        &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
        ],
    ),
    (
        "string",
        &["minLength", "maxLength", "pattern", "x-printable"],
    ),
    ("array", &["items", "minItems", "maxItems", "uniqueItems"]),
    (
        "object",
        &[
            "required",
            "additionalProperties",
            "minProperties",
            "maxProperties",
        ],
    ),
];

/// Whether there is a keyword that speaks of one type.
fn constrains(schema: &Value) -> bool {
    let mut keywords = KEYWORDS.iter().flat_map(|(_, keywords)| *keywords);
    keywords.any(|key| schema.get(key).is_some())
}

/// A schema without a type, as the members of an `allOf` often are: each keyword holds for values of its type, and no
/// other value is constrained.
fn untyped(schema: &Value) -> TokenStream {
    let kinds = KEYWORDS.iter().map(|(kind, keywords)| {
        let mut own = Map::new();
        own.insert("type".to_owned(), (*kind).into());
        for key in *keywords {
            own.extend(
                schema
                    .get(key)
                    .map(|value| ((*key).to_owned(), value.clone())),
            );
        }
        typed(&Value::Object(own))
    });
    quote!(Schema::any_of(&[#(&#kinds),*]).nullable())
}

fn string(mut out: Chain<'_>) -> TokenStream {
    let schema = out.schema;
    out.tokens = quote!(Schema::string());
    out.count("minLength", quote!(min_length));
    out.count("maxLength", quote!(max_length));
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        out.push(quote!(pattern), quote!(pattern!(#pattern)));
    }
    if let Some(format) = schema
        .get("format")
        .and_then(Value::as_str)
        .and_then(string_format)
    {
        out.push(quote!(format), quote!(Format::#format));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().filter_map(Value::as_str);
        out.push(quote!(one_of), quote!(&[#(#values),*]));
    }
    out.flag("x-printable", quote!(printable));
    out.tokens
}

fn object(mut out: Chain<'_>) -> TokenStream {
    let schema = out.schema;
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let declared = schema.get("properties").and_then(Value::as_object);
    let properties = declared.into_iter().flatten().map(|(name, schema)| {
        let kind = if required.contains(&name.as_str()) {
            quote!(required)
        } else {
            quote!(optional)
        };
        let schema = place(schema);
        quote!(Property::#kind(#name, #schema))
    });
    // A required member without a schema of its own is as the others are, and must be there.
    let others = schema.get("additionalProperties");
    let others = others.filter(|others| others.as_object().is_some_and(|o| !o.is_empty()));
    let other = others.map_or_else(|| quote!(&Schema::any()), place);
    let undeclared = required
        .iter()
        .filter(|name| declared.is_none_or(|properties| !properties.contains_key(**name)))
        .map(|name| quote!(Property::required(#name, #other)));
    let properties = properties.chain(undeclared);
    out.tokens = quote!(Schema::object(&[#(#properties),*]));
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        out.push(quote!(closed), TokenStream::new());
    } else if others.is_some() {
        out.push(quote!(additional_properties), other.clone());
    }
    out.count("minProperties", quote!(min_properties));
    out.count("maxProperties", quote!(max_properties));
    out.tokens
}

/// A chain of builder calls.
struct Chain<'a> {
    schema: &'a Value,
    tokens: TokenStream,
}

impl Chain<'_> {
    fn push(&mut self, method: TokenStream, argument: TokenStream) {
        self.tokens.extend(quote!(.#method(#argument)));
    }

    fn integer(&mut self, key: &str, method: TokenStream) {
        let number = self.schema.get(key).and_then(|n| {
            n.as_i64()
                .map(i128::from)
                .or_else(|| n.as_u64().map(i128::from))
        });
        if let Some(number) = number {
            let number = Literal::i128_unsuffixed(number);
            self.push(method, quote!(#number));
        }
    }

    fn number(&mut self, key: &str, method: TokenStream) {
        if let Some(number) = self.schema.get(key).and_then(Value::as_f64) {
            self.push(method, quote!(#number));
        }
    }

    fn count(&mut self, key: &str, method: TokenStream) {
        if let Some(count) = self
            .schema
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
        {
            let count = Literal::usize_unsuffixed(count);
            self.push(method, quote!(#count));
        }
    }

    fn flag(&mut self, key: &str, method: TokenStream) {
        if self.schema.get(key) == Some(&Value::Bool(true)) {
            self.push(method, TokenStream::new());
        }
    }
}
