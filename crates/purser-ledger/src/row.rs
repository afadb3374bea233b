//! Entries ↔ rows, without loss.
//! Invariant: `read(write(entries)) == entries`; columns that are null throughout a batch are left out of it.

mod observed;
mod read;
mod write;

pub(crate) use read::Reader;
pub(crate) use write::{check, write};

#[cfg(test)]
mod tests;
