//! `ChartRelease`.

use backingstore_config::ChartRelease;

/// A release that is read is written as one that is read the same; what is none panics nothing.
pub fn chart_release(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match text.parse::<ChartRelease>() {
        Ok(release) => {
            assert!((ChartRelease::OLDEST..=ChartRelease::LATEST).contains(&release), "{release}");
            assert_eq!(release.to_string().parse(), Ok(release));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
