//! The load generator: starts the servers, interleaves the runs, prints the table. See `README.md` beside `Cargo.toml`.

mod arguments;
mod contender;
mod machine;

use std::io::Write;
use std::process::ExitCode;

use bench::Result;
use bench::client::Client;
use bench::report::{Report, Runs, Section, Subject, Used};
use bench::workload::{Settings, Stage, Workload, fill};
use clap::Parser;

use arguments::Arguments;
use contender::{Contender, Running};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("load: no async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match measure(&arguments, &runtime).and_then(|report| print(&arguments, &report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(arguments: &Arguments, report: &Report) -> Result<()> {
    print!("{}", report.to_text());
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(report)?;
        if path.as_os_str() == "-" {
            println!("{json}");
        } else {
            std::fs::write(path, json).map_err(|error| format!("writing {}: {error}", path.display()))?;
        }
    }
    std::io::stdout().flush()?;
    Ok(())
}

/// A server in one stage, and what all its runs did so far.
struct Lane {
    running: Running,
    client: Client,
    name: String,
}

fn measure(arguments: &Arguments, runtime: &tokio::runtime::Runtime) -> Result<Report> {
    let contenders = arguments.contenders()?;
    let settings = arguments.settings();
    let workloads = arguments.workloads();
    let mut report = Report { machine: machine::read()?, subjects: Vec::new(), sections: Vec::new() };
    for stage in [Stage::Empty, Stage::Filled, Stage::Watched] {
        let chosen: Vec<Workload> =
            workloads.iter().copied().filter(|workload| workload.stage() == stage).collect();
        if chosen.is_empty() {
            continue;
        }
        let mut lanes = Vec::new();
        for contender in &contenders {
            lanes.push(lane(contender, stage, &settings, runtime, &mut report)?);
        }
        for workload in chosen {
            report.sections.push(section(workload, &settings, arguments.runs, &mut lanes, runtime));
        }
    }
    Ok(report)
}

/// Starts a contender and brings its store into the stage.
fn lane(
    contender: &Contender,
    stage: Stage,
    settings: &Settings,
    runtime: &tokio::runtime::Runtime,
    report: &mut Report,
) -> Result<Lane> {
    let name = contender.name();
    eprintln!("starting {name}");
    let running = contender.start()?;
    let client = runtime
        .block_on(Client::connect(&running.endpoint(), settings.connections))
        .map_err(|error| format!("{name} at {}: {error}", running.endpoint()))?;
    if !report.subjects.iter().any(|subject| subject.name == name) {
        let version = runtime.block_on(client.version()).unwrap_or_else(|status| {
            // A server without the Maintenance service can be measured all the same.
            format!("unknown: {}", status.message())
        });
        let durability = running.durability().to_owned();
        report.subjects.push(Subject { name: name.clone(), version, durability });
    }
    if stage == Stage::Filled {
        eprintln!("filling {name}: {} keys, {} revisions each", settings.keys, settings.revisions);
        runtime
            .block_on(fill::run(&client, settings))
            .map_err(|error| format!("filling {name} (its store has to be empty): {error}"))?;
    }
    Ok(Lane { running, client, name })
}

/// Runs a workload on all lanes, one run of each in turn, so that what the machine does meanwhile hits all alike.
fn section(
    workload: Workload,
    settings: &Settings,
    runs: usize,
    lanes: &mut [Lane],
    runtime: &tokio::runtime::Runtime,
) -> Section {
    let mut all: Vec<Runs> = lanes.iter().map(|_| Runs::default()).collect();
    for run in 0..runs {
        for turn in 0..lanes.len() {
            // Each run begins with another server: the first of a round may find the machine colder.
            let n = (run + turn) % lanes.len();
            let lane = &mut lanes[n];
            eprintln!("{workload}: run {} of {runs}, {}", run + 1, lane.name);
            let before = lane.running.usage();
            let result = runtime.block_on(workload.run(&lane.client, settings, run));
            let used = before.zip(lane.running.usage()).map(|(before, after)| Used {
                cpu_s: machine::seconds(after.cpu_ticks.saturating_sub(before.cpu_ticks)),
                resident_bytes: after.resident_bytes,
                disk_bytes: lane.running.disk_bytes(),
            });
            match result {
                Ok(outcome) => all[n].add(outcome, used),
                Err(error) => all[n].fail(error.to_string()),
            }
        }
    }
    let rows = all.into_iter().zip(&*lanes).map(|(runs, lane)| runs.into_row(&lane.name)).collect();
    let mut section = Section {
        workload: workload.to_string(),
        description: workload.describe(settings),
        unit: workload.unit().to_owned(),
        open_loop: workload.is_open_loop(),
        rows,
    };
    section.compare();
    section
}
