//! Builds the lines, and the root above them.

use std::collections::HashMap;

use super::slot::{NARROW_ROOT, NOTHING, SEPARATORS};
use crate::Key;
use crate::code::{LINE, NO_CODE};
use crate::draft::{Draft, Source};
use crate::engine::Engine;

/// A span of addresses `[lo, end)`; `end` is `None` at the end of the space.
/// `first` is the range in effect at `lo`, `last` the one at the last address.
#[derive(Clone, Copy)]
struct Span {
    lo: u128,
    end: Option<u128>,
    first: usize,
    last: usize,
}

/// Lines below a separator line.
const SPREAD: usize = SEPARATORS + 1;
/// Keys of the line that has the most: narrow ones, with codes of a byte.
const MOST_KEYS: usize = 21;

struct Builder<'s, K> {
    src: &'s Source<'s, K>,
    d: Draft<K>,
    /// Keys of a line.
    cap: usize,
    /// Slots may share a line while their addresses agree in all but so many bits.
    shared_bits: u32,
    /// Lines without keys, by the range's entry and code: one serves all.
    uniform: HashMap<(u32, u32), u32>,
    /// Starts of a line's segments, kept for its allocation.
    starts: Vec<u128>,
}

/// Bits that index the root: a few boundaries a slot for IPv4; IPv6 takes as
/// much as is worth while and leaves the rest to the second table.
fn root_bits<K: Key>(engine: Engine, boundaries: usize) -> u32 {
    let log = boundaries.max(1).ilog2();
    if K::SECOND {
        (log + 2).clamp(8, 16)
    } else if engine == Engine::Narrow {
        // A few boundaries a slot, of which a line holds up to 21.
        log.saturating_sub(2).clamp(NARROW_ROOT, 22)
    } else {
        // Sixteen, four or two bytes of root for a boundary: the more slots, the fewer need separator lines. Short
        // lists have up to 64 KiB, so that most slots outside of their prefixes hold no boundary: an address
        // there is answered by the root, and by a branch that is seldom mispredicted.
        match log {
            0..13 => (log + 4).min(14).max(log + 2),
            13..18 => log,
            _ => (log - 1).min(22),
        }
    }
}

/// Builds the structure. Time `O(n + slots)`; memory at most
/// `4 * slots + 64 * (16 / 15) * (keys / (cap / 2) + 1) + 4 * keys` bytes and
/// `BYTES + 12` for each of the boundaries inside a unit, where there are at
/// most `2n` keys and `2^root_bits + keys / 2` slots (IPv6 with fewer than 16
/// root bits: at most `2^(16 - root_bits)` more for each slot in use).
pub(crate) fn build<K: Key>(engine: Engine, src: &Source<'_, K>) -> Draft<K> {
    let bits = root_bits::<K>(engine, src.len());
    let narrow = engine == Engine::Narrow;
    let mut b = Builder {
        src,
        d: Draft::new(engine, src.width, bits),
        cap: src.width.cap(engine.key_bytes()),
        shared_bits: if narrow { 32 - NARROW_ROOT } else { K::BITS - K::ANCHOR },
        uniform: HashMap::new(),
        starts: Vec::new(),
    };
    let whole = Span { lo: 0, end: None, first: 0, last: src.len() - 1 };
    if K::SECOND {
        let mut root = Vec::with_capacity(1 << bits);
        let mut flat = HashMap::new();
        b.split(whole, 0, bits, |b, span| {
            let count = b.keys_of(span);
            let mut k = (count / 2).max(1).ilog2();
            k = k.clamp(K::ANCHOR - bits, 48 - bits - 8);
            let one = span.first == span.last;
            if one || (bits == K::ANCHOR && count <= b.cap) {
                k = 0;
            }
            if b.is_nothing(span) {
                root.push(NOTHING);
                return;
            }
            if one {
                // Every slot without boundaries and with one value is the same.
                let at = (b.src.entries[span.first], b.src.codes[span.first]);
                if let Some(&word) = flat.get(&at) {
                    root.push(word);
                    return;
                }
                let word = (b.d.second.len() as u32) << 5;
                flat.insert(at, word);
            }
            root.push((b.d.second.len() as u32) << 5 | k);
            let slots = b.slots(span, bits, k);
            b.d.second.extend_from_slice(&slots);
        });
        b.d.root = root;
    } else {
        b.d.root = b.slots(whole, 0, bits);
    }
    if b.d.lines.is_empty() {
        b.line(whole); // a batch reads a line for every address
    }
    b.d.bases.push(b.d.entries.len() as u32);
    b.d
}

impl<K: Key> Builder<'_, K> {
    /// Calls `f` for each of the `2^k` parts of `span`, whose addresses agree
    /// in their first `used` bits.
    fn split(&mut self, span: Span, used: u32, k: u32, mut f: impl FnMut(&mut Self, Span)) {
        let below = K::BITS - used - k;
        let mut at = span.first;
        for part in 0..1u128 << k {
            let lo = span.lo + (part << below);
            let end = if part + 1 == 1 << k { span.end } else { Some(lo + (1 << below)) };
            while at < span.last && self.src.starts[at + 1].wide() <= lo {
                at += 1;
            }
            let first = at;
            let inside = |s: K| end.is_none_or(|e| s.wide() < e);
            while at < span.last && inside(self.src.starts[at + 1]) {
                at += 1;
            }
            f(self, Span { lo, end, first, last: at });
        }
    }

    /// Upper bound of the keys a line needs for `span`: one for a boundary at
    /// the start of a window unit, two for a unit with boundaries inside.
    fn keys_of(&self, span: Span) -> usize {
        if K::BELOW == 0 {
            return span.last - span.first;
        }
        let mut keys = 0;
        let mut unit = None;
        for s in &self.src.starts[span.first + 1..=span.last] {
            let this = s.wide() >> K::BELOW;
            let exact = s.wide() == this << K::BELOW;
            if unit != Some(this) {
                keys += 1 + usize::from(!exact);
            } else {
                keys += 1;
            }
            unit = Some(this);
        }
        keys
    }

    /// Whether no prefix covers any of the span.
    fn is_nothing(&self, span: Span) -> bool {
        span.first == span.last && self.src.codes[span.first] == NO_CODE
    }

    /// The slot words of the `2^k` parts of `span`.
    fn slots(&mut self, span: Span, used: u32, k: u32) -> Vec<u32> {
        /// A slot whose line is not known yet.
        const PENDING: u32 = u32::MAX;
        let mut words = Vec::with_capacity(1 << k);
        let cap = self.cap;
        // Parts waiting for a line to share: their union, keys and first word.
        let mut open: Option<(Span, usize, usize)> = None;
        let close = |b: &mut Self, words: &mut Vec<u32>, (union, _, first): (Span, usize, usize)| {
            let word = b.line(union) << 5;
            words[first..].iter_mut().filter(|w| **w == PENDING).for_each(|w| *w = word);
        };
        self.split(span, used, k, |b, part| {
            let keys = b.keys_of(part);
            let nothing = b.is_nothing(part);
            if let Some((union, sum, _)) = &mut open {
                let apart = union.lo >> b.shared_bits != part.lo >> b.shared_bits;
                // What begins with the part is a key once it is not first.
                let edge = usize::from(b.src.starts[part.first].wide() == part.lo);
                let keys = keys + edge;
                if *sum + keys <= cap && !apart {
                    union.end = part.end;
                    union.last = part.last;
                    *sum += keys;
                    words.push(if nothing { NOTHING } else { PENDING });
                    return;
                }
                open.take().into_iter().for_each(|open| close(b, &mut words, open));
            }
            words.push(match keys <= cap {
                _ if nothing => NOTHING,
                true => {
                    open = Some((part, keys, words.len()));
                    PENDING
                }
                false => b.heavy(part),
            });
        });
        open.into_iter().for_each(|open| close(self, &mut words, open));
        words
    }

    /// A slot with lines of its own, in as few levels as hold them.
    fn heavy(&mut self, span: Span) -> u32 {
        let starts = self.segments(span);
        let count = starts.len().div_ceil(self.cap + 1);
        let mut at = span.first;
        // (first line, first segment start of each line) of the level built.
        let mut first = (self.d.lines.len() / LINE) as u32;
        let mut level: Vec<u128> = Vec::with_capacity(count);
        for i in 0..count {
            // An even share, so that no line begins at the last segment.
            let part = starts.len() * i / count..starts.len() * (i + 1) / count;
            level.push(starts[part.start]);
            let end = starts.get(part.end).copied();
            at = self.push_line(&starts[part], end, at, span.last);
        }
        self.starts = starts;
        let mut depth = 0;
        while level.len() > 1 {
            let next = (self.d.lines.len() / LINE) as u32;
            for (i, children) in level.chunks(SPREAD).enumerate() {
                let child = first + (i * SPREAD) as u32;
                for j in 1..SPREAD {
                    let key = children.get(j).map_or(u32::MAX, |&s| K::from_wide(s).window());
                    self.d.lines.extend_from_slice(&key.to_le_bytes());
                }
                self.d.lines.extend_from_slice(&child.to_le_bytes());
                self.d.bases.push(self.d.entries.len() as u32); // a separator line names nothing
            }
            first = next;
            level = level.into_iter().step_by(SPREAD).collect();
            depth += 1;
        }
        first << 5 | depth
    }

    /// A line for `span`, shared if it has no boundary inside.
    fn line(&mut self, span: Span) -> u32 {
        let at = (self.src.entries[span.first], self.src.codes[span.first]);
        if span.first == span.last
            && let Some(&line) = self.uniform.get(&at)
        {
            return line;
        }
        let number = (self.d.lines.len() / LINE) as u32;
        let starts = self.segments(span);
        self.push_line(&starts, None, span.first, span.last);
        self.starts = starts;
        if span.first == span.last {
            self.uniform.insert(at, number);
        }
        number
    }

    /// Starts of the segments of `span`: its own, each unit with a boundary,
    /// and the unit after one with a boundary inside.
    fn segments(&mut self, span: Span) -> Vec<u128> {
        let mut starts = std::mem::take(&mut self.starts);
        starts.clear();
        starts.push(span.lo);
        let mut latest = span.lo;
        for s in &self.src.starts[span.first + 1..=span.last] {
            let unit = s.wide() >> K::BELOW << K::BELOW;
            if latest < unit {
                latest = unit;
                starts.push(unit);
            }
            if s.wide() != unit
                && let Some(next) = unit.checked_add(1 << K::BELOW)
                && span.end.is_none_or(|end| next < end)
                && latest < next
            {
                latest = next;
                starts.push(next);
            }
        }
        starts
    }

    /// Appends a line of at most `cap + 1` segments. `at` is a range not
    /// after the first segment, `last` the last one of the span, `end` the
    /// start of the next line's. Returns the range in effect at the end.
    fn push_line(&mut self, starts: &[u128], end: Option<u128>, at: usize, last: usize) -> usize {
        let src = self.src;
        let (cap, key_bytes) = (self.cap, self.d.engine.key_bytes());
        let base = self.d.entries.len();
        let (mut codes, mut keys, mut escapes) = ([0; MOST_KEYS + 1], [u32::MAX; MOST_KEYS], false);
        let mut at = at;
        for (i, &lo) in starts.iter().enumerate() {
            while at < last && src.starts[at + 1].wide() <= lo {
                at += 1;
            }
            let first = at;
            let next = starts.get(i + 1).copied().or(end);
            while at < last && next.is_none_or(|n| src.starts[at + 1].wide() < n) {
                at += 1;
            }
            let (code, entry) = self.d.segment(src, first, at);
            codes[i] = code;
            if code != NO_CODE {
                self.d.entries.push(entry);
            }
            escapes |= first != at;
            if i > 0 {
                keys[i - 1] = K::from_wide(lo).window();
            }
        }
        let pad = codes[starts.len() - 1];
        codes[starts.len()..].fill(pad);
        for key in &keys[..cap] {
            self.d.lines.extend_from_slice(&key.to_le_bytes()[..key_bytes]);
        }
        for &code in &codes[..=cap] {
            self.d.width.put(&mut self.d.lines, code);
        }
        self.d.lines.resize(self.d.lines.len().next_multiple_of(LINE), 0);
        if !src.keep_entries && !escapes {
            self.d.entries.truncate(base); // nobody will ask
        }
        self.d.bases.push(base as u32);
        at
    }
}
