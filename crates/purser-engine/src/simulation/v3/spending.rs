//! What draws mean for spending: success, a stop at the budget, how the budget burns down, what many runs come to.

use purser_domain::estimate::{Burn, Options, RollUp, StopLoss};
use purser_domain::money::Money;

use super::math::Z90;
use super::program::Program;
use super::random::stretch;
use super::run::PARTS;
use super::tally::{self, Tally};

/// The most points of a burn-down.
const POINTS_MAX: usize = 50;
/// Up to so many runs are added up draw by draw; more are taken for normal, which sums of so many are.
const RUNS_DRAWN: u64 = 1_000;
/// So many such sums are made.
const SUMS: u64 = 1_000;
/// Sets the numbers of sums apart from those of nodes.
const SUM_STREAM: u64 = 0x73_75_6d_73;

/// Mean cost of all runs for each that does not fail.
pub(super) fn per_success(tally: &Tally, draws: u32) -> Option<Money> {
    per(tally.cost.sum(), u64::from(draws) - tally.failed)
}

fn per(sum: u128, count: u64) -> Option<Money> {
    (count > 0).then(|| super::pico(tally::round(sum, u128::from(count))))
}

/// What a stop at the budget does: what is above the budget is not spent, and such a run is lost.
pub(super) fn stop_at_budget(tally: &Tally, draws: u32) -> StopLoss {
    let spent = tally.cost.sum() - tally.overrun;
    StopLoss {
        stopped_probability: (u64::from(draws) - tally.within_budget) as f64 / f64::from(draws),
        mean_usd: super::pico(tally::round(spent, u128::from(draws))),
        cost_per_success_usd: per(spent, tally.successes),
    }
}

/// After which of so many steps the spending is noted: all, or as many as there are points, evenly.
pub(super) fn marks(steps: usize) -> Vec<usize> {
    let points = steps.min(POINTS_MAX);
    (1..=points).map(|point| steps * point / points - 1).collect()
}

/// What has been spent at each mark: the mean of all draws, P90 of those that were noted.
pub(super) fn burn_down(
    program: &Program,
    marks: &[usize],
    parts: &[[u128; PARTS]],
    tally: &Tally,
    draws: u32,
) -> Vec<Burn> {
    let (mut leaves, mut spent) = (0, 0_u128);
    let points = marks.iter().enumerate().filter_map(|(point, mark)| {
        let (node, end) = &program.ends[*mark];
        spent += parts[leaves..*end].iter().flatten().sum::<u128>();
        leaves = *end;
        let costs = tally.trail_costs(point, draws);
        let p90 = *costs.get(tally::rank(0.9, costs.len() as u32))?;
        let mean_usd = super::pico(tally::round(spent, u128::from(draws)));
        Some(Burn { node: node.clone(), mean_usd, p90_usd: super::pico(p90) })
    });
    points.collect()
}

/// What `runs` runs come to. `deviation` is the standard deviation of one, pico-dollars.
pub(super) fn roll_up(runs: u64, tally: &mut Tally, deviation: f64, options: &Options) -> RollUp {
    let draws = u128::from(options.draws);
    let mean = (tally.cost.sum() * u128::from(runs) + draws / 2) / draws;
    let mean = i128::try_from(mean).unwrap_or(i128::MAX);
    let (p10, p90) = match runs {
        1 => [0.1, 0.9].map(|p| i128::from(tally.cost.quantile(p, options.draws))).into(),
        2..=RUNS_DRAWN => sums(runs, &tally.head_costs(options.draws), mean, options.seed),
        _ => {
            let spread = (deviation * (runs as f64).sqrt() * Z90) as i128;
            ((mean - spread).max(0), mean + spread)
        }
    };
    let [mean_usd, p10_usd, p90_usd] = [mean, p10, p90].map(Money::from_pico);
    RollUp { runs, mean_usd, p10_usd, p90_usd }
}

/// The tenth and the ninetieth percentile of sums of costs that are picked at random, moved so that their mean is `mean`.
fn sums(runs: u64, costs: &[u64], mean: i128, seed: u64) -> (i128, i128) {
    let count = costs.len().max(1) as u128;
    let pick = |number: u64| {
        let place = (u128::from(stretch(seed ^ SUM_STREAM, number)) * count) >> 64;
        i128::from(costs.get(place as usize).copied().unwrap_or(0))
    };
    let mut sums: Vec<i128> = (0..SUMS).map(|sum| (0..runs).map(|run| pick(sum * runs + run)).sum()).collect();
    sums.sort_unstable();
    let of_costs = costs.iter().map(|cost| i128::from(*cost)).sum::<i128>() * i128::from(runs) / count as i128;
    let at = |p| (sums[tally::rank(p, SUMS as u32)] - of_costs + mean).max(0);
    (at(0.1), at(0.9))
}
