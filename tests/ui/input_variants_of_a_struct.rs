//! The rules of variants, on a struct.

use diptych::ValidateVariants;

#[derive(ValidateVariants)]
struct Card {
    last_four: String,
}

fn main() {}
