//! Random programs in which tasks combine futures: `join!`, `select!`, `timeout`, futures that poll others by hand, tasks of tasks.

use proptest::collection::vec;
use proptest::prelude::*;

/// What a task does in one piece, or awaits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leaf {
    Acquire,
    AcquireForget,
    /// Keeps the permit until its task ends.
    AcquireKeep,
    AddPermits,
    TryAcquire,
    Available,
    CloseSemaphore,
    Lock,
    LockKeep,
    Notified,
    NotifyOne,
    NotifyLast,
    NotifyWaiters,
    Send(u8),
    TrySend(u8),
    Recv,
    TryRecv,
    CloseReceiver,
    Changed,
    WaitFor(u8),
    SendWatch(u8),
    BorrowWatch,
    SendBroadcast(u8),
    RecvBroadcast,
    TryRecvBroadcast,
    Read,
    Write,
    SendOnce,
    RecvOnce,
    Yield,
    /// A future of the test's own that is pending once.
    WakeItself,
    Sleep(u8),
    Abort(u8),
    IsFinished(u8),
    /// A channel of the test's own, in a `Mutex` of std.
    WaitForSlot,
    SetSlot,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Leaf(Leaf),
    /// `join!`.
    Join(Box<(Op, Op)>),
    /// The same by hand.
    JoinByHand(Box<(Op, Op)>),
    Select(Box<(Op, Op)>),
    SelectBiased(Box<(Op, Op)>),
    Timeout(u8, Box<Op>),
    Spawn(Vec<Op>),
    Detach(Vec<Op>),
    /// A `JoinSet` of two tasks.
    Set(Box<(Op, Op)>),
    Unconstrained(Box<Op>),
}

/// The tasks.
pub(super) type Program = Vec<Vec<Op>>;

/// What programs may be made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) tasks: usize,
    pub(super) ops: usize,
    pub(super) depth: u32,
    pub(super) joins: bool,
    pub(super) spawns: bool,
    pub(super) sleeps: bool,
    pub(super) has_slots: bool,
}

const FAMILIES: [&[Leaf]; 8] = [
    &[
        Leaf::Acquire,
        Leaf::AcquireForget,
        Leaf::AcquireKeep,
        Leaf::AddPermits,
        Leaf::TryAcquire,
        Leaf::Available,
        Leaf::CloseSemaphore,
    ],
    &[Leaf::Lock, Leaf::LockKeep],
    &[Leaf::Notified, Leaf::NotifyOne, Leaf::NotifyLast, Leaf::NotifyWaiters],
    &[Leaf::Send(1), Leaf::Send(2), Leaf::TrySend(3), Leaf::Recv, Leaf::TryRecv, Leaf::CloseReceiver],
    &[Leaf::Changed, Leaf::SendWatch(1), Leaf::SendWatch(2), Leaf::BorrowWatch, Leaf::WaitFor(2)],
    &[Leaf::SendBroadcast(1), Leaf::SendBroadcast(2), Leaf::RecvBroadcast, Leaf::TryRecvBroadcast],
    &[Leaf::Read, Leaf::Write],
    &[Leaf::SendOnce, Leaf::RecvOnce],
];

/// Programs of this shape, each with one or two families of primitives.
pub(super) fn programs(shape: Shape) -> impl Strategy<Value = Program> {
    (0..FAMILIES.len(), 0..2 * FAMILIES.len()).prop_flat_map(move |(first, second)| {
        let mut leaves = FAMILIES[first].to_vec();
        leaves.extend_from_slice(FAMILIES.get(second).copied().unwrap_or_default());
        vec(vec(op(leaves, shape), 1..=shape.ops), 2..=shape.tasks)
    })
}

fn leaf(leaves: Vec<Leaf>, shape: Shape) -> impl Strategy<Value = Leaf> {
    let any = prop_oneof![
        2 => Just(Leaf::Yield),
        1 => Just(Leaf::WakeItself),
        1 => (0..3_u8).prop_map(Leaf::Abort),
        1 => (0..3_u8).prop_map(Leaf::IsFinished),
    ];
    let slots = prop_oneof![Just(Leaf::WaitForSlot), Just(Leaf::SetSlot)];
    prop_oneof![
        25 => prop::sample::select(leaves),
        5 => any,
        if shape.sleeps { 4 } else { 0 } => (1..3_u8).prop_map(Leaf::Sleep),
        if shape.has_slots { 12 } else { 0 } => slots,
    ]
}

fn op(leaves: Vec<Leaf>, shape: Shape) -> impl Strategy<Value = Op> {
    let weight = |is_there: bool| u32::from(is_there);
    leaf(leaves, shape).prop_map(Op::Leaf).prop_recursive(shape.depth, 4, 2, move |op| {
        let two = (op.clone(), op.clone()).prop_map(Box::new);
        let some = vec(op.clone(), 1..=2);
        prop_oneof![
            weight(shape.joins) => two.clone().prop_map(Op::Join),
            weight(shape.joins) => two.clone().prop_map(Op::JoinByHand),
            weight(shape.joins) => two.clone().prop_map(Op::Select),
            weight(shape.joins) => two.clone().prop_map(Op::SelectBiased),
            weight(shape.sleeps) => (1..3_u8, op.clone().prop_map(Box::new)).prop_map(|(time, op)| Op::Timeout(time, op)),
            weight(shape.spawns) => some.clone().prop_map(Op::Spawn),
            weight(shape.spawns) => some.prop_map(Op::Detach),
            weight(shape.spawns) => two.prop_map(Op::Set),
            1 => op.prop_map(Box::new).prop_map(Op::Unconstrained),
        ]
    })
}
