//! Holds bills against the ledger and keeps what came of it.

use futures::StreamExt;
use purser_domain::reconciliation::{Bill, LeftOut, Recorded};
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage_event::FieldError;
use purser_engine::reconciliation::Comparison;
use purser_ingest::bill;
use purser_ingest::decoded::Refusal;
use purser_ingest::file::Export;
use purser_ledger::entry_filter::EntryFilter;

use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// Reads a bill out of a CSV file.
///
/// # Errors
/// Invalid: it is no bill, or has rows that cannot be read, each named by its line.
pub fn read(name: &str, bytes: Vec<u8>, now: Timestamp) -> Result<Bill, Error> {
    let read = bill::Bill::read(std::io::Cursor::new(bytes), now);
    let (kind, read) = read.map_err(|error| Error::invalid_field("bill", name, &error.to_string()))?;
    if !read.refused.is_empty() {
        let named = |refusal: Refusal| {
            let line = refusal.index;
            refusal
                .errors
                .into_iter()
                .map(move |error| FieldError { field: format!("bill[line {line}].{}", error.field), ..error })
        };
        return Err(Error::invalid(read.refused.into_iter().take(100).flat_map(named).collect()));
    }
    let left_out = read.left_out.into_iter().map(|(name, (rows, amount))| LeftOut { name, rows, amount });
    Ok(Bill { name: name.to_owned(), kind: kind.name().to_owned(), lines: read.lines, left_out: left_out.collect() })
}

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

impl Service {
    /// Holds `bill` against what the ledger charged on its days, names the causes of each difference, and keeps it.
    ///
    /// Events that were imported from a bill are not usage and are left out.
    ///
    /// # Errors
    /// Forbidden; invalid if the bill has no line about a model; unavailable.
    pub async fn reconcile(&self, who: &Principal, bill: Bill, tolerance_millionths: u32) -> Result<Recorded, Error> {
        who.may_operate()?;
        let book = self.tenant_book(who.tenant()).await?;
        let mut comparison = Comparison::new(&bill.lines, &book);
        let Some((first, last)) = comparison.days() else {
            return Err(Error::invalid_field("bill", &bill.name, "has no line about a model"));
        };
        let start = |day: i32| Timestamp::from_micros(i64::from(day) * DAY);
        let window = Window::new(start(first), start(last.saturating_add(1)));
        let filter = EntryFilter { window, ..EntryFilter::default() };
        let mut batches = self.ledger().scan(who.tenant(), &filter).await?;
        while let Some(batch) = batches.next().await {
            for entry in batch?.iter().filter(|entry| !is_bill(&entry.event.source)) {
                comparison.add(entry, &book);
            }
        }
        let recorded = Recorded {
            id: format!("rec_{}", random_hex::<8>()),
            name: bill.name,
            kind: bill.kind,
            recorded_at: self.now(),
            tolerance_millionths,
            reconciliation: comparison.finish(&book),
            left_out: bill.left_out,
        };
        self.store().reconciliation(who.tenant()).add(&recorded).await?;
        Ok(recorded)
    }

    /// One reconciliation.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn reconciliation(&self, who: &Principal, id: &str) -> Result<Recorded, Error> {
        who.may_read()?;
        let found = self.store().reconciliation(who.tenant()).get(id).await?;
        found.ok_or_else(|| Error::not_found("reconciliation", id))
    }

    /// Reconciliations, the newest first, those before the one that `before` names by time and id.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn reconciliations(
        &self,
        who: &Principal,
        limit: u64,
        before: Option<(Timestamp, &str)>,
    ) -> Result<Vec<Recorded>, Error> {
        who.may_read()?;
        Ok(self.store().reconciliation(who.tenant()).list(limit, before).await?)
    }
}

fn is_bill(source: &str) -> bool {
    source.parse::<Export>().is_ok_and(Export::is_bill)
}
