//! `purser serve`, and commands that speak to it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::Purser;

/// A server that is ended with the test.
struct Server {
    child: Child,
    url: String,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Server {
    fn start(purser: &Purser) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("purser"))
            .arg("--data-dir")
            .arg(purser.path("data"))
            .args(["serve", "--listen", "127.0.0.1:0", "--no-otlp", "--log-format", "json"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut url = None;
        let mut line = String::new();
        while url.is_none() && stderr.read_line(&mut line).expect("text") > 0 {
            url = line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
            line.clear();
        }
        Self { child, url: url.expect("an address"), stderr }
    }

    /// SIGTERM, then its exit code and what it said since.
    fn stop(mut self) -> (Option<i32>, String) {
        let ended = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill");
        assert!(ended.success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).expect("text");
        (self.child.wait().expect("an end").code(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_running_server_takes_baselines_batch_by_batch() {
    let purser = Purser::new();
    let server = Server::start(&purser);
    let made = purser.run(["key", "create", "--tenant", "acme", "--role", "operate", "--json"]).done().json();
    let remote = ["--server", server.url.as_str(), "--key", made["key"].as_str().expect("a key")];
    // The fourth repeats the first, in another batch.
    let lines: String = [1, 2, 3, 1].map(|plan| format!("{{\"cost_cents\":{plan},\"payload\":[{plan}]}}\n")).concat();
    let file = purser.file("old.jsonl", &lines);
    let backfill = ["provenance", "backfill", file.to_str().expect("a path"), "--batch-size", "2", "--json"];
    let run = |more: &[&str]| purser.run(backfill.iter().chain(&remote).chain(more)).done().json();
    let counts = |done: Value| json!([done["inserted"], done["skipped"], done["errors"], done["dry_run"]]);
    assert_eq!(counts(run(&["--dry-run"])), json!([3, 1, 0, true]));
    assert_eq!(counts(run(&[])), json!([3, 1, 0, false]));
    assert_eq!(counts(run(&[])), json!([0, 4, 0, false]));
    let drift = purser.run(["provenance", "drift", "--json"].iter().chain(&remote)).done().json();
    assert_eq!(drift["records"], 0, "baselines have one cost");
}

#[test]
fn a_running_server_is_asked_with_server_and_flushes_when_told_to_stop() {
    let purser = Purser::new();
    let server = Server::start(&purser);
    let made = purser.run(["key", "create", "--tenant", "acme", "--role", "admin", "--json"]).done().json();
    let key = made["key"].as_str().expect("a key").to_owned();
    let remote = ["--server", server.url.as_str(), "--key", &key];
    let events = concat!(
        r#"{"event_id":"a","occurred_at":"2025-03-01T10:00:00Z","provider":"openai","model":"gpt-4o","input_tokens":1000000}"#,
        "\n",
        r#"{"event_id":"b","occurred_at":"2025-03-01T10:00:00Z","provider":"vllm","model":"own","input_tokens":1}"#,
    );
    let file = purser.file("events.jsonl", events);
    let import = ["import", file.to_str().expect("a path"), "--format", "jsonl", "--json"];
    let imported = purser.run(import.iter().chain(&remote)).done().json();
    assert_eq!(imported["files"][0]["accepted"], 2);
    let again = purser.run(import.iter().chain(&remote)).done().json();
    assert_eq!(again["files"][0]["duplicates"], 2);
    // An import into a server is taken back, and counts again, as one into a directory.
    let id = imported["files"][0]["import_id"].as_str().expect("an id");
    let void = ["usage", "void", "--import", id, "--reason", "too early", "--json"];
    assert_eq!(purser.run(void.iter().chain(&remote)).done().json()["voided"], 2);
    let dry = purser.run(import.iter().chain(&["--dry-run"]).chain(&remote)).done().json();
    assert_eq!(json!([dry["files"][0]["would_charge_usd"], dry["files"][0]["unpriced"]]), json!(["2.500000000000", 1]));
    let third = purser.run(import.iter().chain(&remote)).done().json();
    assert_eq!(third["files"][0]["accepted"], 2);
    let cost =
        |arguments: &[&str]| purser.run(["cost", "--by", "model", "--json"].iter().chain(arguments)).done().json();
    let asked = cost(&remote);
    assert_eq!(asked["total"]["cost_usd"], "2.500000000000");
    let unpriced = purser.run(["prices", "unpriced", "--json"].iter().chain(&remote)).done().json();
    assert_eq!(unpriced["unpriced"][0]["model"], "own");

    let locked = purser.run(["cost", "--tenant", "acme"]);
    assert_eq!(locked.code, 6, "{}", locked.stderr);
    assert!(locked.stderr.contains("--server"), "{}", locked.stderr);
    let second = purser.run(["serve", "--listen", "127.0.0.1:0", "--no-otlp"]);
    assert_eq!(second.code, 6, "{}", second.stderr);
    let stranger = purser.run(["cost", "--server", &server.url, "--key", "purser_wrong"]);
    assert_eq!(stranger.code, 7, "{}", stranger.stderr);

    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let local = cost(&["--tenant", "acme"]);
    assert_eq!(json!([local["rows"], local["total"]]), json!([asked["rows"], asked["total"]]));
    let stats = purser.run(["ledger", "stats", "--json"]).done().json();
    assert_eq!(json!([stats["lake_rows"], stats["inbox_rows"]]), json!([6, 0]), "flushed at the end");
}

#[test]
fn a_server_simulates_with_its_own_prices_and_the_code_is_the_verdict_all_the_same() {
    let purser = Purser::new();
    let server = Server::start(&purser);
    let made = purser.run(["key", "create", "--tenant", "acme", "--role", "read", "--json"]).done().json();
    let key = made["key"].as_str().expect("a key").to_owned();
    let plan =
        purser.file("plan.yaml", "- {id: ask, llm: {model: openai/gpt-4o, prompt: Hello, output_tokens: 1000}}\n");
    let simulate = ["simulate", plan.to_str().expect("a path"), "--price-at", "2026-11-20", "--json"];
    let remote = ["--server", server.url.as_str(), "--key", &key];
    let asked = purser.run(simulate.iter().chain(&remote)).done().json();
    let offline = purser.run(simulate).done().json();
    assert_eq!(asked["v3"], offline["v3"], "the same prices and skills, the same figures");
    assert!(asked["provenance_id"].is_string(), "{asked}");
    let poor = ["--budget-usd", "0.001"];
    assert_eq!(purser.run(simulate.iter().chain(&remote).chain(&poor)).code, 1);
    let flat = purser.file("flat.json", r#"[{"skill": "llm_invoke", "params": {"prompt": "hi"}}]"#);
    let flat = ["simulate", flat.to_str().expect("a path"), "--model", "v1", "--budget-usd", "0.049", "--json"];
    let v1 = purser.run(flat.iter().chain(&remote));
    assert_eq!((v1.code, &v1.json()["v1"]["budget_remaining_cents"]), (1, &json!(-1)));
    let too_many = ["--draws", "500000"];
    let refused = purser.run(simulate.iter().chain(&remote).chain(&too_many));
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("draws"), "{}", refused.stderr);
    let unknown = ["--server", server.url.as_str(), "--key", "purser_not_a_key"];
    assert_eq!(purser.run(simulate.iter().chain(&unknown)).code, 3);
    let nowhere = ["--server", "http://127.0.0.1:1", "--key", "k"];
    assert_eq!(purser.run(simulate.iter().chain(&nowhere)).code, 3);
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    let purser = Purser::new();
    let ran = purser.run(["cost", "--server", "http://127.0.0.1:9", "--key", "purser_x"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert_eq!(purser.run(["cost", "--server", "nowhere", "--key", "x"]).code, 2);
}

#[test]
fn the_demo_fills_once_and_is_used_again() {
    let purser = Purser::new();
    let demo = ["demo", "--no-serve", "--events", "600", "--until", "2026-11-20T12:00:00Z"];
    let first = purser.run(demo).done();
    assert_eq!(first.stdout.lines().filter(|line| line.starts_with("key purser_")).count(), 3);
    let again = purser.run(demo).done();
    assert_eq!(first.stdout, again.stdout, "the same keys");
    let tags = purser.run(["cost", "--tenant", "globex", "--by", "feature", "--json"]).done().json();
    assert_eq!(tags["rows"].as_array().map(Vec::len), Some(3));
    // A directory with data of one's own is left alone.
    let other = Purser::new();
    other.run(["key", "create", "--tenant", "acme", "--role", "admin"]).done();
    assert_eq!(other.run(demo).code, 5);
}

#[test]
fn a_server_calibrates_scores_and_replays() {
    let purser = crate::calibrate::filled();
    let server = Server::start(&purser);
    let made = purser.run(["key", "create", "--tenant", "acme", "--role", "operate", "--json"]).done().json();
    let key = made["key"].as_str().expect("a key").to_owned();
    let remote = ["--server", server.url.as_str(), "--key", &key];
    let ask = |arguments: &[&str]| purser.run([arguments, &remote].concat());
    let march = ["calibrate", "--from", "2025-03-01", "--to", "2025-04-01", "--json"];
    assert_eq!(ask(&march).done().json()["calibration"]["runs"], 6);
    let april = ["simulate", "backtest", "--from", "2025-04-01", "--to", "2025-05-01", "--json"];
    assert_eq!(ask(&april).done().json()["total"]["runs"], 2);
    let plan = purser.file("plan.json", r#"[{"skill": "chat"}]"#);
    let answer = ask(&["simulate", plan.to_str().expect("a path"), "--json"]).done().json();
    let id = answer["provenance_id"].as_str().expect("it is recorded");
    assert_eq!(ask(&["provenance", "query", "--variant", "v3", "--json"]).done().json()["records"][0]["id"], id);
    assert_eq!(ask(&["provenance", "show", id, "--json"]).done().json()["position"], 1);
    assert_eq!(ask(&["provenance", "replay", id, "--json"]).done().json()["reproduced"], true);
    assert_eq!(ask(&["provenance", "verify", "--json"]).done().json()["records"], 1);
    assert_eq!(ask(&["provenance", "replay", "x"]).code, 2);
    drop(server);
}
