use std::collections::BTreeSet;
use std::sync::Arc;

use purser_domain::calibration::Calibration;
use purser_domain::price::{Price, Rate, Source as PriceSource, Tier};
use purser_domain::prior::{Prior, Priors};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use serde_json::{Value, json};

use super::*;
use crate::price_book::{PriceBook, TenantBook};

mod advice;
mod answer;
mod closed_form;
mod law;
mod spending;
mod sweep;

/// Prices, fits and assumptions that a test owns.
struct World {
    book: TenantBook,
    calibration: Calibration,
    priors: Priors,
}

/// Dollars per million tokens: input, cache read, cache write, output.
type PerMillion = [&'static str; 4];

fn tier(service_tier: &str, over_input_tokens: u64, prices: PerMillion) -> Tier {
    let mut rates = [None; Leaf::COUNT];
    let leaves = [Leaf::Input, Leaf::CacheRead, Leaf::CacheWrite5m, Leaf::Output];
    for (leaf, usd) in leaves.into_iter().zip(prices) {
        rates[leaf as usize] = Some(Rate::parse(usd, 1_000_000).expect("a literal of this test"));
    }
    Tier::new(service_tier, over_input_tokens, rates)
}

fn price(model: &str, tiers: Vec<Tier>) -> Price {
    Price {
        provider: "acme".to_owned(),
        model: model.to_owned(),
        aliases: vec![],
        effective_from: None,
        effective_to: None,
        daily: None,
        factors: Vec::new(),
        tiers,
        source: PriceSource { catalogue: "test".to_owned(), url: None, retrieved: "2026-01-01".to_owned() },
    }
}

impl World {
    fn new() -> Self {
        Self::with_prices(vec![
            price(
                "large",
                vec![
                    tier("standard", 0, ["3", "0.3", "3.75", "15"]),
                    tier("standard", 200_000, ["6", "0.6", "7.5", "22.5"]),
                    tier("batch", 0, ["1.5", "0.15", "1.875", "7.5"]),
                ],
            ),
            price("small", vec![tier("standard", 0, ["0.5", "0.05", "0.625", "2"])]),
            price("tiny", vec![tier("standard", 0, ["0.1", "0.01", "0.125", "0.4"])]),
        ])
    }

    fn with_prices(prices: Vec<Price>) -> Self {
        let (book, _) = PriceBook::compile(prices);
        let prior = |cost_usd, latency_ms, failure| Prior { cost_usd, latency_ms, failure };
        let skills = BTreeMap::from([
            ("kv_get".to_owned(), prior(0.0, 5.0, 0.0)),
            ("http_call".to_owned(), prior(0.0, 500.0, 0.1)),
            ("llm_invoke".to_owned(), prior(0.05, 2_000.0, 0.05)),
        ]);
        Self {
            book: PriceBook::for_tenant(Arc::new(book), vec![], vec![]),
            calibration: Calibration::none(),
            priors: Priors { version: "test".to_owned(), skills, unknown: prior(0.1, 1_000.0, 0.2) },
        }
    }

    fn sources(&self) -> Sources<'_> {
        let at = Timestamp::from_micros(1_790_000_000_000_000);
        Sources { book: &self.book, at, calibration: &self.calibration, priors: &self.priors }
    }

    fn try_run(&self, steps: &Value, options: &Options) -> Result<Estimate, SimulateError> {
        simulate(&plan(steps), self.sources(), options, 1)
    }

    fn run(&self, steps: &Value, options: &Options) -> Estimate {
        self.try_run(steps, options).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn plan(steps: &Value) -> Plan {
    Plan::parse(steps, "plan").unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn quick() -> Options {
    Options { draws: 2_000, advice: false, ..Options::default() }
}

fn usd(text: &str) -> Money {
    text.parse().expect("a literal of this test")
}

/// A step of known usage.
fn step(id: &str, cost: impl Into<Value>, latency: impl Into<Value>, failure: f64) -> Value {
    let usage = json!({"cost_usd": cost.into(), "latency_ms": latency.into(), "failure": failure});
    json!({"id": id, "skill": "kv_get", "usage": usage})
}

/// A step that cannot vary.
fn fixed(id: &str, cost: f64, latency: f64) -> Value {
    step(id, json!(cost), json!(latency), 0.0)
}
