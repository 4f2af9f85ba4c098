//! What every atomic has, as macros: the types differ in their values only.

/// What every atomic has: `$generics` and `$value` differ for `AtomicPtr`.
macro_rules! atomic_common {
    ([$($generics:tt)*] $atomic:ty, $name:ident, $value:ty, $form:ident, $bits:expr, $real:ty,
     to: $to:expr, from: $from:expr) => {
        impl<$($generics)*> InstrumentedAtomic for $atomic {
            fn kind(&self) -> AtomicKind {
                AtomicKind { name: stringify!($name), bits: $bits, form: AtomicForm::$form }
            }

            #[inline]
            fn identity(&self) -> &Identity {
                &self.identity
            }

            #[inline]
            fn real(&self) -> u64 {
                ($to)(self.real.load(Ordering::Relaxed))
            }

            #[inline]
            fn set_real(&self, bits: u64) {
                self.real.store(($from)(bits), Ordering::Relaxed);
            }

            #[inline]
            fn kept(&self) -> u64 {
                ($to)(self.kept.load(Ordering::Relaxed))
            }

            #[inline]
            fn keep(&self, bits: u64) {
                self.kept.store(($from)(bits), Ordering::Relaxed);
            }
        }

        impl<$($generics)*> $atomic {
            #[doc = concat!("Creates an atomic; see [`std::sync::atomic::", stringify!($name), "::new`].")]
            #[track_caller]
            pub const fn new(value: $value) -> Self {
                $name { real: <$real>::new(value), identity: Identity::new(), kept: <$real>::new(value) }
            }

            /// std's atomic at `ptr`, which the model does not see: its accesses are no scheduling points.
            ///
            /// # Safety
            ///
            /// As for std's `from_ptr`.
            pub const unsafe fn from_ptr<'a>(ptr: *mut $value) -> &'a $real {
                // SAFETY: the caller vouches for what std's function asks.
                unsafe { <$real>::from_ptr(ptr) }
            }

            /// The value, without an operation: the borrow proves that nobody else has the atomic. An access all the
            /// same with [`Config::check_exclusive`](crate::Config::check_exclusive).
            #[track_caller]
            pub fn get_mut(&mut self) -> &mut $value {
                if let Some(current) = current() {
                    let location = Location::caller();
                    current.atomic_exclusive(self, location);
                } else {
                    self.restore();
                }
                self.real.get_mut()
            }

            /// Consumes the atomic and returns the value. Not `const`, unlike std's: the value may be the
            /// model's.
            #[track_caller]
            pub fn into_inner(mut self) -> $value {
                *self.get_mut()
            }

            /// A pointer to the value. What is done through it is no operation of the model; from now on
            /// the atomic's own operations work on the value there.
            pub fn as_ptr(&self) -> *mut $value {
                if let Some(current) = current() {
                    current.atomic_move_out(self, true);
                } else {
                    self.restore();
                }
                self.real.as_ptr()
            }

            /// Loads the value.
            ///
            /// # Panics
            ///
            /// If `order` is `Release` or `AcqRel`.
            #[inline(always)]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let location = Location::caller();
                check_load(order);
                let Some(begun) = Begun::new(OpKind::Load, (&self.identity, self), location) else {
                    self.take_back();
                    return self.real.load(order);
                };
                begun.let_others_run();
                ($from)(begun.load(self, order, location))
            }

            /// Stores a value.
            ///
            /// # Panics
            ///
            /// If `order` is `Acquire` or `AcqRel`.
            #[inline(always)]
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                let location = Location::caller();
                check_store(order);
                let Some(begun) = Begun::new(OpKind::Store, (&self.identity, self), location) else {
                    self.take_back();
                    return self.real.store(value, order);
                };
                begun.let_others_run();
                begun.store(self, ($to)(value), order, location);
            }

            /// Stores a value and returns the one before.
            #[inline(always)]
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.modify(order, |_, operand| operand, ($to)(value), |real| real.swap(value, order))
            }

            /// Stores `new` if the value is `current`. The value before, in an error if it was another.
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`.
            ///
            /// # Panics
            ///
            /// If `failure` is `Release` or `AcqRel`.
            #[inline(always)]
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.exchange(current, new, success, failure, false)
            }

            /// As [`Self::compare_exchange`], but may fail although the value is `current`: explored as a
            /// choice.
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`, or for no reason.
            ///
            /// # Panics
            ///
            /// If `failure` is `Release` or `AcqRel`.
            #[inline(always)]
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.exchange(current, new, success, failure, true)
            }

            /// Stores `new` if the value is `current`, and returns the value before.
            #[deprecated(since = "1.50.0", note = "use compare_exchange or compare_exchange_weak instead")]
            #[track_caller]
            pub fn compare_and_swap(&self, current: $value, new: $value, order: Ordering) -> $value {
                match self.exchange(current, new, order, failure_of(order), false) {
                    Ok(value) | Err(value) => value,
                }
            }

            /// Stores what `f` makes of the value, trying again if the value changes meanwhile.
            ///
            /// # Errors
            ///
            /// The value, when `f` returns `None`.
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

            /// As [`Self::fetch_update`].
            ///
            /// # Errors
            ///
            /// The value, when `f` returns `None`.
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.fetch_update(set_order, fetch_order, f)
            }

            /// Stores what `f` makes of the value, trying again if the value changes meanwhile, and returns
            /// the value before.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($value) -> $value,
            ) -> $value {
                match self.fetch_update(set_order, fetch_order, |value| Some(f(value))) {
                    Ok(value) | Err(value) => value,
                }
            }

            /// Before a use outside of explorations.
            #[inline]
            fn take_back(&self) {
                outside::take_back(&self.identity, stringify!($name), || self.set_real(self.kept()));
            }

            /// As `take_back`, where it is no use that others could see.
            fn restore(&self) {
                outside::restore(&self.identity, || self.set_real(self.kept()));
            }

            /// The value, without an operation.
            fn peek(&self) -> $value {
                let Some(current) = current() else {
                    self.restore();
                    return self.real.load(Ordering::Relaxed);
                };
                ($from)(current.atomic_peek(self))
            }

            fn to_bits(value: $value) -> u64 {
                ($to)(value)
            }

            fn from_bits(bits: u64) -> $value {
                ($from)(bits)
            }

            #[inline(always)]
            #[track_caller]
            fn modify(
                &self,
                order: Ordering,
                // What becomes of the value, as bits.
                apply: fn(u64, u64) -> u64,
                operand: u64,
                real: impl Fn(&$real) -> $value,
            ) -> $value {
                let location = Location::caller();
                let Some(begun) = Begun::new(OpKind::ReadModifyWrite, (&self.identity, self), location) else {
                    self.take_back();
                    return real(&self.real);
                };
                begun.let_others_run();
                ($from)(begun.modify(self, order, location, (apply, operand)))
            }

            #[inline(always)]
            #[track_caller]
            fn exchange(
                &self,
                expected: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
                weak: bool,
            ) -> Result<$value, $value> {
                let location = Location::caller();
                check_failure(failure);
                let Some(begun) = Begun::new(OpKind::CompareExchange, (&self.identity, self), location) else {
                    self.take_back();
                    return if weak {
                        self.real.compare_exchange_weak(expected, new, success, failure)
                    } else {
                        self.real.compare_exchange(expected, new, success, failure)
                    };
                };
                begun.let_others_run();
                let exchange =
                    Exchange { expected: ($to)(expected), new: ($to)(new), success, failure, weak };
                begun.compare_exchange(self, exchange, location).map($from).map_err($from)
            }
        }

        impl<$($generics)*> RefUnwindSafe for $atomic {}

        impl<$($generics)*> From<$value> for $atomic {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl<$($generics)*> fmt::Debug for $atomic {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Not an operation: printing a value must not change what is explored.
                fmt::Debug::fmt(&self.peek(), f)
            }
        }
    };
}

macro_rules! fetch {
    ($value:ty: $($(#[$doc:meta])* $method:ident = $f:expr;)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            #[track_caller]
            pub fn $method(&self, value: $value, order: Ordering) -> $value {
                let apply = |old, value| Self::to_bits(($f)(Self::from_bits(old), Self::from_bits(value)));
                self.modify(order, apply, Self::to_bits(value), |real| real.$method(value, order))
            }
        )*
    };
}
