//! `/api/v1/costsim/datasets`

use purser_test::TestApp;
use serde_json::json;

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
