//! The name of a price: a short hash of what it charges.
//! Invariant: where and when a rate was read, other names and the end of validity do not change it.

use std::fmt::Write as _;

use purser_domain::price::Price;
use purser_domain::usage::Leaf;

/// `pv_` and 16 hex digits: XXH3-64 of provider, model, start, daily window and rates by tier.
#[must_use]
pub fn version(price: &Price) -> String {
    let mut text = format!("1|{}|{}|", price.provider, price.model);
    write_into(&mut text, format_args!("{:?}|", price.effective_from.map(|from| from.micros())));
    write_into(&mut text, format_args!("{:?}", price.daily.map(|daily| (daily.from_minute, daily.to_minute))));
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
    }
    format!("pv_{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

fn write_into(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String never fails");
}
