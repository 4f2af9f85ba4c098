//! Files for other programs and for browsers, where the test asks for them: the report as JSON and as a page.

use crate::config::Config;
use crate::explore::replay::regressions::file_name;
use crate::report::Report;

/// Writes what the report tells of an execution, if it tells of one, where artifacts go.
pub(crate) fn keep_report(config: &Config, report: &mut Report) {
    let Some(folder) = &config.artifacts else { return };
    if report.passed() && !report.replayed {
        return;
    }
    let path = folder.join(format!("{}.html", file_name(&config.name)));
    report.files.push(write(report, &path));
}

#[cfg(feature = "artifacts")]
fn write(report: &Report, page: &std::path::Path) -> String {
    use crate::report::{html, json};

    let data = page.with_extension("json");
    let folder = page.parent().expect("it is a file in a folder");
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&data, json(report)))
        .and_then(|()| std::fs::write(page, html(report)));
    match written {
        Ok(()) => format!("to look at in a browser: {}; as JSON: {}", page.display(), data.display()),
        Err(error) => format!("the report could not be written to {}: {error}", page.display()),
    }
}

#[cfg(not(feature = "artifacts"))]
fn write(_: &Report, page: &std::path::Path) -> String {
    format!(
        "{} was not written, as drawloom was compiled without its feature `artifacts`; to have it, write \
         features = [\"explore\", \"artifacts\"] at drawloom in Cargo.toml",
        page.display()
    )
}
