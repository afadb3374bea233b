//! The price file: a versioned header line, then one price per line, sorted so that it diffs well.
//! Invariant: `parse(write(prices)) == prices`; every rate is an exact decimal text with a source.

mod line;
mod source_keys;
mod write;

use std::collections::BTreeMap;

use purser_domain::price::{Finding, Price, Severity};
use serde::{Deserialize, Serialize};

use line::PriceLine;
pub use write::write;

/// The format's name, in the header.
pub const FORMAT: &str = "purser-prices";
/// The newest version. Version 1, which is written where it suffices, has leaves only: no units, factors, weekdays,
/// zones or fractions.
pub const VERSION: u32 = 2;

/// The units of the rates, for human readers of the header.
const fn units_told(version: u32) -> &'static str {
    if version == 1 {
        "USD per million tokens; USD each for requests and web_searches"
    } else {
        "USD per million tokens; USD each for requests, web_searches and units"
    }
}

/// The first line: the format, its version, and the catalogues that prices name as their source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    units: String,
    sources: BTreeMap<String, Catalogue>,
}

/// A catalogue, the date on which it was read, and the page if the prices share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    catalogue: String,
    retrieved: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Reads a price file.
///
/// # Errors
/// Every line that is wrong, each with its number: the file is read whole or not at all.
pub fn parse(bytes: &[u8]) -> Result<Vec<Price>, Vec<Finding>> {
    let refuse = |line: usize, message: String| Finding::new(Severity::Error, format!("line {line}"), message);
    let text = std::str::from_utf8(bytes).map_err(|error| vec![refuse(1, format!("is not UTF-8: {error}"))])?;
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let (_, first) = lines.next().ok_or_else(|| vec![refuse(1, "the header is missing".to_owned())])?;
    let header = parse_header(first).map_err(|message| vec![refuse(1, message)])?;
    let mut prices = Vec::new();
    let mut findings = Vec::new();
    for (number, line) in lines {
        let price = serde_json::from_str::<PriceLine>(line)
            .map_err(|error| vec![error.to_string()])
            .and_then(|line| line.into_price(&header.sources));
        match price {
            Ok(price) => prices.push(price),
            Err(messages) => findings.extend(messages.into_iter().map(|message| refuse(number, message))),
        }
    }
    if findings.is_empty() { Ok(prices) } else { Err(findings) }
}

fn parse_header(line: &str) -> Result<Header, String> {
    let header: Header = serde_json::from_str(line).map_err(|error| format!("the header is wrong: {error}"))?;
    if header.format != FORMAT {
        return Err(format!("the format is {:?}, not {FORMAT:?}", header.format));
    }
    if !(1..=VERSION).contains(&header.version) {
        return Err(format!("version {} is not known, only 1 to {VERSION}", header.version));
    }
    let units = units_told(header.version);
    if header.units != units {
        return Err(format!("the units are {:?}, not {units:?}", header.units));
    }
    for (key, source) in &header.sources {
        if source.retrieved.parse::<jiff::civil::Date>().is_err() {
            return Err(format!("source {key:?} was retrieved {:?}, which is not a date", source.retrieved));
        }
        if source.catalogue.is_empty() {
            return Err(format!("source {key:?} has no catalogue"));
        }
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
