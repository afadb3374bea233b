//! Reading back: cost, corrections, prices, the ledger.

use serde_json::json;

use crate::support::Purser;

const EVENTS: &str = concat!(
    r#"{"event_id":"a","occurred_at":"2025-03-01T10:00:00Z","provider":"openai","model":"gpt-4o","input_tokens":1000000,"user_id":"ann","feature_tag":"chat.reply"}"#,
    "\n",
    r#"{"event_id":"b","occurred_at":"2025-03-01T23:30:00Z","provider":"openai","model":"gpt-4o","output_tokens":100000,"user_id":"bob"}"#,
    "\n",
    r#"{"event_id":"c","occurred_at":"2025-03-02T10:00:00Z","provider":"openai","model":"gpt-4o-mini","input_tokens":1000000,"user_id":"ann"}"#,
    "\n",
    r#"{"event_id":"d","occurred_at":"2025-03-02T11:00:00Z","provider":"vllm","model":"our-own","input_tokens":50,"user_id":"cy"}"#,
    "\n",
);

fn filled() -> Purser {
    let purser = Purser::new();
    let file = purser.file("events.jsonl", EVENTS);
    let file = file.to_str().expect("a path");
    purser.run(["import", file, "--tenant", "acme", "--format", "jsonl"]).done();
    purser
}

#[test]
fn every_row_and_the_total_carry_cost_and_coverage() {
    let purser = filled();
    let answer = purser.run(["cost", "--tenant", "acme", "--by", "user", "--json"]).done().json();
    let rows: Vec<_> = answer["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| json!([row["keys"]["user"], row["cost_usd"], row["priced_fraction"]]))
        .collect();
    // ann: 2.50 + 0.15; bob: 100,000 × 10 / 1e6 = 1; cy: unpriced.
    let expected = [
        json!(["ann", "2.650000000000", 1.0]),
        json!(["bob", "1.000000000000", 1.0]),
        json!(["cy", "0.000000000000", 0.0]),
    ];
    assert_eq!(rows, expected);
    assert_eq!(answer["total"]["cost_usd"], "3.650000000000");
    assert_eq!(answer["total"]["priced_fraction"], 0.75);
}

#[test]
fn days_follow_the_tenants_zone() {
    let purser = filled();
    purser.run(["tenant", "set", "acme", "--zone", "Europe/Berlin"]).done();
    let days = ["cost", "--tenant", "acme", "--grain", "day", "--from", "2025-03-01", "--to", "2025-03-03", "--json"];
    let answer = purser.run(days).done().json();
    let rows: Vec<_> =
        answer["rows"].as_array().expect("rows").iter().map(|r| json!([r["bucket"], r["cost_usd"]])).collect();
    assert_eq!(
        rows,
        [json!(["2025-02-28T23:00:00Z", "2.500000000000"]), json!(["2025-03-01T23:00:00Z", "1.150000000000"])]
    );
}

#[test]
fn the_table_is_for_people_and_csv_is_exact() {
    let purser = filled();
    insta::assert_snapshot!(purser.run(["cost", "--tenant", "acme", "--by", "model"]).done().stdout);
    insta::assert_snapshot!(purser.run(["cost", "--tenant", "acme", "--by", "model", "--csv"]).done().stdout);
}

#[test]
fn top_folds_the_rest_and_filters_narrow() {
    let purser = filled();
    let answer = purser.run(["cost", "--tenant", "acme", "--by", "user", "--top", "1", "--json"]).done().json();
    assert_eq!(answer["rows"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["rows"][1]["other"], true);
    assert_eq!(answer["rows"][1]["cost_usd"], "1.000000000000");
    let narrowed = [
        "cost",
        "--tenant",
        "acme",
        "--filter",
        "user=ann",
        "--filter",
        "user=bob",
        "--filter",
        "model=gpt-4o",
        "--json",
    ];
    assert_eq!(purser.run(narrowed).done().json()["total"]["cost_usd"], "3.500000000000");
}

#[test]
fn an_event_is_taken_back_once() {
    let purser = filled();
    let void = ["usage", "void", "--tenant", "acme", "--event", "a", "--reason", "sent by mistake", "--json"];
    assert_eq!(purser.run(void).done().json()["voided"], 1);
    assert_eq!(purser.run(void).done().json()["voided"], 0);
    let total = purser.run(["cost", "--tenant", "acme", "--json"]).done().json();
    assert_eq!(total["total"]["cost_usd"], "1.150000000000");
    let nothing = ["usage", "void", "--tenant", "acme", "--import", "imp_none", "--reason", "x"];
    assert_eq!(purser.run(nothing).code, 4);
}

#[test]
fn an_own_price_rates_the_past_again_after_a_dry_run() {
    let purser = filled();
    let unpriced = purser.run(["prices", "unpriced", "--tenant", "acme", "--json"]).done().json();
    assert_eq!(unpriced["unpriced"][0]["model"], "our-own");
    assert_eq!(unpriced["unpriced"][0]["events"], 1);
    purser
        .run([
            "prices",
            "override",
            "set",
            "--tenant",
            "acme",
            "--provider",
            "vllm",
            "--model",
            "our-own",
            "--rate",
            "input=20",
            "--rate",
            "output=40",
        ])
        .done();
    let rerate = ["prices", "rerate", "--tenant", "acme", "--from", "2025-03-01", "--to", "2025-03-03", "--json"];
    let dry = purser.run(rerate.into_iter().chain(["--dry-run"])).done().json();
    // 50 × 20 / 1e6 = 0.001.
    assert_eq!(json!([dry["dry_run"], dry["changed"], dry["new_usd"]]), json!([true, 1, "0.001000000000"]));
    assert_eq!(purser.run(["cost", "--tenant", "acme", "--json"]).done().json()["total"]["cost_usd"], "3.650000000000");
    assert_eq!(purser.run(rerate).done().json()["changed"], 1);
    let total = purser.run(["cost", "--tenant", "acme", "--json"]).done().json();
    assert_eq!(json!([total["total"]["cost_usd"], total["total"]["priced_fraction"]]), json!(["3.651000000000", 1.0]));
    assert_eq!(purser.run(rerate).done().json()["changed"], 0);
}

#[test]
fn why_tells_each_part_of_a_charge() {
    let purser = filled();
    let told = purser.run(["usage", "why", "b", "--tenant", "acme", "--json"]).done().json();
    // 100,000 × 10 / 1e6 = 1.
    assert_eq!(json!([told["cost_usd"], told["cost_source"]]), json!(["1.000000000000", "rated"]));
    let part = &told["why"]["parts"][0];
    assert_eq!(json!([part["name"], part["rate_usd"], part["amount_usd"]]), json!(["output", "10", "1.000000000000"]));
    assert_eq!(told["why"]["price"]["provider"], "openai");
    let shown = purser.run(["usage", "why", "d", "--tenant", "acme"]).done();
    assert!(shown.stdout.contains("unpriced (unknown_model)"), "{}", shown.stdout);
    assert_eq!(purser.run(["usage", "why", "nobody", "--tenant", "acme"]).code, 4);
}

#[test]
fn an_own_price_keeps_the_books_other_rates_and_is_not_replaced_by_accident() {
    let purser = filled();
    let set = ["prices", "override", "set", "--tenant", "acme", "--provider", "openai", "--model", "gpt-4o", "--rate"];
    purser.run(set.into_iter().chain(["input=2"])).done();
    assert_eq!(purser.run(set.into_iter().chain(["input=1"])).code, 5);
    purser.run(set.into_iter().chain(["input=1", "--replace"])).done();
    let rerate = ["prices", "rerate", "--tenant", "acme", "--from", "2025-03-01", "--to", "2025-03-03", "--json"];
    let report = purser.run(rerate.into_iter().chain(["--dry-run"])).done().json();
    // A million input tokens at 1 dollar instead of 2.50; the output stays at 10 dollars a million.
    assert_eq!(
        json!([report["changed"], report["old_usd"], report["new_usd"]]),
        json!([1, "2.500000000000", "1.000000000000"])
    );
}

#[test]
fn a_discount_changes_what_comes_later_until_it_ends() {
    let purser = filled();
    let set = ["prices", "discount", "set", "--tenant", "acme", "--percent", "12.5", "--provider", "openai", "--json"];
    let made = purser.run(set).done().json();
    assert_eq!(made["percent"], "12.5");
    let rerate = [
        "prices",
        "rerate",
        "--tenant",
        "acme",
        "--from",
        "2025-03-01",
        "--to",
        "2025-03-03",
        "--model",
        "gpt-4o",
        "--dry-run",
        "--json",
    ];
    let report = purser.run(rerate).done().json();
    // 3.50 × 0.875 = 3.0625.
    assert_eq!(json!([report["old_usd"], report["new_usd"]]), json!(["3.500000000000", "3.062500000000"]));
    purser
        .run([
            "prices",
            "discount",
            "end",
            made["id"].as_str().expect("an id"),
            "--tenant",
            "acme",
            "--at",
            "2025-01-01",
        ])
        .done();
    assert_eq!(purser.run(rerate).done().json()["changed"], 0);
}

#[test]
fn the_ledger_says_its_size_and_verifies() {
    let purser = filled();
    purser.run(["ledger", "flush", "--json"]).done();
    let stats = purser.run(["ledger", "stats", "--json"]).done().json();
    assert_eq!(json!([stats["lake_rows"], stats["inbox_rows"]]), json!([4, 0]));
    let verified = purser.run(["ledger", "verify", "--json"]).done().json();
    assert_eq!(
        json!([verified["ok"], verified["charged_events"], verified["cost_usd"]]),
        json!([true, 4, "3.650000000000"])
    );
    purser.run(["ledger", "optimize", "--json"]).done();
    purser.run(["ledger", "vacuum", "--dry-run", "--json"]).done();
}

#[test]
fn the_shipped_book_lists_shows_and_checks() {
    let purser = Purser::new();
    let shown = purser.run(["prices", "show", "openai/gpt-4o", "--at", "2025-03-01", "--json"]).done().json();
    assert_eq!(shown["prices"][0]["tiers"][0]["usd"]["input"], "2.5");
    let listed = purser.run(["prices", "list", "--provider", "anthropic", "--json"]).done().json();
    assert!(listed["prices"].as_array().is_some_and(|all| all.len() > 10));
    purser.run(["prices", "check"]).done();
}
