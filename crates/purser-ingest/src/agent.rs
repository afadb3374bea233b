//! What coding agents call models and the platforms that serve them, in their log events and session logs.
//! Invariant: a platform is named only where the agent, the response's id or the model's name tells it.

use purser_domain::provider;

/// Claude Code's model without the suffix that chooses a context: `claude-opus-5[1m]` is `claude-opus-5`.
pub(crate) fn claude_model(name: &str) -> &str {
    name.strip_suffix("[1m]").unwrap_or(name)
}

/// The canonical provider that `anthropic.provider` stands for. Anthropic's own platform, wherever it is sold, and a
/// gateway in front of it are Anthropic.
pub(crate) fn claude_provider(name: &str) -> &'static str {
    match name {
        "bedrock" | "mantle" => "aws.bedrock",
        "vertex" => "gcp.vertex_ai",
        "foundry" => "azure.ai.inference",
        _ => "anthropic",
    }
}

/// The provider of an Anthropic response, by the prefix of its id.
pub(crate) fn provider_of_response(id: &str) -> &'static str {
    match id {
        _ if id.starts_with("msg_bdrk_") => "aws.bedrock",
        _ if id.starts_with("msg_vrtx_") => "gcp.vertex_ai",
        _ => "anthropic",
    }
}

/// The canonical provider of a call of Codex. The name it tells is the user's own: of a provider that is known, or of a
/// proxy in front of the model's maker.
pub(crate) fn codex_provider(told: Option<&str>, model: &str) -> String {
    let told = told.map(|name| provider::canonical(&name.replace(' ', "_")));
    match told {
        Some(name) if provider::known(&name).is_some() => name,
        Some(name) => provider::maker(model).map_or(name, str::to_owned),
        None => "openai".to_owned(),
    }
}

/// The canonical provider of a call of Gemini CLI or Qwen Code, by how the user is authorised and by the model.
pub(crate) fn gemini_provider(auth_type: Option<&str>, model: &str) -> &'static str {
    match auth_type {
        Some("vertex-ai" | "cloud-shell") => "gcp.vertex_ai",
        Some("gemini-api-key" | "oauth-personal" | "login-with-google") => "gcp.gemini",
        Some("qwen-oauth") => "dashscope",
        _ => provider::maker(model).unwrap_or(if is_qwen(model) { "dashscope" } else { "" }),
    }
}

/// Whether Alibaba serves the model under this name itself.
fn is_qwen(model: &str) -> bool {
    model == "coder-model" || (model.starts_with("qwen") && !model.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_no_part_of_a_models_name() {
        assert_eq!(claude_model("claude-opus-5[1m]"), "claude-opus-5");
        assert_eq!(claude_model("claude-opus-5"), "claude-opus-5");
        assert_eq!(claude_model("model[2]"), "model[2]");
    }

    #[test]
    fn platforms_are_named_and_all_else_is_anthropic() {
        for (name, expected) in [
            ("bedrock", "aws.bedrock"),
            ("vertex", "gcp.vertex_ai"),
            ("foundry", "azure.ai.inference"),
            ("firstParty", "anthropic"),
            ("", "anthropic"),
        ] {
            assert_eq!(claude_provider(name), expected, "{name}");
        }
        for (id, expected) in
            [("msg_bdrk_01", "aws.bedrock"), ("msg_vrtx_01", "gcp.vertex_ai"), ("msg_01", "anthropic")]
        {
            assert_eq!(provider_of_response(id), expected, "{id}");
        }
    }

    #[test]
    fn a_proxy_of_the_users_own_stands_for_the_models_maker() {
        assert_eq!(codex_provider(Some("Azure"), "gpt-5"), "azure.ai.openai");
        assert_eq!(codex_provider(Some("my proxy"), "gpt-5"), "openai");
        assert_eq!(codex_provider(Some("my vllm"), "qwen3-coder"), "my_vllm");
        assert_eq!(codex_provider(None, "qwen3-coder"), "openai");
    }

    #[test]
    fn the_way_of_authorising_names_the_provider_before_the_model_does() {
        for (auth_type, model, expected) in [
            (Some("vertex-ai"), "gemini-2.5-pro", "gcp.vertex_ai"),
            (Some("oauth-personal"), "gemini-2.5-pro", "gcp.gemini"),
            (Some("openai"), "gpt-5-mini", "openai"),
            (None, "qwen3-coder-plus", "dashscope"),
            (Some("openai"), "qwen/qwen3-coder", ""),
        ] {
            assert_eq!(gemini_provider(auth_type, model), expected, "{auth_type:?} {model}");
        }
    }
}
