//! A model call of a plan: what is sent, what comes back over how many turns, and how it is billed.

use serde_json::{Map, Value};

use super::field::{Faults, Fields};
use super::parse::unbounded;
use super::{COUNT_MAX, MS_MAX, count_most};
use crate::driver::Driver;

/// The most tokens of any one quantity.
pub const TOKENS_MAX: f64 = 100_000_000.0;

/// A conversation with a model: one call per turn, each reading all that was said before.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Llm {
    /// Whose model, by any name; empty if the model's name says it.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The skill on whose behalf it is called; `llm_invoke` if none. Fitted drivers go by it.
    pub skill: Option<String>,
    /// What is sent first.
    pub texts: Texts,
    /// Tokens sent first, if the caller knows better than the texts.
    pub input_tokens: Option<Driver>,
    /// No turn answers more tokens.
    pub max_tokens: Option<u64>,
    /// Whether prompts are cached.
    pub cache: Cache,
    /// Sent as a batch.
    pub batch: bool,
    /// The service tier, if not the usual one.
    pub service_tier: Option<String>,
    /// Turns, 1 at least.
    pub turns: Option<Driver>,
    /// Never more turns than that.
    pub max_turns: Option<u64>,
    /// Tokens answered in one turn.
    pub output_tokens: Option<Driver>,
    /// Tool calls after one turn; their results are read by the next.
    pub tool_calls: Option<Driver>,
    /// Tokens of one tool call's result.
    pub tool_result_tokens: Option<Driver>,
    /// Milliseconds of one turn.
    pub latency_ms: Option<Driver>,
    /// Probability that an attempt fails.
    pub failure: Option<f64>,
}

/// The texts of a first call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    /// The system prompt.
    pub system: Option<String>,
    /// The definitions of tools, as JSON.
    pub tools: Vec<String>,
    /// The messages, or the one prompt.
    pub messages: Vec<String>,
}

/// Whether a prompt's beginning is cached between calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cache {
    /// Every call is read in full.
    #[default]
    Off,
    /// The first call of a run writes; what follows in that run reads.
    Cold,
    /// System prompt and tools were written before: the first call reads them already.
    Warm,
}

impl Texts {
    /// Bytes of all texts.
    #[must_use]
    pub fn len(&self) -> usize {
        let texts = self.system.iter().chain(&self.tools).chain(&self.messages);
        texts.map(String::len).sum()
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

const FIELDS: [&str; 19] = [
    "provider",
    "model",
    "skill",
    "prompt",
    "messages",
    "system",
    "tools",
    "input_tokens",
    "max_tokens",
    "cache",
    "batch",
    "service_tier",
    "turns",
    "max_turns",
    "output_tokens",
    "tool_calls",
    "tool_result_tokens",
    "latency_ms",
    "failure",
];

impl Llm {
    /// The model call that an `llm_invoke` step with a `model` asks for; its plan has checked the parameters.
    #[must_use]
    pub fn from_params(params: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| params.get(name).and_then(Value::as_str).map(str::to_owned);
        let model = text("model")?;
        let mut faults = Faults::default();
        let fields = Fields { object: params, path: "params" };
        let messages = text("prompt").map_or_else(|| messages(&fields, &mut faults), |prompt| vec![prompt]);
        Some(Self {
            provider: text("provider").unwrap_or_default(),
            model,
            texts: Texts { system: text("system"), tools: Vec::new(), messages },
            max_tokens: params.get("max_tokens").and_then(Value::as_u64),
            ..Self::default()
        })
    }

    /// Refuses parameters of an `llm_invoke` step with a `model` that would be read as nothing.
    pub(super) fn check_params(params: &Map<String, Value>, path: &str, faults: &mut Faults) {
        if params.get("model").is_none_or(|model| !model.is_string()) {
            return;
        }
        let fields = Fields { object: params, path: &format!("{path}.params") };
        match (params.get("prompt"), params.get("messages")) {
            (None, None) => faults.refuse(&fields.at("prompt"), &Value::Null, "is required with model, or messages"),
            (Some(_), Some(messages)) => {
                faults.refuse(&fields.at("messages"), messages, "and prompt exclude each other");
            }
            _ => {}
        }
        messages(&fields, faults);
        fields.whole("max_tokens", 1, TOKENS_MAX as u64, faults);
    }

    /// The most turns, if they are as `turns` says.
    #[must_use]
    pub fn turns_most(&self, turns: &Driver) -> u64 {
        self.max_turns.unwrap_or_else(|| count_most(turns)).clamp(1, u64::from(COUNT_MAX))
    }

    pub(super) fn parse(value: &Value, path: &str, faults: &mut Faults) -> Option<Self> {
        let fields = Fields::of(value, path, &FIELDS, faults)?;
        fields.required("model", faults);
        let tokens = |name: &str, faults: &mut Faults| fields.driver(name, TOKENS_MAX, faults);
        let caches = [("off", Cache::Off), ("cold", Cache::Cold), ("warm", Cache::Warm)];
        let llm = Self {
            provider: fields.name("provider", faults).unwrap_or_default().to_owned(),
            model: fields.name("model", faults)?.to_owned(),
            skill: fields.name("skill", faults).map(str::to_owned),
            texts: texts(&fields, faults),
            input_tokens: tokens("input_tokens", faults),
            max_tokens: fields.whole("max_tokens", 1, TOKENS_MAX as u64, faults),
            cache: fields.choice("cache", &caches, faults).unwrap_or_default(),
            batch: fields.flag("batch", faults).unwrap_or(false),
            service_tier: fields.name("service_tier", faults).map(str::to_owned),
            turns: fields.count("turns", faults),
            max_turns: fields.whole("max_turns", 1, u64::from(COUNT_MAX), faults),
            output_tokens: tokens("output_tokens", faults),
            tool_calls: fields.driver("tool_calls", f64::from(COUNT_MAX), faults),
            tool_result_tokens: tokens("tool_result_tokens", faults),
            latency_ms: fields.driver("latency_ms", MS_MAX, faults),
            failure: fields.number("failure", 0.0, 1.0, faults),
        };
        if llm.batch && llm.service_tier.is_some() {
            faults.refuse(&fields.at("service_tier"), value, "and batch exclude each other");
        }
        if llm.turns.as_ref().and_then(Driver::largest).is_some_and(|turns| turns < 1.0) {
            faults.refuse(&fields.at("turns"), fields.get("turns").unwrap_or(value), "must reach 1");
        }
        if let (Some(turns), None) = (&llm.turns, llm.max_turns) {
            unbounded(turns, &fields, "turns", "max_turns", faults);
        }
        Some(llm)
    }
}

fn texts(fields: &Fields<'_, '_>, faults: &mut Faults) -> Texts {
    let told = ["prompt", "messages", "input_tokens"].into_iter().filter(|name| fields.get(name).is_some()).count();
    if told == 0 {
        faults.refuse(&fields.at("prompt"), &Value::Null, "is required, or messages, or input_tokens");
    }
    if let (Some(_), Some(messages)) = (fields.get("prompt"), fields.get("messages")) {
        faults.refuse(&fields.at("messages"), messages, "and prompt exclude each other");
    }
    let prompt = fields.text("prompt", faults).map(str::to_owned);
    Texts {
        system: fields.text("system", faults).map(str::to_owned),
        tools: tools(fields, faults),
        messages: prompt.map_or_else(|| messages(fields, faults), |prompt| vec![prompt]),
    }
}

fn tools(fields: &Fields<'_, '_>, faults: &mut Faults) -> Vec<String> {
    match fields.get("tools") {
        None => Vec::new(),
        Some(Value::Array(tools)) if tools.iter().all(Value::is_object) => {
            tools.iter().map(ToString::to_string).collect()
        }
        Some(other) => {
            faults.refuse(&fields.at("tools"), other, "must be a list of objects");
            Vec::new()
        }
    }
}

fn messages(fields: &Fields<'_, '_>, faults: &mut Faults) -> Vec<String> {
    let mut texts = Vec::new();
    let Some(value) = fields.get("messages") else { return texts };
    let Value::Array(items) = value else {
        faults.refuse(&fields.at("messages"), value, "must be a list of objects with role and content");
        return texts;
    };
    for (index, item) in items.iter().enumerate() {
        let at = format!("{}[{index}].content", fields.at("messages"));
        let calls = item.get("tool_calls").filter(|calls| calls.as_array().is_some_and(|calls| !calls.is_empty()));
        let calls = calls.map(Value::to_string);
        match item.get("content") {
            Some(Value::String(text)) => texts.push(format!("{text}{}", calls.unwrap_or_default())),
            None | Some(Value::Null) if calls.is_some() => texts.extend(calls),
            Some(Value::Array(parts)) => {
                texts.extend(calls);
                for (part, value) in parts.iter().enumerate() {
                    match value.get("text").and_then(Value::as_str) {
                        Some(text) => texts.push(text.to_owned()),
                        None => faults.refuse(&format!("{at}[{part}]"), value, "only parts with text are counted"),
                    }
                }
            }
            other => faults.refuse(&at, other.unwrap_or(item), "must be text or a list of parts with text"),
        }
    }
    texts
}
