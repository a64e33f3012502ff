//! The service in a world of fakes.

mod bulk;
mod certificate;
mod discarded;
mod downloads;
mod failure;
mod issue;
mod life;
mod lists;
mod missing;
mod rounds;
mod sweep;
mod work;
mod world;

use super::Issue;
use crate::id::KubeconfigId;

fn request(role: Option<&str>, ttl: Option<i64>) -> Issue {
    Issue {
        role: role.map(str::to_owned),
        ttl,
        ..Issue::default()
    }
}

fn id(name: &str) -> KubeconfigId {
    name.parse().unwrap()
}
