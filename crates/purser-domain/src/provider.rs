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
            "googleai",
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

/// Maker, then the first words of the names of models that only it makes and that it serves itself.
const MAKERS: &[(&str, &[&str])] = &[
    ("anthropic", &["claude"]),
    ("cohere", &["command", "embed-english", "embed-multilingual", "embed-v4.0"]),
    ("deepseek", &["deepseek-chat", "deepseek-reasoner"]),
    ("gcp.gemini", &["gemini"]),
    ("mistral_ai", &["codestral", "devstral", "magistral", "ministral", "mistral", "pixtral"]),
    ("openai", &["chatgpt", "dall-e", "gpt", "o1", "o3", "o4", "text-embedding-3", "text-embedding-ada", "tts"]),
    ("perplexity", &["sonar"]),
    ("x_ai", &["grok"]),
];

/// Models of those names that others serve under the same name.
const SHARED: &[&str] = &["gpt-oss"];

/// The maker of a model, for clients that never say who served it.
///
/// This names a provider, not a price: the price still needs the exact name among that provider's.
#[must_use]
pub fn maker(model: &str) -> Option<&'static str> {
    let lower = model.trim().to_ascii_lowercase();
    let is_of =
        |family: &&str| lower.strip_prefix(*family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if SHARED.iter().any(is_of) {
        return None;
    }
    MAKERS.iter().find(|(_, families)| families.iter().any(is_of)).map(|(maker, _)| *maker)
}

/// How the ids of answers begin at providers that mark them.
const RESPONSE_IDS: &[(&str, &str)] =
    &[("msg_bdrk_", "aws.bedrock"), ("msg_vrtx_", "gcp.vertex_ai"), ("msg_0", "anthropic"), ("gen-", "openrouter")];

/// The provider of a call that nobody named: by the id of its answer, else its model's maker.
#[must_use]
pub fn of_answer(response_id: &str, model: &str) -> Option<&'static str> {
    let by_id = RESPONSE_IDS.iter().find(|(prefix, _)| response_id.starts_with(prefix));
    by_id.map(|(_, provider)| *provider).or_else(|| maker(model))
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
    fn a_model_leads_to_its_maker_only_if_no_other_serves_it_by_that_name() {
        for (model, expected) in [
            ("gpt-5-mini", Some("openai")),
            ("GPT-4o", Some("openai")),
            ("o3", Some("openai")),
            ("text-embedding-3-small", Some("openai")),
            ("claude-sonnet-4-5-20250929", Some("anthropic")),
            ("gemini-2.5-pro", Some("gcp.gemini")),
            ("deepseek-chat", Some("deepseek")),
            ("deepseek-v3", None),
            ("gpt-oss-120b", None),
            ("gpts", None),
            ("openai/gpt-4o", None),
            ("llama-3", None),
            ("", None),
        ] {
            assert_eq!(maker(model), expected, "{model}");
        }
    }

    #[test]
    fn an_answers_id_tells_who_gave_it_before_its_model_does() {
        for (id, model, expected) in [
            ("msg_bdrk_01A", "claude-opus-4-6", Some("aws.bedrock")),
            ("msg_vrtx_01A", "claude-opus-4-6", Some("gcp.vertex_ai")),
            ("msg_01A", "my-alias", Some("anthropic")),
            ("chatcmpl-1", "gpt-5-mini", Some("openai")),
            ("chatcmpl-1", "llama-4", None),
            ("", "", None),
        ] {
            assert_eq!(of_answer(id, model), expected, "{id} {model}");
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
