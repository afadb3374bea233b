//! `purser export`: FOCUS 1.2's column rules on a file of real traffic, and its sums against the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use purser_domain::money::parse_decimal;

use crate::support::Purser;

/// Columns that FOCUS 1.2 requires of every file.
const MANDATORY: [&str; 21] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
];
/// Columns that must not be empty.
const FILLED: [&str; 26] = [
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
];

type Row = BTreeMap<String, String>;

fn read(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a file");
    reader.deserialize().collect::<Result<_, _>>().expect("rows")
}

/// Exact value in units of 10⁻²⁴.
fn exact(text: &str) -> i128 {
    let (digits, scale) = parse_decimal(text).expect("a decimal");
    digits * 10_i128.pow(u32::try_from(24 - scale).expect("24 decimals at most"))
}

/// The product in units of 10⁻²⁴.
fn product(a: &str, b: &str) -> i128 {
    let ((x, x_scale), (y, y_scale)) = (parse_decimal(a).expect("a decimal"), parse_decimal(b).expect("a decimal"));
    x * y * 10_i128.pow(u32::try_from(24 - x_scale - y_scale).expect("24 decimals at most"))
}

fn check(row: &Row) {
    for column in MANDATORY {
        assert!(row.contains_key(column), "{column} is missing");
    }
    for column in FILLED {
        assert!(!row[column].is_empty(), "{column} is empty: {row:?}");
    }
    for (cost, price) in [("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")] {
        assert_eq!(exact(&row[cost]), product(&row[price], &row["PricingQuantity"]), "{cost}: {row:?}");
        assert!(!row[price].starts_with('-'), "{price} is negative: {row:?}");
    }
    assert_eq!(row["BillingCurrency"], "USD");
    assert_eq!(row["ChargeCategory"], "Usage");
    assert!(["", "Correction"].contains(&row["ChargeClass"].as_str()));
    assert!(["One-Time", "Recurring", "Usage-Based"].contains(&row["ChargeFrequency"].as_str()));
    assert_eq!(row["ServiceCategory"], "AI and Machine Learning");
    assert_eq!(row["ServiceSubcategory"], "Generative AI");
    let at = |column: &str| row[column].parse::<jiff::Timestamp>().expect(column);
    assert!(at("ChargePeriodStart") < at("ChargePeriodEnd"));
    assert!(at("BillingPeriodStart") <= at("ChargePeriodStart") && at("ChargePeriodEnd") <= at("BillingPeriodEnd"));
    for column in ["Tags", "SkuPriceDetails"] {
        let text = &row[column];
        let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
        assert!(text.is_empty() || object.is_ok(), "{column}: {text}");
    }
    let details: serde_json::Value = serde_json::from_str(&row["SkuPriceDetails"]).unwrap_or_default();
    for key in details.as_object().into_iter().flatten().map(|(key, _)| key) {
        assert!(key.starts_with("x_"), "{key} is no property of FOCUS 1.2");
    }
    for column in row.keys() {
        let pascal = column.chars().next().is_some_and(char::is_uppercase) && !column.contains('_');
        assert!(pascal || column.starts_with("x_"), "{column}");
    }
    for value in row.values() {
        assert!(value != "NULL" && value != "null", "{row:?}");
    }
    for (column, value) in row.iter().filter(|(column, _)| column.contains("Cost") || column.contains("Quantity")) {
        let plain = column == "x_CostSource" || value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        assert!(plain, "{column} is no plain decimal: {value}");
    }
}

#[test]
fn a_demo_month_obeys_the_rules_and_adds_up_to_the_ledger() {
    let purser = Purser::new();
    let until = ["--until", "2026-11-20T12:00:00Z"];
    purser.run(["demo", "--no-serve", "--events", "4000"].into_iter().chain(until)).done();
    let (out, left) = (purser.path("focus.csv"), purser.path("unpriced.csv"));
    let (out, left) = (out.to_str().expect("a path"), left.to_str().expect("a path"));
    let export = ["export", "--tenant", "acme", "--format", "focus", "--output", out, "--unpriced", left];
    let ran = purser.run(export).done();
    assert!(ran.stderr.contains("without a price"), "{}", ran.stderr);
    let rows = read(Path::new(out));
    rows.iter().for_each(check);
    let billed: i128 = rows.iter().map(|row| exact(&row["BilledCost"])).sum();
    let answer = purser.run(["cost", "--tenant", "acme", "--json"]).done().json();
    assert_eq!(billed, exact(answer["total"]["cost_usd"].as_str().expect("a cost")));
    // Within a file, a price id has one unit price and one SKU.
    let mut prices: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for row in &rows {
        prices.entry(&row["SkuPriceId"]).or_default().insert((&row["ListUnitPrice"], &row["SkuId"]));
    }
    assert!(prices.values().all(|all| all.len() == 1), "{prices:?}");
    let unpriced = read(Path::new(left));
    let count: i64 = unpriced.iter().map(|row| row["charged_events"].parse::<i64>().expect("a count")).sum();
    assert_eq!(Some(count), answer["total"]["unpriced_events"].as_i64());
    assert!(unpriced.iter().all(|row| row["reason"] == "unknown_model"));
}

#[test]
fn corrections_are_rows_of_their_own_and_parquet_says_the_same() {
    let purser = Purser::new();
    let event = r#"{"event_id":"a","occurred_at":"2025-03-01T10:00:00Z","provider":"openai","model":"gpt-4o","input_tokens":1000}"#;
    let file = purser.file("events.jsonl", event);
    purser.run(["import", file.to_str().expect("a path"), "--tenant", "acme", "--format", "jsonl"]).done();
    purser.run(["usage", "void", "--tenant", "acme", "--event", "a", "--reason", "test"]).done();
    let ran = purser.run(["export", "--tenant", "acme", "--format", "focus"]).done();
    let path = purser.file("focus.csv", &ran.stdout);
    let rows = read(&path);
    rows.iter().for_each(check);
    let shown: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["ChargeClass"].as_str(), row["BilledCost"].as_str())).collect();
    assert_eq!(shown, [("", "0.0025"), ("Correction", "-0.0025")]);

    let parquet = purser.path("focus.parquet");
    let name = parquet.to_str().expect("a path");
    purser.run(["export", "--tenant", "acme", "--format", "parquet", "--output", name]).done();
    let opened = std::fs::File::open(&parquet).expect("the file");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(opened).expect("Parquet");
    let batches: Vec<_> = reader.build().expect("a reader").collect::<Result<_, _>>().expect("rows");
    assert_eq!(batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 2);
    assert_eq!(purser.run(["export", "--tenant", "acme", "--format", "parquet"]).code, 2, "no file named");
}
