//! What a data source may ask of this server, and what it would ask in vain.

use backingstore_config::{JournalMode, SqliteSource};

use crate::error::{Error, ErrorKind};

/// Refuses parameters that would open another database, or this one in another way, than what is served here.
///
/// SQLite reads `mode`, `immutable` and `vfs` in a `file:` URI only. Elsewhere kine passes over them; whoever wrote them
/// meant them all the same.
pub(super) fn check(source: &SqliteSource) -> Result<(), Error> {
    let refuse = |name: &str, next: &str| {
        let path = source.path().display();
        let message =
            format!("the data source of {path} has the parameter `{name}`, which is not served: {next}");
        Err(Error::new(ErrorKind::Config, message))
    };
    let params = source.params();
    // The file is made where it is not there, which is `rwc`.
    if params.contains("mode") && params.get("mode") != Some("rwc") {
        return refuse(
            "mode",
            "leave it out, for this server writes, and makes the file where it is not there",
        );
    }
    if params.contains("immutable") && params.get("immutable") != Some("0") {
        return refuse("immutable", "leave it out, for this server writes");
    }
    if params.contains("vfs") {
        return refuse(
            "vfs",
            "leave it out, for only SQLite's own way to files is safe beside another process",
        );
    }
    if source.journal_mode().is_some_and(|mode| mode != JournalMode::Wal) {
        tracing::warn!(
            path = %source.path().display(),
            "the data source asks for another journal than WAL: WAL is used, for reads must not wait for writes"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use backingstore_config::DataSource;
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;

    fn checked(source: &str) -> Result<(), Error> {
        match source.parse().unwrap() {
            DataSource::Sqlite(source) => check(&source),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_parameter_that_is_not_served_is_refused_by_name() {
        for (source, name) in [
            ("sqlite://file:/data/a.db?mode=ro", "`mode`"),
            ("sqlite://file:/data/a.db?mode=rw", "`mode`"),
            ("sqlite:///data/a.db?mode=ro", "`mode`"),
            ("sqlite://file:/data/a.db?immutable=1", "`immutable`"),
            ("sqlite://file:/data/a.db?vfs=unix-none", "`vfs`"),
        ] {
            let error = checked(source).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{source}");
            let text = error.to_string();
            assert!(
                text.contains(name) && text.contains("/data/a.db") && text.contains("leave it out"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_served_anyway_is_accepted() {
        for source in [
            "sqlite://",
            "sqlite:///data/a.db",
            "sqlite://file:/data/a.db?mode=rwc&immutable=0",
            "sqlite:///data/a.db?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate",
        ] {
            checked(source).unwrap();
        }
    }

    /// Counts warnings.
    #[derive(Default)]
    struct Warnings(Arc<AtomicUsize>);

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() == Level::WARN
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_journal_other_than_wal_is_warned_about() {
        let warnings = Warnings::default();
        let count = warnings.0.clone();
        tracing::subscriber::with_default(warnings, || {
            checked("sqlite:///data/a.db?_journal_mode=WAL").unwrap();
            checked("sqlite:///data/a.db").unwrap();
            assert_eq!(count.load(Ordering::Relaxed), 0);
            checked("sqlite:///data/a.db?_journal_mode=DELETE").unwrap();
            assert_eq!(count.load(Ordering::Relaxed), 1);
        });
    }
}
