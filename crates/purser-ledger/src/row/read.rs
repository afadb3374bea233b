//! A record batch → entries. Columns may be missing (all null) and in any order.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use purser_domain::charge::{Charge, CostSource};
use purser_domain::entry::{Entry, Kind};
use purser_domain::money::Money;
use purser_domain::sighting::Witness;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::unit::Units;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{Status, UsageEvent};

use super::observed;
use crate::error::Error;
use crate::schema::TEXTS;

/// The columns of one batch, found once, read row by row.
pub(crate) struct Reader {
    rows: usize,
    tenant_id: StringArray,
    source: StringArray,
    event_id: StringArray,
    kind: StringArray,
    reason: Option<StringArray>,
    note: Option<StringArray>,
    import_id: Option<StringArray>,
    occurred_at: TimestampMicrosecondArray,
    received_at: TimestampMicrosecondArray,
    provider: StringArray,
    model: StringArray,
    texts: [Option<StringArray>; TEXTS.len()],
    attempt: Option<Int64Array>,
    status: StringArray,
    latency_ms: Option<Int64Array>,
    tags: Option<StringArray>,
    context_window: Option<StringArray>,
    units: Option<StringArray>,
    foreign_cost: Option<StringArray>,
    contradiction: Option<StringArray>,
    quantities: [Option<Int64Array>; Leaf::COUNT],
    amounts: [Option<Decimal128Array>; Leaf::COUNT],
    rated_usd: Option<Decimal128Array>,
    reported_usd: Option<Decimal128Array>,
    price_version: Option<StringArray>,
    matched: StringArray,
    observed: Option<StringArray>,
    cost_source: Option<StringArray>,
    unit_amounts: Option<StringArray>,
    at_least_usd: Option<Decimal128Array>,
    basis: Option<StringArray>,
    emitter: Option<StringArray>,
    enclosing_span_id: Option<StringArray>,
}

impl Reader {
    /// Finds the columns of `batch`.
    pub(crate) fn new(batch: &RecordBatch) -> Result<Self, Error> {
        let texts: Vec<_> = TEXTS.iter().map(|name| text(batch, name)).collect::<Result<_, _>>()?;
        let quantities: Vec<_> =
            Leaf::ALL.iter().map(|l| integer(batch, l.quantity_name())).collect::<Result<_, _>>()?;
        let amounts: Vec<_> = Leaf::ALL.iter().map(|l| amount(batch, l.amount_name())).collect::<Result<_, _>>()?;
        let wrong_length = |_| Error::Corrupt("a column list of the wrong length".to_owned());
        Ok(Self {
            rows: batch.num_rows(),
            tenant_id: required(text(batch, "tenant_id")?, "tenant_id")?,
            source: required(text(batch, "source")?, "source")?,
            event_id: required(text(batch, "event_id")?, "event_id")?,
            kind: required(text(batch, "kind")?, "kind")?,
            reason: text(batch, "reason")?,
            note: text(batch, "note")?,
            import_id: text(batch, "import_id")?,
            occurred_at: time(batch, "occurred_at")?,
            received_at: time(batch, "received_at")?,
            provider: required(text(batch, "provider")?, "provider")?,
            model: required(text(batch, "model")?, "model")?,
            texts: texts.try_into().map_err(|_: Vec<_>| wrong_length(()))?,
            attempt: integer(batch, "attempt")?,
            status: required(text(batch, "status")?, "status")?,
            latency_ms: integer(batch, "latency_ms")?,
            tags: text(batch, "tags")?,
            context_window: text(batch, "context_window")?,
            units: text(batch, "units")?,
            foreign_cost: text(batch, "foreign_cost")?,
            contradiction: text(batch, "contradiction")?,
            quantities: quantities.try_into().map_err(|_: Vec<_>| wrong_length(()))?,
            amounts: amounts.try_into().map_err(|_: Vec<_>| wrong_length(()))?,
            rated_usd: amount(batch, "rated_usd")?,
            reported_usd: amount(batch, "reported_usd")?,
            price_version: text(batch, "price_version")?,
            matched: required(text(batch, "matched")?, "matched")?,
            observed: text(batch, "observed")?,
            cost_source: text(batch, "cost_source")?,
            unit_amounts: text(batch, "unit_amounts")?,
            at_least_usd: amount(batch, "at_least_usd")?,
            basis: text(batch, "basis")?,
            emitter: text(batch, "emitter")?,
            enclosing_span_id: text(batch, "enclosing_span_id")?,
        })
    }

    /// The entries of all rows.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<Entry, Error>> + '_ {
        (0..self.rows).map(|row| self.entry(row))
    }

    /// The `received_at` of `row`.
    pub(crate) fn received_at(&self, row: usize) -> Timestamp {
        Timestamp::from_micros(self.received_at.value(row))
    }

    /// The entry of `row`.
    pub(crate) fn entry(&self, row: usize) -> Result<Entry, Error> {
        let kind: Kind = parse(self.kind.value(row))?;
        let (usage, units, charge) = self.measures(row, kind)?;
        let reason = self.reason.as_ref().and_then(|a| value(a, row)).map(parse).transpose()?;
        Ok(Entry {
            tenant: parse::<TenantId>(self.tenant_id.value(row))?,
            event: self.event(row, usage, units, charge.reported_usd)?,
            witness: Witness {
                emitter: self.emitter.as_ref().and_then(|a| value(a, row)).map(Arc::from),
                enclosing_span_id: owned(self.enclosing_span_id.as_ref(), row),
            },
            charge,
            kind,
            reason,
            note: owned(self.note.as_ref(), row),
            import_id: owned(self.import_id.as_ref(), row),
            received_at: self.received_at(row),
        })
    }

    fn event(&self, row: usize, usage: Usage, units: Units, reported_usd: Option<Money>) -> Result<UsageEvent, Error> {
        let text = |index: usize| owned(self.texts[index].as_ref(), row);
        let attempt = self.attempt.as_ref().filter(|a| a.is_valid(row)).map(|a| a.value(row));
        let latency = self.latency_ms.as_ref().filter(|a| a.is_valid(row)).map(|a| a.value(row));
        let out_of_range = |name: &str, value: i64| Error::Corrupt(format!("{name} is {value}"));
        Ok(UsageEvent {
            event_id: self.event_id.value(row).to_owned(),
            source: self.source.value(row).to_owned(),
            occurred_at: Timestamp::from_micros(self.occurred_at.value(row)),
            provider: self.provider.value(row).to_owned(),
            model: self.model.value(row).to_owned(),
            response_model: text(0),
            operation: text(1),
            usage,
            units,
            service_tier: text(2),
            inference_geo: text(16),
            speed: text(17),
            tool: text(18),
            mcp_server: text(19),
            context_window: self.context_window.as_ref().and_then(|a| value(a, row)).map(parse).transpose()?,
            foreign_cost: owned(self.foreign_cost.as_ref(), row),
            contradiction: self
                .contradiction
                .as_ref()
                .and_then(|a| value(a, row))
                .map(|text| crate::codec::from_json("contradiction", text))
                .transpose()?,
            project: text(3),
            environment: text(4),
            feature_tag: text(5),
            user_id: text(6),
            agent: text(7),
            skill: text(8),
            run_id: text(9),
            session_id: text(10),
            trace_id: text(11),
            span_id: text(12),
            parent_span_id: text(13),
            response_id: text(14),
            attempt: attempt.map(|n| u32::try_from(n).map_err(|_| out_of_range("attempt", n))).transpose()?,
            status: status(self.status.value(row))?,
            error_type: text(15),
            latency_ms: latency.map(|n| u64::try_from(n).map_err(|_| out_of_range("latency_ms", n))).transpose()?,
            reported_usd,
            tags: self
                .tags
                .as_ref()
                .and_then(|a| value(a, row))
                .map_or(Ok(BTreeMap::new()), crate::codec::tags_from_json)?,
        })
    }

    fn measures(&self, row: usize, kind: Kind) -> Result<(Usage, Units, Charge), Error> {
        let (mut usage, mut units) = (Usage::ZERO, Units::new());
        let basis = self.basis.as_ref().and_then(|a| value(a, row));
        let mut charge = Charge {
            price_version: self.price_version.as_ref().and_then(|a| value(a, row)).map(Arc::from),
            matched: parse(self.matched.value(row))?,
            basis: basis.map(|text| crate::codec::from_json("basis", text).map(Arc::new)).transpose()?,
            ..Charge::default()
        };
        let sign = i64::from(kind.sign());
        if kind == Kind::Observation {
            let text = self.observed.as_ref().and_then(|a| value(a, row));
            let text = text.ok_or_else(|| Error::Corrupt("an observation without observed".to_owned()))?;
            observed::restore(text, &mut usage, &mut units, &mut charge)?;
            return Ok((usage, units, charge));
        }
        for (leaf, column) in Leaf::ALL.into_iter().zip(&self.quantities) {
            if let Some(array) = column.as_ref().filter(|a| a.is_valid(row)) {
                let quantity = u64::try_from(array.value(row) * sign);
                usage.set(leaf, quantity.map_err(|_| Error::Corrupt(format!("{leaf} has the wrong sign")))?);
            }
        }
        let money = |column: &Option<Decimal128Array>| {
            let array = column.as_ref().filter(|a| a.is_valid(row))?;
            Some(Money::from_pico(array.value(row) * i128::from(sign)))
        };
        for (sum, column) in charge.amounts.iter_mut().zip(&self.amounts) {
            *sum = money(column);
        }
        charge.rated_usd = money(&self.rated_usd);
        charge.reported_usd = money(&self.reported_usd);
        charge.at_least_usd = money(&self.at_least_usd);
        let reported = self.cost_source.as_ref().and_then(|a| value(a, row)) == Some(CostSource::Reported.name());
        charge.prefers_reported = reported && charge.rated_usd.is_some();
        if let Some(text) = self.units.as_ref().and_then(|a| value(a, row)) {
            units = crate::codec::from_json("units", text)?;
        }
        if let Some(text) = self.unit_amounts.as_ref().and_then(|a| value(a, row)) {
            charge.unit_amounts = crate::codec::from_json("unit_amounts", text)?;
        }
        Ok((usage, units, charge))
    }
}

fn status(text: &str) -> Result<Status, Error> {
    match text {
        "ok" => Ok(Status::Ok),
        "error" => Ok(Status::Error),
        _ => Err(Error::Corrupt(format!("{text:?} is not a status"))),
    }
}

fn parse<T: FromStr<Err = String>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(Error::Corrupt)
}

fn value(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}

fn owned(array: Option<&StringArray>, row: usize) -> Option<String> {
    array.and_then(|a| value(a, row)).map(str::to_owned)
}

fn required<T>(column: Option<T>, name: &str) -> Result<T, Error> {
    column.ok_or_else(|| Error::Corrupt(format!("no column {name}")))
}

/// The column `name` as `data_type`; engines may hand texts over as views or dictionaries.
fn column(batch: &RecordBatch, name: &str, data_type: &DataType) -> Result<Option<arrow::array::ArrayRef>, Error> {
    match batch.column_by_name(name) {
        None => Ok(None),
        Some(array) if array.null_count() == array.len() && !array.is_empty() => Ok(None),
        Some(array) if array.data_type() == data_type => Ok(Some(array.clone())),
        Some(array) => Ok(Some(arrow::compute::cast(array, data_type)?)),
    }
}

fn text(batch: &RecordBatch, name: &str) -> Result<Option<StringArray>, Error> {
    Ok(column(batch, name, &DataType::Utf8)?.map(|array| array.as_string::<i32>().clone()))
}

fn integer(batch: &RecordBatch, name: &str) -> Result<Option<Int64Array>, Error> {
    Ok(column(batch, name, &DataType::Int64)?.map(|array| array.as_primitive::<Int64Type>().clone()))
}

fn amount(batch: &RecordBatch, name: &str) -> Result<Option<Decimal128Array>, Error> {
    Ok(column(batch, name, &crate::schema::AMOUNT)?.map(|array| array.as_primitive::<Decimal128Type>().clone()))
}

fn time(batch: &RecordBatch, name: &str) -> Result<TimestampMicrosecondArray, Error> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
    let array = required(column(batch, name, &utc)?, name)?;
    Ok(array.as_primitive::<TimestampMicrosecondType>().clone())
}
