//! The keytab's path in the pod, as a Secret's volume can provide it.

use super::super::invalid;
use super::super::manifest::is_data_key;
use crate::error::ConfigError;

/// The keytab's path in the pod.
#[derive(Debug, Clone)]
pub(super) struct Keytab {
    /// Where the Secret is mounted.
    pub(super) folder: String,
    /// The file in it, which is the Secret's key.
    pub(super) file: String,
}

impl Keytab {
    /// Reads the path that a data source names, and refuses one that a pod cannot have a Secret at.
    pub(super) fn parse(path: &str) -> Result<Self, ConfigError> {
        const WRITE: &str = "write `krb5_keytab=/etc/kine-keytab/krb5.keytab`";
        // vCluster's kine looks for a file of that name (`loft-sh/kine`, `pkg/drivers/pgsql/kerberos.go`).
        if path.starts_with("FILE:") {
            return Err(invalid("keytab", "kine takes no `FILE:` off its path", WRITE));
        }
        let Some((folder, file)) = path.rsplit_once('/').filter(|_| path.starts_with('/')) else {
            return Err(invalid("keytab", "its path is not absolute", WRITE));
        };
        let part_fits = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(is_unmountable);
        if !is_data_key(file) || !folder.split('/').skip(1).all(part_fits) {
            return Err(invalid(
                "keytab",
                "a path that Kubernetes cannot mount a Secret at",
                "write a plain path, its file named with letters, digits, `.`, `-` and `_`",
            ));
        }
        // A volume at such a folder would hide everything else in it.
        let shared = ["", "/binaries", "/data", "/etc", "/home", "/opt", "/proc", "/root", "/run", "/tmp"];
        let shared =
            shared.iter().chain(&["/usr", "/var", "/var/lib", "/var/lib/vcluster", "/var/run", "/etc/ssl"]);
        if shared.into_iter().any(|other| folder == *other) {
            return Err(invalid(
                "keytab",
                "it lies in a folder that others use, which the Secret's volume would hide",
                "give it a folder of its own, as in `/etc/kine-keytab/krb5.keytab`",
            ));
        }
        Ok(Self { folder: folder.to_owned(), file: file.to_owned() })
    }
}

/// Kubernetes refuses a `:` in a mount's path.
fn is_unmountable(c: char) -> bool {
    c == ':' || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_folder_of_its_own_and_a_file() {
        for (path, folder, file) in [
            ("/etc/kine-keytab/krb5.keytab", "/etc/kine-keytab", "krb5.keytab"),
            ("/keytabs/kine", "/keytabs", "kine"),
            ("/var/run/my secrets/k", "/var/run/my secrets", "k"),
        ] {
            let keytab = Keytab::parse(path).unwrap();
            assert_eq!((keytab.folder.as_str(), keytab.file.as_str()), (folder, file));
        }
    }

    #[test]
    fn what_no_secret_can_be_mounted_at_is_refused() {
        for path in [
            "",
            "k",
            "k/x",
            "FILE:/k/x",
            "/krb5.keytab",
            "/etc/krb5.keytab",
            "/data/krb5.keytab",
            "/a/../k",
            "/a/./k",
            "/a//k",
            "/a:b/k",
            "/a/k t",
            "/a/",
            "/a/..",
            "/a\n/k",
        ] {
            assert_eq!(Keytab::parse(path).unwrap_err().subject(), "keytab", "{path}");
        }
    }
}
