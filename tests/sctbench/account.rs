//! CS/account: a check that the sums of a bank account add up, with the wrong sum in it.
//!
//! The check only looks once both the deposit and the withdrawal are done, so it has to come last of three.
//! The threads are not joined: they run to their ends after `main` has returned.

use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

const OPENING: i32 = 1;
const DEPOSIT: i32 = 2;
const WITHDRAWAL: i32 = 4;

struct Account {
    balance: i32,
    deposited: bool,
    withdrawn: bool,
}

pub(crate) fn account() {
    check_for_balance((OPENING - DEPOSIT) - WITHDRAWAL);
}

pub(crate) fn account_repaired() {
    check_for_balance((OPENING + DEPOSIT) - WITHDRAWAL);
}

fn check_for_balance(expected: i32) {
    let account = Arc::new(Mutex::new(Account { balance: OPENING, deposited: false, withdrawn: false }));
    let spawn = |step: fn(&mut Account, i32)| {
        let account = account.clone();
        thread::spawn(move || step(&mut account.lock().unwrap(), expected));
    };
    spawn(|account, expected| {
        if account.deposited && account.withdrawn {
            assert_eq!(account.balance, expected);
        }
    });
    spawn(|account, _| {
        account.balance += DEPOSIT;
        account.deposited = true;
    });
    spawn(|account, _| {
        account.balance -= WITHDRAWAL;
        account.withdrawn = true;
    });
}
