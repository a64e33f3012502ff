//! The domain on the real store, in a world whose clock the tests move and whose cluster they break: any history is
//! held against a simple model of what may be seen.

mod at_once;
mod expected;
mod history;
mod steps;
mod world;

pub(crate) use world::{World, caller, key};
