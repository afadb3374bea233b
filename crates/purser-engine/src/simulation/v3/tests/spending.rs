//! Success, a stop at the budget, how a budget burns down, what many runs come to.

use super::*;

/// One or three dollars, as often.
fn either() -> Value {
    json!({"id": "either", "branch": [
        {"probability": 0.5, "then": [fixed("one", 1.0, 10.0)]}, {"probability": 0.5, "then": [fixed("three", 3.0, 10.0)]}
    ]})
}

#[test]
fn a_success_costs_what_all_runs_cost_by_those_that_do_not_fail() {
    let world = World::new();
    let said = world.run(&json!([step("a", json!(1), json!(10), 0.25)]), &quick());
    let successes = 2_000 - (said.failure_probability * 2_000.0).round() as i128;
    assert!((1_400..1_600).contains(&successes), "{successes}");
    let expected = Money::from_pico((2_000 * 1_000_000_000_000 + successes / 2) / successes);
    assert_eq!(said.cost_per_success_usd, Some(expected));
    let never = world.run(&json!([step("a", json!(1), json!(10), 1.0)]), &quick());
    assert_eq!(never.cost_per_success_usd, None);
    let always = world.run(&json!([fixed("a", 1.0, 10.0)]), &quick());
    assert_eq!(always.cost_per_success_usd, Some(usd("1")));
}

#[test]
fn a_stop_at_the_budget_spends_no_more_and_loses_the_run() {
    let world = World::new();
    let options = Options { budget_usd: Some(usd("2")), ..quick() };
    let said = world.run(&json!([either()]), &options);
    let kept = (said.within_budget.unwrap_or_default() * 2_000.0).round() as i128;
    assert!((900..1_100).contains(&kept), "{kept}");
    let stop = said.stop_at_budget.expect("there is a budget");
    assert!((stop.stopped_probability - (1.0 - kept as f64 / 2_000.0)).abs() < 1e-12);
    // One dollar for those within, two for those that are stopped.
    let spent = (kept + 2 * (2_000 - kept)) * 1_000_000_000_000;
    assert_eq!(stop.mean_usd, Money::from_pico((spent + 1_000) / 2_000));
    assert_eq!(stop.cost_per_success_usd, Some(Money::from_pico((spent + kept / 2) / kept)));
    // A budget that every run keeps stops none, and one that none keeps lets none succeed.
    let wide = world.run(&json!([either()]), &Options { budget_usd: Some(usd("3")), ..quick() });
    let stop = wide.stop_at_budget.expect("there is a budget");
    assert_eq!((stop.stopped_probability, stop.mean_usd), (0.0, wide.cost_usd.mean));
    let none = world.run(&json!([either()]), &Options { budget_usd: Some(usd("0.5")), ..quick() });
    let stop = none.stop_at_budget.expect("there is a budget");
    assert_eq!((stop.mean_usd, stop.cost_per_success_usd), (usd("0.5"), None));
    assert_eq!(world.run(&json!([either()]), &quick()).stop_at_budget, None);
}

#[test]
fn a_budget_burns_down_step_by_step() {
    let world = World::new();
    let steps = json!([fixed("a", 1.0, 1.0), {"id": "b", "parallel": [fixed("c", 2.0, 1.0), fixed("d", 3.0, 1.0)]}]);
    let options = Options { budget_usd: Some(usd("10")), ..quick() };
    let said = world.run(&steps, &options);
    let points: Vec<(&str, Money, Money)> =
        said.burn_down.iter().map(|point| (point.node.as_str(), point.mean_usd, point.p90_usd)).collect();
    assert_eq!(points, [("a", usd("1"), usd("1")), ("b", usd("6"), usd("6"))]);
    assert!(world.run(&steps, &quick()).burn_down.is_empty(), "there is no budget");
    // What fails half the time lets half of the rest be spent.
    let said = world.run(&json!([step("a", json!(1), json!(1), 0.5), fixed("b", 2.0, 1.0)]), &options);
    let [first, last] = said.burn_down.as_slice() else { panic!("{:?}", said.burn_down) };
    assert_eq!((first.mean_usd, last.mean_usd), (usd("1"), said.cost_usd.mean));
    assert_eq!((first.p90_usd, last.p90_usd), (usd("1"), usd("3")));
    // What has been spent in the end is what the plan costs.
    let dear = step("a", json!({"lognormal": {"p50": 1, "p90": 3}}), json!(1), 0.0);
    let said = world.run(&json!([dear, fixed("b", 2.0, 1.0)]), &Options { draws: 10_000, ..options });
    assert_eq!(said.burn_down[1].p90_usd, said.cost_usd.p90);
}

#[test]
fn a_long_plan_burns_down_in_fifty_points_that_end_at_its_cost() {
    let world = World::new();
    let steps: Vec<Value> = (0..120).map(|step| fixed(&format!("s{step}"), 0.5, 1.0)).collect();
    let said = world.run(&json!(steps), &Options { budget_usd: Some(usd("100")), ..quick() });
    assert_eq!(said.burn_down.len(), 50);
    assert_eq!(said.burn_down[49].mean_usd, usd("60"));
    // The first point is after step ⌊120/50⌋.
    assert_eq!((said.burn_down[0].node.as_str(), said.burn_down[0].mean_usd), ("s1", usd("1")));
    assert!(said.burn_down.is_sorted_by_key(|point| point.mean_usd));
}

#[test]
fn many_runs_come_to_their_mean_and_scatter_less() {
    let world = World::new();
    let sum = |steps: Value, runs| {
        let said = world.run(&steps, &Options { runs: Some(runs), ..quick() });
        (said.roll_up.expect("it was asked for"), said)
    };
    let (twelve, _) = sum(json!([fixed("a", 1.0, 1.0)]), 12);
    assert_eq!([twelve.p10_usd, twelve.mean_usd, twelve.p90_usd], [usd("12"); 3]);
    let (one, said) = sum(json!([either()]), 1);
    assert_eq!([one.p10_usd, one.mean_usd, one.p90_usd], [said.cost_usd.p10, said.cost_usd.mean, said.cost_usd.p90]);
    // One or three dollars: mean 2, deviation 1. Of n runs P90 is 2n + 1.28·√n.
    for (runs, tolerance) in [(100, 2.0), (1_000_000, 200.0)] {
        let (sum, said) = sum(json!([either()]), runs);
        let n = runs as f64;
        let of = |money: Money| money.pico() as f64 / 1e12;
        // The mean of one is rounded to a pico-dollar, the sum's is not until it is summed.
        let rounded = sum.mean_usd.pico() - said.cost_usd.mean.pico() * i128::from(runs);
        assert!(rounded.abs() <= i128::from(runs), "{runs}: {rounded}");
        let above = of(sum.p90_usd) - of(sum.mean_usd);
        assert!((above - 1.2816 * n.sqrt()).abs() < tolerance, "{runs}: {above}");
        let below = of(sum.mean_usd) - of(sum.p10_usd);
        assert!((below - 1.2816 * n.sqrt()).abs() < tolerance, "{runs}: {below}");
    }
    assert_eq!(world.run(&json!([either()]), &quick()).roll_up, None);
}

#[test]
fn calls_that_share_their_fate_fail_together() {
    let world = World::new();
    let fails = |steps: Value, failure_correlation| {
        let said = world.run(&steps, &Options { failure_correlation, draws: 20_000, ..quick() });
        (said.failure_probability, said.cost_usd.mean)
    };
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 0.015, "{found} is not {expected}");
    let half = |id: &str| step(id, json!(1), json!(1), 0.5);
    let both = json!([{"parallel": [half("a"), half("b")]}]);
    // Apart: 1 − ½·½. Together: ½. With ½: a shared fate for both in half of the runs, else apart.
    near(fails(both.clone(), 0.0).0, 0.75);
    near(fails(both.clone(), 1.0).0, 0.5);
    near(fails(both.clone(), 0.5).0, 0.5 * 0.5 + 0.5 * 0.75);
    assert_eq!(fails(both.clone(), 1.0).1, fails(both, 0.0).1, "what is paid does not change");
    // An outage outlasts a retry.
    let retried = json!([{"id": "a", "skill": "kv_get", "usage": {"cost_usd": 1, "latency_ms": 1, "failure": 0.5}, "retry": {"attempts": 3}}]);
    near(fails(retried.clone(), 0.0).0, 0.125);
    near(fails(retried, 1.0).0, 0.5);
    // Other skills have other outages, and so have models of other providers than a skill.
    let other = json!({"id": "b", "skill": "http_call", "usage": {"cost_usd": 1, "latency_ms": 1, "failure": 0.5}});
    near(fails(json!([{"parallel": [half("a"), other]}]), 1.0).0, 0.75);
    let models = |name: &str| json!({"id": name, "llm": {"provider": "acme", "model": name, "prompt": "x", "failure": 0.5, "output_tokens": 1}});
    near(fails(json!([{"parallel": [models("large"), models("small")]}]), 1.0).0, 0.5);
}
