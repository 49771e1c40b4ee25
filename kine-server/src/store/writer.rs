//! The one writer: decides what waits, commits it in one transaction, makes it visible, answers.
//!
//! *Group commit*: while a transaction is on its way to the disk, requests gather; the next transaction takes all of
//! them, and on a slow disk waits a moment for those that come back ([`Company`]).
//!
//! *Order*: rows are committed, then applied to the index, then published to the watchers, then answered. A client that
//! has its answer finds its write in every later read.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::company::Company;
use super::events::{Batch as EventBatch, Event};
use super::index::Index;
use super::txn::{self, Found, Outcome, Txn};
use super::{Fault, Inner};
use crate::backend::{Append, NewRow, Row};
use crate::error::{Error, ErrorKind};
use crate::revision::Revision;

/// Transactions in one commit at the most, and about how many bytes of values.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 8 << 20;
/// Rows forgotten under one lock.
const STEPS: usize = 1024;

/// What the writer is asked to do, in turn.
#[derive(Debug)]
pub(crate) enum Command {
    Write(Write),
    /// Forget what is below a revision; the answer comes when that is recorded.
    Compact {
        revision: Revision,
        answer: oneshot::Sender<Result<(), Fault>>,
    },
    /// Finish: what was asked before is done, what is asked later is refused.
    Stop,
}

/// A read that waits until what others have written is taken in.
pub(crate) type Refresh = oneshot::Sender<Result<(), Fault>>;

#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) txn: Txn,
    pub(crate) bytes: usize,
    pub(crate) answer: oneshot::Sender<Result<Outcome, Fault>>,
}

/// Writes for one commit.
struct Gathered {
    writes: Vec<Write>,
    bytes: usize,
}

impl Gathered {
    fn has_room(&self) -> bool {
        self.writes.len() < BATCH && self.bytes < BATCH_BYTES
    }

    /// Adds a write; gives back what has to come after the batch.
    fn take_in(&mut self, command: Command) -> Option<Command> {
        match command {
            Command::Write(write) => {
                self.bytes += write.bytes;
                self.writes.push(write);
                None
            }
            other => Some(other),
        }
    }
}

pub(crate) struct Writer {
    store: Arc<Inner>,
    commands: mpsc::Receiver<Command>,
    /// Apart from the commands: a read does not wait for commits that it has nothing to do with.
    refreshes: mpsc::UnboundedReceiver<Refresh>,
    /// Rows read at a time when following what others wrote.
    follow: usize,
    company: Company,
    /// The last commit failed: what the database holds must be read before anything else is decided.
    in_doubt: bool,
}

impl Writer {
    pub(crate) fn new(
        store: Arc<Inner>,
        commands: mpsc::Receiver<Command>,
        refreshes: mpsc::UnboundedReceiver<Refresh>,
        follow: usize,
    ) -> Self {
        Self { store, commands, refreshes, follow, company: Company::default(), in_doubt: false }
    }

    /// Starts it on a thread of its own: commits wait for the disk, and between them every hop to another thread is time
    /// in which the disk has nothing to do. What this returns is answered when it has ended.
    pub(crate) fn start(self) -> Result<oneshot::Receiver<()>, Error> {
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let store = self.store.clone();
        let work = move || {
            let run = std::panic::AssertUnwindSafe(|| runtime.block_on(self.run()));
            if std::panic::catch_unwind(run).is_err() {
                store.die(&Error::new(
                    ErrorKind::Stopped,
                    "the writer has panicked: nothing can be written any more",
                ));
            }
            let _ = end.send(());
        };
        match std::thread::Builder::new().name("kine-writer".to_owned()).spawn(work) {
            Ok(_) => Ok(ended),
            Err(error) => Err(Error::new(ErrorKind::Storage, "no thread can be started").with_source(error)),
        }
    }

    /// Works until it is told to stop, or nobody is left to tell.
    async fn run(mut self) {
        let mut next = None;
        loop {
            let command = match next.take() {
                Some(command) => command,
                None => match self.next_command().await {
                    Some(command) => command,
                    None => break,
                },
            };
            match command {
                Command::Write(first) => {
                    let (writes, following) = self.gather(first).await;
                    next = following;
                    let begun = Instant::now();
                    let count = writes.len();
                    self.write(writes).await;
                    self.company.committed(count, self.commands.len(), begun.elapsed());
                }
                Command::Compact { revision, answer } => {
                    let _ = answer.send(self.compact(revision).await);
                }
                Command::Stop => break,
            }
        }
        self.refuse_the_rest();
    }

    /// The first write with all that wait behind it, up to a command that has to come after them.
    async fn gather(&mut self, first: Write) -> (Vec<Write>, Option<Command>) {
        let mut batch = Gathered { bytes: first.bytes, writes: vec![first] };
        while batch.has_room() {
            let Ok(command) = self.commands.try_recv() else { break };
            if let Some(following) = batch.take_in(command) {
                return (batch.writes, Some(following));
            }
        }
        if let Some((wanted, pause)) = self.company.wanted(batch.writes.len()) {
            let until = Instant::now() + pause;
            while batch.has_room() && batch.writes.len() < wanted {
                let Ok(Some(command)) = timeout_at(until, self.next_command()).await else { break };
                if let Some(following) = batch.take_in(command) {
                    return (batch.writes, Some(following));
                }
            }
            self.company.came(batch.writes.len() >= wanted);
        }
        (batch.writes, None)
    }

    /// The next command, once reads that wait have been seen to. None when nobody is left to send one. Cancel safe.
    async fn next_command(&mut self) -> Option<Command> {
        loop {
            tokio::select! {
                biased;
                Some(refresh) = self.refreshes.recv() => self.refresh(refresh).await,
                command = self.commands.recv() => return command,
            }
        }
    }

    /// Answers all reads that wait.
    async fn refresh(&mut self, first: Refresh) {
        let mut waiting = vec![first];
        while let Ok(refresh) = self.refreshes.try_recv() {
            waiting.push(refresh);
        }
        let followed = self.follow().await.map_err(Fault::from);
        for refresh in waiting {
            let _ = refresh.send(followed.clone());
        }
    }

    async fn write(&mut self, mut writes: Vec<Write>) {
        self.store.queue.left(writes.iter().map(|write| write.bytes).sum());
        // Whoever has gone away wants nothing written any more.
        writes.retain(|write| !write.answer.is_closed());
        match self.commit(&writes).await {
            Ok(outcomes) => {
                for (write, outcome) in writes.into_iter().zip(outcomes) {
                    let _ = write.answer.send(outcome);
                }
            }
            Err(error) => {
                let fault = Fault::from(error);
                for write in writes {
                    let _ = write.answer.send(Err(fault.clone()));
                }
            }
        }
    }

    /// Commits the batch. When this fails, no write of it was answered and each may have happened or not, unless the
    /// database is out of space.
    async fn commit(&mut self, writes: &[Write]) -> Result<Vec<Result<Outcome, Fault>>, Error> {
        if self.in_doubt {
            self.follow().await?;
        }
        loop {
            let (base, rows, mut outcomes) = self.decide(writes);
            self.load_previous(base, &rows, &mut outcomes).await?;
            match self.store.backend.append(base, rows.clone()).await {
                Ok(Append::Committed) => {
                    self.make_visible(base, &rows);
                    return Ok(outcomes);
                }
                Ok(Append::Moved) => self.follow().await?,
                Err(error) => {
                    self.in_doubt = true;
                    self.store.fail_if_fatal(&error);
                    // If the rows did get there, readers must see them; if this fails too, the next command tries again.
                    if let Err(second) = self.follow().await {
                        tracing::error!(error = %second, "the log cannot be read after a failed commit");
                    }
                    return Err(error);
                }
            }
        }
    }

    fn decide(&self, writes: &[Write]) -> (Revision, Arc<[NewRow]>, Vec<Result<Outcome, Fault>>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let index = self.store.index.read();
        let mut batch = txn::Batch::new(&index, now);
        let outcomes = writes.iter().map(|write| batch.run(&write.txn)).collect();
        (index.revision(), batch.into_rows().into(), outcomes)
    }

    /// Fills in the values that answers show. Before the commit: afterwards a compaction might take the rows away.
    async fn load_previous(
        &self,
        base: Revision,
        rows: &[NewRow],
        outcomes: &mut [Result<Outcome, Fault>],
    ) -> Result<(), Error> {
        let in_batch =
            |revision: Revision| usize::try_from(revision.0 - base.0 - 1).ok().and_then(|i| rows.get(i));
        let mut found: Vec<&mut Found> = outcomes
            .iter_mut()
            .flatten()
            .flat_map(|outcome| &mut outcome.results)
            .filter_map(|result| result.found_mut())
            .collect();
        let mut wanted = Vec::new();
        for found in &mut found {
            match in_batch(found.version.mod_revision) {
                Some(row) => found.value = row.value.clone().unwrap_or_default(),
                None => wanted.push(found.version.mod_revision),
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut values = self.store.load(&wanted).await?.into_iter();
        for found in found {
            if in_batch(found.version.mod_revision).is_none() {
                found.value = values.next().flatten().unwrap_or_default();
            }
        }
        Ok(())
    }

    fn make_visible(&self, base: Revision, rows: &[NewRow]) {
        if rows.is_empty() {
            return;
        }
        let rows = rows.iter().zip(1..).map(|(new, place)| {
            let revision = Revision(base.0 + place);
            let value = new.value.as_ref().map(|value| self.store.values.insert(revision, value));
            (new.as_row(revision), value)
        });
        let rows: Vec<_> = rows.collect();
        let mut index = self.store.index.write();
        let events =
            apply(&mut index, rows.iter().map(|(row, value)| (row, Some(value.clone().unwrap_or_default()))));
        let through = index.revision();
        drop(index);
        self.publish(base, through, events);
    }

    /// Takes in what others have written: rows, and a compaction.
    async fn follow(&mut self) -> Result<(), Error> {
        let followed = self.try_follow().await;
        if let Err(error) = &followed {
            self.store.fail_if_fatal(error);
        }
        followed
    }

    async fn try_follow(&mut self) -> Result<(), Error> {
        loop {
            let head = self.store.backend.head().await?;
            let (before, compacted) = {
                let index = self.store.index.read();
                (index.revision(), index.compacted())
            };
            if head.revision > before {
                let rows = self.store.backend.rows_after(before, self.follow).await?;
                // Rows that were compacted before they were read took deletions with them that are not known here.
                if self.store.backend.head().await?.compacted > before {
                    tracing::warn!(
                        "another process has compacted the log past this one: reading all of it again"
                    );
                    self.reload().await?;
                    continue;
                }
                let mut index = self.store.index.write();
                let events = apply(&mut index, rows.iter().map(|row| (row, None)));
                if rows.is_empty() {
                    index.advance(head.revision);
                }
                let through = index.revision();
                drop(index);
                self.publish(before, through, events);
            } else if head.compacted > compacted {
                self.forget(head.compacted);
            } else {
                self.in_doubt = false;
                return Ok(());
            }
        }
    }

    async fn reload(&self) -> Result<(), Error> {
        let (index, leftover) = super::open::load(&*self.store.backend, self.follow).await?;
        let through = index.revision();
        self.store.leases.start(index.leased(), self.store.backend.deadlines().await?);
        *self.store.index.write() = index;
        self.store.sweep(leftover);
        // Nothing is given out, and the watchers see that something is missing.
        self.store.events.publish(EventBatch { after: through, through, events: Vec::new() });
        Ok(())
    }

    fn publish(&self, after: Revision, through: Revision, events: Vec<Event>) {
        let before = |event: &Event| event.applied.before.map(|before| before.mod_revision);
        self.store.values.supersede(events.iter().filter_map(before));
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        self.store.leases.note(&events);
        self.store.events.publish(EventBatch { after, through, events });
    }

    async fn compact(&mut self, revision: Revision) -> Result<(), Fault> {
        self.follow().await?;
        {
            let index = self.store.index.read();
            if revision > index.revision() {
                return Err(Fault::FutureRevision);
            }
            if revision <= index.compacted() {
                return Err(Fault::Compacted(index.compacted()));
            }
        }
        self.store.backend.set_compacted(revision).await?;
        self.forget(revision);
        Ok(())
    }

    /// Forgets what is below `revision`, in steps that let reads in between, and has the rows deleted.
    fn forget(&self, revision: Revision) {
        self.store.index.write().compact(revision);
        loop {
            let pruned = self.store.index.write().prune(STEPS);
            let Some(rows) = pruned else { return };
            self.store.sweep(rows);
        }
    }

    fn refuse_the_rest(&mut self) {
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Write(write) => drop(write.answer.send(Err(Fault::Stopped))),
                Command::Compact { answer, .. } => drop(answer.send(Err(Fault::Stopped))),
                Command::Stop => {}
            }
        }
        self.refreshes.close();
        while let Ok(refresh) = self.refreshes.try_recv() {
            let _ = refresh.send(Err(Fault::Stopped));
        }
    }
}

fn apply<'a>(index: &mut Index, rows: impl Iterator<Item = (&'a Row, Option<bytes::Bytes>)>) -> Vec<Event> {
    rows.filter_map(|(row, value)| index.apply(row).map(|applied| Event { applied, value })).collect()
}

impl Inner {
    /// Some failures leave nothing to serve: the file is not there any more, or is not what it was.
    pub(super) fn fail_if_fatal(&self, error: &Error) {
        if matches!(error.kind(), ErrorKind::NotKine | ErrorKind::Gone) {
            self.die(error);
        }
    }

    /// There is nothing to serve any more. The first reason counts.
    fn die(&self, error: &Error) {
        self.died.send_if_modified(|died| {
            let first = died.is_none();
            *died = died.take().or_else(|| Some((error.kind(), error.to_string())));
            first
        });
    }
}
