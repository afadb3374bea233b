//! Which records a command is about.

use purser_domain::provenance::{Filter, Hash, Source, Status, Variant};

use crate::exit::Failure;
use crate::time;

/// Only records that pass all of these.
#[derive(Debug, clap::Args)]
pub(super) struct FilterFlags {
    /// Only this variant: v1, v2, v3, canary, comparison, runtime or scenario
    #[arg(long)]
    variant: Option<Variant>,
    /// Only what was asked for by this: sandbox, canary, manual or backfill
    #[arg(long)]
    source: Option<Source>,
    /// Only this outcome: success, error, timeout or schema_error
    #[arg(long)]
    status: Option<Status>,
    /// Only these inputs
    #[arg(long, value_name = "HASH")]
    input_hash: Option<Hash>,
    /// Only plans of this agent run
    #[arg(long, value_name = "RUN")]
    run_id: Option<String>,
    /// Run at this moment or later: a date in the tenant's zone, RFC 3339, or an age such as 7d
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Run before this moment
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl FilterFlags {
    /// The filter; dates are of `zone`.
    pub(super) fn filter(&self, zone: &str) -> anyhow::Result<Filter> {
        let (start, to) = time::ends(self.from.as_deref(), self.to.as_deref(), zone)?;
        if let (Some(from), Some(to)) = (start, to)
            && to <= from
        {
            return Err(Failure::usage(format!("from: {from} is not before {to}")));
        }
        Ok(Filter {
            variant: self.variant,
            source: self.source,
            status: self.status,
            input_hash: self.input_hash,
            run_id: self.run_id.clone(),
            start,
            // The filter's end is inclusive, the flag is not.
            end: to.map(|to| to.plus_micros(-1)),
        })
    }
}
