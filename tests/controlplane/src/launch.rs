//! The start of a control plane, from an empty folder until it is fit for use.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::binaries::Binaries;
use crate::flags;
use crate::https::Https;
use crate::kubeconfig;
use crate::layout::{Layout, write_private};
use crate::pki::Pki;
use crate::process::{self, POLL, Process};

/// How long all of it may take. Seconds on an idle machine; this is for one that compiles meanwhile.
const DEADLINE: Duration = Duration::from_secs(180);

/// How often it is tried again when another program took a port between choosing and using it.
const ATTEMPTS: u32 = 3;

/// The ports, all on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) apiserver: u16,
    pub(crate) etcd_client: u16,
    pub(crate) etcd_peer: u16,
}

impl Ports {
    /// Three ports that nobody listens on now.
    fn free() -> anyhow::Result<Self> {
        // All three are held until all are known, so that they differ.
        let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listeners = [bind()?, bind()?, bind()?];
        let port = |index: usize| listeners[index].local_addr().map(|address| address.port());
        Ok(Self {
            apiserver: port(0)?,
            etcd_client: port(1)?,
            etcd_peer: port(2)?,
        })
    }

    /// The API server's address.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.apiserver)
    }
}

/// How a control plane is started.
pub(crate) struct Launch<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) binaries: &'a Binaries,
    /// The word in the kubeconfig for the cluster and its context.
    pub(crate) name: &'a str,
    /// Whether it is to outlive this process.
    pub(crate) own_group: bool,
}

impl Launch<'_> {
    /// Starts everything and waits until it is fit for use. `started` hears of the programs so far after
    /// each one, so that the caller can end them should this process die half-way.
    pub(crate) fn run(
        &self,
        started: &mut dyn FnMut(Ports, &[Process]) -> anyhow::Result<()>,
    ) -> anyhow::Result<(Ports, Vec<Process>)> {
        let mut attempt = 1;
        loop {
            let ports = Ports::free()?;
            let mut processes = Vec::new();
            let error = match self.attempt(ports, &mut processes, started) {
                Ok(()) => return Ok((ports, processes)),
                Err(error) => error,
            };
            process::stop(&mut processes)?;
            if attempt == ATTEMPTS || !self.port_was_taken() {
                return Err(error.context(format!("control plane {:?} did not start", self.name)));
            }
            attempt += 1;
        }
    }

    fn attempt(
        &self,
        ports: Ports,
        processes: &mut Vec<Process>,
        started: &mut dyn FnMut(Ports, &[Process]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + DEADLINE;
        let layout = self.layout;
        layout.prepare()?;
        let pki = Pki::create(layout)?;
        fs::write(&layout.audit_policy, flags::AUDIT_POLICY)?;
        let kubeconfig = |user, credential| {
            kubeconfig::text(&ports.url(), self.name, user, &pki.server_ca, credential)
        };
        write_private(
            &layout.admin_kubeconfig,
            &kubeconfig("kubernetes-admin", &pki.admin),
        )?;
        write_private(
            &layout.manager_kubeconfig,
            &kubeconfig("controller-manager", &pki.manager),
        )?;

        let mut spawn =
            |processes: &mut Vec<Process>, program, arguments: Vec<String>| -> anyhow::Result<()> {
                let path: &std::path::Path = program;
                let log = layout.log(&path.file_name().unwrap_or_default().to_string_lossy());
                processes.push(Process::spawn(
                    path,
                    &arguments,
                    &log,
                    layout.dir(),
                    self.own_group,
                )?);
                started(ports, processes)
            };

        // Each is started when what it needs is there: they would wait too, but in whole seconds.
        spawn(processes, &self.binaries.etcd, flags::etcd(layout, &ports))?;
        let etcd = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.etcd_client));
        wait("etcd to listen", deadline, processes, || {
            Ok(TcpStream::connect(etcd).map(drop)?)
        })?;

        spawn(
            processes,
            &self.binaries.kube_apiserver,
            flags::kube_apiserver(layout, &ports),
        )?;
        let api = Https::new(&pki.server_ca, Some(&pki.admin), ports.apiserver)?;
        wait("the API server to be ready", deadline, processes, || {
            found(&api, "/readyz", &|_| true)
        })?;

        spawn(
            processes,
            &self.binaries.kube_controller_manager,
            flags::kube_controller_manager(layout),
        )?;
        wait(
            "the controllers to have done their first work",
            deadline,
            processes,
            || controllers_worked(&api),
        )
    }

    /// Whether a log tells that another program had the port.
    fn port_was_taken(&self) -> bool {
        ["etcd", "kube-apiserver"].iter().any(|program| {
            fs::read(self.layout.log(program))
                .is_ok_and(|log| String::from_utf8_lossy(&log).contains("address already in use"))
        })
    }
}

/// What a fresh cluster lacks until its controllers have worked, and everybody takes for granted.
fn controllers_worked(api: &Https) -> anyhow::Result<()> {
    for role in ["view", "edit", "admin"] {
        found(
            api,
            &format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}"),
            &has_rules,
        )?;
    }
    found(
        api,
        "/api/v1/namespaces/default/serviceaccounts/default",
        &|_| true,
    )?;
    found(
        api,
        "/api/v1/namespaces/default/configmaps/kube-root-ca.crt",
        &|_| true,
    )
}

/// Whether the JSON of a role has rules.
fn has_rules(role: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(role).is_ok_and(|role| {
        role["rules"]
            .as_array()
            .is_some_and(|rules| !rules.is_empty())
    })
}

/// Fails unless `path` answers 200 with a body that is as expected.
fn found(api: &Https, path: &str, expected: &dyn Fn(&str) -> bool) -> anyhow::Result<()> {
    let answer = api.get(path)?;
    if answer.status != 200 {
        bail!("{path} answers {}: {}", answer.status, answer.body.trim());
    }
    if !expected(&answer.body) {
        bail!("{path} is not complete");
    }
    Ok(())
}

/// Asks until the probe succeeds. Fails when one of the programs died, or at the deadline, and then with
/// the probe's last answer and the end of every log.
fn wait(
    what: &str,
    deadline: Instant,
    processes: &mut [Process],
    mut probe: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        let problem = match probe() {
            Ok(()) => return Ok(()),
            Err(problem) => problem,
        };
        for process in processes.iter_mut() {
            process
                .check()
                .with_context(|| format!("waiting for {what}"))?;
        }
        if Instant::now() > deadline {
            let tails: String = processes.iter().map(Process::tail).collect();
            bail!("waited too long for {what}: {problem:#}{tails}");
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ports_differ() {
        let ports = Ports::free().unwrap();
        assert_ne!(ports.apiserver, ports.etcd_client);
        assert_ne!(ports.etcd_client, ports.etcd_peer);
        assert_ne!(ports.apiserver, ports.etcd_peer);
    }

    #[test]
    fn a_role_that_is_not_aggregated_yet_has_no_rules() {
        assert!(!has_rules(r#"{"metadata":{"name":"view"},"rules":null}"#));
        assert!(!has_rules(r#"{"rules":[]}"#));
        assert!(has_rules(r#"{"rules":[{"verbs":["get"]}]}"#));
    }

    #[test]
    fn a_wait_ends_with_the_last_problem_at_the_deadline() {
        let error = wait("rain", Instant::now(), &mut [], || bail!("not a cloud"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("waited too long for rain: not a cloud"),
            "{error}"
        );
    }

    #[test]
    fn a_start_with_a_broken_program_fails_and_shows_its_log() {
        let folder = tempfile::tempdir().unwrap();
        // Knows none of the flags, and says so.
        let binaries = Binaries {
            etcd: "/bin/cat".into(),
            kube_apiserver: "/bin/false".into(),
            kube_controller_manager: "/bin/false".into(),
            kubectl: "/bin/false".into(),
        };
        let layout = Layout::new(&folder.path().join("cluster")).unwrap();
        let launch = Launch {
            layout: &layout,
            binaries: &binaries,
            name: "broken",
            own_group: false,
        };
        let error = format!("{:#}", launch.run(&mut |_, _| Ok(())).unwrap_err());
        assert!(
            error.contains("\"broken\" did not start: waiting for etcd to listen"),
            "{error}"
        );
        assert!(error.contains("logs/cat.log"), "{error}");
        assert!(error.contains("option"), "{error}");
    }
}
