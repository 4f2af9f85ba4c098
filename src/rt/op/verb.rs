//! What an operation on a primitive of async code does, in a word: one kind of operation stands for all of them, and its argument
//! is one of these.

macro_rules! verbs {
    ($($name:ident = $text:literal,)*) => {
        /// What is done.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub(crate) enum Verb { $($name,)* }

        impl Verb {
            /// How reports write it.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Verb::$name => $text,)* }
            }

            /// Whether what leaves its object as it is has to wait.
            pub(crate) fn waits(self) -> bool {
                use Verb::*;
                matches!(
                    self,
                    Lock | Read
                        | Write
                        | Acquire
                        | Notified
                        | Reserve
                        | Receive
                        | Changed
                        | WaitAtBarrier
                        | Initialize
                        | Join
                        | AwaitClosed
                        | Get
                )
            }

            /// Whether what leaves its object as it is has failed.
            pub(crate) fn tries(self) -> bool {
                use Verb::*;
                matches!(self, TryLock | TryRead | TryWrite | TryAcquire | TrySend | TryReceive)
            }

            /// What a task waits for that waits to do this, before the object's name.
            pub(crate) fn wanted(self) -> &'static str {
                match self {
                    Verb::Lock => "to lock",
                    Verb::Read => "to read",
                    Verb::Write => "to write",
                    Verb::Acquire => "to acquire",
                    Verb::Notified => "to be notified by",
                    Verb::Reserve | Verb::Send => "for room in",
                    Verb::Receive => "for a message in",
                    Verb::Changed => "for a change of",
                    Verb::WaitAtBarrier => "for the others at",
                    Verb::Initialize | Verb::Get => "for the initialization of",
                    Verb::Join => "for the end of",
                    Verb::AwaitClosed => "for the end of",
                    Verb::Sleep => "for time to pass",
                    other => other.text(),
                }
            }

            /// The verb that an argument is.
            pub(crate) fn of_argument(argument: u32) -> Option<Verb> {
                const ALL: &[Verb] = &[$(Verb::$name,)*];
                ALL.get(argument as usize).copied()
            }
        }
    };
}

verbs! {
    Lock = "lock",
    TryLock = "try lock",
    Unlock = "unlock",
    Read = "read",
    Write = "write",
    TryRead = "try read",
    TryWrite = "try write",
    Downgrade = "downgrade",
    Acquire = "acquire",
    TryAcquire = "try acquire",
    Release = "release",
    Forget = "forget permits",
    Close = "close",
    Look = "look at",
    LookAgain = "look again at",
    Manage = "manage",
    Notified = "wait for notification",
    NotifyOne = "notify one",
    NotifyAll = "notify waiters",
    Reserve = "reserve",
    TryReserve = "try reserve",
    Send = "send",
    TrySend = "try send",
    Receive = "receive",
    TryReceive = "try receive",
    Clone = "clone",
    Upgrade = "upgrade",
    DropSender = "drop sender",
    DropReceiver = "drop receiver",
    Changed = "wait for change",
    Subscribe = "subscribe",
    WaitAtBarrier = "wait at barrier",
    Get = "get",
    Set = "set",
    Initialize = "initialize",
    Leave = "give up waiting",
    GiveBack = "give back",
    Join = "join",
    Abort = "abort",
    Finish = "end",
    Cancel = "is dropped at this await",
    Discard = "is dropped before its first poll",
    Elapse = "timeout is over",
    Ring = "timer is over",
    Detach = "drop the handle of",
    Sleep = "sleep",
    Yield = "yield",
    AwaitClosed = "wait until closed",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_its_verb() {
        for verb in (0..).map_while(Verb::of_argument) {
            assert_eq!(Verb::of_argument(verb as u32), Some(verb));
        }
        assert_eq!(Verb::of_argument(u32::MAX), None);
    }
}
