//! From a function and the attribute's arguments to a `#[test]` that hands the body to drawloom's runner.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    AttrStyle, Attribute, Error, Expr, FnArg, Item, ItemFn, Meta, Pat, Result, ReturnType, Token, Type,
};

use crate::arguments::Arguments;
use crate::unseen::Unseen;

/// The expansion of `#[drawloom::test(arguments)] item`.
pub(crate) fn test(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    // What the attribute stands on comes first: arguments for something that is no test are beside the point.
    let function = testable(item)?;
    let arguments: Arguments = syn::parse2(arguments)?;
    arguments.runtime.check(function.sig.asyncness.is_some())?;
    let inputs = Inputs::of(&function)?;
    Ok(expansion(&arguments, &function, &inputs))
}

/// The expansion of `#[drawloom::tokio::test(arguments)] item`.
pub(crate) fn async_test(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function = testable(item.clone())?;
    if function.sig.asyncness.is_none() {
        let message = "the `async` keyword is missing from the function declaration";
        return Err(Error::new_spanned(function.sig.fn_token, message));
    }
    test(arguments, item)
}

fn expansion(arguments: &Arguments, function: &ItemFn, inputs: &Inputs) -> TokenStream {
    let ItemFn { attrs, vis: visibility, sig: signature, block } = function;
    // `#![allow(…)]` at the beginning of the body says something about all of it.
    let (attributes, inner): (Vec<&Attribute>, Vec<&Attribute>) =
        attrs.iter().partition(|attribute| matches!(attribute.style, AttrStyle::Outer));
    let name = &signature.ident;
    let output = &signature.output;
    let calls = &arguments.calls;
    let keep_regressions = if arguments.expects_failure { quote!(false) } else { keep_regressions(attrs) };
    // Always spelled out: left to inference, the type of a body that only panics would be `!`.
    let output = match output {
        ReturnType::Default => quote!(-> ()),
        ReturnType::Type(..) => quote!(#output),
    };
    let block = match signature.asyncness {
        None => quote!(#block),
        // A function and not an async block, for `?` in the body needs to know the return type.
        Some(_) => {
            let Inputs { patterns, types, .. } = inputs;
            let names: Vec<_> = (0..patterns.len()).map(|number| format_ident!("__input_{number}")).collect();
            let bind = (!names.is_empty()).then(|| quote!(let (#(#names,)*) = __inputs;));
            let workers = arguments.runtime.workers();
            quote!({
                async fn #name(#(#patterns: #types),*) #output #block
                #bind
                ::drawloom::__private::block_on(#workers, #name(#(#names),*))
            })
        }
    };
    let Unseen { plain_memory, arc_counts } = Unseen::of(function.block.to_token_stream());
    let case = quote! {
        ::drawloom::__private::TestCase {
            name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
            manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
            keep_regressions: #keep_regressions,
            plain_memory: #plain_memory,
            arc_counts: #arc_counts,
            config: ::drawloom::Config::new() #calls,
        }
    };
    let run = run(&case, signature.asyncness.is_some(), inputs, &output, &block);
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() {
            #(#inner)*
            #run
        }
    }
}

/// The call that explores the body.
fn run(
    case: &TokenStream,
    is_async: bool,
    inputs: &Inputs,
    output: &TokenStream,
    block: &TokenStream,
) -> TokenStream {
    let Inputs { patterns, types, strategies } = inputs;
    if patterns.is_empty() {
        return quote!(::drawloom::__private::run_test(#case, || #output #block,));
    }
    let names: Vec<_> = (0..patterns.len()).map(|number| format_ident!("__input_{number}")).collect();
    // The body's own names are bound inside of it, and not where it is called asynchronously.
    let bind = if is_async { quote!() } else { quote!(let (#(#patterns,)*) = __inputs;) };
    quote! {
        ::drawloom::__private::run_property_test(
            #case,
            (#(#strategies,)*),
            |__inputs: &(#(#types,)*)| {
                let (#(#names,)*) = __inputs;
                let __described: &[::std::string::String] =
                    &[#(::std::format!("{} = {:?}", ::core::stringify!(#patterns), #names)),*];
                __described.join(", ")
            },
            |__inputs: (#(#types,)*)| #output { #bind #block },
        )
    }
}

/// Whether a failing schedule is worth keeping: not where the test wants to fail.
fn keep_regressions(attributes: &[Attribute]) -> TokenStream {
    if attributes.iter().any(|a| a.path().is_ident("should_panic")) {
        return quote!(false);
    }
    let conditions = attributes.iter().filter_map(should_panic_condition);
    quote!(true #(&& !::core::cfg!(#conditions))*)
}

/// The condition of a `#[cfg_attr(condition, should_panic)]`.
fn should_panic_condition(attribute: &Attribute) -> Option<Meta> {
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let list = &attribute.meta.require_list().ok()?.tokens;
    let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(list.clone()).ok()?;
    let panics = metas.iter().skip(1).any(|meta| meta.path().is_ident("should_panic"));
    panics.then(|| metas[0].clone())
}

/// The function, if the test harness could call it.
fn testable(item: TokenStream) -> Result<ItemFn> {
    let function = match syn::parse2::<Item>(item)? {
        Item::Fn(function) => function,
        other => {
            return Err(Error::new_spanned(
                other,
                "`#[drawloom::test]` stands on a function: `fn name() { … }` or `async fn name() { … }`",
            ));
        }
    };
    let signature = &function.sig;
    let refuse = |span, message: &str| Err(Error::new(span, message));
    if let Some(attribute) = function.attrs.iter().find(|a| a.path().is_ident("test")) {
        return refuse(attribute.span(), "`#[drawloom::test]` already makes this a test; remove `#[test]`");
    }
    if let Some(token) = &signature.constness {
        return refuse(token.span(), "a test cannot be `const`; remove the word");
    }
    if let Some(token) = &signature.unsafety {
        return refuse(
            token.span(),
            "a test cannot be `unsafe`, for nobody could keep its promise; use an `unsafe` block inside",
        );
    }
    if let Some(abi) = &signature.abi {
        return refuse(abi.span(), "a test cannot be `extern`; remove the word and its ABI");
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &signature.generics,
            "a test cannot be generic, for nothing says which types to test with; \
             call a generic function from the tests",
        ));
    }
    if let Some(clause) = &signature.generics.where_clause {
        return Err(Error::new_spanned(clause, "a test cannot have a `where` clause, for it is not generic"));
    }
    Ok(function)
}

/// The parameters of a test, and what draws their values.
struct Inputs {
    patterns: Vec<Pat>,
    types: Vec<Type>,
    strategies: Vec<Expr>,
}

impl Inputs {
    fn of(function: &ItemFn) -> Result<Inputs> {
        let mut inputs = Inputs { patterns: Vec::new(), types: Vec::new(), strategies: Vec::new() };
        for parameter in &function.sig.inputs {
            let FnArg::Typed(parameter) = parameter else {
                return Err(Error::new_spanned(parameter, "a test is no method; it cannot have `self`"));
            };
            let is_strategy = |attribute: &&Attribute| attribute.path().is_ident("strategy");
            let Some(strategy) = parameter.attrs.iter().find(is_strategy) else {
                return Err(Error::new_spanned(
                    parameter,
                    "nothing passes this parameter: let proptest draw it, `#[strategy(0..10u8)] n: u8`, or draw a value \
                     inside the body by `drawloom::choose`",
                ));
            };
            if cfg!(not(feature = "proptest")) {
                return Err(Error::new_spanned(
                    strategy,
                    "a parameter needs drawloom's feature `proptest`: \
                     `drawloom = { version = \"0.1\", features = [\"proptest\"] }`",
                ));
            }
            inputs.strategies.push(strategy.parse_args()?);
            inputs.patterns.push((*parameter.pat).clone());
            inputs.types.push((*parameter.ty).clone());
        }
        Ok(inputs)
    }
}

#[cfg(test)]
mod tests;
