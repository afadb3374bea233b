//! An answer as headline, tables and notes, before it is known how it is printed.

mod change;
mod estimate;
mod flat;

use purser_api::simulation::SimulationAnswer;
use purser_domain::money::Money;
use purser_domain::simulation::{Constraint, Violation};

use super::answer::Comparison;
use super::question::Question;
use crate::output::{grouped, usd};

/// What is printed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// The verdict.
    pub(crate) headline: String,
    /// Tables.
    pub(crate) sections: Vec<Section>,
    /// What the figures rest on, and what is odd.
    pub(crate) notes: Vec<String>,
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    /// What it is about; the first has none.
    pub(crate) title: Option<&'static str>,
    /// Its columns.
    pub(crate) columns: Vec<Column>,
    /// Its cells.
    pub(crate) rows: Vec<Vec<String>>,
    /// Whether it may be folded.
    pub(crate) is_detail: bool,
}

/// A column: its title and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Our words, to the left.
    Text(&'static str),
    /// Names of the plan's, to the left.
    Name(&'static str),
    /// Numbers, to the right.
    Number(&'static str),
}

/// One plan.
pub(crate) fn of(name: &str, answer: &SimulationAnswer, question: &Question) -> Report {
    let (sections, notes) = body(answer, question);
    Report { headline: format!("{name}: {}", verdict(answer.feasible)), sections, notes }
}

/// Two plans, the second in the place of the first.
pub(crate) fn of_both(before: &str, after: &str, both: &Comparison, question: &Question) -> Report {
    let (first, second) = (&both.before, &both.after);
    let verdict = match (first.feasible, second.feasible) {
        (was, is) if was == is => verdict(is).to_owned(),
        (was, is) => format!("{}, was {}", verdict(is), verdict(was)),
    };
    let headline =
        format!("{after} against {before}: {} on average, {verdict}", change::money(first.cost_usd, second.cost_usd));
    let (details, notes) = body(second, question);
    let told = [Some(estimate::DRIVERS), Some(estimate::FAILURE)];
    let kept = details.into_iter().skip(1).filter(|section| !told.contains(&section.title));
    Report { headline, sections: change::sections(both).into_iter().chain(kept).collect(), notes }
}

fn body(answer: &SimulationAnswer, question: &Question) -> (Vec<Section>, Vec<String>) {
    match (&answer.v1, &answer.v2, &answer.v3) {
        (Some(said), ..) => flat::v1(said, question),
        (_, Some(said), _) => flat::v2(said, question),
        (.., Some(said)) => estimate::body(said, question),
        _ => (Vec::new(), vec!["the answer is empty".to_owned()]),
    }
}

const fn verdict(feasible: bool) -> &'static str {
    if feasible { "feasible" } else { "not feasible" }
}

/// A table, unless it is empty.
fn section(title: &'static str, columns: &[Column], rows: Vec<Vec<String>>) -> Option<Section> {
    let full = Section { title: Some(title), columns: columns.to_vec(), rows, is_detail: false };
    Some(full).filter(|section| !section.rows.is_empty())
}

/// The same, that may be folded.
fn detail(title: &'static str, columns: &[Column], rows: Vec<Vec<String>>) -> Option<Section> {
    section(title, columns, rows).map(|section| Section { is_detail: true, ..section })
}

/// What the compatible models call violated.
fn violations(violations: &[Violation]) -> Option<Section> {
    let columns = [
        Column::Text("Violated"),
        Column::Number("Limit"),
        Column::Number("Is"),
        Column::Number("Beyond by"),
        Column::Name("Skills"),
    ];
    let rows = violations.iter().map(|violation| {
        let (name, show): (&str, fn(f64) -> String) = match violation.constraint {
            Constraint::Plan => ("steps", |count| count.to_string()),
            Constraint::Budget => ("budget", |cents| usd(Money::from_cents(cents as i64))),
            Constraint::Permission => ("steps not allowed", |count| count.to_string()),
            Constraint::Risk => ("risk", percent),
        };
        let skills: Vec<&str> = violation.skills.iter().map(|skill| &**skill).collect();
        let numbers = [violation.limit, violation.actual, violation.margin].map(show);
        [name.to_owned()].into_iter().chain(numbers).chain([skills.join(", ")]).collect()
    });
    section("Violations", &columns, rows.collect())
}

/// `93.2 %`; what is neither never nor always does not look so.
fn percent(probability: f64) -> String {
    match probability * 100.0 {
        percent if percent > 0.0 && percent < 0.05 => "< 0.1 %".to_owned(),
        percent if (99.95..100.0).contains(&percent) => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// `850 ms`, `12.3 s`, `7 min 5 s` or `3 h 20 min`.
fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        120_000..7_200_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", grouped((ms / 3_600_000).into()), ms % 3_600_000 / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rare_does_not_look_like_never() {
        for (probability, expected) in [
            (0.0, "0.0 %"),
            (0.0004, "< 0.1 %"),
            (0.0005, "0.1 %"),
            (0.932, "93.2 %"),
            (0.9996, "> 99.9 %"),
            (1.0, "100.0 %"),
        ] {
            assert_eq!(percent(probability), expected);
        }
    }

    #[test]
    fn spans_have_the_unit_that_fits() {
        for (ms, expected) in
            [(0, "0 ms"), (999, "999 ms"), (12_345, "12.3 s"), (425_000, "7 min 5 s"), (12_000_000, "3 h 20 min")]
        {
            assert_eq!(span(ms), expected);
        }
    }
}
