use serde_json::json;

use super::*;

fn parse(value: &Value) -> Result<Driver, Vec<String>> {
    let mut errors = Vec::new();
    let driver = Driver::parse(value, "d", 1_000.0, &mut errors);
    driver.filter(|_| errors.is_empty()).ok_or_else(|| errors.iter().map(ToString::to_string).collect())
}

#[test]
fn every_form_is_read() {
    for (value, driver) in [
        (json!(3), Driver::Constant(3.0)),
        (json!({"constant": 2.5}), Driver::Constant(2.5)),
        (json!({"uniform": {"low": 1, "high": 2}}), Driver::Uniform { low: 1.0, high: 2.0 }),
        (json!({"lognormal": {"p50": 10, "p90": 40}}), Driver::LogNormal { p50: 10.0, p90: 40.0 }),
        (json!({"quantiles": [[0, 1], [1, 9]]}), Driver::Quantiles(vec![(0.0, 1.0), (1.0, 9.0)])),
        (json!({"samples": [9, 1, 5]}), Driver::Quantiles(vec![(0.0, 1.0), (0.5, 5.0), (1.0, 9.0)])),
        (json!({"samples": [4]}), Driver::Constant(4.0)),
        (json!({"poisson": {"mean": 3}}), Driver::Poisson { mean: 3.0 }),
        (json!({"geometric": {"mean": 3}}), Driver::Geometric { mean: 3.0 }),
        (json!({"bernoulli": {"p": 0.25}}), Driver::Bernoulli { p: 0.25 }),
    ] {
        assert_eq!(parse(&value), Ok(driver), "{value}");
    }
}

#[test]
fn what_is_wrong_is_refused_with_its_path_and_value() {
    for (value, path, rule) in [
        (json!("3"), "d", "must be a number, or one of"),
        (json!(null), "d", "must be a number, or one of"),
        (json!(-1), "d", "from 0 to 1000"),
        (json!(1001), "d", "from 0 to 1000"),
        (json!({"normal": 3}), "d.normal", "is unknown"),
        (json!({"constant": 1, "poisson": 2}), "d", "must be a number, or one of"),
        (json!({"uniform": {"low": 2, "high": 1}}), "d.uniform", "must not be above"),
        (json!({"uniform": {"low": 2}}), "d.uniform", "low and high"),
        (json!({"uniform": {"low": 2, "high": "x"}}), "d.uniform.high", "from 0 to 1000"),
        (json!({"uniform": {"low": 1, "high": 2, "mid": 3}}), "d.uniform", "low and high"),
        (json!({"lognormal": {"p50": 0, "p90": 1}}), "d.lognormal", "above 0"),
        (json!({"lognormal": {"p50": 1, "p90": 101}}), "d.lognormal", "at most 100 times"),
        (json!({"quantiles": [[0, 1]]}), "d.quantiles", "2 to 10000 items"),
        (json!({"quantiles": [[0, 1], [0.5, 2]]}), "d.quantiles", "from 0 to 1"),
        (json!({"quantiles": [[0, 2], [1, 1]]}), "d.quantiles", "must not fall"),
        (json!({"quantiles": [[0, 2], 3]}), "d.quantiles[1]", "[probability, value]"),
        (json!({"samples": []}), "d.samples", "1 to 10000 items"),
        (json!({"samples": [1, "x"]}), "d.samples[1]", "from 0 to 1000"),
        (json!({"poisson": {"mean": 501}}), "d.poisson.mean", "from 0 to 500"),
        (json!({"geometric": {"mean": 0.5}}), "d.geometric.mean", "from 1 to 1000"),
        (json!({"bernoulli": {"p": 1.5}}), "d.bernoulli.p", "from 0 to 1"),
    ] {
        let errors = parse(&value).expect_err("it must be refused");
        assert_eq!(errors.len(), 1, "{value}: {errors:?}");
        assert!(errors[0].starts_with(&format!("{path}: ")) && errors[0].contains(rule), "{value}: {}", errors[0]);
    }
}

#[test]
fn a_value_above_the_likely_largest_is_one_in_ten_thousand() {
    for (driver, likely) in [
        (Driver::Constant(7.0), 7.0),
        (Driver::Uniform { low: 1.0, high: 2.0 }, 2.0),
        // 10 · 2 · 2 · 2.
        (Driver::LogNormal { p50: 10.0, p90: 20.0 }, 80.0),
        // 400 + 4 · 20 + 4.
        (Driver::Poisson { mean: 400.0 }, 484.0),
        (Driver::Geometric { mean: 30.0 }, 300.0),
    ] {
        assert!((driver.likely_largest() - likely).abs() < 1e-9, "{driver:?}: {}", driver.likely_largest());
    }
    // Poisson of mean 1: P(X > 9) = 1.1e-7, while P(X > 5) = 6e-4 would be too much.
    assert!(Driver::Poisson { mean: 1.0 }.likely_largest() >= 6.0);
}

#[test]
fn a_scaled_driver_keeps_its_shape() {
    assert_eq!(Driver::Constant(4.0).scaled(0.5), Driver::Constant(2.0));
    assert_eq!(Driver::LogNormal { p50: 2.0, p90: 8.0 }.scaled(2.0), Driver::LogNormal { p50: 4.0, p90: 16.0 });
    assert_eq!(Driver::Geometric { mean: 1.5 }.scaled(0.5), Driver::Geometric { mean: 1.0 }, "one trial at least");
}
