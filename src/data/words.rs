//! Numbers as people read them, the same in the window, on the command line and in what is said of data.

/// `1234567` as `1,234,567`.
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// The same of digits, with or without a sign.
pub fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    out.push_str(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A percentage that is never 0 before the start nor 100 before the end.
pub fn percent(share: f64) -> String {
    let p = share.clamp(0.0, 1.0) * 100.0;
    if p > 0.0 && p < 1.0 { "1 %".to_owned() } else { format!("{:.0} %", p.round().min(if p < 100.0 { 99.0 } else { 100.0 })) }
}
