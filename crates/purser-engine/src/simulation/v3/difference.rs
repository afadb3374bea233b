//! Two estimates beside each other.

use std::collections::BTreeMap;

use purser_domain::estimate::{Difference, Estimate, NodeDifference};
use purser_domain::money::Money;

/// How `after` differs from `before`. Nodes go by their names: give them ids to find them again.
#[must_use]
pub fn compare(before: &Estimate, after: &Estimate) -> Difference {
    let money = |a: Money, b: Money| Money::from_pico(b.pico() - a.pico());
    let time = |a: u64, b: u64| i64::try_from(i128::from(b) - i128::from(a)).unwrap_or(i64::MAX);
    let mut nodes: BTreeMap<&str, (Option<Money>, Option<Money>)> = BTreeMap::new();
    for share in &before.drivers {
        let sum = nodes.entry(&share.node).or_default().0.get_or_insert(Money::ZERO);
        *sum = Money::from_pico(sum.pico() + share.mean_usd.pico());
    }
    for share in &after.drivers {
        let sum = nodes.entry(&share.node).or_default().1.get_or_insert(Money::ZERO);
        *sum = Money::from_pico(sum.pico() + share.mean_usd.pico());
    }
    let differ = nodes.into_iter().filter(|(_, (before_usd, after_usd))| before_usd != after_usd);
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
