//! Where the samples of the dashboard come from, and their way to the model.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

use crate::app::cli::{Common, Fault};
use crate::app::exit::Failure;
use crate::app::model::Model;
use crate::app::player::Player;
use crate::app::run::Message;
use crate::app::update::App;
use crate::collect::{Collector, Demand, OwnerSearch, Sampled, Sampler, Start};
use crate::socket::Socket;
use crate::view::Origin;

/// Where the samples come from.
pub(super) enum Feeder {
    /// From this machine.
    Sampler(Sampler),
    /// From a recording.
    Player(Player),
}

/// The way of the samples.
pub(super) fn to(model: &Model) -> impl FnMut(Sampled) -> bool + Send + 'static {
    let model = model.clone();
    move |sampled| {
        log_sample(&sampled);
        model.sampled(sampled)
    }
}

fn log_sample(sampled: &Sampled) {
    match sampled {
        Sampled::Snapshot(snapshot) => {
            tracing::debug!(sockets = snapshot.sockets.len(), took = ?snapshot.cost.wall, "sample");
            for gap in &snapshot.gaps {
                tracing::warn!("{gap}");
            }
        }
        Sampled::Failed(gap) => tracing::warn!("{gap}"),
    }
}

/// Begins to feed the model.
pub(super) type Begin =
    Box<dyn FnOnce(&App, &Model, Receiver<Vec<Socket>>, SyncSender<Message>) -> io::Result<Feeder>>;

/// Opens what is to be sampled; begins with it when asked to.
///
/// # Errors
/// When the source cannot be used.
pub(super) fn sampling(
    app: &mut App,
    common: &Common,
    owners: OwnerSearch,
) -> Result<Begin, Failure> {
    let (choice, fault) = (common.source(), common.fault());
    let collector = Collector::open(choice, Instant::now())?.demanding(Demand {
        owners,
        ..Demand::default()
    });
    tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
    app.view.source = Some(Origin::new(collector.kind(), collector.reason()));
    Ok(Box::new(move |app, model, spares, _| {
        let start = Start {
            choice,
            interval: app.view.interval,
            panic_at: (fault == Some(Fault::Sampler)).then_some(1),
        };
        let sampler = Sampler::start(collector, start, spares, to(model))?;
        Ok(Feeder::Sampler(sampler))
    }))
}
