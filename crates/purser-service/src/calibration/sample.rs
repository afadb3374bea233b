//! One run as calibration and backtest read it, folded from its usage.

use purser_domain::calibration::RunSample;
use purser_domain::plan::LLM_SKILL;
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Row, Totals};

/// What one run of one skill under one model used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunGroup {
    /// The run.
    pub(crate) run_id: String,
    /// What it used.
    pub(crate) sample: RunSample,
}

impl RunGroup {
    /// A row that is cut by run, skill and model.
    pub(crate) fn of(row: Row) -> Option<Self> {
        let mut keys = row.keys.into_iter();
        let run_id = keys.next().flatten()?;
        let (skill, model) = (keys.next().flatten(), keys.next().flatten());
        // A model that is called on behalf of no skill is what a plan's bare model call is.
        let skill = skill.unwrap_or_else(|| LLM_SKILL.to_owned());
        let sample = sample(skill, model.unwrap_or_default(), &row.totals);
        // A run that was taken back leaves a row of zeros.
        (row.totals.charged > 0).then_some(Self { run_id, sample })
    }
}

/// What the run used; a run counts as failed if one of its calls ended in an error.
fn sample(skill: String, model: String, totals: &Totals) -> RunSample {
    let calls = totals.get(Leaf::Requests).max(totals.charged) as f64;
    // Hidden reasoning is charged as output, and a plan's output tokens are what is charged.
    let output = (totals.get(Leaf::Output) + totals.get(Leaf::Reasoning)) as f64;
    let known = |is_known: bool, value: f64| is_known.then_some(value);
    RunSample {
        skill,
        model,
        cost_usd: known(totals.priced == totals.charged, totals.cost.pico() as f64 / 1e12),
        latency_ms: known(totals.latency_count == totals.charged, totals.latency_ms_sum as f64),
        turns: Some(calls),
        output_tokens: Some(output / calls),
        tool_calls: None,
        failed: Some(totals.errors > 0),
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::money::Money;

    use super::*;

    fn row(keys: [Option<&str>; 3], charged: i64, priced: i64) -> Row {
        let mut totals = Totals { cost: Money::from_cents(30), charged, priced, ..Totals::default() };
        totals.quantities[Leaf::Output as usize] = 60;
        totals.quantities[Leaf::Reasoning as usize] = 30;
        totals.latency_ms_sum = 1_200;
        totals.latency_count = 3;
        Row { bucket: None, keys: keys.map(|key| key.map(str::to_owned)).to_vec(), other: false, totals }
    }

    #[test]
    fn a_run_is_what_its_calls_used_together() {
        let group = RunGroup::of(row([Some("r"), Some("chat"), Some("gpt-4o")], 3, 3)).expect("a run");
        assert_eq!(group.run_id, "r");
        let expected = RunSample {
            skill: "chat".to_owned(),
            model: "gpt-4o".to_owned(),
            cost_usd: Some(0.3),
            latency_ms: Some(1_200.0),
            turns: Some(3.0),
            output_tokens: Some(30.0),
            tool_calls: None,
            failed: Some(false),
        };
        assert_eq!(group.sample, expected);
    }

    #[test]
    fn what_has_no_run_is_no_run_and_what_has_no_price_has_no_cost() {
        assert_eq!(RunGroup::of(row([None, Some("chat"), Some("m")], 3, 3)), None);
        assert_eq!(RunGroup::of(row([Some("r"), None, Some("m")], 0, 0)), None, "taken back");
        let group = RunGroup::of(row([Some("r"), None, Some("m")], 4, 3)).expect("a run");
        assert_eq!((group.sample.skill.as_str(), group.sample.cost_usd), ("llm_invoke", None));
        assert_eq!(group.sample.latency_ms, None, "one call of four has no latency");
    }
}
