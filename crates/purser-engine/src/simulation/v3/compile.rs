//! Compiles a plan: finds each driver in the request, the fit or the prior, and each price in the book.

use std::collections::BTreeMap;

use purser_domain::calibration::Calibration;
use purser_domain::charge::Match;
use purser_domain::driver::{Driver, Source};
use purser_domain::money::Money;
use purser_domain::plan::{
    COUNT_MAX, Guard, Kind, LLM_SKILL, Llm, MS_MAX, Node, OnError, Plan, StepUsage, TOKENS_MAX, USD_MAX,
};
use purser_domain::prior::{self, Prior, Priors};
use purser_domain::step::Step;
use purser_domain::time::Timestamp;

use super::program::{Conversation, Ending, Guarded, Leaf, LeafKind, Op, Program, Skill, Slot};
use super::random::{stream, threshold};
use super::table::Table;
use super::tariff::Tariff;
use crate::price_book::TenantBook;
use crate::token::{Family, PER_CALL, PER_MESSAGE, TOOLS_ERROR_MILLI};

/// What a simulation draws on beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The tenant's prices.
    pub book: &'a TenantBook,
    /// When the plan runs: prices are those of that time.
    pub at: Timestamp,
    /// What was learned from the tenant's runs.
    pub calibration: &'a Calibration,
    /// What is assumed of the rest.
    pub priors: &'a Priors,
}

/// Why a plan cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SimulateError {
    /// There is nothing to do.
    #[error("the plan has no steps")]
    EmptyPlan,
    /// A model call has no price, which is not the same as costing nothing.
    #[error("{node}: no price for {model:?}{}: {}{}", of(provider), reason.name(), remedy(sold_by))]
    Unpriced {
        /// The node.
        node: String,
        /// The provider asked for; empty if none was.
        provider: String,
        /// Who sells a model of this name, if nobody or somebody else was asked for.
        sold_by: Vec<String>,
        /// The model asked for.
        model: String,
        /// Why there is none.
        reason: Match,
    },
    /// One run might cost more than fits.
    #[error("the plan may cost {most} dollars, above the bound of {COST_MAX_USD}")]
    TooExpensive {
        /// The most it may cost.
        most: Money,
    },
    /// A count of a changed plan cannot be multiplied so far: neither it nor its distribution could hold the product.
    #[error(
        "{node}: its count cannot be multiplied so far: it would be above {COUNT_MAX}, its probability above 1, or its \
         mean above its bound"
    )]
    FixedCount {
        /// The node.
        node: String,
        /// By what it was to be multiplied.
        factor: f64,
    },
    /// One run of a changed plan might take too long.
    #[error("{node} may take {work} steps and turns, above the bound of a plan")]
    TooLong {
        /// The node.
        node: String,
        /// Steps and turns.
        work: u128,
    },
    /// A model that was to be tried has no price.
    #[error("{model:?} has no price: {}", reason.name())]
    Alternative {
        /// Which.
        index: usize,
        /// The model.
        model: String,
        /// Why there is none.
        reason: Match,
    },
    /// A setting that was to be tried cannot be simulated.
    #[error("{reason}")]
    Sweep {
        /// Which.
        index: usize,
        /// Why.
        reason: Box<SimulateError>,
    },
    /// All draws together would take too long.
    #[error("{draws} draws of about {work:.0} steps and turns are above the bound of {WORK_DRAWS_MAX:.0}")]
    TooMuchWork {
        /// Draws asked for.
        draws: u32,
        /// Steps and turns of one run, on average, those of other settings included.
        work: f64,
    },
}

fn of(provider: &str) -> String {
    if provider.is_empty() { String::new() } else { format!(" of {provider:?}") }
}

fn remedy(sold_by: &[String]) -> String {
    if sold_by.is_empty() { String::new() } else { format!("; name a provider that sells it: {}", sold_by.join(", ")) }
}

/// The most one run may cost, dollars: every sum of a run fits 64 bits.
pub const COST_MAX_USD: u64 = 10_000_000;
/// The most steps and turns of all draws together.
pub const WORK_DRAWS_MAX: f64 = 2e9;

const PICO: f64 = 1e12;
const MICROS: f64 = 1e3;

/// How a plan is compiled beside what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// Multiplies the tokens of messages and prompts.
    pub(super) prompt_factor: f64,
    /// Whether calls of one group may fail together.
    pub(super) share_fate: bool,
}

pub(super) fn compile(plan: &Plan, sources: Sources<'_>, setting: Setting) -> Result<Program, SimulateError> {
    if plan.steps.is_empty() {
        return Err(SimulateError::EmptyPlan);
    }
    let mut compiler = Compiler {
        sources,
        program: Program {
            steps: Vec::new(),
            leaves: Vec::new(),
            ends: Vec::new(),
            slots: 0,
            cost_max: 0,
            work_mean: 0.0,
            price_versions: std::collections::BTreeSet::new(),
            unknown_skills: std::collections::BTreeSet::new(),
            sources: [0; 3],
        },
        setting,
        tables: BTreeMap::new(),
        groups: BTreeMap::new(),
    };
    let (mut steps, mut size) = (Vec::with_capacity(plan.steps.len()), Size::default());
    for node in &plan.steps {
        let (op, own) = compiler.node(node)?;
        steps.push(op);
        size = size.plus(own);
        let end = (node.name.clone(), compiler.program.leaves.len());
        compiler.program.ends.push(end);
    }
    if size.cost > u128::from(COST_MAX_USD) * 1_000_000_000_000 {
        let most = i128::try_from(size.cost).unwrap_or(i128::MAX);
        return Err(SimulateError::TooExpensive { most: Money::from_pico(most) });
    }
    Ok(Program { steps, cost_max: size.cost as u64, work_mean: size.work, ..compiler.program })
}

/// How much a node may cost at most, and how many steps and turns it takes on average.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    cost: u128,
    work: f64,
    /// How probable a failure is at most; parts are taken for independent.
    failure: f64,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self {
            cost: self.cost.saturating_add(other.cost),
            work: self.work + other.work,
            failure: 1.0 - (1.0 - self.failure) * (1.0 - other.failure),
        }
    }

    fn times(self, most: u64, mean: f64) -> Self {
        Self {
            cost: self.cost.saturating_mul(u128::from(most)),
            work: self.work * mean,
            failure: 1.0 - libm::pow(1.0 - self.failure, mean),
        }
    }

    /// Tried up to so many times: the n-th attempt comes when n − 1 have failed. Attempts that may share their fate
    /// may all fail together.
    fn tried(self, attempts: u32, share_fate: bool) -> Self {
        if share_fate {
            let mean = 1.0 + self.failure * f64::from(attempts.saturating_sub(1));
            return Self { cost: self.cost.saturating_mul(u128::from(attempts)), work: self.work * mean, ..self };
        }
        let mean: f64 =
            std::iter::successors(Some(1.0), |share| Some(share * self.failure)).take(attempts as usize).sum();
        Self {
            cost: self.cost.saturating_mul(u128::from(attempts)),
            work: self.work * mean,
            failure: libm::pow(self.failure, f64::from(attempts)),
        }
    }
}

struct Compiler<'a> {
    sources: Sources<'a>,
    program: Program,
    setting: Setting,
    /// Tables are costly to make and often alike.
    tables: BTreeMap<String, Table>,
    /// Whose calls may share their fate.
    groups: BTreeMap<String, Slot>,
}

impl Compiler<'_> {
    fn list(&mut self, nodes: &[Node]) -> Result<(Vec<Op>, Size), SimulateError> {
        let mut ops = Vec::with_capacity(nodes.len());
        let mut sum = Size::default();
        for node in nodes {
            let (op, size) = self.node(node)?;
            ops.push(op);
            sum = sum.plus(size);
        }
        Ok((ops, sum))
    }

    fn slot(&mut self, key: &str) -> Slot {
        let index = self.program.slots;
        self.program.slots += 1;
        Slot { index, stream: stream(key) }
    }

    fn node(&mut self, node: &Node) -> Result<(Op, Size), SimulateError> {
        let (op, size) = match &node.kind {
            Kind::Step(step, usage) => self.step(node, step, usage)?,
            Kind::Llm(llm) => self.model(node, llm)?,
            Kind::Sequence(nodes) => {
                let (ops, size) = self.list(nodes)?;
                (Op::Sequence(ops), size)
            }
            Kind::Parallel(nodes) => {
                let (ops, size) = self.list(nodes)?;
                (Op::Parallel(ops), size)
            }
            Kind::Branch(arms) => {
                let slot = self.slot(&node.key);
                let (mut reached, mut most) = (0.0, Size::default());
                let mut compiled = Vec::with_capacity(arms.len());
                for arm in arms {
                    reached += arm.probability;
                    let (ops, size) = self.list(&arm.then)?;
                    most.cost = most.cost.max(size.cost);
                    most.work += size.work * arm.probability;
                    most.failure += size.failure * arm.probability;
                    compiled.push((threshold(reached.min(1.0)), ops));
                }
                if let Some((last, _)) = compiled.last_mut() {
                    *last = threshold(1.0);
                }
                (Op::Branch(slot, compiled), most)
            }
            Kind::Loop { count, max, body } => {
                let slot = self.slot(&node.key);
                let count = self.table(count, 1.0, 0, u64::from(*max));
                let (body, size) = self.list(body)?;
                let size = size.times(count.largest(), count.mean());
                (Op::Loop(slot, count, body), size)
            }
            Kind::Map { items, max, concurrency, body } => {
                let slot = self.slot(&node.key);
                let items = self.table(items, 1.0, 0, u64::from(*max));
                let (body, size) = self.list(body)?;
                let size = size.times(items.largest(), items.mean());
                (Op::Map { slot, items, concurrency: *concurrency as usize, body }, size)
            }
        };
        self.guard(node, op, size)
    }

    fn guard(&mut self, node: &Node, body: Op, size: Size) -> Result<(Op, Size), SimulateError> {
        let guard = &node.guard;
        if *guard == Guard::default() {
            return Ok((body, size));
        }
        let slot = self.slot(&format!("{} guard", node.key));
        // How often a time limit is met is not known before it is drawn.
        let failure = if guard.timeout_ms.is_some() { 1.0 } else { size.failure };
        let size = Size { failure, ..size }.tried(guard.attempts(), self.setting.share_fate);
        let (ending, size) = match &guard.on_error {
            OnError::Abort => (Ending::Abort, size),
            OnError::Continue => (Ending::Continue, Size { failure: 0.0, ..size }),
            OnError::Fallback(nodes) => {
                let (ops, fallback) = self.list(nodes)?;
                (Ending::Fallback(ops), Size { failure: fallback.failure, ..size.plus(fallback) })
            }
        };
        let timeout = guard.timeout_ms.map_or(u64::MAX, |ms| ms * 1_000);
        let guarded = Guarded { slot, attempts: guard.attempts(), retry: guard.retry.clone(), timeout, ending, body };
        Ok((Op::Guarded(Box::new(guarded)), size))
    }

    fn table(&mut self, driver: &Driver, unit: f64, min: u64, max: u64) -> Table {
        if matches!(driver, Driver::Constant(_)) {
            return Table::compile(driver, unit, min, max);
        }
        let key = format!("{driver:?} {unit} {min} {max}");
        self.tables.entry(key).or_insert_with(|| Table::compile(driver, unit, min, max)).clone()
    }

    /// A driver from the request, the fit or the prior, in this order.
    fn choose<T>(&mut self, request: Option<T>, fitted: Option<T>, prior: T) -> (T, Source) {
        let (chosen, source) = match (request, fitted) {
            (Some(driver), _) => (driver, Source::Request),
            (None, Some(driver)) => (driver, Source::Fitted),
            (None, None) => (prior, Source::Prior),
        };
        self.program.sources[source as usize] += 1;
        (chosen, source)
    }

    fn leaf(&mut self, node: &Node, failure: (f64, Source), kind: LeafKind, group: &str) -> Op {
        let slot = self.slot(&node.key);
        let group = self.group(group);
        let (failure, failure_source) = (threshold(failure.0), failure.1);
        self.program.leaves.push(Leaf { name: node.name.clone(), slot, group, failure, failure_source, kind });
        Op::Leaf(self.program.leaves.len() - 1)
    }

    /// One column for all calls of a group; no node's key begins with a line break.
    fn group(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.groups.get(name) {
            return *slot;
        }
        let slot = self.slot(&format!("\n{name}"));
        self.groups.insert(name.to_owned(), slot);
        slot
    }

    fn step(&mut self, node: &Node, step: &Step, usage: &StepUsage) -> Result<(Op, Size), SimulateError> {
        let repeat = u64::from(step.iterations);
        let called = (&*step.skill == LLM_SKILL).then(|| Llm::from_params(&step.params)).flatten();
        let (leaf, size) = match called {
            Some(mut llm) if usage.cost_usd.is_none() => {
                llm.latency_ms.clone_from(&usage.latency_ms);
                llm.failure = usage.failure;
                self.model(node, &llm)?
            }
            _ => self.skill(node, step, usage),
        };
        if repeat == 1 {
            return Ok((leaf, size));
        }
        let slot = self.slot(&format!("{} iterations", node.key));
        Ok((Op::Loop(slot, Table::constant(repeat), vec![leaf]), size.times(repeat, repeat as f64)))
    }

    fn skill(&mut self, node: &Node, step: &Step, usage: &StepUsage) -> (Op, Size) {
        let model = step.params.get("model").and_then(serde_json::Value::as_str).unwrap_or_default();
        let fit = self.sources.calibration.find(&step.skill, model);
        let known = self.sources.priors.skills.get(&*step.skill);
        let told = usage.cost_usd.is_some() && usage.latency_ms.is_some() && usage.failure.is_some();
        let is_unknown = fit.is_none() && known.is_none();
        if is_unknown && !told {
            self.program.unknown_skills.insert(step.skill.to_string());
        }
        // Of a skill that nobody knows, the tenant's own runs say more than a constant.
        let fit = if is_unknown { self.sources.calibration.find("", "") } else { fit };
        let prior: Prior = *known.unwrap_or(&self.sources.priors.unknown);
        let fitted = |pick: fn(&purser_domain::calibration::Fit) -> Option<Driver>| fit.and_then(pick);
        let (cost, cost_source) =
            self.choose(usage.cost_usd.clone(), fitted(|fit| fit.cost_usd.clone()), wide(prior.cost_usd));
        let (latency, _) =
            self.choose(usage.latency_ms.clone(), fitted(|fit| fit.latency_ms.clone()), wide(prior.latency_ms));
        let failure = self.choose(usage.failure, fit.and_then(|fit| fit.failure), prior.failure);
        let cost = self.table(&cost, PICO, 0, (USD_MAX * PICO) as u64);
        let latency = self.table(&latency, MICROS, 0, (MS_MAX * MICROS) as u64);
        let size = Size { cost: u128::from(cost.largest()), work: 1.0, failure: failure.0 };
        let group = format!("skill {}", &*step.skill);
        (self.leaf(node, failure, LeafKind::Skill(Skill { cost, cost_source, latency }), &group), size)
    }

    fn model(&mut self, node: &Node, llm: &Llm) -> Result<(Op, Size), SimulateError> {
        let fit = self.sources.calibration.find(llm.skill.as_deref().unwrap_or(LLM_SKILL), &llm.model);
        let (turns, turns_source) =
            self.choose(llm.turns.clone(), fit.and_then(|fit| fit.turns.clone()), Driver::Constant(1.0));
        let (output, output_source) = self.choose(
            llm.output_tokens.clone(),
            fit.and_then(|fit| fit.output_tokens.clone()),
            wide(prior::OUTPUT_TOKENS),
        );
        let (tool_calls, _) =
            self.choose(llm.tool_calls.clone(), fit.and_then(|fit| fit.tool_calls.clone()), Driver::Constant(0.0));
        let (result, _) = self.choose(llm.tool_result_tokens.clone(), None, wide(prior::TOOL_RESULT_TOKENS));
        let (latency, latency_source) = self.choose(llm.latency_ms.clone(), None, wide(prior::FIRST_TOKEN_MS));
        let failure = self.choose(llm.failure, fit.and_then(|fit| fit.failure), prior::LLM_FAILURE);
        let (input, prefix, input_source) = self.input(llm);
        let assumed = if output_source == Source::Request { TOKENS_MAX as u64 } else { prior::OUTPUT_TOKENS_MAX };
        let turns_most = llm.turns_most(&turns);
        let output = self.table(&output, 1.0, 0, llm.max_tokens.unwrap_or(assumed));
        let turns = self.table(&turns, 1.0, 1, turns_most);
        let tool_calls = self.table(&tool_calls, 1.0, 0, TOKENS_MAX as u64);
        let tool_result = self.table(&result, 1.0, 0, TOKENS_MAX as u64);
        let latency = self.table(&latency, MICROS, 0, (MS_MAX * MICROS) as u64);
        let token_us = if latency_source == Source::Prior { prior::TOKEN_US } else { 0 };
        let growth =
            u128::from(output.largest()) + u128::from(tool_calls.largest()) * u128::from(tool_result.largest());
        let context = u128::from(input.largest()) + growth * u128::from(turns.largest());
        let tariff = self.tariff(node, llm, context)?;
        let call_most = tariff.most(context as u64, output.largest());
        let cost = call_most.saturating_mul(u128::from(turns.largest()));
        let size = Size { cost, work: turns.mean(), failure: failure.0 };
        let group = format!("provider {}", tariff.provider);
        let conversation = Conversation {
            tariff,
            cache: llm.cache,
            input,
            input_source,
            prefix,
            turns,
            turns_source,
            output,
            output_source,
            tool_calls,
            tool_result,
            latency,
            token_us,
        };
        Ok((self.leaf(node, failure, LeafKind::Model(Box::new(conversation)), &group), size))
    }

    fn tariff(&mut self, node: &Node, llm: &Llm, context: u128) -> Result<Tariff, SimulateError> {
        let tier = if llm.batch { Some("batch") } else { llm.service_tier.as_deref() };
        let fits = u64::try_from(context).ok().filter(|context| *context <= 1_000_000_000_000);
        let found = fits.ok_or(Match::TooLarge).and_then(|context| {
            Tariff::find(self.sources.book, (&llm.provider, &llm.model), tier, self.sources.at, context)
        });
        let tariff = found.map_err(|reason| SimulateError::Unpriced {
            node: node.name.clone(),
            provider: llm.provider.clone(),
            sold_by: self.sellers(&llm.model, reason),
            model: llm.model.clone(),
            reason,
        })?;
        self.program.price_versions.insert(tariff.version.clone());
        Ok(tariff)
    }

    /// The providers whose price of `model` was not asked for.
    fn sellers(&self, model: &str, reason: Match) -> Vec<String> {
        if reason != Match::UnknownModel {
            return Vec::new();
        }
        let known = self.sources.book.book().known_as(model);
        let mut providers: Vec<String> = known.into_iter().map(|price| price.provider.clone()).collect();
        providers.dedup();
        providers
    }

    /// Tokens sent first, those of them that are the same in every run, and who says so.
    fn input(&mut self, llm: &Llm) -> (Table, u64, Source) {
        let family = Family::of(&llm.model);
        let texts = &llm.texts;
        let factor = self.setting.prompt_factor;
        let message = |text: &String| family.count(text) + PER_MESSAGE;
        let tools: u64 = texts.tools.iter().map(|text| family.count(text)).sum();
        let prefix = texts.system.iter().map(message).sum::<u64>() + tools;
        let words: u64 = texts.messages.iter().map(|text| family.count(text)).sum();
        let others = (words as f64 * factor).round() as u64 + PER_MESSAGE * texts.messages.len() as u64 + PER_CALL;
        self.program.sources[Source::Request as usize] += 1;
        let max = TOKENS_MAX as u64;
        if let Some(told) = &llm.input_tokens {
            return (self.table(&told.scaled(factor), 1.0, 0, max), prefix, Source::Request);
        }
        let counted = (prefix + others) as f64;
        let within = |tokens: u64, error_milli: u32| tokens as f64 * f64::from(error_milli) / 1_000.0;
        let error = within(prefix - tools + others, family.error_milli)
            + within(tools, family.error_milli.max(TOOLS_ERROR_MILLI));
        let driver = if error < 0.5 {
            Driver::Constant(counted)
        } else {
            Driver::Uniform { low: counted - error, high: counted + error }
        };
        (self.table(&driver, 1.0, 0, max), prefix, Source::Request)
    }
}

/// The assumption about a quantity of which only the median is guessed.
fn wide(median: f64) -> Driver {
    if median > 0.0 { Driver::LogNormal { p50: median, p90: median * prior::SPREAD } } else { Driver::Constant(0.0) }
}
