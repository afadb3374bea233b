//! `/api/v1/provenance`

use std::time::Duration;

use axum::http::Method;
use purser_domain::api_key::Role;
use purser_test::{ACME, Ask, GLOBEX, Reply, TestApp};
use serde_json::{Value, json};

use crate::costsim::with_shadow;

const PROVENANCE: &str = "/api/v1/provenance";

/// Simulates under `model` for the run `run`; the record's id.
async fn simulate(app: &TestApp, model: &str, run: &str) -> String {
    let ask = json!({"plan": [{"skill": "llm_invoke"}], "model": model, "run_id": run});
    let found = app.post("/api/v1/simulate", &ask).await.expect(200).json();
    found["provenance_id"].as_str().expect("it is recorded").to_owned()
}

async fn replay(app: &TestApp, id: &str) -> Reply {
    app.ask(Ask::new(Method::POST, &format!("{PROVENANCE}/{id}/replay"))).await
}

fn ids(page: &Value) -> Vec<&str> {
    page["records"].as_array().expect("a list").iter().map(|record| record["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn records_are_found_by_every_filter_and_paged() {
    let app = TestApp::start().await;
    let v1 = simulate(&app, "v1", "a").await;
    let v2 = simulate(&app, "v2", "a").await;
    let v3 = simulate(&app, "v3", "b").await;
    let all = app.get(PROVENANCE).await.expect(200).json();
    assert_eq!(json!([all["total"], all["next_offset"]]), json!([3, null]), "{all}");
    let hash = all["records"].as_array().expect("a list").iter().find(|record| record["id"] == v3.as_str());
    let hash = hash.expect("v3")["input_hash"].as_str().expect("a hash");
    for (query, expected) in [
        ("variant=v1", vec![&v1]),
        ("run_id=a", vec![&v1, &v2]),
        ("run_id=a&variant=v2", vec![&v2]),
        ("source=sandbox&status=success", vec![&v1, &v2, &v3]),
        ("source=canary", vec![]),
        ("status=timeout", vec![]),
        (&format!("input_hash={hash}"), vec![&v3]),
        ("from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:01Z", vec![&v1, &v2, &v3]),
        ("to=2026-11-20T12:00:00Z", vec![]),
        ("from=2026-11-20T12:00:01Z", vec![]),
    ] {
        let page = app.get(&format!("{PROVENANCE}?{query}")).await.expect(200).json();
        let mut found = ids(&page);
        found.sort_unstable();
        let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
        assert_eq!(page["total"], expected.len(), "{query}");
    }
    let first = app.get(&format!("{PROVENANCE}?limit=2")).await.expect(200).json();
    let rest = app.get(&format!("{PROVENANCE}?limit=2&offset=2")).await.expect(200).json();
    assert_eq!(json!([first["next_offset"], first["total"], rest["next_offset"]]), json!([2, 3, null]));
    assert_eq!([ids(&first), ids(&rest)].concat(), ids(&all));
}

#[tokio::test]
async fn a_record_is_shown_whole_with_its_place_in_the_chain() {
    let app = TestApp::start().await;
    let first = simulate(&app, "v1", "a").await;
    let second = simulate(&app, "v3", "b").await;
    let shown = app.get(&format!("{PROVENANCE}/{second}")).await.expect(200).json();
    let before = app.get(&format!("{PROVENANCE}/{first}")).await.expect(200).json();
    assert_eq!(json!([before["position"], before["prev_hash"]]), json!([1, "0".repeat(64)]));
    assert_eq!(json!([shown["position"], shown["prev_hash"]]), json!([2, before["record_hash"]]));
    assert_eq!(
        json!([shown["is_sound"], shown["variant"], shown["run_id"], shown["seed"]]),
        json!([true, "v3", "b", 42])
    );
    let inputs: Value = serde_json::from_str(shown["inputs"].as_str().expect("a text")).expect("JSON");
    assert_eq!(json!([inputs["plan"], inputs["calibration"]]), json!([[{"skill": "llm_invoke"}], null]));
    let output: Value = serde_json::from_str(shown["output"].as_str().expect("a text")).expect("JSON");
    assert_eq!(output["basis"]["calibration_version"], "none");
    assert_eq!(shown["versions"]["model"], output["basis"]["model_version"]);
}

#[tokio::test]
async fn an_output_comes_out_again_or_what_changed_is_told() {
    let app = TestApp::start().await;
    for model in ["v1", "v2", "v3"] {
        let id = simulate(&app, model, "a").await;
        let said = replay(&app, &id).await.expect(200).json();
        let told = json!([said["reproduced"], said["variant"], said["versions"], said["fields"], said["reason"]]);
        assert_eq!(told, json!([true, model, [], [], null]), "{said}");
        assert_eq!(said["replayed_hash"], said["recorded_hash"]);
    }
    let id = simulate(&app, "v1", "a").await;
    let mut row = app.get("/api/v1/skills").await.expect(200).json()["skills"]["llm_invoke"].clone();
    row["v1"]["cost_cents"] = json!(7);
    app.post("/api/v1/skills/overrides", &json!({"skill": "llm_invoke", "costs": row})).await.expect(201);
    let said = replay(&app, &id).await.expect(200).json();
    assert_eq!(json!([said["reproduced"], said["versions"][0]["name"]]), json!([false, "catalogue_version"]), "{said}");
    assert_ne!(said["versions"][0]["recorded"], said["versions"][0]["now"]);
    let fields = said["fields"].as_array().expect("a list");
    assert!(fields.contains(&json!("estimated_cost_cents")), "{said}");
}

#[tokio::test]
async fn the_views_of_the_catalogue_leave_records_too() {
    let app = TestApp::start().await;
    let plan = json!([{"skill": "llm_invoke", "iterations": 2}]);
    let steps = json!([{"skill": "llm_call"}]);
    for (path, ask, variant, status, inputs) in [
        (
            "/api/v1/runtime/simulate",
            json!({"plan": plan, "agent_id": "a"}),
            "runtime",
            "success",
            json!({"plan": [{"skill": "llm_invoke", "params": {}, "iterations": 2}], "budget_cents": 1000, "agent_id": "a"}),
        ),
        (
            "/api/v1/runtime/simulate",
            json!({"plan": plan, "budget_cents": 9}),
            "runtime",
            "error",
            json!({"plan": [{"skill": "llm_invoke", "params": {}, "iterations": 2}], "budget_cents": 9, "agent_id": null}),
        ),
        (
            "/api/v1/scenarios/simulate-adhoc",
            json!({"steps": steps, "budget_cents": 79}),
            "scenario",
            "error",
            json!({"plan": [{"skill": "llm_call", "params": {}}], "budget_cents": 79, "scenario_id": null}),
        ),
    ] {
        let answer = app.post(path, &ask).await.expect(200).json();
        let id = answer["provenance_id"].as_str().expect("it is recorded");
        let shown = app.get(&format!("{PROVENANCE}/{id}")).await.expect(200).json();
        assert_eq!(json!([shown["variant"], shown["status"]]), json!([variant, status]), "{shown}");
        let parsed = |name: &str| serde_json::from_str::<Value>(shown[name].as_str().expect("a text")).expect("JSON");
        assert_eq!(parsed("inputs"), inputs);
        assert_eq!(parsed("output")["estimated_cost_cents"], answer["estimated_cost_cents"]);
        let said = replay(&app, id).await.expect(200).json();
        assert_eq!(json!([said["reproduced"], said["versions"]]), json!([true, []]), "{said}");
    }
    let kept = app.post("/api/v1/scenarios/basic/simulate", &json!({})).await.expect(200).json();
    let id = kept["provenance_id"].as_str().expect("it is recorded");
    let shown = app.get(&format!("{PROVENANCE}/{id}")).await.expect(200).json();
    assert!(shown["inputs"].as_str().expect("a text").contains("\"scenario_id\":\"basic\""), "{shown}");
    // To keep a scenario is not to simulate it, and what is refused was not simulated.
    app.post("/api/v1/scenarios", &json!({"name": "n", "steps": steps})).await.expect(201);
    let _ = app.post("/api/v1/scenarios/simulate-adhoc", &json!({"steps": []})).await.problem(422, "invalid-fields");
    assert_eq!(app.get(PROVENANCE).await.expect(200).json()["total"], 4);
}

#[tokio::test]
async fn the_chain_is_checked() {
    let app = TestApp::start().await;
    simulate(&app, "v1", "a").await;
    simulate(&app, "v3", "a").await;
    let checked = app.ask_as(ACME, Role::Read, Ask::new(Method::POST, &format!("{PROVENANCE}/verify"))).await;
    let expected = json!({"ok": true, "records": 2, "faults": [], "faults_total": 0});
    assert_eq!(checked.expect(200).json(), expected);
    let theirs = app.ask_as(GLOBEX, Role::Read, Ask::new(Method::POST, &format!("{PROVENANCE}/verify"))).await;
    assert_eq!(theirs.expect(200).json()["records"], 0);
}

#[tokio::test]
async fn what_is_not_there_or_not_ones_own_is_not_found() {
    let app = TestApp::start().await;
    let id = simulate(&app, "v3", "a").await;
    let path = format!("{PROVENANCE}/{id}");
    let _ = app.ask_as(GLOBEX, Role::Admin, Ask::get(&path)).await.problem(404, "not-found");
    let again = Ask::new(Method::POST, &format!("{path}/replay"));
    let _ = app.ask_as(GLOBEX, Role::Admin, again).await.problem(404, "not-found");
    for id in ["none.such", "019a9f3a-0000-7000-8000-000000000000"] {
        let _ = app.get(&format!("{PROVENANCE}/{id}")).await.problem(404, "not-found");
        let _ = replay(&app, id).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn bad_filters_are_named_with_their_values() {
    let app = TestApp::start().await;
    let query = "variant=v9&source=me&status=ok&input_hash=xyz&from=today&limit=0&offset=-1&colour=1";
    let reply = app.get(&format!("{PROVENANCE}?{query}")).await;
    let mut fields = reply.fields();
    fields.sort();
    assert_eq!(fields, ["colour", "from", "input_hash", "limit", "offset", "source", "status", "variant"]);
    assert!(reply.text().contains("v9") && reply.text().contains("xyz"), "{}", reply.text());
    let turned = "from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00Z";
    assert_eq!(app.get(&format!("{PROVENANCE}?{turned}")).await.fields(), ["from"]);
}

#[tokio::test]
async fn baselines_are_brought_in_once_and_a_dry_run_says_how_many() {
    let app = TestApp::start().await;
    let hash = "ab".repeat(32);
    let baselines = json!([
        {"run_id": "r1", "cost_cents": 12.5, "payload": {"plan": [1], "a": 1}},
        {"cost_usd": "0.02", "payload": {"a": 1, "plan": [1]}},
        {"cost_cents": 3, "input_hash": hash, "created_at": "2026-11-01T00:00:00Z", "tenant_id": "acme"}
    ]);
    let backfill = format!("{PROVENANCE}/backfill");
    // Two payloads that differ in the order of their keys are one input.
    let expected = |inserted, skipped, dry_run| json!({"inserted": inserted, "skipped": skipped, "errors": 0, "first_error": null, "dry_run": dry_run});
    let dry = app.post(&format!("{backfill}?dry_run=true"), &baselines).await.expect(200).json();
    assert_eq!(dry, expected(2, 1, true));
    assert_eq!(app.get(PROVENANCE).await.expect(200).json()["total"], 0, "nothing is stored");
    let done = app.post(&format!("{backfill}?batch_size=2"), &baselines).await.expect(200).json();
    assert_eq!(done, expected(2, 1, false));
    assert_eq!(app.post(&backfill, &baselines).await.expect(200).json(), expected(0, 3, false));
    let found = app.get(&format!("{PROVENANCE}?source=backfill&run_id=r1")).await.expect(200).json();
    let record = &found["records"][0];
    assert_eq!(json!([record["v1_cost_usd"], record["variant"]]), json!(["0.125000000000", "v1"]));
    let found = app.get(&format!("{PROVENANCE}?input_hash={hash}")).await.expect(200).json();
    assert_eq!(found["records"][0]["created_at"], "2026-11-01T00:00:00Z");
    let other = app.ask_as(GLOBEX, Role::Read, Ask::get(PROVENANCE)).await.expect(200).json();
    assert_eq!(other["total"], 0);
}

#[tokio::test]
async fn one_bad_baseline_keeps_all_out_and_is_named() {
    let app = TestApp::start().await;
    let backfill = format!("{PROVENANCE}/backfill");
    let bad = json!([
        {"cost_cents": 1, "payload": 1},
        {"cost_cents": "much", "tenant_id": "globex", "colour": "red", "payload": 2}
    ]);
    let mut fields = app.post(&backfill, &bad).await.fields();
    fields.sort();
    assert_eq!(fields, ["[1].colour", "[1].cost_cents", "[1].tenant_id"]);
    assert_eq!(app.post(&backfill, &json!([{}])).await.fields(), ["[0].cost_cents", "[0].input_hash"]);
    for query in ["batch_size=0", "batch_size=10001"] {
        assert_eq!(app.post(&format!("{backfill}?{query}"), &json!([])).await.fields(), ["batch_size"]);
    }
    assert_eq!(app.get(PROVENANCE).await.expect(200).json()["total"], 0, "nothing is stored");
}

#[tokio::test]
async fn drift_is_told_over_the_records_with_both_costs() {
    let app = with_shadow().await;
    let drift = format!("{PROVENANCE}/drift");
    let none = json!({"records": 0, "mean_usd": "0.000000000000", "min_usd": "0.000000000000",
        "max_usd": "0.000000000000", "stddev_usd": 0.0});
    assert_eq!(app.get(&drift).await.expect(200).json(), none);
    // 5 cents under v1 and 4 under v2, as the comparison's tests work out; then 0 under both.
    let paid = json!({"plan": [{"skill": "http_call"}, {"skill": "llm_invoke", "params": {"prompt": "Hello"}},
        {"skill": "json_transform"}], "run_id": "paid"});
    let free = json!({"plan": [{"skill": "kv_get"}], "run_id": "free"});
    for plan in [&paid, &free] {
        let found = app.post("/api/v1/costsim/v2/simulate", plan).await.expect(200).json();
        assert_eq!(found["v2_error"], Value::Null, "{found}");
    }
    let mut found = app.get(&drift).await.expect(200).json();
    // The records follow the replies.
    for _ in 0..1_000 {
        if found["records"] == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        found = app.get(&drift).await.expect(200).json();
    }
    assert_eq!(
        json!([found["records"], found["mean_usd"], found["min_usd"], found["max_usd"]]),
        json!([2, "-0.005000000000", "-0.010000000000", "0.000000000000"])
    );
    // Of -0.01 and 0: √(2 · 0.005²) = 0.00707.
    let deviation = found["stddev_usd"].as_f64().expect("a number");
    assert!((deviation - 0.005 * 2_f64.sqrt()).abs() < 1e-12, "{found}");
    assert_eq!(app.get(&format!("{drift}?run_id=free")).await.expect(200).json()["records"], 1);
    assert_eq!(app.get(&format!("{drift}?limit=1&variant=v9")).await.fields(), ["variant", "limit"]);
}

#[tokio::test]
async fn a_record_that_was_brought_in_says_that_it_cannot_come_out_again() {
    let app = TestApp::start().await;
    for payload in [json!({"foo": 1}), json!("x"), json!([{"skill": "http_call"}])] {
        app.post(&format!("{PROVENANCE}/backfill"), &json!({"cost_cents": 1, "payload": payload})).await.expect(200);
        let page = app.get(&format!("{PROVENANCE}?limit=1")).await.expect(200).json();
        let found = replay(&app, ids(&page)[0]).await.expect(200).json();
        assert_eq!(
            json!([found["reproduced"], found["reason"]]),
            json!([false, "the record was brought in from elsewhere, without an output"]),
        );
        assert_eq!(page["records"][0]["versions"]["code"], Value::Null, "another program made it");
    }
}

#[tokio::test]
async fn a_baseline_that_was_recorded_before_is_there_already() {
    let app = TestApp::start().await;
    let id = simulate(&app, "v1", "a").await;
    let shown = app.get(&format!("{PROVENANCE}/{id}")).await.expect(200).json();
    let inputs: Value = serde_json::from_str(shown["inputs"].as_str().expect("a text")).expect("JSON");
    let baseline = json!({"cost_cents": 5, "payload": inputs});
    let done = app.post(&format!("{PROVENANCE}/backfill"), &baseline).await.expect(200).json();
    assert_eq!(json!([done["inserted"], done["skipped"]]), json!([0, 1]), "{done}");
}

#[tokio::test]
async fn a_cost_that_no_number_holds_is_refused_not_nothing() {
    let app = TestApp::start().await;
    for cost in ["1e2147483647", "1e30", "-1", "1e9"] {
        let body = format!(r#"{{"cost_cents": {cost}, "payload": 1}}"#);
        let ask =
            Ask::new(Method::POST, &format!("{PROVENANCE}/backfill")).bytes("application/json", body.into_bytes());
        assert_eq!(app.ask(ask).await.fields(), ["cost_cents"], "{cost}");
    }
}
