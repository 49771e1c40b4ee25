//! Streams strung together: where the next one starts, when one counts as broken.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use kine_proto::etcdserverpb::WatchResponse;
use tokio::time::{sleep, timeout};

use super::session::{Message, Session, Terms, may_come_back};
use super::{Watch, WatchEvent, WatchRequest};
use crate::read::current_revision;
use crate::transport::{Backoff, Transport};
use crate::{Error, Revision};

/// The longest pause between two attempts to open a stream.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often a silent server is asked for its progress before the stream is given up.
const QUESTIONS: u32 = 3;

/// Opens the first stream, so that a watch that cannot work at all fails here.
pub(super) async fn start(request: WatchRequest) -> Result<Watch, Error> {
    let WatchRequest { transport, range, from, prev_kv, silence } = request;
    range.check("watch")?;
    let next = match from {
        Some(revision) if revision.is_zero() => {
            let text = "revision 0 is before the first write; leave `from` out to start now";
            return Err(Error::invalid("watch", text).on_key(range.start_bytes()));
        }
        Some(revision) => revision,
        // Not the server's own "from now", start revision 0: kine replays everything it has for that, and does not
        // tell in its first answer where it began, so that there would be no place to go on from.
        None => current_revision(&transport, "watch", range.start()).await?.next(),
    };
    let terms = Terms { range, prev_kv };
    let session = Session::open(&transport, &terms, next).await?;
    let follower = Follower {
        transport,
        terms,
        silence,
        next,
        session: Some(session),
        waiting: VecDeque::new(),
        backoff: Backoff::up_to(LONGEST_PAUSE),
        done: false,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let item = follower.next().await?;
        Some((item, follower))
    });
    Ok(Watch { started: next, events: events.boxed() })
}

struct Follower {
    transport: Transport,
    terms: Terms,
    silence: Duration,
    /// The first revision not yet received. Events alone move it: kine before v0.17 may report progress to a revision
    /// whose events it has not sent yet (kine issue 731).
    next: Revision,
    session: Option<Session>,
    /// Received and not yet given to the caller.
    waiting: VecDeque<WatchEvent>,
    backoff: Backoff,
    done: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<WatchEvent, Error>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(Ok(event));
            }
            if self.done {
                return None;
            }
            if let Err(error) = self.receive().await {
                self.done = true;
                return Some(Err(error.on_key(self.terms.range.start_bytes())));
            }
        }
    }

    /// Waits for one message, or opens a new stream if there is none.
    async fn receive(&mut self) -> Result<(), Error> {
        let Some(session) = &mut self.session else { return self.reopen().await };
        let reason = match next_message(session, self.silence).await {
            Message::Events(response) => {
                self.take(response);
                return Ok(());
            }
            Message::Refused(error) => return Err(error),
            Message::Over(reason) => reason,
            Message::Silent => {
                self.transport.leave(&session.leg);
                format!("the server was silent for {:?}", self.silence * 2)
            }
        };
        tracing::debug!(endpoint = %session.leg.name, %reason, resume_from = %self.next, "watch interrupted");
        self.session = None;
        Ok(())
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        sleep(self.backoff.pause()).await;
        match Session::open(&self.transport, &self.terms, self.next).await {
            Ok(session) => {
                tracing::debug!(endpoint = %session.leg.name, from = %self.next, "watch resumed");
                self.session = Some(session);
                Ok(())
            }
            Err(error) if may_come_back(&error) => {
                tracing::warn!(%error, resume_from = %self.next, "watch not resumed yet");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the events that are new. All events of one revision come in one message, so the message as a whole can
    /// be counted as received.
    fn take(&mut self, response: WatchResponse) {
        // The created message proves nothing: a server may accept a watch and drop it at once, again and again.
        if !response.created {
            self.backoff.reset();
        }
        let mut newest = None;
        for event in response.events {
            let Some(event) = WatchEvent::from_wire(event, self.terms.prev_kv) else { continue };
            if event.revision() < self.next {
                continue;
            }
            newest = newest.max(Some(event.revision()));
            self.waiting.push_back(event);
        }
        if let Some(newest) = newest {
            self.next = newest.next();
        }
    }
}

/// The next message of a stream that gives a sign of life often enough.
async fn next_message(session: &mut Session, silence: Duration) -> Message {
    if let Ok(message) = timeout(silence, session.next()).await {
        return message;
    }
    // More than once, because kine lets a question go unanswered while the watch is not idle (seen on v0.16.4).
    for _ in 0..QUESTIONS {
        if !session.ask_for_progress() {
            break;
        }
        if let Ok(message) = timeout(silence / QUESTIONS, session.next()).await {
            return message;
        }
    }
    Message::Silent
}
