//! Checks a tenant's chain from its first stored record to where the state says that it ends.

use purser_domain::provenance::{ChainFault, ChainHead, Segments};
use purser_domain::tenant::TenantId;
use std::sync::Arc;

use datafusion::prelude::{col, lit};
use futures::StreamExt;

use super::row;
use crate::error::Error;
use crate::log::Log;
use crate::scan::frame;
use crate::view::View;

/// How often the chain may move between two looks before the check gives up.
const LOOKS: usize = 100;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainChecked {
    /// Records checked.
    pub records: u64,
    /// Where the state says that the chain ends.
    pub head: ChainHead,
    /// What is wrong, the first hundred; empty when all is well.
    pub faults: Vec<ChainFault>,
    /// How many faults there are.
    pub faults_total: u64,
}

/// Reads every record of `tenant`, oldest file first.
pub(super) async fn verify(log: &Log, tenant: &TenantId) -> Result<ChainChecked, Error> {
    let (view, head) = pinned(log, tenant).await?;
    // Read after the view: what is dropped from it meanwhile, is in it all the same.
    let dropped = log.store.provenance().dropped(tenant).await?;
    let mut files: Vec<_> = view.lake.files.iter().filter(|file| file.may_hold(tenant.as_str())).cloned().collect();
    files.sort_by_key(|file| file.received.0);
    let mut segments = Segments::default();
    for file in files.into_iter().map(Some).chain([None]) {
        let tail = if file.is_none() { view.tail.clone() } else { Vec::new() };
        let rows = frame(&log.lake, file.into_iter().collect(), tail)?;
        let mut stream = rows.filter(col("tenant_id").eq(lit(tenant.as_str())))?.execute_stream().await?;
        while let Some(batch) = stream.next().await {
            row::read(&batch?)?.iter().for_each(|chained| segments.add(chained));
        }
    }
    let records = segments.records();
    let (faults, faults_total) = segments.finish(&head, dropped);
    Ok(ChainChecked { records, head, faults, faults_total })
}

/// A view and the chain's head at that view.
async fn pinned(log: &Log, tenant: &TenantId) -> Result<(Arc<View>, ChainHead), Error> {
    for _ in 0..LOOKS {
        log.sync().await?;
        let view = log.view();
        let head = log.store.provenance().heads([tenant]).await?.remove(tenant);
        if log.inbox().head().await?.seq == view.head.seq {
            return Ok((view, head.unwrap_or_else(|| ChainHead::start(tenant.clone()))));
        }
    }
    Err(Error::Busy(format!("the chain of {tenant} moves too fast to be checked")))
}
