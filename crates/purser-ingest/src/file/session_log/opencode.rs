//! OpenCode's messages: one document per message, exclusive counts, the cost by OpenCode's own list.

use purser_domain::passed_over::Reason;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, Status};

use super::{Calls, Log, count, object, refusal, set_project};
use crate::field;
use crate::json::Picked;
use crate::normalise::{self, Accounting, Reported};

/// One message.
pub(super) struct Message;

impl Log for Message {
    fn read(&mut self, text: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let names = [
            "id",
            "sessionID",
            "role",
            "modelID",
            "providerID",
            "tokens",
            "cost",
            "time",
            "path",
            "agent",
            "mode",
            "error",
        ];
        let message = object(text, names)?;
        let role = message.text("role").unwrap_or_default();
        let Some(tokens) = message.raw("tokens").filter(|_| role == "assistant") else {
            calls.pass_over(&role, Reason::NotACall);
            return Ok(());
        };
        let reported = reported(tokens)?;
        let failed = message.raw("error").is_some();
        if reported == Reported::default() {
            // Not answered yet, or never.
            calls.pass_over(if failed { "error" } else { &role }, Reason::NotACall);
            return Ok(());
        }
        let mut event = calls.event();
        event.event_id = message.first(&["id"]).ok_or_else(|| refusal("id is missing"))?;
        let (created, ended) = times(message.raw("time").unwrap_or_default())?;
        event.occurred_at = ended.unwrap_or(created);
        event.latency_ms = ended.and_then(|ended| u64::try_from((ended.micros() - created.micros()) / 1_000).ok());
        event.session_id = message.first(&["sessionID"]);
        let named = message.text("providerID").map(|name| provider::canonical(&name)).unwrap_or_default();
        let model = message.text("modelID").unwrap_or_default();
        let (provider, model) = normalise::split_model(&named, &model);
        event.provider = if event.provider.is_empty() { provider } else { event.provider };
        event.model = model.to_owned();
        event.agent = message.first(&["agent", "mode"]).or(event.agent);
        let folder = message.raw("path").and_then(|path| Picked::read(path, ["root", "cwd"]));
        let folder = folder.and_then(|path| path.first(&["root", "cwd"]).filter(|root| root != "/"));
        set_project(&mut event, folder.as_deref());
        event.status = if failed { Status::Error } else { Status::Ok };
        let cost = message.raw("cost").and_then(|cost| field::money(cost).ok());
        event.reported_usd = cost.filter(|cost| *cost > purser_domain::money::Money::ZERO);
        calls.offer(event, &reported, accounting(&reported));
        Ok(())
    }
}

/// Early versions leave the reasoning inside the output; where the sum of all tokens is written, it tells.
fn accounting(reported: &Reported) -> Accounting {
    let without = [reported.input, reported.cache_read, reported.cache_write, reported.output];
    let is_inside = without.into_iter().fold(0, u64::saturating_add) == reported.total;
    Accounting { output_is_total: is_inside, ..Accounting::BUCKETS }
}

fn reported(tokens: &str) -> Result<Reported, Vec<FieldError>> {
    let tokens = Picked::read(tokens, ["input", "output", "reasoning", "cache", "total"])
        .ok_or_else(|| refusal("tokens must be an object"))?;
    let cache = tokens.raw("cache").and_then(|cache| Picked::read(cache, ["read", "write"]));
    let cached = |name| cache.as_ref().map_or(Ok(0), |cache| count(cache, name));
    Ok(Reported {
        input: count(&tokens, "input")?,
        cache_read: cached("read")?,
        cache_write: cached("write")?,
        output: count(&tokens, "output")?,
        reasoning: count(&tokens, "reasoning")?,
        total: count(&tokens, "total")?,
        ..Reported::default()
    })
}

/// When a message was begun and ended, of milliseconds.
fn times(time: &str) -> Result<(Timestamp, Option<Timestamp>), Vec<FieldError>> {
    let time = Picked::read(time, ["created", "completed"]).ok_or_else(|| refusal("time is missing"))?;
    let instant = |name| -> Result<Option<Timestamp>, Vec<FieldError>> {
        let millis = count(&time, name)?;
        Ok((millis > 0).then(|| Timestamp::from_micros(i64::try_from(millis).unwrap_or(0).saturating_mul(1_000))))
    };
    let created = instant("created")?.ok_or_else(|| refusal("time.created is missing"))?;
    Ok((created, instant("completed")?))
}
