//! Rows of an AWS Cost and Usage Report: Bedrock's usage types name model, direction, cache and tier.
//! Source: CUR 2.0 column dictionary; the older report has the same columns as `lineItem/UsageType`.

use purser_domain::money::Money;
use purser_domain::reconciliation::{BilledLine, Key, Meter};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::FieldError;

use super::row::is_same;
use super::{Line, Row, bad, focus, rounding_of};

const COST: &str = "line_item_unblended_cost";
const START: &str = "line_item_usage_start_date";
const USAGE_TYPE: &str = "line_item_usage_type";

/// Whether a table with these columns is a Cost and Usage Report.
pub(super) fn fits(header: &[String]) -> bool {
    [COST, START, USAGE_TYPE].iter().all(|column| header.iter().any(|name| is_same(name, column)))
}

pub(super) fn line(row: &Row<'_>) -> Result<Line, FieldError> {
    let amount = match row.money(COST) {
        None => return Ok(Line::Empty),
        Some(Ok(Money::ZERO)) => return Ok(Line::Empty),
        Some(Ok(amount)) => amount,
        Some(Err(reason)) => return Err(bad(row, COST, &reason)),
    };
    let product = row.first(&["line_item_product_code", "product_servicecode"]).unwrap_or("unnamed");
    let title = row.first(&["product_product_name", "product_name", "line_item_line_item_description"]).unwrap_or("");
    let currency = row.text("line_item_currency_code").unwrap_or("USD");
    if currency != "USD" {
        return Ok(Line::LeftOut(format!("{product} in {currency}"), Money::ZERO));
    }
    let is_bedrock = product.contains("Bedrock") || title.contains("Bedrock");
    if !is_bedrock {
        return Ok(Line::LeftOut(product.to_owned(), amount));
    }
    let start = row.text(START).unwrap_or_default();
    let at: Timestamp = match start.parse() {
        Ok(at) => at,
        Err(_) => {
            let text = format!("{}Z", start.replace(' ', "T").trim_end_matches(".000"));
            text.parse().map_err(|_| bad(row, START, "must be a date and time"))?
        }
    };
    let usage = row.text(USAGE_TYPE).unwrap_or_default();
    let Some(model) =
        row.first(&["product_model", "product_model_id"]).map(str::to_owned).or_else(|| model(usage, title))
    else {
        return Ok(Line::LeftOut(format!("{product} {usage}"), amount));
    };
    let meter = focus::meter(&spaced(usage));
    // Bedrock counts thousands of tokens, or millions on the marketplace.
    let unit = row.first(&["pricing_unit", "line_item_usage_unit"]).unwrap_or_default().to_ascii_lowercase();
    let factor = if unit.contains("1k") {
        1_000
    } else if unit.contains("1m") || unit.contains("million") {
        1_000_000
    } else {
        1
    };
    let quantity = unit.contains("token").then(|| row.whole("line_item_usage_amount", factor)).flatten();
    let quantities = match (&meter, quantity) {
        (Meter::Leaf(leaf), Some(quantity)) if leaf.is_token() => vec![(*leaf, quantity)],
        _ => Vec::new(),
    };
    let tier = ["batch", "flex", "priority"].into_iter().find(|tier| usage.to_ascii_lowercase().contains(tier));
    let key = Key {
        day: at.utc_day(),
        provider: "aws.bedrock".to_owned(),
        model,
        service_tier: Some(tier.unwrap_or("standard").to_owned()),
    };
    Ok(Line::Of(Box::new(BilledLine { key, meter, quantities, amount, rounding: rounding_of(amount) })))
}

/// `USE1-ClaudeSonnet4.5-input-tokens-batch` → `ClaudeSonnet4.5`; else the product's title, as the marketplace has it:
/// `Claude Sonnet 4.5 (Amazon Bedrock Edition)`.
fn model(usage: &str, title: &str) -> Option<String> {
    if let Some((name, _)) = title.split_once("(Amazon Bedrock") {
        return Some(name.trim().to_owned());
    }
    let (_, rest) = usage.split_once('-')?;
    let words = ["-input", "-output", "-cache", "-text", "-prompt", "-response"];
    let end = words.iter().filter_map(|word| rest.to_ascii_lowercase().find(word)).min()?;
    let name = &rest[..end];
    (!name.is_empty() && !name.starts_with("MP:")).then(|| name.to_owned())
}

/// Words of a usage type apart: `USE1_CacheReadInputTokenCount` → `use1 cache read input token count`.
fn spaced(usage: &str) -> String {
    let mut text = String::with_capacity(usage.len() + 8);
    let mut before = ' ';
    for letter in usage.chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            text.push(' ');
        }
        text.push(if letter.is_ascii_alphanumeric() { letter } else { ' ' });
        before = letter;
    }
    text
}
