//! The mistakes: what stands in the document, and what its author writes instead.

mod keywords;
mod meaning;
mod nesting;
mod operations;
mod schemas;
mod values;

/// Each with its place made unique by what surrounds it.
pub(super) fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    [
        operations::PLANTED,
        schemas::PLANTED,
        meaning::PLANTED,
        values::PLANTED,
        nesting::PLANTED,
        keywords::PLANTED,
    ]
    .into_iter()
    .flatten()
}
