//! What an emitter says a call cost.
//! Invariant: an amount in another currency never counts as dollars, and none that is no number counts at all.

use purser_domain::money::Money;
use purser_domain::usage_event::UsageEvent;

use super::hint::Hints;
use crate::attribute::{Attributes, Text};
use crate::decoded::Decoded;
use crate::field;
use crate::json;
use crate::usage_object::set_cost;

/// Sets the reported cost: the total, else its parts.
pub(super) fn fill(event: &mut UsageEvent, attributes: &Attributes<'_>, hints: &Hints<'_>, decoded: &mut Decoded) {
    if let Some(ticks) = attributes.text(Text::CostTicks).and_then(|text| text.parse::<u64>().ok()) {
        // One tick of xAI is 10⁻¹⁰ USD: 100 pico-dollars.
        event.reported_usd = Some(Money::from_pico(i128::from(ticks) * 100));
        return;
    }
    let told = attributes.text(Text::Cost).map(str::to_owned);
    let told = told.or_else(|| attributes.text(Text::CostDetails).and_then(total));
    let told = told.or_else(|| parts(attributes)).or_else(|| hints.cost.clone());
    match told.as_deref().map(field::money) {
        Some(Ok(cost)) => set_cost(cost, attributes.text(Text::CostCurrency), event),
        Some(Err(_)) => decoded.find("a reported cost that is no number was left out"),
        None => {}
    }
}

/// Takes a cost of 0 for a call with tokens as unknown: its sender has no price.
pub(super) fn check(event: &mut UsageEvent, decoded: &mut Decoded) {
    if event.reported_usd == Some(Money::ZERO) && (event.usage.total_tokens() > 0 || event.contradiction.is_some()) {
        decoded.find("a reported cost of 0 for a call with tokens was taken as unknown");
        event.reported_usd = None;
    }
}

/// The cost of both directions, where no total is told.
fn parts(attributes: &Attributes<'_>) -> Option<String> {
    let parts = [attributes.text(Text::InputCost), attributes.text(Text::OutputCost)];
    let parts: Vec<Money> = parts.into_iter().flatten().filter_map(|text| field::money(text).ok()).collect();
    (!parts.is_empty()).then(|| parts.into_iter().sum::<Money>().to_string())
}

/// The total of cost buckets: Langfuse's, MLflow's.
fn total(text: &str) -> Option<String> {
    let (mut total, mut sum, mut parts) = (None, Money::ZERO, 0);
    json::fields(text, |key, value| {
        if matches!(&*key, "total" | "total_cost") {
            total = Some(value.to_owned());
        } else if let Ok(part) = field::money(value) {
            sum = [sum, part].into_iter().sum();
            parts += 1;
        }
    })
    .ok()?;
    total.or_else(|| (parts > 0).then(|| sum.to_string()))
}
