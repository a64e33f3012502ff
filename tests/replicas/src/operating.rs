//! What an operator does with a shared store.

use std::process::Output;

use crate::fleet::Fleet;
use crate::shared::SHARED;

fn told(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_migrated_before_it_is_served() {
    let fleet = Fleet::set(&SHARED, 1).await;
    let refused = fleet.serve(0).unwrap_err();
    assert!(refused.contains("kubemint-server migrate"), "{refused}");
    let migrate = ["migrate", "--config", "replica-0.toml"];
    let first = fleet.run(&migrate);
    assert!(first.status.success(), "{}", told(&first));
    assert!(told(&first).contains("from 0"), "{}", told(&first));
    let again = fleet.run(&migrate);
    assert!(told(&again).contains("as it was"), "{}", told(&again));
    fleet.serve(0).unwrap();
    fleet.issue(0, 900).await;
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_programs_database_is_left_alone() {
    let fleet = Fleet::start(&SHARED, 1).await;
    fleet.kill(0);
    let newer = "INSERT INTO schema_version (version) VALUES (99)";
    assert!(SHARED.sql(fleet.database(), newer));
    let refused = fleet.serve(0).unwrap_err();
    assert!(
        refused.contains("99") && refused.contains("newer"),
        "{refused}"
    );
    for command in ["migrate", "doctor"] {
        let refused = fleet.run(&[command, "--config", "replica-0.toml"]);
        assert!(!refused.status.success(), "{command}: {}", told(&refused));
        let told = told(&refused);
        assert!(told.contains("schema 99"), "{command}: {told}");
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_while_it_is_served() {
    let fleet = Fleet::start(&SHARED, 1).await;
    fleet.issue(0, 900).await;
    let well = fleet.run(&["doctor", "--config", "replica-0.toml"]);
    assert!(well.status.success(), "{}", told(&well));
    // A database that is not there.
    let config = fleet.folder().join("replica-0.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(
        &format!("port = {}", SHARED.port()),
        &format!("port = {}", harness::free_port()),
    );
    std::fs::write(fleet.folder().join("gone.toml"), text).unwrap();
    let sick = fleet.run(&["doctor", "--config", "gone.toml"]);
    assert!(!sick.status.success(), "{}", told(&sick));
    assert!(told(&sick).contains("fail"), "{}", told(&sick));
    // The rest is told all the same.
    assert!(told(&sick).contains("ok    cluster"), "{}", told(&sick));
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_store_is_copied_by_its_own_means() {
    let fleet = Fleet::set(&SHARED, 1).await;
    let refused = fleet.run(&["backup", "--config", "replica-0.toml", "--to", "copy"]);
    assert!(!refused.status.success());
    assert!(told(&refused).contains("pg_dump"), "{}", told(&refused));
    fleet.stop().await;
}
