//! Learning from runs, and how good the predictions of later runs are.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::Purser;

const MARCH: [&str; 4] = ["--from", "2025-03-01", "--to", "2025-04-01"];

/// Six runs in March at 0.0025 + 0.0075 = one cent; in April two, at one cent and at 0.0025 + 0.0175 = two.
pub(crate) fn filled() -> Purser {
    let purser = Purser::new();
    let mut events = String::new();
    let mut add = |run: &str, skill: &str, day: &str, output: u64| {
        writeln!(
            events,
            "{}",
            json!({"event_id": run, "run_id": run, "skill": skill, "occurred_at": format!("{day}T10:00:00Z"),
                "provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": output})
        )
        .expect("a string takes it");
    };
    for run in ["r1", "r2", "r3", "r4", "r5"] {
        add(run, "chat", "2025-03-02", 750);
    }
    add("r6", "search", "2025-03-03", 750);
    add("s1", "chat", "2025-04-02", 750);
    add("s2", "chat", "2025-04-03", 1750);
    let file = purser.file("events.jsonl", &events);
    purser.run(["import", file.to_str().expect("a path"), "--tenant", "acme", "--format", "jsonl"]).done();
    purser
}

#[test]
fn what_was_learned_is_shown_and_simulations_rest_on_it() {
    let purser = filled();
    let calibrate = [&["calibrate", "--tenant", "acme"][..], &MARCH].concat();
    let tried = purser.run(calibrate.iter().chain(&["--dry-run"])).done();
    assert!(tried.stderr.contains("dry run: nothing was kept; would be calibration 1 of 6 runs"), "{}", tried.stderr);
    insta::assert_snapshot!(tried.stdout);
    let made = purser.run(calibrate.iter().chain(&["--json"])).done().json();
    let learned = &made["calibration"];
    assert_eq!(json!([made["kept"], learned["number"], learned["runs"]]), json!([true, 1, 6]));
    assert_eq!(learned["refused"][0], json!({"skill": "search", "model": "", "runs": 1, "required": 5}));
    let again = purser.run(&calibrate).done();
    assert!(again.stderr.contains("says the same and stays in force"), "{}", again.stderr);
    let plan = purser.file("plan.json", r#"[{"skill": "chat"}]"#);
    let asked = ["simulate", plan.to_str().expect("a path"), "--tenant", "acme", "--json"];
    let answer = purser.run(asked).done().json();
    assert_eq!(answer["v3"]["basis"]["calibration_version"], learned["version"]);
    assert_eq!(answer["v3"]["cost_usd"]["p50"], "0.010000000000");
}

#[test]
fn too_few_runs_and_bad_times_are_refused() {
    let purser = filled();
    for (arguments, code, word) in [
        (&["--from", "2025-04-01", "--to", "2025-05-01"][..], 3, "there are 2 runs"),
        (&["--from", "2025-04-01", "--to", "2025-03-01"], 3, "from"),
        (&["--from", "yesterday"], 2, "yesterday"),
    ] {
        let ran = purser.run([&["calibrate", "--tenant", "acme"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(purser.run(["calibrate"]).code, 2, "whose runs?");
    assert_eq!(purser.run(["calibrate", "--tenant", "nobody"]).code, 4);
}

#[test]
fn predictions_of_past_runs_are_scored() {
    let purser = filled();
    let april = ["simulate", "backtest", "--tenant", "acme", "--from", "2025-04-01", "--to", "2025-05-01"];
    let ran = purser.run(april).done();
    insta::assert_snapshot!(ran.stdout);
    assert!(ran.stderr.contains("no calibration was in force then"), "{}", ran.stderr);
    let report = purser.run(april.iter().chain(&["--json"])).done().json();
    assert_eq!(json!([report["total"]["runs"], report["rows"][0]["skill"]]), json!([2, "chat"]));
    // Errors 0 and −1 cent of three.
    let bias = report["total"]["bias"].as_f64().expect("money was spent");
    assert!((bias + 1.0 / 3.0).abs() < 1e-9, "{bias}");
    assert_eq!(report["total"]["coverage_p90"], 0.5);
}

#[test]
fn a_backtest_takes_no_plan_and_its_faults_have_the_codes_of_simulate() {
    let purser = filled();
    for (arguments, code) in [
        (&["simulate"][..], 2),
        (&["simulate", "backtest"], 2),
        (&["simulate", "backtest", "--tenant", "nobody"], 2),
        (&["simulate", "backtest", "--tenant", "acme", "--from", "yesterday"], 2),
        (&["simulate", "backtest", "--tenant", "acme", "--budget-usd", "1"], 2),
        (&["simulate", "backtest", "--server", "http://127.0.0.1:1", "--key", "k"], 3),
    ] {
        let ran = purser.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
    }
}
