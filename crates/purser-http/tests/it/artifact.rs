//! `/api/v1/artifacts`

use purser_test::TestApp;
use serde_json::{Value, json};

fn draft(dataset: &str, version: &str) -> Value {
    json!({
        "dataset_id": dataset, "dataset_version": version, "input_window_hash": "ab12",
        "as_of": "2026-11-01T02:00:00+02:00", "compute_code_version": "1.0.0"
    })
}

#[tokio::test]
async fn a_version_is_saved_over_and_found() {
    let app = TestApp::start().await;
    let first = app.post("/api/v1/artifacts", &draft("daily", "1")).await.expect(200).json();
    assert_eq!(first["as_of"], "2026-11-01T00:00:00Z");
    let mut again = draft("daily", "1");
    again["input_window_hash"] = json!("cd34");
    let second = app.post("/api/v1/artifacts", &again).await.expect(200).json();
    assert_eq!((&second["id"], &second["input_window_hash"]), (&first["id"], &json!("cd34")));
    assert_eq!(app.get("/api/v1/artifacts/daily").await.expect(200).json(), second);
    assert_eq!(app.get("/api/v1/artifacts/daily?dataset_version=1").await.expect(200).json(), second);
    let _ = app.get("/api/v1/artifacts/daily?dataset_version=2").await.problem(404, "not-found");
    let _ = app.get("/api/v1/artifacts/weekly").await.problem(404, "not-found");
}

#[tokio::test]
async fn pages_show_each_artifact_once() {
    let app = TestApp::start().await;
    for version in ["1", "2", "3", "4", "5"] {
        app.post("/api/v1/artifacts", &draft("daily", version)).await.expect(200);
    }
    let (mut versions, mut cursor) = (Vec::new(), String::new());
    for size in [2, 2, 1] {
        let page = app.get(&format!("/api/v1/artifacts?limit=2{cursor}")).await.expect(200).json();
        let artifacts = page["artifacts"].as_array().expect("a list");
        assert_eq!(artifacts.len(), size);
        versions.extend(artifacts.iter().map(|one| one["dataset_version"].as_str().expect("a version").to_owned()));
        cursor = page["next_cursor"].as_str().map_or_else(String::new, |next| format!("&cursor={next}"));
    }
    assert_eq!(cursor, "", "the last page has no next");
    versions.sort();
    assert_eq!(versions, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn all_five_fields_are_required_and_checked() {
    let app = TestApp::start().await;
    let mut fields = app.post("/api/v1/artifacts", &json!({})).await.fields();
    fields.sort();
    let all = ["as_of", "compute_code_version", "dataset_id", "dataset_version", "input_window_hash"];
    assert_eq!(fields, all);
    let mut long = draft("daily", "1");
    long["input_window_hash"] = json!("0".repeat(65));
    assert_eq!(app.post("/api/v1/artifacts", &long).await.fields(), ["input_window_hash"]);
    let mut null = draft("daily", "1");
    null["as_of"] = json!(null);
    assert_eq!(app.post("/api/v1/artifacts", &null).await.fields(), ["as_of"]);
    let mut local = draft("daily", "1");
    local["as_of"] = json!("2026-11-01T00:00:00");
    assert_eq!(app.post("/api/v1/artifacts", &local).await.fields(), ["as_of"]);
    assert_eq!(app.get("/api/v1/artifacts?limit=0&cursor=x").await.fields(), ["cursor", "limit"]);
    assert_eq!(app.get("/api/v1/artifacts").await.expect(200).json()["artifacts"], json!([]), "nothing was saved");
}
