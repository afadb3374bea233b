//! Questions are answered exactly, over inbox and lake alike.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use purser_domain::entry::Reason;
use purser_domain::money::Money;
use purser_domain::time::{Calendar, Grain, Timestamp, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_event::Status;
use purser_domain::usage_query::{Dimension, Filter, Metric, Query, Row, Totals};
use purser_ledger::{Correction, Draft, EntryFilter, Page};

use crate::support::{HOUR, NOW, TestLedger, acme, draft, rate};

fn at(hours: i64) -> Timestamp {
    Timestamp::from_micros(NOW + hours * HOUR)
}

/// An event with everything that queries cut by, derived from its number.
fn varied(number: u64) -> Draft {
    let mut draft = draft(&format!("v{number}"), number + 1);
    let event = &mut draft.event;
    event.occurred_at = Timestamp::from_micros(NOW - (number as i64 % 50) * HOUR / 3);
    event.model = format!("model-{}", number % 3);
    event.feature_tag = (!number.is_multiple_of(4)).then(|| format!("feature.{}", number % 4));
    event.user_id = (!number.is_multiple_of(5)).then(|| format!("user-{}", number % 7));
    event.status = if number.is_multiple_of(6) { Status::Error } else { Status::Ok };
    event.latency_ms = number.is_multiple_of(2).then_some(number);
    event.tags = [("team".to_owned(), format!("t{}", number % 2))].into();
    event.inference_geo = number.is_multiple_of(4).then(|| "us".to_owned());
    let quantity = |text: &str| text.parse().expect("a literal of this test");
    if number.is_multiple_of(5) {
        event.units.insert("images".to_owned(), quantity("2"));
    }
    if number.is_multiple_of(10) {
        event.units.insert("pages".to_owned(), quantity("0.5"));
    }
    if number.is_multiple_of(8) {
        draft.charge = purser_domain::charge::Charge::default();
    } else if number.is_multiple_of(3) {
        let reported = Some(Money::from_pico(2 * i128::from(number)));
        (event.reported_usd, draft.charge.reported_usd) = (reported, reported);
    }
    draft
}

/// 40 events, half of them in the lake.
async fn filled() -> TestLedger {
    let ledger = TestLedger::new().await;
    ledger.append((0..20).map(varied).collect()).await;
    ledger.ledger.flush().await.expect("a flush");
    ledger.append((20..40).map(varied).collect()).await;
    ledger
}

fn sum(rows: &[Row]) -> Totals {
    let mut total = Totals::default();
    for row in rows {
        total.add(&row.totals);
    }
    total
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_those_of_the_events() {
    let total = filled().await.total().await;
    let expected = (0..40).filter(|n| n % 8 != 0).map(|n| n + 1).sum::<i128>();
    assert_eq!(total.cost, Money::from_pico(expected));
    assert_eq!((total.charged, total.priced), (40, 35));
    assert_eq!(total.get(Leaf::Input), (1..=40).sum::<i64>());
    assert_eq!(total.get(Leaf::Requests), 40);
    assert_eq!((total.errors, total.latency_count, total.latency_ms_sum), (7, 20, (0..20).map(|n| 2 * n).sum()));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_take_values_and_absence_and_tags() {
    let ledger = filled().await;
    let count = async |dimension: Dimension, values: Vec<Option<&str>>| {
        let values = values.into_iter().map(|value| value.map(str::to_owned)).collect();
        ledger.query(Query { filters: vec![Filter { dimension, values }], ..Query::default() }).await.total.charged
    };
    assert_eq!(count(Dimension::Feature, vec![None]).await, 10);
    assert_eq!(count(Dimension::Feature, vec![None, Some("feature.1")]).await, 20);
    assert_eq!(count(Dimension::Tag("team".to_owned()), vec![Some("t1")]).await, 20);
    assert_eq!(count(Dimension::Tag("nobody's \" key".to_owned()), vec![None]).await, 40);
    assert_eq!(count(Dimension::Model, vec![Some("' OR 1=1 --")]).await, 0);
    assert_eq!(count(Dimension::Model, vec![]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_top_query_is_exact() {
    let ledger = filled().await;
    let query = Query { by: vec![Dimension::User], top: Some(2), grain: Some(Grain::Day), ..Query::default() };
    let answer = ledger.query(query.clone()).await;
    assert_eq!(sum(&answer.rows), answer.total);
    assert_eq!(answer.total, ledger.total().await);
    let all = ledger.query(Query { by: vec![Dimension::User], ..Query::default() }).await;
    let named: std::collections::BTreeSet<_> =
        answer.rows.iter().filter(|r| !r.other).map(|r| r.keys.clone()).collect();
    assert_eq!(named, all.rows[..2].iter().map(|row| row.keys.clone()).collect());
    for bucket in answer.rows.chunk_by(|a, b| a.bucket == b.bucket) {
        assert_eq!(bucket.iter().filter(|row| row.other).count(), 1, "one rest per bucket");
        assert!(bucket.last().expect("not empty").other, "and it comes last");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_follow_the_tenants_calendar_and_can_be_filled() {
    let ledger = TestLedger::new().await;
    let mut late = draft("late", 5);
    late.event.occurred_at = "2026-11-19T23:30:00Z".parse().expect("a time");
    ledger.append(vec![late]).await;
    let berlin = Calendar { zone: jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone"), ..Calendar::default() };
    let window =
        Window::new("2026-11-17T23:00:00Z".parse().expect("a time"), "2026-11-21T23:00:00Z".parse().expect("a time"));
    let query = Query { grain: Some(Grain::Day), zero_fill: true, window, ..Query::default() };
    let answer = ledger.ledger.query(&acme(), &berlin, &query).await.expect("an answer");
    let shown: Vec<_> =
        answer.rows.iter().map(|r| (r.bucket.expect("a bucket").to_string(), r.totals.cost.pico())).collect();
    let expected = [
        ("2026-11-17T23:00:00Z", 0),
        ("2026-11-18T23:00:00Z", 0),
        ("2026-11-19T23:00:00Z", 5),
        ("2026-11-20T23:00:00Z", 0),
    ];
    assert_eq!(shown, expected.map(|(bucket, cost)| (bucket.to_owned(), cost)));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_of_shows_what_was_known_then() {
    let ledger = TestLedger::new().await;
    ledger.append((0..10).map(varied).collect()).await;
    let then = ledger.query(Query::default()).await;
    ledger.ledger.flush().await.expect("a flush");
    ledger.append((10..20).map(varied).collect()).await;
    ledger.ledger.flush().await.expect("a flush");
    let again = ledger.query(Query { as_of: Some(then.as_of), ..Query::default() }).await;
    assert_eq!((again.total, again.as_of, again.rows), (then.total, then.as_of, then.rows));
    assert_eq!(ledger.total().await.charged, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_view_is_the_sum_of_the_tenants() {
    let ledger = filled().await;
    let mut other = draft("o", 1_000);
    other.tenant = "globex".parse().expect("a tenant id");
    ledger.append(vec![other]).await;
    let query = Query { by: vec![Dimension::Model], ..Query::default() };
    let answer = ledger.ledger.operator().query(&Calendar::default(), &query, true).await.expect("an answer");
    assert_eq!(answer.rows.len(), 4);
    assert_eq!(answer.rows[0].keys, [Some("globex".to_owned()), Some("gpt-5".to_owned())]);
    assert_eq!(answer.total.charged, 41);
}

fn dimension() -> impl Strategy<Value = Dimension> {
    prop::sample::select(vec![
        Dimension::Model,
        Dimension::Provider,
        Dimension::Feature,
        Dimension::User,
        Dimension::Status,
        Dimension::Source,
        Dimension::Session,
        Dimension::Tag("team".to_owned()),
    ])
}

fn question() -> impl Strategy<Value = Query> {
    let grain = prop::option::of(prop::sample::select(vec![Grain::Hour, Grain::Day, Grain::Week, Grain::Month]));
    let window = prop::option::of((-60_i64..0, 1_i64..60, 0_i64..4));
    let by = prop::collection::vec(dimension(), 0..3);
    (window, grain, by, prop::option::of(0_usize..4), any::<bool>()).prop_map(
        |(window, grain, mut by, top, zero_fill)| {
            by.dedup();
            let window = window.and_then(|(from, length, odd)| {
                let shift = [0, HOUR / 4, HOUR / 3, 7][odd as usize];
                Window::new(at(from).plus_micros(shift), at(from + length).plus_micros(shift))
            });
            Query { window, grain, by, top, zero_fill, ..Query::default() }
        },
    )
}

#[test]
fn every_cut_conserves_the_total() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let ledger = runtime.block_on(filled());
    let kolkata = Calendar { zone: jiff::tz::TimeZone::get("Asia/Kolkata").expect("a zone"), ..Calendar::default() };
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&question(), |query| {
            let whole = Query { window: query.window, ..Query::default() };
            let (cut, whole) = runtime.block_on(async {
                let cut = ledger.ledger.query(&acme(), &kolkata, &query).await.expect("an answer");
                (cut, ledger.ledger.query(&acme(), &kolkata, &whole).await.expect("an answer"))
            });
            prop_assert_eq!(&sum(&cut.rows), &cut.total);
            prop_assert_eq!(cut.total, whole.total);
            prop_assert_eq!(cut.newest, whole.newest);
            Ok(())
        })
        .expect("no cut loses or adds");
}

/// The same events in the lake, in two files per day and a tail, with a correction among them.
async fn in_the_lake() -> TestLedger {
    let ledger = TestLedger::new().await;
    for part in 0..2 {
        ledger.append((part * 60..part * 60 + 60).map(varied).collect()).await;
        ledger.ledger.flush().await.expect("a flush");
    }
    ledger.append((120..125).map(varied).collect()).await;
    ledger
}

#[test]
fn cubes_answer_as_rows_do() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (cubes, rows) = runtime.block_on(async { (in_the_lake().await, in_the_lake().await) });
    let built = runtime.block_on(cubes.ledger.build_cubes()).expect("cubes");
    assert!(built >= 12, "six for each of two files or more: {built}");
    let zones = ["UTC", "America/New_York", "Asia/Kolkata"].map(|name| jiff::tz::TimeZone::get(name).expect("a zone"));
    let filter =
        prop::option::of((dimension(), prop::sample::select(vec![None, Some("model-1"), Some("user-2"), Some("ok")])));
    let as_of = prop::option::of(-10_i64..200);
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    runner
        .run(&(question(), filter, as_of, 0_usize..3), |(mut query, filter, as_of, zone)| {
            let calendar = Calendar { zone: zones[zone].clone(), ..Calendar::default() };
            query.as_of = as_of.map(|micros| Timestamp::from_micros(NOW + micros));
            query.filters = filter
                .map(|(dimension, value)| Filter { dimension, values: vec![value.map(str::to_owned)] })
                .into_iter()
                .collect();
            let ask = |ledger: &TestLedger| {
                runtime.block_on(ledger.ledger.query(&acme(), &calendar, &query)).expect("an answer")
            };
            prop_assert_eq!(ask(&cubes), ask(&rows));
            let over_all = |ledger: &TestLedger| {
                runtime.block_on(ledger.ledger.operator().query(&calendar, &query, true)).expect("an answer")
            };
            prop_assert_eq!(over_all(&cubes), over_all(&rows));
            Ok(())
        })
        .expect("no question tells them apart");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_asked_for_is_measured() {
    let ledger = filled().await;
    let total = ledger.query(Query { metrics: vec![Metric::Leaf(Leaf::Input)], ..Query::default() }).await.total;
    assert_eq!((total.get(Leaf::Input), total.get(Leaf::Requests), total.errors), (820, 0, 0));
    assert_eq!(total.charged, 40, "cost and coverage always are");
}

#[tokio::test(flavor = "multi_thread")]
async fn rated_and_reported_cost_are_compared_over_the_calls_that_have_both() {
    let total = filled().await.total().await;
    // 0, 3, … 39 without 0 and 24: 12 calls whose numbers add up to 273 − 24 = 249. Each reports twice its number and
    // is rated at its number and one.
    assert_eq!((total.reported, total.compared), (Money::from_pico(498), 12));
    assert_eq!(total.difference, Money::from_pico(249 + 12 - 498));
    assert_eq!(total.rated, total.cost, "nothing else is reported");
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_summed_by_name_and_taken_back_with_their_call() {
    let ledger = filled().await;
    let query = Query { by: vec![Dimension::InferenceGeo], metrics: vec![Metric::Units], ..Query::default() };
    let answer = ledger.query(query.clone()).await;
    // Eight calls of two images; four of them, 0, 10, 20 and 30, with half a page.
    let all = [("images".to_owned(), 16_000_000), ("pages".to_owned(), 2_000_000)];
    assert_eq!(answer.total.units, all.into());
    // Of 0, 5, … 35 the multiples of four are 0 and 20.
    let us = answer.rows.iter().find(|row| row.keys == [Some("us".to_owned())]).expect("a group");
    assert_eq!((us.totals.units["images"], us.totals.charged), (4_000_000, 10));
    let filter = EntryFilter { event_id: Some("v10".to_owned()), ..EntryFilter::default() };
    let page = Page { before: None, limit: 1 };
    let v10 = ledger.ledger.entries(&acme(), &filter, page).await.expect("a page").remove(0);
    let void = Correction { reverses: v10, reason: Reason::Void, note: None, replacement: None };
    ledger.ledger.correct(vec![void], &rate()).await.expect("applied");
    let left = [("images".to_owned(), 14_000_000), ("pages".to_owned(), 1_500_000)];
    assert_eq!(ledger.query(query.clone()).await.total.units, left.into());
    assert_eq!(ledger.query(Query { metrics: vec![], ..query }).await.total.units, [].into(), "only on request");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_told_apart_by_the_size_of_their_input() {
    // 40 calls of 1 to 40 input tokens: 10 are at most 10, 20 more at most 30, 10 above.
    let by = vec![Dimension::InputSize(vec![10, 30])];
    let answer = filled().await.query(Query { by, ..Query::default() }).await;
    let mut sizes: Vec<(Option<String>, i64)> =
        answer.rows.iter().map(|row| (row.keys[0].clone(), row.totals.charged)).collect();
    sizes.sort();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(sizes, [(text("0"), 10), (text("1"), 20), (text("2"), 10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_many_calls_has_the_size_of_its_average_call() {
    let ledger = TestLedger::new().await;
    // 50 tokens by one call, and by 5 calls of 10 each.
    let mut many = draft("many", 50);
    many.event.usage.set(Leaf::Requests, 5);
    ledger.append(vec![draft("one", 50), many]).await;
    let by = vec![Dimension::InputSize(vec![10, 30])];
    let answer = ledger.query(Query { by, ..Query::default() }).await;
    let mut sizes: Vec<_> = answer.rows.iter().map(|row| (row.keys[0].clone(), row.totals.charged)).collect();
    sizes.sort();
    assert_eq!(sizes, [(Some("0".to_owned()), 1), (Some("2".to_owned()), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_prices_depend_on_comes_from_cubes_as_from_rows() {
    // Inputs around the steps of price books, and two between them.
    let sizes = [1, 32_000, 32_001, 128_000, 128_001, 199_999, 200_000, 200_001, 300_000, 600_000];
    let filled = async || {
        let ledger = TestLedger::new().await;
        let drafts = (0..60_u64).map(|number| {
            let mut draft = draft(&format!("p{number}"), sizes[number as usize % sizes.len()]);
            draft.event.feature_tag = (!number.is_multiple_of(4)).then(|| format!("feature.{}", number % 4));
            draft.event.response_model = number.is_multiple_of(3).then(|| "dated".to_owned());
            draft.event.service_tier = number.is_multiple_of(2).then(|| "batch".to_owned());
            draft
        });
        ledger.append(drafts.collect()).await;
        ledger.ledger.flush().await.expect("a flush");
        ledger
    };
    let (cubes, rows) = (filled().await, filled().await);
    cubes.ledger.build_cubes().await.expect("cubes");
    let by = |sizes: &[u64]| {
        let all = [Dimension::Feature, Dimension::Provider, Dimension::Model, Dimension::ResponseModel];
        all.into_iter().chain([Dimension::ServiceTier, Dimension::InputSize(sizes.to_vec())]).collect::<Vec<_>>()
    };
    // Steps of the book, one of them alone, and a step that no cube knows.
    for sizes in [&[128_000, 200_000][..], &[200_000], &[250_000]] {
        let query = Query { by: by(sizes), ..Query::default() };
        let (from_cubes, from_rows) = (cubes.query(query.clone()).await, rows.query(query).await);
        assert_eq!(from_cubes.rows, from_rows.rows, "{sizes:?}");
        let size = Dimension::InputSize(sizes.to_vec());
        let large = Filter { dimension: size, values: vec![Some(sizes.len().to_string())] };
        let query = Query { filters: vec![large], ..Query::default() };
        let (from_cubes, from_rows) = (cubes.query(query.clone()).await, rows.query(query).await);
        assert_eq!(from_cubes.total, from_rows.total, "{sizes:?}");
    }
    // Of ten sizes three are above 200,000.
    let size = Dimension::InputSize(vec![200_000]);
    let large = Filter { dimension: size, values: vec![Some("1".to_owned())] };
    let above = cubes.query(Query { filters: vec![large], ..Query::default() }).await;
    assert_eq!(above.total.charged, 18);
}
