//! Oddities of the shipped book that are argued: each is a note with its reason instead of a warning.
//! Invariant: a reason names a provider, a tier and a leaf; a new oddity is a warning until somebody looks.

use purser_domain::price::{Finding, Price, Severity, Tier};
use purser_domain::usage::Leaf;

use super::subject;

/// What is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Far above the model's other rates.
    Outlier,
    /// Not as much off the standard rate as the tier's text.
    Proportion,
    /// A modality that the model has elsewhere.
    Modality,
}

/// An argued oddity; `*` stands for every provider or tier.
struct Known {
    kind: Kind,
    provider: &'static str,
    tier: &'static str,
    leaves: &'static [Leaf],
    why: &'static str,
}

const AUDIO: &[Leaf] = &[Leaf::InputAudio, Leaf::OutputAudio];
const IMAGES: &[Leaf] = &[Leaf::InputImage, Leaf::OutputImage];
const CACHED: &[Leaf] = &[Leaf::CacheRead, Leaf::CacheReadAudio, Leaf::CacheReadImage];
const WRITES: &[Leaf] = &[Leaf::CacheWrite5m, Leaf::CacheWrite1h];
const OUTPUT: &[Leaf] = &[Leaf::Output];
const WRITTEN: &[Leaf] = &[Leaf::OutputImage, Leaf::OutputAudio];
const NOVA: &[Leaf] = &[Leaf::CacheRead, Leaf::InputAudio, Leaf::InputImage];
const ALL_TEXT: &[Leaf] = &[Leaf::CacheRead, Leaf::Output];

const fn known(
    kind: Kind,
    provider: &'static str,
    tier: &'static str,
    leaves: &'static [Leaf],
    why: &'static str,
) -> Known {
    Known { kind, provider, tier, leaves, why }
}

const KNOWN: &[Known] = &[
    known(Kind::Outlier, "openai", "standard", AUDIO, "speech of the small models is 66 and 33 times its text"),
    known(
        Kind::Outlier,
        "azure.ai.openai",
        "standard",
        AUDIO,
        "speech of the small models is 66 and 33 times its text",
    ),
    known(Kind::Outlier, "azure.ai.inference", "standard", AUDIO, "speech of Phi-4 is 50 times its text"),
    known(Kind::Outlier, "aws.bedrock", "standard", AUDIO, "speech of Nova Sonic is 56 times its text"),
    known(Kind::Outlier, "databricks", "standard", IMAGES, "it passes on Google's 60 against 3, a quarter dearer"),
    known(Kind::Proportion, "openai", "batch", CACHED, "both catalogues bill cached input of older models in full"),
    known(Kind::Proportion, "openai", "decisions", OUTPUT, "a decision has no output to pay for"),
    known(Kind::Proportion, "azure.ai.openai", "flex", CACHED, "the catalogue lists no discount on cached input"),
    known(Kind::Proportion, "azure.ai.openai", "flex", OUTPUT, "the catalogue lists the output of standard calls"),
    known(Kind::Proportion, "groq", "batch", CACHED, "discounts on cached input and batches do not add up there"),
    known(
        Kind::Proportion,
        "gcp.gemini",
        "batch",
        CACHED,
        "Google bills cached input of most models alike in all tiers",
    ),
    known(
        Kind::Proportion,
        "gcp.gemini",
        "flex",
        CACHED,
        "Google bills cached input of most models alike in all tiers",
    ),
    known(Kind::Proportion, "gcp.gemini", "flex", IMAGES, "written images are listed for batches only"),
    known(Kind::Proportion, "gcp.gemini", "priority", IMAGES, "written images are listed for batches only"),
    known(
        Kind::Proportion,
        "gcp.vertex_ai",
        "batch",
        CACHED,
        "Google bills cached input of most models alike in all tiers",
    ),
    known(
        Kind::Proportion,
        "gcp.vertex_ai",
        "flex",
        CACHED,
        "Google bills cached input of most models alike in all tiers",
    ),
    known(
        Kind::Proportion,
        "gcp.vertex_ai",
        "batch",
        WRITES,
        "batch text of Opus 5.5 is half of the price before it fell",
    ),
    known(Kind::Proportion, "gcp.vertex_ai", "batch", AUDIO, "the catalogue lists audio as text"),
    known(Kind::Proportion, "gcp.vertex_ai", "flex", AUDIO, "the catalogue lists audio as text, or as standard"),
    known(Kind::Proportion, "aws.bedrock", "priority", NOVA, "the catalogue raises text alone for Nova 2 Pro"),
    known(Kind::Proportion, "databricks", "priority", IMAGES, "the catalogue raises text alone"),
    known(Kind::Proportion, "fireworks", "priority", ALL_TEXT, "MiniMax M2.7 is listed with rates of another model"),
    known(Kind::Proportion, "sail", "*", ALL_TEXT, "its tiers have rates of their own, in whole cents"),
    known(Kind::Modality, "openai", "standard", WRITTEN, "images or speech are all it writes: output is their rate"),
    known(
        Kind::Modality,
        "openrouter",
        "standard",
        AUDIO,
        "its list has one rate for all input; its calls tell their cost",
    ),
];

/// A finding about one rate: a note with the reason if the oddity is argued, else a warning.
pub(super) fn finding(kind: Kind, price: &Price, tier: &Tier, leaf: Leaf, message: &str) -> Finding {
    let is_it = |known: &&Known| {
        known.kind == kind
            && (known.provider == "*" || known.provider == price.provider)
            && (known.tier == "*" || known.tier == tier.service_tier)
            && known.leaves.contains(&leaf)
    };
    match KNOWN.iter().find(is_it) {
        Some(known) => Finding::new(Severity::Note, subject(price), format!("{message} ({})", known.why)),
        None => Finding::new(Severity::Warning, subject(price), message),
    }
}
