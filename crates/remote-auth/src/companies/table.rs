//! Companies by name, packed: a lookup touches a line of the index and two or three of the company's, and little is empty.
//!
//! ```text
//!  index   [ hash, place | empty | hash, place | … ]     eight bytes each, a power of two, up to seven eighths full
//!                   │                  │
//!                   ▼                  ▼
//!  entries [ name, resident | name, resident | … ]       no gaps, grown by an eighth at a time
//! ```
//!
//! A hash map that keeps its values in its slots leaves from an eighth to more than half of them empty, and each is as
//! large as a resident; here only slots of the index are empty.
//!
//! **Invariants:** every entry has one slot, which says its hash and its place.
//! Between the slot that an entry's hash asks for and the one that it has, none is empty.

use super::id::{CompanyId, HashKey, NameHash};
use super::resident::Resident;

/// The smallest index that is not empty.
const INDEX_MIN: usize = 16;

/// Entries at hand before the first is there.
const ENTRIES_MIN: usize = 8;

/// One company. What a lookup reads comes first, here and in [`Resident`].
#[derive(Debug)]
#[repr(C)]
struct Entry {
    company: CompanyId,
    resident: Resident,
}

/// An entry's hash and its place, plus one; zero is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    hash: u32,
    place_plus_one: u32,
}

impl Slot {
    fn place(self) -> Option<usize> {
        self.place_plus_one
            .checked_sub(1)
            .map(|place| place as usize)
    }
}

#[derive(Debug)]
pub(super) struct Table {
    key: HashKey,
    index: Box<[Slot]>,
    entries: Vec<Entry>,
}

impl Table {
    /// Makes an empty one, for names that are hashed with this key.
    pub(super) fn new(key: HashKey) -> Self {
        Self {
            key,
            index: Box::default(),
            entries: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The slot that a hash asks for. Called only where there is an index.
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.index.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.index.len() - 1)
    }

    /// Finds a company's slot and its place.
    #[inline]
    fn find(&self, company: &CompanyId, hash: u32) -> Option<(usize, usize)> {
        if self.index.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        loop {
            let slot = self.index[at];
            let place = slot.place()?;
            if slot.hash == hash && self.entries[place].company == *company {
                return Some((at, place));
            }
            at = self.after(at);
        }
    }

    fn hash(&self, company: &CompanyId) -> u32 {
        company.hash(self.key).within_part()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, company: &CompanyId) -> Option<&mut Resident> {
        self.get_mut_hashed(company, company.hash(self.key))
    }

    /// Finds a company whose hash is known already.
    #[inline]
    pub(super) fn get_mut_hashed(
        &mut self,
        company: &CompanyId,
        hash: NameHash,
    ) -> Option<&mut Resident> {
        let (_, place) = self.find(company, hash.within_part())?;
        Some(&mut self.entries[place].resident)
    }

    /// Finds a company, or makes room for one of which nothing is known.
    pub(super) fn get_or_absent(&mut self, company: &CompanyId) -> &mut Resident {
        let hash = self.hash(company);
        let place = match self.find(company, hash) {
            Some((_, place)) => place,
            None => self.push(company.clone(), hash),
        };
        &mut self.entries[place].resident
    }

    fn push(&mut self, company: CompanyId, hash: u32) -> usize {
        let place = self.entries.len();
        if place == self.entries.capacity() {
            self.entries.reserve_exact((place / 8).max(ENTRIES_MIN));
        }
        self.entries.push(Entry {
            company,
            resident: Resident::absent(),
        });
        if self.entries.len() * 8 > self.index.len() * 7 {
            self.build_index((self.index.len() * 2).max(INDEX_MIN));
        } else {
            self.enter(hash, place);
        }
        place
    }

    /// Writes an entry into the first empty slot from its own on.
    fn enter(&mut self, hash: u32, place: usize) {
        let place = u32::try_from(place).expect("a part has fewer companies than numbers");
        let mut at = self.home(hash);
        while self.index[at].place().is_some() {
            at = self.after(at);
        }
        self.index[at] = Slot {
            hash,
            place_plus_one: place + 1,
        };
    }

    fn build_index(&mut self, slots: usize) {
        self.index = vec![Slot::default(); slots].into_boxed_slice();
        for place in 0..self.entries.len() {
            self.enter(self.hash(&self.entries[place].company), place);
        }
    }

    /// Forgets a company. The last entry takes its place.
    pub(super) fn remove(&mut self, company: &CompanyId) {
        let Some((at, place)) = self.find(company, self.hash(company)) else {
            return;
        };
        let last = self.entries.len() - 1;
        if let Some(moved) = self.entries.get(last).filter(|_| place != last) {
            let (moved, _) = self
                .find(&moved.company, self.hash(&moved.company))
                .expect("every entry has a slot");
            self.index[moved].place_plus_one = self.index[at].place_plus_one;
        }
        self.clear(at);
        self.entries.swap_remove(place);
    }

    /// Empties a slot, and lets those behind it move up that would not be found any more.
    fn clear(&mut self, mut gap: usize) {
        let mask = self.index.len() - 1;
        let mut at = self.after(gap);
        while self.index[at].place().is_some() {
            let way = at.wrapping_sub(self.home(self.index[at].hash)) & mask;
            if way >= at.wrapping_sub(gap) & mask {
                self.index[gap] = self.index[at];
                gap = at;
            }
            at = self.after(at);
        }
        self.index[gap] = Slot::default();
    }

    /// Forgets those of whom `keep` says so; none is looked at twice.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&CompanyId, &mut Resident) -> bool) {
        let before = self.len();
        self.entries
            .retain_mut(|entry| keep(&entry.company, &mut entry.resident));
        if self.len() != before {
            self.entries.shrink_to(self.len() + self.len() / 8);
            let slots = (self.len() * 8).div_ceil(7).next_power_of_two();
            self.build_index(slots.max(INDEX_MIN));
        }
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&CompanyId, &mut Resident)> {
        let entries = self.entries.iter_mut();
        entries.map(|entry| (&entry.company, &mut entry.resident))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Move {
        Put(u8),
        Remove(u8),
        /// Keeps those whose number this does not divide.
        Sweep(u8),
    }

    fn moves() -> impl Strategy<Value = Move> {
        prop_oneof![
            8 => any::<u8>().prop_map(Move::Put),
            4 => any::<u8>().prop_map(Move::Remove),
            1 => (2..9_u8).prop_map(Move::Sweep),
        ]
    }

    fn company(number: u8) -> CompanyId {
        match number % 2 {
            0 => format!("000000{number:02x}-0000-4000-8000-000000000000").into(),
            _ => format!("company-{number}").into(),
        }
    }

    /// Every entry is found under its name, and nothing else is.
    fn judge(table: &mut Table, model: &BTreeMap<u8, u32>) -> Result<(), TestCaseError> {
        for number in 0..=u8::MAX {
            let found = table.get_mut(&company(number)).map(|one| one.generation);
            prop_assert_eq!(found, model.get(&number).copied(), "{}", number);
        }
        prop_assert_eq!(table.len(), model.len());
        let used = table.index.iter().filter(|slot| slot.place().is_some());
        prop_assert_eq!(used.count(), table.len(), "one slot for each entry");
        prop_assert!(
            table.index.is_empty() || table.len() < table.index.len(),
            "a search ends"
        );
        Ok(())
    }

    proptest! {
        #[test]
        fn a_table_is_a_map(moves in proptest::collection::vec(moves(), 1..600)) {
            let mut table = Table::new(HashKey::draw());
            let mut model = BTreeMap::new();
            for (turn, step) in (1..).zip(moves) {
                match step {
                    Move::Put(number) => {
                        table.get_or_absent(&company(number)).generation = turn;
                        model.insert(number, turn);
                    }
                    Move::Remove(number) => {
                        table.remove(&company(number));
                        model.remove(&number);
                    }
                    Move::Sweep(divisor) => {
                        let keep = |generation: u32| !generation.is_multiple_of(divisor.into());
                        table.retain(|_, one| keep(one.generation));
                        model.retain(|_, generation| keep(*generation));
                    }
                }
            }
            judge(&mut table, &model)?;
        }
    }

    #[test]
    fn little_is_left_empty() {
        let mut table = Table::new(HashKey::draw());
        for number in 0..10_000 {
            table.get_or_absent(&CompanyId::from(format!("{number}")));
            let spare = table.entries.capacity() - table.len();
            assert!(spare <= ENTRIES_MIN.max(table.len() / 8), "{spare} spare");
        }
        table.retain(|_, _| false);
        assert_eq!((table.len(), table.index.len()), (0, INDEX_MIN));
    }

    #[test]
    fn what_a_lookup_reads_lies_together() {
        let hot = std::mem::offset_of!(Entry, resident) + Resident::HOT_BYTES;
        assert!(hot <= 88, "{hot}");
        assert!(size_of::<Entry>() <= 136, "{}", size_of::<Entry>());
    }
}
