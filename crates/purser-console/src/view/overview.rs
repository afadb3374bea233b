//! The overview's figures: totals with their change, the largest spenders, what has no price, how fresh it is.
//! Invariant: shares are of the filtered total, and a change compares like with like (`param::span`).

use purser_domain::money::{Money, div_half_even};
use purser_domain::time::{Calendar, Timestamp};
use purser_domain::usage_query::{Answer, Dimension, Row, Totals};
use purser_service::usage_query::{Freshness, State};

use super::amount::{self, Amount};
use super::change::Change;
use super::chart::Chart;
use super::{fold, form, when};
use crate::param::Params;
use crate::param::span::{Back, Span};

/// The most rows of a list of spenders.
pub(crate) const TOP_MAX: usize = 8;

/// Everything that the overview was told by the service.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    /// The zone and calendar of the page.
    pub calendar: Calendar,
    /// The windows.
    pub span: Span,
    /// By bucket and model.
    pub by_time: Answer,
    /// The sums of the window compared with.
    pub before: Totals,
    /// By feature, agent, model and user: now, and the leading groups before.
    pub tops: Vec<(Dimension, Answer, Vec<Row>)>,
    /// By provider and model.
    pub coverage: Answer,
    /// How fresh the tenant's data is.
    pub freshness: Freshness,
}

/// The overview's figures, ready to be written out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Overview {
    /// The window in words.
    pub window: String,
    /// The zone.
    pub zone: String,
    /// What changes are against: `the 7 days before`.
    pub compared: String,
    /// The window compared with, in words.
    pub compared_window: String,
    /// Cost, requests, tokens, errors, latency.
    pub tiles: Vec<Tile>,
    /// Spend over time.
    pub chart: Chart,
    /// The lists of spenders.
    pub tops: Vec<Top>,
    /// What has no price.
    pub unpriced: Unpriced,
    /// How fresh it is.
    pub fresh: Fresh,
    /// Whether nothing was found.
    pub empty: bool,
}

/// One total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    /// What it counts.
    pub label: &'static str,
    /// How much; `None` if nothing was measured.
    pub amount: Option<Amount>,
    /// More about it.
    pub note: Option<String>,
    /// Against the window before.
    pub change: Option<Change>,
    /// The figure before.
    pub before: Option<Amount>,
}

/// One list of spenders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Top {
    /// The singular name: `feature`.
    pub noun: String,
    /// The heading: `Features`.
    pub heading: String,
    /// The costliest first.
    pub items: Vec<Item>,
}

/// One spender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its name.
    pub name: String,
    /// Whether the name is purser's own words, not a value.
    pub wordy: bool,
    /// The page narrowed to it; empty for the folded rest.
    pub href: String,
    /// Its cost; `None` if no call of it has a price.
    pub cost: Option<Amount>,
    /// How many of its calls have a price, unless all or none have.
    pub coverage: Option<String>,
    /// Its share of the total.
    pub share: Option<String>,
    /// The length of its bar.
    pub bar: String,
    /// Its calls.
    pub calls: Amount,
    /// Against the window before; the folded rest has none.
    pub change: Option<Change>,
}

/// Calls whose price is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpriced {
    /// How many.
    pub calls: Amount,
    /// Which share of all calls.
    pub share: Option<String>,
    /// Whether there are any.
    pub any: bool,
    /// Whose.
    pub models: Vec<UnpricedModel>,
    /// How many models more there are than listed.
    pub more: usize,
}

/// A model with calls that have no price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnpricedModel {
    /// Who serves it.
    pub provider: String,
    /// Its name.
    pub model: String,
    /// The page narrowed to it.
    pub href: String,
    /// Its calls without a price.
    pub calls: Amount,
}

/// How fresh the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// `live`, `delayed`, `stale` or `no-data`: also the name of a CSS class.
    pub class: &'static str,
    /// In one word.
    pub word: &'static str,
    /// In a sentence.
    pub text: String,
    /// The newest event's time, RFC 3339.
    pub newest: Option<String>,
}

impl Overview {
    /// What `figures` say; links keep the question `params`.
    #[must_use]
    pub(crate) fn new(params: &Params, figures: &Figures) -> Self {
        let (calendar, span, total) = (&figures.calendar, &figures.span, &figures.by_time.total);
        Self {
            window: when::window(calendar, span.window),
            zone: calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
            compared: compared(span.back),
            compared_window: when::window(calendar, span.before),
            tiles: compared_tiles(total, &figures.before),
            chart: Chart::new(params, figures),
            tops: figures.tops.iter().map(|(by, now, before)| top(params, by, now, earlier(figures, before))).collect(),
            unpriced: unpriced(params, &figures.coverage),
            fresh: fresh(calendar, &figures.freshness),
            empty: total.charged == 0 && total.cost == Money::ZERO,
        }
    }
}

fn compared(back: Back) -> String {
    match back {
        Back::Hours24 => "the 24 hours before".to_owned(),
        Back::Days(1) => "the day before".to_owned(),
        Back::Days(days) => format!("the {days} days before"),
    }
}

/// The totals, without a change where there was nothing before.
fn compared_tiles(now: &Totals, before: &Totals) -> Vec<Tile> {
    let mut tiles = tiles(now, before);
    if before.charged == 0 {
        tiles.iter_mut().for_each(|tile| (tile.change, tile.before) = (None, None));
    }
    tiles
}

fn tiles(now: &Totals, before: &Totals) -> Vec<Tile> {
    let counted = |label, value: fn(&Totals) -> i64, note: Option<String>| Tile {
        label,
        amount: Some(amount::short_count(value(now))),
        note,
        change: Change::between(i128::from(value(before)), i128::from(value(now))),
        before: Some(amount::short_count(value(before))),
    };
    let failed = amount::percent(i128::from(now.errors), i128::from(now.charged));
    vec![
        Tile {
            label: "Cost",
            amount: known(now),
            note: coverage(now).map(|share| format!("{share} of calls priced")),
            change: known(now).and_then(|_| Change::between(before.cost.pico(), now.cost.pico())),
            before: known(before),
        },
        counted("Requests", |totals| totals.get(purser_domain::usage::Leaf::Requests), None),
        counted("Tokens", Totals::tokens, None),
        counted("Errors", |totals| totals.errors, failed.map(|failed| format!("{failed} of calls"))),
        Tile {
            label: "Mean latency",
            amount: amount::latency(now.latency_ms_sum, now.latency_count),
            note: None,
            change: mean_micros(before).zip(mean_micros(now)).and_then(|(before, now)| Change::between(before, now)),
            before: amount::latency(before.latency_ms_sum, before.latency_count),
        },
    ]
}

/// The cost, unless calls were made and none of them has a price.
fn known(totals: &Totals) -> Option<Amount> {
    (totals.priced > 0 || totals.charged <= 0).then(|| amount::money(totals.cost))
}

/// The share of calls with a price, where some calls have a price and some have none.
fn coverage(totals: &Totals) -> Option<String> {
    let priced = amount::percent(i128::from(totals.priced), i128::from(totals.charged))?;
    (totals.priced > 0 && totals.priced < totals.charged).then_some(priced)
}

fn mean_micros(totals: &Totals) -> Option<i128> {
    (totals.latency_count > 0)
        .then(|| div_half_even(i128::from(totals.latency_ms_sum) * 1_000, i128::from(totals.latency_count)))
}

/// The groups before, unless nothing at all was used then: "new" on every line says nothing.
fn earlier<'a>(figures: &Figures, before: &'a [Row]) -> Option<&'a [Row]> {
    (figures.before.charged > 0).then_some(before)
}

fn top(params: &Params, by: &Dimension, now: &Answer, before: Option<&[Row]>) -> Top {
    let leading = fold::leading(&now.rows, TOP_MAX);
    let items = leading.iter().map(|row| item(params, by, row, now, before)).collect();
    Top { noun: by.name(), heading: format!("{}s", form::label(by)), items }
}

fn item(params: &Params, by: &Dimension, row: &Row, answer: &Answer, before: Option<&[Row]>) -> Item {
    let whole = answer.total.cost.pico();
    let value = row.keys.first().cloned().flatten();
    let (name, wordy) = match &value {
        _ if row.other => ("All others".to_owned(), true),
        Some(value) => (value.clone(), false),
        None => (format!("no {}", by.name()), true),
    };
    let earlier = |before: &[Row]| -> i128 {
        before.iter().find(|other| other.keys == row.keys).map_or(0, |other| other.totals.cost.pico())
    };
    let comparable = before.filter(|_| !row.other && known(&row.totals).is_some());
    Item {
        name,
        wordy,
        href: if row.other { String::new() } else { params.narrowed(by, value.as_deref()).to_string() },
        cost: known(&row.totals),
        coverage: coverage(&row.totals).map(|share| format!("{share} priced")),
        share: known(&row.totals).and_then(|_| amount::percent(row.totals.cost.pico(), whole)),
        bar: amount::bar(row.totals.cost.pico(), whole),
        calls: amount::short_count(row.totals.charged),
        change: comparable.and_then(|before| Change::between(earlier(before), row.totals.cost.pico())),
    }
}

fn unpriced(params: &Params, coverage: &Answer) -> Unpriced {
    let missing = |totals: &Totals| totals.charged - totals.priced;
    let mut rows: Vec<&Row> = coverage.rows.iter().filter(|row| missing(&row.totals) > 0).collect();
    rows.sort_by(|a, b| missing(&b.totals).cmp(&missing(&a.totals)).then_with(|| a.keys.cmp(&b.keys)));
    let model = |row: &&Row| {
        let [provider, model] = [0, 1].map(|index| row.keys.get(index).cloned().flatten());
        let href = params
            .narrowed(&Dimension::Provider, provider.as_deref())
            .narrowed(&Dimension::Model, model.as_deref())
            .to_string();
        UnpricedModel {
            provider: provider.unwrap_or_else(|| "no provider".to_owned()),
            model: model.unwrap_or_else(|| "no model".to_owned()),
            href,
            calls: amount::count(missing(&row.totals)),
        }
    };
    let calls = missing(&coverage.total);
    Unpriced {
        calls: amount::count(calls),
        share: amount::percent(i128::from(calls), i128::from(coverage.total.charged)),
        any: calls > 0,
        models: rows.iter().take(TOP_MAX).map(model).collect(),
        more: rows.len().saturating_sub(TOP_MAX),
    }
}

fn fresh(calendar: &Calendar, freshness: &Freshness) -> Fresh {
    let (class, word) = match freshness.state {
        State::Live => ("live", "Live"),
        State::Delayed => ("delayed", "Delayed"),
        State::Stale => ("stale", "Stale"),
        State::NoData => ("no-data", "No data"),
    };
    let text = match (freshness.newest_event, freshness.freshness_sec) {
        (Some(newest), Some(age)) => {
            format!("newest event {} ago, {}", when::age(age), when::minute(calendar, newest))
        }
        _ => "no event has arrived yet".to_owned(),
    };
    Fresh { class, word, text, newest: freshness.newest_event.map(|newest: Timestamp| newest.to_string()) }
}

#[cfg(test)]
mod tests;
