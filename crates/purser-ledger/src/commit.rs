//! The committer: one thread that turns waiting requests into one inbox batch at a time.
//! Invariant: a request is answered after its batch is on disk and in the view; what it was checked against is the
//! head that the batch follows.

use std::sync::Arc;

use purser_domain::attribution::SpanContext;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_store::inbox::{Append, Head, NewBatch};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::append::{AppendError, Applied, Correction, Rate, Receipt};
use crate::codec;
use crate::error::Error;
use crate::index::Checkpoint;
use crate::plan::{Plan, Planner, Request};
use crate::row;
use crate::shared::Shared;
use crate::view::TailBatch;

/// The most events of one batch: a request may exceed it alone.
const GROUP_EVENTS: usize = 20_000;
/// Requests that wait before senders do.
pub(crate) const QUEUE: usize = 1_024;

/// A request with the way back.
pub(crate) enum Job {
    Append(Request, oneshot::Sender<Result<Receipt, AppendError>>),
    Correct(Vec<Correction>, Rate, oneshot::Sender<Result<Vec<Applied>, AppendError>>),
    Surround(TenantId, Vec<SpanContext>, Rate, oneshot::Sender<Result<Vec<Applied>, AppendError>>),
}

/// What one commit holds.
#[derive(Default)]
struct Group {
    requests: Vec<Request>,
    replies: Vec<oneshot::Sender<Result<Receipt, AppendError>>>,
    corrections: Vec<Correction>,
    /// What spans around calls tell.
    contexts: Option<(TenantId, Vec<SpanContext>)>,
    /// What calls that the corrections or contexts change are rated by.
    rate: Option<Rate>,
    correct_reply: Option<oneshot::Sender<Result<Vec<Applied>, AppendError>>>,
}

/// Commits until every sender is gone.
pub(crate) fn run(shared: &Arc<Shared>, handle: &Handle, mut jobs: mpsc::Receiver<Job>) {
    let mut held = None;
    while let Some(first) = held.take().or_else(|| jobs.blocking_recv()) {
        let group = gather(first, &mut jobs, &mut held);
        let outcome = handle.block_on(commit(shared, &group));
        if let Err(error) = &outcome {
            shared.distrust_view();
            if let Error::Index(error) = error {
                shared.index.failed(error);
            }
        }
        group.answer(outcome);
    }
}

/// The first job and those that wait behind it. A correction stands alone: it must see what is before it.
fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>, held: &mut Option<Job>) -> Group {
    let mut group = Group::default();
    let mut events = 0;
    let mut next = Some(first);
    while let Some(job) = next.take() {
        match job {
            Job::Append(request, reply) => {
                events += request.drafts.len();
                group.requests.push(request);
                group.replies.push(reply);
            }
            Job::Correct(corrections, rate, reply) if group.requests.is_empty() => {
                group.corrections = corrections;
                group.rate = Some(rate);
                group.correct_reply = Some(reply);
                break;
            }
            Job::Surround(tenant, contexts, rate, reply) if group.requests.is_empty() => {
                group.contexts = Some((tenant, contexts));
                group.rate = Some(rate);
                group.correct_reply = Some(reply);
                break;
            }
            alone @ (Job::Correct(..) | Job::Surround(..)) => {
                *held = Some(alone);
                break;
            }
        }
        if events < GROUP_EVENTS {
            next = jobs.try_recv().ok();
        }
    }
    group
}

impl Group {
    /// Sends each answer; a receiver that is gone does not care.
    fn answer(self, outcome: Result<Plan, Error>) {
        match outcome {
            Ok(plan) => {
                for (reply, answer) in self.replies.into_iter().zip(plan.answers) {
                    drop(reply.send(answer));
                }
                if let Some(reply) = self.correct_reply {
                    drop(reply.send(Ok(plan.applied)));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for reply in self.replies {
                    drop(reply.send(Err(AppendError::Failed(Error::Commit(error.clone())))));
                }
                if let Some(reply) = self.correct_reply {
                    drop(reply.send(Err(AppendError::Failed(Error::Commit(error)))));
                }
            }
        }
    }
}

/// Plans, encodes and commits; again if another node came first.
async fn commit(shared: &Arc<Shared>, group: &Group) -> Result<Plan, Error> {
    shared.await_room().await?;
    loop {
        let head = shared.catch_up().await?;
        let clock = (shared.config.clock)();
        let first_received = clock.max(head.received_through.plus_micros(1));
        let plan = plan(shared, group, first_received).await?;
        if plan.len() == 0 || store(shared, &head, &plan, group).await? {
            return Ok(plan);
        }
        shared.sync().await?;
    }
}

/// Plans a commit, with the stored rows that it needs.
async fn plan(shared: &Arc<Shared>, group: &Group, first_received: Timestamp) -> Result<Plan, Error> {
    let index = shared.index.get()?;
    let mut planner = Planner::new(&index, first_received)?;
    if let Some((tenant, contexts)) = &group.contexts {
        planner.surround(tenant, contexts)?;
    } else if group.corrections.is_empty() {
        planner.append(&group.requests)?;
    } else {
        planner.correct(&group.corrections)?;
    }
    loop {
        let wanted = planner.wanted(&group.requests)?;
        if wanted.is_empty() {
            return planner.settle(&group.requests, group.rate.as_ref());
        }
        planner.know(shared.fetch(&wanted).await?);
    }
}

/// Appends the plan's rows after `head`: false if another node came first.
async fn store(shared: &Arc<Shared>, head: &Head, plan: &Plan, group: &Group) -> Result<bool, Error> {
    let rows = row::write(plan.rows(&group.requests, &group.corrections))?;
    let payload = codec::to_ipc(&rows)?;
    let bytes = payload.len();
    let (first_received, last_received): (Timestamp, Timestamp) = (plan.first_received(), plan.last_received());
    let entries = u32::try_from(rows.num_rows()).unwrap_or(u32::MAX);
    let batch = NewBatch { payload, entries, first_received, last_received };
    let head = match shared.inbox().append(head, batch).await? {
        Append::Committed(head) => head,
        Append::Moved(_) => return Ok(false),
    };
    // The batch is on disk: from here on nothing may fail the request. An index that lags is caught up later.
    let checkpoint = Checkpoint { seq: head.seq, received_through: head.received_through };
    let applied = shared.index.get().and_then(|index| index.apply(&plan.changes, checkpoint));
    if let Err(error) = applied {
        tracing::error!(%error, "the index cannot be written; it is reopened before the next commit");
        shared.index.distrust();
    }
    shared.publish(TailBatch::new(head, rows, bytes, first_received));
    Ok(true)
}
