//! The keys of usage objects: what each counts, in which group of keys.
//! Invariant: a key that no row lists and that is not zero is reported; a row that counts nothing says why not.

use crate::normalise::Reported;

/// An object within a usage object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// The object itself.
    Top,
    /// Parts of the input: `prompt_tokens_details`.
    Input,
    /// Parts of the output.
    Output,
    /// The cached part of the input by modality: `cached_tokens_details`.
    Cached,
    /// Cache writes by time to live: `cache_creation`.
    Writes,
    /// What tools read, by modality, beside the prompt.
    ToolInput,
    /// Tools that the provider ran: `server_tool_use`.
    Tools,
    /// A cost in parts.
    Cost,
    /// Cohere's billed units.
    Billed,
    /// Cohere's tokens, billed or not.
    Tokens,
}

/// Where a token count goes.
pub(super) type Slot = fn(&mut Reported) -> &mut u64;

/// Whether tokens stand for a quantity.
pub(super) type Told = fn(&Reported) -> bool;

/// Whether any tokens were read.
pub(super) const READS: Told = |counts| counts.input + counts.input_image + counts.input_audio + counts.input_video > 0;
const WRITES: Told = |counts| counts.output + counts.output_image > 0;

/// Whose words the two totals are; a later one is preferred where an object has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Dialect {
    /// No total was found.
    #[default]
    Empty,
    /// `input`, `output`: Langfuse's exclusive buckets.
    Buckets,
    /// `inputTokens`: Bedrock's Converse, and the AI SDK.
    Camel,
    /// `promptTokenCount`: Gemini.
    Gemini,
    /// `input_tokens`: OpenAI's Responses, Realtime and Images; Anthropic's Messages.
    Tokens,
    /// `prompt_tokens`: OpenAI's Chat and all who follow it.
    Chat,
    /// Cohere's billed units: what is billed is known.
    Billed,
}

/// What a key means.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// The total read, in a dialect.
    Input(Dialect),
    /// The total written, in a dialect.
    Output(Dialect),
    /// A token count.
    Count(Slot),
    /// As [`Meaning::Count`], by a name of those who count the cache beside the input.
    Beside(Slot),
    /// Tokens that a tool read, beside the prompt.
    ToolInput,
    /// Tokens that a tool read, inside the prompt or free.
    InnerToolInput,
    /// Of what tools read beside the prompt, the tokens of a modality.
    More(Slot),
    /// A quantity that is no token count.
    Unit(&'static str),
    /// A quantity that is billed only where no tokens stand for it.
    Instead(&'static str, Told),
    /// Seconds of what the operation makes or reads, video or audio, where no tokens stand for them.
    Seconds,
    /// Seconds of audio that stand in the sum of all tokens, as tokens that no other count has.
    AudioSeconds,
    /// Searches of the web.
    Searches,
    /// What the call cost: USD, or what `currency` says.
    Cost,
    /// What the call cost: 10⁻¹⁰ USD.
    Ticks,
    /// What a user paid the model's provider beside the router, if the key is theirs.
    UpstreamCost,
    /// An object or array of parts.
    Parts(Group),
    /// A text: tier, speed, geography, currency.
    Text,
    /// Known, and counts nothing of its own: a repetition, a latency, a free tool.
    Nothing,
}

/// The meaning of `key` in `group`; `None` if no table knows it.
pub(super) fn meaning(group: Group, key: &str) -> Option<Meaning> {
    match group {
        Group::Top => top(key),
        Group::Input => input(key),
        Group::Output => output(key),
        Group::Cached => cached(key),
        Group::Writes => writes(key),
        Group::ToolInput => tool_input(key),
        Group::Tools => tools(key),
        Group::Cost => cost(key),
        Group::Billed => billed(key),
        Group::Tokens => tokens(key),
    }
}

fn top(key: &str) -> Option<Meaning> {
    totals(key)
        .or_else(|| parts(key))
        .or_else(|| caches(key))
        .or_else(|| modalities(key))
        .or_else(|| beside_tokens(key))
}

fn totals(key: &str) -> Option<Meaning> {
    Some(match key {
        "prompt_tokens" => Meaning::Input(Dialect::Chat),
        "completion_tokens" => Meaning::Output(Dialect::Chat),
        "input_tokens" => Meaning::Input(Dialect::Tokens),
        "output_tokens" => Meaning::Output(Dialect::Tokens),
        "promptTokenCount" | "prompt_token_count" | "total_input_tokens" => Meaning::Input(Dialect::Gemini),
        "candidatesTokenCount"
        | "candidates_token_count"
        | "responseTokenCount"
        | "response_token_count"
        | "total_output_tokens"
        | "generation_token_count" => Meaning::Output(Dialect::Gemini),
        "inputTokens" | "inputTokenCount" | "inputTextTokenCount" | "promptTokens" => Meaning::Input(Dialect::Camel),
        "outputTokens" | "outputTokenCount" | "completionTokens" => Meaning::Output(Dialect::Camel),
        "input" => Meaning::Input(Dialect::Buckets),
        "output" => Meaning::Output(Dialect::Buckets),
        "total" | "total_tokens" | "totalTokens" | "totalTokenCount" | "total_token_count" => {
            Meaning::Count(|counts| &mut counts.total)
        }
        _ => return None,
    })
}

fn parts(key: &str) -> Option<Meaning> {
    Some(match key {
        "prompt_tokens_details"
        | "input_tokens_details"
        | "input_token_details"
        | "inputTokenDetails"
        | "promptTokensDetails"
        | "input_tokens_by_modality"
        | "inputTokensDetails" => Meaning::Parts(Group::Input),
        "completion_tokens_details"
        | "output_tokens_details"
        | "output_token_details"
        | "outputTokenDetails"
        | "candidatesTokensDetails"
        | "candidates_tokens_details"
        | "responseTokensDetails"
        | "response_tokens_details"
        | "output_tokens_by_modality"
        | "outputTokensDetails" => Meaning::Parts(Group::Output),
        "cached_tokens_details"
        | "cached_token_details"
        | "cacheTokensDetails"
        | "cache_tokens_details"
        | "cached_tokens_by_modality" => Meaning::Parts(Group::Cached),
        "toolUsePromptTokensDetails" | "tool_use_prompt_tokens_details" | "tool_use_tokens_by_modality" => {
            Meaning::Parts(Group::ToolInput)
        }
        "cache_creation" | "cache_creation_token_details" | "cacheDetails" | "cache_details" => {
            Meaning::Parts(Group::Writes)
        }
        "server_tool_use"
        | "server_side_tool_usage_details"
        | "grounding_tool_count"
        | "tool_calls_details"
        | "connectors" => Meaning::Parts(Group::Tools),
        "cost_details" => Meaning::Parts(Group::Cost),
        "billed_units" => Meaning::Parts(Group::Billed),
        "tokens" => Meaning::Parts(Group::Tokens),
        _ => return None,
    })
}

fn caches(key: &str) -> Option<Meaning> {
    Some(match key {
        "cached_tokens"
        | "input_cached_tokens"
        | "cached_input_tokens"
        | "num_cached_tokens"
        | "prompt_cache_hit_tokens"
        | "cachedContentTokenCount"
        | "cached_content_token_count"
        | "total_cached_tokens"
        | "cachedContentTokens"
        | "cachedInputTokens" => Meaning::Count(|counts| &mut counts.cache_read),
        "cache_read_input_tokens"
        | "input_cache_read"
        | "cache_read_tokens"
        | "cacheReadInputTokens"
        | "cacheReadInputTokenCount" => Meaning::Beside(|counts| &mut counts.cache_read),
        "cache_creation_input_tokens"
        | "input_cache_creation"
        | "cache_creation_tokens"
        | "cache_write_tokens"
        | "cache_write_input_tokens"
        | "cacheWriteInputTokens"
        | "cacheWriteInputTokenCount" => Meaning::Beside(|counts| &mut counts.cache_write),
        "input_cache_creation_5m"
        | "ephemeral_5m_input_tokens"
        | "cache_write_5m_tokens"
        | "cache_creation_ephemeral_5m_input_tokens" => Meaning::Beside(|counts| &mut counts.cache_write_5m),
        "input_cache_creation_1h"
        | "ephemeral_1h_input_tokens"
        | "cache_write_1h_tokens"
        | "cache_creation_ephemeral_1h_input_tokens"
        | "cache_creation_input_tokens_above_1hr" => Meaning::Beside(|counts| &mut counts.cache_write_1h),
        "input_cache_creation_12h" | "ephemeral_12h_input_tokens" | "cache_write_12h_tokens" => {
            Meaning::Beside(|counts| &mut counts.cache_write_12h)
        }
        // What is not cached is the rest of the total.
        "prompt_cache_miss_tokens" => Meaning::Nothing,
        _ => return None,
    })
}

fn modalities(key: &str) -> Option<Meaning> {
    Some(match key {
        "output_reasoning_tokens"
        | "output_reasoning"
        | "reasoning_tokens"
        | "reasoning_output_tokens"
        | "reasoningTokens"
        | "thoughtsTokenCount"
        | "thoughtsTokens"
        | "thoughts_token_count"
        | "total_thought_tokens"
        | "total_reasoning_tokens"
        | "thinking_tokens" => Meaning::Count(|counts| &mut counts.reasoning),
        "toolUsePromptTokenCount" | "tool_use_prompt_token_count" | "total_tool_use_tokens" | "connector_tokens" => {
            Meaning::ToolInput
        }
        "prompt_image_tokens" => Meaning::Count(|counts| &mut counts.input_image),
        "input_audio_tokens" | "input_audio" => Meaning::Count(|counts| &mut counts.input_audio),
        "output_audio_tokens" | "output_audio" => Meaning::Count(|counts| &mut counts.output_audio),
        "input_image_tokens" | "input_image" => Meaning::Count(|counts| &mut counts.input_image),
        "output_image_tokens" | "output_image" => Meaning::Count(|counts| &mut counts.output_image),
        "input_video_tokens" => Meaning::Count(|counts| &mut counts.input_video),
        "output_video_tokens" => Meaning::Count(|counts| &mut counts.output_video),
        "cache_read_audio_tokens" => Meaning::Count(|counts| &mut counts.cache_read_audio),
        "cache_read_image_tokens" => Meaning::Count(|counts| &mut counts.cache_read_image),
        _ => return None,
    })
}

/// What stands beside the tokens: other quantities, costs, words, and what counts nothing.
fn beside_tokens(key: &str) -> Option<Meaning> {
    Some(match key {
        "num_search_queries" | "web_search_requests" | "web_searches" | "web_search_calls" => Meaning::Searches,
        "citation_tokens" => Meaning::Unit("citation_tokens"),
        "num_sources_used" => Meaning::Unit("sources"),
        "pages_processed" | "pages" => Meaning::Unit("pages"),
        "pages_processed_annotation" => Meaning::Unit("annotated_pages"),
        "credits" => Meaning::Unit("credits"),
        "billable_audio_seconds" => Meaning::Unit("audio_seconds"),
        "input_text_messages" => Meaning::Unit("text_messages"),
        "search_units" => Meaning::Unit("queries"),
        "seconds" | "audio_seconds" | "duration_seconds" => Meaning::Seconds,
        "prompt_audio_seconds" => Meaning::AudioSeconds,
        "video_seconds" => Meaning::Instead("video_seconds", READS),
        "characters" | "total_characters" | "character_count" => Meaning::Instead("characters", READS),
        "image_pixels" | "video_pixels" => Meaning::Instead("input_pixels", READS),
        "output_image_count" => Meaning::Instead("images", WRITES),
        "images" => Meaning::Instead("images", READS),
        "image_count" => Meaning::Instead("input_images", READS),
        "cost" | "cost_usd" | "estimated_cost" | "total_cost" => Meaning::Cost,
        "cost_in_usd_ticks" => Meaning::Ticks,
        "service_tier"
        | "serviceTier"
        | "trafficType"
        | "traffic_type"
        | "speed"
        | "inference_geo"
        | "currency"
        | "search_context_size"
        | "is_byok" => Meaning::Text,
        // Latencies, sums and free tools.
        "queue_time"
        | "prompt_time"
        | "completion_time"
        | "total_time"
        | "invocationLatency"
        | "firstByteLatency"
        | "doc_size_bytes"
        | "api_version"
        | "num_server_side_tools_used"
        | "inputCharacters"
        | "inputImages"
        | "inputVideos"
        | "inputAudioFiles"
        | "outputCharacters"
        | "outputImages"
        | "outputVideos"
        | "outputAudioFiles"
        | "text_tokens"
        | "input_text_tokens"
        | "output_text_tokens"
        | "num_requests" => Meaning::Nothing,
        _ => return None,
    })
}

fn input(key: &str) -> Option<Meaning> {
    Some(match key {
        "cached_tokens" | "cache_read" | "cache_read_tokens" | "cache_read_input_tokens" | "cacheReadTokens" => {
            Meaning::Count(|counts| &mut counts.cache_read)
        }
        "cache_creation_tokens"
        | "cache_write_tokens"
        | "cache_creation_input_tokens"
        | "cached_creation_tokens"
        | "cacheWriteTokens"
        | "cache_write" => Meaning::Count(|counts| &mut counts.cache_write),
        // LangChain has a number here, DashScope the split.
        "cache_creation" => Meaning::Parts(Group::Writes),
        "cache_creation_token_details" | "cache_write_tokens_details" => Meaning::Parts(Group::Writes),
        "ephemeral_5m_input_tokens" => Meaning::Count(|counts| &mut counts.cache_write_5m),
        "ephemeral_1h_input_tokens" => Meaning::Count(|counts| &mut counts.cache_write_1h),
        "ephemeral_12h_input_tokens" => Meaning::Count(|counts| &mut counts.cache_write_12h),
        "cached_tokens_details" | "cached_token_details" => Meaning::Parts(Group::Cached),
        "audio_tokens" | "audio" => Meaning::Count(|counts| &mut counts.input_audio),
        "image_tokens" | "image" => Meaning::Count(|counts| &mut counts.input_image),
        "video_tokens" | "video" => Meaning::Count(|counts| &mut counts.input_video),
        "web_search_requests" => Meaning::Searches,
        "google_maps_grounding_requests" => Meaning::Unit("maps_groundings"),
        "tool_use_tokens" => Meaning::InnerToolInput,
        "query_count" => Meaning::Unit("queries"),
        "character_count" => Meaning::Instead("characters", READS),
        "image_count" => Meaning::Instead("input_images", READS),
        "video_length_seconds" => Meaning::Instead("input_video_seconds", READS),
        "audio_length_seconds" => Meaning::Instead("audio_seconds", READS),
        // What remains of the total, or repeats a part of it.
        "text_tokens" | "text" | "document" | "initial_prompt_tokens" | "noCacheTokens" | "file_tokens" => {
            Meaning::Nothing
        }
        _ => return None,
    })
}

fn output(key: &str) -> Option<Meaning> {
    Some(match key {
        "reasoning_tokens" | "reasoning" | "thinking_tokens" | "reasoningTokens" => {
            Meaning::Count(|counts| &mut counts.reasoning)
        }
        "audio_tokens" | "audio" => Meaning::Count(|counts| &mut counts.output_audio),
        "image_tokens" | "image" => Meaning::Count(|counts| &mut counts.output_image),
        "video_tokens" | "video" => Meaning::Count(|counts| &mut counts.output_video),
        // What remains of the total; predictions, taken or not, are inside it.
        "text_tokens"
        | "text"
        | "document"
        | "textTokens"
        | "accepted_prediction_tokens"
        | "rejected_prediction_tokens" => Meaning::Nothing,
        _ => return None,
    })
}

fn cached(key: &str) -> Option<Meaning> {
    Some(match key {
        "audio_tokens" | "audio" => Meaning::Count(|counts| &mut counts.cache_read_audio),
        "image_tokens" | "image" => Meaning::Count(|counts| &mut counts.cache_read_image),
        "text_tokens" | "text" | "document" => Meaning::Nothing,
        _ => return None,
    })
}

fn writes(key: &str) -> Option<Meaning> {
    Some(match key {
        // Thirty minutes is a price of the shortest kind.
        "ephemeral_5m_input_tokens" | "ephemeral_30m_input_tokens" | "ttl_30m_tokens" | "5m" => {
            Meaning::Count(|counts| &mut counts.cache_write_5m)
        }
        "ephemeral_1h_input_tokens" | "1h" => Meaning::Count(|counts| &mut counts.cache_write_1h),
        "ephemeral_12h_input_tokens" | "ttl_12h_tokens" | "12h" => Meaning::Count(|counts| &mut counts.cache_write_12h),
        _ => return None,
    })
}

fn tool_input(key: &str) -> Option<Meaning> {
    Some(match key {
        "audio" => Meaning::More(|counts| &mut counts.input_audio),
        "image" => Meaning::More(|counts| &mut counts.input_image),
        "video" => Meaning::More(|counts| &mut counts.input_video),
        "text" | "document" => Meaning::Nothing,
        _ => return None,
    })
}

fn tools(key: &str) -> Option<Meaning> {
    Some(match key {
        "web_search_requests"
        | "web_search_calls"
        | "google_search"
        | "search_web"
        | "web_search"
        | "web_search_premium" => Meaning::Searches,
        "file_search_calls" | "document_search_calls" => Meaning::Unit("file_searches"),
        "x_search_calls" => Meaning::Unit("social_searches"),
        "code_interpreter_calls" | "code_interpreter" => Meaning::Unit("code_executions"),
        "image_generation" => Meaning::Unit("images"),
        "google_maps" => Meaning::Unit("maps_groundings"),
        // Billed by their tokens alone.
        "web_fetch_requests"
        | "tool_search_requests"
        | "mcp_calls"
        | "url_context"
        | "document_library"
        | "fetch_url" => Meaning::Nothing,
        _ => return None,
    })
}

fn cost(key: &str) -> Option<Meaning> {
    Some(match key {
        "total_cost" => Meaning::Cost,
        "upstream_inference_cost" => Meaning::UpstreamCost,
        _ if key.ends_with("_cost") => Meaning::Nothing,
        _ => return None,
    })
}

fn tokens(key: &str) -> Option<Meaning> {
    Some(match key {
        "input_tokens" => Meaning::Input(Dialect::Tokens),
        "output_tokens" => Meaning::Output(Dialect::Tokens),
        _ => return None,
    })
}

fn billed(key: &str) -> Option<Meaning> {
    Some(match key {
        "input_tokens" => Meaning::Input(Dialect::Billed),
        "output_tokens" => Meaning::Output(Dialect::Billed),
        "image_tokens" => Meaning::Count(|counts| &mut counts.input_image),
        "search_units" => Meaning::Unit("queries"),
        "classifications" => Meaning::Unit("classifications"),
        "images" => Meaning::Instead("input_images", READS),
        _ => return None,
    })
}
