//! What must deny, or change nothing: failing evaluation, and names that look like policy text.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use kubemint::policy::{Action, Query};
use kubemint::ports::Policy;
use kubemint::record::Relation;
use kubemint_policy::{CedarPolicy, DEFAULT_POLICIES, PolicyConfig};

use crate::{alice, ask, cluster};

#[test]
fn a_forbid_whose_evaluation_fails_denies() {
    // It passes strict validation, and overflows for every time to live from one second up.
    let overflowing = r#"
        @id("overflowing")
        forbid (principal, action, resource)
        when { context has ttl && context.ttl + 9223372036854775807 < 0 };
    "#;
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("p.cedar"),
        format!("{DEFAULT_POLICIES}{overflowing}"),
    )
    .unwrap();
    let config = PolicyConfig {
        files: Some(vec![PathBuf::from("p.cedar")]),
        ..PolicyConfig::default()
    };
    let policy = CedarPolicy::load(&config, folder.path()).unwrap();
    let cluster = cluster();
    let admin = alice(&["compute.admin"], Some("project"), Some("project-own"));

    let query = Query {
        role: Some("viewer"),
        ttl: Some(600),
        ..ask(&admin, Action::Issue, &cluster)
    };
    let decision = policy.decide(&query);
    assert!(!decision.allowed);
    assert_eq!(decision.reasons.len(), 1, "{decision:?}");
    assert!(decision.reasons[0].contains("overflowing"), "{decision:?}");
    assert!(decision.reasons[0].contains("overflow"), "{decision:?}");

    let untouched = policy.decide(&Query { ttl: None, ..query });
    assert!(
        untouched.allowed,
        "only the failing evaluation denies: {untouched:?}"
    );
}

#[test]
fn names_are_data_whatever_they_look_like() {
    let policy = CedarPolicy::embedded();
    let hostile = [
        "\" || true || \"",
        "project-own\", \"x",
        "\\u{0}",
        "\0",
        "*",
        "system:*",
        "Project::\"project-own\"",
        "\u{202e}nimda",
        "",
    ];
    for text in hostile {
        let mut cluster = cluster();
        let foreign = alice(&["compute.admin"], Some("project"), Some(text));
        assert!(
            !policy
                .decide(&ask(&foreign, Action::List, &cluster))
                .allowed,
            "{text:?} as a scope"
        );
        let roles = alice(&[text], Some("project"), Some("project-own"));
        assert!(
            !policy.decide(&ask(&roles, Action::List, &cluster)).allowed,
            "{text:?} as a role"
        );
        let viewer = alice(&["compute.viewer"], Some("project"), Some("project-own"));
        let wanted = Query {
            role: Some(text),
            ..ask(&viewer, Action::Issue, &cluster)
        };
        assert!(!policy.decide(&wanted).allowed, "{text:?} as a role wanted");
        cluster.project = text.to_owned();
        assert!(
            !policy.decide(&ask(&viewer, Action::List, &cluster)).allowed,
            "{text:?} as a project"
        );
    }
}

#[test]
fn a_decision_is_quick_and_says_which_policy_set_it_was() {
    let policy = CedarPolicy::embedded();
    let cluster = cluster();
    let admin = alice(&["compute.admin"], Some("project"), Some("project-own"));
    let query = Query {
        relation: Some(Relation::Stranger),
        ..ask(&admin, Action::Revoke, &cluster)
    };
    let rounds = 200;
    let start = Instant::now();
    for _ in 0..rounds {
        let decision = policy.decide(&query);
        assert!(decision.allowed);
        assert_eq!(decision.policy_hash, policy.hash());
    }
    let each = start.elapsed() / rounds;
    println!("{each:?} a decision");
    // A debug build on a busy machine: far above what it takes, far below what would be noticed.
    assert!(each.as_millis() < 50, "{each:?} a decision");
}
