//! What explorations make of the settings, and which of them nothing can be done with.

use super::{Config, ConfigError, StrategyKind};
use crate::rt::decide::strategy::Strategy;
use crate::rt::op::limits::{Limits, Strict};

/// The largest stack of a thread, in bytes; each has its own.
const MAX_STACK_SIZE: usize = 1 << if usize::BITS > 32 { 32 } else { 28 };

/// More are refused: each worker is an OS thread.
const MAX_WORKERS: usize = 1_024;

/// The largest depth of PCT.
const MAX_DEPTH: u32 = 1_000;

impl Config {
    /// What the test's file of regressions is called after.
    pub(crate) fn regression_name(&self) -> &str {
        self.regression_name.as_deref().unwrap_or(&self.name)
    }

    /// What the strategy is called in seeds and summaries.
    pub(crate) fn strategy_name(&self) -> String {
        match &self.custom_strategy {
            Some(make) => make().name().to_owned(),
            // Which samples where it does not verify.
            None if self.strategy == StrategyKind::Auto => StrategyKind::Portfolio.to_string(),
            None => self.strategy.to_string(),
        }
    }

    pub(crate) fn make_strategy(&self) -> Box<dyn Strategy> {
        match &self.custom_strategy {
            Some(make) => make(),
            None => self.strategy.make(),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_steps: self.max_steps,
            max_threads: self.max_threads.unwrap_or(usize::MAX),
            max_preemptions: self.max_preemptions,
            timeouts: self.timeouts,
            spurious: self.spurious.unwrap_or(1),
            cancellations: self.cancellations,
            capacity: self.capacity.unwrap_or(usize::MAX),
            max_queued: self.max_queued.unwrap_or(u64::MAX),
            fifo: self.fifo,
            polls_spuriously: self.spurious.is_some_and(|times| times > 0),
            free_leaders: true,
            eats_tokens: self.spurious != Some(0),
            memory: self.memory,
            directed: false,
            orders_polls: false,
            strict: Strict::default(),
            keeps_clocks: true,
            hasty: false,
            judges_at_limit: !self.is_of_unmodified_code,
            // On x86-64 none does, and tests that nobody has written for others rely on that.
            fails_weakly: !self.is_of_unmodified_code,
            keeps_addresses: self.is_of_unmodified_code,
            stack_size: self.stack_size,
            daemons: self.daemons,
            check_exclusive: self.check_exclusive,
        }
    }

    /// As `limits`, for executions that a director directs: in the first stage, unless it is said how often std takes
    /// liberties.
    pub(crate) fn exhaustive_limits(&self) -> Limits {
        let spurious = self.spurious.unwrap_or(0);
        Limits {
            spurious,
            free_leaders: self.spurious.is_some(),
            eats_tokens: spurious > 0,
            directed: true,
            ..self.limits()
        }
    }

    /// Finds the settings that nothing can be done with.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            (self.executions > 0, "executions"),
            (self.max_steps > 0, "max_steps"),
            (self.max_threads != Some(0), "max_threads"),
            (self.capacity != Some(0), "capacity"),
            (self.max_queued != Some(0), "max_queued"),
            (self.workers > 0, "workers"),
            (self.steps > 0, "steps"),
        ];
        for (holds, name) in positive {
            if !holds {
                return Err(ConfigError::new(format!("`{name}` is 0, but must be at least 1")));
            }
        }
        if self.hang_after.is_some_and(|time| time.is_zero()) {
            return Err(ConfigError::new(
                "`hang_after` must be longer than nothing; turn it off if there is to be no limit",
            ));
        }
        if self.workers > MAX_WORKERS {
            return Err(ConfigError::new(format!(
                "`workers` is {}, but can be {MAX_WORKERS} at most; more than the machine has processors are of no use",
                self.workers
            )));
        }
        if let StrategyKind::Pct { depth } = self.strategy
            && depth > MAX_DEPTH
        {
            return Err(ConfigError::new(format!(
                "the depth of the strategy \"pct:{depth}\" can be {MAX_DEPTH} at most; bugs need a few changes of priority, and with \
                 thousands of them \"random\" does the same"
            )));
        }
        if self.stack_size > MAX_STACK_SIZE {
            return Err(ConfigError::new(format!(
                "`stack_size` is {} bytes, but can be {MAX_STACK_SIZE} at most",
                self.stack_size
            )));
        }
        if self.stack_size < 16 << 10 {
            return Err(ConfigError::new(format!(
                "`stack_size` is {} bytes, but must be at least 16384",
                self.stack_size
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn settings_that_would_only_take_time_are_refused() {
        let error = Config::new().workers(100_000).check().unwrap_err();
        assert!(error.to_string().starts_with("`workers` is 100000, but can be 1024 at most"), "{error}");
        let error = Config::new().strategy(StrategyKind::Pct { depth: 10_000_000 }).check().unwrap_err();
        assert!(error.to_string().contains("\"pct:10000000\" can be 1000 at most"), "{error}");
    }

    #[test]
    fn settings_of_zero_are_refused_by_name() {
        assert!(Config::new().check().is_ok());
        let error = Config::new().max_steps(0).check().unwrap_err();
        assert_eq!(error.to_string(), "`max_steps` is 0, but must be at least 1");
        assert!(Config::new().workers(0).check().is_err());
        assert!(Config::new().hang_after(Some(Duration::ZERO)).check().is_err());
        assert!(Config::new().hang_after(None).check().is_ok());
        assert!(Config::new().stack_size(100).check().is_err());
        assert!(Config::new().stack_size(usize::MAX).check().is_err());
    }
}
