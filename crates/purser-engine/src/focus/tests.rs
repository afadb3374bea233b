//! A FOCUS file explains every charge by unit price and quantity, and adds up to the ledger.

use std::sync::Arc;

use purser_domain::charge::Charge;
use purser_domain::entry::Reason;
use purser_domain::price::{Discount, Price, STANDARD, Source, Tier};
use purser_domain::tenant::TenantId;
use purser_domain::usage::Usage;

use super::*;
use crate::price_book::PriceBook;
use crate::rating;

fn price(input: &str, output: &str) -> Price {
    let mut rates = [None; Leaf::COUNT];
    rates[Leaf::Input as usize] = Rate::parse(input, 1_000_000).ok();
    rates[Leaf::Output as usize] = Rate::parse(output, 1_000_000).ok();
    Price {
        provider: "openai".to_owned(),
        model: "gpt-x".to_owned(),
        aliases: Vec::new(),
        effective_from: None,
        effective_to: None,
        daily: None,
        factors: Vec::new(),
        tiers: vec![Tier::new(STANDARD, 0, rates)],
        source: Source { catalogue: "test".to_owned(), url: None, retrieved: "2026-11-20".to_owned() },
    }
}

fn books(prices: Vec<Price>, percent_milli: u32) -> (TenantBook, TenantBook) {
    let book = Arc::new(PriceBook::compile(prices).0);
    let discount = Discount {
        id: "d".to_owned(),
        provider: None,
        model: None,
        percent_milli,
        effective_from: None,
        effective_to: None,
    };
    let discounts = if percent_milli == 0 { Vec::new() } else { vec![discount] };
    (PriceBook::for_tenant(book.clone(), Vec::new(), discounts), PriceBook::for_tenant(book, Vec::new(), Vec::new()))
}

fn event(id: &str, model: &str, input: u64, output: u64) -> UsageEvent {
    UsageEvent {
        event_id: id.to_owned(),
        source: "api".to_owned(),
        occurred_at: "2026-11-20T10:00:00Z".parse().expect("a literal"),
        provider: "openai".to_owned(),
        model: model.to_owned(),
        usage: Usage::default().with(Leaf::Input, input).with(Leaf::Output, output),
        feature_tag: Some("support.reply".to_owned()),
        tags: [("team".to_owned(), "a \"b\"".to_owned())].into(),
        ..UsageEvent::default()
    }
}

fn entry(event: UsageEvent, charge: Charge, kind: Kind, reason: Option<Reason>) -> Entry {
    let tenant: TenantId = "acme".parse().expect("a literal");
    Entry {
        tenant,
        event,
        witness: Default::default(),
        charge,
        kind,
        reason,
        note: None,
        import_id: None,
        received_at: Timestamp::from_micros(1),
    }
}

fn shown(row: &Row, columns: &[&str]) -> Vec<String> {
    columns
        .iter()
        .map(|column| match row.get(column) {
            Cell::Null => "-".to_owned(),
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => number.to_string(),
            Cell::Time(time) => time.to_string(),
        })
        .collect()
}

#[test]
fn equal_leaves_of_a_day_share_a_row_whose_price_times_quantity_is_its_cost() {
    let (charged, listed) = books(vec![price("2.5", "10")], 0);
    let mut export = Export::new("acme", Detail::Day);
    for (id, input) in [("a", 1_000), ("b", 234)] {
        let event = event(id, "gpt-x", input, 50);
        let charge = rating::rate(&charged, &event);
        export.add(&entry(event, charge, Kind::Charge, None), &charged, &listed);
    }
    let rows: Vec<Row> = export.rows().collect();
    let columns =
        ["SkuMeter", "ListUnitPrice", "PricingQuantity", "PricingUnit", "ListCost", "BilledCost", "x_EventCount"];
    // 1,234 × 2.5 / 1e6 = 0.003085; 100 × 10 / 1e6 = 0.001.
    assert_eq!(
        shown(&rows[0], &columns),
        ["Input Tokens", "2.5", "0.001234", "1000000 Tokens", "0.003085", "0.003085", "2"]
    );
    assert_eq!(shown(&rows[1], &columns), ["Output Tokens", "10", "0.0001", "1000000 Tokens", "0.001", "0.001", "2"]);
    assert_eq!(rows.len(), 2);
    let when = ["ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd"];
    assert_eq!(
        shown(&rows[0], &when),
        ["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]
    );
    assert_eq!(shown(&rows[0], &["Tags"]), [r#"{"feature_tag":"support.reply","team":"a \"b\""}"#]);
}

#[test]
fn a_discount_lowers_the_contracted_price_and_leaves_the_list_price() {
    let (charged, listed) = books(vec![price("2", "8")], 25_000);
    let event = event("a", "gpt-x", 1_000_000, 0);
    let charge = rating::rate(&charged, &event);
    let mut export = Export::new("acme", Detail::Day);
    export.add(&entry(event, charge, Kind::Charge, None), &charged, &listed);
    let rows: Vec<Row> = export.rows().collect();
    let columns = ["ListUnitPrice", "ContractedUnitPrice", "ListCost", "ContractedCost", "EffectiveCost"];
    assert_eq!(shown(&rows[0], &columns), ["2", "1.5", "2", "1.5", "1.5"]);
}

#[test]
fn a_correction_is_a_row_of_its_own_with_the_opposite_sign() {
    let (charged, listed) = books(vec![price("2", "8")], 0);
    let event = event("a", "gpt-x", 500, 0);
    let charge = rating::rate(&charged, &event);
    let mut export = Export::new("acme", Detail::Day);
    export.add(&entry(event.clone(), charge.clone(), Kind::Charge, None), &charged, &listed);
    export.add(&entry(event, charge, Kind::Reversal, Some(Reason::Void)), &charged, &listed);
    let rows: Vec<Row> = export.rows().collect();
    let columns = ["ChargeClass", "x_CorrectionReason", "PricingQuantity", "BilledCost", "ListCost"];
    assert_eq!(shown(&rows[0], &columns), ["-", "-", "0.0005", "0.001", "0.001"]);
    assert_eq!(shown(&rows[1], &columns), ["Correction", "void", "-0.0005", "-0.001", "-0.001"]);
}

#[test]
fn usage_without_a_price_is_left_out_and_counted() {
    let (charged, listed) = books(vec![price("2", "8")], 0);
    let event = event("a", "own-model", 500, 20);
    let charge = rating::rate(&charged, &event);
    let mut export = Export::new("acme", Detail::Day);
    export.add(&entry(event, charge, Kind::Charge, None), &charged, &listed);
    assert_eq!(export.rows().count(), 0);
    let left_out: Vec<Unpriced> = export.unpriced().collect();
    assert_eq!(left_out.len(), 1);
    assert_eq!((left_out[0].model.as_str(), left_out[0].events, left_out[0].tokens), ("own-model", 1, 520));
}

#[test]
fn a_reported_cost_is_a_quantity_of_dollars() {
    let (charged, listed) = books(Vec::new(), 0);
    let charge = Charge::reported(Money::from_pico(1_234_500_000));
    let mut export = Export::new("acme", Detail::Event);
    export.add(&entry(event("a", "own-model", 1, 1), charge, Kind::Charge, None), &charged, &listed);
    let rows: Vec<Row> = export.rows().collect();
    let columns = ["ListUnitPrice", "PricingQuantity", "PricingUnit", "ListCost", "x_CostSource", "x_EventId"];
    assert_eq!(shown(&rows[0], &columns), ["1", "0.0012345", "US Dollars", "0.0012345", "reported", "a"]);
}

#[test]
fn a_charge_of_another_price_than_holds_now_keeps_its_own_unit_price() {
    let (old, _) = books(vec![price("4", "16")], 0);
    let (charged, listed) = books(vec![price("2", "8")], 0);
    let event = event("a", "gpt-x", 1_000, 0);
    let charge = rating::rate(&old, &event);
    let mut export = Export::new("acme", Detail::Hour);
    export.add(&entry(event, charge, Kind::Charge, None), &charged, &listed);
    let rows: Vec<Row> = export.rows().collect();
    assert_eq!(shown(&rows[0], &["ListUnitPrice", "ListCost", "BilledCost"]), ["4", "0.004", "0.004"]);
}

#[test]
fn a_unit_is_a_row_of_its_own_at_the_price_of_one() {
    let (charged, listed) = books(vec![price("2", "8")], 0);
    let mut event = event("a", "gpt-x", 500, 0);
    let seconds: purser_domain::unit::Quantity = "12.5".parse().expect("a literal");
    event.units.insert("audio_seconds".to_owned(), seconds);
    let mut charge = rating::rate(&charged, &event_without_units(&event));
    // 12.5 seconds at 0.0002.
    charge.unit_amounts.insert("audio_seconds".to_owned(), Money::from_pico(2_500_000_000));
    charge.rated_usd = Some(Money::from_pico(3_500_000_000));
    let mut export = Export::new("acme", Detail::Day).with_invoice(Some("{tenant}-{provider}-{month}".to_owned()));
    export.add(&entry(event, charge, Kind::Charge, None), &charged, &listed);
    let rows: Vec<Row> = export.rows().collect();
    let columns =
        ["SkuMeter", "ListUnitPrice", "PricingQuantity", "PricingUnit", "ListCost", "BilledCost", "InvoiceId"];
    assert_eq!(
        shown(&rows[1], &columns),
        ["Audio Seconds", "0.0002", "12.5", "Audio Seconds", "0.0025", "0.0025", "acme-openai-2026-11"]
    );
    assert_eq!(shown(&rows[0], &["SkuMeter", "BilledCost"]), ["Input Tokens", "0.001"]);
}

fn event_without_units(event: &UsageEvent) -> UsageEvent {
    UsageEvent { units: purser_domain::unit::Units::new(), ..event.clone() }
}

#[test]
fn a_reported_cost_that_is_preferred_is_billed() {
    let (charged, listed) = books(vec![price("2", "8")], 0);
    let event = UsageEvent { reported_usd: Some(Money::from_cents(3)), ..event("a", "gpt-x", 500, 0) };
    let rated = rating::rate(&charged, &event);
    let charge = Charge { amounts: Default::default(), prefers_reported: true, ..rated };
    let mut export = Export::new("acme", Detail::Day);
    export.add(&entry(event, charge, Kind::Charge, None), &charged, &listed);
    let rows: Vec<Row> = export.rows().collect();
    assert_eq!(shown(&rows[0], &["BilledCost", "x_CostSource"]), ["0.03", "reported"]);
}

#[test]
fn each_version_has_its_own_columns_and_people_know_the_names() {
    let names = |version: row::Version| -> Vec<&str> {
        version.columns().into_iter().map(|index| row::COLUMNS[index].0).collect()
    };
    let (old, new) = (names(row::Version::V1_2), names(row::Version::V1_4));
    let only = |a: &[&'static str], b: &[&str]| -> Vec<&'static str> {
        a.iter().copied().filter(|name| !b.contains(name)).collect()
    };
    assert_eq!(only(&old, &new), ["ProviderName", "PublisherName"]);
    assert_eq!(only(&new, &old), ["HostProviderName", "ServiceProviderName"]);
    let (charged, listed) = books(vec![price("2", "8")], 0);
    let event = event("a", "gpt-x", 500, 100);
    let charge = rating::rate(&charged, &event);
    let mut export = Export::new("acme", Detail::Day);
    export.add(&entry(event, charge, Kind::Charge, None), &charged, &listed);
    let rows: Vec<Row> = export.rows().collect();
    assert_eq!(
        shown(&rows[0], &["ServiceProviderName", "ProviderName", "ServiceName", "x_Provider"]),
        ["OpenAI", "OpenAI", "OpenAI API", "openai"]
    );
    // A cache action stands on input only.
    let details: Vec<String> = rows.iter().flat_map(|row| shown(row, &["SkuPriceDetails"])).collect();
    let keys = r#""x_ModelId":"gpt-x","x_ServiceTier":"standard""#;
    assert_eq!(
        details,
        [
            format!(r#"{{{keys},"x_TokenCacheAction":"Uncached","x_TokenDirection":"Input"}}"#),
            format!(r#"{{{keys},"x_TokenDirection":"Output"}}"#)
        ]
    );
}
