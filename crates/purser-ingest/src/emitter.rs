//! Who emits model calls as OpenTelemetry, how to recognise them, and how they count.
//! Invariant: one row per emitter; a row says only what differs from OpenTelemetry's own rules.

use crate::attribute::{Attributes, Count, Names, Text};
use crate::normalise::Accounting;

/// How one emitter's spans or log events are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emitter {
    /// Its name in findings.
    pub name: &'static str,
    /// Instrumentation scopes that start with one of these are its own.
    pub scopes: &'static [&'static str],
    /// Which of its totals contain their parts.
    pub accounting: Accounting,
    /// Providers whose cached tokens it reports beside the input instead of inside.
    pub input_beside_cache: &'static [&'static str],
    /// Providers whose reasoning it reports beside the output instead of inside.
    pub output_beside_reasoning: &'static [&'static str],
    /// The provider of calls that name none.
    pub provider: &'static str,
    /// It never names a provider: a call is its model's maker's, where one alone serves models of that name.
    pub provider_is_maker: bool,
}

/// OpenTelemetry's rules: cache inside input, reasoning inside output.
const OTEL: Emitter = Emitter {
    name: "opentelemetry",
    scopes: &[],
    accounting: Accounting::TOTALS,
    input_beside_cache: &[],
    output_beside_reasoning: &[],
    provider: "",
    provider_is_maker: false,
};

/// Every emitter with a scope of its own; anything else follows `OTEL`.
pub const EMITTERS: &[Emitter] = &[
    // The SDK adds cache reads and writes up into input_tokens and splits writes by time to live.
    Emitter { name: "anthropic-sdk", scopes: &["com.anthropic.sdk"], provider: "anthropic", ..OTEL },
    // Log events carry the API's own numbers: cache beside input.
    Emitter {
        name: "claude-code",
        scopes: &["com.anthropic.claude_code"],
        accounting: Accounting::ANTHROPIC,
        provider: "anthropic",
        ..OTEL
    },
    // Input contains the cache, output the reasoning. Log events come under the scope of codex_otel, spans under that
    // of the program: codex_exec, codex_cli_rs, ….
    Emitter { name: "codex", scopes: &["codex"], provider: "openai", ..OTEL },
    // The API's own numbers: thoughts beside the output.
    Emitter {
        name: "gemini-cli",
        scopes: &["gemini-cli"],
        accounting: Accounting { input_is_total: true, output_is_total: false },
        provider: "gcp.gemini",
        ..OTEL
    },
    // OpenAI's numbers under Gemini's names, or Gemini's own: the sum of all tokens tells which.
    Emitter { name: "qwen-code", scopes: &["qwen-code"], ..OTEL },
    // llm.token_count.prompt is a total; the response's id is only inside output.value.
    Emitter { name: "openinference", scopes: &["openinference.instrumentation", "@arizeai/openinference"], ..OTEL },
    // Adds Anthropic's cache up into input_tokens. Its scopes are shared with OpenTelemetry's own.
    Emitter { name: "openllmetry", scopes: &["opentelemetry.instrumentation", "@traceloop"], ..OTEL },
    // prompt_tokens of its own Usage object: a total for every provider.
    Emitter { name: "litellm", scopes: &["litellm"], ..OTEL },
    // usage_details are buckets; see `usage_object`. Its own pricing too goes by the model's name alone.
    Emitter { name: "langfuse", scopes: &["langfuse-sdk", "langfuse"], provider_is_maker: true, ..OTEL },
    // Up to version 5 it passes the provider's own numbers on; version 6 adds inputTokenDetails.
    Emitter {
        name: "vercel-ai",
        scopes: &["ai"],
        input_beside_cache: &["anthropic", "aws.bedrock"],
        output_beside_reasoning: &["gcp.gemini", "gcp.vertex_ai"],
        ..OTEL
    },
    Emitter { name: "pydantic-ai", scopes: &["pydantic-ai", "pydantic_ai", "logfire"], ..OTEL },
    Emitter { name: "openlit", scopes: &["openlit"], ..OTEL },
    Emitter { name: "agentops", scopes: &["agentops"], ..OTEL },
    Emitter { name: "sentry", scopes: &["sentry"], ..OTEL },
];

impl Emitter {
    /// The emitter of an instrumentation scope.
    #[must_use]
    pub fn of_scope(scope: &str) -> &'static Self {
        let owns = |prefix: &&str| {
            scope.strip_prefix(*prefix).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        EMITTERS.iter().find(|emitter| emitter.scopes.iter().any(owns)).unwrap_or(&OTEL)
    }

    /// The attribute names that mean something here.
    pub(crate) fn names(&self) -> Names {
        match self.name {
            "claude-code" => Names::ClaudeCode,
            "codex" => Names::Codex,
            "gemini-cli" | "qwen-code" => Names::GeminiCli,
            _ => Names::Common,
        }
    }

    /// Which totals contain their parts for calls to `provider`.
    pub(crate) fn accounting_for(&self, provider: &str) -> Accounting {
        Accounting {
            input_is_total: self.accounting.input_is_total && !self.input_beside_cache.contains(&provider),
            output_is_total: self.accounting.output_is_total && !self.output_beside_reasoning.contains(&provider),
        }
    }
}

/// What a span stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// One call of a model, to be charged, with its canonical operation.
    Inference(Option<String>),
    /// A total over calls, or work around them: a check, not a charge.
    Aggregate,
    /// Nothing to do with models.
    Other,
    /// An operation that no table knows.
    Unknown,
}

/// Operations that call a model, and what OpenTelemetry calls them.
const INFERENCE: &[(&str, &str)] = &[
    ("chat", "chat"),
    ("completion", "chat"),
    ("acompletion", "chat"),
    ("chat_completion", "chat"),
    ("chat_completions", "chat"),
    ("messages", "chat"),
    ("anthropic_messages", "chat"),
    ("aanthropic_messages", "chat"),
    ("responses", "chat"),
    ("aresponses", "chat"),
    ("_aresponses_websocket", "chat"),
    ("_arealtime", "chat"),
    ("realtime", "chat"),
    ("llm", "chat"),
    ("generation", "chat"),
    ("pass_through_endpoint", "chat"),
    ("generate_content", "generate_content"),
    ("agenerate_content", "generate_content"),
    ("generate_content_stream", "generate_content"),
    ("agenerate_content_stream", "generate_content"),
    ("text_completion", "text_completion"),
    ("atext_completion", "text_completion"),
    ("embeddings", "embeddings"),
    ("embedding", "embeddings"),
    ("aembedding", "embeddings"),
    ("rerank", "rerank"),
    ("arerank", "rerank"),
    ("reranker", "rerank"),
    ("image_generation", "image_generation"),
    ("aimage_generation", "image_generation"),
    ("image_edit", "image_generation"),
    ("aimage_edit", "image_generation"),
    ("image", "image_generation"),
    ("create_video", "video_generation"),
    ("acreate_video", "video_generation"),
    ("video_generation", "video_generation"),
    ("avideo_generation", "video_generation"),
    ("speech", "speech"),
    ("aspeech", "speech"),
    ("audio", "speech"),
    ("transcription", "transcription"),
    ("atranscription", "transcription"),
    ("moderation", "moderation"),
    ("amoderation", "moderation"),
];

/// Operations that only surround model calls.
const AGGREGATE: &[&str] = &[
    "invoke_agent",
    "create_agent",
    "agent",
    "agent_step",
    "invoke_workflow",
    "workflow",
    "plan",
    "task",
    "execute_tool",
    "tool",
    "retrieval",
    "retriever",
    "fetch_response",
    "handoff",
    "guardrail",
    "evaluator",
    "evaluate",
    "chain",
    "prompt",
    "decision",
    "span",
    "event",
    "framework",
    "vectordb",
    "operation",
    "session",
];

/// The canonical name of an inference operation.
pub(crate) fn inference(operation: &str) -> Option<&'static str> {
    let lower = operation.to_ascii_lowercase();
    INFERENCE.iter().find(|(name, _)| *name == lower).map(|(_, canonical)| *canonical)
}

/// What a span calls its operation, by the same attribute that decides its role.
pub(crate) fn operation<'s>(attributes: &'s Attributes<'_>) -> Option<&'s str> {
    [Text::AiOperation, Text::Operation, Text::ObservationType, Text::SpanKind, Text::TraceloopKind, Text::RequestType]
        .into_iter()
        .find_map(|slot| attributes.text(slot))
}

/// Decides what a span stands for, by the most telling attribute that it has.
pub(crate) fn role(attributes: &Attributes<'_>) -> Role {
    if let Some(operation) = attributes.text(Text::AiOperation) {
        return match operation.rsplit_once('.').map(|(_, call)| call) {
            Some("doGenerate" | "doStream") => Role::Inference(Some("chat".to_owned())),
            Some("doEmbed") => Role::Inference(Some("embeddings".to_owned())),
            Some("doRerank") => Role::Inference(Some("rerank".to_owned())),
            _ => Role::Aggregate,
        };
    }
    for slot in [Text::Operation, Text::ObservationType, Text::SpanKind] {
        if let Some(operation) = attributes.text(slot) {
            return by_name(operation);
        }
    }
    if attributes.text(Text::TraceloopKind).is_some() {
        return Role::Aggregate;
    }
    if let Some(operation) = attributes.text(Text::RequestType) {
        return by_name(operation);
    }
    let has_model = attributes.text(Text::RequestModel).is_some() || attributes.text(Text::ResponseModel).is_some();
    let has_usage = attributes.count(Count::Input).is_some() || attributes.count(Count::Output).is_some();
    if has_model && has_usage { Role::Inference(None) } else { Role::Other }
}

fn by_name(operation: &str) -> Role {
    if let Some(canonical) = inference(operation) {
        return Role::Inference(Some(canonical.to_owned()));
    }
    let lower = operation.to_ascii_lowercase();
    if AGGREGATE.contains(&lower.as_str()) || lower.ends_with("_memory") || lower.ends_with("_memory_store") {
        return Role::Aggregate;
    }
    Role::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Value;

    #[test]
    fn a_scope_leads_to_its_emitter_and_no_further() {
        for (scope, name) in [
            ("com.anthropic.sdk.python", "anthropic-sdk"),
            ("com.anthropic.claude_code.events", "claude-code"),
            ("openinference.instrumentation.openai", "openinference"),
            ("opentelemetry.instrumentation.openai.v1", "openllmetry"),
            ("litellm", "litellm"),
            ("langfuse-sdk", "langfuse"),
            ("ai", "vercel-ai"),
            ("codex_otel.log_only", "codex"),
            ("codex_exec", "codex"),
            ("gemini-cli", "gemini-cli"),
            ("qwen-code", "qwen-code"),
            ("aiohttp", "opentelemetry"),
            ("", "opentelemetry"),
        ] {
            assert_eq!(Emitter::of_scope(scope).name, name, "{scope}");
        }
    }

    #[test]
    fn only_calls_of_a_model_are_charged() {
        let chat = Role::Inference(Some("chat".to_owned()));
        for (name, value, expected) in [
            ("gen_ai.operation.name", "chat", chat.clone()),
            ("gen_ai.operation.name", "acompletion", chat.clone()),
            ("gen_ai.operation.name", "embeddings", Role::Inference(Some("embeddings".to_owned()))),
            ("gen_ai.operation.name", "invoke_agent", Role::Aggregate),
            ("gen_ai.operation.name", "execute_tool", Role::Aggregate),
            ("gen_ai.operation.name", "search_memory", Role::Aggregate),
            ("gen_ai.operation.name", "dream", Role::Unknown),
            ("openinference.span.kind", "LLM", chat.clone()),
            ("openinference.span.kind", "CHAIN", Role::Aggregate),
            ("langfuse.observation.type", "generation", chat.clone()),
            ("langfuse.observation.type", "span", Role::Aggregate),
            ("ai.operationId", "ai.generateText.doGenerate", chat.clone()),
            ("ai.operationId", "ai.generateText", Role::Aggregate),
            ("traceloop.span.kind", "workflow", Role::Aggregate),
            ("llm.request.type", "completion", chat),
            ("http.request.method", "POST", Role::Other),
        ] {
            let mut attributes = Attributes::default();
            attributes.add(Names::Common, name, || Value::Text(value.into()));
            assert_eq!(role(&attributes), expected, "{name} = {value}");
        }
    }
}
