//! Tokens: a schedule as short text that anyone can replay, on any machine.
//!
//! `dl1` (the version), then base64url of the schedule and a CRC-32 of it. Threads are named by their spawn
//! path (parent and number among its children), not by a global number, so a token survives edits that add
//! threads elsewhere. Each run starts with the kind of its first operation, so that a replay of a program
//! that was changed can say where it no longer fits.

use std::fmt;

use crate::rt::op::OpKind;
use crate::rt::op::limits::{MemoryModel, Timeouts};
use crate::rt::op::schedule::{read_varint, write_varint};

const VERSION: &str = "dl1";
/// Stands for an operation whose kind is not known.
const UNKNOWN: u8 = 0xff;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A schedule with all that is needed to run it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) timeouts: Timeouts,
    pub(crate) spurious: u32,
    pub(crate) cancellations: u32,
    pub(crate) orders_polls: bool,
    /// Whether any future may be one of several that its task polls in turn.
    pub(crate) composes: bool,
    pub(crate) fifo: bool,
    pub(crate) polls_spuriously: bool,
    /// See `Limits::eats_tokens`.
    pub(crate) eats_tokens: bool,
    pub(crate) memory: MemoryModel,
    /// Whether a director made the schedule: see `Limits::directed`.
    pub(crate) directed: bool,
    /// Whether nothing new happens from where the schedule ends on, for ever, as threads go round in loops or never come to
    /// what others wait for: an execution that a director has made ends there, any other goes on until that is seen.
    pub(crate) is_endless: bool,
    /// The threads that the runs name: (parent's position here, number among the parent's children). The
    /// first one is the test body, and its entry means nothing.
    pub(crate) threads: Vec<(u32, u32)>,
    pub(crate) runs: Vec<TokenRun>,
    pub(crate) choices: Vec<u64>,
}

/// A thread takes some steps in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TokenRun {
    /// Position in `Token::threads`.
    pub(crate) thread: u32,
    pub(crate) length: u32,
    /// The kind of the first operation, if it is known.
    pub(crate) first: Option<OpKind>,
}

/// Why a text is no token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum TokenError {
    /// Made by another version of drawloom.
    Version(String),
    /// Does not start like a token.
    NotAToken,
    /// A character that no token has.
    Character(char),
    /// Something is missing or changed.
    Damaged,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::Version(version) => write!(
                f,
                "the token is of version {version}, but this drawloom reads version {VERSION}; find the failure \
                 again with this version, or replay with the one that printed the token"
            ),
            TokenError::NotAToken => write!(
                f,
                "it is neither a token ({VERSION}…) nor a seed (such as portfolio/0x5eed/41); copy it as the failure \
                 printed it"
            ),
            TokenError::Character(c) => {
                write!(f, "the token contains `{c}`, which no token does; copy it as the failure printed it")
            }
            TokenError::Damaged => write!(
                f,
                "the token is damaged: characters are missing, added or changed; copy all of it as the failure printed it"
            ),
        }
    }
}

impl Token {
    /// How many steps the schedule has.
    pub(crate) fn length(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.length)).sum()
    }

    /// Whether a replay goes on where the schedule ends, until it is seen that nothing new happens.
    pub(crate) fn goes_on(&self) -> bool {
        self.is_endless && !self.directed
    }

    pub(crate) fn encode(&self) -> String {
        let any = u8::from(self.timeouts == Timeouts::Any);
        let sc = u8::from(self.memory == MemoryModel::SequentiallyConsistent);
        let directed = u8::from(self.directed);
        let endless = u8::from(self.is_endless);
        let eats = u8::from(self.eats_tokens && self.directed);
        let cancels = u8::from(self.cancellations > 0);
        let orders = u8::from(self.orders_polls);
        let composes = u8::from(self.composes);
        let of_tasks = composes | u8::from(self.fifo) << 1 | u8::from(self.polls_spuriously) << 2;
        let more = u8::from(of_tasks != 0);
        let flags = any | sc << 1 | directed << 2 | endless << 3 | eats << 4 | cancels << 5 | orders << 6;
        let mut bytes = vec![flags | more << 7];
        if more == 1 {
            bytes.push(of_tasks);
        }
        write_varint(&mut bytes, u64::from(self.spurious));
        if cancels == 1 {
            write_varint(&mut bytes, u64::from(self.cancellations));
        }
        write_varint(&mut bytes, self.threads.len() as u64);
        for &(parent, ordinal) in self.threads.iter().skip(1) {
            write_varint(&mut bytes, u64::from(parent));
            write_varint(&mut bytes, u64::from(ordinal));
        }
        write_varint(&mut bytes, self.runs.len() as u64);
        for run in &self.runs {
            // Most runs are of few steps by one of few threads: one byte for both.
            let small = run.thread < 15 && run.length < 16;
            bytes.push(if small { (run.thread << 4 | run.length) as u8 } else { 0xff });
            if !small {
                write_varint(&mut bytes, u64::from(run.thread));
                write_varint(&mut bytes, u64::from(run.length));
            }
            bytes.push(run.first.map_or(UNKNOWN, OpKind::code));
        }
        for &choice in &self.choices {
            write_varint(&mut bytes, choice);
        }
        let check = crc32(&bytes);
        bytes.extend_from_slice(&check.to_le_bytes());
        let mut text = String::from(VERSION);
        for chunk in bytes.chunks(3) {
            let mut word = 0u32;
            for index in 0..3 {
                word = word << 8 | u32::from(chunk.get(index).copied().unwrap_or(0));
            }
            for digit in 0..=chunk.len() {
                text.push(char::from(DIGITS[(word >> (18 - 6 * digit) & 63) as usize]));
            }
        }
        text
    }

    pub(crate) fn decode(text: &str) -> Result<Token, TokenError> {
        let Some(body) = text.strip_prefix(VERSION) else {
            let digits = text.strip_prefix("dl").map(|rest| rest.find(|c: char| !c.is_ascii_digit()));
            return Err(match digits {
                Some(Some(end)) if end > 0 => TokenError::Version(text[..end + 2].to_owned()),
                _ => TokenError::NotAToken,
            });
        };
        let bytes = decode_base64(body)?;
        let (content, check) = bytes.split_last_chunk::<4>().ok_or(TokenError::Damaged)?;
        if crc32(content) != u32::from_le_bytes(*check) {
            return Err(TokenError::Damaged);
        }
        Token::read(content).ok_or(TokenError::Damaged)
    }

    fn read(mut bytes: &[u8]) -> Option<Token> {
        let bytes = &mut bytes;
        let flags = take_byte(bytes)?;
        let timeouts = if flags & 1 == 0 { Timeouts::Last } else { Timeouts::Any };
        let (directed, is_endless) = (flags & 4 != 0, flags & 8 != 0);
        let memory = if flags & 2 == 0 { MemoryModel::Rc11 } else { MemoryModel::SequentiallyConsistent };
        let of_tasks = if flags & 128 == 0 { 0 } else { take_byte(bytes)? };
        let spurious = read_u32(bytes)?;
        let (orders_polls, composes) = (flags & 64 != 0, of_tasks & 1 != 0);
        let (fifo, polls_spuriously) = (of_tasks & 2 != 0, of_tasks & 4 != 0);
        let cancellations = if flags & 32 == 0 { 0 } else { read_u32(bytes)? };
        // Who samples allows it with the other liberties.
        let eats_tokens = if directed { flags & 16 != 0 } else { spurious > 0 };
        let mut threads = vec![(0, 0)];
        for _ in 1..read_varint(bytes)? {
            threads.push((read_u32(bytes)?, read_u32(bytes)?));
        }
        let mut runs = Vec::new();
        for _ in 0..read_varint(bytes)? {
            let (thread, length) = match take_byte(bytes)? {
                0xff => (read_u32(bytes)?, read_u32(bytes)?),
                small => (u32::from(small >> 4), u32::from(small & 15)),
            };
            let first = match take_byte(bytes)? {
                UNKNOWN => None,
                code => Some(OpKind::from_code(code)?),
            };
            runs.push(TokenRun { thread, length, first });
        }
        let mut choices = Vec::new();
        while !bytes.is_empty() {
            choices.push(read_varint(bytes)?);
        }
        Some(Token {
            timeouts,
            spurious,
            cancellations,
            orders_polls,
            composes,
            fifo,
            polls_spuriously,
            eats_tokens,
            memory,
            directed,
            is_endless,
            threads,
            runs,
            choices,
        })
    }
}

fn take_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(first)
}

fn read_u32(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(read_varint(bytes)?).ok()
}

fn decode_base64(text: &str) -> Result<Vec<u8>, TokenError> {
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0u32, 0);
    for c in text.chars() {
        let digit = u8::try_from(c).ok().and_then(|c| DIGITS.iter().position(|&digit| digit == c));
        word = word << 6 | digit.ok_or(TokenError::Character(c))? as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    // What is left of the last digit was padding.
    if word == 0 && bits < 6 { Ok(bytes) } else { Err(TokenError::Damaged) }
}

/// CRC-32 (ISO 3309), bit by bit: tokens are short.
pub(in crate::explore) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ 0xedb8_8320 & (crc & 1).wrapping_neg();
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token() -> impl proptest::strategy::Strategy<Value = Token> {
        // One code more than there are kinds: unknown.
        let kind = (0..=OpKind::Wake.code() + 1).prop_map(OpKind::from_code);
        let run = (0u32..40, 1u32..2000, kind).prop_map(|(thread, length, first)| TokenRun {
            thread,
            length,
            first,
        });
        (
            any::<(bool, bool)>(),
            0u32..300,
            prop::collection::vec((0u32..50, 0u32..50), 0..10),
            prop::collection::vec(run, 0..40),
            prop::collection::vec(any::<u64>(), 0..10),
        )
            .prop_map(|((any, sc), spurious, mut threads, runs, choices)| {
                threads.insert(0, (0, 0));
                let timeouts = if any { Timeouts::Any } else { Timeouts::Last };
                let memory = if sc { MemoryModel::SequentiallyConsistent } else { MemoryModel::Rc11 };
                let (directed, is_endless) = (spurious % 2 == 1, choices.len() % 2 == 1);
                let eats_tokens = if directed { spurious % 3 == 0 } else { spurious > 0 };
                Token {
                    timeouts,
                    spurious,
                    cancellations: spurious % 5,
                    orders_polls: spurious % 7 == 0,
                    composes: spurious % 11 == 0,
                    fifo: spurious % 13 == 0,
                    polls_spuriously: spurious % 17 == 0,
                    eats_tokens,
                    memory,
                    directed,
                    is_endless,
                    threads,
                    runs,
                    choices,
                }
            })
    }

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(token in token()) {
            prop_assert_eq!(Token::decode(&token.encode()), Ok(token));
        }

        #[test]
        fn damage_is_noticed(token in token(), at in any::<prop::sample::Index>(), with in 0usize..64) {
            let text = token.encode();
            let at = 3 + at.index(text.len() - 3);
            let mut damaged = text.clone().into_bytes();
            prop_assume!(damaged[at] != DIGITS[with]);
            damaged[at] = DIGITS[with];
            prop_assert_eq!(Token::decode(std::str::from_utf8(&damaged).unwrap()), Err(TokenError::Damaged));
            prop_assert!(Token::decode(&text[..at]).is_err());
        }
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        assert_eq!(Token::decode("dl9abc"), Err(TokenError::Version("dl9".to_owned())));
        assert_eq!(Token::decode("hello"), Err(TokenError::NotAToken));
        assert_eq!(Token::decode("dl1ab*c"), Err(TokenError::Character('*')));
        assert_eq!(Token::decode("dl1"), Err(TokenError::Damaged));
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
