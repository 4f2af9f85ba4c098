use super::*;

/// The calls without the spaces that a token stream prints between all tokens.
fn calls(arguments: &str) -> String {
    let arguments: Arguments = syn::parse_str(arguments).expect("the arguments are right");
    arguments.calls.to_string().replace(' ', "")
}

fn errors(arguments: &str) -> Vec<String> {
    let Err(errors) = syn::parse_str::<Arguments>(arguments) else {
        panic!("`{arguments}` should be refused");
    };
    errors.into_iter().map(|error| error.to_string()).collect()
}

fn error(arguments: &str) -> String {
    let mut errors = errors(arguments);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn no_arguments_change_nothing() {
    assert_eq!(calls(""), "");
}

#[test]
fn a_comma_may_end_the_list() {
    assert_eq!(calls("seed = 1,"), ".seed(1u64)");
}

#[test]
fn integers_get_the_type_of_their_parameter() {
    assert_eq!(calls("executions = 10_000"), ".executions(10000u64)");
    assert_eq!(calls("seed = 0x5EED"), ".seed(24301u64)");
    assert_eq!(calls("seed = 0"), ".seed(0u64)");
    assert_eq!(calls("max_steps = 5u64"), ".max_steps(5u64)");
    assert_eq!(calls("max_threads = 3"), ".max_threads(3usize)");
    assert_eq!(calls("max_preemptions = 0"), ".max_preemptions(0u32)");
    assert_eq!(calls("spurious = 0"), ".spurious(0u32)");
    assert_eq!(calls("workers = (2)"), ".workers(2usize)");
    assert_eq!(calls("stack_size = 65536"), ".stack_size(65536usize)");
}

#[test]
fn constant_expressions_are_handed_on() {
    assert_eq!(calls("executions = ROUNDS"), ".executions(::core::convert::identity::<u64>(const{ROUNDS}))");
    assert_eq!(calls("workers = { 1 + 1 }"), ".workers(::core::convert::identity::<usize>(const{1+1}))");
}

#[test]
fn a_zero_is_refused_where_nothing_could_run() {
    for name in ["executions", "max_steps", "max_threads", "workers", "stack_size"] {
        assert_eq!(error(&format!("{name} = 0")), format!("`{name}` must be at least 1"));
    }
}

#[test]
fn what_is_no_integer_of_the_type_is_refused() {
    assert_eq!(error("executions = \"many\""), "`executions` takes an integer: `executions = 100`");
    assert_eq!(error("executions = 1.5"), "`executions` takes an integer: `executions = 100`");
    assert_eq!(error("seed = -1"), "`seed` cannot be negative, it is a `u64`");
    assert_eq!(error("spurious = 4_294_967_296"), "`spurious` is a `u32`, which `4_294_967_296` is not");
    assert_eq!(error("workers = 2u8"), "`workers` is a `usize`, which `2u8` is not");
}

#[test]
fn every_strategy_has_its_word() {
    let kind = |text: &str| {
        let call = calls(&format!("strategy = \"{text}\""));
        call.strip_prefix(".strategy(::drawloom::StrategyKind::")
            .and_then(|call| call.strip_suffix(")"))
            .unwrap_or_else(|| panic!("{call}"))
            .to_owned()
    };
    assert_eq!(kind("portfolio"), "Portfolio");
    assert_eq!(kind("random"), "RandomWalk");
    assert_eq!(kind("pct"), "Pct{depth:3u32}");
    assert_eq!(kind("pct:7"), "Pct{depth:7u32}");
    assert_eq!(kind("pos"), "Pos");
    assert_eq!(kind("urw"), "Urw");
    assert_eq!(kind("surw"), "Surw");
    assert_eq!(kind("round-robin"), "RoundRobin");
}

#[test]
fn an_unknown_strategy_names_the_known_ones() {
    assert_eq!(
        error("strategy = \"round_robin\""),
        "`strategy` cannot be \"round_robin\"; did you mean \"round-robin\"? it is one of \
         \"auto\", \"exhaustive\", \"portfolio\", \"random\", \"pct\", \"pos\", \"urw\", \"surw\", \"round-robin\""
    );
    assert!(error("strategy = \"sorw\"").contains("did you mean \"surw\"?"));
}

#[test]
fn the_depth_of_pct_is_a_positive_integer() {
    for depth in ["0", "", "deep", "-1"] {
        assert_eq!(
            error(&format!("strategy = \"pct:{depth}\"")),
            format!("the depth in \"pct:DEPTH\" is an integer of at least 1, which `{depth}` is not")
        );
    }
}

#[test]
fn times_have_a_unit() {
    assert_eq!(milliseconds("500ms"), Some(500));
    assert_eq!(milliseconds("10s"), Some(10_000));
    assert_eq!(milliseconds("2m"), Some(120_000));
    for wrong in ["", "10", "s", "1.5s", "10 s", "1h", "-1s", "18446744073709551615s"] {
        assert_eq!(milliseconds(wrong), None, "{wrong}");
    }
    assert_eq!(calls("time = \"2m\""), ".time(::core::time::Duration::from_millis(120000u64))");
    assert_eq!(error("time = \"0s\""), "`time` must be longer than nothing");
    assert_eq!(
        calls("hang_after = \"500ms\""),
        ".hang_after(::core::option::Option::Some(::core::time::Duration::from_millis(500u64)))"
    );
    assert_eq!(calls("hang_after = \"off\""), ".hang_after(::core::option::Option::None)");
    assert_eq!(error("hang_after = \"0s\""), "`hang_after` must be longer than nothing");
}

#[test]
fn words_stand_for_variants() {
    assert_eq!(
        calls("timeouts = \"any\", leaked_threads = \"allow\""),
        ".timeouts(::drawloom::Timeouts::Any).allow_leaked_threads(true)"
    );
    assert_eq!(
        calls("timeouts = \"last\", leaked_threads = \"deny\""),
        ".timeouts(::drawloom::Timeouts::Last).allow_leaked_threads(false)"
    );
    assert_eq!(calls("daemons = true, leaks = \"deny\""), ".daemons(true).leaks(::drawloom::Policy::Deny)");
    assert_eq!(
        error("timeouts = \"never\""),
        "`timeouts` cannot be \"never\"; it is one of \"last\", \"any\""
    );
    assert_eq!(calls("lock_order = \"deny\""), ".lock_order(::drawloom::Policy::Deny)");
    assert_eq!(calls("memory = \"sc\""), ".memory(::drawloom::MemoryModel::SequentiallyConsistent)");
    assert_eq!(error("memory = \"tso\""), "`memory` cannot be \"tso\"; it is one of \"rc11\", \"sc\"");
    assert_eq!(error("timeouts = any"), "`timeouts` takes a string literal: `timeouts = \"any\"`");
}

#[test]
fn an_expected_failure_is_remembered() {
    for (word, variant) in FAILURES {
        let arguments: Arguments =
            syn::parse_str(&format!("expect = \"{word}\"")).expect("the word is right");
        assert!(arguments.expects_failure);
        assert!(arguments.calls.to_string().contains(variant));
    }
    let arguments: Arguments = syn::parse_str("seed = 1").expect("the arguments are right");
    assert!(!arguments.expects_failure);
}

#[test]
fn cancellation_is_a_word_or_a_number() {
    assert_eq!(calls("cancel = \"explore\""), ".cancel(1u32)");
    assert_eq!(calls("cancel = \"never\""), ".cancel(0u32)");
    assert_eq!(calls("cancel = 3"), ".cancel(3u32)");
    let takes = "`cancel` takes \"explore\", \"never\", or a number: how often in an execution";
    assert_eq!(error("cancel = true"), takes);
    assert_eq!(
        error("cancel = \"always\""),
        "`cancel` cannot be \"always\"; it is \"explore\", \"never\", or a number: how often in an execution"
    );
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_one() {
    assert_eq!(
        error("excutions = 5"),
        "no argument is called `excutions`; did you mean `executions`? the arguments are \
         `executions`, `cases`, `seed`, `strategy`, `exhaustive`, `max_steps`, `max_threads`, `max_preemptions`, `steps`, `time`, `hang_after`, `timeouts`, \
         `spurious`, `cancel`, `capacity`, `max_queued`, `fifo`, `memory`, `workers`, `stack_size`, `leaked_threads`, `daemons`, `leaks`, `check_exclusive`, `lock_order`, `shrink`, `flavor`, `worker_threads`, `start_paused`, `expect`"
    );
    assert!(error("colour = 5").starts_with("no argument is called `colour`; the arguments are"));
}

#[test]
fn a_name_without_a_value_is_refused() {
    assert_eq!(error("seed"), "`seed` needs a value: `seed = …`");
    assert_eq!(error("seed(5)"), "`seed` needs a value: `seed = …`");
    assert!(error("sead").starts_with("no argument is called `sead`; did you mean `seed`?"));
}

#[test]
fn what_is_no_name_is_refused() {
    assert!(error("\"10s\"").starts_with("expected one of the arguments `executions`"));
}

#[test]
fn a_repeated_name_is_refused() {
    assert_eq!(error("seed = 1, seed = 2"), "`seed` is given twice; keep one of them");
}

#[test]
fn all_errors_of_a_line_are_told() {
    assert_eq!(errors("executions = 0, sed = 1, time = 5").len(), 3);
}
