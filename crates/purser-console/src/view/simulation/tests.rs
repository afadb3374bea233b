//! A simulation of hand-made figures.

use purser_domain::driver::Source;
use purser_domain::estimate::{
    Basis, Burn, Change as Kind, Part, RollUp, Spread, StopLoss, Sweep, SweepPoint, Violation,
};

use super::*;
use crate::view::sample::money;

fn spread<T: Copy>([mean, p10, p50, p90, p99]: [T; 5]) -> Spread<T> {
    Spread { mean, standard_error: mean, p10, p50, p90, p99 }
}

fn estimate() -> Estimate {
    let share = |node: &str, part, mean, p90| DriverShare {
        node: node.to_owned(),
        part,
        source: Source::Prior,
        mean_usd: money(mean),
        p90_usd: money(p90),
    };
    let mut drivers = vec![share("</script>ask", Part::OutputTokens, "0.6", "1.5")];
    drivers.extend((0..7).map(|index| share(&format!("step {index}"), Part::Call, "0.05", "0.06")));
    Estimate {
        feasible: false,
        violations: vec![
            Violation::Budget { probability: 0.8123, margin_usd: money("0.5") },
            Violation::Permission { node: "mail".to_owned(), skill: "email_send".to_owned() },
        ],
        cost_usd: spread(["1", "0.5", "0.9", "2", "4"].map(money)),
        latency_ms: spread([4_000, 900, 3_000, 8_000, 425_000]),
        within_budget: Some(0.8123),
        within_deadline: None,
        expected_overrun_usd: Some(money("0.1")),
        failure_probability: 0.0004,
        failed_work_usd: money("0.01"),
        drivers,
        drivers_left_off: 0,
        node_costs: std::collections::BTreeMap::new(),
        cost_per_success_usd: Some(money("1.1")),
        stop_at_budget: Some(StopLoss {
            stopped_probability: 0.1877,
            mean_usd: money("0.9"),
            cost_per_success_usd: None,
        }),
        burn_down: [("fetch", "0.3", "0.6"), ("ask", "1", "2")]
            .map(|(node, mean, p90)| Burn { node: node.to_owned(), mean_usd: money(mean), p90_usd: money(p90) })
            .into(),
        roll_up: Some(RollUp { runs: 3_000, mean_usd: money("3000"), p10_usd: money("2900"), p90_usd: money("3100") }),
        sweep: vec![SweepPoint {
            setting: Sweep::Prompt(0.5),
            cost_usd: spread(["0.5", "0.3", "0.4", "1", "2"].map(money)),
            latency_ms: spread([4_000, 900, 3_000, 8_000, 425_000]),
            within_budget: Some(0.95),
            within_deadline: None,
            failure_probability: 0.0004,
            feasible: true,
        }],
        advice: vec![Advice {
            change: Kind::Batch,
            saving_mean_usd: money("0.5"),
            saving_p90_usd: money("1"),
            latency_p90_ms: -1_500,
            failure_probability: 0.0004,
            feasible: true,
        }],
        unknown_skills: vec!["teleport".to_owned()],
        basis: Basis {
            model: "v3".to_owned(),
            model_version: "3.1.0".to_owned(),
            calibration_version: "none".to_owned(),
            prior_version: "1".to_owned(),
            price_versions: Vec::new(),
            seed: 42,
            draws: 10_000,
            drivers_from_request: 1,
            drivers_fitted: 2,
            drivers_assumed: 3,
        },
    }
}

fn view() -> Simulation {
    let options = Options { budget_usd: Some(money("1.5")), ..Options::default() };
    Simulation::new(&options, &estimate(), None)
}

#[test]
fn the_verdict_names_every_violation_with_its_margin() {
    let view = view();
    assert!(!view.feasible);
    assert_eq!(
        view.reasons,
        [
            "the budget is kept in 81.2\u{a0}% of runs, not in 90.0\u{a0}%: it would take $0.5000 more",
            "mail calls email_send, which is not allowed",
        ]
    );
}

#[test]
fn figures_stand_in_units_that_fit() {
    let view = view();
    let tiles: Vec<(&str, &str)> = view.tiles.iter().map(|tile| (tile.label, tile.text.as_str())).collect();
    assert_eq!(
        tiles,
        [
            ("Cost, mean", "$1.00"),
            ("Cost, P90", "$2.00"),
            ("Within budget", "81.2\u{a0}%"),
            ("Latency, P90", "8.0\u{a0}s"),
            ("Runs that fail", "<0.1\u{a0}%"),
        ]
    );
    let latencies: Vec<&str> = view.quantiles.iter().map(|quantile| quantile.latency.as_str()).collect();
    assert_eq!(latencies, ["900\u{a0}ms", "3.0\u{a0}s", "4.0\u{a0}s", "8.0\u{a0}s", "7\u{a0}min 5\u{a0}s"]);
    assert_eq!(view.caption, "Eight runs in ten cost $0.5000 to $2.00. The line is the budget, $1.50.");
    assert_eq!(view.advice[0].latency, "\u{2212}1.5\u{a0}s");
    assert_eq!(view.advice[0].words, "send calls as a batch");
}

#[test]
fn six_drivers_have_a_colour_and_the_rest_is_one_bar() {
    let view = view();
    assert_eq!(view.drivers.len(), 8);
    let classes: Vec<&str> = view.drivers.iter().map(|driver| driver.class.as_str()).collect();
    assert_eq!(classes[..2], ["series-0", "series-1"]);
    assert_eq!(classes[6..], ["", ""]);
    let figure: serde_json::Value = serde_json::from_str(&view.driver_chart).expect("JSON");
    assert_eq!(figure["data"].as_array().map(Vec::len), Some(7));
    // Two drivers of 0.05 and 0.06 are left.
    assert_eq!(figure["data"][6]["y"], serde_json::json!([0.1, 0.12]));
    assert_eq!(view.drivers[0].share.as_deref(), Some("60.0\u{a0}%"));
}

#[test]
fn spending_is_told_with_what_is_not_known_left_out() {
    let view = view();
    let text = |amount: &Option<Amount>| amount.as_ref().map_or_else(String::new, |amount| amount.text.clone());
    let rows: Vec<[String; 4]> =
        view.spends.iter().map(|row| [row.name.clone(), text(&row.p10), text(&row.mean), text(&row.p90)]).collect();
    let expected = [
        ["A run, for each that succeeds", "", "$1.10", ""],
        ["A run, if stopped at the budget (18.8\u{a0}% are)", "", "$0.9000", ""],
        ["The same, for each that succeeds", "", "", ""],
        ["3,000 runs together", "$2,900.00", "$3,000.00", "$3,100.00"],
    ];
    assert_eq!(rows, expected.map(|row| row.map(str::to_owned)));
    // 0.3 and 1 of a budget of 1.5.
    let shares: Vec<Option<&str>> = view.burn_down.iter().map(|row| row.share.as_deref()).collect();
    assert_eq!(shares, [Some("20.0\u{a0}%"), Some("66.7\u{a0}%")]);
    assert_eq!((view.settings[0].name.as_str(), view.settings[0].mean.text.as_str()), ("prompt=0.5", "$0.5000"));
    let without = Simulation::new(&Options::default(), &estimate(), None);
    assert!(without.burn_down.is_empty(), "nothing burns down without a budget");
}

#[test]
fn a_node_cannot_end_the_script_element() {
    assert!(!view().driver_chart.contains('<'));
    let figure: serde_json::Value = serde_json::from_str(&view().chart).expect("JSON");
    assert_eq!(figure["data"][1]["type"], "scatter");
}

#[test]
fn refused_parts_are_anchored_at_their_field() {
    let mut parsed = Parsed::read(b"plan=-+%7Bskil%3A+x%7D&budget_usd=x&colour=red&sweep=prompt");
    assert!(parsed.request().is_none());
    let form = Form::new(&parsed);
    let anchors: Vec<&str> = form.errors.iter().map(|(anchor, _)| anchor.as_str()).collect();
    assert_eq!(anchors, ["", "f-budget_usd", "f-sweep", "f-plan"]);
    assert!(form.is_plan_refused);
    assert_eq!(form.fields[0].value, "x");
}
