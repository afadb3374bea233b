//! A cube in memory: dictionary codes and sums, one cell after the other.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimestampMicrosecondType};
use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Dimension, Filter, Metric, Query, Totals};

use super::{HOUR_MICROS, Shape, column, named};
use crate::error::Error;
use crate::query::Scope;
use crate::query::fold::{Fold, QUARTER_MICROS};

/// The cells of one cube of one file.
#[derive(Debug)]
pub(crate) struct Cells {
    shape: &'static Shape,
    tenant: Codes,
    keys: Vec<Codes>,
    /// Hours since the epoch; empty if the cube has none.
    hours: Vec<i32>,
    cost: Vec<i128>,
    charged: Vec<i64>,
    priced: Vec<i64>,
    errors: Vec<i64>,
    latency: Vec<i64>,
    latency_count: Vec<i64>,
    rated: Vec<i128>,
    reported: Vec<i128>,
    difference: Vec<i128>,
    compared: Vec<i64>,
    newest: Vec<i64>,
    leaves: Vec<(Leaf, Vec<i64>)>,
}

/// A text column: each cell's value by its number.
#[derive(Debug)]
struct Codes {
    codes: Vec<u32>,
    values: Vec<Option<String>>,
}

impl Codes {
    fn new(batch: &RecordBatch, name: &str) -> Result<Self, Error> {
        let column = batch.column_by_name(name).ok_or_else(|| Error::Corrupt(format!("a cube without {name}")))?;
        let texts = arrow::compute::cast(column, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        let mut numbers: HashMap<Option<&str>, u32> = HashMap::new();
        let mut values = Vec::new();
        let mut codes = Vec::with_capacity(texts.len());
        for text in texts {
            let next = u32::try_from(values.len()).unwrap_or(u32::MAX);
            codes.push(*numbers.entry(text).or_insert_with(|| {
                values.push(text.map(str::to_owned));
                next
            }));
        }
        Ok(Self { codes, values })
    }

    fn bytes(&self) -> usize {
        self.codes.len() * 4 + self.values.iter().map(|value| 24 + value.as_ref().map_or(0, String::len)).sum::<usize>()
    }
}

impl Cells {
    /// Reads the sums that the query engine grouped for `shape`.
    pub(crate) fn new(shape: &'static Shape, batch: &RecordBatch) -> Result<Self, Error> {
        let integers = |name: &str| -> Result<Vec<i64>, Error> {
            let column = batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<Int64Type>());
            let column = column.ok_or_else(|| Error::Corrupt(format!("a cube without {name}")))?;
            Ok(column.iter().map(Option::unwrap_or_default).collect())
        };
        let amounts = |name: &str| -> Result<Vec<i128>, Error> {
            let column = batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<Decimal128Type>());
            let column = column.ok_or_else(|| Error::Corrupt(format!("a cube without {name}")))?;
            Ok(column.iter().map(Option::unwrap_or_default).collect())
        };
        let newest = batch.column_by_name("newest").and_then(|a| a.as_primitive_opt::<TimestampMicrosecondType>());
        let missing = || Error::Corrupt("a cube without its sums".to_owned());
        let mut leaves = Vec::new();
        for leaf in Leaf::ALL {
            let sums = integers(&format!("sum_{}", leaf.name()))?;
            if sums.iter().any(|sum| *sum != 0) {
                leaves.push((leaf, sums));
            }
        }
        let hours = if shape.hourly { integers("hour")? } else { Vec::new() };
        Ok(Self {
            shape,
            tenant: Codes::new(batch, "tenant_id")?,
            keys: shape.columns.iter().map(|name| Codes::new(batch, name)).collect::<Result<_, _>>()?,
            hours: hours.into_iter().map(|hour| i32::try_from(hour).unwrap_or(i32::MAX)).collect(),
            cost: amounts("cost")?,
            charged: integers("charged")?,
            priced: integers("priced")?,
            errors: integers("errors")?,
            latency: integers("latency")?,
            latency_count: integers("latency_count")?,
            rated: amounts("rated")?,
            reported: amounts("reported")?,
            difference: amounts("difference")?,
            compared: integers("compared")?,
            newest: newest.ok_or_else(missing)?.iter().map(Option::unwrap_or_default).collect(),
            leaves,
        })
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let texts: usize = self.keys.iter().chain([&self.tenant]).map(Codes::bytes).sum();
        texts + self.cost.len() * (4 * 16 + 7 * 8 + 8 * self.leaves.len()) + self.hours.len() * 4
    }

    /// Adds the cells that `query` asks for to `fold`.
    pub(crate) fn sums(&self, scope: Scope<'_>, query: &Query, fold: &mut Fold<'_>) {
        let tenant = scope.tenant.map(|id| self.tenant.values.iter().position(|v| v.as_deref() == Some(id.as_str())));
        let tenant = match tenant {
            Some(None) => return,
            Some(Some(code)) => u32::try_from(code).ok(),
            None => None,
        };
        let passing: Vec<(&Codes, Vec<bool>)> =
            query.filters.iter().filter_map(|filter| self.passing(filter)).collect();
        let by: Vec<(&Codes, Option<&Dimension>)> = self.group_columns(scope, query);
        let mut groups = Groups { numbers: HashMap::new(), sums: Vec::new() };
        let mut buckets = HourBuckets { cells: self, query, hour: None, bucket: None, in_window: true };
        for cell in 0..self.cost.len() {
            let other_tenant = tenant.is_some_and(|tenant| self.tenant.codes[cell] != tenant);
            if other_tenant || !passing.iter().all(|(codes, pass)| pass[codes.codes[cell] as usize]) {
                continue;
            }
            buckets.enter(cell, fold);
            if !buckets.in_window {
                continue;
            }
            let key = by.iter().fold(0_u64, |key, (column, _)| {
                key.wrapping_mul(column.values.len() as u64).wrapping_add(column.codes[cell].into())
            });
            let (totals, newest, _) = groups.get((buckets.bucket, key), cell);
            self.add(cell, query, totals);
            *newest = (*newest).max(self.newest[cell]);
        }
        for ((bucket, _), number) in groups.numbers {
            let (totals, newest, cell) = &groups.sums[number];
            let keys = by.iter().map(|(column, dimension)| {
                let value = &column.values[column.codes[*cell] as usize];
                dimension.map_or_else(|| value.clone(), |dimension| named(dimension, value))
            });
            fold.add(bucket, keys.collect(), totals, Timestamp::from_micros(*newest));
        }
    }

    fn column(&self, dimension: &Dimension) -> Option<&Codes> {
        let name = column(dimension)?;
        self.keys.get(self.shape.columns.iter().position(|column| *column == name)?)
    }

    /// The tenant's column first, if it is asked for; the others with what they are asked for.
    fn group_columns<'a>(&'a self, scope: Scope<'_>, query: &'a Query) -> Vec<(&'a Codes, Option<&'a Dimension>)> {
        let tenant = scope.by_tenant.then_some((&self.tenant, None));
        let asked = query.by.iter().filter_map(|dimension| Some((self.column(dimension)?, Some(dimension))));
        tenant.into_iter().chain(asked).collect()
    }

    fn passing(&self, filter: &Filter) -> Option<(&Codes, Vec<bool>)> {
        let codes = self.column(&filter.dimension)?;
        let passes = |value: &Option<String>| filter.values.contains(&named(&filter.dimension, value));
        Some((codes, codes.values.iter().map(passes).collect()))
    }

    fn add(&self, cell: usize, query: &Query, totals: &mut Totals) {
        totals.cost = Money::from_pico(totals.cost.pico() + self.cost[cell]);
        totals.charged += self.charged[cell];
        totals.priced += self.priced[cell];
        for (leaf, sums) in &self.leaves {
            let wanted = query.metrics.iter().any(|metric| match metric {
                Metric::Leaf(asked) => asked == leaf,
                Metric::Requests => *leaf == Leaf::Requests,
                _ => false,
            });
            if wanted {
                totals.quantities[*leaf as usize] += sums[cell];
            }
        }
        if query.metrics.contains(&Metric::Errors) {
            totals.errors += self.errors[cell];
        }
        if query.metrics.contains(&Metric::Latency) {
            totals.latency_ms_sum += self.latency[cell];
            totals.latency_count += self.latency_count[cell];
        }
        let add = |sum: &mut Money, cells: &[i128]| *sum = Money::from_pico(sum.pico() + cells[cell]);
        for metric in &query.metrics {
            match metric {
                Metric::RatedUsd => add(&mut totals.rated, &self.rated),
                Metric::ReportedUsd => add(&mut totals.reported, &self.reported),
                Metric::RatedMinusReportedUsd => {
                    add(&mut totals.difference, &self.difference);
                    totals.compared += self.compared[cell];
                }
                _ => {}
            }
        }
    }
}

type Sums = (Totals, i64, usize);

/// The groups found so far: sums, newest time and one cell of each.
struct Groups {
    numbers: HashMap<(Option<Timestamp>, u64), usize>,
    sums: Vec<Sums>,
}

impl Groups {
    fn get(&mut self, key: (Option<Timestamp>, u64), cell: usize) -> &mut Sums {
        let number = *self.numbers.entry(key).or_insert_with(|| {
            self.sums.push((Totals::default(), i64::MIN, cell));
            self.sums.len() - 1
        });
        &mut self.sums[number]
    }
}

/// The bucket of the hour at hand, found once per run of cells of an hour.
struct HourBuckets<'a> {
    cells: &'a Cells,
    query: &'a Query,
    hour: Option<i32>,
    bucket: Option<Timestamp>,
    in_window: bool,
}

impl HourBuckets<'_> {
    fn enter(&mut self, cell: usize, fold: &mut Fold<'_>) {
        let start = match self.cells.hours.get(cell) {
            Some(hour) if self.hour == Some(*hour) => return,
            Some(hour) => {
                self.hour = Some(*hour);
                Timestamp::from_micros(i64::from(*hour) * HOUR_MICROS)
            }
            None => Timestamp::from_micros(self.cells.newest[cell]),
        };
        self.bucket = self.query.grain.and_then(|_| fold.bucket(start.micros() / QUARTER_MICROS));
        let is_hourly = !self.cells.hours.is_empty();
        self.in_window = !is_hourly || self.query.window.is_none_or(|window| window.contains(start));
    }
}
