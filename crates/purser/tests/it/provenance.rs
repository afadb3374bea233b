//! Records of simulations: found, shown, run again, checked.

use serde_json::{Value, json};

use crate::support::{Purser, Ran};

const SHARED: [&str; 2] = ["--tenant", "acme"];

fn simulate(purser: &Purser, model: &str) -> String {
    let plan = purser.file("flat.json", r#"[{"skill": "llm_invoke", "params": {"prompt": "hi"}}]"#);
    let plan = plan.to_str().expect("a path");
    let answer = purser.run(["simulate", plan, "--tenant", "acme", "--model", model, "--json"]).done().json();
    answer["provenance_id"].as_str().expect("it is recorded").to_owned()
}

fn with_tenant() -> Purser {
    let purser = Purser::new();
    purser.run(["tenant", "create", "acme"]).done();
    purser
}

fn provenance(purser: &Purser, arguments: &[&str]) -> Ran {
    purser.run([&["provenance"], arguments, &SHARED].concat())
}

#[test]
fn records_are_listed_shown_and_reproduced() {
    let purser = with_tenant();
    let ids: Vec<String> = ["v1", "v2", "v3"].iter().map(|model| simulate(&purser, model)).collect();
    let page = provenance(&purser, &["query", "--json"]).done().json();
    assert_eq!(json!([page["total"], page["next_offset"]]), json!([3, null]));
    let only = provenance(&purser, &["query", "--variant", "v2", "--from", "1d", "--status", "success", "--json"]);
    assert_eq!(only.done().json()["records"][0]["id"], ids[1].as_str());
    let none = provenance(&purser, &["query", "--to", "2025-01-01", "--json"]).done().json();
    assert_eq!(none["total"], 0);
    let first = provenance(&purser, &["query", "--limit", "2"]).done();
    assert!(first.stdout.contains(&ids[2]) && !first.stdout.contains(&ids[0]), "{}", first.stdout);
    assert_eq!(first.stderr, "2 of 3 records; --offset 2 shows more\n");
    for id in &ids {
        let shown = provenance(&purser, &["show", id]).done().stdout;
        assert!(shown.contains("hash is sound") && shown.contains("\"plan\": ["), "{shown}");
        let exact = provenance(&purser, &["show", id, "--json"]).done().json();
        let inputs: Value = serde_json::from_str(exact["inputs"].as_str().expect("a text")).expect("JSON");
        assert_eq!(json!([inputs["plan"][0]["skill"], exact["is_sound"]]), json!(["llm_invoke", true]));
        let replay = provenance(&purser, &["replay", id]);
        assert_eq!(replay.code, 0, "{}", replay.stdout);
        assert!(replay.stdout.contains("reproduced, output "), "{}", replay.stdout);
    }
    let checked = provenance(&purser, &["verify"]).done();
    assert_eq!((checked.stdout.as_str(), checked.stderr.as_str()), ("", "3 records checked, 0 faults\n"));
}

#[test]
fn what_is_not_there_is_named_and_the_codes_differ() {
    let purser = with_tenant();
    let unknown = "019a9f3a-0000-7000-8000-000000000000";
    for (arguments, code, word) in [
        (&["show", unknown][..], 4, unknown),
        (&["show", "x"], 4, "\"x\""),
        (&["replay", unknown], 2, unknown),
        (&["replay", "x"], 2, "\"x\""),
        (&["query", "--variant", "v9"], 2, "v9"),
        (&["query", "--input-hash", "xyz"], 2, "xyz"),
        (&["query", "--limit", "0"], 2, "limit"),
        (&["query", "--from", "2025-02-01", "--to", "2025-01-01"], 2, "from"),
    ] {
        let ran = provenance(&purser, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{arguments:?}: {}", ran.stderr);
    }
    let away = ["provenance", "replay", unknown, "--server", "http://127.0.0.1:1", "--key", "k"];
    assert_eq!(purser.run(away).code, 3, "no server is there");
}

#[test]
fn another_tenants_records_are_not_there() {
    let purser = with_tenant();
    purser.run(["tenant", "create", "globex"]).done();
    let id = simulate(&purser, "v3");
    for (command, code) in [("show", 4), ("replay", 2)] {
        assert_eq!(purser.run(["provenance", command, &id, "--tenant", "globex"]).code, code, "{command}");
    }
}

#[test]
fn baselines_are_brought_in_from_files_and_folders() {
    let purser = with_tenant();
    let file = purser.file(
        "old/b.jsonl",
        "{\"cost_cents\":5,\"payload\":[1],\"run_id\":\"r1\"}\n{\"cost_usd\":\"0.02\",\"payload\":[2]}\n",
    );
    purser.file("old/a.json", r#"[{"cost_cents": 5, "payload": [1]}]"#);
    purser.file("old/notes.txt", "not for us");
    let folder = file.parent().expect("a folder").to_str().expect("a path");
    let dry = provenance(&purser, &["backfill", folder, "--dry-run"]).done();
    assert_eq!(dry.stderr, "2 would be stored, 1 there already, 0 refused\n");
    let done = provenance(&purser, &["backfill", folder, "--batch-size", "1", "--json"]).done().json();
    let expected = json!({"inserted": 2, "skipped": 1, "errors": 0, "first_error": null, "dry_run": false});
    assert_eq!(done, expected);
    let again = provenance(&purser, &["backfill", folder]).done();
    assert_eq!(again.stderr, "0 stored, 3 there already, 0 refused\n");
    let listed = provenance(&purser, &["query", "--source", "backfill", "--json"]).done().json();
    assert_eq!(listed["total"], 2);
    let none = provenance(&purser, &["drift"]).done();
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "no record has the costs of both models\n"));
}

#[test]
fn files_with_faults_bring_nothing_in() {
    let purser = with_tenant();
    let good = purser.file("good.json", r#"{"cost_cents": 1, "payload": 1}"#);
    let bad = purser.file("bad.jsonl", "{\"cost_cents\":1,\"payload\":1}\n{\"cost_cents\":\"much\",\"payload\":2}\n");
    let [good, bad] = [&good, &bad].map(|path| path.to_str().expect("a path"));
    let ran = provenance(&purser, &["backfill", good, bad]);
    assert!(ran.code == 3 && ran.stderr.contains("bad.jsonl: [1].cost_cents"), "{}: {}", ran.code, ran.stderr);
    let missing = provenance(&purser, &["backfill", "nowhere.json"]);
    assert!(missing.code == 2 && missing.stderr.contains("nowhere.json"), "{}: {}", missing.code, missing.stderr);
    assert_eq!(provenance(&purser, &["query", "--json"]).done().json()["total"], 0);
}

#[test]
fn a_file_may_have_more_records_than_a_request() {
    let purser = with_tenant();
    let mut lines: String = (0..10_001).map(|plan| format!("{{\"cost_cents\":1,\"payload\":[{plan}]}}\n")).collect();
    let file = purser.file("many.jsonl", &lines);
    let dry = provenance(&purser, &["backfill", file.to_str().expect("a path"), "--dry-run"]).done();
    assert_eq!(dry.stderr, "10,001 would be stored, 0 there already, 0 refused\n");
    lines.push_str("{\"cost_cents\":1}\n");
    let file = purser.file("wrong.jsonl", &lines);
    let ran = provenance(&purser, &["backfill", file.to_str().expect("a path"), "--dry-run"]);
    assert!(ran.code == 3 && ran.stderr.contains("wrong.jsonl: [10001].input_hash"), "{}: {}", ran.code, ran.stderr);
    let array = format!("[{}]", lines.trim().replace('\n', ","));
    let file = purser.file("array.json", &array);
    let ran = provenance(&purser, &["backfill", file.to_str().expect("a path"), "--dry-run"]);
    assert!(ran.code == 2 && ran.stderr.contains("array.json: more than 10000"), "{}: {}", ran.code, ran.stderr);
}
