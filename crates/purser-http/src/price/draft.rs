//! Reads overrides, discounts and re-rating requests; strict, all errors at once.

use std::collections::BTreeMap;

use purser_domain::price::{Discount, Price, Rate, STANDARD, Source, Tier};
use purser_domain::provider;
use purser_domain::time::{Timestamp, Window};
use purser_domain::unit;
use purser_domain::usage::Leaf;

use crate::failure::{Failure, Reply};
use crate::fields::Fields;

/// A tenant's own price, and whether it replaces the one that starts at the same instant.
pub(super) fn price(mut fields: Fields, now: Timestamp) -> Reply<(Price, bool)> {
    let provider = provider::canonical(&fields.required_text("provider"));
    let model = fields.required_text("model");
    let aliases = fields.texts("aliases");
    let (effective_from, effective_to) = (fields.time("effective_from"), fields.time("effective_to"));
    check_order(&mut fields, effective_from, effective_to);
    let service_tier = fields.text("service_tier").unwrap_or_else(|| STANDARD.to_owned());
    let mut rates = [None; Leaf::COUNT];
    let mut units = BTreeMap::new();
    let each = fields.has("usd_each");
    for (name, usd) in if each { fields.decimals("usd_each") } else { BTreeMap::new() } {
        let field = format!("usd_each.{name}");
        match Rate::parse(&usd, 1) {
            _ if !unit::is_name(&name) => fields.refuse(&field, &usd, "is not the name of a unit"),
            Ok(rate) => drop(units.insert(name, rate)),
            Err(error) => fields.refuse(&field, &usd, error.to_string()),
        }
    }
    let tokens = !each || fields.has("usd_per_million");
    for (name, usd) in if tokens { fields.decimals("usd_per_million") } else { BTreeMap::new() } {
        let field = format!("usd_per_million.{name}");
        match (name.parse::<Leaf>(), Rate::parse(&usd, 1_000_000)) {
            (Ok(leaf), Ok(rate)) => rates[leaf as usize] = Some(rate),
            (Err(reason), _) => fields.refuse(&field, &usd, reason),
            (_, Err(error)) => fields.refuse(&field, &usd, error.to_string()),
        }
    }
    let is_empty = rates.iter().all(Option::is_none) && units.is_empty();
    if is_empty && !fields.refused("usd_per_million") && !fields.refused("usd_each") {
        fields.refuse("usd_per_million", "", "needs at least one leaf");
    }
    let replace = fields.flag("replace").unwrap_or(false);
    fields.finish()?;
    let source =
        Source { catalogue: "tenant".to_owned(), url: None, retrieved: now.to_jiff().strftime("%Y-%m-%d").to_string() };
    let tier = Tier { units, ..Tier::new(service_tier, 0, rates) };
    let (daily, factors, tiers) = (None, Vec::new(), vec![tier]);
    Ok((Price { provider, model, aliases, effective_from, effective_to, daily, factors, tiers, source }, replace))
}

/// A discount, and whether to set it although it lowers no price.
pub(super) fn discount(mut fields: Fields) -> Reply<(Discount, bool)> {
    let provider = fields.text("provider").map(|name| provider::canonical(&name));
    let model = fields.text("model");
    let percent = fields.decimal("percent").unwrap_or_default();
    let percent_milli = Discount::percent_milli(&percent);
    if percent_milli.is_none() && !fields.refused("percent") {
        fields.refuse("percent", &percent, "must be 0 to 100 with at most three decimals");
    }
    let (effective_from, effective_to) = (fields.time("effective_from"), fields.time("effective_to"));
    check_order(&mut fields, effective_from, effective_to);
    let force = fields.flag("force").unwrap_or(false);
    fields.finish()?;
    let percent_milli = percent_milli.unwrap_or_default();
    Ok((Discount { id: String::new(), provider, model, percent_milli, effective_from, effective_to }, force))
}

fn check_order(fields: &mut Fields, from: Option<Timestamp>, to: Option<Timestamp>) {
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        fields.refuse("effective_to", &to.to_string(), "must be after effective_from");
    }
}

/// What to rate again: the window, one model or all, and whether only to look.
pub(super) fn rerate(mut fields: Fields) -> Reply<(Window, Option<String>, bool)> {
    for name in ["from", "to"] {
        fields.require(name);
    }
    let (from, to) = (fields.time("from"), fields.time("to"));
    let window = from.zip(to).and_then(|(from, to)| Window::new(from, to));
    if let (Some(from), None, Some(_)) = (from, window, to) {
        fields.refuse("from", &from.to_string(), "must be before to");
    }
    let model = fields.text("model");
    let dry_run = fields.flag("dry_run").unwrap_or(true);
    fields.finish()?;
    let window = window.ok_or_else(|| Failure::malformed("from and to must not be null"))?;
    Ok((window, model, dry_run))
}
