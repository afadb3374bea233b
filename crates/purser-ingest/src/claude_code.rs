//! What Claude Code calls models and the platforms that serve them, in its log events and session logs.
//! Invariant: a platform is named only where Claude Code or the response's id names it.

/// The model without the suffix that chooses a context: `claude-opus-5[1m]` is `claude-opus-5`.
pub(crate) fn model(name: &str) -> &str {
    name.strip_suffix("[1m]").unwrap_or(name)
}

/// The canonical provider that `anthropic.provider` stands for. Anthropic's own platform, wherever it is sold, and a
/// gateway in front of it are Anthropic.
pub(crate) fn provider(name: &str) -> &'static str {
    match name {
        "bedrock" | "mantle" => "aws.bedrock",
        "vertex" => "gcp.vertex_ai",
        "foundry" => "azure.ai.inference",
        _ => "anthropic",
    }
}

/// The provider of a response, by the prefix of its id.
pub(crate) fn provider_of_response(id: &str) -> &'static str {
    match id {
        _ if id.starts_with("msg_bdrk_") => "aws.bedrock",
        _ if id.starts_with("msg_vrtx_") => "gcp.vertex_ai",
        _ => "anthropic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_no_part_of_a_models_name() {
        assert_eq!(model("claude-opus-5[1m]"), "claude-opus-5");
        assert_eq!(model("claude-opus-5"), "claude-opus-5");
        assert_eq!(model("model[2]"), "model[2]");
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
            assert_eq!(provider(name), expected, "{name}");
        }
        for (id, expected) in
            [("msg_bdrk_01", "aws.bedrock"), ("msg_vrtx_01", "gcp.vertex_ai"), ("msg_01", "anthropic")]
        {
            assert_eq!(provider_of_response(id), expected, "{id}");
        }
    }
}
