//! Reads requests back from the inputs of their records.

use std::collections::BTreeSet;

use purser_domain::estimate::Options;
use purser_domain::plan::Plan;
use purser_domain::provenance::Record;
use purser_domain::simulation::Limits;
use purser_domain::skill::{SkillId, UnknownPolicy};
use purser_domain::step::parse_plan;
use purser_domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GraphRequest, Request};

/// Up to here canonical JSON holds every whole number.
const EXACT_MAX: u64 = 1 << 53;

/// Which calibration a simulation rested on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rested {
    /// Its number.
    pub(crate) number: i64,
    /// Its version.
    pub(crate) version: String,
}

#[derive(Deserialize)]
struct Flat {
    plan: Value,
    #[serde(default)]
    budget_cents: Option<i64>,
    #[serde(default)]
    allowed_skills: Option<BTreeSet<SkillId>>,
    #[serde(default)]
    risk_threshold: Option<f64>,
    #[serde(default)]
    unknown_skills: UnknownPolicy,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    workflow_id: Option<String>,
    #[serde(default)]
    agent_id: Option<String>,
}

impl Request {
    /// What was asked of `v1`, `v2` or both.
    pub(crate) fn of_record(record: &Record) -> Result<Self, String> {
        let inputs: Flat = read(serde_json::from_str(&record.inputs).map_err(|error| error.to_string())?)?;
        let steps = parse_plan(&inputs.plan, "plan").map_err(|errors| first(&errors))?;
        let default = Limits::default();
        let limits = Limits {
            budget_cents: inputs.budget_cents.unwrap_or(default.budget_cents),
            allowed_skills: inputs.allowed_skills,
            risk_threshold: inputs.risk_threshold.unwrap_or(default.risk_threshold),
        };
        let Flat { unknown_skills, run_id, workflow_id, agent_id, .. } = inputs;
        Ok(Self { steps, limits, unknown_skills, run_id, workflow_id, agent_id })
    }
}

#[derive(Deserialize)]
struct Graph {
    plan: Value,
    options: Options,
    price_at: Timestamp,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    calibration: Option<Rested>,
}

/// Everything a `v3` answer depends on beside catalogue and prices, for the record.
pub(crate) fn of_graph(request: &GraphRequest, price_at: Timestamp, calibration: Option<&Rested>) -> Value {
    let mut inputs = json!({
        "plan": request.sent, "options": request.options, "price_at": price_at, "run_id": request.run_id,
        "calibration": calibration,
    });
    // Canonical JSON rounds such a number, and neighbouring seeds would have one hash.
    if request.options.seed > EXACT_MAX {
        inputs["options"]["seed"] = json!(request.options.seed.to_string());
    }
    inputs
}

impl GraphRequest {
    /// What was asked of `v3`, and which calibration the answer rested on.
    pub(crate) fn of_record(record: &Record) -> Result<(Self, Option<Rested>), String> {
        let mut inputs: Value = serde_json::from_str(&record.inputs).map_err(|error| error.to_string())?;
        // A large seed is text in the inputs, and was once rounded; the record holds it exactly.
        if let (Some(seed), Some(options)) = (record.seed, inputs.get_mut("options").and_then(Value::as_object_mut)) {
            options.insert("seed".to_owned(), json!(seed));
        }
        let Graph { plan: sent, options, price_at, run_id, calibration } = read(inputs)?;
        let plan = Plan::parse(&sent, "plan").map_err(|errors| first(&errors))?;
        Ok((Self { plan, sent, options, price_at: Some(price_at), run_id }, calibration))
    }
}

fn read<T: DeserializeOwned>(inputs: Value) -> Result<T, String> {
    serde_json::from_value(inputs).map_err(|error| error.to_string())
}

fn first(errors: &[purser_domain::usage_event::FieldError]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use purser_domain::provenance::RecordId;

    use super::*;

    fn record(inputs: &Value) -> Record {
        let at = Timestamp::from_micros(0);
        let tenant = "acme".parse().expect("a tenant id");
        Record::new(RecordId::new(at, 1), tenant, at, inputs.to_string(), "null".to_owned())
    }

    #[test]
    fn a_flat_request_reads_back_as_it_was_asked() {
        let request = Request {
            steps: parse_plan(&json!([{"skill": "llm_invoke", "params": {"prompt": "hi"}, "iterations": 3}]), "plan")
                .expect("a plan"),
            limits: Limits {
                budget_cents: 7,
                allowed_skills: Some(BTreeSet::from([SkillId::new("llm_invoke")])),
                risk_threshold: 0.25,
            },
            unknown_skills: UnknownPolicy::Reject,
            run_id: Some("r".to_owned()),
            workflow_id: None,
            agent_id: Some("a".to_owned()),
        };
        assert_eq!(Request::of_record(&record(&json!(request.inputs()))), Ok(request));
    }

    #[test]
    fn a_seed_beyond_two_to_the_53_comes_from_the_record() {
        let seed = u64::MAX - 1;
        let rounded = json!({"plan": [{"skill": "x"}], "options": {"seed": 1.8446744073709552e19},
            "price_at": "2026-11-20T00:00:00Z", "calibration": {"number": 3, "version": "v"}});
        let record = Record { seed: Some(seed), ..record(&rounded) };
        let (request, rested) = GraphRequest::of_record(&record).expect("it reads");
        assert_eq!(request.options.seed, seed);
        assert_eq!(rested, Some(Rested { number: 3, version: "v".to_owned() }));
    }

    #[test]
    fn inputs_of_another_form_say_what_is_wrong() {
        for (inputs, word) in [(json!(null), "null"), (json!({}), "plan"), (json!({"plan": [{"skil": "x"}]}), "skil")] {
            let error = Request::of_record(&record(&inputs)).expect_err("no request");
            assert!(error.contains(word), "{inputs}: {error}");
        }
        let error = GraphRequest::of_record(&record(&json!({"plan": []}))).expect_err("no request");
        assert!(error.contains("options"), "{error}");
    }
}
