//! CS/fsbench, a file system that allocates blocks to inodes, and `indexer`, threads that fill one hash table.
//!
//! Both are from Flanagan and Godefroid's paper on dynamic partial-order reduction. `indexer` has no bug: up to
//! 11 threads never meet in the table, with 12 and more they do, and then one of them goes on to the next slot.

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

use crate::join_all;

const INODES: usize = 32;
const BLOCKS: usize = 26;
const FILES: usize = 26;

const TABLE_SIZE: u32 = 128;
const WORDS_A_THREAD: u32 = 4;

struct FileSystem {
    /// The block of each inode.
    inodes: [Mutex<Option<usize>>; INODES],
    busy: [Mutex<bool>; BLOCKS],
}

pub(crate) fn fsbench() {
    // Every second block is a place to start, which ends with the block of the thirteenth inode.
    allocate_blocks(|inode| inode * 2);
}

pub(crate) fn fsbench_repaired() {
    allocate_blocks(|inode| (inode * 2) % BLOCKS);
}

fn allocate_blocks(start: fn(usize) -> usize) {
    let file_system = Arc::new(FileSystem {
        inodes: [const { Mutex::new(None) }; INODES],
        busy: [const { Mutex::new(false) }; BLOCKS],
    });
    let files: Vec<_> = (0..FILES)
        .map(|file| {
            let file_system = file_system.clone();
            thread::spawn(move || {
                let inode = file % INODES;
                let mut owned = file_system.inodes[inode].lock().unwrap();
                let mut block = start(inode);
                while owned.is_none() {
                    let mut busy = file_system.busy[block].lock().unwrap();
                    if *busy {
                        block = (block + 1) % BLOCKS;
                    } else {
                        *busy = true;
                        *owned = Some(block);
                    }
                }
            })
        })
        .collect();
    join_all(files);
}

pub(crate) fn indexer<const THREADS: u32>() {
    let table: Arc<Vec<AtomicU32>> = Arc::new((0..TABLE_SIZE).map(|_| AtomicU32::new(0)).collect());
    let words = |thread: u32| (1..=WORDS_A_THREAD).map(move |word| word * 11 + thread);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let table = table.clone();
            thread::spawn(move || words(thread).for_each(|word| insert(&table, word)))
        })
        .collect();
    join_all(threads);
    let mut found: Vec<u32> = table.iter().map(|slot| slot.load(Ordering::Relaxed)).collect();
    found.retain(|word| *word != 0);
    found.sort_unstable();
    let mut inserted: Vec<u32> = (0..THREADS).flat_map(words).collect();
    inserted.sort_unstable();
    assert_eq!(found, inserted);
}

fn insert(table: &[AtomicU32], word: u32) {
    let mut slot = (word * 7) % TABLE_SIZE;
    while table[slot as usize].compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        slot = (slot + 1) % TABLE_SIZE;
    }
}
