//! A real Kubernetes control plane on loopback, for tests and for development: kube-apiserver,
//! kube-controller-manager and etcd, with kubectl of the same version. No kubelet, so no pods run;
//! everything that is about identity and access is the real thing.
//!
//! - [`Binaries`] finds the programs, or builds them once from Go modules pinned beside this crate.
//! - [`ControlPlane`] lives as long as its value: for tests.
//! - [`Detached`] outlives the command that started it: for `cargo xtask cluster`.
//!
//! ```no_run
//! let binaries = controlplane::Binaries::find_or_build()?;
//! let cluster = controlplane::ControlPlane::start_temporary(&binaries)?;
//! std::process::Command::new(cluster.kubectl())
//!     .arg("--kubeconfig")
//!     .arg(cluster.admin_kubeconfig())
//!     .args(["get", "namespaces"])
//!     .status()?;
//! cluster.stop()?;
//! # anyhow::Ok(())
//! ```
//!
//! Everything here blocks. From asynchronous code, call it through `spawn_blocking`.

mod binaries;
mod control_plane;
mod detached;
mod flags;
mod go_build;
mod https;
mod identity;
mod kubeconfig;
mod launch;
mod layout;
mod pki;
mod process;
mod state;
mod toolchain;
mod watchdog;

pub use binaries::Binaries;
pub use control_plane::ControlPlane;
pub use detached::{Condition, Detached, Status};
pub use identity::Identity;
pub use state::{Phase, Recorded, State};
