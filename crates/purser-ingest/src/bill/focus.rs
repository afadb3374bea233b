//! Rows of a FOCUS file: `BilledCost` by charge period, provider, model and meter.
//! Source: FOCUS 1.0 to 1.4, "Cost and Usage".

use purser_domain::money::Money;
use purser_domain::provider;
use purser_domain::reconciliation::{BilledLine, Key, Meter};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::FieldError;

use super::row::is_same;
use super::{Line, Row, bad, rounding_of};
use crate::json::Picked;

const PROVIDERS: [&str; 4] = ["ServiceProviderName", "ProviderName", "PublisherName", "InvoiceIssuerName"];

/// Whether a table with these columns is FOCUS.
pub(super) fn fits(header: &[String]) -> bool {
    ["BilledCost", "ChargePeriodStart"].iter().all(|column| header.iter().any(|name| is_same(name, column)))
}

pub(super) fn line(row: &Row<'_>) -> Result<Line, FieldError> {
    let amount = match row.money("BilledCost") {
        None => return Ok(Line::Empty),
        Some(Ok(Money::ZERO)) => return Ok(Line::Empty),
        Some(Ok(amount)) => amount,
        Some(Err(reason)) => return Err(bad(row, "BilledCost", &reason)),
    };
    let currency = row.text("BillingCurrency").unwrap_or("USD");
    let service = row.text("ServiceName").unwrap_or_default();
    if !currency.eq_ignore_ascii_case("USD") {
        return Ok(Line::LeftOut(format!("{service} in {currency}"), Money::ZERO));
    }
    let start = row.text("ChargePeriodStart").unwrap_or_default();
    let at: Timestamp = match start.parse() {
        Ok(at) => at,
        Err(_) => format!("{start}Z")
            .replace(' ', "T")
            .parse()
            .map_err(|_| bad(row, "ChargePeriodStart", "must be a date and time"))?,
    };
    let Some(model) = model(row) else {
        let name = row.first(&["SkuMeter", "ChargeDescription", "ServiceName"]).unwrap_or("unnamed");
        return Ok(Line::LeftOut(name.to_owned(), amount));
    };
    let meter = row.first(&["SkuMeter", "x_SkuMeter", "ChargeDescription"]).map_or(Meter::Whole, meter);
    let unit = row.text("ConsumedUnit").unwrap_or_default().to_ascii_lowercase();
    let quantity = unit.contains("token").then(|| row.whole("ConsumedQuantity", tokens_of(&unit))).flatten();
    let quantities = match (&meter, quantity) {
        (Meter::Leaf(leaf), Some(quantity)) if leaf.is_token() => vec![(*leaf, quantity)],
        _ => Vec::new(),
    };
    let key = Key { day: at.utc_day(), provider: provider_of(row, service), model, service_tier: tier(row) };
    Ok(Line::Of(Box::new(BilledLine { key, meter, quantities, amount, rounding: rounding_of(amount) })))
}

fn details<'a>(row: &Row<'a>, names: [&'static str; 2]) -> Option<String> {
    let picked = Picked::read(row.text("SkuPriceDetails")?, names)?;
    picked.first(&names)
}

fn model(row: &Row<'_>) -> Option<String> {
    let told = details(row, ["ModelId", "x_ModelId"]).or_else(|| row.text("x_ModelId").map(str::to_owned));
    told.or_else(|| {
        let is_model = row.text("ResourceType").is_some_and(|kind| kind.to_ascii_lowercase().contains("model"));
        row.text("ResourceName").filter(|_| is_model).map(str::to_owned)
    })
}

fn tier(row: &Row<'_>) -> Option<String> {
    details(row, ["ServiceTier", "x_ServiceTier"])
}

/// The provider that serves the model: a cloud's name alone does not say which of its services it is.
fn provider_of(row: &Row<'_>, service: &str) -> String {
    let name = row.first(&PROVIDERS).unwrap_or(service).to_ascii_lowercase();
    let service = service.to_ascii_lowercase();
    let is = |word: &str| name.contains(word) || service.contains(word);
    if is("bedrock") || name == "aws" || name.contains("amazon") {
        "aws.bedrock".to_owned()
    } else if is("azure") || name.contains("microsoft") {
        "azure.ai.openai".to_owned()
    } else if is("vertex") || name.contains("google cloud") {
        "gcp.vertex_ai".to_owned()
    } else {
        provider::canonical(&name.replace(' ', "_"))
    }
}

/// How many tokens a consumed unit is: `Tokens`, `1K Tokens`, `1000000 Tokens`, `1M tokens`.
fn tokens_of(unit: &str) -> i128 {
    let number = unit.split_whitespace().next().unwrap_or_default();
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let factor = match number.chars().next_back() {
        Some('k') => 1_000,
        Some('m') => 1_000_000,
        _ => 1,
    };
    digits.parse::<i128>().unwrap_or(1) * factor
}

/// What a meter counts, by the words of its name.
pub(super) fn meter(name: &str) -> Meter {
    let name = name.to_ascii_lowercase();
    let has = |word: &str| name.contains(word);
    let cached = has("cache") && (has("read") || has("cached") || has("hit"));
    let written = has("cache") && (has("write") || has("creation"));
    let leaf = if has("search") {
        Leaf::WebSearches
    } else if written && (has("1h") || has("1 hour") || has("one hour")) {
        Leaf::CacheWrite1h
    } else if written && (has("12h") || has("12 hour")) {
        Leaf::CacheWrite12h
    } else if written {
        Leaf::CacheWrite5m
    } else if has("audio") && cached {
        Leaf::CacheReadAudio
    } else if has("audio") && has("output") {
        Leaf::OutputAudio
    } else if has("audio") && has("input") {
        Leaf::InputAudio
    } else if has("image") && cached {
        Leaf::CacheReadImage
    } else if has("image") && has("output") {
        Leaf::OutputImage
    } else if has("image") && has("input") {
        Leaf::InputImage
    } else if cached {
        Leaf::CacheRead
    } else if has("reasoning") {
        Leaf::Reasoning
    } else if has("output") || has("response") {
        Leaf::Output
    } else if has("input") || has("prompt") {
        Leaf::Input
    } else if name == "requests" {
        Leaf::Requests
    } else if has("cost of") {
        return Meter::Whole;
    } else {
        return Meter::Unit(name);
    };
    Meter::Leaf(leaf)
}
