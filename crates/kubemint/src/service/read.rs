//! Read one kubeconfig, or a page of them.

use super::terms::role_told;
use super::{Context, Kubemint};
use crate::audit::{Event, Kind};
use crate::cluster::ClusterKey;
use crate::error::{Error, Invalid};
use crate::id::KubeconfigId;
use crate::policy::Action;
use crate::ports::{Filter, Position, Visible};
use crate::record::{Record, Relation, Status};

/// A kubeconfig as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its record.
    pub record: Record,
    /// What the caller is told of its life, at the time of the answer.
    pub status: Status,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPage {
    /// The kubeconfigs, newest first.
    pub items: Vec<Shown>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Position>,
}

impl Kubemint {
    /// Reads one kubeconfig.
    ///
    /// # Errors
    /// [`Error::NoSuchKubeconfig`] if there is none that the caller may see; [`Error::Store`].
    pub async fn get(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Shown, Error> {
        let (record, _, decision) = self
            .permitted(ctx, key, id, Action::Get, Kind::ReadRefused)
            .await?;
        let event = Event {
            decision: Some(decision),
            ..self.record_event(ctx, Kind::Read, &record)
        };
        self.ports.store.append(event).await?;
        let status = record
            .status(self.ports.clock.now())
            .ok_or(Error::NoSuchKubeconfig)?;
        Ok(Shown { record, status })
    }

    /// Lists what the caller may get and `filter` admits, newest first, from after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`Error::NoSuchCluster`] if there is none that the caller may know of; [`Error::Store`].
    pub async fn list(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        filter: &Filter,
        after: Option<Position>,
        limit: u16,
    ) -> Result<ListPage, Error> {
        let (profile, decision) = self.discover(ctx, key);
        if profile.is_none() {
            let event = self.event(ctx, Kind::ListRefused, key);
            return Err(self
                .refuse(event, Some(decision), Error::NoSuchCluster)
                .await);
        }
        let may_get = |relation| self.decide(ctx, key, Action::Get, Some(relation)).allowed;
        let visible = Visible {
            principal: ctx.caller.principal.clone(),
            all: may_get(Relation::Stranger),
            created: may_get(Relation::Creator),
            issued_for: may_get(Relation::Subject),
        };
        // What is listed by its status is told with the same one.
        let now = self.ports.clock.now();
        let store = &self.ports.store;
        let page = store.list(key, &visible, filter, now, after, limit).await?;
        // By the same relation by which one of them is got: what the caller created for itself is the creator's.
        let may_see = |record: &Record| match record.relation(&ctx.caller) {
            Relation::Creator => visible.all || visible.created,
            Relation::Subject => visible.all || visible.issued_for,
            Relation::Stranger => visible.all,
        };
        let shown = |record: Record| record.status(now).map(|status| Shown { record, status });
        let records = page.records.into_iter().filter(may_see);
        let items: Vec<Shown> = records.filter_map(shown).collect();
        let event = Event {
            decision: Some(decision),
            ..self.event(ctx, Kind::Listed, key)
        };
        let event = filtered(event, filter).with("count", items.len());
        self.ports.store.append(event).await?;
        Ok(ListPage {
            items,
            next: page.next,
        })
    }

    /// Writes that a list was refused, since the caller wants it from a place that this list never told them, and
    /// returns why: [`Error::Invalid`], or [`Error::Store`] when it cannot be written.
    pub async fn refuse_place(&self, ctx: &Context, key: &ClusterKey) -> Error {
        let invalid = Invalid {
            field: "pageToken",
            reason: "invalid_page_token",
            limit: None,
            message:
                "pageToken is not one that this list, with these filters, gave to this caller; begin again without it"
                    .to_owned(),
        };
        let event = self.event(ctx, Kind::ListRefused, key);
        self.refuse(event, None, Error::Invalid(vec![invalid]))
            .await
    }
}

/// The event with what a list or a revocation of many was narrowed to. A user is told whole, since whoever looks for their rows
/// has the whole name: the contract bounds it. A role is told as what an issue asks for.
pub(super) fn filtered(event: Event, filter: &Filter) -> Event {
    let Filter {
        status,
        user,
        role,
        issued_before,
    } = filter;
    let parts = [
        ("status", status.map(|status| status.as_str().to_owned())),
        ("user", user.clone()),
        (
            "role",
            role.as_deref().map(|role| role_told(role).to_owned()),
        ),
        (
            "issuedBefore",
            issued_before.map(|before| before.to_rfc3339()),
        ),
    ];
    parts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(event, |event, (name, value)| event.with(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_could_be_none_is_not_told_and_a_user_is_told_whole() {
        let told = |role: &str, user: String| {
            let event = Event {
                at: chrono::DateTime::UNIX_EPOCH,
                kind: Kind::Listed,
                request_id: None,
                principal: None,
                token_id: None,
                cluster: ClusterKey::new("r", "p", "c"),
                kubeconfig: None,
                uid: None,
                decision: None,
                detail: serde_json::Map::new(),
            };
            let filter = Filter {
                role: Some(role.to_owned()),
                user: Some(user),
                ..Filter::default()
            };
            let detail = filtered(event, &filter).detail;
            ["role", "user"].map(|name| detail[name].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(told("viewer", "bob".to_owned()), ["viewer", "bob"]);
        let longest = "b".repeat(253);
        let [role, user] = told("Canary0133Zz", longest.clone());
        assert_eq!((role.as_str(), user), ("…", longest));
    }
}
