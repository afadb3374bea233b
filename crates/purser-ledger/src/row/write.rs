//! Entries → a record batch.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Decimal128Builder, Int8Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::Schema;
use purser_domain::charge::{Basis, Charge};
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::money::Money;
use purser_domain::sighting::Witness;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;

use super::observed;
use crate::append::Draft;
use crate::error::Error;
use crate::schema::{AMOUNT, TEXTS, schema};

/// An entry whose parts lie elsewhere: a commit copies nothing before it is encoded.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) event: &'a UsageEvent,
    pub(crate) witness: &'a Witness,
    pub(crate) charge: &'a Charge,
    pub(crate) kind: Kind,
    pub(crate) reason: Option<Reason>,
    pub(crate) note: Option<&'a str>,
    pub(crate) import_id: Option<&'a str>,
    pub(crate) received_at: Timestamp,
}

impl<'a> From<&'a Entry> for Row<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            tenant: &entry.tenant,
            event: &entry.event,
            witness: &entry.witness,
            charge: &entry.charge,
            kind: entry.kind,
            reason: entry.reason,
            note: entry.note.as_deref(),
            import_id: entry.import_id.as_deref(),
            received_at: entry.received_at,
        }
    }
}

/// Says why no row can hold `draft`, if none can.
pub(crate) fn check(draft: &Draft) -> Result<(), String> {
    check_charge(&draft.charge, draft.event.reported_usd)?;
    for (leaf, quantity) in draft.event.usage.iter() {
        if quantity > Usage::MAX {
            return Err(format!("{} is {quantity}, not below 2^53", leaf.quantity_name()));
        }
    }
    match draft.event.latency_ms {
        Some(ms) if ms > Usage::MAX => Err(format!("latency_ms is {ms}, not below 2^53")),
        _ => Ok(()),
    }
}

/// Says why no row can hold `charge`, if none can: one column holds what both event and charge call reported.
pub(crate) fn check_charge(charge: &Charge, reported_usd: Option<Money>) -> Result<(), String> {
    if charge.reported_usd != reported_usd {
        let show = |money: Option<Money>| money.map_or_else(|| "none".to_owned(), |m| m.to_string());
        let (charge, event) = (show(charge.reported_usd), show(reported_usd));
        return Err(format!("reported_usd of the charge is {charge}, of the event {event}"));
    }
    let units: Money = charge.unit_amounts.values().copied().sum();
    let whole = [charge.rated_usd, charge.reported_usd, charge.at_least_usd, Some(units)];
    let amounts = charge.amounts.iter().chain(&whole).flatten();
    match amounts.into_iter().find(|amount| !amount.fits_charge()) {
        Some(amount) => Err(format!("{amount} USD does not fit Decimal(18,12)")),
        None => Ok(()),
    }
}

/// A batch of `rows`, without the columns that none of them uses.
pub(crate) fn write<'a>(rows: impl ExactSizeIterator<Item = Row<'a>>) -> Result<RecordBatch, Error> {
    let mut columns = Columns::new(rows.len());
    for row in rows {
        columns.push(&row);
    }
    columns.finish()
}

struct Columns {
    event_date: Date32Builder,
    tenant_id: StringBuilder,
    source: StringBuilder,
    event_id: StringBuilder,
    kind: StringBuilder,
    reason: StringBuilder,
    note: StringBuilder,
    import_id: StringBuilder,
    occurred_at: TimestampMicrosecondBuilder,
    received_at: TimestampMicrosecondBuilder,
    provider: StringBuilder,
    model: StringBuilder,
    texts: [StringBuilder; TEXTS.len()],
    attempt: Int64Builder,
    status: StringBuilder,
    latency_ms: Int64Builder,
    tags: StringBuilder,
    context_window: StringBuilder,
    units: StringBuilder,
    foreign_cost: StringBuilder,
    contradiction: StringBuilder,
    charges: Int8Builder,
    quantities: [Int64Builder; Leaf::COUNT],
    amounts: [Decimal128Builder; Leaf::COUNT],
    cost_usd: Decimal128Builder,
    rated_usd: Decimal128Builder,
    reported_usd: Decimal128Builder,
    cost_source: StringBuilder,
    price_version: StringBuilder,
    matched: StringBuilder,
    observed: StringBuilder,
    units_usd: Decimal128Builder,
    unit_amounts: StringBuilder,
    at_least_usd: Decimal128Builder,
    basis: StringBuilder,
    emitter: StringBuilder,
    enclosing_span_id: StringBuilder,
    /// The last basis and its text: the rows of a batch mostly share a few.
    last_basis: Option<(Arc<Basis>, String)>,
}

impl Columns {
    fn new(rows: usize) -> Self {
        let text = || StringBuilder::with_capacity(rows, rows * 8);
        let rare = StringBuilder::new;
        let amount = || Decimal128Builder::with_capacity(rows).with_data_type(AMOUNT);
        let time = || TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC");
        Self {
            event_date: Date32Builder::with_capacity(rows),
            tenant_id: text(),
            source: text(),
            event_id: text(),
            kind: text(),
            reason: rare(),
            note: rare(),
            import_id: rare(),
            occurred_at: time(),
            received_at: time(),
            provider: text(),
            model: text(),
            texts: std::array::from_fn(|_| rare()),
            attempt: Int64Builder::with_capacity(rows),
            status: text(),
            latency_ms: Int64Builder::with_capacity(rows),
            tags: rare(),
            context_window: rare(),
            units: rare(),
            foreign_cost: rare(),
            contradiction: rare(),
            charges: Int8Builder::with_capacity(rows),
            quantities: std::array::from_fn(|_| Int64Builder::new()),
            amounts: std::array::from_fn(|_| Decimal128Builder::new().with_data_type(AMOUNT)),
            cost_usd: amount(),
            rated_usd: amount(),
            reported_usd: amount(),
            cost_source: text(),
            price_version: text(),
            matched: text(),
            observed: rare(),
            units_usd: Decimal128Builder::new().with_data_type(AMOUNT),
            unit_amounts: rare(),
            at_least_usd: Decimal128Builder::new().with_data_type(AMOUNT),
            basis: rare(),
            emitter: rare(),
            enclosing_span_id: rare(),
            last_basis: None,
        }
    }

    fn push(&mut self, entry: &Row<'_>) {
        let event = &entry.event;
        self.event_date.append_value(event.occurred_at.utc_day());
        self.tenant_id.append_value(entry.tenant.as_str());
        self.source.append_value(&event.source);
        self.event_id.append_value(&event.event_id);
        self.kind.append_value(entry.kind.name());
        self.reason.append_option(entry.reason.map(Reason::name));
        self.note.append_option(entry.note);
        self.import_id.append_option(entry.import_id);
        self.occurred_at.append_value(event.occurred_at.micros());
        self.received_at.append_value(entry.received_at.micros());
        self.provider.append_value(&event.provider);
        self.model.append_value(&event.model);
        // The source has a column of its own.
        let texts = event.texts().into_iter().filter(|(name, _)| *name != "source");
        for (builder, (_, text)) in self.texts.iter_mut().zip(texts) {
            builder.append_option(text);
        }
        self.attempt.append_option(event.attempt.map(i64::from));
        self.status.append_value(event.status.name());
        self.latency_ms.append_option(event.latency_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)));
        if event.tags.is_empty() {
            self.tags.append_null();
        } else {
            self.tags.append_value(crate::codec::tags_json(&event.tags));
        }
        self.context_window.append_option(event.context_window.map(|window| window.to_string()));
        self.foreign_cost.append_option(event.foreign_cost.as_deref());
        self.contradiction.append_option(event.contradiction.as_deref().map(crate::codec::json));
        self.charges.append_value(entry.kind.sign());
        self.push_measures(entry);
        self.push_units(entry);
        self.push_basis(entry.charge.basis.as_ref());
        self.emitter.append_option(entry.witness.emitter.as_deref());
        self.enclosing_span_id.append_option(entry.witness.enclosing_span_id.as_deref());
        self.price_version.append_option(entry.charge.price_version.as_deref());
        self.matched.append_value(entry.charge.matched.name());
    }

    fn push_measures(&mut self, entry: &Row<'_>) {
        let sign = i64::from(entry.kind.sign());
        if entry.kind == Kind::Observation {
            self.observed.append_value(observed::to_text(entry.event, entry.charge));
        } else {
            self.observed.append_null();
        }
        for (builder, quantity) in self.quantities.iter_mut().zip(entry.event.usage.quantities()) {
            match i64::try_from(*quantity).unwrap_or(i64::MAX) * sign {
                0 => builder.append_null(),
                signed => builder.append_value(signed),
            }
        }
        let charge = &entry.charge;
        let signed = |amount: Option<Money>| (sign != 0).then_some(amount?.pico() * i128::from(sign));
        for (builder, amount) in self.amounts.iter_mut().zip(charge.amounts) {
            builder.append_option(signed(amount));
        }
        let cost = charge.cost();
        self.cost_usd.append_option(signed(cost.map(|(money, _)| money)));
        self.rated_usd.append_option(signed(charge.rated_usd));
        self.reported_usd.append_option(signed(charge.reported_usd));
        self.cost_source.append_option(cost.map(|(_, source)| source.name()));
    }

    /// What an observation saw of units stands in `observed`, as all its measures.
    fn push_units(&mut self, entry: &Row<'_>) {
        let counts = entry.kind != Kind::Observation;
        let units = Some(&entry.event.units).filter(|units| counts && !units.is_empty());
        self.units.append_option(units.map(crate::codec::json));
        let amounts = Some(&entry.charge.unit_amounts).filter(|amounts| counts && !amounts.is_empty());
        self.unit_amounts.append_option(amounts.map(crate::codec::json));
        let sign = i128::from(entry.kind.sign());
        let sum = amounts.map(|amounts| amounts.values().map(|amount| amount.pico()).sum::<i128>() * sign);
        self.units_usd.append_option(sum);
        self.at_least_usd.append_option(entry.charge.at_least_usd.filter(|_| counts).map(|m| m.pico() * sign));
    }

    fn push_basis(&mut self, basis: Option<&Arc<Basis>>) {
        let Some(basis) = basis else {
            self.basis.append_null();
            return;
        };
        match &self.last_basis {
            Some((known, text)) if Arc::ptr_eq(known, basis) => self.basis.append_value(text),
            _ => {
                let text = crate::codec::json(&**basis);
                self.basis.append_value(&text);
                self.last_basis = Some((basis.clone(), text));
            }
        }
    }

    fn finish(mut self) -> Result<RecordBatch, Error> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.event_date.finish()),
            Arc::new(self.tenant_id.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.event_id.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.reason.finish()),
            Arc::new(self.note.finish()),
            Arc::new(self.import_id.finish()),
            Arc::new(self.occurred_at.finish()),
            Arc::new(self.received_at.finish()),
            Arc::new(self.provider.finish()),
            Arc::new(self.model.finish()),
        ];
        arrays.extend(self.texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        arrays.push(Arc::new(self.attempt.finish()));
        arrays.push(Arc::new(self.status.finish()));
        arrays.push(Arc::new(self.latency_ms.finish()));
        arrays.push(Arc::new(self.tags.finish()));
        arrays.push(Arc::new(self.context_window.finish()));
        arrays.push(Arc::new(self.units.finish()));
        arrays.push(Arc::new(self.foreign_cost.finish()));
        arrays.push(Arc::new(self.contradiction.finish()));
        arrays.push(Arc::new(self.charges.finish()));
        arrays.extend(self.quantities.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        arrays.extend(self.amounts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        arrays.push(Arc::new(self.cost_usd.finish()));
        arrays.push(Arc::new(self.rated_usd.finish()));
        arrays.push(Arc::new(self.reported_usd.finish()));
        arrays.push(Arc::new(self.cost_source.finish()));
        arrays.push(Arc::new(self.price_version.finish()));
        arrays.push(Arc::new(self.matched.finish()));
        arrays.push(Arc::new(self.observed.finish()));
        arrays.push(Arc::new(self.units_usd.finish()));
        arrays.push(Arc::new(self.unit_amounts.finish()));
        arrays.push(Arc::new(self.at_least_usd.finish()));
        arrays.push(Arc::new(self.basis.finish()));
        arrays.push(Arc::new(self.emitter.finish()));
        arrays.push(Arc::new(self.enclosing_span_id.finish()));
        let schema = schema();
        let (fields, arrays): (Vec<_>, Vec<_>) = schema
            .fields()
            .iter()
            .cloned()
            .zip(arrays)
            .filter(|(field, array)| !field.is_nullable() || array.null_count() < array.len())
            .unzip();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}
