//! The HTTP edge and the wiring: the only crate that knows everything.
//!
//! [`config`] reads one TOML file; [`serve`] makes a running server of it; [`cli`] is the command line; [`sandbox`] is
//! a world to try it in. A request meets, in this order: the [`guard`], which owns the listener; dropshot's router;
//! the generated extractor, which authenticates by [`app::App`] and decodes strictly; a handler of the edge, which
//! converts and calls the domain; and one table that turns the domain's errors into HTTP.

pub mod app;
mod attempt;
pub mod cli;
pub mod config;
mod disk;
mod edge;
pub mod guard;
mod internal;
pub mod log;
pub mod metrics;
mod observed;
mod out;
mod pace;
mod quiet;
mod reconciler;
mod reload;
mod retention;
mod rounds;
pub mod sandbox;
pub mod serve;
mod shares;
mod signals;
mod sizes;
mod store;
mod sweeps;
mod told;
mod unconfigured;
mod watched;
pub mod world;
