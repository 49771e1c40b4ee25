//! The results of all runs, as a table for people or as JSON for programs.

use std::fmt::Write;

use serde::Serialize;

use crate::samples::{Percentiles, Samples};
use crate::workload::Outcome;
use crate::workload::fan_out::Delivery;

/// Everything that a reader needs to judge the figures.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What they were measured on.
    pub machine: Machine,
    /// The servers.
    pub subjects: Vec<Subject>,
    /// The figures, a workload after the other.
    pub sections: Vec<Section>,
}

/// The machine that ran both the servers and the load.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of them.
    pub cores: usize,
    /// The kernel.
    pub kernel: String,
    /// Half of all syncs of a 4 KiB overwrite in the servers' folder took no longer, in milliseconds.
    pub fdatasync_p50_ms: f64,
}

/// A server that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Subject {
    /// Its name in the tables.
    pub name: String,
    /// What it says its version is.
    pub version: String,
    /// When an acknowledged write is on disk.
    pub durability: String,
}

/// One workload on all servers.
#[derive(Debug, Serialize)]
pub struct Section {
    /// The workload.
    pub workload: String,
    /// Its sizes.
    pub description: String,
    /// What a rate counts.
    pub unit: String,
    /// Whether the load sets the rate; ratios are of latencies then.
    pub open_loop: bool,
    /// A row for each server.
    pub rows: Vec<Row>,
}

/// One workload on one server: all runs together.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The server.
    pub subject: String,
    /// The rate of each run, in their order.
    pub rates: Vec<f64>,
    /// Of all runs together.
    pub latency: Percentiles,
    /// Processor seconds of the server over all runs.
    pub cpu_s: Option<f64>,
    /// Processor microseconds of the server for each thing that the rate counts, warm-up included.
    pub cpu_us_each: Option<f64>,
    /// Resident memory of the server after the last run, in MiB.
    pub resident_mib: Option<f64>,
    /// The server's folder on disk after the last run, in MiB.
    pub disk_mib: Option<f64>,
    /// Calls that failed.
    pub errors: u64,
    /// What the first of them said, or why there is no figure.
    pub first_error: Option<String>,
    /// What arrived, where something was watched.
    pub delivery: Option<Delivery>,
    /// Better than etcd by this factor (1: as good).
    pub vs_etcd: Option<f64>,
    /// Better than kine by this factor.
    pub vs_kine: Option<f64>,
}

/// What was used during a run.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// Processor seconds.
    pub cpu_s: f64,
    /// Resident bytes at the end.
    pub resident_bytes: u64,
    /// Bytes on disk at the end.
    pub disk_bytes: u64,
}

/// The runs of one workload on one server, while they are added up.
#[derive(Debug, Default)]
pub struct Runs {
    rates: Vec<f64>,
    samples: Samples,
    calls: u64,
    used: Option<Used>,
    errors: u64,
    first_error: Option<String>,
    delivery: Option<Delivery>,
}

impl Runs {
    /// Adds a run that has figures.
    pub fn add(&mut self, outcome: Outcome, used: Option<Used>) {
        self.rates.push(outcome.measured.rate());
        self.calls += outcome.measured.calls;
        self.errors += outcome.measured.errors;
        if self.first_error.is_none() {
            self.first_error = outcome.measured.first_error;
        }
        self.samples.merge(outcome.measured.samples);
        if let Some(delivery) = outcome.delivery {
            self.delivery.get_or_insert_default().add(delivery);
        }
        if let Some(used) = used {
            let before = self.used.map_or(0.0, |before| before.cpu_s);
            self.used = Some(Used { cpu_s: before + used.cpu_s, ..used });
        }
    }

    /// Adds a run that came to nothing.
    pub fn fail(&mut self, reason: String) {
        self.errors += 1;
        self.first_error.get_or_insert(reason);
    }

    /// The row of these runs; ratios come with the section.
    pub fn into_row(self, subject: &str) -> Row {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let calls = self.calls as f64;
        Row {
            subject: subject.to_owned(),
            rates: self.rates,
            latency: self.samples.percentiles(),
            cpu_s: self.used.map(|used| used.cpu_s),
            cpu_us_each: self.used.filter(|_| calls > 0.0).map(|used| used.cpu_s * 1e6 / calls),
            resident_mib: self.used.map(|used| mib(used.resident_bytes)),
            disk_mib: self.used.map(|used| mib(used.disk_bytes)),
            errors: self.errors,
            first_error: self.first_error,
            delivery: self.delivery,
            vs_etcd: None,
            vs_kine: None,
        }
    }
}

impl Row {
    /// The least, the middle and the greatest rate of the runs.
    pub fn rate(&self) -> Option<(f64, f64, f64)> {
        let mut rates = self.rates.clone();
        rates.sort_by(f64::total_cmp);
        let (min, max) = (*rates.first()?, *rates.last()?);
        let half = rates.len() / 2;
        let median = if rates.len() % 2 == 1 { rates[half] } else { (rates[half - 1] + rates[half]) / 2.0 };
        Some((min, median, max))
    }

    /// The one figure to compare by, the greater the better.
    fn merit(&self, open_loop: bool) -> Option<f64> {
        let merit = if open_loop { 1.0 / self.latency.p50_ms } else { self.rate()?.1 };
        (merit.is_finite() && merit > 0.0).then_some(merit)
    }
}

impl Section {
    /// Sets each row's ratio to the first row whose name begins with `etcd`, and with `kine`.
    pub fn compare(&mut self) {
        let base =
            |name: &str| self.rows.iter().find(|row| row.subject.starts_with(name))?.merit(self.open_loop);
        let (etcd, kine) = (base("etcd"), base("kine "));
        for row in &mut self.rows {
            let merit = row.merit(self.open_loop);
            row.vs_etcd = merit.zip(etcd).map(|(own, base)| own / base);
            row.vs_kine = merit.zip(kine).map(|(own, base)| own / base);
        }
    }
}

impl Report {
    /// The whole report as text: Markdown tables that are aligned for a terminal too.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let machine = &self.machine;
        let _ = writeln!(
            text,
            "{} cores of {}, {}; servers and load share them. fdatasync of 4 KiB: p50 {:.2} ms.\n",
            machine.cores, machine.processor, machine.kernel, machine.fdatasync_p50_ms
        );
        for subject in &self.subjects {
            let _ =
                writeln!(text, "- {} (version {}): {}", subject.name, subject.version, subject.durability);
        }
        for section in &self.sections {
            let _ = write!(text, "\n{}: {}\n\n{}", section.workload, section.description, section.table());
            for row in &section.rows {
                if let Some(error) = &row.first_error {
                    let _ = writeln!(text, "\n{}: {} failed, first: {error}", row.subject, row.errors);
                }
                if let Some(delivery) = row.delivery.filter(|all| all.lost + all.doubled + all.misordered > 0)
                {
                    let _ = writeln!(text, "\n{}: WRONG DELIVERY: {delivery:?}", row.subject);
                }
            }
        }
        text
    }
}

impl Section {
    fn table(&self) -> String {
        let rate = format!("{} min / median / max", self.unit);
        let mut lines = vec![
            [
                "server",
                &rate,
                "p50 ms",
                "p99 ms",
                "p99.9 ms",
                "x etcd",
                "x kine",
                "CPU us each",
                "RSS MiB",
                "disk MiB",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        if self.open_loop {
            lines[0].push("lost".to_owned());
        }
        for row in &self.rows {
            let rates = row.rate().map_or_else(
                || "-".to_owned(),
                |(min, median, max)| format!("{} / {} / {}", number(min), number(median), number(max)),
            );
            let Percentiles { p50_ms, p99_ms, p999_ms } = row.latency;
            let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
            let mut line = vec![row.subject.clone(), rates, number(p50_ms), number(p99_ms), number(p999_ms)];
            line.extend(
                [row.vs_etcd, row.vs_kine, row.cpu_us_each, row.resident_mib, row.disk_mib].map(optional),
            );
            if self.open_loop {
                line.push(row.delivery.map_or_else(|| "-".to_owned(), |delivery| delivery.lost.to_string()));
            }
            lines.push(line);
        }
        aligned(&lines)
    }
}

/// Three digits that matter, and no more than two behind the point.
fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width =
        |column: usize| lines.iter().filter_map(|line| Some(line.get(column)?.len())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (n, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            // Names to the left, figures to the right.
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        if n == 0 {
            let rule = widths.iter().enumerate().map(|(column, &width)| {
                if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) }
            });
            let _ = writeln!(text, "| {} |", rule.collect::<Vec<_>>().join(" | "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drive::Measured;

    fn row(subject: &str, rates: &[f64], latency_ms: u64) -> Row {
        let mut runs = Runs::default();
        for rate in rates {
            let mut samples = Samples::default();
            samples.push(Duration::from_millis(latency_ms));
            let elapsed = Duration::from_secs_f64(1.0 / rate);
            let measured = Measured { samples, elapsed, ..Measured::default() };
            runs.add(Outcome { measured, delivery: None }, None);
        }
        runs.into_row(subject)
    }

    fn section(open_loop: bool) -> Section {
        let mut section = Section {
            workload: "W".to_owned(),
            description: String::new(),
            unit: "things/s".to_owned(),
            open_loop,
            rows: vec![
                row("etcd", &[100.0, 300.0, 200.0], 2),
                row("kine v1 on SQLite", &[50.0, 50.0], 8),
                row("ours", &[400.0], 1),
            ],
        };
        section.compare();
        section
    }

    #[test]
    fn the_middle_of_the_runs_is_compared() {
        let rows = section(false).rows;
        let (min, median, max) = rows[0].rate().unwrap();
        assert_eq!((min.round(), median.round(), max.round()), (100.0, 200.0, 300.0));
        assert_eq!(rows[2].vs_etcd.map(f64::round), Some(2.0));
        assert_eq!(rows[2].vs_kine.map(f64::round), Some(8.0));
        assert_eq!(rows[0].vs_etcd, Some(1.0));
    }

    #[test]
    fn an_open_loop_is_compared_by_latency() {
        let rows = section(true).rows;
        assert_eq!(rows[2].vs_etcd, Some(2.0));
        assert_eq!(rows[2].vs_kine, Some(8.0));
    }

    #[test]
    fn the_columns_of_a_table_line_up() {
        let table = section(false).table();
        let lengths: Vec<usize> = table.lines().map(str::len).collect();
        assert_eq!(lengths.len(), 5);
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{table}");
    }

    #[test]
    fn a_server_that_failed_has_a_row_that_says_so() {
        let mut runs = Runs::default();
        runs.fail("it went away".to_owned());
        let row = runs.into_row("etcd");
        assert_eq!((row.rate(), row.errors), (None, 1));
        let mut section = section(false);
        section.rows = vec![row];
        section.compare();
        let report = Report {
            machine: Machine {
                processor: String::new(),
                cores: 2,
                kernel: String::new(),
                fdatasync_p50_ms: 0.1,
            },
            subjects: Vec::new(),
            sections: vec![section],
        };
        assert!(report.to_text().contains("etcd: 1 failed, first: it went away"), "{}", report.to_text());
    }
}
