//! What a plan would cost: the plan is pasted, the answer is a distribution with its drivers and advice.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{FromRequest as _, RawForm, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use purser_service::error::Kind;
use purser_service::{Error, Principal};
use tokio::sync::Semaphore;

use super::{problem, render};
use crate::param::simulation::Parsed;
use crate::session::SignedIn;
use crate::view::shell::Shell;
use crate::view::simulation::{Form, Simulation};
use crate::{Console, asset, guard};

/// The largest form: a plan of thousands of steps.
pub(crate) const FORM_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a simulation waits for its turn.
const QUEUE_WAIT: Duration = Duration::from_secs(5);

#[derive(Template)]
#[template(path = "simulate.html")]
struct Page {
    shell: Shell,
    form: Form,
    view: Option<Box<Simulation>>,
    script: String,
    charts: String,
}

/// `GET /simulate`
pub(crate) async fn show(SignedIn(who): SignedIn) -> Response {
    page(&who, StatusCode::OK, &Parsed::default(), None)
}

/// `POST /simulate`
pub(crate) async fn submit(State(console): State<Console>, SignedIn(who): SignedIn, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(refused) = guard::check(&parts, &console.config) {
        return (StatusCode::FORBIDDEN, format!("{}\n", refused.reason())).into_response();
    }
    let form = match RawForm::from_request(Request::from_parts(parts, body), &console).await {
        Ok(RawForm(form)) => form,
        Err(rejection) => return rejection.into_response(),
    };
    let mut parsed = Parsed::read(&form);
    match answer(&console, &who, &mut parsed).await {
        Ok(view @ Some(_)) => page(&who, StatusCode::OK, &parsed, view),
        Ok(None) => page(&who, StatusCode::UNPROCESSABLE_ENTITY, &parsed, None),
        Err(error) => problem::show(Some(&who), &error),
    }
}

/// The answer; none if the question was refused, and then `parsed` says why.
async fn answer(console: &Console, who: &Principal, parsed: &mut Parsed) -> Result<Option<Simulation>, Error> {
    let Some(request) = parsed.request() else { return Ok(None) };
    let options = request.options.clone();
    let (service, who) = (console.service.clone(), who.clone());
    let work = async move { service.simulate_v3(&who, request).await };
    match in_turn(&console.simulations, work).await {
        Ok(recorded) => {
            let id = recorded.provenance_id.map(|id| id.to_string());
            Ok(Some(Simulation::new(&options, &recorded.simulation, id)))
        }
        Err(error) if error.kind == Kind::Invalid => {
            parsed.errors.extend(error.fields);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Does `work` once a turn is free. A client that leaves does not free its turn: the work goes on.
async fn in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let turn = tokio::time::timeout(QUEUE_WAIT, turns.clone().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else { return Err(Error::unavailable("all turns to simulate are taken")) };
    let work = tokio::spawn(async move {
        let done = work.await;
        drop(turn);
        done
    });
    work.await.map_err(|error| Error::internal(&error))?
}

fn page(who: &Principal, status: StatusCode, parsed: &Parsed, view: Option<Simulation>) -> Response {
    let shell = Shell::new("Simulation", Some(who));
    let (script, charts) = (asset::SCRIPT.address(), asset::CHARTS.address());
    render(status, &Page { shell, form: Form::new(parsed), view: view.map(Box::new), script, charts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_is_free_once_the_work_is_done_and_not_when_its_client_leaves() {
        let turns = Arc::new(Semaphore::new(1));
        assert_eq!(in_turn(&turns, async { Ok(7) }).await.ok(), Some(7));
        assert_eq!(turns.available_permits(), 1);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let work = async move { ended.await.map_err(|error| Error::internal(&error)) };
        let client = tokio::time::timeout(Duration::from_millis(10), in_turn(&turns, work));
        assert!(client.await.is_err(), "the client leaves");
        assert_eq!(turns.available_permits(), 0, "the work goes on");
        end.send(()).expect("it still waits");
        let freed = tokio::time::timeout(Duration::from_secs(20), turns.acquire()).await;
        assert!(freed.is_ok_and(|turn| turn.is_ok()), "the turn is free");
    }
}
