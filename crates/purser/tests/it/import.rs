//! `purser import`: every row once, whatever is imported again.

use serde_json::{Value, json};

use crate::support::{Purser, Ran};

/// Rows without ids; the second and third are equal.
const CALLS: &str = "\
time,provider,model,in,out
2025-03-01T10:00:00Z,openai,gpt-4o,1000,100
2025-03-01T11:00:00Z,openai,gpt-4o,2000,200
2025-03-01T11:00:00Z,openai,gpt-4o,2000,200
2025-03-01T12:00:00Z,vllm,our-own-model,10,1
";
const MAP: &str = "occurred_at=time,input_tokens=in,output_tokens=out";

fn import(purser: &Purser, file: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["import", file, "--tenant", "acme", "--format", "csv", "--map", MAP, "--json"];
    arguments.extend(more);
    purser.run(arguments)
}

fn counts(ran: &Ran) -> Value {
    let file = &ran.json()["files"][0];
    json!([file["accepted"], file["duplicates"], file["duplicates_of_other_files"], file["conflicts"], file["refused"]])
}

fn total(purser: &Purser) -> Value {
    let total = purser.run(["cost", "--tenant", "acme", "--json"]).done().json()["total"].clone();
    json!([total["cost_usd"], total["charged_events"], total["unpriced_events"]])
}

#[test]
fn equal_rows_of_a_file_all_count_and_importing_it_again_changes_nothing() {
    let purser = Purser::new();
    let file = purser.file("calls.csv", CALLS);
    let file = file.to_str().expect("a path");
    let first = import(&purser, file, &[]).done();
    assert_eq!(counts(&first), json!([4, 0, 0, 0, 0]));
    assert_eq!(first.json()["files"][0]["unpriced"], 1);
    // 1,000 × 2.5 + 100 × 10 = 3,500; twice 2,000 × 2.5 + 200 × 10 = 7,000; all in millionths of a dollar.
    let expected = json!(["0.017500000000", 4, 1]);
    assert_eq!(total(&purser), expected);
    let again = import(&purser, file, &[]).done();
    assert_eq!(counts(&again), json!([0, 4, 0, 0, 0]));
    assert_eq!(total(&purser), expected);
}

#[test]
fn rows_equal_to_another_files_are_counted_apart() {
    let purser = Purser::new();
    let first = purser.file("a.csv", CALLS);
    import(&purser, first.to_str().expect("a path"), &[]).done();
    let other = "time,provider,model,in,out\n\
        2025-03-01T11:00:00Z,openai,gpt-4o,2000,200\n2025-03-02T10:00:00Z,openai,gpt-4o,4,4\n";
    let second = purser.file("b.csv", other);
    let ran = import(&purser, second.to_str().expect("a path"), &[]).done();
    assert_eq!(counts(&ran), json!([1, 1, 1, 0, 0]));
    let others = &ran.json()["files"][0]["other_files"][0];
    assert!(others["import"].as_str().is_some_and(|name| name.contains("a.csv")), "{others}");
}

#[test]
fn another_mapping_of_a_known_row_is_a_conflict_that_names_the_remedy() {
    let purser = Purser::new();
    let file = purser.file("calls.csv", CALLS);
    let file = file.to_str().expect("a path");
    let import_id =
        import(&purser, file, &[]).done().json()["files"][0]["import_id"].as_str().expect("an id").to_owned();
    let swapped = "occurred_at=time,input_tokens=out,output_tokens=in";
    let again = ["import", file, "--tenant", "acme", "--format", "csv", "--map", swapped, "--json"];
    let ran = purser.run(again);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert_eq!(counts(&ran), json!([0, 0, 0, 4, 0]));
    let remedy = ran.json()["files"][0]["remedy"].as_str().expect("a remedy").to_owned();
    assert!(remedy.contains(&format!("purser usage void --import {import_id}")), "{remedy}");
    // The remedy works.
    let voided = ["usage", "void", "--tenant", "acme", "--import", &import_id, "--reason", "wrong mapping", "--json"];
    assert_eq!(purser.run(voided).done().json()["voided"], 4);
    assert_eq!(total(&purser), json!(["0.000000000000", 0, 0]));
    assert_eq!(counts(&purser.run(again).done()), json!([4, 0, 0, 0, 0]));
    assert_eq!(counts(&purser.run(again).done()), json!([0, 4, 0, 0, 0]), "once");
    // 100 × 2.5 + 1,000 × 10 = 10,250; twice 200 × 2.5 + 2,000 × 10 = 20,500.
    assert_eq!(total(&purser), json!(["0.051250000000", 4, 1]));
}

#[test]
fn a_file_that_was_taken_back_counts_again_when_it_is_imported_again() {
    let purser = Purser::new();
    let file = purser.file("calls.csv", CALLS);
    let file = file.to_str().expect("a path");
    let first = import(&purser, file, &[]).done().json();
    let before = total(&purser);
    let id = first["files"][0]["import_id"].as_str().expect("an id");
    purser.run(["usage", "void", "--tenant", "acme", "--import", id, "--reason", "too early"]).done();
    assert_eq!(total(&purser), json!(["0.000000000000", 0, 0]));
    assert_eq!(counts(&import(&purser, file, &[]).done()), json!([4, 0, 0, 0, 0]));
    assert_eq!(counts(&import(&purser, file, &[]).done()), json!([0, 4, 0, 0, 0]));
    assert_eq!(total(&purser), before);
    let verified = purser.run(["ledger", "verify", "--json"]).done().json();
    assert_eq!(verified["ok"], true, "{verified}");
}

#[test]
fn bad_rows_are_refused_with_line_and_reason_and_the_others_count() {
    let purser = Purser::new();
    let text = "event_id,occurred_at,provider,model,input_tokens\n\
        a,2025-03-01T10:00:00Z,openai,gpt-4o,1000\n\
        b,2025-03-01T10:00:00,openai,gpt-4o,1000\n\
        c,2025-03-01T10:00:00Z,openai,gpt-4o,-5\n\
        d,2025-03-01T10:00:00Z,openai,,many\n";
    let file = purser.file("calls.csv", text);
    let rejects = purser.path("rejects.csv");
    let ran = purser.run([
        "import",
        file.to_str().expect("a path"),
        "--tenant",
        "acme",
        "--format",
        "csv",
        "--rejects",
        rejects.to_str().expect("a path"),
    ]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let listed = std::fs::read_to_string(&rejects).expect("the list");
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines[0], "file,line,event_id,field,value,reason");
    for (line, field) in [(3, "occurred_at"), (4, "input_tokens"), (5, "input_tokens")] {
        let found = lines.iter().any(|text| text.contains(&format!("calls.csv,{line},")) && text.contains(field));
        assert!(found, "line {line}: {listed}");
    }
    assert!(ran.stderr.contains("calls.csv:3: occurred_at: has no offset"), "{}", ran.stderr);
    assert_eq!(total(&purser), json!(["0.002500000000", 1, 0]));
}

#[test]
fn times_without_an_offset_need_a_zone() {
    let purser = Purser::new();
    let text = "time,provider,model,in,out\n2025-03-01 10:00:00,openai,gpt-4o,1,1\n";
    let file = purser.file("calls.csv", text);
    let file = file.to_str().expect("a path");
    assert_eq!(import(&purser, file, &[]).code, 3);
    import(&purser, file, &["--timezone", "Europe/Berlin"]).done();
    let rows = purser.run([
        "cost",
        "--tenant",
        "acme",
        "--from",
        "2025-03-01T09:00:00Z",
        "--to",
        "2025-03-01T09:00:01Z",
        "--json",
    ]);
    assert_eq!(rows.done().json()["total"]["charged_events"], 1);
    assert_eq!(import(&purser, file, &["--timezone", "Moon/Base"]).code, 2);
}

#[test]
fn a_dry_run_stores_nothing_and_says_what_it_would_cost() {
    let purser = Purser::new();
    let file = purser.file("calls.csv", CALLS);
    let ran = import(&purser, file.to_str().expect("a path"), &["--dry-run"]).done();
    let file = &ran.json()["files"][0];
    assert_eq!(file["accepted"], 4);
    assert_eq!(file["would_charge_usd"], "0.017500000000");
    assert_eq!(file["import_id"], Value::Null);
    assert_eq!(purser.run(["cost", "--tenant", "acme"]).code, 4, "not even the tenant was made");
}

#[test]
fn a_dry_run_rates_at_the_tenants_own_prices() {
    let purser = Purser::new();
    purser.run(["tenant", "create", "acme"]).done();
    let discount = ["prices", "discount", "set", "--tenant", "acme", "--percent", "50", "--provider", "openai"];
    purser.run(discount).done();
    let file = purser.file("calls.csv", CALLS);
    let ran = import(&purser, file.to_str().expect("a path"), &["--dry-run"]).done();
    assert_eq!(ran.json()["files"][0]["would_charge_usd"], "0.008750000000", "half of 0.0175");
}

#[test]
fn json_lines_with_and_without_ids_and_constants() {
    let purser = Purser::new();
    let text = concat!(
        r#"{"event_id":"a","occurred_at":"2025-03-01T10:00:00Z","provider":"openai","model":"gpt-4o","input_tokens":1000}"#,
        "\n\n",
        r#"{"occurred_at":"2025-03-01T10:00:00Z","provider":"openai","model":"gpt-4o","output_tokens":100}"#,
        "\n",
        r#"{"occurred_at":"2025-03-01T10:00:00Z","provider":"openai","model":"gpt-4o","colour":"red"}"#,
        "\n",
        "not json\n"
    );
    let file = purser.file("events.jsonl", text);
    let ran = purser.run([
        "import",
        file.to_str().expect("a path"),
        "--tenant",
        "acme",
        "--format",
        "jsonl",
        "--set",
        "project=alpha,tags.team=core",
        "--json",
    ]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(counts(&ran), json!([2, 0, 0, 0, 2]));
    let lines: Vec<Value> = ran.json()["files"][0]["first_refusals"]
        .as_array()
        .map(|all| all.iter().map(|refusal| refusal["line"].clone()).collect())
        .unwrap_or_default();
    assert_eq!(lines, [json!(4), json!(5)]);
    let by = purser.run(["cost", "--tenant", "acme", "--by", "project,tag:team", "--json"]).done().json();
    assert_eq!(by["rows"][0]["keys"], json!({"project": "alpha", "tag:team": "core"}));
    assert_eq!(by["rows"][0]["cost_usd"], "0.003500000000");
}

/// A batch of 1,000,000 tokens, a day without use, and a model without a price.
const OPENAI_USAGE: &str = "\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens
1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,proj_1,500.0,gpt-5-mini,TRUE,default,1000000.0,0.0,0.0
1759708800,1759795200,2025-10-06T00:00:00+00:00,2025-10-07T00:00:00+00:00,,,,,,,,
1759795200,1759881600,2025-10-07T00:00:00+00:00,2025-10-08T00:00:00+00:00,proj_1,2,our-own-model,FALSE,default,10,5,0
";

#[test]
fn an_export_is_known_by_its_header_and_a_dry_run_shows_it_by_model() {
    let purser = Purser::new();
    let file = purser.file("october.csv", &OPENAI_USAGE.replace('\n', "\r\n"));
    let file = file.to_str().expect("a path");
    let ran = purser.run(["import", file, "--tenant", "acme", "--dry-run", "--json"]).done();
    let summary = &ran.json()["files"][0];
    assert_eq!((&summary["format"], &summary["skipped"]), (&json!("openai-usage"), &json!(1)));
    // 1,000,000 tokens at half of 0.25 a million.
    let expected = json!([
        {"provider": "openai", "model": "gpt-5-mini", "events": 1, "requests": 500, "input_tokens": 1_000_000,
         "output_tokens": 0, "cost_usd": "0.125000000000", "reported": 0, "unpriced": {}},
        {"provider": "openai", "model": "our-own-model", "events": 1, "requests": 2, "input_tokens": 10,
         "output_tokens": 5, "cost_usd": null, "reported": 0, "unpriced": {"unknown_model": 1}},
    ]);
    assert_eq!(summary["by_model"], expected);
    let ran = purser.run(["import", file, "--tenant", "acme", "--dry-run"]).done();
    assert!(ran.stderr.contains("october.csv as openai-usage"), "{}", ran.stderr);
    assert!(ran.stdout.contains("1 unknown_model"), "{}", ran.stdout);
    purser.run(["import", file, "--tenant", "acme"]).done();
    assert_eq!(total(&purser), json!(["0.125000000000", 2, 1]));
    let again = purser.run(["import", file, "--tenant", "acme", "--json"]).done();
    assert_eq!(counts(&again), json!([0, 2, 0, 0, 0]));
}

#[test]
fn a_header_that_fits_nothing_is_refused_with_the_files_name_once() {
    let purser = Purser::new();
    let file = purser.file("other.csv", "when,who\n1,2\n");
    let file = file.to_str().expect("a path");
    let ran = purser.run(["import", file, "--tenant", "acme"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("other.csv").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("no column gives occurred_at"), "{}", ran.stderr);
}

#[test]
fn what_a_router_charged_stands_and_an_import_may_prefer_the_rated_cost() {
    let rows = "generation_id,created_at,cost_total,model_permaslug,tokens_prompt,tokens_completion\n\
        g-1,2025-03-01 10:00:00,0.5,openai/gpt-4o,1000,100\n";
    let paid = "occurred_at,provider,model,input_tokens,output_tokens,cost_usd\n\
        2025-03-01T10:00:00Z,openai,gpt-4o,1000,100,$0.50\n";
    // 1,000 × 2.5 + 100 × 10 = 3,500 millionths of a dollar.
    for (name, rows, prefer, cost) in [
        ("openrouter.csv", rows, None, "0.500000000000"),
        ("paid.csv", paid, None, "0.003500000000"),
        ("paid.csv", paid, Some("reported"), "0.500000000000"),
        ("paid.csv", paid, Some("rated"), "0.003500000000"),
    ] {
        let purser = Purser::new();
        let file = purser.file(name, rows);
        let mut arguments = vec!["import", file.to_str().expect("a path"), "--tenant", "acme", "--json"];
        arguments.extend(prefer.into_iter().flat_map(|prefer| ["--prefer", prefer]));
        let mut dry = arguments.clone();
        dry.push("--dry-run");
        assert_eq!(purser.run(dry).done().json()["files"][0]["would_charge_usd"], cost, "{name} {prefer:?}");
        purser.run(arguments).done();
        assert_eq!(total(&purser), json!([cost, 1, 0]), "{name} {prefer:?}");
    }
}

/// Runs `purser import --agents` with a home directory of the test's own.
fn import_agents(purser: &Purser, more: &[&str]) -> Ran {
    let mut command = crate::support::command(&purser.path("."));
    for name in
        ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "COPILOT_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"]
    {
        command.env_remove(name);
    }
    command.env("HOME", purser.path("home")).arg("--data-dir").arg(purser.path("data"));
    crate::support::run(command.args(["import", "--agents", "--tenant", "acme", "--json"]).args(more))
}

#[test]
fn the_logs_of_every_agent_on_the_machine_are_found_and_read_once() {
    let purser = Purser::new();
    let nothing = import_agents(&purser, &[]);
    assert_eq!(nothing.code, 4, "{}", nothing.stderr);
    assert!(nothing.stderr.contains("home/.codex/sessions"), "{}", nothing.stderr);
    let claude = r#"{"type":"assistant","timestamp":"2026-03-01T12:00:00Z","requestId":"req_1","sessionId":"s-1","message":{"id":"msg_1","model":"claude-sonnet-4-5","usage":{"input_tokens":1000,"output_tokens":100}}}"#;
    purser.file("home/.claude/projects/shop/s-1.jsonl", claude);
    // A resumed session copies the line.
    purser.file("home/.claude/projects/shop/s-2.jsonl", claude);
    let usage = r#"{"input_tokens":1000,"cached_input_tokens":0,"output_tokens":100,"total_tokens":1100}"#;
    let codex = [
        r#"{"timestamp":"2026-03-01T12:00:00Z","type":"session_meta","payload":{"id":"s-1","model_provider":"openai"}}"#.to_owned(),
        r#"{"timestamp":"2026-03-01T12:00:01Z","type":"turn_context","payload":{"model":"gpt-4o"}}"#.to_owned(),
        format!(
            r#"{{"timestamp":"2026-03-01T12:00:05Z","type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{usage},"last_token_usage":{usage}}}}}}}"#
        ),
    ];
    purser.file("home/.codex/sessions/2026/03/01/rollout-2026-03-01T12-00-00-s-1.jsonl", &codex.join("\n"));
    purser.file("home/.codex/sessions/2026/03/01/notes.jsonl", "no log of a session");
    for (name, id) in [("a", "msg_a"), ("b", "msg_b")] {
        let message = format!(
            r#"{{"id":"{id}","sessionID":"ses_1","role":"assistant","providerID":"openai","modelID":"gpt-4o","time":{{"created":1772366400000}},"tokens":{{"input":1000,"output":100,"reasoning":0,"cache":{{"read":0,"write":0}}}}}}"#
        );
        purser.file(&format!("home/.local/share/opencode/storage/message/ses_1/{name}.json"), &message);
    }
    let dry = import_agents(&purser, &["--dry-run"]).done();
    assert!(dry.stderr.contains("claude-code: 2 logs in"), "{}", dry.stderr);
    assert!(dry.stderr.contains("codex: 1 logs in") && dry.stderr.contains("opencode: 2 logs in"), "{}", dry.stderr);
    let ran = import_agents(&purser, &[]).done();
    let accepted: Vec<u64> =
        ran.json()["files"].as_array().expect("a list").iter().filter_map(|file| file["accepted"].as_u64()).collect();
    assert_eq!(accepted, [1, 1, 2]);
    // Claude: 1,000 × 3 + 100 × 15 = 4,500; gpt-4o three times 1,000 × 2.5 + 100 × 10 = 3,500: 15,000 millionths.
    let expected = json!(["0.015000000000", 4, 0]);
    assert_eq!(total(&purser), expected);
    import_agents(&purser, &[]).done();
    assert_eq!(total(&purser), expected);
}
