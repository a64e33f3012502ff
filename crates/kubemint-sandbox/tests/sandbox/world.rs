//! A whole world: its parts do not trust one another, and it ends when told.

use kubemint_sandbox::{
    Cluster, ClusterOptions, IssuerOptions, Level, Role, SandboxError, World, WorldOptions,
};

use crate::support::{Api, client};

#[tokio::test]
async fn the_clusters_of_a_world_know_nothing_of_one_another() {
    let world = World::start(WorldOptions::with_clusters(&["one", "two"]))
        .await
        .unwrap();
    assert_eq!(world.clusters().len(), 2);
    assert_eq!(world.cluster().name(), "one");
    let two = world.cluster_named("two").unwrap();
    assert!(world.cluster_named("three").is_none());
    let one = Api::service(world.cluster());
    let viewer = one.become_role("viewer").await;
    viewer.get("/api/v1/pods").await.good(200);
    let token = one.token("kubemint-viewer", "somebody").await["status"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    Api::new(two, token)
        .get("/api/v1/pods")
        .await
        .refused(401, "Unauthorized");
    Api::new(two, world.cluster().service_token())
        .get("/api/v1/pods")
        .await
        .refused(401, "Unauthorized");
    let url = format!("{}/version", two.url());
    assert!(
        client(world.cluster().ca_pem())
            .get(&url)
            .send()
            .await
            .is_err(),
        "another authority"
    );
    let discovery = format!("{}/.well-known/openid-configuration", world.issuer().url());
    assert!(
        client(world.cluster().ca_pem())
            .get(&discovery)
            .send()
            .await
            .is_err()
    );
    assert_eq!(
        client(world.issuer().ca_pem())
            .get(&discovery)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    world.stop().await;
    assert!(client("").get(&url).send().await.is_err());
}

#[tokio::test]
async fn a_stopped_world_leaves_its_ports() {
    let world = World::start(WorldOptions::default()).await.unwrap();
    let port = |url: &str| url.rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let (issuer, cluster) = (port(world.issuer().url()), port(world.cluster().url()));
    let taken = Cluster::start(
        None,
        ClusterOptions {
            port: cluster,
            ..Default::default()
        },
    )
    .await;
    assert!(matches!(taken, Err(SandboxError::Listen { .. })));
    world.stop().await;
    // Tests beside this one take ports too, and may have been given these: then another pair is tried.
    let mut ports = (issuer, cluster);
    for _ in 0..20 {
        let again = WorldOptions {
            issuer: IssuerOptions {
                port: ports.0,
                ..Default::default()
            },
            clusters: vec![ClusterOptions {
                port: ports.1,
                ..Default::default()
            }],
        };
        if let Ok(world) = World::start(again).await {
            assert_eq!(
                (port(world.issuer().url()), port(world.cluster().url())),
                ports
            );
            return;
        }
        let world = World::start(WorldOptions::default()).await.unwrap();
        ports = (port(world.issuer().url()), port(world.cluster().url()));
        world.stop().await;
    }
    panic!("no port was ever free again");
}

#[tokio::test]
async fn a_world_that_contradicts_itself_does_not_start() {
    for options in [
        WorldOptions::with_clusters(&[]),
        WorldOptions::with_clusters(&["a", "b", "a"]),
    ] {
        assert!(matches!(
            World::start(options).await,
            Err(SandboxError::Options(_))
        ));
    }
    for names in [
        &["viewer", "viewer"][..],
        &["system"],
        &["Not a name"],
        &[""],
    ] {
        let roles = names
            .iter()
            .map(|name| Role::new(name, Level::View))
            .collect();
        let options = ClusterOptions {
            roles,
            ..Default::default()
        };
        assert!(
            matches!(
                Cluster::start(None, options).await,
                Err(SandboxError::Options(_))
            ),
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn roles_are_what_the_options_say() {
    let roles = vec![Role::new("reader", Level::View)];
    let cluster = Cluster::start(
        None,
        ClusterOptions {
            roles,
            ..Default::default()
        },
    )
    .await
    .unwrap();
    let service = Api::service(&cluster);
    service
        .become_role("reader")
        .await
        .get("/api/v1/pods")
        .await
        .good(200);
    service
        .get("/api/v1/namespaces/kubemint-viewer")
        .await
        .refused(404, "NotFound");
    service
        .get("/api/v1/namespaces/kubemint-viewer/serviceaccounts")
        .await
        .refused(403, "Forbidden");
}
