//! Codex's spans: one for each response, with its counts and no model; that of the turn names model and conversation.
//! Invariant: the sums that a turn's span repeats are never charged.

use std::collections::HashMap;

use purser_domain::attribution::Attribution;
use purser_domain::usage_event::UNKNOWN_MODEL;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use super::assemble::Sighting;
use super::count;
use crate::decoded::Decoded;
use crate::emitter::Role;
use crate::identity::hex;

/// What the spans of each trace of one request tell of its calls.
#[derive(Debug, Default)]
pub(super) struct Turns(HashMap<[u8; 16], Attribution, Xxh3DefaultBuilder>);

/// What a span stands for: every event of a stream has one, of which only the last one counts tokens.
pub(super) fn role(sighting: &Sighting<'_, '_>) -> Role {
    if count::has_plain(sighting.attributes) { Role::Inference(Some("chat".to_owned())) } else { Role::Aggregate }
}

impl Turns {
    /// Notes what a span around calls tells of its trace.
    pub(super) fn note(&mut self, sighting: &Sighting<'_, '_>, told: &Attribution) {
        let Some(trace) = sighting.item.trace_id.filter(|_| sighting.emitter.name == "codex") else { return };
        let known = self.0.entry(trace).or_default();
        known.model = known.model.take().or_else(|| told.model.clone());
        known.session_id = known.session_id.take().or_else(|| told.session_id.clone());
    }

    /// Gives the calls of each trace its model and its conversation, though the spans between may come later.
    pub(super) fn settle(self, decoded: &mut Decoded) {
        let told: HashMap<String, Attribution> = self.0.into_iter().map(|(trace, told)| (hex(&trace), told)).collect();
        let unnamed = decoded.events.iter_mut().filter(|incoming| incoming.event.model == UNKNOWN_MODEL);
        for event in unnamed.map(|incoming| &mut incoming.event) {
            if let Some(told) = event.trace_id.as_ref().and_then(|trace| told.get(trace)) {
                told.fill(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::time::Timestamp;
    use purser_domain::usage::Leaf;

    use crate::decoded::Decoded;
    use crate::otlp::{Encoding, decode_traces};

    fn now() -> Timestamp {
        "2026-11-30T00:00:00Z".parse().expect("a literal of this test")
    }

    /// A span with texts and whole numbers.
    fn span(name: &str, id: u8, parent: u8, attributes: &[(&str, &str)]) -> String {
        let attributes: Vec<String> = attributes
            .iter()
            .map(|(key, value)| {
                let kind = if value.parse::<u64>().is_ok() { "intValue" } else { "stringValue" };
                format!(r#"{{"key":"{key}","value":{{"{kind}":"{value}"}}}}"#)
            })
            .collect();
        format!(
            r#"{{"traceId":"83fea35a5a75962c2469cd18e66260c3","spanId":"00000000000000{id:02x}","parentSpanId":"00000000000000{parent:02x}",
            "name":"{name}","startTimeUnixNano":"1795874034650564917","endTimeUnixNano":"1795874034651392259",
            "attributes":[{}]}}"#,
            attributes.join(",")
        )
    }

    fn decode(spans: &[String]) -> Decoded {
        let body = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"scope":{{"name":"codex_exec"}},"spans":[{}]}}]}}]}}"#,
            spans.join(",")
        );
        decode_traces(body.as_bytes(), Encoding::Json, now()).expect("readable")
    }

    const COUNTS: [(&str, &str); 6] = [
        ("gen_ai.usage.input_tokens", "20000"),
        ("gen_ai.usage.cache_read.input_tokens", "15000"),
        ("gen_ai.usage.cache_write.input_tokens", "0"),
        ("gen_ai.usage.output_tokens", "1000"),
        ("codex.usage.reasoning_output_tokens", "400"),
        ("codex.usage.total_tokens", "21000"),
    ];

    const TURN: [(&str, &str); 5] = [
        ("thread.id", "4"),
        ("thread.id", "01a2226f-133a-7021-ac4b-e0507a53dfc4"),
        ("model", "gpt-5-mini"),
        ("codex.turn.token_usage.input_tokens", "20000"),
        ("codex.turn.token_usage.total_tokens", "21000"),
    ];

    #[test]
    fn a_response_is_a_call_of_the_model_and_conversation_of_its_turn() {
        let decoded = decode(&[
            span("handle_responses", 1, 2, &[("thread.id", "3")]),
            span("handle_responses", 3, 4, &COUNTS),
            span("session_task.turn", 5, 6, &TURN),
        ]);
        let [incoming] = decoded.events.as_slice() else { unreachable!("one call: {decoded:?}") };
        let event = &incoming.event;
        // 20,000 − 15,000 = 5,000; 1,000 − 400 = 600.
        let expected = [(Leaf::Input, 5_000), (Leaf::CacheRead, 15_000), (Leaf::Output, 600), (Leaf::Reasoning, 400)];
        assert!(expected.iter().all(|(leaf, count)| event.usage.get(*leaf) == *count), "{:?}", event.usage);
        assert_eq!(event.usage.total_tokens(), 21_000);
        assert_eq!((event.provider.as_str(), event.model.as_str()), ("openai", "gpt-5-mini"));
        assert_eq!(event.session_id.as_deref(), Some("01a2226f-133a-7021-ac4b-e0507a53dfc4"));
        assert_eq!((decoded.refused.len(), decoded.skipped), (0, 2));
    }

    #[test]
    fn a_turn_that_ends_later_tells_the_model_to_the_calls_that_came_before() {
        let decoded = decode(&[span("handle_responses", 3, 4, &COUNTS)]);
        let mut event = decoded.events[0].event.clone();
        assert_eq!((event.model.as_str(), event.session_id.as_deref()), ("unknown", None));
        let later = decode(&[span("receiving_stream", 4, 5, &[]), span("session_task.turn", 5, 6, &TURN)]);
        let between = &later.contexts[0];
        assert_eq!(
            (between.span_id.as_str(), between.parent_span_id.as_deref()),
            ("0000000000000004", Some("0000000000000005"))
        );
        assert!(later.contexts[1].attribution.fill(&mut event));
        assert_eq!(event.model, "gpt-5-mini");
        assert_eq!(event.session_id.as_deref(), Some("01a2226f-133a-7021-ac4b-e0507a53dfc4"));
    }
}
