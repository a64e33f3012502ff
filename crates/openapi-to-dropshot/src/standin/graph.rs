//! What the definitions lead to, found out once for all of them: which hold one another, and in which a default is misread.
//! Each step is taken once, on a stack of its own, however long a chain of references is.

use openapi_document::draft;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The definitions by name.
type Definitions = BTreeMap<String, Value>;

/// What is known of the definitions.
pub(super) struct Graph {
    /// For each definition: the number of those that lead to one another, of which it is one.
    rings: BTreeMap<String, usize>,
    /// Those of which typify may build a value wrongly.
    misread: BTreeSet<String>,
}

impl Graph {
    /// What there is to know of `all`.
    pub(super) fn of(all: &Definitions) -> Graph {
        Graph {
            rings: rings(all),
            misread: misread(all),
        }
    }

    /// Whether the definition `to`, which `from` refers to, leads back to it.
    pub(super) fn leads_back(&self, from: &str, to: &str) -> bool {
        from == to
            || self
                .rings
                .get(from)
                .is_some_and(|ring| self.rings.get(to) == Some(ring))
    }

    /// Whether typify may build a value of `schema` wrongly.
    pub(super) fn is_misread(&self, schema: &Value) -> bool {
        let mut names = Vec::new();
        is_misread_itself(schema, &mut names)
            || names.iter().any(|name| self.misread.contains(name))
    }
}

/// The definitions of which a value may be built wrongly: those that are so themselves, and whatever holds one.
fn misread(all: &Definitions) -> BTreeSet<String> {
    let mut holders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut queue: Vec<&str> = Vec::new();
    for (name, schema) in all {
        let mut held = Vec::new();
        if is_misread_itself(schema, &mut held) {
            queue.push(name);
        }
        for other in held {
            holders.entry(other).or_default().push(name);
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = queue.pop() {
        if found.insert(name.to_owned()) {
            queue.extend(holders.get(name).into_iter().flatten());
        }
    }
    found
}

/// Whether a value of the schema may be built wrongly for what it says itself; adds the definitions that it holds.
fn is_misread_itself(schema: &Value, held: &mut Vec<String>) -> bool {
    if let Some(name) = draft::reference(schema) {
        held.push(name);
        return false;
    }
    if let Some(value) = beside_null(schema) {
        return is_misread_itself(value, held);
    }
    if schema.get("oneOf").is_some_and(Value::is_array)
        || schema.get("anyOf").is_some_and(Value::is_array)
    {
        return true;
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let members: Vec<&Value> = properties
        .into_iter()
        .flat_map(|map| map.values())
        .collect();
    if members.iter().any(|member| super::is_given(member)) {
        return true;
    }
    let parts = schema.get("allOf").and_then(Value::as_array);
    let inner = ["items", "additionalProperties"].map(|key| schema.get(key));
    let mut all = members
        .into_iter()
        .chain(parts.into_iter().flatten())
        .chain(inner.into_iter().flatten());
    all.any(|inner| is_misread_itself(inner, held))
}

/// The value of a schema that is a choice between a value and null.
fn beside_null(schema: &Value) -> Option<&Value> {
    match schema.get("oneOf")?.as_array()?.as_slice() {
        [value, null] if super::is_null(null) => Some(value),
        _ => None,
    }
}

/// For each definition a number, which those share that lead to one another (Tarjan's strongly connected components).
fn rings(all: &Definitions) -> BTreeMap<String, usize> {
    let places: BTreeMap<&str, usize> = all.keys().map(String::as_str).zip(0..).collect();
    let next: Vec<Vec<usize>> = all
        .values()
        .map(|schema| {
            let names = draft::references(schema);
            let known = names.iter().filter_map(|name| places.get(name.as_str()));
            known.copied().collect()
        })
        .collect();
    let ring = numbered(&next);
    all.keys().cloned().zip(ring).collect()
}

fn numbered(next: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let count = next.len();
    // When each was met, and the earliest that is still open which it leads to.
    let (mut met, mut low) = (vec![NEW; count], vec![0; count]);
    let mut ring = vec![NEW; count];
    let (mut open, mut clock, mut rings) = (Vec::new(), 0, 0);
    for start in 0..count {
        if met[start] != NEW {
            continue;
        }
        // Each that is being looked at, with how many of those that it refers to have been.
        let mut path = vec![(start, 0)];
        while let Some((at, done)) = path.pop() {
            if done == 0 {
                (met[at], low[at]) = (clock, clock);
                clock += 1;
                open.push(at);
            } else {
                let before = next[at][done - 1];
                low[at] = low[at].min(low[before]);
            }
            let rest = next[at].iter().enumerate().skip(done);
            let mut descend = None;
            for (index, &other) in rest {
                if met[other] == NEW {
                    descend = Some((index, other));
                    break;
                }
                if ring[other] == NEW {
                    low[at] = low[at].min(met[other]);
                }
            }
            if let Some((index, other)) = descend {
                path.push((at, index + 1));
                path.push((other, 0));
                continue;
            }
            if low[at] == met[at] {
                while let Some(member) = open.pop() {
                    ring[member] = rings;
                    if member == at {
                        break;
                    }
                }
                rings += 1;
            }
        }
    }
    ring
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chain(length: usize, last: Value) -> Definitions {
        let name = |n: usize| format!("D{n:06}");
        let refer = |n: usize| json!({ "$ref": format!("#/components/schemas/{}", name(n)) });
        let held = |n: usize| json!({ "type": "object", "properties": { "next": refer(n + 1) } });
        let mut all: Definitions = (0..length).map(|n| (name(n), held(n))).collect();
        all.insert(name(length), last);
        all
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_definitions_is_followed_to_its_end() {
        let all = chain(100_000, json!({ "oneOf": [{}, {}] }));
        let graph = Graph::of(&all);
        assert!(graph.is_misread(&all["D000000"]));
        assert!(!graph.leads_back("D000000", "D000001"));
        let graph = Graph::of(&chain(100_000, json!({ "type": "string" })));
        assert!(!graph.is_misread(&all["D000000"]));
    }

    #[test]
    fn definitions_that_lead_to_one_another_are_one_ring_and_no_others() {
        let next = [vec![1], vec![2, 3], vec![0], vec![4], vec![4, 5], vec![]];
        let ring = numbered(&next);
        assert_eq!((ring[0], ring[1]), (ring[1], ring[2]));
        let others: BTreeSet<usize> = [ring[0], ring[3], ring[4], ring[5]].into();
        assert_eq!(others.len(), 4, "{ring:?}");
        let round = json!({ "$ref": "#/components/schemas/D000000" });
        let all = chain(3, json!({ "type": "array", "items": round }));
        let graph = Graph::of(&all);
        assert!(graph.leads_back("D000000", "D000003") && graph.leads_back("D000002", "D000001"));
    }
}
