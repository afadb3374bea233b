//! What an agent is about to do, as a graph: steps and model calls in sequence, in branches, in loops,
//! in parallel, over items, with retries, timeouts and fallbacks.
//! Invariant: a plan that [`Plan::parse`] returned has no cycle, unique names, and bounded work.

mod field;
mod guard;
mod llm;
mod name;
mod parse;
mod work;

use std::collections::BTreeSet;

use crate::driver::Driver;
use crate::step::Step;

pub use guard::{ATTEMPTS_MAX, Backoff, DELAY_MS_MAX, Guard, OnError, Retry};
pub use llm::{Cache, Llm, TOKENS_MAX, Texts};

/// The least bound of a loop, map or conversation that names none and whose driver has no largest value.
pub const COUNT_DEFAULT: u32 = 100;
/// The most times a loop may turn, the most items of a map, and the most turns of a model call.
pub const COUNT_MAX: u32 = 10_000;
/// The most items of a map that are worked on at a time.
pub const CONCURRENCY_MAX: u32 = 1_000;
/// The most steps and model turns of one run of a plan: every loop, retry and turn taken as often as it may be.
pub const WORK_MAX: u64 = 1_000_000;
/// How deep nodes may stand in one another.
pub const DEPTH_MAX: usize = 32;
/// How far the probabilities of a branch may be from 1 together.
pub const PROBABILITY_TOLERANCE: f64 = 1e-9;
/// The most a single call may be said to cost, dollars.
pub const USD_MAX: f64 = 10_000.0;
/// The longest time of one call or timeout: a day, milliseconds.
pub const MS_MAX: f64 = 86_400_000.0;

/// A validated plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What is done first, then next, and so on.
    pub steps: Vec<Node>,
}

/// One node of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its `id`, or else its place: `steps[2].loop.body[0]`. Unique within the plan.
    pub name: String,
    /// What its random numbers are keyed by: its `id`, or else its kind and its rank by size among
    /// nodes of that kind, so that neither order nor removal of other steps changes them.
    pub key: String,
    /// What happens when it fails or takes too long.
    pub guard: Guard,
    /// What it does.
    pub kind: Kind,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Calls a skill.
    Step(Step, StepUsage),
    /// Calls a model, over one or more turns.
    Llm(Box<Llm>),
    /// One after the other.
    Sequence(Vec<Node>),
    /// One of several, by probability.
    Branch(Vec<Arm>),
    /// The same again and again.
    Loop {
        /// How often.
        count: Driver,
        /// Never more often than that.
        max: u32,
        /// What.
        body: Vec<Node>,
    },
    /// All at once; done when the last is.
    Parallel(Vec<Node>),
    /// The same for each of some items.
    Map {
        /// How many items.
        items: Driver,
        /// Never more than that.
        max: u32,
        /// How many at a time.
        concurrency: u32,
        /// What is done with each.
        body: Vec<Node>,
    },
}

/// One way a branch may go.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// How likely.
    pub probability: f64,
    /// What is done then; may be nothing.
    pub then: Vec<Node>,
}

/// What the caller knows of a skill's usage; the rest is fitted or assumed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepUsage {
    /// Dollars of one call.
    pub cost_usd: Option<Driver>,
    /// Milliseconds of one call.
    pub latency_ms: Option<Driver>,
    /// Probability that a call fails.
    pub failure: Option<f64>,
}

/// Why a plan is not a flat list of steps, for the models that know nothing else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{node} is {what}, and this model reads flat lists of steps only")]
pub struct NotFlat {
    /// The node.
    pub node: String,
    /// What it is.
    pub what: &'static str,
}

impl Plan {
    /// The plan as a flat list.
    ///
    /// # Errors
    /// The first node that is not a plain step without retries, timeouts and usage of its own.
    pub fn flat(&self) -> Result<Vec<Step>, NotFlat> {
        self.steps.iter().map(Node::plain_step).collect()
    }

    /// Every skill that the plan may call, model calls being `llm_invoke`.
    #[must_use]
    pub fn skills(&self) -> BTreeSet<String> {
        let mut skills = BTreeSet::new();
        self.each(&mut |node| {
            skills.extend(node.skill().map(str::to_owned));
        });
        skills
    }

    /// Visits every node, parents first.
    pub fn each(&self, visit: &mut impl FnMut(&Node)) {
        for node in &self.steps {
            node.each(visit);
        }
    }

    /// Changes every node, parents first. Names and keys should stay: they couple two runs of the plan.
    pub fn each_mut(&mut self, change: &mut impl FnMut(&mut Node)) {
        for node in &mut self.steps {
            node.each_mut(change);
        }
    }
}

/// How often something is done at most whose count is `driver` and that names no bound itself: the driver's
/// largest value, or for want of one what 9,999 in 10,000 do not exceed, [`COUNT_DEFAULT`] at least.
#[must_use]
pub fn count_most(driver: &Driver) -> u64 {
    match driver.largest() {
        Some(most) => most.ceil() as u64,
        None => (driver.likely_largest().ceil() as u64).max(u64::from(COUNT_DEFAULT)),
    }
}

/// The skill that a model call counts as.
pub const LLM_SKILL: &str = "llm_invoke";

impl Node {
    /// The skill that the node itself calls.
    #[must_use]
    pub fn skill(&self) -> Option<&str> {
        match &self.kind {
            Kind::Step(step, _) => Some(&step.skill),
            Kind::Llm(llm) => Some(llm.skill.as_deref().unwrap_or(LLM_SKILL)),
            _ => None,
        }
    }

    fn plain_step(&self) -> Result<Step, NotFlat> {
        let not = |what| Err(NotFlat { node: self.name.clone(), what });
        if self.guard != Guard::default() {
            return not("guarded by a retry, a timeout or on_error");
        }
        match &self.kind {
            Kind::Step(step, usage) if *usage == StepUsage::default() => Ok(step.clone()),
            Kind::Step(..) => not("a step with its own usage"),
            Kind::Llm(_) => not("a model call"),
            Kind::Sequence(_) => not("a sequence"),
            Kind::Branch(_) => not("a branch"),
            Kind::Loop { .. } => not("a loop"),
            Kind::Parallel(_) => not("a parallel"),
            Kind::Map { .. } => not("a map"),
        }
    }

    /// The nodes directly below, the fallback last.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let (lists, arms): (&[Self], &[Arm]) = match &self.kind {
            Kind::Step(..) | Kind::Llm(_) => (&[], &[]),
            Kind::Sequence(nodes) | Kind::Parallel(nodes) => (nodes, &[]),
            Kind::Loop { body, .. } | Kind::Map { body, .. } => (body, &[]),
            Kind::Branch(arms) => (&[], arms),
        };
        let fallback: &[Self] = match &self.guard.on_error {
            OnError::Fallback(nodes) => nodes,
            OnError::Abort | OnError::Continue => &[],
        };
        lists.iter().chain(arms.iter().flat_map(|arm| &arm.then)).chain(fallback)
    }

    /// The nodes directly below, the fallback last.
    pub fn children_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        let (lists, arms): (&mut [Self], &mut [Arm]) = match &mut self.kind {
            Kind::Step(..) | Kind::Llm(_) => (&mut [], &mut []),
            Kind::Sequence(nodes) | Kind::Parallel(nodes) => (nodes, &mut []),
            Kind::Loop { body, .. } | Kind::Map { body, .. } => (body, &mut []),
            Kind::Branch(arms) => (&mut [], arms),
        };
        let fallback: &mut [Self] = match &mut self.guard.on_error {
            OnError::Fallback(nodes) => nodes,
            OnError::Abort | OnError::Continue => &mut [],
        };
        lists.iter_mut().chain(arms.iter_mut().flat_map(|arm| &mut arm.then)).chain(fallback)
    }

    fn each(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        for child in self.children() {
            child.each(visit);
        }
    }

    fn each_mut(&mut self, change: &mut impl FnMut(&mut Self)) {
        change(self);
        for child in self.children_mut() {
            child.each_mut(change);
        }
    }
}

#[cfg(test)]
mod tests;
