//! Prices, overrides, discounts, unpriced models and re-rating on the wire.

use std::collections::BTreeMap;

use purser_domain::charge::{Charge, Unpriced};
use purser_domain::money::Money;
use purser_domain::price::Discount;
use purser_domain::rerate::{Change, Report};
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one model costs during one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceRecord {
    /// The price's version (a hash of its content).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Canonical provider.
    pub provider: String,
    /// The model's own name.
    pub model: String,
    /// Other exact names of the model.
    pub aliases: Vec<String>,
    /// First instant of validity; null = undated, valid for all earlier time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_from: Option<Timestamp>,
    /// First instant after validity; null = still valid.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_to: Option<Timestamp>,
    /// Whether no start is known.
    pub undated: bool,
    /// The times of the week to which the price is bound, in UTC: `16:30-00:30`, or with weekdays, a zone and a first
    /// day: `09:00-24:00 mon,tue Asia/Shanghai since 2026-08-17`.
    pub daily: Option<String>,
    /// Multipliers of token rates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<PriceFactor>,
    /// Rates by service tier and context size.
    pub tiers: Vec<PriceTier>,
    /// Where the rates were read.
    pub source: PriceSource,
}

/// The rates of one service tier and context size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceTier {
    /// `standard`, `batch`, `flex`, `priority`, …
    pub service_tier: String,
    /// Applies to calls with more input tokens than this.
    pub over_input_tokens: u64,
    /// Per leaf: dollars for a million units, exact decimal text.
    pub usd_per_million: BTreeMap<String, String>,
    /// Per unit that is not a token: dollars for a million, exact decimal text, or a fraction in pico-dollars each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units_usd_per_million: BTreeMap<String, String>,
    /// Where these rates were read, if elsewhere than the price's own source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PriceSource>,
    /// Where single rates were read, if elsewhere than the others, by leaf or unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rate_sources: BTreeMap<String, PriceSource>,
}

/// A multiplier of every token rate of a price, for calls whose dimension has the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceFactor {
    /// `inference_geo`, `speed`, …
    pub dimension: String,
    /// `us`; `!global` is every known value but that.
    pub value: String,
    /// The exact multiplier: `11/10`.
    pub ratio: String,
    /// Where it was read, if elsewhere than the price's own source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PriceSource>,
}

/// Where a price was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceSource {
    /// The catalogue with its version.
    pub catalogue: String,
    /// The provider's page.
    pub url: Option<String>,
    /// `YYYY-MM-DD`
    pub retrieved: String,
}

/// A page of prices, by provider, model and date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PricePage {
    /// The prices.
    pub prices: Vec<PriceRecord>,
    /// All that pass the filter.
    pub total: u64,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Every price of one model, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceHistory {
    /// Canonical provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The prices.
    pub prices: Vec<PriceRecord>,
}

/// Models that were used without a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnpricedList {
    /// Most events first.
    pub unpriced: Vec<UnpricedModel>,
}

/// A model that was used without a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnpricedModel {
    /// Canonical provider; empty if unknown.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Why no price was found.
    pub reason: String,
    /// Charged events without a cost.
    pub events: i64,
    /// The first one.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// The last one.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
}

/// A tenant's own price for a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideDraft {
    /// Provider.
    pub provider: String,
    /// The model's name.
    pub model: String,
    /// Other exact names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// From when; absent = always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_from: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_to: Option<Timestamp>,
    /// The tier; default `standard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Per leaf: dollars for a million units, decimal text. What is left out costs as the book says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usd_per_million: BTreeMap<String, String>,
    /// Per unit, such as `images` or a tool's `calls`: dollars for one, decimal text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usd_each: BTreeMap<String, String>,
    /// Replace the tenant's price of this model that starts at the same instant, all its rates included.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
}

/// A stored override.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OverrideRecord {
    /// Its id.
    pub id: String,
    /// The price.
    pub price: PriceRecord,
}

/// The tenant's overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OverrideList {
    /// The overrides.
    pub overrides: Vec<OverrideRecord>,
}

/// A percentage off unit prices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountDraft {
    /// Provider; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Model; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Percent off, 0 to 100, at most three decimals, as decimal text.
    #[schema(example = "12.5")]
    pub percent: String,
    /// From when; absent = always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_from: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_to: Option<Timestamp>,
    /// Set it although no price of the book matches.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

/// A stored discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiscountRecord {
    /// Its id.
    pub id: String,
    /// Provider; null = all.
    pub provider: Option<String>,
    /// Model; null = all.
    pub model: Option<String>,
    /// Percent off.
    pub percent: String,
    /// From when; null = always.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_from: Option<Timestamp>,
    /// Until when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_to: Option<Timestamp>,
}

/// The tenant's discounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiscountList {
    /// The discounts.
    pub discounts: Vec<DiscountRecord>,
}

/// Rates a window again with the prices known now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RerateRequest {
    /// First instant inside.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// First instant after.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Only this model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only show what would change; the default.
    #[serde(default = "yes")]
    pub dry_run: bool,
}

const fn yes() -> bool {
    true
}

/// What re-rating changes, or would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RerateReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Charges that change.
    pub changed: u64,
    /// Charges that stay.
    pub unchanged: u64,
    /// Charges that stay unpriced.
    pub unpriced: u64,
    /// Charges whose writer fixed the cost.
    pub fixed: u64,
    /// Charges that were corrected meanwhile and left alone: run again.
    pub stale: u64,
    /// Cost of the changed charges until now.
    #[schema(value_type = String)]
    pub old_usd: Money,
    /// Their cost from now on.
    #[schema(value_type = String)]
    pub new_usd: Money,
    /// The first changed charges, at most 1,000.
    pub changes: Vec<RerateChange>,
}

/// One charge that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RerateChange {
    /// The event's source.
    pub source: String,
    /// The event's id.
    pub event_id: String,
    /// The model asked for.
    pub model: String,
    /// Cost until now; null if unpriced.
    #[schema(value_type = Option<String>)]
    pub old_usd: Option<Money>,
    /// Cost from now on.
    #[schema(value_type = Option<String>)]
    pub new_usd: Option<Money>,
    /// Price version until now.
    pub old_price_version: Option<String>,
    /// Price version from now on.
    pub new_price_version: Option<String>,
    /// Why: `priced`, `unpriced` or `other_price`.
    pub why: String,
}

impl From<Discount> for DiscountRecord {
    fn from(discount: Discount) -> Self {
        let percent = discount.percent();
        let Discount { id, provider, model, effective_from, effective_to, .. } = discount;
        Self { id, provider, model, percent, effective_from, effective_to }
    }
}

impl From<Unpriced> for UnpricedModel {
    fn from(model: Unpriced) -> Self {
        Self {
            provider: model.provider,
            model: model.model,
            reason: model.matched.name().to_owned(),
            events: model.count,
            first_at: model.first,
            last_at: model.last,
        }
    }
}

impl From<Report> for RerateReport {
    fn from(report: Report) -> Self {
        Self {
            dry_run: report.dry_run,
            changed: report.changed,
            unchanged: report.unchanged,
            unpriced: report.unpriced,
            fixed: report.fixed,
            stale: report.stale,
            old_usd: report.old_usd,
            new_usd: report.new_usd,
            changes: report.changes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Change> for RerateChange {
    fn from(change: Change) -> Self {
        let usd = |charge: &Charge| charge.cost().map(|(amount, _)| amount);
        let version = |charge: &Charge| charge.price_version.as_deref().map(str::to_owned);
        Self {
            old_usd: usd(&change.old),
            new_usd: usd(&change.new),
            old_price_version: version(&change.old),
            new_price_version: version(&change.new),
            why: change.why.name().to_owned(),
            source: change.source,
            event_id: change.event_id,
            model: change.model,
        }
    }
}
