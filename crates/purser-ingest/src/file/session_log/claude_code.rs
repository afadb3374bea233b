//! Claude Code's transcripts: an answer is written line by line, each with the usage known by then.

use purser_domain::passed_over::Reason;
use purser_domain::usage_event::FieldError;

use super::{Calls, Log, object, set_project, time};
use crate::agent;
use crate::field;
use crate::json::Picked;
use crate::usage_object::{Api, Origin, UsageObject};

/// One transcript.
pub(super) struct Transcript;

impl Log for Transcript {
    fn read(&mut self, text: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let names =
            ["type", "timestamp", "message", "requestId", "requestedModel", "sessionId", "cwd", "agentId", "costUSD"];
        let line = object(text, names)?;
        let kind = line.text("type").unwrap_or_default();
        let message = line.raw("message").filter(|_| kind == "assistant");
        let Some(message) = message.and_then(|text| Picked::read(text, ["id", "model", "usage"])) else {
            calls.pass_over(&kind, Reason::NotACall);
            return Ok(());
        };
        let (Some(id), Some(model), Some(usage)) = (message.text("id"), message.text("model"), message.raw("usage"))
        else {
            calls.pass_over(&kind, Reason::NotACall);
            return Ok(());
        };
        // Claude Code's own words about an error: no request was answered.
        if model == "<synthetic>" {
            calls.pass_over(&model, Reason::NotACall);
            return Ok(());
        }
        let usage = UsageObject::read(usage, Origin { api: Api::Messages, ..Origin::default() })
            .ok_or_else(|| super::refusal("message.usage must be an object"))?;
        let mut event = calls.event();
        event.occurred_at = time(&line, "timestamp")?;
        let request = line.first(&["requestId"]);
        event.event_id = request.as_ref().map_or_else(|| id.to_string(), |request| format!("{id}:{request}"));
        if event.provider.is_empty() {
            event.provider = agent::provider_of_response(&id).to_owned();
        }
        event.response_id = request.or_else(|| Some(id.into_owned()));
        event.model = agent::claude_model(&model).to_owned();
        // A platform prices its own name of the model, which only the request has.
        if let (false, Some(asked)) = (event.provider == "anthropic", line.first(&["requestedModel"])) {
            event.response_model = Some(std::mem::replace(&mut event.model, agent::claude_model(&asked).to_owned()));
        }
        event.session_id = line.first(&["sessionId"]);
        event.agent = line.first(&["agentId"]).or(event.agent);
        set_project(&mut event, line.text("cwd").as_deref());
        event.reported_usd = line.raw("costUSD").and_then(|cost| field::money(cost).ok());
        calls.offer_object(event, &usage);
        Ok(())
    }
}
