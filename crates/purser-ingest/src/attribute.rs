//! The attribute names that are read, and what each means. Every other attribute, message content
//! above all, is passed over unread.
//! Invariant: of several names for one thing the one that stands first in the table wins.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use purser_domain::usage_event::TAGS_MAX;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

/// An attribute's value, borrowed from the request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Int(i64),
    Double(f64),
    Bool(bool),
    Texts(Vec<Cow<'a, str>>),
    Other,
}

/// A text that a span or its resource may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Text {
    Operation,
    AiOperation,
    SpanKind,
    ObservationType,
    TraceloopKind,
    RequestType,
    EventName,
    RequestModel,
    ResponseModel,
    LlmModelName,
    Provider,
    ResponseId,
    ResponseTier,
    RequestTier,
    InvocationParameters,
    OutputValue,
    UsageDetails,
    UsageObject,
    Metadata,
    CostDetails,
    ProviderMetadata,
    Cost,
    CostCurrency,
    Agent,
    Skill,
    RunId,
    SessionId,
    UserId,
    FeatureTag,
    Project,
    Service,
    Environment,
    ErrorType,
    RequestId,
    Speed,
}

impl Text {
    pub(crate) const COUNT: usize = Self::Speed as usize + 1;
}

/// A number that a span may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Count {
    Input,
    InputUncached,
    CacheRead,
    CacheWrite,
    CacheWrite5m,
    CacheWrite1h,
    Output,
    Reasoning,
    InputAudio,
    CacheReadAudio,
    OutputAudio,
    InputImage,
    CacheReadImage,
    OutputImage,
    InputVideo,
    OutputVideo,
    WebSearches,
    Attempt,
    LatencyMs,
    Sequence,
}

impl Count {
    pub(crate) const COUNT: usize = Self::Sequence as usize + 1;
}

/// What an attribute means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Text(Text),
    Count(Count),
    /// Becomes this tag.
    Tag(&'static str),
    /// A list of labels, each of which becomes a tag.
    Labels,
}

use Count as C;
use Meaning::{Labels, Tag};
use Text as T;

const fn t(text: Text) -> Meaning {
    Meaning::Text(text)
}

const fn c(count: Count) -> Meaning {
    Meaning::Count(count)
}

/// Every name that is read on any emitter's spans and resources.
const NAMES: &[(&str, Meaning)] = &[
    // What kind of span it is.
    ("gen_ai.operation.name", t(T::Operation)),
    ("ai.operationId", t(T::AiOperation)),
    ("openinference.span.kind", t(T::SpanKind)),
    ("langsmith.span.kind", t(T::SpanKind)),
    ("agentops.span.kind", t(T::SpanKind)),
    ("langfuse.observation.type", t(T::ObservationType)),
    ("traceloop.span.kind", t(T::TraceloopKind)),
    ("llm.request.type", t(T::RequestType)),
    ("event.name", t(T::EventName)),
    // Model and provider.
    ("gen_ai.request.model", t(T::RequestModel)),
    ("ai.model.id", t(T::RequestModel)),
    ("llm.request.model_name", t(T::RequestModel)),
    ("llm.input_model_name", t(T::RequestModel)),
    ("llm.request.model", t(T::RequestModel)),
    ("langfuse.observation.model.name", t(T::RequestModel)),
    ("langfuse.observation.model", t(T::RequestModel)),
    ("embedding.model_name", t(T::RequestModel)),
    ("reranker.model_name", t(T::RequestModel)),
    ("gen_ai.response.model", t(T::ResponseModel)),
    ("ai.response.model", t(T::ResponseModel)),
    ("llm.response.model_name", t(T::ResponseModel)),
    ("llm.output_model_name", t(T::ResponseModel)),
    ("llm.response.model", t(T::ResponseModel)),
    ("llm.model_name", t(T::LlmModelName)),
    ("gen_ai.provider.name", t(T::Provider)),
    ("gen_ai.system", t(T::Provider)),
    ("ai.model.provider", t(T::Provider)),
    ("llm.provider", t(T::Provider)),
    ("llm.system", t(T::Provider)),
    ("gen_ai.response.id", t(T::ResponseId)),
    ("ai.response.id", t(T::ResponseId)),
    ("llm.response.id", t(T::ResponseId)),
    ("openai.response.service_tier", t(T::ResponseTier)),
    ("gen_ai.openai.response.service_tier", t(T::ResponseTier)),
    ("anthropic.response.service_tier", t(T::ResponseTier)),
    ("gen_ai.response.service_tier", t(T::ResponseTier)),
    ("gen_ai.cost.service_tier", t(T::ResponseTier)),
    ("openai.request.service_tier", t(T::RequestTier)),
    ("gen_ai.openai.request.service_tier", t(T::RequestTier)),
    ("gen_ai.request.service_tier", t(T::RequestTier)),
    // JSON of which single fields are read.
    ("llm.invocation_parameters", t(T::InvocationParameters)),
    ("embedding.invocation_parameters", t(T::InvocationParameters)),
    ("output.value", t(T::OutputValue)),
    ("langfuse.observation.usage_details", t(T::UsageDetails)),
    ("metadata.usage_object", t(T::UsageObject)),
    ("metadata", t(T::Metadata)),
    ("langfuse.observation.cost_details", t(T::CostDetails)),
    ("ai.response.providerMetadata", t(T::ProviderMetadata)),
    // Tokens.
    ("gen_ai.usage.input_tokens", c(C::Input)),
    ("gen_ai.usage.prompt_tokens", c(C::Input)),
    ("ai.usage.inputTokens", c(C::Input)),
    ("ai.usage.promptTokens", c(C::Input)),
    ("ai.usage.tokens", c(C::Input)),
    ("llm.token_count.prompt", c(C::Input)),
    ("llm.usage.prompt_tokens", c(C::Input)),
    ("ai.usage.inputTokenDetails.noCacheTokens", c(C::InputUncached)),
    ("gen_ai.usage.cache_read.input_tokens", c(C::CacheRead)),
    ("gen_ai.usage.cache_read_input_tokens", c(C::CacheRead)),
    ("gen_ai.usage.input_tokens.cached", c(C::CacheRead)),
    ("gen_ai.usage.prompt_tokens_details.cached_tokens", c(C::CacheRead)),
    ("gen_ai.usage.prompt_tokens_details.cache_read", c(C::CacheRead)),
    ("gen_ai.usage.input_tokens_details.cached_tokens", c(C::CacheRead)),
    ("gen_ai.usage.details.cache_read_tokens", c(C::CacheRead)),
    ("gen_ai.usage.details.cache_read_input_tokens", c(C::CacheRead)),
    ("gen_ai.usage.details.cached_tokens", c(C::CacheRead)),
    ("gen_ai.usage.details.cached_content_tokens", c(C::CacheRead)),
    ("ai.usage.inputTokenDetails.cacheReadTokens", c(C::CacheRead)),
    ("ai.usage.cachedInputTokens", c(C::CacheRead)),
    ("llm.token_count.prompt_details.cache_read", c(C::CacheRead)),
    ("llm.token_count.prompt_details.cache_input", c(C::CacheRead)),
    ("llm.usage.cache_read_input_tokens", c(C::CacheRead)),
    ("gen_ai.usage.cache_write.input_tokens", c(C::CacheWrite)),
    ("gen_ai.usage.cache_creation.input_tokens", c(C::CacheWrite)),
    ("gen_ai.usage.cache_creation_input_tokens", c(C::CacheWrite)),
    ("gen_ai.usage.input_tokens.cache_write", c(C::CacheWrite)),
    ("gen_ai.usage.prompt_tokens_details.cache_write", c(C::CacheWrite)),
    ("gen_ai.usage.details.cache_write_tokens", c(C::CacheWrite)),
    ("gen_ai.usage.details.cache_creation_input_tokens", c(C::CacheWrite)),
    ("ai.usage.inputTokenDetails.cacheWriteTokens", c(C::CacheWrite)),
    ("llm.token_count.prompt_details.cache_write", c(C::CacheWrite)),
    ("llm.usage.cache_creation_input_tokens", c(C::CacheWrite)),
    ("anthropic.usage.cache_creation.ephemeral_5m_input_tokens", c(C::CacheWrite5m)),
    ("anthropic.usage.cache_creation.ephemeral_1h_input_tokens", c(C::CacheWrite1h)),
    ("gen_ai.usage.output_tokens", c(C::Output)),
    ("gen_ai.usage.completion_tokens", c(C::Output)),
    ("ai.usage.outputTokens", c(C::Output)),
    ("ai.usage.completionTokens", c(C::Output)),
    ("llm.token_count.completion", c(C::Output)),
    ("llm.usage.completion_tokens", c(C::Output)),
    ("gen_ai.usage.reasoning.output_tokens", c(C::Reasoning)),
    ("gen_ai.usage.reasoning_tokens", c(C::Reasoning)),
    ("gen_ai.usage.output_tokens.reasoning", c(C::Reasoning)),
    ("gen_ai.usage.completion_tokens_details.reasoning_tokens", c(C::Reasoning)),
    ("gen_ai.usage.completion_tokens_details.reasoning", c(C::Reasoning)),
    ("gen_ai.usage.output_tokens_details.reasoning_tokens", c(C::Reasoning)),
    ("gen_ai.usage.details.reasoning_tokens", c(C::Reasoning)),
    ("gen_ai.usage.details.thoughts_tokens", c(C::Reasoning)),
    ("ai.usage.outputTokenDetails.reasoningTokens", c(C::Reasoning)),
    ("ai.usage.reasoningTokens", c(C::Reasoning)),
    ("llm.token_count.completion_details.reasoning", c(C::Reasoning)),
    ("llm.usage.reasoning_tokens", c(C::Reasoning)),
    ("gen_ai.usage.audio.input_tokens", c(C::InputAudio)),
    ("gen_ai.usage.prompt_tokens_details.audio_tokens", c(C::InputAudio)),
    ("gen_ai.usage.details.input_audio_tokens", c(C::InputAudio)),
    ("llm.token_count.prompt_details.audio", c(C::InputAudio)),
    ("gen_ai.usage.audio.cache_read.input_tokens", c(C::CacheReadAudio)),
    ("gen_ai.usage.details.cache_audio_read_tokens", c(C::CacheReadAudio)),
    ("gen_ai.usage.audio.output_tokens", c(C::OutputAudio)),
    ("gen_ai.usage.completion_tokens_details.audio_tokens", c(C::OutputAudio)),
    ("gen_ai.usage.details.output_audio_tokens", c(C::OutputAudio)),
    ("llm.token_count.completion_details.audio", c(C::OutputAudio)),
    ("gen_ai.usage.image.input_tokens", c(C::InputImage)),
    ("gen_ai.usage.image.cache_read.input_tokens", c(C::CacheReadImage)),
    ("gen_ai.usage.image.output_tokens", c(C::OutputImage)),
    ("gen_ai.usage.video.input_tokens", c(C::InputVideo)),
    ("gen_ai.usage.video.output_tokens", c(C::OutputVideo)),
    ("gen_ai.usage.web_search_requests", c(C::WebSearches)),
    ("anthropic.usage.server_tool_use.web_search_requests", c(C::WebSearches)),
    // Money that the emitter computed.
    ("gen_ai.usage.cost.amount", t(T::Cost)),
    ("gen_ai.usage.cost", t(T::Cost)),
    ("gen_ai.cost.total_cost", t(T::Cost)),
    ("litellm.cost.total", t(T::Cost)),
    ("llm.cost.total", t(T::Cost)),
    ("operation.cost", t(T::Cost)),
    ("gen_ai.usage.total_cost", t(T::Cost)),
    ("llm.response.cost", t(T::Cost)),
    ("gen_ai.usage.cost.currency", t(T::CostCurrency)),
    // Who, what for.
    ("purser.agent", t(T::Agent)),
    ("gen_ai.agent.name", t(T::Agent)),
    ("agent.name", t(T::Agent)),
    ("agentops.agent.name", t(T::Agent)),
    ("purser.skill", t(T::Skill)),
    ("skill.name", t(T::Skill)),
    ("purser.run_id", t(T::RunId)),
    ("gen_ai.agent.run.id", t(T::RunId)),
    ("gen_ai.workflow.run.id", t(T::RunId)),
    ("gen_ai.agent.call.id", t(T::RunId)),
    ("traceloop.association.properties.run_id", t(T::RunId)),
    ("ai.telemetry.metadata.runId", t(T::RunId)),
    ("ai.telemetry.metadata.run_id", t(T::RunId)),
    ("langfuse.trace.metadata.run_id", t(T::RunId)),
    ("langfuse.observation.metadata.run_id", t(T::RunId)),
    ("metadata.run_id", t(T::RunId)),
    ("purser.session_id", t(T::SessionId)),
    ("gen_ai.conversation.id", t(T::SessionId)),
    ("session.id", t(T::SessionId)),
    ("langfuse.session.id", t(T::SessionId)),
    ("traceloop.association.properties.session_id", t(T::SessionId)),
    ("ai.telemetry.metadata.sessionId", t(T::SessionId)),
    ("purser.user_id", t(T::UserId)),
    ("enduser.id", t(T::UserId)),
    ("user.id", t(T::UserId)),
    ("langfuse.user.id", t(T::UserId)),
    ("traceloop.association.properties.user_id", t(T::UserId)),
    ("ai.telemetry.metadata.userId", t(T::UserId)),
    ("litellm.end_user.id", t(T::UserId)),
    ("metadata.user_api_key_end_user_id", t(T::UserId)),
    ("llm.user", t(T::UserId)),
    ("gen_ai.request.user", t(T::UserId)),
    ("metadata.user_api_key_user_id", t(T::UserId)),
    ("purser.feature_tag", t(T::FeatureTag)),
    ("feature_tag", t(T::FeatureTag)),
    ("traceloop.association.properties.feature_tag", t(T::FeatureTag)),
    ("ai.telemetry.metadata.featureTag", t(T::FeatureTag)),
    ("ai.telemetry.metadata.feature_tag", t(T::FeatureTag)),
    ("langfuse.trace.metadata.feature_tag", t(T::FeatureTag)),
    ("langfuse.observation.metadata.feature_tag", t(T::FeatureTag)),
    ("metadata.feature_tag", t(T::FeatureTag)),
    ("purser.project", t(T::Project)),
    ("openinference.project.name", t(T::Project)),
    ("metadata.user_api_key_project_alias", t(T::Project)),
    ("service.namespace", t(T::Project)),
    ("service.name", t(T::Service)),
    ("purser.environment", t(T::Environment)),
    ("langfuse.environment", t(T::Environment)),
    ("deployment.environment.name", t(T::Environment)),
    ("deployment.environment", t(T::Environment)),
    ("error.type", t(T::ErrorType)),
    ("purser.attempt", c(C::Attempt)),
    ("gen_ai.request.attempt", c(C::Attempt)),
    // Labels.
    ("gen_ai.workflow.name", Tag("workflow")),
    ("traceloop.workflow.name", Tag("workflow")),
    ("langfuse.trace.name", Tag("workflow")),
    ("ai.telemetry.functionId", Tag("function")),
    ("metadata.user_api_key_alias", Tag("key_alias")),
    ("litellm.key_alias", Tag("key_alias")),
    ("metadata.user_api_key_team_alias", Tag("team")),
    ("litellm.team.alias", Tag("team")),
    ("metadata.user_api_key_team_id", Tag("team_id")),
    ("litellm.team.id", Tag("team_id")),
    ("langfuse.trace.tags", Labels),
    ("tag.tags", Labels),
];

/// What Claude Code calls things in its log events; too plain to be read anywhere else.
const CLAUDE_CODE: &[(&str, Meaning)] = &[
    ("model", t(T::RequestModel)),
    ("request_id", t(T::RequestId)),
    ("speed", t(T::Speed)),
    ("cost_usd", t(T::Cost)),
    ("input_tokens", c(C::Input)),
    ("output_tokens", c(C::Output)),
    ("cache_read_tokens", c(C::CacheRead)),
    ("cache_creation_tokens", c(C::CacheWrite)),
    ("duration_ms", c(C::LatencyMs)),
    ("event.sequence", c(C::Sequence)),
    ("query_source", Tag("query_source")),
    ("organization.id", Tag("organization")),
];

/// Attributes with these prefixes are labels by the user's own choice.
const TAG_PREFIXES: &[&str] = &["purser.tag.", "traceloop.association.properties."];

/// The longest label of a prefix, bytes.
const LABEL_MAX: usize = 256;

type Table = HashMap<&'static str, (u16, Meaning), Xxh3DefaultBuilder>;

static COMMON: LazyLock<Table> = LazyLock::new(|| table(&[]));
static WITH_CLAUDE_CODE: LazyLock<Table> = LazyLock::new(|| table(CLAUDE_CODE));

fn table(more: &'static [(&'static str, Meaning)]) -> Table {
    let mut table = Table::default();
    for (rank, (name, meaning)) in NAMES.iter().chain(more).enumerate() {
        table.insert(name, (u16::try_from(rank).unwrap_or(u16::MAX), *meaning));
    }
    table
}

/// Which names mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Common,
    ClaudeCode,
}

/// What was found on one span or resource.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'a> {
    texts: [Option<(u16, Cow<'a, str>)>; Text::COUNT],
    counts: [Option<(u16, i64)>; Count::COUNT],
    /// Labels, in the order of their arrival.
    pub tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Numbers that are none: the attribute and its value.
    pub bad: Vec<(String, String)>,
    /// How many attributes were passed over.
    pub ignored: u64,
}

impl Default for Attributes<'_> {
    fn default() -> Self {
        Self {
            texts: [const { None }; Text::COUNT],
            counts: [None; Count::COUNT],
            tags: Vec::new(),
            bad: Vec::new(),
            ignored: 0,
        }
    }
}

impl<'a> Attributes<'a> {
    /// Forgets everything, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.texts.fill(None);
        self.counts.fill(None);
        self.tags.clear();
        self.bad.clear();
        self.ignored = 0;
    }

    /// Takes an attribute in, reading its value only if its name means something.
    pub(crate) fn add(&mut self, names: Names, name: &'a str, value: impl FnOnce() -> Value<'a>) {
        let table = if names == Names::ClaudeCode { &*WITH_CLAUDE_CODE } else { &*COMMON };
        match table.get(name) {
            Some((rank, Meaning::Text(slot))) => self.add_text(*rank, *slot, value()),
            Some((rank, Meaning::Count(slot))) => self.add_count(*rank, *slot, name, value()),
            Some((_, Meaning::Tag(tag))) => self.add_tag(Cow::Borrowed(tag), value()),
            Some((_, Meaning::Labels)) => self.add_labels(value()),
            None => match TAG_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
                Some(tag) if !tag.is_empty() => self.add_tag(Cow::Borrowed(tag), value()),
                _ => self.ignored += 1,
            },
        }
    }

    fn add_text(&mut self, rank: u16, slot: Text, value: Value<'a>) {
        let Some(text) = text_of(value).filter(|text| !text.is_empty()) else {
            return;
        };
        let place = &mut self.texts[slot as usize];
        if place.as_ref().is_none_or(|(known, _)| rank < *known) {
            *place = Some((rank, text));
        }
    }

    fn add_count(&mut self, rank: u16, slot: Count, name: &str, value: Value<'a>) {
        let number = match &value {
            Value::Int(number) => Some(*number),
            // JavaScript has no integers: a whole double is one.
            Value::Double(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => Some(*number as i64),
            Value::Text(text) if text.is_empty() => return,
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            if self.bad.len() < 10 {
                self.bad.push((name.to_owned(), text_of(value).unwrap_or_default().into_owned()));
            }
            return;
        };
        let place = &mut self.counts[slot as usize];
        if place.is_none_or(|(known, _)| rank < known) {
            *place = Some((rank, number));
        }
    }

    fn add_tag(&mut self, tag: Cow<'a, str>, value: Value<'a>) {
        // One more than an event may have, so that the event is refused for it.
        if self.tags.len() <= TAGS_MAX
            && let Some(text) = text_of(value).filter(|text| !text.is_empty() && text.len() <= LABEL_MAX)
            && self.tags.iter().all(|(known, _)| *known != tag)
        {
            self.tags.push((tag, text));
        }
    }

    /// `team:search` and `team=search` are a key with a value, `nightly` is true.
    fn add_labels(&mut self, value: Value<'a>) {
        let labels = match value {
            Value::Texts(labels) => labels,
            Value::Text(text) => match serde_json::from_str::<Vec<String>>(&text) {
                Ok(labels) => labels.into_iter().map(Cow::Owned).collect(),
                Err(_) => vec![text],
            },
            _ => return,
        };
        for label in labels {
            let (key, value) = split_label(&label);
            self.add_tag(Cow::Owned(key.to_owned()), Value::Text(Cow::Owned(value.to_owned())));
        }
    }

    /// The text in `slot`.
    pub(crate) fn text(&self, slot: Text) -> Option<&str> {
        self.texts[slot as usize].as_ref().map(|(_, text)| &**text)
    }

    /// The number in `slot`.
    pub(crate) fn count(&self, slot: Count) -> Option<i64> {
        self.counts[slot as usize].map(|(_, number)| number)
    }

    /// Whether any number is below zero: its slot.
    pub(crate) fn negative(&self) -> Option<i64> {
        self.counts.iter().flatten().map(|(_, number)| *number).find(|number| *number < 0)
    }

    /// The number in `slot`, if it is given and may be one.
    pub(crate) fn quantity(&self, slot: Count) -> Option<u64> {
        self.count(slot).and_then(|number| u64::try_from(number).ok())
    }
}

/// A label as key and value.
pub(crate) fn split_label(label: &str) -> (&str, &str) {
    match label.split_once([':', '=']) {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => (key.trim(), value.trim()),
        _ => (label, "true"),
    }
}

fn text_of(value: Value<'_>) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Text(text) => text,
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Double(number) => Cow::Owned(number.to_string()),
        Value::Bool(yes) => Cow::Borrowed(if yes { "true" } else { "false" }),
        Value::Texts(_) | Value::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice_in_a_table() {
        let mut names: Vec<&str> = NAMES.iter().chain(CLAUDE_CODE).map(|(name, _)| *name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_first_name_of_the_table_wins_whatever_the_order_of_arrival() {
        for names in [
            ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
            ["gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"],
        ] {
            let mut attributes = Attributes::default();
            for name in names {
                attributes.add(Names::Common, name, || Value::Int(if name.contains("input") { 7 } else { 8 }));
            }
            assert_eq!(attributes.count(Count::Input), Some(7));
        }
    }

    #[test]
    fn values_of_unknown_names_are_never_read() {
        let mut attributes = Attributes::default();
        for name in ["gen_ai.input.messages", "input.value", "ai.prompt", "prompt", "model", "purser.tag."] {
            attributes.add(Names::Common, name, || unreachable!("{name} must not be read"));
        }
        assert_eq!(attributes.ignored, 6);
    }

    #[test]
    fn numbers_may_be_texts_or_whole_doubles_but_not_words() {
        let mut attributes = Attributes::default();
        attributes.add(Names::Common, "gen_ai.usage.input_tokens", || Value::Text("12".into()));
        attributes.add(Names::Common, "gen_ai.usage.output_tokens", || Value::Double(13.0));
        attributes.add(Names::Common, "gen_ai.usage.reasoning_tokens", || Value::Double(1.5));
        attributes.add(Names::ClaudeCode, "cache_read_tokens", || Value::Text("many".into()));
        assert_eq!((attributes.count(Count::Input), attributes.count(Count::Output)), (Some(12), Some(13)));
        let bad: Vec<&str> = attributes.bad.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(bad, ["1.5", "many"]);
    }

    #[test]
    fn labels_become_tags() {
        let mut attributes = Attributes::default();
        attributes.add(Names::Common, "langfuse.trace.tags", || Value::Text(r#"["nightly","team:search"]"#.into()));
        attributes.add(Names::Common, "purser.tag.cost_centre", || Value::Int(42));
        let tags: Vec<(&str, &str)> = attributes.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(tags, [("nightly", "true"), ("team", "search"), ("cost_centre", "42")]);
    }
}
