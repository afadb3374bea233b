//! Exact rewritings of a model name: decorations that name no other model.
//! Invariant: a name is rewritten whole by a listed rule; it is never cut to what happens to match.

use std::borrow::Cow;

use purser_domain::provider;

/// Prefixes of Amazon Bedrock's cross-region inference profiles.
const BEDROCK_REGIONS: [&str; 10] = ["us.", "eu.", "apac.", "global.", "jp.", "au.", "ca.", "us-gov.", "in.", "sa."];

/// Prefixes of names under which others sell a model in one place only.
const REGIONS: [&str; 4] = ["us/", "eu/", "global/", "us-gov/"];

/// Whether a price's own name says where the model runs: `us.anthropic.…` on Bedrock, `eu/gpt-5`.
pub fn is_regional(provider: &str, model: &str) -> bool {
    let starts = |prefix: &&str| model.starts_with(*prefix);
    (provider == "aws.bedrock" && BEDROCK_REGIONS.iter().any(&starts)) || REGIONS.iter().any(starts)
}

/// Providers that stand for "not told": gateways that bill under the name of others, or nothing.
const NAMELESS: [&str; 9] = [
    "",
    "unknown",
    "litellm",
    "litellm_proxy",
    "gateway",
    "vercel",
    "vercel_ai_gateway",
    "vercel-ai-gateway",
    "ai-gateway",
];

/// How names on Bedrock begin and end where the sender has only the model's own: the global profile has the list price.
const BEDROCK_CLAUDE: [(&str, &str); 4] =
    [("global.anthropic.", "-v1:0"), ("global.anthropic.", ""), ("anthropic.", "-v1:0"), ("anthropic.", "")];

/// Tries the rewritings of `model` one after the other until `known` finds a name.
///
/// `known` gets a canonical provider (empty: any, if the name is unique) and a name in lower case.
/// The rules, each applied to what the ones before left:
/// 1. lower case;
/// 2. `P/NAME` → `NAME`, if `P` is a name of the event's provider, or becomes it if none was told;
/// 3. `arn:…:inference-profile/NAME`, `arn:…:foundation-model/NAME` → `NAME`;
/// 4. `models/NAME` and `publishers/P/models/NAME`, whatever stands before it → `NAME`;
/// 5. on Bedrock, a region prefix: `us.NAME` → `NAME`;
/// 6. a fine-tuned model: `ft:BASE:ORG:NAME:ID` → `ft:BASE`;
/// 7. a compact date: `NAME-20251211` → `NAME-2025-12-11`;
/// 8. Claude's version with a dot, as gateways write it: `claude-sonnet-4.5` → `claude-sonnet-4-5`;
/// 9. Claude's own name on Bedrock: `claude-NAME` → `global.anthropic.claude-NAME-v1:0` and its like.
///
/// A size of the context, `NAME[1m]`, is taken off first: it switches the window, not the model.
pub fn resolve<T>(provider: &str, model: &str, known: impl Fn(&str, &str) -> Option<T>) -> Option<T> {
    let told = provider;
    let mut provider = match provider::known(provider) {
        _ if NAMELESS.contains(&provider) => Cow::Borrowed(""),
        Some(canonical) => Cow::Borrowed(canonical),
        None if provider.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(provider::canonical(provider)),
        None => Cow::Borrowed(provider),
    };
    let lower = model.trim().to_ascii_lowercase();
    let mut name: &str = lower.strip_suffix("[1m]").unwrap_or(&lower);
    // A tenant's own price may stand under the name of a gateway.
    let own = (provider.is_empty() && !told.is_empty()).then(|| known(told, name)).flatten();
    if let Some(found) = own.or_else(|| known(&provider, name)) {
        return Some(found);
    }
    let steps: [fn(&str, &str) -> Option<Step>; 4] = [without_provider, without_arn, without_path, without_region];
    for step in steps {
        let Some(Step { provider: named, skip }) = step(&provider, name) else { continue };
        name = &name[skip..];
        if let Some(named) = named {
            provider = Cow::Borrowed(named);
        }
        if let Some(found) = known(&provider, name) {
            return Some(found);
        }
    }
    if let Some(base) = fine_tune_base(name) {
        name = base;
        if let Some(found) = known(&provider, name) {
            return Some(found);
        }
    }
    if let Some(found) = dashed_date(name).and_then(|name| known(&provider, &name)) {
        return Some(found);
    }
    if let Some(found) = dashed_version(name).and_then(|name| known(&provider, &name)) {
        return Some(found);
    }
    let on_bedrock = provider == "aws.bedrock" && name.starts_with("claude-");
    BEDROCK_CLAUDE
        .into_iter()
        .filter(|_| on_bedrock)
        .find_map(|(before, after)| known(&provider, &format!("{before}{name}{after}")))
}

/// A rewriting that skips the first bytes and may tell the provider.
struct Step {
    provider: Option<&'static str>,
    skip: usize,
}

fn without_arn(_: &str, name: &str) -> Option<Step> {
    if !name.starts_with("arn:") {
        return None;
    }
    ["inference-profile/", "foundation-model/"].iter().find_map(|kind| {
        let at = name.find(&format!(":{kind}"))?;
        Some(Step { provider: Some("aws.bedrock"), skip: at + 1 + kind.len() })
    })
}

fn without_path(_: &str, name: &str) -> Option<Step> {
    if name.starts_with("models/") {
        return Some(Step { provider: None, skip: "models/".len() });
    }
    let publishers = if name.starts_with("publishers/") { 0 } else { name.find("/publishers/")? };
    let models = publishers + name[publishers..].find("/models/")?;
    Some(Step { provider: None, skip: models + "/models/".len() })
}

fn without_provider(provider: &str, name: &str) -> Option<Step> {
    let (prefix, _) = name.split_once('/')?;
    let named = provider::known(prefix)?;
    (provider.is_empty() || provider == named).then_some(Step { provider: Some(named), skip: prefix.len() + 1 })
}

fn without_region(provider: &str, name: &str) -> Option<Step> {
    if provider != "aws.bedrock" {
        return None;
    }
    let region = BEDROCK_REGIONS.into_iter().find(|region| name.starts_with(region))?;
    Some(Step { provider: None, skip: region.len() })
}

fn fine_tune_base(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("ft:")?;
    let (base, _) = rest.split_once(':')?;
    Some(&name[.."ft:".len() + base.len()])
}

/// `gpt-5.2-20251211` → `gpt-5.2-2025-12-11`.
fn dashed_date(name: &str) -> Option<String> {
    let (stem, date) = name.rsplit_once('-')?;
    let digits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) && date.starts_with("20");
    let month = date.get(4..6)?.parse::<u8>().ok()?;
    let day = date.get(6..8)?.parse::<u8>().ok()?;
    let real = digits && (1..=12).contains(&month) && (1..=31).contains(&day);
    real.then(|| format!("{stem}-{}-{}-{}", &date[..4], &date[4..6], &date[6..]))
}

/// `claude-sonnet-4.5` → `claude-sonnet-4-5`.
fn dashed_version(name: &str) -> Option<String> {
    let (stem, minor) = name.rsplit_once('.')?;
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let is_version = is_digit(stem.chars().next_back()) && is_digit(minor.chars().next());
    (name.starts_with("claude-") && is_version).then(|| format!("{stem}-{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(provider: &str, model: &str, known: (&str, &str), found: bool) {
        let result = resolve(provider, model, |p, name| (p == known.0 && name == known.1).then_some(()));
        assert_eq!(result.is_some(), found, "{provider:?} {model:?} {known:?}");
    }

    #[test]
    fn listed_decorations_are_taken_off() {
        for (provider, model, known) in [
            ("openai", "GPT-4o", ("openai", "gpt-4o")),
            ("openai", "openai/gpt-4o", ("openai", "gpt-4o")),
            ("", "openai/gpt-4o", ("openai", "gpt-4o")),
            ("litellm", "xai/grok-3", ("x_ai", "grok-3")),
            ("", "gemini/models/gemini-2.5-pro", ("gcp.gemini", "gemini-2.5-pro")),
            ("gcp.gemini", "models/gemini-2.5-pro", ("gcp.gemini", "gemini-2.5-pro")),
            ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", ("gcp.vertex_ai", "gemini-2.5-pro")),
            (
                "gcp.vertex_ai",
                "projects/p/locations/us/publishers/anthropic/models/claude-opus-4-6",
                ("gcp.vertex_ai", "claude-opus-4-6"),
            ),
            ("aws.bedrock", "us.amazon.nova-lite-v1:0", ("aws.bedrock", "amazon.nova-lite-v1:0")),
            (
                "aws.bedrock",
                "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0",
                ("aws.bedrock", "amazon.nova-lite-v1:0"),
            ),
            (
                "",
                "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
                ("aws.bedrock", "amazon.nova-lite-v1:0"),
            ),
            ("", "bedrock/us.amazon.nova-lite-v1:0", ("aws.bedrock", "amazon.nova-lite-v1:0")),
            ("openai", "ft:gpt-4.1-2025-04-14:org:name:id", ("openai", "ft:gpt-4.1-2025-04-14")),
            ("openai", "gpt-5.2-20251211", ("openai", "gpt-5.2-2025-12-11")),
            ("gateway", "anthropic/claude-sonnet-4.5", ("anthropic", "claude-sonnet-4-5")),
            ("vercel", "openai/gpt-5-mini", ("openai", "gpt-5-mini")),
            ("vercel", "openai/gpt-5-mini", ("vercel", "openai/gpt-5-mini")),
            ("anthropic", "claude-opus-4-6[1m]", ("anthropic", "claude-opus-4-6")),
            ("aws.bedrock", "us.anthropic.claude-opus-4-6-v1[1m]", ("aws.bedrock", "anthropic.claude-opus-4-6-v1")),
            (
                "aws.bedrock",
                "claude-sonnet-4-5-20250929",
                ("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
            ),
        ] {
            check(provider, model, known, true);
        }
    }

    #[test]
    fn nothing_else_is() {
        for (provider, model, known) in [
            ("openai", "gpt-4o-mini", ("openai", "gpt-4o")),
            ("openai", "my-gpt-4o", ("openai", "gpt-4o")),
            ("ollama", "openai/gpt-4o", ("openai", "gpt-4o")),
            ("openai", "gpt-4.1", ("openai", "gpt-4-1")),
            ("anthropic", "claude-opus-4-6[2m]", ("anthropic", "claude-opus-4-6")),
            ("anthropic", "claude-opus", ("anthropic", "anthropic.claude-opus")),
            ("openai", "anthropic/claude-opus-4-6", ("openai", "claude-opus-4-6")),
            ("openai", "us.gpt-4o", ("openai", "gpt-4o")),
            ("openai", "gpt-5.2-20251399", ("openai", "gpt-5.2-2025-13-99")),
            ("aws.bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", ("aws.bedrock", "abc")),
        ] {
            check(provider, model, known, false);
        }
    }
}
