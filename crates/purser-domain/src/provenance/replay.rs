//! What came of running a record again.

use super::{Hash, RecordId, Variant};

/// Whether a record's output comes out again, and if not, what is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The record.
    pub id: RecordId,
    /// What was run.
    pub variant: Variant,
    /// Whether the output came out again, byte for byte.
    pub reproduced: bool,
    /// Why there is no output to compare, if there is none.
    pub reason: Option<String>,
    /// Whether the record's hash is that of its fields: if not, it was changed since.
    pub is_sound: bool,
    /// The hash of the output on record.
    pub recorded_hash: Hash,
    /// The hash of what came out now.
    pub replayed_hash: Option<Hash>,
    /// The versions that are others now, with or without an effect.
    pub versions: Vec<VersionChange>,
    /// The top-level fields of the output that differ.
    pub fields: Vec<String>,
}

/// A version that is another now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionChange {
    /// `catalogue_version`, `model_version`, `adapter_version`, `price_book_version`, `code_version` or
    /// `calibration_version`.
    pub name: &'static str,
    /// The one on record.
    pub recorded: Option<String>,
    /// The one of the replay; `None` if there is none any more.
    pub now: Option<String>,
}
