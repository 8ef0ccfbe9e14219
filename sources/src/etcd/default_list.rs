//! The default list of the plain layout, however large: in one key, or in parts that one key brings into force.
//!
//! ```text
//!   read ─▶ put the parts, a transaction each ─▶ put `default/split`, if nobody wrote meanwhile ─▶ remove the other parts
//! ```

use etcd_client::{Compare, CompareOp, DeleteOptions, KeyValue, ResponseHeader, Txn, TxnOp, TxnOpResponse};
use ipgate::Limits;

use super::range::Range;
use super::store::EtcdStore;
use crate::layout::{self, PART_BYTES, PARTS, SPLIT, Split};
use crate::store::{StoreError, Stored};

const ONE: &str = "default";

impl EtcdStore {
    /// The default list of the plain layout, with the version that a write of it needs. There always is one, with a list or
    /// without.
    ///
    /// # Errors
    ///
    /// As [`Store::read`](crate::Store::read); [`StoreError::CannotSay`] where the layout has no default list, or what is there
    /// is none, [`StoreError::Conflict`] where it was written meanwhile.
    pub async fn read_default(&self) -> Result<Stored, StoreError> {
        self.check_layout()?;
        let ops = [ONE, SPLIT].map(|path| TxnOp::get(self.key(path), None));
        let txn = Txn::new().and_then(ops);
        let answer = self.with_client(|client| async move { client.kv_client().txn(txn).await }).await?;
        let mut found = answer.op_responses().into_iter().map(|answer| match answer {
            TxnOpResponse::Get(mut answer) => answer.take_kvs().into_iter().next(),
            _ => None,
        });
        let (one, split) = (found.next().flatten(), found.next().flatten());
        let revision = |key: &Option<KeyValue>| key.as_ref().map_or(0, KeyValue::mod_revision);
        let version = format!("{} {}", revision(&one), revision(&split));
        let text = match (one, split) {
            (Some(one), _) => Some(layout::list_text(one.value())?),
            (None, Some(split)) => Some(self.joined(&layout::list_text(split.value())?).await?),
            (None, None) => None,
        };
        Ok(Stored { text, version, caution: None })
    }

    /// Puts a text in the place of the default list, or removes it, if it still is as it was read. One of more than 1 MiB is
    /// written in parts, which nobody reads before the last write; where that does not come to pass, what was in force stays.
    /// O(n) for n bytes, a request for each MiB.
    ///
    /// # Errors
    ///
    /// As [`Store::write`](crate::Store::write).
    pub async fn write_default(&self, text: Option<&str>, read: &Stored) -> Result<(), StoreError> {
        self.check_layout()?;
        let read = self.unchanged(read)?;
        let (removed, all) = (TxnOp::delete(self.key(ONE), None), TxnOp::delete(self.key(PARTS), below()));
        let unsplit = TxnOp::delete(self.key(SPLIT), None);
        let Some(text) = text else {
            return self.commit(read, vec![removed, unsplit, all]).await.map(drop);
        };
        if text.len() <= PART_BYTES {
            return self
                .commit(read, vec![TxnOp::put(self.key(ONE), text, None), unsplit, all])
                .await
                .map(drop);
        }
        if text.len() > Limits::default().text {
            return Err(StoreError::CannotSay(format!(
                "the list has {} bytes, and no router reads one of more than {}",
                text.len(),
                Limits::default().text
            )));
        }
        let (split, parts) = Split::of(text);
        let mut compares = read;
        for (number, (path, part)) in parts.into_iter().enumerate() {
            let (key, put) = (self.key(&path), self.put(&path, part).await?);
            if number == 0 {
                // Whoever removes parts removes all at once: where the first is there still, so are those after it.
                compares.push(Compare::mod_revision(key, CompareOp::Equal, put));
            }
        }
        let committed = self
            .commit(compares, vec![TxnOp::put(self.key(SPLIT), split.to_string(), None), removed])
            .await?;
        // Those of lists before, and of writers who did not come to an end; not where another list counts already.
        let is_last = Compare::mod_revision(self.key(SPLIT), CompareOp::Equal, committed);
        let own = self.key(&split.directory());
        let own_end = format!("{}0", own.trim_end_matches('/'));
        let parts_end = format!("{}0", self.key(PARTS).trim_end_matches('/'));
        let others = [
            TxnOp::delete(self.key(PARTS), Some(DeleteOptions::new().with_range(own))),
            TxnOp::delete(own_end, Some(DeleteOptions::new().with_range(parts_end))),
        ];
        // They are in nobody's way: the list is in force, and the next write removes them.
        let txn = Txn::new().when([is_last]).and_then(others);
        let _ = self.with_client(|client| async move { client.kv_client().txn(txn).await }).await;
        Ok(())
    }

    /// The text that is in parts.
    async fn joined(&self, split: &str) -> Result<String, StoreError> {
        let split: Split = split.parse().map_err(StoreError::CannotSay)?;
        let client = self.connected().await?;
        let reading = Range::below(&self.key(&split.directory())).read(&client).await?;
        let keys = reading.keys.iter().map(|key| (key.key(), key.value()));
        // Whoever wrote another one meanwhile has removed these.
        let text = split.text(&self.key(""), keys).map_err(|_| StoreError::Conflict)?;
        Ok(text.to_string())
    }

    /// Puts a key; the revision of that.
    async fn put(&self, path: &str, value: &str) -> Result<i64, StoreError> {
        let put = self
            .with_client(|client| async move { client.kv_client().put(self.key(path), value, None).await });
        Ok(put.await?.header().map_or(0, ResponseHeader::revision))
    }

    /// Makes a change if all of that holds; its revision.
    async fn commit(&self, compares: Vec<Compare>, change: Vec<TxnOp>) -> Result<i64, StoreError> {
        let txn = Txn::new().when(compares).and_then(change);
        let answer = self.with_client(|client| async move { client.kv_client().txn(txn).await }).await?;
        let revision = answer.header().map_or(0, ResponseHeader::revision);
        if answer.succeeded() { Ok(revision) } else { Err(StoreError::Conflict) }
    }

    /// That neither key was written since it was read.
    fn unchanged(&self, read: &Stored) -> Result<Vec<Compare>, StoreError> {
        let foreign = || StoreError::CannotSay("the version is not one of this store".into());
        let (one, split) = read.version.split_once(' ').ok_or_else(foreign)?;
        let compare = |path: &str, revision: &str| -> Result<Compare, StoreError> {
            let revision = revision.parse().map_err(|_| foreign())?;
            Ok(Compare::mod_revision(self.key(path), CompareOp::Equal, revision))
        };
        Ok(vec![compare(ONE, one)?, compare(SPLIT, split)?])
    }

    fn check_layout(&self) -> Result<(), StoreError> {
        match self.layout.has_plain() {
            true => Ok(()),
            false => Err(StoreError::CannotSay(
                "the layout of Deis v1 has no default list; the plain one has".into(),
            )),
        }
    }
}

fn below() -> Option<DeleteOptions> {
    Some(DeleteOptions::new().with_prefix())
}
