//! The HTTP interface, tested from outside: requests in, replies out, on real stores.

mod health;
