//! Lists, as streams over their pages.

use std::collections::VecDeque;

use futures::{Stream, stream};
use kubeconfig_types::{Kubeconfig, KubeconfigStatus, PageSize, PageToken, RoleName, UserName};

use crate::cluster::here;
use crate::{Cluster, Failure};

/// Which kubeconfigs are listed: those that match everything that is set; by default all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    status: Option<KubeconfigStatus>,
    user: Option<UserName>,
    role: Option<RoleName>,
    page_size: Option<PageSize>,
}

impl Filter {
    /// Only these: active, expired or revoking.
    #[must_use]
    pub fn status(mut self, status: KubeconfigStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only those for this user.
    #[must_use]
    pub fn user(mut self, user: UserName) -> Self {
        self.user = Some(user);
        self
    }

    /// Only those with this role.
    #[must_use]
    pub fn role(mut self, role: RoleName) -> Self {
        self.role = Some(role);
        self
    }

    /// How many are read at a time. Default: 500, the most that the document allows.
    #[must_use]
    pub fn page_size(mut self, page_size: PageSize) -> Self {
        self.page_size = Some(page_size);
        self
    }
}

/// How far a stream has come.
enum Position {
    Start,
    At(PageToken),
    End,
}

impl Cluster {
    /// All that the caller may see (`listKubeconfigs`), newest first: pages are read as they are needed. Pin it
    /// (`std::pin::pin!`), and go on with `try_next` of `futures::TryStreamExt`. It borrows nothing. After an error it is over.
    pub fn list(
        &self,
        filter: Filter,
    ) -> impl Stream<Item = Result<Kubeconfig, Failure>> + Send + use<> {
        let cluster = self.clone();
        let start = (VecDeque::new(), Position::Start);
        let (cluster, filter) = (std::sync::Arc::new(cluster), std::sync::Arc::new(filter));
        stream::try_unfold(start, move |(mut page, mut position)| {
            let (cluster, filter) = (cluster.clone(), filter.clone());
            async move {
                loop {
                    if let Some(next) = page.pop_front() {
                        return Ok(Some((next, (page, position))));
                    }
                    let after = match position {
                        Position::Start => None,
                        Position::At(token) => Some(token),
                        Position::End => return Ok(None),
                    };
                    (page, position) = cluster.page(after, &filter).await?;
                }
            }
        })
    }

    async fn page(
        &self,
        after: Option<PageToken>,
        filter: &Filter,
    ) -> Result<(VecDeque<Kubeconfig>, Position), Failure> {
        let mut request = here!(self.list_kubeconfigs);
        request = match filter.page_size {
            Some(size) => request.page_size(size),
            None => request.page_size(PageSize::MAX),
        };
        if let Some(after) = after.clone() {
            request = request.page_token(after);
        }
        if let Some(status) = filter.status {
            request = request.status(status);
        }
        if let Some(user) = &filter.user {
            request = request.user(user.clone());
        }
        if let Some(role) = &filter.role {
            request = request.role(role.clone());
        }
        let answer = self.repeat(|| request.clone().send()).await?;
        let list = answer.into_inner();
        let position = match list.next_page_token {
            // It would be the same page for ever.
            Some(next) if Some(&next) == after.as_ref() => {
                let why = "the server says that a page is followed by itself";
                return Err(Failure::Custom(why.to_owned()));
            }
            Some(next) => Position::At(next),
            None => Position::End,
        };
        Ok((Vec::from(list.kubeconfigs).into(), position))
    }
}
