//! Who served a call whose span names no provider, or an API that others serve too.
//! Invariant: a name leads to a provider only where it can be no other's.

use purser_domain::provider;

/// Makers whose models Bedrock names with a dot behind them: `anthropic.claude-…`, `us.meta.llama…`.
const BEDROCK: &[&str] = &[
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "zai",
];

/// What may stand before the maker in the name of an inference profile.
const REGIONS: &[&str] = &["af", "apac", "au", "ca", "eu", "global", "il", "jp", "me", "mx", "sa", "us", "us-gov"];

/// Hosts, by their name or the end of it, and who answers there.
const HOSTS: &[(&str, &str)] = &[
    ("api.anthropic.com", "anthropic"),
    ("api.openai.com", "openai"),
    (".openai.azure.com", "azure.ai.openai"),
    (".cognitiveservices.azure.com", "azure.ai.openai"),
    (".services.ai.azure.com", "azure.ai.inference"),
    (".models.ai.azure.com", "azure.ai.inference"),
    (".amazonaws.com", "aws.bedrock"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("-aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("openrouter.ai", "openrouter"),
    ("api.groq.com", "groq"),
    ("api.x.ai", "x_ai"),
    ("api.deepseek.com", "deepseek"),
    ("api.mistral.ai", "mistral_ai"),
    ("api.together.xyz", "together"),
    ("api.together.ai", "together"),
    ("api.fireworks.ai", "fireworks"),
    ("api.perplexity.ai", "perplexity"),
    ("api.cohere.com", "cohere"),
    ("api.moonshot.ai", "moonshot_ai"),
    ("api.moonshot.cn", "moonshot_ai"),
    ("api.cerebras.ai", "cerebras"),
    ("api.deepinfra.com", "deepinfra"),
    ("api.sambanova.ai", "sambanova"),
    ("router.huggingface.co", "huggingface"),
    ("api.z.ai", "zai"),
];

/// What may stand for the provider and names none: frameworks that call others' models.
const FRAMEWORKS: &[&str] = &[
    "_other",
    "ag2",
    "agent_framework",
    "agno",
    "ai_sdk",
    "autogen",
    "autogen-core",
    "browser_use",
    "claude_agent_sdk",
    "controlflow",
    "crewai",
    "custom",
    "dspy",
    "dynamiq",
    "gcp.vertex.agent",
    "genkit",
    "google-adk",
    "google_adk",
    "haystack",
    "instructor",
    "julep",
    "langchain",
    "langgraph",
    "langsmith",
    "letta",
    "litellm",
    "llama_index",
    "llamaindex",
    "mastra",
    "mem0",
    "microsoft.agent_framework",
    "mlflow",
    "openai-agents",
    "openai_agents",
    "other",
    "pydantic-ai",
    "pydantic_ai",
    "semantic-kernel",
    "semantic_kernel",
    "smolagents",
    "strands",
    "strands-agents",
    "strands_agents",
    "unknown",
];

/// Whether a name that stands for the provider is a framework's.
pub(crate) fn is_framework(name: &str) -> bool {
    FRAMEWORKS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Who serves a model by its name alone: its host's own way to name models, else its maker.
pub(crate) fn of_model(model: &str) -> Option<&'static str> {
    let lower = model.trim().to_ascii_lowercase();
    if lower.starts_with("arn:aws") || is_bedrock(&lower) {
        return Some("aws.bedrock");
    }
    if lower.starts_with("publishers/") || lower.starts_with("projects/") || lower.contains("@20") {
        return Some("gcp.vertex_ai");
    }
    provider::maker(model)
}

fn is_bedrock(model: &str) -> bool {
    let (first, rest) = model.split_once('.').unwrap_or((model, ""));
    let maker = if REGIONS.contains(&first) { rest.split_once('.').map_or("", |(maker, _)| maker) } else { first };
    !rest.is_empty() && BEDROCK.contains(&maker)
}

/// Who answers at a host, given as its name or as an address.
pub(crate) fn of_host(host: &str) -> Option<&'static str> {
    let name = host.split_once("://").map_or(host, |(_, rest)| rest);
    let name = name.split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    HOSTS.iter().find(|(end, _)| is_below(&name, end)).map(|(_, provider)| *provider)
}

/// Whether `name` is `end`, or a name below it. An end that begins with a separator needs something before it.
fn is_below(name: &str, end: &str) -> bool {
    let before = name.strip_suffix(end);
    let partial = end.starts_with(['.', '-']);
    before.is_some_and(|before| if partial { !before.is_empty() } else { before.is_empty() || before.ends_with('.') })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_tells_its_host_or_its_maker() {
        for (model, expected) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Some("aws.bedrock")),
            ("anthropic.claude-3-haiku-20240307-v1:0", Some("aws.bedrock")),
            ("us-gov.amazon.nova-pro-v1:0", Some("aws.bedrock")),
            ("arn:aws:bedrock:eu-central-1:1:inference-profile/x", Some("aws.bedrock")),
            ("claude-sonnet-4-5@20250929", Some("gcp.vertex_ai")),
            ("claude-sonnet-4-5-20250929", Some("anthropic")),
            ("gpt-5-mini-2025-08-07", Some("openai")),
            ("gpt-4.1", Some("openai")),
            ("us.east", None),
            ("llama-3.3-70b", None),
            ("mistral.mistral-large-2402-v1:0", Some("aws.bedrock")),
        ] {
            assert_eq!(of_model(model), expected, "{model}");
        }
    }

    #[test]
    fn a_host_tells_who_answers_there() {
        for (host, expected) in [
            ("api.openai.com", Some("openai")),
            ("https://my-team.openai.azure.com/openai/v1", Some("azure.ai.openai")),
            ("openai.azure.com", None),
            ("bedrock-runtime.us-east-1.amazonaws.com", Some("aws.bedrock")),
            ("us-central1-aiplatform.googleapis.com", Some("gcp.vertex_ai")),
            ("https://openrouter.ai/api/v1", Some("openrouter")),
            ("127.0.0.1", None),
            ("evilopenrouter.ai", None),
            ("api.openai.com.example.org", None),
        ] {
            assert_eq!(of_host(host), expected, "{host}");
        }
    }
}
