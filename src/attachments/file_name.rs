//! File names from callers, made safe to keep, to show and to put in a header.

use std::fmt::Write as _;

/// Most characters of a file name that is kept and shown.
pub const MAX_FILE_NAME_CHARS: usize = 150;

/// Longest extension, without its dot, that survives shortening.
const MAX_EXTENSION_CHARS: usize = 10;

/// The caller's file name made safe to store, show and save to a disk: the last
/// path component without control, invisible and direction-changing characters,
/// without characters that a shell, a header or Windows reads as syntax, at
/// most [`MAX_FILE_NAME_CHARS`] long with its extension kept.
///
/// It is idempotent and never empty.
pub fn safe_file_name(name: &str) -> String {
    let last = name
        .rsplit(['/', '\\'])
        .find(|part| !part.trim().is_empty())
        .unwrap_or_default();
    let visible: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .map(|c| if is_syntax(c) { '_' } else { c })
        .collect();
    let shortened = shorten(visible.trim_matches(is_edge));
    let trimmed = shortened.trim_matches(is_edge);
    if trimmed.is_empty() {
        return "attachment".to_owned();
    }
    if !is_windows_device(trimmed) {
        return trimmed.to_owned();
    }
    format!("_{trimmed}").chars().take(MAX_FILE_NAME_CHARS).collect()
}

/// The extension of a safe file name, lower case, without its dot.
pub fn extension(safe_name: &str) -> Option<String> {
    let (stem, extension) = safe_name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
}

/// The `Content-Disposition` of a download (RFC 6266 §4): always `attachment`,
/// an ASCII `filename` for old clients and the full name as `filename*`
/// (RFC 8187). Any name is accepted; it passes through [`safe_file_name`].
pub fn content_disposition(name: &str) -> String {
    let name = safe_file_name(name);
    // Some clients decode %XX in the plain form, so no percent sign there.
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii() && c != '%' { c } else { '_' })
        .collect();
    let mut header = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if is_attr_char(byte) {
            header.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(header, "%{byte:02X}");
        }
    }
    header
}

/// RFC 8187 §3.2.1 `attr-char`.
fn is_attr_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte)
}

/// Format characters that hide or reorder text: a right-to-left override turns
/// `gpj.exe` into something that reads like a picture.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFF}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

fn is_syntax(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '<' | '>' | ':' | '|' | '?' | '*' | ';' | '$' | '&'
    )
}

/// Dots and blanks at the ends hide a file or are dropped by Windows.
fn is_edge(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

fn shorten(name: &str) -> String {
    let over = name.chars().count().saturating_sub(MAX_FILE_NAME_CHARS);
    if over == 0 {
        return name.to_owned();
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() <= MAX_EXTENSION_CHARS => {
            let keep = stem.chars().count().saturating_sub(over);
            let stem: String = stem.chars().take(keep).collect();
            format!("{stem}.{extension}")
        }
        _ => name.chars().take(MAX_FILE_NAME_CHARS).collect(),
    }
}

/// Names Windows takes for devices, with or without an extension.
fn is_windows_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_name_stays_as_it_is() {
        assert_eq!(safe_file_name("Wall north (2).JPG"), "Wall north (2).JPG");
        assert_eq!(extension("Wall north (2).JPG").as_deref(), Some("jpg"));
        assert_eq!(extension("README"), None);
    }

    #[test]
    fn paths_are_cut_to_their_last_part() {
        assert_eq!(safe_file_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_file_name(r"C:\Users\x\photo.png"), "photo.png");
        assert_eq!(safe_file_name("a/b/"), "b");
        assert_eq!(safe_file_name("../.."), "attachment");
        assert_eq!(safe_file_name(""), "attachment");
    }

    #[test]
    fn tricks_with_names_are_neutralised() {
        assert_eq!(safe_file_name("a\r\nSet-Cookie: x=1.txt"), "aSet-Cookie_ x=1.txt");
        assert_eq!(safe_file_name("photo\u{202E}gpj.exe"), "photogpj.exe");
        assert_eq!(safe_file_name("evil.exe . ."), "evil.exe");
        assert_eq!(safe_file_name("nul.txt"), "_nul.txt");
        assert_eq!(safe_file_name("COM1"), "_COM1");
        assert_eq!(safe_file_name("\"; evil"), "__ evil");
        assert_eq!(safe_file_name(".htaccess"), "htaccess");
    }

    #[test]
    fn long_names_keep_their_extension() {
        let name = safe_file_name(&format!("{}.jpeg", "ü".repeat(400)));
        assert_eq!(name.chars().count(), MAX_FILE_NAME_CHARS);
        assert!(name.ends_with(".jpeg"));
    }

    #[test]
    fn the_header_carries_both_forms_of_the_name() {
        assert_eq!(
            content_disposition("naïve 100%.pdf"),
            "attachment; filename=\"na_ve 100_.pdf\"; filename*=UTF-8''na%C3%AFve%20100%25.pdf"
        );
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_safe_name(name in any::<String>()) {
            let safe = safe_file_name(&name);
            prop_assert!(!safe.is_empty() && safe.chars().count() <= MAX_FILE_NAME_CHARS);
            let forbidden = |c: char| c.is_control() || ['/', '\\', '"', '\u{202E}'].contains(&c);
            prop_assert!(!safe.chars().any(forbidden));
            prop_assert_eq!(safe_file_name(&safe), safe);
        }

        #[test]
        fn any_name_gives_one_ascii_header_line(name in any::<String>()) {
            let header = content_disposition(&name);
            prop_assert!(header.bytes().all(|b| (0x20..0x7F).contains(&b)));
            prop_assert_eq!(header.matches('"').count(), 2);
        }
    }
}
