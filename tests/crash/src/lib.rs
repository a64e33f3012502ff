//! A server that fails where it is told to: a decorator around the domain's ports, and the talk with its process.
//!
//! Every await of issue, download, revoke, reconcile and sweep is a call of the ports [`Store`](kubemint::ports::Store)
//! or [`Clusters`](kubemint::ports::Clusters). [`Faults::around`] decorates both: each call has a name and a number, and
//! a [`Plan`] says at which one the process kills itself, or which ones fail or take long. The process is
//! `breakable-server`; [`talk`] is what it and its parent say to each other.

mod clusters;
mod faults;
mod plan;
mod store;
pub mod talk;

pub use faults::Faults;
pub use plan::{Harm, Plan, Point, Side};
