//! The ledger: usage events, append-only, exactly once. Durable inbox → Delta Lake table → typed queries.
//!
//! Invariant: `Ok` from [`Ledger::append`] means on disk; each event counts once, whatever the order,
//! the delay or the node; the sum of all rows is the truth, in this API and in any engine that reads the lake.

#![warn(missing_docs)]

pub mod append;
pub mod config;
pub mod entry_filter;
pub mod error;
pub mod provenance;
pub mod report;
pub mod schema;

mod codec;
mod commit;
mod cube;
mod entries;
mod filter;
mod flush;
mod index;
mod lake;
mod layout;
mod ledger;
mod log;
mod maintain;
mod plan;
mod query;
mod row;
mod scan;
mod shared;
mod slot;
mod view;

pub use append::{AppendError, Applied, Conflict, Correction, Draft, Mode, Outcome, Rate, Receipt};
pub use config::{Clock, Config};
pub use entry_filter::{EntryFilter, Page};
pub use error::Error;
pub use ledger::{Ledger, Operator};
pub use provenance::Provenance;
pub use report::{Finding, Flushed, Optimized, Stats, Vacuumed, Verified};
