//! How long a commit waits for more writes to come along.
//!
//! Clients that have just been answered come back with their next write within a fraction of the time that a commit
//! takes on a disk that has to be waited for. Without a pause they find the commit under way and wait for that one and
//! then for their own: half of them are always a commit behind. A pause that is short beside the commit puts all into
//! one, which halves the time that each waits. PostgreSQL's `commit_delay` is for the same.
//!
//! A writer that is alone is never paused, and on a disk that answers at once nobody is.

use std::time::Duration;

/// A commit has to take so long for a pause to be worth it: a timer has a resolution of a millisecond.
const WORTH_IT: Duration = Duration::from_millis(2);
/// The longest pause.
const LONGEST: Duration = Duration::from_millis(4);
/// How many commits go without a pause, at the most, after one was in vain.
const GIVEN_UP: u32 = 64;

/// What the last commits were like.
#[derive(Debug, Default)]
pub(crate) struct Company {
    /// Writes that were answered by the last commit or waited when it ended.
    around: usize,
    /// What a commit takes, smoothed.
    commit: Duration,
    /// Commits to go without a pause.
    without: u32,
    /// How many there will be the next time that a pause was in vain.
    penalty: u32,
}

impl Company {
    /// How many writes to wait for, and how long. None to go at once with those that are `present`.
    pub(crate) fn wanted(&mut self, present: usize) -> Option<(usize, Duration)> {
        // One in eight may be late.
        let wanted = self.around - self.around / 8;
        if self.around < 2 || self.commit < WORTH_IT || present >= wanted {
            return None;
        }
        if self.without > 0 {
            self.without -= 1;
            return None;
        }
        Some((wanted, (self.commit / 4).min(LONGEST)))
    }

    /// Whether as many came as were wanted.
    pub(crate) fn came(&mut self, all: bool) {
        self.penalty = if all { 0 } else { (self.penalty * 2 + 1).min(GIVEN_UP) };
        self.without = self.penalty;
    }

    /// A commit has answered some and found others waiting.
    pub(crate) fn committed(&mut self, answered: usize, waiting: usize, took: Duration) {
        self.around = answered + waiting;
        self.commit = (self.commit * 7 + took) / 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(commits: u32, answered: usize, waiting: usize, took: Duration) -> Company {
        let mut company = Company::default();
        (0..commits).for_each(|_| company.committed(answered, waiting, took));
        company
    }

    #[test]
    fn clients_that_were_just_answered_are_waited_for_on_a_slow_disk() {
        let slow = Duration::from_millis(8);
        let mut company = after(50, 32, 32, slow);
        let (wanted, pause) = company.wanted(32).unwrap();
        assert_eq!(wanted, 56);
        assert!(pause <= slow / 4);
        assert!(company.wanted(56).is_none(), "they are there");
    }

    #[test]
    fn nobody_waits_alone_or_on_a_fast_disk() {
        assert!(after(50, 1, 0, Duration::from_millis(8)).wanted(1).is_none());
        assert!(after(50, 32, 32, Duration::from_micros(300)).wanted(32).is_none());
        assert!(Company::default().wanted(1).is_none());
    }

    #[test]
    fn pauses_in_vain_become_rare() {
        let mut company = after(50, 32, 32, Duration::from_millis(8));
        let mut pauses = 0;
        for _ in 0..1000 {
            if company.wanted(3).is_some() {
                pauses += 1;
                company.came(false);
            }
        }
        assert!((10..30).contains(&pauses), "{pauses} of 1000 commits waited");
        while company.wanted(3).is_none() {}
        company.came(true);
        assert!(company.wanted(3).is_some());
    }
}
