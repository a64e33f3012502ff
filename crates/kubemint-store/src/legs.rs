//! How a list is found: as a few walks through indexes, each of which stops at the page's limit by itself.
//!
//! Every index that a walk uses leads with what is equal in it and ends with the number, so that a page costs the same
//! however many records there are of another kind. Where two filters meet that no index has both of, the rarer one is
//! walked (a user before a role), and the other is looked at on the way.

use kubemint::Status;
use kubemint::ports::{Filter, Visible};

/// Which index is walked, and what is equal in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Everything in the cluster.
    All,
    /// What the caller created.
    Created,
    /// What is for the caller.
    IssuedFor,
    /// What is for the filter's user.
    User,
    /// What gives the filter's role.
    Role,
}

/// Which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All that is shown ([`Way::All`] alone: the others are walked state by state).
    Shown,
    /// In the state `active`.
    Active,
    /// In the state `active`, and not past its end.
    Unended,
    /// In the state `revoking`.
    Revoking,
    /// In the state `expired`.
    Expired,
    /// In the state `active`, but past its end: few, since the reconciler looks for them all the time.
    Ended,
}

/// One walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) way: Way,
    pub(crate) part: Part,
    /// Whether the filter's user is looked at on the way.
    pub(crate) user: bool,
    /// Whether the filter's role is.
    pub(crate) role: bool,
    /// Whether the time of issue is.
    pub(crate) issued_before: bool,
}

/// The walks whose union is the list; none when nothing can be seen.
pub(crate) fn legs(visible: &Visible, filter: &Filter) -> Vec<Leg> {
    let mut ways = Vec::new();
    if visible.all {
        ways.push(match (&filter.user, &filter.role) {
            (Some(_), _) => Way::User,
            (None, Some(_)) => Way::Role,
            (None, None) => Way::All,
        });
    } else {
        ways.extend(visible.created.then_some(Way::Created));
        ways.extend(visible.issued_for.then_some(Way::IssuedFor));
    }
    let mut legs = Vec::new();
    for way in ways {
        let parts: &[Part] = match (filter.status, way) {
            (None, Way::All) => &[Part::Shown],
            (None, _) => &[Part::Active, Part::Revoking, Part::Expired],
            (Some(Status::Active), _) => &[Part::Unended],
            (Some(Status::Revoking), _) => &[Part::Revoking],
            (Some(Status::Expired), _) => &[Part::Expired, Part::Ended],
        };
        legs.extend(parts.iter().map(|part| Leg {
            way,
            part: *part,
            user: filter.user.is_some() && way != Way::User,
            role: filter.role.is_some() && way != Way::Role,
            issued_before: filter.issued_before.is_some(),
        }));
    }
    legs
}
