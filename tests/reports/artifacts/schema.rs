//! The JSON of reports of every sort against `docs/report.schema.json`.

use std::collections::BTreeSet;

use drawloom::{Config, FailureKind, MemoryModel, Policy, StrategyKind};
use serde_json::{Value, json};

use super::programs::*;
use super::{json, written};

/// The schema, made strict: what it does not name may not be there.
fn schema() -> jsonschema::Validator {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(fields) => {
                if fields.contains_key("properties") {
                    fields.insert("additionalProperties".to_owned(), json!(false));
                }
                fields.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema: Value = serde_json::from_str(include_str!("../../../docs/report.schema.json")).unwrap();
    close(&mut schema);
    jsonschema::draft202012::new(&schema).expect("it is a schema")
}

#[track_caller]
fn check(report: &Value) {
    let errors: Vec<String> =
        schema().iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{report:#}");
    check_numbers(report);
}

/// Every number that refers to something refers to something that is there.
#[track_caller]
fn check_numbers(report: &Value) {
    let count = |name: &str| report[name].as_array().unwrap().len() as u64;
    let (objects, places) = (count("objects"), count("places"));
    fn visit(value: &Value, see: &mut dyn FnMut(&str, u64)) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    value.as_u64().into_iter().for_each(|number| see(name, number));
                    visit(value, see);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
            _ => {}
        }
    }
    let (mut used_objects, mut used_places) = (vec![false; objects as usize], vec![false; places as usize]);
    visit(report, &mut |name, number| match name {
        "object" => used_objects[number as usize] = true,
        "place" | "made_at" => used_places[number as usize] = true,
        _ => {}
    });
    assert!(used_objects.iter().all(|used| *used) && used_places.iter().all(|used| *used), "{report:#}");
}

fn rows(report: &Value) -> &Vec<Value> {
    report["trace"]["rows"].as_array().unwrap()
}

fn config() -> Config {
    Config::new().seed(0x5eed)
}

#[test]
fn a_panic_is_told_with_its_values_its_cause_and_a_schedule_that_passes() {
    let (failed, text, _) = written("lost_update", config(), lost_update);
    let report: Value = serde_json::from_str(&text).unwrap();
    check(&report);
    let failure = &report["failure"];
    assert_eq!(failure["kind"], "panic");
    assert_eq!(failure["replay"]["token"], failed.failure().unwrap().token());
    assert_eq!(failure["preemptions"], 1);
    let preempted: Vec<&Value> = rows(&report).iter().filter(|row| row["switch"] == "preemption").collect();
    assert_eq!(preempted.len(), 1);

    // The load that reads what was lost, and where it comes from.
    let last = rows(&report).iter().rfind(|row| row["verb"] == "load").unwrap();
    assert_eq!((&last["read"], &last["ordering"]), (&json!("1"), &json!("SeqCst")));
    let store = rows(&report).iter().find(|row| row["step"] == last["source"]).unwrap();
    assert_eq!((&store["verb"], &store["new"]), (&json!("store"), &json!("1")));
    assert_eq!(report["objects"][last["object"].as_u64().unwrap() as usize]["name"], "AtomicU32 `visits`");

    let passing = &failure["cause"]["passing"];
    let turned = &failure["cause"]["orders"][passing["turned"].as_u64().unwrap() as usize];
    assert!(turned["before"]["step"].as_u64() < turned["after"]["step"].as_u64());
    assert!(
        passing["before_step"].as_u64().unwrap() > passing["after_step"].as_u64().unwrap(),
        "{passing:#}"
    );
}

#[test]
fn a_deadlock_is_told_with_who_waits_for_whom() {
    let report = json("deadlock", config(), opposite_orders);
    check(&report);
    let waits = report["failure"]["waits"].as_array().unwrap();
    let main = waits.iter().find(|wait| wait["thread"] == 0).unwrap();
    assert_eq!(main["text"], "waits to lock Mutex `second`");
    assert_eq!(main["holders"][0]["thread"], 1);
}

#[test]
fn a_data_race_is_told_with_what_is_too_weak() {
    let report = json("race", config(), published_too_weakly);
    check(&report);
    assert_eq!(report["failure"]["kind"], "data-race");
    assert_eq!(report["failure"]["race"]["weak"][0]["needed"], "Release");
}

#[test]
fn leaks_livelocks_and_predicted_deadlocks_are_told() {
    let leak = json("leak", config().leaks(Policy::Deny), forgotten_guard);
    check(&leak);
    assert_eq!(leak["failure"]["kind"], "leak");
    for strategy in [StrategyKind::Auto, StrategyKind::RandomWalk] {
        let livelock = json("livelock", config().strategy(strategy), waits_for_nothing);
        check(&livelock);
        assert_eq!(livelock["failure"]["kind"], "livelock");
    }
    // One execution that passes is enough to predict it.
    let sampled = |seed| config().strategy(StrategyKind::RandomWalk).executions(1).seed(seed);
    let mut reports = (0..60).map(|seed| json("cycle", sampled(seed), opposite_orders));
    let cycle = reports.find(|report| report["failure"]["lock_cycle"].is_object()).expect("most seeds do");
    check(&cycle);
    assert_eq!(cycle["failure"]["lock_cycle"]["requests"].as_array().unwrap().len(), 2, "{cycle:#}");
}

#[test]
fn what_is_left_out_read_late_or_not_finished_is_told() {
    let sampled = || config().strategy(StrategyKind::RandomWalk).executions(200);
    let stale = json("stale_read", sampled(), flag_raised_too_weakly);
    let load = rows(&stale).iter().find(|row| row["last"].is_string()).expect("a load of an older store");
    assert_eq!((&load["read"], &load["last"]), (&json!("0"), &json!("42")));
    check(&stale);
    let fails = |kind: &str, name: &str, config: Config, body: fn()| {
        let report = json(name, config, body);
        check(&report);
        assert_eq!(report["failure"]["kind"], kind);
    };
    fails("step-limit", "step_limit", sampled().max_steps(3_000), restless);
    fails("leaked-thread", "leaked_thread", sampled(), worker_without_an_end);
    fails("double-panic", "double_panic", sampled(), panics_twice);
    let exhaustive = config().strategy(StrategyKind::Exhaustive).spurious(1).executions(3);
    fails("unverified", "unverified", exhaustive, many_kinds);
}

#[test]
fn an_order_of_locks_that_is_denied_is_told() {
    let denied = config().strategy(StrategyKind::RandomWalk).executions(20).lock_order(Policy::Deny);
    let report = json("denied_order", denied, opposite_orders_in_turn);
    check(&report);
    assert_eq!(report["failure"]["kind"], "lock-order");
    assert!(report["trace"]["rows"].as_array().unwrap().is_empty());
}

#[test]
fn a_wrong_setting_is_told() {
    let report = json("misuse", config().executions(0), || ());
    check(&report);
    assert_eq!(report["failure"]["kind"], "misuse");
    assert_eq!(report["failure"]["replay"], json!({}));
}

#[test]
fn a_replay_that_passes_has_a_trace_and_one_that_fails_is_told_again() {
    let report = json("replay", config().replay("random/0x5eed/0"), many_kinds);
    check(&report);
    assert_eq!((&report["passed"], &report["replayed"]), (&json!(true), &json!(true)));
    let held = rows(&report).iter().flat_map(|row| row["states"].as_array().into_iter().flatten());
    assert!(held.clone().any(|state| state["state"] == "held by worker"), "{report:#}");

    let found = written("to_replay", config(), lost_update).0;
    let again = json("replay_fails", config().replay(found.failure().unwrap().token()), lost_update);
    check(&again);
    assert_eq!((&again["replayed"], &again["failure"]["kind"]), (&json!(true), &json!("panic")));
}

#[test]
fn what_threads_hand_over_to_each_other_is_told() {
    let mut seen: BTreeSet<(String, String, String)> = BTreeSet::new();
    for execution in 0..40 {
        let replay = config().replay(format!("random/0x5eed/{execution}"));
        let report = json("handovers", replay, many_kinds);
        check(&report);
        for handover in report["trace"]["handovers"].as_array().unwrap() {
            let row = |end: &str| rows(&report).iter().find(|row| row["step"] == handover[end]).unwrap();
            let (from, to) = (row("from"), row("to"));
            assert!(from["step"].as_u64() < to["step"].as_u64() && from["thread"] != to["thread"]);
            let verb = |row: &Value| row["verb"].as_str().unwrap().to_owned();
            seen.insert((handover["kind"].as_str().unwrap().to_owned(), verb(from), verb(to)));
        }
    }
    let seen: Vec<String> = seen.iter().map(|(kind, from, to)| format!("{kind}: {from} → {to}")).collect();
    let expected = [
        "barrier: arrive → leave barrier",
        "join: end → join",
        "lock: unlock → lock",
        "lock: unlock read → write",
        "lock: unlock write → read",
        "lock: wait → lock",
        "message: send → receive",
        "notify: notify all → lock",
        "once: leave once → enter once",
        "once: leave once → get once",
        "permits: release → acquire",
        "spawn: spawn → begin",
        "unpark: unpark → park",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn reports_are_the_same_for_any_number_of_workers() {
    let with = |workers: usize, memory| {
        let config = config().strategy(StrategyKind::RandomWalk).memory(memory).workers(workers);
        let (_, json, html) = written("workers", config, lost_update);
        let here = env!("CARGO_MANIFEST_DIR");
        assert!(!json.contains(here) && !html.contains(here), "an absolute path is in it");
        (json, html)
    };
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        let one = with(1, memory);
        assert!(one == with(2, memory) && one == with(3, memory));
    }
}

#[test]
fn a_test_that_passes_leaves_no_report() {
    let folder = super::folder("passes");
    let report = drawloom::explore(config().name("passes").artifacts(&folder), || ());
    assert!(report.passed() && !folder.exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let file = super::folder("not_a_folder");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "").unwrap();
    let report = drawloom::explore(config().name("blocked").artifacts(&file), lost_update);
    std::fs::remove_file(&file).unwrap();
    assert!(report.failed_with(FailureKind::Panic));
    assert!(report.to_string().contains("could not be written to"), "{report}");
}
