//! Mirror of [`tokio::time`](::tokio::time) over the virtual time of an execution.
