//! The default policies against an independent statement of what they mean, over every combination.

use std::path::Path;

use kubemint::policy::{Action, Query};
use kubemint::ports::Policy;
use kubemint::record::Relation;
use kubemint_policy::{CedarPolicy, PolicyConfig, ProjectGroup};

use crate::{alice, ask, cluster};

const ROLES: [&[&str]; 8] = [
    &[],
    &["compute.viewer"],
    &["compute.editor"],
    &["compute.admin"],
    &["compute.viewer", "compute.admin"],
    &["storage.admin"],
    &["Compute.Admin", "compute.admin ", "compute"],
    &["storage.viewer", "compute.viewer", "compute.viewer"],
];

/// A scope of a token, and whether it reaches the project of the cluster that is asked about.
const SCOPES: [(Option<&str>, Option<&str>, bool); 13] = [
    (Some("project"), Some("project-own"), true),
    (Some("folder"), Some("folder-own"), true),
    (Some("organization"), Some("org-own"), true),
    (Some("project"), Some("project-foreign"), false),
    (Some("folder"), Some("folder-foreign"), false),
    (Some("organization"), Some("org-foreign"), false),
    // Names of one kind of place say nothing in another.
    (Some("project"), Some("folder-own"), false),
    (Some("folder"), Some("project-own"), false),
    (Some("organization"), Some("folder-own"), false),
    (Some("Project"), Some("project-own"), false),
    (Some("project"), None, false),
    (None, Some("project-own"), false),
    (None, None, false),
];

const WANTED: [Option<&str>; 5] = [
    None,
    Some("viewer"),
    Some("editor"),
    Some("admin"),
    Some("Viewer"),
];
const RELATIONS: [Option<Relation>; 4] = [
    None,
    Some(Relation::Creator),
    Some(Relation::Subject),
    Some(Relation::Stranger),
];
const USERS: [Option<&str>; 4] = [None, Some("alice"), Some("bob"), Some("system:masters")];

/// What the default policies mean, in other words.
fn expected(roles: &[&str], reaches: bool, query: &Query<'_>) -> bool {
    let reserved = query.user.is_some_and(|user| user.starts_with("system:"));
    if !reaches || reserved {
        return false;
    }
    let rank = roles
        .iter()
        .map(|&role| match role {
            "compute.viewer" => 1,
            "compute.editor" => 2,
            "compute.admin" => 3,
            _ => 0,
        })
        .max()
        .unwrap_or(0);
    let own = matches!(query.relation, Some(Relation::Creator | Relation::Subject));
    match query.action {
        Action::List => rank >= 1,
        Action::Download => match query.relation {
            Some(Relation::Subject) => rank >= 1,
            // What they could issue: of that role, and for whom it is.
            Some(Relation::Creator) => match query.role {
                None => false,
                Some(_) if query.user != Some(query.caller.subject()) => rank == 3,
                Some("viewer") => rank >= 1,
                Some("editor") => rank >= 2,
                Some(_) => rank == 3,
            },
            Some(Relation::Stranger) | None => false,
        },
        Action::Get | Action::Revoke => rank == 3 || (rank >= 1 && own),
        Action::IssueForOthers => rank == 3,
        Action::Issue => match query.role {
            Some("viewer") => rank >= 1,
            Some("editor") => rank >= 2,
            _ => rank == 3,
        },
    }
}

#[test]
fn the_default_policies_decide_as_their_table_says() {
    let group = |id: &str, project: &str| ProjectGroup {
        id: id.to_owned(),
        projects: vec![project.to_owned()],
    };
    let config = PolicyConfig {
        files: None,
        folders: vec![
            group("folder-own", "project-own"),
            group("folder-foreign", "project-foreign"),
        ],
        organizations: vec![
            group("org-own", "project-own"),
            group("org-foreign", "project-foreign"),
        ],
    };
    let policy = CedarPolicy::load(&config, Path::new("")).unwrap();
    let cluster = cluster();
    let (mut permitted, mut denied) = (0, 0);
    for roles in ROLES {
        for (scope, scope_id, reaches) in SCOPES {
            let caller = alice(roles, scope, scope_id);
            for action in Action::ALL {
                for (role, user, relation) in circumstances(action) {
                    let ttl = role.map(|_| 3600);
                    let query = Query {
                        role,
                        relation,
                        user,
                        ttl,
                        ..ask(&caller, action, &cluster)
                    };
                    let decision = policy.decide(&query);
                    assert_eq!(
                        decision.allowed,
                        expected(roles, reaches, &query),
                        "{query:?}\n{decision:?}"
                    );
                    assert!(!decision.reasons.is_empty(), "{query:?}");
                    // Asked again, it is remembered, not evaluated.
                    assert_eq!(policy.decide(&query), decision, "{query:?}");
                    *(if decision.allowed {
                        &mut permitted
                    } else {
                        &mut denied
                    }) += 1;
                }
            }
        }
    }
    assert!(
        permitted > 300 && denied > permitted,
        "{permitted} permitted, {denied} denied"
    );
}

/// Every set of the roles that mean something.
fn sets_of_roles() -> Vec<Vec<&'static str>> {
    let known = ["compute.viewer", "compute.editor", "compute.admin"];
    let of = |set: u8| {
        let members = known.iter().enumerate();
        let members = members.filter(|(place, _)| set & (1 << place) != 0);
        members.map(|(_, role)| *role).collect()
    };
    (0..1 << known.len()).map(of).collect()
}

/// Kind of caller, tenant, roles, action, circumstances, project: what a caller is, beside its roles and their scope,
/// neither gives nor takes anything.
#[test]
fn every_cell_of_kind_tenant_roles_action_and_project_is_as_the_reference_says() {
    let kinds = [None, Some("user"), Some("api_key"), Some("service_account")];
    let tenants = [None, Some("tenant-foreign")];
    let projects = [("project-own", true), ("project-foreign", false)];
    let policy = CedarPolicy::embedded();
    let cluster = cluster();
    let mut cells = 0;
    for kind in kinds {
        for tenant in tenants {
            for roles in sets_of_roles() {
                for (project, reaches) in projects {
                    let mut caller = alice(&roles, Some("project"), Some(project));
                    caller.principal_type = kind.map(str::to_owned);
                    caller.tenant = tenant.map(str::to_owned);
                    for action in Action::ALL {
                        for (role, user, relation) in circumstances(action) {
                            let query = Query {
                                role,
                                relation,
                                user,
                                ttl: role.map(|_| 3600),
                                ..ask(&caller, action, &cluster)
                            };
                            let decision = policy.decide(&query);
                            let wanted = expected(&roles, reaches, &query);
                            assert_eq!(decision.allowed, wanted, "{query:?}\n{decision:?}");
                            cells += 1;
                        }
                    }
                }
            }
        }
    }
    let asked: usize = Action::ALL
        .map(|action| circumstances(action).len())
        .iter()
        .sum();
    assert_eq!(cells, 4 * 2 * 8 * 2 * asked);
}

/// What an action may be asked with.
fn circumstances(
    action: Action,
) -> Vec<(Option<&'static str>, Option<&'static str>, Option<Relation>)> {
    match action {
        Action::Issue | Action::IssueForOthers => WANTED
            .iter()
            .flat_map(|&role| USERS.map(|user| (role, user, None)))
            .collect(),
        Action::Download => WANTED
            .iter()
            .flat_map(|&role| USERS.map(|user| (role, user)))
            .flat_map(|(role, user)| RELATIONS.map(|relation| (role, user, relation)))
            .collect(),
        Action::List | Action::Get | Action::Revoke => {
            RELATIONS.map(|relation| (None, None, relation)).to_vec()
        }
    }
}

#[test]
fn the_reasons_are_the_ids_of_the_policies_that_decided() {
    let policy = CedarPolicy::embedded();
    let cluster = cluster();
    let viewer = alice(&["compute.viewer"], Some("project"), Some("project-own"));
    let stranger = alice(
        &["compute.viewer"],
        Some("project"),
        Some("project-foreign"),
    );

    let allowed = policy.decide(&ask(&viewer, Action::List, &cluster));
    assert_eq!(allowed.reasons, ["everyone-with-a-role-lists"]);
    let forbidden = policy.decide(&ask(&stranger, Action::List, &cluster));
    assert_eq!(forbidden.reasons, ["roles-hold-in-their-scope-only"]);
    let unpermitted = policy.decide(&Query {
        role: Some("admin"),
        ..ask(&viewer, Action::Issue, &cluster)
    });
    assert_eq!(unpermitted.reasons, [kubemint_policy::DEFAULT_DENY]);
    assert!(!unpermitted.allowed && !forbidden.allowed && allowed.allowed);
}

#[test]
fn a_caller_with_a_reserved_name_is_denied_everything() {
    let policy = CedarPolicy::embedded();
    let cluster = cluster();
    let mut caller = alice(&["compute.admin"], Some("project"), Some("project-own"));
    caller.principal.subject = "system:admin".to_owned();
    for action in Action::ALL {
        let query = Query {
            role: Some("viewer"),
            relation: Some(Relation::Creator),
            ..ask(&caller, action, &cluster)
        };
        let decision = policy.decide(&query);
        assert!(!decision.allowed, "{action:?}");
        assert_eq!(decision.reasons, ["system-names-are-reserved"]);
    }
}
