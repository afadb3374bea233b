//! Who emits model calls as OpenTelemetry, how to recognise them, and how they count.
//! Invariant: one row per emitter; a row says only what differs from OpenTelemetry's own rules.

use crate::attribute::Names;
use crate::normalise::Accounting;

mod provider;
mod role;

pub(crate) use provider::{is_framework, of_host, of_model};
pub(crate) use role::{Role, inference, operation, role};

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
}

/// OpenTelemetry's rules: cache inside input, reasoning inside output.
const OTEL: Emitter = Emitter {
    name: "opentelemetry",
    scopes: &[],
    accounting: Accounting::TOTALS,
    input_beside_cache: &[],
    output_beside_reasoning: &[],
    provider: "",
};

/// Providers whose own APIs count the cache beside the input.
const CLAUDE: &[&str] = &["anthropic", "aws.bedrock"];
/// Providers whose own APIs count the reasoning beside the output.
const GEMINI: &[&str] = &["gcp.gemini", "gcp.vertex_ai"];

/// Every emitter with a scope of its own; anything else follows `OTEL`. The first row with the scope counts.
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
    // Agno passes the providers' own numbers on to OpenInference.
    Emitter {
        name: "agno",
        scopes: &["openinference.instrumentation.agno"],
        input_beside_cache: CLAUDE,
        output_beside_reasoning: GEMINI,
        ..OTEL
    },
    // llm.token_count.prompt is a total; the response's id, its tier and the life of its cache are inside output.value.
    Emitter { name: "openinference", scopes: &["openinference.instrumentation", "@arizeai/openinference"], ..OTEL },
    // Adds Anthropic's cache up into input_tokens, not Bedrock's, and leaves Gemini's thoughts out of output_tokens.
    // Its scopes are shared with OpenTelemetry's own.
    Emitter {
        name: "openllmetry-bedrock",
        scopes: &["opentelemetry.instrumentation.bedrock"],
        input_beside_cache: CLAUDE,
        ..OTEL
    },
    Emitter {
        name: "openllmetry-google",
        scopes: &["opentelemetry.instrumentation.google_generativeai", "opentelemetry.instrumentation.vertexai"],
        output_beside_reasoning: GEMINI,
        ..OTEL
    },
    Emitter { name: "openllmetry", scopes: &["opentelemetry.instrumentation", "@traceloop"], ..OTEL },
    // prompt_tokens of its own Usage object: a total for every provider.
    Emitter { name: "litellm", scopes: &["litellm"], ..OTEL },
    // usage_details are buckets; see `usage_object`. Its own pricing goes by the model's name alone.
    Emitter { name: "langfuse", scopes: &["langfuse-sdk", "langfuse"], ..OTEL },
    // LangChain's usage: totals for every provider.
    Emitter { name: "langsmith", scopes: &["langsmith"], ..OTEL },
    // Up to version 5 it passes the provider's own numbers on; version 6 adds inputTokenDetails.
    Emitter { name: "ai-sdk", scopes: &["ai"], input_beside_cache: CLAUDE, output_beside_reasoning: GEMINI, ..OTEL },
    // Version 7: totals for every provider.
    Emitter { name: "ai-sdk-7", scopes: &["gen_ai", "@ai-sdk/otel"], ..OTEL },
    Emitter { name: "pydantic-ai", scopes: &["pydantic-ai", "pydantic_ai", "logfire"], ..OTEL },
    // Passes the providers' own numbers on; gen_ai.client.token.usage is their input and output.
    Emitter {
        name: "openlit",
        scopes: &["openlit"],
        input_beside_cache: CLAUDE,
        output_beside_reasoning: GEMINI,
        ..OTEL
    },
    // Its totals contain the cache for every provider, whom it never names.
    Emitter { name: "strands", scopes: &["strands"], ..OTEL },
    Emitter { name: "autogen", scopes: &["autogen"], ..OTEL },
    Emitter { name: "mlflow", scopes: &["mlflow"], output_beside_reasoning: GEMINI, ..OTEL },
    // The plugins pass the providers' own numbers on.
    Emitter {
        name: "genkit",
        scopes: &["genkit-tracer", "genkit"],
        input_beside_cache: CLAUDE,
        output_beside_reasoning: GEMINI,
        ..OTEL
    },
    // Adds Gemini's thoughts up into output_tokens.
    Emitter { name: "google-adk", scopes: &["gcp.vertex.agent", "google_adk"], ..OTEL },
    Emitter { name: "laminar", scopes: &["lmnr"], ..OTEL },
    Emitter { name: "mastra", scopes: &["@mastra", "mastra"], ..OTEL },
    // The API counts its reasoning beside completion_tokens, but not always: the total decides.
    Emitter { name: "xai-sdk", scopes: &["xai_sdk"], provider: "x_ai", output_beside_reasoning: &["x_ai"], ..OTEL },
    Emitter { name: "semantic-kernel", scopes: &["semantic_kernel", "Microsoft.SemanticKernel"], ..OTEL },
    Emitter {
        name: "agent-framework",
        scopes: &["agent_framework", "Microsoft.Agents", "Microsoft.Extensions.AI"],
        ..OTEL
    },
    Emitter { name: "copilot", scopes: &["github.copilot", "copilot"], ..OTEL },
    Emitter { name: "haystack", scopes: &["haystack"], ..OTEL },
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
            "langsmith" => Names::Langsmith,
            "mlflow" => Names::Mlflow,
            _ => Names::Common,
        }
    }

    /// Which totals contain their parts for calls of `model` at `provider`: Claude counts alike wherever it is served.
    pub(crate) fn accounting_for(&self, provider: &str, model: &str) -> Accounting {
        let is_claude = || self.input_beside_cache.contains(&"anthropic") && model.contains("claude");
        Accounting {
            input_is_total: self.accounting.input_is_total
                && !self.input_beside_cache.contains(&provider)
                && !is_claude(),
            output_is_total: self.accounting.output_is_total && !self.output_beside_reasoning.contains(&provider),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_leads_to_its_emitter_and_no_further() {
        for (scope, name) in [
            ("com.anthropic.sdk.python", "anthropic-sdk"),
            ("com.anthropic.claude_code.events", "claude-code"),
            ("openinference.instrumentation.openai", "openinference"),
            ("opentelemetry.instrumentation.openai.v1", "openllmetry"),
            ("litellm", "litellm"),
            ("langfuse-sdk", "langfuse"),
            ("codex_otel.log_only", "codex"),
            ("codex_exec", "codex"),
            ("gemini-cli", "gemini-cli"),
            ("qwen-code", "qwen-code"),
            ("ai", "ai-sdk"),
            ("gen_ai", "ai-sdk-7"),
            ("openinference.instrumentation.agno", "agno"),
            ("strands.telemetry.tracer", "strands"),
            ("xai_sdk.sync.chat", "xai-sdk"),
            ("xai_sdkish", "opentelemetry"),
            ("aiohttp", "opentelemetry"),
            ("", "opentelemetry"),
        ] {
            assert_eq!(Emitter::of_scope(scope).name, name, "{scope}");
        }
    }

    #[test]
    fn an_emitter_counts_by_provider() {
        let openlit = Emitter::of_scope("openlit.instrumentation.anthropic");
        assert_eq!(openlit.accounting_for("anthropic", "claude-x"), Accounting::ANTHROPIC);
        assert_eq!(openlit.accounting_for("openai", "gpt-5"), Accounting::TOTALS);
        assert!(!openlit.accounting_for("gcp.vertex_ai", "claude-x").input_is_total);
        let beside = Accounting { input_is_total: true, output_is_total: false };
        assert_eq!(openlit.accounting_for("gcp.gemini", "gemini-x"), beside);
        assert_eq!(Emitter::of_scope("gen_ai").accounting_for("anthropic", "claude-x"), Accounting::TOTALS);
    }
}
