//! Records of simulations on the wire, and what came of running one again.

use purser_domain::money::Money;
use purser_domain::provenance::{ChainFault, Chained, Drift, Replay, VersionChange, Versions};
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Records without their inputs and outputs, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenancePage {
    /// The records.
    pub records: Vec<ProvenanceRecord>,
    /// How many pass the filters, on this page or not.
    pub total: u64,
    /// The `offset` of the next page; null on the last.
    pub next_offset: Option<u64>,
}

/// What was run, when, with which versions, and where it stands in its tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceRecord {
    /// A UUID of version 7.
    pub id: String,
    /// When it was run.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was stored.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// `sandbox`, `canary`, `manual` or `backfill`.
    #[schema(example = "sandbox")]
    pub source: String,
    /// `v1`, `v2`, `v3`, `canary`, `comparison`, `runtime` or `scenario`.
    #[schema(example = "v3")]
    pub variant: String,
    /// `success`, `error`, `timeout` or `schema_error`.
    #[schema(example = "success")]
    pub status: String,
    /// The agent run that the plan is for.
    pub run_id: Option<String>,
    /// What the baseline says it costs.
    #[schema(value_type = Option<String>, example = "0.050000000000")]
    pub v1_cost_usd: Option<Money>,
    /// What the candidate says it costs.
    #[schema(value_type = Option<String>, example = "0.040000000000")]
    pub v2_cost_usd: Option<Money>,
    /// The seed of its random numbers.
    pub seed: Option<u64>,
    /// How long it ran.
    pub runtime_ms: u64,
    /// What the output depends on.
    pub versions: ProvenanceVersions,
    /// Names the inputs.
    pub input_hash: String,
    /// Names the output.
    pub output_hash: String,
    /// Its place in its tenant's chain, from 1.
    pub position: u64,
    /// The hash of the record before it.
    pub prev_hash: String,
    /// Its own hash, over the one before and all its fields.
    pub record_hash: String,
}

/// The versions of what an output depends on; null where it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceVersions {
    /// The skill catalogue.
    pub catalogue: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// What stands between the model and its caller.
    pub adapter: Option<String>,
    /// The prices.
    pub price_book: Option<String>,
    /// The program.
    pub code: Option<String>,
}

/// A record with everything that it was run on and that came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceDetail {
    /// The record.
    #[serde(flatten)]
    pub record: ProvenanceRecord,
    /// Whether `record_hash` is that of its fields: if not, it was changed since.
    pub is_sound: bool,
    /// The inputs: canonical JSON, byte for byte.
    pub inputs: String,
    /// The output: canonical JSON, byte for byte; its SHA-256 is `output_hash`.
    pub output: String,
}

/// Whether a record's output came out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceReplay {
    /// The record.
    pub id: String,
    /// What was run.
    #[schema(example = "v3")]
    pub variant: String,
    /// Whether it came out again, byte for byte.
    pub reproduced: bool,
    /// Why it could not, where that is known.
    pub reason: Option<String>,
    /// Whether the record's hash is that of its fields.
    pub is_sound: bool,
    /// SHA-256 of the output on record.
    pub recorded_hash: String,
    /// SHA-256 of what came out now; null if nothing did.
    pub replayed_hash: Option<String>,
    /// The versions that are others now, with or without an effect.
    pub versions: Vec<ProvenanceVersionChange>,
    /// The top-level fields of the output that differ.
    pub fields: Vec<String>,
}

/// A version that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceVersionChange {
    /// `catalogue_version`, `model_version`, `adapter_version`, `price_book_version`, `code_version` or
    /// `calibration_version`.
    pub name: String,
    /// The one on record.
    pub recorded: Option<String>,
    /// The one of the replay; null if there is none any more.
    pub now: Option<String>,
}

/// What a check of the tenant's chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceCheck {
    /// Whether every record is there and as it was.
    pub ok: bool,
    /// Records checked.
    pub records: u64,
    /// What is wrong, the first hundred.
    pub faults: Vec<String>,
    /// How many faults there are.
    pub faults_total: u64,
}

/// How far the candidate's costs lie from the baseline's over the records that have both; all zero without any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceDrift {
    /// Records with both costs.
    pub records: u64,
    /// Mean of candidate less baseline.
    #[schema(value_type = String, example = "-0.010000000000")]
    pub mean_usd: Money,
    /// The least.
    #[schema(value_type = String, example = "-0.020000000000")]
    pub min_usd: Money,
    /// The greatest.
    #[schema(value_type = String, example = "0.000000000000")]
    pub max_usd: Money,
    /// The sample standard deviation, dollars; 0 below two records.
    pub stddev_usd: f64,
}

/// A simulation of the baseline from before provenance was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceBaseline {
    /// The agent run.
    pub run_id: Option<String>,
    /// The key's tenant, if it is given.
    pub tenant_id: Option<String>,
    /// What the baseline said it costs, dollars; this or `cost_cents`.
    #[schema(value_type = Option<String>, example = "0.05")]
    pub cost_usd: Option<Money>,
    /// The same in cents, of which there may be parts.
    #[schema(example = 5)]
    pub cost_cents: Option<f64>,
    /// Names the inputs, 64 hexadecimal digits; without it, the hash of the payload does. This or `payload`.
    pub input_hash: Option<String>,
    /// The inputs; null if they are lost.
    pub payload: Option<serde_json::Value>,
    /// When it was run; without it, now.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
}

/// What became of the baselines that were brought in, or would become of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceBackfill {
    /// Stored.
    pub inserted: u64,
    /// A baseline with the same inputs was there already.
    pub skipped: u64,
    /// Refused, or not stored because the store was out.
    pub errors: u64,
    /// Why, for the first of them.
    pub first_error: Option<String>,
    /// Whether nothing was stored because that was not asked for.
    pub dry_run: bool,
}

impl From<Drift> for ProvenanceDrift {
    fn from(drift: Drift) -> Self {
        let Drift { total, avg, min, max, stddev } = drift;
        Self { records: total, mean_usd: avg, min_usd: min, max_usd: max, stddev_usd: stddev }
    }
}

impl ProvenanceCheck {
    /// What a check of `records` records found.
    #[must_use]
    pub fn new(records: u64, faults: &[ChainFault], faults_total: u64) -> Self {
        let faults = faults.iter().map(ToString::to_string).collect();
        Self { ok: faults_total == 0, records, faults, faults_total }
    }
}

impl From<&Chained> for ProvenanceRecord {
    fn from(chained: &Chained) -> Self {
        let record = &chained.record;
        Self {
            id: record.id.to_string(),
            created_at: record.created_at,
            received_at: chained.received_at,
            source: record.source.name().to_owned(),
            variant: record.variant.name().to_owned(),
            status: record.status.name().to_owned(),
            run_id: record.run_id.clone(),
            v1_cost_usd: record.v1_cost,
            v2_cost_usd: record.v2_cost,
            seed: record.seed,
            runtime_ms: record.runtime_ms,
            versions: record.versions.clone().into(),
            input_hash: record.input_hash.to_string(),
            output_hash: record.output_hash.to_string(),
            position: chained.position,
            prev_hash: chained.prev_hash.to_string(),
            record_hash: chained.record_hash.to_string(),
        }
    }
}

impl From<Versions> for ProvenanceVersions {
    fn from(versions: Versions) -> Self {
        let Versions { catalogue, model, adapter, price_book, code } = versions;
        Self { catalogue, model, adapter, price_book, code }
    }
}

impl From<Chained> for ProvenanceDetail {
    fn from(chained: Chained) -> Self {
        let (record, is_sound) = (ProvenanceRecord::from(&chained), chained.is_sound());
        Self { record, is_sound, inputs: chained.record.inputs, output: chained.record.output }
    }
}

impl From<Replay> for ProvenanceReplay {
    fn from(replay: Replay) -> Self {
        Self {
            id: replay.id.to_string(),
            variant: replay.variant.name().to_owned(),
            reproduced: replay.reproduced,
            reason: replay.reason,
            is_sound: replay.is_sound,
            recorded_hash: replay.recorded_hash.to_string(),
            replayed_hash: replay.replayed_hash.map(|hash| hash.to_string()),
            versions: replay.versions.into_iter().map(Into::into).collect(),
            fields: replay.fields,
        }
    }
}

impl From<VersionChange> for ProvenanceVersionChange {
    fn from(change: VersionChange) -> Self {
        Self { name: change.name.to_owned(), recorded: change.recorded, now: change.now }
    }
}

impl ProvenancePage {
    /// The records from `offset` on, of `total` that pass.
    #[must_use]
    pub fn new(found: &[Chained], offset: usize, total: u64) -> Self {
        let next = offset as u64 + found.len() as u64;
        let next_offset = Some(next).filter(|next| *next < total && !found.is_empty());
        Self { records: found.iter().map(Into::into).collect(), total, next_offset }
    }
}
