//! An answer cut into hours by the tenant's calendar, put together again in another zone's buckets.
//! Invariant: sums stay exact, because only zones whose buckets start on the tenant's hours are taken.

use std::collections::HashMap;

use purser_domain::time::{Calendar, Grain, Window};
use purser_domain::usage_event::FieldError;
use purser_domain::usage_query::{Answer, Row};

/// The most hours that the service answers at once.
const HOURS_MAX: usize = purser_service::usage_query::BUCKETS_MAX;

/// Whether hours of `own` make up the buckets of `other` exactly.
///
/// # Errors
/// Names the zone when they do not, or when there would be too many.
pub(crate) fn check(own: &Calendar, other: &Calendar, window: Window, grain: Grain) -> Result<(), FieldError> {
    let name = other.zone.iana_name().unwrap_or_default();
    if other.buckets(window, grain).any(|start| own.floor(start, Grain::Hour) != start) {
        let tenants = own.zone.iana_name().unwrap_or_default();
        let reason = format!("does not share its hours with the tenant's zone, {tenants}");
        return Err(FieldError::new("zone", name, reason));
    }
    if own.buckets(window, Grain::Hour).nth(HOURS_MAX).is_some() {
        let reason = format!("is not the tenant's: the range may have at most {} days then", HOURS_MAX / 24);
        return Err(FieldError::new("zone", name, reason));
    }
    Ok(())
}

/// Adds up the hours of `answer` in the buckets of `calendar`.
pub(crate) fn rebucket(answer: Answer, calendar: &Calendar, grain: Grain) -> Answer {
    let mut places: HashMap<(_, Vec<Option<String>>, bool), usize> = HashMap::new();
    let mut rows: Vec<Row> = Vec::new();
    for mut row in answer.rows {
        row.bucket = row.bucket.map(|start| calendar.floor(start, grain));
        let place = *places.entry((row.bucket, row.keys.clone(), row.other)).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(sum) => sum.totals.add(&row.totals),
            None => rows.push(row),
        }
    }
    Answer { rows, ..answer }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use purser_domain::money::Money;
    use purser_domain::time::Timestamp;
    use purser_domain::usage_query::Totals;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal of this test")
    }

    fn calendar(zone: &str) -> Calendar {
        Calendar { zone: TimeZone::get(zone).expect("bundled zone"), ..Calendar::default() }
    }

    fn row(bucket: &str, cents: i64) -> Row {
        let totals = Totals { cost: Money::from_cents(cents), charged: 1, priced: 1, ..Totals::default() };
        Row { bucket: Some(at(bucket)), keys: vec![Some("gpt-5".to_owned())], other: false, totals }
    }

    #[test]
    fn hours_add_up_to_the_other_zones_days() {
        let rows =
            vec![row("2026-11-19T22:00:00Z", 100), row("2026-11-19T23:00:00Z", 20), row("2026-11-20T22:00:00Z", 3)];
        let answer = Answer { rows, total: Totals::default(), as_of: at("2026-11-21T00:00:00Z"), newest: None };
        let days = rebucket(answer, &calendar("Europe/Berlin"), Grain::Day).rows;
        let found: Vec<_> = days.iter().map(|row| (row.bucket, row.totals.cost)).collect();
        assert_eq!(
            found,
            [
                (Some(at("2026-11-18T23:00:00Z")), Money::from_cents(100)),
                (Some(at("2026-11-19T23:00:00Z")), Money::from_cents(23)),
            ]
        );
    }

    #[test]
    fn zones_whose_days_start_within_an_hour_of_the_tenants_are_refused() {
        let window = Window { from: at("2026-11-19T18:30:00Z"), to: at("2026-11-20T18:30:00Z") };
        let error = check(&calendar("UTC"), &calendar("Asia/Kolkata"), window, Grain::Day).expect_err("18:30Z");
        assert_eq!(
            error.to_string(),
            r#"zone: does not share its hours with the tenant's zone, UTC (got "Asia/Kolkata")"#
        );
        assert_eq!(check(&calendar("Asia/Kolkata"), &calendar("Asia/Kolkata"), window, Grain::Day), Ok(()));
    }
}
