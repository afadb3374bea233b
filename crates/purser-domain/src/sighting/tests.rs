use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::money::Money;
use crate::time::Timestamp;
use crate::usage::Usage;

/// A sighting of a call of `model` from `start_ms` to `end_ms` that counted `input` and `output` tokens.
fn seen(id: &str, (start_ms, end_ms): (i64, i64), (input, output): (u64, u64)) -> UsageEvent {
    UsageEvent {
        event_id: id.to_owned(),
        source: "otlp".to_owned(),
        occurred_at: Timestamp::from_micros(1_795_176_000_000_000 + end_ms * 1_000),
        latency_ms: u64::try_from(end_ms - start_ms).ok(),
        provider: "openai".to_owned(),
        model: "gpt-4o".to_owned(),
        usage: Usage::default().with(Leaf::Input, input).with(Leaf::Output, output),
        ..UsageEvent::default()
    }
}

fn named(mut event: UsageEvent, response: &str) -> UsageEvent {
    event.response_id = Some(response.to_owned());
    event
}

fn placed(mut event: UsageEvent, span: &str, parent: Option<&str>) -> UsageEvent {
    event.trace_id = Some("t".to_owned());
    event.span_id = Some(span.to_owned());
    event.parent_span_id = parent.map(str::to_owned);
    event
}

fn by(emitter: &str) -> Witness {
    Witness { emitter: Some(emitter.into()), enclosing_span_id: None }
}

/// The ids of each call's sightings, the best first, and those around it.
fn ids(events: &[(UsageEvent, &str)]) -> Vec<(Vec<String>, Vec<String>)> {
    let witnesses: Vec<Witness> = events.iter().map(|(_, emitter)| by(emitter)).collect();
    let sightings: Vec<Sighting<'_>> =
        events.iter().zip(&witnesses).map(|((event, _), witness)| Sighting { event, witness }).collect();
    let ids = |places: Vec<usize>| places.into_iter().map(|place| events[place].0.event_id.clone()).collect();
    let mut found: Vec<_> = calls(&sightings).into_iter().map(|call| (ids(call.members), ids(call.around))).collect();
    found.sort();
    found
}

fn check(events: &[(UsageEvent, &str)], expected: &[&str]) {
    let found: Vec<String> = ids(events).into_iter().map(|(members, _)| members.join("+")).collect();
    assert_eq!(found, expected);
}

#[test]
fn one_response_id_is_one_call_whatever_the_provider_is_called() {
    let azure = |mut event: UsageEvent| {
        event.provider = "azure.ai.openai".to_owned();
        event
    };
    for id in ["chatcmpl-G1", "chatcmpl-000071868386"] {
        let app = named(seen("app", (0, 3_000), (1_200, 300)), id);
        let gateway = azure(named(seen("gateway", (100, 2_900), (1_200, 300)), id));
        check(&[(app.clone(), "sdk"), (gateway.clone(), "litellm")], &["app+gateway"]);
        let far = named(seen("far", (60_000, 63_000), (1_200, 300)), id);
        check(&[(app, "sdk"), (far, "litellm")], &["app", "far"]);
    }
}

#[test]
fn an_instrumentation_that_counts_the_start_of_a_stream_twice_sees_no_second_call() {
    let id = "msg_0123456789abcdef";
    let sdk = named(seen("sdk", (100, 2_900), (1_800, 300)), id);
    let outer = named(seen("outer", (0, 3_000), (1_800, 301)), id);
    check(&[(sdk.clone(), "sdk"), (outer.clone(), "framework")], &["outer+sdk"]);
    check(&[(sdk.clone(), "sdk"), (outer, "sdk")], &["outer", "sdk"]);
    let later = named(seen("later", (2_000, 3_500), (1_800, 301)), id);
    check(&[(sdk, "sdk"), (later, "framework")], &["later", "sdk"]);
}

#[test]
fn spans_inside_each_other_are_calls_of_their_own() {
    let one = placed(seen("a", (0, 1_000), (1_071, 100)), "a", Some("b"));
    let other = placed(seen("b", (0, 1_000), (1_072, 100)), "b", Some("a"));
    check(&[(one, "x"), (other, "x")], &["a", "b"]);
}

#[test]
fn an_id_shared_by_calls_of_other_counts_is_two_calls() {
    for id in ["chatcmpl-42", "1795176000123", "chatcmpl-000071868386"] {
        let one = named(seen("a", (0, 2_000), (1_000, 300)), id);
        let other = named(seen("b", (1_000, 3_000), (51_000, 300)), id);
        check(&[(one.clone(), "groq"), (other.clone(), "groq")], &["a", "b"]);
        check(&[(one, "groq"), (other, "gateway")], &["a", "b"]);
    }
}

#[test]
fn a_short_id_tells_a_call_only_between_instrumentations_or_within_a_trace() {
    let one = |id: &str| named(seen(id, (0, 2_000), (1_000, 300)), "42");
    check(&[(one("a"), "groq"), (one("b"), "groq")], &["a", "b"]);
    check(&[(one("a"), "groq"), (one("b"), "gateway")], &["a+b"]);
    check(&[(placed(one("a"), "1", None), "groq"), (placed(one("b"), "2", None), "groq")], &["a+b"]);
    let mut other_model = one("b");
    other_model.model = "llama-3".to_owned();
    check(&[(one("a"), "groq"), (other_model, "gateway")], &["a", "b"]);
}

#[test]
fn a_coarser_sighting_of_a_response_lacks_parts_but_contradicts_nothing() {
    let id = "msg_000071868402";
    let mut fine = named(seen("fine", (0, 1_000), (500, 100)), id);
    fine.usage.set(Leaf::CacheRead, 8_000);
    fine.usage.set(Leaf::Reasoning, 40);
    let lacks_all = named(seen("coarse", (0, 1_000), (500, 100)), id);
    check(&[(fine.clone(), "sdk"), (lacks_all, "app")], &["fine+coarse"]);
    let silent = named(seen("silent", (0, 1_000), (0, 0)), id);
    check(&[(fine.clone(), "sdk"), (silent, "app")], &["fine+silent"]);
    // 501 is neither 8,500 nor 8,500 − 8,000.
    let differs = named(seen("other", (0, 1_000), (501, 100)), id);
    check(&[(fine, "sdk"), (differs, "app")], &["fine", "other"]);
}

#[test]
fn a_call_inside_a_call_of_the_same_counts_is_that_call() {
    let outer = placed(seen("outer", (0, 1_000), (2_244, 321)), "a", None);
    let inner = placed(seen("inner", (10, 990), (2_244, 321)), "b", Some("a"));
    check(&[(inner.clone(), "adk"), (outer.clone(), "adk")], &["inner+outer"]);
    let silent = placed(seen("outer", (0, 1_000), (0, 0)), "a", None);
    check(&[(inner, "adk"), (silent, "adk")], &["inner+outer"]);
    let elsewhere = placed(seen("inner", (10, 990), (2_244, 321)), "b", Some("x"));
    check(&[(elsewhere, "adk"), (outer, "adk")], &["inner", "outer"]);
}

#[test]
fn what_has_several_calls_inside_it_stands_for_them() {
    let mut outer = placed(seen("outer", (0, 1_000), (300, 30)), "a", None);
    outer.user_id = Some("ada".to_owned());
    let one = placed(seen("one", (10, 400), (100, 10)), "b", Some("a"));
    let two = placed(seen("two", (500, 900), (200, 20)), "c", Some("a"));
    let found = ids(&[(outer, "x"), (one, "x"), (two, "x")]);
    let around = || vec!["outer".to_owned()];
    assert_eq!(found, [(vec!["one".to_owned()], around()), (vec!["two".to_owned()], around())]);
}

#[test]
fn a_call_of_another_model_inside_a_call_is_another_call() {
    let outer = placed(seen("outer", (0, 1_000), (300, 30)), "a", None);
    let mut inner = placed(seen("inner", (10, 400), (80, 0)), "b", Some("a"));
    inner.model = "text-embedding-3-small".to_owned();
    check(&[(outer, "x"), (inner, "x")], &["inner", "outer"]);
}

#[test]
fn a_call_that_names_another_response_inside_a_call_is_another_call() {
    let outer = placed(named(seen("outer", (0, 1_000), (300, 30)), "msg_000071868402"), "a", None);
    let inner = placed(named(seen("inner", (10, 400), (300, 30)), "msg_000071868405"), "b", Some("a"));
    check(&[(outer, "x"), (inner, "y")], &["inner", "outer"]);
}

#[test]
fn a_failed_try_inside_a_counted_call_is_no_call_of_its_own() {
    let outer = placed(seen("outer", (0, 1_000), (300, 30)), "a", None);
    let failed = placed(seen("failed", (10, 400), (0, 0)), "b", Some("a"));
    let again = placed(seen("again", (410, 990), (300, 30)), "c", Some("a"));
    check(&[(outer, "x"), (failed, "y"), (again, "y")], &["again+outer+failed"]);
}

#[test]
fn without_an_id_equal_counts_one_inside_the_other_are_one_call() {
    let framework = seen("framework", (0, 1_000), (11_500, 1_500));
    let sdk = named(seen("sdk", (100, 900), (11_500, 1_500)), "msg_000071868402");
    check(&[(framework.clone(), "langchain"), (sdk.clone(), "anthropic")], &["framework+sdk"]);
    check(&[(framework.clone(), "one"), (sdk.clone(), "one")], &["framework", "sdk"]);
    let later = named(seen("sdk", (1_100, 1_900), (11_500, 1_500)), "msg_000071868402");
    check(&[(framework.clone(), "langchain"), (later, "anthropic")], &["framework", "sdk"]);
    let other = seen("sdk", (100, 900), (11_500, 1_501));
    check(&[(framework.clone(), "langchain"), (other, "anthropic")], &["framework", "sdk"]);
    let known = named(framework, "msg_000071868405");
    check(&[(known, "langchain"), (sdk, "anthropic")], &["framework", "sdk"]);
}

#[test]
fn pairs_are_made_one_to_one_and_as_many_as_there_can_be() {
    let (counts, id) = ((100, 10), |n: u8| format!("msg_00000000{n}"));
    // The second fits the wide one best, but the first fits no other: 20 ms of air against 700.
    let wide = seen("wide", (0, 1_000), counts);
    let narrow = seen("narrow", (300, 900), counts);
    let first = named(seen("first", (150, 450), counts), &id(1));
    let second = named(seen("second", (10, 990), counts), &id(2));
    let events = [(wide, "lc"), (narrow, "lc"), (first, "sdk"), (second, "sdk")];
    check(&events, &["first+wide", "narrow+second"]);
}

#[test]
fn the_finest_split_of_every_part_is_kept() {
    let id = "msg_000071868402";
    let mut app = named(seen("app", (0, 1_000), (500, 1_500)), id);
    app.usage = app.usage.with(Leaf::CacheRead, 8_000).with(Leaf::CacheWrite5m, 3_000);
    app.user_id = Some("ada".to_owned());
    app.service_tier = Some("flex".to_owned());
    let mut sdk = named(seen("sdk", (10, 990), (11_500 - 3_000, 1_000)), id);
    sdk.usage = sdk.usage.with(Leaf::CacheWrite1h, 1_000).with(Leaf::CacheWrite5m, 2_000).with(Leaf::Reasoning, 500);
    sdk.reported_usd = Some(Money::from_pico(7));
    let witness = Witness::default();
    let sightings = [Sighting { event: &app, witness: &witness }, Sighting { event: &sdk, witness: &witness }];
    let found = calls(&sightings);
    assert_eq!(found.len(), 1);
    let merged = merge(&sightings, &found[0]);
    let expected = [
        (Leaf::Input, 500),
        (Leaf::CacheRead, 8_000),
        (Leaf::CacheWrite5m, 2_000),
        (Leaf::CacheWrite1h, 1_000),
        (Leaf::Output, 1_000),
        (Leaf::Reasoning, 500),
        (Leaf::Requests, 1),
    ];
    let leaves: BTreeMap<Leaf, u64> = merged.usage.iter().collect();
    assert_eq!(leaves, BTreeMap::from(expected));
    assert_eq!((merged.user_id.as_deref(), merged.service_tier.as_deref()), (Some("ada"), Some("flex")));
    assert_eq!((merged.event_id.as_str(), merged.reported_usd), ("sdk", Some(Money::from_pico(7))));
}

#[test]
fn a_sighting_that_names_no_model_joins_one_that_does_and_takes_its_name() {
    let log = seen("log", (1_000, 1_000), (20_000, 1_000));
    let mut span = seen("a-span", (1_001, 1_002), (20_000, 1_000));
    span.model = crate::usage_event::UNKNOWN_MODEL.to_owned();
    check(&[(log.clone(), "codex_otel.log_only"), (span.clone(), "codex_exec")], &["a-span+log"]);
    let witnesses = [by("codex_otel.log_only"), by("codex_exec")];
    let sightings =
        [Sighting { event: &log, witness: &witnesses[0] }, Sighting { event: &span, witness: &witnesses[1] }];
    assert_eq!(merge(&sightings, &calls(&sightings)[0]).model, "gpt-4o");
}

#[test]
fn the_name_of_the_provider_that_makes_the_model_is_preferred() {
    let id = "resp_000071868402";
    let mut app = named(seen("app", (0, 1_000), (500, 100)), id);
    app.provider = "anthropic".to_owned();
    let mut gateway = named(seen("gateway", (10, 990), (500, 100)), id);
    gateway.response_model = Some("gpt-4o-2024-08-06".to_owned());
    let witness = Witness::default();
    let sightings = [Sighting { event: &app, witness: &witness }, Sighting { event: &gateway, witness: &witness }];
    let merged = merge(&sightings, &calls(&sightings)[0]);
    assert_eq!((merged.event_id.as_str(), merged.provider.as_str()), ("app", "openai"));
    assert_eq!(merged.response_model.as_deref(), Some("gpt-4o-2024-08-06"));
}

/// What a call is seen by: a framework without an id, the SDK inside it, a gateway under another provider's name.
#[derive(Debug, Clone, Copy)]
struct Seen {
    framework: bool,
    sdk: bool,
    gateway: bool,
    nested: bool,
}

fn sightings_of(n: usize, seen_by: Seen) -> Vec<(UsageEvent, &'static str)> {
    // Calls of equal counts that overlap each other, every second one.
    let (start, n64) = ((n as i64 / 2) * 10_000 + (n as i64 % 2) * 700, (n / 4) as u64);
    let counts = (1_000 + n64, 100);
    let id = format!("chatcmpl-{n:012}");
    let mut events = Vec::new();
    let framework = seen(&format!("f{n}"), (start, start + 1_000), counts);
    let (outer, inner) = (format!("outer{n}"), format!("inner{n}"));
    if seen_by.framework {
        let mut event = if seen_by.nested { placed(framework, &outer, None) } else { framework };
        event.user_id = Some(format!("u{n}"));
        events.push((event, "framework"));
    }
    if seen_by.sdk || !(seen_by.framework || seen_by.gateway) {
        let sdk = named(seen(&format!("s{n}"), (start + 50, start + 950), counts), &id);
        let sdk = if seen_by.nested { placed(sdk, &inner, Some(&outer)) } else { sdk };
        events.push((sdk, "sdk"));
    }
    if seen_by.gateway {
        let mut gateway = named(seen(&format!("g{n}"), (start + 100, start + 900), counts), &id);
        gateway.provider = "azure.ai.openai".to_owned();
        gateway.service_tier = Some("flex".to_owned());
        events.push((gateway, "gateway"));
    }
    events
}

proptest! {
    #[test]
    fn sightings_of_n_calls_are_n_calls_with_all_facts_in_any_order(
        seen_by in prop::collection::vec(any::<(bool, bool, bool, bool)>(), 1..9),
        keys in prop::collection::vec(any::<u32>(), 27),
    ) {
        let mut events = Vec::new();
        let mut expected = Vec::new();
        for (n, (framework, sdk, gateway, nested)) in seen_by.into_iter().enumerate() {
            let seen_by = Seen { framework, sdk, gateway, nested };
            events.extend(sightings_of(n, seen_by));
            expected.push((framework, gateway));
        }
        let mut shuffled: Vec<_> = keys.into_iter().zip(events.clone()).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let merged = |events: &[(UsageEvent, &str)]| {
            let witnesses: Vec<Witness> = events.iter().map(|(_, emitter)| by(emitter)).collect();
            let sightings: Vec<Sighting<'_>> =
                events.iter().zip(&witnesses).map(|((event, _), witness)| Sighting { event, witness }).collect();
            let mut merged: Vec<UsageEvent> = calls(&sightings).iter().map(|call| merge(&sightings, call)).collect();
            merged.sort_by(|a, b| a.event_id.cmp(&b.event_id));
            merged
        };
        let found = merged(&events);
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found.iter().filter(|event| event.user_id.is_some()).count(), expected.iter().filter(|(f, _)| *f).count());
        prop_assert_eq!(found.iter().filter(|event| event.service_tier.is_some()).count(), expected.iter().filter(|(_, g)| *g).count());
        let shuffled: Vec<_> = shuffled.into_iter().map(|(_, event)| event).collect();
        prop_assert_eq!(found, merged(&shuffled));
    }
}
