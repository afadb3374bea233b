//! What the binary tells the console about how it is reached.

/// Settings of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether browsers reach the console over TLS: cookies are then `Secure`, and only `https` origins may act.
    pub tls: bool,
    /// The host names (without port) that browsers may use to change anything. Empty: any name, as long as
    /// the request's origin is that same host.
    pub hosts: Vec<String>,
}

impl Default for Config {
    /// Plain HTTP on this machine only.
    fn default() -> Self {
        Self { tls: false, hosts: ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec() }
    }
}
