//! The threads that run the candidate: a bounded queue, a deadline, and replacements for threads that hang.
//! Invariant: a submitter takes one short lock and never waits.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::finish::{self, Compared, Context};
use super::{Candidate, Config, Counts, Input};

/// So many threads may hang before none is started in their place.
const STUCK_MAX: usize = 8;

/// How long the end waits for records that are being written: the recorder takes or spools them unless both fail.
const RECORD_PATIENCE: Duration = Duration::from_secs(10);

/// What a submitter may wait for.
pub(crate) type Reply = oneshot::Receiver<Told>;

/// What a submitter is told: the comparison, or in words why there is none.
type Told = Result<Box<Compared>, String>;

/// One simulation for the candidate.
pub(crate) struct Job {
    pub(crate) context: Context,
    /// The runtime that serves requests.
    pub(super) runtime: Handle,
    background: Handle,
    reply: Mutex<Option<oneshot::Sender<Told>>>,
}

impl Job {
    /// A job whose record is put together in the background and kept on the caller's runtime.
    pub(crate) fn new(context: Context) -> Self {
        let background = context.service.ledger().background_runtime();
        Self { context, runtime: Handle::current(), background, reply: Mutex::new(None) }
    }

    /// Tells whoever still waits.
    fn answer(&self, outcome: Told) {
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reply) = reply {
            // Who no longer waits reads the record.
            reply.send(outcome).ok();
        }
    }
}

enum Task {
    Simulate(Arc<Job>),
    /// To be recorded as timed out.
    Expired(Arc<Job>),
}

struct Running {
    worker: u64,
    since: Instant,
    job: Arc<Job>,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    running: Vec<Running>,
    finishing: usize,
    next_worker: u64,
    counts: Counts,
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    /// For jobs whose record is being written.
    room: Arc<Semaphore>,
    candidate: Arc<dyn Candidate>,
    queue: usize,
    workers: usize,
    deadline: Duration,
}

/// The threads and their queue.
pub(super) struct Pool(Arc<Shared>);

impl Pool {
    pub(super) fn new(config: &Config, candidate: Arc<dyn Candidate>) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            ready: Condvar::new(),
            room: Arc::new(Semaphore::new(config.queue.max(1))),
            candidate,
            queue: config.queue,
            workers: config.workers.max(1),
            deadline: config.deadline,
        }))
    }

    /// Queues a job; hands it back if the queue is full or no thread can take it.
    pub(super) fn submit(&self, job: Job) -> Result<Reply, Box<Job>> {
        let mut state = self.0.lock();
        self.0.reap(&mut state);
        self.0.staff(&mut state);
        if state.closed || state.tasks.len() >= self.0.queue || state.counts.workers == 0 {
            state.counts.dropped += 1;
            metrics::counter!("purser_shadow_dropped_total").increment(1);
            return Err(Box::new(job));
        }
        let (sender, receiver) = oneshot::channel();
        *job.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        state.tasks.push_back(Task::Simulate(Arc::new(job)));
        drop(state);
        self.0.ready.notify_one();
        Ok(receiver)
    }

    pub(super) fn counts(&self) -> Counts {
        let mut state = self.0.lock();
        self.0.reap(&mut state);
        Counts { queued: state.tasks.len(), ..state.counts }
    }

    /// Takes no more, waits for what was taken, and hands back what is left after `patience`. What is being recorded is
    /// waited for longer.
    pub(super) async fn close(&self, patience: Duration) -> Vec<Arc<Job>> {
        let started = Instant::now();
        self.0.lock().closed = true;
        self.0.ready.notify_all();
        let mut left = Vec::new();
        loop {
            {
                let mut state = self.0.lock();
                if started.elapsed() >= patience {
                    left.extend(state.tasks.drain(..).map(|task| match task {
                        Task::Simulate(job) | Task::Expired(job) => job,
                    }));
                    left.extend(state.running.drain(..).map(|running| running.job));
                }
                let is_done = state.tasks.is_empty() && state.running.is_empty();
                if is_done && (state.finishing == 0 || started.elapsed() >= patience + RECORD_PATIENCE) {
                    return left;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.ready.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up what runs beyond its deadline; its thread is counted as stuck until it comes back.
    fn reap(&self, state: &mut State) {
        let (late, in_time): (Vec<Running>, Vec<Running>) =
            state.running.drain(..).partition(|running| running.since.elapsed() >= self.deadline);
        state.running = in_time;
        for running in late {
            state.counts.workers -= 1;
            state.counts.stuck += 1;
            state.counts.timed_out += 1;
            metrics::counter!("purser_shadow_timeouts_total").increment(1);
            running.job.answer(Err("the candidate did not answer before its deadline".to_owned()));
            state.tasks.push_front(Task::Expired(running.job));
        }
    }

    /// Starts the threads that are missing.
    fn staff(self: &Arc<Self>, state: &mut State) {
        while !state.closed && state.counts.workers < self.workers && state.counts.stuck < STUCK_MAX {
            let (shared, worker) = (self.clone(), state.next_worker);
            let thread = std::thread::Builder::new().name(format!("shadow-{worker}"));
            if let Err(error) = thread.spawn(move || shared.work(worker)) {
                tracing::error!(%error, "no thread for the shadow; it is tried again");
                return;
            }
            state.next_worker += 1;
            state.counts.workers += 1;
        }
    }

    /// What a thread does until it is given up or the pool is closed and empty.
    fn work(self: Arc<Self>, worker: u64) {
        while let Some(task) = self.take(worker) {
            let (job, outcome) = match task {
                Task::Expired(job) => (job, None),
                Task::Simulate(job) => {
                    let outcome = self.run(&job);
                    if !self.leave(worker) {
                        return;
                    }
                    (job, Some(outcome))
                }
            };
            self.finish(job, outcome);
        }
    }

    fn take(&self, worker: u64) -> Option<Task> {
        let mut state = self.lock();
        loop {
            self.reap(&mut state);
            if let Some(task) = state.tasks.pop_front() {
                match &task {
                    Task::Simulate(job) => {
                        state.running.push(Running { worker, since: Instant::now(), job: job.clone() });
                    }
                    Task::Expired(_) => state.finishing += 1,
                }
                return Some(task);
            }
            if state.closed {
                state.counts.workers -= 1;
                return None;
            }
            state = self.ready.wait_timeout(state, self.deadline).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the thread still has its place; if not, its result is too late.
    fn leave(&self, worker: u64) -> bool {
        let mut state = self.lock();
        let place = state.running.iter().position(|running| running.worker == worker);
        match place {
            Some(place) => {
                state.running.swap_remove(place);
                state.finishing += 1;
            }
            None => state.counts.stuck = state.counts.stuck.saturating_sub(1),
        }
        place.is_some()
    }

    fn run(&self, job: &Job) -> Outcome {
        let started = Instant::now();
        let context = &job.context;
        let input = Input { request: &context.request, catalogue: &context.catalogue, stamp: &context.stamp };
        let result = catch_unwind(AssertUnwindSafe(|| self.candidate.simulate(input)));
        let result = result.unwrap_or_else(|_| Err("the candidate panicked".to_owned()));
        Outcome { result, elapsed: started.elapsed() }
    }

    /// Answers, and hands the record to the background; waits while too many are there. That is no reason to give the
    /// thread up.
    fn finish(self: &Arc<Self>, job: Arc<Job>, outcome: Option<Outcome>) {
        let finishing = Finishing(self.clone());
        let done = catch_unwind(AssertUnwindSafe(|| outcome.map(|outcome| self.answer(&job, outcome))));
        let (Ok(done), Ok(room)) = (done, job.runtime.block_on(self.room.clone().acquire_owned())) else {
            tracing::error!("a shadow simulation could not be recorded");
            return;
        };
        let background = job.background.clone();
        let record = move || {
            if catch_unwind(AssertUnwindSafe(|| finish::record(job, done.as_ref(), (room, finishing)))).is_err() {
                tracing::error!("a shadow simulation could not be recorded");
            }
        };
        // It panics where the system gives no thread; the work then waits for the next that it gives.
        if catch_unwind(AssertUnwindSafe(|| background.spawn_blocking(record))).is_err() {
            tracing::error!("no thread for the background; it is tried again with the next simulation");
        }
    }

    fn answer(&self, job: &Job, outcome: Outcome) -> Result<Compared, String> {
        let done = finish::compared(&job.context, outcome.result, outcome.elapsed);
        {
            let counts = &mut self.lock().counts;
            *(if done.is_ok() { &mut counts.answered } else { &mut counts.failed }) += 1;
        }
        job.answer(done.clone().map(Box::new));
        done
    }
}

/// A job that is not recorded yet.
struct Finishing(Arc<Shared>);

impl Drop for Finishing {
    fn drop(&mut self) {
        self.0.lock().finishing -= 1;
    }
}

struct Outcome {
    result: Result<purser_domain::simulation::v2::Simulation, String>,
    elapsed: Duration,
}
