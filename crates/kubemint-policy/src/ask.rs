//! From a question of the domain to a request of Cedar's, with the entities that it is about.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
    Schema,
};
use kubemint::policy::{Action, Query};

use crate::config::Hierarchy;

/// Why a question could not be put: a fault of this program, never of the caller. It denies.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The types of the schema, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    user: EntityTypeName,
    cluster: EntityTypeName,
    project: EntityTypeName,
    region: EntityTypeName,
    folder: EntityTypeName,
    organization: EntityTypeName,
    action: EntityTypeName,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        let name = |text| {
            EntityTypeName::from_str(text).expect("the name is a constant and an identifier")
        };
        Self {
            user: name("User"),
            cluster: name("Cluster"),
            project: name("Project"),
            region: name("Region"),
            folder: name("Folder"),
            organization: name("Organization"),
            action: name("Action"),
        }
    }

    /// The request that `query` is.
    pub(crate) fn request(&self, query: &Query<'_>, schema: &Schema) -> Result<Request, Fault> {
        let mut context = Vec::new();
        if let Some(role) = query.role {
            context.push(("role".to_owned(), string(role)));
        }
        if let Some(ttl) = query.ttl {
            context.push((
                "ttl".to_owned(),
                RestrictedExpression::new_long(i64::from(ttl)),
            ));
        }
        if let Some(user) = query.user {
            context.push(("user".to_owned(), string(user)));
        }
        if let Some(relation) = query.relation {
            context.push(("relation".to_owned(), string(relation.as_str())));
        }
        let context = Context::from_pairs(context)?;
        let request = Request::new(
            self.principal(query),
            self.action(query.action),
            self.resource(query),
            context,
            Some(schema),
        )?;
        Ok(request)
    }

    /// The caller, the cluster, and all that the cluster is in.
    pub(crate) fn entities(
        &self,
        query: &Query<'_>,
        hierarchy: &Hierarchy,
        schema: &Schema,
    ) -> Result<Entities, Fault> {
        let key = query.cluster;
        let project = uid(&self.project, &key.project);
        let region = uid(&self.region, &key.region);
        let groups = [
            (&self.folder, &hierarchy.folders),
            (&self.organization, &hierarchy.organizations),
        ];
        let parents: HashSet<EntityUid> = groups
            .into_iter()
            .flat_map(|(kind, by_project)| {
                by_project
                    .get(&key.project)
                    .into_iter()
                    .flatten()
                    .map(|id| uid(kind, id))
            })
            .collect();
        let mut entities: Vec<Entity> = parents.iter().cloned().map(Entity::with_uid).collect();
        entities.push(Entity::new_no_attrs(project.clone(), parents));
        entities.push(Entity::with_uid(region.clone()));
        let place = HashMap::from([
            ("region".to_owned(), string(&key.region)),
            ("project".to_owned(), string(&key.project)),
            ("cluster".to_owned(), string(&key.cluster)),
        ]);
        entities.push(Entity::new(
            self.resource(query),
            place,
            HashSet::from([project, region]),
        )?);
        entities.push(self.user(query)?);
        // Entities are made here alone, so that they fit the schema is a matter for tests; checking would double the cost.
        // Were one not to fit, evaluation would fail, and deny.
        Ok(Entities::from_entities(
            entities,
            cfg!(debug_assertions).then_some(schema),
        )?)
    }

    fn user(&self, query: &Query<'_>) -> Result<Entity, Fault> {
        let caller = query.caller;
        let roles = caller.roles.iter().map(|role| string(role));
        let mut attributes = HashMap::from([
            ("issuer".to_owned(), string(&caller.principal.issuer)),
            ("subject".to_owned(), string(&caller.principal.subject)),
            ("roles".to_owned(), RestrictedExpression::new_set(roles)),
        ]);
        let optional = [
            ("tenant", &caller.tenant),
            ("scope", &caller.scope),
            ("scopeId", &caller.scope_id),
            ("principalType", &caller.principal_type),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                attributes.insert(name.to_owned(), string(value));
            }
        }
        // Where the roles hold. A scope of another name is none.
        if let (Some(scope), Some(id)) = (&caller.scope, &caller.scope_id) {
            let kinds = [
                ("project", &self.project),
                ("folder", &self.folder),
                ("organization", &self.organization),
            ];
            if let Some((name, kind)) = kinds.into_iter().find(|(name, _)| name == scope) {
                attributes.insert(
                    name.to_owned(),
                    RestrictedExpression::new_entity_uid(uid(kind, id)),
                );
            }
        }
        Ok(Entity::new(
            self.principal(query),
            attributes,
            HashSet::new(),
        )?)
    }

    /// An issuer has no fragment, so the first `#` ends it, whatever the subject holds.
    fn principal(&self, query: &Query<'_>) -> EntityUid {
        let principal = &query.caller.principal;
        uid(
            &self.user,
            &format!("{}#{}", principal.issuer, principal.subject),
        )
    }

    fn action(&self, action: Action) -> EntityUid {
        uid(&self.action, action.as_str())
    }

    fn resource(&self, query: &Query<'_>) -> EntityUid {
        uid(&self.cluster, &query.cluster.to_string())
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn string(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}
