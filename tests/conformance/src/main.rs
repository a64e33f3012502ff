//! The ring's one test binary.
