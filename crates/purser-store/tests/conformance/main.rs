//! One suite that both databases must pass; PostgreSQL's half needs `PURSER_TEST_POSTGRES` (see `.ci/postgres`).

mod api_key;
mod artifact;
mod calibration;
mod conflict;
mod database;
mod discount;
mod disk;
mod feature_tag;
mod import;
mod inbox;
mod isolation;
mod lake;
mod lease;
mod migration;
mod passed_over;
mod price_import;
mod price_override;
mod provenance;
mod reconciliation;
mod scenario;
mod session;
mod skill_override;
mod tenant;

/// Expands every test once per database.
macro_rules! conformance {
    ($($noun:ident: $($test:ident),+ $(,)?;)+) => {
        conformance!(@on sqlite Sqlite $($noun: $($test),+;)+);
        conformance!(@on postgres Postgres $($noun: $($test),+;)+);
    };
    (@on $module:ident $backend:ident $($noun:ident: $($test:ident),+;)+) => {
        mod $module {
            $(mod $noun {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    use crate::database::{Backend, run};
                    run(Backend::$backend, stringify!($test), crate::$noun::$test).await;
                })+
            })+
        }
    };
}

conformance! {
    api_key: a_key_is_found_by_its_hash, a_revoked_key_stays_revoked_since_the_first_time,
        a_key_needs_a_tenant_and_a_hash_of_its_own;
    artifact: a_version_is_saved_over_and_keeps_its_id, artifacts_are_found_newest_first;
    calibration: calibrations_are_numbered_and_the_newest_is_in_force, the_same_again_is_not_kept_twice,
        a_calibration_needs_a_tenant;
    conflict: a_payload_that_comes_again_counts_once_more, conflicts_are_paged_newest_first,
        ten_thousand_conflicts_fit_one_call;
    discount: a_discount_round_trips, nulls_are_equal_in_a_discounts_key, a_discount_ends_by_a_new_revision,
        a_discount_over_a_hundred_percent_is_refused;
    feature_tag: a_tag_is_created_changed_and_listed, a_tag_is_unique_in_its_tenant;
    import: an_import_runs_and_finishes, a_voided_import_stays_voided, imports_are_paged_newest_first;
    inbox: the_inbox_starts_empty, a_batch_comes_back_as_it_was_appended, a_stale_head_appends_nothing,
        times_that_do_not_follow_the_head_are_refused, a_read_stops_at_its_bytes_but_returns_one_batch,
        deleting_leaves_the_head_where_it_is, two_stores_append_a_hundred_batches_without_loss,
        committed_batches_outlive_the_store, a_read_goes_on_while_a_write_is_open;
    isolation: tenants_never_see_each_others_rows;
    lake: the_first_lake_stays_the_one;
    lease: a_lease_has_one_holder_until_it_expires, a_released_lease_is_free, one_of_many_gets_the_lease;
    migration: opening_again_changes_nothing, many_nodes_may_open_a_new_database_at_once,
        the_schema_refuses_values_that_are_not_in_an_enum;
    passed_over: a_kind_counts_further_and_keeps_its_first_and_last_time,
        kinds_are_listed_last_seen_first_and_old_days_are_forgotten, thousands_of_kinds_fit_one_call;
    price_import: versions_are_added_and_keep_their_lines;
    price_override: a_price_round_trips_exactly, nulls_are_equal_in_a_prices_key, a_price_ends_by_a_new_revision,
        the_schema_itself_refuses_two_prices_in_force, a_price_that_never_started_ends_without_a_trace_in_force;
    provenance: two_logs_have_heads_of_their_own, chains_move_with_their_batch_or_not_at_all,
        a_chain_is_dropped_further_and_never_less_far, thousands_of_chains_move_together,
        batches_that_wait_survive_the_second_log;
    reconciliation: a_reconciliation_is_kept_as_it_was_made;
    scenario: a_scenario_round_trips_and_is_deleted;
    session: a_session_ends_at_its_time, a_session_ends_with_its_key, sessions_over_are_purged;
    skill_override: a_row_is_set_replaced_and_deleted, a_row_needs_a_tenant;
    tenant: a_tenant_is_created_changed_and_listed, a_second_tenant_with_the_same_id_is_a_conflict,
        an_unknown_tenant_is_not_found, a_calendar_out_of_range_is_refused;
}
