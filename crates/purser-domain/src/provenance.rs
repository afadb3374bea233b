//! What was simulated, from which inputs, with which versions, and what came out: enough to do it again.
//! Invariant: a record is never changed; its place in its tenant's chain covers every field.

mod baseline;
mod chain;
mod drift;
mod id;
mod replay;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::tenant::TenantId;
use crate::time::Timestamp;
use crate::usage_event::FieldError;

pub use baseline::Baseline;
pub use chain::{ChainFault, ChainHead, Chained, Segments};
pub use drift::Drift;
pub use id::{Hash, RecordId};
pub use replay::{Replay, VersionChange};

/// Inputs and output of one record have at most that many bytes together.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// The other texts have at most that many bytes each.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// `runtime_ms` is below this: JSON readers keep it exactly.
const RUNTIME_MS_MAX: u64 = 1 << 53;

/// Writes an enumeration with its wire names: `name`, `ALL`, `FromStr` and serde agree on them.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident: $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $name)] $variant,)+
        }

        impl $type {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The wire name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().copied().find(|value| value.name() == text);
                found.ok_or_else(|| format!(concat!("{:?} is not a ", $what), text))
            }
        }
    };
}

named! {
    /// What asked for the simulation.
    Source: "source of provenance: sandbox, canary, manual or backfill" {
        /// A request, with or without a shadow.
        Sandbox = "sandbox",
        /// A canary run.
        Canary = "canary",
        /// Somebody by hand.
        Manual = "manual",
        /// A baseline that was brought in afterwards.
        Backfill = "backfill",
    }
}

named! {
    /// What was run.
    Variant: "variant: v1, v2, v3, canary, comparison, runtime or scenario" {
        /// The flat table.
        V1 = "v1",
        /// The parametric model.
        V2 = "v2",
        /// The model of graphs and distributions.
        V3 = "v3",
        /// One sample of a canary run.
        Canary = "canary",
        /// Two models on one plan.
        Comparison = "comparison",
        /// The runtime view of the catalogue.
        Runtime = "runtime",
        /// The scenario view of the catalogue.
        Scenario = "scenario",
    }
}

named! {
    /// How it ended.
    Status: "status: success, error, timeout or schema_error" {
        /// With a result.
        Success = "success",
        /// With an error.
        Error = "error",
        /// Not before its deadline.
        Timeout = "timeout",
        /// Its input or output has another form than its model knows.
        SchemaError = "schema_error",
    }
}

/// The versions of everything that the output depends on; `None` where it does not depend on it, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The skill catalogue.
    pub catalogue: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// What stands between the model and its caller.
    pub adapter: Option<String>,
    /// The price book.
    pub price_book: Option<String>,
    /// The program, as stamped when it was built.
    pub code: Option<String>,
}

impl Versions {
    /// Each version with its name.
    #[must_use]
    pub fn texts(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("catalogue_version", self.catalogue.as_deref()),
            ("model_version", self.model.as_deref()),
            ("adapter_version", self.adapter.as_deref()),
            ("price_book_version", self.price_book.as_deref()),
            ("code_version", self.code.as_deref()),
        ]
    }
}

/// One simulation, comparison or canary sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its id, made by whoever ran it: it may be told before the record is stored.
    pub id: RecordId,
    /// Whose it is.
    pub tenant: TenantId,
    /// When it was run.
    pub created_at: Timestamp,
    /// What asked for it.
    pub source: Source,
    /// What was run.
    pub variant: Variant,
    /// How it ended.
    pub status: Status,
    /// Everything it was run on, as canonical JSON.
    pub inputs: String,
    /// What came out, as canonical JSON; `null` if nothing did.
    pub output: String,
    /// With which versions.
    pub versions: Versions,
    /// The seed of its random numbers, if it used any.
    pub seed: Option<u64>,
    /// Names the inputs; equal inputs of one variant have equal hashes.
    pub input_hash: Hash,
    /// Names the output.
    pub output_hash: Hash,
    /// The agent run that the plan is for: what it was really billed is found by it.
    pub run_id: Option<String>,
    /// What the baseline says it costs.
    pub v1_cost: Option<Money>,
    /// What the candidate says it costs.
    pub v2_cost: Option<Money>,
    /// How long it ran, milliseconds.
    pub runtime_ms: u64,
}

impl Record {
    /// A successful run of `inputs` with neither versions nor costs, its hashes over the texts as they are.
    #[must_use]
    pub fn new(id: RecordId, tenant: TenantId, created_at: Timestamp, inputs: String, output: String) -> Self {
        Self {
            id,
            tenant,
            created_at,
            source: Source::Sandbox,
            variant: Variant::V2,
            status: Status::Success,
            input_hash: Hash::of(inputs.as_bytes()),
            output_hash: Hash::of(output.as_bytes()),
            inputs,
            output,
            versions: Versions::default(),
            seed: None,
            run_id: None,
            v1_cost: None,
            v2_cost: None,
            runtime_ms: 0,
        }
    }

    /// The first 16 hexadecimal digits of the input hash.
    #[must_use]
    pub fn plan_hash(&self) -> String {
        let mut text = self.input_hash.to_string();
        text.truncate(16);
        text
    }

    /// Candidate minus baseline, where both are known.
    #[must_use]
    pub fn cost_delta(&self) -> Option<Money> {
        self.v2_cost?.checked_sub(self.v1_cost?)
    }

    /// The bytes of its payload.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.inputs.len() + self.output.len()
    }

    /// Every field that no row can hold.
    ///
    /// # Errors
    /// The fields, each with its value and the reason.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let mut wrong = Vec::new();
        if self.payload_bytes() > PAYLOAD_BYTES_MAX {
            let reason = format!("inputs and output must have at most {PAYLOAD_BYTES_MAX} bytes together");
            wrong.push(FieldError::new("inputs", &self.payload_bytes(), reason));
        }
        for (name, text) in [("inputs", &self.inputs), ("output", &self.output)] {
            if text.is_empty() {
                wrong.push(FieldError::new(name, "", "must be JSON; null for none"));
            }
        }
        let run_id = ("run_id", self.run_id.as_deref());
        for (name, text) in self.versions.texts().into_iter().chain([run_id]) {
            if text.is_some_and(|text| text.is_empty() || text.len() > TEXT_BYTES_MAX) {
                let reason = format!("must have 1 to {TEXT_BYTES_MAX} bytes");
                wrong.push(FieldError::new(name, text.unwrap_or_default(), reason));
            }
        }
        let costs = [("v1_cost", self.v1_cost), ("v2_cost", self.v2_cost), ("cost_delta", self.cost_delta())];
        for (name, cost) in costs {
            if let Some(cost) = cost.filter(|cost| !cost.fits_charge()) {
                wrong.push(FieldError::new(name, &cost, "must be below 1,000,000 USD"));
            }
        }
        if self.v1_cost.is_some() && self.v2_cost.is_some() && self.cost_delta().is_none() {
            wrong.push(FieldError::new("cost_delta", "", "is out of range"));
        }
        if self.runtime_ms >= RUNTIME_MS_MAX {
            wrong.push(FieldError::new("runtime_ms", &self.runtime_ms, "must be below 2^53"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// Keeps the records that pass every part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only this variant.
    pub variant: Option<Variant>,
    /// Only this source.
    pub source: Option<Source>,
    /// Only this outcome.
    pub status: Option<Status>,
    /// Only these inputs.
    pub input_hash: Option<Hash>,
    /// Only this agent run.
    pub run_id: Option<String>,
    /// Run at this moment or later.
    pub start: Option<Timestamp>,
    /// Run at this moment or earlier.
    pub end: Option<Timestamp>,
}

impl Filter {
    /// Whether `record` passes: what a query answers, one record at a time.
    #[must_use]
    pub fn passes(&self, record: &Record) -> bool {
        self.variant.is_none_or(|variant| variant == record.variant)
            && self.source.is_none_or(|source| source == record.source)
            && self.status.is_none_or(|status| status == record.status)
            && self.input_hash.is_none_or(|hash| hash == record.input_hash)
            && self.run_id.as_ref().is_none_or(|run| Some(run) == record.run_id.as_ref())
            && self.start.is_none_or(|start| start <= record.created_at)
            && self.end.is_none_or(|end| record.created_at <= end)
    }
}

/// A page, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most that many records.
    pub limit: usize,
    /// After that many.
    pub offset: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 100, offset: 0 }
    }
}
