//! Counts the tokens of a text for a model, and says how wrong the count may be.
//!
//! OpenAI's vocabularies count OpenAI's models exactly. Other families keep theirs to themselves: their
//! count is o200k's times a factor. Factors and bounds are declared, from the families' own rules of
//! thumb (Anthropic says a token is about 3.5 English characters, OpenAI says 4), not measured here.

use bpe_openai::{Tokenizer, cl100k_base, o200k_base};

/// A token count and how far off it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The best guess.
    pub tokens: u64,
    /// The true count is within so many thousandths of it, either way.
    pub error_milli: u32,
}

/// How a family of models counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The vocabulary.
    vocabulary: Vocabulary,
    /// Thousandths of its count.
    factor_milli: u32,
    /// The bound, thousandths.
    pub error_milli: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vocabulary {
    O200k,
    Cl100k,
}

/// Prefixes of model names, the longest first where one begins another; then factor and bound.
const FAMILIES: [(&str, Vocabulary, u32, u32); 22] = [
    ("gpt-3.5", Vocabulary::Cl100k, 1_000, 0),
    ("gpt-4o", Vocabulary::O200k, 1_000, 0),
    ("gpt-4.1", Vocabulary::O200k, 1_000, 0),
    ("gpt-4.5", Vocabulary::O200k, 1_000, 0),
    ("gpt-4", Vocabulary::Cl100k, 1_000, 0),
    ("gpt-5", Vocabulary::O200k, 1_000, 0),
    ("gpt-oss", Vocabulary::O200k, 1_000, 0),
    ("chatgpt", Vocabulary::O200k, 1_000, 0),
    ("text-embedding", Vocabulary::Cl100k, 1_000, 0),
    ("o1", Vocabulary::O200k, 1_000, 0),
    ("o3", Vocabulary::O200k, 1_000, 0),
    ("o4", Vocabulary::O200k, 1_000, 0),
    ("claude", Vocabulary::O200k, 1_200, 250),
    ("gemini", Vocabulary::O200k, 1_050, 200),
    ("gemma", Vocabulary::O200k, 1_050, 200),
    ("llama", Vocabulary::O200k, 1_050, 200),
    ("mistral", Vocabulary::O200k, 1_150, 250),
    ("deepseek", Vocabulary::O200k, 1_050, 200),
    ("qwen", Vocabulary::O200k, 1_050, 200),
    ("grok", Vocabulary::O200k, 1_050, 250),
    ("command", Vocabulary::O200k, 1_100, 250),
    ("kimi", Vocabulary::O200k, 1_050, 250),
];

/// What each message takes beside its text: three separators and the role, as OpenAI's cookbook counts them.
pub const PER_MESSAGE: u64 = 4;
/// What each call takes beside its messages: the answer is primed with three, as the cookbook says.
pub const PER_CALL: u64 = 3;
/// Tools are rewritten before a model reads them, which no vocabulary shows: their JSON is within so many
/// thousandths of what they count. Declared, not measured.
pub const TOOLS_ERROR_MILLI: u32 = 300;

impl Family {
    /// The family of `model`, whatever stands before the last `/` or a vendor's `name.`; unknown ones
    /// count as o200k and 15 %, give or take 35 %.
    #[must_use]
    pub fn of(model: &str) -> Self {
        let lower = model.to_ascii_lowercase();
        let name = lower.rsplit('/').next().unwrap_or(&lower);
        let starts = |prefix: &str| name.starts_with(prefix) || name.contains(&format!(".{prefix}"));
        let found = FAMILIES.iter().find(|(prefix, ..)| starts(prefix));
        let (_, vocabulary, factor_milli, error_milli) = found.unwrap_or(&("", Vocabulary::O200k, 1_150, 350));
        Self { vocabulary: *vocabulary, factor_milli: *factor_milli, error_milli: *error_milli }
    }

    /// Counts one text.
    #[must_use]
    pub fn count(&self, text: &str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        let tokenizer: &Tokenizer = match self.vocabulary {
            Vocabulary::O200k => o200k_base(),
            Vocabulary::Cl100k => cl100k_base(),
        };
        (tokenizer.count(text) as u64 * u64::from(self.factor_milli)).div_ceil(1_000)
    }
}

/// Counts `text` as `model` does.
#[must_use]
pub fn count(model: &str, text: &str) -> Count {
    let family = Family::of(model);
    Count { tokens: family.count(text), error_milli: family.error_milli }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openai_models_count_exactly() {
        // Published by OpenAI's tokenizer page and tiktoken's README.
        for (model, text, tokens) in [
            ("gpt-4o", "hello world", 2),
            ("gpt-4", "tiktoken is great!", 6),
            ("openai/gpt-4.1", "", 0),
            ("gpt-3.5-turbo", "antidisestablishmentarianism", 6),
        ] {
            assert_eq!(count(model, text), Count { tokens, error_milli: 0 }, "{model} {text:?}");
        }
    }

    #[test]
    fn other_families_declare_their_bound() {
        let text = "word ".repeat(1_000);
        let exact = count("gpt-4o", &text).tokens;
        let claude = count("us.anthropic.claude-sonnet-4", &text);
        assert_eq!((claude.tokens, claude.error_milli), ((exact * 1_200).div_ceil(1_000), 250));
        assert_eq!(count("somebody/new-model", &text).error_milli, 350);
    }

    #[test]
    fn a_long_hostile_text_is_counted_in_linear_time() {
        assert_eq!(count("gpt-4o", &"a".repeat(200_000)).tokens, 25_000, "eight letters a token");
    }
}
