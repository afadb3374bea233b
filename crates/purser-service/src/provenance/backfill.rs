//! Baselines that were known before provenance was kept are brought in: in batches, each input once.

use std::collections::HashSet;
use std::time::Duration;

use purser_domain::provenance::{Baseline, Hash, Record, Source, Variant};
use purser_domain::step::parse_plan;
use purser_engine::canonical_json::{Form, canonical};
use purser_engine::step;
use purser_ledger::provenance::Unless;

use super::BATCH_MAX;
use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// How long a backfill that stopped moving keeps others away.
const LEASE_TTL: Duration = Duration::from_secs(60);
/// The most bytes of payload of one transaction.
const BYTES_MAX: usize = 64 << 20;

/// What names the inputs of a baseline: two with the same are one. A payload with a plan and a budget is named as the
/// record of such a simulation is.
#[must_use]
pub fn input_hash(baseline: &Baseline) -> Hash {
    let of_payload = || {
        let plan = parse_plan(baseline.payload.get("plan")?, "plan").ok()?;
        step::input_hash(&plan, baseline.payload.get("budget_cents")?.as_i64()?).parse().ok()
    };
    let of_text = || Hash::of(canonical(&baseline.payload, Form::Rfc8785).as_bytes());
    baseline.input_hash.or_else(of_payload).unwrap_or_else(of_text)
}

/// What became of the baselines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backfilled {
    /// Stored.
    pub inserted: u64,
    /// There is a baseline with the same inputs already.
    pub skipped: u64,
    /// Refused, or not stored because the store was out.
    pub errors: u64,
    /// Why, for the first of them.
    pub first_error: Option<String>,
}

impl Backfilled {
    fn fail(&mut self, count: usize, error: &Error) {
        self.errors += count as u64;
        self.first_error.get_or_insert_with(|| error.to_string());
    }
}

impl Service {
    /// Brings baselines in, `batch_size` in one transaction, fewer if they are large: running it again stores nothing twice.
    ///
    /// # Errors
    /// Forbidden; invalid with a batch size of 0 or over [`BATCH_MAX`]; a conflict while another backfill of the tenant
    /// runs; unavailable before the first batch. Later failures are counted.
    pub async fn provenance_backfill(
        &self,
        who: &Principal,
        baselines: Vec<Baseline>,
        batch_size: usize,
    ) -> Result<Backfilled, Error> {
        who.may_operate()?;
        if !(1..=BATCH_MAX).contains(&batch_size) {
            return Err(Error::invalid_field("batch_size", &batch_size, &format!("must be 1 to {BATCH_MAX}")));
        }
        // What was recorded just before is there already.
        self.recorder().flush().await;
        let (name, holder) = (format!("provenance.backfill.{}", who.tenant()), random_hex::<8>());
        let mut done = Backfilled::default();
        for (round, part) in baselines.chunks(batch_size).enumerate() {
            match self.backfill_turn(&name, &holder).await {
                Ok(()) => self.backfill_part(who, part, &mut done).await,
                Err(error) if round == 0 => return Err(error),
                Err(error) => done.fail(part.len(), &error),
            }
        }
        if let Err(error) = self.store().lease().release(&name, &holder).await {
            tracing::warn!(%error, name, "a lease could not be given back; it ends at its time");
        }
        Ok(done)
    }

    /// What a backfill of `baselines` would come to; stores nothing.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn provenance_backfill_preview(
        &self,
        who: &Principal,
        baselines: &[Baseline],
    ) -> Result<Backfilled, Error> {
        who.may_operate()?;
        let mut done = Backfilled::default();
        let mut seen = HashSet::new();
        for part in baselines.chunks(BATCH_MAX) {
            let records = self.admitted(who, part, &mut done);
            let hashes = records.iter().map(|record| record.input_hash).collect();
            seen.extend(self.provenance_of(who).await?.known(who.tenant(), Variant::V1, &hashes).await?);
            for record in records {
                *(if seen.insert(record.input_hash) { &mut done.inserted } else { &mut done.skipped }) += 1;
            }
        }
        Ok(done)
    }

    /// Takes or renews the lease of a backfill.
    async fn backfill_turn(&self, name: &str, holder: &str) -> Result<(), Error> {
        let is_mine = self.store().lease().acquire(name, holder, self.now(), LEASE_TTL).await?;
        if is_mine { Ok(()) } else { Err(Error::conflict("conflict", "another backfill of this tenant runs")) }
    }

    async fn backfill_part(&self, who: &Principal, part: &[Baseline], done: &mut Backfilled) {
        let mut batch = Vec::with_capacity(part.len());
        let mut bytes = 0;
        for record in self.admitted(who, part, done) {
            if bytes + record.payload_bytes() > BYTES_MAX {
                self.backfill_batch(std::mem::take(&mut batch), done).await;
                bytes = 0;
            }
            bytes += record.payload_bytes();
            batch.push(record);
        }
        self.backfill_batch(batch, done).await;
    }

    async fn backfill_batch(&self, records: Vec<Record>, done: &mut Backfilled) {
        let count = records.len();
        let stored = match self.provenance().await {
            Ok(provenance) => provenance.append(records, Unless::InputStored).await.map_err(Error::from),
            Err(error) => Err(error),
        };
        match stored {
            Ok(stored) => {
                let inserted = stored.iter().filter(|stored| **stored).count();
                done.inserted += inserted as u64;
                done.skipped += (stored.len() - inserted) as u64;
            }
            Err(error) => done.fail(count, &error),
        }
    }

    /// The records of the baselines that can be stored; the others are counted.
    fn admitted(&self, who: &Principal, part: &[Baseline], done: &mut Backfilled) -> Vec<Record> {
        let mut records = Vec::with_capacity(part.len());
        for baseline in part {
            match super::admit(who.tenant(), self.baseline(who, baseline)) {
                Ok(record) => records.push(record),
                Err(error) => done.fail(1, &error),
            }
        }
        records
    }

    fn baseline(&self, who: &Principal, baseline: &Baseline) -> Record {
        let at = baseline.created_at.unwrap_or_else(|| self.now());
        let (inputs, output) = (canonical(&baseline.payload, Form::Rfc8785), "null".to_owned());
        let mut record = Record::new(self.provenance_id(), who.tenant().clone(), at, inputs, output);
        record.variant = Variant::V1;
        record.source = Source::Backfill;
        record.run_id.clone_from(&baseline.run_id);
        record.v1_cost = Some(baseline.cost);
        record.input_hash = input_hash(baseline);
        record
    }
}
