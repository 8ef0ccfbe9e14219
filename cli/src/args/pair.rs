//! Two lists in the order in which they are written, each a file or `--entries`; or two sites.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, ValueHint, value_parser};

use crate::source::Source;
use crate::stream::{Input, Place};

const FILES: [&str; 2] = ["OLD", "NEW"];
const ENTRIES: &str = "entries";

/// The lists or sites to compare. The derived parser of options would lose their order.
#[derive(Debug)]
pub(crate) struct Pair([Side; 2]);

#[derive(Debug)]
enum Side {
    Input(Input),
    Entries(String),
}

impl Pair {
    /// The list as it was, and as it would be.
    pub(crate) fn sources(&self) -> [Source<'_>; 2] {
        self.0.each_ref().map(|side| match side {
            Side::Input(input) => Source::Input(input),
            Side::Entries(text) => Source::Entries(text),
        })
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = Place<'_>> {
        self.0.iter().zip(FILES).filter_map(|(side, name)| match side {
            Side::Input(input) => Some(Place::new(name, input)),
            Side::Entries(_) => None,
        })
    }
}

impl Args for Pair {
    fn augment_args(command: Command) -> Command {
        let file = |id: &'static str, help: &'static str| {
            let file = Arg::new(id).value_name(id).value_parser(value_parser!(Input));
            file.value_hint(ValueHint::AnyPath).help(help)
        };
        let [old, new] = FILES;
        let files = [
            file(old, "The list as it was, or the folder of a site; `-` is standard input"),
            file(new, "The list as it would be, or the folder of a site; `-` is standard input"),
        ];
        let entries = Arg::new(ENTRIES)
            .long("entries")
            .value_name("TEXT")
            .action(ArgAction::Append)
            .allow_hyphen_values(true)
            .help("A list as text, in the place of OLD or NEW: whichever is written first is OLD");
        command.args(files).arg(entries)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Pair::augment_args(command)
    }
}

impl FromArgMatches for Pair {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Pair, Error> {
        let file = |id| Some((matches.index_of(id)?, Side::Input(matches.get_one::<Input>(id)?.clone())));
        let texts = matches.get_many(ENTRIES).into_iter().flatten().cloned().map(Side::Entries);
        let texts = matches.indices_of(ENTRIES).into_iter().flatten().zip(texts);
        let mut sides: Vec<(usize, Side)> = FILES.into_iter().filter_map(file).chain(texts).collect();
        sides.sort_by_key(|(place, _)| *place);
        let sides: Vec<Side> = sides.into_iter().map(|(_, side)| side).collect();
        let pair = <[Side; 2]>::try_from(sides).map_err(|sides| {
            let given = match sides.len() {
                0 => "none is given".to_owned(),
                1 => "one is given".to_owned(),
                more => format!("{more} are given"),
            };
            let sentence = format!("two lists are compared, OLD and NEW, and {given}");
            Error::raw(ErrorKind::WrongNumberOfValues, sentence)
        })?;
        Ok(Pair(pair))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Pair::from_arg_matches(matches)?;
        Ok(())
    }
}
