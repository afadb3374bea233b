//! Hand-made figures for the tests of the views: three days, three models, one of them without a price.

use jiff::tz::TimeZone;
use purser_domain::money::Money;
use purser_domain::time::{Calendar, Grain, Timestamp, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Answer, Dimension, Row, Totals};
use purser_service::usage_query::{Freshness, State};

use super::overview::Figures;
use crate::param::span::{Back, Span};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a literal of this test")
}

/// `calls` calls of 1,000 tokens and 250 ms each, `priced` of them with a price.
pub(crate) fn totals(cost: &str, calls: i64, priced: i64, errors: i64) -> Totals {
    let mut quantities = [0; Leaf::COUNT];
    quantities[Leaf::Requests as usize] = calls;
    quantities[Leaf::Input as usize] = calls * 900;
    quantities[Leaf::Output as usize] = calls * 100;
    Totals {
        cost: cost.parse().expect("a literal of this test"),
        charged: calls,
        priced,
        quantities,
        errors,
        latency_ms_sum: calls * 250,
        latency_count: calls,
        ..Totals::default()
    }
}

pub(crate) fn row(bucket: Option<&str>, keys: &[Option<&str>], totals: Totals) -> Row {
    let keys = keys.iter().map(|key| key.map(str::to_owned)).collect();
    Row { bucket: bucket.map(at), keys, other: false, totals }
}

pub(crate) fn answer(rows: Vec<Row>) -> Answer {
    let mut total = Totals::default();
    rows.iter().for_each(|row| total.add(&row.totals));
    Answer { rows, total, as_of: at("2026-11-20T09:30:00Z"), newest: None }
}

/// 18 to 20 November 2026 in Berlin, until 10:30 there.
pub(crate) fn figures() -> Figures {
    let [first, second, third] = ["2026-11-17T23:00:00Z", "2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z"];
    let [sonnet, mini, own] = [Some("claude-sonnet-4-5"), Some("gpt-5-mini"), Some("<b>own & only</b>")];
    let models = [
        row(Some(first), &[sonnet], totals("1200.5", 100, 100, 1)),
        row(Some(first), &[mini], totals("0.0312499", 50, 50, 0)),
        row(Some(second), &[sonnet], totals("34.0678", 10, 10, 0)),
        row(Some(third), &[mini], totals("0.5", 30, 30, 2)),
        row(Some(third), &[own], totals("0", 10, 0, 0)),
    ];
    let mut by_time = answer(models.to_vec());
    let rest = Row { other: true, ..row(Some(second), &[], totals("2", 5, 5, 0)) };
    by_time.total.add(&rest.totals);
    by_time.rows.push(rest);
    let features = answer(vec![
        row(None, &[Some("support-chat")], totals("1000", 120, 120, 0)),
        row(None, &[None], totals("237.0990499", 85, 75, 3)),
    ]);
    let before = vec![row(None, &[Some("support-chat")], totals("800", 90, 90, 0))];
    let own_model = answer(vec![
        row(None, &[Some("anthropic"), sonnet], totals("1234.5678", 110, 110, 1)),
        row(None, &[Some("openai"), mini], totals("0.5312499", 80, 80, 2)),
        row(None, &[Some("acme"), own], totals("0", 10, 0, 0)),
        row(None, &[Some("groq"), Some("llama-3.3-70b")], totals("2", 5, 5, 0)),
    ]);
    Figures {
        calendar: Calendar { zone: TimeZone::get("Europe/Berlin").expect("bundled zone"), ..Calendar::default() },
        span: Span {
            window: Window { from: at(first), to: at("2026-11-20T09:30:00Z") },
            before: Window { from: at("2026-11-14T23:00:00Z"), to: at("2026-11-17T09:30:00Z") },
            grain: Grain::Day,
            back: Back::Days(3),
        },
        by_time,
        before: totals("989.6792399", 164, 164, 3),
        tops: vec![(Dimension::Feature, features, before)],
        coverage: own_model,
        freshness: Freshness {
            newest_event: Some(at("2026-11-20T09:29:48Z")),
            freshness_sec: Some(12),
            state: State::Live,
        },
    }
}

/// Money of a text.
pub(crate) fn money(text: &str) -> Money {
    text.parse().expect("a literal of this test")
}
