//! The `[policy]` part of the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::PolicyError;

/// Longest identifier of a folder, an organization or a project, in octets.
const MAX_ID: usize = 253;

/// The `[policy]` part of the configuration, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// Files of policies, instead of the default ones. Relative paths start at the configuration file's folder.
    pub files: Option<Vec<PathBuf>>,
    /// What a token with the scope `folder` reaches.
    pub folders: Vec<ProjectGroup>,
    /// What a token with the scope `organization` reaches.
    pub organizations: Vec<ProjectGroup>,
}

/// The projects of one folder or organization.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectGroup {
    /// The identifier, as tokens name it (`scope_id`).
    pub id: String,
    /// The projects, as URLs name them.
    pub projects: Vec<String>,
}

/// Which folders and organizations a project is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// By project: its folders.
    pub(crate) folders: BTreeMap<String, BTreeSet<String>>,
    /// By project: its organizations.
    pub(crate) organizations: BTreeMap<String, BTreeSet<String>>,
}

impl PolicyConfig {
    /// The hierarchy that the groups describe.
    pub(crate) fn hierarchy(&self) -> Result<Hierarchy, PolicyError> {
        Ok(Hierarchy {
            folders: by_project("policy.folders", &self.folders)?,
            organizations: by_project("policy.organizations", &self.organizations)?,
        })
    }
}

/// Turns the groups around: what is listed by group is looked up by project.
fn by_project(
    key: &str,
    groups: &[ProjectGroup],
) -> Result<BTreeMap<String, BTreeSet<String>>, PolicyError> {
    let mut seen = BTreeSet::new();
    let mut projects: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        let id_key = format!("{key}[{index}].id");
        check_id(&id_key, &group.id)?;
        if !seen.insert(&group.id) {
            return Err(PolicyError::Config {
                key: id_key,
                problem: format!("{:?} is listed twice", group.id),
            });
        }
        for (place, project) in group.projects.iter().enumerate() {
            check_id(&format!("{key}[{index}].projects[{place}]"), project)?;
            projects
                .entry(project.clone())
                .or_default()
                .insert(group.id.clone());
        }
    }
    Ok(projects)
}

fn check_id(key: &str, id: &str) -> Result<(), PolicyError> {
    let problem = if id.is_empty() {
        "must not be empty".to_owned()
    } else if id.len() > MAX_ID {
        format!("is longer than {MAX_ID} octets")
    } else if id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "must not hold spaces or control characters".to_owned()
    } else {
        return Ok(());
    };
    Err(PolicyError::Config {
        key: key.to_owned(),
        problem,
    })
}
