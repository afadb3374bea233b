//! What ships with the engine, as a user meets it: the price book, the datasets.

mod dataset_build;
mod shipped_datasets;
mod shipped_prices;
