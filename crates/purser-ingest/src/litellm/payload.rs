//! One record of LiteLLM, be it a StandardLoggingPayload or a row of its SpendLogs, by the same names.
//! Source: litellm 1.110.2, `StandardLoggingPayload` of `types/utils.py`, `SpendLogsPayload` of `proxy/_types.py`.

use std::borrow::Cow;

use crate::json::{self, Picked};

const NAMES: [&str; 37] = [
    "id",
    "request_id",
    "litellm_call_id",
    "trace_id",
    "session_id",
    "call_type",
    "cache_hit",
    "status",
    "custom_llm_provider",
    "startTime",
    "endTime",
    "response_time",
    "model",
    "model_group",
    "metadata",
    "response_cost",
    "spend",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "request_tags",
    "end_user",
    "user",
    "api_key",
    "team_id",
    "organization_id",
    "agent_id",
    "mcp_namespaced_tool_name",
    "response",
    "error_information",
    "error_str",
    "model_parameters",
    "hidden_params",
    "cost_breakdown",
    "messages",
    "proxy_server_request",
    "standard_built_in_tools_params",
];

const METADATA: [&str; 28] = [
    "usage_object",
    "user_api_key_alias",
    "user_api_key_hash",
    "user_api_key_team_alias",
    "user_api_key_team_id",
    "user_api_key_org_id",
    "user_api_key_project_alias",
    "user_api_key_project_id",
    "user_api_key_user_id",
    "user_api_key_end_user_id",
    "requester_metadata",
    "spend_logs_metadata",
    "mcp_tool_call_metadata",
    "cost_breakdown",
    "error_information",
    "batch_models",
    "batch_successful_requests",
    "batch_failed_requests",
    "status",
    "feature_tag",
    "run_id",
    "agent",
    "session_id",
    "project",
    "environment",
    "skill",
    "user_id",
    "trace_id",
];

const HIDDEN: [&str; 5] =
    ["litellm_model_name", "usage_object", "batch_models", "batch_successful_requests", "batch_failed_requests"];

const RESPONSE: [&str; 10] = [
    "id",
    "model",
    "usage",
    "usageMetadata",
    "usage_info",
    "service_tier",
    "status",
    "object",
    "completed_at",
    "background",
];

/// The members of a record.
pub(super) type Top<'a> = Picked<'a, { NAMES.len() }>;

/// Reads the members of a record; `None` if it is no object.
pub(super) fn top(item: &str) -> Option<Top<'_>> {
    Picked::read(item, NAMES)
}

/// The text of an object that may be written as a string: SpendLogs keeps JSON in text columns.
pub(super) fn unquoted<'a>(top: &Top<'a>, name: &str) -> Cow<'a, str> {
    let raw = top.raw(name).unwrap_or("null");
    json::string(raw).unwrap_or(Cow::Borrowed(raw))
}

/// A record with the objects in it.
pub(super) struct Payload<'a> {
    top: Top<'a>,
    metadata: Option<Picked<'a, { METADATA.len() }>>,
    hidden: Option<Picked<'a, { HIDDEN.len() }>>,
    pub(super) response: Option<Picked<'a, { RESPONSE.len() }>>,
}

impl<'a> Payload<'a> {
    /// A record whose metadata and response have been unquoted.
    pub(super) fn new(top: Top<'a>, metadata: &'a str, response: &'a str) -> Self {
        let hidden = top.raw("hidden_params").and_then(|text| Picked::read(text, HIDDEN));
        Self { metadata: Picked::read(metadata, METADATA), response: Picked::read(response, RESPONSE), hidden, top }
    }

    /// How many members nobody reads.
    pub(super) fn others(&self) -> u64 {
        self.top.others
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.top.raw(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.top.text(name)
    }

    /// A text of the metadata.
    pub(super) fn meta(&self, name: &str) -> Option<String> {
        self.metadata.as_ref().and_then(|metadata| metadata.text(name)).map(Cow::into_owned)
    }

    /// A value of the metadata, else of the hidden parameters.
    pub(super) fn meta_raw(&self, name: &str) -> Option<&'a str> {
        let hidden = || self.hidden.as_ref().and_then(|hidden| hidden.raw(name));
        self.metadata.as_ref().and_then(|metadata| metadata.raw(name)).or_else(hidden)
    }

    /// The model's name as LiteLLM sent it to the provider.
    pub(super) fn sent_model(&self) -> Option<Cow<'a, str>> {
        self.hidden.as_ref().and_then(|hidden| hidden.text("litellm_model_name"))
    }

    /// A text of the response.
    pub(super) fn answer(&self, name: &str) -> Option<String> {
        self.response.as_ref().and_then(|response| response.text(name)).map(Cow::into_owned)
    }

    /// The usage objects, the likeliest first.
    pub(super) fn usage_objects(&self) -> impl Iterator<Item = &'a str> + '_ {
        let of_response = ["usage", "usageMetadata", "usage_info"]
            .into_iter()
            .filter_map(|name| self.response.as_ref().and_then(|response| response.raw(name)));
        self.meta_raw("usage_object").into_iter().chain(of_response)
    }

    /// What the call cost, as the record has it.
    pub(super) fn cost(&self) -> Option<&'a str> {
        self.raw("response_cost").or(self.raw("spend"))
    }

    /// A part of how LiteLLM worked the cost out.
    pub(super) fn cost_part(&self, name: &'static str) -> Option<&'a str> {
        let breakdown = self.raw("cost_breakdown").or(self.meta_raw("cost_breakdown"))?;
        Picked::read(breakdown, [name]).and_then(|parts| parts.raw(name))
    }
}
