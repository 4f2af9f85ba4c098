//! Which object a value is, and whose: values are used by several executions, by several workers and by code outside.

pub(crate) mod identity;
pub(crate) mod image;
pub(in crate::rt) mod os_thread;
pub(crate) mod outside;
pub(crate) mod workers;
