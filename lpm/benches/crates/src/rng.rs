//! A small generator of numbers (splitmix64): the same in every run.

/// Its state.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`, 0 where that is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// Whether one of `n` fell.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    /// A number from 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of the choices, as often as its share of all shares.
    pub(crate) fn pick<T: Copy>(&mut self, shares: &[(T, u32)]) -> T {
        let mut left = self.below(shares.iter().map(|share| share.1 as usize).sum());
        for &(choice, share) in shares {
            match left.checked_sub(share as usize) {
                Some(rest) => left = rest,
                None => return choice,
            }
        }
        unreachable!("the shares are those that were summed")
    }
}
