//! Two estimates beside each other.

use std::collections::BTreeMap;

use purser_domain::estimate::{Difference, Estimate, NodeDifference};
use purser_domain::money::Money;

/// The mean cost of each node, from the drivers if the estimate was read from text.
fn means(estimate: &Estimate) -> BTreeMap<&str, Money> {
    if !estimate.node_means.is_empty() {
        return estimate.node_means.iter().map(|(node, mean)| (node.as_str(), *mean)).collect();
    }
    let mut means: BTreeMap<&str, Money> = BTreeMap::new();
    for share in &estimate.drivers {
        let sum = means.entry(&share.node).or_default();
        *sum = Money::from_pico(sum.pico() + share.mean_usd.pico());
    }
    means
}

/// Whether a node of which nothing is said is not there.
fn is_whole(estimate: &Estimate) -> bool {
    !estimate.node_means.is_empty() || estimate.drivers_left_off == 0
}

/// How `after` differs from `before`. Nodes go by their names: give them ids to find them again.
///
/// Of estimates that were read from text and whose drivers were left off, only nodes that both name are told.
#[must_use]
pub fn compare(before: &Estimate, after: &Estimate) -> Difference {
    let money = |a: Money, b: Money| Money::from_pico(b.pico() - a.pico());
    let time = |a: u64, b: u64| i64::try_from(i128::from(b) - i128::from(a)).unwrap_or(i64::MAX);
    let mut nodes: BTreeMap<&str, (Option<Money>, Option<Money>)> = BTreeMap::new();
    for (node, mean) in means(before) {
        nodes.entry(node).or_default().0 = Some(mean);
    }
    for (node, mean) in means(after) {
        nodes.entry(node).or_default().1 = Some(mean);
    }
    let differ = nodes.into_iter().filter(|(_, (before_usd, after_usd))| {
        let known = (before_usd.is_some() || is_whole(before)) && (after_usd.is_some() || is_whole(after));
        known && before_usd != after_usd
    });
    let mut nodes: Vec<NodeDifference> = differ
        .map(|(node, (before_usd, after_usd))| NodeDifference { node: node.to_owned(), before_usd, after_usd })
        .collect();
    nodes.sort_by_key(|node| {
        let change = money(node.before_usd.unwrap_or_default(), node.after_usd.unwrap_or_default());
        std::cmp::Reverse(change.pico().unsigned_abs())
    });
    Difference {
        mean_usd: money(before.cost_usd.mean, after.cost_usd.mean),
        p50_usd: money(before.cost_usd.p50, after.cost_usd.p50),
        p90_usd: money(before.cost_usd.p90, after.cost_usd.p90),
        latency_p50_ms: time(before.latency_ms.p50, after.latency_ms.p50),
        latency_p90_ms: time(before.latency_ms.p90, after.latency_ms.p90),
        failure_probability: after.failure_probability - before.failure_probability,
        feasibility_match: before.feasible == after.feasible,
        nodes,
    }
}
