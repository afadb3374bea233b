//! Prices: the book, a tenant's own prices and discounts, models without a price, rating again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::price::{
    DiscountDraft, DiscountList, DiscountRecord, OverrideDraft, OverrideList, OverrideRecord, PriceHistory, PricePage,
    RerateReport, RerateRequest, UnpricedList,
};
use purser_api::problem::Problem;
use purser_domain::time::Timestamp;
use purser_service::error::Error;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams, Params};
use crate::refusal::{BodyRefusals, KeyRefusals, QueryRefusals};

mod draft;
mod wire;

/// The price book in force, by provider, model and version; without the tenant's own prices.
#[utoipa::path(
    get, path = "/api/v1/prices", tag = "prices", operation_id = "prices.list",
    params(
        ("provider" = Option<String>, Query), ("model" = Option<String>, Query, description = "Part of a name"),
        ("at" = Option<String>, Query, description = "Only prices valid then"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 1000), ("cursor" = Option<String>, Query)
    ),
    responses((status = 200, body = PricePage), QueryRefusals)
)]
pub(crate) async fn list(State(app): State<App>, Reader(who): Reader, mut params: Params) -> Reply<Json<PricePage>> {
    let filter = wire::Filter {
        provider: params.text("provider").map(|name| purser_domain::provider::canonical(&name)),
        part: params.text("model").map(|part| part.to_ascii_lowercase()),
        at: params.parsed::<Timestamp>("at"),
    };
    let limit = params.page_limit();
    let cursor = params.cursor(wire::cursor);
    params.finish()?;
    let book = app.service.prices(&who).await?;
    Ok(Json(wire::page(book.iter(), &filter, cursor.as_ref(), limit)))
}

/// Every price of one model of one provider, the tenant's own first.
#[utoipa::path(
    get, path = "/api/v1/prices/{provider}/{model}", tag = "prices", operation_id = "prices.show",
    params(
        ("provider" = String, Path), ("model" = String, Path),
        ("at" = Option<String>, Query, description = "Only prices valid then")
    ),
    responses((status = 200, body = PriceHistory), QueryRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named((provider, model)): Named<(String, String)>,
    mut params: Params,
) -> Reply<Json<PriceHistory>> {
    let at = params.parsed::<Timestamp>("at");
    params.finish()?;
    let provider = purser_domain::provider::canonical(&provider);
    let mut found = app.service.prices_show(&who, &model, at).await?;
    found.retain(|price| price.provider == provider);
    if found.is_empty() {
        return Err(Error::not_found("price of model", &format!("{provider}/{model}")).into());
    }
    let book = app.service.prices(&who).await?;
    let version = |price| book.iter().find(|(known, _)| *known == price).map(|(_, version)| version.to_owned());
    let prices = found.iter().map(|price| wire::price(price, version(price))).collect();
    Ok(Json(PriceHistory { provider, model, prices }))
}

/// The models of the tenant's usage that have no price, most events first.
#[utoipa::path(
    get, path = "/api/v1/prices/unpriced", tag = "prices", operation_id = "prices.unpriced",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = UnpricedList), QueryRefusals)
)]
pub(crate) async fn unpriced(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<UnpricedList>> {
    let window = params.window();
    params.finish()?;
    let found = app.service.prices_unpriced(&who, window).await?;
    Ok(Json(UnpricedList { unpriced: found.into_iter().map(Into::into).collect() }))
}

/// Rates the charges of a window again with the prices known now; writes corrections unless `dry_run` (the default).
#[utoipa::path(
    post, path = "/api/v1/prices/rerate", tag = "prices", operation_id = "prices.rerate",
    request_body = RerateRequest,
    responses((status = 200, body = RerateReport), BodyRefusals)
)]
pub(crate) async fn rerate(
    State(app): State<App>,
    Admin(who): Admin,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<RerateReport>> {
    let (window, model, dry_run) = draft::rerate(Fields::read(&payload)?)?;
    let report = app.service.rerate(&who, window, model.as_deref(), dry_run).await?;
    Ok(Json(report.into()))
}

/// The tenant's own prices.
#[utoipa::path(
    get, path = "/api/v1/prices/overrides", tag = "prices", operation_id = "prices.overrides_list",
    responses((status = 200, body = OverrideList), KeyRefusals)
)]
pub(crate) async fn overrides(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<OverrideList>> {
    let overrides = app.service.price_overrides(&who).await?.into_iter().map(wire::price_override).collect();
    Ok(Json(OverrideList { overrides }))
}

/// Sets a price of the tenant's own; it holds for events rated from now on.
#[utoipa::path(
    post, path = "/api/v1/prices/overrides", tag = "prices", operation_id = "prices.overrides_set",
    request_body = OverrideDraft,
    responses((status = 201, body = OverrideRecord), BodyRefusals, (status = 409, body = Problem))
)]
pub(crate) async fn override_set(
    State(app): State<App>,
    Admin(who): Admin,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<OverrideRecord>)> {
    let (price, replace) = draft::price(Fields::read(&payload)?, app.service.now())?;
    let set = app.service.price_override_set(&who, price, replace).await?;
    Ok((StatusCode::CREATED, Json(wire::price_override(set))))
}

/// Ends a price of the tenant's own, now or at another instant.
#[utoipa::path(
    delete, path = "/api/v1/prices/overrides/{id}", tag = "prices", operation_id = "prices.overrides_end",
    params(("id" = String, Path), ("at" = Option<String>, Query, description = "When it ends; now by default")),
    responses((status = 204), QueryRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn override_end(
    State(app): State<App>,
    Admin(who): Admin,
    Named(id): Named<String>,
    mut params: Params,
) -> Reply<StatusCode> {
    let at = params.parsed::<Timestamp>("at").unwrap_or_else(|| app.service.now());
    params.finish()?;
    app.service.price_override_end(&who, &id, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tenant's discounts.
#[utoipa::path(
    get, path = "/api/v1/prices/discounts", tag = "prices", operation_id = "prices.discounts_list",
    responses((status = 200, body = DiscountList), KeyRefusals)
)]
pub(crate) async fn discounts(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<DiscountList>> {
    let found = app.service.discounts(&who).await?;
    Ok(Json(DiscountList { discounts: found.into_iter().map(Into::into).collect() }))
}

/// Sets a discount on unit prices; it holds for events rated from now on.
#[utoipa::path(
    post, path = "/api/v1/prices/discounts", tag = "prices", operation_id = "prices.discounts_set",
    request_body = DiscountDraft,
    responses((status = 201, body = DiscountRecord), BodyRefusals, (status = 409, body = Problem))
)]
pub(crate) async fn discount_set(
    State(app): State<App>,
    Admin(who): Admin,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<DiscountRecord>)> {
    let (draft, force) = draft::discount(Fields::read(&payload)?)?;
    let set = app.service.discount_set(&who, draft, force).await?;
    Ok((StatusCode::CREATED, Json(set.into())))
}

/// Ends a discount, now or at another instant.
#[utoipa::path(
    delete, path = "/api/v1/prices/discounts/{id}", tag = "prices", operation_id = "prices.discounts_end",
    params(("id" = String, Path), ("at" = Option<String>, Query, description = "When it ends; now by default")),
    responses((status = 204), QueryRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn discount_end(
    State(app): State<App>,
    Admin(who): Admin,
    Named(id): Named<String>,
    mut params: Params,
) -> Reply<StatusCode> {
    let at = params.parsed::<Timestamp>("at").unwrap_or_else(|| app.service.now());
    params.finish()?;
    app.service.discount_end(&who, &id, at).await?;
    Ok(StatusCode::NO_CONTENT)
}
