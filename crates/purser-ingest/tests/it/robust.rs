//! No bytes make a decoder panic, and no message content gets past one.

use proptest::prelude::*;
use purser_domain::time::Timestamp;
use purser_ingest::decoded::Decoded;
use purser_ingest::file::{self, Format, Options, Seen};
use purser_ingest::otlp::{self, Encoding};
use purser_ingest::{cloud_event, cost_record, litellm, native};

fn now() -> Timestamp {
    "2026-11-21T02:00:00Z".parse().expect("a literal of this test")
}

/// Feeds the bytes to every decoder; what comes out must keep the promises of `Decoded`.
fn feed(bytes: &[u8]) {
    let mut outcomes = vec![
        native::decode(bytes, now()),
        cost_record::decode(bytes, "id", now()),
        litellm::decode(bytes, now()),
        cloud_event::decode(bytes, now()),
    ];
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        outcomes.push(otlp::decode_traces(bytes, encoding, now()));
        outcomes.push(otlp::decode_logs(bytes, encoding, now()));
        outcomes.push(otlp::decode_metrics(bytes, encoding));
    }
    for format in Format::all() {
        let mut options = Options::new(now());
        options.set = vec![("model".parse().expect("a field"), "m".to_owned())];
        options.set.push(("occurred_at".parse().expect("a field"), "2026-11-20T00:00:00Z".to_owned()));
        if let Ok(chunks) = file::read(bytes, format, &options, &Seen::default()) {
            outcomes.extend(chunks.take(3));
        }
    }
    for decoded in outcomes.into_iter().flatten() {
        check(&decoded);
    }
}

fn check(decoded: &Decoded) {
    assert!(decoded.refused.iter().all(|refusal| !refusal.errors.is_empty()));
    for incoming in &decoded.events {
        let mut errors = Vec::new();
        incoming.event.check("", now(), &mut errors);
        assert_eq!(errors, []);
    }
}

fn samples() -> Vec<Vec<u8>> {
    let folder = format!("{}/tests/fixtures", env!("CARGO_MANIFEST_DIR"));
    let mut samples: Vec<Vec<u8>> = ["otlp", "json"]
        .iter()
        .flat_map(|kind| std::fs::read_dir(format!("{folder}/{kind}")).expect("checked-in fixtures"))
        .map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a fixture"))
        .collect();
    samples.push(
        br#"[{"event_id":"e","occurred_at":"2026-11-20T00:00:00Z","provider":"openai","model":"m","tags":{"a":"b"}}]"#
            .to_vec(),
    );
    samples.push(b"model,occurred_at,input_tokens\nm,2026-11-20T00:00:00Z,5\n".to_vec());
    for export in [
        "start_time,end_time,num_model_requests,model,input_tokens,input_cached_tokens\n1759622400,,9,m,5.0,3\n",
        "start_time,end_time,amount_value,amount_currency,line_item\n1759622400,,0.5,usd,\"m, input\"\n",
        "usage_date_utc;model_version;usage_output_tokens;context_window\n2026-11-20 02:00;m;1.234.567;> 200k\n",
        "usage_date_utc,model,token_type,cost_usd\r\n2026-11-20,M 4.5,output,$0.10\r\n",
        "generation_id,created_at,cost_total,model_permaslug,tokens_prompt\ng,2026-11-20 00:00:00,0.1,m,7\n",
        "Date,Kind,Model,Cache Read,Input (w/o Cache Write),Total Tokens,Cost\n2026-11-20,x,m,1,2,3,Included\n",
    ] {
        samples.push(export.as_bytes().to_vec());
    }
    samples.push(br#"{"type":"assistant","timestamp":"2026-11-20T00:00:00Z","message":{"id":"m","model":"c","usage":{"input_tokens":1}}}"#.to_vec());
    samples
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        feed(&bytes);
    }

    #[test]
    fn broken_requests_of_real_clients_never_panic(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let samples = samples();
        let mut bytes = pick.get(&samples).clone();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        feed(&bytes);
    }

    #[test]
    fn arbitrary_json_never_panics(
        key in "[a-z_]{1,12}",
        value in prop_oneof![
            any::<i64>().prop_map(|n| n.to_string()),
            any::<f64>().prop_map(|n| format!("{n:e}")),
            "\\PC{0,20}".prop_map(|text| serde_json::to_string(&text).expect("a string")),
            Just("null".to_owned()),
            Just("[[[]]]".to_owned()),
        ],
    ) {
        for template in [
            r#"[{"event_id":"e","occurred_at":"2026-11-20T00:00:00Z","model":"m","provider":"p","KEY":VALUE}]"#,
            r#"{"id":"i","source":"s","type":"t","data":{"model":"m","KEY":VALUE}}"#,
            r#"{"id":"i","model":"m","startTime":VALUE,"endTime":VALUE,"metadata":{"usage_object":{"KEY":VALUE}}}"#,
            r#"{"model":"m","cost_cents":VALUE,"KEY":VALUE}"#,
        ] {
            feed(template.replace("KEY", &key).replace("VALUE", &value).as_bytes());
        }
    }
}

#[test]
fn no_content_of_any_real_client_gets_through() {
    for bytes in samples() {
        let found = [
            litellm::decode(&bytes, now()),
            cloud_event::decode(&bytes, now()),
            otlp::decode_traces(&bytes, Encoding::Protobuf, now()),
            otlp::decode_traces(&bytes, Encoding::Json, now()),
            otlp::decode_logs(&bytes, Encoding::Json, now()),
        ];
        assert!(!format!("{found:?}").contains("-marker-"));
    }
}
