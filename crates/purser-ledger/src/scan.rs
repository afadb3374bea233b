//! Lake files and inbox batches as one table of the query engine.
//! Invariant: filters are expressions with bound values; no text of a request ever becomes SQL.

use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result as EngineResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use datafusion::prelude::{DataFrame, SessionContext};
use purser_domain::time::Timestamp;

use crate::error::Error;
use crate::lake::{Lake, LakeFile};
use crate::layout::Layout;
use crate::view::TailBatch;

/// Some files and some inbox batches.
#[derive(Debug)]
struct Rows {
    layout: &'static Layout,
    objects_url: ObjectStoreUrl,
    files: Vec<Arc<LakeFile>>,
    tail: Vec<Arc<TailBatch>>,
}

/// The rows of `files` and `tail`, with the columns of a lake file.
pub(crate) fn frame(lake: &Lake, files: Vec<Arc<LakeFile>>, tail: Vec<Arc<TailBatch>>) -> Result<DataFrame, Error> {
    frame_in(&lake.engine, lake, files, tail)
}

/// The same on another engine.
pub(crate) fn frame_in(
    engine: &SessionContext,
    lake: &Lake,
    files: Vec<Arc<LakeFile>>,
    tail: Vec<Arc<TailBatch>>,
) -> Result<DataFrame, Error> {
    let rows = Rows { layout: lake.layout, objects_url: lake.objects_url.clone(), files, tail };
    Ok(engine.read_table(Arc::new(rows))?)
}

/// An instant as a bound value.
pub(crate) fn at(instant: Timestamp) -> Expr {
    Expr::Literal(ScalarValue::TimestampMicrosecond(Some(instant.micros()), Some(Arc::from("UTC"))), None)
}

#[async_trait]
impl TableProvider for Rows {
    fn schema(&self) -> SchemaRef {
        (self.layout.file_schema)()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !self.files.is_empty() {
            plans.push(self.scan_files(state, projection, filters)?);
        }
        if !self.tail.is_empty() || plans.is_empty() {
            plans.push(self.scan_tail(state, projection)?);
        }
        match plans.pop() {
            Some(only) if plans.is_empty() => Ok(only),
            last => UnionExec::try_new(plans.into_iter().chain(last).collect()),
        }
    }
}

impl Rows {
    fn scan_files(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let mut source = ParquetSource::new(self.schema()).with_enable_page_index(true);
        if let Some(predicate) = predicate(state, filters, self.schema())? {
            source = source.with_predicate(predicate).with_pushdown_filters(false);
        }
        let partitions = state.config().target_partitions().max(1);
        let files: Vec<PartitionedFile> =
            self.files.iter().map(|file| PartitionedFile::new(file.path.clone(), file.bytes)).collect();
        let groups = FileGroup::new(files).split_files(partitions);
        let config = FileScanConfigBuilder::new(self.objects_url.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn scan_tail(&self, state: &dyn Session, projection: Option<&Vec<usize>>) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let schema = match projection {
            Some(indices) => Arc::new(schema.project(indices)?),
            None => schema,
        };
        let batches = self.tail.iter().map(|batch| widen(&batch.rows, &schema)).collect::<EngineResult<Vec<_>>>()?;
        let partitions = state.config().target_partitions().max(1);
        let step = batches.len().div_ceil(partitions).max(1);
        let mut partitions: Vec<Vec<RecordBatch>> = batches.chunks(step).map(<[RecordBatch]>::to_vec).collect();
        if partitions.is_empty() {
            partitions.push(Vec::new());
        }
        let config = MemorySourceConfig::try_new(&partitions, schema, None)?;
        Ok(DataSourceExec::from_data_source(config))
    }
}

fn predicate(state: &dyn Session, filters: &[Expr], schema: SchemaRef) -> EngineResult<Option<Arc<dyn PhysicalExpr>>> {
    let Some(all) = filters.iter().cloned().reduce(Expr::and) else { return Ok(None) };
    let schema = datafusion::common::DFSchema::try_from(schema)?;
    Ok(Some(state.create_physical_expr(all, &schema)?))
}

/// `rows` with the columns of `schema`, null where it has none.
fn widen(rows: &RecordBatch, schema: &SchemaRef) -> EngineResult<RecordBatch> {
    let columns = schema.fields().iter().map(|field| match rows.column_by_name(field.name()) {
        Some(column) => column.clone(),
        None => new_null_array(field.data_type(), rows.num_rows()),
    });
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns.collect(), &options)?)
}
