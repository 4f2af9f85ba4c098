//! What others need for the same programs: mean numbers of schedules to the first failure, over 20 trials.
//!
//! From the artifacts of SURW (ASPLOS 2025) and RFF (ASPLOS 2024), with a limit of 10,000 schedules. `(k)`: found
//! in k of the 20 trials; `-`: never; `.`: not in the data. The programs were C there and are Rust here, so only
//! the orders of magnitude compare.

/// The columns of [`FIGURES`].
pub(crate) const STRATEGIES: [&str; 5] = ["SURW", "PCT3", "POS", "RW", "URW"];

/// The figures for each program that has any.
pub(crate) const FIGURES: &[(&str, [&str; 5])] = &[
    ("account", ["6", "4", "4", "18", "3"]),
    ("bluetooth", ["70", "112", "36", "215", "1494(19)"]),
    ("carter01", [".", "5", "2", "1", "."]),
    ("circular_buffer", ["3", "9", "2", "4", "14"]),
    ("deadlock01", ["2", "13", "4", "3", "3"]),
    ("lazy01", ["2", "5", "5", "21", "4"]),
    ("queue", ["2", "3", "1", "1", "2"]),
    ("stack", ["5", "3", "2", "176", "986(19)"]),
    ("token_ring", ["8", "8", "9", "13", "9"]),
    ("reorder_3", ["7", "185", "86", "-", "24"]),
    ("reorder_4", ["7", "554", "533", "-", "22"]),
    ("reorder_5", ["10", "647", "2169", "-", "27"]),
    ("reorder_10", ["17", "3225(16)", "-", "-", "74"]),
    ("reorder_20", ["6", "3005", "-", "-", "10"]),
    ("twostage", ["8", "13", "15", "464", "9"]),
    ("twostage_20", ["6", "159", "156", "-", "24"]),
    ("wronglock_3", ["9", "58", "11", "36", "5"]),
    ("wronglock", ["7", "51", "10", "36", "4"]),
    ("stringbuffer", ["8", "281", "23", "2243(19)", "834"]),
    ("interlocked_wsq", ["6", "48", "14", "-", "428"]),
    ("wsq", ["6", "48", "12", ".", "13"]),
    ("bounded_buffer", ["9", "20", "5", "7", "7"]),
    ("qsort_mt", ["3048(19)", "4714(14)", "3004(18)", "3442(19)", "297"]),
];
