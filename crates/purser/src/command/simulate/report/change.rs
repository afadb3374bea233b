//! How two plans differ, as tables.

use purser_domain::estimate::{Difference, Estimate};
use purser_domain::money::Money;

use super::super::answer::{Changes, Comparison, duration_ms, minus};
use super::{Column, Section, percent, section, span};
use crate::output::usd;

const COLUMNS: [Column; 3] = [Column::Number("Before"), Column::Number("After"), Column::Number("Change")];

/// The figures beside each other, then the nodes that differ.
pub(super) fn sections(both: &Comparison) -> Vec<Section> {
    let (first, second) = (&both.before, &both.after);
    let columns = [Column::Text("")].into_iter().chain(COLUMNS).collect();
    let (rows, nodes) = match (&first.v3, &second.v3, &both.difference) {
        (Some(before), Some(after), Changes::Spread(difference)) => (spreads(before, after), nodes(difference)),
        _ => {
            let [before, after] = [first, second].map(|answer| u64::try_from(duration_ms(answer)).unwrap_or(0));
            let rows = vec![money_row("Cost", first.cost_usd, second.cost_usd), span_row("Duration", before, after)];
            (rows, None)
        }
    };
    let first = Section { title: None, columns, rows, is_detail: false };
    [first].into_iter().chain(nodes).collect()
}

fn spreads(before: &Estimate, after: &Estimate) -> Vec<Vec<String>> {
    let (costs, latencies) = ((&before.cost_usd, &after.cost_usd), (&before.latency_ms, &after.latency_ms));
    let points = after.failure_probability - before.failure_probability;
    let mut rows = vec![
        money_row("Cost, mean", costs.0.mean, costs.1.mean),
        money_row("Cost, P50", costs.0.p50, costs.1.p50),
        money_row("Cost, P90", costs.0.p90, costs.1.p90),
        money_row("Cost, P99", costs.0.p99, costs.1.p99),
        span_row("Latency, P50", latencies.0.p50, latencies.1.p50),
        span_row("Latency, P90", latencies.0.p90, latencies.1.p90),
        vec![
            "Runs that fail".to_owned(),
            percent(before.failure_probability),
            percent(after.failure_probability),
            format!("{:+.1} points", points * 100.0),
        ],
    ];
    if let (Some(before), Some(after)) = (before.cost_per_success_usd, after.cost_per_success_usd) {
        rows.push(money_row("Cost per success", before, after));
    }
    rows
}

/// One line a node: `+` is new, `-` is gone, `~` costs something else.
fn nodes(difference: &Difference) -> Option<Section> {
    let p90 = [Column::Number("P90 before"), Column::Number("P90 after"), Column::Number("P90 change")];
    let columns: Vec<Column> = [Column::Text(""), Column::Name("Node")].into_iter().chain(COLUMNS).chain(p90).collect();
    let rows = difference.nodes.iter().map(|node| {
        let sign = match (node.before_usd, node.after_usd) {
            (None, _) => "+",
            (_, None) => "-",
            _ => "~",
        };
        let pair = |before: Option<Money>, after: Option<Money>| {
            let change = money(before.unwrap_or_default(), after.unwrap_or_default());
            [before.map(usd).unwrap_or_default(), after.map(usd).unwrap_or_default(), change]
        };
        let costs = pair(node.before_usd, node.after_usd).into_iter();
        let costs = costs.chain(pair(node.before_p90_usd, node.after_p90_usd));
        [sign.to_owned(), node.node.clone()].into_iter().chain(costs).collect()
    });
    section("Cost by node: on average, and around P90", &columns, rows.collect())
}

fn money_row(name: &str, before: Money, after: Money) -> Vec<String> {
    vec![name.to_owned(), usd(before), usd(after), money(before, after)]
}

fn span_row(name: &str, before: u64, after: u64) -> Vec<String> {
    let change = format!("{}{}", if after < before { "-" } else { "+" }, span(after.abs_diff(before)));
    vec![name.to_owned(), span(before), span(after), change]
}

/// `+$0.0027 (+22 %)`.
pub(super) fn money(before: Money, after: Money) -> String {
    let change = minus(after, before);
    if change == Money::ZERO {
        return "±$0.00".to_owned();
    }
    let sign = if change > Money::ZERO { "+" } else { "" };
    if before == Money::ZERO {
        return format!("{sign}{}", usd(change));
    }
    let part = change.pico() as f64 / before.pico() as f64 * 100.0;
    format!("{sign}{} ({part:+.0} %)", usd(change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_money_say_their_sign_and_their_part() {
        let usd = |text: &str| text.parse::<Money>().expect("a literal of this test");
        for (before, after, expected) in [
            ("1", "1.25", "+$0.2500 (+25 %)"),
            ("1", "0.5", "-$0.5000 (-50 %)"),
            ("0", "3", "+$3.00"),
            ("2", "2", "±$0.00"),
        ] {
            assert_eq!(money(usd(before), usd(after)), expected);
        }
    }
}
