//! Processor time, memory and disk of a server's processes, from `/proc` (proc(5)).

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The bytes of a memory page. Linux has others on some ARM systems; there the figure is off by that factor.
const PAGE: u64 = 4096;

/// What a group of processes uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// User and system time since the processes started, in clock ticks, with that of children that have ended.
    pub cpu_ticks: u64,
    /// Resident memory in bytes. Pages that processes share count for each.
    pub resident_bytes: u64,
}

struct Stat {
    parent: u32,
    ticks: u64,
    pages: u64,
}

/// What the processes `roots` and all that descend from them use now. One that has ended counts for nothing.
pub fn of_processes(roots: &[u32]) -> Usage {
    let all: HashMap<u32, Stat> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?))
        })
        .collect();
    let belongs = |mut pid: u32| {
        while let Some(stat) = all.get(&pid) {
            if roots.contains(&pid) {
                return true;
            }
            pid = stat.parent;
        }
        false
    };
    all.iter().filter(|(pid, _)| belongs(**pid)).fold(Usage::default(), |sum, (_, stat)| Usage {
        cpu_ticks: sum.cpu_ticks + stat.ticks,
        resident_bytes: sum.resident_bytes + stat.pages * PAGE,
    })
}

/// Reads fields 4 (parent), 14 to 17 (times) and 24 (resident pages) of a `stat` line.
fn parse(line: &str) -> Option<Stat> {
    // The second field is the program's name in parentheses, and may hold any byte.
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |n: usize| fields.get(n - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(field(4)?).ok()?,
        ticks: field(14)? + field(15)? + field(16)? + field(17)?,
        pages: field(24)?,
    })
}

/// The bytes that a folder takes on disk.
pub fn of_folder(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => of_folder(&entry.path()),
            // A block is 512 bytes here, whatever the file system's own (stat(2)).
            Ok(meta) => meta.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_programs_name() {
        let stat = parse(
            "7 (a) b (c) S 3 7 7 0 -1 4194560 10 0 0 0 11 22 33 44 20 0 1 0 99 1000 555 18446744073709551615",
        )
        .unwrap();
        assert_eq!((stat.parent, stat.ticks, stat.pages), (3, 110, 555));
    }

    #[test]
    fn this_process_has_memory_and_one_that_is_not_there_has_none() {
        assert!(of_processes(&[std::process::id()]).resident_bytes > 0);
        assert_eq!(of_processes(&[]), Usage::default());
    }
}
