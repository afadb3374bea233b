//! Real traffic: Azure's LLM trace and tau2's calls import exactly and cost what their sources say.

use std::collections::BTreeMap;
use std::path::Path;

use purser_domain::money::Money;
use serde_json::json;

use crate::support::{Purser, dataset};

type Row = BTreeMap<String, String>;

fn read(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a file");
    reader.deserialize().collect::<Result<_, _>>().expect("rows")
}

#[test]
fn the_azure_trace_imports_to_the_row_and_the_token() {
    let Some(trace) = dataset("azure/AzureLLMInferenceTrace_code.csv") else { return };
    let trace = trace.to_str().expect("a path");
    let awk = std::process::Command::new("awk")
        .args(["-F,", "NR > 1 { rows++; read += $2; written += $3 } END { print rows, read, written }", trace])
        .output()
        .expect("awk");
    let awk = String::from_utf8(awk.stdout).expect("text");
    let sums: Vec<i64> = awk.split_whitespace().map(|word| word.parse().expect("a sum")).collect();
    assert_eq!(sums[0], 8_819);
    let purser = Purser::new();
    let import = [
        "import",
        trace,
        "--tenant",
        "azure",
        "--format",
        "csv",
        "--timezone",
        "UTC",
        "--map",
        "occurred_at=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens",
        "--set",
        "provider=azure.ai.openai,model=gpt-4o",
        "--json",
    ];
    let cost = || {
        let answer = purser.run(["cost", "--tenant", "azure", "--json"]).done().json();
        let total = &answer["total"];
        json!([total["charged_events"], total["input_tokens"], total["output_tokens"], total["cost_usd"]])
    };
    assert_eq!(purser.run(import).done().json()["files"][0]["accepted"], 8_819);
    // 2.50 and 10 USD per million: 2,500,000 and 10,000,000 pico-dollars a token.
    let expected = Money::from_pico(i128::from(sums[1]) * 2_500_000 + i128::from(sums[2]) * 10_000_000);
    assert_eq!(cost(), json!([8_819, sums[1], sums[2], expected]));
    assert_eq!(purser.run(import).done().json()["files"][0]["duplicates"], 8_819);
    assert_eq!(cost(), json!([8_819, sums[1], sums[2], expected]));
}

/// Who serves a model, and its name there.
fn provider(model: &str) -> (&'static str, &str) {
    match model {
        "" => ("unknown", "unknown"),
        model if model.starts_with("claude") => ("anthropic", model),
        model if model.starts_with("xai/") => ("x_ai", &model[4..]),
        model if model.starts_with("deepseek/") => ("deepseek", &model[9..]),
        model if model.starts_with("openai/gpt-oss") => ("self-hosted", &model[7..]),
        "whissle" => ("whissle", model),
        model => ("openai", model),
    }
}

/// tau2's model calls with token counts, joined with the models of their runs.
fn prepare(calls: &Path, runs: &Path, out: &Path) -> (u64, u64, u64) {
    let runs: BTreeMap<(String, String), Row> =
        read(runs).into_iter().map(|run| ((run["run_id"].clone(), run["source"].clone()), run)).collect();
    let mut writer = csv::Writer::from_path(out).expect("a writable directory");
    let header = [
        "event_id",
        "occurred_at",
        "provider",
        "model",
        "run_id",
        "agent",
        "input_tokens",
        "output_tokens",
        "cost_usd",
    ];
    writer.write_record(header).expect("a row");
    let mut sums = (0, 0, 0);
    for call in read(calls) {
        let run = &runs[&(call["run_id"].clone(), call["source"].clone())];
        let asked = match call["role"].as_str() {
            "assistant" => &run["agent_llm"],
            "user" => &run["user_llm"],
            _ => continue,
        };
        if call["prompt_tokens"].is_empty() {
            continue;
        }
        let count = |column: &str| call[column].parse::<u64>().expect("a count");
        sums = (sums.0 + 1, sums.1 + count("prompt_tokens"), sums.2 + count("completion_tokens"));
        let (provider, model) = provider(asked);
        let is_priced = call["cost_usd"].parse::<f64>().is_ok_and(|cost| cost > 0.0);
        let reported = if is_priced { call["cost_usd"].as_str() } else { "" };
        let id = format!("{}/{}/{}", call["run_id"], call["source"], call["turn_idx"]);
        let row = [
            id.as_str(),
            &call["timestamp"],
            provider,
            model,
            &call["run_id"],
            &call["role"],
            &call["prompt_tokens"],
            &call["completion_tokens"],
            reported,
        ];
        writer.write_record(row).expect("a row");
    }
    writer.flush().expect("a flush");
    sums
}

/// Pico-dollars a token of a model's standard input and cache read.
fn rates(purser: &Purser, model: &str, day: &str) -> (i128, i128) {
    let shown = purser.run(["prices", "show", model, "--provider", "openai", "--at", day, "--json"]).done().json();
    let tiers = shown["prices"][0]["tiers"].as_array().expect("tiers").clone();
    let standard = tiers.iter().find(|tier| tier["service_tier"] == "standard" && tier["over_input_tokens"] == 0);
    let usd = &standard.expect("a standard tier")["usd"];
    let pico = |leaf: &str| {
        let per_million: Money = usd[leaf].as_str().expect("a rate").parse().expect("a decimal");
        per_million.pico() / 1_000_000
    };
    (pico("input"), pico("cache_read"))
}

#[test]
fn tau2_calls_cost_what_their_source_says_but_for_cached_tokens() {
    let (Some(calls), Some(runs)) = (dataset("agent_runs/tau2_calls.csv"), dataset("agent_runs/tau2_runs.csv")) else {
        return;
    };
    let purser = Purser::new();
    let prepared = purser.path("tau2.csv");
    let (rows, read_tokens, written) = prepare(&calls, &runs, &prepared);
    let import = [
        "import",
        prepared.to_str().expect("a path"),
        "--tenant",
        "tau2",
        "--format",
        "csv",
        "--timezone",
        "UTC",
        "--json",
    ];
    assert_eq!(purser.run(import).done().json()["files"][0]["accepted"], rows);
    let total = purser.run(["cost", "--tenant", "tau2", "--json"]).done().json()["total"].clone();
    assert_eq!(
        json!([total["charged_events"], total["input_tokens"], total["output_tokens"]]),
        json!([rows, read_tokens, written])
    );
    let out = purser.path("entries.csv");
    let name = out.to_str().expect("a path");
    purser.run(["export", "--tenant", "tau2", "--format", "csv", "--grain", "event", "--output", name]).done();
    let (mut claude, mut openai, mut short) = (0, 0, 0);
    let mut known: BTreeMap<(String, String), (i128, i128)> = BTreeMap::new();
    for row in read(&out).iter().filter(|row| !row["reported_usd"].is_empty() && !row["rated_usd"].is_empty()) {
        let money = |column: &str| row[column].parse::<Money>().expect("money").pico();
        let (rated, reported) = (money("rated_usd"), money("reported_usd"));
        if row["provider"] == "anthropic" {
            assert_eq!(rated, reported, "{row:?}");
            claude += 1;
        } else if row["provider"] == "openai" {
            let day = row["occurred_at"][..10].to_owned();
            let model = row["model"].clone();
            let key = (model.clone(), day.clone());
            let (input, cached) = *known.entry(key).or_insert_with(|| rates(&purser, &model, &day));
            let shortfall = rated - reported;
            assert!(shortfall >= 0, "reported above rated: {row:?}");
            assert_eq!(shortfall % (input - cached), 0, "{row:?}");
            let tokens = shortfall / (input - cached);
            assert!(tokens <= row["input_tokens"].parse().expect("a count"), "{row:?}");
            openai += 1;
            short += i32::from(tokens > 0);
        }
    }
    assert_eq!(claude, 1_363);
    assert!(openai > 6_000 && short > 0, "{openai} calls of OpenAI models, {short} with cached tokens");
}
