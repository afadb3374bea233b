//! The name of a price: a short hash of what it charges.
//! Invariant: where and when a rate was read, other names and the end of validity do not change it.

use std::fmt::Write as _;

use purser_domain::price::{Price, Weekdays};
use purser_domain::usage::Leaf;

/// `pv_` and 16 hex digits: XXH3-64 of provider, model, start, times of the week, rates by tier and factors.
#[must_use]
pub fn version(price: &Price) -> String {
    let mut text = format!("1|{}|{}|", price.provider, price.model);
    write_into(&mut text, format_args!("{:?}|", price.effective_from.map(|from| from.micros())));
    write_into(&mut text, format_args!("{:?}", price.daily.as_ref().map(|daily| (daily.from_minute, daily.to_minute))));
    let mut tiers: Vec<_> = price.tiers.iter().collect();
    tiers.sort_by(|a, b| (&a.service_tier, a.over_input_tokens).cmp(&(&b.service_tier, b.over_input_tokens)));
    for tier in tiers {
        write_into(&mut text, format_args!("|{}>{}", tier.service_tier, tier.over_input_tokens));
        for leaf in Leaf::ALL {
            if let Some(rate) = tier.rates[leaf as usize] {
                let (pico, per) = rate.parts();
                write_into(&mut text, format_args!(",{leaf}={pico}/{per}"));
            }
        }
        for (unit, rate) in &tier.units {
            let (pico, per) = rate.parts();
            write_into(&mut text, format_args!(",unit {unit}={pico}/{per}"));
        }
    }
    write_conditions(&mut text, price);
    format!("pv_{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

/// What a price without them does not mention, so that its name stays.
fn write_conditions(text: &mut String, price: &Price) {
    if let Some(daily) = &price.daily {
        if daily.weekdays != Weekdays::ALL {
            write_into(text, format_args!("|weekdays {}", daily.weekdays));
        }
        if let Some(zone) = daily.zone_name() {
            write_into(text, format_args!("|zone {zone}"));
        }
        if let Some(day) = daily.first_day {
            write_into(text, format_args!("|first day {day}"));
        }
    }
    let mut factors: Vec<String> = price.factors.iter().map(ToString::to_string).collect();
    factors.sort();
    for factor in factors {
        write_into(text, format_args!("|factor {factor}"));
    }
}

fn write_into(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String never fails");
}
