//! Decodes providers' answers: one JSON case per line in, the leaves and units found per line out.
//!
//! `decode_cases < cases.jsonl`, a case being the `data` of a CloudEvent, or with `litellm` the record of that name.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};

use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_ingest::decoded::Decoded;
use purser_ingest::{cloud_event, litellm};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse()?;
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let decoded = match case.get("litellm") {
            Some(record) => litellm::decode(record.to_string().as_bytes(), now)?,
            None => {
                let event = json!({"type": "llm", "id": "1", "source": "oracle", "data": case});
                cloud_event::decode(event.to_string().as_bytes(), now)?
            }
        };
        writeln!(out, "{}", outcome(&decoded))?;
    }
    Ok(out.flush()?)
}

fn outcome(decoded: &Decoded) -> Value {
    let refused: Vec<String> =
        decoded.refused.iter().flat_map(|refusal| &refusal.errors).map(ToString::to_string).collect();
    let unknown: Vec<String> = decoded.passed_over.keys().map(ToString::to_string).collect();
    let Some(event) = decoded.events.first().map(|incoming| &incoming.event) else {
        return json!({"refused": refused, "unknown": unknown});
    };
    let leaves: BTreeMap<&str, u64> = event
        .usage
        .iter()
        .filter(|(leaf, _)| *leaf != Leaf::Requests)
        .map(|(leaf, count)| (leaf.name(), count))
        .collect();
    json!({
        "leaves": leaves,
        "units": event.units,
        "contradiction": event.contradiction.as_ref().map(|told| &told.reason),
        "cost": event.reported_usd.map(|cost| cost.to_string()),
        "refused": refused,
        "unknown": unknown,
    })
}
