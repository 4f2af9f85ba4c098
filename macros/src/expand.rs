//! From a function and the attribute's arguments to a `#[test]` that hands the body to drawloom's runner.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Item, ItemFn, Meta, Result, ReturnType, Token};

use crate::arguments::Arguments;

/// The expansion of `#[drawloom::test(arguments)] item`.
pub(crate) fn test(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    // What the attribute stands on comes first: arguments for something that is no test are beside the point.
    let function = testable(item)?;
    let arguments: Arguments = syn::parse2(arguments)?;
    Ok(expansion(&arguments, &function))
}

fn expansion(arguments: &Arguments, function: &ItemFn) -> TokenStream {
    let ItemFn { attrs: attributes, vis: visibility, sig: signature, block } = function;
    let name = &signature.ident;
    let output = &signature.output;
    let calls = &arguments.calls;
    let keep_regressions =
        if arguments.expects_failure { quote!(false) } else { keep_regressions(attributes) };
    // Always spelled out: left to inference, the type of a body that only panics would be `!`.
    let output = match output {
        ReturnType::Default => quote!(-> ()),
        ReturnType::Type(..) => quote!(#output),
    };
    let body = match signature.asyncness {
        None => quote!(|| #output #block),
        // A function and not an async block, for `?` in the body needs to know the return type.
        Some(_) => quote! {
            || #output {
                async fn #name() #output #block
                ::drawloom::future::block_on(#name())
            }
        },
    };
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() {
            ::drawloom::__private::run_test(
                ::drawloom::__private::TestCase {
                    name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                    manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                    keep_regressions: #keep_regressions,
                    config: ::drawloom::Config::new() #calls,
                },
                #body,
            )
        }
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
    if !signature.inputs.is_empty() {
        return Err(Error::new_spanned(
            &signature.inputs,
            "a test takes no parameters, for nothing passes them; \
             `drawloom::choose` draws a value inside the body",
        ));
    }
    Ok(function)
}

#[cfg(test)]
mod tests;
