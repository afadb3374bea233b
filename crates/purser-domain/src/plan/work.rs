//! How much a plan may do at most: a loop that would explode is refused before it runs.

use serde_json::Value;

use super::field::Faults;
use super::{Kind, Node, Plan, WORK_MAX};

impl Plan {
    /// Whether one run takes at most [`WORK_MAX`] steps and turns, as every plan that was read does; a changed one may not.
    ///
    /// # Errors
    /// The innermost node to blame and how many it may take.
    pub fn check_work(&self) -> Result<(), (String, u128)> {
        list(&self.steps, "plan").map(drop)
    }
}

/// Refuses a plan of which one run may take more than [`WORK_MAX`] steps and turns, naming the innermost node to blame.
pub(super) fn check(plan: &Plan, path: &str, faults: &mut Faults) {
    if let Err((name, work)) = list(&plan.steps, path) {
        let rule = format!("may take {work} steps and turns, above the bound of {WORK_MAX}");
        faults.refuse(&name, &Value::from(work.min(u128::from(u64::MAX)) as u64), rule);
    }
}

/// The work of nodes done one after the other, or who is too much and how much.
fn list(nodes: &[Node], name: &str) -> Result<u128, (String, u128)> {
    let mut sum = 0;
    for node in nodes {
        sum += of(node)?;
    }
    bounded(sum, name)
}

fn bounded(work: u128, name: &str) -> Result<u128, (String, u128)> {
    if work > u128::from(WORK_MAX) { Err((name.to_owned(), work)) } else { Ok(work) }
}

fn of(node: &Node) -> Result<u128, (String, u128)> {
    let name = &node.name;
    let once = match &node.kind {
        Kind::Step(step, _) => u128::from(step.iterations),
        Kind::Llm(llm) => u128::from(llm.turns.as_ref().map_or(1, |turns| llm.turns_most(turns))),
        Kind::Loop { max, body, .. } | Kind::Map { max, body, .. } => list(body, name)?.max(1) * u128::from(*max),
        Kind::Sequence(nodes) | Kind::Parallel(nodes) => list(nodes, name)?,
        Kind::Branch(arms) => {
            let mut most = 0;
            for arm in arms {
                most = list(&arm.then, name)?.max(most);
            }
            most
        }
    };
    let tried = once * u128::from(node.guard.attempts());
    bounded(tried + list(fallback(node), name)?, name)
}

fn fallback(node: &Node) -> &[Node] {
    match &node.guard.on_error {
        super::OnError::Fallback(nodes) => nodes,
        super::OnError::Abort | super::OnError::Continue => &[],
    }
}
