//! Builds the shipped price file and the report of differences from two foreign catalogues.
//!
//! `prices_build GENAI.json LITELLM.json NAMES.txt LITELLM_VERSION YYYY-MM-DD OUT_DIR`

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use purser_domain::price::{Price, Rate, Severity, Tier};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_engine::price_check;
use purser_engine::price_diff::Diff;
use purser_engine::price_merge;
use purser_ingest::price_catalogue::{KnownNames, Origin};
use purser_ingest::{price_file, price_genai, price_litellm};

/// Sellers of genai-prices that are left out for size; `prices import` can add them.
const LEFT_OUT: [&str; 2] = ["quicksilverpro", "doubleword"];

/// Sellers of text that litellm alone knows and that ship. Of the other ones only what is billed by a unit ships: with
/// all resellers of a model in the book, its name alone would name no price.
const ADDED: [&str; 7] =
    ["ai21", "azure.ai.inference", "dashscope", "deepinfra", "hyperbolic", "ibm.watsonx.ai", "sambanova"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [genai, litellm, names, litellm_version, retrieved, out] = arguments.as_slice() else {
        return Err("prices_build GENAI.json LITELLM.json NAMES.txt LITELLM_VERSION YYYY-MM-DD OUT_DIR".into());
    };
    let at: Timestamp = format!("{retrieved}T00:00:00Z").parse()?;
    let origin = |catalogue: String| Origin { catalogue, retrieved: retrieved.clone() };
    let from_litellm = price_litellm::convert(&read(litellm)?, &origin(format!("litellm {litellm_version}")))?;
    let mut known = KnownNames::parse(&read(names)?)?;
    known.add_others(&from_litellm.prices);
    let from_genai = price_genai::convert(&read(genai)?, &origin("genai-prices".to_owned()), &known)?;
    let keep =
        |price: &&Price| !LEFT_OUT.contains(&price.provider.as_str()) && !price.provider.starts_with("huggingface_");
    let preferred: Vec<Price> = from_genai.prices.iter().filter(keep).cloned().collect();
    let sold: BTreeSet<&str> = preferred.iter().map(|price| price.provider.as_str()).chain(ADDED).collect();
    let ships = |price: &&Price| sold.contains(price.provider.as_str()) || is_billed_by_unit(price);
    let other: Vec<Price> = from_litellm.prices.iter().filter(ships).cloned().collect();

    let merged = price_merge::merge(&preferred, &other, at);
    let errors: Vec<_> =
        price_check::check(&merged.prices).into_iter().filter(|finding| finding.severity != Severity::Note).collect();
    for finding in errors.iter().chain(&from_genai.findings).chain(&from_litellm.findings) {
        if finding.severity != Severity::Note {
            eprintln(&finding.to_string());
        }
    }
    let file = price_file::write(&merged.prices);
    write(Path::new(out), "prices.jsonl", &file)?;
    write(Path::new(out), "price-differences.md", &report(&merged.diff, retrieved))?;
    let models: BTreeSet<(&str, &str)> =
        merged.prices.iter().map(|price| (price.provider.as_str(), price.model.as_str())).collect();
    let mut per_provider: BTreeMap<&str, usize> = BTreeMap::new();
    for (provider, _) in &models {
        *per_provider.entry(provider).or_default() += 1;
    }
    eprintln(&format!("{per_provider:?}"));
    eprintln(&format!(
        "{} prices of {} models of {} providers, {} bytes; {} service tiers added, {} rates filled; {} agree, {} rates differ",
        merged.prices.len(),
        models.len(),
        per_provider.len(),
        file.len(),
        merged.tiers_added,
        merged.filled,
        merged.diff.agreeing.len(),
        merged.diff.differences.iter().filter(|difference| difference.is_contradiction()).count(),
    ));
    if errors.is_empty() {
        Ok(())
    } else {
        Err("the merged prices have errors or oddities that nobody has argued".into())
    }
}

/// Whether units are all that has a price.
fn is_billed_by_unit(price: &Price) -> bool {
    let token = |tier: &Tier| Leaf::ALL.into_iter().any(|leaf| leaf.is_token() && tier.rates[leaf as usize].is_some());
    price.tiers.iter().all(|tier| !tier.units.is_empty() && !token(tier))
}

#[expect(clippy::disallowed_methods, reason = "an example is a program, not the engine")]
fn read(path: &str) -> Result<String, Box<dyn Error>> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}").into())
}

#[expect(clippy::disallowed_methods, reason = "an example is a program, not the engine")]
fn write(folder: &Path, name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(folder.join(name), text)?)
}

#[expect(clippy::print_stderr, reason = "an example is a program, not the engine")]
fn eprintln(line: &str) {
    eprintln!("{line}");
}

/// The contradictions as a table per provider.
fn report(diff: &Diff, retrieved: &str) -> String {
    let mut text = format!(
        "# Where the catalogues disagree\n\n\
         `genai-prices` (shipped) against `litellm` (not shipped), both read on {retrieved}, in US dollars per\n\
         million tokens and per call, as `prices diff` compares them: at that date, after fallback. {} models\n\
         agree. Made by `data/update`; do not edit.\n",
        diff.agreeing.len()
    );
    let mut provider = "";
    for difference in diff.differences.iter().filter(|difference| difference.is_contradiction()) {
        if difference.provider != provider {
            provider = &difference.provider;
            let _ = write!(
                text,
                "\n## {provider}\n\n| model | litellm's name | rate | shipped | litellm |\n|---|---|---|---|---|\n"
            );
        }
        let per_call = difference.field.ends_with("web_searches") || difference.field.ends_with("requests");
        let show = |rate: Option<Rate>| match rate.map(Rate::parts) {
            Some((pico, per)) if per_call => {
                Rate::new(pico, per * 1_000_000).map_or_else(String::new, |rate| rate.to_string())
            }
            Some(_) => rate.map_or_else(String::new, |rate| rate.to_string()),
            None => String::new(),
        };
        let (left, right) = (show(difference.left), show(difference.right));
        let other = if difference.right_model == difference.model { "" } else { &difference.right_model };
        let _ = writeln!(text, "| {} | {other} | {} | {left} | {right} |", difference.model, difference.field);
    }
    text
}
