//! What a test's own body does that drawloom does not see: unsafe code on plain memory, and questions about the counts of an
//! `Arc`. A verdict says that it rests on them. Only words are looked at, and only in the body, so that nothing is told of the
//! code that it calls.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Functions of `Arc` and `Weak` whose results, or whose success, depend on the counts.
const COUNTED: [&str; 9] = [
    "strong_count",
    "weak_count",
    "upgrade",
    "try_unwrap",
    "unwrap_or_clone",
    "into_inner",
    "get_mut",
    "make_mut",
    "is_unique",
];

/// What was found in a body.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Unseen {
    /// `unsafe { … }`, but for arguments of `with` and `with_mut`: what a cell lends there is watched.
    pub(crate) plain_memory: bool,
    /// `Arc::strong_count` and the like, and `upgrade` of a `Weak`.
    pub(crate) arc_counts: bool,
}

impl Unseen {
    pub(crate) fn of(body: TokenStream) -> Unseen {
        let mut unseen = Unseen::default();
        unseen.look_at(body);
        unseen
    }

    fn look_at(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(word) => {
                    self.look_at_word(&word.to_string(), &tokens[..at], tokens.get(at + 1))
                }
                TokenTree::Group(group) if !is_lent(&tokens[..at], group.stream()) => {
                    self.look_at(group.stream());
                }
                _ => {}
            }
        }
    }

    fn look_at_word(&mut self, word: &str, before: &[TokenTree], next: Option<&TokenTree>) {
        let opens =
            |delimiter| matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == delimiter);
        match word {
            "unsafe" => self.plain_memory |= opens(Delimiter::Brace),
            // Nobody else has methods of these names.
            "upgrade" | "strong_count" | "weak_count" if is_punct(before.last(), '.') => {
                self.arc_counts |= opens(Delimiter::Parenthesis);
            }
            word if COUNTED.contains(&word) => {
                // By another path it may be anybody's.
                let of = type_of(before);
                self.arc_counts |= is_word(of, "Arc") || is_word(of, "Weak");
            }
            _ => {}
        }
    }
}

/// The last word of the path that leads to what follows: `Arc` of `sync::Arc::<u32>::`.
fn type_of(before: &[TokenTree]) -> Option<&TokenTree> {
    let mut path = before_colons(before)?;
    if is_punct(path.last(), '>') {
        let mut depth = 0;
        let open = path.iter().rposition(|token| {
            depth += i32::from(is_punct(Some(token), '>')) - i32::from(is_punct(Some(token), '<'));
            depth == 0
        })?;
        path = before_colons(&path[..open]).unwrap_or(&path[..open]);
    }
    path.last()
}

/// What comes before two colons at the end.
fn before_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let [front @ .., first, second] = tokens else { return None };
    (is_punct(Some(first), ':') && is_punct(Some(second), ':')).then_some(front)
}

/// Whether the arguments are those of `.with` or `.with_mut`: a closure whose unsafe code uses what it is lent.
fn is_lent(before: &[TokenTree], arguments: TokenStream) -> bool {
    let [.., dot, method] = before else { return false };
    let is_with =
        is_punct(Some(dot), '.') && (is_word(Some(method), "with") || is_word(Some(method), "with_mut"));
    let mut closure = arguments.into_iter();
    let (bar, name) = (closure.next(), closure.next());
    let Some(TokenTree::Ident(name)) = name.filter(|_| is_with && is_punct(bar.as_ref(), '|')) else {
        return false;
    };
    uses(closure.collect(), &name.to_string())
}

/// Whether the word stands anywhere in there.
fn uses(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => uses(group.stream(), word),
        token => is_word(Some(&token), word),
    })
}

fn is_punct(token: Option<&TokenTree>, punct: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == punct)
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(found)) if found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> (bool, bool) {
        let Unseen { plain_memory, arc_counts } = Unseen::of(body.parse().unwrap());
        (plain_memory, arc_counts)
    }

    #[test]
    fn unsafe_blocks_are_found_but_not_where_a_cell_lends_its_content() {
        assert_eq!(found("let t = spawn(move || { unsafe { *p.0 += 1 } });"), (true, false));
        assert_eq!(
            found("cell.with_mut(|x| unsafe { *x += 1 }); cell.with(|x| unsafe { *x });"),
            (false, false)
        );
        assert_eq!(found("cell.with_mut(|x| unsafe { *x += 1 }); unsafe { *cell.get() }"), (true, false));
        assert_eq!(
            found("LOCAL.with(|_| unsafe { *p.0 += 1 }); LOCAL.with(|x| unsafe { *p.0 += 1 });"),
            (true, false)
        );
        assert_eq!(found("struct P(*mut u32); unsafe impl Send for P {}"), (false, false));
    }

    #[test]
    fn questions_about_counts_are_found() {
        assert_eq!(found("assert_eq!(Arc::strong_count(&a), 2);"), (false, true));
        assert_eq!(found("let mine = std::sync::Arc::try_unwrap(a).is_ok();"), (false, true));
        assert_eq!(found("Arc::<u32>::strong_count(&a) + w.strong_count()"), (false, true));
        assert_eq!(found("Arc::<Vec<u32>>::get_mut(&mut a)"), (false, true));
        assert_eq!(found("let f = Weak::upgrade;"), (false, true));
        assert_eq!(found("if let Some(a) = weak.upgrade() {}"), (false, true));
        assert_eq!(found("Mutex::into_inner(m); Arc::clone(&a); lock.upgrade"), (false, false));
    }
}
