//! The fields of a variant have rules.

use diptych::ValidateVariants;

#[derive(ValidateVariants)]
enum Means {
    Card {
        #[validate(length(equal = 4))]
        last_four: String,
    },
    Transfer(#[validate(length(min = 1))] String),
    Cash,
}

fn main() {}
