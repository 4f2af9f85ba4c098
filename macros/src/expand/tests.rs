use super::*;

fn expanded(arguments: TokenStream, item: TokenStream) -> String {
    test(arguments, item).expect("the test is right").to_string().replace(' ', "")
}

fn error(item: TokenStream) -> String {
    match test(TokenStream::new(), item) {
        Ok(_) => panic!("this should be refused"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_body_becomes_a_closure() {
    assert_eq!(
        expanded(
            quote!(seed = 7),
            quote!(
                fn name() {
                    body();
                }
            )
        ),
        quote! {
            #[::core::prelude::v1::test]
            fn name() {
                ::drawloom::__private::run_test(
                    ::drawloom::__private::TestCase {
                        name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(name)),
                        manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                        keep_regressions: true,
                        plain_memory: false,
                        arc_counts: false,
                        config: ::drawloom::Config::new().seed(7u64),
                    },
                    || -> () { body(); },
                )
            }
        }
        .to_string()
        .replace(' ', "")
    );
}

#[test]
fn the_return_type_goes_to_the_closure() {
    let expansion = expanded(
        quote!(),
        quote!(
            fn name() -> Result<(), Error> {
                Ok(())
            }
        ),
    );
    assert!(expansion.contains("fnname(){"), "{expansion}");
    assert!(expansion.contains("||->Result<(),Error>{Ok(())}"), "{expansion}");
}

#[test]
fn an_async_body_is_blocked_on() {
    let expansion = expanded(
        quote!(),
        quote!(
            async fn name() -> Result<(), Error> {
                step().await
            }
        ),
    );
    assert!(expansion.contains("asyncfnname()->Result<(),Error>{step().await}"), "{expansion}");
    assert!(
        expansion.contains("::drawloom::__private::block_on(::core::option::Option::None,name())"),
        "{expansion}"
    );
}

#[test]
fn attributes_and_visibility_are_kept() {
    let expansion = expanded(
        quote!(),
        quote! {
            /// What it checks.
            #[cfg(unix)]
            #[ignore = "slow"]
            pub fn name() {}
        },
    );
    for kept in ["#[doc=r\"Whatitchecks.\"]", "#[cfg(unix)]", "#[ignore=\"slow\"]", "pubfnname()"] {
        assert!(expansion.contains(kept), "{kept} in {expansion}");
    }
}

#[test]
fn schedules_of_wanted_failures_are_not_kept() {
    let kept = |arguments, item| {
        let expansion = expanded(arguments, item);
        let start = expansion.find("keep_regressions:").expect("the field") + 17;
        let end = expansion.find(",plain_memory").expect("the next field");
        expansion[start..end].to_owned()
    };
    assert_eq!(
        kept(
            quote!(),
            quote!(
                fn name() {}
            )
        ),
        "true"
    );
    assert_eq!(
        kept(
            quote!(expect = "deadlock"),
            quote!(
                fn name() {}
            )
        ),
        "false"
    );
    assert_eq!(
        kept(
            quote!(),
            quote!(
                #[should_panic(expected = "text")]
                fn name() {}
            )
        ),
        "false"
    );
    assert_eq!(
        kept(
            quote!(),
            quote!(
                #[cfg_attr(unix, should_panic)]
                fn name() {}
            )
        ),
        "true&&!::core::cfg!(unix)"
    );
    assert_eq!(
        kept(
            quote!(),
            quote!(
                #[cfg_attr(unix, ignore)]
                fn name() {}
            )
        ),
        "true"
    );
}

#[test]
fn what_the_harness_cannot_call_is_refused() {
    assert!(
        error(quote!(
            struct Name;
        ))
        .contains("stands on a function")
    );
    assert!(
        error(quote!(
            mod name {}
        ))
        .contains("stands on a function")
    );
    assert!(
        error(quote!(
            const fn name() {}
        ))
        .contains("cannot be `const`")
    );
    assert!(
        error(quote!(
            unsafe fn name() {}
        ))
        .contains("cannot be `unsafe`")
    );
    assert!(
        error(quote!(
            extern "C" fn name() {}
        ))
        .contains("cannot be `extern`")
    );
    assert!(
        error(quote!(
            fn name<T>() {}
        ))
        .contains("cannot be generic")
    );
    assert!(
        error(quote!(
            fn name<'a>() {}
        ))
        .contains("cannot be generic")
    );
    assert!(
        error(quote!(
            fn name()
            where
                u32: Copy,
            {
            }
        ))
        .contains("`where` clause")
    );
    assert!(
        error(quote!(
            fn name(n: u32) {}
        ))
        .contains("nothing passes this parameter")
    );
    assert!(
        error(quote!(
            fn name(&self) {}
        ))
        .contains("no method")
    );
    assert!(
        error(quote!(
            #[test]
            fn name() {}
        ))
        .contains("remove `#[test]`")
    );
}
