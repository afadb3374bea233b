//! What past usage would have cost: the form, the totals, the chart by feature and its table.
//! Invariant: the table's rows add up to its totals exactly; only the heights of bars are floats.

use std::collections::BTreeSet;

use plotly::Plot;
use plotly::layout::BarMode;
use purser_domain::money::Money;
use purser_domain::price::Price;
use purser_domain::time::{Calendar, Window};
use purser_domain::usage_query::Answer as Usage;
use purser_domain::what_if::{Answer, Costs, Question};

use super::amount::{self, Amount};
use super::form::Link;
use super::{plot, when};
use crate::param::Range;
use crate::param::what_if::Parsed;

/// The most features that have bars of their own.
const BARS_MAX: usize = 8;
/// The most models that are offered in the place of another.
const OFFERED_MAX: usize = 300;

/// The controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The ranges, each a link that keeps the rest.
    pub ranges: Vec<Link>,
    /// The range in force, sent along.
    pub range: &'static str,
    /// The window in words.
    pub window: String,
    /// The model that was used.
    pub model: Field,
    /// The model in its place.
    pub with: Field,
    /// The discount.
    pub discount: Field,
    /// Whether the window has usage at all.
    pub any: bool,
    /// Everything refused: where in the form it stands (empty if nowhere), and the words.
    pub errors: Vec<(String, String)>,
}

/// One text field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The parameter.
    pub name: &'static str,
    /// What the label says.
    pub label: &'static str,
    /// The value in force.
    pub value: String,
    /// Shown while it is empty.
    pub placeholder: String,
    /// Offered while typing.
    pub options: Vec<String>,
    /// Why a value was refused.
    pub error: Option<String>,
}

/// The answer, ready to be written out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WhatIf {
    /// What is asked, in words.
    pub asked: String,
    /// The totals.
    pub total: Line,
    /// The groups, the largest saving first.
    pub lines: Vec<Line>,
    /// The chart, as its library reads it.
    pub chart: String,
    /// What the chart shows, in a sentence.
    pub caption: String,
    /// Usage that keeps its cost, and why.
    pub left: Vec<String>,
    /// Switches that change nothing.
    pub unused: Vec<String>,
    /// Whether warm and cold caches differ.
    pub is_range: bool,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// The feature.
    pub name: String,
    /// Whether the name is purser's own words, not a value.
    pub wordy: bool,
    /// What it did cost.
    pub actual: Amount,
    /// The least it would have.
    pub low: Amount,
    /// The most it would have.
    pub high: Amount,
    /// The least saved.
    pub saves_low: Amount,
    /// The most saved.
    pub saves_high: Amount,
    /// The part of the actual cost saved, at least.
    pub share: Option<String>,
    /// Charged calls.
    pub calls: Amount,
    /// Of these, priced anew.
    pub repriced: Amount,
}

impl Form {
    /// The form in the state of `parsed`; `used` is what the window has by provider and model.
    pub(crate) fn new<'a>(
        parsed: &Parsed,
        calendar: &Calendar,
        window: Window,
        used: &Usage,
        prices: impl Iterator<Item = &'a Price>,
    ) -> Self {
        let key = |index: usize| used.rows.iter().filter_map(move |row| row.keys.get(index).cloned().flatten());
        let providers: BTreeSet<String> = key(0).collect();
        let mut models: Vec<String> = Vec::new();
        for model in key(1) {
            if !models.contains(&model) {
                models.push(model);
            }
        }
        let offered: BTreeSet<String> = prices
            .filter(|price| providers.contains(&price.provider))
            .map(|price| format!("{}/{}", price.provider, price.model))
            .collect();
        let field = |name: &'static str, label: &'static str, value: &str, placeholder: &str, options: Vec<String>| {
            let error = parsed.errors.iter().find(|error| error.field == name).map(|error| error.reason.clone());
            Field { name, label, value: value.to_owned(), placeholder: placeholder.to_owned(), options, error }
        };
        let costliest = models.first().cloned().unwrap_or_default();
        let known = |name: &str| matches!(name, "model" | "with" | "discount");
        Self {
            ranges: Range::PRESETS.into_iter().map(|range| range_link(parsed, range)).collect(),
            range: parsed.range.name(),
            window: when::window(calendar, window),
            any: !used.rows.is_empty(),
            model: field("model", "Calls of this model", &parsed.model, &costliest, models),
            with: field(
                "with",
                "as if sent to this one",
                &parsed.with,
                "provider/model",
                offered.into_iter().take(OFFERED_MAX).collect(),
            ),
            discount: field("discount", "Discount, percent", &parsed.discount, "none", Vec::new()),
            errors: parsed
                .errors
                .iter()
                .map(|error| {
                    let anchor = if known(&error.field) { format!("f-{}", error.field) } else { String::new() };
                    (anchor, error.to_string())
                })
                .collect(),
        }
    }
}

impl Form {
    /// The text fields, in their order.
    pub(crate) const fn fields(&self) -> [&Field; 3] {
        [&self.model, &self.with, &self.discount]
    }
}

fn range_link(parsed: &Parsed, range: Range) -> Link {
    let label = match range {
        Range::Last24h => "24 hours",
        Range::Last7d => "7 days",
        Range::Last30d | Range::Custom { .. } => "30 days",
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("range", range.name());
    for (name, value) in [("model", &parsed.model), ("with", &parsed.with), ("discount", &parsed.discount)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let href = format!("/what-if?{}", query.finish());
    Link { label: label.to_owned(), href, current: parsed.range == range }
}

impl WhatIf {
    /// The answer to `question`.
    #[must_use]
    pub(crate) fn new(calendar: &Calendar, question: &Question, answer: &Answer) -> Self {
        let lines: Vec<Line> = answer
            .rows
            .iter()
            .map(|row| {
                let name = row.keys.first().cloned().flatten();
                line(name.as_deref().unwrap_or("no feature"), name.is_none(), &row.costs)
            })
            .collect();
        let left = answer.left.iter().map(|left| {
            let (calls, reason) = (amount::count(left.events).text, left.reason.name().replace('_', " "));
            format!("{calls} calls of {}/{}: {reason}", left.provider, left.model)
        });
        let unused = answer.unused.iter().filter_map(|switch| question.switches.get(*switch));
        let unused = unused.map(|switch| format!("No call in this window was to {}.", switch.from));
        let total = line("Total", true, &answer.total);
        let range = format!("{} to {}", total.low.text, total.high.text);
        let would = if total.low == total.high { total.low.text.clone() } else { range };
        Self {
            asked: asked(question),
            caption: format!("{} was spent; it would have been {would}.", total.actual.text),
            chart: chart(answer),
            lines,
            left: left.collect(),
            unused: unused.collect(),
            is_range: total.low != total.high,
            total,
        }
        .in_window(calendar, question)
    }

    fn in_window(self, calendar: &Calendar, question: &Question) -> Self {
        let asked = format!("{}, {}", self.asked, when::window(calendar, question.window));
        Self { asked, ..self }
    }
}

fn asked(question: &Question) -> String {
    let switches = question.switches.iter().map(|switch| format!("{} in place of {}", switch.to, switch.from));
    let discounts = question.discounts.iter().map(|discount| {
        let percent = f64::from(discount.percent_milli) / 1_000.0;
        match (&discount.model, &discount.provider) {
            (Some(model), _) => format!("{percent} % off {model}"),
            (None, Some(provider)) => format!("{percent} % off {provider}"),
            (None, None) => format!("{percent} % off everything"),
        }
    });
    switches.chain(discounts).collect::<Vec<_>>().join(", ")
}

fn line(name: &str, wordy: bool, costs: &Costs) -> Line {
    let ((low, high), (saves_low, saves_high)) = (costs.range(), costs.savings());
    Line {
        name: name.to_owned(),
        wordy,
        actual: amount::money(costs.actual),
        low: amount::money(low),
        high: amount::money(high),
        saves_low: amount::money(saves_low),
        saves_high: amount::money(saves_high),
        share: amount::percent(saves_low.pico(), costs.actual.pico()),
        calls: amount::count(costs.events),
        repriced: amount::count(costs.repriced),
    }
}

/// Three bars for each of the features that cost most: as it was, at least, at most.
fn chart(answer: &Answer) -> String {
    let mut rows: Vec<_> = answer.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.costs.actual));
    rows.truncate(BARS_MAX);
    let name = |keys: &[Option<String>]| keys.first().cloned().flatten().unwrap_or_else(|| "no feature".to_owned());
    let labels: Vec<String> = rows.iter().map(|row| name(&row.keys)).collect();
    let costs = |of: fn(&Costs) -> Money| rows.iter().map(|row| of(&row.costs)).collect::<Vec<_>>();
    let mut plot = Plot::new();
    plot.add_trace(plot::bars("was", &labels, &costs(|costs| costs.actual)));
    plot.add_trace(plot::bars("at least", &labels, &costs(|costs| costs.range().0)));
    plot.add_trace(plot::bars("at most", &labels, &costs(|costs| costs.range().1)));
    let highest = rows.iter().map(|row| row.costs.actual.max(row.costs.range().1)).max().unwrap_or_default();
    plot::json(plot, BarMode::Group, plot::name_axis(), plot::money_axis(highest))
}

#[cfg(test)]
mod tests {
    use purser_domain::charge::Match;
    use purser_domain::usage_query::Dimension;
    use purser_domain::what_if::{Left, Row, Switch};

    use super::*;
    use crate::view::sample::{at, money};

    fn costs(actual: &str, warm: &str, cold: &str) -> Costs {
        let [actual, warm, cold] = [actual, warm, cold].map(money);
        Costs { actual, warm, cold, events: 10, repriced: 8, unpriced: 0 }
    }

    fn answer() -> (Question, Answer) {
        let question = Question {
            window: Window { from: at("2026-11-01T00:00:00Z"), to: at("2026-11-20T00:00:00Z") },
            by: vec![Dimension::Feature],
            switches: vec![Switch { from: "gpt-4o".to_owned(), to: "openai/gpt-4o-mini".to_owned() }],
            discounts: Vec::new(),
            reprice_all: false,
            price_at: at("2026-11-20T00:00:00Z"),
        };
        let row = |name: Option<&str>, costs| Row { keys: vec![name.map(str::to_owned)], costs };
        let rows = vec![row(Some("</script><b>chat"), costs("10", "1", "2.5")), row(None, costs("1", "1.25", "1.25"))];
        let mut total = costs("10", "1", "2.5");
        total.add(&rows[1].costs);
        let left = vec![Left {
            provider: "acme".to_owned(),
            model: "own".to_owned(),
            reason: Match::UnknownModel,
            events: 1_200,
        }];
        (question, Answer { rows, total, left, unused: vec![0], as_of: at("2026-11-20T00:00:00Z") })
    }

    #[test]
    fn rows_carry_the_range_and_what_is_saved_at_least() {
        let (question, answer) = answer();
        let view = WhatIf::new(&Calendar::default(), &question, &answer);
        let line = &view.lines[0];
        let texts = [&line.actual, &line.low, &line.high, &line.saves_low, &line.saves_high].map(|cost| &*cost.text);
        // 10 less 2.5 and 10 less 1.
        assert_eq!(texts, ["$10.00", "$1.00", "$2.50", "$7.50", "$9.00"]);
        assert_eq!(line.share.as_deref(), Some("75.0\u{a0}%"));
        assert_eq!(view.lines[1].name, "no feature");
        assert_eq!(view.lines[1].saves_low.text, "\u{2212}$0.2500", "what costs more is below zero");
        assert_eq!(view.total.actual.text, "$11.00");
        assert!(view.is_range);
        assert_eq!(view.caption, "$11.00 was spent; it would have been $2.25 to $3.75.");
        assert_eq!(view.asked, "openai/gpt-4o-mini in place of gpt-4o, 1 Nov to 19 Nov 2026");
        assert_eq!(view.left, ["1,200 calls of acme/own: unknown model"]);
        assert_eq!(view.unused, ["No call in this window was to gpt-4o."]);
    }

    #[test]
    fn a_feature_cannot_end_the_script_element() {
        let (question, answer) = answer();
        let view = WhatIf::new(&Calendar::default(), &question, &answer);
        assert!(!view.chart.contains('<'), "{}", view.chart);
    }
}
