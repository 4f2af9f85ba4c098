//! A transfer locks the account it takes from, then the account it gives to. Two transfers in opposite
//! directions can each hold one lock and wait for the other's, for ever. On a real machine the window is a few
//! nanoseconds wide, so the program works, until the day it hangs. The repair is an order that everybody
//! keeps: the account with the lower number is locked first, whichever way the money goes.
//!
//! `cargo run --example bank_transfer`

use std::process::ExitCode;

use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, ConfigError, explore, thread};

type Accounts = [Mutex<u32>; 2];

fn transfer(accounts: &Accounts, from: usize, to: usize, amount: u32) {
    let mut source = accounts[from].lock().unwrap();
    let mut target = accounts[to].lock().unwrap();
    *source -= amount;
    *target += amount;
}

fn transfer_in_order(accounts: &Accounts, from: usize, to: usize, amount: u32) {
    let mut first = accounts[from.min(to)].lock().unwrap();
    let mut second = accounts[from.max(to)].lock().unwrap();
    let (source, target) = if from < to { (&mut first, &mut second) } else { (&mut second, &mut first) };
    **source -= amount;
    **target += amount;
}

fn there_and_back(transfer: fn(&Accounts, usize, usize, u32)) {
    let accounts = Arc::new([Mutex::new(100), Mutex::new(100)]);
    let theirs = accounts.clone();
    let back = thread::spawn(move || transfer(&theirs, 1, 0, 20));
    transfer(&accounts, 0, 1, 50);
    back.join().unwrap();

    let balances = [0, 1].map(|account| *accounts[account].lock().unwrap());
    assert_eq!(balances, [70, 130]);
}

fn main() -> Result<ExitCode, ConfigError> {
    let config = Config::new().name("transfer, source first").with_environment()?;
    let buggy = explore(config, || there_and_back(transfer));
    println!("{buggy}");
    let mut as_told = !buggy.passed();

    // A token replays the program that it comes from.
    if std::env::var_os("DRAWLOOM_REPLAY").is_none() {
        let config = Config::new().name("transfer, in order").with_environment()?;
        let repaired = explore(config, || there_and_back(transfer_in_order));
        println!("{repaired}");
        as_told &= repaired.passed();
    }

    if as_told {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("`transfer` should have failed and `transfer_in_order` passed.");
    Ok(ExitCode::FAILURE)
}
