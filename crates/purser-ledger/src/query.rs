//! Answers questions about usage.
//! Invariant: the answer is exact, holds every row up to its `as_of` once, and its rows add up to its total.

mod fold;
mod scan;

use purser_domain::tenant::TenantId;
use purser_domain::time::Calendar;
use purser_domain::usage_query::{Answer, Query};

use crate::error::Error;
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
    let files = view.lake.files.iter().filter(|file| {
        scope.tenant.is_none_or(|tenant| file.may_hold(tenant.as_str()))
            && query.window.is_none_or(|window| file.touches(&window))
            && query.as_of.is_none_or(|as_of| file.received.0 <= as_of)
    });
    scan::sums(shared, scope, query, files.cloned().collect(), view.tail.clone(), &mut fold).await?;
    Ok(fold.answer(as_of))
}
