//! The shipped price book as a user meets it.

mod shipped_prices;
