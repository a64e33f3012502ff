//! What a set of policies has decided already.
//!
//! A decision is a function of the question and the set alone: Cedar reads no clock, no file and no network. So an answer
//! is remembered for as long as its set applies, and a question that was asked before costs a digest instead of an
//! evaluation. Whether the cluster exists is no part of a question, so that nothing is told by what is quick.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use kubemint::caller::{Caller, Principal};
use kubemint::cluster::ClusterKey;
use kubemint::policy::{Decision, Query};

/// Most decisions of a generation; there are two. A decision is some 200 octets, so that all of them are about 2 MiB.
const MOST: usize = 4096;

/// A question's name: SHA-256 of all that it holds. Two questions of one name cannot be found.
pub(crate) type Name = [u8; 32];

/// Decisions by the names of their questions. What was asked for lately stays; the rest is forgotten a generation at a
/// time, so that there is nothing to be ordered.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Name, Arc<Decision>>,
    old: HashMap<Name, Arc<Decision>>,
}

impl Memo {
    /// The answer to a question that was asked before, and not too long ago.
    pub(crate) fn find(&self, name: &Name) -> Option<Decision> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match generations.young.get(name) {
            Some(found) => Arc::clone(found),
            None => {
                let found = generations.old.remove(name)?;
                generations.add(*name, Arc::clone(&found));
                found
            }
        };
        drop(generations);
        Some(Decision::clone(&found))
    }

    pub(crate) fn add(&self, name: Name, decision: &Decision) {
        let decision = Arc::new(decision.clone());
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.add(name, decision);
    }
}

impl Generations {
    fn add(&mut self, name: Name, decision: Arc<Decision>) {
        if self.young.len() >= MOST {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(name, decision);
    }
}

/// The name of a question. Every part is taken apart here, so that a new one cannot be forgotten.
pub(crate) fn name(query: &Query<'_>) -> Name {
    let Query {
        caller,
        action,
        cluster,
        role,
        ttl,
        user,
        relation,
    } = *query;
    let Caller {
        principal: Principal { issuer, subject },
        tenant,
        scope,
        scope_id,
        roles,
        principal_type,
        // Policies are told of neither.
        credential_id: _,
        token_id: _,
    } = caller;
    let ClusterKey {
        region,
        project,
        cluster,
    } = cluster;
    let ttl = ttl.map(|ttl| ttl.to_string());
    let parts = [
        Some(issuer.as_str()),
        Some(subject),
        tenant.as_deref(),
        scope.as_deref(),
        scope_id.as_deref(),
        principal_type.as_deref(),
        Some(action.as_str()),
        Some(region),
        Some(project),
        Some(cluster),
        role,
        ttl.as_deref(),
        user,
        relation.map(|relation| relation.as_str()),
    ];
    let roles = roles.iter().map(|role| Some(role.as_str()));
    let mut text = Vec::with_capacity(512);
    for part in parts.into_iter().chain(roles) {
        // Its length is in front of each, so that no two questions run together to the same text.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        text.extend_from_slice(&length.to_le_bytes());
        text.extend_from_slice(part.unwrap_or_default().as_bytes());
    }
    let mut name = [0; 32];
    name.copy_from_slice(digest(&SHA256, &text).as_ref());
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kubemint::policy::Action;
    use kubemint::record::Relation;

    use super::*;

    fn decision(n: usize) -> Decision {
        Decision {
            allowed: n.is_multiple_of(2),
            reasons: vec![n.to_string()],
            policy_hash: "hash".to_owned(),
        }
    }

    fn numbered(n: usize) -> Name {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&n.to_le_bytes());
        name
    }

    #[test]
    fn an_answer_is_found_by_the_name_of_its_question() {
        let memo = Memo::default();
        assert_eq!(memo.find(&numbered(1)), None);
        memo.add(numbered(1), &decision(1));
        memo.add(numbered(2), &decision(2));
        assert_eq!(memo.find(&numbered(1)), Some(decision(1)));
        assert_eq!(memo.find(&numbered(2)), Some(decision(2)));
        assert_eq!(memo.find(&numbered(3)), None);
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_makes_room() {
        let memo = Memo::default();
        for n in 0..MOST {
            memo.add(numbered(n), &decision(n));
        }
        let held = |memo: &Memo| {
            let generations = memo.0.lock().unwrap();
            (generations.young.len(), generations.old.len())
        };
        assert_eq!(held(&memo), (MOST, 0));
        memo.add(numbered(MOST), &decision(MOST));
        assert_eq!(held(&memo), (1, MOST));
        // Looked up, it is young again.
        assert_eq!(memo.find(&numbered(0)), Some(decision(0)));
        assert_eq!(held(&memo), (2, MOST - 1));
        for n in MOST + 1..2 * MOST {
            memo.add(numbered(n), &decision(n));
        }
        assert_eq!(memo.find(&numbered(0)), Some(decision(0)));
        assert_eq!(memo.find(&numbered(1)), None);
        for n in 0..10 * MOST {
            memo.add(numbered(n), &decision(n));
            let (young, old) = held(&memo);
            assert!(young <= MOST && old <= MOST);
        }
    }

    #[test]
    fn each_part_of_a_question_is_in_its_name() {
        let caller = Caller::new("issuer", "subject");
        let with = |change: &dyn Fn(&mut Caller)| {
            let mut caller = caller.clone();
            change(&mut caller);
            caller
        };
        let some = |text: &str| Some(text.to_owned());
        let callers = [
            caller.clone(),
            Caller::new("issuers", "ubject"),
            with(&|caller| caller.tenant = some("a")),
            with(&|caller| caller.tenant = some("")),
            with(&|caller| caller.scope = some("a")),
            with(&|caller| caller.scope_id = some("a")),
            with(&|caller| caller.principal_type = some("a")),
            with(&|caller| caller.roles = vec!["a".to_owned()]),
            with(&|caller| caller.roles = vec!["a".to_owned(), "b".to_owned()]),
            with(&|caller| caller.roles = vec!["ab".to_owned()]),
        ];
        let cluster = ClusterKey::new("region", "project", "cluster");
        let others = [
            ClusterKey::new("regionp", "roject", "cluster"),
            ClusterKey::new("region", "projectc", "luster"),
            ClusterKey::new("region", "project", "clusters"),
        ];
        let plain = Query {
            caller: &caller,
            action: Action::List,
            cluster: &cluster,
            role: None,
            ttl: None,
            user: None,
            relation: None,
        };
        let mut queries: Vec<Query<'_>> = callers
            .iter()
            .map(|caller| Query { caller, ..plain })
            .collect();
        queries.extend(others.iter().map(|cluster| Query { cluster, ..plain }));
        queries.extend(
            Action::ALL[..2]
                .iter()
                .map(|&action| Query { action, ..plain }),
        );
        let (role, user) = (Some("a"), Some("a"));
        queries.push(Query { role, ..plain });
        queries.push(Query { user, ..plain });
        queries.extend([1, 2].map(|ttl| Query {
            ttl: Some(ttl),
            ..plain
        }));
        queries.extend(
            [Relation::Creator, Relation::Stranger].map(|relation| Query {
                relation: Some(relation),
                ..plain
            }),
        );
        let names: BTreeSet<Name> = queries.iter().map(name).collect();
        assert_eq!(names.len(), queries.len());
    }

    #[test]
    fn the_same_question_has_the_same_name_whichever_token_it_comes_with() {
        let one = Caller::new("issuer", "subject");
        let other = Caller {
            credential_id: Some("key-1".to_owned()),
            token_id: Some("token-1".to_owned()),
            ..one.clone()
        };
        let cluster = ClusterKey::new("region", "project", "cluster");
        let ask = |caller| Query {
            caller,
            action: Action::List,
            cluster: &cluster,
            role: None,
            ttl: None,
            user: None,
            relation: None,
        };
        assert_eq!(name(&ask(&one)), name(&ask(&other)));
    }
}
