//! What the answer of a model tells beside its content, where a span carries it as JSON: OpenInference's `output.value`,
//! LangSmith's `gen_ai.completion`, Genkit's `genkit:output`.
//! Invariant: ids, names, counts and tiers are read; content is passed over.

use crate::json;

/// How deep the facts may lie: `generations[0][0].message.kwargs.response_metadata`.
const DEPTH_MAX: usize = 5;

/// The facts of an answer, as JSON texts.
#[derive(Debug, Default)]
pub(super) struct Answer<'a> {
    /// The provider's id.
    pub id: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The tier that served it.
    pub tier: Option<String>,
    /// The provider's own usage objects.
    pub usage: Vec<&'a str>,
    /// The usage objects of LangChain, which count alike for every provider.
    pub totals: Vec<&'a str>,
}

impl<'a> Answer<'a> {
    /// Reads an answer; an empty one if the text is no JSON object.
    pub(super) fn read(text: &'a str) -> Self {
        let mut answer = Self::default();
        if text.starts_with('{') {
            answer.object(text, 0);
        }
        answer
    }

    fn object(&mut self, text: &'a str, depth: usize) {
        let mut inner = Vec::new();
        let _ = json::fields(text, |key, value| match &*key {
            "id" | "response_id" | "responseId" => set(&mut self.id, value, is_of_provider),
            "model" | "model_name" | "modelVersion" | "model_version" => set(&mut self.model, value, |_| true),
            "service_tier" | "serviceTier" => set(&mut self.tier, value, |_| true),
            "usage" | "token_usage" | "usageMetadata" if value.starts_with('{') => self.usage.push(value),
            "usage_metadata" if value.starts_with('{') => self.totals.push(value),
            "llm_output" | "raw" | "custom" | "response_metadata" | "kwargs" | "message" | "response" => {
                inner.push(value);
            }
            "generations" => inner.extend(json::elements(value).first().map(|first| first_of(first))),
            _ => {}
        });
        if depth < DEPTH_MAX {
            for value in inner.into_iter().filter(|value| value.starts_with('{')) {
                self.object(value, depth + 1);
            }
        }
    }
}

/// The first element of a list of lists, or of a list.
fn first_of(value: &str) -> &str {
    if value.starts_with('[') { json::elements(value).first().copied().unwrap_or_default() } else { value }
}

/// Whether an id is a provider's: LangChain gives its runs ids of its own.
fn is_of_provider(id: &str) -> bool {
    !id.starts_with("lc_run") && !id.starts_with("run-") && !id.starts_with("lc_")
}

fn set(slot: &mut Option<String>, value: &str, fits: impl Fn(&str) -> bool) {
    if slot.is_none() {
        *slot = json::string(value).filter(|text| !text.is_empty() && fits(text)).map(std::borrow::Cow::into_owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_own_answer_and_langchains_wrapping_tell_the_same() {
        let usage = r#"{"input_tokens":5,"output_tokens":7}"#;
        let plain = format!(
            r#"{{"id":"msg_1","model":"claude","service_tier":"priority","usage":{usage},"content":[{{"id":"x"}}]}}"#
        );
        let wrapped = format!(
            r#"{{"generations":[[{{"text":"…","message":{{"id":["langchain"],"kwargs":{{"content":[{{"id":"x"}}],
            "id":"lc_run--9","response_metadata":{{"id":"msg_1","model":"claude","service_tier":"priority",
            "usage":{usage}}}}}}}}}]],"llm_output":null}}"#
        );
        for text in [plain, wrapped] {
            let answer = Answer::read(&text);
            assert_eq!((answer.id.as_deref(), answer.model.as_deref()), (Some("msg_1"), Some("claude")), "{text}");
            assert_eq!((answer.tier.as_deref(), answer.usage), (Some("priority"), vec![usage]), "{text}");
        }
    }

    #[test]
    fn what_is_no_answer_tells_nothing() {
        for text in ["Four.", "", "[1]", "{broken", r#"{"messages":["id"],"tools":[{"id":"t","usage":{}}]}"#] {
            let answer = Answer::read(text);
            assert!(answer.id.is_none() && answer.usage.is_empty() && answer.totals.is_empty(), "{text}");
        }
    }

    #[test]
    fn geminis_and_langchains_counts_are_kept_apart() {
        let answer =
            Answer::read(r#"{"custom":{"usageMetadata":{"a":1},"responseId":"r-1"},"usage_metadata":{"b":2}}"#);
        assert_eq!((answer.usage, answer.totals), (vec![r#"{"a":1}"#], vec![r#"{"b":2}"#]));
        assert_eq!(answer.id.as_deref(), Some("r-1"));
    }
}
