//! The list. `KINE_CLIENT_BLESS=1 cargo test -p kine-client` makes the table in the documentation from it anew.

use super::Difference;

/// A difference of kine that every run on v0.16.4 shows, on any database.
const fn kine(behaviour: &'static str, reason: &'static str, source: &'static str) -> Difference {
    Difference {
        product: "kine",
        versions: "0.16",
        assumed: &["0.17"],
        databases: &[],
        always: true,
        behaviour,
        reason,
        source,
    }
}

/// A difference of kine on MySQL and MariaDB.
const fn kine_mysql(behaviour: &'static str, reason: &'static str) -> Difference {
    Difference {
        databases: &["MariaDB", "MySQL"],
        ..kine(behaviour, reason, "the column `name` is `CHARACTER SET ascii` (kine `pkg/drivers/mysql`)")
    }
}

/// All known differences.
pub const KNOWN_DIFFERENCES: &[Difference] = &[
    Difference {
        assumed: &[],
        ..kine("range::range_can_be_streamed", "it has no RangeStream; v0.17 has", "kine pull request 771")
    },
    kine(
        "range::count_of_one_key_answers_no_key",
        "it ignores `count_only` for one key and answers the key",
        "kine `pkg/server/get.go`",
    ),
    kine(
        "range::range_to_a_nul_byte_holds_all_from_its_start",
        "it takes the NUL byte for a character: nothing is in the range on SQLite and MySQL, and PostgreSQL refuses it \
         as invalid UTF-8",
        "kine `pkg/server/list.go`",
    ),
    kine(
        "put::put_overwrites",
        "Put answers success and leaves the key as it was, unless the key is the last one written in the store",
        "kine `pkg/server/put.go` expects the store's revision instead of the key's",
    ),
    kine(
        "txn::delete_of_a_key_that_never_was_fails",
        "it answers success with no key deleted",
        "kine `pkg/logstructured/logstructured.go`",
    ),
    kine(
        "txn::delete_after_a_read_answers_both",
        "it answers the delete alone",
        "kine `pkg/server/delete.go`",
    ),
    kine(
        "txn::delete_answers_no_value_unless_asked",
        "it always answers the deleted value",
        "kine `pkg/server/delete.go`",
    ),
    kine(
        "watch::confirmation_tells_the_revision",
        "the confirmation's header has revision 0",
        "kine `pkg/server/watch.go`",
    ),
    kine(
        "watch::watch_without_a_start_revision_begins_now",
        "it replays every event of the range that is not compacted, then goes on",
        "kine `pkg/logstructured/logstructured.go`",
    ),
    kine(
        "watch::previous_value_does_not_come_unless_asked",
        "it always sends the previous value of updates and deletes",
        "kine `pkg/server/watch.go`",
    ),
    kine(
        "watch::previous_value_of_a_delete_is_whole",
        "the previous value of a delete has create revision 0 and lease 0",
        "kine `pkg/server/watch.go`",
    ),
    Difference {
        assumed: &[],
        always: false,
        ..kine(
            "progress::progress_does_not_run_ahead_of_events",
            "progress that was asked for may overtake events; repaired in v0.17",
            "kine issue 731, pull request 746",
        )
    },
    kine(
        "compact::compaction_to_a_delete_does_not_turn_the_revision_back",
        "a compaction to the newest revision, if that is a delete, removes its row, and the store's revision is that of \
         the newest row left; with the default `--compact-min-retain` of 1000 a compaction never goes so far",
        "kine takes MAX(id) for the revision (`pkg/drivers/generic`)",
    ),
    kine_mysql("keys::case_tells_keys_apart", "keys that differ only in case are one key"),
    kine_mysql(
        "keys::a_blank_at_the_end_tells_keys_apart",
        "keys that differ only by blanks at the end are one key",
    ),
    kine_mysql(
        "keys::lists_are_in_byte_order",
        "lists are in alphabetical order without regard to case, and of two keys that differ only in case the second \
         cannot be created",
    ),
    kine_mysql(
        "keys::keys_beyond_ascii_come_back",
        "a key that is not ASCII is refused with a database error (1267, illegal mix of collations)",
    ),
    Difference {
        product: "etcd",
        versions: "3.5",
        assumed: &["3.4", "3.6"],
        databases: &[],
        always: true,
        behaviour: "range::range_can_be_streamed",
        reason: "RangeStream came with 3.7",
        source: "etcd `api/etcdserverpb/rpc.proto`",
    },
    Difference {
        product: "etcd",
        versions: "3.5.1",
        assumed: &["3.4", "3.5"],
        databases: &[],
        always: false,
        behaviour: "progress::progress_does_not_run_ahead_of_events",
        reason: "progress that was asked for may overtake events; the Kubernetes API server trusts it from 3.5.13 on",
        source: "etcd issue 15220",
    },
];
