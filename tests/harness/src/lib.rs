//! A stage for tests: a sandbox world, a server on a free port, and clients that call it as someone.

mod log;
mod process;
mod setting;
mod shipped;
mod stage;

pub use kubemint_sandbox as sandbox;
pub use kubemint_server::sandbox::{CLUSTER, Options, PROJECT, REGION, Sandbox};
pub use setting::Setting;
pub use shipped::{Shipped, binary, free_port};
pub use stage::{Answer, Stage};

/// The path of the first sandbox cluster's kubeconfigs.
#[must_use]
pub fn collection() -> String {
    format!("/v1/regions/{REGION}/projects/{PROJECT}/compute/clusters/{CLUSTER}/kubeconfigs")
}
