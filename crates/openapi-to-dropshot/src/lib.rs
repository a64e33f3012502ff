//! Writes a dropshot API trait, types and a client from an OpenAPI document.
