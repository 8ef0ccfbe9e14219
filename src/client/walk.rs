//! The walk over a header, from the right to the first address that is no trusted proxy.

use super::elements::Elements;
use super::header::Header;
use super::outcome::{Found, NoClient};
use crate::address::Address;

/// How much of a header is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) elements: usize,
    pub(super) bytes: usize,
}

impl Limits {
    /// Refuses lines beyond the limits, before anything of them is believed.
    #[inline]
    fn hold<L>(&self, lines: L) -> Result<usize, NoClient>
    where
        L: IntoIterator<Item: AsRef<[u8]>>,
    {
        let (mut count, mut elements, mut bytes) = (0, 0, 0);
        for line in lines {
            let line = line.as_ref();
            count += 1;
            bytes += line.len();
            if bytes > self.bytes {
                return Err(NoClient::TooLong);
            }
            elements += Elements::at_most(line);
            if elements > self.elements {
                return Err(NoClient::TooLong);
            }
        }
        Ok(count)
    }
}

/// The client that a header names; `None` where there is no such header. `is_trusted` is asked about each element in turn.
#[inline]
pub(super) fn walk<L>(
    header: &Header,
    limits: &Limits,
    lines: L,
    mut is_trusted: impl FnMut(Address, u8) -> bool,
) -> Result<Option<(Address, Found)>, NoClient>
where
    L: IntoIterator<IntoIter: DoubleEndedIterator, Item: AsRef<[u8]>> + Copy,
{
    if limits.hold(lines)? > 1 && matches!(header, Header::Single(_)) {
        return Err(NoClient::SeveralLines);
    }
    let mut leftmost = None;
    let mut nth = 0;
    for line in lines.into_iter().rev() {
        for element in header.elements(line.as_ref()) {
            nth += 1;
            let address = header.read(element).map_err(|why| NoClient::Element { nth, why })?;
            if !is_trusted(address, nth) {
                return Ok(Some((address, Found::Element { nth })));
            }
            leftmost = Some((address, Found::Leftmost { nth }));
        }
    }
    Ok(leftmost)
}
