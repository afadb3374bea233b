//! What the HTTP room can be told: limits and time-outs.

use std::time::Duration;

/// Limits of the HTTP interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Largest body as sent, bytes.
    pub body_max: usize,
    /// Largest body after unpacking, bytes.
    pub unpacked_max: usize,
    /// Bytes of all bodies held at once; beyond it requests are told to come back.
    pub bodies_max: usize,
    /// Requests worked on at once; beyond it they wait for `queue_wait`.
    pub concurrency: usize,
    /// Simulations that take a core worked on at once; beyond it they wait for `queue_wait`.
    pub simulations: usize,
    /// How long a request waits for its turn before it is told to come back.
    pub queue_wait: Duration,
    /// How long a client may take to send its body.
    pub body_timeout: Duration,
    /// How long new requests are told to come back, once the server was told to stop, before the listeners close.
    pub shed: Duration,
    /// How long requests may go on after the server was told to stop.
    pub drain: Duration,
    /// Bodies above this many bytes are decoded off the reactor.
    pub decode_inline_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_max: 16 << 20,
            unpacked_max: 64 << 20,
            bodies_max: 256 << 20,
            concurrency: 512,
            simulations: std::thread::available_parallelism().map_or(2, |cores| cores.get().div_ceil(2)),
            queue_wait: Duration::from_secs(2),
            body_timeout: Duration::from_secs(30),
            shed: Duration::from_millis(250),
            drain: Duration::from_secs(20),
            decode_inline_max: 256 << 10,
        }
    }
}
