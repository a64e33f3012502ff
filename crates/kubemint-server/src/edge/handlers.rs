//! The operations, one method each.

use std::sync::Arc;

use dropshot::RequestContext;
use kubeconfig_api::*;
use kubeconfig_types::{CacheControl, KubeconfigList};
use openapi_runtime::Guarded;

use super::convert::{
    cluster_key, fit, issue_request, kubeconfig, kubeconfig_id, list_filter, narrow, report,
    selection,
};
use super::errors::Refused;
use super::file;
use crate::app::App;

/// The generated trait's implementation.
pub(super) enum Edge {}

type Rqctx = RequestContext<Arc<App>>;
type Request<O> = Guarded<Arc<App>, O>;

impl KubeconfigApi for Edge {
    type Context = Arc<App>;

    async fn issue_kubeconfig(
        rqctx: Rqctx,
        request: Request<IssueKubeconfig>,
    ) -> Result<IssueKubeconfigResponse, IssueKubeconfigError> {
        issue(&rqctx, request).await.map_err(Refused::declared)
    }

    async fn list_kubeconfigs(
        rqctx: Rqctx,
        request: Request<ListKubeconfigs>,
    ) -> Result<ListKubeconfigsResponse, ListKubeconfigsError> {
        list(&rqctx, request).await.map_err(Refused::declared)
    }

    async fn get_kubeconfig(
        rqctx: Rqctx,
        request: Request<GetKubeconfig>,
    ) -> Result<GetKubeconfigResponse, GetKubeconfigError> {
        get(&rqctx, request).await.map_err(Refused::declared)
    }

    async fn revoke_kubeconfig(
        rqctx: Rqctx,
        request: Request<RevokeKubeconfig>,
    ) -> Result<RevokeKubeconfigResponse, RevokeKubeconfigError> {
        revoke(&rqctx, request).await.map_err(Refused::declared)
    }

    async fn revoke_kubeconfigs(
        rqctx: Rqctx,
        request: Request<RevokeKubeconfigs>,
    ) -> Result<RevokeKubeconfigsResponse, RevokeKubeconfigsError> {
        revoke_many(&rqctx, request)
            .await
            .map_err(Refused::declared)
    }

    async fn download_kubeconfig(
        rqctx: Rqctx,
        request: Request<DownloadKubeconfig>,
    ) -> Result<DownloadKubeconfigResponse, DownloadKubeconfigError> {
        download(&rqctx, request).await.map_err(Refused::declared)
    }

    async fn get_kubeconfig_file(
        rqctx: Rqctx,
        request: Request<GetKubeconfigFile>,
    ) -> Result<GetKubeconfigFileResponse, GetKubeconfigFileError> {
        get_file(&rqctx, request).await.map_err(Refused::declared)
    }
}

async fn issue(
    rqctx: &Rqctx,
    request: Request<IssueKubeconfig>,
) -> Result<IssueKubeconfigResponse, Refused> {
    let Guarded {
        caller,
        path,
        headers,
        body,
        ..
    } = request;
    let ctx = App::context(caller);
    let key = cluster_key(&path.region, &path.project, &path.cluster_id);
    let wanted = issue_request(body, headers.idempotency_key)?;
    let issued = rqctx.context().service.issue(&ctx, &key, wanted).await?;
    let location = fit(&issued.record.self_link())?;
    let body = kubeconfig(issued.record, issued.status)?;
    Ok(IssueKubeconfigResponse { body, location })
}

async fn list(
    rqctx: &Rqctx,
    request: Request<ListKubeconfigs>,
) -> Result<ListKubeconfigsResponse, Refused> {
    let Guarded {
        caller,
        path,
        query,
        ..
    } = request;
    let app = rqctx.context();
    let ctx = App::context(caller);
    let caller = &ctx.caller.principal;
    let key = cluster_key(&path.region, &path.project, &path.cluster_id);
    let filter = list_filter(&query);
    let after = match &query.page_token {
        Some(token) => match app.pager.place(caller, &key, &filter, token) {
            Some(place) => Some(place),
            None => return Err(app.service.refuse_place(&ctx, &key).await.into()),
        },
        None => None,
    };
    let size = u16::try_from(query.page_size.get()).unwrap_or(u16::MAX);
    let page = app.service.list(&ctx, &key, &filter, after, size).await?;
    let items = page
        .items
        .into_iter()
        .map(|item| kubeconfig(item.record, item.status));
    let kubeconfigs = narrow(items.collect::<Result<Vec<_>, _>>()?)?;
    let next = page
        .next
        .map(|place| fit(&app.pager.token(caller, &key, &filter, place)));
    let body = KubeconfigList {
        kubeconfigs,
        next_page_token: next.transpose()?,
    };
    Ok(ListKubeconfigsResponse { body })
}

async fn get(
    rqctx: &Rqctx,
    request: Request<GetKubeconfig>,
) -> Result<GetKubeconfigResponse, Refused> {
    let Guarded { caller, path, .. } = request;
    let ctx = App::context(caller);
    let key = cluster_key(&path.region, &path.project, &path.cluster_id);
    let shown = rqctx
        .context()
        .service
        .get(&ctx, &key, &kubeconfig_id(&path.id)?)
        .await?;
    Ok(GetKubeconfigResponse {
        body: kubeconfig(shown.record, shown.status)?,
    })
}

async fn revoke(
    rqctx: &Rqctx,
    request: Request<RevokeKubeconfig>,
) -> Result<RevokeKubeconfigResponse, Refused> {
    let Guarded { caller, path, .. } = request;
    let ctx = App::context(caller);
    let key = cluster_key(&path.region, &path.project, &path.cluster_id);
    rqctx
        .context()
        .service
        .revoke(&ctx, &key, &kubeconfig_id(&path.id)?)
        .await?;
    Ok(RevokeKubeconfigResponse {})
}

async fn revoke_many(
    rqctx: &Rqctx,
    request: Request<RevokeKubeconfigs>,
) -> Result<RevokeKubeconfigsResponse, Refused> {
    let Guarded {
        caller, path, body, ..
    } = request;
    let ctx = App::context(caller);
    let key = cluster_key(&path.region, &path.project, &path.cluster_id);
    let service = &rqctx.context().service;
    let done = service.revoke_many(&ctx, &key, &selection(body)).await?;
    Ok(RevokeKubeconfigsResponse {
        body: report(done)?,
    })
}

async fn download(
    rqctx: &Rqctx,
    request: Request<DownloadKubeconfig>,
) -> Result<DownloadKubeconfigResponse, Refused> {
    let Guarded { caller, path, .. } = request;
    let ctx = App::context(caller);
    let key = cluster_key(&path.region, &path.project, &path.cluster_id);
    let delivery = rqctx
        .context()
        .service
        .download(&ctx, &key, &kubeconfig_id(&path.id)?)
        .await?;
    let body = file::yaml(&delivery)?;
    Ok(DownloadKubeconfigResponse {
        body,
        cache_control: CacheControl::NoStore,
    })
}

async fn get_file(
    rqctx: &Rqctx,
    request: Request<GetKubeconfigFile>,
) -> Result<GetKubeconfigFileResponse, Refused> {
    let Guarded { caller, path, .. } = request;
    let ctx = App::context(caller);
    let key = cluster_key(&path.region, &path.project, &path.cluster_id);
    let delivery = rqctx
        .context()
        .service
        .download(&ctx, &key, &kubeconfig_id(&path.id)?)
        .await?;
    let body = file::typed(&delivery)?;
    Ok(GetKubeconfigFileResponse {
        body,
        cache_control: CacheControl::NoStore,
    })
}
