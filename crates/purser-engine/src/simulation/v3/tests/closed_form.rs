//! Degenerate distributions give what a pocket calculator gives.

use purser_domain::calibration::Fit;
use purser_domain::driver::Driver;
use purser_domain::usage::Usage;
use purser_domain::usage_event::UsageEvent;

use super::*;
use crate::rating;

fn check(steps: &Value, cost: &str, latency_ms: u64) {
    let estimate = World::new().run(steps, &Options { draws: 300, ..quick() });
    let (cost, zero) = (usd(cost), Money::ZERO);
    let expected = Spread { mean: cost, standard_error: zero, p10: cost, p50: cost, p90: cost, p99: cost };
    assert_eq!(estimate.cost_usd, expected, "{steps}");
    let l = latency_ms;
    let expected = Spread { mean: l, standard_error: 0, p10: l, p50: l, p90: l, p99: l };
    assert_eq!(estimate.latency_ms, expected, "{steps}");
}

#[test]
fn steps_in_every_arrangement() {
    let (a, b) = (fixed("a", 0.1, 30.0), fixed("b", 0.02, 50.0));
    check(&json!([a, b]), "0.12", 80);
    check(&json!([{"sequence": [a, b]}]), "0.12", 80);
    check(&json!([{"parallel": [a, b]}]), "0.12", 50);
    check(&json!([{"parallel": []}, {"sequence": []}]), "0", 0);
    check(&json!([{"loop": {"count": 7, "body": [a, b]}}]), "0.84", 560);
    check(&json!([{"loop": {"count": 0, "body": a}}]), "0", 0);
    check(&json!([{"branch": [{"probability": 1, "then": a}, {"probability": 0, "then": b}]}]), "0.1", 30);
    // Five items at 30 ms: one at a time, two at a time (3 rounds), all at once.
    check(&json!([{"map": {"items": 5, "concurrency": 1, "body": a}}]), "0.5", 150);
    check(&json!([{"map": {"items": 5, "concurrency": 2, "body": a}}]), "0.5", 90);
    check(&json!([{"map": {"items": 5, "body": a}}]), "0.5", 30);
    check(
        &json!([{"skill": "x", "iterations": 4, "usage": {"cost_usd": 0.5, "latency_ms": 2.5, "failure": 0}}]),
        "2",
        10,
    );
}

#[test]
fn retries_timeouts_and_fallbacks() {
    let bad = |extra: Value| {
        let mut node = step("bad", json!(0.1), json!(30), 1.0);
        for (name, value) in extra.as_object().expect("an object") {
            node[name] = value.clone();
        }
        node
    };
    let after = fixed("after", 1.0, 1_000.0);
    // It fails and ends the plan: what follows is not done.
    check(&json!([bad(json!({})), after]), "0.1", 30);
    check(&json!([bad(json!({"on_error": "continue"})), after]), "1.1", 1_030);
    check(&json!([bad(json!({"fallback": fixed("other", 0.5, 5.0)})), after]), "1.6", 1_035);
    // Three attempts with pauses 100 + 200 between.
    let retry = json!({"attempts": 3, "backoff": "exponential", "delay_ms": 100});
    check(&json!([bad(json!({"retry": retry, "on_error": "continue"})), after]), "1.3", 1_390);
    // 30 ms never end within 20 ms: two attempts of 20 ms.
    let slow = json!({"id": "slow", "skill": "kv_get", "usage": {"cost_usd": 0.1, "latency_ms": 30, "failure": 0},
        "timeout_ms": 20, "retry": {"attempts": 2, "delay_ms": 0}, "on_error": "continue"});
    check(&json!([slow]), "0.2", 40);
    // A failure within a loop ends the loop and, around it, the plan.
    check(&json!([{"loop": {"count": 5, "body": bad(json!({}))}}, after]), "0.1", 30);
    // A failure in one of several parallel nodes stops none of the others.
    check(&json!([{"parallel": [bad(json!({})), fixed("c", 0.2, 70.0)]}, after]), "0.3", 70);
    check(&json!([{"map": {"items": 3, "concurrency": 1, "body": bad(json!({}))}}, after]), "0.3", 90);
}

#[test]
fn what_would_start_after_a_time_limit_is_not_paid() {
    let (a, b) = (fixed("a", 0.1, 30.0), fixed("b", 1.0, 1_000.0));
    let limited = |kind: &str, body: Value, timeout_ms: u64| json!([{"id": "group", kind: body, "timeout_ms": timeout_ms, "on_error": "continue"}]);
    // After 30 ms a limit of 20 ms is over, one of 30 ms is not: then b is begun, and paid.
    check(&limited("sequence", json!([a, b]), 20), "0.1", 20);
    check(&limited("sequence", json!([a, b]), 30), "1.1", 30);
    check(&limited("sequence", json!([a, b]), 1_030), "1.1", 1_030);
    check(
        &limited("sequence", json!([{"sequence": [a]}, {"branch": [{"probability": 1, "then": [b]}]}]), 20),
        "0.1",
        20,
    );
    // The third turn ends at 90 ms.
    check(&limited("loop", json!({"count": 10, "body": a}), 80), "0.3", 80);
    // A limit within ends with what it is on, and what follows it goes on.
    let inner = json!({"id": "inner", "sequence": [fixed("c", 0.1, 30.0), fixed("d", 1.0, 1_000.0)], "timeout_ms": 20,
        "on_error": "continue"});
    check(&json!([inner, b]), "1.1", 1_020);
    check(&limited("sequence", json!([inner, b]), 2_000), "1.1", 1_020);
    // Counter-example: a parallel or a map within the limit is paid to its end, even items that would start after it.
    check(&limited("parallel", json!([{"sequence": [a, b]}, fixed("c", 0.1, 30.0)]), 20), "1.2", 20);
    check(&limited("map", json!({"items": 6, "concurrency": 1, "body": a}), 20), "0.6", 20);
}

#[test]
fn a_model_call_costs_what_rating_says() {
    let world = World::new();
    let at = world.sources().at;
    for (input, output, batch) in [(1_234, 56, false), (1_234, 56, true), (200_000, 7, false), (200_001, 7, false)] {
        let steps = json!([{"llm": {"provider": "acme", "model": "large", "input_tokens": input, "output_tokens": output,
            "latency_ms": 10, "failure": 0, "batch": batch}}]);
        let event = UsageEvent {
            provider: "acme".to_owned(),
            model: "large".to_owned(),
            occurred_at: at,
            service_tier: batch.then(|| "batch".to_owned()),
            usage: Usage::default().with(Leaf::Input, input).with(Leaf::Output, output),
            ..UsageEvent::default()
        };
        let rated = rating::rate(&world.book, &event).rated_usd.expect("it is priced");
        assert_eq!(world.run(&steps, &quick()).cost_usd.p50, rated, "{input} {output} {batch}");
    }
}

#[test]
fn context_grows_over_turns_and_caches_are_read() {
    let call = |cache: &str| {
        json!([{"llm": {"provider": "acme", "model": "large", "input_tokens": 1_000, "system": "x", "output_tokens": 100,
            "turns": 3, "tool_calls": 2, "tool_result_tokens": 50, "latency_ms": 10, "failure": 0, "cache": cache}}])
    };
    // Contexts 1000, 1200, 1400; answers 3·100 at $15.
    // Off: 3600 tokens at $3 = $0.0108, answers $0.0045.
    check(&call("off"), "0.0153", 30);
    // Cold: written 1000 + 200 + 200 at $3.75 = 0.00525, read 1000 + 1200 at $0.3 = 0.00066, answers 0.0045.
    check(&call("cold"), "0.01041", 30);
    // Warm: the system prompt "x" (1 token times 1.15, rounded up, and 4 around it: 6) is read already.
    let prefix = crate::token::Family::of("large").count("x") + 4;
    assert_eq!(prefix, 6);
    // Six tokens at $0.3 rather than $3.75 per million: 20.7 micro-dollars less.
    check(&call("warm"), "0.0103893", 30);
}

#[test]
fn the_second_run_of_a_cold_call_finds_the_cache_of_the_first() {
    // Counter-example to "twice the loop, twice the cost": a shared cache.
    let call = |count: u64| {
        json!([{"loop": {"count": count, "body": {"llm": {"provider": "acme", "model": "large", "input_tokens": 10,
            "system": "x", "output_tokens": 0, "latency_ms": 0, "failure": 0, "cache": "cold"}}}}])
    };
    // First: 10 written at $3.75. Second: 6 read at $0.3, 4 written at $3.75.
    check(&call(1), "0.0000375", 0);
    check(&call(2), "0.0000543", 0);
}

#[test]
fn the_first_run_is_cold_in_whatever_turn_it_comes() {
    let call = json!({"llm": {"provider": "acme", "model": "large", "input_tokens": 10, "system": "x",
        "output_tokens": 0, "latency_ms": 0, "failure": 0, "cache": "cold"}});
    let maybe = |probability: f64| {
        let arms = json!([{"probability": probability, "then": call}, {"probability": 1.0 - probability, "then": []}]);
        json!([{"loop": {"count": 2, "body": {"branch": arms}}}])
    };
    // As above: $0.0000375 for one run, $0.0000543 for two. One run in half of the draws, two in a quarter:
    // 0.5 · 37.5 + 0.25 · 54.3 = 32.325 micro-dollars; were a lone run in the second turn warm, 27.15.
    let mean = World::new().run(&maybe(0.5), &quick()).cost_usd.mean.pico() as f64 / 1e6;
    assert!((mean - 32.325).abs() < 2.0, "{mean}");
    check(&maybe(1.0), "0.0000543", 0);
    // A retry after a failure finds the cache of the failed attempt: written 10, then 4, with 6 read.
    let mut failing = call;
    failing["llm"]["failure"] = json!(1);
    failing["retry"] = json!({"attempts": 2, "delay_ms": 0});
    check(&json!([failing]), "0.0000543", 0);
}

#[test]
fn many_turns_are_not_cut_unless_the_plan_says_so() {
    let mean = |world: &World, steps: Value, expected: f64, tolerance: f64| {
        let got = world.run(&steps, &quick()).cost_usd.mean.pico() as f64 / 1e12;
        assert!((got - expected).abs() < tolerance, "{steps}: {got}");
    };
    let mut world = World::new();
    let many = json!({"poisson": {"mean": 300}});
    // 300 times $1; the standard error over 2,000 draws is √300/√2000 = 0.39.
    let body = fixed("a", 1.0, 0.0);
    mean(&world, json!([{"loop": {"count": many, "body": body}}]), 300.0, 2.0);
    mean(&world, json!([{"map": {"items": many, "body": body}}]), 300.0, 2.0);
    mean(&world, json!([{"loop": {"count": many, "max": 50, "body": body}}]), 50.0, 1e-9);
    let call = |extra: Value| {
        let mut call = json!({"provider": "acme", "model": "small", "input_tokens": 1_000, "output_tokens": 0,
            "tool_calls": 0, "latency_ms": 0, "failure": 0});
        for (name, value) in extra.as_object().expect("an object") {
            call[name] = value.clone();
        }
        json!([{ "llm": call }])
    };
    // A turn reads 1,000 tokens at $0.5 per million: $0.0005.
    mean(&world, call(json!({"turns": many})), 0.15, 0.001);
    mean(&world, call(json!({"turns": many, "max_turns": 20})), 0.01, 1e-9);
    // Learned turns: sigma = ln 2/1.28155 = 0.5409, so 200·e^(sigma²/2) = 231.5 turns.
    let turns = Some(Driver::LogNormal { p50: 200.0, p90: 400.0 });
    world.calibration.fits.push(Fit { skill: "llm_invoke".to_owned(), runs: 40, turns, ..Fit::default() });
    mean(&world, call(json!({})), 0.115_75, 0.006);
}

#[test]
fn a_flat_step_with_a_model_is_counted_in_tokens() {
    // "hello world": 2 tokens of o200k · 1.15 rounded up = 3, 4 around it and 3 of the call; within 35 %.
    let steps = json!([{"skill": "llm_invoke", "params": {"provider": "acme", "model": "large", "prompt": "hello world", "max_tokens": 1},
        "usage": {"latency_ms": 1, "failure": 0}}]);
    let estimate = World::new().run(&steps, &quick());
    let input = estimate.drivers.iter().find(|driver| driver.part == Part::InputTokens).expect("it reads");
    // 10 tokens at $3 = 30 micro-dollars.
    assert!((input.mean_usd.pico() - 30_000_000).abs() < 200_000, "{input:?}");
    assert_eq!(input.source, Source::Request);
}

#[test]
fn messages_of_openai_count_as_its_cookbook_says_and_tools_only_about() {
    let world = World::with_prices(vec![price("gpt-4o", vec![tier("standard", 0, ["1", "0.5", "1", "1"])])]);
    let run = |extra: Value| {
        let mut call =
            json!({"provider": "acme", "model": "gpt-4o", "output_tokens": 0, "latency_ms": 0, "failure": 0});
        for (name, value) in extra.as_object().expect("an object") {
            call[name] = value.clone();
        }
        world.run(&json!([{ "llm": call }]), &quick()).cost_usd
    };
    let spread = |cost: Spread<Money>| (cost.p10, cost.p50, cost.p99);
    // "hello world" is 2 tokens: 2 + 4 + 3 of the call = 9, at $1 per million, and for certain.
    let hello = json!({"role": "user", "content": "hello world"});
    assert_eq!(spread(run(json!({"messages": [hello]}))), (usd("0.000009"), usd("0.000009"), usd("0.000009")));
    // Twice, and once more as system prompt: 3 · 6 + 3 = 21.
    let cost = run(json!({"messages": [hello, hello], "system": "hello world"}));
    assert_eq!(spread(cost), (usd("0.000021"), usd("0.000021"), usd("0.000021")));
    // A tool of 1,000 words counts n tokens of JSON, give or take 30 %: from 9 + 0.7·n to 9 + 1.3·n evenly.
    let tool = json!({"name": "f", "description": "word ".repeat(1_000)});
    let n = crate::token::Family::of("gpt-4o").count(&tool.to_string()) as f64;
    let cost = run(json!({"messages": [hello], "tools": [tool]}));
    let near = |got: Money, expected: f64| {
        assert!((got.pico() as f64 / 1e6 / expected - 1.0).abs() < 0.02, "{got} is not {expected} micro-dollars");
    };
    near(cost.p10, 9.0 + 0.76 * n);
    near(cost.p50, 9.0 + n);
    near(cost.p90, 9.0 + 1.24 * n);
}
