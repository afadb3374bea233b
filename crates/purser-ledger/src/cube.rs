//! Cubes: sums of one lake file by tenant, perhaps by hour, and a few dimensions. Files never change, so cubes stay true.
//!
//! Invariant: an answer from cubes equals the answer from the rows; where no cube covers a question, rows are read.

mod build;
mod cells;
mod store;

use purser_domain::time::{Calendar, Grain, Timestamp};
use purser_domain::usage_query::{Dimension, INPUT_SIZES, Metric, Query};

use crate::lake::LakeFile;
pub(crate) use build::{build_missing, build_when_idle};
pub(crate) use cells::Cells;
pub(crate) use store::CubeStore;

const HOUR_MICROS: i64 = 3_600_000_000;

/// What a cube is cut by, besides the tenant.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// Names its file.
    pub(crate) name: &'static str,
    /// By UTC hour, or by the file's whole day.
    pub(crate) hourly: bool,
    /// By these columns.
    pub(crate) columns: &'static [&'static str],
}

/// The column that tells calls apart by the size of their input: how many of [`INPUT_SIZES`] it is above. Questions about
/// other sizes read rows.
const INPUT_SIZE: &str = "input_size";

/// Every cube of a file; for a question, the first that covers it is taken.
pub(crate) static SHAPES: [Shape; 6] = [
    Shape { name: "model", hourly: false, columns: &["provider", "model", "status"] },
    Shape { name: "hour", hourly: true, columns: &["provider", "model"] },
    Shape { name: "feature", hourly: false, columns: &["feature_tag", "project", "environment", "model"] },
    Shape { name: "user", hourly: false, columns: &["user_id"] },
    Shape { name: "agent", hourly: false, columns: &["agent", "skill", "source", "operation", "service_tier"] },
    Shape {
        name: "price",
        hourly: false,
        columns: &["feature_tag", "provider", "model", "response_model", "service_tier", INPUT_SIZE],
    },
];

/// The column of a cube that holds a dimension, if one may.
fn column(dimension: &Dimension) -> Option<&'static str> {
    match dimension {
        Dimension::InputSize(sizes) => sizes.iter().all(|size| INPUT_SIZES.contains(size)).then_some(INPUT_SIZE),
        other => other.column(),
    }
}

/// What a value of a cube's column is called by a question about `dimension`.
fn named(dimension: &Dimension, value: &Option<String>) -> Option<String> {
    let (Dimension::InputSize(sizes), Some(above)) = (dimension, value) else { return value.clone() };
    let above = INPUT_SIZES.iter().take(above.parse().unwrap_or(0));
    Some(above.filter(|size| sizes.contains(size)).count().to_string())
}

/// The cube of `file` that answers `query`, if any: its columns are there, its hours fit, and nothing in the file was
/// received after `as_of`.
pub(crate) fn covering(file: &LakeFile, query: &Query, calendar: &Calendar) -> Option<&'static Shape> {
    if query.as_of.is_some_and(|as_of| as_of < file.received.1) || query.metrics.contains(&Metric::Units) {
        return None;
    }
    let dimensions = || query.by.iter().chain(query.filters.iter().map(|filter| &filter.dimension));
    let columns: Option<Vec<&str>> = dimensions().map(column).collect();
    let columns = columns?;
    let needs_hours = needs_hours(file, query, calendar);
    if needs_hours && !hours_fit(file, query, calendar) {
        return None;
    }
    let covers =
        |shape: &&Shape| (shape.hourly || !needs_hours) && columns.iter().all(|column| shape.columns.contains(column));
    SHAPES.iter().find(covers)
}

/// Whether the window or a bucket cuts through the file.
fn needs_hours(file: &LakeFile, query: &Query, calendar: &Calendar) -> bool {
    let (first, last) = file.occurred;
    let whole_window = query.window.is_none_or(|window| window.contains(first) && window.contains(last));
    let one_bucket = query.grain.is_none_or(|grain| calendar.floor(first, grain) == calendar.floor(last, grain));
    !(whole_window && one_bucket)
}

/// Whether UTC hours fit into the window and the calendar's buckets.
fn hours_fit(file: &LakeFile, query: &Query, calendar: &Calendar) -> bool {
    let is_whole = |at: Timestamp| at.micros().rem_euclid(HOUR_MICROS) == 0;
    let window_fits = query.window.is_none_or(|window| is_whole(window.from) && is_whole(window.to));
    let (first, last) = file.occurred;
    window_fits && [first, last].iter().all(|at| is_whole(calendar.floor(*at, Grain::Hour)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubes_on_disk_are_read_as_they_were_built() {
        let sizes = [32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288];
        assert_eq!((store::VERSION, INPUT_SIZES), ("cubes-2", sizes), "with other sizes the version is another");
    }

    #[test]
    fn a_size_is_told_in_the_steps_that_are_asked_for() {
        let asked = Dimension::InputSize(vec![128_000, 200_000]);
        for (above, expected) in [("0", "0"), ("2", "0"), ("3", "1"), ("4", "1"), ("5", "2"), ("9", "2")] {
            assert_eq!(named(&asked, &Some(above.to_owned())).as_deref(), Some(expected), "{above}");
        }
        assert_eq!(column(&asked), Some(INPUT_SIZE));
        assert_eq!(column(&Dimension::InputSize(vec![250_000])), None);
    }
}
