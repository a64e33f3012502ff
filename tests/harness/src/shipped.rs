//! The shipped binary: built, run, and ended in any way.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};

/// How long a server may take to serve.
const START: Duration = Duration::from_secs(30);

/// `kubemint-server`, built as a user would build it.
pub fn binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let build = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--workspace"])
            .args(["--bin", "kubemint-server"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .status();
        assert!(
            build.expect("cargo").success(),
            "cannot build kubemint-server"
        );
        let here = std::env::current_exe().expect("a path");
        let profile = here
            .parent()
            .and_then(Path::parent)
            .expect("target/PROFILE/deps");
        profile.join("kubemint-server")
    })
}

/// A port of loopback that is free now.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A running `kubemint-server serve`. Dropping it kills it.
pub struct Shipped {
    child: Child,
    log: PathBuf,
}

impl Shipped {
    /// Starts it on a configuration whose internal listener is at `internal`, and waits until it is ready. It logs beside
    /// the configuration.
    ///
    /// # Errors
    /// It ended before, or is not ready in time: what it logged.
    pub fn start(config: &Path, internal: u16) -> Result<Self, String> {
        let log = config.with_extension("log");
        let output = File::options().create(true).append(true).open(&log);
        let output = output.expect("a log");
        let child = Command::new(binary())
            .args(["serve", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a log"))
            .stderr(output)
            .spawn()
            .expect("the binary");
        let mut server = Self { child, log };
        let end = Instant::now() + START;
        while !ready(internal).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            if let Some(status) = server.child.try_wait().expect("a child") {
                return Err(format!("it ended ({status}): {}", server.log()));
            }
            if Instant::now() > end {
                return Err(format!("it is not ready: {}", server.log()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        // One that has ended needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, as an orchestrator does: SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Asks it to read its files again: SIGHUP.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Lets it open files up to so many, those that are open included. Returns how many it might before.
    pub fn limit_files(&self, most: Option<u64>) -> Option<u64> {
        let limit = Rlimit {
            current: most,
            maximum: getrlimit(Resource::Nofile).maximum,
        };
        let own = Some(Pid::from_child(&self.child));
        let before = prlimit(own, Resource::Nofile, limit).expect("it runs");
        before.current
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// How it ended, once it has; `None` if it has not in time.
    pub fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + within;
        loop {
            let ended = self.child.try_wait().expect("a child");
            if ended.is_some() || Instant::now() > end {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Shipped {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks `/readyz`.
fn ready(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
