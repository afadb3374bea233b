//! The counts of a call, out of the plain attributes and the usage objects that stand beside them.
//! Invariant: of several tellings that each make sense the most specific counts; none of them is added to another.

use purser_domain::unit::Quantity;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{FieldError, UsageEvent};

use super::assemble::{MISSING, Sighting};
use super::hint::Hints;
use super::tiered;
use crate::attribute::{Attributes, Count};
use crate::decoded::Decoded;
use crate::normalise::{Accounting, Reported};
use crate::usage_object::{Origin, UsageObject};

/// The counts that make usage known.
const USAGE: [Count; 6] =
    [Count::Input, Count::Output, Count::InputUncached, Count::CacheRead, Count::InputAudio, Count::Total];

/// Whether an item counts tokens in plain attributes.
pub(super) fn has_plain(attributes: &Attributes<'_>) -> bool {
    USAGE.iter().any(|count| attributes.count(*count).is_some())
}

/// Sets everything that `event` counts.
pub(super) fn fill(
    event: &mut UsageEvent,
    sighting: &Sighting<'_, '_>,
    hints: &Hints<'_>,
    decoded: &mut Decoded,
    errors: &mut Vec<FieldError>,
) {
    let Sighting { emitter, attributes, .. } = *sighting;
    errors.extend(attributes.bad.iter().map(|(name, value)| FieldError::new(name, value, "must be a whole number")));
    if let Some(number) = attributes.negative() {
        errors.push(FieldError::new("gen_ai.usage", &number, "a count must not be negative"));
        return;
    }
    for name in &attributes.unknown {
        decoded.unknown_usage(emitter.name, name);
    }
    let objects = objects(hints, event);
    let mut accounting = emitter.accounting_for(&event.provider, &event.model);
    // xAI's answers differ; its sum of all tokens contains the reasoning either way.
    accounting.output_is_total |=
        event.provider == "x_ai" && attributes.quantity(Count::Total).is_some_and(|sum| sum > 0);
    let (mut plain, accounting) = reported(attributes, accounting);
    for part in objects.iter().filter(|object| !object.has_tokens()) {
        add_parts(&mut plain, &part.reported);
    }
    let has_plain = has_plain(attributes);
    let known = if objects.is_empty() || !has_plain { None } else { plain.settle(accounting).ok() };
    match most_specific(&objects, known, has_plain) {
        Some(object) => {
            errors.extend(object.errors.iter().cloned());
            object.fill(emitter.name, event, decoded);
        }
        None => plain.fill(accounting, event),
    }
    for object in &objects {
        add_words(event, object);
    }
    add_units(event, attributes, errors);
    if !has_plain && !objects.iter().any(UsageObject::has_tokens) && event.units.is_empty() {
        event.tags.insert(MISSING.to_owned(), "missing".to_owned());
    }
}

/// The usage objects that stand in JSON.
fn objects(hints: &Hints<'_>, event: &mut UsageEvent) -> Vec<UsageObject> {
    let mut objects = Vec::new();
    for (text, api) in &hints.usage {
        let (text, tier) = tiered::plain(text);
        let origin = Origin { provider: &event.provider, model: &event.model, api: *api, ..Origin::default() };
        objects.extend(UsageObject::read(&text, origin));
        if event.service_tier.is_none() {
            event.service_tier = tier.map(str::to_owned);
        }
    }
    objects
}

/// The usage object that says more of the call than the plain attributes, which have the counts of `known`.
fn most_specific(objects: &[UsageObject], known: Option<Usage>, has_plain: bool) -> Option<&UsageObject> {
    let mut best = known.map_or(0, |usage| usage.specificity());
    let mut found = None;
    for object in objects.iter().filter(|object| object.has_tokens()) {
        let settled = object.reported.settle(object.accounting()).ok();
        let Some(usage) = settled.filter(|usage| known.is_none_or(|known| is_of_same_call(&known, usage))) else {
            continue;
        };
        if usage.specificity() > best {
            best = usage.specificity();
            found = Some(object);
        }
    }
    // Where nothing makes sense the contradiction is told, with the counts in it.
    found.or_else(|| objects.iter().find(|object| object.has_tokens() && !has_plain))
}

/// Whether two tellings are of one call: they count as much, but for the cache or the reasoning that one leaves out.
/// An answer is content, too: it may hold usage of something else.
fn is_of_same_call(known: &Usage, told: &Usage) -> bool {
    let writes = [Leaf::CacheWrite5m, Leaf::CacheWrite1h, Leaf::CacheWrite12h].map(|leaf| told.get(leaf)).iter().sum();
    let parts = [told.get(Leaf::CacheRead), writes, told.get(Leaf::Reasoning)];
    let sum_of = |chosen: u8| (0..3).filter(|part| chosen >> part & 1 == 1).map(|part| parts[part]).sum::<u64>();
    let more = told.total_tokens().checked_sub(known.total_tokens());
    more.is_some_and(|more| (0..8).any(|chosen| sum_of(chosen) == more))
}

/// Adds the parts that an object without totals knows and the attributes do not.
fn add_parts(plain: &mut Reported, part: &Reported) {
    let slots = [
        (&mut plain.cache_read, part.cache_read),
        (&mut plain.cache_write, part.cache_write),
        (&mut plain.cache_write_5m, part.cache_write_5m),
        (&mut plain.cache_write_1h, part.cache_write_1h),
        (&mut plain.cache_write_12h, part.cache_write_12h),
        (&mut plain.reasoning, part.reasoning),
        (&mut plain.web_searches, part.web_searches),
    ];
    for (slot, count) in slots {
        if *slot == 0 {
            *slot = count;
        }
    }
}

/// What an object says in words, where the event does not know it yet.
fn add_words(event: &mut UsageEvent, object: &UsageObject) {
    for (slot, told) in [
        (&mut event.service_tier, &object.service_tier),
        (&mut event.inference_geo, &object.inference_geo),
        (&mut event.speed, &object.speed),
    ] {
        if slot.is_none() {
            slot.clone_from(told);
        }
    }
    for (name, quantity) in &object.units {
        event.units.entry(name.clone()).or_insert(*quantity);
    }
}

fn add_units(event: &mut UsageEvent, attributes: &Attributes<'_>, errors: &mut Vec<FieldError>) {
    for (unit, text) in &attributes.units {
        match text.parse::<Quantity>() {
            Ok(quantity) if quantity.micros() > 0 => {
                event.units.entry((*unit).to_owned()).or_insert(quantity);
            }
            Ok(_) => {}
            Err(reason) => errors.push(FieldError::new(*unit, text, reason.to_string())),
        }
    }
}

/// The plain token attributes.
fn reported(attributes: &Attributes<'_>, accounting: Accounting) -> (Reported, Accounting) {
    let count = |slot| attributes.quantity(slot).unwrap_or(0);
    let mut accounting = accounting;
    let mut reported = Reported {
        input: count(Count::Input),
        cache_read: count(Count::CacheRead),
        cache_write: count(Count::CacheWrite),
        cache_write_5m: count(Count::CacheWrite5m),
        cache_write_1h: count(Count::CacheWrite1h),
        cache_write_12h: count(Count::CacheWrite12h),
        output: count(Count::Output),
        reasoning: count(Count::Reasoning),
        input_audio: count(Count::InputAudio),
        cache_read_audio: count(Count::CacheReadAudio),
        output_audio: count(Count::OutputAudio),
        input_image: count(Count::InputImage),
        cache_read_image: count(Count::CacheReadImage),
        output_image: count(Count::OutputImage),
        input_video: count(Count::InputVideo),
        output_video: count(Count::OutputVideo),
        web_searches: count(Count::WebSearches),
        total: count(Count::Total),
    };
    reported = reported.with_tool_results(count(Count::ToolResults));
    if let Some(uncached) = attributes.quantity(Count::InputUncached) {
        // The emitter has split the total itself, and its output is a total for every provider.
        reported.input = uncached;
        accounting = Accounting { input_is_total: false, output_is_total: true };
    }
    (reported, accounting)
}
