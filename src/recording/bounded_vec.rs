//! A list with a maximum length.
//!
//! Deserialising a [`BoundedVec`] fails at the first element beyond its limit: a kilobyte of zeros
//! could otherwise decode to a quarter of a million empty strings, each of which takes memory.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A list of at most `MAX` elements.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct BoundedVec<T, const MAX: usize>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for BoundedVec<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(BoundedVecVisitor::<T, MAX>(PhantomData))
    }
}

struct BoundedVecVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for BoundedVecVisitor<T, MAX> {
    type Value = BoundedVec<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_element()? {
            if all.len() == MAX {
                return Err(A::Error::custom("too many"));
            }
            all.push(entry);
        }
        Ok(BoundedVec(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_longer_than_its_bound_is_rejected() {
        let bytes = postcard::to_stdvec(&BoundedVec::<u32, 3>(vec![1, 2, 3])).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&vec![1_u32, 2, 3]).unwrap());
        let read: BoundedVec<u32, 3> = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read.0, [1, 2, 3]);
        assert!(postcard::from_bytes::<BoundedVec<u32, 2>>(&bytes).is_err());
    }
}
