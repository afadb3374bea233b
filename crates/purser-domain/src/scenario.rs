//! An outlined job that is kept to be simulated again.

use serde::Serialize;

use crate::step::Step;

/// A named list of steps with a budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// `sc_…`, or a template's name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The budget it is simulated with, cents.
    pub budget_cents: i64,
    /// Its steps, whose skills are the scenario view's kinds.
    pub steps: Vec<Step>,
    /// Whether it ships with purser and cannot be deleted.
    pub is_template: bool,
}

/// The scenarios that ship: `basic`, `multi-step` and `batch`.
#[must_use]
pub fn templates() -> [Scenario; 3] {
    let template = |id: &str, name: &str, description: &str, budget_cents, steps: Vec<Step>| Scenario {
        id: id.to_owned(),
        name: name.to_owned(),
        description: Some(description.to_owned()),
        budget_cents,
        steps,
        is_template: true,
    };
    let step = Step::new;
    [
        template(
            "basic",
            "Basic",
            "Fetch, ask a model once, store.",
            100,
            vec![step("data_fetch"), step("llm_call"), step("data_store")],
        ),
        template(
            "multi-step",
            "Multi-step",
            "Several calls and model turns one after the other.",
            500,
            vec![
                step("api_call").times(3),
                step("data_fetch").times(5),
                step("llm_call").times(4),
                step("api_call").times(2),
                step("data_store").times(5),
            ],
        ),
        template(
            "batch",
            "Batch",
            "A hundred items, processed in bulk with a few model calls.",
            2000,
            vec![
                step("data_fetch").times(100),
                step("batch_process").times(100),
                step("llm_call").times(20),
                step("data_store").times(100),
            ],
        ),
    ]
}
