//! What all atomics have: one macro, since drawloom's atomics are types of their own, as std's are. Not a
//! function that is given the operation as a closure: its place would be that closure's, not the caller's.

/// `$generics` and `$value` differ for `AtomicPtr`.
macro_rules! shadowed {
    ([$($generics:tt)*] $atomic:ty, $name:ident, $value:ty) => {
        impl<$($generics)*> $atomic {
            const PATH: &'static str = concat!("loom::sync::atomic::", stringify!($name));

            #[doc = concat!("Creates an atomic; see [`std::sync::atomic::", stringify!($name), "::new`].")]
            ///
            /// # Panics
            ///
            /// Outside a model.
            #[track_caller]
            pub fn new(v: $value) -> Self {
                outside::check(Self::PATH);
                // A thread that does not know that the value was written must not look.
                let shadow = Shadow::written(stringify!($name));
                $name { atomic: drawloom::sync::atomic::$name::new(v), shadow }
            }

            /// Changes the value without an operation. A thread that may still use the atomic is a race.
            ///
            /// # Panics
            ///
            /// Outside a model.
            #[track_caller]
            pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $value) -> R) -> R {
                outside::check(Self::PATH);
                let _access = self.shadow.write();
                f(self.atomic.get_mut())
            }

            /// The value, read as if it were no atomic. A thread that may change it meanwhile is a race.
            ///
            /// # Safety
            ///
            /// No other thread may change the value at the same time, atomically or not.
            ///
            /// # Panics
            ///
            /// Outside a model.
            #[track_caller]
            pub unsafe fn unsync_load(&self) -> $value {
                outside::check(Self::PATH);
                let value = self.atomic.load(Ordering::Relaxed);
                drop(self.shadow.read());
                value
            }

            /// Consumes the atomic and returns the value.
            ///
            /// # Panics
            ///
            /// Outside a model.
            #[track_caller]
            pub fn into_inner(self) -> $value {
                outside::check(Self::PATH);
                drop(self.shadow.read());
                self.atomic.into_inner()
            }

            /// Loads the value.
            ///
            /// # Panics
            ///
            /// If `order` is `Release` or `AcqRel`, or outside a model.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                outside::check(Self::PATH);
                let before = BeforeOperation::now();
                let value = self.atomic.load(order);
                self.shadow.atomic_read_since(before);
                value
            }

            /// Stores a value.
            ///
            /// # Panics
            ///
            /// If `order` is `Acquire` or `AcqRel`, or outside a model.
            #[track_caller]
            pub fn store(&self, val: $value, order: Ordering) {
                outside::check(Self::PATH);
                let before = BeforeOperation::now();
                self.atomic.store(val, order);
                self.shadow.atomic_write_since(before);
            }

            /// Stores `new` if the value is `current`, and returns the value before.
            ///
            /// # Panics
            ///
            /// Outside a model.
            #[track_caller]
            pub fn compare_and_swap(&self, current: $value, new: $value, order: Ordering) -> $value {
                let failure = match order {
                    Ordering::Relaxed | Ordering::Release => Ordering::Relaxed,
                    Ordering::Acquire | Ordering::AcqRel => Ordering::Acquire,
                    _ => Ordering::SeqCst,
                };
                match self.compare_exchange(current, new, order, failure) {
                    Ok(value) | Err(value) => value,
                }
            }

            /// Stores `new` if the value is `current`. The value before, in an error if it was another.
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`.
            ///
            /// # Panics
            ///
            /// If `failure` is `Release` or `AcqRel`, or outside a model.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                outside::check(Self::PATH);
                let before = BeforeOperation::now();
                let result = self.atomic.compare_exchange(current, new, success, failure);
                self.note_exchange(result.is_ok(), before);
                result
            }

            /// As [`Self::compare_exchange`], but may fail although the value is `current`: a choice, which loom
            /// does not make.
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`, or for no reason.
            ///
            /// # Panics
            ///
            /// As for [`Self::compare_exchange`].
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                outside::check(Self::PATH);
                let before = BeforeOperation::now();
                let result = self.atomic.compare_exchange_weak(current, new, success, failure);
                self.note_exchange(result.is_ok(), before);
                result
            }

            /// Stores what `f` makes of the value, trying again if the value changes meanwhile.
            ///
            /// # Errors
            ///
            /// The value, when `f` returns `None`.
            ///
            /// # Panics
            ///
            /// Outside a model.
            #[track_caller]
            pub fn fetch_update<F>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: F,
            ) -> Result<$value, $value>
            where
                F: FnMut($value) -> Option<$value>,
            {
                let mut value = self.load(fetch_order);
                while let Some(next) = f(value) {
                    match self.compare_exchange_weak(value, next, set_order, fetch_order) {
                        Ok(before) => return Ok(before),
                        Err(found) => value = found,
                    }
                }
                Err(value)
            }

            #[track_caller]
            fn note_exchange(&self, succeeded: bool, before: BeforeOperation) {
                if succeeded {
                    self.shadow.atomic_write_since(before);
                } else {
                    self.shadow.atomic_read_since(before);
                }
            }
        }

        shadowed! {
            @modify [$($generics)*] $atomic, $value:
            /// Stores a value and returns the one before.
            swap;
        }

        impl<$($generics)*> fmt::Debug for $atomic {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.atomic.fmt(f)
            }
        }

        impl<$($generics)*> From<$value> for $atomic {
            #[track_caller]
            fn from(v: $value) -> Self {
                Self::new(v)
            }
        }
    };

    // Read-modify-writes that take one value.
    (@modify [$($generics:tt)*] $atomic:ty, $value:ty: $($(#[$doc:meta])* $method:ident;)*) => {
        impl<$($generics)*> $atomic {$(
            $(#[$doc])*
            ///
            /// # Panics
            ///
            /// Outside a model.
            #[track_caller]
            pub fn $method(&self, val: $value, order: Ordering) -> $value {
                outside::check(Self::PATH);
                let before = BeforeOperation::now();
                let old = self.atomic.$method(val, order);
                self.shadow.atomic_write_since(before);
                old
            }
        )*}
    };
}
