//! A simulated plan: verdict, totals, the distribution, what drives it, and what would change it.
//! Invariant: only the heights of bars and shares of probabilities are floats; money is as the simulator said it.

mod spending;
mod words;

use plotly::common::Mode;
use plotly::layout::BarMode;
use plotly::{Plot, Scatter};
use purser_domain::estimate::{Advice, DriverShare, Estimate, Options};
use purser_domain::money::Money;

use super::amount::{self, Amount};
use super::plot;
use crate::param::simulation::Parsed;
use spending::{Burned, Setting, Spend};

/// The most drivers that have a colour of their own.
const SERIES_MAX: usize = 6;
/// The most drivers in the table.
const DRIVERS_MAX: usize = 20;

/// The controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The plan, as typed.
    pub plan: String,
    /// How many lines of it are shown.
    pub lines: usize,
    /// The small fields.
    pub fields: Vec<Field>,
    /// Everything refused: where in the form it stands (empty if nowhere), and the words.
    pub errors: Vec<(String, String)>,
    /// Whether the plan itself was refused.
    pub is_plan_refused: bool,
}

/// One small field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name.
    pub name: &'static str,
    /// What the label says.
    pub label: &'static str,
    /// The value, as typed.
    pub value: String,
    /// Shown while it is empty.
    pub placeholder: &'static str,
    /// The keyboard that a phone shows.
    pub keyboard: &'static str,
    /// Why the value was refused.
    pub error: Option<String>,
}

/// The answer, ready to be written out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Simulation {
    /// Whether the plan is feasible.
    pub feasible: bool,
    /// Why it is not, each with its margin.
    pub reasons: Vec<String>,
    /// Mean cost, P90, latency, failures, budget.
    pub tiles: Vec<Tile>,
    /// Cost and latency at each quantile.
    pub quantiles: Vec<Quantile>,
    /// The chart of the cost's quantiles.
    pub chart: String,
    /// What it shows, in a sentence.
    pub caption: String,
    /// Whether it has a line at the budget.
    pub has_budget: bool,
    /// What drives the cost, most of P90 first.
    pub drivers: Vec<Driver>,
    /// The chart of the drivers.
    pub driver_chart: String,
    /// Cost per success, a stop at the budget, many runs together.
    pub spends: Vec<Spend>,
    /// How the budget burns down.
    pub burn_down: Vec<Burned>,
    /// Changes, each simulated.
    pub advice: Vec<Change>,
    /// Other settings, each simulated.
    pub settings: Vec<Setting>,
    /// Skills of which nothing is known.
    pub unknown: Vec<String>,
    /// What it rests on.
    pub basis: String,
    /// Where it is recorded.
    pub provenance_id: Option<String>,
}

/// One total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    /// What it is.
    pub label: &'static str,
    /// How much.
    pub text: String,
    /// The exact figure.
    pub exact: String,
    /// More about it.
    pub note: String,
}

/// One quantile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quantile {
    /// `P90`.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Cost.
    pub cost: Amount,
    /// Latency.
    pub latency: String,
}

/// One driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Driver {
    /// The CSS class of its colour; empty if it has no bar of its own.
    pub class: String,
    /// The node.
    pub node: String,
    /// What for.
    pub part: &'static str,
    /// Where it is known from.
    pub source: &'static str,
    /// Mean cost.
    pub mean: Amount,
    /// Cost around P90.
    pub p90: Amount,
    /// Its part of the mean.
    pub share: Option<String>,
}

/// One change that was simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// What is changed.
    pub words: String,
    /// Saved of the mean.
    pub mean: Amount,
    /// Saved of P90.
    pub p90: Amount,
    /// How P90 of the latency changes.
    pub latency: String,
    /// Runs that fail then.
    pub fails: String,
    /// Whether the plan is feasible then.
    pub feasible: bool,
}

impl Form {
    /// The form in the state of `parsed`.
    pub(crate) fn new(parsed: &Parsed) -> Self {
        let field = |name, label, value: &String, placeholder, keyboard| Field {
            name,
            label,
            value: value.clone(),
            placeholder,
            keyboard,
            error: parsed.errors.iter().find(|error| base(&error.field) == name).map(|error| error.reason.clone()),
        };
        let fields = vec![
            field("budget_usd", "Budget, dollars", &parsed.budget, "none", "decimal"),
            field("deadline", "Deadline, seconds", &parsed.deadline, "none", "decimal"),
            field("confidence", "Kept in at least, percent of runs", &parsed.confidence, "90", "decimal"),
            field("allow", "Skills it may call", &parsed.allow, "all", "text"),
            field("runs", "Runs to add up", &parsed.runs, "none", "numeric"),
            field("sweep", "Other settings to try", &parsed.sweep, "prompt=0.5, counts=2", "text"),
        ];
        let anchor = |name: &str| match fields.iter().find(|field| field.name == base(name)) {
            Some(field) => format!("f-{}", field.name),
            None if is_plan(name) => "f-plan".to_owned(),
            None => String::new(),
        };
        Self {
            errors: parsed.errors.iter().map(|error| (anchor(&error.field), error.to_string())).collect(),
            is_plan_refused: parsed.errors.iter().any(|error| is_plan(&error.field)),
            lines: parsed.plan.lines().count().clamp(8, 24),
            plan: parsed.plan.clone(),
            fields,
        }
    }
}

/// The field that `sweep[2]` is a part of.
fn base(field: &str) -> &str {
    field.split('[').next().unwrap_or(field)
}

fn is_plan(field: &str) -> bool {
    field.starts_with("plan") || field == "draws"
}

impl Simulation {
    /// The answer to a plan held against `options`.
    #[must_use]
    pub(crate) fn new(options: &Options, said: &Estimate, provenance_id: Option<String>) -> Self {
        let (cost, latency) = (&said.cost_usd, &said.latency_ms);
        let quantile =
            |name, meaning, cost, ms| Quantile { name, meaning, cost: amount::money(cost), latency: words::span(ms) };
        Self {
            feasible: said.feasible,
            reasons: said.violations.iter().map(|violation| words::violation(violation, options)).collect(),
            tiles: tiles(options, said),
            quantiles: vec![
                quantile("P10", "one run in ten stays at or below", cost.p10, latency.p10),
                quantile("P50", "half of all runs stay at or below", cost.p50, latency.p50),
                quantile("Mean", "the average of all runs", cost.mean, latency.mean),
                quantile("P90", "nine runs in ten stay at or below", cost.p90, latency.p90),
                quantile("P99", "99 runs in 100 stay at or below", cost.p99, latency.p99),
            ],
            chart: chart(options, said),
            caption: words::caption(options, said),
            has_budget: options.budget_usd.is_some(),
            drivers: said
                .drivers
                .iter()
                .take(DRIVERS_MAX)
                .enumerate()
                .map(|(index, share)| driver(index, share, said))
                .collect(),
            driver_chart: driver_chart(said),
            spends: spending::spends(said),
            burn_down: spending::burn_down(options, said),
            advice: said.advice.iter().map(change).collect(),
            settings: spending::settings(said),
            unknown: said.unknown_skills.clone(),
            basis: words::basis(said),
            provenance_id,
        }
    }
}

fn tiles(options: &Options, said: &Estimate) -> Vec<Tile> {
    let money = |label, money: Money, note: String| {
        let amount = amount::money(money);
        Tile { label, text: amount.text, exact: amount.exact, note }
    };
    let share = |label, share: f64, note: String| {
        let text = words::percent(share);
        Tile { label, exact: text.clone(), text, note }
    };
    let mut tiles = vec![money(
        "Cost, mean",
        said.cost_usd.mean,
        format!("half of all runs: {}", amount::money(said.cost_usd.p50).text),
    )];
    tiles.push(money("Cost, P90", said.cost_usd.p90, "nine runs in ten cost no more".to_owned()));
    if let (Some(kept), Some(budget)) = (said.within_budget, options.budget_usd) {
        tiles.push(share("Within budget", kept, format!("of {}", amount::money(budget).text)));
    }
    let latency = words::span(said.latency_ms.p90);
    let note = said.within_deadline.map_or_else(
        || format!("half of all runs: {}", words::span(said.latency_ms.p50)),
        |kept| format!("within the deadline: {}", words::percent(kept)),
    );
    tiles.push(Tile { label: "Latency, P90", exact: format!("{} ms", said.latency_ms.p90), text: latency, note });
    let failed = format!("work that fails costs {} a run", amount::money(said.failed_work_usd).text);
    tiles.push(share("Runs that fail", said.failure_probability, failed));
    tiles
}

fn driver(index: usize, share: &DriverShare, said: &Estimate) -> Driver {
    Driver {
        class: if index < SERIES_MAX { format!("series-{index}") } else { String::new() },
        node: share.node.clone(),
        part: share.part.name(),
        source: share.source.name(),
        mean: amount::money(share.mean_usd),
        p90: amount::money(share.p90_usd),
        share: amount::percent(share.mean_usd.pico(), said.cost_usd.mean.pico()),
    }
}

fn change(advice: &Advice) -> Change {
    let sign = if advice.latency_p90_ms < 0 { "\u{2212}" } else { "+" };
    Change {
        words: advice.change.to_string(),
        mean: amount::money(advice.saving_mean_usd),
        p90: amount::money(advice.saving_p90_usd),
        latency: format!("{sign}{}", words::span(advice.latency_p90_ms.unsigned_abs())),
        fails: words::percent(advice.failure_probability),
        feasible: advice.feasible,
    }
}

/// A bar for each quantile, and a line at the budget.
fn chart(options: &Options, said: &Estimate) -> String {
    let cost = &said.cost_usd;
    let labels = ["P10", "P50", "Mean", "P90", "P99"].map(str::to_owned);
    let costs = [cost.p10, cost.p50, cost.mean, cost.p90, cost.p99];
    let mut plot = Plot::new();
    plot.add_trace(plot::bars("cost", &labels, &costs));
    let mut highest = cost.p99.max(cost.mean);
    if let Some(budget) = options.budget_usd {
        let line =
            Scatter::new(labels.to_vec(), vec![plot::height(budget); labels.len()]).mode(Mode::Lines).name("budget");
        let texts = vec![amount::money(budget).text; labels.len()];
        plot.add_trace(line.hover_text_array(texts).hover_template("%{fullData.name}  %{hovertext}<extra></extra>"));
        highest = highest.max(budget);
    }
    plot::json(plot, BarMode::Group, plot::name_axis(), plot::money_axis(highest))
}

/// Two bars, of the mean and around P90, each stacked from the drivers; what has no colour of its own is the rest.
fn driver_chart(said: &Estimate) -> String {
    let labels = ["Mean", "Around P90"].map(str::to_owned);
    let mut plot = Plot::new();
    for share in said.drivers.iter().take(SERIES_MAX) {
        let name = format!("{}, {}", share.node, share.part.name());
        plot.add_trace(plot::bars(&name, &labels, &[share.mean_usd, share.p90_usd]));
    }
    let rest = said.drivers.iter().skip(SERIES_MAX);
    let rest: (Vec<Money>, Vec<Money>) = rest.map(|share| (share.mean_usd, share.p90_usd)).unzip();
    let rest = [rest.0.into_iter().sum::<Money>(), rest.1.into_iter().sum()];
    if rest.iter().any(|cost| *cost != Money::ZERO) {
        plot.add_trace(plot::bars("all others", &labels, &rest));
    }
    let highest = said.cost_usd.p99.max(said.cost_usd.mean);
    plot::json(plot, BarMode::Stack, plot::name_axis(), plot::money_axis(highest))
}

#[cfg(test)]
mod tests;
