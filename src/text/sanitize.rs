//! Sanitizes untrusted bytes so that they are safe to print.
//!
//! Takes process names, command lines, paths, host and interface names, which other programs choose
//! freely. Returns text for any terminal or file: control characters, invalid UTF-8, and characters
//! that change the reading direction or are invisible become escapes (`\e`, `\n`, `\x1f`,
//! `\u{202e}`), so that nothing is hidden and no escape sequence takes effect.

use std::sync::Arc;

/// Maximum length of a sanitized text in input characters; the rest is replaced by `…`.
const MAX_CHARS: usize = 4096;

/// Escapes everything unsafe to print. Plain text is returned unchanged.
pub fn sanitize(bytes: &[u8]) -> Arc<str> {
    let mut out = String::with_capacity(bytes.len());
    let mut length = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            length += 1;
            if length > MAX_CHARS {
                out.push('…');
                return out.into();
            }
            push_sanitized(&mut out, c);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.into()
}

/// Returns whether the text contains nothing that [`sanitize()`] would escape.
pub fn is_sanitized(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_invisible(c))
}

fn push_sanitized(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{1b}' => out.push_str("\\e"),
        c if (c as u32) < 0x20 || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", c as u32)),
        c if c.is_control() || is_invisible(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        c => out.push(c),
    }
}

/// Returns whether the character reorders its neighbours or occupies no cell (Unicode Bidi_Control,
/// Default_Ignorable_Code_Point, line and paragraph separators).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::{is_sanitized, sanitize};

    /// `Default_Ignorable_Code_Point` of Unicode 17.0's `DerivedCoreProperties.txt`, one element per range.
    const DEFAULT_IGNORABLE: [RangeInclusive<char>; 27] = [
        '\u{00ad}'..='\u{00ad}',
        '\u{034f}'..='\u{034f}',
        '\u{061c}'..='\u{061c}',
        '\u{115f}'..='\u{1160}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180d}',
        '\u{180e}'..='\u{180e}',
        '\u{180f}'..='\u{180f}',
        '\u{200b}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2060}'..='\u{2064}',
        '\u{2065}'..='\u{2065}',
        '\u{2066}'..='\u{206f}',
        '\u{3164}'..='\u{3164}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{feff}'..='\u{feff}',
        '\u{ffa0}'..='\u{ffa0}',
        '\u{fff0}'..='\u{fff8}',
        '\u{1bca0}'..='\u{1bca3}',
        '\u{1d173}'..='\u{1d17a}',
        '\u{e0000}'..='\u{e0000}',
        '\u{e0001}'..='\u{e0001}',
        '\u{e0002}'..='\u{e001f}',
        '\u{e0020}'..='\u{e007f}',
        '\u{e0080}'..='\u{e00ff}',
        '\u{e0100}'..='\u{e01ef}',
        '\u{e01f0}'..='\u{e0fff}',
    ];

    /// `Bidi_Control` of `PropList.txt`, the line and paragraph separators, the control characters, and
    /// the interlinear annotation characters.
    const REORDERING_OR_CONTROL: [RangeInclusive<char>; 8] = [
        '\u{061c}'..='\u{061c}',
        '\u{200e}'..='\u{200f}',
        '\u{2028}'..='\u{2029}',
        '\u{202a}'..='\u{202e}',
        '\u{2066}'..='\u{2069}',
        '\u{0000}'..='\u{001f}',
        '\u{007f}'..='\u{009f}',
        '\u{fff9}'..='\u{fffb}',
    ];

    #[test]
    fn invisible_and_reordering_characters_are_escaped() {
        let ignorable = || DEFAULT_IGNORABLE.into_iter().flatten();
        assert_eq!(ignorable().count(), 4174, "the total the file states");
        for c in ignorable().chain(REORDERING_OR_CONTROL.into_iter().flatten()) {
            let escaped = sanitize(c.encode_utf8(&mut [0; 4]).as_bytes());
            assert!(escaped.starts_with('\\'), "U+{:04X}", c as u32);
            assert!(escaped.bytes().all(|b| b.is_ascii_graphic()), "{escaped:?}");
            assert!(!is_sanitized(&format!("a{c}b")), "U+{:04X}", c as u32);
        }
    }

    #[test]
    fn characters_next_to_invisible_ranges_are_unchanged() {
        for c in "\u{ae}\u{115e}\u{1161}\u{17b3}\u{17b6}\u{2010}\u{ffef}\u{fffc}\u{1d172}\u{1d17b}"
            .chars()
        {
            let text = format!("a{c}b");
            assert_eq!(*sanitize(text.as_bytes()), text);
            assert!(is_sanitized(&text), "U+{:04X}", c as u32);
        }
    }

    #[test]
    fn plain_names_are_unchanged() {
        for name in ["nginx", "systemd-resolve", "Web Content", "été", "日本"] {
            assert_eq!(&*sanitize(name.as_bytes()), name);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            &*sanitize(b"od\x1b[31md \xc3\xa9\n na"),
            "od\\e[31md é\\n na"
        );
        assert_eq!(&*sanitize(b"\xff\xfea\x07"), "\\xff\\xfea\\x07");
        assert_eq!(
            &*sanitize("a\u{202e}b\u{9b}c".as_bytes()),
            "a\\u{202e}b\\u{9b}c"
        );
    }

    #[test]
    fn long_names_are_truncated() {
        assert_eq!(
            sanitize(&[b'x'; 100_000]).chars().count(),
            super::MAX_CHARS + 1
        );
    }
}
