//! What a dry run would charge, by provider and model: as a table and as JSON.

use purser_service::ingest::{ByModel, ModelSum};
use serde_json::{Value, json};

use crate::output::{self, Column, grouped, usd};

/// Adds the sums of a request.
pub(super) fn absorb(all: &mut ByModel, some: &ByModel) {
    for (model, sum) in some {
        all.entry(model.clone()).or_default().absorb(sum);
    }
}

/// The sums, a row per model, in the order of their cost.
pub(super) fn table(all: &ByModel) -> anyhow::Result<()> {
    let columns = [
        Column::Text("Provider"),
        Column::Text("Model"),
        Column::Number("Events"),
        Column::Number("Requests"),
        Column::Number("Input"),
        Column::Number("Output"),
        Column::Number("Cost"),
        Column::Number("Reported"),
        Column::Text("Unpriced"),
    ];
    let mut rows: Vec<_> = all.iter().collect();
    rows.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.cost));
    let rows = rows.into_iter().map(|((provider, model), sum)| {
        let count = |number: u64| grouped(number.into());
        vec![
            provider.clone(),
            model.clone(),
            count(sum.events),
            count(sum.requests),
            count(sum.input_tokens),
            count(sum.output_tokens),
            if is_unpriced(sum) { "unpriced".to_owned() } else { usd(sum.cost) },
            count(sum.reported),
            reasons(sum),
        ]
    });
    Ok(output::table(&columns, rows)?)
}

/// The sums as JSON.
pub(super) fn json(all: &ByModel) -> Vec<Value> {
    let row = |((provider, model), sum): (&(String, String), &ModelSum)| {
        json!({
            "provider": provider,
            "model": model,
            "events": sum.events,
            "requests": sum.requests,
            "input_tokens": sum.input_tokens,
            "output_tokens": sum.output_tokens,
            "cost_usd": (!is_unpriced(sum)).then_some(sum.cost),
            "reported": sum.reported,
            "unpriced": sum.unpriced,
        })
    };
    all.iter().map(row).collect()
}

fn is_unpriced(sum: &ModelSum) -> bool {
    sum.unpriced.values().sum::<u64>() == sum.events
}

/// `3 unknown_model, 1 no_rate_for_leaf`
fn reasons(sum: &ModelSum) -> String {
    let reasons: Vec<String> =
        sum.unpriced.iter().map(|(reason, count)| format!("{} {reason}", grouped((*count).into()))).collect();
    reasons.join(", ")
}
