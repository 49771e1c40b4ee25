//! What is shown of something that holds a password.

use std::fmt;

use crate::input::CANARY;

/// Everything that is shown of one input.
#[derive(Default)]
pub(crate) struct Shown(Vec<(&'static str, String)>);

impl Shown {
    /// Adds what `Debug` shows.
    pub(crate) fn debug(&mut self, what: &'static str, value: &dyn fmt::Debug) {
        self.0.push((what, format!("{value:?}")));
    }

    /// Adds what `Display` shows.
    pub(crate) fn display(&mut self, what: &'static str, value: &dyn fmt::Display) {
        self.0.push((what, value.to_string()));
    }

    /// Adds both.
    pub(crate) fn both(&mut self, what: &'static str, value: &(impl fmt::Debug + fmt::Display)) {
        self.debug(what, value);
        self.display(what, value);
    }

    /// # Panics
    ///
    /// If the canary is in anything that was added.
    pub(crate) fn holds_no_password(&self) {
        for (what, shown) in &self.0 {
            assert!(!shown.contains(CANARY), "{what} shows the password: {shown}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "the user shows the password")]
    fn a_password_that_is_shown_is_found() {
        let mut shown = Shown::default();
        shown.display("the host", &"db");
        shown.debug("the user", &Some(format!("x{CANARY}")));
        shown.holds_no_password();
    }
}
