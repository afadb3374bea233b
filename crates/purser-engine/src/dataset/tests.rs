use serde_json::json;

use super::*;
use crate::skill;

fn raw(samples: &Value) -> Value {
    json!({
        "id": "own", "name": "Own", "description": "mine",
        "validation_thresholds": {"mean_error_max": 2.0, "median_error_max": 4.0, "std_deviation_max": 2.0,
            "outlier_share_max": 0.5, "drift_score_max": 0.9},
        "samples": samples,
    })
}

fn read(value: &Value) -> Result<Dataset, Vec<FieldError>> {
    parse(value.to_string().as_bytes())
}

fn validated(dataset: &Value) -> Validation {
    let catalogue = skill::parse(skill::SHIPPED).expect("the shipped catalogue is sound");
    let dataset = read(dataset).expect("the dataset is sound");
    validate(&dataset, &catalogue, &Stamp::default(), "2026-03-01T00:00:00Z".parse().expect("a literal"))
}

fn mail(id: &str, expected: i64) -> Value {
    json!({"id": id, "plan": [{"skill": "email_send"}], "budget_cents": 100, "expected_cost_cents": expected})
}

#[test]
fn a_validation_is_worked_out_by_hand() {
    // A mail costs 0.8 → 1 cent: errors 0, 1, 2, 5; mean 2, upper median 2, variance (4+1+0+9)/4 = 3.5.
    let found = validated(&raw(&json!([mail("a", 1), mail("b", 2), mail("c", 3), mail("d", 6)])));
    assert_eq!((found.mean_error, found.median_error, found.std_deviation), (2.0, 2.0, 1.8708));
    // 0.3 · 2/2 + 0.3 · 2/4 + 0.2 · 1.8708/2 = 0.63708
    assert_eq!((found.drift_score, found.outlier_pct, found.verdict), (0.6371, 0.0, Verdict::Acceptable));
    assert_eq!((found.details.errors_count, found.details.outliers_count), (4, 0));
    let worse = validated(&raw(&json!([mail("a", 1), mail("b", 2), mail("c", 3), mail("d", 7)])));
    assert_eq!(worse.verdict, Verdict::NotAcceptable, "a mean of 2.25 is above 2");
}

#[test]
fn one_sample_may_be_an_outlier_twice_and_each_miss_is_named() {
    let found = validated(&raw(&json!([
        {"id": "bad", "plan": [{"skill": "email_send"}], "budget_cents": 0, "expected_feasible": true,
            "expected_confidence_min": 0.99},
        {"id": "good", "plan": [{"skill": "kv_get"}], "budget_cents": 0, "expected_feasible": true},
    ])));
    assert_eq!((found.outlier_pct, found.details.outliers_count, found.details.errors_count), (1.0, 2, 0));
    assert_eq!(found.verdict, Verdict::NotAcceptable);
    let reasons: Vec<&str> = found.details.outliers.iter().map(|outlier| outlier.reason.as_str()).collect();
    assert_eq!(reasons, ["feasible was expected true, came false", "a confidence of 0.99 was expected, came 0.93"]);
}

#[test]
fn a_limit_itself_is_kept_and_a_limit_of_nothing_does_not_count() {
    let mut dataset = raw(&json!([mail("a", 2)]));
    dataset["validation_thresholds"] = json!({"mean_error_max": 1.0, "median_error_max": 1.0, "std_deviation_max": 0.0,
        "outlier_share_max": 0.0, "drift_score_max": 0.6});
    let found = validated(&dataset);
    assert_eq!((found.drift_score, found.verdict), (0.6, Verdict::Acceptable));
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut dataset = raw(&json!([mail("a", 1)]));
    let sum = checksum(&dataset);
    dataset["sha256"] = json!(sum);
    assert!(read(&dataset).is_ok());
    dataset["name"] = json!("Other");
    assert_eq!(read(&dataset).expect_err("the name changed")[0].field, "sha256");
}

#[test]
fn faults_of_a_dataset_are_named_by_path() {
    let mut dataset = raw(&json!([
        {"id": "a", "plan": [{"skill": "http_call", "params": {"timeout": -1}}], "budget_cents": -1},
        {"id": "b", "plan": {}, "budget_cents": 1, "expected_cost_cents": -5, "expected_confidence_min": 2},
    ]));
    dataset["id"] = json!("");
    dataset["validation_thresholds"]["mean_error_max"] = json!(-1);
    let fields: Vec<String> =
        read(&dataset).expect_err("it is not sound").into_iter().map(|error| error.field).collect();
    assert_eq!(
        fields,
        [
            "id",
            "validation_thresholds.mean_error_max",
            "samples[0].budget_cents",
            "samples[0].plan[0].params.timeout",
            "samples[1].expected_cost_cents",
            "samples[1].expected_confidence_min",
            "samples[1].plan",
        ]
    );
    assert_eq!(read(&raw(&json!([]))).expect_err("no sample")[0].field, "samples");
    let mut unknown = raw(&json!([mail("a", 1)]));
    unknown["colour"] = json!("blue");
    assert!(read(&unknown).expect_err("unknown field")[0].reason.contains("colour"));
}
