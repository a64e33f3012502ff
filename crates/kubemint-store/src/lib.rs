//! The record and the audit trail, in SQLite with group commit.
