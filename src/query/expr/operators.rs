//! Operators that are functions of ours, and what such a function is called where it is spoken of.

use sqlparser::ast::BinaryOperator as Op;

use super::own;

/// The function that an operator stands for.
pub(super) fn operator(op: &Op) -> Option<&'static str> {
    Some(match op {
        Op::Modulo => own::REMAINDER,
        Op::DuckIntegerDivide => own::QUOTIENT,
        Op::BitwiseXor => "pow",
        Op::PGBitwiseShiftLeft => own::LEFT,
        Op::PGBitwiseShiftRight => own::RIGHT,
        Op::BitwiseAnd => own::AND,
        Op::BitwiseOr => own::OR,
        Op::PGBitwiseXor => own::XOR,
        Op::PGStartsWith => "starts_with",
        Op::Arrow => own::EXTRACT,
        Op::LongArrow => own::EXTRACT_TEXT,
        _ => return None,
    })
}

/// The operator that a function stands for.
pub(super) fn operator_of(name: &str) -> Option<&'static str> {
    Some(match name {
        own::REMAINDER => "%",
        own::QUOTIENT => "//",
        own::LEFT => "<<",
        own::RIGHT => ">>",
        own::AND => "&",
        own::OR => "|",
        own::NOT => "~",
        own::ROUND_WRITTEN => "round",
        own::LIKE => "LIKE",
        own::SIMILAR => "SIMILAR TO",
        own::POSITION => "position",
        own::SUBSTRING => "substring",
        own::TO_INSTANT | own::TO_WALL => "AT TIME ZONE",
        own::BUCKET_MONTHS => "time_bucket",
        own::TRUNCATE_YEARS | own::TRUNCATE_ISO_YEAR => "date_trunc",
        _ => return None,
    })
}
