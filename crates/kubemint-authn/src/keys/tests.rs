//! The key tests.
