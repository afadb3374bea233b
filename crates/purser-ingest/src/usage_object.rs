//! Usage objects as providers and routers put them into JSON: OpenAI, Anthropic, LiteLLM, Langfuse.
//! Invariant: the shape decides the accounting; a bucket that is not understood is a finding.

use purser_domain::usage_event::UsageEvent;

use crate::decoded::Decoded;
use crate::json;
use crate::normalise::{self, Accounting, Reported};

/// Whose usage object it is: it decides how the totals count, see [`UsageObject::accounting`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Origin<'a> {
    /// Canonical provider; empty if unknown.
    pub provider: &'a str,
    /// The model that was asked or that answered.
    pub model: &'a str,
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
}

/// What a usage object said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct UsageObject {
    /// The counts.
    pub reported: Reported,
    /// Keys with a number that no rule knows.
    pub unknown: Vec<String>,
    /// `service_tier`, or `fast` if `speed` is.
    pub service_tier: Option<String>,
    /// The dialect that its keys speak.
    dialect: Dialect,
    has_input_details: bool,
    anthropic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Dialect {
    #[default]
    Empty,
    /// `prompt_tokens`, `completion_tokens`: totals.
    OpenAi,
    /// `input_tokens`, `output_tokens`: totals if there are `*_details`, else Anthropic's.
    Tokens,
    /// `input`, `output`: exclusive buckets.
    Buckets,
}

impl UsageObject {
    /// Reads a JSON object; `None` if it is none.
    pub(crate) fn read(text: &str, origin: Origin<'_>) -> Option<Self> {
        let mut object = Self { anthropic: is_anthropic(origin), ..Self::default() };
        let is_object = json::fields(text, |key, value| object.field(&key, value)).ok()?;
        if object.dialect == Dialect::Empty && object.reported.total > 0 {
            object.unknown.push("total".to_owned());
        }
        is_object.then_some(object)
    }

    /// Reads a Python `dict` as `str()` writes it.
    pub(crate) fn read_python(text: &str, origin: Origin<'_>) -> Option<Self> {
        if text.contains(['"', '\\']) {
            return None;
        }
        let text = text.replace('\'', "\"").replace("None", "null").replace("True", "true").replace("False", "false");
        Self::read(&text, origin)
    }

    /// Whether any token count was found.
    pub(crate) fn has_tokens(&self) -> bool {
        self.dialect != Dialect::Empty
    }

    /// Which totals contain their parts.
    pub(crate) fn accounting(&self) -> Accounting {
        match self.dialect {
            Dialect::OpenAi => Accounting::TOTALS,
            Dialect::Tokens | Dialect::Empty if self.anthropic => Accounting::ANTHROPIC,
            Dialect::Tokens if self.has_input_details => Accounting::TOTALS,
            Dialect::Tokens | Dialect::Empty => Accounting::ANTHROPIC,
            Dialect::Buckets => Accounting::BUCKETS,
        }
    }

    /// Gives `event` the leaves, or a contradiction, and what else the object tells and the event does not know yet;
    /// what no table knows is counted as passed over, under the emitter's name.
    pub(crate) fn fill(&self, emitter: &str, event: &mut UsageEvent, decoded: &mut Decoded) {
        self.reported.fill(self.accounting(), event);
        if event.service_tier.is_none() {
            event.service_tier.clone_from(&self.service_tier);
        }
        for key in &self.unknown {
            decoded.unknown_usage(emitter, key);
        }
    }

    fn field(&mut self, key: &str, value: &str) {
        match key {
            "prompt_tokens_details" | "input_tokens_details" | "input_token_details" => self.details(value, true),
            "completion_tokens_details" | "output_tokens_details" | "output_token_details" => {
                self.details(value, false);
            }
            "service_tier" | "speed" => self.tier(key, value),
            "cache_creation" | "cache_creation_token_details" => self.cache_creation(value),
            "server_tool_use" => self.server_tools(value),
            _ => self.count(key, value),
        }
    }

    fn count(&mut self, key: &str, value: &str) {
        let number = value.parse::<u64>().ok();
        let reported = &mut self.reported;
        let slot = match key {
            "prompt_tokens" => {
                self.dialect = Dialect::OpenAi;
                &mut reported.input
            }
            "completion_tokens" => {
                self.dialect = Dialect::OpenAi;
                &mut reported.output
            }
            "input_tokens" if self.dialect != Dialect::OpenAi => {
                self.dialect = Dialect::Tokens;
                &mut reported.input
            }
            "output_tokens" if self.dialect != Dialect::OpenAi => {
                self.dialect = Dialect::Tokens;
                &mut reported.output
            }
            "input" => {
                self.dialect = Dialect::Buckets;
                &mut reported.input
            }
            "output" => {
                self.dialect = Dialect::Buckets;
                &mut reported.output
            }
            "total" | "total_tokens" => &mut reported.total,
            "cache_read_input_tokens"
            | "input_cached_tokens"
            | "input_cache_read"
            | "cached_tokens"
            | "cache_read_tokens"
            | "cached_input_tokens" => &mut reported.cache_read,
            "cache_creation_input_tokens" | "input_cache_creation" | "cache_creation_tokens" | "cache_write_tokens" => {
                &mut reported.cache_write
            }
            "input_cache_creation_5m" | "ephemeral_5m_input_tokens" => &mut reported.cache_write_5m,
            "input_cache_creation_1h" | "ephemeral_1h_input_tokens" => &mut reported.cache_write_1h,
            "output_reasoning_tokens" | "output_reasoning" | "reasoning_tokens" => &mut reported.reasoning,
            "input_audio_tokens" | "input_audio" => &mut reported.input_audio,
            "output_audio_tokens" | "output_audio" => &mut reported.output_audio,
            "input_image_tokens" | "input_image" => &mut reported.input_image,
            "output_image_tokens" | "output_image" => &mut reported.output_image,
            "input_tokens" | "output_tokens" => return,
            _ => {
                if self.unknown.len() < 10
                    && number.is_some_and(|number| number > 0)
                    && (key.starts_with("input") || key.starts_with("output"))
                {
                    self.unknown.push(key.to_owned());
                }
                return;
            }
        };
        if let Some(number) = number {
            *slot = number;
        }
    }

    fn tier(&mut self, key: &str, value: &str) {
        match json::string(value) {
            Some(speed) if key == "speed" && speed == "fast" => self.service_tier = Some("fast".to_owned()),
            Some(tier) if key != "speed" && self.service_tier.is_none() => {
                self.service_tier = normalise::service_tier(&tier);
            }
            _ => {}
        }
    }

    /// Reads `*_details` of either direction.
    fn details(&mut self, text: &str, input: bool) {
        self.has_input_details |= input && text.starts_with('{');
        let mut creation = None;
        let reported = &mut self.reported;
        let _ = json::fields(text, |key, value| {
            if &*key == "cache_creation_token_details" {
                creation = Some(value);
                return;
            }
            let slot = match (&*key, input) {
                ("cached_tokens" | "cache_read", true) => &mut reported.cache_read,
                ("cache_creation_tokens" | "cache_write_tokens" | "cache_creation", true) => &mut reported.cache_write,
                ("audio_tokens" | "audio", true) => &mut reported.input_audio,
                ("image_tokens", true) => &mut reported.input_image,
                ("video_tokens", true) => &mut reported.input_video,
                ("reasoning_tokens" | "reasoning", false) => &mut reported.reasoning,
                ("audio_tokens" | "audio", false) => &mut reported.output_audio,
                ("image_tokens", false) => &mut reported.output_image,
                ("video_tokens", false) => &mut reported.output_video,
                _ => return,
            };
            if let Ok(number) = value.parse() {
                *slot = number;
            }
        });
        if let Some(text) = creation {
            self.cache_creation(text);
        }
    }

    /// Reads Anthropic's split of cache writes by time to live.
    fn cache_creation(&mut self, text: &str) {
        let reported = &mut self.reported;
        let _ = json::fields(text, |key, value| {
            let slot = match &*key {
                "ephemeral_5m_input_tokens" => &mut reported.cache_write_5m,
                "ephemeral_1h_input_tokens" => &mut reported.cache_write_1h,
                _ => return,
            };
            if let Ok(number) = value.parse() {
                *slot = number;
            }
        });
    }

    fn server_tools(&mut self, text: &str) {
        let reported = &mut self.reported;
        let _ = json::fields(text, |key, value| {
            if let ("web_search_requests", Ok(number)) = (&*key, value.parse()) {
                reported.web_searches = number;
            }
        });
    }
}

/// Whether the object is Anthropic's own.
fn is_anthropic(origin: Origin<'_>) -> bool {
    match origin.api {
        Api::Messages => true,
        Api::LiteLlm => false,
        Api::Any => origin.provider == "anthropic",
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::usage::Leaf;

    use super::*;

    fn leaves(text: &str) -> Vec<(Leaf, u64)> {
        let object = UsageObject::read(text, Origin::default()).expect("an object");
        let usage = object.reported.leaves(object.accounting()).expect("consistent").with(Leaf::Requests, 0);
        usage.iter().collect()
    }

    #[test]
    fn each_dialect_gives_the_same_call_the_same_leaves() {
        let openai = [(Leaf::Input, 200), (Leaf::CacheRead, 1_000), (Leaf::Output, 200), (Leaf::Reasoning, 100)];
        for text in [
            r#"{"prompt_tokens":1200,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1000},
                "completion_tokens_details":{"reasoning_tokens":100,"audio_tokens":null}}"#,
            r#"{"input_tokens":1200,"output_tokens":300,"input_tokens_details":{"cached_tokens":1000},
                "output_tokens_details":{"reasoning_tokens":100},"total_tokens":1500}"#,
            r#"{"input":200,"input_cached_tokens":1000,"output":200,"output_reasoning_tokens":100}"#,
        ] {
            assert_eq!(leaves(text), openai, "{text}");
        }
        let claude = [
            (Leaf::Input, 200),
            (Leaf::CacheRead, 1_000),
            (Leaf::CacheWrite5m, 400),
            (Leaf::CacheWrite1h, 200),
            (Leaf::Output, 300),
            (Leaf::WebSearches, 2),
        ];
        for text in [
            r#"{"input_tokens":200,"cache_read_input_tokens":1000,"cache_creation_input_tokens":600,"output_tokens":300,
                "cache_creation":{"ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":200},
                "server_tool_use":{"web_search_requests":2}}"#,
            r#"{"prompt_tokens":1800,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1000,
                "cache_creation_tokens":600,"cache_creation_token_details":{"ephemeral_5m_input_tokens":400,
                "ephemeral_1h_input_tokens":200}},"server_tool_use":{"web_search_requests":2},
                "cache_read_input_tokens":1000,"cache_creation_input_tokens":600}"#,
        ] {
            assert_eq!(leaves(text), claude, "{text}");
        }
    }

    #[test]
    fn a_python_dict_reads_like_json() {
        let text = "{'completion_tokens': 300, 'prompt_tokens': 1200, 'total_tokens': 1500, \
                    'completion_tokens_details': {'reasoning_tokens': 100, 'audio_tokens': None}, \
                    'prompt_tokens_details': {'audio_tokens': 0, 'cached_tokens': 1000}}";
        let object = UsageObject::read_python(text, Origin::default()).expect("a dict");
        assert_eq!((object.reported.input, object.reported.cache_read), (1_200, 1_000));
        assert_eq!(object.accounting(), Accounting::TOTALS);
        assert_eq!(UsageObject::read_python("{\"it's\": 1}", Origin::default()), None);
    }

    #[test]
    fn a_bucket_that_nobody_knows_is_named() {
        let object =
            UsageObject::read(r#"{"input":1,"input_smell":7,"cost":3}"#, Origin::default()).expect("an object");
        assert_eq!(object.unknown, ["input_smell"]);
    }
}
