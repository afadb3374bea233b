//! Records ↔ record batches.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Decimal128Array, Decimal128Builder, Int64Array, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use purser_domain::money::Money;
use purser_domain::provenance::{Chained, Hash, Record, Versions};
use purser_domain::time::Timestamp;

use super::schema::{SEED, VERSIONS, schema};
use crate::error::Error;
use crate::schema::AMOUNT;

/// A batch of `rows`, every column of it.
pub(super) fn write(rows: &[Chained]) -> Result<RecordBatch, Error> {
    let times = |at: fn(&Chained) -> Timestamp| -> ArrayRef {
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| at(row).micros())).with_timezone("UTC"),
        )
    };
    let days = Date32Array::from_iter_values(rows.iter().map(|row| row.received_at.utc_day()));
    let position = |row: &Chained| i64::try_from(row.position).unwrap_or(i64::MAX);
    let names = |name: fn(&Record) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| name(&row.record))))
    };
    let version = |index: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.record.versions.texts()[index].1)))
    };
    let seeds = Decimal128Array::from_iter(rows.iter().map(|row| row.record.seed.map(i128::from)));
    let amounts = |cost: fn(&Record) -> Option<Money>| amounts(rows.iter().map(|row| cost(&row.record)));
    let runtime_ms = |row: &Chained| i64::try_from(row.record.runtime_ms).unwrap_or(i64::MAX);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(days),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.record.tenant.as_str()))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.record.id.to_string()))),
        times(|row| row.record.created_at),
        times(|row| row.received_at),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(position))),
        names(|record| record.source.name()),
        names(|record| record.variant.name()),
        names(|record| record.status.name()),
        payload(rows.iter().map(|row| &row.record.inputs)),
        payload(rows.iter().map(|row| &row.record.output)),
        version(0),
        version(1),
        version(2),
        version(3),
        version(4),
        Arc::new(seeds.with_data_type(SEED)),
        hashes(rows.iter().map(|row| row.record.input_hash)),
        hashes(rows.iter().map(|row| row.record.output_hash)),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.record.run_id.as_deref()))),
        amounts(|record| record.v1_cost)?,
        amounts(|record| record.v2_cost)?,
        amounts(Record::cost_delta)?,
        Arc::new(Int64Array::from_iter_values(rows.iter().map(runtime_ms))),
        hashes(rows.iter().map(|row| row.prev_hash)),
        hashes(rows.iter().map(|row| row.record_hash)),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

/// Long texts: the room is made at once, for growing would copy them again and again.
fn payload<'a>(texts: impl ExactSizeIterator<Item = &'a String> + Clone) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(texts.len(), texts.clone().map(String::len).sum());
    texts.for_each(|text| column.append_value(text));
    Arc::new(column.finish())
}

fn hashes(hashes: impl ExactSizeIterator<Item = Hash>) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(hashes.len(), hashes.len() * 64);
    hashes.for_each(|hash| column.append_value(hash.hex(&mut [0; 64])));
    Arc::new(column.finish())
}

fn amounts(costs: impl ExactSizeIterator<Item = Option<Money>>) -> Result<ArrayRef, Error> {
    let mut column = Decimal128Builder::with_capacity(costs.len()).with_data_type(AMOUNT);
    for cost in costs {
        if let Some(cost) = cost.filter(|cost| !cost.fits_charge()) {
            return Err(Error::Corrupt(format!("{cost} USD does not fit Decimal(18,12)")));
        }
        column.append_option(cost.map(Money::pico));
    }
    Ok(Arc::new(column.finish()))
}

/// The columns of a batch that has them all.
struct Columns<'a>(&'a RecordBatch);

impl<'a> Columns<'a> {
    fn get(&self, name: &str) -> Result<&'a ArrayRef, Error> {
        self.0.column_by_name(name).ok_or_else(|| Error::Corrupt(format!("provenance without {name}")))
    }

    fn texts(&self, name: &str) -> Result<&'a StringArray, Error> {
        self.get(name)?.as_string_opt().ok_or_else(|| Error::Corrupt(format!("{name} is no text")))
    }

    fn times(&self, name: &str) -> Result<&'a TimestampMicrosecondArray, Error> {
        let column = self.get(name)?.as_primitive_opt::<TimestampMicrosecondType>();
        column.ok_or_else(|| Error::Corrupt(format!("{name} is no time")))
    }

    fn integers(&self, name: &str) -> Result<&'a Int64Array, Error> {
        self.get(name)?.as_primitive_opt::<Int64Type>().ok_or_else(|| Error::Corrupt(format!("{name} is no integer")))
    }

    fn decimals(&self, name: &str) -> Result<&'a Decimal128Array, Error> {
        let column = self.get(name)?.as_primitive_opt::<Decimal128Type>();
        column.ok_or_else(|| Error::Corrupt(format!("{name} is no decimal")))
    }
}

/// The records of a batch.
pub(super) fn read(batch: &RecordBatch) -> Result<Vec<Chained>, Error> {
    let columns = Columns(batch);
    let texts = |name: &str| columns.texts(name);
    let (tenants, ids, sources, variants) = (texts("tenant_id")?, texts("id")?, texts("source")?, texts("variant")?);
    let (statuses, inputs, outputs, runs) = (texts("status")?, texts("inputs")?, texts("output")?, texts("run_id")?);
    let versions = VERSIONS.map(texts);
    let [catalogue, model, adapter, price_book, code] = versions;
    let (catalogue, model, adapter, price_book, code) = (catalogue?, model?, adapter?, price_book?, code?);
    let (input_hashes, output_hashes) = (texts("input_hash")?, texts("output_hash")?);
    let (prev_hashes, record_hashes) = (texts("prev_hash")?, texts("record_hash")?);
    let (created, received) = (columns.times("created_at")?, columns.times("received_at")?);
    let (positions, runtimes) = (columns.integers("position")?, columns.integers("runtime_ms")?);
    let (seeds, v1, v2) =
        (columns.decimals("seed")?, columns.decimals("v1_cost_usd")?, columns.decimals("v2_cost_usd")?);
    let text = |column: &StringArray, row: usize| column.is_valid(row).then(|| column.value(row).to_owned());
    let decimal = |column: &Decimal128Array, row: usize| column.is_valid(row).then(|| column.value(row));
    let record = |row: usize| -> Result<Chained, Error> {
        let record = Record {
            id: parse(ids, row)?,
            tenant: parse(tenants, row)?,
            created_at: Timestamp::from_micros(created.value(row)),
            source: parse(sources, row)?,
            variant: parse(variants, row)?,
            status: parse(statuses, row)?,
            inputs: inputs.value(row).to_owned(),
            output: outputs.value(row).to_owned(),
            versions: Versions {
                catalogue: text(catalogue, row),
                model: text(model, row),
                adapter: text(adapter, row),
                price_book: text(price_book, row),
                code: text(code, row),
            },
            seed: decimal(seeds, row).map(unsigned).transpose()?,
            input_hash: parse(input_hashes, row)?,
            output_hash: parse(output_hashes, row)?,
            run_id: text(runs, row),
            v1_cost: decimal(v1, row).map(Money::from_pico),
            v2_cost: decimal(v2, row).map(Money::from_pico),
            runtime_ms: unsigned(runtimes.value(row).into())?,
        };
        Ok(Chained {
            record,
            received_at: Timestamp::from_micros(received.value(row)),
            position: unsigned(positions.value(row).into())?,
            prev_hash: parse(prev_hashes, row)?,
            record_hash: parse(record_hashes, row)?,
        })
    };
    (0..batch.num_rows()).map(record).collect()
}

fn parse<T: std::str::FromStr<Err = String>>(column: &StringArray, row: usize) -> Result<T, Error> {
    column.value(row).parse().map_err(Error::Corrupt)
}

fn unsigned(number: i128) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| Error::Corrupt(format!("{number} is out of range")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use purser_domain::provenance::{ChainHead, RecordId, Source, Status, Variant};

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let at = Timestamp::from_micros(1_795_165_200_000_000);
        let tenant: purser_domain::tenant::TenantId = "acme".parse().expect("a tenant id");
        let plain = Record::new(RecordId::new(at, 1), tenant.clone(), at, "{}".to_owned(), "null".to_owned());
        let full = Record {
            source: Source::Canary,
            variant: Variant::Comparison,
            status: Status::SchemaError,
            versions: Versions {
                catalogue: Some("c".to_owned()),
                model: Some("m".to_owned()),
                adapter: Some("a".to_owned()),
                price_book: Some("p".to_owned()),
                code: Some("s".to_owned()),
            },
            seed: Some(u64::MAX),
            run_id: Some("run".to_owned()),
            v1_cost: Some(purser_domain::money::CHARGE_MAX),
            v2_cost: Some(Money::from_pico(-1)),
            runtime_ms: 9,
            ..plain.clone()
        };
        let mut head = ChainHead::start(tenant);
        let rows = [plain, full].map(|record| Chained::after(&mut head, record, at));
        let error = write(&rows).expect_err("a delta of -1,000,000 USD does not fit");
        assert!(error.to_string().contains("does not fit"), "{error}");
        let rows = rows.map(|mut row| {
            row.record.v1_cost = row.record.v1_cost.map(|_| Money::from_cents(1));
            row
        });
        let batch = write(&rows).expect("a batch");
        assert_eq!(read(&batch).expect("records"), rows);
        let deltas = batch.column_by_name("cost_delta_usd").expect("the column").as_primitive::<Decimal128Type>();
        assert!(deltas.is_null(0) && deltas.value(1) == -10_000_000_001);
    }
}
