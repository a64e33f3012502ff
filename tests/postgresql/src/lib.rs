//! A PostgreSQL of the tests' own: a folder, a free port of loopback, and an end with the test process, however that ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Who owns everything in it; there is no password.
pub const USER: &str = "postgres";

/// Starts and stops the server, told by lines on its standard input, and stops it when that ends. It is a process of
/// its own, so that a test process that is killed leaves no server behind.
const KEEPER: &str = r#"
run() { "$@" >>"$LOG" 2>&1 & server=$!; echo "$server"; }
run "$@"
while read -r word; do
    case $word in
        kill) kill -QUIT "$server"; wait "$server"; echo killed ;;
        start) run "$@" ;;
    esac
done
kill -INT "$server"; kill -CONT "$server"; wait "$server"
rm -rf "$FOLDER"
"#;

/// A running server. It answers on loopback, believes everyone who says `postgres`, and is gone when this is dropped.
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
    databases: AtomicU32,
}

struct Keeper {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    server: u32,
}

impl Cluster {
    /// Whether there is a PostgreSQL to start.
    #[must_use]
    pub fn installed() -> bool {
        find().is_some()
    }

    /// A new one, with more settings (`-c` arguments).
    pub fn start(settings: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder for temporary files").keep();
        let binaries = binaries();
        let user = unprivileged();
        if let Some(user) = &user {
            let done = Command::new("chown").arg(user).arg(&folder).status();
            assert!(done.expect("chown").success());
        }
        let data = folder.join("data");
        let initdb = command(user.as_deref(), &binaries.join("initdb"))
            .args([
                "--auth=trust",
                "--username",
                USER,
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .arg("-D")
            .arg(&data)
            .current_dir(&folder)
            .output()
            .expect("initdb");
        assert!(
            initdb.status.success(),
            "{}",
            String::from_utf8_lossy(&initdb.stderr)
        );

        let port = free_port();
        let mut server = command(user.as_deref(), &binaries.join("postgres"));
        server.arg("-D").arg(&data).args([
            "-k",
            &folder.display().to_string(),
            "-p",
            &port.to_string(),
        ]);
        // The system stays up: what matters is what survives the server.
        for setting in [
            "listen_addresses=127.0.0.1",
            "max_connections=300",
            "fsync=off",
            "shared_buffers=64MB",
        ]
        .iter()
        .chain(settings)
        {
            server.args(["-c", setting]);
        }
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(server.get_program())
            .args(server.get_args());
        let mut child = keeper
            .env("FOLDER", &folder)
            .env("LOG", folder.join("log"))
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let said = BufReader::new(child.stdout.take().expect("its output"));
        let mut keeper = Keeper {
            child,
            said,
            server: 0,
        };
        keeper.server = keeper.hear().parse().expect("a process id");
        let cluster = Self {
            folder,
            port,
            keeper: Mutex::new(keeper),
            databases: AtomicU32::new(0),
        };
        cluster.wait();
        cluster
    }

    /// A new, empty database of it: its name. The owner is [`USER`].
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        assert!(
            self.sql("postgres", &format!("CREATE DATABASE {name}")),
            "{}",
            self.log()
        );
        name
    }

    /// The port of loopback where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a statement as the owner of everything; whether it succeeded.
    pub fn sql(&self, database: &str, sql: &str) -> bool {
        Command::new(binaries().join("psql"))
            .args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-U", USER])
            .arg("-h")
            .arg(&self.folder)
            .args(["-p", &self.port.to_string(), "-d", database, "-c", sql])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("psql")
            .success()
    }

    /// Kills it as a crash would: no one is told, and nothing is written first.
    pub fn kill(&self) {
        let mut keeper = self.keeper();
        keeper.tell("kill");
        assert_eq!(keeper.hear(), "killed");
    }

    /// Starts it again.
    pub fn restart(&self) {
        let mut keeper = self.keeper();
        keeper.tell("start");
        keeper.server = keeper.hear().parse().expect("a process id");
        drop(keeper);
        self.wait();
    }

    /// Stops every process of it where it is, or lets them go on.
    pub fn signal_all(&self, signal: &str) {
        let server = self.keeper().server;
        let listed = Command::new("ps")
            .args(["-o", "pid=", "--ppid", &server.to_string()])
            .output();
        let listed = String::from_utf8(listed.expect("ps").stdout).expect("numbers");
        let mut all = vec![server.to_string()];
        all.extend(listed.split_whitespace().map(str::to_owned));
        // One that ended meanwhile is not missed.
        let _ = Command::new("kill")
            .arg(format!("-{signal}"))
            .args(&all)
            .stderr(Stdio::null())
            .status();
    }

    /// Its own log, for a test that fails.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A folder that its user can write, which goes with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) {
        let start = Instant::now();
        while !self.sql("postgres", "SELECT 1") {
            assert!(start.elapsed() < Duration::from_secs(30), "{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let keeper = self
            .keeper
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // Its input ends; then it ends the server.
        drop(keeper.child.stdin.take());
        let _ = keeper.child.wait();
    }
}

impl Keeper {
    fn tell(&mut self, word: &str) {
        let input = self.child.stdin.as_mut().expect("its input");
        writeln!(input, "{word}").expect("a keeper that listens");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.said
            .read_line(&mut line)
            .expect("a keeper that speaks");
        line.trim().to_owned()
    }
}

fn binaries() -> PathBuf {
    find().expect("PostgreSQL's initdb, in /usr/lib/postgresql/*/bin or on the search path: apt-get install postgresql")
}

/// Where PostgreSQL's programs are: the newest of a distribution's folders, or the search path.
fn find() -> Option<PathBuf> {
    let found = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let folders = found.map(|version| version.path().join("bin"));
    let best = folders.filter(|bin| bin.join("initdb").exists()).max();
    best.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    })
}

/// PostgreSQL does not run as root: whom to be instead.
fn unprivileged() -> Option<String> {
    let id = Command::new("id").arg("-u").output().expect("id");
    if id.stdout.trim_ascii() != b"0" {
        return None;
    }
    let there = Command::new("id")
        .args(["-u", "postgres"])
        .output()
        .expect("id")
        .status
        .success();
    Some(if there { "postgres" } else { "nobody" }.to_owned())
}

fn command(user: Option<&str>, program: &Path) -> Command {
    match user {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid", user, "--clear-groups"])
                .arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
