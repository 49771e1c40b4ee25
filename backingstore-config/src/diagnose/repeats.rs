//! The end of what is said again and again: 12,000 unknown parameters are one fault.

use std::collections::HashMap;

use super::diagnostic::Diagnostic;

/// How many diagnostics of one rule there are in one section.
const MOST: usize = 20;

/// The first of each rule in each section, and one that says how many more there are. They are in the order of the file.
pub(super) fn capped(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut counts: HashMap<(&'static str, String), usize> = HashMap::new();
    for diagnostic in &diagnostics {
        *counts.entry(group(diagnostic)).or_default() += 1;
    }
    if counts.values().all(|count| *count <= MOST) {
        return diagnostics;
    }
    let mut said: HashMap<(&'static str, String), usize> = HashMap::new();
    let mut kept = Vec::new();
    for diagnostic in diagnostics {
        let group = group(&diagnostic);
        let said = said.entry(group.clone()).or_default();
        *said += 1;
        match (*said, counts[&group]) {
            (..=MOST, _) => kept.push(diagnostic),
            // The one behind the last: a single one more is said itself.
            (number, all) if number == MOST + 1 && all == number => kept.push(diagnostic),
            (number, all) if number == MOST + 1 => kept.push(diagnostic.and_more(all - MOST)),
            _ => {}
        }
    }
    kept
}

/// The rule, and what the key at its path stands in. All items of a list are one.
fn group(diagnostic: &Diagnostic) -> (&'static str, String) {
    let path = diagnostic.path();
    let mut keys: Vec<_> = path.split('.').map(|key| key.split('[').next().unwrap_or(key)).collect();
    if !path.ends_with(']') {
        keys.pop();
    }
    (diagnostic.code(), keys.join("."))
}

#[cfg(test)]
mod tests {
    use crate::VirtualClusterConfig;

    fn messages(text: &str) -> Vec<String> {
        let inspection = VirtualClusterConfig::inspect(text);
        inspection.diagnostics().iter().map(|diagnostic| diagnostic.message().to_owned()).collect()
    }

    #[test]
    fn thousands_of_one_fault_are_twenty_and_a_number() {
        let keys: String = (0..5_000).map(|index| format!("    zzz{index}: 1\n")).collect();
        let found = messages(&format!("controlPlane:\n  backingStore:\n{keys}"));
        assert_eq!(found.iter().filter(|message| message.contains("zzz")).count(), 20);
        assert!(found.contains(&"and 4980 more of this kind".to_owned()), "{found:?}");

        let params: String = (0..5_000).map(|index| format!("&zzz{index}=1")).collect();
        let found = messages(&format!(
            "controlPlane: {{backingStore: {{database: {{external: {{enabled: true, dataSource: 'postgres://h/d?a=1{params}'}}}}}}}}"
        ));
        assert!(found.contains(&"and 4981 more of this kind".to_owned()), "{found:?}");
    }

    #[test]
    fn the_items_of_a_list_are_counted_together() {
        let mounts = "{name: x, readOnly: yes}, ".repeat(100);
        let text = format!("controlPlane: {{statefulSet: {{persistence: {{addVolumeMounts: [{mounts}]}}}}}}");
        let inspection = VirtualClusterConfig::inspect(&text);
        let of = |code: &str| inspection.diagnostics().iter().filter(|found| found.code() == code).count();
        assert_eq!((of("yaml-boolean-word"), of("mount-without-volume")), (21, 21));
    }

    #[test]
    fn a_single_one_more_is_said_itself() {
        let keys: String = (0..21).map(|index| format!("    zzz{index}: 1\n")).collect();
        let found = messages(&format!("controlPlane:\n  backingStore:\n{keys}"));
        assert_eq!(found.iter().filter(|message| message.contains("zzz")).count(), 21);
        assert!(!found.iter().any(|message| message.contains("more")), "{found:?}");
    }
}
