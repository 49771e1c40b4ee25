//! Files that nobody has by accident.

use std::fmt::Write;

const MIB: usize = 1024 * 1024;
const FULL: usize = 2 * MIB;

/// Each with its name. All but one are as large as a file may be.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    vec![
        ("alias bomb, nested", nested_aliases()),
        ("alias bomb, wide", wide_aliases()),
        ("merge keys, nested", nested_merges()),
        ("merge keys, wide", wide_merges()),
        ("10 MiB", filled(10 * MIB, String::new(), |text, n| writeln!(text, "key{n}: value"))),
        ("`[` without end", "[".repeat(FULL)),
        ("`{a: ` without end", "{a: ".repeat(FULL / 4)),
        ("`- ` without end", "- ".repeat(FULL / 2)),
        ("`? ` without end", "? ".repeat(FULL / 2)),
        ("block mappings, ever deeper", deeper()),
        ("keys without end", filled(FULL, String::new(), |text, n| writeln!(text, "key{n}: 1"))),
        ("one key, ever again", filled(FULL, String::new(), |text, _| writeln!(text, "key: 1"))),
        (
            "unknown keys where none may be",
            filled(FULL, STRICT.to_owned(), |text, n| writeln!(text, "    k{n}: 1")),
        ),
        ("anchors without end", filled(FULL, String::new(), |text, n| writeln!(text, "- &a{n} 1"))),
        ("empty lists in one list", filled(FULL, "a: [".to_owned(), |text, _| write!(text, "[],"))),
        ("documents without end", "---\n".repeat(FULL / 4)),
        ("a text that is not closed", format!("a: \"{}", "x\\n".repeat(FULL / 3 - 8))),
        ("one text as the store", format!("controlPlane: {{backingStore: {}}}", "x".repeat(FULL - 40))),
        (
            "one key below the store",
            format!("controlPlane: {{backingStore: {{{}: 1}}}}", "x".repeat(FULL - 50)),
        ),
        ("a data source without end", data_source(FULL / 4 - 64)),
        ("a data source of 30,000 parameters", data_source(30_000)),
        (
            "one line, a fault at its end",
            format!("controlPlane: {{x: \"{}\", backingStore: 1}}", "x ".repeat(FULL / 2 - 40)),
        ),
        // As many nodes as a file may have, and faults in them.
        ("20,000 unknown keys", repeated(STRICT, 20_000, |text, n| writeln!(text, "    k{n}: 1"), "")),
        (
            "20,000 unknown keys in one line",
            repeated("controlPlane: {backingStore: {", 20_000, |text, n| write!(text, "k{n}: 1, "), "}}"),
        ),
        ("20,000 doubled keys", repeated("a:\n", 20_000, |text, _| writeln!(text, "  k: 1"), "")),
        (
            "40,000 wrong types in one line",
            repeated(
                "controlPlane: {backingStore: {etcd: {embedded: {extraArgs: [",
                40_000,
                |text, _| write!(text, "1, "),
                "]}}}}",
            ),
        ),
        (
            "20,000 annotations, and a fault",
            repeated(
                "controlPlane: {backingStore: {x: 1, etcd: {deploy: {service: {annotations: {",
                20_000,
                |text, n| write!(text, "a{n}: b, "),
                "}}}}}}",
            ),
        ),
        (
            "8,000 variables, and a fault",
            repeated(
                "controlPlane: {backingStore: {x: 1}, statefulSet: {env: [",
                8_000,
                |text, n| write!(text, "{{name: A{n}, value: b}}, "),
                "]}}",
            ),
        ),
        ("2,500 egress rules, and none that helps", egress_rules(2_500)),
    ]
}

/// The same, so many times, between a beginning and an end.
fn repeated(
    before: &str,
    times: usize,
    mut add: impl FnMut(&mut String, usize) -> std::fmt::Result,
    after: &str,
) -> String {
    let mut text = before.to_owned();
    for n in 0..times {
        let _ = add(&mut text, n);
    }
    text + after
}

fn egress_rules(times: usize) -> String {
    repeated(
        "policies: {networkPolicy: {enabled: true, controlPlane: {egress: [",
        times,
        |text, n| write!(text, "{{ports: [{{port: 1}}], to: [{{ipBlock: {{cidr: 10.0.{}.0/24}}}}]}}, ", n % 256),
        "]}}}
controlPlane:
  backingStore:
    database: {external: {enabled: true, dataSource: 'postgres://u:p@10.1.0.1,10.2.0.1,10.3.0.1/d', keyFile: /k}}
",
    )
}

const STRICT: &str = "controlPlane:\n  backingStore:\n";

fn filled(
    bytes: usize,
    mut text: String,
    mut add: impl FnMut(&mut String, usize) -> std::fmt::Result,
) -> String {
    let mut n = 0;
    // The last of them is shorter than this.
    while text.len() < bytes - 32 {
        let _ = add(&mut text, n);
        n += 1;
    }
    text
}

/// Each list repeats the one before it nine times, and a long text makes the file as large as it may be.
fn nested_aliases() -> String {
    let mut text = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let items = vec![format!("*l{}", level - 1); 9].join(", ");
        let _ = writeln!(text, "l{level}: &l{level} [{items}]");
    }
    let _ = writeln!(text, "rest: {}", "x".repeat(FULL - text.len() - 16));
    text
}

/// One large list, used again and again.
fn wide_aliases() -> String {
    let list = vec!["x"; MIB / 2 / 2].join(",");
    filled(FULL, format!("a: &a [{list}]\nb:\n"), |text, _| writeln!(text, "- *a"))
}

fn nested_merges() -> String {
    let mut text = String::from("l0: &l0 {a0: 1, b0: 1}\n");
    for level in 1..40 {
        let before = level - 1;
        let _ = writeln!(
            text,
            "l{level}: &l{level} {{<<: [*l{before}, *l{before}, *l{before}], a{level}: *l{before}}}"
        );
    }
    let _ = writeln!(text, "rest: {}", "x".repeat(FULL - text.len() - 16));
    text
}

fn wide_merges() -> String {
    let mut keys = String::new();
    for n in 0..20_000 {
        let _ = write!(keys, "k{n}: 1, ");
    }
    filled(FULL, format!("a: &a {{{keys}}}\nb:\n"), |text, _| writeln!(text, "- <<: *a"))
}

/// Each key one space further in: so deep as the square root of the file's size.
fn deeper() -> String {
    let mut text = String::new();
    for depth in 0.. {
        let line = format!("{}a:\n", " ".repeat(depth));
        if text.len() + line.len() > FULL {
            return text;
        }
        text.push_str(&line);
    }
    unreachable!("the file is full before numbers end")
}

/// A data source of so many parameters, and a fault beside it.
fn data_source(parameters: usize) -> String {
    let parameters = "a=b&".repeat(parameters);
    let source = format!("dataSource: \"postgres://u:p@h/d?{parameters}\"");
    format!(
        "controlPlane: {{backingStore: {{database: {{external: {{enabled: true, {source}, keyFile: 1}}}}}}}}"
    )
}
