//! Cursor's usage events, as its dashboard exports them: with the four counts since the end of 2025, one sum before.

use purser_domain::money::Money;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::Status;

use super::{Cells, Layout};
use crate::decoded::Decoded;
use crate::field::Field;
use crate::file::Draft;
use crate::file::csv::cell;

const WITH_WRITES: &str = "input (w/ cache write)";
const WITHOUT_WRITES: &str = "input (w/o cache write)";

pub(super) const EVENTS: Layout = Layout {
    marks: &[&["date", "model", WITHOUT_WRITES, "cache read"], &["date", "kind", "model", "tokens"]],
    columns: &[
        "date",
        "user",
        "cloud agent id",
        "automation id",
        "kind",
        "model",
        "max mode",
        "provider",
        "request type",
        "requests",
        WITH_WRITES,
        WITHOUT_WRITES,
        "cache read",
        "output tokens",
        "output",
        "total tokens",
        "tokens",
        "cost",
        "cost ($)",
        "cost to you",
    ],
    fill: event,
};

fn event(cells: &mut Cells<'_>, draft: &mut Draft, decoded: &mut Decoded) -> bool {
    cells.set(draft, Field::OccurredAt, &["date"]);
    cells.set(draft, Field::Model, &["model"]);
    counts(cells, draft, decoded);
    cost(cells, draft, decoded);
    cells.set(draft, Field::UserId, &["user"]);
    for (key, columns) in [
        ("kind", &["kind"][..]),
        ("max_mode", &["max mode"]),
        ("cloud_agent", &["cloud agent id"]),
        ("automation", &["automation id"]),
    ] {
        cells.tag(draft, key, columns);
    }
    true
}

/// The two inputs stand beside each other where the total is the sum of all four counts; else the one with writes
/// contains the other.
fn counts(cells: &mut Cells<'_>, draft: &mut Draft, decoded: &mut Decoded) {
    let (with, without) = (cells.count(WITH_WRITES), cells.count(WITHOUT_WRITES));
    let (cached, output) = (cells.count("cache read"), cells.count("output tokens") + cells.count("output"));
    let total = cells.count("total tokens");
    let is_beside = with < without || total == with + without + cached + output;
    let usage = &mut draft.event.usage;
    usage.set(Leaf::Input, without);
    usage.set(Leaf::CacheWrite5m, if is_beside { with } else { with - without });
    usage.set(Leaf::CacheRead, cached);
    usage.set(Leaf::Output, output);
    if cells.count("tokens") > 0 {
        decoded.find("rows have one sum of tokens, without input and output: they cannot be rated");
    }
}

/// `Included` and `Free` are no amounts; what was not charged cost nothing.
fn cost(cells: &mut Cells<'_>, draft: &mut Draft, decoded: &mut Decoded) {
    let kind = cells.text("kind").unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("errored") || kind.starts_with("aborted") {
        draft.event.status = Status::Error;
    }
    let columns = ["cost", "cost ($)", "cost to you"];
    match cells.first(&columns) {
        Some((_, cell)) if cell.bytes().any(|byte| byte.is_ascii_digit()) => {
            cells.set(draft, Field::CostUsd, &columns);
        }
        _ if kind.contains("no charge") || kind.contains("not charged") => {
            draft.event.reported_usd = Some(Money::ZERO);
        }
        Some((_, word)) if cell::is_without_amount(word) => decoded.find(cell::without_amount(word)),
        _ => {
            cells.set(draft, Field::CostUsd, &columns);
        }
    }
}
