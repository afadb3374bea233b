//! Rates usages with a price file: one JSON case per line in, one outcome per line out.
//!
//! `rate_cases PRICES.jsonl < cases.jsonl`, a case being
//! `{"provider", "model", "at", "service_tier"?, "usage": {"input": 10, …}}`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};
use std::sync::Arc;

use purser_domain::provider;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;
use purser_engine::price_book::PriceBook;
use purser_engine::rating;
use purser_ingest::price_file;
use serde_json::{Value, json};

#[expect(clippy::disallowed_methods, reason = "an example is a program, not the engine")]
fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("rate_cases PRICES.jsonl")?;
    let prices = price_file::parse(&std::fs::read(&path)?).map_err(|findings| format!("{path}: {findings:?}"))?;
    let (book, _) = PriceBook::compile(prices);
    let book = PriceBook::for_tenant(Arc::new(book), vec![], vec![]);
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let charge = rating::rate(&book, &event(&serde_json::from_str(&line?)?)?);
        let outcome = json!({
            "cost": charge.rated_usd.map(|cost| cost.to_string()),
            "matched": charge.matched.name(),
            "version": charge.price_version.as_deref(),
        });
        writeln!(out, "{outcome}")?;
    }
    Ok(out.flush()?)
}

fn event(case: &Value) -> Result<UsageEvent, Box<dyn Error>> {
    let text = |field: &str| case[field].as_str().ok_or(format!("{field} is missing"));
    let quantities: BTreeMap<String, u64> = serde_json::from_value(case["usage"].clone())?;
    let mut usage = Usage::default();
    for (name, quantity) in quantities {
        usage.set(name.parse::<Leaf>()?, quantity);
    }
    Ok(UsageEvent {
        provider: provider::canonical(text("provider")?),
        model: text("model")?.to_owned(),
        occurred_at: text("at")?.parse()?,
        service_tier: case["service_tier"].as_str().map(str::to_owned),
        usage,
        ..UsageEvent::default()
    })
}
