//! The plan simulator: seeded Monte Carlo over a plan's graph, with usage drivers as distributions.
//!
//! Money is exact in each draw, random numbers are keyed by (node, draw), and all sums are integers:
//! the same plan, seed, prices and drivers give the same answer on every platform and any number of threads.

mod advice;
mod compile;
mod difference;
mod mask;
pub mod math;
mod prior;
mod program;
mod random;
mod run;
mod spending;
mod sweep;
mod table;
mod tally;
mod tariff;

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::driver::Source;
use purser_domain::estimate::{Basis, DriverShare, Estimate, NodeCost, Options, Part, Spread, Violation};
use purser_domain::money::Money;
use purser_domain::plan::Plan;

pub use advice::what_if;
pub use compile::{COST_MAX_USD, SimulateError, Sources, WORK_DRAWS_MAX};
pub use difference::compare;
pub use prior::priors;
use program::{LeafKind, Program};
use random::LANES;
use run::{PARTS, Worker};
use tally::{Limits, Tally};

/// The version of this simulator: it changes whenever an answer does.
pub const MODEL_VERSION: &str = "3.2.0";

/// The most rows about drivers.
const SHARES_MAX: usize = 50;

/// What a plan is expected to cost and to take, with advice and other settings if asked for.
///
/// `threads` changes how long it takes and nothing else.
///
/// # Errors
/// The plan is empty, a model call has no price, or it is too much.
pub fn simulate(
    plan: &Plan,
    sources: Sources<'_>,
    options: &Options,
    threads: usize,
) -> Result<Estimate, SimulateError> {
    if options.advice {
        advice::check(sources, options)?;
    }
    let run = Run { estimates: 1 + options.sweep.len(), ..Run::alone(threads) };
    let mut estimate = estimate(plan, sources, options, run)?;
    let mut price_versions: BTreeSet<String> = estimate.basis.price_versions.drain(..).collect();
    estimate.sweep = sweep::sweep(plan, sources, options, threads, &mut price_versions)?;
    estimate.basis.price_versions = price_versions.into_iter().collect();
    if options.advice {
        let (advice, price_versions) = advice::advise(plan, sources, options, &estimate, threads);
        estimate.advice = advice;
        estimate.basis.price_versions = price_versions.into_iter().collect();
    }
    Ok(estimate)
}

/// How one estimate is made.
#[derive(Debug, Clone, Copy)]
struct Run {
    prompt_factor: f64,
    /// So many estimates of this plan's size are made for one answer.
    estimates: usize,
    threads: usize,
}

impl Run {
    const fn alone(threads: usize) -> Self {
        Self { prompt_factor: 1.0, estimates: 1, threads }
    }
}

fn estimate(plan: &Plan, sources: Sources<'_>, options: &Options, run: Run) -> Result<Estimate, SimulateError> {
    let Run { prompt_factor, estimates, threads } = run;
    let share_fate = options.failure_correlation > 0.0;
    let program = compile::compile(plan, sources, compile::Setting { prompt_factor, share_fate })?;
    let work = program.work_mean * estimates as f64;
    if work * f64::from(options.draws) > WORK_DRAWS_MAX {
        return Err(SimulateError::TooMuchWork { draws: options.draws, work });
    }
    let limits = Limits {
        budget: options.budget_usd.map_or(u64::MAX, |budget| u64::try_from(budget.pico()).unwrap_or(u64::MAX)),
        deadline: options.deadline_ms.map_or(u64::MAX, |ms| ms.saturating_mul(1_000)),
    };
    let marks = if options.budget_usd.is_some() { spending::marks(program.steps.len()) } else { Vec::new() };
    let (mut tally, parts) = draw(&program, options, limits, &marks, threads.max(1));
    let (near, around) = near_p90(&program, options, &tally);
    let mut drivers = shares(&program, options, &parts, (&near, around));
    let drivers_left_off = drivers.len().saturating_sub(SHARES_MAX) as u64;
    drivers.truncate(SHARES_MAX);
    let violations = violations(plan, options, limits, &mut tally);
    let draws = u128::from(options.draws);
    let share = |count: u64| count as f64 / f64::from(options.draws);
    let cost = tally.cost.spread(options.draws);
    let deviation = cost.standard_error as f64 * f64::from(options.draws).sqrt();
    Ok(Estimate {
        feasible: violations.is_empty(),
        violations,
        cost_usd: money(cost),
        latency_ms: milliseconds(tally.latency.spread(options.draws)),
        within_budget: options.budget_usd.map(|_| share(tally.within_budget)),
        within_deadline: options.deadline_ms.map(|_| share(tally.within_deadline)),
        expected_overrun_usd: options.budget_usd.map(|_| pico(tally::round(tally.overrun, draws))),
        failure_probability: share(tally.failed),
        failed_work_usd: pico(tally::round(tally.wasted, draws)),
        cost_per_success_usd: spending::per_success(&tally, options.draws),
        stop_at_budget: options.budget_usd.map(|_| spending::stop_at_budget(&tally, options.draws)),
        burn_down: spending::burn_down(&program, &marks, &parts, &tally, options.draws),
        roll_up: options.runs.map(|runs| spending::roll_up(runs, &mut tally, deviation, options)),
        drivers,
        drivers_left_off,
        node_costs: node_costs(&program, options, &parts, (&near, around)),
        advice: Vec::new(),
        sweep: Vec::new(),
        unknown_skills: program.unknown_skills.iter().cloned().collect(),
        basis: Basis {
            model: "v3".to_owned(),
            model_version: MODEL_VERSION.to_owned(),
            calibration_version: sources.calibration.version.clone(),
            prior_version: sources.priors.version.clone(),
            price_versions: program.price_versions.iter().cloned().collect(),
            seed: options.seed,
            draws: options.draws,
            drivers_from_request: program.sources[Source::Request as usize],
            drivers_fitted: program.sources[Source::Fitted as usize],
            drivers_assumed: program.sources[Source::Prior as usize],
        },
    })
}

/// Sums of leaves' parts, pico-dollars.
type Parts = Vec<[u128; PARTS]>;

/// Draws every chunk, the threads taking turns.
fn draw(program: &Program, options: &Options, limits: Limits, marks: &[usize], threads: usize) -> (Tally, Parts) {
    let chunks = u64::from(options.draws).div_ceil(LANES as u64);
    let work = |first: u64| {
        let mut worker = worker(program, options).marking(marks);
        let mut tally = Tally::new(program.cost_max, options.draws);
        let mut chunk = first;
        while chunk < chunks {
            let lanes = tally::lanes(chunk, options.draws);
            tally.add(chunk, &worker.draw(chunk, lanes), lanes, limits);
            if !worker.trail.is_empty() {
                tally.trails.push((chunk, std::mem::take(&mut worker.trail)));
            }
            chunk += threads as u64;
        }
        (tally, worker.parts)
    };
    if threads == 1 {
        return work(0);
    }
    std::thread::scope(|scope| {
        let handles: Vec<_> = (1..threads as u64).map(|first| scope.spawn(move || work(first))).collect();
        let (mut tally, mut parts) = work(0);
        for handle in handles {
            // A worker does arithmetic only; if it panicked, so must this.
            let (more, more_parts) = handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            tally.merge(more);
            for (sums, more) in parts.iter_mut().flatten().zip(more_parts.iter().flatten()) {
                *sums += more;
            }
        }
        (tally, parts)
    })
}

fn worker<'p>(program: &'p Program, options: &Options) -> Worker<'p> {
    Worker::new(program, options.seed).correlated(options.failure_correlation.sqrt())
}

/// The draws around P90 once more: sums of leaves' parts, and how many draws they are.
fn near_p90(program: &Program, options: &Options, tally: &Tally) -> (Parts, u64) {
    let (low, high) = tally.around_p90(options.draws);
    let mut near = worker(program, options);
    let mut around = 0;
    for (chunk, costs) in &tally.head {
        let chosen = tally::between(costs, tally::lanes(*chunk, options.draws), low, high);
        around += chosen.count();
        near.draw(*chunk, chosen);
    }
    (near.parts, around.max(1))
}

/// What drives the cost: the mean by sums over all draws, P90 by the draws around it.
fn shares(program: &Program, options: &Options, parts: &Parts, (near, around): (&Parts, u64)) -> Vec<DriverShare> {
    let mut rows = Vec::new();
    for ((leaf, sums), near) in program.leaves.iter().zip(parts).zip(near) {
        let (call, input, output, turns) = match &leaf.kind {
            LeafKind::Skill(skill) => (skill.cost_source, Source::Request, Source::Request, Source::Request),
            LeafKind::Model(model) => (Source::Request, model.input_source, model.output_source, model.turns_source),
        };
        let kinds = [
            (Part::Call, call),
            (Part::InputTokens, input),
            (Part::OutputTokens, output),
            (Part::Turns, turns),
            (Part::Failure, leaf.failure_source),
        ];
        for (((part, source), sum), near) in kinds.into_iter().zip(sums).zip(near) {
            if *sum > 0 || *near > 0 {
                let mean_usd = pico(tally::round(*sum, u128::from(options.draws)));
                let p90_usd = pico(tally::round(*near, u128::from(around)));
                rows.push(DriverShare { node: leaf.name.clone(), part, source, mean_usd, p90_usd });
            }
        }
    }
    rows.sort_by(|a, b| {
        (b.p90_usd, b.mean_usd).cmp(&(a.p90_usd, a.mean_usd)).then_with(|| (&a.node, a.part).cmp(&(&b.node, b.part)))
    });
    rows
}

fn node_costs(
    program: &Program,
    options: &Options,
    parts: &Parts,
    (near, around): (&Parts, u64),
) -> BTreeMap<String, NodeCost> {
    let mean = |sums: &[u128; PARTS], count: u64| pico(tally::round(sums.iter().sum(), u128::from(count)));
    let costs = program.leaves.iter().zip(parts).zip(near).map(|((leaf, sums), near)| {
        (leaf.name.clone(), NodeCost { mean_usd: mean(sums, u64::from(options.draws)), p90_usd: mean(near, around) })
    });
    costs.collect()
}

fn violations(plan: &Plan, options: &Options, limits: Limits, tally: &mut Tally) -> Vec<Violation> {
    let mut found = Vec::new();
    let draws = options.draws;
    // In whole draws: 0.9 of 10 is 9, not a little more.
    let needed = (options.confidence * f64::from(draws) - 1e-9).ceil() as u64;
    if options.budget_usd.is_some() && tally.within_budget < needed {
        let wanted = tally.cost.enough(options.confidence, draws);
        let margin_usd = pico(wanted.saturating_sub(limits.budget));
        found.push(Violation::Budget { probability: tally.within_budget as f64 / f64::from(draws), margin_usd });
    }
    if options.deadline_ms.is_some() && tally.within_deadline < needed {
        let wanted = tally.latency.enough(options.confidence, draws);
        let margin_ms = wanted.saturating_sub(limits.deadline).div_ceil(1_000);
        found.push(Violation::Deadline { probability: tally.within_deadline as f64 / f64::from(draws), margin_ms });
    }
    if let Some(allowed) = &options.allowed_skills {
        plan.each(&mut |node| {
            if let Some(skill) = node.skill().filter(|skill| !allowed.contains(*skill)) {
                found.push(Violation::Permission { node: node.name.clone(), skill: skill.to_owned() });
            }
        });
    }
    found
}

fn pico(pico: u64) -> Money {
    Money::from_pico(i128::from(pico))
}

fn money(spread: Spread<u64>) -> Spread<Money> {
    let Spread { mean, standard_error, p10, p50, p90, p99 } = spread;
    let [mean, standard_error, p10, p50, p90, p99] = [mean, standard_error, p10, p50, p90, p99].map(pico);
    Spread { mean, standard_error, p10, p50, p90, p99 }
}

fn milliseconds(spread: Spread<u64>) -> Spread<u64> {
    let up = |micros: u64| micros.div_ceil(1_000);
    Spread {
        mean: up(spread.mean),
        standard_error: up(spread.standard_error),
        p10: up(spread.p10),
        p50: up(spread.p50),
        p90: up(spread.p90),
        p99: up(spread.p99),
    }
}

#[cfg(test)]
mod tests;
