//! Walks one usage object key by key and decides at its end what depends on the whole.
//! Invariant: every key ends in a count, a unit, a word, an error or a finding.

use purser_domain::context_window::ContextWindow;
use purser_domain::money::Money;
use purser_domain::provider;
use purser_domain::unit::Quantity;
use purser_domain::usage_event::FieldError;

use super::iteration::Iterations;
use super::key::{Dialect, Group, Meaning, READS, Slot, Told, meaning};
use super::{Api, Origin, UsageObject, number};
use crate::field;
use crate::json::{self, Picked};
use crate::normalise::{self, Accounting};

/// The state of reading one object.
#[derive(Default)]
pub(super) struct Reader<'a> {
    origin: Origin<'a>,
    object: UsageObject,
    dialect: Dialect,
    /// Parts of the input stand in an object of their own, as OpenAI has them.
    has_input_parts: bool,
    /// Parts of the output do.
    has_output_parts: bool,
    /// A key names the cache as those do who count it beside the input.
    names_beside: bool,
    /// What tools read, beside the prompt: in all, and by modality.
    tool_input: u64,
    /// What tools read that the total read has, or that is free and stands in the sum of all tokens alone.
    inner_tool_input: u64,
    more: Vec<(Slot, u64)>,
    /// Quantities that are billed where no tokens stand for them: unit, test, key and value.
    instead: Vec<(&'static str, Told, String, String)>,
    /// The sum of all tokens contains some that no other count has.
    ignores_total: bool,
    upstream_cost: Option<Money>,
    is_byok: bool,
    iterations: Option<Iterations>,
}

impl<'a> Reader<'a> {
    /// Nothing is read yet.
    pub(super) fn new(origin: Origin<'a>) -> Self {
        Self { origin, ..Self::default() }
    }

    /// Reads a member of the object or of a group within it.
    pub(super) fn member(&mut self, group: Group, key: &str, value: &str) {
        if value == "null" {
            return;
        }
        if group == Group::Top && key == "iterations" {
            self.iterations = Some(Iterations::read(value, Origin { api: Api::Messages, ..self.origin }));
            return;
        }
        match meaning(group, key) {
            None => match tier_of(group, key) {
                Some((tier, key)) => {
                    self.object.service_tier = Some(tier.to_owned());
                    self.member(group, &key, value);
                }
                None => self.unknown(group, key, value),
            },
            Some(Meaning::Nothing) => {}
            Some(Meaning::Text) => self.text(key, value),
            Some(Meaning::Parts(parts)) if value.starts_with(['{', '[']) => self.parts(parts, value),
            Some(Meaning::Cost) if value.starts_with('{') => self.parts(Group::Cost, value),
            // LangChain's sum of cache writes stands where others have the split.
            Some(Meaning::Parts(Group::Writes)) => self.count(key, value, |counts| &mut counts.cache_write),
            Some(Meaning::Parts(_)) => {}
            Some(Meaning::Cost) => self.object.cost = self.money(key, value).or(self.object.cost),
            Some(Meaning::Ticks) => self.ticks(value),
            Some(Meaning::UpstreamCost) => self.upstream_cost = self.money(key, value),
            Some(Meaning::Input(dialect)) => self.total(dialect, key, value, |counts| &mut counts.input),
            Some(Meaning::Output(dialect)) => self.total(dialect, key, value, |counts| &mut counts.output),
            Some(Meaning::Count(slot)) => self.count(key, value, slot),
            Some(Meaning::Beside(slot)) => {
                self.names_beside = true;
                self.count(key, value, slot);
            }
            Some(Meaning::More(slot)) => {
                if let Some(count) = self.number(key, value) {
                    self.more.push((slot, count));
                }
            }
            Some(Meaning::InnerToolInput) => self.inner_tool_input = self.number(key, value).unwrap_or(0),
            Some(Meaning::ToolInput) => self.tool_input = self.number(key, value).unwrap_or(0),
            // Perplexity counts the invocations of each tool in an object of its own.
            Some(Meaning::Searches) if value.starts_with('{') => {
                if let Some(count) = Picked::read(value, ["invocation"]).and_then(|tool| tool.raw("invocation")) {
                    self.member(group, key, count);
                }
            }
            Some(Meaning::Searches) => {
                let searches = self.number(key, value).unwrap_or(0);
                let known = &mut self.object.reported.web_searches;
                *known = if group == Group::Tools { *known + searches } else { (*known).max(searches) };
            }
            Some(Meaning::Unit(name)) => self.unit(name, key, value),
            Some(Meaning::Instead(name, told)) => self.instead.push((name, told, key.to_owned(), value.to_owned())),
            Some(Meaning::Seconds) => {
                let is_video = self.origin.operation == "video_generation";
                let name = if is_video { "video_seconds" } else { "audio_seconds" };
                self.instead.push((name, READS, key.to_owned(), value.to_owned()));
            }
            Some(Meaning::AudioSeconds) => {
                self.unit("audio_seconds", key, value);
                self.ignores_total = true;
            }
        }
    }

    /// Reads an object of parts, or a list of them with their modality, time to live or type.
    fn parts(&mut self, group: Group, value: &str) {
        if value.starts_with('{') {
            self.has_input_parts |= group == Group::Input;
            self.has_output_parts |= group == Group::Output;
            let _ = json::fields(value, |key, value| self.member(group, &key, value));
            return;
        }
        for element in json::elements(value) {
            let names = ["modality", "ttl", "type", "tokenCount", "token_count", "tokens", "inputTokens", "count"];
            let Some(part) = Picked::read(element, names) else { continue };
            let Some(name) = part.first(&names[..3]) else { continue };
            self.has_output_parts |= group == Group::Output;
            if let Some(count) = names[3..].iter().find_map(|name| part.raw(name)) {
                self.member(group, &name.to_ascii_lowercase(), count);
            }
        }
    }

    /// A total counts in the preferred dialect that has one above zero.
    fn total(&mut self, dialect: Dialect, key: &str, value: &str, slot: Slot) {
        let Some(count) = self.number(key, value) else { return };
        let is_empty = self.object.reported.input == 0 && self.object.reported.output == 0;
        if dialect != self.dialect {
            let wins = self.dialect == Dialect::Empty || (count > 0 && (is_empty || dialect > self.dialect));
            if !wins {
                return;
            }
            self.dialect = dialect;
            (self.object.reported.input, self.object.reported.output) = (0, 0);
        }
        let known = slot(&mut self.object.reported);
        *known = (*known).max(count);
    }

    /// A count that stands twice is the larger one: senders set the name that they do not use to 0.
    fn count(&mut self, key: &str, value: &str, slot: Slot) {
        if let Some(count) = self.number(key, value) {
            let known = slot(&mut self.object.reported);
            *known = (*known).max(count);
        }
    }

    fn number(&mut self, key: &str, value: &str) -> Option<u64> {
        if value.starts_with(['{', '[', 't', 'f']) {
            return None;
        }
        match number::count(value) {
            Ok(count) => count,
            // A record may have texts under the short names of buckets: `input`, `output`.
            Err(_) if self.origin.api == Api::Flat && value.starts_with('"') && !key.contains("oken") => None,
            Err(reason) => {
                self.object.errors.push(FieldError::new(key, &field::shown(value), reason));
                None
            }
        }
    }

    /// Adds a quantity that is above zero.
    fn unit(&mut self, name: &str, key: &str, value: &str) {
        let text = field::shown(value);
        match text.trim().parse::<Quantity>() {
            Ok(quantity) if quantity.micros() > 0 => {
                let known = self.object.units.entry(name.to_owned()).or_default();
                *known = (*known).max(quantity);
            }
            Ok(_) => {}
            Err(_) if self.origin.api == Api::Flat && !is_negative(&text) => {}
            Err(reason) => self.object.errors.push(FieldError::new(key, &text, reason)),
        }
    }

    fn money(&mut self, key: &str, value: &str) -> Option<Money> {
        let text = field::shown(value);
        match field::money(text.trim()) {
            Ok(cost) if cost >= Money::ZERO => return Some(cost),
            Ok(_) => self.object.errors.push(FieldError::new(key, &text, "must not be negative")),
            Err(reason) => self.object.errors.push(FieldError::new(key, &text, reason)),
        }
        None
    }

    fn text(&mut self, key: &str, value: &str) {
        if key == "is_byok" {
            self.is_byok = value == "true";
        }
        let Some(text) = json::string(value).filter(|text| !text.is_empty()) else { return };
        let object = &mut self.object;
        match key {
            "speed" => object.speed = Some(text.to_ascii_lowercase()).filter(|speed| speed != "standard"),
            "inference_geo" => object.inference_geo = Some(text.into_owned()).filter(|geo| geo != "not_available"),
            // Perplexity's fee for the request goes by the size of the search; deep research is billed by the query.
            "search_context_size" if self.origin.provider == "perplexity" && !self.origin.model.contains("deep") => {
                let name = format!("requests_{}", text.to_ascii_lowercase());
                if purser_domain::unit::is_name(&name) {
                    object.units.insert(name, Quantity::whole(1).unwrap_or_default());
                }
            }
            "currency" => object.currency = Some(text.into_owned()),
            "trafficType" | "traffic_type" => object.service_tier = traffic(&text).map(str::to_owned),
            "service_tier" | "serviceTier" => object.service_tier = normalise::service_tier(&text),
            _ => {}
        }
    }

    fn ticks(&mut self, value: &str) {
        // One tick is 10⁻¹⁰ USD: 100 pico-dollars.
        if let Ok(Some(ticks)) = number::count(value) {
            self.object.cost = Some(Money::from_pico(i128::from(ticks) * 100));
        }
    }

    /// Notes a key without a rule: of a record of many fields only what is called like a count.
    fn unknown(&mut self, group: Group, key: &str, value: &str) {
        const PARAMETERS: [&str; 4] = ["max_", "budget_tokens", "min_", "tokens_per_"];
        if group == Group::Top && self.origin.api == Api::Flat {
            let is_count = key.contains("token") || key.starts_with("input") || key.starts_with("output");
            if !is_count || PARAMETERS.iter().any(|name| key.contains(name)) {
                return;
            }
        }
        let is_latency = key.contains("latency") || key.ends_with("_ms") || key.ends_with("_time");
        if self.object.unknown.len() < 10 && !is_latency && has_nonzero(value) {
            self.object.unknown.push(key.to_owned());
        }
    }

    /// Decides what depends on the whole object.
    pub(super) fn finish(mut self) -> UsageObject {
        self.take_total_for_input();
        self.object.reported.input += self.tool_input;
        self.object.tool_input = self.tool_input;
        for (slot, count) in std::mem::take(&mut self.more) {
            *slot(&mut self.object.reported) += count;
        }
        let counts = &mut self.object.reported;
        if counts.total == counts.input + counts.output + self.inner_tool_input {
            // LiteLLM leaves what Gemini's search read for nothing out of the prompt, but not out of the sum.
            counts.total -= self.inner_tool_input;
        }
        if self.dialect == Dialect::Gemini {
            self.split_geminis_output();
        }
        if self.ignores_total || !self.object.unknown.is_empty() {
            self.object.reported.total = 0;
        }
        if self.dialect == Dialect::Billed {
            // What is billed is no more divided; `cached_tokens` are part of the tokens that were not all billed.
            self.object.reported.cache_read = 0;
        }
        self.name_direct_output();
        self.object.bill_grounding(self.origin.model);
        self.take_iterations();
        self.take_units();
        if self.is_byok
            && let (Some(cost), Some(upstream)) = (self.object.cost, self.upstream_cost)
        {
            self.object.cost = cost.checked_add(upstream);
        }
        self.object.accounting = (self.dialect != Dialect::Empty).then(|| self.accounting());
        self.object
    }

    /// Gemini's modalities are inside what was written; thoughts stand beside, unless the sum of all tokens says that they
    /// are inside.
    fn split_geminis_output(&mut self) {
        let counts = &mut self.object.reported;
        let modalities = counts.output_audio + counts.output_image + counts.output_video;
        let thoughts_inside = counts.total > 0 && counts.total == counts.input + counts.output;
        let inside = modalities + if thoughts_inside { counts.reasoning } else { 0 };
        if let Some(text) = counts.output.checked_sub(inside) {
            counts.output = text;
        }
    }

    /// Of what only reads, the sum of all tokens is the input.
    fn take_total_for_input(&mut self) {
        if self.dialect != Dialect::Empty || self.object.reported.total == 0 {
            return;
        }
        if matches!(self.origin.operation, "embeddings" | "rerank" | "moderation") || self.origin.provider == "voyage" {
            self.dialect = Dialect::Chat;
            self.object.reported.input = self.object.reported.total;
        } else {
            self.object.unknown.push("total".to_owned());
        }
    }

    /// What an image or speech endpoint writes is image or audio, also where it does not say so.
    fn name_direct_output(&mut self) {
        let counts = &mut self.object.reported;
        if self.has_output_parts || counts.output_image + counts.output_audio > 0 {
            return;
        }
        let model = self.origin.model.rsplit('/').next().unwrap_or_default();
        let is_image = ["gpt-image", "chatgpt-image"].iter().any(|family| model.starts_with(family));
        if self.origin.operation == "image_generation" || is_image {
            counts.output_image = counts.output;
        } else if self.origin.operation == "speech" {
            counts.output_audio = counts.output;
        }
    }

    fn take_iterations(&mut self) {
        let Some(iterations) = self.iterations else { return };
        if let Some(longest) = iterations.add_to(&mut self.object.reported) {
            self.object.context_window = ContextWindow::new(0, Some(longest));
        }
        if iterations.other_model_tokens > 0 {
            self.unit("other_model_tokens", "iterations", &iterations.other_model_tokens.to_string());
        }
    }

    /// Images, seconds and characters are billed where no tokens stand for them.
    fn take_units(&mut self) {
        for (name, told, key, value) in std::mem::take(&mut self.instead) {
            if !told(&self.object.reported) {
                self.unit(name, &key, &value);
            }
        }
    }

    /// Which totals contain their parts: by the API, and who serves it.
    fn accounting(&self) -> Accounting {
        match self.dialect {
            Dialect::Buckets => Accounting::BUCKETS,
            Dialect::Billed => Accounting::TOTALS,
            // Thoughts stand beside what was written, unless the sum of all tokens says that they are inside.
            Dialect::Gemini => Accounting { input_is_total: true, output_is_total: self.object.reported.total > 0 },
            Dialect::Camel if self.names_beside => Accounting::ANTHROPIC,
            Dialect::Camel => Accounting::TOTALS,
            Dialect::Chat => Accounting { input_is_total: true, output_is_total: !self.reasons_beside() },
            Dialect::Tokens | Dialect::Empty if self.counts_beside() => Accounting::ANTHROPIC,
            Dialect::Tokens | Dialect::Empty => Accounting::TOTALS,
        }
    }

    /// Whether `input_tokens` leaves the cache out.
    fn counts_beside(&self) -> bool {
        let is_claude = || {
            self.origin.provider == "anthropic"
                || provider::maker(self.origin.model) == Some("anthropic")
                || self.origin.model.contains("claude")
        };
        match self.origin.api {
            Api::Messages => true,
            Api::Totals => false,
            // OpenAI's shape, whoever serves it: only it has the parts of the input in an object.
            _ if self.has_input_parts => false,
            _ => self.names_beside || is_claude(),
        }
    }

    /// Whether reasoning is not part of `completion_tokens`. xAI's own total tells, where there is one.
    fn reasons_beside(&self) -> bool {
        match self.origin.provider {
            "perplexity" => true,
            "x_ai" => self.origin.api != Api::LiteLlm && self.object.reported.total == 0,
            _ => false,
        }
    }
}

fn is_negative(text: &str) -> bool {
    text.trim().starts_with('-') && purser_domain::money::parse_decimal(text.trim()).is_ok()
}

/// LangChain marks the counts of a tier: `input_flex_cache_read` is `input_cache_read` of the tier `flex`.
fn tier_of(group: Group, key: &str) -> Option<(&'static str, String)> {
    let (before, marked) = match group {
        Group::Top => ["input_", "output_"].iter().find_map(|before| Some((*before, key.strip_prefix(before)?)))?,
        Group::Input | Group::Output => ("", key),
        _ => return None,
    };
    let tier = ["flex", "priority", "batch"].into_iter().find(|tier| marked.starts_with(tier))?;
    let name = match marked[tier.len()..].strip_prefix('_') {
        Some(rest) => format!("{before}{rest}"),
        // The rest of the direction, as `text` is.
        None if marked.len() == tier.len() && before.is_empty() => "text".to_owned(),
        None if marked.len() == tier.len() => before.trim_end_matches('_').to_owned(),
        None => return None,
    };
    Some((tier, name))
}

/// Whether a number that is not zero stands in a value, at most one level down.
fn has_nonzero(value: &str) -> bool {
    if value.starts_with('[') {
        return json::elements(value).into_iter().any(|element| !element.starts_with('[') && has_nonzero(element));
    }
    if !value.starts_with('{') {
        return number::is_nonzero(value);
    }
    let mut found = false;
    let _ = json::fields(value, |_, value| found |= number::is_nonzero(value));
    found
}

/// The tier of Gemini's `trafficType`.
fn traffic(name: &str) -> Option<&'static str> {
    match name {
        "ON_DEMAND" => Some("standard"),
        "ON_DEMAND_PRIORITY" => Some("priority"),
        "ON_DEMAND_FLEX" => Some("flex"),
        "ON_DEMAND_OFFPEAK" => Some("off_peak"),
        "PROVISIONED_THROUGHPUT" => Some("provisioned_throughput"),
        _ => None,
    }
}
