//! Rates generated events with the shipped price book on one core and prints events per second.
//!
//! `cargo bench -p purser-engine --bench rating`

use std::error::Error;
use std::hint::black_box;
use std::io::{Write as _, stdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use purser_domain::price::{Discount, Factor, Rate};
use purser_domain::time::Timestamp;
use purser_domain::unit::Quantity;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;
use purser_engine::price_book::{PriceBook, TenantBook};
use purser_engine::rating;
use purser_ingest::price_file;

/// How many different events are rated in turn: more than fit a first-level cache.
const EVENTS: usize = 20_000;
/// How many events are timed at once.
const CHUNK: usize = 1_000;
/// How often each of them is timed.
const ROUNDS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let prices = price_file::parse(include_bytes!("../../../data/prices.jsonl"))
        .map_err(|findings| format!("{} findings", findings.len()))?;
    let book = Arc::new(PriceBook::compile(prices).0);
    let plain = PriceBook::for_tenant(book.clone(), vec![], vec![]);
    let discount = Discount {
        id: "d".to_owned(),
        provider: Some("openai".to_owned()),
        model: None,
        percent_milli: 12_500,
        effective_from: None,
        effective_to: None,
    };
    let discounted = PriceBook::for_tenant(book.clone(), vec![], vec![discount]);
    let events = events(&book);
    let mut decorated = events.clone();
    for event in &mut decorated {
        event.model = format!("{}/{}", event.provider, event.model.to_uppercase());
        event.response_model = None;
    }
    let mut unknown = events.clone();
    for event in &mut unknown {
        event.model.push_str("-x");
        event.response_model = None;
    }
    let mut served = events.clone();
    for event in &mut served {
        event.inference_geo = Some("us".to_owned());
        event.speed = Some("standard".to_owned());
    }
    let mut counted = events.clone();
    for event in &mut counted {
        event.units.insert("images".to_owned(), Quantity::whole(2).unwrap_or_default());
    }
    let multiplied = multiplied(&book);
    for (name, book, events) in [
        ("exact names", &plain, &events),
        ("a factor for each price", &multiplied, &events),
        ("the same, told the place", &multiplied, &served),
        ("a unit each", &multiplied, &counted),
        ("exact names, a discount", &discounted, &events),
        ("decorated names", &plain, &decorated),
        ("unknown names", &plain, &unknown),
    ] {
        let rate = measure(book, events);
        writeln!(stdout(), "{name:<26} {:>6.2} million events/s per core", rate / 1e6)?;
    }
    Ok(())
}

/// The same prices, each with a factor for a place and a rate for images.
fn multiplied(book: &PriceBook) -> TenantBook {
    let prices = book.iter().map(|(price, _)| {
        let mut price = price.clone();
        price.factors = Factor::parse("inference_geo", "us", "1.1").into_iter().collect();
        for tier in &mut price.tiers {
            tier.units.extend(Rate::new(40_000_000_000, 1).map(|rate| ("images".to_owned(), rate)));
        }
        price
    });
    PriceBook::for_tenant(Arc::new(PriceBook::compile(prices.collect()).0), vec![], vec![])
}

/// Events over twelve everyday models, with the leaves and tiers that real traffic has.
fn events(book: &PriceBook) -> Vec<UsageEvent> {
    let models = [
        ("openai", "gpt-4o"),
        ("openai", "gpt-4o-mini-2024-07-18"),
        ("openai", "gpt-5"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-opus-4-6"),
        ("gcp.gemini", "gemini-2.5-pro"),
        ("gcp.gemini", "gemini-2.5-flash"),
        ("deepseek", "deepseek-chat"),
        ("mistral_ai", "mistral-large-latest"),
        ("x_ai", "grok-4"),
        ("groq", "openai/gpt-oss-120b"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
    ];
    let at: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
    for (provider, model) in models {
        assert!(book.find(provider, model, at).is_ok(), "{provider} {model} ships");
    }
    let mut seed = 1_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    (0..EVENTS)
        .map(|index| {
            let (provider, model) = models[random(12) as usize];
            let mut usage = Usage::default().with(Leaf::Input, random(20_000)).with(Leaf::Output, random(4_000));
            if random(2) == 0 {
                usage.set(Leaf::CacheRead, random(200_000));
                usage.set(Leaf::Reasoning, random(2_000));
            }
            UsageEvent {
                event_id: index.to_string(),
                provider: provider.to_owned(),
                model: model.to_owned(),
                response_model: (random(2) == 0).then(|| model.to_owned()),
                occurred_at: at.plus_micros(-i64::try_from(random(86_400_000_000)).unwrap_or(0)),
                usage,
                ..UsageEvent::default()
            }
        })
        .collect()
}

/// Events per second: for every thousand events the best of all rounds counts, so that other
/// work on the machine disturbs little.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn measure(book: &TenantBook, events: &[UsageEvent]) -> f64 {
    let mut best = vec![Duration::MAX; EVENTS / CHUNK];
    for _ in 0..ROUNDS {
        for (best, chunk) in best.iter_mut().zip(events.chunks(CHUNK)) {
            let start = Instant::now();
            for event in chunk {
                black_box(rating::rate(book, black_box(event)));
            }
            *best = start.elapsed().min(*best);
        }
    }
    EVENTS as f64 / best.iter().sum::<Duration>().as_secs_f64()
}
