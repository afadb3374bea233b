//! Questions as expressions over columns.
//! Invariant: every value is bound; tag keys and values are arguments of a function, never part of a name.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::{Expr, col, lit};
use purser_domain::entry::Kind;
use purser_domain::tenant::TenantId;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Dimension, Filter};

use crate::entry_filter::EntryFilter;
use crate::scan::at;

/// The rows of one tenant, or of all.
pub(crate) fn of_tenant(tenant: Option<&TenantId>) -> Option<Expr> {
    Some(col("tenant_id").eq(lit(tenant?.as_str())))
}

/// The rows that occurred in `window`.
pub(crate) fn in_window(window: Option<Window>) -> Option<Expr> {
    let window = window?;
    Some(col("occurred_at").gt_eq(at(window.from)).and(col("occurred_at").lt(at(window.to))))
}

/// The rows received until `as_of`.
pub(crate) fn until(as_of: Option<Timestamp>) -> Option<Expr> {
    Some(col("received_at").lt_eq(at(as_of?)))
}

/// The value of a dimension.
pub(crate) fn value(dimension: &Dimension) -> Expr {
    match (dimension.column(), dimension) {
        (Some(name), _) => col(name),
        (None, Dimension::Tag(key)) => tag(key),
        (None, Dimension::InputSize(sizes)) => input_size(sizes),
        (None, _) => lit(ScalarValue::Utf8(None)),
    }
}

/// How many of `sizes` the input of a call is above, as a text; a row of many calls counts as its average call, and a
/// reversal as the call that it takes back.
fn input_size(sizes: &[u64]) -> Expr {
    let leaves = Leaf::ALL.into_iter().filter(|leaf| leaf.is_input());
    let quantities = leaves.map(|leaf| coalesce(vec![col(leaf.quantity_name()), lit(0_i64)]));
    let input = quantities.reduce(|sum, quantity| sum + quantity).unwrap_or_else(|| lit(0_i64));
    let requests = || coalesce(vec![col(Leaf::Requests.quantity_name()), lit(1_i64)]);
    let several = vec![
        (Box::new(requests().gt(lit(1_i64))), Box::new(requests())),
        (Box::new(requests().lt(lit(-1_i64))), Box::new(lit(0_i64) - requests())),
    ];
    let calls = Expr::Case(Case::new(None, several, Some(Box::new(lit(1_i64)))));
    sizes.iter().enumerate().fold(lit("0"), |smaller, (index, size)| {
        let size = i64::try_from(*size).unwrap_or(i64::MAX);
        // More than `size` a call: divided, for a product might not fit.
        let is_above = |input: Expr| ((input - lit(1_i64)) / calls.clone()).gt_eq(lit(size));
        let above = is_above(input.clone()).or(is_above(lit(0_i64) - input.clone()));
        let case =
            Case::new(None, vec![(Box::new(above), Box::new(lit((index + 1).to_string())))], Some(Box::new(smaller)));
        Expr::Case(case)
    })
}

/// The rows that pass `filter`.
pub(crate) fn passes(filter: &Filter) -> Expr {
    let value = value(&filter.dimension);
    let texts: Vec<Expr> = filter.values.iter().flatten().map(|text| lit(text.as_str())).collect();
    let absent = filter.values.iter().any(Option::is_none);
    match (texts.is_empty(), absent) {
        (true, true) => value.is_null(),
        (true, false) => lit(false),
        (false, false) => value.in_list(texts, false),
        (false, true) => value.clone().is_null().or(value.in_list(texts, false)),
    }
}

/// All parts of an entry filter.
pub(crate) fn entry(tenant: &TenantId, filter: &EntryFilter) -> Expr {
    let named = |name: &str, text: &Option<String>| Some(col(name).eq(lit(text.as_deref()?)));
    let kinds: Vec<Expr> = filter.kinds.iter().map(|kind| lit(kind.name())).collect();
    let mut parts: Vec<Expr> = [
        of_tenant(Some(tenant)),
        in_window(filter.window),
        until(filter.as_of),
        (!kinds.is_empty()).then(|| col("kind").in_list(kinds, false)),
        named("import_id", &filter.import_id),
        named("event_id", &filter.event_id),
        named("response_id", &filter.response_id),
        filter.unpriced.then(|| col("cost_usd").is_null().and(col("kind").not_eq(lit(Kind::Observation.name())))),
    ]
    .into_iter()
    .flatten()
    .collect();
    parts.extend(filter.filters.iter().map(passes));
    all(parts)
}

/// All of `parts`; everything if there are none.
pub(crate) fn all(parts: impl IntoIterator<Item = Expr>) -> Expr {
    parts.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true))
}

/// The value of the tag `key`.
fn tag(key: &str) -> Expr {
    ScalarUDF::new_from_impl(TagValue {
        signature: Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable),
    })
    .call(vec![col("tags"), lit(key)])
}

/// `tag_value(tags, key)`: one value of the canonical JSON in `tags`, or null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TagValue {
    signature: Signature,
}

impl ScalarUDFImpl for TagValue {
    fn name(&self) -> &str {
        "tag_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let bad = || DataFusionError::Execution("tag_value takes tags and a key".to_owned());
        let [tags, ColumnarValue::Scalar(ScalarValue::Utf8(Some(key)))] = args.args.as_slice() else {
            return Err(bad());
        };
        let tags = tags.clone().into_array(args.number_rows)?;
        Ok(ColumnarValue::Array(tag_values(&tags, key)?))
    }
}

/// The value of `key` in each row: rows repeat their tags, so each text is parsed once.
fn tag_values(tags: &ArrayRef, key: &str) -> EngineResult<ArrayRef> {
    let tags = tags.as_string::<i32>();
    let mut known: HashMap<&str, Option<String>> = HashMap::new();
    let mut values = StringBuilder::with_capacity(tags.len(), tags.len() * 8);
    for text in tags {
        let Some(text) = text else {
            values.append_null();
            continue;
        };
        if known.len() > 65_536 {
            known.clear();
        }
        let value = match known.get(text) {
            Some(value) => value,
            None => {
                let mut all = crate::codec::tags_from_json(text).map_err(|e| DataFusionError::External(Box::new(e)))?;
                known.entry(text).or_insert(all.remove(key))
            }
        };
        values.append_option(value.as_deref());
    }
    Ok(Arc::new(values.finish()))
}
