//! What runs by itself: rewriting closed days, deleting files nobody needs, forgetting what is too old.
//! Invariant: running a job twice changes nothing more; a failed one is logged and tried again at its next turn.

use std::time::Duration;

use purser_domain::time::Timestamp;

use crate::error::Error;
use crate::service::Service;

/// How often each job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Between two rewrites of closed days.
    pub optimize_every: Duration,
    /// Between two deletions of files that no kept version needs.
    pub vacuum_every: Duration,
    /// How long an unneeded file is kept for readers of older versions.
    pub vacuum_keep: Duration,
    /// How many days of usage and of provenance are kept; `None` keeps all.
    pub retention_days: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            optimize_every: Duration::from_secs(600),
            vacuum_every: Duration::from_secs(6 * 3600),
            vacuum_keep: Duration::from_secs(7 * 86_400),
            retention_days: None,
        }
    }
}

impl Service {
    /// Runs the jobs until it is dropped.
    pub async fn run_jobs(&self, config: &Config) {
        // What an earlier process left in the spool or the inbox is moved on now, not with the next simulation.
        self.recorder();
        report("provenance", self.provenance().await.map(drop));
        let mut optimize = tokio::time::interval(config.optimize_every);
        let mut vacuum = tokio::time::interval(config.vacuum_every);
        for timer in [&mut optimize, &mut vacuum] {
            timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            timer.tick().await;
        }
        loop {
            tokio::select! {
                _ = optimize.tick() => report("optimize", self.optimize().await),
                _ = vacuum.tick() => report("vacuum", self.clean(config).await),
            }
        }
    }

    async fn optimize(&self) -> Result<(), Error> {
        for (table, optimized) in [
            ("usage_events", self.ledger().optimize().await?),
            ("provenance", self.provenance().await?.optimize().await?),
        ] {
            if optimized.days == 0 {
                continue;
            }
            tracing::info!(
                table,
                days = optimized.days,
                removed = optimized.files_removed,
                added = optimized.files_added,
                "rewrote closed days"
            );
        }
        Ok(())
    }

    async fn clean(&self, config: &Config) -> Result<(), Error> {
        if let Some(days) = config.retention_days {
            let before = retained_from(self.now(), days);
            let rows = self.ledger().retain(before).await?;
            let records = self.provenance().await?.retain(before).await?;
            self.store().passed_over().retain(before).await?;
            tracing::info!(rows, records, %before, "dropped usage and provenance older than the retention");
        }
        let vacuumed = self.ledger().vacuum(config.vacuum_keep, false).await?;
        let of_provenance = self.provenance().await?.vacuum(config.vacuum_keep, false).await?;
        let files = vacuumed.files.len() + of_provenance.files.len();
        tracing::info!(files, "deleted files that no kept version needs");
        self.store().session().purge(self.now()).await?;
        Ok(())
    }
}

/// The first instant that a retention of `days` whole days keeps at `now`.
fn retained_from(now: Timestamp, days: u32) -> Timestamp {
    const DAY: i64 = 86_400_000_000;
    Timestamp::from_micros((now.micros().div_euclid(DAY) - i64::from(days)) * DAY)
}

fn report(job: &str, outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        tracing::error!(job, error = %error.internal.as_deref().unwrap_or(&error.message), "a job failed; it is tried again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_keeps_whole_days_and_today() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a literal of this test");
        assert_eq!(retained_from(at("2026-11-20T13:00:00Z"), 30), at("2026-10-21T00:00:00Z"));
        assert_eq!(retained_from(at("2026-11-20T00:00:00Z"), 1), at("2026-11-19T00:00:00Z"));
    }
}
