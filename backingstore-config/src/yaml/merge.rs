//! One tree laid over another.

use super::{Entry, Node, Value};

impl Node {
    /// This tree laid over one of defaults, as Helm lays a user's values over a chart's (`chartutil.CoalesceValues`):
    /// mappings are joined key by key, anything else takes the default's place, and `null` takes a default away.
    pub(crate) fn over(&self, defaults: &Node) -> Node {
        let Value::Map(given) = &defaults.value else { return self.clone() };
        let written = match &self.value {
            Value::Map(written) => written.as_slice(),
            // An empty file, or one that is no mapping and says nothing else.
            Value::Null => &[],
            _ => return self.clone(),
        };
        let mut entries = Vec::with_capacity(written.len().max(given.len()));
        for default in given {
            match written.iter().find(|entry| entry.key == default.key) {
                Some(entry) if matches!(entry.node.value, Value::Null) => {}
                Some(entry) => entries.push(Entry { node: entry.node.over(&default.node), ..entry.clone() }),
                None => entries.push(default.clone()),
            }
        }
        let added = written.iter().filter(|entry| given.iter().all(|default| default.key != entry.key));
        entries.extend(added.cloned());
        Node { span: self.span, ..Node::new(Value::Map(entries)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_goes_over_the_defaults_and_null_takes_one_away() {
        let merged = |written: &str, defaults: &str| {
            Node::from_yaml(written).unwrap().over(&Node::from_yaml(defaults).unwrap()).to_yaml()
        };
        assert_eq!(merged("a: {b: 2}\nd: 4", "a: {b: 1, c: 3}"), "a:\n  b: 2\n  c: 3\nd: 4\n");
        assert_eq!(merged("a: [2]", "a: [1, 3]"), "a:\n- 2\n");
        assert_eq!(merged("a: ~", "a: {b: 1}\nc: 1"), "c: 1\n");
        assert_eq!(merged("a: 1", "a: {b: 1}"), "a: 1\n");
        assert_eq!(merged("", "a: {b: 1}"), "a:\n  b: 1\n");
    }
}
