//! `POST /api/v1/events`: CloudEvents as OpenMeter takes them.

use purser_test::{ACME, Ask, TestApp};
use serde_json::{Value, json};

fn cloud_event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "litellm_tokens", "id": id, "source": "litellm-proxy", "subject": "u1",
        "time": "2026-11-20T11:00:00Z",
        "data": {"model": "gpt-4o", "prompt_tokens": 1000, "completion_tokens": 500, "cost": 0.0075}
    })
}

fn batch(events: &Value) -> Ask {
    Ask::post("/api/v1/events", events).bytes("application/cloudevents-batch+json", events.to_string())
}

#[tokio::test]
async fn one_and_a_batch_are_taken_once_each() {
    let app = TestApp::start().await;
    let one = Ask::post("/api/v1/events", &cloud_event("a"))
        .bytes("application/cloudevents+json; charset=utf-8", cloud_event("a").to_string());
    app.ask(one).await.expect(204);
    app.ask(batch(&json!([cloud_event("a"), cloud_event("b")]))).await.expect(204);
    assert_eq!(app.rows(ACME).await, 2, "a came twice");
}

#[tokio::test]
async fn an_event_without_a_time_may_be_sent_again() {
    let app = TestApp::start().await;
    let undated = |id: &str, model: &str| {
        let mut event = cloud_event(id);
        event.as_object_mut().expect("an object").remove("time");
        event["data"]["model"] = json!(model);
        event
    };
    app.ask(batch(&json!([undated("a", "gpt-4o"), undated("b", "gpt-4o")]))).await.expect(204);
    app.clock.set("2026-11-20T13:00:00Z".parse().expect("a literal"));
    app.ask(batch(&json!([undated("a", "gpt-4o"), undated("c", "gpt-4o")]))).await.expect(204);
    assert_eq!(app.rows(ACME).await, 3, "a came twice");
    let reply = app.ask(batch(&json!([undated("a", "gpt-4o-mini")]))).await.expect(202).json();
    assert_eq!(reply["conflicts"][0]["event_id"], "a", "{reply}");
    let dated = app.get("/api/v1/usage/events?event_id=a").await.expect(200).json();
    assert_eq!(dated["events"][0]["occurred_at"], "2026-11-20T12:00:00Z", "when it came first");
}

#[tokio::test]
async fn a_bad_event_is_reported_and_the_good_one_stays() {
    let app = TestApp::start().await;
    let mut bad = cloud_event("b");
    bad["time"] = json!("yesterday");
    let reply = app.ask(batch(&json!([cloud_event("a"), bad]))).await.expect(202).json();
    assert_eq!(reply["accepted"], 1, "{reply}");
    assert_eq!(reply["refused"][0]["index"], 1, "{reply}");
}
