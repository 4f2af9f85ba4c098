//! What stands in the parentheses of `#[drawloom::test(…)]`: each argument becomes one call on `Config`.
//!
//! [`PARAMETERS`] is the whole list, with what each of them takes. Errors are collected rather than returned
//! at the first one, so that someone with two slips in one line sees both.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Result, Token, UnOp};

use crate::nearest::nearest;
use crate::runtime::Runtime;

/// The attribute's arguments, as calls on a `Config`.
#[derive(Default)]
pub(crate) struct Arguments {
    /// `.executions(10u64) .seed(7u64) …`, in the order in which they were written.
    pub(crate) calls: TokenStream,
    /// Whether the test passes only if it fails.
    pub(crate) expects_failure: bool,
    /// What an async test runs on.
    pub(crate) runtime: Runtime,
}

/// The name of each argument and what it takes.
const PARAMETERS: &[(&str, Takes)] = &[
    ("executions", Takes::positive("u64")),
    ("cases", Takes::positive("u32")),
    ("seed", Takes::integer("u64")),
    ("strategy", Takes::Text(strategy)),
    ("exhaustive", Takes::Nothing(exhaustive)),
    ("max_steps", Takes::positive("u64")),
    ("max_threads", Takes::positive("usize")),
    ("max_preemptions", Takes::integer("u32")),
    ("steps", Takes::positive("u64")),
    ("time", Takes::Text(time)),
    ("hang_after", Takes::Text(hang_after)),
    ("timeouts", Takes::Text(timeouts)),
    ("spurious", Takes::integer("u32")),
    ("cancel", Takes::Times("explore")),
    ("capacity", Takes::positive("usize")),
    ("max_queued", Takes::positive("u64")),
    ("fifo", Takes::Switch(fifo)),
    ("memory", Takes::Text(memory)),
    ("workers", Takes::positive("usize")),
    ("stack_size", Takes::positive("usize")),
    ("leaked_threads", Takes::Text(leaked_threads)),
    ("daemons", Takes::Switch(daemons)),
    ("leaks", Takes::Text(leaks)),
    ("check_exclusive", Takes::Switch(check_exclusive)),
    ("lock_order", Takes::Text(lock_order)),
    ("shrink", Takes::Switch(shrink)),
    ("flavor", Takes::Runtime),
    ("worker_threads", Takes::Runtime),
    ("start_paused", Takes::Runtime),
    ("expect", Takes::Text(expect)),
];

/// The texts that name a strategy without a parameter of its own, each with its `StrategyKind`.
const STRATEGIES: &[(&str, &str)] = &[
    ("auto", "Auto"),
    ("exhaustive", "Exhaustive"),
    ("portfolio", "Portfolio"),
    ("random", "RandomWalk"),
    ("pct", "Pct"),
    ("pos", "Pos"),
    ("urw", "Urw"),
    ("surw", "Surw"),
    ("round-robin", "RoundRobin"),
];

/// The depth of `"pct"` alone: most known bugs need no more than three ordered preemptions.
const PCT_DEPTH: u32 = 3;

const TIMEOUTS: &[(&str, &str)] = &[("last", "Last"), ("any", "Any")];

const MEMORY: &[(&str, &str)] = &[("rc11", "Rc11"), ("sc", "SequentiallyConsistent")];

const LEAKED_THREADS: &[(&str, &str)] = &[("allow", "true"), ("deny", "false")];

const POLICIES: &[(&str, &str)] = &[("warn", "Warn"), ("deny", "Deny"), ("allow", "Allow")];

const FAILURES: &[(&str, &str)] = &[
    ("panic", "Panic"),
    ("deadlock", "Deadlock"),
    ("livelock", "Livelock"),
    ("good-samaritan", "GoodSamaritan"),
    ("step-limit", "StepLimit"),
    ("thread-limit", "ThreadLimit"),
    ("queue-limit", "QueueLimit"),
    ("data-race", "DataRace"),
    ("lock-order", "LockOrder"),
    ("leaked-thread", "LeakedThread"),
    ("leak", "Leak"),
    ("unverified", "Unverified"),
    ("nondeterminism", "Nondeterminism"),
    ("double-panic", "DoublePanic"),
    ("stack-overflow", "StackOverflow"),
    ("crash", "Crash"),
    ("hang", "Hang"),
    ("misuse", "Misuse"),
];

#[derive(Clone, Copy)]
enum Takes {
    /// A literal or a constant expression of this type.
    Integer { type_name: &'static str, zero_allowed: bool },
    /// No value: the name says it all.
    Nothing(fn(Span) -> TokenStream),
    /// `true` or `false`.
    Switch(fn(bool) -> TokenStream),
    /// What says something of the runtime of an async test; see `Arguments::add_of_runtime`.
    Runtime,
    /// How often something may happen: a number, this word for once, or `"never"`.
    Times(&'static str),
    /// A string literal, which the function turns into a call on `Config`.
    Text(fn(&str, Span) -> Result<TokenStream>),
}

impl Takes {
    const fn integer(type_name: &'static str) -> Takes {
        Takes::Integer { type_name, zero_allowed: true }
    }

    /// An integer where zero would mean that nothing can run.
    const fn positive(type_name: &'static str) -> Takes {
        Takes::Integer { type_name, zero_allowed: false }
    }
}

/// One `name = value`, or a name alone.
struct Argument {
    name: Ident,
    takes: Takes,
    value: Option<Expr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> Result<Arguments> {
        let written =
            Punctuated::<Result<Argument>, Token![,]>::parse_terminated_with(input, Argument::parse_or_skip)?;
        let mut arguments = Arguments::default();
        let mut seen: Vec<String> = Vec::new();
        let mut errors: Option<Error> = None;
        for argument in written {
            match argument.and_then(|argument| arguments.add(&argument, &mut seen)) {
                Ok(()) => {}
                Err(error) => match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                },
            }
        }
        errors.map_or(Ok(arguments), Err)
    }
}

impl Arguments {
    fn add(&mut self, argument: &Argument, seen: &mut Vec<String>) -> Result<()> {
        let name = argument.name.to_string();
        if seen.contains(&name) {
            return Err(Error::new(
                argument.name.span(),
                format!("`{name}` is given twice; keep one of them"),
            ));
        }
        let (own, other) = if name == "exhaustive" { (&name, "strategy") } else { (&name, "exhaustive") };
        if (name == "exhaustive" || name == "strategy") && seen.iter().any(|seen| seen == other) {
            return Err(Error::new(
                argument.name.span(),
                format!("`{own}` contradicts `{other}`: `exhaustive` is a strategy; keep one of them"),
            ));
        }
        let span = argument.name.span();
        let calls = match (argument.takes, &argument.value) {
            (Takes::Nothing(call), None) => call(span),
            (Takes::Nothing(_), Some(value)) => {
                return Err(Error::new_spanned(
                    value,
                    format!("`{name}` takes no value: write `{name}` alone"),
                ));
            }
            (_, None) => return Err(Error::new(span, format!("`{name}` needs a value: `{name} = …`"))),
            (Takes::Integer { type_name, zero_allowed }, Some(value)) => {
                integer(&argument.name, value, type_name, zero_allowed)?
            }
            (Takes::Times(once), Some(value)) => times(&argument.name, value, once)?,
            (Takes::Runtime, Some(value)) => self.add_of_runtime(&argument.name, value)?,
            (Takes::Switch(call), Some(value)) => match value {
                Expr::Lit(ExprLit { lit: Lit::Bool(literal), .. }) => call(literal.value),
                _ => {
                    let message = format!("`{name}` takes `true` or `false`: `{name} = true`");
                    return Err(Error::new_spanned(value, message));
                }
            },
            (Takes::Text(call), Some(value)) => {
                let text = text(&name, value)?;
                call(&text.value(), text.span())?
            }
        };
        self.calls.extend(calls);
        self.expects_failure |= name == "expect";
        seen.push(name);
        Ok(())
    }
}

impl Arguments {
    /// No call on `Config`.
    fn add_of_runtime(&mut self, name: &Ident, value: &Expr) -> Result<TokenStream> {
        if name == "flavor" {
            let text = text("flavor", value)?;
            self.runtime.set_flavor(&text.value(), text.span())?;
        } else if name == "worker_threads" {
            let workers = integer_value(name, value, "usize", false)?;
            self.runtime.set_workers(workers, name.span());
        } else {
            self.runtime.set_paused(name.span());
        }
        Ok(TokenStream::new())
    }
}

impl Argument {
    /// The outer error is one of syntax, after which nothing more can be read; the inner one is not.
    fn parse_or_skip(input: ParseStream) -> Result<Result<Argument>> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format!("expected one of the arguments {}", names())));
        }
        let name = input.call(Ident::parse_any)?;
        let takes = takes(&name);
        let is_alone = input.is_empty() || input.peek(Token![,]);
        if let (true, Ok(Takes::Nothing(_))) = (is_alone, &takes) {
            return Ok(takes.map(|takes| Argument { name, takes, value: None }));
        }
        let equals: Option<Token![=]> = input.parse()?;
        if equals.is_none() || input.is_empty() || input.peek(Token![,]) {
            takes?;
            return Err(Error::new(name.span(), format!("`{name}` needs a value: `{name} = …`")));
        }
        let value = ungrouped(input.parse()?);
        Ok(takes.map(|takes| Argument { name, takes, value: Some(value) }))
    }
}

fn takes(name: &Ident) -> Result<Takes> {
    let written = name.to_string();
    if let Some((_, takes)) = PARAMETERS.iter().find(|(known, _)| *known == written) {
        return Ok(*takes);
    }
    let known = PARAMETERS.iter().map(|(known, _)| *known);
    let hint = match nearest(&written, known) {
        Some(nearest) => format!("did you mean `{nearest}`? "),
        None => String::new(),
    };
    Err(Error::new(
        name.span(),
        format!("no argument is called `{written}`; {hint}the arguments are {}", names()),
    ))
}

fn names() -> String {
    let names: Vec<String> = PARAMETERS.iter().map(|(name, _)| format!("`{name}`")).collect();
    names.join(", ")
}

/// A value that comes out of a `macro_rules!` variable, or stands in parentheses, is the value inside.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        Expr::Paren(paren) => ungrouped(*paren.expr),
        value => value,
    }
}

fn integer(name: &Ident, value: &Expr, type_name: &str, zero_allowed: bool) -> Result<TokenStream> {
    let value = integer_value(name, value, type_name, zero_allowed)?;
    Ok(quote!(.#name(#value)))
}

/// A number, `once` for 1, or `"never"` for 0.
fn times(name: &Ident, value: &Expr, once: &'static str) -> Result<TokenStream> {
    let takes = format!("\"{once}\", \"never\", or a number: how often in an execution");
    let literal = match value {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => literal,
        Expr::Lit(ExprLit { lit, .. }) if !matches!(lit, Lit::Int(_)) => {
            return Err(Error::new_spanned(value, format!("`{name}` takes {takes}")));
        }
        _ => return integer(name, value, "u32", true),
    };
    match literal.value() {
        text if text == once => Ok(quote!(.#name(1u32))),
        text if text == "never" => Ok(quote!(.#name(0u32))),
        text => Err(Error::new_spanned(value, format!("`{name}` cannot be \"{text}\"; it is {takes}"))),
    }
}

fn integer_value(name: &Ident, value: &Expr, type_name: &str, zero_allowed: bool) -> Result<TokenStream> {
    let type_ident = format_ident!("{type_name}");
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => {
            integer_literal(name, literal, type_name, zero_allowed)
        }
        Expr::Lit(_) => Err(Error::new_spanned(value, format!("`{name}` takes an integer: `{name} = 100`"))),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            Err(Error::new_spanned(value, format!("`{name}` cannot be negative, it is a `{type_name}`")))
        }
        // The const block refuses what is only known at run time, and `identity` says which type is wanted
        // at the place of the expression. A block is not put into another one, which would be a warning.
        Expr::Block(block) => Ok(quote!(::core::convert::identity::<#type_ident>(const #block))),
        expression => Ok(quote!(::core::convert::identity::<#type_ident>(const { #expression }))),
    }
}

fn integer_literal(
    name: &Ident,
    literal: &LitInt,
    type_name: &str,
    zero_allowed: bool,
) -> Result<TokenStream> {
    let suffix = literal.suffix();
    let largest = if type_name == "u32" { u64::from(u32::MAX) } else { u64::MAX };
    let value = literal
        .base10_parse::<u64>()
        .ok()
        .filter(|value| *value <= largest && (suffix.is_empty() || suffix == type_name));
    match value {
        None => {
            Err(Error::new(literal.span(), format!("`{name}` is a `{type_name}`, which `{literal}` is not")))
        }
        Some(0) if !zero_allowed => Err(Error::new(literal.span(), format!("`{name}` must be at least 1"))),
        Some(_) => {
            let literal = LitInt::new(&format!("{}{type_name}", literal.base10_digits()), literal.span());
            Ok(quote!(#literal))
        }
    }
}

fn text(name: &str, value: &Expr) -> Result<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => Ok(literal.clone()),
        _ => {
            let example = match name {
                "strategy" => "pct:3",
                "time" | "hang_after" => "10s",
                "timeouts" => "any",
                "flavor" => "multi_thread",
                "memory" => "sc",
                "leaked_threads" => "allow",
                "lock_order" | "leaks" => "deny",
                _ => "deadlock",
            };
            Err(Error::new_spanned(
                value,
                format!("`{name}` takes a string literal: `{name} = \"{example}\"`"),
            ))
        }
    }
}

fn strategy(text: &str, span: Span) -> Result<TokenStream> {
    let (kind, depth) = match text.split_once(':') {
        Some(("pct", depth)) => ("Pct", Some(depth)),
        _ => (word("strategy", text, span, STRATEGIES)?, None),
    };
    let ident = Ident::new(kind, span);
    if kind != "Pct" {
        return Ok(quote!(.strategy(::drawloom::StrategyKind::#ident)));
    }
    let depth = match depth {
        None => PCT_DEPTH,
        Some(depth) => depth.parse::<u32>().ok().filter(|depth| *depth > 0).ok_or_else(|| {
            Error::new(
                span,
                format!("the depth in \"pct:DEPTH\" is an integer of at least 1, which `{depth}` is not"),
            )
        })?,
    };
    Ok(quote!(.strategy(::drawloom::StrategyKind::#ident { depth: #depth })))
}

fn exhaustive(span: Span) -> TokenStream {
    let ident = Ident::new("Exhaustive", span);
    quote!(.strategy(::drawloom::StrategyKind::#ident))
}

fn time(text: &str, span: Span) -> Result<TokenStream> {
    let duration = duration("time", "\"500ms\", \"10s\" or \"2m\"", text, span)?;
    Ok(quote!(.time(#duration)))
}

fn hang_after(text: &str, span: Span) -> Result<TokenStream> {
    if text == "off" {
        return Ok(quote!(.hang_after(::core::option::Option::None)));
    }
    let duration = duration("hang_after", "\"500ms\" or \"10s\", or \"off\"", text, span)?;
    Ok(quote!(.hang_after(::core::option::Option::Some(#duration))))
}

/// What `text` says as the value of the argument `name`, which is like `examples`.
fn duration(name: &str, examples: &str, text: &str, span: Span) -> Result<TokenStream> {
    let milliseconds = milliseconds(text).ok_or_else(|| {
        let message =
            format!("`{name}` is a number and its unit, such as {examples}, which \"{text}\" is not");
        Error::new(span, message)
    })?;
    if milliseconds == 0 {
        return Err(Error::new(span, format!("`{name}` must be longer than nothing")));
    }
    Ok(quote!(::core::time::Duration::from_millis(#milliseconds)))
}

/// `"500ms"`, `"10s"`, `"2m"`.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        _ => return None,
    };
    number.checked_mul(u64::try_from(unit.as_millis()).ok()?)
}

fn timeouts(text: &str, span: Span) -> Result<TokenStream> {
    let kind = Ident::new(word("timeouts", text, span, TIMEOUTS)?, span);
    Ok(quote!(.timeouts(::drawloom::Timeouts::#kind)))
}

fn memory(text: &str, span: Span) -> Result<TokenStream> {
    let model = Ident::new(word("memory", text, span, MEMORY)?, span);
    Ok(quote!(.memory(::drawloom::MemoryModel::#model)))
}

fn leaked_threads(text: &str, span: Span) -> Result<TokenStream> {
    let allowed = Ident::new(word("leaked_threads", text, span, LEAKED_THREADS)?, span);
    Ok(quote!(.allow_leaked_threads(#allowed)))
}

fn fifo(fifo: bool) -> TokenStream {
    quote!(.fifo(#fifo))
}

fn daemons(daemons: bool) -> TokenStream {
    quote!(.daemons(#daemons))
}

fn check_exclusive(check: bool) -> TokenStream {
    quote!(.check_exclusive(#check))
}

fn shrink(shrink: bool) -> TokenStream {
    quote!(.shrink(#shrink))
}

fn leaks(text: &str, span: Span) -> Result<TokenStream> {
    let policy = Ident::new(word("leaks", text, span, POLICIES)?, span);
    Ok(quote!(.leaks(::drawloom::Policy::#policy)))
}

fn lock_order(text: &str, span: Span) -> Result<TokenStream> {
    let policy = Ident::new(word("lock_order", text, span, POLICIES)?, span);
    Ok(quote!(.lock_order(::drawloom::Policy::#policy)))
}

fn expect(text: &str, span: Span) -> Result<TokenStream> {
    let kind = Ident::new(word("expect", text, span, FAILURES)?, span);
    Ok(quote!(.expect(::drawloom::FailureKind::#kind)))
}

/// What `text` stands for in `words`.
fn word(name: &str, text: &str, span: Span, words: &'static [(&str, &'static str)]) -> Result<&'static str> {
    if let Some((_, meaning)) = words.iter().find(|(known, _)| *known == text) {
        return Ok(meaning);
    }
    let hint = match nearest(text, words.iter().map(|(known, _)| *known)) {
        Some(nearest) => format!("did you mean \"{nearest}\"? "),
        None => String::new(),
    };
    let known: Vec<String> = words.iter().map(|(known, _)| format!("\"{known}\"")).collect();
    Err(Error::new(span, format!("`{name}` cannot be \"{text}\"; {hint}it is one of {}", known.join(", "))))
}

#[cfg(test)]
mod tests;
