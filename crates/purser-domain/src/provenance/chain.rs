//! The chain: each record's hash covers the record before it in its tenant, so none can be changed, dropped or put
//! in between unseen.
//!
//! A record's hash is SHA-256 over a fixed layout, version 1: the ASCII text `purser.provenance.1`, a zero byte, the
//! 32 bytes of the hash before, then each field in this order as an 8-byte big-endian length and its UTF-8 text:
//! position, received_at (both decimal; times in microseconds since 1970), id, tenant_id, created_at, source,
//! variant, status, inputs, output, catalogue_version, model_version, adapter_version, price_book_version,
//! code_version, seed (decimal), input_hash, output_hash, run_id, v1_cost, v2_cost (both decimal pico-dollars),
//! runtime_ms (decimal). A field that is null has the length 2^64 − 1 and no text.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Hash, Record};
use crate::tenant::TenantId;
use crate::time::Timestamp;

const LAYOUT: &[u8] = b"purser.provenance.1\0";
/// Gaps and breaks told apart; more are only counted.
const FAULTS_MAX: usize = 100;

/// The last record of a tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    /// Whose chain.
    pub tenant: TenantId,
    /// The record's place: the first has 1; 0 stands before it.
    pub position: u64,
    /// The record's hash; [`Hash::ZERO`] before the first.
    pub hash: Hash,
}

impl ChainHead {
    /// Where the chain of `tenant` starts.
    #[must_use]
    pub const fn start(tenant: TenantId) -> Self {
        Self { tenant, position: 0, hash: Hash::ZERO }
    }
}

/// A record in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained {
    /// The record.
    pub record: Record,
    /// When it was stored; strictly increases over all tenants.
    pub received_at: Timestamp,
    /// Its place in its tenant's chain, from 1.
    pub position: u64,
    /// The hash of the record before.
    pub prev_hash: Hash,
    /// Its own hash.
    pub record_hash: Hash,
}

impl Chained {
    /// Puts `record` behind `head`, which moves to it.
    #[must_use]
    pub fn after(head: &mut ChainHead, record: Record, received_at: Timestamp) -> Self {
        let (position, prev_hash) = (head.position + 1, head.hash);
        let mut chained = Self { record, received_at, position, prev_hash, record_hash: Hash::ZERO };
        chained.record_hash = chained.hash();
        (head.position, head.hash) = (position, chained.record_hash);
        chained
    }

    /// Whether its hash is that of its fields.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.hash() == self.record_hash
    }

    fn hash(&self) -> Hash {
        let record = &self.record;
        let mut layout = Layout(Sha256::new());
        layout.0.update(LAYOUT);
        layout.0.update(self.prev_hash.as_bytes());
        layout.number(self.position);
        layout.number(self.received_at.micros());
        layout.text(&record.id.to_string());
        layout.text(record.tenant.as_str());
        layout.number(record.created_at.micros());
        layout.text(record.source.name());
        layout.text(record.variant.name());
        layout.text(record.status.name());
        layout.text(&record.inputs);
        layout.text(&record.output);
        for (_, text) in record.versions.texts() {
            layout.optional(text);
        }
        layout.optional(record.seed.map(|seed| seed.to_string()).as_deref());
        layout.text(record.input_hash.hex(&mut [0; 64]));
        layout.text(record.output_hash.hex(&mut [0; 64]));
        layout.optional(record.run_id.as_deref());
        for cost in [record.v1_cost, record.v2_cost] {
            layout.optional(cost.map(|cost| cost.pico().to_string()).as_deref());
        }
        layout.number(record.runtime_ms);
        Hash::from_bytes(layout.0.finalize().into())
    }
}

struct Layout(Sha256);

impl Layout {
    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.0.update(u64::MAX.to_be_bytes()),
        }
    }

    fn number(&mut self, number: impl Into<i128>) {
        self.text(&number.into().to_string());
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A record's fields do not have its hash: it was changed.
    #[error("record {position} was changed: its fields do not have its hash")]
    Changed {
        /// Where.
        position: u64,
    },
    /// Two records follow each other whose hashes do not: one of them was replaced.
    #[error("record {position} does not follow the one before it: prev_hash is another")]
    Broken {
        /// Where the later one stands.
        position: u64,
    },
    /// A place is taken twice.
    #[error("two records stand at {position}")]
    Twice {
        /// Where.
        position: u64,
    },
    /// Records are missing.
    #[error("records {from} to {to} are missing")]
    Missing {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// The chain does not end as the state says.
    #[error("the chain ends at {found} with another hash than the state's record {expected}")]
    Head {
        /// Where the state says it ends.
        expected: u64,
        /// Where it ends.
        found: u64,
    },
}

/// Checks a chain whose records come in any order: nearly in order, it needs next to no memory.
#[derive(Debug, Default)]
pub struct Segments {
    /// Runs of records that follow each other, by the place of their first.
    runs: BTreeMap<u64, Run>,
    faults: Vec<ChainFault>,
    faults_total: u64,
    records: u64,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    last: u64,
    prev_hash: Hash,
    last_hash: Hash,
}

impl Segments {
    /// Takes one record in.
    pub fn add(&mut self, chained: &Chained) {
        self.records += 1;
        if !chained.is_sound() {
            self.fault(ChainFault::Changed { position: chained.position });
        }
        let position = chained.position;
        let mut run = Run { last: position, prev_hash: chained.prev_hash, last_hash: chained.record_hash };
        let mut first = position;
        if let Some((start, before)) = self.runs.range(..=position).next_back().map(|(start, run)| (*start, *run)) {
            if before.last >= position {
                return self.fault(ChainFault::Twice { position });
            }
            if before.last + 1 == position {
                if before.last_hash != chained.prev_hash {
                    self.fault(ChainFault::Broken { position });
                }
                (first, run.prev_hash) = (start, before.prev_hash);
            }
        }
        if let Some(after) = self.runs.remove(&(position + 1)) {
            if after.prev_hash != chained.record_hash {
                self.fault(ChainFault::Broken { position: position + 1 });
            }
            (run.last, run.last_hash) = (after.last, after.last_hash);
        }
        self.runs.insert(first, run);
    }

    /// Records taken in.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// What is wrong, and how many faults there are in all, given where the state says that the chain ends and up to
    /// where retention has dropped it.
    ///
    /// A chain has no holes, and starts no later than after what was dropped; where it starts if nobody knows that
    /// (`None`), is not checked.
    #[must_use]
    pub fn finish(mut self, head: &ChainHead, dropped: Option<u64>) -> (Vec<ChainFault>, u64) {
        let runs: Vec<(u64, Run)> = std::mem::take(&mut self.runs).into_iter().collect();
        let start = runs.first().map_or(head.position + 1, |(first, _)| *first);
        if let Some(from) = dropped.map(|dropped| dropped + 1).filter(|from| *from < start) {
            self.fault(ChainFault::Missing { from, to: start - 1 });
        }
        for pair in runs.windows(2) {
            self.fault(ChainFault::Missing { from: pair[0].1.last + 1, to: pair[1].0 - 1 });
        }
        if runs.first().is_some_and(|(first, run)| *first == 1 && run.prev_hash != Hash::ZERO) {
            self.fault(ChainFault::Broken { position: 1 });
        }
        if let Some((_, last)) = runs.last() {
            if last.last < head.position {
                self.fault(ChainFault::Missing { from: last.last + 1, to: head.position });
            } else if (last.last, last.last_hash) != (head.position, head.hash) {
                self.fault(ChainFault::Head { expected: head.position, found: last.last });
            }
        }
        (self.faults, self.faults_total)
    }

    fn fault(&mut self, fault: ChainFault) {
        self.faults_total += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}
