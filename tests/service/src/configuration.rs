//! What is told of a configuration: its mistakes, as expected text, and what keeps a good one from serving.

use harness::Setting;

use crate::cli::{example, folder, golden, run, told};

const MISTAKES: &str = r#"
[server]
listen = "0.0.0.0:8443"
grace = 20
tls = { cert_file = "no-such.crt", key_file = "no-such.key" }

[store]
path = "kubemint.db"
queue = 0

[policy]
files = ["no-such.cedar"]

[[issuers]]
url = "http://login.example.com"
alias = "login"
audiences = []

[[issuers]]
url = "https://login.example.com"
alias = "login"
audiences = ["kubemint"]
ca_file = "no-such-ca.pem"

[[clusters]]
region = "US"
project = "project-x9y8z7"
id = "cluster-a1b2c3"
api_url = "http://10.0.0.7:6443"
public_url = "cluster.example.com"
credential = { }
default_role = "nobody"
min_ttl = 60
max_ttl = "24 hours"

[clusters.roles.viewer]
min_ttl = "2h"
max_ttl = "1h"

[clusters.roles.deployer]

[clusters.roles.editor]
namespaces = []

[[clusters]]
region = "us-texas-1"
project = "project-x9y8z7"
id = "cluster-d4e5f6"
api_url = "https://10.0.0.8:6443"
credential = { token_file = "no-such-token", kubeconfig_file = "no-such.kubeconfig" }
"#;

#[test]
fn every_mistake_of_a_configuration_is_told_at_once() {
    let folder = folder(&[
        ("mistakes.toml", MISTAKES),
        (
            "nothing.toml",
            "[server]\nlisten = \"127.0.0.1:0\"\n\n[store]\npath = \"k.db\"\n",
        ),
        (
            "unknown.toml",
            "[server]\nlisten = \"127.0.0.1:0\"\ntimeout = \"5s\"\ngrace = true\n[stor]\npath = \"k.db\"\n",
        ),
        (
            "places.toml",
            "[server]\nlisten = \"127.0.0.1:9000\"\n[internal]\nlisten = \"127.0.0.1:9000\"\n[store]\npath = \"\"\n\
             [[issuers]]\nurl = \"https://login.example.com\"\naudiences = [\"kubemint\"]\n",
        ),
        (
            "several.toml",
            "[server]\nlisten = \"localhost:8443\"\ngrce = \"8s\"\ndrain = \"8x\"\n[internal]\nlisten = \"127.0.0.1:9464\"\n\
             [store]\npath = \"k.db\"\n[log]\nlevel = \"loud\"\n\
             [[issuers]]\nurl = \"https://login.example.com\"\naudience = [\"kubemint\"]\n\
             [[issuers]]\nurl = \"http://login.example.com\"\naudiences = [\"kubemint\"]\nleeway = 30\n",
        ),
        (
            "list.toml",
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"k.db\"\n\
             [[issuers]]\nurl = \"https://login.example.com\"\naudiences = [\"kubemint\"]\n\
             [[cluster]]\nregion = \"r\"\n[clusters.roles.viewer]\n[[clusters]]\nregion = \"r\"\n[clusters.roles.viewer]\n",
        ),
        ("broken.toml", "[server]\nlisten = 127.0.0.1\n"),
    ]);
    let mut all = String::new();
    for file in [
        "mistakes.toml",
        "nothing.toml",
        "unknown.toml",
        "places.toml",
        "several.toml",
        "list.toml",
        "broken.toml",
        "no-such.toml",
    ] {
        let output = run(folder.path(), &["check-config", file]);
        assert_eq!(output.status.code(), Some(78), "{file}");
        all += &format!("=== {file}\n{}\n", told(&output));
    }
    golden("check-config.txt", &all);
    // Serving says the same, and does not serve.
    let checked = run(folder.path(), &["check-config", "mistakes.toml"]);
    let served = run(folder.path(), &["serve", "--config", "mistakes.toml"]);
    assert_eq!(told(&served), told(&checked));
}

#[test]
fn paths_of_a_configuration_are_relative_to_its_own_folder() {
    let folder = folder(&[("mistakes.toml", MISTAKES)]);
    let above = folder.path().parent().expect("a folder above");
    let name = folder
        .path()
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let output = run(above, &["check-config", &format!("{name}/mistakes.toml")]);
    let told = told(&output);
    for file in ["no-such.crt", "no-such.cedar", "no-such-ca.pem"] {
        assert!(told.contains(&format!("{name}/{file}")), "{file}: {told}");
    }
}

#[test]
fn the_printed_example_is_accepted() {
    let (folder, text) = example();
    let output = run(folder.path(), &["check-config", "kubemint.toml"]);
    assert!(output.status.success(), "{}", told(&output));
    golden("check-config-example.txt", &told(&output));
    // And it shows those that would be easy to leave out.
    for setting in [
        "tls",
        "behind_proxy",
        "grace",
        "files",
        "ca_file",
        "public_ca_file",
        "kubeconfig_file",
        "max_ttl",
        "jwks_origins",
        "allow_missing_type",
        "issuers.claims",
        "principal_type",
        "queue",
        "readers",
        "connections",
    ] {
        assert!(text.contains(setting), "{setting}");
    }
}

#[test]
fn what_keeps_a_good_configuration_from_serving_is_warned_of() {
    let (folder, text) = example();
    let text = text
        .replace("path = \"kubemint.db\"", "path = \"absent/kubemint.db\"")
        .replace(
            "token_file = \"cluster-token\"",
            "token_file = \"no-token\"",
        )
        .replace("# tls =", "tls =");
    let tls = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    for (file, content) in [
        ("server.crt", tls.cert.pem()),
        ("server.key", tls.signing_key.serialize_pem()),
        ("kubemint.toml", text),
    ] {
        std::fs::write(folder.path().join(file), content).expect("a file");
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(folder.path().join("server.key"), mode).expect("a file");
    let output = run(folder.path(), &["check-config", "kubemint.toml"]);
    assert!(output.status.success(), "{}", told(&output));
    golden("check-config-warnings.txt", &told(&output));
}

#[test]
fn a_trail_that_is_cut_too_early_and_a_share_above_the_whole_are_warned_of() {
    let (folder, text) = example();
    let check = |audit: &str, share: &str| {
        let text = text
            .replace("# audit = \"366d\"", &format!("audit = \"{audit}\""))
            .replace(
                "_in_flight_per_address = 256",
                &format!("_in_flight_per_address = {share}"),
            );
        std::fs::write(folder.path().join("kubemint.toml"), text).unwrap();
        let output = run(folder.path(), &["check-config", "kubemint.toml"]);
        assert!(output.status.success(), "{}", told(&output));
        told(&output)
    };
    let early = "rows go after 3600 s, and kubeconfigs may live for";
    let above = "requests_in_flight_per_address: 513 is more than limits.requests_in_flight, 512";
    let warned = check("1h", "513");
    assert!(warned.contains(early) && warned.contains(above), "{warned}");
    let fine = check("90d", "512");
    assert!(
        !fine.contains("rows go after") && !fine.contains("is more than"),
        "{fine}"
    );
}

#[tokio::test]
async fn settings_that_the_example_comments_out_are_accepted_too() {
    let (folder, text) = example();
    // Every file that is named, as the sandbox writes them.
    let stage = Setting::default().start().await;
    let bundle = stage.world().cluster().ca_pem();
    let tls = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    let (certificate, key) = (tls.cert.pem(), tls.signing_key.serialize_pem());
    let kubeconfig = stage.world().cluster().kubeconfig("secret").to_string();
    let policy = include_str!("../../../crates/kubemint-policy/policies/default.cedar");
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    for (file, content) in [
        ("server.crt", certificate.as_str()),
        ("server.key", key.as_str()),
        ("db-password", "secret"),
        ("pseudonym-key", &"0f".repeat(32)),
        ("db-ca.pem", bundle),
        ("login-ca.pem", bundle),
        ("introspection-secret", "secret"),
        ("cluster-ca.pem", bundle),
        ("cluster-public-ca.pem", bundle),
        ("cluster.kubeconfig", &kubeconfig),
        ("policies/kubemint.cedar", policy),
    ] {
        std::fs::write(folder.path().join(file), content).expect("a file");
    }
    let others = [
        "credential =",
        "postgres =",
        "client_ca =",
        "groups =",
        "jwks_url =",
    ];
    let setting = |line: &&str| {
        let set = line.starts_with("# [") || (line.starts_with("# ") && line.contains(" = "));
        set && !others.iter().any(|other| line.contains(other))
    };
    let commented: Vec<&str> = text.lines().filter(setting).collect();
    assert!(commented.len() >= 5, "{commented:?}");
    let mut all = text.clone();
    for line in commented {
        all = all.replace(line, line.trim_start_matches("# "));
    }
    let all = all.replace("personal_data = true", "personal_data = \"pseudonym\"");
    let other = "# credential = { kubeconfig_file";
    let swapped = text.replace("credential = { token_file", "# credential = { token_file");
    let swapped = swapped.replace(other, "credential = { kubeconfig_file");
    let swapped = match swapped.contains("# postgres = ") {
        true => swapped.replace("\npath = ", "\n# path = "),
        false => swapped,
    };
    let swapped = swapped.replace("# postgres = ", "postgres = ");
    let swapped = swapped.replace("# jwks_url = ", "jwks_url = ");
    let certificates = text
        .replace("# client_ca =", "client_ca =")
        .replace("# groups =", "groups =")
        .replace("max_ttl = \"24h\"", "max_ttl = \"1h\"");
    for (name, text) in [
        ("all.toml", &all),
        ("swapped.toml", &swapped),
        ("certificates.toml", &certificates),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
        let output = run(folder.path(), &["check-config", name]);
        assert!(output.status.success(), "{text}\n{}", told(&output));
    }
    stage.stop().await;
}

#[test]
fn plain_http_off_loopback_is_refused_unless_a_proxy_ends_tls() {
    let (folder, text) = example();
    let open = text.replace("listen = \"127.0.0.1:8443\"", "listen = \"0.0.0.0:8443\"");
    assert_ne!(open, text);
    std::fs::write(folder.path().join("open.toml"), &open).expect("a file");
    let output = run(folder.path(), &["serve", "--config", "open.toml"]);
    assert_eq!(output.status.code(), Some(78));
    golden("serve-plain-http.txt", &told(&output));

    let proxied = open.replace("# behind_proxy", "behind_proxy");
    std::fs::write(folder.path().join("proxied.toml"), proxied).expect("a file");
    let output = run(folder.path(), &["check-config", "proxied.toml"]);
    assert!(output.status.success(), "{}", told(&output));
}
