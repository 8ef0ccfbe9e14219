//! Characters that nobody sees, and that change how what stands around them is seen.

/// What kind of invisible character this is; `None` for all others.
///
/// These are the code points of the property `Default_Ignorable_Code_Point` (Unicode 17, `DerivedCoreProperties.txt`:
/// bidirectional controls, zero widths, fillers, variation selectors, tags, and what is reserved for such), the line and
/// paragraph separators, and the marks of annotations, which the property leaves out.
pub(crate) fn kind(character: char) -> Option<&'static str> {
    Some(match character {
        ..'\u{ad}' => return None,
        '\u{ad}' => "a soft hyphen",
        '\u{61c}' | '\u{200e}' | '\u{200f}' => "a mark of direction",
        '\u{200b}' => "a zero-width space",
        '\u{200c}' => "a zero-width non-joiner",
        '\u{200d}' => "a zero-width joiner",
        '\u{2028}' => "a line separator",
        '\u{2029}' => "a paragraph separator",
        '\u{202a}' => "a left-to-right embedding",
        '\u{202b}' => "a right-to-left embedding",
        '\u{202c}' => "the end of an embedding or override",
        '\u{202d}' => "a left-to-right override",
        '\u{202e}' => "a right-to-left override",
        '\u{2060}' => "a word joiner",
        '\u{2066}'..='\u{2068}' => "an isolate of direction",
        '\u{2069}' => "the end of an isolate of direction",
        '\u{feff}' => "a byte-order mark",
        '\u{180e}' => "a Mongolian vowel separator",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "a Hangul filler",
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            "a variation selector"
        }
        '\u{fff9}'..='\u{fffb}' => "a mark of an annotation",
        '\u{e0000}'..='\u{e007f}' => "a tag",
        '\u{34f}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{2061}'..='\u{206f}'
        | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0080}'..='\u{e0fff}' => "an invisible character",
        _ => return None,
    })
}

/// Whether nobody sees it, or it changes how what stands around it is seen.
pub(crate) fn is_invisible(character: char) -> bool {
    kind(character).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand from the file that is named above.
    #[test]
    fn the_ranges_end_where_unicode_ends_them() {
        for range in [
            '\u{ad}'..='\u{ad}',
            '\u{34f}'..='\u{34f}',
            '\u{61c}'..='\u{61c}',
            '\u{115f}'..='\u{1160}',
            '\u{17b4}'..='\u{17b5}',
            '\u{180b}'..='\u{180f}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{3164}'..='\u{3164}',
            '\u{fe00}'..='\u{fe0f}',
            '\u{feff}'..='\u{feff}',
            '\u{ffa0}'..='\u{ffa0}',
            '\u{fff0}'..='\u{fffb}',
            '\u{1bca0}'..='\u{1bca3}',
            '\u{1d173}'..='\u{1d17a}',
            '\u{e0000}'..='\u{e0fff}',
        ] {
            let before = char::from_u32(u32::from(*range.start()) - 1);
            let after = char::from_u32(u32::from(*range.end()) + 1);
            for outside in [before, after].into_iter().flatten() {
                assert!(!is_invisible(outside), "{outside:?}");
            }
            for inside in range {
                assert!(is_invisible(inside), "{inside:?}");
            }
        }
        assert!(!" \t\u{a0}aüж事🏢\u{301}\u{200a}\u{2027}\u{202f}\u{3000}".contains(is_invisible));
    }
}
