//! Two estimates beside each other.

use std::collections::BTreeMap;

use purser_domain::estimate::{Difference, Estimate, NodeCost, NodeDifference};
use purser_domain::money::Money;

/// The cost of each node, from the drivers if the estimate was read from text.
fn costs(estimate: &Estimate) -> BTreeMap<&str, NodeCost> {
    if !estimate.node_costs.is_empty() {
        return estimate.node_costs.iter().map(|(node, cost)| (node.as_str(), *cost)).collect();
    }
    let mut costs: BTreeMap<&str, NodeCost> = BTreeMap::new();
    for share in &estimate.drivers {
        let sum = costs.entry(&share.node).or_default();
        sum.mean_usd = [sum.mean_usd, share.mean_usd].into_iter().sum();
        sum.p90_usd = [sum.p90_usd, share.p90_usd].into_iter().sum();
    }
    costs
}

/// Whether a node of which nothing is said is not there.
fn is_whole(estimate: &Estimate) -> bool {
    !estimate.node_costs.is_empty() || estimate.drivers_left_off == 0
}

/// How `after` differs from `before`. Nodes go by their names: give them ids to find them again.
///
/// Of estimates that were read from text and whose drivers were left off, only nodes that both name are told.
#[must_use]
pub fn compare(before: &Estimate, after: &Estimate) -> Difference {
    let money = |a: Money, b: Money| Money::from_pico(b.pico() - a.pico());
    let time = |a: u64, b: u64| i64::try_from(i128::from(b) - i128::from(a)).unwrap_or(i64::MAX);
    let mut nodes: BTreeMap<&str, (Option<NodeCost>, Option<NodeCost>)> = BTreeMap::new();
    for (node, cost) in costs(before) {
        nodes.entry(node).or_default().0 = Some(cost);
    }
    for (node, cost) in costs(after) {
        nodes.entry(node).or_default().1 = Some(cost);
    }
    let differ = nodes.into_iter().filter(|(_, (first, second))| {
        let known = (first.is_some() || is_whole(before)) && (second.is_some() || is_whole(after));
        known && first.map(|cost| cost.mean_usd) != second.map(|cost| cost.mean_usd)
    });
    let mut nodes: Vec<NodeDifference> = differ
        .map(|(node, (before, after))| NodeDifference {
            node: node.to_owned(),
            before_usd: before.map(|cost| cost.mean_usd),
            after_usd: after.map(|cost| cost.mean_usd),
            before_p90_usd: before.map(|cost| cost.p90_usd),
            after_p90_usd: after.map(|cost| cost.p90_usd),
        })
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
        cost_per_success_usd: before.cost_per_success_usd.zip(after.cost_per_success_usd).map(|(a, b)| money(a, b)),
        feasibility_match: before.feasible == after.feasible,
        nodes,
    }
}
