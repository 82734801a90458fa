//! The rules of `validator` on a [`Patch`]: those of the value, when there is one.
//!
//! Two are not there, so that the compiler refuses them: `required`, which a `Patch` never is, and `contains`, from which
//! `validator` takes `does_not_contain` by negation, so that one of the two would refuse a field that was left out.

use super::Patch;
use std::{borrow::Cow, iter};
use validator::{
    AsRegex, Validate, ValidateArgs, ValidateContains, ValidateDoesNotContain, ValidateEmail, ValidateIp,
    ValidateLength, ValidateNonControlCharacter, ValidateRange, ValidateRegex, ValidateUrl, ValidationErrors,
};

impl<T: Validate> Validate for Patch<T> {
    fn validate(&self) -> Result<(), ValidationErrors> {
        self.set().map_or(Ok(()), Validate::validate)
    }
}

impl<'v_a, T: ValidateArgs<'v_a>> ValidateArgs<'v_a> for Patch<T> {
    type Args = T::Args;
    fn validate_with_args(&self, args: Self::Args) -> Result<(), ValidationErrors> {
        self.set().map_or(Ok(()), |value| value.validate_with_args(args))
    }
}

impl<T: ValidateLength<u64>> ValidateLength<u64> for Patch<T> {
    fn length(&self) -> Option<u64> {
        self.set()?.length()
    }
}

/// One type for the value and its bounds, as in `validator`: the bounds are literals, whose type is found by it.
impl<T: ValidateRange<T>> ValidateRange<T> for Patch<T> {
    fn greater_than(&self, max: T) -> Option<bool> {
        self.set()?.greater_than(max)
    }

    fn less_than(&self, min: T) -> Option<bool> {
        self.set()?.less_than(min)
    }
}

impl<T: ValidateEmail> ValidateEmail for Patch<T> {
    fn as_email_string(&self) -> Option<Cow<'_, str>> {
        self.set()?.as_email_string()
    }
}

impl<T: ValidateUrl> ValidateUrl for Patch<T> {
    fn as_url_string(&self) -> Option<Cow<'_, str>> {
        self.set()?.as_url_string()
    }
}

impl<T: ValidateRegex> ValidateRegex for Patch<T> {
    fn validate_regex(&self, regex: impl AsRegex) -> bool {
        self.set().is_none_or(|value| value.validate_regex(regex))
    }
}

impl<T: ValidateContains> ValidateDoesNotContain for Patch<T> {
    fn validate_does_not_contain(&self, needle: &str) -> bool {
        self.set().is_none_or(|value| !value.validate_contains(needle))
    }
}

impl<T: ValidateIp> ValidateIp for Patch<T> {
    fn validate_ipv4(&self) -> bool {
        self.set().is_none_or(ValidateIp::validate_ipv4)
    }

    fn validate_ipv6(&self) -> bool {
        self.set().is_none_or(ValidateIp::validate_ipv6)
    }

    fn validate_ip(&self) -> bool {
        self.set().is_none_or(ValidateIp::validate_ip)
    }
}

impl<T: ValidateNonControlCharacter> ValidateNonControlCharacter for Patch<T> {
    fn as_non_control_character_iterator(&self) -> Box<dyn Iterator<Item = char> + '_> {
        self.set().map_or_else(|| Box::new(iter::empty()) as _, T::as_non_control_character_iterator)
    }
}
