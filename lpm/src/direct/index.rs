//! Counts the marked /24s up to an address: for 32 of them a word of marks, and one that says how many came before.

use super::layout::ROOT;
use crate::simd::Simd;
use crate::unchecked::Unchecked;
use crate::words::words;

/// log2 of the /24s of a pair of words.
const PAIR: u32 = 5;
/// Words of an index.
pub(crate) const WORDS: usize = 2 << (ROOT - PAIR);

/// An index under way.
pub(crate) struct Marks {
    words: Vec<u32>,
}

impl Marks {
    pub(crate) fn new() -> Marks {
        Marks { words: vec![0; WORDS] }
    }

    /// Marks a /24.
    pub(crate) fn mark(&mut self, block: u32) {
        self.words[2 * (block >> PAIR) as usize] |= 1 << (block & 31);
    }

    /// The finished index.
    pub(crate) fn into_words(mut self) -> Vec<u32> {
        let mut before = 0;
        for pair in self.words.as_chunks_mut::<2>().0 {
            pair[1] = before;
            before += pair[0].count_ones();
        }
        self.words
    }
}

/// How many /24s are marked, where each pair says rightly how many came before it.
pub(crate) fn count(index: &[u8]) -> Option<usize> {
    let mut pairs = words(index);
    let mut before = 0;
    while let (Some(marks), Some(stated)) = (pairs.next(), pairs.next()) {
        if stated != before {
            return None;
        }
        before += marks.count_ones();
    }
    (index.len() == 4 * WORDS).then_some(before as usize)
}

/// Number of the last marked /24 up to `block`, from 0.
///
/// # Safety
/// `index` is one that [`count`] counted, `block` below 2^24, and a /24 up to it is marked; and the level of `S`.
#[inline(always)]
pub(crate) unsafe fn number<S: Simd>(index: Unchecked<u32>, block: u32) -> usize {
    let pair = 2 * (block >> PAIR) as usize;
    // SAFETY: there is a pair for each 32 blocks.
    unsafe {
        let (marks, before) = (index.word(pair), index.word(pair + 1));
        // Shift the marks after the block out at the top.
        before as usize + S::ones(u64::from(marks << (!block & 31))) as usize - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    #[test]
    fn a_number_is_the_count_of_marks_before() {
        let mut marks = Marks::new();
        let blocks = [0, 1, 31, 32, 95, 96, 1000, (1 << 24) - 1];
        blocks.iter().for_each(|&block| marks.mark(block));
        let bytes: Vec<u8> = marks.into_words().iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(count(&bytes), Some(8));
        assert_eq!(count(&bytes[8..]), None);
        let mut memory = crate::memory::Aligned::new(bytes.len());
        memory.bytes_mut().copy_from_slice(&bytes);
        let index = Unchecked::new(memory.bytes());
        for block in (0..2000).chain([(1 << 24) - 2, (1 << 24) - 1]) {
            let expected = blocks.iter().filter(|&&marked| marked <= block).count() - 1;
            // SAFETY: it was counted, and the first block is marked.
            assert_eq!(unsafe { number::<Portable>(index, block) }, expected, "{block}");
        }
    }
}
