//! What an observation saw, as JSON text: it must survive, yet not count.

use purser_domain::charge::Charge;
use purser_domain::money::Money;
use purser_domain::unit::Units;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::error::Error;

/// The quantities and amounts of an observation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Observed {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    quantities: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    amounts: BTreeMap<String, Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rated_usd: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reported_usd: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least_usd: Option<Money>,
    #[serde(default, skip_serializing_if = "Units::is_empty")]
    units: Units,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unit_amounts: BTreeMap<String, Money>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    prefers_reported: bool,
}

/// The text for the `observed` column.
pub(super) fn to_text(event: &UsageEvent, charge: &Charge) -> String {
    let amounts = Leaf::ALL.into_iter().zip(charge.amounts);
    let observed = Observed {
        quantities: event.usage.iter().map(|(leaf, quantity)| (leaf.name().to_owned(), quantity)).collect(),
        amounts: amounts.filter_map(|(leaf, amount)| Some((leaf.name().to_owned(), amount?))).collect(),
        rated_usd: charge.rated_usd,
        reported_usd: charge.reported_usd,
        at_least_usd: charge.at_least_usd,
        units: event.units.clone(),
        unit_amounts: charge.unit_amounts.clone(),
        prefers_reported: charge.prefers_reported,
    };
    serde_json::to_string(&observed).expect("maps with text keys always become JSON")
}

/// Puts what `text` holds back into `usage`, `units` and `charge`.
pub(super) fn restore(text: &str, usage: &mut Usage, units: &mut Units, charge: &mut Charge) -> Result<(), Error> {
    let observed: Observed =
        serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("observed {text:?}: {e}")))?;
    let leaf = |name: &str| name.parse::<Leaf>().map_err(Error::Corrupt);
    for (name, quantity) in &observed.quantities {
        usage.set(leaf(name)?, *quantity);
    }
    for (name, amount) in &observed.amounts {
        charge.amounts[leaf(name)? as usize] = Some(*amount);
    }
    charge.rated_usd = observed.rated_usd;
    charge.reported_usd = observed.reported_usd;
    charge.at_least_usd = observed.at_least_usd;
    charge.unit_amounts = observed.unit_amounts;
    charge.prefers_reported = observed.prefers_reported;
    *units = observed.units;
    Ok(())
}
