//! Heavy simulations take turns, so that they leave room for everything else.
//! Invariant: what was begun is done to its end, although its client may leave.

use purser_service::error::Error;

use crate::app::App;
use crate::failure::{Failure, Reply};

/// Does `work` once a turn is free. A client that leaves does not free its turn: the work goes on.
///
/// # Errors
/// Too busy if no turn becomes free in time; what the work fails with.
pub(crate) async fn in_turn<T: Send + 'static>(
    app: &App,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Reply<T> {
    let turn = tokio::time::timeout(app.config.queue_wait, app.simulations.clone().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else { return Err(Failure::too_busy()) };
    on_its_own(async move {
        let found = work.await;
        drop(turn);
        found
    })
    .await
}

/// Does `work` to its end, although its client may leave.
///
/// # Errors
/// What the work fails with.
pub(crate) async fn on_its_own<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Reply<T> {
    Ok(tokio::spawn(work).await.map_err(|error| Error::internal(&error))??)
}
