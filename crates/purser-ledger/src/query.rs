//! Answers questions about usage.
//! Invariant: the answer is exact, holds every row up to its `as_of` once, and its rows add up to its total.

pub(crate) mod fold;
pub(crate) mod scan;

use std::sync::Arc;

use purser_domain::tenant::TenantId;
use purser_domain::time::Calendar;
use purser_domain::usage_query::{Answer, Query};

use crate::cube::{Cells, covering};
use crate::error::Error;
use crate::lake::LakeFile;
use crate::shared::Shared;
use fold::Fold;

/// Whose rows, and whether the tenant is the first key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) by_tenant: bool,
}

/// Answers `query` over the rows of `scope`.
pub(crate) async fn answer(
    shared: &Shared,
    scope: Scope<'_>,
    calendar: &Calendar,
    query: &Query,
) -> Result<Answer, Error> {
    let view = shared.fresh_view().await?;
    let through = view.head.received_through;
    let as_of = query.as_of.map_or(through, |as_of| as_of.min(through));
    let mut fold = Fold::new(calendar, query);
    let in_question = view.lake.files.iter().filter(|file| {
        scope.tenant.is_none_or(|tenant| file.may_hold(tenant.as_str()))
            && query.window.is_none_or(|window| file.touches(&window))
            && query.as_of.is_none_or(|as_of| file.received.0 <= as_of)
    });
    let mut to_scan = Vec::new();
    for file in in_question {
        match cube(shared, file, query, calendar) {
            Some(cells) => cells.sums(scope, query, &mut fold),
            None => to_scan.push(file.clone()),
        }
    }
    scan::sums(shared, scope, query, to_scan, view.tail.clone(), &mut fold).await?;
    Ok(fold.answer(as_of))
}

/// The cube of `file` that answers `query`, if there is one.
fn cube(shared: &Shared, file: &LakeFile, query: &Query, calendar: &Calendar) -> Option<Arc<Cells>> {
    if !shared.config.use_cubes {
        return None;
    }
    shared.cubes.get(file, covering(file, query, calendar)?)?
}
