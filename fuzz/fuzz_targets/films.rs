//! No recording brings down what cleans it; it is as long as before, and clean as it is.
#![no_main]

use actix_web::web::Bytes;
use libfuzzer_sys::fuzz_target;
use wardlink::attachments::file_kind::FileKind;
use wardlink::attachments::metadata::served_copy;

fuzz_target!(|file: &[u8]| {
    if let Ok(copy) = served_copy(FileKind::Mp4, &Bytes::copy_from_slice(file)) {
        assert_eq!(copy.bytes.len(), file.len());
        assert_eq!(served_copy(FileKind::Mp4, &copy.bytes), Ok(copy));
    }
});
