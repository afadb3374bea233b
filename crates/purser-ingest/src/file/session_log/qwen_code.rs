//! Qwen Code's chats: one line per answer, with the counts under Gemini's names.

use purser_domain::passed_over::Reason;
use purser_domain::usage_event::{FieldError, UNKNOWN_MODEL};

use super::{Calls, Log, count, object, refusal, set_project, time};
use crate::agent;
use crate::json::Picked;
use crate::normalise::{Accounting, Reported};

/// One chat.
pub(super) struct Chat;

impl Log for Chat {
    fn read(&mut self, text: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let line =
            object(text, ["type", "subtype", "uuid", "sessionId", "timestamp", "cwd", "model", "usageMetadata"])?;
        let kind = line.text("subtype").or_else(|| line.text("type")).unwrap_or_default();
        let Some(usage) = line.raw("usageMetadata").filter(|_| kind == "assistant") else {
            calls.pass_over(&kind, Reason::NotACall);
            return Ok(());
        };
        let names = [
            "promptTokenCount",
            "cachedContentTokenCount",
            "candidatesTokenCount",
            "thoughtsTokenCount",
            "totalTokenCount",
        ];
        let usage = Picked::read(usage, names).ok_or_else(|| refusal("usageMetadata must be an object"))?;
        let mut event = calls.event();
        event.occurred_at = time(&line, "timestamp")?;
        event.event_id = line.first(&["uuid"]).ok_or_else(|| refusal("uuid is missing"))?;
        event.session_id = line.first(&["sessionId"]);
        event.model = line.first(&["model"]).unwrap_or_else(|| UNKNOWN_MODEL.to_owned());
        if event.provider.is_empty() {
            event.provider = agent::gemini_provider(None, &event.model).to_owned();
        }
        set_project(&mut event, line.text("cwd").as_deref());
        let reported = Reported {
            input: count(&usage, names[0])?,
            cache_read: count(&usage, names[1])?,
            output: count(&usage, names[2])?,
            reasoning: count(&usage, names[3])?,
            total: count(&usage, names[4])?,
            ..Reported::default()
        };
        // The sum of all tokens tells whether the thoughts stand beside the output, as Gemini counts.
        calls.offer(event, &reported, Accounting::TOTALS);
        Ok(())
    }
}
