//! The cost intelligence summaries: spend of the last 24 hours, 7 or 30 days, whole and by one dimension.

use axum::Json;
use axum::extract::State;
use purser_api::cost::{
    CostByFeature, CostByModel, CostByUser, CostSummary, FeatureCost, ModelCost, OtherUsers, Provenance, UserCost,
};
use purser_domain::feature_tag::{FeatureTag, UNCLASSIFIED};
use purser_domain::money::Money;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Answer, Dimension, Query, Totals};
use purser_service::principal::Principal;

use crate::app::App;
use crate::auth::Reader;
use crate::failure::Reply;
use crate::params::Params;
use crate::refusal::QueryRefusals;
use crate::share::{cents, input_tokens, output_tokens, percent};

const DAY_MICROS: i64 = 86_400_000_000;
/// The most users of one answer, and how many if the caller does not say.
const USERS_MAX: usize = 1_000;
const USERS: usize = 100;

/// A sliding window that ends now.
struct Period {
    name: &'static str,
    window: Window,
    now: Timestamp,
}

impl Period {
    fn read(params: Params, now: Timestamp) -> Reply<Self> {
        Ok(Self::read_with(params, now, |_| ())?.0)
    }

    /// The period, and what `more` reads of the other parameters.
    fn read_with<T>(mut params: Params, now: Timestamp, more: impl FnOnce(&mut Params) -> T) -> Reply<(Self, T)> {
        let more = more(&mut params);
        let name = params.one_of("period", &["24h", "7d", "30d"]);
        params.finish()?;
        let days = match name {
            "7d" => 7,
            "30d" => 30,
            _ => 1,
        };
        let to = now.plus_micros(1);
        Ok((Self { name, window: Window { from: to.plus_micros(-days * DAY_MICROS), to }, now }, more))
    }
}

/// Sums of a period by one dimension, with the sources they come from.
struct Spend {
    answer: Answer,
    provenance: Provenance,
}

async fn spend(app: &App, who: &Principal, period: &Period, by: Option<Dimension>) -> Reply<Spend> {
    let ask = |by: Vec<Dimension>, as_of| Query { window: Some(period.window), by, as_of, ..Query::default() };
    let answer = app.service.usage_query(who, &ask(by.into_iter().collect(), None)).await?;
    let sources = app.service.usage_query(who, &ask(vec![Dimension::Source], Some(answer.as_of))).await?;
    let mut names: Vec<String> = sources.rows.into_iter().filter_map(|row| row.keys.into_iter().next()?).collect();
    names.sort();
    let provenance = Provenance {
        sources: names,
        window: period.window.into(),
        aggregation: "sum".to_owned(),
        generated_at: period.now,
    };
    Ok(Spend { answer, provenance })
}

/// The groups of an answer by one dimension, renamed; equal names are summed, costliest first.
fn groups(answer: &Answer, name: impl Fn(Option<&str>) -> String) -> Vec<(String, Totals)> {
    let mut groups: Vec<(String, Totals)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in &answer.rows {
        let name = name(row.keys.first().and_then(Option::as_deref));
        let place = *places.entry(name.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, totals)) => totals.add(&row.totals),
            None => groups.push((name, row.totals.clone())),
        }
    }
    groups.sort_by(|a, b| b.1.cost.cmp(&a.1.cost).then_with(|| a.0.cmp(&b.0)));
    groups
}

/// Spend of a period.
#[utoipa::path(
    get, path = "/api/v1/cost/summary", tag = "cost", operation_id = "cost.summary",
    params(("period" = Option<String>, Query, description = "24h (default), 7d or 30d, ending now")),
    responses((status = 200, body = CostSummary), QueryRefusals)
)]
pub(crate) async fn summary(State(app): State<App>, Reader(who): Reader, params: Params) -> Reply<Json<CostSummary>> {
    let period = Period::read(params, app.service.now())?;
    let Spend { answer, provenance } = spend(&app, &who, &period, None).await?;
    let total = &answer.total;
    Ok(Json(CostSummary {
        tenant_id: who.tenant().to_string(),
        period: period.name.to_owned(),
        total_cost_cents: cents(total.cost),
        cost_usd: total.cost,
        priced_fraction: total.priced_fraction(),
        request_count: total.get(Leaf::Requests),
        input_tokens: input_tokens(total),
        output_tokens: output_tokens(total),
        budget_cents: None,
        budget_used_pct: None,
        days_remaining: None,
        provenance,
    }))
}

/// Spend of a period by feature tag. Tags that are not registered and active are `unclassified`.
#[utoipa::path(
    get, path = "/api/v1/cost/by-feature", tag = "cost", operation_id = "cost.by_feature",
    params(("period" = Option<String>, Query, description = "24h (default), 7d or 30d, ending now")),
    responses((status = 200, body = CostByFeature), QueryRefusals)
)]
pub(crate) async fn by_feature(
    State(app): State<App>,
    Reader(who): Reader,
    params: Params,
) -> Reply<Json<CostByFeature>> {
    let period = Period::read(params, app.service.now())?;
    let tags = app.service.feature_tags(&who, false).await?;
    let Spend { answer, provenance } = spend(&app, &who, &period, Some(Dimension::Feature)).await?;
    let registered = |name: &str| -> Option<&FeatureTag> { tags.iter().find(|tag| tag.tag == name) };
    let name = |tag: Option<&str>| {
        tag.filter(|tag| registered(tag).is_some()).map_or_else(|| UNCLASSIFIED.to_owned(), str::to_owned)
    };
    let data = groups(&answer, name)
        .into_iter()
        .map(|(feature_tag, totals)| {
            let tag = registered(&feature_tag);
            let budget = tag.and_then(|tag| tag.budget_usd);
            FeatureCost {
                display_name: tag.map(|tag| tag.display_name.clone()),
                feature_tag,
                total_cost_cents: cents(totals.cost),
                cost_usd: totals.cost,
                priced_fraction: totals.priced_fraction(),
                request_count: totals.get(Leaf::Requests),
                pct_of_total: percent(totals.cost, answer.total.cost),
                budget_cents: budget.map(cents),
                budget_used_pct: budget.filter(|budget| budget.pico() > 0).map(|budget| percent(totals.cost, budget)),
            }
        })
        .collect();
    Ok(Json(CostByFeature { data, provenance }))
}

/// Spend of a period by user: those who spent most, and all others together.
#[utoipa::path(
    get, path = "/api/v1/cost/by-user", tag = "cost", operation_id = "cost.by_user",
    params(
        ("period" = Option<String>, Query, description = "24h (default), 7d or 30d, ending now"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 1000, description = "The most users; 100 by default")
    ),
    responses((status = 200, body = CostByUser), QueryRefusals)
)]
pub(crate) async fn by_user(State(app): State<App>, Reader(who): Reader, params: Params) -> Reply<Json<CostByUser>> {
    let read_limit = |params: &mut Params| params.number("limit", 1..=USERS_MAX, USERS);
    let (period, limit) = Period::read_with(params, app.service.now(), read_limit)?;
    let Spend { answer, provenance } = spend(&app, &who, &period, Some(Dimension::User)).await?;
    let mut users = groups(&answer, |user| user.unwrap_or("anonymous").to_owned());
    let count = users.len() as i128;
    let total = answer.total.cost;
    let others = users.split_off(limit.min(users.len()));
    let known = users.len() as u64 + others.len() as u64;
    let other = (!others.is_empty()).then(|| other_users(&others, total));
    let data = users
        .into_iter()
        .map(|(user_id, totals)| UserCost {
            user_id,
            total_cost_cents: cents(totals.cost),
            cost_usd: totals.cost,
            priced_fraction: totals.priced_fraction(),
            request_count: totals.get(Leaf::Requests),
            pct_of_total: percent(totals.cost, total),
            // Over twice the mean: cost > 2 · total / count, in integers.
            is_anomaly: totals.cost.pico().saturating_mul(count) > total.pico().saturating_mul(2),
        })
        .collect();
    Ok(Json(CostByUser { data, users: known, other, provenance }))
}

/// The sum of the users that are not listed.
fn other_users(others: &[(String, Totals)], total: Money) -> OtherUsers {
    let mut sum = Totals::default();
    for (_, totals) in others {
        sum.add(totals);
    }
    OtherUsers {
        users: others.len() as u64,
        total_cost_cents: cents(sum.cost),
        cost_usd: sum.cost,
        priced_fraction: sum.priced_fraction(),
        request_count: sum.get(Leaf::Requests),
        pct_of_total: percent(sum.cost, total),
    }
}

/// Spend of a period by model.
#[utoipa::path(
    get, path = "/api/v1/cost/by-model", tag = "cost", operation_id = "cost.by_model",
    params(("period" = Option<String>, Query, description = "24h (default), 7d or 30d, ending now")),
    responses((status = 200, body = CostByModel), QueryRefusals)
)]
pub(crate) async fn by_model(State(app): State<App>, Reader(who): Reader, params: Params) -> Reply<Json<CostByModel>> {
    let period = Period::read(params, app.service.now())?;
    let Spend { answer, provenance } = spend(&app, &who, &period, Some(Dimension::Model)).await?;
    let data = groups(&answer, |model| model.unwrap_or("unknown").to_owned())
        .into_iter()
        .map(|(model, totals)| ModelCost {
            model,
            total_cost_cents: cents(totals.cost),
            cost_usd: totals.cost,
            priced_fraction: totals.priced_fraction(),
            request_count: totals.get(Leaf::Requests),
            input_tokens: input_tokens(&totals),
            output_tokens: output_tokens(&totals),
            pct_of_total: percent(totals.cost, answer.total.cost),
        })
        .collect();
    Ok(Json(CostByModel { data, provenance }))
}
