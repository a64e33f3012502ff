//! What is to go wrong, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// Nothing of it is done.
    Before,
    /// It is done, and its answer is lost.
    After,
}

/// A place in the program: one call of a port, and a side of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Point {
    /// The method's name, such as `begin_issue`.
    pub call: String,
    /// Which call of that name since the plan was made: 1 is the first.
    pub nth: u32,
    /// Which side of it.
    pub side: Side,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Before => "before",
            Side::After => "after",
        };
        write!(f, "{side} {} {}", self.call, self.nth)
    }
}

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Harm {
    /// The process ends by SIGKILL.
    Kill,
    /// The call answers with an error.
    Fail,
    /// The call answers with an error, and its work is carried out later: once what it was for has been given up. Only
    /// `activate` can be late; any other fails.
    Late,
    /// The call panics, and whoever made it with it.
    Panic,
}

/// What is to go wrong from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plan {
    /// Nothing.
    #[default]
    Calm,
    /// These harms, each at its point.
    At(Vec<(Point, Harm)>),
    /// So many calls of a hundred fail, on either side and with any error that their port knows, or take long.
    Rough {
        /// How many of a hundred.
        percent: u8,
        /// How many of a hundred of those only take long.
        slow: u8,
        /// What the choices are drawn from.
        seed: u64,
        /// The longest that a call is held, in milliseconds.
        longest: u64,
    },
}
