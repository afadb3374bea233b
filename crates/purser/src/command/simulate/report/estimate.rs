//! What `v3` answers, as tables.

use purser_domain::estimate::{DriverShare, Estimate, Violation};
use purser_domain::money::Money;

use super::super::question::Question;
use super::{Column, Section, detail, percent, section, span};
use crate::output::{grouped, usd};

/// The title of the table of drivers.
pub(super) const DRIVERS: &str = "What drives the cost";
/// The title of the table about failure.
pub(super) const FAILURE: &str = "Failure";

/// How many drivers are shown.
const DRIVERS_SHOWN: usize = 10;

/// Tables and notes.
pub(super) fn body(said: &Estimate, question: &Question) -> (Vec<Section>, Vec<String>) {
    let sections = [
        Some(spreads(said)),
        limits(said, question),
        permissions(said),
        Some(failure(said)),
        spending(said),
        burn_down(said, question),
        drivers(said),
        advice(said),
        sweep(said),
    ];
    (sections.into_iter().flatten().collect(), notes(said, question))
}

fn spreads(said: &Estimate) -> Section {
    let titles = ["P10", "P50", "P90", "P99", "Mean"];
    let columns = [Column::Text("")].into_iter().chain(titles.map(Column::Number)).collect();
    let (cost, latency) = (&said.cost_usd, &said.latency_ms);
    let cost = [cost.p10, cost.p50, cost.p90, cost.p99, cost.mean].map(usd);
    let latency = [latency.p10, latency.p50, latency.p90, latency.p99, latency.mean].map(span);
    let row = |name: &str, cells: [String; 5]| [name.to_owned()].into_iter().chain(cells).collect();
    Section { title: None, columns, rows: vec![row("Cost", cost), row("Latency", latency)], is_detail: false }
}

fn limits(said: &Estimate, question: &Question) -> Option<Section> {
    let numbers = ["Asked", "Kept in", "Needed", "Short by"].map(Column::Number);
    let columns: Vec<Column> = [Column::Text("Limit")].into_iter().chain(numbers).collect();
    let needed = percent(question.options.confidence);
    let mut rows = Vec::new();
    if let (Some(budget), Some(kept)) = (question.options.budget_usd, said.within_budget) {
        let short = said.violations.iter().find_map(|violation| match violation {
            Violation::Budget { margin_usd, .. } => Some(usd(*margin_usd)),
            _ => None,
        });
        rows.push(vec!["budget".to_owned(), usd(budget), percent(kept), needed.clone(), short.unwrap_or_default()]);
    }
    if let (Some(deadline), Some(kept)) = (question.options.deadline_ms, said.within_deadline) {
        let short = said.violations.iter().find_map(|violation| match violation {
            Violation::Deadline { margin_ms, .. } => Some(span(*margin_ms)),
            _ => None,
        });
        rows.push(vec!["deadline".to_owned(), span(deadline), percent(kept), needed, short.unwrap_or_default()]);
    }
    section("Limits", &columns, rows)
}

fn permissions(said: &Estimate) -> Option<Section> {
    let rows = said.violations.iter().filter_map(|violation| match violation {
        Violation::Permission { node, skill } => Some(vec![node.clone(), skill.clone()]),
        _ => None,
    });
    section("Not allowed", &[Column::Name("Node"), Column::Name("Skill")], rows.collect())
}

fn failure(said: &Estimate) -> Section {
    let mut columns = vec![Column::Number("Runs that fail"), Column::Number("Cost of failed work, mean")];
    let mut row = vec![percent(said.failure_probability), usd(said.failed_work_usd)];
    if let Some(cost) = said.cost_per_success_usd {
        columns.push(Column::Number("Cost per success"));
        row.push(usd(cost));
    }
    if let Some(overrun) = said.expected_overrun_usd {
        columns.push(Column::Number("Over budget, mean"));
        row.push(usd(overrun));
    }
    Section { title: Some(FAILURE), columns, rows: vec![row], is_detail: true }
}

/// What a stop at the budget would do, and what many runs come to.
fn spending(said: &Estimate) -> Option<Section> {
    let columns = [Column::Text(""), Column::Number("P10"), Column::Number("Mean"), Column::Number("P90")];
    let mut rows = Vec::new();
    if let Some(stop) = &said.stop_at_budget {
        let name = format!("each run, stopped at the budget ({} are)", percent(stop.stopped_probability));
        rows.push(vec![name, String::new(), usd(stop.mean_usd), String::new()]);
        let cost = stop.cost_per_success_usd.map_or_else(|| "never".to_owned(), usd);
        rows.push(vec!["the same, per success".to_owned(), String::new(), cost, String::new()]);
    }
    if let Some(sum) = &said.roll_up {
        let name = match sum.runs {
            1 => "1 run alone".to_owned(),
            runs => format!("{} runs together", grouped(runs.into())),
        };
        rows.push(vec![name, usd(sum.p10_usd), usd(sum.mean_usd), usd(sum.p90_usd)]);
    }
    detail("Spending", &columns, rows)
}

fn burn_down(said: &Estimate, question: &Question) -> Option<Section> {
    let budget = question.options.budget_usd?;
    if said.burn_down.len() < 2 {
        return None;
    }
    let columns = [
        Column::Name("After"),
        Column::Number("Spent, mean"),
        Column::Number("Spent, P90"),
        Column::Number("Of budget, mean"),
    ];
    let rows = said
        .burn_down
        .iter()
        .map(|point| vec![point.node.clone(), usd(point.mean_usd), usd(point.p90_usd), share(point.mean_usd, budget)]);
    detail("How the budget burns down", &columns, rows.collect())
}

fn sweep(said: &Estimate) -> Option<Section> {
    let columns = [
        Column::Name("Setting"),
        Column::Number("Cost, mean"),
        Column::Number("Cost, P90"),
        Column::Number("Latency, P90"),
        Column::Number("Runs that fail"),
        Column::Text("Then"),
    ];
    let rows = said.sweep.iter().map(|point| {
        vec![
            point.setting.to_string(),
            usd(point.cost_usd.mean),
            usd(point.cost_usd.p90),
            span(point.latency_ms.p90),
            percent(point.failure_probability),
            super::verdict(point.feasible).to_owned(),
        ]
    });
    section("Other settings", &columns, rows.collect())
}

fn drivers(said: &Estimate) -> Option<Section> {
    let columns = [
        Column::Name("Node"),
        Column::Text("For"),
        Column::Text("Known from"),
        Column::Number("Mean"),
        Column::Number("Of mean"),
        Column::Number("Around P90"),
    ];
    let rows = said.drivers.iter().take(DRIVERS_SHOWN).map(|driver| {
        let DriverShare { node, part, source, mean_usd, p90_usd } = driver;
        let (part, source) = (part.name().to_owned(), source.name().to_owned());
        vec![node.clone(), part, source, usd(*mean_usd), share(*mean_usd, said.cost_usd.mean), usd(*p90_usd)]
    });
    detail(DRIVERS, &columns, rows.collect())
}

fn share(part: Money, of: Money) -> String {
    if of == Money::ZERO { String::new() } else { percent(part.pico() as f64 / of.pico() as f64) }
}

fn advice(said: &Estimate) -> Option<Section> {
    let columns = [
        Column::Text("Change"),
        Column::Number("Saves, mean"),
        Column::Number("Saves, P90"),
        Column::Number("Latency, P90"),
        Column::Number("Runs that fail"),
        Column::Text("Then"),
    ];
    let rows = said.advice.iter().map(|advice| {
        let slower = advice.latency_p90_ms >= 0;
        let latency = span(advice.latency_p90_ms.unsigned_abs());
        vec![
            advice.change.to_string(),
            usd(advice.saving_mean_usd),
            usd(advice.saving_p90_usd),
            format!("{}{latency}", if slower { "+" } else { "-" }),
            percent(advice.failure_probability),
            super::verdict(advice.feasible).to_owned(),
        ]
    });
    detail("What would change it, each simulated", &columns, rows.collect())
}

fn notes(said: &Estimate, question: &Question) -> Vec<String> {
    let basis = &said.basis;
    let mut notes = Vec::new();
    if !said.unknown_skills.is_empty() {
        notes.push(format!("nothing is known of: {}", said.unknown_skills.join(", ")));
    }
    notes.push(format!(
        "{} draws from seed {}, model {} {}, prices of {}, calibration {}; drivers: {} from the plan, {} from past runs, {} assumed",
        grouped(basis.draws.into()),
        basis.seed,
        basis.model,
        basis.model_version,
        question.price_at.to_jiff().strftime("%Y-%m-%d"),
        basis.calibration_version,
        basis.drivers_from_request,
        basis.drivers_fitted,
        basis.drivers_assumed,
    ));
    notes
}
