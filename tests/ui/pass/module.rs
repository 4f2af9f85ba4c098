mod tests {
    macro_rules! strategies {
        ($($name:ident = $strategy:literal),*) => {
            $(#[drawloom::test(strategy = $strategy)] fn $name() {})*
        };
    }

    strategies!(random = "random", pct = "pct:3", pos = "pos");
}

fn main() {}
