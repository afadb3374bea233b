//! Reads the skill catalogue, checks it, and lays a tenant's own rows over it.
//! Invariant: a catalogue that was parsed here has finite numbers in range, known modes and a hash of its content.

use std::collections::BTreeMap;

use purser_domain::skill::{
    Catalogue, Failure, FlatCost, LengthMark, ParametricCost, Risk, ScenarioCost, Skill, SkillId,
};
use purser_domain::usage_event::FieldError;

use crate::canonical_json::{self, Form};

/// The catalogue that ships.
pub const SHIPPED: &[u8] = include_bytes!("../../../data/skills.json");

/// The largest cost and latency of one call: cents and milliseconds.
pub const AMOUNT_MAX: i64 = 1_000_000_000;

/// Reads a catalogue from JSON.
///
/// # Errors
/// Unreadable JSON with line and column, or every number out of range and every unknown mode, by path.
pub fn parse(bytes: &[u8]) -> Result<Catalogue, Vec<FieldError>> {
    let catalogue: Catalogue = serde_json::from_slice(bytes)
        .map_err(|error| vec![FieldError::new("catalogue", "", format!("is unreadable: {error}"))])?;
    sealed(catalogue)
}

/// Reads a tenant's own rows: a JSON object of skills, each a whole row.
///
/// # Errors
/// As [`parse`]; modes are checked when the rows are laid over a catalogue.
pub fn parse_overrides(bytes: &[u8]) -> Result<BTreeMap<SkillId, Skill>, Vec<FieldError>> {
    serde_json::from_slice(bytes)
        .map_err(|error| vec![FieldError::new("skills", "", format!("are unreadable: {error}"))])
}

/// The catalogue with some skills replaced or added. A row is replaced whole, never mixed.
///
/// # Errors
/// What is out of range in the rows.
pub fn overridden(base: &Catalogue, rows: &BTreeMap<SkillId, Skill>) -> Result<Catalogue, Vec<FieldError>> {
    let mut catalogue = base.clone();
    catalogue.skills.extend(rows.iter().map(|(id, skill)| (id.clone(), skill.clone())));
    sealed(catalogue)
}

fn sealed(mut catalogue: Catalogue) -> Result<Catalogue, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut check = Check { catalogue: &catalogue, errors: &mut errors };
    for (id, skill) in &catalogue.skills {
        check.skill(&format!("skills.{id}"), skill);
    }
    let unknown = &catalogue.unknown;
    check.flat("unknown.v1", &unknown.v1);
    check.parametric("unknown.v2", &unknown.v2);
    check.amount("unknown.runtime.cost_cents", unknown.runtime.cost_cents);
    check.amount("unknown.runtime.latency_ms", unknown.runtime.latency_ms);
    check.scenario("unknown.scenario", &unknown.scenario);
    if !errors.is_empty() {
        return Err(errors);
    }
    let content = serde_json::to_value(&catalogue)
        .map_err(|error| vec![FieldError::new("catalogue", "", format!("is not JSON: {error}"))])?;
    catalogue.hash = canonical_json::hash(&content, Form::Rfc8785);
    let Catalogue { modes, skills, unknown, .. } = &mut catalogue;
    let rows = skills.values_mut().map(|skill| (skill.v1.as_mut(), skill.v2.as_mut()));
    for (v1, v2) in rows.chain([(Some(&mut unknown.v1), Some(&mut unknown.v2))]) {
        let flat = v1.into_iter().map(|row| &mut row.risk);
        for risk in flat.chain(v2.into_iter().flat_map(|row| &mut row.risks)) {
            risk.class = modes.get(&risk.mode).map(|mode| mode.class);
        }
    }
    Ok(catalogue)
}

/// Checks a row that a caller supplies for unknown skills.
///
/// # Errors
/// What is out of range.
pub fn check(catalogue: &Catalogue, path: &str, skill: &Skill) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    Check { catalogue, errors: &mut errors }.skill(path, skill);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

struct Check<'a> {
    catalogue: &'a Catalogue,
    errors: &'a mut Vec<FieldError>,
}

impl Check<'_> {
    fn skill(&mut self, path: &str, skill: &Skill) {
        if let Some(v1) = &skill.v1 {
            self.flat(&format!("{path}.v1"), v1);
        }
        if let Some(v2) = &skill.v2 {
            self.parametric(&format!("{path}.v2"), v2);
        }
        if let Some(runtime) = &skill.runtime {
            self.amount(&format!("{path}.runtime.cost_cents"), runtime.cost_cents);
            self.amount(&format!("{path}.runtime.latency_ms"), runtime.latency_ms);
        }
        if let Some(scenario) = &skill.scenario {
            self.scenario(&format!("{path}.scenario"), scenario);
        }
        for (index, Failure { mode, probability }) in skill.failures.iter().enumerate() {
            self.mode(&format!("{path}.failures[{index}]"), mode, *probability);
        }
    }

    fn flat(&mut self, path: &str, row: &FlatCost) {
        self.amount(&format!("{path}.cost_cents"), row.cost_cents);
        self.amount(&format!("{path}.latency_ms"), row.latency_ms);
        self.risk(&format!("{path}.risk"), &row.risk);
        if row.prompt_chars_per_cent == Some(0) {
            self.refuse(&format!("{path}.prompt_chars_per_cent"), &0, "must be above 0");
        }
    }

    fn parametric(&mut self, path: &str, row: &ParametricCost) {
        self.quantity(&format!("{path}.cost_cents"), row.cost_cents);
        self.quantity(&format!("{path}.latency_ms"), row.latency_ms);
        self.share(&format!("{path}.confidence"), row.confidence);
        for (index, risk) in row.risks.iter().enumerate() {
            self.risk(&format!("{path}.risks[{index}]"), risk);
        }
        if let Some(prompt) = &row.prompt {
            self.quantity(&format!("{path}.prompt.cents_per_1k_input"), prompt.cents_per_1k_input);
            self.quantity(&format!("{path}.prompt.cents_per_1k_output"), prompt.cents_per_1k_output);
            self.quantity(&format!("{path}.prompt.latency_ms_per_1k_input"), prompt.latency_ms_per_1k_input);
            for (index, mark) in prompt.marks.iter().enumerate() {
                self.mark(&format!("{path}.prompt.marks[{index}]"), mark);
            }
        }
        if let Some(http) = &row.http {
            self.quantity(&format!("{path}.http.latency_variance_ms"), http.latency_variance_ms);
            self.quantity(&format!("{path}.http.timeout_default_s"), http.timeout_default_s);
            self.quantity(&format!("{path}.http.external_risk_factor"), http.external_risk_factor);
            self.share(&format!("{path}.http.external_confidence_factor"), http.external_confidence_factor);
        }
        if let Some(mark) = &row.command {
            self.mark(&format!("{path}.command"), mark);
        }
    }

    fn scenario(&mut self, path: &str, row: &ScenarioCost) {
        self.amount(&format!("{path}.base_cents"), row.base_cents);
        self.amount(&format!("{path}.per_cents"), row.per_cents);
        self.amount(&format!("{path}.latency_ms"), row.latency_ms);
        self.share(&format!("{path}.confidence"), row.confidence);
    }

    fn mark(&mut self, path: &str, mark: &LengthMark) {
        self.quantity(&format!("{path}.risk_factor"), mark.risk_factor);
        self.share(&format!("{path}.confidence_factor"), mark.confidence_factor);
    }

    fn risk(&mut self, path: &str, risk: &Risk) {
        self.mode(path, &risk.mode, risk.probability);
    }

    fn mode(&mut self, path: &str, mode: &str, probability: f64) {
        if !self.catalogue.modes.contains_key(mode) {
            self.refuse(&format!("{path}.mode"), mode, "is not among the catalogue's modes");
        }
        self.share(&format!("{path}.probability"), probability);
    }

    fn amount(&mut self, path: &str, value: i64) {
        if !(0..=AMOUNT_MAX).contains(&value) {
            self.refuse(path, &value, "must be from 0 to 1000000000");
        }
    }

    fn quantity(&mut self, path: &str, value: f64) {
        // NaN is in no range.
        if !(0.0..=1e9).contains(&value) {
            self.refuse(path, &value, "must be from 0 to 1000000000");
        }
    }

    fn share(&mut self, path: &str, value: f64) {
        if !(0.0..=1.0).contains(&value) {
            self.refuse(path, &value, "must be from 0 to 1");
        }
    }

    fn refuse(&mut self, path: &str, value: &(impl ToString + ?Sized), reason: &str) {
        self.errors.push(FieldError::new(path, value, reason));
    }
}

#[cfg(test)]
mod tests;
