//! The policy port's tests: the default policies by enumeration, the files of an operator, and what must deny.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod deep;
mod files;
mod table;
mod traps;

use kubemint::caller::Caller;
use kubemint::cluster::ClusterKey;
use kubemint::policy::{Action, Query};

/// The cluster that every question is about.
fn cluster() -> ClusterKey {
    ClusterKey::new("us-texas-1", "project-own", "cluster-a")
}

/// Alice, with roles in a scope.
fn alice(roles: &[&str], scope: Option<&str>, scope_id: Option<&str>) -> Caller {
    Caller {
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        scope: scope.map(str::to_owned),
        scope_id: scope_id.map(str::to_owned),
        tenant: Some("tenant-1".to_owned()),
        principal_type: Some("user".to_owned()),
        ..Caller::new("https://login.example.com", "alice")
    }
}

/// A question with no circumstances.
fn ask<'a>(caller: &'a Caller, action: Action, cluster: &'a ClusterKey) -> Query<'a> {
    Query {
        caller,
        action,
        cluster,
        role: None,
        ttl: None,
        user: None,
        relation: None,
    }
}
