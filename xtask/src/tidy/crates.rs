//! Rules of crates: arrows point down, the domain knows no wire, and nothing shipped links the toolchain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What the domain may not know, directly or through others.
const NOT_IN_DOMAIN: [&str; 8] = [
    "kubeconfig-types",
    "kubeconfig-api",
    "kubeconfig-client",
    "dropshot",
    "kube",
    "rusqlite",
    "tokio-postgres",
    "cedar-policy",
];
/// What nothing shipped may link.
const NOT_SHIPPED: [&str; 8] = [
    "openapi-document",
    "openapi-to-dropshot",
    "openapi-check",
    "typify",
    "progenitor",
    "prettyplease",
    "jsonschema",
    "expectorate",
];
/// What is shipped.
const SHIPPED: [&str; 2] = ["kubemint-server", "kubeconfig-client"];
/// What nothing may link at all.
const BANNED: [&str; 6] = [
    "openssl",
    "openssl-sys",
    "native-tls",
    "ring",
    "rsa",
    "serde_yaml",
];

/// The workspace's crates and everything that they are built from.
#[derive(Default)]
pub(super) struct Graph {
    /// The floor of each member.
    floors: BTreeMap<String, Option<u64>>,
    /// What each crate links when it runs, by name.
    links: BTreeMap<String, BTreeSet<String>>,
    /// What each member's tests link besides.
    tests_link: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Asks cargo.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let asked = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--locked", "--offline"])
            .current_dir(root)
            .output()
            .context("cannot run `cargo metadata`")?;
        if !asked.status.success() {
            bail!(
                "`cargo metadata --locked` failed: {}",
                String::from_utf8_lossy(&asked.stderr)
            );
        }
        let metadata: Value = serde_json::from_slice(&asked.stdout)?;
        Ok(Self::parse(&metadata))
    }

    fn parse(metadata: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let members: BTreeSet<_> = list(&metadata["workspace_members"])
            .iter()
            .map(text)
            .collect();
        let mut graph = Graph::default();
        let mut names = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let name = text(&package["name"]);
            if members.contains(&text(&package["id"])) {
                graph
                    .floors
                    .insert(name.clone(), package["metadata"]["floor"].as_u64());
            }
            names.insert(text(&package["id"]), name);
        }
        let named = |id: &Value| names.get(&text(id)).cloned().unwrap_or_default();
        for node in list(&metadata["resolve"]["nodes"]) {
            let name = named(&node["id"]);
            for dependency in list(&node["deps"]) {
                let kinds: Vec<_> = list(&dependency["dep_kinds"])
                    .iter()
                    .map(|kind| kind["kind"].clone())
                    .collect();
                if kinds.iter().any(Value::is_null) {
                    graph
                        .links
                        .entry(name.clone())
                        .or_default()
                        .insert(named(&dependency["pkg"]));
                }
                if kinds.iter().any(|kind| kind == "dev") {
                    graph
                        .tests_link
                        .entry(name.clone())
                        .or_default()
                        .insert(named(&dependency["pkg"]));
                }
            }
        }
        graph
    }

    /// Everything that a crate links, directly or through others.
    fn closure(&self, of: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut left = vec![of];
        while let Some(name) = left.pop() {
            for next in self.links.get(name).into_iter().flatten() {
                if seen.insert(next.as_str()) {
                    left.push(next);
                }
            }
        }
        seen
    }
}

pub(super) fn breaches(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (name, floor) in &graph.floors {
        let Some(floor) = floor else {
            found.push(format!(
                "{name}: no `package.metadata.floor` in its Cargo.toml"
            ));
            continue;
        };
        let mut climbs = |links: &BTreeMap<String, BTreeSet<String>>, limit: u64, how: &str| {
            for other in links.get(name).into_iter().flatten() {
                if let Some(Some(above)) = graph.floors.get(other)
                    && *above >= limit
                {
                    found.push(format!(
                        "{name} (floor {floor}) {how} {other} (floor {above})"
                    ));
                }
            }
        };
        climbs(&graph.links, *floor, "uses");
        // Tests may look sideways: a sandbox on the same floor stands in for the world.
        climbs(&graph.tests_link, floor + 1, "tests itself with");
    }
    found.extend(links(
        graph,
        "kubemint",
        &NOT_IN_DOMAIN,
        "the domain does not know the wire",
    ));
    for shipped in SHIPPED {
        found.extend(links(
            graph,
            shipped,
            &NOT_SHIPPED,
            "nothing shipped links the toolchain",
        ));
    }
    for member in graph.floors.keys() {
        found.extend(links(graph, member, &BANNED, "it is banned"));
    }
    found
}

fn links(graph: &Graph, name: &str, unwanted: &[&str], why: &str) -> Vec<String> {
    let closure = graph.closure(name);
    let found = unwanted
        .iter()
        .filter(|unwanted| closure.contains(**unwanted));
    found
        .map(|unwanted| format!("{name} links {unwanted}: {why}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(floors: &[(&str, Option<u64>)], links: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (name, floor) in floors {
            graph.floors.insert((*name).to_owned(), *floor);
        }
        for (from, to) in links {
            graph
                .links
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        graph
    }

    #[test]
    fn an_arrow_that_does_not_go_down_is_a_breach() {
        let floors = [("a", Some(1)), ("b", Some(1)), ("c", Some(2))];
        assert_eq!(
            breaches(&graph(&floors, &[("c", "a"), ("c", "b")])),
            Vec::<String>::new()
        );
        assert_eq!(breaches(&graph(&floors, &[("a", "b")])).len(), 1);
        assert_eq!(breaches(&graph(&floors, &[("a", "c")])).len(), 1);
    }

    #[test]
    fn a_crate_without_a_floor_is_a_breach() {
        assert_eq!(breaches(&graph(&[("a", None)], &[])).len(), 1);
    }

    #[test]
    fn what_comes_through_others_is_found() {
        let floors = [("kubemint", Some(1)), ("kubemint-server", Some(3))];
        assert_eq!(
            breaches(&graph(&floors, &[("kubemint", "x"), ("x", "kube")])).len(),
            1
        );
        assert_eq!(
            breaches(&graph(
                &floors,
                &[("kubemint-server", "x"), ("x", "typify")]
            ))
            .len(),
            1
        );
        assert_eq!(
            breaches(&graph(&floors, &[("kubemint", "x"), ("x", "ring")])).len(),
            1
        );
    }

    #[test]
    fn this_workspace_is_read() {
        let graph = Graph::read(&crate::tidy::root()).unwrap();
        assert!(graph.floors.contains_key("kubemint"));
        assert!(graph.closure("kubemint-server").contains("kubemint"));
    }
}
