//! Turns ledger entries into the rows of a FOCUS 1.2 file, one row per leaf, unit price and period.
//! Invariants: `ListCost` = `ListUnitPrice` × `PricingQuantity` exactly; the sum of `BilledCost` is the ledger's cost.

pub mod decimal;
pub mod row;

use std::collections::BTreeMap;

use purser_domain::entry::{Entry, Kind};
use purser_domain::money::Money;
use purser_domain::price::Rate;
use purser_domain::time::{Calendar, Grain, Timestamp, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;

use crate::price_book::TenantBook;
use decimal::Decimal;
use row::{Cell, Row};

/// How finely charges are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// One period per ledger entry.
    Event,
    /// UTC hours.
    Hour,
    /// UTC days.
    Day,
}

/// What distinguishes the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    start: Timestamp,
    end: Timestamp,
    provider: String,
    model: String,
    meter: Meter,
    service_tier: Option<String>,
    price_version: Option<String>,
    project: Option<String>,
    /// JSON.
    tags: String,
    correction: Option<&'static str>,
    event_id: Option<String>,
}

/// What is counted and at which unit prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meter {
    /// Tokens, requests or searches of a leaf at a list and a contracted price per pricing unit.
    Leaf { leaf: Leaf, list: Decimal, contracted: Decimal },
    /// An amount that no decimal unit price explains: as reported by the source, or of a fractional rate.
    Amount { reported: bool },
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    quantity: i128,
    cost: Money,
    events: i128,
}

/// Usage that has no price and is left out of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpriced {
    /// Start of the period.
    pub start: Timestamp,
    /// Canonical provider.
    pub provider: String,
    /// The model that answered, else the one asked for.
    pub model: String,
    /// Why it has no price.
    pub reason: &'static str,
    /// Charged events, net of reversals.
    pub events: i128,
    /// Their tokens, net.
    pub tokens: i128,
}

/// A file in the making.
#[derive(Debug)]
pub struct Export {
    detail: Detail,
    account: String,
    rows: BTreeMap<Key, Sums>,
    unpriced: BTreeMap<(Timestamp, String, String, &'static str), (i128, i128)>,
}

impl Export {
    /// An empty file of the billing account `account`, the tenant.
    #[must_use]
    pub fn new(account: impl Into<String>, detail: Detail) -> Self {
        Self { detail, account: account.into(), rows: BTreeMap::new(), unpriced: BTreeMap::new() }
    }

    /// Adds an entry; observations add nothing, and so does a call whose only use was a request that costs nothing.
    ///
    /// `charged` is the tenant's price book and `listed` the same without overrides and discounts. An entry that was
    /// charged at another price than `charged` holds now keeps its own unit prices.
    pub fn add(&mut self, entry: &Entry, charged: &TenantBook, listed: &TenantBook) {
        let sign = i128::from(entry.kind.sign());
        if sign == 0 {
            return;
        }
        let event = &entry.event;
        let model = event.response_model.as_deref().filter(|model| !model.is_empty()).unwrap_or(&event.model);
        let (start, end) = self.period(entry);
        if entry.charge.cost().is_none() {
            let key = (start, event.provider.clone(), model.to_owned(), entry.charge.matched.name());
            let sums = self.unpriced.entry(key).or_default();
            *sums = (sums.0 + sign, sums.1 + sign * i128::from(event.usage.total_tokens()));
            return;
        }
        let key = Key {
            start,
            end,
            provider: event.provider.clone(),
            model: model.to_owned(),
            meter: Meter::Amount { reported: true },
            service_tier: event.service_tier.clone(),
            price_version: entry.charge.price_version.as_deref().map(str::to_owned),
            project: event.project.clone(),
            tags: tags(event),
            correction: entry.reason.map(purser_domain::entry::Reason::name),
            event_id: (self.detail == Detail::Event).then(|| event.event_id.clone()),
        };
        match entry.charge.rated_usd {
            Some(_) => self.add_leaves(&key, entry, charged, listed),
            None => self.sum(key, 1, entry.charge.reported_usd.unwrap_or_default(), sign),
        }
    }

    fn add_leaves(&mut self, key: &Key, entry: &Entry, charged: &TenantBook, listed: &TenantBook) {
        let charge = &entry.charge;
        let contracted = charged.find(&entry.event).ok();
        let contracted = contracted.filter(|found| charge.price_version.as_ref() == Some(found.version));
        // Another price was charged than holds now: then the list price of now says nothing about it.
        let list = contracted.as_ref().and_then(|_| listed.find(&entry.event).ok());
        for leaf in Leaf::ALL {
            let Some(amount) = charge.amounts[leaf as usize] else { continue };
            let quantity = entry.event.usage.get(leaf);
            let own = contracted.as_ref().and_then(|found| found.rates[leaf as usize]);
            let own = own.filter(|rate| rate.amount(quantity) == Some(amount)).or_else(|| rate_of(amount, quantity));
            let listed = list.as_ref().and_then(|found| found.rates[leaf as usize]).or(own);
            let price = |rate: Option<Rate>| rate.and_then(|rate| Decimal::price(rate, pricing_units(leaf)));
            let meter = match (price(listed), price(own)) {
                (Some(list), Some(contracted)) => Meter::Leaf { leaf, list, contracted },
                _ => Meter::Amount { reported: false },
            };
            self.sum(Key { meter, ..key.clone() }, quantity, amount, i128::from(entry.kind.sign()));
        }
        for amount in charge.unit_amounts.values() {
            let meter = Meter::Amount { reported: false };
            self.sum(Key { meter, ..key.clone() }, 1, *amount, i128::from(entry.kind.sign()));
        }
    }

    fn sum(&mut self, key: Key, quantity: u64, amount: Money, sign: i128) {
        let sums = self.rows.entry(key).or_default();
        sums.quantity += sign * i128::from(quantity);
        sums.cost = Money::from_pico(sums.cost.pico() + sign * amount.pico());
        sums.events += sign;
    }

    fn period(&self, entry: &Entry) -> (Timestamp, Timestamp) {
        let (at, utc) = (entry.event.occurred_at, Calendar::default());
        let grain = match self.detail {
            Detail::Event => return (at, at.plus_micros(1_000_000)),
            Detail::Hour => Grain::Hour,
            Detail::Day => Grain::Day,
        };
        let start = utc.floor(at, grain);
        (start, utc.next(start, grain))
    }

    /// The rows, by period, provider, model and meter. Rows that sum to nothing are left out.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.rows
            .iter()
            .filter(|(_, sums)| sums.quantity != 0 || sums.cost != Money::ZERO)
            .map(|(key, sums)| self.row(key, *sums))
    }

    /// What was left out, by period, provider and model.
    pub fn unpriced(&self) -> impl Iterator<Item = Unpriced> + '_ {
        self.unpriced.iter().filter(|(_, (events, tokens))| *events != 0 || *tokens != 0).map(
            |((start, provider, model, reason), (events, tokens))| Unpriced {
                start: *start,
                provider: provider.clone(),
                model: model.clone(),
                reason,
                events: *events,
                tokens: *tokens,
            },
        )
    }

    fn row(&self, key: &Key, sums: Sums) -> Row {
        let mut row = Row::empty();
        let billed = Decimal::usd(sums.cost);
        row.set("BilledCost", Cell::Number(billed));
        row.set("EffectiveCost", Cell::Number(billed));
        row.set("PricingCurrencyEffectiveCost", Cell::Number(billed));
        self.who_and_when(key, &mut row);
        row.set("x_EventCount", Cell::Number(Decimal::new(sums.events, 0)));
        row.text("ChargeCategory", "Usage");
        row.text("ChargeFrequency", "Usage-Based");
        row.text("PricingCategory", "Standard");
        row.text("BillingCurrency", "USD");
        row.text("PricingCurrency", "USD");
        if let Some(reason) = key.correction {
            row.text("ChargeClass", "Correction");
            row.text("x_CorrectionReason", reason);
        }
        match key.meter {
            Meter::Leaf { leaf, list, contracted } => leaf_cells(key, leaf, list, contracted, sums, &mut row),
            Meter::Amount { reported } => amount_cells(key, reported, sums, &mut row),
        }
        row
    }

    fn who_and_when(&self, key: &Key, row: &mut Row) {
        let utc = Calendar::default();
        let month = utc.floor(key.start, Grain::Month);
        row.set("BillingPeriodStart", Cell::Time(month));
        row.set("BillingPeriodEnd", Cell::Time(utc.next(month, Grain::Month)));
        row.set("ChargePeriodStart", Cell::Time(key.start));
        row.set("ChargePeriodEnd", Cell::Time(key.end));
        row.text("BillingAccountId", &self.account);
        row.text("BillingAccountName", &self.account);
        row.text("BillingAccountType", "Tenant");
        if let Some(project) = &key.project {
            row.text("SubAccountId", project);
            row.text("SubAccountName", project);
            row.text("SubAccountType", "Project");
        }
        let provider = if key.provider.is_empty() { "unknown" } else { &key.provider };
        for column in ["ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceName"] {
            row.text(column, provider);
        }
        row.text("ServiceCategory", "AI and Machine Learning");
        row.text("ServiceSubcategory", "Generative AI");
        row.text("ResourceId", format!("{provider}/{}", key.model));
        row.text("ResourceName", &key.model);
        row.text("ResourceType", "Model");
        row.text("x_ModelId", &key.model);
        row.text("Tags", &key.tags);
        row.maybe("x_EventId", key.event_id.as_deref());
        row.maybe("x_PriceVersion", key.price_version.as_deref());
    }
}

fn leaf_cells(key: &Key, leaf: Leaf, list: Decimal, contracted: Decimal, sums: Sums, row: &mut Row) {
    let (unit, consumed) = units(leaf);
    let quantity = Decimal::new(sums.quantity, if leaf.is_token() { 6 } else { 0 });
    let cost = |price: Decimal| price.times(quantity).map_or(Cell::Null, Cell::Number);
    row.set("ListUnitPrice", Cell::Number(list));
    row.set("PricingCurrencyListUnitPrice", Cell::Number(list));
    row.set("ListCost", cost(list));
    row.set("ContractedUnitPrice", Cell::Number(contracted));
    row.set("PricingCurrencyContractedUnitPrice", Cell::Number(contracted));
    row.set("ContractedCost", cost(contracted));
    row.set("PricingQuantity", Cell::Number(quantity));
    row.text("PricingUnit", unit);
    row.set("ConsumedQuantity", Cell::Number(Decimal::new(sums.quantity, 0)));
    row.text("ConsumedUnit", consumed);
    let (title, tier) = (meter_title(leaf), key.service_tier.as_deref().unwrap_or("standard"));
    row.text("ChargeDescription", format!("{title} of {}", key.model));
    row.text("SkuId", format!("{}/{}/{leaf}", key.provider, key.model));
    row.text("SkuMeter", title);
    row.text("SkuPriceId", format!("{}/{leaf}/{tier}/{list}", key.price_version.as_deref().unwrap_or("unversioned")));
    row.text("SkuPriceDetails", price_details(key, leaf, tier));
    row.text("x_CostSource", "rated");
}

fn amount_cells(key: &Key, reported: bool, sums: Sums, row: &mut Row) {
    let cost = Cell::Number(Decimal::usd(sums.cost));
    for column in ["ListCost", "ContractedCost", "PricingQuantity"] {
        row.set(column, cost.clone());
    }
    for column in
        ["ListUnitPrice", "ContractedUnitPrice", "PricingCurrencyListUnitPrice", "PricingCurrencyContractedUnitPrice"]
    {
        row.set(column, Cell::Number(Decimal::ONE));
    }
    row.text("PricingUnit", "US Dollars");
    row.set("ConsumedQuantity", Cell::Number(Decimal::new(sums.events, 0)));
    row.text("ConsumedUnit", "Requests");
    let (what, source) = if reported { ("Reported cost", "reported") } else { ("Rated cost", "rated") };
    row.text("ChargeDescription", format!("{what} of {}", key.model));
    row.text("SkuId", format!("{}/{}/{source}", key.provider, key.model));
    row.text("SkuMeter", what);
    row.text("SkuPriceId", format!("{}/{}/{source}/1", key.provider, key.model));
    row.text("x_CostSource", source);
}

/// The whole-number rate that explains `amount`, or the plain fraction.
fn rate_of(amount: Money, quantity: u64) -> Option<Rate> {
    Rate::new(u64::try_from(amount.pico()).ok()?, quantity)
}

/// How many units the prices of a leaf are for.
const fn pricing_units(leaf: Leaf) -> u64 {
    if leaf.is_token() { 1_000_000 } else { 1 }
}

const fn units(leaf: Leaf) -> (&'static str, &'static str) {
    match leaf {
        Leaf::Requests => ("Requests", "Requests"),
        Leaf::WebSearches => ("Searches", "Searches"),
        _ => ("1000000 Tokens", "Tokens"),
    }
}

const fn meter_title(leaf: Leaf) -> &'static str {
    match leaf {
        Leaf::Input => "Input Tokens",
        Leaf::CacheRead => "Cached Input Tokens",
        Leaf::CacheWrite5m => "Cache Write Tokens (5 minutes)",
        Leaf::CacheWrite1h => "Cache Write Tokens (1 hour)",
        Leaf::CacheWrite12h => "Cache Write Tokens (12 hours)",
        Leaf::Output => "Output Tokens",
        Leaf::Reasoning => "Reasoning Tokens",
        Leaf::InputAudio => "Audio Input Tokens",
        Leaf::CacheReadAudio => "Cached Audio Input Tokens",
        Leaf::OutputAudio => "Audio Output Tokens",
        Leaf::InputImage => "Image Input Tokens",
        Leaf::CacheReadImage => "Cached Image Input Tokens",
        Leaf::OutputImage => "Image Output Tokens",
        Leaf::InputVideo => "Video Input Tokens",
        Leaf::OutputVideo => "Video Output Tokens",
        Leaf::Requests => "Requests",
        Leaf::WebSearches => "Web Searches",
    }
}

/// FOCUS 1.5's draft keys for AI, prefixed until they are ratified.
fn price_details(key: &Key, leaf: Leaf, tier: &str) -> String {
    let direction = if leaf.is_input() { "Input" } else { "Output" };
    let cache = match leaf {
        Leaf::CacheRead | Leaf::CacheReadAudio | Leaf::CacheReadImage => "Read",
        Leaf::CacheWrite5m | Leaf::CacheWrite1h | Leaf::CacheWrite12h => "Write",
        _ => "Uncached",
    };
    let mut pairs = vec![("x_ModelId", key.model.as_str()), ("x_ServiceTier", tier)];
    if leaf.is_token() {
        pairs.extend([("x_TokenCacheAction", cache), ("x_TokenDirection", direction)]);
    }
    json(pairs.into_iter())
}

fn tags(event: &UsageEvent) -> String {
    let own = [
        ("agent", event.agent.as_deref()),
        ("environment", event.environment.as_deref()),
        ("feature_tag", event.feature_tag.as_deref()),
    ];
    let mut all: BTreeMap<&str, &str> = event.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    all.extend(own.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))));
    json(all.into_iter())
}

/// A flat JSON object of texts.
fn json<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (key, value) in pairs {
        if text.len() > 1 {
            text.push(',');
        }
        quote(key, &mut text);
        text.push(':');
        quote(value, &mut text);
    }
    text.push('}');
    text
}

fn quote(value: &str, into: &mut String) {
    into.push('"');
    for c in value.chars() {
        match c {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            c if c < ' ' => into.push_str(&format!("\\u{:04x}", c as u32)),
            c => into.push(c),
        }
    }
    into.push('"');
}

/// The window whose entries a file over `window` needs: whole UTC days.
#[must_use]
pub fn whole_days(window: Window) -> Window {
    let utc = Calendar::default();
    let last = utc.floor(window.to.plus_micros(-1), Grain::Day);
    Window { from: utc.floor(window.from, Grain::Day), to: utc.next(last, Grain::Day) }
}

/// Whether an entry belongs into a file at all.
#[must_use]
pub fn concerns(entry: &Entry) -> bool {
    entry.kind != Kind::Observation
}

#[cfg(test)]
mod tests;
