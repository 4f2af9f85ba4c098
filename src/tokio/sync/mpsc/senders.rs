//! What the senders of bounded and of unbounded channels have in common: ends that are counted, and others that are not.

/// Implements it for a sender, whose `end` is tokio's, and makes its weak twin.
macro_rules! senders {
    ($sender:ident, $weak:ident) => {
        #[doc = concat!("Mirror of [tokio's `sync::mpsc::", stringify!($weak), "`](::tokio::sync::mpsc::", stringify!($weak), ").")]
        pub struct $weak<T> {
            real: real::$weak<Kept<T>>,
            channel: Arc<Channel>,
        }

        impl<T> $sender<T> {
            /// Waits until the channel is closed, or has no receiver.
            #[track_caller]
            pub fn closed(&self) -> impl std::future::Future<Output = ()> {
                let site = self.end.channel().site(Location::caller());
                crate::tokio::leaf::Leaf::without_budget(&site, Verb::AwaitClosed, self.end.real().closed())
            }

            /// Whether the channel is closed.
            #[track_caller]
            pub fn is_closed(&self) -> bool {
                self.end.look(Location::caller(), |real| real.is_closed())
            }

            /// Whether both send to the same channel.
            pub fn same_channel(&self, other: &Self) -> bool {
                self.end.real().same_channel(other.end.real())
            }

            /// A sender that does not keep the channel open.
            #[must_use = "downgrade creates a WeakSender without destroying the original non-weak sender"]
            pub fn downgrade(&self) -> $weak<T> {
                $weak { real: self.end.real().downgrade(), channel: Arc::clone(self.end.channel()) }
            }

            /// How many senders there are.
            #[track_caller]
            pub fn strong_count(&self) -> usize {
                self.end.count(Location::caller(), |real| real.strong_count())
            }

            /// How many weak senders there are.
            #[track_caller]
            pub fn weak_count(&self) -> usize {
                self.end.count(Location::caller(), |real| real.weak_count())
            }
        }

        impl<T> Clone for $sender<T> {
            fn clone(&self) -> $sender<T> {
                $sender::new(self.end.real().clone(), self.end.channel())
            }
        }

        impl<T> std::fmt::Debug for $sender<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($sender)).finish_non_exhaustive()
            }
        }

        impl<T> $weak<T> {
            /// A sender, if there still is one.
            #[track_caller]
            pub fn upgrade(&self) -> Option<$sender<T>> {
                let site = self.channel.site(Location::caller());
                let real = site.act(Verb::Upgrade, || {
                    let real = self.real.upgrade();
                    let is_same = real.is_none();
                    (real, is_same)
                });
                real.map(|real| $sender::new(real, &self.channel))
            }

            /// How many senders there are.
            #[track_caller]
            pub fn strong_count(&self) -> usize {
                self.channel.site(Location::caller()).count(|| self.real.strong_count())
            }

            /// How many weak senders there are.
            #[track_caller]
            pub fn weak_count(&self) -> usize {
                self.channel.site(Location::caller()).count(|| self.real.weak_count())
            }
        }

        impl<T> Clone for $weak<T> {
            fn clone(&self) -> $weak<T> {
                $weak { real: self.real.clone(), channel: Arc::clone(&self.channel) }
            }
        }

        impl<T> std::fmt::Debug for $weak<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($weak)).finish_non_exhaustive()
            }
        }
    };
}

pub(super) use senders;
