//! Options of the commands. An option is one line, which carries what it does: the parser and the help loop over the
//! same slice, and an option without an effect does not compile.

use lexopt::prelude::*;

use crate::data::near::nearest;
use crate::data::{Fault, Result};

/// An option of a command whose arguments are an `A`.
#[derive(Debug)]
pub struct CliOption<A: 'static> {
    /// Without dashes.
    pub name: &'static str,
    /// What stands after it, as the help shows it.
    pub value: &'static str,
    pub about: &'static str,
    /// Takes a value over into the arguments; the name is for errors.
    pub set: fn(&mut A, &'static str, String) -> Result<()>,
}

/// Reads `args` into `into`. False when help was asked for.
///
/// # Errors
/// An unknown option, an option without a value, or a value that does not fit.
pub fn parse<A>(args: &[String], options: &[CliOption<A>], into: &mut A) -> Result<bool> {
    let usage = |e: lexopt::Error| Fault::new(e.to_string());
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next().map_err(usage)? {
        let name = match arg {
            Short('h') | Long("help") => return Ok(false),
            Long(name) => name.to_owned(),
            other => return Err(usage(other.unexpected())),
        };
        let option = options.iter().find(|option| option.name == name).ok_or_else(|| unknown(&name, options))?;
        let value = parser.value().map_err(usage)?.string().map_err(usage)?;
        (option.set)(into, option.name, value)?;
    }
    Ok(true)
}

fn unknown<A>(name: &str, options: &[CliOption<A>]) -> Fault {
    let known: Vec<&str> = options.iter().map(|option| option.name).collect();
    let fault = Fault::new(format!("there is no option --{name}"));
    match nearest(name, &known) {
        Some(near) => fault.hint(format!("did you mean --{near}?")),
        None => fault,
    }
}
