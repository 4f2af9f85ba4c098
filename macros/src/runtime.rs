//! The runtime that an async test or `main` runs on: `flavor`, `worker_threads` and `start_paused`, as tokio's attributes have them.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, ItemFn, Lit, MetaNameValue, Result, ReturnType, Token};

/// How many workers a `multi_thread` runtime has, if it is not said.
const WORKERS: usize = 2;

/// What is said of the runtime.
#[derive(Default)]
pub(crate) struct Runtime {
    /// Whether it is `multi_thread`.
    flavor: Option<(bool, Span)>,
    workers: Option<(TokenStream, Span)>,
    paused: Option<Span>,
}

impl Runtime {
    pub(crate) fn set_flavor(&mut self, text: &str, span: Span) -> Result<()> {
        let is_multi = match text {
            "current_thread" => false,
            "multi_thread" => true,
            _ => {
                let message =
                    format!("no flavor is called `{text}`: it is \"current_thread\" or \"multi_thread\"");
                return Err(Error::new(span, message));
            }
        };
        self.flavor = Some((is_multi, span));
        Ok(())
    }

    pub(crate) fn set_workers(&mut self, workers: TokenStream, span: Span) {
        self.workers = Some((workers, span));
    }

    pub(crate) fn set_paused(&mut self, span: Span) {
        self.paused = Some(span);
    }

    /// Whether what is said makes sense.
    pub(crate) fn check(&self, is_async: bool) -> Result<()> {
        let is_multi = self.flavor.is_some_and(|(is_multi, _)| is_multi);
        if let Some((_, span)) = self.workers.as_ref().filter(|_| !is_multi) {
            return Err(Error::new(*span, "`worker_threads` needs `flavor = \"multi_thread\"`"));
        }
        let any = self.flavor.map(|(_, span)| span).or(self.paused);
        let Some(span) = any else { return Ok(()) };
        if !is_async {
            return Err(Error::new(
                span,
                "this is about the runtime of an async test, and the test is no `async fn`",
            ));
        }
        if cfg!(not(feature = "tokio")) {
            return Err(Error::new(
                span,
                "a runtime needs drawloom's feature `tokio`: `drawloom = { version = \"0.1\", features = [\"tokio\"] }`",
            ));
        }
        Ok(())
    }

    /// How many workers there are: `None` for `current_thread`.
    pub(crate) fn workers(&self) -> TokenStream {
        match (&self.flavor, &self.workers) {
            (Some((true, _)), Some((workers, _))) => quote!(::core::option::Option::Some(#workers)),
            (Some((true, _)), None) => quote!(::core::option::Option::Some(#WORKERS)),
            _ => quote!(::core::option::Option::None),
        }
    }
}

/// The expansion of `#[drawloom::tokio::main(arguments)] item`.
pub(crate) fn main(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let ItemFn { attrs, vis, mut sig, block } = syn::parse2(item)?;
    if sig.asyncness.take().is_none() {
        let message = "the `async` keyword is missing from the function declaration";
        return Err(Error::new_spanned(sig.fn_token, message));
    }
    let mut builder = quote!(::drawloom::tokio::runtime::Builder::new_multi_thread());
    let mut settings = TokenStream::new();
    let written = Punctuated::<MetaNameValue, Token![,]>::parse_terminated.parse2(arguments)?;
    for argument in written {
        let value = &argument.value;
        let text = match value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        };
        match (argument.path.get_ident().map(ToString::to_string).as_deref(), text.as_deref()) {
            (Some("flavor"), Some("multi_thread")) => {}
            (Some("flavor"), Some("current_thread")) => {
                builder = quote!(::drawloom::tokio::runtime::Builder::new_current_thread());
            }
            (Some("worker_threads"), None) => settings.extend(quote!(.worker_threads(#value))),
            (Some("flavor"), _) => {
                return Err(Error::new_spanned(value, "it is \"current_thread\" or \"multi_thread\""));
            }
            _ => {
                let message = "no argument is called so; there are `flavor` and `worker_threads`";
                return Err(Error::new_spanned(&argument.path, message));
            }
        }
    }
    let output = match &sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, output) => quote!(#output),
    };
    Ok(quote! {
        #(#attrs)*
        #vis #sig {
            // Said, so that `?` in the body knows it.
            async fn body() -> #output #block
            #builder
                #settings
                .enable_all()
                .build()
                .expect("Failed building the Runtime")
                .block_on(body())
        }
    })
}
