//! Builds the lines, and the root above them.

use super::slot::{NARROW_ROOT, NOTHING, SEPARATORS};
use crate::Key;
use crate::code::{LINE, NO_CODE};
use crate::draft::{Draft, Source};
use crate::engine::Engine;
use crate::quick::QuickMap;
use crate::words::fill;

/// A span of addresses `[lo, end)`; `end` is `None` at the end of the space.
/// `first` is the range in effect at `lo`, `last` the one at the last address.
#[derive(Clone, Copy)]
struct Span {
    lo: u128,
    end: Option<u128>,
    first: usize,
    last: usize,
}

/// Parts of a span that follow one without boundaries inside, and lie in the same range as a whole.
#[derive(Clone, Copy)]
struct Alike {
    count: usize,
    /// First address of the last of them.
    last: u128,
    /// Where they end.
    end: Option<u128>,
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
    uniform: QuickMap<(u32, u32), u32>,
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
        uniform: QuickMap::default(),
        starts: Vec::new(),
    };
    let whole = Span { lo: 0, end: None, first: 0, last: src.len() - 1 };
    if K::SECOND {
        let mut root = Vec::with_capacity(1 << bits);
        let mut flat = QuickMap::default();
        b.split(whole, 0, bits, |b, span, alike| {
            let count = b.keys_of(span);
            let mut k = (count / 2).max(1).ilog2();
            k = k.clamp(K::ANCHOR - bits, 48 - bits - 8);
            let one = span.first == span.last;
            if one || (bits == K::ANCHOR && count <= b.cap) {
                k = 0;
            }
            let mut word = (b.d.second.len() as u32) << 5 | k;
            let mut is_new = true;
            if b.is_nothing(span) {
                (word, is_new) = (NOTHING, false);
            } else if one {
                // Every slot without boundaries and with one value is the same.
                let at = (b.src.entries[span.first], b.src.codes[span.first]);
                let known = *flat.entry(at).or_insert(word);
                (word, is_new) = (known, known == word);
            }
            if is_new {
                let slots = b.slots(span, bits, k);
                b.d.second.extend_from_slice(&slots);
            }
            root.resize(root.len() + 1 + alike.count, word);
            true
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
    /// Calls `f` for the `2^k` parts of `span`, whose addresses agree in their first `used` bits, each with the parts behind
    /// it that are alike. It says whether it has taken those along: many slots above few boundaries cost no call each.
    fn split(&mut self, span: Span, used: u32, k: u32, mut f: impl FnMut(&mut Self, Span, Alike) -> bool) {
        let below = K::BITS - used - k;
        let (mut at, mut part, parts) = (span.first, 0, 1u128 << k);
        while part < parts {
            let lo = span.lo + (part << below);
            let end = if part + 1 == parts { span.end } else { Some(lo + (1 << below)) };
            while at < span.last && self.src.starts[at + 1].wide() <= lo {
                at += 1;
            }
            let first = at;
            let inside = |s: K| end.is_none_or(|e| s.wide() < e);
            while at < span.last && inside(self.src.starts[at + 1]) {
                at += 1;
            }
            part += 1;
            let next = span.lo.wrapping_add(part.wrapping_shl(below));
            let count = match self.src.starts.get(at + 1) {
                _ if first != at => 0,
                Some(boundary) if at < span.last => (boundary.wide() - next) >> below,
                _ => parts - part,
            };
            let behind = next.wrapping_add(count.wrapping_shl(below));
            let alike = Alike {
                count: count as usize,
                last: behind.wrapping_sub(1 << below),
                end: if part + count == parts { span.end } else { Some(behind) },
            };
            if f(self, Span { lo, end, first, last: at }, alike) {
                part += count;
            }
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
            // Written in any case, so that many are at once.
            words[first..].iter_mut().for_each(|w| *w = if *w == PENDING { word } else { *w });
        };
        self.split(span, used, k, |b, part, alike| {
            let keys = b.keys_of(part);
            let nothing = b.is_nothing(part);
            // The parts behind share the line, or need none.
            let shared_bits = b.shared_bits;
            let take = |open: &mut Option<(Span, usize, usize)>, words: &mut Vec<u32>, word: u32| {
                if alike.count == 0 {
                    return true;
                }
                if let Some((union, ..)) = open {
                    if union.lo >> shared_bits != alike.last >> shared_bits {
                        return false;
                    }
                    union.end = alike.end;
                } else if !nothing {
                    return false;
                }
                words.resize(words.len() + alike.count, word);
                true
            };
            if let Some((union, sum, _)) = &mut open {
                let apart = union.lo >> b.shared_bits != part.lo >> b.shared_bits;
                // What begins with the part is a key once it is not first.
                let edge = usize::from(b.src.starts[part.first].wide() == part.lo);
                let keys = keys + edge;
                if *sum + keys <= cap && !apart {
                    union.end = part.end;
                    union.last = part.last;
                    *sum += keys;
                    let word = if nothing { NOTHING } else { PENDING };
                    words.push(word);
                    return take(&mut open, &mut words, word);
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
            take(&mut open, &mut words, if nothing { NOTHING } else { PENDING })
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
        let mut line = [0; LINE];
        let (key_part, code_part) = line.split_at_mut(key_bytes * cap);
        match key_bytes {
            2 => fill(key_part, keys.into_iter().map(|key| key as u16), u16::to_le_bytes),
            _ => fill(key_part, keys.into_iter(), u32::to_le_bytes),
        }
        let codes = codes.into_iter().take(cap + 1);
        match src.width.shift {
            0 => fill(code_part, codes.map(|code| code as u8), u8::to_le_bytes),
            1 => fill(code_part, codes.map(|code| code as u16), u16::to_le_bytes),
            _ => fill(code_part, codes, u32::to_le_bytes),
        }
        self.d.lines.extend_from_slice(&line);
        if !src.keep_entries && !escapes {
            self.d.entries.truncate(base); // nobody will ask
        }
        self.d.bases.push(base as u32);
        at
    }
}
