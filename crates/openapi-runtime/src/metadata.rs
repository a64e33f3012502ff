//! What dropshot needs to know of an operation's parts, without letting it read them.

use crate::guard::{Extension, Operation};
use crate::params::Parameters;
use crate::taken::ReadBody;
use dropshot::{
    ApiEndpointBodyContentType, ExtensionMode, ExtractorMetadata, Header, Path, Query,
    SharedExtractor,
};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::marker::PhantomData;

/// Has the schema of `T`, and otherwise nothing of it: dropshot's extractors take their metadata from it.
pub(crate) struct Described<T>(PhantomData<fn() -> T>);

impl<T: JsonSchema> JsonSchema for Described<T> {
    fn schema_name() -> String {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn is_referenceable() -> bool {
        T::is_referenceable()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> schemars::schema::Schema {
        T::json_schema(generator)
    }
}

impl<'de, T> Deserialize<'de> for Described<T> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("a description is never read"))
    }
}

impl<T> Serialize for Described<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

/// The parameters and body of `O`, as stock extractors would describe them.
pub(crate) fn of<O: Operation>(content_type: ApiEndpointBodyContentType) -> ExtractorMetadata {
    let mut parameters = Vec::new();
    if !O::Path::EMPTY && O::Path::DESCRIBED {
        parameters.extend(
            <Path<Described<O::Path>> as SharedExtractor>::metadata(content_type.clone())
                .parameters,
        );
    }
    if !O::Query::EMPTY && O::Query::DESCRIBED {
        parameters.extend(
            <Query<Described<O::Query>> as SharedExtractor>::metadata(content_type.clone())
                .parameters,
        );
    }
    if !O::Headers::EMPTY && O::Headers::DESCRIBED {
        parameters.extend(
            <Header<Described<O::Headers>> as SharedExtractor>::metadata(content_type.clone())
                .parameters,
        );
    }
    parameters.extend(O::Body::describe());
    ExtractorMetadata {
        extension_mode: match O::EXTENSION {
            Extension::None => ExtensionMode::None,
            Extension::Websocket => ExtensionMode::Websocket,
            Extension::Paginated(value) => {
                ExtensionMode::Paginated(serde_json::from_str(value).unwrap_or_default())
            }
        },
        parameters,
    }
}
