//! Usage objects as providers and routers put them into JSON: OpenAI, Anthropic, Gemini, Bedrock, LiteLLM, Langfuse.
//! Invariant: whose object it is decides how its totals count, never that a detail happens to be there; a count that is
//! not understood is a finding, and one that is no count is an error.

use purser_domain::context_window::ContextWindow;
use purser_domain::money::Money;
use purser_domain::unit::{Quantity, Units};
use purser_domain::usage_event::{FieldError, UsageEvent};

use crate::decoded::Decoded;
use crate::json;
use crate::normalise::{Accounting, Reported};

mod iteration;
mod key;
pub(crate) mod number;
mod reader;

use key::Group;
use reader::Reader;

/// Whose usage object it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Origin<'a> {
    /// Canonical provider; empty if unknown.
    pub provider: &'a str,
    /// The model that was asked or that answered; empty if unknown.
    pub model: &'a str,
    /// The canonical operation; empty if unknown.
    pub operation: &'a str,
    /// Whose shape the object has.
    pub api: Api,
}

/// Whose shape a usage object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Api {
    /// Told by the names of its keys and the provider.
    #[default]
    Any,
    /// Anthropic's Messages: the cache stands beside the input, whoever serves the model.
    Messages,
    /// LiteLLM's own: the prompt contains the cache for every provider.
    LiteLlm,
    /// Of a sender whose totals contain the cache for every provider, whatever it calls the parts: MLflow, LangChain.
    Totals,
    /// Among other fields of a record, so that only names of counts are looked at.
    Flat,
}

/// What a usage object said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct UsageObject {
    /// The counts.
    pub reported: Reported,
    /// Quantities that are not tokens.
    pub units: Units,
    /// Counts that are not zero and that no rule knows, by key.
    pub unknown: Vec<String>,
    /// Values that are no counts.
    pub errors: Vec<FieldError>,
    /// The tier that served the call.
    pub service_tier: Option<String>,
    /// Where the model ran.
    pub inference_geo: Option<String>,
    /// How fast it answered, if not at the standard speed.
    pub speed: Option<String>,
    /// What the call cost, in the currency that is named, USD if none is.
    pub cost: Option<Money>,
    /// The currency of the cost.
    pub currency: Option<String>,
    /// The bounds of what each sampling read, if one answer took several.
    pub context_window: Option<ContextWindow>,
    accounting: Option<Accounting>,
    /// Of the input, what tools read beside the prompt.
    tool_input: u64,
}

impl UsageObject {
    /// Reads a JSON object; `None` if it is none.
    pub(crate) fn read(text: &str, origin: Origin<'_>) -> Option<Self> {
        let mut reader = Reader::new(origin);
        let is_object = json::fields(text, |key, value| reader.member(Group::Top, &key, value)).ok()?;
        is_object.then(|| reader.finish())
    }

    /// Whether any token count was found.
    pub(crate) fn has_tokens(&self) -> bool {
        self.accounting.is_some()
    }

    /// Whether it counts anything, be it no tokens.
    pub(crate) fn has_counts(&self) -> bool {
        self.has_tokens() || !self.units.is_empty() || self.reported.web_searches > 0
    }

    /// Whether anything is to be taken or said of it.
    pub(crate) fn is_told(&self) -> bool {
        self.has_counts() || !self.errors.is_empty() || !self.unknown.is_empty()
    }

    /// Which totals contain their parts.
    pub(crate) fn accounting(&self) -> Accounting {
        self.accounting.unwrap_or(Accounting::TOTALS)
    }

    /// Adds the tools that an answer tells of outside of its usage object, unless that counts them already.
    pub(crate) fn add_tools(&mut self, searches: u64, units: &[(&str, u64)]) {
        self.reported.web_searches = self.reported.web_searches.max(searches);
        for (name, count) in units.iter().filter(|(_, count)| *count > 0) {
            let count = Quantity::whole(*count).unwrap_or_default();
            self.units.entry((*name).to_owned()).or_insert(count);
        }
    }

    /// Adds the searches that Gemini grounded an answer of `model` in. What they read is free.
    pub(crate) fn ground(&mut self, searches: u64, model: &str) {
        if searches == 0 {
            return;
        }
        self.add_tools(searches, &[]);
        let counts = &mut self.reported;
        counts.input = counts.input.saturating_sub(self.tool_input);
        counts.total = counts.total.saturating_sub(self.tool_input);
        self.tool_input = 0;
        self.bill_grounding(model);
    }

    /// Gemini up to version 2 bills a prompt that was grounded once, however many queries it took.
    fn bill_grounding(&mut self, model: &str) {
        if !["gemini-1", "gemini-2"].iter().any(|family| model.contains(family)) {
            return;
        }
        let one = Quantity::whole(1).unwrap_or_default();
        if std::mem::take(&mut self.reported.web_searches) > 0 {
            self.units.insert("grounded_prompts".to_owned(), one);
        }
        if self.units.remove("maps_groundings").is_some() {
            self.units.insert("maps_grounded_prompts".to_owned(), one);
        }
    }

    /// Gives `event` the leaves, or a contradiction, and what else the object tells and the event does not know yet;
    /// what no table knows is counted under the emitter's name.
    pub(crate) fn fill(&self, emitter: &str, event: &mut UsageEvent, decoded: &mut Decoded) {
        self.reported.fill(self.accounting(), event);
        for (name, quantity) in &self.units {
            event.units.entry(name.clone()).or_insert(*quantity);
        }
        for (slot, told) in [
            (&mut event.service_tier, &self.service_tier),
            (&mut event.inference_geo, &self.inference_geo),
            (&mut event.speed, &self.speed),
        ] {
            if slot.is_none() {
                slot.clone_from(told);
            }
        }
        event.context_window = event.context_window.or(self.context_window);
        if event.reported_usd.is_none() && event.foreign_cost.is_none() {
            self.fill_cost(event);
        }
        for key in &self.unknown {
            decoded.unknown_usage(emitter, key);
        }
    }

    /// A cost of 0 for a call that used something is a sender without a price.
    fn fill_cost(&self, event: &mut UsageEvent) {
        let Some(cost) = self.cost.filter(|cost| *cost > Money::ZERO) else { return };
        set_cost(cost, self.currency.as_deref(), event);
    }
}

/// Gives `event` a cost: what is not in USD never counts as dollars.
pub(crate) fn set_cost(cost: Money, currency: Option<&str>, event: &mut UsageEvent) {
    match currency.map(|name| name.trim().to_ascii_uppercase()).filter(|name| !name.is_empty()) {
        Some(currency) if currency != "USD" && currency != "US$" && currency != "$" => {
            let cost = cost.to_string();
            let cost = if cost.contains('.') { cost.trim_end_matches('0').trim_end_matches('.') } else { &cost };
            event.foreign_cost = Some(format!("{cost} {currency}"));
        }
        _ => event.reported_usd = Some(cost),
    }
}

#[cfg(test)]
mod tests;
