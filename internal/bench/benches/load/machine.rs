//! What the figures were measured on.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::time::Instant;

use bench::Result;
use bench::report::Machine;
use bench::samples::Samples;

/// How many syncs the disk is judged by.
const SYNCS: usize = 500;

/// The machine that this runs on. It takes a moment: the disk is tried.
pub(crate) fn read() -> Result<Machine> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, name)| name);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(Machine {
        processor: processor.to_owned(),
        cores: std::thread::available_parallelism()?.get(),
        kernel: format!("Linux {}", kernel.trim()),
        fdatasync_p50_ms: fdatasync_p50_ms()?,
    })
}

/// Clock ticks as seconds.
pub(crate) fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Overwrites 4 KiB and syncs, in the folder that the servers' data is in too.
fn fdatasync_p50_ms() -> Result<f64> {
    let mut file = tempfile::tempfile()?;
    let mut samples = Samples::default();
    for _ in 0..=SYNCS {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[7; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        samples.push(start.elapsed());
    }
    Ok(samples.percentiles().p50_ms)
}
