//! triple_buffer: the reader sees whole values, and none that is older than one it has seen.

use std::thread;

use triple_buffer::triple_buffer;

#[drawloom::test]
fn values_are_whole_and_never_go_back() {
    let (mut input, mut output) = triple_buffer(&[0_u32; 2]);
    let other = thread::spawn(move || {
        for value in 1..=3 {
            input.write([value; 2]);
        }
    });
    let mut latest = 0;
    for _ in 0..3 {
        let [first, second] = *output.read();
        assert_eq!(first, second);
        assert!(first >= latest, "{first} was read after {latest}");
        latest = first;
    }
    other.join().unwrap();
    assert_eq!(*output.read(), [3; 2]);
}
