use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::*;

#[test]
fn the_two_hashes_of_the_reference_are_met() {
    let input = json!({"plan": [{"skill": "llm_invoke", "params": {"prompt": "Hello"}}], "budget_cents": 100});
    assert_eq!(hash(&input, Form::Compat), "689cd6cce5e117be66271ca6af7b04d6bcbab15320609a2c1ab6444d5e2887c0");
    let output = json!({
        "feasible": true, "status": "success", "estimated_cost_cents": 4, "estimated_duration_ms": 1801,
        "step_estimates": [{"step_index": 0, "skill_id": "llm_invoke", "cost_cents": 3.52, "latency_ms": 1801.0,
            "confidence": 0.92}],
    });
    assert_eq!(hash(&output, Form::Compat), "e6e4a6b056fb1b8bfd5382b0ea67d3a2e04de3ec63c0cfadc1600f5a05f6b191");
}

/// The sample of RFC 8785, section 3.2.2, and its keys of section 3.2.3.
#[test]
fn the_examples_of_the_rfc_hold() {
    let sample: Value = serde_json::from_str(
        r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
    )
    .expect("a literal of this test");
    assert_eq!(
        canonical(&sample, Form::Rfc8785),
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
         \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
    );
    let keys = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
    let text = canonical(&keys, Form::Rfc8785);
    let order: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    // \r, "1": 4, U+0080, ö, €, 😀 (D83D…), U+FB33
    assert_eq!(order, ['2', '1', '4', '6', '7', '1', '5', '3']);
}

/// Appendix B of RFC 8785, by the bits of the double.
#[test]
fn the_numbers_of_the_rfc_hold() {
    for (bits, text) in [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        assert_eq!(canonical(&json!(f64::from_bits(bits)), Form::Rfc8785), text);
    }
    assert_eq!(canonical(&json!(9_007_199_254_740_993_u64), Form::Rfc8785), "9007199254740992");
    assert_eq!(
        canonical(&json!([i64::MIN, -5, u64::MAX]), Form::Rfc8785),
        "[-9223372036854776000,-5,18446744073709552000]"
    );
}

/// Computed with Python 3: `json.dumps(x, sort_keys=True, separators=(",", ":"))`.
#[test]
fn the_compat_form_writes_as_python_does() {
    for (value, text) in [
        (json!(1801.0), "1801.0"),
        (json!(1e16), "1e+16"),
        (json!(1e15), "1000000000000000.0"),
        (json!(1e-5), "1e-05"),
        (json!(0.0001), "0.0001"),
        (json!(1.5e-7), "1.5e-07"),
        (json!(123456.75), "123456.75"),
        (json!(-0.0), "-0.0"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(i64::MIN), "-9223372036854775808"),
        (json!(5e-324), "5e-324"),
        (json!("\u{7f} é 😀\u{1f}\u{8}\u{c}/"), "\"\\u007f \\u00e9 \\ud83d\\ude00\\u001f\\b\\f/\""),
        (json!({"b": 1, "a": [], "é": {}}), "{\"a\":[],\"b\":1,\"\\u00e9\":{}}"),
    ] {
        assert_eq!(canonical(&value, Form::Compat), text);
    }
}

#[derive(Debug, Clone, Serialize)]
struct Unordered {
    zeta: f64,
    #[serde(rename = "z")]
    prefix: Vec<Option<u64>>,
    alpha: Nested,
    #[serde(skip_serializing_if = "Option::is_none")]
    middle: Option<Box<Unordered>>,
    by_number: BTreeMap<u64, bool>,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize)]
enum Nested {
    Unit,
    New(char),
    Pair(i8, String),
    Fields { b: f32, a: () },
}

fn unordered() -> impl Strategy<Value = Unordered> {
    let nested = prop_oneof![
        Just(Nested::Unit),
        any::<char>().prop_map(Nested::New),
        (any::<i8>(), "\\PC{0,5}").prop_map(|(a, b)| Nested::Pair(a, b)),
        any::<f32>().prop_map(|b| Nested::Fields { b, a: () }),
    ];
    let numbers = prop::collection::btree_map(any::<u64>(), any::<bool>(), 0..3);
    let rest = prop::collection::btree_map("[~-\u{10ffff}\"\\\\a-c]{0,3}", "\\PC{0,4}", 0..4);
    let flat = (any::<f64>(), prop::collection::vec(any::<Option<u64>>(), 0..3), nested, numbers, rest);
    let flat = flat.prop_map(|(zeta, prefix, alpha, by_number, rest)| Unordered {
        zeta,
        prefix,
        alpha,
        middle: None,
        by_number,
        rest: rest.into_iter().map(|(key, value)| (format!("rest {key}"), value)).collect(),
    });
    (flat.clone(), prop::option::of(flat)).prop_map(|(outer, inner)| Unordered { middle: inner.map(Box::new), ..outer })
}

#[test]
fn what_has_no_canonical_form_is_not_written() {
    let refused = std::panic::catch_unwind(|| canonical(&u128::MAX, Form::Rfc8785));
    assert!(refused.is_err(), "a number that no JSON reader keeps");
    assert_eq!(canonical(&7_u128, Form::Rfc8785), "7", "and the next value is written as ever");
    let keys: BTreeMap<u64, u8> = [(9_007_199_254_740_993, 1), (9_007_199_254_740_992, 2)].into();
    let text = "{\"9007199254740992\":2,\"9007199254740993\":1}";
    assert_eq!(canonical(&keys, Form::Rfc8785), text, "keys are texts");
}

proptest! {
    #[test]
    fn a_value_is_written_as_its_tree_is(value in unordered()) {
        let tree = serde_json::to_value(&value).expect("it is JSON");
        for form in [Form::Rfc8785, Form::Compat] {
            let text = canonical(&value, form);
            prop_assert_eq!(&text, &canonical(&tree, form));
            let read: Value = serde_json::from_str(&text).expect("it is JSON");
            prop_assert_eq!(canonical(&read, form), text);
        }
    }

    #[test]
    fn both_forms_read_back_to_the_same_number(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        for form in [Form::Rfc8785, Form::Compat] {
            let text = canonical(&json!(value), form);
            prop_assert_eq!(text.parse::<f64>().expect("a number"), value, "{}", text);
        }
    }

    #[test]
    fn the_order_of_keys_is_irrelevant(mut keys in proptest::collection::hash_set("\\PC{0,4}", 0..8)) {
        let forward: Map<String, Value> = keys.iter().map(|key| (key.clone(), json!(1))).collect();
        let mut names: Vec<String> = keys.drain().collect();
        names.reverse();
        let backward: Map<String, Value> = names.into_iter().map(|key| (key, json!(1))).collect();
        for form in [Form::Rfc8785, Form::Compat] {
            let text = canonical(&Value::Object(forward.clone()), form);
            prop_assert_eq!(&text, &canonical(&Value::Object(backward.clone()), form));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), Value::Object(forward.clone()));
        }
    }
}
