//! Our parsers beside the drivers of kine: go-sql-driver for MySQL, pgx for PostgreSQL.
//!
//! The tables in `driver_tables` say which data sources a driver takes, and what it reads in them. Our parsers are held to
//! them on every machine; where Go is at hand, the drivers themselves are too, and then thousands of generated data
//! sources are read by both. Where our parser is meant to differ, [`differences`] says why.
//!
//! `DRIVER_TABLES_BLESS=1` writes what the drivers read into the tables.

mod differences;
mod generated;
mod mysql;
mod postgres;
mod table;

use std::error::Error;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use testbed::{Need, driver_views, trial};

use differences::Difference;
use table::{Case, Verdict};

/// How many disagreements an error shows.
const SHOWN: usize = 10;

pub(crate) fn trials() -> Vec<Trial> {
    let drivers = [&mysql::DRIVER, &postgres::DRIVER];
    let mut trials = Vec::new();
    for driver in drivers {
        let name = driver.name;
        trials.extend([
            trial(format!("{name}_data_sources_are_read_as_its_table_says"), &[], || {
                our_parser_agrees(driver)
            }),
            trial(format!("the_{name}_driver_reads_its_table_so_too"), &[Need::DriverViews], || {
                the_driver_agrees(driver)
            }),
            trial(format!("generated_{name}_data_sources_are_read_alike"), &[Need::DriverViews], || {
                both_agree_on_generated(driver)
            }),
            trial(
                format!("what_kine_makes_of_a_{name}_data_source_is_read_so_by_its_driver"),
                &[Need::DriverViews],
                || the_view_of_kine_is_read_so(driver),
            ),
        ]);
    }
    trials.push(trial(
        "a_plain_mysql_url_is_given_to_kine_as_its_driver_reads_it",
        &[Need::DriverViews],
        plain_urls_are_readable_to_kine,
    ));
    trials
}

/// One driver and our parser of the same data sources.
struct Driver {
    /// As the tests name it.
    name: &'static str,
    /// As the program `driver-views` names it.
    question: &'static str,
    /// The file in `driver_tables`.
    table: &'static str,
    /// What our parser reads in a data source. None: it refuses it.
    ours: fn(&str) -> Option<Value>,
    /// The driver's answer in the same form.
    theirs: fn(&Value) -> Value,
    /// Where both are meant to differ.
    differences: &'static [Difference],
    /// The text of what kine makes of a data source without TLS files, and what is to be read in it. None: our parser
    /// refuses the data source, or kine would.
    as_kine_reads: fn(&str) -> Option<(String, Value)>,
    generate: fn(usize) -> Vec<String>,
}

impl Driver {
    /// Asks the real driver. None: it refuses.
    fn ask(&self, data_sources: &[&str]) -> Result<Vec<Answer>, Box<dyn Error>> {
        let question = |dsn: &&str| json!({ "driver": self.question, "dsn": dsn }).to_string();
        let answers = driver_views::ask(&data_sources.iter().map(question).collect::<Vec<_>>())?;
        let mut read = Vec::new();
        for answer in answers {
            let answer: Value = serde_json::from_str(&answer)?;
            read.push(match answer["ok"] == json!(true) {
                true => Answer::Read((self.theirs)(&answer[self.question])),
                false => Answer::Refused(answer["error"].as_str().unwrap_or_default().to_owned()),
            });
        }
        Ok(read)
    }

    fn difference(&self, name: &str) -> Result<&'static Difference, Box<dyn Error>> {
        let found = self.differences.iter().find(|difference| difference.name == name);
        found.ok_or_else(|| format!("no difference is named {name}").into())
    }
}

/// What a driver made of a data source.
enum Answer {
    Read(Value),
    Refused(String),
}

fn our_parser_agrees(driver: &Driver) -> Result<(), Box<dyn Error>> {
    let cases = table::read(driver.table)?;
    // A table that was not found or not read would agree with everything.
    if cases.len() < 80 {
        return Err(format!("{} has only {} cases", driver.table, cases.len()).into());
    }
    let mut wrong = Vec::new();
    for case in &cases {
        let ours = (driver.ours)(&case.data_source);
        let expected = match &case.verdict {
            Verdict::Read(view) => Some(view.clone()),
            Verdict::Refused => None,
            Verdict::Differs(name) => match driver.difference(name)?.we_read_it() {
                true if ours.is_some() => continue,
                true => Some(json!("anything")),
                false => None,
            },
        };
        if ours != expected {
            wrong.push(disagreement(&case.data_source, ours.as_ref(), "the table says", expected.as_ref()));
        }
    }
    report(wrong)
}

fn the_driver_agrees(driver: &Driver) -> Result<(), Box<dyn Error>> {
    let mut cases = table::read(driver.table)?;
    let answers = driver.ask(&cases.iter().map(|case| case.data_source.as_str()).collect::<Vec<_>>())?;
    if std::env::var_os("DRIVER_TABLES_BLESS").is_some() {
        bless(driver, &mut cases, answers);
        return table::write(driver.table, &cases);
    }
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let data_source = &case.data_source;
        let theirs = match answer {
            Answer::Read(view) => Some(view),
            Answer::Refused(_) => None,
        };
        let agrees = match &case.verdict {
            Verdict::Read(view) => theirs == Some(view),
            Verdict::Refused => theirs.is_none(),
            Verdict::Differs(name) => driver.difference(name)?.holds(data_source, answer),
        };
        if !agrees {
            let says = match &case.verdict {
                Verdict::Read(view) => view.to_string(),
                Verdict::Refused => "refused".to_owned(),
                Verdict::Differs(name) => format!("the difference {name}"),
            };
            let theirs = theirs.map_or("refused".to_owned(), Value::to_string);
            wrong.push(format!("{data_source}\n    the driver: {theirs}\n    the table:  {says}"));
        }
    }
    report(wrong)
}

fn bless(driver: &Driver, cases: &mut [Case], answers: Vec<Answer>) {
    for (case, answer) in cases.iter_mut().zip(answers) {
        let reads = matches!(answer, Answer::Read(_));
        let differs = (driver.ours)(&case.data_source).is_some() != reads;
        let cause = driver.differences.iter().find(|difference| difference.holds(&case.data_source, &answer));
        case.verdict = match (answer, cause) {
            (_, Some(cause)) if differs => Verdict::Differs(cause.name.to_owned()),
            (Answer::Read(view), _) => Verdict::Read(view),
            (Answer::Refused(_), _) => Verdict::Refused,
        };
    }
}

fn both_agree_on_generated(driver: &Driver) -> Result<(), Box<dyn Error>> {
    let count = if testbed::long() { 200_000 } else { 5_000 };
    let data_sources = (driver.generate)(count);
    let answers = driver.ask(&data_sources.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut wrong = Vec::new();
    let mut read = 0;
    for (data_source, answer) in data_sources.iter().zip(&answers) {
        let ours = (driver.ours)(data_source);
        let agrees = match (&ours, answer) {
            (Some(ours), Answer::Read(theirs)) => {
                read += 1;
                ours == theirs
            }
            (None, Answer::Refused(_)) => true,
            _ => driver.differences.iter().any(|difference| {
                difference.we_read_it() == ours.is_some() && difference.holds(data_source, answer)
            }),
        };
        if !agrees {
            let theirs = match answer {
                Answer::Read(view) => view.to_string(),
                Answer::Refused(error) => format!("refused: {error}"),
            };
            wrong.push(disagreement(data_source, ours.as_ref(), "the driver", Some(&json!(theirs))));
        }
    }
    // Both would agree on refusing everything.
    if read < count / 5 {
        return Err(format!("only {read} of {count} were read by both").into());
    }
    report(wrong)
}

fn the_view_of_kine_is_read_so(driver: &Driver) -> Result<(), Box<dyn Error>> {
    let mut data_sources: Vec<String> =
        table::read(driver.table)?.into_iter().map(|case| case.data_source).collect();
    data_sources.extend((driver.generate)(2_000));
    let views: Vec<_> = data_sources.iter().filter_map(|text| (driver.as_kine_reads)(text)).collect();
    if views.len() < 400 {
        return Err(format!("only {} of {} have a view", views.len(), data_sources.len()).into());
    }
    let answers = driver.ask(&views.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>())?;
    let mut wrong = Vec::new();
    for ((text, expected), answer) in views.iter().zip(&answers) {
        let theirs = match answer {
            Answer::Read(view) => Some(view),
            // What is no matter of the text, such as a file.
            Answer::Refused(_) if driver.differences.iter().any(|cause| cause.holds(text, answer)) => {
                continue;
            }
            Answer::Refused(_) => None,
        };
        if theirs != Some(expected) {
            wrong.push(disagreement(text, Some(expected), "the driver", theirs));
        }
    }
    report(wrong)
}

fn plain_urls_are_readable_to_kine() -> Result<(), Box<dyn Error>> {
    let mut urls: Vec<String> =
        table::read(mysql::DRIVER.table)?.into_iter().map(|case| case.data_source).collect();
    urls.extend(generated::mysql(2_000));
    urls.retain(|url| mysql::is_url_form(url));
    let given: Vec<String> = urls.iter().filter_map(|url| mysql::given_to_kine(url)).collect();
    if given.len() != urls.len() || given.len() < 20 {
        return Err(format!("{} plain URLs, {} of them given to kine", urls.len(), given.len()).into());
    }
    let answers = mysql::DRIVER.ask(&given.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut wrong = Vec::new();
    for (url, answer) in urls.iter().zip(&answers) {
        let ours = (mysql::DRIVER.ours)(url);
        let theirs = match answer {
            Answer::Read(view) => Some(view),
            Answer::Refused(_) => None,
        };
        if ours.as_ref() != theirs {
            wrong.push(disagreement(url, ours.as_ref(), "the driver", theirs));
        }
    }
    report(wrong)
}

fn disagreement(data_source: &str, ours: Option<&Value>, whose: &str, theirs: Option<&Value>) -> String {
    let shown = |view: Option<&Value>| view.map_or("refused".to_owned(), Value::to_string);
    format!("{data_source}\n    we: {}\n    {whose}: {}", shown(ours), shown(theirs))
}

fn report(wrong: Vec<String>) -> Result<(), Box<dyn Error>> {
    if wrong.is_empty() {
        return Ok(());
    }
    let shown = wrong.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    Err(format!("{} disagreements, such as:\n{shown}", wrong.len()).into())
}
