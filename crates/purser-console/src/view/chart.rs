//! Spend over time by model: the figure, its key, and the table that says the same in words.
//! Invariant: the table's cells add up to its totals exactly; only the heights of bars are floats.

use plotly::common::HoverInfo;
use plotly::layout::{Axis, AxisType, BarMode};
use plotly::{Bar, Plot};
use purser_domain::money::Money;
use purser_domain::time::{Calendar, Grain, Timestamp};
use purser_domain::usage_query::{Answer, Dimension, Row};

use super::amount::{self, Amount};
use super::overview::Figures;
use super::plot::{self, escaped, height};
use super::when;
use crate::param::Params;

/// The most models that have a colour of their own.
pub(crate) const SERIES_MAX: usize = 6;
/// The most labels on the time axis.
const TICKS_MAX: usize = 8;

/// The chart and its two readings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    /// `{"data": …, "layout": …, "config": …}` as the chart library reads it, safe inside a script element.
    pub json: String,
    /// What the chart shows, in a sentence.
    pub caption: String,
    /// The key: one entry per model.
    pub series: Vec<Series>,
    /// `Hour`, `Day`, `Week`, `Month`.
    pub grain: &'static str,
    /// One line per bucket.
    pub rows: Vec<TableRow>,
    /// The whole.
    pub total: Amount,
}

/// One model of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Series {
    /// The CSS class of its colour.
    pub class: String,
    /// The model.
    pub name: String,
    /// The page narrowed to it; empty for the folded rest.
    pub href: String,
    /// Its cost over the window.
    pub cost: Amount,
    /// Its share.
    pub share: Option<String>,
}

/// One bucket of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableRow {
    /// The bucket's full name.
    pub name: String,
    /// Costs in the order of the series.
    pub cells: Vec<Amount>,
    /// The bucket's cost.
    pub total: Amount,
}

/// Costs of one series, one per bucket.
struct Column {
    key: Key,
    costs: Vec<Money>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Model(Option<String>),
    Rest,
}

impl Key {
    fn of(row: &Row) -> Self {
        if row.other { Self::Rest } else { Self::Model(row.keys.first().cloned().flatten()) }
    }

    fn name(&self) -> String {
        match self {
            Self::Model(Some(model)) => model.clone(),
            Self::Model(None) => "(no model)".to_owned(),
            Self::Rest => "All others".to_owned(),
        }
    }
}

impl Chart {
    /// The chart of `figures.by_time`, whose links keep `params`.
    #[must_use]
    pub(crate) fn new(params: &Params, figures: &Figures) -> Self {
        let (calendar, grain) = (&figures.calendar, figures.span.grain);
        let starts: Vec<Timestamp> = calendar.buckets(figures.span.window, grain).collect();
        let columns = columns(&figures.by_time, &starts);
        let totals: Vec<Money> =
            (0..starts.len()).map(|index| columns.iter().map(|column| column.costs[index]).sum()).collect();
        let names: Vec<String> = starts.iter().map(|start| when::bucket(calendar, *start, grain)).collect();
        let whole: Money = totals.iter().copied().sum();
        Self {
            json: figure(calendar, grain, &starts, &names, &totals, &columns),
            caption: caption(figures, &names, &totals),
            series: columns.iter().enumerate().map(|(index, column)| series(params, index, column, whole)).collect(),
            grain: grain_label(grain),
            rows: rows(&names, &totals, &columns),
            total: amount::money(whole),
        }
    }
}

/// One column per model, the costliest first and the rest last.
fn columns(answer: &Answer, starts: &[Timestamp]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for row in &answer.rows {
        let Some(bucket) = row.bucket.and_then(|start| starts.binary_search(&start).ok()) else { continue };
        let key = Key::of(row);
        let index = columns.iter().position(|column| column.key == key).unwrap_or_else(|| {
            columns.push(Column { key, costs: vec![Money::ZERO; starts.len()] });
            columns.len() - 1
        });
        let cost = &mut columns[index].costs[bucket];
        *cost = [*cost, row.totals.cost].into_iter().sum();
    }
    let cost = |column: &Column| -> Money { column.costs.iter().copied().sum() };
    columns.sort_by_cached_key(|column| (column.key == Key::Rest, std::cmp::Reverse(cost(column)), column.key.name()));
    columns.retain(|column| column.costs.iter().any(|cost| *cost != Money::ZERO));
    columns
}

fn series(params: &Params, index: usize, column: &Column, whole: Money) -> Series {
    let cost: Money = column.costs.iter().copied().sum();
    let (class, href) = match &column.key {
        Key::Model(model) => (
            format!("series-{}", index.min(SERIES_MAX - 1)),
            params.narrowed(&Dimension::Model, model.as_deref()).to_string(),
        ),
        Key::Rest => ("series-rest".to_owned(), String::new()),
    };
    let share = amount::percent(cost.pico(), whole.pico());
    Series { class, name: column.key.name(), href, cost: amount::money(cost), share }
}

fn rows(names: &[String], totals: &[Money], columns: &[Column]) -> Vec<TableRow> {
    let row = |index: usize| TableRow {
        name: names[index].clone(),
        cells: columns.iter().map(|column| amount::money(column.costs[index])).collect(),
        total: amount::money(totals[index]),
    };
    (0..names.len()).map(row).collect()
}

fn caption(figures: &Figures, names: &[String], totals: &[Money]) -> String {
    let grain = figures.span.grain;
    let each = grain_label(grain).to_lowercase();
    let highest = totals.iter().zip(names).max_by_key(|(total, _)| **total).filter(|(total, _)| **total > Money::ZERO);
    let highest = match highest {
        Some((total, name)) => format!("Highest {each}: {name}, {}.", amount::money(*total).text),
        None => format!("No {each} of this range has a cost."),
    };
    let end = figures.span.window.to;
    let running = figures.calendar.floor(end, grain) != end;
    if running { format!("{highest} The last {each} is not over.") } else { highest }
}

const fn grain_label(grain: Grain) -> &'static str {
    match grain {
        Grain::Hour => "Hour",
        Grain::Day => "Day",
        Grain::Week => "Week",
        Grain::Month => "Month",
    }
}

fn figure(
    calendar: &Calendar,
    grain: Grain,
    starts: &[Timestamp],
    names: &[String],
    totals: &[Money],
    columns: &[Column],
) -> String {
    let labels: Vec<String> =
        names.iter().zip(totals).map(|(name, total)| format!("{name}: {}", amount::money(*total).text)).collect();
    let mut plot = Plot::new();
    for column in columns {
        let heights = column.costs.iter().map(|cost| (*cost != Money::ZERO).then(|| height(*cost))).collect();
        let texts = column.costs.iter().map(|cost| amount::money(*cost).text).collect();
        let bar = Bar::new(labels.clone(), heights)
            .name(escaped(&column.key.name()))
            .hover_text_array(texts)
            .hover_info(HoverInfo::Text)
            .hover_template("%{fullData.name}  %{hovertext}<extra></extra>");
        plot.add_trace(bar);
    }
    let ticks = ticks(calendar, grain, starts);
    let highest = totals.iter().copied().max().unwrap_or_default();
    let x_axis = Axis::new()
        .type_(AxisType::Category)
        .fixed_range(true)
        .show_grid(false)
        .spike_thickness(1)
        .tick_values(ticks.iter().map(|index| *index as f64).collect())
        .tick_text(ticks.iter().map(|index| when::tick(calendar, starts[*index], grain)).collect())
        .tick_angle(0.0);
    plot::json(plot, BarMode::Relative, x_axis, plot::money_axis(highest))
}

/// Which buckets are labelled: on round hours or midnights where there are many.
fn ticks(calendar: &Calendar, grain: Grain, starts: &[Timestamp]) -> Vec<usize> {
    let hours = match starts.len() {
        _ if grain != Grain::Hour => 1,
        0..=8 => 1,
        9..=26 => 3,
        27..=50 => 6,
        _ => 24,
    };
    let round =
        |index: &usize| hours == 1 || starts[*index].to_jiff().to_zoned(calendar.zone.clone()).hour() % hours == 0;
    let candidates: Vec<usize> = (0..starts.len()).filter(round).collect();
    let step = candidates.len().div_ceil(TICKS_MAX).max(1);
    candidates.into_iter().step_by(step).collect()
}

#[cfg(test)]
mod tests;
