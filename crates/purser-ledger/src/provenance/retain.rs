//! Drops old days, and notes first how far each tenant's chain goes with them.
//! Invariant: no record is dropped that is not noted: a chain that starts later than noted was cut by others.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::prelude::col;
use purser_domain::time::Timestamp;

use crate::error::Error;
use crate::log::Log;
use crate::maintain;
use crate::scan::frame;

/// Deletes what was stored on days before the UTC date of `before` and returns how many records went.
pub(super) async fn retain(log: &Log, before: Timestamp) -> Result<u64, Error> {
    let view = log.fresh_view().await?;
    let old: Vec<_> = view.lake.files.iter().filter(|file| file.day < before.utc_day()).cloned().collect();
    if old.is_empty() {
        return Ok(0);
    }
    let ends = frame(&log.lake, old, Vec::new())?.aggregate(vec![col("tenant_id")], vec![max(col("position"))])?;
    for batch in ends.collect().await? {
        let (tenants, positions) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        for (tenant, position) in tenants.iter().flatten().zip(positions.iter().flatten()) {
            let tenant = tenant.parse().map_err(Error::Corrupt)?;
            log.store.provenance().drop_to(&tenant, u64::try_from(position).unwrap_or_default()).await?;
        }
    }
    maintain::retain(log, before).await
}
