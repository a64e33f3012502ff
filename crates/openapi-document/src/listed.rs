//! Parameters that are lists by way of names, or as the only part of an `allOf`: each is written as the list itself, since a
//! reader of parameters must know how many texts it takes before it knows anything else.

use indexmap::IndexMap;
use openapiv3::{ReferenceOr, Schema, SchemaKind, Type};

/// The most names and parts that lead from one to the next.
const MAX_STEPS: usize = 16;

/// The list that a schema other than a reference to it is; with the default that stands beside the `allOf`.
pub(crate) fn list(
    schema: &ReferenceOr<Schema>,
    schemas: &IndexMap<String, ReferenceOr<Schema>>,
) -> Option<ReferenceOr<Schema>> {
    let mut at = schema;
    let mut name = None;
    let mut default = None;
    let mut parted = false;
    for _ in 0..MAX_STEPS {
        match at {
            ReferenceOr::Reference { reference } => {
                let key = reference.strip_prefix("#/components/schemas/")?;
                name = Some(reference);
                at = schemas.get(crate::node::unescaped(key).as_ref())?;
            }
            ReferenceOr::Item(item) => match &item.schema_kind {
                SchemaKind::Type(Type::Array(_)) if parted => {
                    return Some(match (default, name) {
                        (None, Some(reference)) => ReferenceOr::Reference {
                            reference: reference.clone(),
                        },
                        (default, _) => {
                            let mut list = item.clone();
                            list.schema_data.default = default.or(list.schema_data.default);
                            ReferenceOr::Item(list)
                        }
                    });
                }
                SchemaKind::AllOf { all_of } if !item.schema_data.nullable => {
                    let [only] = all_of.as_slice() else {
                        return None;
                    };
                    // A component's own default is for whoever asks for it by name.
                    if name.is_none() && default.is_none() {
                        default.clone_from(&item.schema_data.default);
                    }
                    parted = true;
                    at = only;
                }
                _ => return None,
            },
        }
    }
    None
}
