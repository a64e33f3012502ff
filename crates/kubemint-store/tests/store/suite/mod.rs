//! What every store must do, written against the ports alone: another store joins with one line in `main.rs`.

use kubemint::ports::Store;
use kubemint_store::Trail;
use kubemint_store::audit::KeyNotes;

pub(crate) mod faults;
pub(crate) mod fixture;
pub(crate) mod issuing;
pub(crate) mod keys;
pub(crate) mod lists;
pub(crate) mod model;
pub(crate) mod races;
pub(crate) mod random;
pub(crate) mod reconciling;
pub(crate) mod retention;
pub(crate) mod trail;
pub(crate) mod transitions;

/// A store that the suite can have as many of as it likes, each empty.
pub(crate) trait Fresh: Store + Trail + KeyNotes + Sized + 'static {
    /// An empty store, which goes when it is dropped.
    fn fresh() -> Self;
}

/// Makes a test of everything in the suite, for one store. A function that is missing here is dead code, which clippy
/// refuses.
macro_rules! for_every_store {
    ($store:ty) => {
        $crate::suite::tests! { $store:
            faults::a_failed_call_did_nothing_and_a_lost_answer_did_everything,
            faults::a_stopped_call_never_answers_and_a_slow_one_does,
            issuing::a_started_issue_is_a_pending_record_with_its_event,
            issuing::a_name_is_taken_for_ever_in_its_cluster_alone,
            issuing::a_name_whose_issue_failed_is_its_creators_to_try_again,
            issuing::a_name_may_fail_any_number_of_times,
            keys::a_key_is_free_until_it_is_used_and_again_when_its_issue_failed,
            keys::a_key_answers_by_the_state_of_its_record,
            keys::a_key_is_one_principals_at_one_cluster,
            keys::a_key_past_its_time_is_as_unused,
            issuing::no_more_kubeconfigs_are_alive_for_a_user_than_may_be,
            keys::a_failure_of_an_older_issue_does_not_free_the_key_of_a_newer_one,
            lists::pages_are_newest_first_and_end,
            lists::the_parts_of_what_is_visible_add_up,
            lists::a_subject_of_another_issuer_is_someone_else,
            lists::a_filter_leaves_out_what_it_does_not_admit,
            lists::what_has_ended_is_expired_before_it_is_written_down,
            lists::a_place_that_no_page_gave_is_still_a_place,
            races::one_of_many_with_the_same_key_starts,
            races::one_of_many_with_the_same_name_starts,
            races::one_of_many_takes_a_failed_name_over,
            races::of_many_at_once_as_many_start_as_may_be_alive,
            races::one_of_two_ends_of_a_pending_record_wins,
            races::who_follows_the_trail_misses_nothing,
            reconciling::a_landmark_is_kept_for_its_cluster_until_it_is_forgotten,
            reconciling::what_is_alive_is_counted_by_cluster_and_role,
            reconciling::what_is_given_up_is_due_at_once_and_never_granted,
            reconciling::what_is_due_is_ended_abandoned_or_revoking,
            reconciling::no_kind_of_due_record_starves_another,
            reconciling::certificates_that_are_being_revoked_wait_for_their_end_out_of_the_way,
            reconciling::the_active_records_come_in_pages,
            retention::a_record_that_is_over_is_forgotten_but_for_its_name,
            retention::nothing_of_a_forgotten_record_can_be_had,
            retention::a_record_stays_while_a_key_leads_to_it,
            retention::retention_goes_in_batches,
            retention::a_record_with_many_credentials_goes_a_few_at_a_time_and_holds_up_no_other,
            retention::the_trail_is_cut_at_its_old_end_alone,
            retention::a_row_from_a_clock_far_ahead_keeps_no_other,
            trail::the_size_grows_with_what_is_written_and_not_with_what_is_cut,
            trail::an_event_comes_back_as_it_was_written,
            trail::the_trail_is_read_on_from_any_number,
            trail::every_minted_credential_is_kept,
            trail::a_store_is_one_instance_and_can_be_pinged,
            trail::the_keys_of_pseudonyms_are_noted_in_the_order_of_their_last_uses,
            transitions::exactly_the_allowed_transitions_are_taken,
            transitions::a_transition_of_something_else_with_the_name_writes_nothing,
        }

        #[test]
        fn any_history_ends_as_the_model_says() {
            $crate::suite::random::any_history_ends_as_the_model_says::<$store>();
        }
    };
}
pub(crate) use for_every_store;

macro_rules! tests {
    ($store:ty: $($module:ident::$test:ident,)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            $crate::suite::$module::$test::<$store>().await;
        }
    )* };
}
pub(crate) use tests;
