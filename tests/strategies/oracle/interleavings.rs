//! The programs, and the final states of one by definition: every interleaving, one step at a time, depth first.

use std::collections::BTreeSet;

pub(super) const LOCATIONS: usize = 2;
pub(super) const LOCKS: usize = 2;

/// One operation of a random program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Reads a location into the thread's register.
    Load(usize),
    /// Writes the register plus a constant.
    Store(usize, u32),
    /// Adds a constant in one step, and keeps what was there.
    Add(usize, u32),
    /// Writes 7 if the location holds a value.
    Exchange(usize, u32),
    /// Takes a lock, unless the thread has it.
    Lock(usize),
    /// Takes a lock if it is free; the register tells.
    TryLock(usize),
    /// Gives a lock back, if the thread has it.
    Unlock(usize),
    /// Lets others run.
    Yield,
    /// Reads a location until it holds a value; with a hint in the loop, or without.
    Await(usize, u32, bool),
}

pub(super) type Program = Vec<Vec<Step>>;

/// The registers of all threads and the values of all locations at the end; `None` for a deadlock.
pub(super) type Final = Option<(Vec<u32>, Vec<u32>)>;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    next: Vec<usize>,
    registers: Vec<u32>,
    values: Vec<u32>,
    owners: Vec<Option<usize>>,
}

impl State {
    fn new(program: &Program) -> State {
        State {
            next: vec![0; program.len()],
            registers: vec![0; program.len()],
            values: vec![0; LOCATIONS],
            owners: vec![None; LOCKS],
        }
    }

    /// Executes the next step of `thread`; false if it has none or cannot now.
    fn step(&mut self, program: &Program, thread: usize) -> bool {
        let Some(&step) = program[thread].get(self.next[thread]) else { return false };
        let register = &mut self.registers[thread];
        match step {
            Step::Load(at) => *register = self.values[at],
            Step::Store(at, plus) => self.values[at] = *register + plus,
            Step::Add(at, plus) => {
                *register = self.values[at];
                self.values[at] += plus;
            }
            Step::Exchange(at, expected) => {
                *register = self.values[at];
                if *register == expected {
                    self.values[at] = 7;
                }
            }
            Step::Lock(lock) => match self.owners[lock] {
                None => self.owners[lock] = Some(thread),
                Some(owner) if owner == thread => {}
                Some(_) => return false,
            },
            Step::TryLock(lock) => {
                *register = u32::from(self.owners[lock].is_none());
                if self.owners[lock].is_none() {
                    self.owners[lock] = Some(thread);
                }
            }
            Step::Yield => {}
            Step::Await(at, value, _) => {
                if self.values[at] != value {
                    return false;
                }
                *register = value;
            }
            Step::Unlock(lock) => {
                if self.owners[lock] == Some(thread) {
                    self.owners[lock] = None;
                }
            }
        }
        self.next[thread] += 1;
        true
    }

    /// Every interleaving from here; what follows a state depends on nothing else, so each is visited once.
    fn enumerate(&self, program: &Program, visited: &mut BTreeSet<State>, finals: &mut BTreeSet<Final>) {
        if !visited.insert(self.clone()) {
            return;
        }
        let mut stuck = true;
        for thread in 0..program.len() {
            let mut next = self.clone();
            if next.step(program, thread) {
                stuck = false;
                next.enumerate(program, visited, finals);
            }
        }
        if stuck {
            let done = (0..program.len()).all(|thread| self.next[thread] == program[thread].len());
            finals.insert(done.then(|| (self.registers.clone(), self.values.clone())));
        }
    }
}

pub(super) fn all_finals(program: &Program) -> BTreeSet<Final> {
    let mut finals = BTreeSet::new();
    State::new(program).enumerate(program, &mut BTreeSet::new(), &mut finals);
    finals
}
