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
    /// What each crate names in its manifest for when it runs. (Optional ones too, so it tells no more than that.)
    links: BTreeMap<String, BTreeSet<String>>,
    /// What each member's tests link besides.
    tests_link: BTreeMap<String, BTreeSet<String>>,
    /// What is really built for a crate, directly or through others; for the whole workspace under [`WORKSPACE`].
    built: BTreeMap<&'static str, BTreeSet<String>>,
}

/// The name that stands for every member, its tests included.
const WORKSPACE: &str = "the workspace";

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
        let mut graph = Self::parse(&metadata);
        for name in ["kubemint", WORKSPACE].into_iter().chain(SHIPPED) {
            graph.built.insert(name, built(root, name)?);
        }
        Ok(graph)
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
}

/// What cargo builds for a crate: only it knows which optional dependencies are on.
fn built(root: &Path, name: &str) -> Result<BTreeSet<String>> {
    let (which, edges) = match name {
        WORKSPACE => (vec!["--workspace"], "normal,build,dev"),
        name => (vec!["--package", name], "normal"),
    };
    let asked = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--prefix=none",
            "--format={p}",
            "--edges",
            edges,
        ])
        .args(which)
        .current_dir(root)
        .output()
        .context("cannot run `cargo tree`")?;
    if !asked.status.success() {
        bail!(
            "`cargo tree` failed: {}",
            String::from_utf8_lossy(&asked.stderr)
        );
    }
    let told = String::from_utf8(asked.stdout)?;
    Ok(told
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
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
    found.extend(links(graph, WORKSPACE, &BANNED, "it is banned"));
    found
}

fn links(graph: &Graph, name: &str, unwanted: &[&str], why: &str) -> Vec<String> {
    let Some(built) = graph.built.get(name) else {
        return Vec::new();
    };
    let found = unwanted
        .iter()
        .filter(|unwanted| built.contains(**unwanted));
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
    fn what_is_built_and_unwanted_is_a_breach() {
        for (name, unwanted) in [
            ("kubemint", "kube"),
            ("kubemint-server", "typify"),
            (WORKSPACE, "ring"),
        ] {
            let mut graph = Graph::default();
            graph
                .built
                .insert(name, BTreeSet::from([unwanted.to_owned()]));
            assert_eq!(breaches(&graph).len(), 1, "{name} {unwanted}");
        }
    }

    #[test]
    fn this_workspace_is_read() {
        let graph = Graph::read(&crate::tidy::root()).unwrap();
        assert!(graph.floors.contains_key("kubemint"));
        assert!(graph.built["kubemint-server"].contains("kubemint"));
        assert!(graph.built[WORKSPACE].contains("typify"));
    }
}
