//! `/api/v1/costsim/datasets`

use purser_service::sandbox::Config;
use purser_test::TestApp;
use serde_json::{Value, json};

/// One free step that is said to cost `cents`; an error of one cent is kept.
fn own(id: &str, cents: i64) -> Value {
    json!({
        "id": id, "name": "Ours",
        "validation_thresholds": {"mean_error_max": 1.0, "median_error_max": 1.0, "std_deviation_max": 1.0,
            "outlier_share_max": 0.0, "drift_score_max": 1.0},
        "samples": [{"id": "one", "plan": [{"skill": "http_call"}], "budget_cents": 10, "expected_cost_cents": cents}],
    })
}

#[tokio::test]
async fn the_five_sets_are_listed_shown_and_validated() {
    let app = TestApp::start().await;
    let listed = app.get("/api/v1/costsim/datasets").await.expect(200).json();
    let sizes: Vec<(&str, u64)> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|set| (set["id"].as_str().expect("an id"), set["sample_count"].as_u64().expect("a count")))
        .collect();
    let expected =
        [("low_variance", 30), ("high_variance", 16), ("mixed_city", 25), ("noise_injected", 8), ("historical", 5)];
    assert_eq!(sizes, expected);
    for (id, count) in expected {
        let shown = app.get(&format!("/api/v1/costsim/datasets/{id}")).await.expect(200).json();
        assert_eq!(shown["samples"].as_array().map(Vec::len), usize::try_from(count).ok(), "{id}");
        assert!(shown["sample_tags"].is_array() && shown["thresholds"]["mean_error_max"].is_number(), "{id}");
        let path = format!("/api/v1/costsim/datasets/{id}/validate");
        let found = app.post(&path, &json!({})).await.expect(200).json();
        assert_eq!((&found["dataset_id"], &found["verdict"]), (&json!(id), &json!("acceptable")), "{found}");
        assert_eq!(found["timestamp"], "2026-11-20T12:00:00Z");
    }
}

#[tokio::test]
async fn validate_all_passes_iff_all_are_acceptable() {
    let app = TestApp::start().await;
    let all = app.post("/api/v1/costsim/datasets/validate-all", &json!({})).await.expect(200).json();
    assert_eq!((&all["all_passed"], all["results"].as_object().map(serde_json::Map::len)), (&json!(true), Some(5)));
    assert_eq!(all["results"]["historical"]["sample_count"], 5);
}

#[tokio::test]
async fn an_unknown_set_is_named() {
    let app = TestApp::start().await;
    let body = app.get("/api/v1/costsim/datasets/none").await.problem(404, "not-found");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("none")), "{body}");
    let _ = app.post("/api/v1/costsim/datasets/none/validate", &json!({})).await.problem(404, "not-found");
}

#[tokio::test]
async fn the_operators_own_sets_stand_beside_those_that_ship() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, set) in [("a.json", own("free", 0)), ("b.json", own("dear", 2))] {
        std::fs::write(directory.path().join(name), set.to_string()).expect("a file");
    }
    std::fs::write(directory.path().join("notes.txt"), "not a dataset").expect("a file");
    let datasets = purser_service::dataset::read(directory.path()).expect("two datasets");
    let app = TestApp::start().await;
    app.service.start_sandbox(Config { datasets, ..Config::default() });
    let listed = app.get("/api/v1/costsim/datasets").await.expect(200).json();
    let ids: Vec<&str> = listed.as_array().into_iter().flatten().filter_map(|set| set["id"].as_str()).collect();
    assert_eq!(ids[5..], ["free", "dear"]);
    let verdict = async |id: &str| {
        let path = format!("/api/v1/costsim/datasets/{id}/validate");
        app.post(&path, &json!({})).await.expect(200).json()["verdict"].clone()
    };
    assert_eq!((verdict("free").await, verdict("dear").await), (json!("acceptable"), json!("not_acceptable")));
    let all = app.post("/api/v1/costsim/datasets/validate-all", &json!({})).await.expect(200).json();
    assert_eq!((&all["all_passed"], &all["results"]["dear"]["mean_error"]), (&json!(false), &json!(2.0)));
}

#[test]
fn own_sets_that_cannot_be_used_are_refused_by_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (mut odd, mut twice) = (own("odd", 0), own("twice", 0));
    odd["samples"][0]["budget_cents"] = json!(-1);
    twice["sha256"] = json!("00");
    for (name, text) in [
        ("a.json", own("historical", 0).to_string()),
        ("b.json", "{".to_owned()),
        ("c.json", odd.to_string()),
        ("d.json", twice.to_string()),
    ] {
        std::fs::write(directory.path().join(name), text).expect("a file");
    }
    let faults = purser_service::dataset::read(directory.path()).expect_err("none can be used");
    let named = [("a.json", "historical"), ("b.json", "unreadable"), ("c.json", "budget_cents"), ("d.json", "sha256")];
    assert_eq!(faults.len(), named.len(), "{faults:?}");
    for (fault, (file, field)) in faults.iter().zip(named) {
        assert!(fault.contains(file) && fault.contains(field), "{fault}");
    }
    assert!(purser_service::dataset::read(&directory.path().join("absent")).is_err());
}
