//! Statistics as files: CSV with frozen headers, JSON as the read answers it.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use purser_api::analytics::{CostStatistics, UsageStatistics};
use purser_domain::money::{Money, PICO_PER_USD};
use purser_service::error::Error;

use crate::failure::Reply;

/// A reply that browsers save as `name`.
pub(crate) fn attachment(bytes: impl Into<Body>, kind: &'static str, name: &str) -> Response {
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// The same body as the read, as a file.
pub(crate) fn json(body: &impl serde::Serialize, name: &str) -> Reply<Response> {
    let bytes = serde_json::to_vec(body).map_err(|error| Error::internal(&error))?;
    Ok(attachment(bytes, "application/json", name))
}

/// `timestamp,requests,compute_units,tokens`
pub(crate) fn usage_csv(statistics: &UsageStatistics) -> String {
    let mut csv = "timestamp,requests,compute_units,tokens\n".to_owned();
    for point in &statistics.series {
        let totals = &point.totals;
        let _ = writeln!(csv, "{},{},{},{}", point.ts, totals.requests, totals.compute_units, totals.tokens);
    }
    csv
}

/// `timestamp,spend_cents,requests,input_tokens,output_tokens`; cents with the decimals they have.
pub(crate) fn cost_csv(statistics: &CostStatistics) -> String {
    let mut csv = "timestamp,spend_cents,requests,input_tokens,output_tokens\n".to_owned();
    for point in &statistics.series {
        let totals = &point.totals;
        let cents = exact_cents(totals.spend_usd);
        let _ =
            writeln!(csv, "{},{cents},{},{},{}", point.ts, totals.requests, totals.input_tokens, totals.output_tokens);
    }
    csv
}

fn exact_cents(amount: Money) -> String {
    let pico_per_cent = (PICO_PER_USD / 100).unsigned_abs();
    let (sign, pico) = (if amount < Money::ZERO { "-" } else { "" }, amount.pico().unsigned_abs());
    let fraction = format!("{:010}", pico % pico_per_cent);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", pico / pico_per_cent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_keep_their_decimals() {
        for (usd, cents) in [("0.003", "0.3"), ("1.23", "123"), ("-0.000000000001", "-0.0000000001"), ("0", "0")] {
            assert_eq!(exact_cents(usd.parse().expect("a literal of this test")), cents);
        }
    }
}
