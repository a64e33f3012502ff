//! The support library of generated servers: the guarded extractor, strict decoding, the error envelope.

pub mod schema;
pub mod strict;
