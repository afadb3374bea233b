//! Names and keys of nodes: names tell them apart, keys say which random numbers are theirs.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::Value;

use super::field::Faults;
use super::{Kind, Node, Plan};

/// Marks a key that is the node's content still; no id holds a control character.
const UNKEYED: char = '\0';

/// The content of a node without an id, until [`assign_keys`].
pub(super) fn unkeyed(value: &Value) -> String {
    format!("{UNKEYED}{value}")
}

pub(super) fn check_unique(plan: &Plan, path: &str, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    plan.each(&mut |node| {
        if !seen.insert(node.name.clone()) {
            faults.refuse(&format!("{path}.id"), &Value::from(node.name.as_str()), "is used by two nodes");
        }
    });
}

/// Gives every node without an id the key `kind#rank`: the largest of a kind first, equal ones by content.
///
/// So the order of steps is irrelevant, and when one grows or is taken out, no other gets random
/// numbers that belonged to a smaller one.
pub(super) fn assign_keys(plan: &mut Plan) {
    let mut ranked = Vec::new();
    let mut index = 0_usize;
    plan.each(&mut |node| {
        if node.key.starts_with(UNKEYED) {
            ranked.push((label(node), Reverse(size(node)), node.key.clone(), index));
        }
        index += 1;
    });
    ranked.sort();
    let mut keys = vec![None; index];
    let (mut last, mut rank) = (String::new(), 0);
    for (label, _, _, index) in ranked {
        rank = if label == last { rank + 1 } else { 0 };
        keys[index] = Some(format!("{UNKEYED}{label}#{rank}"));
        last = label;
    }
    let mut keys = keys.into_iter();
    plan.each_mut(&mut |node| {
        if let Some(Some(key)) = keys.next() {
            node.key = key;
        }
    });
}

fn label(node: &Node) -> String {
    match &node.kind {
        Kind::Step(step, _) => format!("skill {}", &*step.skill),
        Kind::Llm(_) => "llm".to_owned(),
        Kind::Sequence(_) => "sequence".to_owned(),
        Kind::Branch(_) => "branch".to_owned(),
        Kind::Loop { .. } => "loop".to_owned(),
        Kind::Parallel(_) => "parallel".to_owned(),
        Kind::Map { .. } => "map".to_owned(),
    }
}

/// What makes a call large: its text, then how often it is made.
fn size(node: &Node) -> (usize, u32) {
    match &node.kind {
        Kind::Step(step, _) => {
            let texts = step.params.values().filter_map(Value::as_str);
            (texts.map(str::len).sum(), step.iterations)
        }
        Kind::Llm(llm) => (llm.texts.len(), 1),
        _ => (0, 1),
    }
}
