//! A variant of an input holds a type that has no rules.

use diptych::ValidateVariants;

#[derive(ValidateVariants)]
enum Means {
    Card(Card),
    Cash,
}

struct Card {
    number: String,
}

fn main() {}
