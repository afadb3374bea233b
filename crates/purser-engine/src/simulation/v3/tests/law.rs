//! Laws, over generated plans, and for each that has exceptions an example of one.

use proptest::prelude::*;

use super::*;

/// A driver of small dollars or milliseconds.
fn driver() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0.0..5.0).prop_map(|value| json!(value)),
        (0.0..2.0, 0.0..3.0).prop_map(|(low, more)| json!({"uniform": {"low": low, "high": low + more}})),
        (0.01..2.0, 1.0..8.0).prop_map(|(p50, ratio)| json!({"lognormal": {"p50": p50, "p90": p50 * ratio}})),
        (0.0..6.0).prop_map(|mean| json!({"poisson": {"mean": mean}})),
        (1.0..6.0).prop_map(|mean| json!({"geometric": {"mean": mean}})),
    ]
}

/// Steps without failures: no abort, fallback, shared cache or growing context.
fn steps() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec((driver(), driver()), 1..7).prop_map(|drivers| {
        drivers.into_iter().enumerate().map(|(i, (cost, latency))| step(&format!("s{i}"), cost, latency, 0.0)).collect()
    })
}

fn options(seed: u64) -> Options {
    Options { draws: 700, seed, advice: false, ..Options::default() }
}

fn run(steps: &[Value], seed: u64) -> Estimate {
    World::new().run(&Value::from(steps.to_vec()), &options(seed))
}

fn at_most(less: &Estimate, more: &Estimate) -> bool {
    let cost = |estimate: &Estimate| {
        let spread = estimate.cost_usd;
        [spread.mean, spread.p10, spread.p50, spread.p90, spread.p99]
    };
    let latency = |estimate: &Estimate| {
        let spread = estimate.latency_ms;
        [spread.mean, spread.p10, spread.p50, spread.p90, spread.p99]
    };
    cost(less).iter().zip(cost(more)).all(|(less, more)| *less <= more)
        && latency(less).iter().zip(latency(more)).all(|(less, more)| *less <= more)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_sequence_costs_the_sum_of_its_steps_in_every_draw(steps in steps(), seed: u64) {
        let whole = run(&steps, seed);
        let parts: Vec<Estimate> = steps.iter().map(|step| run(std::slice::from_ref(step), seed)).collect();
        // The mean is rounded to a pico-dollar for each part.
        let sum: i128 = parts.iter().map(|part| part.cost_usd.mean.pico()).sum();
        prop_assert!((whole.cost_usd.mean.pico() - sum).abs() <= steps.len() as i128);
        let (first, rest) = steps.split_at(steps.len() / 2);
        if !first.is_empty() {
            // And so do two halves under one roof.
            let halves = run(&[json!({"sequence": first}), json!({"sequence": rest})], seed);
            prop_assert_eq!(halves.cost_usd, whole.cost_usd);
            prop_assert_eq!(halves.latency_ms, whole.latency_ms);
        }
    }

    #[test]
    fn the_order_of_independent_steps_is_irrelevant(
        (steps, shuffled) in steps().prop_flat_map(|steps| (Just(steps.clone()), Just(steps).prop_shuffle())), seed: u64
    ) {
        let (first, second) = (run(&steps, seed), run(&shuffled, seed));
        prop_assert_eq!(&first, &second);
        let parallel = |steps: Vec<Value>| run(&[json!({"parallel": steps})], seed);
        prop_assert_eq!(parallel(steps), parallel(shuffled));
    }

    #[test]
    fn parallel_is_never_slower_than_sequence_and_costs_the_same(steps in steps(), seed: u64) {
        let sequence = run(&steps, seed);
        let parallel = run(&[json!({"parallel": steps})], seed);
        prop_assert_eq!(sequence.cost_usd, parallel.cost_usd);
        prop_assert!(at_most(&parallel, &sequence));
    }

    #[test]
    fn taking_a_step_out_raises_no_quantile(steps in steps(), index: prop::sample::Index, seed: u64) {
        let mut fewer = steps.clone();
        fewer.remove(index.index(steps.len()));
        prop_assert!(at_most(&run(&[vec![fixed("rest", 0.0, 0.0)], fewer].concat(), seed), &run(&steps, seed)));
    }

    #[test]
    fn cost_rises_with_iterations(steps in steps(), count in 0_u32..6, seed: u64) {
        let turns = |count: u32| run(&[json!({"id": "l", "loop": {"count": count, "body": steps}})], seed);
        prop_assert!(at_most(&turns(count), &turns(count + 1)));
        let times = |count: u32| run(&[json!({"skill": "llm_invoke", "iterations": count + 1})], seed);
        prop_assert!(times(count).cost_usd.mean <= times(count + 1).cost_usd.mean);
    }

    #[test]
    fn cost_rises_with_length_without_ids_too(lengths in prop::collection::vec(0_usize..200, 1..5), more in 1_usize..300, index: prop::sample::Index, seed: u64) {
        let call = |length: usize| json!({"skill": "llm_invoke", "params": {"provider": "acme", "model": "large", "prompt": "word ".repeat(length)},
            "usage": {"failure": 0}});
        let mut longer = lengths.clone();
        longer[index.index(lengths.len())] += more;
        let all = |lengths: &[usize]| run(&lengths.iter().map(|length| call(*length)).collect::<Vec<_>>(), seed);
        prop_assert!(at_most(&all(&lengths), &all(&longer)));
    }

    #[test]
    fn cost_rises_with_the_price(cents in 1_u32..1_000, more in 1_u32..1_000, seed: u64) {
        let steps = json!([{"llm": {"provider": "acme", "model": "m", "prompt": "Hello", "turns": {"geometric": {"mean": 3}}}}]);
        let at = |cents: u32| {
            let text: &'static str = Box::leak(format!("{cents}e-2").into_boxed_str());
            World::with_prices(vec![price("m", vec![tier("standard", 0, [text, text, text, text])])]).run(&steps, &options(seed))
        };
        prop_assert!(at_most(&at(cents), &at(cents + more)));
    }

    #[test]
    fn quantiles_ascend(steps in steps(), seed: u64) {
        let cost = run(&steps, seed).cost_usd;
        prop_assert!(cost.p10 <= cost.p50 && cost.p50 <= cost.p90 && cost.p90 <= cost.p99);
    }

    #[test]
    fn threads_change_nothing(steps in steps(), threads in 2_usize..9, failure in 0.0..0.5, seed: u64) {
        let world = World::new();
        let body = [steps, vec![step("f", json!(1), json!(1), failure)]].concat();
        let steps = plan(&json!([{"retry": {"attempts": 2, "jitter": 0.5}, "sequence": body}]));
        let run = |threads| simulate(&steps, world.sources(), &options(seed), threads).expect("it runs");
        prop_assert_eq!(run(1), run(threads));
    }

    #[test]
    fn the_mean_is_within_its_standard_error_of_the_analytic_mean(mean in 0.1..8.0, p in 0.0..1.0, turns in 1.0..5.0, seed: u64) {
        // Branch: p·mean. Loop of a geometric count: turns·mean. Independent, so the means add.
        let cost = json!({"poisson": {"mean": mean}});
        let steps = json!([
            {"id": "b", "branch": [{"probability": p, "then": step("x", cost.clone(), json!(0), 0.0)}, {"probability": 1.0 - p, "then": []}]},
            {"id": "l", "loop": {"count": {"geometric": {"mean": turns}}, "max": 1000, "body": step("y", cost, json!(0), 0.0)}}
        ]);
        let estimate = World::new().run(&steps, &Options { draws: 10_000, ..options(seed) });
        let analytic: f64 = (p + turns) * mean;
        let (got, error): (f64, f64) = (dollars(estimate.cost_usd.mean), dollars(estimate.cost_usd.standard_error));
        // Five standard errors: once in 1.7 million cases by chance.
        prop_assert!((got - analytic).abs() < 5.0 * error + 1e-3, "{} is not {} ± {}", got, analytic, error);
    }
}

fn dollars(money: Money) -> f64 {
    money.pico() as f64 / 1e12
}

#[test]
fn retries_have_their_analytic_mean() {
    // Three attempts at failure 0.3: 1 + 0.3 + 0.09 attempts, all fail with 0.027.
    let mut node = step("x", json!(1), json!(0), 0.3);
    node["retry"] = json!({"attempts": 3, "delay_ms": 0});
    let estimate = World::new().run(&json!([node]), &Options { draws: 50_000, ..options(3) });
    let error = dollars(estimate.cost_usd.standard_error);
    assert!((dollars(estimate.cost_usd.mean) - 1.39).abs() < 4.0 * error, "{:?}", estimate.cost_usd);
    assert!((estimate.failure_probability - 0.027).abs() < 0.003, "{}", estimate.failure_probability);
    // Failed attempts: 0.3 + 0.09 + 0.027.
    assert!((dollars(estimate.failed_work_usd) - 0.417).abs() < 0.015, "{}", estimate.failed_work_usd);
}

#[test]
fn the_budget_itself_is_within_the_budget() {
    let steps = json!([fixed("a", 0.1, 20.0)]);
    let at = |budget: &str, deadline| {
        let options = Options { budget_usd: Some(usd(budget)), deadline_ms: Some(deadline), ..quick() };
        World::new().run(&steps, &options)
    };
    assert!(at("0.1", 20).feasible);
    let short = at("0.099999999999", 20);
    assert_eq!(short.violations, [Violation::Budget { probability: 0.0, margin_usd: usd("0.000000000001") }]);
    assert_eq!(short.expected_overrun_usd, Some(usd("0.000000000001")));
    assert_eq!(at("0.1", 19).violations, [Violation::Deadline { probability: 0.0, margin_ms: 1 }]);
}

#[test]
fn with_abort_a_step_more_may_cost_less() {
    // Counter-example: a free step that always fails, put first, saves all that would follow.
    let dear = fixed("dear", 5.0, 1.0);
    let fails = step("fails", json!(0), json!(0), 1.0);
    assert!(run(&[fails, dear.clone()], 1).cost_usd.mean < run(&[dear], 1).cost_usd.mean);
}

#[test]
fn without_ids_taking_a_step_out_may_raise_a_quantile() {
    // Counter-example: all steps are of one size, so that the one that is left draws with numbers of the one taken out.
    let plan = |costs: &[f64]| {
        let step = |cost: &f64| {
            let spread = json!({"lognormal": {"p50": cost, "p90": cost * 4.0}});
            json!({"skill": "x", "usage": {"cost_usd": spread, "latency_ms": 0, "failure": 0}})
        };
        Value::from(costs.iter().map(step).collect::<Vec<_>>())
    };
    let rises = |seed| {
        let cost = |costs: &[f64]| run(&[json!({"id": "all", "sequence": plan(costs)})], seed).cost_usd;
        cost(&[1.0]).p99 > cost(&[0.001, 1.0]).p99
    };
    assert!((0..20).any(rises));
}

#[test]
fn with_abort_the_order_matters() {
    let (dear, fails) = (fixed("dear", 5.0, 1.0), step("fails", json!(0), json!(0), 0.5));
    assert!(run(&[fails.clone(), dear.clone()], 1).cost_usd.mean < run(&[dear, fails], 1).cost_usd.mean);
}

#[test]
fn with_a_fallback_fewer_failures_may_cost_more() {
    let with = |failure| {
        let mut node = step("x", json!(5), json!(0), failure);
        node["timeout_ms"] = json!(10);
        let dear_after = fixed("after", 10.0, 0.0);
        let mut guarded = json!({"id": "g", "sequence": [node, dear_after]});
        guarded["fallback"] = fixed("cheap", 0.1, 0.0);
        run(&[guarded], 1).cost_usd.mean
    };
    assert!(with(1.0) < with(0.0), "the fallback is cheaper than what it replaces");
}

#[test]
fn with_growing_context_turns_cost_more_than_their_number() {
    let turns = |turns: u32| {
        run(&[json!({"llm": {"provider": "acme", "model": "large", "input_tokens": 100, "output_tokens": 100, "turns": turns,
            "latency_ms": 1, "failure": 0}})], 1).cost_usd.mean.pico()
    };
    assert!(turns(4) > 4 * turns(1), "each turn reads the ones before");
}
