//! `POST /api/v1/usage/events`

use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{ACME, Ask, TestApp, event};
use serde_json::json;

const PATH: &str = "/api/v1/usage/events";

#[tokio::test]
async fn an_array_is_stored_and_sending_it_again_changes_nothing() {
    let app = TestApp::start().await;
    let batch = json!([event("a"), event("b")]);
    let first = app.post(PATH, &batch).await.expect(202).json();
    assert_eq!((&first["accepted"], &first["duplicates"]), (&json!(2), &json!(0)));
    let again = app.post(PATH, &batch).await.expect(202).json();
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(2)));
    assert_eq!(app.rows(ACME).await, 2);
}

#[tokio::test]
async fn one_object_and_lines_and_gzip_are_taken() {
    let app = TestApp::start().await;
    app.post(PATH, &event("one")).await.expect(202);
    let lines = format!("{}\n{}\n", event("l1"), event("l2"));
    let ask = Ask::post(PATH, &json!(null)).bytes("application/x-ndjson", lines).gzip();
    assert_eq!(app.ask(ask).await.expect(202).json()["accepted"], 2);
    assert_eq!(app.rows(ACME).await, 3);
}

#[tokio::test]
async fn the_same_id_with_another_payload_is_a_conflict_that_stores_nothing() {
    let app = TestApp::start().await;
    app.store_events(&[event("a")]).await;
    let changed = event_with("a", &json!({"output_tokens": 501}));
    let reply = app.post(PATH, &json!([event("b"), changed])).await;
    assert_eq!(reply.fields(), ["[1].event_id"]);
    let problem = reply.problem(409, "event-id-reused");
    assert!(problem["detail"].as_str().is_some_and(|words| words.contains("\"a\"")), "{problem}");
    assert_eq!(app.rows(ACME).await, 1, "b was not stored either");
    let conflicts = app.get("/api/v1/usage/conflicts").await.expect(200).json();
    assert_eq!(conflicts["total"], 1, "{conflicts}");
    assert_eq!(conflicts["conflicts"][0]["event_id"], "a");
}

#[tokio::test]
async fn every_bad_field_of_every_item_is_listed_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let naive = event_with("b", &json!({"occurred_at": "2026-11-20T11:00:00", "extra": 1}));
    let negative = event_with("c", &json!({"input_tokens": -1, "model": null}));
    let reply = app.post(PATH, &json!([event("a"), naive, negative])).await;
    let mut fields = reply.fields();
    fields.sort();
    assert_eq!(fields, ["[1].extra", "[1].occurred_at", "[2].input_tokens", "[2].model"]);
    let _ = reply.problem(422, "invalid-fields");
    assert_eq!(app.rows(ACME).await, 0);
}

#[tokio::test]
async fn partial_stores_the_good_ones_and_lists_the_rest() {
    let app = TestApp::start().await;
    app.store_events(&[event("old")]).await;
    let batch =
        json!([event("a"), event_with("b", &json!({"model": 7})), event_with("old", &json!({"output_tokens": 1}))]);
    let reply = app.post("/api/v1/usage/events?partial=true", &batch).await.expect(202).json();
    assert_eq!(reply["accepted"], 1, "{reply}");
    assert_eq!(reply["refused"][0]["index"], 1, "{reply}");
    assert_eq!(reply["refused"][0]["event_id"], "b", "{reply}");
    assert_eq!(reply["conflicts"][0], json!({"index": 2, "source": "api", "event_id": "old"}));
    assert_eq!(app.rows(ACME).await, 2);
}

#[tokio::test]
async fn clock_skew_beyond_an_hour_is_refused() {
    let app = TestApp::start().await;
    let skewed = |at: &str| event_with("s", &json!({"occurred_at": at}));
    for at in ["2026-11-20T13:00:01Z", "2014-12-31T23:59:59Z"] {
        let reply = app.post(PATH, &skewed(at)).await;
        assert_eq!(reply.fields(), ["occurred_at"], "{at}");
        let _ = reply.problem(422, "invalid-fields");
    }
    app.post(PATH, &skewed("2026-11-20T13:00:00Z")).await.expect(202);
}

#[tokio::test]
async fn a_key_that_may_not_send_is_refused_before_the_body_is_read() {
    let app = TestApp::start().await;
    let ask = Ask::post(PATH, &json!(null)).bytes("application/json", "not json");
    let _ = app.ask_as(ACME, Role::Read, ask.clone()).await.problem(403, "role-not-allowed");
    let reply = app.send(ask.build()).await;
    assert!(reply.header("www-authenticate").starts_with("Bearer"));
    let _ = reply.problem(401, "not-authenticated");
}
