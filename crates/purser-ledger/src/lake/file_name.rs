//! Names of lake files: never used twice, sorting by the inbox batches they come from.

use std::hash::BuildHasher;

/// A new path for a file of the day `date` in the partition column `column`, after inbox batch `seq`.
pub(super) fn new(column: &str, date: &str, seq: i64) -> String {
    let random = std::hash::RandomState::new().hash_one(seq);
    format!("{column}={date}/part-{seq:012}-{random:016x}.zstd.parquet")
}
