//! Versions of the price book: whole catalogues that the operator imported.
//! Invariant: append-only; a version's lines are what was imported, byte for byte.

use purser_domain::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::{price_import, price_import_line};
use crate::{Error, Result, Store};

/// Rows of one insert statement: SQLite takes 32,766 parameters.
const ROWS_PER_INSERT: usize = 1_000;

/// A version of the price book, without its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceImport {
    /// 1 for the first import.
    pub version: i64,
    /// Where the prices were read: `litellm 1.109.1`.
    pub catalogue: String,
    /// When they were imported.
    pub imported_at: Timestamp,
    /// How many lines, one price each.
    pub prices: u64,
}

/// The versions of the price book.
#[derive(Debug)]
pub struct PriceImports<'a> {
    store: &'a Store,
}

impl<'a> PriceImports<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Adds a version, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another import is added at the same moment: try again.
    pub async fn add(&self, catalogue: &str, lines: &[String], at: Timestamp) -> Result<PriceImport> {
        let transaction = self.store.begin().await?;
        let last: Option<i64> = price_import::Entity::find()
            .select_only()
            .column(price_import::Column::Version)
            .order_by_desc(price_import::Column::Version)
            .into_tuple()
            .one(&transaction)
            .await?;
        let version = last.unwrap_or(0) + 1;
        let row = price_import::Model {
            version,
            catalogue: catalogue.to_owned(),
            imported_at: at.micros(),
            prices: count(lines.len()),
        };
        price_import::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(&transaction)
            .await
            .map_err(|error| Error::from(error).name_conflict("price book version", version))?;
        for (chunk_index, chunk) in lines.chunks(ROWS_PER_INSERT).enumerate() {
            let first = chunk_index * ROWS_PER_INSERT + 1;
            let rows = chunk.iter().enumerate().map(|(index, body)| {
                price_import_line::Model { version, line: count(first + index), body: body.clone() }.into_active_model()
            });
            price_import_line::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(from_row(row))
    }

    /// All versions, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<PriceImport>> {
        let rows =
            price_import::Entity::find().order_by_asc(price_import::Column::Version).all(&self.store.read).await?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// The lines of a version in order; none if there is no such version.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lines(&self, version: i64) -> Result<Vec<String>> {
        Ok(price_import_line::Entity::find()
            .select_only()
            .column(price_import_line::Column::Body)
            .filter(price_import_line::Column::Version.eq(version))
            .order_by_asc(price_import_line::Column::Line)
            .into_tuple()
            .all(&self.store.read)
            .await?)
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_row(row: price_import::Model) -> PriceImport {
    PriceImport {
        version: row.version,
        catalogue: row.catalogue,
        imported_at: Timestamp::from_micros(row.imported_at),
        prices: u64::try_from(row.prices).unwrap_or_default(),
    }
}
