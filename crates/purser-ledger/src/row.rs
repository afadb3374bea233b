//! Entries ↔ rows, without loss.
//! Invariant: `read(write(entries)) == entries`; columns that are null throughout a batch are left out of it.

mod observed;
mod read;
mod write;

pub(crate) use read::Reader;
pub(crate) use write::{Row, check, check_charge, write};

#[cfg(test)]
mod tests;
