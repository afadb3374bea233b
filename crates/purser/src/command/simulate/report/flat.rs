//! What `v1` and `v2` answer, as tables.

use purser_domain::money::Money;
use purser_domain::simulation::{Findings, v1, v2};

use super::super::question::Question;
use super::{Column, Section, detail, percent, span, violations};
use crate::output::usd;

/// What both models say of the whole plan.
struct Whole {
    cost_cents: i64,
    duration_ms: i64,
    remaining_cents: i64,
}

/// Tables and notes of the flat table.
pub(super) fn v1(said: &v1::Simulation, question: &Question) -> (Vec<Section>, Vec<String>) {
    let whole = Whole {
        cost_cents: said.estimated_cost_cents,
        duration_ms: said.estimated_duration_ms,
        remaining_cents: said.budget_remaining_cents,
    };
    let steps = said.step_estimates.iter().map(|step| {
        let cost = usd(Money::from_cents(step.cost_cents));
        step_row(step.step_index, &step.skill_id, cost, &millis(step.latency_ms))
    });
    let listed = said.risks.iter().map(|risk| (risk.step_index, &*risk.skill_id, &*risk.risk_type, risk.probability));
    let sections = sections(&whole, &said.findings, question, steps.collect(), risks(listed, &said.findings));
    let hints = said.alternatives.iter().map(|other| {
        format!("{} (saves up to {})", other.suggestion, usd(Money::from_cents(other.potential_savings_cents)))
    });
    (sections, notes(&said.warnings, &said.findings).into_iter().chain(hints).collect())
}

/// Tables and notes of the parametric model.
pub(super) fn v2(said: &v2::Simulation, question: &Question) -> (Vec<Section>, Vec<String>) {
    let whole = Whole {
        cost_cents: said.estimated_cost_cents,
        duration_ms: said.estimated_duration_ms,
        remaining_cents: said.budget_remaining_cents,
    };
    let steps = said.step_estimates.iter().map(|step| {
        // Two decimals of a cent are exact in 1/100 of a cent.
        let cost = Money::from_pico((step.cost_cents * 100.0).round() as i128 * 100_000_000);
        step_row(step.step_index, &step.skill_id, usd(cost), &millis(step.latency_ms.round() as i64))
    });
    let listed = said.risks.iter().map(|risk| (risk.step_index, &*risk.skill_id, &*risk.risk_type, risk.probability));
    let sections = sections(&whole, &said.findings, question, steps.collect(), risks(listed, &said.findings));
    let mut notes = notes(&said.warnings, &said.findings);
    notes.push(format!("model {}, score of confidence {}", &*said.model_version, said.confidence_score));
    (sections, notes)
}

fn sections(
    whole: &Whole,
    findings: &Findings,
    question: &Question,
    steps: Vec<Vec<String>>,
    risks: Vec<Vec<String>>,
) -> Vec<Section> {
    let columns = ["Cost", "Budget", "Left", "Duration", "Risk", "Risk allowed"].map(Column::Number).to_vec();
    let cents = |cents| usd(Money::from_cents(cents));
    let row = vec![
        cents(whole.cost_cents),
        cents(question.limits.budget_cents),
        cents(whole.remaining_cents),
        millis(whole.duration_ms),
        percent(findings.full_cumulative_risk),
        percent(question.limits.risk_threshold),
    ];
    let first = Section { title: None, columns, rows: vec![row], is_detail: false };
    let step = [Column::Number("Step"), Column::Name("Skill")];
    let columns: Vec<Column> = step.into_iter().chain([Column::Number("Cost"), Column::Number("Duration")]).collect();
    let steps = detail("Steps", &columns, steps);
    let more = [Column::Text("Risk"), Column::Number("Probability"), Column::Text("Listed")];
    let risks = detail("Risks", &step.into_iter().chain(more).collect::<Vec<_>>(), risks);
    [Some(first), violations(&findings.violations), steps, risks].into_iter().flatten().collect()
}

fn step_row(index: usize, skill: &str, cost: String, duration: &str) -> Vec<String> {
    vec![index.to_string(), skill.to_owned(), cost, duration.to_owned()]
}

/// The risks that the model lists, then those below its cut.
fn risks<'a>(listed: impl Iterator<Item = (usize, &'a str, &'a str, f64)>, findings: &'a Findings) -> Vec<Vec<String>> {
    let hidden = findings.hidden_risks.iter();
    let hidden = hidden.map(|risk| ((risk.step_index, &*risk.skill_id, &*risk.risk_type, risk.probability), "no"));
    let all = listed.map(|risk| (risk, "yes")).chain(hidden);
    all.map(|((step, skill, risk, probability), is_listed)| {
        vec![step.to_string(), skill.to_owned(), risk.to_owned(), percent(probability), is_listed.to_owned()]
    })
    .collect()
}

fn notes(warnings: &[String], findings: &Findings) -> Vec<String> {
    let unknown = findings.unknown_skills.iter();
    let unknown =
        unknown.map(|step| format!("nothing is known of the skill {:?} of step {}", &*step.skill_id, step.step_index));
    warnings.iter().cloned().chain(unknown).collect()
}

fn millis(ms: i64) -> String {
    span(u64::try_from(ms).unwrap_or(0))
}
