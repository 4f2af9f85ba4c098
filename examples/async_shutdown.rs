//! A worker takes jobs from a channel until it is told to stop. It waits for both in one `select!`, and when both are
//! there, either branch may be taken: the worker can stop while jobs that were accepted are still in the channel. The
//! repair is to close the channel when told to stop, and to do what is left in it.
//!
//! `cargo run --example async_shutdown`

use std::process::ExitCode;

use drawloom::tokio;
use drawloom::tokio::runtime::Builder;
use drawloom::tokio::sync::{mpsc, oneshot};
use drawloom::{Config, ConfigError, explore};

/// Works until it is told to stop. The number of jobs that were done.
async fn work(mut jobs: mpsc::Receiver<u32>, mut stop: oneshot::Receiver<()>) -> u32 {
    let mut done = 0;
    loop {
        tokio::select! {
            _ = &mut stop => return done,
            Some(_) = jobs.recv() => done += 1,
        }
    }
}

/// The same, and what was accepted is done before the end.
async fn work_to_the_end(mut jobs: mpsc::Receiver<u32>, mut stop: oneshot::Receiver<()>) -> u32 {
    let mut done = 0;
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = jobs.recv() => done += 1,
        }
    }
    jobs.close();
    while jobs.recv().await.is_some() {
        done += 1;
    }
    done
}

fn an_accepted_job_is_done<F>(work: fn(mpsc::Receiver<u32>, oneshot::Receiver<()>) -> F)
where
    F: Future<Output = u32> + Send + 'static,
{
    Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
        let (jobs, queue) = mpsc::channel(2);
        let (stop, stopped) = oneshot::channel();
        let worker = tokio::spawn(work(queue, stopped));
        jobs.send(1).await.unwrap();
        jobs.send(2).await.unwrap();
        stop.send(()).unwrap();
        assert_eq!(worker.await.unwrap(), 2, "an accepted job was not done");
    });
}

fn main() -> Result<ExitCode, ConfigError> {
    let config = Config::new().name("shutdown, at once").with_environment()?;
    let buggy = explore(config, || an_accepted_job_is_done(work));
    println!("{buggy}");
    let mut as_told = !buggy.passed();

    // A token replays the program that it comes from.
    if std::env::var_os("DRAWLOOM_REPLAY").is_none() {
        let config = Config::new().name("shutdown, in order").with_environment()?;
        let repaired = explore(config, || an_accepted_job_is_done(work_to_the_end));
        println!("{repaired}");
        as_told &= repaired.passed();
    }

    if as_told {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("The shutdown should have lost a job when it came at once, and none when it came in order.");
    Ok(ExitCode::FAILURE)
}
