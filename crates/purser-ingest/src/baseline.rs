//! Records of a baseline from before provenance was kept: a JSON array, one object, or NDJSON; strict.
//! Invariant: every bad field of every record is reported, by its path and with its value.

use purser_domain::money::Money;
use purser_domain::provenance::{Baseline, PAYLOAD_BYTES_MAX};
use purser_domain::tenant::TenantId;
use purser_domain::time::ParseTimestampError;
use purser_domain::unique_json::Unique;
use purser_domain::usage_event::{FieldError, unfit};
use serde_json::Value;

use crate::cost_record::dollars;
use crate::decoded::{ERRORS_MAX, Unreadable};
use crate::field::shown;
use crate::json;

/// Decodes records of `tenant`: those that can be used, and what is wrong with the others.
///
/// # Errors
/// When the text is no JSON, or too large, too deep or too long.
pub fn decode(text: &[u8], tenant: &TenantId) -> Result<(Vec<Baseline>, Vec<FieldError>), Unreadable> {
    let (mut baselines, mut errors) = (Vec::new(), Vec::new());
    let items = json::items(text)?;
    let is_one = items.len() == 1 && text.trim_ascii_start().starts_with(b"{");
    for (index, item) in items.into_iter().enumerate() {
        let place = if is_one { String::new() } else { format!("[{index}].") };
        let mut reader = Reader::new();
        let is_object = json::fields(item, |name, value| reader.field(&name, value, tenant))?;
        if is_object {
            baselines.extend(reader.finish(&place, &mut errors));
        } else {
            errors.push(FieldError::new(format!("[{index}]"), &shown(item), "must be an object"));
        }
        if errors.len() >= ERRORS_MAX {
            errors.truncate(ERRORS_MAX);
            break;
        }
    }
    Ok((baselines, errors))
}

const FIELDS: [&str; 7] = ["run_id", "tenant_id", "cost_usd", "cost_cents", "input_hash", "payload", "created_at"];

struct Reader {
    given: Vec<&'static str>,
    cost: Option<Money>,
    baseline: Baseline,
    errors: Vec<FieldError>,
}

impl Reader {
    fn new() -> Self {
        let baseline =
            Baseline { run_id: None, cost: Money::ZERO, input_hash: None, payload: Value::Null, created_at: None };
        Self { given: Vec::new(), cost: None, baseline, errors: Vec::new() }
    }

    fn field(&mut self, name: &str, value: &str, tenant: &TenantId) {
        if self.errors.len() >= ERRORS_MAX {
            return;
        }
        let outcome = match FIELDS.into_iter().find(|field| *field == name) {
            None => Err("is not a field of a baseline".to_owned()),
            Some(field) if self.given.contains(&field) => Err("is given twice".to_owned()),
            Some(field) => {
                self.given.push(field);
                if value == "null" { Ok(()) } else { self.set(field, value, tenant) }
            }
        };
        if let Err(reason) = outcome {
            self.errors.push(FieldError::new(name, &shown(value), reason));
        }
    }

    fn set(&mut self, name: &str, value: &str, tenant: &TenantId) -> Result<(), String> {
        let text =
            || json::string(value).map(std::borrow::Cow::into_owned).ok_or_else(|| "must be a string".to_owned());
        let number = || json::string(value).map_or_else(|| value.to_owned(), std::borrow::Cow::into_owned);
        let baseline = &mut self.baseline;
        match name {
            "run_id" => baseline.run_id = Some(run_id(text()?)?),
            "tenant_id" if text()? != tenant.as_str() => return Err(format!("must be {tenant}")),
            "cost_usd" | "cost_cents" if self.cost.is_some() => {
                return Err("cannot be given with the other cost".to_owned());
            }
            "cost_usd" => {
                let parsed =
                    Money::parse_rounded(&number()).map_err(|_| "must be a decimal number of dollars".to_owned());
                self.cost = Some(fitting(parsed?)?);
            }
            "cost_cents" => self.cost = Some(fitting(dollars(&number())?)?),
            "input_hash" => baseline.input_hash = Some(text()?.parse()?),
            "created_at" => {
                let at = text()?.parse().map_err(|error: ParseTimestampError| error.to_string());
                baseline.created_at = Some(at?);
            }
            "payload" if value.len() > PAYLOAD_BYTES_MAX => {
                return Err(format!("is longer than {PAYLOAD_BYTES_MAX} bytes"));
            }
            "payload" => baseline.payload = serde_json::from_str::<Unique>(value).map_err(|error| error.to_string())?.0,
            _ => {}
        }
        Ok(())
    }

    fn is_refused(&self, name: &str) -> bool {
        self.errors.iter().any(|error| error.field == name)
    }

    fn finish(mut self, place: &str, errors: &mut Vec<FieldError>) -> Option<Baseline> {
        if self.cost.is_none() && !self.is_refused("cost_usd") && !self.is_refused("cost_cents") {
            self.errors.push(FieldError::new("cost_cents", "", "is required, or cost_usd"));
        }
        let names_no_input = self.baseline.input_hash.is_none() && self.baseline.payload.is_null();
        if names_no_input && !self.is_refused("input_hash") && !self.is_refused("payload") {
            self.errors.push(FieldError::new("input_hash", "", "is required without a payload"));
        }
        if self.errors.is_empty() {
            return Some(Baseline { cost: self.cost?, ..self.baseline });
        }
        errors.extend(
            self.errors.into_iter().map(|error| FieldError { field: format!("{place}{}", error.field), ..error }),
        );
        None
    }
}

fn run_id(text: String) -> Result<String, String> {
    match unfit(&text) {
        _ if text.is_empty() => Err("must not be empty".to_owned()),
        Some(reason) => Err(reason.to_owned()),
        None => Ok(text),
    }
}

fn fitting(cost: Money) -> Result<Money, String> {
    match cost {
        cost if cost < Money::ZERO => Err("must not be negative".to_owned()),
        cost if !cost.fits_charge() => Err("must be below 1,000,000 USD".to_owned()),
        cost => Ok(cost),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn acme() -> TenantId {
        "acme".parse().expect("a tenant id")
    }

    #[test]
    fn a_record_is_read_in_either_unit_and_written_as_it_is_read() {
        let hash = "ab".repeat(32);
        let lines = format!(
            "{{\"run_id\":\"r1\",\"tenant_id\":\"acme\",\"cost_cents\":12.5,\"input_hash\":\"{hash}\",\"payload\":{{\"plan\":[1]}}}}\n\
             {{\"cost_usd\":0.0200000000000001,\"created_at\":\"2026-11-01T00:00:00Z\",\"run_id\":null,\"input_hash\":\"{hash}\"}}\n"
        );
        let (found, errors) = decode(lines.as_bytes(), &acme()).expect("it is JSON");
        assert_eq!(errors, []);
        assert_eq!(found[0].cost, "0.125".parse().expect("an amount"));
        assert_eq!((found[0].run_id.as_deref(), &found[0].payload), (Some("r1"), &json!({"plan": [1]})));
        assert_eq!(found[0].input_hash.map(|hash| hash.to_string()), Some(hash));
        assert_eq!((found[1].cost, &found[1].payload), (Money::from_cents(2), &Value::Null));
        assert_eq!(found[1].created_at.map(|at| at.to_string()).as_deref(), Some("2026-11-01T00:00:00Z"));
        let again = serde_json::to_vec(&found).expect("it is JSON");
        assert_eq!(decode(&again, &acme()), Ok((found, Vec::new())));
    }

    #[test]
    fn every_bad_field_is_named_with_its_place() {
        let body = json!([
            {"cost_cents": 1, "payload": 1},
            {"tenant_id": "globex", "cost_cents": "much", "input_hash": "ab", "created_at": "2026-11-01", "colour": 1},
            {"cost_cents": 1, "cost_usd": 1, "payload": 1},
            {"run_id": 7, "payload": 1},
            3,
            {"run_id": "", "cost_usd": -1},
            {"cost_cents": 1e9, "payload": null}
        ]);
        let (found, errors) = decode(body.to_string().as_bytes(), &acme()).expect("it is JSON");
        assert_eq!(found.len(), 1);
        let mut fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        fields.sort_unstable();
        let expected = [
            "[1].colour",
            "[1].cost_cents",
            "[1].created_at",
            "[1].input_hash",
            "[1].tenant_id",
            "[2].cost_usd",
            "[3].cost_cents",
            "[3].run_id",
            "[4]",
            "[5].cost_usd",
            "[5].input_hash",
            "[5].run_id",
            "[6].cost_cents",
            "[6].input_hash",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_payload_that_names_a_key_twice_is_refused() {
        let (found, errors) = decode(br#"{"cost_cents":1,"payload":{"a":1,"a":2}}"#, &acme()).expect("it is JSON");
        assert!(found.is_empty() && errors[0].field == "payload", "{errors:?}");
        assert!(decode(b"{", &acme()).is_err());
    }
}
