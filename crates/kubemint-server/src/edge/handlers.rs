//! The operations, one method each.

use std::sync::Arc;

use dropshot::RequestContext;
use kubeconfig_api::*;
use kubeconfig_types::{CacheControl, KubeconfigList};
use openapi_runtime::{Detail, Failure, Fault, Guarded};

use super::convert::{Misfit, cluster_key, fit, issue_request, kubeconfig, kubeconfig_id};
use super::errors::failure;
use super::file;
use crate::app::App;

/// The generated trait's implementation.
pub(super) enum Edge {}

type Rqctx = RequestContext<Arc<App>>;

impl KubeconfigApi for Edge {
    type Context = Arc<App>;

    async fn issue_kubeconfig(
        rqctx: Rqctx,
        request: Guarded<Arc<App>, IssueKubeconfig>,
    ) -> Result<IssueKubeconfigResponse, IssueKubeconfigError> {
        let ctx = App::context(request.caller, &rqctx.request_id);
        let key = cluster_key(&request.path.region, &request.path.project, &request.path.cluster_id);
        let wanted = issue_request(request.body, request.headers.idempotency_key).map_err(defect)?;
        let issued = rqctx.context().service.issue(&ctx, &key, wanted).await.map_err(failure)?;
        let location = fit(&issued.record.self_link()).map_err(defect)?;
        let body = kubeconfig(issued.record, issued.status).map_err(defect)?;
        Ok(IssueKubeconfigResponse { body, location })
    }

    async fn list_kubeconfigs(
        rqctx: Rqctx,
        request: Guarded<Arc<App>, ListKubeconfigs>,
    ) -> Result<ListKubeconfigsResponse, ListKubeconfigsError> {
        let app = rqctx.context();
        let ctx = App::context(request.caller, &rqctx.request_id);
        let caller = &ctx.caller.principal;
        let key = cluster_key(&request.path.region, &request.path.project, &request.path.cluster_id);
        let place = |token| app.pager.place(caller, &key, token).ok_or_else(forged);
        let after = request.query.page_token.as_deref().map(|token| place(token)).transpose()?;
        let size = u16::try_from(request.query.page_size.get()).unwrap_or(u16::MAX);
        let page = app.service.list(&ctx, &key, after, size).await.map_err(failure)?;
        let items = page.items.into_iter().map(|item| kubeconfig(item.record, item.status));
        let kubeconfigs = items.collect::<Result<_, _>>().map_err(defect)?;
        let token = page.next.map(|place| fit(&app.pager.token(caller, &key, place)));
        let next_page_token = token.transpose().map_err(defect)?;
        Ok(ListKubeconfigsResponse { body: KubeconfigList { kubeconfigs, next_page_token } })
    }

    async fn get_kubeconfig(
        rqctx: Rqctx,
        request: Guarded<Arc<App>, GetKubeconfig>,
    ) -> Result<GetKubeconfigResponse, GetKubeconfigError> {
        let ctx = App::context(request.caller, &rqctx.request_id);
        let key = cluster_key(&request.path.region, &request.path.project, &request.path.cluster_id);
        let id = kubeconfig_id(&request.path.id).map_err(defect)?;
        let shown = rqctx.context().service.get(&ctx, &key, &id).await.map_err(failure)?;
        Ok(GetKubeconfigResponse { body: kubeconfig(shown.record, shown.status).map_err(defect)? })
    }

    async fn revoke_kubeconfig(
        rqctx: Rqctx,
        request: Guarded<Arc<App>, RevokeKubeconfig>,
    ) -> Result<RevokeKubeconfigResponse, RevokeKubeconfigError> {
        let ctx = App::context(request.caller, &rqctx.request_id);
        let key = cluster_key(&request.path.region, &request.path.project, &request.path.cluster_id);
        let id = kubeconfig_id(&request.path.id).map_err(defect)?;
        rqctx.context().service.revoke(&ctx, &key, &id).await.map_err(failure)?;
        Ok(RevokeKubeconfigResponse {})
    }

    async fn download_kubeconfig(
        rqctx: Rqctx,
        request: Guarded<Arc<App>, DownloadKubeconfig>,
    ) -> Result<DownloadKubeconfigResponse, DownloadKubeconfigError> {
        let ctx = App::context(request.caller, &rqctx.request_id);
        let key = cluster_key(&request.path.region, &request.path.project, &request.path.cluster_id);
        let id = kubeconfig_id(&request.path.id).map_err(defect)?;
        let delivery = rqctx.context().service.download(&ctx, &key, &id).await.map_err(failure)?;
        let body = file::yaml(&delivery).map_err(defect)?;
        Ok(DownloadKubeconfigResponse { body, cache_control: CacheControl::NoStore })
    }

    async fn get_kubeconfig_file(
        rqctx: Rqctx,
        request: Guarded<Arc<App>, GetKubeconfigFile>,
    ) -> Result<GetKubeconfigFileResponse, GetKubeconfigFileError> {
        let ctx = App::context(request.caller, &rqctx.request_id);
        let key = cluster_key(&request.path.region, &request.path.project, &request.path.cluster_id);
        let id = kubeconfig_id(&request.path.id).map_err(defect)?;
        let delivery = rqctx.context().service.download(&ctx, &key, &id).await.map_err(failure)?;
        let body = file::typed(&delivery).map_err(defect)?;
        Ok(GetKubeconfigFileResponse { body, cache_control: CacheControl::NoStore })
    }
}

fn defect<E: Failure>(misfit: Misfit) -> E {
    E::of(500, Fault::internal(misfit.to_string()))
}

fn forged() -> ListKubeconfigsError {
    let message = "pageToken is not one that this list gave to this caller; begin again without it";
    let detail = Detail::new("invalid_page_token").field("pageToken");
    ListKubeconfigsError::BadRequest(Fault::new(message).detail(detail))
}
