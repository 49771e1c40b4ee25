//! One address of a server, as a user writes it.

use tonic::transport::{Endpoint, Uri};

use crate::Error;

/// An address with its scheme checked, and nothing in it that must not be printed.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) text: String,
    pub(super) tls: bool,
}

impl Address {
    /// Accepts `http://HOST:PORT`, `https://HOST:PORT` and `unix:///PATH`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        if let Some(rest) = text.strip_prefix("unix:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if !path.starts_with('/') {
                return Err(Error::config(format!(
                    "endpoint {text:?} needs an absolute path, as in unix:///run/kine.sock"
                )));
            }
            return Ok(Self { text: format!("unix://{path}"), tls: false });
        }
        // The text may hold a password until it is known to have no user part, so no message repeats it before that.
        if text.contains('@') {
            return Err(Error::config(
                "an endpoint holds a user name or password, which the etcd API has no use for: remove what stands before the @",
            ));
        }
        let tls = match text.split_once("://").map(|(scheme, _)| scheme) {
            Some("http") => false,
            Some("https") => true,
            _ => {
                return Err(Error::config(format!(
                    "endpoint {text:?} must begin with http://, https:// or unix://"
                )));
            }
        };
        let uri: Uri = text
            .parse()
            .map_err(|error| Error::config(format!("endpoint {text:?} is not a URL: {error}")))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(Error::config(format!("endpoint {text:?} names no host")));
        }
        if uri.port_u16().is_none() {
            return Err(Error::config(format!("endpoint {text:?} names no port; etcd and kine use 2379")));
        }
        if uri.path_and_query().is_some_and(|path| path != "/") {
            return Err(Error::config(format!(
                "endpoint {text:?} has a path, which the etcd API does not use"
            )));
        }
        Ok(Self { text: text.trim_end_matches('/').to_owned(), tls })
    }

    pub(super) fn endpoint(&self) -> Result<Endpoint, Error> {
        Endpoint::from_shared(self.text.clone()).map_err(|error| {
            Error::config(format!("endpoint {:?} is not usable", self.text)).caused_by(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn the_three_schemes_are_accepted() {
        assert!(!Address::parse("http://127.0.0.1:2379/").unwrap().tls);
        assert!(Address::parse("https://[::1]:2379").unwrap().tls);
        assert_eq!(Address::parse("unix:/run/kine.sock").unwrap().text, "unix:///run/kine.sock");
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_reason() {
        for (text, reason) in [
            ("127.0.0.1:2379", "must begin with"),
            ("ftp://127.0.0.1:2379", "must begin with"),
            ("http://127.0.0.1", "names no port"),
            ("http://:2379", "names no host"),
            ("http://127.0.0.1:2379/v3", "has a path"),
            ("unix://run/kine.sock", "absolute path"),
            ("", "must begin with"),
        ] {
            let error = Address::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_in_an_endpoint_is_refused_and_not_repeated() {
        let error = Address::parse("http://root:hunter2@127.0.0.1:2379").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
