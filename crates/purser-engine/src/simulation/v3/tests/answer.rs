//! What an answer says beside its quantiles.

use purser_domain::calibration::Fit;
use purser_domain::driver::Driver;

use super::*;

#[test]
fn the_same_question_has_the_same_bytes_and_another_seed_has_others() {
    let steps = json!([{"llm": {"provider": "acme", "model": "large", "prompt": "Hello"}}, {"skill": "http_call"}]);
    let bytes = |seed| {
        let estimate = World::new().run(&steps, &Options { seed, ..quick() });
        serde_json::to_string(&estimate).expect("it serialises")
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn every_violated_constraint_is_told_with_its_margin() {
    let options = Options {
        budget_usd: Some(usd("0.25")),
        deadline_ms: Some(5),
        allowed_skills: Some(BTreeSet::from(["kv_get".to_owned()])),
        ..quick()
    };
    let steps = json!([
        {"id": "a", "skill": "kv_get", "usage": {"cost_usd": {"uniform": {"low": 0, "high": 0.5}}, "latency_ms": 7, "failure": 0}},
        {"id": "b", "llm": {"provider": "acme", "model": "small", "input_tokens": 0, "output_tokens": 0, "latency_ms": 0, "failure": 0}}
    ]);
    let estimate = World::new().run(&steps, &options);
    let [Violation::Budget { probability, margin_usd }, deadline, permission] = estimate.violations.as_slice() else {
        panic!("{:?}", estimate.violations)
    };
    // Half the draws are above; nine in ten are within 0.45.
    assert!((probability - 0.5).abs() < 0.05, "{probability}");
    assert!((margin_usd.pico() - usd("0.2").pico()).abs() < usd("0.02").pico(), "{margin_usd}");
    assert_eq!(*deadline, Violation::Deadline { probability: 0.0, margin_ms: 2 });
    assert_eq!(*permission, Violation::Permission { node: "b".to_owned(), skill: "llm_invoke".to_owned() });
    // E max(0, U − 0.25) for U up to 0.5 = 0.0625.
    let overrun = estimate.expected_overrun_usd.expect("there is a budget");
    assert!((overrun.pico() - usd("0.0625").pico()).abs() < usd("0.006").pico(), "{overrun}");
    assert!(!estimate.feasible);
}

#[test]
fn an_empty_allow_list_denies_all() {
    let options = Options { allowed_skills: Some(BTreeSet::new()), ..quick() };
    assert!(!World::new().run(&json!([{"skill": "kv_get"}]), &options).feasible);
    assert!(World::new().run(&json!([{"skill": "kv_get"}]), &quick()).feasible);
}

#[test]
fn each_driver_names_its_source() {
    let mut world = World::new();
    world.calibration.fits.push(Fit {
        skill: "answer".to_owned(),
        model: "large".to_owned(),
        runs: 40,
        output_tokens: Some(Driver::Constant(1_000.0)),
        turns: Some(Driver::Constant(2.0)),
        failure: Some(0.0),
        ..Fit::default()
    });
    let llm = |extra: Value| {
        let mut call =
            json!({"provider": "acme", "model": "large", "skill": "answer", "input_tokens": 0, "latency_ms": 1});
        for (name, value) in extra.as_object().expect("an object") {
            call[name] = value.clone();
        }
        world.run(&json!([{"id": "a", "llm": call}]), &quick())
    };
    let fitted = llm(json!({}));
    // Two answers of 1,000 tokens at $15, the first of them read once more at $3.
    assert_eq!(fitted.cost_usd.p50, usd("0.033"));
    let source = |estimate: &Estimate, part| {
        estimate.drivers.iter().find(|driver| driver.part == part).map(|driver| driver.source)
    };
    assert_eq!(source(&fitted, Part::OutputTokens), Some(Source::Fitted));
    assert_eq!(source(&fitted, Part::Turns), Some(Source::Fitted));
    // Input and latency from the request; turns, output and failures fitted; tools assumed.
    let basis = &fitted.basis;
    assert_eq!((basis.drivers_from_request, basis.drivers_fitted, basis.drivers_assumed), (2, 3, 2));
    let told = llm(json!({"output_tokens": 10, "turns": 1}));
    assert_eq!(source(&told, Part::OutputTokens), Some(Source::Request));
    let other = llm(json!({"skill": "something_else"}));
    assert_eq!(source(&other, Part::OutputTokens), Some(Source::Prior));
}

#[test]
fn shares_add_up_to_the_mean_and_about_to_p90() {
    let steps = json!([
        {"id": "a", "llm": {"provider": "acme", "model": "large", "prompt": "Hello", "turns": {"geometric": {"mean": 4}}}},
        {"id": "b", "skill": "x", "usage": {"cost_usd": {"lognormal": {"p50": 0.01, "p90": 0.02}}, "latency_ms": 1, "failure": 0.2}}
    ]);
    let estimate = World::new().run(&steps, &Options { draws: 5_000, ..quick() });
    let sum = |pick: fn(&DriverShare) -> Money| estimate.drivers.iter().map(pick).sum::<Money>().pico() as f64;
    let mean = estimate.cost_usd.mean.pico() as f64;
    assert!((sum(|share| share.mean_usd) - mean).abs() <= 10.0);
    let p90 = estimate.cost_usd.p90.pico() as f64;
    assert!((sum(|share| share.p90_usd) / p90 - 1.0).abs() < 0.08);
    assert!(estimate.drivers.windows(2).all(|two| two[0].p90_usd >= two[1].p90_usd));
}

#[test]
fn what_has_no_price_is_refused_and_never_free() {
    let world = World::new();
    let call = |model: &str, batch: bool| json!([{"id": "a", "llm": {"provider": "acme", "model": model, "prompt": "x", "batch": batch}}]);
    let refused = |model: &str, batch, at: &str| match world.try_run(&call(model, batch), &quick()) {
        Err(SimulateError::Unpriced { reason, .. }) => assert_eq!(reason.name(), at),
        other => panic!("{other:?}"),
    };
    refused("unheard-of", false, "unknown_model");
    refused("small", true, "no_rate_for_tier");
    assert!(world.try_run(&call("small", false), &quick()).is_ok());
    let message = world.try_run(&call("unheard-of", false), &quick()).expect_err("unknown").to_string();
    assert_eq!(message, "a: no price for \"unheard-of\" of \"acme\": unknown_model");
    let elsewhere = json!([{"id": "a", "llm": {"provider": "bazaar", "model": "small", "prompt": "x"}}]);
    let message = world.try_run(&elsewhere, &quick()).expect_err("not theirs").to_string();
    assert_eq!(message, "a: no price for \"small\" of \"bazaar\": unknown_model; name a provider that sells it: acme");
}

#[test]
fn what_is_too_much_is_refused_with_the_bound() {
    let world = World::new();
    assert_eq!(world.try_run(&json!([]), &quick()), Err(SimulateError::EmptyPlan));
    let dear = json!([{"loop": {"count": 10_000, "body": fixed("a", 10_000.0, 1.0)}}]);
    let message = world.try_run(&dear, &quick()).expect_err("too expensive").to_string();
    assert_eq!(message, "the plan may cost 100000000.000000000000 dollars, above the bound of 10000000");
    let long = json!([{"loop": {"count": 1_000, "body": {"loop": {"count": 1_000, "body": {"skill": "kv_get"}}}}}]);
    let message = world.try_run(&long, &Options { draws: 2_001, ..quick() }).expect_err("too much").to_string();
    assert_eq!(message, "2001 draws of about 1000000 steps and turns are above the bound of 2000000000");
}

#[test]
fn attempts_count_as_work() {
    // Six times ten attempts of what always fails: 10^6 steps of one run, too many for 2,001 draws.
    let nested = |failure: f64| {
        let inner = step("x", json!(0), json!(0), failure);
        json!([(0..6).fold(inner, |inner, _| json!({"sequence": [inner], "retry": {"attempts": 10, "delay_ms": 0}}))])
    };
    let try_run = |failure| World::new().try_run(&nested(failure), &Options { draws: 2_001, ..quick() });
    let message = try_run(1.0).expect_err("too much").to_string();
    assert_eq!(message, "2001 draws of about 1000000 steps and turns are above the bound of 2000000000");
    // With 0.1 it is 1.1111 attempts of the innermost, and hardly a second one further out.
    assert!(try_run(0.1).is_ok() && try_run(0.0).is_ok());
}

#[test]
fn an_unknown_skill_is_taken_for_dear_and_reported() {
    let estimate = World::new().run(&json!([{"skill": "mystery"}, {"skill": "kv_get"}]), &quick());
    assert_eq!(estimate.unknown_skills, ["mystery"]);
    assert!(estimate.cost_usd.mean > usd("0.05"));
}

#[test]
fn many_draws_use_a_sketch_and_few_are_exact() {
    let steps = json!([{"skill": "x", "usage": {"cost_usd": {"lognormal": {"p50": 0.01, "p90": 0.05}}, "latency_ms": 1, "failure": 0}}]);
    let at = |draws| World::new().run(&steps, &Options { draws, ..quick() }).cost_usd.p90.pico() as f64;
    let (exact, sketch) = (at(99_999), at(100_000));
    assert!((sketch / exact - 1.0).abs() < 1.0 / 2_048.0 + 0.005, "{exact} {sketch}");
}

#[test]
fn shares_and_margins_hold_with_a_sketch_too() {
    for draws in [99_999, 100_000] {
        let at = |budget: &str, deadline| {
            let limits = Options { budget_usd: Some(usd(budget)), deadline_ms: Some(deadline), ..quick() };
            World::new().run(&json!([fixed("a", 1.0, 10_000.0)]), &Options { draws, ..limits })
        };
        let short = at("0.99995", 9_999);
        // Every run costs $1: that is what drives P90.
        assert_eq!(short.drivers[0].p90_usd, usd("1"), "{draws}");
        let [Violation::Budget { margin_usd, .. }, Violation::Deadline { margin_ms, .. }] = *short.violations else {
            panic!("{:?}", short.violations)
        };
        // $0.00005 is missing. A bucket at 10^12 pico-dollars is 2^29 of them wide, one at 10^7 µs 2^13.
        assert!(margin_usd >= usd("0.00005") && margin_usd <= usd("0.00059"), "{draws}: {margin_usd}");
        assert!((1..=9).contains(&margin_ms), "{draws}: {margin_ms}");
        assert!(at("1", 10_000).feasible, "{draws}");
    }
}
