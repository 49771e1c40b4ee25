//! What reading a values file costs: parsed, validated and resolved, and how soon a hostile one is refused. See `README.md`
//! beside `Cargo.toml`.

mod hostile;
mod values;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use backingstore_config::VirtualClusterConfig;
use bench::Result;
use clap::Parser;

/// What reading a values file costs: cargo bench -p bench --bench config
#[derive(Debug, Parser)]
#[command(name = "config")]
struct Arguments {
    /// Values files to read, or folders of them; without one, a generated file of the chart's make
    #[arg(env = "VCLUSTER_VALUES_DIR")]
    values: Vec<PathBuf>,
    /// How often each values file is read; a hostile one a tenth as often
    #[arg(long, default_value_t = 1000)]
    runs: usize,
    /// Said by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match measure(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("config: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let mut files = Vec::new();
    for path in &arguments.values {
        files.extend(values::read(path)?);
    }
    if files.is_empty() {
        files.push(("generated".to_owned(), values::generated(1500)));
    }
    println!("| values file | lines | kB | min ms | median ms | p99 ms |\n|---|--:|--:|--:|--:|--:|");
    for (name, text) in &files {
        let inspection = VirtualClusterConfig::inspect(text);
        if inspection.has_errors() || inspection.store().is_none() {
            return Err(format!("{name} has errors:\n{}", inspection.to_text(name)).into());
        }
        println!(
            "| {name} | {} | {} |{} |",
            text.lines().count(),
            text.len() / 1000,
            times(text, arguments.runs)
        );
    }
    println!(
        "\n| hostile file | kB | min ms | median ms | p99 ms | refused with |\n|---|--:|--:|--:|--:|---|"
    );
    for (name, text) in hostile::files() {
        let inspection = VirtualClusterConfig::inspect(&text);
        let Some(diagnostic) = inspection.diagnostics().iter().find(|diagnostic| diagnostic.is_error())
        else {
            return Err(format!("{name} is not refused").into());
        };
        let times = times(&text, arguments.runs.div_ceil(10));
        println!("| {name} | {} |{times} | {} |", text.len() / 1000, diagnostic.message());
    }
    Ok(())
}

/// The least, the middle and the 99th of 100, as cells of a table.
fn times(text: &str, runs: usize) -> String {
    let mut times: Vec<Duration> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            let inspection = VirtualClusterConfig::inspect(std::hint::black_box(text));
            let took = start.elapsed();
            drop(inspection);
            took
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    format!(" {:.2} | {:.2} | {:.2}", at(0), at(50), at(99))
}
