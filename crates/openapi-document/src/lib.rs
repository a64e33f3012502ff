//! Reads an OpenAPI document with spans, diagnoses it, and normalises it.
