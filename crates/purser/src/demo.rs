//! Sample traffic: what a newcomer sees before any client of their own sends.

mod incident;
mod random;
pub(crate) mod traffic;
pub(crate) mod workload;

#[cfg(test)]
mod tests;
