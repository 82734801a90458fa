//! Whole numbers in a column of exact numbers: the sum of a BIGINT column has such a type on PostgreSQL and MySQL, lest it be too
//! large. One that is, or that has a fraction, is an error.

/// A NUMERIC as PostgreSQL sends it: the number of digits of base 10,000, the place of the first, the sign, and the digits.
#[cfg(feature = "postgres")]
pub(super) fn postgres(bytes: &[u8]) -> Option<i64> {
    let mut halves = bytes.chunks_exact(2).map(|half| i16::from_be_bytes([half[0], half[1]]));
    let (count, first, sign, _scale) = (halves.next()?, halves.next()?, halves.next()?, halves.next()?);
    let mut number = 0_i128;
    let mut digits = halves.take(usize::try_from(count).ok()?);
    if first > 4 {
        return None;
    }
    for _ in 0..=first {
        number = number * 10_000 + i128::from(digits.next().unwrap_or(0));
    }
    // What is left is behind the point.
    if digits.any(|digit| digit != 0) {
        return None;
    }
    match sign.cast_unsigned() {
        0x0000 => i64::try_from(number).ok(),
        0x4000 => i64::try_from(-number).ok(),
        // Not a number, or infinite.
        _ => None,
    }
}

/// A DECIMAL as MySQL sends it: text.
#[cfg(feature = "mysql")]
pub(super) fn mysql(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "postgres")]
    #[test]
    fn a_numeric_of_postgresql_is_read_when_it_is_whole() {
        let sent = |halves: &[i16]| halves.iter().flat_map(|half| half.to_be_bytes()).collect::<Vec<_>>();
        let minus = 0x4000;
        let cases: [(&[i16], Option<i64>); 10] = [
            (&[0, 0, 0, 0], Some(0)),
            (&[1, 0, 0, 0, 42], Some(42)),
            (&[1, 0, minus, 0, 42], Some(-42)),
            // 10,000 has one digit that is sent.
            (&[1, 1, 0, 0, 1], Some(10_000)),
            (&[2, 1, 0, 2, 1, 234], Some(10_234)),
            (&[5, 4, minus, 0, 922, 3372, 368, 5477, 5808], Some(i64::MIN)),
            (&[5, 4, 0, 0, 922, 3372, 368, 5477, 5808], None),
            (&[2, 0, 0, 1, 1, 5000], None),
            (&[1, 9, 0, 0, 1], None),
            (&[0, 0, -0x4000, 0], None),
        ];
        for (halves, expected) in cases {
            assert_eq!(super::postgres(&sent(halves)), expected, "{halves:?}");
        }
        assert_eq!(super::postgres(&[0]), None);
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn a_decimal_of_mysql_is_read_when_it_is_whole() {
        for (text, expected) in
            [("0", Some(0)), ("-42", Some(-42)), ("7.00", Some(7)), ("7.5", None), ("9223372036854775808", None)]
        {
            assert_eq!(super::mysql(text), expected, "{text}");
        }
    }
}
