//! Labels whose letters are of several scripts: `оffice` with a Cyrillic `о` is not the `office` that it looks like.

use std::collections::HashSet;

use unicode_script::{Script, ScriptExtension, UnicodeScript};

use super::item::{Item, Note, Notes};
use crate::list::diagnostic::Code;
use crate::shown::Shown;

/// Warns of each such label, where it stands first.
pub(super) fn scripts(notes: &mut Notes<'_, '_, '_>) {
    let mut seen = HashSet::new();
    for item in Item::all(notes.list) {
        let Some(entry) = item.entries.first() else { continue }; // all entries of an item have the same label
        let Some(label) = entry.label().filter(|label| !label.as_str().is_ascii()) else { continue };
        let Some([one, other]) = seen.insert(label).then(|| mixed(label.as_str())).flatten() else {
            continue;
        };
        notes.warn(entry, Code::MixedScripts, || {
            let named = |c: char| format!("{} (`{c}`, U+{:04X})", c.script().full_name(), u32::from(c));
            let message = format!(
                "the label `{}` mixes letters of {} and {}",
                Shown(label.as_str()),
                named(one),
                named(other)
            );
            Note::new(message, "make sure that it is what it looks like")
        });
    }
}

/// The first two letters that no script has both. Those of East Asia stand beside all others as they do in every text
/// there: nobody takes them for letters of an alphabet.
fn mixed(label: &str) -> Option<[char; 2]> {
    let mut common = ScriptExtension::default();
    let mut first = None;
    for letter in label.chars().filter(|c| c.is_alphabetic() && !is_east_asian(c.script())) {
        let scripts = letter.script_extension();
        if scripts.is_common() || scripts.is_inherited() || scripts.is_empty() {
            continue;
        }
        let first = *first.get_or_insert(letter);
        common.intersect_with(scripts);
        if common.is_empty() {
            return Some([first, letter]);
        }
    }
    None
}

fn is_east_asian(script: Script) -> bool {
    matches!(script, Script::Han | Script::Hiragana | Script::Katakana | Script::Bopomofo | Script::Hangul)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets_are_told_apart() {
        for (label, expected) in [
            ("office", None),
            ("büro", None),
            ("офис", None),
            ("γραφείο", None),
            ("Tokyo 事務所", None),
            ("ソウル 서울 Seoul", None),
            ("office 🏢 №1 µ", None),
            ("e\u{301}té", None),
            ("\u{43e}ffice", Some(['\u{43e}', 'f'])),
            ("offi\u{441}e", Some(['o', '\u{441}'])),
            ("\u{39f}ffice", Some(['\u{39f}', 'f'])),
            ("off\u{456}ce", Some(['o', '\u{456}'])),
            ("\u{3bf}\u{444}\u{438}\u{441}", Some(['\u{3bf}', '\u{444}'])),
        ] {
            assert_eq!(mixed(label), expected, "{label}");
        }
    }
}
