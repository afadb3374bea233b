//! A plan made ready to be drawn: every driver a table, every model call a tariff, every key a stream.

use std::collections::BTreeSet;

use purser_domain::driver::Source;
use purser_domain::plan::{Cache, Retry};

use super::table::Table;
use super::tariff::Tariff;

/// A compiled plan.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Op>,
    pub(super) leaves: Vec<Leaf>,
    /// Of each of the plan's own steps the name, and how many leaves there are up to its end.
    pub(super) ends: Vec<(String, usize)>,
    /// How many nodes draw numbers of their own.
    pub(super) slots: usize,
    /// The most one run may cost, pico-dollars.
    pub(super) cost_max: u64,
    /// Steps and turns of one run on average, attempts that follow a failure included.
    pub(super) work_mean: f64,
    pub(super) price_versions: BTreeSet<String>,
    pub(super) unknown_skills: BTreeSet<String>,
    /// Drivers by source: request, fitted, prior.
    pub(super) sources: [u64; 3],
}

/// Whose random numbers: the place of the node's column, and its stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) index: usize,
    pub(super) stream: u64,
}

#[derive(Debug)]
pub(super) enum Op {
    Leaf(usize),
    Sequence(Vec<Op>),
    Parallel(Vec<Op>),
    /// The arms' upper thresholds of 32 random bits.
    Branch(Slot, Vec<(u64, Vec<Op>)>),
    Loop(Slot, Table, Vec<Op>),
    Map {
        slot: Slot,
        items: Table,
        concurrency: usize,
        body: Vec<Op>,
    },
    Guarded(Box<Guarded>),
}

#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) slot: Slot,
    pub(super) attempts: u32,
    pub(super) retry: Option<Retry>,
    /// Microseconds.
    pub(super) timeout: u64,
    pub(super) ending: Ending,
    pub(super) body: Op,
}

#[derive(Debug)]
pub(super) enum Ending {
    Abort,
    Continue,
    Fallback(Vec<Op>),
}

#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) name: String,
    pub(super) slot: Slot,
    /// The numbers that all calls to the same provider, or of the same skill, have in common.
    pub(super) group: Slot,
    /// Threshold of 32 random bits.
    pub(super) failure: u64,
    pub(super) failure_source: Source,
    pub(super) kind: LeafKind,
}

#[derive(Debug)]
pub(super) enum LeafKind {
    Skill(Skill),
    Model(Box<Conversation>),
}

/// A skill: pico-dollars and microseconds.
#[derive(Debug)]
pub(super) struct Skill {
    pub(super) cost: Table,
    pub(super) cost_source: Source,
    pub(super) latency: Table,
}

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) tariff: Tariff,
    pub(super) cache: Cache,
    /// Tokens sent first.
    pub(super) input: Table,
    pub(super) input_source: Source,
    /// Of these, what is the same in every run: system prompt and tools.
    pub(super) prefix: u64,
    pub(super) turns: Table,
    pub(super) turns_source: Source,
    pub(super) output: Table,
    pub(super) output_source: Source,
    pub(super) tool_calls: Table,
    pub(super) tool_result: Table,
    /// Microseconds of a turn before its answer.
    pub(super) latency: Table,
    /// Microseconds for each token answered.
    pub(super) token_us: u64,
}
