//! A small etcdctl made of the client.
//!
//! Usage: cargo run --example kine-browse -- --endpoint URL get|list|watch|create|update|delete|compact|status ...

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use kine_client::{Client, KeyValue, Outcome, Revision, WatchEvent};

/// Reads and writes the keys of kine, kine-server or etcd.
#[derive(Debug, Parser)]
#[command(name = "kine-browse")]
struct Arguments {
    /// http://HOST:PORT, https://HOST:PORT or unix://PATH; several are tried in turn.
    #[arg(long, env = "KINE_BROWSE_ENDPOINT", value_delimiter = ',', required = true)]
    endpoint: Vec<String>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints a key's value and revisions.
    Get {
        key: String,
        /// As it was at this revision.
        #[arg(long)]
        revision: Option<Revision>,
    },
    /// Prints the keys that begin with PREFIX, and how many there are.
    List {
        #[arg(default_value = "/")]
        prefix: String,
        /// As it was at this revision.
        #[arg(long)]
        revision: Option<Revision>,
        /// Without the values.
        #[arg(long)]
        keys_only: bool,
    },
    /// Prints changes to keys that begin with PREFIX, until it is interrupted.
    Watch {
        #[arg(default_value = "/")]
        prefix: String,
        /// From this revision on; without it, from now on.
        #[arg(long)]
        from: Option<Revision>,
        /// End after so many changes.
        #[arg(long)]
        count: Option<usize>,
    },
    /// Creates a key that is not there.
    Create {
        key: String,
        value: String,
        /// Seconds until it goes by itself.
        #[arg(long)]
        ttl: Option<u64>,
    },
    /// Replaces a key's value.
    Update {
        key: String,
        value: String,
        /// The key's mod_revision as you know it; without it, whatever is there now.
        #[arg(long)]
        expected: Option<Revision>,
        /// Seconds until it goes by itself.
        #[arg(long)]
        ttl: Option<u64>,
    },
    /// Deletes a key.
    Delete {
        key: String,
        /// The key's mod_revision as you know it; without it, whatever is there now.
        #[arg(long)]
        expected: Option<Revision>,
    },
    /// Forgets what is below a revision.
    Compact { revision: Revision },
    /// Prints what the server says of itself.
    Status,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("kine-browse: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let client = Client::connect(arguments.endpoint).await?;
    match arguments.command {
        Command::Get { key, revision } => {
            let found = match revision {
                Some(revision) => client.get_at(&key, revision).await?,
                None => client.get(&key).await?,
            };
            let Some(found) = found else { return Err(format!("{key} is not there").into()) };
            print(&found);
        }
        Command::List { prefix, revision, keys_only } => {
            let mut list = client.list(prefix.as_str());
            if let Some(revision) = revision {
                list = list.at(revision);
            }
            if keys_only {
                list = list.keys_only();
            }
            let mut items = list.items();
            let mut count = 0;
            while let Some(item) = items.next().await {
                let item = item?;
                count += 1;
                if keys_only { println!("{}", item.key_str()) } else { print(&item) }
            }
            eprintln!("{count} keys");
        }
        Command::Watch { prefix, from, count } => {
            let mut request = client.watch(prefix.as_str());
            if let Some(from) = from {
                request = request.from(from);
            }
            let mut watch = request.await?;
            for _ in 0..count.unwrap_or(usize::MAX) {
                let Some(event) = watch.next().await else { break };
                match event? {
                    WatchEvent::Put { kv, .. } => print(&kv),
                    gone => println!("{}\t{}\tdeleted", gone.revision(), String::from_utf8_lossy(gone.key())),
                }
            }
        }
        Command::Create { key, value, ttl } => {
            let mut create = client.create(&key, value);
            if let Some(seconds) = ttl {
                create = create.with_ttl(Duration::from_secs(seconds));
            }
            return Ok(tell(&key, "created", create.await?));
        }
        Command::Update { key, value, expected, ttl } => {
            let expected = expected_revision(&client, &key, expected).await?;
            let mut update = client.update(&key, value, expected);
            if let Some(seconds) = ttl {
                update = update.with_ttl(Duration::from_secs(seconds));
            }
            return Ok(tell(&key, "updated", update.await?));
        }
        Command::Delete { key, expected } => {
            let expected = expected_revision(&client, &key, expected).await?;
            return Ok(tell(&key, "deleted", client.delete(&key, expected).await?));
        }
        Command::Compact { revision } => {
            client.compact(revision).await?;
            println!("compacted to {revision}");
        }
        Command::Status => {
            let status = client.status().await?;
            println!("endpoint\t{}", client.endpoint());
            println!("version\t{}", status.version);
            println!("bytes\t{}", status.db_size);
            println!("revision\t{}", client.revision().await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn expected_revision(
    client: &Client,
    key: &str,
    given: Option<Revision>,
) -> Result<Revision, Box<dyn Error>> {
    match given {
        Some(revision) => Ok(revision),
        None => {
            let found = client.get(key).await?;
            Ok(found.ok_or_else(|| format!("{key} is not there"))?.mod_revision)
        }
    }
}

/// Revision, key, value.
fn print(pair: &KeyValue) {
    println!("{}\t{}\t{}", pair.mod_revision, pair.key_str(), pair.value_str());
}

/// 0 for a write that is in the store, 1 for one that is not, 3 for one that may be.
fn tell(key: &str, what: &str, outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Committed { revision } => {
            println!("{revision}\t{key}\t{what}");
            ExitCode::SUCCESS
        }
        Outcome::Conflict { current } => {
            match current {
                Some(current) => {
                    eprintln!("kine-browse: not {what}: {key} is at revision {}", current.mod_revision)
                }
                None => eprintln!("kine-browse: not {what}: {key} is not there"),
            }
            ExitCode::FAILURE
        }
        Outcome::Unknown(error) => {
            eprintln!("kine-browse: {error}: read {key} to know");
            ExitCode::from(3)
        }
    }
}
