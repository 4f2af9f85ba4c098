//! CB/stringbuffer: Java's `StringBuffer.append(StringBuffer)`, where both buffers lock themselves.
//!
//! The appended buffer is asked for its length and then for that many characters. Each question is atomic; a
//! truncation between the two is not noticed.

use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

struct StringBuffer {
    text: Mutex<String>,
}

impl StringBuffer {
    fn new(text: &str) -> StringBuffer {
        StringBuffer { text: Mutex::new(text.to_owned()) }
    }

    fn len(&self) -> usize {
        self.text.lock().unwrap().len()
    }

    fn prefix(&self, length: usize) -> String {
        self.text.lock().unwrap()[..length].to_owned()
    }

    fn truncate(&self, length: usize) {
        self.text.lock().unwrap().truncate(length);
    }

    fn append(&self, other: &StringBuffer) {
        let mut text = self.text.lock().unwrap();
        let length = other.len();
        text.push_str(&other.prefix(length));
    }

    /// One look at the other buffer, under one lock.
    fn append_repaired(&self, other: &StringBuffer) {
        let mut text = self.text.lock().unwrap();
        text.push_str(&other.text.lock().unwrap());
    }
}

pub(crate) fn stringbuffer() {
    append_while_truncated(StringBuffer::append);
}

pub(crate) fn stringbuffer_repaired() {
    append_while_truncated(StringBuffer::append_repaired);
}

fn append_while_truncated(append: fn(&StringBuffer, &StringBuffer)) {
    let other = Arc::new(StringBuffer::new("abc"));
    let theirs = other.clone();
    let truncating = thread::spawn(move || theirs.truncate(0));
    append(&StringBuffer::new(""), &other);
    truncating.join().unwrap();
}
