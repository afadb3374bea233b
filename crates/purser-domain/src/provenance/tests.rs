use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_795_165_200_000_000;

fn acme() -> TenantId {
    "acme".parse().expect("a tenant id")
}

fn record(number: u128) -> Record {
    let at = Timestamp::from_micros(NOW);
    Record::new(RecordId::new(at, number), acme(), at, format!("{{\"n\":{number}}}"), "null".to_owned())
}

fn chain(length: u128) -> (Vec<Chained>, ChainHead) {
    let mut head = ChainHead::start(acme());
    let chained = |number: u128| {
        let at = Timestamp::from_micros(NOW + i64::try_from(number).expect("a small number"));
        Chained::after(&mut head, record(number), at)
    };
    ((1..=length).map(chained).collect(), head)
}

fn faults(records: &[Chained], head: &ChainHead) -> Vec<ChainFault> {
    faults_after(None, records, head)
}

fn faults_after(dropped: Option<u64>, records: &[Chained], head: &ChainHead) -> Vec<ChainFault> {
    let mut segments = Segments::default();
    records.iter().for_each(|record| segments.add(record));
    segments.finish(head, dropped).0
}

#[test]
fn a_records_id_is_a_uuid_of_version_7() {
    // 0x017F22E279B0 ms is the timestamp of RFC 9562's example, A.6, whose rand_a is 0xCC3 and rand_b 0x18C4DC0C0C07398F.
    let random = 0xcc3_u128 << 62 | 0x18c4_dc0c_0c07_398f;
    let id = RecordId::new(Timestamp::from_micros(0x017f_22e2_79b0 * 1_000), random);
    assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in ["", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "a-b-c-d-e"] {
        assert!(text.parse::<RecordId>().is_err(), "{text:?}");
    }
}

#[test]
fn a_hash_is_sha_256_in_lower_case_hex() {
    let plan = r#"{"budget_cents":100,"plan":[{"params":{"prompt":"Hello"},"skill":"llm_invoke"}]}"#;
    let hash = Hash::of(plan.as_bytes());
    assert_eq!(hash.to_string(), "689cd6cce5e117be66271ca6af7b04d6bcbab15320609a2c1ab6444d5e2887c0");
    assert_eq!(hash.to_string().parse(), Ok(hash));
    for text in ["", "689c", &hash.to_string().to_uppercase(), &"g".repeat(64), &"é".repeat(32)] {
        assert!(text.parse::<Hash>().is_err(), "{text:?}");
    }
}

/// The expected hash is another program's (Python's hashlib over the layout as documented).
#[test]
fn the_chains_layout_is_as_documented() {
    let record = Record {
        id: "0199f0f2-f3f1-7abc-8def-0123456789ab".parse().expect("an id"),
        source: Source::Manual,
        variant: Variant::V3,
        status: Status::Timeout,
        versions: Versions {
            catalogue: Some("c1".to_owned()),
            model: Some("m1".to_owned()),
            price_book: Some("pb".to_owned()),
            ..Versions::default()
        },
        seed: Some(u64::MAX),
        run_id: Some("run".to_owned()),
        v2_cost: Some(Money::from_pico(-5)),
        runtime_ms: 7,
        ..Record::new(
            RecordId::new(Timestamp::default(), 0),
            acme(),
            Timestamp::from_micros(NOW),
            "{\"n\":\"é\"}".to_owned(),
            "null".to_owned(),
        )
    };
    let mut head = ChainHead::start(acme());
    let chained = Chained::after(&mut head, record, Timestamp::from_micros(NOW + 1));
    let expected = "56d0cd50009a76131204c8fff0aac07a936f15da67aee1921eb36228549aab36";
    assert_eq!(chained.record_hash.to_string(), expected);
    assert_eq!((head.position, head.hash), (1, chained.record_hash));
}

#[test]
fn every_change_to_a_chain_is_seen() {
    let (good, head) = chain(5);
    assert_eq!(faults(&good, &head), []);
    let mut changed = good.clone();
    changed[2].record.output = "1".to_owned();
    assert_eq!(faults(&changed, &head), [ChainFault::Changed { position: 3 }]);
    let mut forged = changed.clone();
    let mut forger = ChainHead { tenant: acme(), position: 2, hash: forged[1].record_hash };
    forged[2] = Chained::after(&mut forger, forged[2].record.clone(), forged[2].received_at);
    assert_eq!(faults(&forged, &head), [ChainFault::Broken { position: 4 }]);
    let mut cut = good.clone();
    cut.remove(2);
    assert_eq!(faults(&cut, &head), [ChainFault::Missing { from: 3, to: 3 }]);
    assert_eq!(faults(&good[..3], &head), [ChainFault::Missing { from: 4, to: 5 }]);
    assert_eq!(faults(&good[3..], &head), [], "nobody knows what retention dropped");
    let mut twice = good.clone();
    twice.push(good[1].clone());
    assert_eq!(faults(&twice, &head), [ChainFault::Twice { position: 2 }]);
    let other = ChainHead { hash: Hash::ZERO, ..head.clone() };
    assert_eq!(faults(&good, &other), [ChainFault::Head { expected: 5, found: 5 }]);
    let behind = ChainHead { position: 4, ..head };
    assert_eq!(faults(&good, &behind), [ChainFault::Head { expected: 4, found: 5 }]);
}

#[test]
fn a_chain_starts_where_retention_ended_even_if_nothing_is_left() {
    let (good, head) = chain(5);
    let missing = |from, to| vec![ChainFault::Missing { from, to }];
    for (dropped, left, expected) in [
        (0, &good[..], vec![]),
        (0, &good[3..], missing(1, 3)),
        (2, &good[3..], missing(3, 3)),
        (3, &good[3..], vec![]),
        (4, &good[3..], vec![]),
        (0, &[], missing(1, 5)),
        (4, &[], missing(5, 5)),
        (5, &[], vec![]),
    ] {
        assert_eq!(faults_after(Some(dropped), left, &head), expected, "{dropped} dropped, {} left", left.len());
    }
    assert_eq!(faults_after(Some(0), &[], &ChainHead::start(acme())), [], "nothing was ever recorded");
    assert_eq!(faults_after(None, &[], &head), [], "nobody knows what retention dropped");
}

#[test]
fn a_first_record_with_something_before_it_is_broken() {
    let mut forger = ChainHead { tenant: acme(), position: 0, hash: Hash::of(b"x") };
    let forged = Chained::after(&mut forger, record(1), Timestamp::from_micros(NOW));
    assert_eq!(faults(&[forged], &forger), [ChainFault::Broken { position: 1 }]);
}

#[test]
fn a_record_that_no_row_can_hold_is_refused_with_every_field() {
    assert_eq!(record(1).check(), Ok(()));
    let bad = Record {
        inputs: String::new(),
        run_id: Some(String::new()),
        versions: Versions { model: Some("x".repeat(1_025)), ..Versions::default() },
        v1_cost: Some(Money::from_cents(100_000_000)),
        runtime_ms: 1 << 53,
        ..record(1)
    };
    let fields: Vec<String> = bad.check().expect_err("it is refused").into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["inputs", "model_version", "run_id", "v1_cost", "runtime_ms"]);
    let large = Record { output: "x".repeat(PAYLOAD_BYTES_MAX), ..record(1) };
    assert_eq!(large.check().expect_err("it is refused").len(), 1);
}

#[test]
fn names_round_trip() {
    for value in Variant::ALL {
        assert_eq!(value.name().parse(), Ok(*value));
    }
    assert!("V1".parse::<Variant>().is_err() && "".parse::<Source>().is_err() && "ok".parse::<Status>().is_err());
    assert_eq!(serde_json::to_string(&Status::SchemaError).expect("JSON"), "\"schema_error\"");
}

#[test]
fn a_record_round_trips_as_json() {
    let record = Record { seed: Some(u64::MAX), v1_cost: Some(Money::from_pico(1)), ..record(3) };
    let text = serde_json::to_string(&record).expect("JSON");
    assert_eq!(serde_json::from_str::<Record>(&text).expect("the same record"), record);
}

#[test]
fn the_mean_delta_rounds_half_even_and_nothing_is_zero() {
    let pico = Money::from_pico;
    let drift = Drift::new(2, pico(5), pico(2), pico(3), Some(0.5));
    assert_eq!((drift.avg, drift.stddev), (pico(2), 0.5));
    assert_eq!(Drift::new(0, pico(5), pico(2), pico(3), None), Drift::default());
    assert_eq!(Drift::new(1, pico(5), pico(5), pico(5), Some(f64::NAN)).stddev, 0.0);
}

proptest! {
    #[test]
    fn a_chain_is_sound_in_any_order(order in Just((0..40).collect::<Vec<usize>>()).prop_shuffle()) {
        let (records, head) = chain(40);
        let shuffled: Vec<Chained> = order.iter().map(|index| records[*index].clone()).collect();
        prop_assert_eq!(faults(&shuffled, &head), []);
    }
}
