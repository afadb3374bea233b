//! Turns ledger entries into the rows of a FOCUS file (1.2 or 1.4), one row per leaf or unit, unit price and period.
//! Invariants: `ListCost` = `ListUnitPrice` × `PricingQuantity` exactly; the sum of `BilledCost` is the ledger's cost.

pub mod decimal;
pub mod row;

use std::collections::BTreeMap;

use purser_domain::charge::CostSource;
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Meter {
    /// Tokens, requests or searches of a leaf at a list and a contracted price per pricing unit.
    Leaf { leaf: Leaf, list: Decimal, contracted: Decimal },
    /// A quantity of a unit that is not a token, at the price that explains its amount.
    Unit { name: String, price: Decimal },
    /// An amount that no decimal unit price explains: as reported by the source, or of a fractional rate.
    Amount { reported: bool },
}

impl Meter {
    /// By which power of ten the quantity of a row is larger than what it stands for: units are counted in millionths.
    const fn scale(&self) -> u32 {
        match self {
            Self::Unit { .. } => 6,
            _ => 0,
        }
    }
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
    invoice: Option<String>,
    rows: BTreeMap<Key, Sums>,
    unpriced: BTreeMap<(Timestamp, String, String, &'static str), (i128, i128)>,
}

impl Export {
    /// An empty file of the billing account `account`, the tenant.
    #[must_use]
    pub fn new(account: impl Into<String>, detail: Detail) -> Self {
        Self { detail, account: account.into(), invoice: None, rows: BTreeMap::new(), unpriced: BTreeMap::new() }
    }

    /// Names each row's invoice by `template`, in which `{tenant}`, `{provider}` and `{month}` (2026-11) stand for the
    /// row's own.
    #[must_use]
    pub fn with_invoice(mut self, template: Option<String>) -> Self {
        self.invoice = template;
        self
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
        let Some(cost) = entry.charge.cost() else {
            let key = (start, event.provider.clone(), model.to_owned(), entry.charge.matched.name());
            let sums = self.unpriced.entry(key).or_default();
            *sums = (sums.0 + sign, sums.1 + sign * i128::from(event.usage.total_tokens()));
            return;
        };
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
        match cost {
            (_, CostSource::Rated) => {
                self.add_leaves(&key, entry, charged, listed);
                self.add_units(&key, entry);
            }
            (reported, CostSource::Reported) => self.sum(key, 1, reported, sign),
        }
    }

    fn add_units(&mut self, key: &Key, entry: &Entry) {
        let sign = i128::from(entry.kind.sign());
        for (name, amount) in &entry.charge.unit_amounts {
            let micros = entry.event.units.get(name).map_or(0, |quantity| quantity.micros());
            // The price of one unit: what a million millionths cost.
            let price = u64::try_from(amount.pico()).ok().and_then(|pico| Rate::new(pico, micros));
            let meter = match price.and_then(|rate| Decimal::price(rate, 1_000_000)) {
                Some(price) => Meter::Unit { name: name.clone(), price },
                None => Meter::Amount { reported: false },
            };
            self.sum(Key { meter, ..key.clone() }, micros, *amount, sign);
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
        match &key.meter {
            Meter::Leaf { leaf, list, contracted } => leaf_cells(key, *leaf, *list, *contracted, sums, &mut row),
            Meter::Unit { name, price } => unit_cells(key, name, *price, sums, &mut row),
            Meter::Amount { reported } => amount_cells(key, *reported, sums, &mut row),
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
        let (seller, service) = names(provider);
        for column in ["ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceProviderName", "HostProviderName"]
        {
            row.text(column, seller);
        }
        row.text("ServiceName", service);
        row.text("x_Provider", provider);
        if let Some(template) = &self.invoice {
            let month: String = month.to_string().chars().take(7).collect();
            let id = template.replace("{tenant}", &self.account).replace("{provider}", provider);
            row.text("InvoiceId", id.replace("{month}", &month));
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

fn unit_cells(key: &Key, name: &str, price: Decimal, sums: Sums, row: &mut Row) {
    let quantity = Decimal::new(sums.quantity, key.meter.scale());
    let cost = price.times(quantity).map_or(Cell::Null, Cell::Number);
    for column in
        ["ListUnitPrice", "ContractedUnitPrice", "PricingCurrencyListUnitPrice", "PricingCurrencyContractedUnitPrice"]
    {
        row.set(column, Cell::Number(price));
    }
    row.set("ListCost", cost.clone());
    row.set("ContractedCost", cost);
    let title = title_of(name);
    row.set("PricingQuantity", Cell::Number(quantity));
    row.set("ConsumedQuantity", Cell::Number(quantity));
    row.text("PricingUnit", &title);
    row.text("ConsumedUnit", &title);
    row.text("ChargeDescription", format!("{title} of {}", key.model));
    row.text("SkuId", format!("{}/{}/{name}", key.provider, key.model));
    row.text("SkuMeter", title);
    let tier = key.service_tier.as_deref().unwrap_or("standard");
    row.text("SkuPriceId", format!("{}/{name}/{tier}/{price}", key.price_version.as_deref().unwrap_or("unversioned")));
    row.text("SkuPriceDetails", json([("x_ModelId", key.model.as_str()), ("x_ServiceTier", tier)].into_iter()));
    row.text("x_CostSource", "rated");
}

/// A unit's name as FOCUS writes units: `audio_seconds` is `Audio Seconds`.
fn title_of(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<String>>().join(" ")
}

/// Who sells what a provider's canonical name stands for, and what the service is called, as people know them.
const NAMES: &[(&str, &str, &str)] = &[
    ("anthropic", "Anthropic", "Claude API"),
    ("aws.bedrock", "Amazon Web Services", "Amazon Bedrock"),
    ("azure.ai.inference", "Microsoft", "Azure AI Foundry"),
    ("azure.ai.openai", "Microsoft", "Azure OpenAI"),
    ("cerebras", "Cerebras", "Cerebras Inference"),
    ("cloudflare", "Cloudflare", "Workers AI"),
    ("cohere", "Cohere", "Cohere API"),
    ("cursor", "Cursor", "Cursor"),
    ("deepseek", "DeepSeek", "DeepSeek API"),
    ("fireworks", "Fireworks AI", "Fireworks AI"),
    ("gcp.gemini", "Google", "Gemini API"),
    ("gcp.vertex_ai", "Google Cloud", "Vertex AI"),
    ("github_copilot", "GitHub", "GitHub Copilot"),
    ("groq", "Groq", "GroqCloud"),
    ("ibm.watsonx.ai", "IBM", "watsonx.ai"),
    ("mistral_ai", "Mistral AI", "La Plateforme"),
    ("moonshot_ai", "Moonshot AI", "Kimi API"),
    ("openai", "OpenAI", "OpenAI API"),
    ("openrouter", "OpenRouter", "OpenRouter"),
    ("perplexity", "Perplexity", "Sonar API"),
    ("together", "Together AI", "Together AI"),
    ("voyage", "Voyage AI", "Voyage AI"),
    ("x_ai", "xAI", "xAI API"),
    ("zai", "Z.ai", "Z.ai API"),
];

/// Seller and service of a provider; the canonical name for both where no other is known.
fn names(provider: &str) -> (&str, &str) {
    let known = NAMES.iter().find(|(name, _, _)| *name == provider);
    known.map_or((provider, provider), |(_, seller, service)| (seller, service))
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

/// FOCUS 1.5's draft keys for AI, prefixed until a version in use defines them. As the draft demands, what stands on
/// output has no cache action; modality and the life of a cache are no values of its keys and have keys of their own.
fn price_details(key: &Key, leaf: Leaf, tier: &str) -> String {
    let mut pairs = vec![("x_ModelId", key.model.as_str()), ("x_ServiceTier", tier)];
    if leaf.is_token() {
        let direction = if leaf.is_input() { "Input" } else { "Output" };
        let cache = match leaf {
            _ if !leaf.is_input() => None,
            Leaf::CacheRead | Leaf::CacheReadAudio | Leaf::CacheReadImage => Some("Read"),
            Leaf::CacheWrite5m | Leaf::CacheWrite1h | Leaf::CacheWrite12h => Some("Write"),
            _ => Some("Uncached"),
        };
        let retention = match leaf {
            Leaf::CacheWrite5m => Some("5m"),
            Leaf::CacheWrite1h => Some("1h"),
            Leaf::CacheWrite12h => Some("12h"),
            _ => None,
        };
        let modality = match leaf {
            Leaf::InputAudio | Leaf::CacheReadAudio | Leaf::OutputAudio => Some("Audio"),
            Leaf::InputImage | Leaf::CacheReadImage | Leaf::OutputImage => Some("Image"),
            Leaf::InputVideo | Leaf::OutputVideo => Some("Video"),
            _ => None,
        };
        pairs.extend(retention.map(|life| ("x_CacheRetention", life)));
        pairs.extend(modality.map(|modality| ("x_Modality", modality)));
        pairs.extend(cache.map(|action| ("x_TokenCacheAction", action)));
        pairs.push(("x_TokenDirection", direction));
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
