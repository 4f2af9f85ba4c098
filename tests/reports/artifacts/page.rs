//! The page as text.

use drawloom::thread;
use drawloom::{Config, StrategyKind};

use super::programs::{long, lost_update, opposite_orders};
use super::written;

fn config() -> Config {
    Config::new().seed(0x5eed)
}

/// The page without its scripts and its embedded data: what stands in it as text.
fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.split("<script") {
        let rest = part.split_once("</script>").map_or(part, |(_, rest)| rest);
        text += if text.is_empty() { part } else { rest };
    }
    text
}

#[test]
fn what_a_program_says_is_text_on_the_page() {
    let attack = "</script><script>window.attacked = 1</script><img src=x onerror=attack()>";
    let (report, _, html) = written("attack", config(), move || {
        let thread = thread::Builder::new().name(attack.to_owned()).spawn(move || panic!("{attack}"));
        let _ = thread.unwrap();
    });
    assert!(report.failure().unwrap().message().contains("</script>"), "{report}");
    assert!(!html.contains("<img src=x") && !html.contains("<script>window"), "it is not escaped");
    assert!(html.contains("&lt;/script&gt;&lt;script&gt;window.attacked"), "it is not shown");
    let data = html.split_once("id=\"report\" type=\"application/json\">").unwrap().1;
    let data: serde_json::Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(data["trace"]["threads"][1], attack);
}

#[test]
fn the_page_needs_nothing_else() {
    let (_, _, html) = written("alone", config(), lost_update);
    let sources = html.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !sources.contains("http:") && !sources.contains("https:") && !sources.contains("<link rel=\"style")
    );
    assert!(html.contains("Content-Security-Policy"));
}

#[test]
fn the_page_can_be_read_without_a_script() {
    let (report, _, html) = written("read", config(), lost_update);
    let text = text(&html);
    let failure = report.failure().unwrap();
    for shown in
        ["a visit was lost", failure.token(), "comes before", "load `visits` = 0", "after a preemption"]
    {
        assert!(text.contains(shown), "{shown} is not in\n{text}");
    }
    let (_, _, html) = written("read_deadlock", config(), opposite_orders);
    assert!(html.contains("waits to lock Mutex `second`") && html.contains("which took it at"), "{html}");
}

#[test]
fn ten_thousand_steps_fit_into_five_megabytes() {
    let config = config().strategy(StrategyKind::RandomWalk).executions(1).shrink(false);
    let (report, json, html) = written("long", config, long);
    assert!(report.failure().unwrap().steps() > 10_000, "{report}");
    println!("JSON: {} bytes, page: {} bytes", json.len(), html.len());
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
    let data: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(data["trace"]["rows"].as_array().unwrap().len() > 10_000);
}
