//! The simulation page's form: a plan and what is asked of it.
//! Invariant: a refused value is named, never dropped, and the form keeps what was typed.

use std::collections::BTreeSet;

use purser_domain::estimate::{Options, RUNS_MAX, SWEEP_MAX, Sweep};
use purser_domain::money::Money;
use purser_domain::usage_event::FieldError;
use purser_service::decode::plan_file::{self, Format};
use purser_service::simulation::GraphRequest;
use url::form_urlencoded;

/// What is offered to whoever has no plan at hand.
pub(crate) const EXAMPLE: &str = "\
# An example: put your own plan in its place, as YAML or JSON.
steps:
  - id: search
    skill: http_call
    retry: {attempts: 3, backoff: exponential, delay_ms: 200}
    timeout_ms: 5000
  - id: answer
    llm:
      provider: openai
      model: gpt-4o
      system: You answer questions about orders, briefly.
      prompt: My parcel has not arrived. What can I do?
      turns: {geometric: {mean: 3}}
      output_tokens: {lognormal: {p50: 150, p90: 400}}
  - id: hand-over
    branch:
      - {probability: 0.8, then: []}
      - {probability: 0.2, then: {id: tell-a-person, skill: email_send}}
";

/// The most draws of a page: more take longer and show no more.
const DRAWS: u32 = 10_000;

/// What a form says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed {
    /// The plan, as typed.
    pub plan: String,
    /// The budget in dollars, as typed.
    pub budget: String,
    /// The deadline in seconds, as typed.
    pub deadline: String,
    /// The confidence in percent, as typed.
    pub confidence: String,
    /// The skills that may be called, as typed.
    pub allow: String,
    /// How many runs are added up, as typed.
    pub runs: String,
    /// Other settings to try, as typed.
    pub sweep: String,
    /// Everything that was refused.
    pub errors: Vec<FieldError>,
}

impl Default for Parsed {
    /// The example.
    fn default() -> Self {
        Self {
            plan: EXAMPLE.to_owned(),
            budget: "0.02".to_owned(),
            deadline: String::new(),
            confidence: "90".to_owned(),
            allow: String::new(),
            runs: String::new(),
            sweep: String::new(),
            errors: Vec::new(),
        }
    }
}

impl Parsed {
    /// Reads a form.
    #[must_use]
    pub(crate) fn read(form: &[u8]) -> Self {
        let mut parsed = Self {
            plan: String::new(),
            budget: String::new(),
            deadline: String::new(),
            confidence: String::new(),
            allow: String::new(),
            runs: String::new(),
            sweep: String::new(),
            errors: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(form) {
            match name.as_ref() {
                "plan" => parsed.plan = value.into_owned(),
                "budget_usd" => value.trim().clone_into(&mut parsed.budget),
                "deadline" => value.trim().clone_into(&mut parsed.deadline),
                "confidence" => value.trim().clone_into(&mut parsed.confidence),
                "allow" => value.trim().clone_into(&mut parsed.allow),
                "runs" => value.trim().clone_into(&mut parsed.runs),
                "sweep" => value.trim().clone_into(&mut parsed.sweep),
                _ => parsed.errors.push(FieldError::new(name, &*value, "is not a field of this page")),
            }
        }
        parsed
    }

    /// The question, unless a part of it was refused.
    pub(crate) fn request(&mut self) -> Option<GraphRequest> {
        let mut errors = std::mem::take(&mut self.errors);
        let default = Options::default();
        let budget = number(&self.budget, "budget_usd", "must be dollars such as 0.05", &mut errors, |text| {
            text.parse::<Money>().ok().filter(|budget| *budget >= Money::ZERO)
        });
        let deadline = number(&self.deadline, "deadline", "must be seconds such as 30", &mut errors, |text| {
            let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=1e9).contains(seconds))?;
            Some((seconds * 1_000.0).round() as u64)
        });
        let confidence =
            number(&self.confidence, "confidence", "must be above 0 and at most 100", &mut errors, |text| {
                let percent = text.parse::<f64>().ok()?;
                (percent > 0.0 && percent <= 100.0).then_some(percent / 100.0)
            });
        let runs =
            number(&self.runs, "runs", &format!("must be a whole number from 1 to {RUNS_MAX}"), &mut errors, |text| {
                text.parse().ok().filter(|runs| (1..=RUNS_MAX).contains(runs))
            });
        let sweep = sweep(&self.sweep, &mut errors);
        let skills: BTreeSet<String> = listed(&self.allow).map(str::to_owned).collect();
        let plan = if self.plan.trim().is_empty() {
            errors.push(FieldError::new("plan", "", "must not be empty"));
            None
        } else {
            plan_file::parse(&self.plan, Format::of(None, &self.plan)).map_err(|faults| errors.extend(faults)).ok()
        };
        self.errors = errors;
        let (plan, sent) = plan.filter(|_| self.errors.is_empty())?;
        let options = Options {
            budget_usd: budget,
            deadline_ms: deadline,
            confidence: confidence.unwrap_or(default.confidence),
            allowed_skills: Some(skills).filter(|skills| !skills.is_empty()),
            draws: DRAWS,
            runs,
            sweep,
            ..default
        };
        Some(GraphRequest { plan, sent, options, price_at: None, run_id: None })
    }
}

/// What is listed, parted by commas or blanks.
fn listed(typed: &str) -> impl Iterator<Item = &str> {
    typed.split([',', ' ', '\n']).map(str::trim).filter(|item| !item.is_empty())
}

/// The settings to try, each refused by its place.
fn sweep(typed: &str, errors: &mut Vec<FieldError>) -> Vec<Sweep> {
    let count = listed(typed).count();
    if count > SWEEP_MAX {
        errors.push(FieldError::new("sweep", &count, format!("must be {SWEEP_MAX} settings at most")));
        return Vec::new();
    }
    let read = |(index, text): (usize, &str)| {
        let refused = |reason| FieldError::new(format!("sweep[{index}]"), text, reason);
        text.parse::<Sweep>().map_err(|reason| errors.push(refused(reason))).ok()
    };
    listed(typed).enumerate().filter_map(read).collect()
}

/// A value that may be left out.
fn number<T>(
    typed: &str,
    field: &str,
    rule: &str,
    errors: &mut Vec<FieldError>,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    if typed.is_empty() {
        return None;
    }
    let value = read(typed);
    if value.is_none() {
        errors.push(FieldError::new(field, typed, rule));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_question() {
        let mut example = Parsed::default();
        let request = example.request().expect("it can be asked");
        assert_eq!(example.errors, []);
        assert_eq!(request.plan.steps.len(), 3);
        assert_eq!(request.options.budget_usd, Some(Money::from_cents(2)));
        assert_eq!(request.options.allowed_skills, None, "an empty field allows all");
    }

    #[test]
    fn every_refused_part_is_named_at_once() {
        let form = b"plan=-+%7Bskil%3A+x%7D&budget_usd=-1&deadline=soon&confidence=101&allow=&colour=red&runs=0&sweep=counts=2,prompt=0";
        let mut parsed = Parsed::read(form);
        assert!(parsed.request().is_none());
        let fields: Vec<&str> = parsed.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["colour", "budget_usd", "deadline", "confidence", "runs", "sweep[1]", "plan[0]"]);
        assert_eq!(parsed.plan, "- {skil: x}");
        let mut empty = Parsed::read(b"plan=+");
        assert!(empty.request().is_none());
        assert_eq!(empty.errors[0].to_string(), r#"plan: must not be empty (got "")"#);
    }

    #[test]
    fn limits_are_in_the_units_of_the_form() {
        let mut parsed = Parsed::read(b"plan=%5B%7B%22skill%22%3A%22kv_get%22%7D%5D&budget_usd=0.05&deadline=1.5&confidence=95&allow=kv_get,+kv_set&runs=300&sweep=prompt=0.5,+concurrency=4");
        let options = parsed.request().expect("a question").options;
        assert_eq!((options.budget_usd, options.deadline_ms), (Some(Money::from_cents(5)), Some(1_500)));
        assert!((options.confidence - 0.95).abs() < 1e-12);
        assert_eq!(options.allowed_skills, Some(BTreeSet::from(["kv_get".to_owned(), "kv_set".to_owned()])));
        assert_eq!((options.runs, options.sweep), (Some(300), vec![Sweep::Prompt(0.5), Sweep::Concurrency(4)]));
    }
}
