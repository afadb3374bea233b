//! Turns what emitters report into exclusive leaves and canonical names, in one place.
//! Invariant: a leaf that would be negative is a contradiction with the numbers in it, never clamped.

use std::collections::BTreeMap;

use purser_domain::provider;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{Contradiction as Contradicting, UsageEvent};

/// Token counts as an emitter reports them, totals and parts mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reported {
    /// Text (or all) tokens read.
    pub input: u64,
    /// Tokens read from a cache, all modalities.
    pub cache_read: u64,
    /// Tokens written to a cache, whatever its time to live.
    pub cache_write: u64,
    /// Of those, known to live five minutes.
    pub cache_write_5m: u64,
    /// Of those, known to live one hour.
    pub cache_write_1h: u64,
    /// Of those, known to live twelve hours.
    pub cache_write_12h: u64,
    /// Text (or all) tokens written.
    pub output: u64,
    /// Tokens of hidden reasoning.
    pub reasoning: u64,
    /// Audio tokens read, cached ones included.
    pub input_audio: u64,
    /// Audio tokens read from a cache; part of `cache_read`.
    pub cache_read_audio: u64,
    /// Audio tokens written.
    pub output_audio: u64,
    /// Image tokens read, cached ones included.
    pub input_image: u64,
    /// Image tokens read from a cache; part of `cache_read`.
    pub cache_read_image: u64,
    /// Image tokens written.
    pub output_image: u64,
    /// Video tokens read.
    pub input_video: u64,
    /// Video tokens written.
    pub output_video: u64,
    /// Web searches made by the provider.
    pub web_searches: u64,
    /// All tokens, both directions, if the emitter sends their sum; 0 if not.
    pub total: u64,
}

/// Which totals already contain their parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounting {
    /// `input` contains cache reads, cache writes and the other modalities.
    pub input_is_total: bool,
    /// `output` contains reasoning and the other modalities.
    pub output_is_total: bool,
}

impl Accounting {
    /// Both totals contain their parts: OpenAI, OpenTelemetry.
    pub const TOTALS: Self = Self { input_is_total: true, output_is_total: true };
    /// Neither does: Langfuse's buckets.
    pub const BUCKETS: Self = Self { input_is_total: false, output_is_total: false };
    /// Cached tokens stand beside the input, reasoning is inside the output: Anthropic.
    pub const ANTHROPIC: Self = Self { input_is_total: false, output_is_total: true };

    /// How the provider's own API counts: what an emitter passes on that does not count itself.
    #[must_use]
    pub fn of_provider(provider_name: &str, model: &str) -> Self {
        let is_claude = provider::maker(model) == Some("anthropic") || model.contains("anthropic.");
        Self {
            input_is_total: !(is_claude || matches!(provider_name, "anthropic" | "aws.bedrock")),
            output_is_total: is_claude
                || !matches!(provider_name, "gcp.gemini" | "gcp.vertex_ai" | "x_ai" | "perplexity"),
        }
    }

    /// The other three ways to count, the likelier first.
    const fn others(self) -> [Self; 3] {
        let Self { input_is_total: input, output_is_total: output } = self;
        [
            Self { input_is_total: input, output_is_total: !output },
            Self { input_is_total: !input, output_is_total: output },
            Self { input_is_total: !input, output_is_total: !output },
        ]
    }
}

/// A total that is smaller than the parts it should contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The total's field.
    pub field: &'static str,
    /// The total.
    pub total: u64,
    /// What is wrong, with the parts.
    pub reason: String,
}

impl Reported {
    /// The exclusive leaves, one request, where `accounting` is what the emitter is known for and its own sum of all
    /// tokens, if it sends one, decides.
    ///
    /// The known accounting stands if the sum agrees with it, be it without the cache or the reasoning that stands
    /// beside. Else the accounting that gives exactly that sum is taken; what is left over of a sum is the input if none
    /// was sent, else reasoning that nobody split off. If the known accounting is impossible, another one stands if a sum supports it.
    ///
    /// # Errors
    /// The contradiction that remains.
    pub fn settle(&self, accounting: Accounting) -> Result<Usage, Contradiction> {
        let known = self.leaves(accounting);
        if self.total == 0 {
            return known;
        }
        if let Ok(usage) = known
            && self.agrees(&usage, accounting)
        {
            return Ok(usage);
        }
        let others: Vec<(Accounting, Usage)> = accounting
            .others()
            .into_iter()
            .filter_map(|other| self.leaves(other).ok().map(|usage| (other, usage)))
            .collect();
        if let Some((_, usage)) = others.iter().find(|(_, usage)| usage.total_tokens() == self.total) {
            return Ok(*usage);
        }
        match known {
            Ok(usage) => match self.total.checked_sub(usage.total_tokens()) {
                Some(rest) if usage.total_input() == 0 => Ok(usage.with(Leaf::Input, rest)),
                Some(rest) if self.reasoning == 0 => Ok(usage.with(Leaf::Reasoning, rest)),
                _ => Err(self.disagreement(&usage)),
            },
            Err(wrong) => {
                let supported = others.iter().find(|(other, usage)| self.agrees(usage, *other));
                supported.map(|(_, usage)| *usage).ok_or(wrong)
            }
        }
    }

    /// Whether the sum is that of `usage`, whole or without what stands beside the totals.
    fn agrees(&self, usage: &Usage, accounting: Accounting) -> bool {
        let cache = self.cache_read + self.cache_write.max(usage.get(Leaf::CacheWrite5m));
        let beside_output = if accounting.output_is_total { 0 } else { self.reasoning };
        let sum = usage.total_tokens();
        [0, cache, beside_output, cache + beside_output]
            .iter()
            .any(|left_out| sum.checked_sub(*left_out) == Some(self.total))
    }

    fn disagreement(&self, usage: &Usage) -> Contradiction {
        let reason = format!("a total of {} tokens is not the sum of the parts, {}", self.total, usage.total_tokens());
        Contradiction { field: "total_tokens", total: self.total, reason }
    }

    /// With what tools returned, which Gemini counts beside the input; where the sum of all tokens has no room for it, it
    /// is inside.
    #[must_use]
    pub fn with_tool_results(self, tokens: u64) -> Self {
        let beside = [self.input, tokens, self.output, self.reasoning].into_iter().fold(0, u64::saturating_add);
        let is_beside = self.total == 0 || beside <= self.total;
        Self { input: self.input.saturating_add(if is_beside { tokens } else { 0 }), ..self }
    }

    /// Every count that is not zero, by the name of its field.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = [
            ("input_tokens", self.input),
            ("cache_read_tokens", self.cache_read),
            ("cache_write_tokens", self.cache_write),
            ("cache_write_5m_tokens", self.cache_write_5m),
            ("cache_write_1h_tokens", self.cache_write_1h),
            ("cache_write_12h_tokens", self.cache_write_12h),
            ("output_tokens", self.output),
            ("reasoning_tokens", self.reasoning),
            ("input_audio_tokens", self.input_audio),
            ("cache_read_audio_tokens", self.cache_read_audio),
            ("output_audio_tokens", self.output_audio),
            ("input_image_tokens", self.input_image),
            ("cache_read_image_tokens", self.cache_read_image),
            ("output_image_tokens", self.output_image),
            ("input_video_tokens", self.input_video),
            ("output_video_tokens", self.output_video),
            ("web_searches", self.web_searches),
            ("total_tokens", self.total),
        ];
        counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
    }

    /// Gives `event` its leaves; or, if the counts contradict each other, the contradiction and no tokens.
    ///
    /// Where the emitter's accounting is impossible it may have passed on the numbers of the provider that `event` names:
    /// then that provider's own accounting stands.
    pub fn fill(&self, accounting: Accounting, event: &mut UsageEvent) {
        let own = Accounting::of_provider(&event.provider, &event.model);
        match self.settle(accounting).or_else(|wrong| self.leaves(own).ok().filter(|_| self.total == 0).ok_or(wrong)) {
            Ok(usage) => event.usage = usage,
            Err(wrong) => {
                event.usage = Usage::default().with(Leaf::WebSearches, self.web_searches);
                event.contradiction = Some(Box::new(Contradicting { reason: wrong.reason, counts: self.counts() }));
            }
        }
    }

    /// The exclusive leaves, one request.
    ///
    /// # Errors
    /// When a total is smaller than its parts.
    pub fn leaves(&self, accounting: Accounting) -> Result<Usage, Contradiction> {
        let write_5m = self.short_lived_writes()?;
        let writes = [
            ("cache-written", write_5m),
            ("cache-written (1 h)", self.cache_write_1h),
            ("cache-written (12 h)", self.cache_write_12h),
        ];
        let cached = self.cached_by_modality(accounting)?;
        let audio = fresh(self.input_audio, cached.audio);
        let image = fresh(self.input_image, cached.image);
        let input = if accounting.input_is_total && self.input > 0 {
            let other = [("audio", audio), ("image", image), ("video", self.input_video)];
            let read = [("cached", self.cache_read)];
            less(self.input, "input_tokens", &[&read[..], &writes, &other].concat())?
        } else {
            self.input
        };
        // A total that was not sent contains nothing.
        let output = if accounting.output_is_total && self.output > 0 {
            let parts = [
                ("reasoning", self.reasoning),
                ("audio", self.output_audio),
                ("image", self.output_image),
                ("video", self.output_video),
            ];
            less(self.output, "output_tokens", &parts)?
        } else {
            self.output
        };
        Ok(Usage::default()
            .with(Leaf::Input, input)
            .with(Leaf::CacheRead, cached.text)
            .with(Leaf::CacheWrite5m, write_5m)
            .with(Leaf::CacheWrite1h, self.cache_write_1h)
            .with(Leaf::CacheWrite12h, self.cache_write_12h)
            .with(Leaf::Output, output)
            .with(Leaf::Reasoning, self.reasoning)
            .with(Leaf::InputAudio, audio)
            .with(Leaf::CacheReadAudio, cached.audio)
            .with(Leaf::OutputAudio, self.output_audio)
            .with(Leaf::InputImage, image)
            .with(Leaf::CacheReadImage, cached.image)
            .with(Leaf::OutputImage, self.output_image)
            .with(Leaf::InputVideo, self.input_video)
            .with(Leaf::OutputVideo, self.output_video)
            .with(Leaf::WebSearches, self.web_searches))
    }

    /// What was read from a cache, by modality.
    ///
    /// What is not told apart is text, as long as the total can hold it beside the other modalities. Where it cannot,
    /// some of it is theirs: how much is known only if there is no text, or if all was cached.
    fn cached_by_modality(&self, accounting: Accounting) -> Result<Cached, Contradiction> {
        let told = [("cached audio", self.cache_read_audio), ("cached image", self.cache_read_image)];
        let rest = less(self.cache_read, "cache_read_tokens", &told)?;
        let as_text = Cached { text: rest, audio: self.cache_read_audio, image: self.cache_read_image };
        let audio = fresh(self.input_audio, self.cache_read_audio);
        let image = fresh(self.input_image, self.cache_read_image);
        let writes = self.cache_write.max(self.cache_write_5m + self.cache_write_1h + self.cache_write_12h);
        let others = audio + image + self.input_video + writes + self.cache_read - rest;
        let Some(text) = self.input.checked_sub(others) else { return Ok(as_text) };
        if !accounting.input_is_total || rest <= text || audio + image == 0 {
            return Ok(as_text);
        }
        let all = text + audio + image;
        if rest == all && self.input_video == 0 {
            return Ok(Cached { text, audio: as_text.audio + audio, image: as_text.image + image });
        }
        if text == 0 && self.input_video == 0 && rest <= all && (audio == 0 || image == 0) {
            let (of_audio, of_image) = if image == 0 { (rest, 0) } else { (0, rest) };
            return Ok(Cached { text: 0, audio: as_text.audio + of_audio, image: as_text.image + of_image });
        }
        let reason = format!(
            "{rest} cached tokens are not told apart: {text} text and {} tokens of other modalities were read",
            audio + image + self.input_video
        );
        Err(Contradiction { field: "cache_read_tokens", total: rest, reason })
    }

    /// Cache writes not known to live an hour: a provider's only cache counts as short-lived.
    fn short_lived_writes(&self) -> Result<u64, Contradiction> {
        if self.cache_write == 0 {
            return Ok(self.cache_write_5m);
        }
        let split =
            [("5-minute", self.cache_write_5m), ("1-hour", self.cache_write_1h), ("12-hour", self.cache_write_12h)];
        Ok(less(self.cache_write, "cache_write_tokens", &split)? + self.cache_write_5m)
    }
}

/// What was read from a cache, by modality.
struct Cached {
    text: u64,
    audio: u64,
    image: u64,
}

/// The part of a modality that was not cached: a count below its cached part leaves that out already.
const fn fresh(count: u64, cached: u64) -> u64 {
    if cached > count { count } else { count - cached }
}

/// `total` without its `parts`.
fn less(total: u64, field: &'static str, parts: &[(&str, u64)]) -> Result<u64, Contradiction> {
    let mut rest = Some(total);
    for (_, part) in parts {
        rest = rest.and_then(|rest| rest.checked_sub(*part));
    }
    rest.ok_or_else(|| {
        let listed: Vec<String> =
            parts.iter().filter(|(_, part)| *part > 0).map(|(name, part)| format!("{part} {name}")).collect();
        let reason = format!("{total} {field} cannot contain {} tokens", listed.join(" + "));
        Contradiction { field, total, reason }
    })
}

/// The canonical name of a service tier; `None` for words that leave the choice to the provider.
#[must_use]
pub fn service_tier(name: &str) -> Option<String> {
    purser_domain::price::service_tier(name.trim()).map(std::borrow::Cow::into_owned)
}

/// The canonical provider of names that carry an API after a dot: `openai.responses`.
#[must_use]
pub fn provider_of_api(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    let mut rest = lower.as_str();
    loop {
        if let Some(known) = provider::known(rest) {
            return known.to_owned();
        }
        match rest.rsplit_once('.') {
            Some((shorter, _)) => rest = shorter,
            None => return lower,
        }
    }
}

/// Remembers the last provider's canonical name: the events of a request mostly share it.
#[derive(Debug, Default)]
pub(crate) struct ProviderMemo {
    raw: String,
    canonical: String,
}

impl ProviderMemo {
    /// The canonical name of `raw`, by [`provider_of_api`].
    pub(crate) fn get(&mut self, raw: &str) -> &str {
        if self.raw != raw {
            raw.clone_into(&mut self.raw);
            self.canonical = provider_of_api(raw);
        }
        &self.canonical
    }
}

/// Takes a provider that routers write before the model (`openai/gpt-5`) apart from it.
///
/// `provider_name` is canonical, or empty. Only a prefix that is the provider's own name, or any known provider where none is given, is
/// taken off; `meta-llama/llama-4` stays whole.
#[must_use]
pub fn split_model<'a>(provider_name: &str, model: &'a str) -> (String, &'a str) {
    if !model.contains('/') {
        return (provider_name.to_owned(), model);
    }
    let given = provider_name;
    if let Some((prefix, rest)) = model.split_once('/').filter(|(_, rest)| !rest.is_empty())
        && let Some(known) = provider::known(&prefix.to_ascii_lowercase())
        && (given.is_empty() || given == known)
    {
        return (known.to_owned(), rest);
    }
    (given.to_owned(), model)
}

#[cfg(test)]
mod tests;
