//! The token tests.
