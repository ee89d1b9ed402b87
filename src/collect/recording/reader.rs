//! Bytes → snapshots. Nothing in the bytes is believed before it was checked.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::block::{Blocks, Found};
use super::ends::EndFacts;
use super::facts::{GapFacts, SampleFacts};
use super::few::Few;
use super::sockets::{SocketChange, SocketFacts};
use super::texts::safe;
use super::{
    About, HEADER, MAGIC, MOST_ENTRIES, MOST_SOCKETS, Nonsense, VERSION, block, directory, kind,
    texts,
};
use crate::collect::Sampled;
use crate::destroyed::Destroyed;
use crate::snapshot::{Directory, Gap, Snapshot};
use crate::socket::Socket;

/// Why a file cannot be replayed at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It does not begin like one.
    #[error("this is no recording of portolan")]
    NoRecording,
    /// It is one that this program does not know.
    #[error("this recording has version {0}; this program reads version {VERSION}")]
    OtherVersion(u16),
    /// There is too little of it to tell anything.
    #[error("this recording is cut off before its first moment")]
    CutOff,
    /// The system refused.
    #[error(transparent)]
    Refused(#[from] io::Error),
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As whoever recorded wanted.
    Whole,
    /// There is no end: a crash, a full disk, a part of a file, or it is still being written.
    CutOff,
    /// The system gave no more of it. The text says why.
    Refused(String),
}

/// Reads a recording, one sample after another.
#[derive(Debug)]
pub struct Reader<R> {
    blocks: Blocks<R>,
    /// The first block, where it is not what the recording says of itself.
    first: Option<Found>,
    about: About,
    /// What the next difference is a difference to; `None` where that is not known.
    base: Option<Base>,
    /// When the newest sample was taken.
    latest: Duration,
    damage: Damage,
    /// The ends that belong to the next sample.
    closes: Vec<Destroyed>,
    ending: Option<Ending>,
}

/// Whether something is missing that has not been told yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    None,
    Untold,
}

#[derive(Debug, Default)]
struct Base {
    texts: texts::Read,
    directory: Arc<Directory>,
    sockets: Vec<Socket>,
}

impl<R: Read> Reader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// When this is no recording, or one of another version.
    pub fn open(input: R) -> Result<Self, Unreadable> {
        let mut blocks = Blocks::new(input);
        let header = blocks.take(HEADER)?;
        let common = header.len().min(MAGIC.len());
        if header.get(..common) != MAGIC.get(..common) {
            return Err(Unreadable::NoRecording);
        }
        let version = header.get(MAGIC.len()..HEADER).ok_or(Unreadable::CutOff)?;
        let version = version.first_chunk::<2>().ok_or(Unreadable::CutOff)?;
        match u16::from_le_bytes(*version) {
            VERSION => {}
            other => return Err(Unreadable::OtherVersion(other)),
        }
        let mut reader = Self {
            blocks,
            first: None,
            about: About::default(),
            base: None,
            latest: Duration::ZERO,
            damage: Damage::None,
            closes: Vec::new(),
            ending: None,
        };
        match reader.blocks.next() {
            Found::Block(kind::ABOUT, stored) => reader.learn_about(&stored),
            other => reader.first = Some(other),
        }
        Ok(reader)
    }

    /// What the recording says of itself.
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// How it ended; `None` before it has.
    pub const fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    fn learn_about(&mut self, stored: &[u8]) {
        let body = block::body(stored);
        let Ok(about) = body.and_then(|body| Ok(postcard::from_bytes::<About>(&body)?)) else {
            return;
        };
        let safe = |text: String| safe(&text).to_string();
        self.about = About {
            program: safe(about.program),
            host: about.host.map(safe),
            filter: safe(about.filter),
        };
    }

    /// What a block tells; `None` where that is nothing that can be shown.
    fn take_up(&mut self, kind: u8, stored: &[u8]) -> Result<Option<Sampled>, Nonsense> {
        let base = match kind {
            kind::KEYFRAME => Base::default(),
            kind::DIFFERENCE => match self.base.take() {
                Some(base) => base,
                None => return Ok(None),
            },
            kind::CLOSES => {
                let ends: Few<EndFacts, MOST_SOCKETS> =
                    postcard::from_bytes(&block::body(stored)?)?;
                let ends = ends.0;
                if self.closes.len() + ends.len() > MOST_SOCKETS {
                    return Err(Nonsense);
                }
                self.closes.extend(ends.into_iter().map(EndFacts::end));
                return Ok(None);
            }
            kind::FAILED => {
                let gap: GapFacts = postcard::from_bytes(&block::body(stored)?)?;
                return Ok(Some(Sampled::Failed(gap.gap())));
            }
            kind::ABOUT => {
                self.learn_about(stored);
                return Ok(None);
            }
            kind::END => {
                self.ending = Some(Ending::Whole);
                return Ok(None);
            }
            _ => return Ok(None),
        };
        let (base, mut snapshot) = base.next(&block::body(stored)?)?;
        // Whatever follows counts on time that does not run backwards.
        if snapshot.elapsed < self.latest {
            return Err(Nonsense);
        }
        self.latest = snapshot.elapsed;
        snapshot.destroyed = std::mem::take(&mut self.closes);
        self.base = Some(base);
        if std::mem::replace(&mut self.damage, Damage::None) == Damage::Untold {
            snapshot.gaps.push(damaged());
        }
        Ok(Some(Sampled::Snapshot(Box::new(snapshot))))
    }
}

/// What is said where a part is missing.
fn damaged() -> Gap {
    Gap::Sampler("the recording is damaged here".into())
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Sampled;

    fn next(&mut self) -> Option<Sampled> {
        while self.ending.is_none() {
            let found = self.first.take().unwrap_or_else(|| self.blocks.next());
            let outcome = match found {
                Found::Block(kind, stored) => self.take_up(kind, &stored),
                Found::Damage => Err(Nonsense),
                Found::End => {
                    self.ending = Some(Ending::CutOff);
                    Ok(None)
                }
                Found::Refused(error) => {
                    self.ending = Some(Ending::Refused(error.to_string()));
                    Ok(None)
                }
            };
            match outcome {
                Ok(Some(sampled)) => return Some(sampled),
                Ok(None) => {}
                Err(Nonsense) => {
                    self.base = None;
                    self.damage = Damage::Untold;
                }
            }
        }
        // What is missing at the end has no later sample to be told with.
        let untold = std::mem::replace(&mut self.damage, Damage::None);
        (untold == Damage::Untold).then(|| Sampled::Failed(damaged()))
    }
}

impl Base {
    /// The sample that this body makes of this one.
    fn next(mut self, body: &[u8]) -> Result<(Self, Snapshot), Nonsense> {
        let mut facts = Facts(body);
        let sample: SampleFacts = facts.take()?;
        let fresh: Few<String, MOST_ENTRIES> = facts.take()?;
        self.texts.add(fresh.0)?;
        let changes: directory::Changes = facts.take()?;
        changes.apply(&mut self.directory, &self.texts)?;
        self.close(&mut facts)?;
        self.change(&mut facts)?;
        self.open(&mut facts)?;
        let snapshot = sample.snapshot(self.sockets.clone(), Arc::clone(&self.directory))?;
        Ok((self, snapshot))
    }

    fn close(&mut self, facts: &mut Facts<'_>) -> Result<(), Nonsense> {
        let mut closed = vec![false; self.sockets.len()];
        let mut places = Places::of(facts)?;
        while let Some(place) = places.next(facts)? {
            *closed.get_mut(place).ok_or(Nonsense)? = true;
        }
        let mut closed = closed.into_iter();
        self.sockets.retain(|_| closed.next() == Some(false));
        Ok(())
    }

    fn change(&mut self, facts: &mut Facts<'_>) -> Result<(), Nonsense> {
        let mut places = Places::of(facts)?;
        while let Some(place) = places.next(facts)? {
            let change: SocketChange = facts.take()?;
            let socket = self.sockets.get_mut(place).ok_or(Nonsense)?;
            change.put(socket, &self.texts)?;
        }
        Ok(())
    }

    fn open(&mut self, facts: &mut Facts<'_>) -> Result<(), Nonsense> {
        let count = facts.count()?;
        if self.sockets.len() + count > MOST_SOCKETS {
            return Err(Nonsense);
        }
        for _ in 0..count {
            let socket: SocketFacts = facts.take()?;
            self.sockets.push(socket.socket(&self.texts)?);
        }
        Ok(())
    }
}

/// The rest of a body.
struct Facts<'a>(&'a [u8]);

impl Facts<'_> {
    fn take<T: DeserializeOwned>(&mut self) -> Result<T, Nonsense> {
        let (facts, rest) = postcard::take_from_bytes(self.0)?;
        self.0 = rest;
        Ok(facts)
    }

    fn count(&mut self) -> Result<usize, Nonsense> {
        usize::try_from(self.take::<u32>()?).map_err(|_| Nonsense)
    }
}

/// Places in a list, as distances.
struct Places {
    left: usize,
    expected: usize,
}

impl Places {
    fn of(facts: &mut Facts<'_>) -> Result<Self, Nonsense> {
        Ok(Self {
            left: facts.count()?,
            expected: 0,
        })
    }

    fn next(&mut self, facts: &mut Facts<'_>) -> Result<Option<usize>, Nonsense> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let place = self.expected.checked_add(facts.count()?).ok_or(Nonsense)?;
        self.expected = place.checked_add(1).ok_or(Nonsense)?;
        Ok(Some(place))
    }
}
