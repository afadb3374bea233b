//! Fields of one event whose meaning depends on its other fields: totals, batch and tier, cost and currency.
//! Invariant: the order in which fields come changes nothing.

use std::collections::BTreeMap;

use purser_domain::price::{STANDARD, service_tier};
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{Contradiction, FieldError, UsageEvent};

use super::value::{self, Amount, NOT_COUNT, flag, money};
use super::{Field, shown};

/// Values that wait for the rest of their event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    /// All tokens read, cached ones included.
    pub total_input: Option<u64>,
    /// All tokens written, reasoning included.
    pub total_output: Option<u64>,
    batch: Option<bool>,
    cost_usd: Option<Amount>,
    cost: Option<Amount>,
    currency: Option<String>,
}

impl Pending {
    /// Fills `field` from a text, as a CSV cell or `--set` has it. An empty text leaves it out.
    ///
    /// # Errors
    /// The reason why the text does not fit the field.
    pub(crate) fn set_text(&mut self, field: Field, event: &mut UsageEvent, text: &str) -> Result<(), String> {
        match field {
            _ if text.is_empty() => {}
            Field::Batch => self.batch = Some(flag(text)?),
            Field::CostUsd => self.cost_usd = Some(value::amount(text)?),
            Field::Cost => self.cost = Some(value::amount(text)?),
            Field::Currency => self.currency = Some(value::currency(text)?),
            _ => field.set_text(event, text)?,
        }
        Ok(())
    }

    /// Fills `field` from a JSON value given as its text. `null` leaves it out.
    ///
    /// Returns whether a value stands now; what is wrong goes to `errors`, prefixed by `path`.
    pub(crate) fn set_json(
        &mut self,
        field: Field,
        event: &mut UsageEvent,
        value: &str,
        path: &str,
        errors: &mut Vec<FieldError>,
    ) -> bool {
        if value == "null" {
            return false;
        }
        let outcome = match field {
            Field::Leaf(_) | Field::LatencyMs | Field::Attempt if value.starts_with('"') => Err(NOT_COUNT.to_owned()),
            Field::Batch if !matches!(value, "true" | "false") => Err("must be true or false".to_owned()),
            Field::Tags => {
                if value::set_tags(event, value, path, errors) {
                    return true;
                }
                Err("must be an object of strings".to_owned())
            }
            Field::Units => {
                if value::set_units(event, value, path, errors) {
                    return true;
                }
                Err("must be an object of numbers".to_owned())
            }
            Field::Leaf(_) | Field::LatencyMs | Field::Attempt | Field::Batch | Field::Contradiction => {
                self.set_text(field, event, value)
            }
            Field::CostUsd | Field::Cost => self.set_text(field, event, &shown(value)),
            _ => value::string(value).and_then(|text| self.set_text(field, event, &text)),
        };
        if let Err(reason) = outcome {
            errors.push(FieldError::new(format!("{path}{}", field.name()), &shown(value), reason));
        }
        true
    }

    /// Completes `event` by what waited for the rest of it.
    pub(crate) fn settle(mut self, event: &mut UsageEvent, errors: &mut Vec<FieldError>) {
        self.settle_batch(event, errors);
        if self.cost_usd.is_some() || self.cost.is_some() {
            self.settle_cost(event, errors);
        }
        if self.total_input.is_some() || self.total_output.is_some() {
            self.settle_totals(event);
        }
    }

    fn settle_batch(&self, event: &mut UsageEvent, errors: &mut Vec<FieldError>) {
        let tier = event.service_tier.as_deref().unwrap_or_default();
        match self.batch {
            // A tier that is absent, left to the provider, or the usual one leaves it to `batch`.
            Some(true) if service_tier(tier).is_none_or(|tier| tier == STANDARD) => {
                event.service_tier = Some("batch".to_owned());
            }
            Some(batch) if batch != tier.eq_ignore_ascii_case("batch") && (batch || tier == "batch") => {
                errors.push(FieldError::new("service_tier", tier, format!("contradicts \"batch\": {batch}")));
            }
            _ => {}
        }
    }

    /// `currency` is that of `cost`, or of `cost_usd` if that stands alone; a currency beside the number goes first.
    fn settle_cost(&mut self, event: &mut UsageEvent, errors: &mut Vec<FieldError>) {
        let of_dollars = self.currency.clone().filter(|_| self.cost.is_none());
        let costs =
            [(Field::CostUsd, self.cost_usd.take(), of_dollars), (Field::Cost, self.cost.take(), self.currency.take())];
        for (field, amount, currency) in costs {
            let Some(Amount { number, currency: own }) = amount else { continue };
            let mut refuse = |reason: &str| errors.push(FieldError::new(field.name(), &number, reason));
            if own.is_some() && currency.is_some() && own != currency {
                refuse("has another currency than currency");
                continue;
            }
            match own.or(currency) {
                Some(currency) if currency != "USD" => {
                    if number.starts_with('-') {
                        refuse("must not be negative");
                    }
                    event.foreign_cost = Some(format!("{number} {currency}"));
                }
                _ => match money(&number) {
                    Ok(cost) if event.reported_usd.is_some_and(|known| known != cost) => {
                        refuse("contradicts cost_usd");
                    }
                    Ok(cost) => event.reported_usd = Some(cost),
                    Err(reason) => refuse(&reason),
                },
            }
        }
    }

    /// Takes the parts out of the totals; totals smaller than their parts are a contradiction, and no tokens.
    fn settle_totals(&self, event: &mut UsageEvent) {
        let usage = event.usage;
        let sum = |parts: &[Leaf]| parts.iter().fold(0, |sum: u64, leaf| sum.saturating_add(usage.get(*leaf)));
        let read: Vec<Leaf> = Leaf::ALL.into_iter().filter(|leaf| leaf.is_input() && *leaf != Leaf::Input).collect();
        let written = [Leaf::Reasoning, Leaf::OutputAudio, Leaf::OutputImage, Leaf::OutputVideo];
        let totals = [
            ("total_input_tokens", self.total_input, Leaf::Input, sum(&read)),
            ("total_output_tokens", self.total_output, Leaf::Output, sum(&written)),
        ];
        let mut reasons = Vec::new();
        for (name, total, leaf, parts) in totals {
            match total.map(|total| (total, total.checked_sub(parts))) {
                Some((_, Some(rest))) => event.usage.set(leaf, rest),
                Some((total, None)) => reasons.push(format!("{total} {name} cannot contain {parts} tokens")),
                None => {}
            }
        }
        if reasons.is_empty() {
            return;
        }
        let mut counts: BTreeMap<String, u64> =
            usage.iter().map(|(leaf, count)| (leaf.quantity_name().to_owned(), count)).collect();
        counts.extend(totals.iter().filter_map(|(name, total, ..)| total.map(|total| ((*name).to_owned(), total))));
        event.contradiction = Some(Box::new(Contradiction { reason: reasons.join("; "), counts }));
        let kept = [Leaf::Requests, Leaf::WebSearches];
        event.usage = kept.into_iter().fold(Usage::ZERO, |kept, leaf| kept.with(leaf, usage.get(leaf)));
    }
}
