//! The integers that a `format` holds.

/// The least and the greatest integer of a format, where it has such.
pub fn range(format: &str) -> Option<(i64, u64)> {
    let (least, greatest) = match format {
        "int8" => (i8::MIN.into(), i8::MAX as u64),
        "int16" => (i16::MIN.into(), i16::MAX as u64),
        "int32" => (i32::MIN.into(), i32::MAX as u64),
        "int64" => (i64::MIN, i64::MAX as u64),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint64" => (0, u64::MAX),
        _ => return None,
    };
    Some((least, greatest))
}
