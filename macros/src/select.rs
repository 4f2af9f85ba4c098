//! `select!`, `join!` and `try_join!` of `drawloom::tokio`.
//!
//! What comes first is the path of the crate drawloom, which the macros by example in it know. Names of the expansion are not seen
//! by the user's code: their spans are of this macro.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::visit_mut::VisitMut;
use syn::{Error, Expr, ExprBlock, Ident, Pat, PatIdent, Result, Token};

mod keyword {
    syn::custom_keyword!(biased);
}

/// One branch: `pattern = future, if condition => handler`.
struct Branch {
    pattern: Pat,
    future: Expr,
    condition: Option<Expr>,
    handler: Expr,
}

/// All that stands in `select!`.
struct Select {
    krate: TokenStream,
    is_biased: bool,
    branches: Vec<Branch>,
    otherwise: Option<Expr>,
}

/// The path of the crate: `{ path }`.
fn parse_crate(input: ParseStream<'_>) -> Result<TokenStream> {
    let content;
    syn::braced!(content in input);
    content.parse()
}

fn parse_biased(input: ParseStream<'_>) -> Result<bool> {
    if !input.peek(keyword::biased) || !input.peek2(Token![;]) {
        return Ok(false);
    }
    input.parse::<keyword::biased>()?;
    input.parse::<Token![;]>()?;
    Ok(true)
}

/// A handler, which ends by a comma unless it is a block or the last.
fn parse_handler(input: ParseStream<'_>) -> Result<Expr> {
    if input.peek(syn::token::Brace) {
        let ahead = input.fork();
        let block: ExprBlock = ahead.parse()?;
        // `{ … }.method()` is an expression, and ends by a comma.
        if ahead.is_empty() || ahead.peek(Token![,]) || !(ahead.peek(Token![.]) || ahead.peek(Token![?])) {
            input.parse::<ExprBlock>()?;
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
            }
            return Ok(Expr::Block(block));
        }
    }
    let handler: Expr = input.parse()?;
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
    } else if !input.is_empty() && !matches!(handler, Expr::Block(_)) {
        return Err(input.error("expected `,` after the handler of a branch"));
    }
    Ok(handler)
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> Result<Select> {
        let krate = parse_crate(input)?;
        let is_biased = parse_biased(input)?;
        let mut select = Select { krate, is_biased, branches: Vec::new(), otherwise: None };
        while !input.is_empty() {
            if input.peek(Token![else]) {
                input.parse::<Token![else]>()?;
                input.parse::<Token![=>]>()?;
                select.otherwise = Some(parse_handler(input)?);
                if !input.is_empty() {
                    return Err(input.error("`else` is the last branch of `select!`"));
                }
                break;
            }
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            input.parse::<Token![=]>()?;
            let future = input.parse()?;
            let mut condition = None;
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
                input.parse::<Token![if]>()?;
                condition = Some(input.parse()?);
            }
            input.parse::<Token![=>]>()?;
            let handler = parse_handler(input)?;
            select.branches.push(Branch { pattern, future, condition, handler });
        }
        if select.branches.is_empty() {
            return Err(Error::new(
                Span::call_site(),
                "`select!` needs a branch: `pattern = future => handler`",
            ));
        }
        if select.branches.len() > 64 {
            return Err(Error::new(Span::call_site(), "`select!` has 64 branches at most"));
        }
        Ok(select)
    }
}

/// Makes a pattern one that only looks: what it binds is neither moved nor borrowed alone.
struct OnlyLooks;

impl VisitMut for OnlyLooks {
    fn visit_pat_ident_mut(&mut self, pattern: &mut PatIdent) {
        pattern.by_ref = None;
        pattern.mutability = None;
        syn::visit_mut::visit_pat_ident_mut(self, pattern);
    }
}

fn own(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The expansion of `select!`.
pub(crate) fn select(input: TokenStream) -> Result<TokenStream> {
    let Select { krate, is_biased, branches, otherwise } = syn::parse2(input)?;
    let count = branches.len();
    let (futures, disabled, context, output, first) =
        (own("futures"), own("disabled"), own("context"), own("output"), own("first"));
    let (pending, offset, out, polling) = (own("is_pending"), own("offset"), own("Out"), own("polling"));
    let types: Vec<Ident> = (0..count).map(|n| format_ident!("T{n}", span = Span::mixed_site())).collect();
    let names: Vec<Ident> =
        (0..count).map(|n| format_ident!("Branch{n}", span = Span::mixed_site())).collect();
    let conditions = branches.iter().enumerate().filter_map(|(number, branch)| {
        let condition = branch.condition.as_ref()?;
        let bit = 1u64 << number;
        Some(quote!(if !(#condition) { #disabled |= #bit; }))
    });
    let values = branches.iter().map(|branch| {
        let future = &branch.future;
        quote!(#krate::tokio::__support::into_future(#future))
    });
    let arms = branches.iter().enumerate().map(|(number, branch)| {
        let (bit, index, name) = (1u64 << number, syn::Index::from(number), &names[number]);
        let mut pattern = branch.pattern.clone();
        OnlyLooks.visit_pat_mut(&mut pattern);
        let number = number as u32;
        quote! {
            #number => {
                // SAFETY: the futures stay where they are until they are dropped there.
                let future = unsafe { ::core::pin::Pin::new_unchecked(&mut futures.#index) };
                let value = match ::core::future::Future::poll(future, #context) {
                    ::core::task::Poll::Ready(value) => value,
                    ::core::task::Poll::Pending => {
                        #pending = true;
                        continue;
                    }
                };
                #disabled |= #bit;
                #[allow(unused_variables, unused_mut, clippy::manual_unwrap_or_default, clippy::match_ref_pats)]
                match &value {
                    #pattern => {}
                    _ => continue,
                }
                return ::core::task::Poll::Ready(#out::#name(value));
            }
        }
    });
    let handlers = branches.iter().enumerate().map(|(number, branch)| {
        let (name, pattern, handler) = (&names[number], &branch.pattern, &branch.handler);
        quote!(#out::#name(#pattern) => #handler,)
    });
    let otherwise = match otherwise {
        Some(handler) => quote!(#handler),
        None => quote!(::core::panic!("all branches are disabled and there is no else branch")),
    };
    let begin =
        if is_biased { quote!(0) } else { quote!(#krate::tokio::__support::first_branch(#count as u32)) };
    let mask = if count == 64 { u64::MAX } else { (1u64 << count) - 1 };
    let count = count as u32;
    Ok(quote! {{
        #[allow(clippy::enum_variant_names)]
        enum #out<#(#types),*> { #(#names(#types),)* Disabled }
        let #output = {
            let mut #disabled: u64 = 0;
            #(#conditions)*
            let mut #futures = (#(#values,)*);
            let mut #futures = &mut #futures;
            ::core::future::poll_fn(|#context| {
                if #krate::tokio::__support::gives_way(#context) {
                    return ::core::task::Poll::Pending;
                }
                if #disabled == #mask {
                    return ::core::task::Poll::Ready(#out::Disabled);
                }
                let #polling = #krate::tokio::__support::Within::branches();
                #[allow(unused_mut)]
                let mut #pending = false;
                let #first: u32 = #begin;
                let futures = &mut *#futures;
                for #offset in 0..#count {
                    let branch = (#first + #offset) % #count;
                    if #disabled >> branch & 1 == 1 {
                        continue;
                    }
                    #[allow(clippy::single_match)]
                    match branch {
                        #(#arms)*
                        _ => ::core::unreachable!(),
                    }
                }
                if #pending {
                    ::core::task::Poll::Pending
                } else {
                    ::core::task::Poll::Ready(#out::Disabled)
                }
            })
            .await
        };
        #[allow(unreachable_patterns)]
        match #output {
            #(#handlers)*
            #out::Disabled => #otherwise,
            _ => ::core::unreachable!("the pattern has fitted before"),
        }
    }})
}

/// All that stands in `join!` or `try_join!`.
struct Join {
    krate: TokenStream,
    is_biased: bool,
    futures: Vec<Expr>,
}

impl Parse for Join {
    fn parse(input: ParseStream<'_>) -> Result<Join> {
        let krate = parse_crate(input)?;
        let is_biased = parse_biased(input)?;
        let futures = input.parse_terminated(Expr::parse, Token![,])?.into_iter().collect();
        Ok(Join { krate, is_biased, futures })
    }
}

/// The expansion of `join!`, or of `try_join!` if `tries`.
pub(crate) fn join(input: TokenStream, tries: bool) -> Result<TokenStream> {
    let Join { krate, is_biased, futures: values } = syn::parse2(input)?;
    let count = values.len() as u32;
    if count == 0 {
        return Ok(if tries { quote!(::core::result::Result::Ok(())) } else { quote!(()) });
    }
    let (futures, context, first) = (own("futures"), own("context"), own("first"));
    let indices: Vec<syn::Index> = (0..values.len()).map(syn::Index::from).collect();
    let numbers = 0..count;
    let failed = tries.then(|| {
        quote! {
            if let ::core::option::Option::Some(error) = future.as_mut().take_error() {
                return ::core::task::Poll::Ready(::core::result::Result::Err(error));
            }
        }
    });
    let outputs = quote! {
        (#({
            // SAFETY: the futures stay where they are until they are dropped there.
            unsafe { ::core::pin::Pin::new_unchecked(&mut futures.#indices) }.take_output()
        },)*)
    };
    let outputs = if tries {
        quote! {{
            let outputs = #outputs;
            ::core::result::Result::Ok((#(outputs.#indices.unwrap_or_else(|_| ::core::unreachable!()),)*))
        }}
    } else {
        outputs
    };
    // Each poll begins with another future, so that none takes the whole budget each time.
    let next = if is_biased { quote!() } else { quote!(#first = (#first + 1) % #count;) };
    Ok(quote! {{
        let mut #futures = (#(#krate::tokio::__support::MaybeDone::new(#values),)*);
        let mut #futures = &mut #futures;
        let mut #first: u32 = 0;
        ::core::future::poll_fn(move |#context| {
            let futures = &mut *#futures;
            let mut is_pending = false;
            let begin = #first;
            #next
            for offset in 0..#count {
                match (begin + offset) % #count {
                    #(#numbers => {
                        // SAFETY: the futures stay where they are until they are dropped there.
                        #[allow(unused_mut)]
                        let mut future = unsafe { ::core::pin::Pin::new_unchecked(&mut futures.#indices) };
                        is_pending |= future.as_mut().poll_once(#context).is_pending();
                        #failed
                    })*
                    _ => ::core::unreachable!(),
                }
            }
            if is_pending {
                return ::core::task::Poll::Pending;
            }
            ::core::task::Poll::Ready(#outputs)
        })
        .await
    }})
}
