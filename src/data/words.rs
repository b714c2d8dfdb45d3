//! Numbers and texts as people read them, the same in the window, on the command line and in what is said of data.

use std::borrow::Cow;

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

/// A text of at most so many letters; what is left out is told by an ellipsis.
pub fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

/// `text` with what a terminal would take for a command, or what would turn the order of what is shown, as symbols: the
/// escape character as `␛`, others by their code. Line ends are such characters, too.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match u32::from(c) {
            // Unicode has pictures of them in the same order.
            code @ 0..=0x1f => shown.extend(char::from_u32(0x2400 + code)),
            0x7f => shown.push('␡'),
            code if is_hidden(c) => shown.push_str(&format!("<{code:04X}>")),
            _ => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same of a text of several lines, whose ends stay.
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// Control characters, and those that embed, override or isolate a direction or end a line.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A percentage that is never 0 before the start nor 100 before the end.
pub fn percent(share: f64) -> String {
    let p = share.clamp(0.0, 1.0) * 100.0;
    if p > 0.0 && p < 1.0 {
        "1 %".to_owned()
    } else {
        format!("{:.0} %", p.round().min(if p < 100.0 { 99.0 } else { 100.0 }))
    }
}
