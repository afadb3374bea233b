//! Imports: files that were read in, what came of them, and whether they were taken back.
//! Invariant: a voided import stays voided.

use std::str::FromStr;

use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::import::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Being read, or cut off.
    Running,
    /// Read to the end.
    Finished,
    /// Given up.
    Failed,
    /// Taken back by corrections.
    Voided,
}

impl Status {
    const ALL: [Self; 4] = [Self::Running, Self::Finished, Self::Failed, Self::Voided];

    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Voided => "voided",
        }
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| format!("{text:?} is not running, finished, failed or voided"))
    }
}

/// What became of an import's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Stored.
    pub accepted: u64,
    /// Known already.
    pub duplicate: u64,
    /// Known with another payload.
    pub conflict: u64,
    /// Not usage events.
    pub refused: u64,
}

/// A file that was read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its id, unique per tenant.
    pub id: String,
    /// `csv`, `jsonl`, `litellm`, …
    pub format: String,
    /// The source that its events name.
    pub source: String,
    /// The file's name.
    pub name: String,
    /// How far it is.
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended, well or not.
    pub finished_at: Option<Timestamp>,
    /// What became of its rows.
    pub counts: Counts,
    /// When it was taken back.
    pub voided_at: Option<Timestamp>,
    /// Why.
    pub void_reason: Option<String>,
}

/// One tenant's imports.
#[derive(Debug)]
pub struct Imports<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Imports<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Adds an import.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the id is taken.
    pub async fn create(&self, import: &Import) -> Result<()> {
        Entity::insert(self.to_row(import).into_active_model())
            .exec_without_returning(&self.store.write)
            .await
            .map(drop)
            .map_err(|error| Error::from(error).name_conflict("import", &import.id))
    }

    /// One import.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, id: &str) -> Result<Option<Import>> {
        let found = Entity::find_by_id((self.tenant.to_string(), id.to_owned())).one(&self.store.read).await?;
        found.map(from_row).transpose()
    }

    /// Newest first: at most `limit` imports, those before the one that `before` names by start and id if it is given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, limit: u64, before: Option<(Timestamp, &str)>) -> Result<Vec<Import>> {
        let page = before.map_or_else(Condition::all, |(at, id)| {
            let same_start = Condition::all().add(Column::StartedAt.eq(at.micros())).add(Column::Id.lt(id));
            Condition::any().add(Column::StartedAt.lt(at.micros())).add(same_start)
        });
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(page)
            .order_by_desc(Column::StartedAt)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(&self.store.read)
            .await?;
        rows.into_iter().map(from_row).collect()
    }

    /// Records how far a running import is, and that it ended if `status` is [`Status::Finished`] or
    /// [`Status::Failed`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such import, [`Error::Conflict`] if it is voided.
    pub async fn progress(&self, id: &str, status: Status, counts: Counts, at: Timestamp) -> Result<()> {
        let finished_at = (status != Status::Running).then_some(at.micros());
        let changed = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status.name()))
            .col_expr(Column::FinishedAt, Expr::value(finished_at))
            .col_expr(Column::Accepted, Expr::value(signed(counts.accepted)))
            .col_expr(Column::Duplicate, Expr::value(signed(counts.duplicate)))
            .col_expr(Column::Conflict, Expr::value(signed(counts.conflict)))
            .col_expr(Column::Refused, Expr::value(signed(counts.refused)))
            .filter(self.unless_voided(id))
            .exec(&self.store.write)
            .await?;
        self.require(changed.rows_affected, id).await
    }

    /// Marks an import as taken back.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such import, [`Error::Conflict`] if it is voided already.
    pub async fn void(&self, id: &str, reason: &str, at: Timestamp) -> Result<()> {
        let changed = Entity::update_many()
            .col_expr(Column::Status, Expr::value(Status::Voided.name()))
            .col_expr(Column::VoidedAt, Expr::value(at.micros()))
            .col_expr(Column::VoidReason, Expr::value(reason))
            .filter(self.unless_voided(id))
            .exec(&self.store.write)
            .await?;
        self.require(changed.rows_affected, id).await
    }

    fn unless_voided(&self, id: &str) -> Condition {
        Condition::all()
            .add(Column::TenantId.eq(self.tenant.as_str()))
            .add(Column::Id.eq(id))
            .add(Column::VoidedAt.is_null())
    }

    async fn require(&self, changed: u64, id: &str) -> Result<()> {
        if changed == 1 {
            return Ok(());
        }
        match self.get(id).await? {
            Some(_) => Err(Error::Conflict(format!("import \"{id}\" is voided already"))),
            None => Err(Error::missing("import", id)),
        }
    }

    fn to_row(&self, import: &Import) -> Model {
        Model {
            tenant_id: self.tenant.to_string(),
            id: import.id.clone(),
            format: import.format.clone(),
            source: import.source.clone(),
            name: import.name.clone(),
            status: import.status.name().to_owned(),
            started_at: import.started_at.micros(),
            finished_at: import.finished_at.map(Timestamp::micros),
            accepted: signed(import.counts.accepted),
            duplicate: signed(import.counts.duplicate),
            conflict: signed(import.counts.conflict),
            refused: signed(import.counts.refused),
            voided_at: import.voided_at.map(Timestamp::micros),
            void_reason: import.void_reason.clone(),
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn from_row(row: Model) -> Result<Import> {
    let unsigned = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(Import {
        id: row.id,
        format: row.format,
        source: row.source,
        name: row.name,
        status: row.status.parse().map_err(|reason| Error::corrupt("import.status", reason))?,
        started_at: Timestamp::from_micros(row.started_at),
        finished_at: row.finished_at.map(Timestamp::from_micros),
        counts: Counts {
            accepted: unsigned(row.accepted),
            duplicate: unsigned(row.duplicate),
            conflict: unsigned(row.conflict),
            refused: unsigned(row.refused),
        },
        voided_at: row.voided_at.map(Timestamp::from_micros),
        void_reason: row.void_reason,
    })
}
