//! Sizes and ages that a monitor watches.
//! Invariant: nothing of a tenant's is in them.

use purser_domain::time::Timestamp;

use crate::price_update::UPDATE;
use crate::service::Service;

impl Service {
    /// The ledger's sizes, the inbox's lag, the price book's age and the lowest share of a newest bill that is
    /// reconciled, by the name of the gauge.
    ///
    /// A store that is out leaves its gauges away.
    pub async fn gauges(&self) -> Vec<(&'static str, f64)> {
        let mut gauges = Vec::new();
        if let Ok(stats) = self.ledger().stats().await {
            let lag = stats.head_seq.saturating_sub(stats.flushed_seq);
            gauges.extend([
                ("purser_inbox_rows", stats.inbox_rows as f64),
                ("purser_inbox_bytes", stats.inbox_bytes as f64),
                ("purser_inbox_lag_batches", lag as f64),
                ("purser_lake_files", stats.lake_files as f64),
                ("purser_lake_rows", stats.lake_rows as f64),
                ("purser_lake_bytes", stats.lake_bytes as f64),
            ]);
        }
        let provenance = self.provenance_counts();
        gauges.extend([
            ("purser_provenance_spooled_batches", provenance.spooled_batches as f64),
            ("purser_provenance_lost", provenance.lost as f64),
        ]);
        let shadow = self.sandbox().counts();
        gauges.extend([
            ("purser_shadow_queued", shadow.queued as f64),
            ("purser_shadow_stuck_threads", shadow.stuck as f64),
        ]);
        if let Ok(Some(share)) = purser_store::reconciliation::lowest_share(self.store()).await {
            gauges.push(("purser_reconciled_ratio", f64::from(share) / 1e6));
        }
        if let Ok(book) = self.book().await {
            gauges.push(("purser_price_book_prices", book.len() as f64));
            let read = book.iter().filter_map(|(price, _)| day(&price.source.retrieved)).max();
            if let Some(read_at) = read.max(self.updated_at().await) {
                let age_micros = self.now().micros() - read_at.micros();
                gauges.push(("purser_price_book_age_seconds", age_micros as f64 / 1e6));
            }
        }
        gauges
    }
}

impl Service {
    /// When catalogues were last read by an update, whether or not they had anything new.
    async fn updated_at(&self) -> Option<Timestamp> {
        let imports = self.store().price_import().list().await.ok()?;
        let updates = imports.into_iter().filter(|import| import.catalogue.starts_with(UPDATE));
        updates.map(|import| import.imported_at).max()
    }
}

/// The start of a `YYYY-MM-DD` day in UTC.
fn day(text: &str) -> Option<Timestamp> {
    format!("{text}T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_starts_at_midnight_utc() {
        assert_eq!(day("2026-11-20"), "2026-11-20T00:00:00Z".parse().ok());
        assert_eq!(day("soon"), None);
    }
}
