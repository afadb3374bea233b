//! Copilot CLI's events: the counts of all calls since the session began, by model, whenever the CLI is left.
//! Invariant: an event stands for the calls since the event before, and says how many they were.

use std::collections::HashMap;

use purser_domain::passed_over::Reason;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::FieldError;

use super::{Calls, Log, count, object, refusal, set_project, time};
use crate::json::{self, Picked};
use crate::normalise::{Accounting, Reported};

/// The events of one session.
#[derive(Default)]
pub(super) struct Events {
    session_id: Option<String>,
    folder: Option<String>,
    /// The sums of each model when the CLI was left last, how many calls they were, and how often it was left.
    models: HashMap<String, (Reported, u64, u32)>,
}

impl Log for Events {
    fn read(&mut self, text: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let line = object(text, ["type", "timestamp", "data"])?;
        let kind = line.text("type").unwrap_or_default();
        let data = line.raw("data").and_then(|data| Picked::read(data, ["sessionId", "modelMetrics", "context"]));
        if let Some(data) = &data {
            self.session_id = data.first(&["sessionId"]).or(self.session_id.take());
            let context = data.raw("context").and_then(|context| Picked::read(context, ["cwd"]));
            self.folder = context.and_then(|context| context.first(&["cwd"])).or(self.folder.take());
        }
        let metrics = data.and_then(|data| data.raw("modelMetrics")).filter(|_| kind == "session.shutdown");
        let Some(metrics) = metrics else {
            calls.pass_over(&kind, Reason::NotACall);
            return Ok(());
        };
        let at = time(&line, "timestamp")?;
        let mut outcome = Ok(());
        json::fields(metrics, |model, metrics| {
            let read = self.model(&model, metrics, at, calls);
            outcome = std::mem::replace(&mut outcome, Ok(())).and(read);
        })
        .map_err(|error| refusal(error.to_string()))?;
        outcome
    }
}

impl Events {
    fn model(&mut self, model: &str, metrics: &str, at: Timestamp, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let (sums, requests) = sums(metrics)?;
        let known = self.models.entry(model.to_owned()).or_default();
        known.2 += 1;
        // Smaller sums began anew.
        let (before, requests_before) =
            if sums.input < known.0.input { (Reported::default(), 0) } else { (known.0, known.1) };
        (known.0, known.1) = (sums, requests);
        let reported = Reported {
            input: sums.input.saturating_sub(before.input),
            cache_read: sums.cache_read.saturating_sub(before.cache_read),
            cache_write: sums.cache_write.saturating_sub(before.cache_write),
            output: sums.output.saturating_sub(before.output),
            reasoning: sums.reasoning.saturating_sub(before.reasoning),
            ..Reported::default()
        };
        if reported == Reported::default() {
            calls.pass_over("session.shutdown", Reason::Repeated);
            return Ok(());
        }
        let mut event = calls.event();
        let session = self.session_id.as_deref().unwrap_or_default();
        event.event_id = format!("{session}:{model}:{}", known.2);
        event.occurred_at = at;
        event.session_id.clone_from(&self.session_id);
        event.model = model.to_owned();
        if event.provider.is_empty() {
            event.provider = "github_copilot".to_owned();
        }
        set_project(&mut event, self.folder.as_deref());
        calls.offer_many(event, &reported, Accounting::TOTALS, requests.saturating_sub(requests_before));
        Ok(())
    }
}

/// The sums of one model, and of how many calls.
fn sums(metrics: &str) -> Result<(Reported, u64), Vec<FieldError>> {
    let metrics = object(metrics, ["requests", "usage"])?;
    let names = ["inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens"];
    let usage = Picked::read(metrics.raw("usage").unwrap_or("{}"), names)
        .ok_or_else(|| refusal("modelMetrics.usage must be an object"))?;
    let requests = metrics.raw("requests").and_then(|requests| Picked::read(requests, ["count"]));
    let requests = requests.map_or(Ok(0), |requests| count(&requests, "count"))?;
    let reported = Reported {
        input: count(&usage, names[0])?,
        output: count(&usage, names[1])?,
        cache_read: count(&usage, names[2])?,
        cache_write: count(&usage, names[3])?,
        reasoning: count(&usage, names[4])?,
        ..Reported::default()
    };
    Ok((reported, requests))
}
