//! Snapshots → bytes. One block, one write: what is in the file is whole up to the last block.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::ends::EndFacts;
use super::facts::{GapFacts, SampleFacts};
use super::sockets::{SocketChange, SocketFacts};
use super::{About, MAGIC, VERSION, block, directory, kind, matching, texts};
use crate::snapshot::{Directory, Gap, Snapshot};
use crate::socket::Socket;

/// When a whole snapshot is written rather than what changed: whoever reads can begin anew there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// After so many samples.
    pub samples: u32,
    /// After so many bytes.
    pub bytes: u64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            samples: 60,
            bytes: 16 << 20,
        }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Samples.
    pub samples: u64,
    /// Different sockets in them.
    pub sockets: u64,
    /// Bytes of the whole file.
    pub bytes: u64,
}

/// Writes a recording.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    rhythm: Rhythm,
    summary: Summary,
    /// What was written since the last keyframe; `None` before the first.
    since: Option<Since>,
    texts: texts::Written,
    directory: Arc<Directory>,
    /// As whoever reads has them now.
    sockets: Vec<Socket>,
}

#[derive(Debug)]
struct Since {
    samples: u32,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    ///
    /// # Errors
    /// When the output takes nothing.
    pub fn begin(mut output: W, about: &About, rhythm: Rhythm) -> io::Result<Self> {
        let mut header = MAGIC.to_vec();
        header.extend(VERSION.to_le_bytes());
        header.push(0);
        output.write_all(&header)?;
        let mut writer = Self {
            output,
            rhythm,
            summary: Summary {
                bytes: header.len() as u64,
                ..Summary::default()
            },
            since: None,
            texts: texts::Written::default(),
            directory: Arc::default(),
            sockets: Vec::new(),
        };
        let mut body = Body::default();
        body.put(about)?;
        writer.write(kind::ABOUT, &body)?;
        Ok(writer)
    }

    /// Appends a snapshot.
    ///
    /// # Errors
    /// When the output does not take it; then nothing can be appended any more.
    pub fn snapshot(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let rhythm = self.rhythm;
        let goes_on = |since: &Since| since.samples < rhythm.samples && since.bytes < rhythm.bytes;
        let is_keyframe = !self.since.as_ref().is_some_and(goes_on);
        if is_keyframe {
            self.texts = texts::Written::default();
            self.directory = Arc::default();
        }
        let closes = match snapshot.destroyed.as_slice() {
            [] => Vec::new(),
            ends => {
                let mut body = Body::default();
                body.put(&ends.iter().map(EndFacts::of).collect::<Vec<_>>())?;
                block::block(kind::CLOSES, &body.0).ok_or(io::ErrorKind::FileTooLarge)?
            }
        };
        let mut facts = Body::default();
        facts.put(&self.changed_directory(&snapshot.directory))?;
        let changed = self.take_up(&snapshot.sockets)?;
        match is_keyframe {
            true => {
                facts.put(&(0_u32, 0_u32))?;
                facts.put_sockets(&self.sockets, &mut self.texts)?;
            }
            false => facts.0.extend(changed.0),
        }
        let mut body = Body::default();
        body.put(&SampleFacts::of(snapshot))?;
        let fresh = self.texts.fresh();
        body.put(&fresh.iter().map(AsRef::as_ref).collect::<Vec<&str>>())?;
        body.0.extend(facts.0);
        let kind = match is_keyframe {
            true => kind::KEYFRAME,
            false => kind::DIFFERENCE,
        };
        let bytes = self.write_after(closes, kind, &body)?;
        self.summary.samples += 1;
        let since = self.since.take().filter(|_| !is_keyframe);
        self.since = Some(match since {
            Some(since) => Since {
                samples: since.samples + 1,
                bytes: since.bytes + bytes,
            },
            None => Since {
                samples: 1,
                bytes: 0,
            },
        });
        Ok(())
    }

    /// Appends that a look failed.
    ///
    /// # Errors
    /// When the output does not take it; then nothing can be appended any more.
    pub fn failed(&mut self, gap: &Gap) -> io::Result<()> {
        let mut body = Body::default();
        body.put(&GapFacts::of(gap))?;
        self.write(kind::FAILED, &body)?;
        Ok(())
    }

    /// Ends the recording: it is whole. Gives back what it was written to.
    ///
    /// # Errors
    /// When the output does not take the end.
    pub fn end(&mut self) -> io::Result<Summary> {
        let mut body = Body::default();
        body.put(&self.summary.samples)?;
        self.write(kind::END, &body)?;
        Ok(self.summary)
    }

    /// What was written so far, in whole blocks.
    pub const fn summary(&self) -> Summary {
        self.summary
    }

    /// What it is written to.
    pub const fn output(&self) -> &W {
        &self.output
    }

    fn changed_directory(&mut self, now: &Arc<Directory>) -> directory::Changes {
        let before = std::mem::replace(&mut self.directory, Arc::clone(now));
        match Arc::ptr_eq(&before, now) {
            true => directory::changes(
                &Directory::default(),
                &Directory::default(),
                &mut self.texts,
            ),
            false => directory::changes(&before, now, &mut self.texts),
        }
    }

    /// Makes the list what the sample has, and tells how: closed, changed, new.
    fn take_up(&mut self, now: &[Socket]) -> io::Result<Body> {
        let places = matching::places(&self.sockets, now);
        let mut met: Vec<Option<&Socket>> = vec![None; self.sockets.len()];
        let mut new = Vec::new();
        for (socket, place) in now.iter().zip(places) {
            match place.and_then(|place| met.get_mut(place)) {
                Some(slot) => *slot = Some(socket),
                None => new.push(socket.clone()),
            }
        }
        let mut body = Body::default();
        body.put_places(met.iter().map(Option::is_none), |_, _| Ok(()))?;
        let mut at = met.iter();
        self.sockets
            .retain(|_| at.next().is_some_and(Option::is_some));
        let met: Vec<&Socket> = met.into_iter().flatten().collect();
        let differs = self.sockets.iter().zip(&met).map(|(was, is)| was != *is);
        let differs: Vec<bool> = differs.collect();
        let (sockets, texts) = (&mut self.sockets, &mut self.texts);
        body.put_places(differs.into_iter(), |body, place| {
            if let (Some(was), Some(is)) = (sockets.get_mut(place), met.get(place)) {
                body.put(&SocketChange::between(was, is, texts))?;
                *was = Socket::clone(is);
            }
            Ok(())
        })?;
        body.put_sockets(&new, &mut self.texts)?;
        self.summary.sockets += new.len() as u64;
        self.sockets.append(&mut new);
        Ok(body)
    }

    fn write(&mut self, kind: u8, body: &Body) -> io::Result<u64> {
        self.write_after(Vec::new(), kind, body)
    }

    /// Writes a block together with what belongs before it.
    fn write_after(&mut self, mut blocks: Vec<u8>, kind: u8, body: &Body) -> io::Result<u64> {
        blocks.extend(block::block(kind, &body.0).ok_or(io::ErrorKind::FileTooLarge)?);
        self.output.write_all(&blocks)?;
        self.output.flush()?;
        let bytes = blocks.len() as u64;
        self.summary.bytes += bytes;
        Ok(bytes)
    }
}

/// A body that grows. What is put into it one after another reads as a tuple of all.
#[derive(Debug, Default)]
struct Body(Vec<u8>);

impl Body {
    fn put<T: Serialize>(&mut self, facts: &T) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.0);
        self.0 = postcard::to_extend(facts, bytes).map_err(io::Error::other)?;
        Ok(())
    }

    fn put_count(&mut self, count: usize) -> io::Result<()> {
        self.put(&u32::try_from(count).map_err(io::Error::other)?)
    }

    fn put_sockets(&mut self, sockets: &[Socket], texts: &mut texts::Written) -> io::Result<()> {
        self.put_count(sockets.len())?;
        sockets
            .iter()
            .try_for_each(|socket| self.put(&SocketFacts::of(socket, texts)))
    }

    /// The places that are marked, as distances, each with what `more` puts after it.
    fn put_places(
        &mut self,
        marked: impl Iterator<Item = bool> + Clone,
        mut more: impl FnMut(&mut Self, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        self.put_count(marked.clone().filter(|is| *is).count())?;
        let mut expected = 0;
        for (place, _) in marked.enumerate().filter(|(_, is)| *is) {
            self.put_count(place - expected)?;
            more(self, place)?;
            expected = place + 1;
        }
        Ok(())
    }
}
