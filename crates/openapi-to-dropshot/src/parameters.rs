//! The parameters of an operation: one struct per place, decoded strictly, described as the document does.

use crate::print::docs;
use crate::types::{Types, schema_expression};
use crate::{calls, descriptor, names};
use openapi_document::openapiv3::{
    Header, Operation, Parameter, ParameterSchemaOrContent, ReferenceOr,
};
use openapi_document::routes::Routes;
use openapi_document::{Document, draft};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use serde_json::{Map, Value, json};

/// Where parameters come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The path.
    Path,
    /// The query.
    Query,
    /// The headers.
    Headers,
}

impl Place {
    /// The end of the struct's name.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Place::Path => "Path",
            Place::Query => "Query",
            Place::Headers => "Headers",
        }
    }
}

/// The parameters of one place.
pub(crate) struct Group {
    fields: Vec<Field>,
}

/// One parameter, or one header of a response.
pub(crate) struct Field {
    /// Its name on the wire.
    pub(crate) name: String,
    /// What dropshot's router knows it by, if it is a variable of the path; else its name.
    routed: String,
    /// Its description; may be empty.
    pub(crate) description: String,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Its schema, as OpenAPI has it.
    pub(crate) schema: Value,
    /// The default of the schema, or of the component that it refers to.
    default: Option<Value>,
    /// For a list: whether its name is repeated for each item.
    list: Option<bool>,
}

impl Group {
    /// The parameters of `operation` in `place`.
    pub(crate) fn of(document: &Document, operation: &Operation, place: Place) -> Group {
        let fields = operation.parameters.iter().filter_map(|parameter| {
            let ReferenceOr::Item(parameter) = parameter else {
                return None;
            };
            let here = match parameter {
                Parameter::Path { .. } => Place::Path,
                Parameter::Query { .. } => Place::Query,
                Parameter::Header { .. } => Place::Headers,
                Parameter::Cookie { .. } => return None,
            };
            (here == place).then(|| Field::parameter(document, parameter))
        });
        Group {
            fields: fields.collect(),
        }
    }

    /// The same, as a router knows them.
    pub(crate) fn routed(mut self, routes: &Routes, path: &str) -> Group {
        for field in &mut self.fields {
            field.routed = routes.name(path, &field.name).to_owned();
        }
        self
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// What two groups must share to be one type.
    pub(crate) fn key(&self) -> String {
        let fields: Vec<Value> = self
            .fields
            .iter()
            .map(|f| {
                json!([
                    f.name,
                    f.routed,
                    f.description,
                    f.required,
                    f.schema,
                    f.list
                ])
            })
            .collect();
        Value::Array(fields).to_string()
    }

    /// The struct `name` and its decoding and description.
    pub(crate) fn tokens(
        &self,
        document: &Document,
        name: &Ident,
        doc: &str,
        types: &Types,
        types_crate: &TokenStream,
    ) -> TokenStream {
        let idents: Vec<Ident> = self
            .fields
            .iter()
            .map(|field| names::snake(&field.name))
            .collect();
        let declarations = self.fields.iter().zip(&idents).map(|(field, ident)| {
            let ty = field.rust_type(types, types_crate);
            let ty = if field.required || field.default.is_some() {
                ty
            } else {
                quote!(::std::option::Option<#ty>)
            };
            let doc = docs(&field.doc());
            quote!(#doc pub #ident: #ty)
        });
        let reads = self.fields.iter().zip(&idents).map(|(field, ident)| {
            let (wire, schema) = (&field.name, descriptor::borrowed(&field.schema));
            let default = field.default.as_ref().map(Value::to_string);
            match (field.list, default, field.required) {
                (Some(explode), _, true) => {
                    quote!(let #ident = __values.list_required(#wire, #schema, #explode);)
                }
                (Some(explode), Some(default), false) => {
                    quote!(let #ident = __values.list_or(#wire, #schema, #explode, #default);)
                }
                (Some(explode), None, false) => {
                    quote!(let #ident = __values.list(#wire, #schema, #explode);)
                }
                (None, _, true) => quote!(let #ident = __values.required(#wire, #schema);),
                (None, Some(default), false) => {
                    quote!(let #ident = __values.or(#wire, #schema, #default);)
                }
                (None, None, false) => quote!(let #ident = __values.optional(#wire, #schema);),
            }
        });
        let doc = docs(doc);
        let scalars = || self.fields.iter().filter(|field| field.list.is_none());
        let described = describe(document, name, scalars(), types, types_crate);
        // Lists are read, but dropshot cannot describe them.
        let undescribed = scalars().next().is_none().then(|| {
            quote!(
                const DESCRIBED: bool = false;
            )
        });
        quote! {
            #doc
            #[derive(Clone, Debug)]
            pub struct #name {
                #(#declarations),*
            }

            impl ::openapi_runtime::Parameters for #name {
                #undescribed
                fn decode(__values: &mut ::openapi_runtime::Values<'_>) -> ::std::option::Option<Self> {
                    // All are read before any is missed, so that an error names every parameter that is wrong.
                    #(#reads)*
                    Some(Self { #(#idents: #idents?),* })
                }
            }

            #described
        }
    }
}

impl Field {
    fn parameter(document: &Document, parameter: &Parameter) -> Field {
        let data = parameter.parameter_data_ref();
        let schema = format(&data.format);
        let query = matches!(parameter, Parameter::Query { .. });
        let array = draft::resolved(document, &schema);
        let array = array.get("type").and_then(Value::as_str) == Some("array");
        Field {
            list: array.then(|| query && data.explode != Some(false)),
            name: data.name.clone(),
            routed: data.name.clone(),
            description: data.description.clone().unwrap_or_default(),
            required: data.required,
            default: default(document, &schema),
            schema,
        }
    }

    /// A header of a response.
    pub(crate) fn header(name: &str, header: &Header) -> Field {
        Field {
            name: name.to_owned(),
            routed: name.to_owned(),
            description: header.description.clone().unwrap_or_default(),
            required: header.required,
            default: None,
            list: None,
            schema: format(&header.format),
        }
    }

    /// The documentation of the field.
    pub(crate) fn doc(&self) -> String {
        if self.description.is_empty() {
            format!("`{}`", self.name)
        } else {
            self.description.clone()
        }
    }

    /// The documentation of the field of an answer that holds this header.
    pub(crate) fn header_doc(&self) -> String {
        format!("The `{}` header. {}", self.name, self.description)
    }

    /// The text of `value` as a header has it.
    pub(crate) fn written(&self, document: &Document, value: &TokenStream) -> TokenStream {
        if calls::is_dated(document, &self.schema) {
            quote!(::openapi_runtime::respond::written(&#value))
        } else {
            quote!(#value.to_string())
        }
    }

    /// The Rust type of a value.
    pub(crate) fn rust_type(&self, types: &Types, types_crate: &TokenStream) -> TokenStream {
        rust_type(&self.schema, types, types_crate)
    }
}

/// The Rust type for a schema of a parameter, header or body. Normalising leaves inline only what needs no name.
pub(crate) fn rust_type(schema: &Value, types: &Types, types_crate: &TokenStream) -> TokenStream {
    if let Some(component) = draft::reference(schema).and_then(|name| types.components.get(&name)) {
        let name = names::ident(&component.name);
        return quote!(#types_crate::#name);
    }
    let format = schema
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match (schema.get("type").and_then(Value::as_str), format) {
        (Some("string"), "uuid") => quote!(::uuid::Uuid),
        (Some("string"), "date-time") => quote!(::chrono::DateTime<::chrono::Utc>),
        (Some("string"), _) => quote!(::std::string::String),
        (Some("integer"), "int8") => quote!(i8),
        (Some("integer"), "int16") => quote!(i16),
        (Some("integer"), "int32") => quote!(i32),
        (Some("integer"), "uint8") => quote!(u8),
        (Some("integer"), "uint16") => quote!(u16),
        (Some("integer"), "uint32") => quote!(u32),
        (Some("integer"), "uint" | "uint64" | "uint128") => quote!(u64),
        (Some("integer"), _) => quote!(i64),
        (Some("number"), "float") => quote!(f32),
        (Some("number"), _) => quote!(f64),
        (Some("boolean"), _) => quote!(bool),
        _ => quote!(::serde_json::Value),
    }
}

/// `JsonSchema` of a struct whose members are the fields. dropshot takes the description of a parameter from a schema
/// and forgets the rest of its metadata, unless both are kept apart by an `allOf`.
pub(crate) fn describe<'a>(
    document: &Document,
    name: &Ident,
    fields: impl Iterator<Item = &'a Field>,
    types: &Types,
    types_crate: &TokenStream,
) -> TokenStream {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in fields {
        if field.required {
            required.push(field.routed.as_str());
        }
        let mut wrapped = Map::new();
        if !field.description.is_empty() {
            wrapped.insert("description".to_owned(), field.description.clone().into());
        }
        wrapped.insert("allOf".to_owned(), json!([field.schema]));
        properties.insert(field.routed.clone(), Value::Object(wrapped));
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let body = schema_expression(document, &schema, &|component| {
        let ty = names::ident(&types.components.get(component)?.name);
        Some(quote!(#types_crate::#ty))
    });
    let text = name.to_string();
    quote! {
        impl ::schemars::JsonSchema for #name {
            fn schema_name() -> ::std::string::String {
                #text.to_owned()
            }
            fn json_schema(generator: &mut ::schemars::r#gen::SchemaGenerator) -> ::schemars::schema::Schema {
                #body
            }
        }
    }
}

fn format(format: &ParameterSchemaOrContent) -> Value {
    match format {
        ParameterSchemaOrContent::Schema(schema) => draft::json(schema),
        // `content` is refused when the document is read.
        ParameterSchemaOrContent::Content(_) => json!({ "type": "string" }),
    }
}

fn default(document: &Document, schema: &Value) -> Option<Value> {
    if let Some(default) = schema.get("default") {
        return Some(default.clone());
    }
    let name = draft::reference(schema)?;
    let component = document.schema(&name)?;
    draft::json(component).get("default").cloned()
}
