//! Sentences, shares and times of a simulation.

use purser_domain::estimate::{Estimate, Options, Violation};

use crate::view::amount;

/// Why a plan is not feasible.
pub(super) fn violation(violation: &Violation, options: &Options) -> String {
    let needed = percent(options.confidence);
    match violation {
        Violation::Budget { probability, margin_usd } => {
            let margin = amount::money(*margin_usd).text;
            format!(
                "the budget is kept in {} of runs, not in {needed}: it would take {margin} more",
                percent(*probability)
            )
        }
        Violation::Deadline { probability, margin_ms } => {
            let (kept, margin) = (percent(*probability), span(*margin_ms));
            format!("the deadline is kept in {kept} of runs, not in {needed}: it would take {margin} more")
        }
        Violation::Permission { node, skill } => format!("{node} calls {skill}, which is not allowed"),
    }
}

/// What the chart shows.
pub(super) fn caption(options: &Options, said: &Estimate) -> String {
    let [p10, p90] = [said.cost_usd.p10, said.cost_usd.p90].map(|cost| amount::money(cost).text);
    let budget = options.budget_usd.map(|budget| format!(" The line is the budget, {}.", amount::money(budget).text));
    format!("Eight runs in ten cost {p10} to {p90}.{}", budget.unwrap_or_default())
}

/// What the figures rest on.
pub(super) fn basis(said: &Estimate) -> String {
    let basis = &said.basis;
    let draws = amount::count(basis.draws.into()).text;
    format!(
        "{draws} draws from seed {}, {} {}, calibration {}. Drivers: {} from the plan, {} from past runs, {} assumed.",
        basis.seed,
        basis.model,
        basis.model_version,
        basis.calibration_version,
        basis.drivers_from_request,
        basis.drivers_fitted,
        basis.drivers_assumed,
    )
}

/// A probability: what is neither never nor always does not look so.
pub(super) fn percent(probability: f64) -> String {
    match probability * 100.0 {
        percent if percent > 0.0 && percent < 0.05 => "<0.1\u{a0}%".to_owned(),
        percent if (99.95..100.0).contains(&percent) => ">99.9\u{a0}%".to_owned(),
        percent => format!("{percent:.1}\u{a0}%"),
    }
}

/// A time: `850 ms`, `12.3 s`, `7 min 5 s`, `3 h 20 min`.
pub(super) fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms}\u{a0}ms"),
        1_000..120_000 => format!("{:.1}\u{a0}s", ms as f64 / 1_000.0),
        120_000..7_200_000 => format!("{}\u{a0}min {}\u{a0}s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{}\u{a0}h {}\u{a0}min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}
