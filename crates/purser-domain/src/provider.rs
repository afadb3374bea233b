//! Canonical provider names: OpenTelemetry's `gen_ai.provider.name` where it has one.
//! Invariant: a name that no table lists is kept, in lower case, never guessed.

/// Canonical name, then the other names that catalogues and clients use for it.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("anthropic", &["claude"]),
    (
        "aws.bedrock",
        &["aws", "bedrock", "aws_bedrock", "bedrock_converse", "amazon_bedrock", "amazon-bedrock", "bedrock_mantle"],
    ),
    ("azure.ai.openai", &["azure", "az.ai.openai", "azure_openai", "azure-openai", "azure_text", "openai_azure"]),
    ("azure.ai.inference", &["azure_ai", "az.ai.inference", "azure-ai-inference"]),
    ("cloudflare", &["cloudflare_workers_ai", "workers_ai"]),
    ("cohere", &["cohere_chat"]),
    ("deepseek", &["deep_seek"]),
    ("fireworks", &["fireworks_ai", "fireworks.ai", "fireworks-ai"]),
    (
        "gcp.gemini",
        &[
            "gemini",
            "google",
            "google_genai",
            "google-genai",
            "google_ai",
            "google-gla",
            "google_generative_ai",
            "google.generative-ai",
            "gcp.gen_ai",
        ],
    ),
    ("gcp.vertex_ai", &["vertex_ai", "vertexai", "vertex", "google-vertex", "google_vertexai", "google.vertex"]),
    ("github_copilot", &["github-copilot"]),
    ("groq", &[]),
    ("ibm.watsonx.ai", &["watsonx", "ibm_watsonx"]),
    ("mistral_ai", &["mistral", "mistralai", "mistral.ai"]),
    ("moonshot_ai", &["moonshot", "moonshotai"]),
    ("novita", &["novita_ai", "novita-ai"]),
    ("openai", &["text-completion-openai", "openai.chat", "openai.responses", "openai_chat"]),
    ("openrouter", &["open_router"]),
    ("perplexity", &["perplexityai"]),
    ("together", &["together_ai", "togetherai", "together-ai"]),
    ("voyage", &["voyageai", "voyage_ai"]),
    ("x_ai", &["xai", "x-ai", "x.ai", "grok"]),
    ("zai", &["z_ai", "z-ai", "z.ai"]),
];

/// The canonical name of `name`, or the name itself in lower case.
#[must_use]
pub fn canonical(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    match known(&lower) {
        Some(canonical) => canonical.to_owned(),
        None => lower,
    }
}

/// The canonical name if `name`, in lower case, is in the table.
#[must_use]
pub fn known(name: &str) -> Option<&'static str> {
    PROVIDERS
        .iter()
        .find(|(canonical, others)| *canonical == name || others.contains(&name))
        .map(|(canonical, _)| *canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_lead_to_one_and_strangers_stay() {
        for (name, expected) in [
            ("Azure", "azure.ai.openai"),
            ("bedrock_converse", "aws.bedrock"),
            ("xai", "x_ai"),
            ("OpenAI", "openai"),
            ("MyOwn", "myown"),
        ] {
            assert_eq!(canonical(name), expected);
        }
    }

    #[test]
    fn no_name_stands_in_two_rows() {
        let mut names: Vec<&str> =
            PROVIDERS.iter().flat_map(|(name, others)| others.iter().chain([name])).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
