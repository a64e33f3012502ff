//! Lints OpenAPI documents and compares them by meaning.
