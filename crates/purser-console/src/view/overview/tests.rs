//! The overview of three hand-made days.

use super::*;
use crate::view::sample;

fn overview() -> Overview {
    Overview::new(&Params::default(), &sample::figures())
}

#[test]
fn the_tiles_show_the_totals_and_their_change() {
    let view = overview();
    let tiles: Vec<_> = view
        .tiles
        .iter()
        .map(|tile| {
            let amount = tile.amount.as_ref().map(|amount| amount.text.as_str());
            let change = tile.change.as_ref().map(Change::spoken);
            (tile.label, amount, change, tile.note.as_deref())
        })
        .collect();
    // Cost: 1,237.0990499 ÷ 989.6792399 = 1.25 (989.6792399 × 1.25 = 1,237.099049875). Calls: 205 ÷ 164 = 1.25.
    // Errors: 3 of 205 = 1.46 %. Latency: 250 ms in both windows.
    assert_eq!(
        tiles,
        [
            ("Cost", Some("$1,237.10"), Some("up 25.0\u{a0}%".to_owned()), Some("95.1\u{a0}% of calls priced")),
            ("Requests", Some("205"), Some("up 25.0\u{a0}%".to_owned()), None),
            ("Tokens", Some("205\u{a0}k"), Some("up 25.0\u{a0}%".to_owned()), None),
            ("Errors", Some("3"), Some("no change".to_owned()), Some("1.5\u{a0}% of calls")),
            ("Mean latency", Some("250\u{a0}ms"), Some("no change".to_owned()), None),
        ]
    );
    assert_eq!(view.tiles[0].amount.as_ref().map(|amount| amount.exact.as_str()), Some("$1,237.0990499"));
}

#[test]
fn the_window_and_what_it_is_compared_with_are_told() {
    let view = overview();
    assert_eq!(view.window, "18 Nov to 20 Nov 2026, 10:30");
    assert_eq!(view.zone, "Europe/Berlin");
    assert_eq!(
        (view.compared.as_str(), view.compared_window.as_str()),
        ("the 3 days before", "15 Nov to 17 Nov 2026, 10:30")
    );
}

#[test]
fn spenders_have_shares_changes_and_links() {
    let view = overview();
    let [top] = view.tops.as_slice() else { unreachable!("the sample has one list") };
    let found: Vec<_> = top
        .items
        .iter()
        .map(|item| (item.name.as_str(), item.href.as_str(), item.share.as_deref(), item.coverage.as_deref()))
        .collect();
    // 1,000 ÷ 1,237.0990499 = 80.83 %; 237.0990499 ÷ 1,237.0990499 = 19.17 %; 75 of 85 calls = 88.2 %.
    assert_eq!(
        found,
        [
            ("support-chat", "/overview?range=7d&feature=support-chat", Some("80.8\u{a0}%"), None),
            ("no feature", "/overview?range=7d&without=feature", Some("19.2\u{a0}%"), Some("88.2\u{a0}% priced")),
        ]
    );
    let changes: Vec<_> = top.items.iter().map(|item| item.change.as_ref().map(Change::spoken)).collect();
    assert_eq!(changes, [Some("up 25.0\u{a0}%".to_owned()), Some("new, none before".to_owned())]);
}

#[test]
fn nothing_is_called_new_when_there_was_nothing_before() {
    let figures = Figures { before: Totals::default(), ..sample::figures() };
    let view = Overview::new(&Params::default(), &figures);
    assert!(view.tiles.iter().all(|tile| tile.change.is_none() && tile.before.is_none()));
    assert!(view.tops[0].items.iter().all(|item| item.change.is_none()));
}

#[test]
fn a_cost_that_is_not_known_is_not_zero() {
    let mut figures = sample::figures();
    let unpriced = sample::row(None, &[Some("batch")], sample::totals("0", 7, 0, 0));
    figures.tops = vec![(Dimension::Feature, sample::answer(vec![unpriced]), Vec::new())];
    figures.by_time =
        sample::answer(vec![sample::row(Some("2026-11-19T23:00:00Z"), &[Some("own")], sample::totals("0", 7, 0, 0))]);
    let view = Overview::new(&Params::default(), &figures);
    assert!(!view.empty, "there was usage");
    assert_eq!(view.tiles[0].amount, None);
    let item = &view.tops[0].items[0];
    assert_eq!((&item.cost, &item.share, &item.change), (&None, &None, &None));
}

#[test]
fn usage_without_a_price_is_counted_and_listed() {
    let unpriced = overview().unpriced;
    // 10 of 205 calls.
    assert_eq!((unpriced.calls.text.as_str(), unpriced.share.as_deref()), ("10", Some("4.9\u{a0}%")));
    let [model] = unpriced.models.as_slice() else { unreachable!("one model of the sample has no price") };
    assert_eq!((model.provider.as_str(), model.model.as_str()), ("acme", "<b>own & only</b>"));
    assert_eq!(model.href, "/overview?range=7d&provider=acme&model=%3Cb%3Eown+%26+only%3C%2Fb%3E");
}

#[test]
fn freshness_is_a_word_and_an_age() {
    let fresh = overview().fresh;
    assert_eq!((fresh.class, fresh.word), ("live", "Live"));
    assert_eq!(fresh.text, "newest event 12 seconds ago, 20 Nov 2026, 10:29");
}
