//! What a parent and its breakable server say to each other: one JSON value a line, each asked and answered in turn.
//!
//! The parent begins with a [`Start`]; the server answers with an [`Answer`] once it serves. Then the parent asks. When
//! it says no more (its end of the pipe is closed), the server ends without order.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::plan::Plan;

/// How the server is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// Its configuration file.
    pub config: PathBuf,
    /// What goes wrong from the start.
    pub plan: Plan,
    /// How long an issue may be pending, in milliseconds.
    pub pending: u64,
    /// How long a twin waits for the first, in milliseconds.
    pub twin_wait: u64,
    /// After how many milliseconds an object without a live record is swept.
    pub sweep_after: u64,
    /// How long an idempotency key is kept, in milliseconds.
    pub keep_keys: u64,
}

/// What the parent asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// Follow another plan.
    Follow(Plan),
    /// Which calls were made under this plan?
    Seen,
    /// Is there nothing left for the reconciler to do?
    Quiet,
    /// End in order.
    Stop,
}

/// What the server answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It serves there.
    Serving {
        /// The API's URL.
        api: String,
        /// That of its probes and metrics.
        internal: String,
    },
    /// These calls were made under the plan (before, if there is another now), in order.
    Seen(Vec<String>),
    /// So many records are pending, revoking, or past their time and not ended.
    Left(usize),
    /// It has ended in order.
    Stopped,
}
