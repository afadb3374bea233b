//! The skill catalogue as assumptions: the parametric model's row gives the medians.

use purser_domain::prior::{Prior, Priors};
use purser_domain::skill::{Catalogue, ParametricCost};

/// What the catalogue lets one assume of skills of which nothing was measured.
#[must_use]
pub fn priors(catalogue: &Catalogue) -> Priors {
    let known = catalogue.skills.iter().filter_map(|(id, skill)| Some((id.to_string(), prior(skill.v2.as_ref()?))));
    let version = format!("{}+{}", catalogue.version, catalogue.hash.get(..12).unwrap_or_default());
    Priors { version, skills: known.collect(), unknown: prior(&catalogue.unknown.v2) }
}

fn prior(row: &ParametricCost) -> Prior {
    let succeeds: f64 = row.risks.iter().map(|risk| 1.0 - risk.probability).product();
    Prior { cost_usd: row.cost_cents / 100.0, latency_ms: row.latency_ms, failure: 1.0 - succeeds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skill;

    #[test]
    fn the_shipped_catalogue_gives_the_medians_of_the_parametric_model() {
        let catalogue = skill::parse(skill::SHIPPED).expect("it ships");
        let priors = priors(&catalogue);
        let close = |prior: Prior, cost: f64, latency: f64, failure: f64| {
            assert!((prior.cost_usd - cost).abs() < 1e-12 && (prior.failure - failure).abs() < 1e-12, "{prior:?}");
            assert!((prior.latency_ms - latency).abs() < 1e-9, "{prior:?}");
        };
        close(priors.skills["llm_invoke"], 0.035, 1_800.0, 0.03);
        close(priors.skills["json_transform"], 0.0, 5.0, 0.005);
        close(priors.unknown, 0.05, 500.0, 0.15);
        assert!(priors.version.starts_with("1+"), "{}", priors.version);
    }
}
