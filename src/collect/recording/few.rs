//! Lists that cannot be longer than is believed.
//!
//! In: bytes that promise any number of entries. Out: [`Few`], or a refusal as soon as there are too
//! many: a kilobyte of zeros may stand for a quarter of a million empty texts, each of which takes
//! room.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// At most so many.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Few<T, const MOST: usize>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Counted::<T, MOST>(PhantomData))
    }
}

struct Counted<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Counted<T, MOST> {
    type Value = Few<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MOST} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_element()? {
            if all.len() == MOST {
                return Err(A::Error::custom("too many"));
            }
            all.push(entry);
        }
        Ok(Few(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_unless_it_is_too_long() {
        let bytes = postcard::to_stdvec(&Few::<u32, 3>(vec![1, 2, 3])).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&vec![1_u32, 2, 3]).unwrap());
        let read: Few<u32, 3> = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read.0, [1, 2, 3]);
        assert!(postcard::from_bytes::<Few<u32, 2>>(&bytes).is_err());
    }
}
