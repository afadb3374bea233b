//! What the inputs of a record hold beside the request.

use serde::{Deserialize, Serialize};

/// Which calibration a simulation rested on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rested {
    /// Its number.
    pub(crate) number: i64,
    /// Its version.
    pub(crate) version: String,
}
