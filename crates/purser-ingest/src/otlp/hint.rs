//! Single facts out of attributes that hold JSON; the rest of them is never kept.
//! Invariant: an attribute of its own goes before a fact inside another.

use std::borrow::Cow;

use super::answer::Answer;
use crate::attribute::{Attributes, Text, label};
use crate::json;
use crate::usage_object::Api;

/// What the attributes of an item tell inside JSON.
#[derive(Debug, Default)]
pub(super) struct Hints<'a> {
    pub request_model: Option<String>,
    pub response_model: Option<String>,
    pub request_tier: Option<String>,
    pub response_id: Option<String>,
    pub response_tier: Option<String>,
    /// What a router says the call cost, USD.
    pub cost: Option<String>,
    /// Usage objects, as JSON, and whose shape they have.
    pub usage: Vec<(Cow<'a, str>, Api)>,
    /// Who spent it and what for.
    facts: Vec<(Text, String)>,
}

impl<'a> Hints<'a> {
    pub(super) fn read(attributes: &'a Attributes<'_>) -> Self {
        let mut hints = Self::default();
        if let Some(parameters) = attributes.text(Text::InvocationParameters) {
            let _ = json::fields(parameters, |key, value| match &*key {
                "model" | "model_id" | "modelId" => hints.request_model = owned(value),
                "service_tier" | "serviceTier" => hints.request_tier = owned(value),
                _ => {}
            });
        }
        for (slot, api) in [
            (Text::UsageDetails, Api::Any),
            (Text::UsageObject, Api::LiteLlm),
            (Text::TokenUsage, Api::Totals),
            (Text::UsageMetadata, Api::Totals),
        ] {
            hints.usage.extend(attributes.text(slot).map(|text| (of_python(text), api)));
        }
        hints.usage.extend(details(attributes).map(|text| (Cow::Owned(text), Api::Totals)));
        if let Some(output) = attributes.text(Text::OutputValue) {
            hints.answer(Answer::read(output));
        }
        if let Some(metadata) = attributes.text(Text::ProviderMetadata) {
            let _ = json::fields(metadata, |_, of_provider| hints.provider_metadata(of_provider));
        }
        for slot in [Text::Metadata, Text::SpendLogsMetadata, Text::RequesterMetadata] {
            if let Some(text) = attributes.text(slot) {
                hints.metadata(text);
            }
        }
        hints
    }

    /// A fact, if an attribute's JSON tells it.
    pub(super) fn fact(&self, slot: Text) -> Option<String> {
        self.facts.iter().find(|(known, _)| *known == slot).map(|(_, fact)| fact.clone())
    }

    fn answer(&mut self, answer: Answer<'a>) {
        self.response_id = answer.id;
        self.response_model = answer.model;
        self.response_tier = answer.tier;
        self.usage.extend(answer.usage.into_iter().map(|text| (Cow::Borrowed(text), Api::Any)));
        self.usage.extend(answer.totals.into_iter().map(|text| (Cow::Borrowed(text), Api::Totals)));
    }

    /// What one provider adds to an answer of the AI SDK.
    fn provider_metadata(&mut self, text: &'a str) {
        let _ = json::fields(text, |key, value| match &*key {
            "serviceTier" => self.response_tier = owned(value),
            "responseId" => self.response_id = self.response_id.take().or_else(|| owned(value)),
            "usage" | "usageMetadata" => self.usage.push((Cow::Borrowed(value), Api::Any)),
            "cacheCreationInputTokens" | "cacheReadInputTokens" | "cachedPromptTokens" | "promptCacheHitTokens" => {
                let name = if &*key == "cacheCreationInputTokens" { "cache_creation" } else { "cache_read" };
                self.usage.push((Cow::Owned(format!(r#"{{"{name}_input_tokens":{value}}}"#)), Api::Any));
            }
            "cost" => self.cost = Some(json::string(value).map_or_else(|| value.to_owned(), Cow::into_owned)),
            _ => {}
        });
    }

    /// What users put beside a call, as JSON or as a Python dictionary.
    fn metadata(&mut self, text: &'a str) {
        if text.starts_with("{'") {
            if let Some(text) = json::of_python(text) {
                let _ = json::fields(&text, |key, value| self.add_fact(&key, value));
            }
            return;
        }
        let _ = json::fields(text, |key, value| match &*key {
            "usage_object" => self.usage.push((Cow::Borrowed(value), Api::LiteLlm)),
            _ => self.add_fact(&key, value),
        });
    }

    fn add_fact(&mut self, key: &str, value: &str) {
        if let (Some(slot), Some(text)) = (label::fact(key), owned(value)) {
            self.facts.push((slot, text));
        }
    }
}

fn owned(value: &str) -> Option<String> {
    json::string(value).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

/// JSON, also of what Python's `str()` wrote.
fn of_python(text: &str) -> Cow<'_, str> {
    match text.starts_with("{'").then(|| json::of_python(text)).flatten() {
        Some(json) => Cow::Owned(json),
        None => Cow::Borrowed(text),
    }
}

/// The usage object of an emitter that sends the details of both directions in attributes of their own.
fn details(attributes: &Attributes<'_>) -> Option<String> {
    let part = |slot| attributes.text(slot).map_or(Cow::Borrowed("{}"), of_python);
    if attributes.text(Text::InputDetails).is_none() && attributes.text(Text::OutputDetails).is_none() {
        return None;
    }
    let count = |slot| attributes.quantity(slot).unwrap_or(0);
    let (read, written) = (count(crate::attribute::Count::Input), count(crate::attribute::Count::Output));
    let (input, output) = (part(Text::InputDetails), part(Text::OutputDetails));
    Some(format!(
        r#"{{"input_tokens":{read},"output_tokens":{written},"input_token_details":{input},"output_token_details":{output}}}"#
    ))
}
