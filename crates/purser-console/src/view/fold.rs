//! Answers made smaller: fewer dimensions, fewer rows.
//! Invariant: what is folded is summed, so the rows still add up to the total.

use std::cmp::Reverse;
use std::collections::HashMap;

use purser_domain::usage_query::{Answer, Row, Totals};

/// The answer by one of its dimensions alone, the costliest first and the folded rest last.
pub(crate) fn along(answer: &Answer, index: usize) -> Answer {
    let mut groups: HashMap<(bool, Option<String>), Totals> = HashMap::new();
    for row in &answer.rows {
        let key = row.keys.get(index).cloned().flatten();
        groups.entry((row.other, key)).or_default().add(&row.totals);
    }
    let group =
        |((other, key), totals)| Row { bucket: None, keys: if other { Vec::new() } else { vec![key] }, other, totals };
    let mut rows: Vec<Row> = groups.into_iter().map(group).collect();
    sort(&mut rows);
    Answer { rows, ..answer.clone() }
}

/// The `count` costliest rows, and the others as one.
pub(crate) fn leading(rows: &[Row], count: usize) -> Vec<Row> {
    let mut rows = rows.to_vec();
    sort(&mut rows);
    let split = rows.iter().position(|row| row.other).unwrap_or(rows.len()).min(count);
    let others = rows.split_off(split);
    if !others.is_empty() {
        let mut totals = Totals::default();
        others.iter().for_each(|row| totals.add(&row.totals));
        rows.push(Row { bucket: None, keys: Vec::new(), other: true, totals });
    }
    rows
}

fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| {
        let place = |row: &Row| (row.other, Reverse(row.totals.cost), Reverse(row.totals.charged));
        place(a).cmp(&place(b)).then_with(|| a.keys.cmp(&b.keys))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    fn costs(rows: &[Row]) -> Vec<(Option<&str>, bool, String)> {
        let cost = |row: &Row| row.totals.cost.to_string().trim_end_matches('0').to_owned();
        rows.iter().map(|row| (row.keys.first().and_then(Option::as_deref), row.other, cost(row))).collect()
    }

    fn two_dimensions() -> Answer {
        sample::answer(vec![
            sample::row(None, &[Some("azure"), Some("gpt-5")], sample::totals("1", 1, 1, 0)),
            sample::row(None, &[Some("openai"), Some("gpt-5")], sample::totals("2", 1, 1, 0)),
            sample::row(None, &[Some("openai"), None], sample::totals("4", 1, 1, 0)),
            Row { other: true, ..sample::row(None, &[], sample::totals("8", 1, 1, 0)) },
        ])
    }

    #[test]
    fn a_dimension_is_summed_away() {
        let answer = two_dimensions();
        let providers =
            [(Some("openai"), false, "6.".into()), (Some("azure"), false, "1.".into()), (None, true, "8.".into())];
        assert_eq!(costs(&along(&answer, 0).rows), providers);
        let models = [(None, false, "4.".into()), (Some("gpt-5"), false, "3.".into()), (None, true, "8.".into())];
        assert_eq!(costs(&along(&answer, 1).rows), models);
    }

    #[test]
    fn what_does_not_lead_is_one_row() {
        let rows = along(&two_dimensions(), 0).rows;
        assert_eq!(costs(&leading(&rows, 1)), [(Some("openai"), false, "6.".into()), (None, true, "9.".into())]);
        assert_eq!(leading(&rows, 5), rows);
        assert_eq!(leading(&[], 5), []);
    }
}
