//! Gemini CLI's chats: one document, or since version 0.39 a line for the session and one for each state of a message.

use purser_domain::passed_over::Reason;
use purser_domain::usage_event::{FieldError, UNKNOWN_MODEL};

use super::{Calls, Log, count, object, refusal, time};
use crate::agent;
use crate::json::{self, Picked};
use crate::normalise::{Accounting, Reported};

/// One chat.
#[derive(Default)]
pub(super) struct Chat {
    session_id: Option<String>,
}

impl Log for Chat {
    fn read(&mut self, text: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let line = object(text, ["sessionId", "messages", "type"])?;
        self.session_id = line.first(&["sessionId"]).or(self.session_id.take());
        let Some(messages) = line.raw("messages") else {
            return self.message(text, &line.text("type").unwrap_or_default(), calls);
        };
        for message in json::elements(messages) {
            let kind = Picked::read(message, ["type"]).and_then(|message| message.first(&["type"])).unwrap_or_default();
            if let Err(errors) = self.message(message, &kind, calls) {
                calls.refuse(errors);
            }
        }
        Ok(())
    }
}

impl Chat {
    fn message(&self, text: &str, kind: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let message = object(text, ["id", "timestamp", "model", "tokens"])?;
        let Some(tokens) = message.raw("tokens").filter(|_| kind == "gemini") else {
            calls.pass_over(kind, Reason::NotACall);
            return Ok(());
        };
        let names = ["input", "output", "cached", "thoughts", "tool", "total"];
        let tokens = Picked::read(tokens, names).ok_or_else(|| refusal("tokens must be an object"))?;
        let mut event = calls.event();
        event.occurred_at = time(&message, "timestamp")?;
        let id = message.text("id").ok_or_else(|| refusal("id is missing"))?;
        let session = self.session_id.as_deref().unwrap_or_default();
        event.event_id = format!("{session}:{id}");
        event.session_id.clone_from(&self.session_id);
        event.model = message.first(&["model"]).unwrap_or_else(|| UNKNOWN_MODEL.to_owned());
        if event.provider.is_empty() {
            let provider = agent::gemini_provider(None, &event.model);
            event.provider = if provider.is_empty() { "gcp.gemini" } else { provider }.to_owned();
        }
        let reported = Reported {
            input: count(&tokens, "input")?,
            cache_read: count(&tokens, "cached")?,
            output: count(&tokens, "output")?,
            reasoning: count(&tokens, "thoughts")?,
            total: count(&tokens, "total")?,
            ..Reported::default()
        };
        let reported = reported.with_tool_results(count(&tokens, "tool")?);
        calls.offer(event, &reported, Accounting { input_is_total: true, output_is_total: false });
        Ok(())
    }
}
