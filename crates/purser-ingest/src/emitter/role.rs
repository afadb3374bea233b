//! What a span stands for: a call of a model, what surrounds calls, or neither.
//! Invariant: only an operation that a table lists is charged; one that no table lists is told by name.

use crate::attribute::{Attributes, Count, Text};

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
    ("chat.completions", "chat"),
    ("chat.streaming_completions", "chat"),
    ("chat_model", "chat"),
    ("tool_selection", "chat"),
    ("model", "chat"),
    ("background-model", "chat"),
    ("stream_chat", "chat"),
    ("beta_chat", "chat"),
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
    ("litellm.passthrough", "chat"),
    ("litellm.moderation", "moderation"),
    ("generate_content", "generate_content"),
    ("agenerate_content", "generate_content"),
    ("generate_content_stream", "generate_content"),
    ("agenerate_content_stream", "generate_content"),
    ("text_completion", "text_completion"),
    ("atext_completion", "text_completion"),
    ("text.completions", "text_completion"),
    ("text.streaming_completions", "text_completion"),
    ("embeddings", "embeddings"),
    ("embedding", "embeddings"),
    ("aembedding", "embeddings"),
    ("embed", "embeddings"),
    ("embedder", "embeddings"),
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
    ("video", "video_generation"),
    ("speech", "speech"),
    ("aspeech", "speech"),
    ("audio", "speech"),
    ("text_to_speech", "speech"),
    ("ai.generatespeech", "speech"),
    ("transcription", "transcription"),
    ("atranscription", "transcription"),
    ("speech_to_text", "transcription"),
    ("ai.transcribe", "transcription"),
    ("ai.streamtranscribe", "transcription"),
    ("moderation", "moderation"),
    ("amoderation", "moderation"),
    ("decide", "decide"),
    ("decision", "decide"),
    ("decisions", "decide"),
    ("adecisions", "decide"),
    ("evaluate_decision", "decide"),
    ("ocr", "ocr"),
    ("aocr", "ocr"),
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
    "span",
    "event",
    "framework",
    "vectordb",
    "operation",
    "session",
    "execute_event_loop_cycle",
    "execute_task",
    "compact_events",
    "llm_call",
    "action",
    "background-action",
    "flow",
    "flowstep",
    "util",
    "executable-prompt",
    "indexer",
    "resource",
    "parser",
    "memory",
    "unknown",
    "other",
    "default",
    "cached",
    "executor",
    "evaluation",
    "human_evaluator",
    "invocation",
    "invoke_node",
    "agent.run",
    "workflow.run",
    "workflow.step",
    "tool.execute",
    "generic",
    "model.step",
    "model.chunk",
    "mcp_tool_call",
    "mcp_tool_list",
    "mcp_resource_read",
    "call_mcp_tool",
    "litellm.responses_management",
    "litellm.vector_store_management",
    "litellm.vector_store_file_management",
];

/// The canonical name of an inference operation.
pub(crate) fn inference(operation: &str) -> Option<&'static str> {
    INFERENCE.iter().find(|(name, _)| name.eq_ignore_ascii_case(operation)).map(|(_, canonical)| *canonical)
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
            Some("doDecide" | "doEvaluate") => Role::Inference(Some("decide".to_owned())),
            Some("doTranscribe" | "transcribe" | "streamTranscribe") => {
                Role::Inference(Some("transcription".to_owned()))
            }
            Some("doSpeech" | "doGenerateSpeech" | "generateSpeech") => Role::Inference(Some("speech".to_owned())),
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
    let has_model = [Text::RequestModel, Text::ResponseModel, Text::LlmModelName];
    let has_model = has_model.into_iter().any(|slot| attributes.text(slot).is_some());
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
    use crate::attribute::{Names, Value};

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
            ("gen_ai.operation.name", "decide", Role::Inference(Some("decide".to_owned()))),
            ("gen_ai.operation.name", "ai.transcribe", Role::Inference(Some("transcription".to_owned()))),
            ("gen_ai.operation.name", "chat.completions", chat.clone()),
            ("gen_ai.operation.name", "execute_event_loop_cycle", Role::Aggregate),
            ("openinference.span.kind", "DECISION", Role::Inference(Some("decide".to_owned()))),
            ("mlflow.spanType", "\"CHAT_MODEL\"", chat.clone()),
            ("mlflow.spanType", "\"AGENT\"", Role::Aggregate),
            ("lmnr.span.type", "LLM", chat.clone()),
            ("lmnr.span.type", "DEFAULT", Role::Aggregate),
            ("genkit:metadata:subtype", "model", chat.clone()),
            ("genkit:type", "util", Role::Aggregate),
            ("ai.operationId", "ai.decide.doDecide", Role::Inference(Some("decide".to_owned()))),
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
