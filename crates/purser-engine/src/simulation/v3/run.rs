//! Draws a compiled plan, 256 runs at a time, a column of numbers per node.
//! Invariant: integers only; what one run does depends on the seed, the nodes' keys and its own number.

use super::mask::Mask;
use super::program::{Conversation, Ending, Guarded, LeafKind, Op, Program, Skill, Slot};
use super::random::{Column, LANES, Random, path, stretch, threshold};
use super::table::{CELL_BITS, Table};
use super::tally::TRAIL_CHUNKS;
use super::tariff::Call;
use purser_domain::plan::Cache;

/// Parts of a leaf's cost, in the order of `estimate::Part`.
pub(super) const PARTS: usize = 5;
const CALL: usize = 0;
const INPUT: usize = 1;
const OUTPUT: usize = 2;
const TURNS: usize = 3;
const FAILURE: usize = 4;

/// Which number of a call says whether it shares its group's fate: no turn is that late.
const FATE: u64 = u64::MAX;

/// What so many runs came to.
pub(super) struct Frame {
    /// Pico-dollars.
    pub(super) cost: Column,
    /// Pico-dollars of attempts that failed.
    pub(super) wasted: Column,
    /// Microseconds.
    pub(super) latency: Column,
    pub(super) failed: Mask,
}

impl Frame {
    pub(super) const fn new() -> Self {
        Self { cost: [0; LANES], wasted: [0; LANES], latency: [0; LANES], failed: Mask::NONE }
    }
}

/// Draws chunks of one program.
pub(super) struct Worker<'p> {
    program: &'p Program,
    random: Random,
    chunk: u64,
    columns: Vec<Column>,
    /// Which columns hold the numbers of this chunk.
    filled: Vec<bool>,
    /// Which lanes of each leaf have run in this chunk: the first run of a call finds its cache cold.
    ran: Vec<Mask>,
    /// The time limit of the frame that is being drawn, microseconds.
    limit: u64,
    /// Frames to use again: making one costs more than a few lanes' work.
    spare: Vec<Box<Frame>>,
    /// Threshold of 32 random bits below which a call fails as its group does.
    correlation: u64,
    /// After which steps of the plan's own list the cost is noted, in order.
    marks: Vec<usize>,
    /// The costs noted in the chunk drawn last.
    pub(super) trail: Vec<Column>,
    /// Pico-dollars by leaf and part, over all chunks so far.
    pub(super) parts: Vec<[u128; PARTS]>,
}

impl<'p> Worker<'p> {
    pub(super) fn new(program: &'p Program, seed: u64) -> Self {
        Self {
            program,
            random: Random::new(seed),
            chunk: 0,
            columns: vec![[0; LANES]; program.slots],
            filled: vec![false; program.slots],
            ran: vec![Mask::NONE; program.leaves.len()],
            limit: u64::MAX,
            spare: Vec::new(),
            correlation: 0,
            marks: Vec::new(),
            trail: Vec::new(),
            parts: vec![[0; PARTS]; program.leaves.len()],
        }
    }

    /// With each call failing as its group does with probability `share`: two of them share their fate with its square.
    pub(super) fn correlated(mut self, share: f64) -> Self {
        self.correlation = threshold(share);
        self
    }

    /// Notes what has been spent after each of the steps `marks`, in each of the first [`TRAIL_CHUNKS`] chunks.
    pub(super) fn marking(mut self, marks: &[usize]) -> Self {
        self.marks = marks.to_vec();
        self
    }

    /// Draws the runs of chunk `chunk` that `lanes` names.
    pub(super) fn draw(&mut self, chunk: u64, lanes: Mask) -> Frame {
        self.chunk = chunk;
        self.filled.fill(false);
        self.ran.fill(Mask::NONE);
        let mut frame = Frame::new();
        self.steps(lanes, &mut frame);
        // A run that failed was for nothing.
        frame.failed.each(|lane| frame.wasted[lane] = frame.cost[lane]);
        frame
    }

    fn steps(&mut self, lanes: Mask, frame: &mut Frame) {
        let steps = &self.program.steps;
        self.trail.clear();
        let mut begun = 0;
        if self.chunk < TRAIL_CHUNKS {
            for mark in 0..self.marks.len() {
                let end = self.marks[mark] + 1;
                self.sequence(&steps[begun..end], lanes, 0, frame);
                self.trail.push(frame.cost);
                begun = end;
            }
        }
        self.sequence(&steps[begun..], lanes, 0, frame);
    }

    fn column(&mut self, slot: Slot) -> &Column {
        let column = &mut self.columns[slot.index];
        if !self.filled[slot.index] {
            self.random.fill(slot.stream, self.chunk, column);
            self.filled[slot.index] = true;
        }
        column
    }

    /// A frame that is empty in `lanes`; what it holds in others is of no meaning.
    fn frame(&mut self, lanes: Mask) -> Box<Frame> {
        let mut frame = self.spare.pop().unwrap_or_else(|| Box::new(Frame::new()));
        lanes.each(|lane| (frame.cost[lane], frame.wasted[lane], frame.latency[lane]) = (0, 0, 0));
        frame.failed = Mask::NONE;
        frame
    }

    /// Adds what `ops` cost and take to `frame`; a lane that fails or is past its time limit does no more of them.
    fn sequence(&mut self, ops: &[Op], lanes: Mask, at: u64, frame: &mut Frame) {
        for op in ops {
            let mut going = lanes.without(frame.failed);
            if self.limit < u64::MAX {
                let limit = self.limit;
                going = going.only(|lane| frame.latency[lane] <= limit);
            }
            if going.is_empty() {
                return;
            }
            self.op(op, going, at, frame);
        }
    }

    fn op(&mut self, op: &Op, lanes: Mask, at: u64, frame: &mut Frame) {
        match op {
            Op::Leaf(index) => self.leaf(*index, lanes, at, frame),
            Op::Sequence(ops) => self.sequence(ops, lanes, at, frame),
            Op::Parallel(ops) => self.limited(u64::MAX, |worker| worker.parallel(ops, lanes, at, frame)),
            Op::Branch(slot, arms) => self.branch(*slot, arms, lanes, at, frame),
            Op::Loop(slot, count, body) => self.repeat(*slot, count, body, lanes, at, frame),
            Op::Map { slot, items, concurrency, body } => self.limited(u64::MAX, |worker| {
                worker.map((*slot, items, *concurrency), body, lanes, at, frame);
            }),
            Op::Guarded(guarded) => self.guarded(guarded, lanes, at, frame),
        }
    }

    /// Draws frames of their own, whose clocks start at 0, within `limit`.
    fn limited(&mut self, limit: u64, draw: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.limit, limit);
        draw(self);
        self.limit = outer;
    }

    fn branch(&mut self, slot: Slot, arms: &[(u64, Vec<Op>)], lanes: Mask, at: u64, frame: &mut Frame) {
        let column = self.column(slot);
        let mut left = lanes;
        let mut ways = Vec::with_capacity(arms.len());
        for (below, _) in arms {
            let mut taken = Mask::NONE;
            left.each(|lane| {
                if stretch(column[lane] ^ at, 0) >> 32 < *below {
                    taken.set(lane);
                }
            });
            left = left.without(taken);
            ways.push(taken);
        }
        for ((_, ops), taken) in arms.iter().zip(ways) {
            self.sequence(ops, taken, at, frame);
        }
    }

    /// How often each lane does something, and the most of them.
    fn counts(&mut self, slot: Slot, table: &Table, lanes: Mask, at: u64) -> (Column, u64) {
        let mut counts = [0; LANES];
        let mut most = 0;
        if let Some(only) = table.only() {
            return ([only; LANES], only);
        }
        let column = self.column(slot);
        lanes.each(|lane| {
            counts[lane] = table.at(stretch(column[lane] ^ at, 0));
            most = counts[lane].max(most);
        });
        (counts, most)
    }

    fn repeat(&mut self, slot: Slot, count: &Table, body: &[Op], lanes: Mask, at: u64, frame: &mut Frame) {
        let (counts, most) = self.counts(slot, count, lanes, at);
        let mut going = lanes;
        for turn in 0..most {
            going = going.without(frame.failed).only(|lane| counts[lane] > turn);
            if going.is_empty() {
                return;
            }
            self.sequence(body, going, path(at, slot.stream, turn), frame);
        }
    }

    fn parallel(&mut self, ops: &[Op], lanes: Mask, at: u64, frame: &mut Frame) {
        let mut longest = [0; LANES];
        for op in ops {
            let mut own = self.frame(lanes);
            self.op(op, lanes, at, &mut own);
            lanes.each(|lane| {
                frame.cost[lane] += own.cost[lane];
                frame.wasted[lane] += own.wasted[lane];
                longest[lane] = own.latency[lane].max(longest[lane]);
            });
            frame.failed = frame.failed.with(own.failed);
            self.spare.push(own);
        }
        lanes.each(|lane| frame.latency[lane] += longest[lane]);
    }

    /// Each item goes to the worker that is free first. An item that fails stops no other.
    fn map(
        &mut self,
        (slot, items, concurrency): (Slot, &Table, usize),
        body: &[Op],
        lanes: Mask,
        at: u64,
        frame: &mut Frame,
    ) {
        let (counts, most) = self.counts(slot, items, lanes, at);
        let workers = concurrency.min(most as usize).max(1);
        let mut busy = vec![0_u64; workers * LANES];
        let mut failed = Mask::NONE;
        for item in 0..most {
            let going = lanes.only(|lane| counts[lane] > item);
            if going.is_empty() {
                break;
            }
            let mut own = self.frame(going);
            self.sequence(body, going, path(at, slot.stream, item), &mut own);
            going.each(|lane| {
                frame.cost[lane] += own.cost[lane];
                frame.wasted[lane] += own.wasted[lane];
                let own_busy = &mut busy[lane * workers..][..workers];
                // With a worker for each item, the item's number is the worker's.
                if workers as u64 >= most {
                    own_busy[item as usize] += own.latency[lane];
                } else {
                    take(own_busy, own.latency[lane]);
                }
            });
            failed = failed.with(own.failed);
            self.spare.push(own);
        }
        lanes.each(|lane| frame.latency[lane] += busy[lane * workers..][..workers].iter().max().unwrap_or(&0));
        frame.failed = frame.failed.with(failed);
    }

    fn guarded(&mut self, guarded: &Guarded, lanes: Mask, at: u64, frame: &mut Frame) {
        let mut trying = lanes;
        for attempt in 0..guarded.attempts {
            let mut own = self.frame(trying);
            let path = path(at, guarded.slot.stream, u64::from(attempt));
            self.limited(guarded.timeout, |worker| worker.op(&guarded.body, trying, path, &mut own));
            if guarded.timeout < u64::MAX {
                trying.each(|lane| {
                    if own.latency[lane] > guarded.timeout {
                        own.latency[lane] = guarded.timeout;
                        own.failed.set(lane);
                    }
                });
            }
            trying.each(|lane| {
                frame.cost[lane] += own.cost[lane];
                frame.latency[lane] += own.latency[lane];
                frame.wasted[lane] += if own.failed.has(lane) { own.cost[lane] } else { own.wasted[lane] };
            });
            trying = own.failed;
            self.spare.push(own);
            if trying.is_empty() {
                return;
            }
            if attempt + 1 < guarded.attempts {
                self.pause(guarded, attempt + 1, trying, at, frame);
            }
        }
        match &guarded.ending {
            Ending::Abort => frame.failed = frame.failed.with(trying),
            Ending::Continue => {}
            Ending::Fallback(ops) => self.sequence(ops, trying, at, frame),
        }
    }

    fn pause(&mut self, guarded: &Guarded, failed: u32, lanes: Mask, at: u64, frame: &mut Frame) {
        let Some(retry) = &guarded.retry else { return };
        let micros = retry.pause_ms(failed) * 1_000;
        if micros == 0 {
            return;
        }
        let jitter = (retry.jitter * 65_536.0) as u64;
        if jitter == 0 {
            return lanes.each(|lane| frame.latency[lane] += micros);
        }
        let column = self.column(guarded.slot);
        lanes.each(|lane| {
            let share = stretch(column[lane] ^ at, u64::from(failed)) >> 48;
            // micros < 2^42 and the product of both shares below 2^32: no overflow in 128 bits.
            let less = (u128::from(micros) * u128::from(jitter * share)) >> 32;
            frame.latency[lane] += micros - less as u64;
        });
    }

    fn leaf(&mut self, index: usize, lanes: Mask, at: u64, frame: &mut Frame) {
        let leaf = &self.program.leaves[index];
        let again = self.ran[index];
        self.ran[index] = again.with(lanes);
        let correlation = self.correlation;
        let shared = if correlation > 0 { Some(*self.column(leaf.group)) } else { None };
        let fails = |lane: usize, base: u64, bits: u64| match &shared {
            Some(group) if stretch(base, FATE) >> 32 < correlation => group[lane] >> 32 < leaf.failure,
            _ => bits >> 32 < leaf.failure,
        };
        let column = self.column(leaf.slot);
        let sums = match &leaf.kind {
            LeafKind::Skill(skill) => call_skill(skill, fails, column, lanes, at, frame),
            LeafKind::Model(model) if model.asks_once() => {
                call_model(|_, base, bits| model.ask(base, bits), fails, column, lanes, at, frame)
            }
            LeafKind::Model(model) => {
                let converse = |lane, base, bits| model.converse(base, bits, !again.has(lane));
                call_model(converse, fails, column, lanes, at, frame)
            }
        };
        for (total, sum) in self.parts[index].iter_mut().zip(sums) {
            *total += sum;
        }
    }
}

/// Gives `time` to the worker that is free first: `busy` is a heap, the least on top.
fn take(busy: &mut [u64], time: u64) {
    let until = busy[0] + time;
    let mut at = 0;
    loop {
        let mut least = 2 * at + 1;
        if least + 1 < busy.len() && busy[least + 1] < busy[least] {
            least += 1;
        }
        if least >= busy.len() || busy[least] >= until {
            break;
        }
        busy[at] = busy[least];
        at = least;
    }
    busy[at] = until;
}

fn call_skill(
    skill: &Skill,
    fails: impl Fn(usize, u64, u64) -> bool,
    column: &Column,
    lanes: Mask,
    at: u64,
    frame: &mut Frame,
) -> [u128; PARTS] {
    let (mut all, mut lost) = (0_u128, 0_u128);
    for lane in lanes.lanes() {
        let base = column[lane] ^ at;
        let bits = stretch(base, 0);
        let cost = skill.cost.at(bits);
        frame.cost[lane] += cost;
        frame.latency[lane] += skill.latency.at(bits >> CELL_BITS);
        all += u128::from(cost);
        if fails(lane, base, bits) {
            frame.failed.set(lane);
            frame.wasted[lane] += cost;
            lost += u128::from(cost);
        }
    }
    let mut parts = [0; PARTS];
    parts[CALL] = all - lost;
    parts[FAILURE] = lost;
    parts
}

fn call_model(
    call: impl Fn(usize, u64, u64) -> ([u64; 3], u64),
    fails: impl Fn(usize, u64, u64) -> bool,
    column: &Column,
    lanes: Mask,
    at: u64,
    frame: &mut Frame,
) -> [u128; PARTS] {
    let (mut kept, mut lost) = ([0_u128; 3], 0_u128);
    for lane in lanes.lanes() {
        let base = column[lane] ^ at;
        let bits = stretch(base, 0);
        let (cost, latency) = call(lane, base, bits);
        let total = cost.iter().sum::<u64>();
        frame.cost[lane] += total;
        frame.latency[lane] += latency;
        if fails(lane, base, bits) {
            frame.failed.set(lane);
            frame.wasted[lane] += total;
            lost += u128::from(total);
        } else {
            for (sum, cost) in kept.iter_mut().zip(cost) {
                *sum += u128::from(cost);
            }
        }
    }
    let [input, output, turns] = kept;
    let mut parts = [0; PARTS];
    (parts[INPUT], parts[OUTPUT], parts[TURNS], parts[FAILURE]) = (input, output, turns, lost);
    parts
}

impl Conversation {
    /// Whether it is one turn without a cache, as most are: [`Self::ask`] then says what [`Self::converse`] says.
    fn asks_once(&self) -> bool {
        self.turns.only() == Some(1) && self.cache == Cache::Off
    }

    #[inline]
    fn ask(&self, base: u64, bits: u64) -> ([u64; 3], u64) {
        let answer = stretch(base, 1);
        let output = self.output.at(answer);
        let (read, answered) = self.tariff.uncached(self.input.at(bits), output);
        ([read, answered, 0], self.latency.at(answer >> CELL_BITS) + output * self.token_us)
    }

    /// Pico-dollars read first, answered first and of all later turns; and microseconds.
    ///
    /// `first` says whether this is the first run of the node within its plan: a cold cache is warm after it.
    #[inline]
    fn converse(&self, base: u64, bits: u64, first: bool) -> ([u64; 3], u64) {
        let turns = self.turns.at(bits >> CELL_BITS);
        let mut context = self.input.at(bits);
        let mut known = match self.cache {
            Cache::Warm => self.prefix.min(context),
            Cache::Cold if !first => self.prefix.min(context),
            Cache::Cold | Cache::Off => 0,
        };
        let (mut cost, mut latency) = ([0; 3], 0);
        for turn in 0..turns {
            let bits = stretch(base, turn + 1);
            let output = self.output.at(bits);
            let call = match self.cache {
                Cache::Off => Call { input: context, output, ..Call::default() },
                Cache::Cold | Cache::Warm => Call { input: 0, read: known, write: context - known, output },
            };
            let (read, answered) = self.tariff.cost(call);
            if turn == 0 {
                (cost[0], cost[1]) = (read, answered);
            } else {
                cost[2] += read + answered;
            }
            latency += self.latency.at(bits >> CELL_BITS) + output * self.token_us;
            if turn + 1 < turns {
                known = context;
                let calls = self.tool_calls.at(bits >> (2 * CELL_BITS));
                context += output + calls * self.tool_result.at(bits >> (3 * CELL_BITS));
            }
        }
        (cost, latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_goes_to_the_worker_that_is_free_first() {
        // Workers a, b, c: a 5, b 3, c 9, b 3 + 4 = 7, a 5 + 1 = 6, a 6 + 2 = 8.
        let mut busy = [0; 3];
        for time in [5, 3, 9, 4, 1, 2] {
            take(&mut busy, time);
        }
        busy.sort_unstable();
        assert_eq!(busy, [7, 8, 9]);
        for workers in 1..20 {
            let (mut heap, mut scanned) = (vec![0; workers], vec![0; workers]);
            for item in 0..200 {
                let time = stretch(7, item) % 100;
                take(&mut heap, time);
                *scanned.iter_mut().min().expect("there is a worker") += time;
            }
            heap.sort_unstable();
            scanned.sort_unstable();
            assert_eq!(heap, scanned, "{workers}");
        }
    }
}
